/* SPDX-License-Identifier: MIT */

/* Queues and submissions. The worker tells the client when a numbered submission is complete
 * (waiter.h). The client's fences do not exist on the host. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/object.h"
#include "renderer/worker/waiter.h"

#include "tongs_gen_args.h"
#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

/* --- Queues --- */

static bool
has_queue(const struct rdr_device *dev, const VkDeviceQueueInfo2 *info)
{
   for (uint32_t i = 0; i < dev->queues_count; i++) {
      const struct rdr_queues *q = &dev->queues[i];
      if (q->family == info->queueFamilyIndex && q->flags == info->flags &&
          info->queueIndex < q->count)
         return true;
   }
   return false;
}

void
rdr_own_get_queue(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct tongs_args_tongsGetQueue a = {0};

   (void)op;
   tongs_decode_tongsGetQueue(d, &a);
   const VkDeviceQueueInfo2 info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2,
      .flags = a.flags,
      .queueFamilyIndex = a.family,
      .queueIndex = a.index,
   };
   if (d->error || a.slot > TONGS_STATUS_QUEUES || !has_queue(d->target->data, &info)) {
      rdr_end(ctx, "a tongsGetQueue is malformed or names a queue that its device has not");
      return;
   }
   struct rdr_device *dev = d->target->data;
   VkQueue queue = VK_NULL_HANDLE;
   if (info.flags && dev->vk.GetDeviceQueue2)
      dev->vk.GetDeviceQueue2(dev->handle, &info, &queue);
   else
      dev->vk.GetDeviceQueue(dev->handle, info.queueFamilyIndex, info.queueIndex, &queue);
   if (a.slot && !rdr_waiter_find(dev, queue) &&
       !rdr_waiter_create(ctx, dev, queue, a.slot, a.epoch))
      rdr_end(ctx, "out of memory for a queue");
   rdr_object_add(ctx, TONGS_TYPE_VkQueue, a.queue, (uintptr_t)queue,
                  VK_ERROR_INITIALIZATION_FAILED, d->device, dev);
}

/* --- Timelines --- */

static bool
any_value(const uint64_t *values, uint32_t count)
{
   for (uint32_t i = 0; values && i < count; i++) {
      if (values[i])
         return true;
   }
   return false;
}

/* Whether a batch with this chain signals a timeline semaphore. The value of a binary semaphore has
 * no meaning; if an application sets it, this returns true without need, which only costs time. */
static bool
chain_raises_timeline(const void *chain)
{
   const VkTimelineSemaphoreSubmitInfo *info =
      tongs_find_in_chain(chain, VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);

   return info && any_value(info->pSignalSemaphoreValues, info->signalSemaphoreValueCount);
}

static bool
submits_raise_timeline(const VkSubmitInfo *submits, uint32_t count)
{
   for (uint32_t i = 0; i < count; i++) {
      if (chain_raises_timeline(submits[i].pNext))
         return true;
   }
   return false;
}

static bool
binds_raise_timeline(const VkBindSparseInfo *binds, uint32_t count)
{
   for (uint32_t i = 0; i < count; i++) {
      if (chain_raises_timeline(binds[i].pNext))
         return true;
   }
   return false;
}

static bool
submits2_raise_timeline(const VkSubmitInfo2 *submits, uint32_t count)
{
   for (uint32_t i = 0; i < count; i++) {
      for (uint32_t j = 0; j < submits[i].signalSemaphoreInfoCount; j++) {
         if (submits[i].pSignalSemaphoreInfos[j].value)
            return true;
      }
   }
   return false;
}

/* --- Submitting --- */

/* The fence of a numbered submission, and the waiter of its queue.
 *
 * If a submission signals timelines, the worker's fence goes to an empty submission after it. The
 * specification says that the timelines have their values before the fence is signalled. But Mesa
 * drivers that submit from a thread signal the fence first and then set an emulated timeline. If
 * the client has signalled a higher value in between, these drivers set the timeline back, and a
 * wait for the higher value never ends. */
