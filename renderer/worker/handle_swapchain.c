/* SPDX-License-Identifier: MIT */

/* Swapchains and presentation. Drivers use image numbers as array indices, and rely on one thread
 * at a time using a swapchain. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/object.h"
#include "renderer/worker/replies.h"
#include "renderer/worker/swapchain.h"

#include "tongs_gen_args.h"
#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

#include <stdlib.h>

/* --- Swapchains --- */

/* Asks the host driver for the images. False if memory is out. */
static bool
fill_in(struct rdr_swapchain *s, const struct rdr_device *dev)
{
   if (dev->vk.GetSwapchainImagesKHR(dev->handle, s->handle, &s->count, NULL) != VK_SUCCESS)
      return false;
   s->images = calloc(s->count + (size_t)1, sizeof(*s->images));
   s->acquired = calloc(s->count + (size_t)1, sizeof(*s->acquired));
   return s->images && s->acquired &&
          dev->vk.GetSwapchainImagesKHR(dev->handle, s->handle, &s->count, s->images) == VK_SUCCESS;
}

static VkResult
create(const struct rdr_op *op, struct rdr_device *dev, const VkSwapchainCreateInfoKHR *info,
       struct rdr_swapchain **created)
{
   struct rdr_swapchain *old = rdr_swapchain_find(dev, info->oldSwapchain);
   struct rdr_swapchain *s = rdr_swapchain_create(op->used[1]);

   if (!s)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   if (old)
      rdr_swapchain_take_turn(old);
   VkResult result = dev->vk.CreateSwapchainKHR(dev->handle, info, NULL, &s->handle);
   if (old)
      rdr_swapchain_end_turn(old);
   if (result == VK_SUCCESS && !(fill_in(s, dev) && rdr_swapchain_enter(dev, s))) {
      dev->vk.DestroySwapchainKHR(dev->handle, s->handle, NULL);
      result = VK_ERROR_OUT_OF_HOST_MEMORY;
   }
   if (result != VK_SUCCESS) {
      rdr_swapchain_destroy(dev, s);
      return result;
   }
   *created = s;
   return VK_SUCCESS;
}

void
rdr_handle_CreateSwapchainKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkCreateSwapchainKHR *a = args;
   struct rdr_device *dev = op->owner;
   const struct rdr_swapchain *old = rdr_swapchain_find(dev, a->pCreateInfo->oldSwapchain);
   struct rdr_swapchain *s = NULL;

   if (!dev->vk.CreateSwapchainKHR) {
      rdr_refuse_command(ctx, "vkCreateSwapchainKHR");
      return;
   }
   if (tongs_id_type(op->used[1]) != TONGS_TYPE_VkSurfaceKHR ||
       (old && old->surface != op->used[1])) {
      rdr_end(ctx, "a vkCreateSwapchainKHR names no surface, or a swapchain of another one");
      return;
   }
   a->ret = create(op, dev, a->pCreateInfo, &s);
   if (!s)
      return;
   s->id = a->base.new_ids[0];
   *a->pSwapchain = s->handle;
   /* The slot's data is the image format. The slots of the images take their format
    * (handle_image.c) from it. */
   rdr_objects_add_with_data(ctx, op, TONGS_TYPE_VkSwapchainKHR, &a->base, a->pSwapchain, a->ret,
                             (void *)(uintptr_t)a->pCreateInfo->imageFormat);
}

void
rdr_handle_DestroySwapchainKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkDestroySwapchainKHR *a = args;
   struct rdr_device *dev = op->owner;
   struct rdr_swapchain *s = rdr_swapchain_find(dev, a->swapchain);

   if (!rdr_object_release(ctx, op, &a->base))
      return;
   dev->vk.DestroySwapchainKHR(a->device, a->swapchain, NULL);
   rdr_swapchain_destroy(dev, s);
}

/* Gives the images of a swapchain their ids, once. The images are children of the swapchain: they
 * are removed with it, and the client cannot destroy them. */
