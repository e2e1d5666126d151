/* SPDX-License-Identifier: MIT */
/*
 * VK_EXT_host_image_copy: what goes into an image from the host's memory comes back from it, in
 * rows and slices of other lengths, and nothing beside it changes.
 */
#include "tests/programs/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef VK_EXT_host_image_copy

struct shape {
   const char *name;
   VkFormat format;
   VkImageType type;
   VkExtent3D extent;
   uint32_t layers;
   uint32_t block;      /* bytes */
   uint32_t block_side; /* texels */
};

static const struct shape shapes[] = {
   {"2D", VK_FORMAT_R8G8B8A8_UNORM, VK_IMAGE_TYPE_2D, {13, 7, 1}, 1, 4, 1},
   {"array", VK_FORMAT_R16_UINT, VK_IMAGE_TYPE_2D, {5, 9, 1}, 3, 2, 1},
   {"3D", VK_FORMAT_R32_SFLOAT, VK_IMAGE_TYPE_3D, {6, 5, 4}, 1, 4, 1},
   {"compressed", VK_FORMAT_BC1_RGBA_UNORM_BLOCK, VK_IMAGE_TYPE_2D, {16, 12, 1}, 2, 8, 4},
   {"large", VK_FORMAT_R32G32B32A32_UINT, VK_IMAGE_TYPE_2D, {1024, 1024, 1}, 3, 16, 1},
};

struct functions {
   PFN_vkTransitionImageLayoutEXT transition;
   PFN_vkCopyMemoryToImageEXT upload;
   PFN_vkCopyImageToMemoryEXT download;
};

static bool
is_supported(struct prog *p, const struct shape *s)
{
   VkFormatProperties3 f3 = {.sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_3};
   VkFormatProperties2 f = {.sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2, .pNext = &f3};

   vkGetPhysicalDeviceFormatProperties2(p->phys, s->format, &f);
   return f3.optimalTilingFeatures & VK_FORMAT_FEATURE_2_HOST_IMAGE_TRANSFER_BIT_EXT;
}

/* Bytes of rows of `row` texels, `height` of them in a slice. */
static size_t
size_of(const struct shape *s, uint32_t row, uint32_t height)
{
   return (size_t)(row / s->block_side) * (height / s->block_side) * s->block * s->extent.depth *
          s->layers;
}

