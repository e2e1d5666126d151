/* SPDX-License-Identifier: MIT */

/* Pipeline caches. Pipelines are compiled by compile.c. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/object.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

/* An application may promise to synchronise its use of the cache
 * (VK_PIPELINE_CACHE_CREATE_EXTERNALLY_SYNCHRONIZED_BIT). We drop the flag, because the worker
 * compiles several pipelines at a time. */
void
rdr_handle_CreatePipelineCache(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkCreatePipelineCache *a = args;
   struct rdr_device *dev = op->owner;
   VkPipelineCacheCreateInfo info = *a->pCreateInfo;

   info.flags &= ~(VkPipelineCacheCreateFlags)VK_PIPELINE_CACHE_CREATE_EXTERNALLY_SYNCHRONIZED_BIT;
   a->ret = dev->vk.CreatePipelineCache(a->device, &info, NULL, a->pPipelineCache);
   rdr_objects_add(ctx, op, TONGS_TYPE_VkPipelineCache, &a->base, a->pPipelineCache, a->ret);
}
