/* SPDX-License-Identifier: MIT */

/* Pipelines. One command creates several of them, and some of them may fail. */

#include "icd/connection.h"
#include "icd/object.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

/* Whether the application needs the result at once, so that a post is not possible. */
static bool
must_know(uint64_t flags, const void *chain)
{
   const uint64_t asks = VK_PIPELINE_CREATE_FAIL_ON_PIPELINE_COMPILE_REQUIRED_BIT |
                         VK_PIPELINE_CREATE_EARLY_RETURN_ON_FAILURE_BIT;

   for (const VkBaseInStructure *s = chain; s; s = s->pNext) {
      if (s->sType == VK_STRUCTURE_TYPE_PIPELINE_CREATION_FEEDBACK_CREATE_INFO)
         return true;
#ifdef VK_KHR_maintenance5
      if (s->sType == VK_STRUCTURE_TYPE_PIPELINE_CREATE_FLAGS_2_CREATE_INFO_KHR)
         flags = ((const VkPipelineCreateFlags2CreateInfoKHR *)s)->flags;
#endif
   }
   return flags & asks;
}

/* Creates `count` pipelines by a post or a call. `pipelines`: the application's array, which `args`
 * points to. */
static VkResult
create(struct icd_dispatchable *dev, const VkAllocationCallbacks *alloc, uint32_t op, void *args,
       bool post, uint32_t count, VkPipeline *pipelines)
{
   struct tongs_object **objects =
      icd_objects_create(dev, alloc, TONGS_TYPE_VkPipeline, count, pipelines);
   if (!objects)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   VkResult result =
      post ? icd_post(dev->connection, op, args) : icd_call(dev->connection, op, args);
   if (post)
      icd_flush(dev->connection); /* so that the worker compiles early */
   if (post && result < 0)
      memset(pipelines, 0, count * sizeof(*pipelines));
   icd_objects_settle(dev, alloc, objects, count, pipelines);
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateGraphicsPipelines(VkDevice device, VkPipelineCache pipelineCache,
                            uint32_t createInfoCount,
                            const VkGraphicsPipelineCreateInfo *pCreateInfos,
                            const VkAllocationCallbacks *pAllocator, VkPipeline *pPipelines)
{
   struct tongs_args_vkCreateGraphicsPipelines args = {
      .device = device,
      .pipelineCache = pipelineCache,
      .createInfoCount = createInfoCount,
      .pCreateInfos = pCreateInfos,
      .pPipelines = pPipelines,
   };
   bool post = true;

   for (uint32_t i = 0; i < createInfoCount; i++)
      post &= !must_know(pCreateInfos[i].flags, pCreateInfos[i].pNext);
   return create(icd_dispatchable_from(device), pAllocator, TONGS_OP_vkCreateGraphicsPipelines,
                 &args, post, createInfoCount, pPipelines);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateComputePipelines(VkDevice device, VkPipelineCache pipelineCache, uint32_t createInfoCount,
                           const VkComputePipelineCreateInfo *pCreateInfos,
                           const VkAllocationCallbacks *pAllocator, VkPipeline *pPipelines)
{
   struct tongs_args_vkCreateComputePipelines args = {
      .device = device,
      .pipelineCache = pipelineCache,
      .createInfoCount = createInfoCount,
      .pCreateInfos = pCreateInfos,
      .pPipelines = pPipelines,
   };
   bool post = true;

   for (uint32_t i = 0; i < createInfoCount; i++)
      post &= !must_know(pCreateInfos[i].flags, pCreateInfos[i].pNext);
   return create(icd_dispatchable_from(device), pAllocator, TONGS_OP_vkCreateComputePipelines,
                 &args, post, createInfoCount, pPipelines);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateRayTracingPipelinesKHR(VkDevice device, VkDeferredOperationKHR deferredOperation,
                                 VkPipelineCache pipelineCache, uint32_t createInfoCount,
                                 const VkRayTracingPipelineCreateInfoKHR *pCreateInfos,
                                 const VkAllocationCallbacks *pAllocator, VkPipeline *pPipelines)
{
   struct tongs_args_vkCreateRayTracingPipelinesKHR args = {
      .device = device,
      .pipelineCache = pipelineCache,
      .createInfoCount = createInfoCount,
      .pCreateInfos = pCreateInfos,
      .pPipelines = pPipelines,
   };
   VkResult result =
      create(icd_dispatchable_from(device), pAllocator, TONGS_OP_vkCreateRayTracingPipelinesKHR,
             &args, false, createInfoCount, pPipelines);
   return deferredOperation && result == VK_SUCCESS ? VK_OPERATION_NOT_DEFERRED_KHR : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateRayTracingPipelinesNV(VkDevice device, VkPipelineCache pipelineCache,
                                uint32_t createInfoCount,
                                const VkRayTracingPipelineCreateInfoNV *pCreateInfos,
                                const VkAllocationCallbacks *pAllocator, VkPipeline *pPipelines)
{
   struct tongs_args_vkCreateRayTracingPipelinesNV args = {
      .device = device,
      .pipelineCache = pipelineCache,
      .createInfoCount = createInfoCount,
      .pCreateInfos = pCreateInfos,
      .pPipelines = pPipelines,
   };
   return create(icd_dispatchable_from(device), pAllocator, TONGS_OP_vkCreateRayTracingPipelinesNV,
                 &args, false, createInfoCount, pPipelines);
}