static enum prog_status
check_shape(struct prog *p, const struct functions *vk, const struct shape *s)
{
   struct prog_image image;
   const uint32_t pad = 3 * s->block_side;
   const uint32_t in_row = s->extent.width + pad, out_row = s->extent.width + 2 * pad;
   const uint32_t in_height = s->extent.height + pad, out_height = s->extent.height;
   uint8_t *in = malloc(size_of(s, in_row, in_height)),
           *out = malloc(size_of(s, out_row, out_height));
   const VkImageSubresourceLayers layers = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, s->layers};

   PROG_STEP(prog_image_init(p, &image,
                             &(VkImageCreateInfo){
                                .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                .imageType = s->type,
                                .format = s->format,
                                .extent = s->extent,
                                .mipLevels = 1,
                                .arrayLayers = s->layers,
                                .samples = VK_SAMPLE_COUNT_1_BIT,
                                .usage = VK_IMAGE_USAGE_HOST_TRANSFER_BIT_EXT,
                             }));
   for (size_t i = 0; i < size_of(s, in_row, in_height); i++)
      in[i] = (uint8_t)(i * 7 + i / 251);
   memset(out, 0xa5, size_of(s, out_row, out_height));
   PROG_VK(p, vk->transition(p->device, 1,
                             &(VkHostImageLayoutTransitionInfoEXT){
                                .sType = VK_STRUCTURE_TYPE_HOST_IMAGE_LAYOUT_TRANSITION_INFO_EXT,
                                .image = image.image,
                                .newLayout = VK_IMAGE_LAYOUT_GENERAL,
                                .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, s->layers},
                             }));
   PROG_VK(p, vk->upload(p->device, &(VkCopyMemoryToImageInfoEXT){
                                       .sType = VK_STRUCTURE_TYPE_COPY_MEMORY_TO_IMAGE_INFO_EXT,
                                       .dstImage = image.image,
                                       .dstImageLayout = VK_IMAGE_LAYOUT_GENERAL,
                                       .regionCount = 1,
                                       .pRegions =
                                          &(VkMemoryToImageCopyEXT){
                                             .sType = VK_STRUCTURE_TYPE_MEMORY_TO_IMAGE_COPY_EXT,
                                             .pHostPointer = in,
                                             .memoryRowLength = in_row,
                                             .memoryImageHeight = in_height,
                                             .imageSubresource = layers,
                                             .imageExtent = s->extent,
                                          },
                                    }));
   PROG_VK(p, vk->download(p->device, &(VkCopyImageToMemoryInfoEXT){
                                         .sType = VK_STRUCTURE_TYPE_COPY_IMAGE_TO_MEMORY_INFO_EXT,
                                         .srcImage = image.image,
                                         .srcImageLayout = VK_IMAGE_LAYOUT_GENERAL,
                                         .regionCount = 1,
                                         .pRegions =
                                            &(VkImageToMemoryCopyEXT){
                                               .sType = VK_STRUCTURE_TYPE_IMAGE_TO_MEMORY_COPY_EXT,
                                               .pHostPointer = out,
                                               .memoryRowLength = out_row,
                                               .imageSubresource = layers,
                                               .imageExtent = s->extent,
                                            },
                                      }));

   const size_t in_pitch = in_row / s->block_side * s->block,
                out_pitch = out_row / s->block_side * s->block;
   const size_t row = s->extent.width / s->block_side * s->block;
   const uint32_t rows = s->extent.height / s->block_side;
   for (uint32_t z = 0; z < s->extent.depth * s->layers; z++) {
      for (uint32_t y = 0; y < rows; y++) {
         const uint8_t *there = in + (z * (in_height / s->block_side) + y) * in_pitch;
         const uint8_t *back = out + (z * rows + y) * out_pitch;
         PROG_EXPECT(p, !memcmp(there, back, row), "%s: row %u of slice %u came back changed",
                     s->name, y, z);
         for (size_t i = row; i < out_pitch; i++)
            PROG_EXPECT(p, back[i] == 0xa5, "%s: what lies beside row %u of slice %u was written",
                        s->name, y, z);
      }
   }
   free(in);
   free(out);
   prog_image_finish(p, &image);
   return PROG_RIGHT;
}

