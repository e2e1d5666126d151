/* SPDX-License-Identifier: MIT */

/* Acquires swapchain images: when the client asks for one, or ahead of time. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/jobs.h"
#include "renderer/worker/object.h"
#include "renderer/worker/replies.h"
#include "renderer/worker/swapchain.h"

#include "tongs_gen_args.h"
#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

/* Acquires an image. If the client has not been told the result of a presentation yet, it is
 * returned here: an error instead of an image, VK_SUBOPTIMAL_KHR together with the next image. The
 * caller has the swapchain's turn. */
static VkResult
acquire_in_turn(struct rdr_swapchain *s, struct rdr_device *dev,
                const VkAcquireNextImageInfoKHR *info, bool by_info, uint32_t *index)
{
   VkResult late = s->late, result;

   if (late < 0) {
      s->late = VK_SUCCESS;
      return late;
   }
   if (by_info)
      result = dev->vk.AcquireNextImage2KHR(dev->handle, info, index);
   else
      result = dev->vk.AcquireNextImageKHR(dev->handle, info->swapchain, info->timeout,
                                           info->semaphore, info->fence, index);
   if (result != VK_SUCCESS && result != VK_SUBOPTIMAL_KHR)
      return result;
   if (*index >= s->count)
      return VK_ERROR_SURFACE_LOST_KHR;
   s->acquired[*index] = true;
   s->late = VK_SUCCESS;
   return late == VK_SUCCESS ? result : late;
}

/* The timeout is at most one slice of the client's timeout (jobs.c). */
static VkResult
acquire(struct rdr_device *dev, const VkAcquireNextImageInfoKHR *info, bool by_info,
        uint32_t *index)
{
   struct rdr_swapchain *s = rdr_swapchain_find(dev, info->swapchain);

   if (!s)
      return VK_ERROR_SURFACE_LOST_KHR;
   rdr_swapchain_take_turn(s);
   VkResult result = acquire_in_turn(s, dev, info, by_info, index);
   rdr_swapchain_end_turn(s);
   return result;
}

void
rdr_handle_AcquireNextImageKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkAcquireNextImageKHR *a = args;
   const VkAcquireNextImageInfoKHR info = {
      .swapchain = a->swapchain,
      .timeout = a->timeout,
      .semaphore = a->semaphore,
      .fence = a->fence,
   };

   (void)ctx;
   a->ret = acquire(op->owner, &info, false, a->pImageIndex);
}

void
rdr_handle_AcquireNextImage2KHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkAcquireNextImage2KHR *a = args;
   struct rdr_device *dev = op->owner;

   if (dev->vk.AcquireNextImage2KHR)
      a->ret = acquire(dev, a->pAcquireInfo, true, a->pImageIndex);
   else
      rdr_refuse_command(ctx, "vkAcquireNextImage2KHR");
}

/* --- Images acquired ahead --- */

/* Acquires the next image with the worker's own semaphore. Does not wait if no image is free. */
static VkResult
acquire_ahead(struct rdr_swapchain *s, struct rdr_device *dev)
{
   const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
   VkAcquireNextImageInfoKHR next = {.swapchain = s->handle};
   VkResult result = VK_SUCCESS;

   if (dev->lost)
      return VK_ERROR_DEVICE_LOST;
   if (!s->semaphore)
      result = dev->vk.CreateSemaphore(dev->handle, &info, NULL, &s->semaphore);
   if (result < 0) {
      s->semaphore = VK_NULL_HANDLE;
      return result;
   }
   next.semaphore = s->semaphore;
   rdr_swapchain_take_turn(s);
   result = acquire_in_turn(s, dev, &next, false, &s->ahead);
   s->is_ahead = result == VK_SUCCESS || result == VK_SUBOPTIMAL_KHR;
   if (s->is_ahead)
      s->acquired[s->ahead] = false; /* until the client takes it */
   rdr_swapchain_end_turn(s);
   return result;
}

