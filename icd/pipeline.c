/* SPDX-License-Identifier: MIT */

/* Pipelines. One command creates several of them, and some of them may fail. */

#include "icd/connection.h"
#include "icd/device.h"
#include "icd/shader.h"
#include "protocol/chain.h"
#include "protocol/ignored.h"

#include "icd_gen_bounds.h"
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

/* --- Shaders --- */

/* Programs try a pipeline and fall back to another one. So the client waits for the result unless
 * it knows that the shaders are whole, that they have the entry points, and that this device has
 * compiled others that need the same of it. */

/* The stage's shader: that of its module, or of the code in its chain, which is read into
 * `storage`. NULL if the stage has neither. */
static const struct icd_spirv *
spirv_of(const VkPipelineShaderStageCreateInfo *stage, struct icd_spirv *storage)
{
   if (stage->module)
      return &icd_shader_module_from(stage->module)->spirv;
   const VkShaderModuleCreateInfo *code =
      tongs_find_in_chain(stage->pNext, VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO);
   if (!code)
      return NULL;
   icd_spirv_read(storage, code->pCode, code->codeSize);
   return storage;
}

static enum icd_way
way_of_stage(struct icd_dispatchable *dev, const VkPipelineShaderStageCreateInfo *stage)
{
   const VkShaderModuleCreateInfo *code =
      tongs_find_in_chain(stage->pNext, VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO);
   struct icd_spirv storage;

   if (code && !icd_is_in_range_CreateShaderModule(
                  &(struct tongs_args_vkCreateShaderModule){.pCreateInfo = code}))
      return ICD_REFUSE;
   const struct icd_spirv *spirv = spirv_of(stage, &storage);
   if (spirv && icd_spirv_has_entry(spirv, stage->stage, stage->pName) &&
       icd_spirv_is_proven(spirv, &((struct icd_device *)dev)->proven))
      return ICD_POST;
   return ICD_CALL;
}

static enum icd_way
worse(enum icd_way a, enum icd_way b)
{
   return a > b ? a : b;
}

/* The host driver has compiled the shader. */
static void
prove(struct icd_dispatchable *dev, const VkPipelineShaderStageCreateInfo *stage)
{
   struct icd_spirv storage;
   const struct icd_spirv *spirv = spirv_of(stage, &storage);

   if (spirv)
      icd_spirv_prove(spirv, &((struct icd_device *)dev)->proven);
}

/* The number of stages in pStages that the API looks at. */
static uint32_t
stage_count(const VkGraphicsPipelineCreateInfo *create)
{
   return tongs_ignored_in_graphics_pipeline(create) & TONGS_IGNORED_STAGES ? 0
                                                                            : create->stageCount;
}

/* --- Pipelines --- */

/* Creates `count` pipelines. `pipelines`: the application's array, which `args` points to. */
static VkResult
create(struct icd_dispatchable *dev, const VkAllocationCallbacks *alloc, uint32_t op, void *args,
       enum icd_way way, uint32_t count, VkPipeline *pipelines)
{
   const bool post = way == ICD_POST;
   struct tongs_object **objects =
      icd_objects_create(dev, alloc, TONGS_TYPE_VkPipeline, count, pipelines);
   if (!objects)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   VkResult result = icd_create(dev->connection, op, args, way);
   if (post)
      icd_flush(dev->connection); /* so that the worker compiles early */
   if (way != ICD_CALL && result < 0)
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
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   enum icd_way way = ICD_POST;

   for (uint32_t i = 0; i < createInfoCount; i++) {
      if (must_know(pCreateInfos[i].flags, pCreateInfos[i].pNext))
         way = worse(way, ICD_CALL);
      for (uint32_t k = 0, count = stage_count(&pCreateInfos[i]); k < count; k++)
         way = worse(way, way_of_stage(dev, &pCreateInfos[i].pStages[k]));
   }
   VkResult result = create(dev, pAllocator, TONGS_OP_vkCreateGraphicsPipelines, &args, way,
                            createInfoCount, pPipelines);
   for (uint32_t i = 0; i < createInfoCount && way != ICD_POST && result == VK_SUCCESS; i++) {
      for (uint32_t k = 0, count = stage_count(&pCreateInfos[i]); k < count; k++)
         prove(dev, &pCreateInfos[i].pStages[k]);
   }
   return result;
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
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   enum icd_way way = ICD_POST;

   for (uint32_t i = 0; i < createInfoCount; i++) {
      if (must_know(pCreateInfos[i].flags, pCreateInfos[i].pNext))
         way = worse(way, ICD_CALL);
      way = worse(way, way_of_stage(dev, &pCreateInfos[i].stage));
   }
   VkResult result = create(dev, pAllocator, TONGS_OP_vkCreateComputePipelines, &args, way,
                            createInfoCount, pPipelines);
   for (uint32_t i = 0; i < createInfoCount && way != ICD_POST && result == VK_SUCCESS; i++)
      prove(dev, &pCreateInfos[i].stage);
   return result;
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
             &args, ICD_CALL, createInfoCount, pPipelines);
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
                 &args, ICD_CALL, createInfoCount, pPipelines);
}