struct tracking {
   struct rdr_waiter *waiter;
   VkFence fence; /* VK_NULL_HANDLE: there is no number */
   bool behind;   /* our fence is that of an empty submission after the client's */
};

static bool
track(struct rdr_context *ctx, const struct rdr_op *op, struct rdr_device *dev, VkQueue queue,
      uint64_t number, const char *name, bool behind, struct tracking *t)
{
   *t = (struct tracking){.behind = behind};
   if (!number)
      return true;
   t->waiter = rdr_waiter_find(dev, queue);
   if (!t->waiter) {
      rdr_end(ctx, "a %s has a number, which its queue does not give", name);
      return false;
   }
   t->fence = rdr_waiter_fence(t->waiter);
   if (!t->fence)
      rdr_post_failed(ctx, op, dev, name, VK_ERROR_OUT_OF_HOST_MEMORY);
   return t->fence != VK_NULL_HANDLE;
}

/* The fence to pass with the client's own submission. `fence`: the client's. */
static VkFence
fence_of(const struct tracking *t, VkFence fence)
{
   return t->fence && !t->behind ? t->fence : fence;
}

/* Called after the host driver's submit call, with the call's result. */
static void
finish(struct rdr_context *ctx, const struct rdr_op *op, struct rdr_device *dev, VkQueue queue,
       uint64_t number, const char *name, VkResult result, const struct tracking *t)
{
   if (result >= 0 && t->fence && t->behind)
      result = dev->vk.QueueSubmit(queue, 0, NULL, t->fence);
   if (result >= 0 && t->fence && !rdr_waiter_add(t->waiter, t->fence, number))
      result = VK_ERROR_OUT_OF_HOST_MEMORY;
   else if (result < 0 && t->fence)
      rdr_waiter_take_back(t->waiter, t->fence);
   if (result < 0)
      rdr_post_failed(ctx, op, dev, name, result);
}

void
rdr_handle_QueueSubmit(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkQueueSubmit *a = args;
   struct rdr_device *dev = op->owner;
   struct tracking t;
   bool behind = a->fence || submits_raise_timeline(a->pSubmits, a->submitCount);

   if (!track(ctx, op, dev, a->queue, a->number, "vkQueueSubmit", behind, &t))
      return;
   a->ret = dev->vk.QueueSubmit(a->queue, a->submitCount, a->pSubmits, fence_of(&t, a->fence));
   finish(ctx, op, dev, a->queue, a->number, "vkQueueSubmit", a->ret, &t);
}

void
rdr_handle_QueueSubmit2(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkQueueSubmit2 *a = args;
   struct rdr_device *dev = op->owner;
   struct tracking t;
   bool behind = a->fence || submits2_raise_timeline(a->pSubmits, a->submitCount);

   if (!dev->vk.QueueSubmit2) {
      rdr_refuse_command(ctx, "vkQueueSubmit2");
      return;
   }
   if (!track(ctx, op, dev, a->queue, a->number, "vkQueueSubmit2", behind, &t))
      return;
   a->ret = dev->vk.QueueSubmit2(a->queue, a->submitCount, a->pSubmits, fence_of(&t, a->fence));
   finish(ctx, op, dev, a->queue, a->number, "vkQueueSubmit2", a->ret, &t);
}

void
rdr_handle_QueueBindSparse(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkQueueBindSparse *a = args;
   struct rdr_device *dev = op->owner;
   struct tracking t;
   bool behind = a->fence || binds_raise_timeline(a->pBindInfo, a->bindInfoCount);

   if (!track(ctx, op, dev, a->queue, a->number, "vkQueueBindSparse", behind, &t))
      return;
   a->ret =
      dev->vk.QueueBindSparse(a->queue, a->bindInfoCount, a->pBindInfo, fence_of(&t, a->fence));
   finish(ctx, op, dev, a->queue, a->number, "vkQueueBindSparse", a->ret, &t);
}