void
rdr_own_swapchain_images(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct tongs_args_tongsSwapchainImages a = {0};
   size_t at;

   tongs_decode_tongsSwapchainImages(d, &a);
   struct rdr_swapchain *s = rdr_swapchain_find_decoded(d, a.swapchain);
   if (!s || (a.ids_count && (a.ids_count != s->count || s->entered))) {
      rdr_end(ctx, "a tongsSwapchainImages is malformed");
      return;
   }
   const uint32_t slot = tongs_id_slot(s->id);
   s->entered |= a.ids_count != 0;
   for (uint32_t i = 0; i < a.ids_count; i++) {
      if (!rdr_object_add(ctx, TONGS_TYPE_VkImage, a.ids[i], (uint64_t)s->images[i], VK_SUCCESS,
                          slot, ctx->slots[slot].data)) {
         rdr_end(ctx, "a tongsSwapchainImages is malformed");
         return;
      }
   }
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &at);
   tongs_encode_reply_tongsSwapchainImages(
      e, &(struct tongs_reply_tongsSwapchainImages){.count = s->count});
   rdr_reply_end(ctx, at);
}

/* --- Presentation --- */

/* Stores the result of a presentation for the next acquisition. */
static void
note_late(struct rdr_swapchain *s, VkResult result)
{
   if (s->late >= 0 && result != VK_SUCCESS)
      s->late = result;
}

/* Marks an image as no longer acquired. False, with the connection ended, if the client has not
 * acquired it (R5). */
static bool
give_back(struct rdr_context *ctx, const struct rdr_op *op, struct rdr_swapchain *s, uint32_t index)
{
   if (s && index < s->count && s->acquired[index]) {
      s->acquired[index] = false;
      return true;
   }
   rdr_end(ctx, "a %s names an image that the client has not acquired", tongs_ops[op->number].name);
   return false;
}

/* Takes the swapchain's turn and the image. False, with the connection ended, if the client may not
 * present it. */
static bool
begin_present(struct rdr_context *ctx, const struct rdr_op *op, struct rdr_swapchain *s,
              uint32_t index)
{
   if (!s || s->presenting) {
      rdr_end(ctx, "a vkQueuePresentKHR names a swapchain twice, or none");
      return false;
   }
   s->presenting = true;
   rdr_swapchain_take_turn(s);
   return give_back(ctx, op, s, index);
}

void
rdr_handle_QueuePresentKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkQueuePresentKHR *a = args;
   struct rdr_device *dev = op->owner;
   VkPresentInfoKHR info = *a->pPresentInfo;
   const uint32_t count = info.swapchainCount;
   struct rdr_swapchain **all = tongs_arena_alloc(&ctx->arena, count * sizeof(*all));

   info.pResults = tongs_arena_alloc(&ctx->arena, count * sizeof(*info.pResults));
   if (!all || !info.pResults || !dev->vk.QueuePresentKHR) {
      rdr_end(ctx, "no vkQueuePresentKHR, or no memory for one");
      return;
   }
   for (uint32_t i = 0; i < count; i++) {
      all[i] = rdr_swapchain_find(dev, info.pSwapchains[i]);
      if (!begin_present(ctx, op, all[i], info.pImageIndices[i]))
         return;
   }
   a->ret = dev->vk.QueuePresentKHR(a->queue, &info);
   bool told = false;
   for (uint32_t i = 0; i < count; i++)
      told |= info.pResults[i] != VK_SUCCESS;
   for (uint32_t i = 0; i < count; i++) {
      note_late(all[i], told ? info.pResults[i] : a->ret);
      all[i]->presenting = false;
      rdr_swapchain_end_turn(all[i]);
   }
   if (a->ret == VK_ERROR_DEVICE_LOST)
      rdr_post_failed(ctx, op, dev, "vkQueuePresentKHR", a->ret);
}

#ifdef VK_EXT_swapchain_maintenance1
void
rdr_handle_ReleaseSwapchainImagesKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkReleaseSwapchainImagesKHR *a = args;
   struct rdr_device *dev = op->owner;
   struct rdr_swapchain *s = rdr_swapchain_find(dev, a->pReleaseInfo->swapchain);
   bool ok = s && dev->vk.ReleaseSwapchainImagesKHR;

   if (!ok) {
      rdr_refuse_command(ctx, "vkReleaseSwapchainImagesKHR");
      return;
   }
   rdr_swapchain_take_turn(s);
   for (uint32_t i = 0; ok && i < a->pReleaseInfo->imageIndexCount; i++)
      ok = give_back(ctx, op, s, a->pReleaseInfo->pImageIndices[i]);
   if (ok)
      note_late(s, dev->vk.ReleaseSwapchainImagesKHR(a->device, a->pReleaseInfo));
   rdr_swapchain_end_turn(s);
}
#endif
