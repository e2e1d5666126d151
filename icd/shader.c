/* SPDX-License-Identifier: MIT */

/* Shader modules, and shader objects (VK_EXT_shader_object). One command creates several shader
 * objects, and some of them may fail. */

#include "icd/shader.h"

#include "icd/connection.h"
#include "icd/object.h"

#include "icd_gen_bounds.h"
#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <string.h>

/* A module that is whole is a post: drivers do little more than copy it. */
VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateShaderModule(VkDevice device, const VkShaderModuleCreateInfo *pCreateInfo,
                       const VkAllocationCallbacks *pAllocator, VkShaderModule *pShaderModule)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct icd_shader_module *module =
      icd_object_create_sized(dev, pAllocator, TONGS_TYPE_VkShaderModule, sizeof(*module));
   if (!module)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   VkShaderModule created = (VkShaderModule)(uintptr_t)module;
   struct tongs_args_vkCreateShaderModule args = {
      .device = device,
      .pCreateInfo = pCreateInfo,
      .pShaderModule = &created,
   };
   enum icd_way way = ICD_REFUSE;
   if (icd_is_in_range_CreateShaderModule(&args)) {
      icd_spirv_read(&module->spirv, pCreateInfo->pCode, pCreateInfo->codeSize);
      way = module->spirv.is_odd ? ICD_CALL : ICD_POST;
   }
   VkResult result = icd_create(dev->connection, TONGS_OP_vkCreateShaderModule, &args, way);
   if (result < 0) {
      icd_object_destroy(dev, pAllocator, &module->base);
      return result;
   }
   *pShaderModule = created;
   return result;
}

#ifdef VK_EXT_shader_object
VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateShadersEXT(VkDevice device, uint32_t createInfoCount,
                     const VkShaderCreateInfoEXT *pCreateInfos,
                     const VkAllocationCallbacks *pAllocator, VkShaderEXT *pShaders)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct tongs_args_vkCreateShadersEXT args = {
      .device = device,
      .createInfoCount = createInfoCount,
      .pCreateInfos = pCreateInfos,
      .pShaders = pShaders,
   };
   if (!icd_is_in_range_CreateShadersEXT(&args)) {
      memset(pShaders, 0, createInfoCount * sizeof(*pShaders));
      return VK_ERROR_UNKNOWN;
   }
   struct tongs_object **objects =
      icd_objects_create(dev, pAllocator, TONGS_TYPE_VkShaderEXT, createInfoCount, pShaders);
   if (!objects)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   VkResult result = icd_call(dev->connection, TONGS_OP_vkCreateShadersEXT, &args);
   icd_objects_settle(dev, pAllocator, objects, createInfoCount, pShaders);
   return result;
}
#endif