/* The host's own layout of the bytes. */
static enum prog_status
check_memcpy(struct prog *p, const struct functions *vk)
{
   PFN_vkGetImageSubresourceLayout2EXT get_layout =
      (PFN_vkGetImageSubresourceLayout2EXT)vkGetDeviceProcAddr(p->device,
                                                               "vkGetImageSubresourceLayout2EXT");
   VkSubresourceHostMemcpySizeEXT size = {.sType =
                                             VK_STRUCTURE_TYPE_SUBRESOURCE_HOST_MEMCPY_SIZE_EXT};
   VkSubresourceLayout2EXT layout = {.sType = VK_STRUCTURE_TYPE_SUBRESOURCE_LAYOUT_2_EXT,
                                     .pNext = &size};
   VkImageSubresource2EXT subresource = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_SUBRESOURCE_2_EXT,
      .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0},
   };
   const VkExtent3D extent = {33, 17, 1};
   struct prog_image images[2];

   for (int i = 0; i < 2; i++) {
      PROG_STEP(prog_image_init_2d(p, &images[i], VK_FORMAT_R8G8B8A8_UNORM, extent.width,
                                   extent.height, VK_IMAGE_USAGE_HOST_TRANSFER_BIT_EXT));
      PROG_VK(p, vk->transition(p->device, 1,
                                &(VkHostImageLayoutTransitionInfoEXT){
                                   .sType = VK_STRUCTURE_TYPE_HOST_IMAGE_LAYOUT_TRANSITION_INFO_EXT,
                                   .image = images[i].image,
                                   .newLayout = VK_IMAGE_LAYOUT_GENERAL,
                                   .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1},
                                }));
   }
   uint32_t texels[17 * 33], back[17 * 33];
   for (uint32_t i = 0; i < PROG_COUNT(texels); i++)
      texels[i] = i * 2654435761u;
   get_layout(p->device, images[0].image, &subresource, &layout);
   PROG_EXPECT(p, size.size >= sizeof(texels), "vkGetImageSubresourceLayout2 says %llu bytes",
               (unsigned long long)size.size);
   void *opaque = malloc(size.size);

   VkMemoryToImageCopyEXT to = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_TO_IMAGE_COPY_EXT,
      .pHostPointer = texels,
      .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
      .imageExtent = extent,
   };
   VkImageToMemoryCopyEXT from = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_TO_MEMORY_COPY_EXT,
      .pHostPointer = opaque,
      .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
      .imageExtent = extent,
   };
   VkCopyMemoryToImageInfoEXT upload = {
      .sType = VK_STRUCTURE_TYPE_COPY_MEMORY_TO_IMAGE_INFO_EXT,
      .dstImage = images[0].image,
      .dstImageLayout = VK_IMAGE_LAYOUT_GENERAL,
      .regionCount = 1,
      .pRegions = &to,
   };
   VkCopyImageToMemoryInfoEXT download = {
      .sType = VK_STRUCTURE_TYPE_COPY_IMAGE_TO_MEMORY_INFO_EXT,
      .flags = VK_HOST_IMAGE_COPY_MEMCPY_EXT,
      .srcImage = images[0].image,
      .srcImageLayout = VK_IMAGE_LAYOUT_GENERAL,
      .regionCount = 1,
      .pRegions = &from,
   };
   PROG_VK(p, vk->upload(p->device, &upload));
   PROG_VK(p, vk->download(p->device, &download));
   upload.flags = VK_HOST_IMAGE_COPY_MEMCPY_EXT;
   upload.dstImage = images[1].image;
   to.pHostPointer = opaque;
   PROG_VK(p, vk->upload(p->device, &upload));
   download.flags = 0;
   download.srcImage = images[1].image;
   from.pHostPointer = back;
   PROG_VK(p, vk->download(p->device, &download));
   PROG_EXPECT(p, !memcmp(texels, back, sizeof(back)),
               "what was copied in the host's layout came back changed");
   free(opaque);
   for (int i = 0; i < 2; i++)
      prog_image_finish(p, &images[i]);
   return PROG_RIGHT;
}

static enum prog_status
run(struct prog *p)
{
   VkPhysicalDeviceHostImageCopyFeaturesEXT features = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_HOST_IMAGE_COPY_FEATURES_EXT,
      .hostImageCopy = VK_TRUE,
   };
   p->extensions[0] = VK_EXT_HOST_IMAGE_COPY_EXTENSION_NAME;
   p->extension_features = &features;
   p->features13.pNext = &features;
   PROG_STEP(prog_init(p));

   const struct functions vk = {
      .transition = (PFN_vkTransitionImageLayoutEXT)vkGetDeviceProcAddr(
         p->device, "vkTransitionImageLayoutEXT"),
      .upload =
         (PFN_vkCopyMemoryToImageEXT)vkGetDeviceProcAddr(p->device, "vkCopyMemoryToImageEXT"),
      .download =
         (PFN_vkCopyImageToMemoryEXT)vkGetDeviceProcAddr(p->device, "vkCopyImageToMemoryEXT"),
   };
   PROG_EXPECT(p, vk.transition && vk.upload && vk.download,
               "the extension's functions have no addresses");
   for (uint32_t i = 0; i < PROG_COUNT(shapes); i++) {
      if (is_supported(p, &shapes[i]))
         PROG_STEP(check_shape(p, &vk, &shapes[i]));
      else
         printf("%s: the format cannot be copied\n", shapes[i].name);
   }
   return check_memcpy(p, &vk);
}

#else

static enum prog_status
run(struct prog *p)
{
   return prog_skipped(p, "the headers have no VK_EXT_host_image_copy");
}

#endif

int
main(void)
{
   struct prog p = {0};
   const enum prog_status status = run(&p);

   prog_finish(&p);
   return prog_report(&p, "host_copy", status);
}
