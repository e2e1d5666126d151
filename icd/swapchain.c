/* SPDX-License-Identifier: MIT */

/* Swapchains. Each image has an object here and its id names the host's image on the worker. A
 * presentation is a post. After it the client asks for the next image, so that the reply, which
 * also has the result of the presentation, has arrived when the application acquires an image. */

#include "icd/connection.h"
#include "icd/device.h"
#include "icd/fence.h"
#include "icd/image.h"
#include "icd/queue.h"
#include "icd/semaphore.h"
#include "icd/surface.h"

#include "protocol/decoder.h"

#include "icd_gen_bounds.h"
#include "icd_gen_entry.h"
#include "tongs_gen_args.h"
#include "tongs_gen_own.h"

#include <stdlib.h>

struct icd_swapchain {
   struct tongs_object base;
   struct icd_dispatchable *device;
   uint32_t image_count;
   struct icd_image **images; /* owned, as is each image */
   bool is_retired;           /* it was the oldSwapchain of another one */
   bool asks_ahead;           /* the worker could have done the last acquisition ahead */
   bool has_asked;            /* `next` is pending or complete */
   struct icd_pending_call next;
};

static inline struct icd_swapchain *
swapchain_from(VkSwapchainKHR handle)
{
   return (struct icd_swapchain *)(uintptr_t)handle;
}

/* --- Swapchains and their images --- */

/* Waits for the reply to ask_ahead(). NULL if the connection is lost. */
static const uint8_t *
take_answer(struct icd_swapchain *s, size_t *size)
{
   s->has_asked = false;
   return icd_own_call_reply(s->device->connection, &s->next, size);
}

static void
destroy(struct icd_dispatchable *device, const VkAllocationCallbacks *alloc,
        struct icd_swapchain *s)
{
   size_t size;

   if (s->has_asked) {
      take_answer(s, &size);
      free(s->next.reply);
   }
   for (uint32_t i = 0; i < s->image_count; i++)
      icd_object_destroy(device, alloc, s->images[i] ? &s->images[i]->base : NULL);
   icd_free(device, alloc, s->images);
   icd_object_destroy(device, alloc, &s->base);
}

/* Asks how many images the host's swapchain has. If the client has created objects for them, also
 * sends the objects' ids. 0 if the connection is lost. */
static uint32_t
name_images(struct icd_dispatchable *device, const struct icd_swapchain *s)
{
   struct tongs_args_tongsSwapchainImages args = {.device = device->object.id,
                                                  .swapchain = s->base.id};
   struct tongs_reply_tongsSwapchainImages reply = {0};
   struct icd_pending_call call;
   struct tongs_decoder d;
   size_t at, size = 0;

   uint64_t *ids = s->image_count ? malloc(s->image_count * sizeof(*ids)) : NULL;
   if (s->image_count && !ids)
      return 0;
   for (uint32_t i = 0; i < s->image_count; i++)
      ids[i] = s->images[i]->base.id;
   args.ids = ids;
   args.ids_count = s->image_count;
   struct tongs_encoder *e =
      icd_own_call_begin(device->connection, &call, TONGS_OP_tongsSwapchainImages, &at);
   tongs_encode_tongsSwapchainImages(e, &args);
   bool answered = icd_own_call_wait(device->connection, &call, at, &size) != NULL;
   free(ids);
   if (!answered)
      return 0;
   icd_own_reply_begin(&call, &d, NULL);
   tongs_decode_reply_tongsSwapchainImages(&d, &reply);
   free(call.reply);
   return d.error ? 0 : reply.count;
}

static VkResult
make_images(struct icd_dispatchable *device, const VkAllocationCallbacks *alloc,
            struct icd_swapchain *s, const VkSwapchainCreateInfoKHR *info)
{
   uint32_t count = name_images(device, s);
   if (!count)
      return VK_ERROR_DEVICE_LOST;

