/* SPDX-License-Identifier: MIT */
#include "protocol/format.h"

#include <vulkan/vulkan_core.h>

static const struct tongs_format *
find(uint32_t format)
{
   for (uint32_t i = 0; i < tongs_format_count; i++) {
      if (tongs_formats[i].format == format)
         return &tongs_formats[i];
   }
   return NULL;
}

/* "Copying Data Between Buffers and Images": depth of 24 bits takes 32, stencil is apart. */
static uint8_t
depth_stencil_size(uint32_t format, uint32_t aspect)
{
   if (aspect == VK_IMAGE_ASPECT_STENCIL_BIT)
      return 1;
   switch (format) {
   case VK_FORMAT_D16_UNORM:
   case VK_FORMAT_D16_UNORM_S8_UINT:
      return 2;
   default:
      return 4;
   }
}

bool
tongs_format_block(uint32_t format, uint32_t aspect, struct tongs_format *block)
{
   const struct tongs_format *found = find(format);

   if (found && found->planes[0] && aspect != VK_IMAGE_ASPECT_COLOR_BIT) {
      uint32_t plane = aspect == VK_IMAGE_ASPECT_PLANE_1_BIT   ? 1
                       : aspect == VK_IMAGE_ASPECT_PLANE_2_BIT ? 2
                                                               : 0;
      found = find(found->planes[plane]);
   }
   if (!found)
      return false;
   *block = *found;
   if (aspect & (VK_IMAGE_ASPECT_DEPTH_BIT | VK_IMAGE_ASPECT_STENCIL_BIT))
      block->size = depth_stencil_size(format, aspect);
   return true;
}

static uint64_t
divide_up(uint64_t n, uint64_t by)
{
   return (n + by - 1) / by;
}

uint64_t
tongs_format_bytes(const struct tongs_format *block, uint32_t width, uint32_t height,
                   uint32_t depth, uint32_t layers)
{
   uint64_t bytes = divide_up(width, block->width) * block->size;

   if (__builtin_mul_overflow(bytes, divide_up(height, block->height), &bytes) ||
       __builtin_mul_overflow(bytes, divide_up(depth, block->depth), &bytes) ||
       __builtin_mul_overflow(bytes, layers, &bytes))
      return UINT64_MAX;
   return bytes;
}
