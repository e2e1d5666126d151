/* SPDX-License-Identifier: MIT */

/* Command buffers, which are allocated from pools and freed with them. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/object.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

void
rdr_handle_AllocateCommandBuffers(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkAllocateCommandBuffers *a = args;
   struct rdr_device *dev = op->owner;

   op->parent = rdr_pool_slot(ctx, op, TONGS_TYPE_VkCommandPool);
   if (!op->parent)
      return;
   a->ret = dev->vk.AllocateCommandBuffers(a->device, a->pAllocateInfo, a->pCommandBuffers);
   rdr_objects_add(ctx, op, TONGS_TYPE_VkCommandBuffer, &a->base, a->pCommandBuffers, a->ret);
}

void
rdr_handle_FreeCommandBuffers(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkFreeCommandBuffers *a = args;
   struct rdr_device *dev = op->owner;

   if (rdr_objects_return(ctx, op, TONGS_TYPE_VkCommandPool, &a->base) && a->commandPool)
      dev->vk.FreeCommandBuffers(a->device, a->commandPool, a->commandBufferCount,
                                 a->pCommandBuffers);
}

void
rdr_handle_DestroyCommandPool(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkDestroyCommandPool *a = args;
   struct rdr_device *dev = op->owner;

   if (rdr_object_release(ctx, op, &a->base))
      dev->vk.DestroyCommandPool(a->device, a->commandPool, NULL);
}
