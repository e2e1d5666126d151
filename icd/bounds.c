/* SPDX-License-Identifier: MIT */
#include "icd/bounds.h"

#include "protocol/chain.h"

/* The least maxResourceSize is 2 GiB. A texel takes 32 bytes at most, and levels of detail take a
 * third more. */
#define TEXELS_MAX (UINT64_C(1) << 25)

/* The least maxPerSetDescriptors. */
#define SET_DESCRIPTORS_MAX 1024u

/* A driver may give each descriptor 100 bytes of device memory. */
#define POOL_DESCRIPTORS_MAX (UINT64_C(1) << 16)

/* The largest width, height or depth. */
static uint32_t
dimension_max(const VkImageCreateInfo *v, const VkPhysicalDeviceLimits *limits)
{
   switch (v->imageType) {
   case VK_IMAGE_TYPE_1D:
      return limits->maxImageDimension1D;
   case VK_IMAGE_TYPE_3D:
      return limits->maxImageDimension3D;
   default:
      return v->flags & VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT ? limits->maxImageDimensionCube
                                                            : limits->maxImageDimension2D;
   }
}

/* Whether the chain holds a struct whose effect only the creation tells. */
static bool
chain_may_fail(const void *chain)
{
   for (const VkBaseInStructure *s = chain; s; s = s->pNext) {
      if (s->sType == VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_EXPLICIT_CREATE_INFO_EXT ||
          s->sType == VK_STRUCTURE_TYPE_IMAGE_COMPRESSION_CONTROL_EXT)
         return true;
   }
   return false;
}

bool
icd_image_is_usual(const VkImageCreateInfo *v, const VkPhysicalDeviceLimits *limits)
{
   const uint32_t max = dimension_max(v, limits);
   const VkExtent3D *e = &v->extent;
   uint64_t texels;

   if (e->width > max || e->height > max || e->depth > max ||
       v->arrayLayers > limits->maxImageArrayLayers)
      return false;
   if (__builtin_mul_overflow((uint64_t)e->width * e->height, (uint64_t)e->depth, &texels) ||
       __builtin_mul_overflow(texels, (uint64_t)v->arrayLayers * v->samples, &texels))
      return false;
   return texels <= TEXELS_MAX && !chain_may_fail(v->pNext);
}

/* A device has few custom border colours. */
bool
icd_sampler_is_usual(const VkSamplerCreateInfo *v, const VkPhysicalDeviceLimits *limits)
{
   return (!v->anisotropyEnable || v->maxAnisotropy <= limits->maxSamplerAnisotropy) &&
          v->borderColor != VK_BORDER_COLOR_FLOAT_CUSTOM_EXT &&
          v->borderColor != VK_BORDER_COLOR_INT_CUSTOM_EXT;
}

/* Drivers have tables with a row for each binding number up to the largest. */
bool
icd_set_layout_is_usual(const VkDescriptorSetLayoutCreateInfo *v)
{
   uint64_t count = 0;

   for (uint32_t i = 0; i < v->bindingCount; i++) {
      if (v->pBindings[i].binding >= SET_DESCRIPTORS_MAX)
         return false;
      count += v->pBindings[i].descriptorCount;
   }
   return count <= SET_DESCRIPTORS_MAX;
}

bool
icd_pipeline_layout_is_usual(const VkPipelineLayoutCreateInfo *v,
                             const VkPhysicalDeviceLimits *limits)
{
   for (uint32_t i = 0; i < v->pushConstantRangeCount; i++) {
      const VkPushConstantRange *range = &v->pPushConstantRanges[i];
      if ((uint64_t)range->offset + range->size > limits->maxPushConstantsSize)
         return false;
   }
   return v->setLayoutCount <= limits->maxBoundDescriptorSets;
}

bool
icd_descriptor_pool_is_usual(const VkDescriptorPoolCreateInfo *v)
{
   uint64_t count = v->maxSets;

   for (uint32_t i = 0; i < v->poolSizeCount; i++)
      count += v->pPoolSizes[i].descriptorCount;
   return count <= POOL_DESCRIPTORS_MAX;
}
