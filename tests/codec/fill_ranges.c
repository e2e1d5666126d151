/* SPDX-License-Identifier: MIT */
#include "tests/codec/fill_parts.h"

#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

#include <vulkan/vulkan_core.h>

void
fill_obey_ranges(uint32_t index, void *p)
{
   switch (index) {
   case TONGS_STRUCT_VkShaderModuleCreateInfo: {
      VkShaderModuleCreateInfo *v = p;
      v->codeSize = 20 + v->codeSize % 8 * 4;
      break;
   }
#ifdef VK_EXT_shader_object
   case TONGS_STRUCT_VkShaderCreateInfoEXT: {
      VkShaderCreateInfoEXT *v = p;
      v->codeSize = 20 + v->codeSize % 8 * 4;
      break;
   }
#endif
   case TONGS_STRUCT_VkMemoryAllocateInfo: {
      VkMemoryAllocateInfo *v = p;
      v->memoryTypeIndex %= VK_MAX_MEMORY_TYPES;
      break;
   }
   case TONGS_STRUCT_VkImageCreateInfo: {
      VkImageCreateInfo *v = p;
      v->extent.width |= 1u << 12;
      v->extent.height |= 1;
      v->extent.depth |= 1;
      v->arrayLayers |= 1;
      v->mipLevels = 1 + v->mipLevels % 12;
      v->samples = 1u << (uint32_t)v->samples % 7;
      break;
   }
   case TONGS_STRUCT_VkSwapchainCreateInfoKHR: {
      VkSwapchainCreateInfoKHR *v = p;
      v->imageExtent.width |= 1;
      v->imageExtent.height |= 1;
      v->imageArrayLayers |= 1;
      break;
   }
   case TONGS_STRUCT_VkImageDrmFormatModifierExplicitCreateInfoEXT: {
      VkImageDrmFormatModifierExplicitCreateInfoEXT *v = p;
      v->drmFormatModifierPlaneCount %= 5;
      break;
   }
   case TONGS_STRUCT_VkImageSubresource: {
      VkImageSubresource *v = p;
      v->mipLevel %= 32;
      break;
   }
   case TONGS_STRUCT_VkImageSubresourceLayers: {
      VkImageSubresourceLayers *v = p;
      v->mipLevel %= 32;
      break;
   }
   case TONGS_STRUCT_VkImageSubresourceRange: {
      VkImageSubresourceRange *v = p;
      v->baseMipLevel %= 32;
      if (v->levelCount != VK_REMAINING_MIP_LEVELS)
         v->levelCount %= 33;
      break;
   }
   case TONGS_STRUCT_VkPushConstantRange: {
      VkPushConstantRange *v = p;
      v->offset = v->offset % 64 * 4;
      v->size = 4 + v->size % 64 * 4;
      break;
   }
   case TONGS_STRUCT_VkDescriptorSetLayoutBinding: {
      VkDescriptorSetLayoutBinding *v = p;
      v->descriptorCount &= ~3u;
      break;
   }
   case TONGS_STRUCT_VkWriteDescriptorSet: {
      VkWriteDescriptorSet *v = p;
      v->descriptorCount &= ~3u;
      v->dstArrayElement &= ~3u;
      break;
   }
   case TONGS_STRUCT_VkSampleLocationsInfoEXT: {
      VkSampleLocationsInfoEXT *v = p;
      v->sampleLocationsPerPixel = VK_SAMPLE_COUNT_1_BIT;
      v->sampleLocationGridSize = (VkExtent2D){v->sampleLocationsCount, 1};
      break;
   }
   case TONGS_STRUCT_VkFragmentShadingRateAttachmentInfoKHR: {
      VkFragmentShadingRateAttachmentInfoKHR *v = p;
      v->shadingRateAttachmentTexelSize = (VkExtent2D){16, 8};
      break;
   }
   case TONGS_STRUCT_VkRenderingFragmentShadingRateAttachmentInfoKHR: {
      VkRenderingFragmentShadingRateAttachmentInfoKHR *v = p;
      v->shadingRateAttachmentTexelSize = (VkExtent2D){16, 8};
      break;
   }
   default:
      break;
   }
}