   s->images = icd_alloc(device, alloc, (size_t)count * sizeof(*s->images),
                         VK_SYSTEM_ALLOCATION_SCOPE_OBJECT);
   if (!s->images)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   for (; s->image_count < count; s->image_count++) {
      struct icd_image *image =
         icd_object_create_sized(device, alloc, TONGS_TYPE_VkImage, sizeof(*image));
      if (!image)
         return VK_ERROR_OUT_OF_HOST_MEMORY;
      image->format = info->imageFormat;
      image->layers = info->imageArrayLayers;
      s->images[s->image_count] = image;
   }
   return name_images(device, s) ? VK_SUCCESS : VK_ERROR_DEVICE_LOST;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateSwapchainKHR(VkDevice device, const VkSwapchainCreateInfoKHR *pCreateInfo,
                       const VkAllocationCallbacks *pAllocator, VkSwapchainKHR *pSwapchain)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);

   if (!icd_surface_is_ours(pCreateInfo->surface))
      return VK_ERROR_SURFACE_LOST_KHR;
   if (!icd_is_in_range_CreateSwapchainKHR(
          &(struct tongs_args_vkCreateSwapchainKHR){.pCreateInfo = pCreateInfo}))
      return VK_ERROR_UNKNOWN; /* as for a minimised window of no size */
   if (pCreateInfo->oldSwapchain)
      swapchain_from(pCreateInfo->oldSwapchain)->is_retired = true;
   struct icd_swapchain *s =
      icd_object_create_sized(dev, pAllocator, TONGS_TYPE_VkSwapchainKHR, sizeof(*s));
   if (!s)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   s->device = dev;

   VkSwapchainKHR created = (VkSwapchainKHR)(uintptr_t)s;
   struct tongs_args_vkCreateSwapchainKHR args = {
      .device = device, .pCreateInfo = pCreateInfo, .pSwapchain = &created};
   VkResult result = icd_call(dev->connection, TONGS_OP_vkCreateSwapchainKHR, &args);
   if (result < 0) {
      destroy(dev, pAllocator, s);
      return result;
   }
   VkResult images = make_images(dev, pAllocator, s, pCreateInfo);
   if (images < 0) {
      icd_DestroySwapchainKHR(device, (VkSwapchainKHR)(uintptr_t)s, pAllocator);
      return images;
   }
   *pSwapchain = (VkSwapchainKHR)(uintptr_t)s;
   return result;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroySwapchainKHR(VkDevice device, VkSwapchainKHR swapchain,
                        const VkAllocationCallbacks *pAllocator)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct tongs_args_vkDestroySwapchainKHR args = {.device = device, .swapchain = swapchain};

   if (!swapchain)
      return;
   icd_post(dev->connection, TONGS_OP_vkDestroySwapchainKHR, &args);
   destroy(dev, pAllocator, swapchain_from(swapchain));
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetSwapchainImagesKHR(VkDevice device, VkSwapchainKHR swapchain, uint32_t *pSwapchainImageCount,
                          VkImage *pSwapchainImages)
{
   const struct icd_swapchain *s = swapchain_from(swapchain);
   uint32_t count = s->image_count;

   (void)device;
   if (pSwapchainImages) {
      if (*pSwapchainImageCount < count)
         count = *pSwapchainImageCount;
      for (uint32_t i = 0; i < count; i++)
         pSwapchainImages[i] = (VkImage)(uintptr_t)s->images[i];
   }
   *pSwapchainImageCount = count;
   return count < s->image_count ? VK_INCOMPLETE : VK_SUCCESS;
}

/* --- Frames --- */

/* Whether the worker can acquire images ahead. */
static bool
can_ask_ahead(const struct icd_swapchain *s)
{
   const struct tongs_peer *peer = &s->device->connection->peer;

   return tongs_peer_knows_op(peer, TONGS_OP_tongsAcquireAhead) &&
          tongs_peer_knows_op(peer, TONGS_OP_tongsTakeImage);
}

/* Asks for the next image before the application does. */
static void
ask_ahead(struct icd_swapchain *s)
{
   size_t at;

   if (!s->asks_ahead || s->has_asked || s->is_retired)
      return;
   struct tongs_encoder *e =
      icd_own_call_begin(s->device->connection, &s->next, TONGS_OP_tongsAcquireAhead, &at);
   tongs_encode_tongsAcquireAhead(e, &(struct tongs_args_tongsAcquireAhead){
                                        .device = s->device->object.id, .swapchain = s->base.id});
   icd_own_call_end(s->device->connection, &s->next, at);
   s->has_asked = true;
}

/* Whether the semaphore can swap places with a semaphore of the worker, which is a plain binary
 * one: the semaphore must be such a one, too, and there must be no fence. */
static bool
is_alike(VkSemaphore semaphore, VkFence fence)
{
   const struct icd_semaphore *s = icd_semaphore_from(semaphore);

   return s && !s->is_timeline && !s->is_shared && !fence;
}

/* Gives the application the image that was acquired ahead. */
static VkResult
take_image(const struct icd_swapchain *s, VkSemaphore semaphore, VkFence fence)
{
   struct icd_connection *c = s->device->connection;
   size_t at;

   icd_fence_to_host((VkDevice)s->device, fence);
   struct tongs_encoder *e = icd_op_begin(c, TONGS_OP_tongsTakeImage, 0, &at);
   tongs_encode_tongsTakeImage(e, &(struct tongs_args_tongsTakeImage){
                                     .device = s->device->object.id,
                                     .swapchain = s->base.id,
                                     .alike = is_alike(semaphore, fence),
                                     .semaphore = tongs_handle_id(e, (uintptr_t)semaphore),
                                     .fence = tongs_handle_id(e, (uintptr_t)fence),
                                  });
   return icd_op_end(c, at) ? VK_SUCCESS : VK_ERROR_OUT_OF_HOST_MEMORY;
}