void
rdr_own_acquire_ahead(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct tongs_args_tongsAcquireAhead a = {0};
   size_t at;

   tongs_decode_tongsAcquireAhead(d, &a);
   struct rdr_swapchain *s = rdr_swapchain_find_decoded(d, a.swapchain);
   if (!s || s->is_ahead) {
      rdr_end(ctx, "a tongsAcquireAhead is malformed");
      return;
   }
   VkResult result = acquire_ahead(s, d->target->data);
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &at);
   tongs_encode_reply_tongsAcquireAhead(
      e, &(struct tongs_reply_tongsAcquireAhead){.result = result, .image = s->ahead});
   rdr_reply_end(ctx, at);
}

/* Makes the client's semaphore and fence signalled once the worker's semaphore is, by an empty
 * submission. */
static VkResult
pass_on(struct rdr_swapchain *s, struct rdr_device *dev, VkSemaphore semaphore, VkFence fence)
{
   const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   const VkSubmitInfo submit = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .waitSemaphoreCount = 1,
      .pWaitSemaphores = &s->semaphore,
      .pWaitDstStageMask = &stage,
      .signalSemaphoreCount = semaphore != VK_NULL_HANDLE,
      .pSignalSemaphores = &semaphore,
   };
   const VkDeviceQueueInfo2 first = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2,
      .flags = dev->queues[0].flags,
      .queueFamilyIndex = dev->queues[0].family,
   };
   VkQueue queue;

   if (first.flags)
      dev->vk.GetDeviceQueue2(dev->handle, &first, &queue);
   else
      dev->vk.GetDeviceQueue(dev->handle, first.queueFamilyIndex, 0, &queue);
   VkResult result = dev->vk.QueueSubmit(queue, 1, &submit, fence);
   /* We do not learn when the submission has waited for our semaphore, so we cannot reuse the
    * semaphore. This is rare, so we keep it until the device is destroyed and create another
    * one. */
   rdr_object_keep(dev, TONGS_TYPE_VkSemaphore, (uint64_t)s->semaphore);
   s->semaphore = VK_NULL_HANDLE;
   return result;
}

/* Gives the client the image that was acquired ahead. If the client's semaphore has the same type
 * as the worker's (the client checks that), the two swap places in the object table, and no
 * submission is needed. */
void
rdr_own_take_image(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct tongs_args_tongsTakeImage a = {0};
   VkResult result = VK_SUCCESS;

   tongs_decode_tongsTakeImage(d, &a);
   struct rdr_swapchain *s = rdr_swapchain_find_decoded(d, a.swapchain);
   struct rdr_device *dev = s ? d->target->data : NULL;
   const struct tongs_slot *slot = rdr_object_find(ctx, a.semaphore, TONGS_TYPE_VkSemaphore);
   if (!s || !s->is_ahead || (a.semaphore && (!slot || slot->device != d->device)) ||
       (a.alike && (!slot || rdr_jobs_use(ctx->jobs, a.semaphore)))) {
      rdr_end(ctx, "a tongsTakeImage is malformed");
      return;
   }
   s->is_ahead = false;
   s->acquired[s->ahead] = true;
   if (d->failed || (slot && !slot->handle)) {
      rdr_post_failed(ctx, op, dev, "vkAcquireNextImageKHR",
                      d->failed ? d->failed->result : slot->result);
   } else if (a.alike) {
      const VkSemaphore other = (VkSemaphore)slot->handle;
      ctx->slots[tongs_id_slot(a.semaphore)].handle = (uint64_t)s->semaphore;
      s->semaphore = other;
   } else {
      result = pass_on(s, dev, slot ? (VkSemaphore)slot->handle : VK_NULL_HANDLE, (VkFence)a.fence);
   }
   if (result < 0)
      rdr_post_failed(ctx, op, dev, "vkAcquireNextImageKHR", result);
}
