/* SPDX-License-Identifier: MIT */

/* Shader objects (VK_EXT_shader_object). One command creates several of them, and some of them may
 * fail. */

#include "icd/connection.h"
#include "icd/object.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <string.h>

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
   VkShaderEXT *objects =
      icd_alloc(dev, pAllocator, (createInfoCount ? createInfoCount : 1) * sizeof(*objects),
                VK_SYSTEM_ALLOCATION_SCOPE_COMMAND);
   VkResult result = objects ? VK_SUCCESS : VK_ERROR_OUT_OF_HOST_MEMORY;

   memset(pShaders, 0, createInfoCount * sizeof(*pShaders));
   for (uint32_t i = 0; i < createInfoCount && result == VK_SUCCESS; i++) {
      objects[i] =
         (VkShaderEXT)(uintptr_t)icd_object_create(dev, pAllocator, TONGS_TYPE_VkShaderEXT);
      if (!objects[i])
         result = VK_ERROR_OUT_OF_HOST_MEMORY;
      pShaders[i] = objects[i];
   }
   if (result == VK_SUCCESS)
      result = icd_call(dev->connection, TONGS_OP_vkCreateShadersEXT, &args);
   else
      memset(pShaders, 0, createInfoCount * sizeof(*pShaders));
   for (uint32_t i = 0; objects && i < createInfoCount; i++) {
      if (!pShaders[i])
         icd_object_destroy(dev, pAllocator, (struct tongs_object *)(uintptr_t)objects[i]);
   }
   icd_free(dev, pAllocator, objects);
   return result;
}
#endif
