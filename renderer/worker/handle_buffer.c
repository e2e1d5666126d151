/* SPDX-License-Identifier: MIT */

/* Buffers, and what memory they need. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/marks.h"
#include "renderer/worker/object.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

/* The slot's data is the size, which bounds what commands may use (protocol/bounds.h). */
void
rdr_handle_CreateBuffer(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkCreateBuffer *a = args;
   struct rdr_device *dev = op->owner;
   struct rdr_marked_buffer room;

   a->ret = dev->vk.CreateBuffer(a->device, rdr_mark_buffer(dev, a->pCreateInfo, &room), NULL,
                                 a->pBuffer);
   rdr_objects_add_with_data(ctx, op, TONGS_TYPE_VkBuffer, &a->base, a->pBuffer, a->ret,
                             (void *)(uintptr_t)a->pCreateInfo->size);
}

/* A marked buffer may have other requirements. */
void
rdr_handle_GetDeviceBufferMemoryRequirements(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkGetDeviceBufferMemoryRequirements *a = args;
   struct rdr_device *dev = op->owner;
   VkDeviceBufferMemoryRequirements info = *a->pInfo;
   struct rdr_marked_buffer room;

   if (!dev->vk.GetDeviceBufferMemoryRequirements) {
      rdr_refuse_command(ctx, "vkGetDeviceBufferMemoryRequirements");
      return;
   }
   info.pCreateInfo = rdr_mark_buffer(dev, info.pCreateInfo, &room);
   dev->vk.GetDeviceBufferMemoryRequirements(a->device, &info, a->pMemoryRequirements);
}
