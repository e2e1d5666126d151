/* SPDX-License-Identifier: MIT */

/* Swapchains. Their images are objects of ours under which the worker has the host's; to present is a post, and how it went
 * is told with the next image. */

#include "connection.h"
#include "device.h"
#include "fence.h"
#include "image.h"
#include "surface.h"

#include "decoder.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <stdlib.h>

struct icd_swapchain {
   struct tongs_object base;
   uint32_t image_count;
   struct icd_image **images; /* owned, and each of them */
};

static inline struct icd_swapchain *
swapchain_from(VkSwapchainKHR handle)
{
   return (struct icd_swapchain *)(uintptr_t)handle;
}

/* --- The swapchain and its images ----------------------------------------------------------------------------- */

static void
destroy(struct icd_parent *device, const VkAllocationCallbacks *alloc, struct icd_swapchain *s)
{
   for (uint32_t i = 0; i < s->image_count; i++)
      icd_object_destroy(device, alloc, s->images[i] ? &s->images[i]->base : NULL);
   icd_free(device, alloc, s->images);
   icd_object_destroy(device, alloc, &s->base);
}

/* Asks how many images the host's swapchain has; names them where there are objects for them. 0 when the connection is
 * lost. */
static uint32_t
name_images(struct icd_parent *device, const struct icd_swapchain *s)
{
   struct icd_pending_call call;
   struct tongs_decoder d;
   size_t at, size = 0;

   struct tongs_encoder *e =
      icd_own_call_begin(device->connection, &call, TONGS_OP_tongsSwapchainImages, &at);
   tongs_encode_u64(e, device->base.id);
   tongs_encode_u64(e, s->base.id);
   tongs_encode_u32(e, s->image_count);
   for (uint32_t i = 0; i < s->image_count; i++)
      tongs_encode_u64(e, s->images[i]->base.id);
   const uint8_t *body = icd_own_call_wait(device->connection, &call, at, &size);
   if (!body)
      return 0;
   tongs_decoder_init(&d, body, size, NULL);
   uint32_t count = tongs_decode_u32(&d);
   free(call.reply);
   return d.error ? 0 : count;
}

static VkResult
make_images(struct icd_parent *device, const VkAllocationCallbacks *alloc, struct icd_swapchain *s,
            const VkSwapchainCreateInfoKHR *info)
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
   struct icd_parent *parent = icd_parent_from(device);

   if (!icd_surface_is_ours(pCreateInfo->surface))
      return VK_ERROR_SURFACE_LOST_KHR;
   struct icd_swapchain *s =
      icd_object_create_sized(parent, pAllocator, TONGS_TYPE_VkSwapchainKHR, sizeof(*s));
   if (!s)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   VkSwapchainKHR created = (VkSwapchainKHR)(uintptr_t)s;
   struct tongs_args_vkCreateSwapchainKHR args = {
      .device = device, .pCreateInfo = pCreateInfo, .pSwapchain = &created};
   VkResult result = icd_call(parent->connection, TONGS_OP_vkCreateSwapchainKHR, &args);
   if (result < 0) {
      destroy(parent, pAllocator, s);
      return result;
   }
   VkResult images = make_images(parent, pAllocator, s, pCreateInfo);
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
   struct icd_parent *parent = icd_parent_from(device);
   struct tongs_args_vkDestroySwapchainKHR args = {.device = device, .swapchain = swapchain};

   if (!swapchain)
      return;
   icd_post(parent->connection, TONGS_OP_vkDestroySwapchainKHR, &args);
   destroy(parent, pAllocator, swapchain_from(swapchain));
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

/* --- Frames ----------------------------------------------------------------------------------------------------- */

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

   icd_fence_to_host(device, fence);
   return icd_call(icd_parent_from(device)->connection, TONGS_OP_vkAcquireNextImageKHR, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_AcquireNextImage2KHR(VkDevice device, const VkAcquireNextImageInfoKHR *pAcquireInfo,
                         uint32_t *pImageIndex)
{
   struct tongs_args_vkAcquireNextImage2KHR args = {
      .device = device,
      .pAcquireInfo = pAcquireInfo,
      .pImageIndex = pImageIndex,
   };

   icd_fence_to_host(device, pAcquireInfo->fence);
   return icd_call(icd_parent_from(device)->connection, TONGS_OP_vkAcquireNextImage2KHR, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_QueuePresentKHR(VkQueue queue, const VkPresentInfoKHR *pPresentInfo)
{
   struct icd_connection *c = icd_parent_from(queue)->connection;
   struct tongs_args_vkQueuePresentKHR args = {.queue = queue, .pPresentInfo = pPresentInfo};

#ifdef VK_EXT_swapchain_maintenance1
   const VkSwapchainPresentFenceInfoEXT *fences =
      tongs_find_in_chain(pPresentInfo->pNext, VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT);
   for (uint32_t i = 0; fences && i < fences->swapchainCount; i++)
      icd_fence_to_host((VkDevice)((struct icd_queue *)queue)->device, fences->pFences[i]);
#endif
   VkResult result = icd_post(c, TONGS_OP_vkQueuePresentKHR, &args);
   ((struct icd_queue *)queue)->has_unnumbered = true;
   icd_flush(c);
   if (icd_connection_is_lost(c))
      result = VK_ERROR_DEVICE_LOST;
   for (uint32_t i = 0; pPresentInfo->pResults && i < pPresentInfo->swapchainCount; i++)
      pPresentInfo->pResults[i] = result;
   return result;
}
