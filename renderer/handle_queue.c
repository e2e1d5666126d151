/* SPDX-License-Identifier: MIT */

/* Submissions. One that has a number is told of when it is complete (waiter.h): the guest's fences are only the guest's. */

#include "handlers.h"

#include "waiter.h"

#include "tongs_gen_args.h"

/* The fence that a submission with a number signals, and the waiter that it belongs to. */
struct tracking {
   struct rdr_waiter *waiter;
   VkFence fence;
};

static bool
track(struct rdr_context *ctx, struct rdr_device *dev, VkQueue queue, uint64_t number,
      const char *name, struct tracking *t)
{
   *t = (struct tracking){0};
   if (!number)
      return true;
   t->waiter = rdr_waiter_find(dev, queue);
   if (!t->waiter) {
      rdr_end(ctx, "a %s has a number, which its queue does not give", name);
      return false;
   }
   t->fence = rdr_waiter_fence(t->waiter);
   if (!t->fence)
      rdr_post_failed(ctx, dev, name, VK_ERROR_OUT_OF_HOST_MEMORY);
   return t->fence != VK_NULL_HANDLE;
}

/* After the host's call. `fence`: the guest's, which the submission got in place of the waiter's. */
static void
finish(struct rdr_context *ctx, struct rdr_device *dev, VkQueue queue, VkFence fence,
       uint64_t number, const char *name, VkResult result, const struct tracking *t)
{
   if (result >= 0 && t->fence && fence)
      result = dev->vk.QueueSubmit(queue, 0, NULL, t->fence);
   if (result >= 0 && t->fence && !rdr_waiter_add(t->waiter, t->fence, number))
      result = VK_ERROR_OUT_OF_HOST_MEMORY;
   else if (result < 0 && t->fence)
      rdr_waiter_take_back(t->waiter, t->fence);
   if (result < 0)
      rdr_post_failed(ctx, dev, name, result);
}

void
rdr_handle_QueueSubmit(struct rdr_context *ctx, void *host, void *args)
{
   struct tongs_args_vkQueueSubmit *a = args;
   struct rdr_device *dev = host;
   struct tracking t;

   if (!track(ctx, dev, a->queue, a->number, "vkQueueSubmit", &t))
      return;
   a->ret =
      dev->vk.QueueSubmit(a->queue, a->submitCount, a->pSubmits, a->fence ? a->fence : t.fence);
   finish(ctx, dev, a->queue, a->fence, a->number, "vkQueueSubmit", a->ret, &t);
}

void
rdr_handle_QueueSubmit2(struct rdr_context *ctx, void *host, void *args)
{
   struct tongs_args_vkQueueSubmit2 *a = args;
   struct rdr_device *dev = host;
   struct tracking t;

   if (!dev->vk.QueueSubmit2) {
      rdr_refuse_command(ctx, "vkQueueSubmit2");
      return;
   }
   if (!track(ctx, dev, a->queue, a->number, "vkQueueSubmit2", &t))
      return;
   a->ret =
      dev->vk.QueueSubmit2(a->queue, a->submitCount, a->pSubmits, a->fence ? a->fence : t.fence);
   finish(ctx, dev, a->queue, a->fence, a->number, "vkQueueSubmit2", a->ret, &t);
}

void
rdr_handle_QueueBindSparse(struct rdr_context *ctx, void *host, void *args)
{
   struct tongs_args_vkQueueBindSparse *a = args;
   struct rdr_device *dev = host;
   struct tracking t;

   if (!track(ctx, dev, a->queue, a->number, "vkQueueBindSparse", &t))
      return;
   a->ret = dev->vk.QueueBindSparse(a->queue, a->bindInfoCount, a->pBindInfo,
                                    a->fence ? a->fence : t.fence);
   finish(ctx, dev, a->queue, a->fence, a->number, "vkQueueBindSparse", a->ret, &t);
}
