/* SPDX-License-Identifier: MIT */

/* Descriptor sets, which are allocated from pools and freed with them. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/object.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#include <string.h>

void
rdr_handle_AllocateDescriptorSets(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkAllocateDescriptorSets *a = args;
   struct rdr_device *dev = op->owner;

   op->parent = rdr_pool_slot(ctx, op, TONGS_TYPE_VkDescriptorPool);
   if (!op->parent)
      return;
   a->ret = dev->vk.AllocateDescriptorSets(a->device, a->pAllocateInfo, a->pDescriptorSets);
   if (a->ret < 0)
      memset(a->pDescriptorSets, 0, a->base.new_count * sizeof(VkDescriptorSet));
   rdr_objects_add(ctx, op, TONGS_TYPE_VkDescriptorSet, &a->base, a->pDescriptorSets, a->ret);
}

void
rdr_handle_FreeDescriptorSets(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkFreeDescriptorSets *a = args;
   struct rdr_device *dev = op->owner;

   if (rdr_objects_return(ctx, op, TONGS_TYPE_VkDescriptorPool, &a->base) && a->descriptorPool)
      dev->vk.FreeDescriptorSets(a->device, a->descriptorPool, a->descriptorSetCount,
                                 a->pDescriptorSets);
}

void
rdr_handle_ResetDescriptorPool(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkResetDescriptorPool *a = args;
   struct rdr_device *dev = op->owner;

   uint32_t pool = rdr_pool_slot(ctx, op, TONGS_TYPE_VkDescriptorPool);

   if (!pool)
      return;
   rdr_object_remove_children(ctx, pool);
   if (!a->descriptorPool) /* it is a failed object */
      return;
   a->ret = dev->vk.ResetDescriptorPool(a->device, a->descriptorPool, a->flags);
   if (a->ret < 0)
      rdr_post_failed(ctx, op, dev, "vkResetDescriptorPool", a->ret);
}

void
rdr_handle_DestroyDescriptorPool(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkDestroyDescriptorPool *a = args;
   struct rdr_device *dev = op->owner;

   if (rdr_object_release(ctx, op, &a->base))
      dev->vk.DestroyDescriptorPool(a->device, a->descriptorPool, NULL);
}
