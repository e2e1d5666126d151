/* SPDX-License-Identifier: MIT */

/* Shader objects (VK_EXT_shader_object). One command creates several of them, and some of them may
 * fail. */

#include "icd/connection.h"
#include "icd/object.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

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
   struct tongs_object **objects =
      icd_objects_create(dev, pAllocator, TONGS_TYPE_VkShaderEXT, createInfoCount, pShaders);
   if (!objects)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   VkResult result = icd_call(dev->connection, TONGS_OP_vkCreateShadersEXT, &args);
   icd_objects_settle(dev, pAllocator, objects, createInfoCount, pShaders);
   return result;
}
#endif
