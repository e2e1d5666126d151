/* SPDX-License-Identifier: MIT */

/* Buffers that may be bound to shared memory. */

#include "renderer/worker/handlers.h"

#include "protocol/decoder.h"
#include "renderer/worker/object.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

void
rdr_handle_CreateBuffer(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkCreateBuffer *a = args;
   struct rdr_device *dev = op->owner;
   VkBufferCreateInfo info = *a->pCreateInfo;
   VkExternalMemoryBufferCreateInfo external = {
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
      .pNext = info.pNext,
      .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
   };

   if (dev->marks_buffers &&
       !tongs_find_in_chain(info.pNext, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO))
      info.pNext = &external;
   a->ret = dev->vk.CreateBuffer(a->device, &info, NULL, a->pBuffer);
   rdr_objects_add(ctx, op, TONGS_TYPE_VkBuffer, &a->base, a->pBuffer, a->ret);
}
