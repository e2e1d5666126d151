/* SPDX-License-Identifier: MIT */

/* Objects that come from pools and go with them. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/object.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#include <string.h>

/* Forgets the objects that an op gives back to its pool. Returns whether the host is to free any:
 * not where one is named twice or comes from another pool, which ends the connection. */
static bool
release_all(struct rdr_context *ctx, const struct rdr_op *op, uint8_t pool_type,
            const struct tongs_args *args)
{
   uint32_t pool = rdr_pool_slot(ctx, op, pool_type);

   for (uint32_t i = 0; pool && i < args->id_count; i++) {
      uint64_t id = rdr_args_id(args, i);
      if (id && ctx->nodes[tongs_id_slot(id)].parent != pool) {
         rdr_end(ctx, "a %s names an object of another pool", tongs_ops[op->number].name);
         return false;
      }
   }
   return pool && rdr_objects_remove(ctx, op, args);
}

void
rdr_handle_AllocateCommandBuffers(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkAllocateCommandBuffers *a = args;
   struct rdr_device *dev = op->host;

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
   struct rdr_device *dev = op->host;

   if (release_all(ctx, op, TONGS_TYPE_VkCommandPool, &a->base))
      dev->vk.FreeCommandBuffers(a->device, a->commandPool, a->commandBufferCount,
                                 a->pCommandBuffers);
}

void
rdr_handle_DestroyCommandPool(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkDestroyCommandPool *a = args;
   struct rdr_device *dev = op->host;

   if (rdr_object_release(ctx, op, &a->base))
      dev->vk.DestroyCommandPool(a->device, a->commandPool, NULL);
}

void
rdr_handle_AllocateDescriptorSets(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkAllocateDescriptorSets *a = args;
   struct rdr_device *dev = op->host;

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
   struct rdr_device *dev = op->host;

   if (release_all(ctx, op, TONGS_TYPE_VkDescriptorPool, &a->base))
      dev->vk.FreeDescriptorSets(a->device, a->descriptorPool, a->descriptorSetCount,
                                 a->pDescriptorSets);
}

void
rdr_handle_ResetDescriptorPool(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkResetDescriptorPool *a = args;
   struct rdr_device *dev = op->host;

   uint32_t pool = rdr_pool_slot(ctx, op, TONGS_TYPE_VkDescriptorPool);

   if (!pool)
      return;
   rdr_object_remove_children(ctx, pool);
   a->ret = dev->vk.ResetDescriptorPool(a->device, a->descriptorPool, a->flags);
   if (a->ret < 0)
      rdr_post_failed(ctx, op, dev, "vkResetDescriptorPool", a->ret);
}

void
rdr_handle_DestroyDescriptorPool(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkDestroyDescriptorPool *a = args;
   struct rdr_device *dev = op->host;

   if (rdr_object_release(ctx, op, &a->base))
      dev->vk.DestroyDescriptorPool(a->device, a->descriptorPool, NULL);
}
