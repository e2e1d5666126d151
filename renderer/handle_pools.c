/* SPDX-License-Identifier: MIT */

/* Objects that come from pools and go with them. */

#include "handlers.h"

#include "object.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

/* The slot of the pool that the op uses: its second handle, after the device. */
static uint32_t
pool_slot(const struct rdr_context *ctx)
{
   return tongs_id_slot(ctx->used[1]);
}

/* Forgets those of an op's objects that exist, and gives the host's handles of these in `handles`. */
static uint32_t
release_all(struct rdr_context *ctx, const struct tongs_args *args)
{
   uint32_t count = 0;

   for (uint32_t i = 0; i < args->id_count; i++) {
      uint64_t id = rdr_args_id(args, i);
      uint32_t slot = tongs_id_slot(id);
      /* The same id twice in one op: the second names nothing any more. */
      if (!id || slot >= ctx->slot_count || ctx->slots[slot].id != id)
         continue;
      rdr_object_remove(ctx, slot);
      count++;
   }
   return count;
}

void
rdr_handle_AllocateCommandBuffers(struct rdr_context *ctx, void *host, void *args)
{
   struct tongs_args_vkAllocateCommandBuffers *a = args;
   struct rdr_device *dev = host;

   ctx->parent = pool_slot(ctx);
   a->ret = dev->vk.AllocateCommandBuffers(a->device, a->pAllocateInfo, a->pCommandBuffers);
   rdr_objects_add(ctx, TONGS_TYPE_VkCommandBuffer, &a->base, a->pCommandBuffers, a->ret);
}

void
rdr_handle_FreeCommandBuffers(struct rdr_context *ctx, void *host, void *args)
{
   struct tongs_args_vkFreeCommandBuffers *a = args;
   struct rdr_device *dev = host;

   if (release_all(ctx, &a->base))
      dev->vk.FreeCommandBuffers(a->device, a->commandPool, a->commandBufferCount, a->pCommandBuffers);
}

void
rdr_handle_DestroyCommandPool(struct rdr_context *ctx, void *host, void *args)
{
   struct tongs_args_vkDestroyCommandPool *a = args;
   struct rdr_device *dev = host;

   if (rdr_object_release(ctx, &a->base))
      dev->vk.DestroyCommandPool(a->device, a->commandPool, NULL);
}

void
rdr_handle_AllocateDescriptorSets(struct rdr_context *ctx, void *host, void *args)
{
   struct tongs_args_vkAllocateDescriptorSets *a = args;
   struct rdr_device *dev = host;

   ctx->parent = pool_slot(ctx);
   a->ret = dev->vk.AllocateDescriptorSets(a->device, a->pAllocateInfo, a->pDescriptorSets);
   if (a->ret < 0)
      return;
   rdr_objects_add(ctx, TONGS_TYPE_VkDescriptorSet, &a->base, a->pDescriptorSets, a->ret);
}

void
rdr_handle_FreeDescriptorSets(struct rdr_context *ctx, void *host, void *args)
{
   struct tongs_args_vkFreeDescriptorSets *a = args;
   struct rdr_device *dev = host;

   if (release_all(ctx, &a->base))
      dev->vk.FreeDescriptorSets(a->device, a->descriptorPool, a->descriptorSetCount, a->pDescriptorSets);
}

void
rdr_handle_ResetDescriptorPool(struct rdr_context *ctx, void *host, void *args)
{
   struct tongs_args_vkResetDescriptorPool *a = args;
   struct rdr_device *dev = host;

   rdr_object_remove_children(ctx, pool_slot(ctx));
   a->ret = dev->vk.ResetDescriptorPool(a->device, a->descriptorPool, a->flags);
   if (a->ret < 0)
      rdr_post_failed(ctx, dev, "vkResetDescriptorPool", a->ret);
}

void
rdr_handle_DestroyDescriptorPool(struct rdr_context *ctx, void *host, void *args)
{
   struct tongs_args_vkDestroyDescriptorPool *a = args;
   struct rdr_device *dev = host;

   if (rdr_object_release(ctx, &a->base))
      dev->vk.DestroyDescriptorPool(a->device, a->descriptorPool, NULL);
}