/* Takes the image that was requested ahead. False if there is none; the caller then acquires an
 * image by a call. */
static bool
acquire_ahead(struct icd_swapchain *s, VkSemaphore semaphore, VkFence fence, uint32_t *index,
              VkResult *result)
{
   struct tongs_reply_tongsAcquireAhead reply = {0};
   struct tongs_decoder d;
   size_t size = 0;

   s->asks_ahead = can_ask_ahead(s) && is_alike(semaphore, fence);
   if (!s->has_asked || s->is_retired)
      return false;
   *result = VK_ERROR_DEVICE_LOST;
   if (!take_answer(s, &size))
      return true;
   icd_own_reply_begin(&s->next, &d, NULL);
   tongs_decode_reply_tongsAcquireAhead(&d, &reply);
   *result = (VkResult)reply.result;
   free(s->next.reply);
   if (*result == VK_NOT_READY || *result == VK_TIMEOUT) /* no image was free at that time */
      return false;
   if (d.error || (*result >= 0 && reply.image >= s->image_count)) {
      icd_connection_lose(s->device->connection);
      *result = VK_ERROR_DEVICE_LOST;
   }
   if (*result < 0)
      return true;
   const VkResult taken = take_image(s, semaphore, fence);
   *index = reply.image;
   if (taken < 0)
      *result = taken;
   return true;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_AcquireNextImageKHR(VkDevice device, VkSwapchainKHR swapchain, uint64_t timeout,
                        VkSemaphore semaphore, VkFence fence, uint32_t *pImageIndex)
{
   struct tongs_args_vkAcquireNextImageKHR args = {
      .device = device,
      .swapchain = swapchain,
      .timeout = timeout,
      .semaphore = semaphore,
      .fence = fence,
      .pImageIndex = pImageIndex,
   };
   VkResult result;

   if (acquire_ahead(swapchain_from(swapchain), semaphore, fence, pImageIndex, &result))
      return result;
   icd_fence_to_host(device, fence);
   return icd_call(icd_dispatchable_from(device)->connection, TONGS_OP_vkAcquireNextImageKHR,
                   &args);
}

/* The device mask has only one bit, so this is the same as vkAcquireNextImageKHR. */
VKAPI_ATTR VkResult VKAPI_CALL
icd_AcquireNextImage2KHR(VkDevice device, const VkAcquireNextImageInfoKHR *pAcquireInfo,
                         uint32_t *pImageIndex)
{
   struct tongs_args_vkAcquireNextImage2KHR args = {
      .device = device,
      .pAcquireInfo = pAcquireInfo,
      .pImageIndex = pImageIndex,
   };
   VkResult result;

   if (acquire_ahead(swapchain_from(pAcquireInfo->swapchain), pAcquireInfo->semaphore,
                     pAcquireInfo->fence, pImageIndex, &result))
      return result;
   icd_fence_to_host(device, pAcquireInfo->fence);
   return icd_call(icd_dispatchable_from(device)->connection, TONGS_OP_vkAcquireNextImage2KHR,
                   &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_QueuePresentKHR(VkQueue queue, const VkPresentInfoKHR *pPresentInfo)
{
   struct icd_connection *c = icd_dispatchable_from(queue)->connection;
   struct tongs_args_vkQueuePresentKHR args = {.queue = queue, .pPresentInfo = pPresentInfo};

#ifdef VK_EXT_swapchain_maintenance1
   const VkSwapchainPresentFenceInfoEXT *fences =
      tongs_find_in_chain(pPresentInfo->pNext, VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT);
   for (uint32_t i = 0; fences && i < fences->swapchainCount; i++)
      icd_fence_to_host((VkDevice)((struct icd_queue *)queue)->device, fences->pFences[i]);
#endif
   VkResult result = icd_post(c, TONGS_OP_vkQueuePresentKHR, &args);
   ((struct icd_queue *)queue)->has_unnumbered = true;
   for (uint32_t i = 0; i < pPresentInfo->swapchainCount; i++)
      ask_ahead(swapchain_from(pPresentInfo->pSwapchains[i]));
   icd_flush(c);
   if (icd_connection_is_lost(c))
      result = VK_ERROR_DEVICE_LOST;
   for (uint32_t i = 0; pPresentInfo->pResults && i < pPresentInfo->swapchainCount; i++)
      pPresentInfo->pResults[i] = result;
   return result;
}
