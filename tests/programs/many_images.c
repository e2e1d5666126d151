/* SPDX-License-Identifier: MIT */
/* Checks of images, views, samplers, and of the commands that clear and copy images. */
#include "tests/programs/many.h"

#include "tests/programs/shaders.h"

#include <stdio.h>
#include <string.h>

#define RGBA8 VK_FORMAT_R8G8B8A8_UNORM
#define COLOUR VK_IMAGE_ASPECT_COLOR_BIT
#define GENERAL VK_IMAGE_LAYOUT_GENERAL

static const VkImageUsageFlags transfer =
   VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;

struct image_kind {
   const char *name;
   VkImageType type;
   VkFormat format;
   VkExtent3D extent;
   uint32_t levels;
   uint32_t layers;
   VkSampleCountFlagBits samples;
   VkImageUsageFlags usage;
   VkImageCreateFlags flags;
   VkImageViewType view_type;
   VkFormat view_format;
   VkImageAspectFlags aspect;
};

#define SAMPLED VK_IMAGE_USAGE_SAMPLED_BIT
#define ATTACHMENT (VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT)
#define DEPTH (VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT)

/* clang-format off */
static const struct image_kind image_kinds[] = {
   {"1D", VK_IMAGE_TYPE_1D, RGBA8, {64, 1, 1}, 7, 1, 1, SAMPLED, 0,
    VK_IMAGE_VIEW_TYPE_1D, RGBA8, COLOUR},
   {"1D array", VK_IMAGE_TYPE_1D, RGBA8, {64, 1, 1}, 1, 5, 1, SAMPLED, 0,
    VK_IMAGE_VIEW_TYPE_1D_ARRAY, RGBA8, COLOUR},
   {"2D with levels", VK_IMAGE_TYPE_2D, RGBA8, {64, 32, 1}, 7, 1, 1, ATTACHMENT, 0,
    VK_IMAGE_VIEW_TYPE_2D, RGBA8, COLOUR},
   {"2D array", VK_IMAGE_TYPE_2D, VK_FORMAT_R16G16_SFLOAT, {33, 17, 1}, 2, 6, 1, SAMPLED, 0,
    VK_IMAGE_VIEW_TYPE_2D_ARRAY, VK_FORMAT_R16G16_SFLOAT, COLOUR},
   {"3D", VK_IMAGE_TYPE_3D, VK_FORMAT_R8_UNORM, {16, 16, 16}, 5, 1, 1, SAMPLED, 0,
    VK_IMAGE_VIEW_TYPE_3D, VK_FORMAT_R8_UNORM, COLOUR},
   {"cube", VK_IMAGE_TYPE_2D, RGBA8, {32, 32, 1}, 6, 6, 1, SAMPLED,
    VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT, VK_IMAGE_VIEW_TYPE_CUBE, RGBA8, COLOUR},
   {"of another format", VK_IMAGE_TYPE_2D, RGBA8, {32, 32, 1}, 1, 1, 1, SAMPLED,
    VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT, VK_IMAGE_VIEW_TYPE_2D, VK_FORMAT_R32_UINT, COLOUR},
   {"float", VK_IMAGE_TYPE_2D, VK_FORMAT_R32G32B32A32_SFLOAT, {20, 20, 1}, 1, 1, 1, ATTACHMENT, 0,
    VK_IMAGE_VIEW_TYPE_2D, VK_FORMAT_R32G32B32A32_SFLOAT, COLOUR},
   {"BC1", VK_IMAGE_TYPE_2D, VK_FORMAT_BC1_RGB_UNORM_BLOCK, {32, 32, 1}, 1, 1, 1, SAMPLED, 0,
    VK_IMAGE_VIEW_TYPE_2D, VK_FORMAT_BC1_RGB_UNORM_BLOCK, COLOUR},
   {"depth", VK_IMAGE_TYPE_2D, VK_FORMAT_D16_UNORM, {64, 64, 1}, 1, 1, 1, DEPTH, 0,
    VK_IMAGE_VIEW_TYPE_2D, VK_FORMAT_D16_UNORM, VK_IMAGE_ASPECT_DEPTH_BIT},
   {"depth and stencil", VK_IMAGE_TYPE_2D, VK_FORMAT_D32_SFLOAT_S8_UINT, {64, 64, 1}, 1, 1, 1,
    DEPTH, 0, VK_IMAGE_VIEW_TYPE_2D, VK_FORMAT_D32_SFLOAT_S8_UINT, VK_IMAGE_ASPECT_STENCIL_BIT},
   {"4 samples", VK_IMAGE_TYPE_2D, RGBA8, {64, 64, 1}, 1, 1, 4, ATTACHMENT, 0,
    VK_IMAGE_VIEW_TYPE_2D, RGBA8, COLOUR},
};
/* clang-format on */

static enum prog_status
one_kind(struct prog *p, const struct image_kind *k, bool *supported)
{
   VkImageFormatProperties limits;
   const VkResult known = vkGetPhysicalDeviceImageFormatProperties(
      p->phys, k->format, k->type, VK_IMAGE_TILING_OPTIMAL, k->usage, k->flags, &limits);
   *supported = known == VK_SUCCESS && (limits.sampleCounts & k->samples);
   PROG_EXPECT(p, known == VK_SUCCESS || known == VK_ERROR_FORMAT_NOT_SUPPORTED,
               "vkGetPhysicalDeviceImageFormatProperties gave %s", prog_result_name(known));
   if (!*supported)
      return PROG_RIGHT;

   const VkImageCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
      .flags = k->flags,
      .imageType = k->type,
      .format = k->format,
      .extent = k->extent,
      .mipLevels = k->levels,
      .arrayLayers = k->layers,
      .samples = k->samples,
      .usage = k->usage,
   };
   struct prog_image image;
   PROG_STEP(prog_image_init(p, &image, &info));
   const VkImageViewCreateInfo view = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
      .image = image.image,
      .viewType = k->view_type,
      .format = k->view_format,
      .components =
         {
            VK_COMPONENT_SWIZZLE_A,
            VK_COMPONENT_SWIZZLE_ONE,
            VK_COMPONENT_SWIZZLE_ZERO,
            VK_COMPONENT_SWIZZLE_IDENTITY,
         },
      .subresourceRange = {k->aspect, k->levels - 1, 1, 0, VK_REMAINING_ARRAY_LAYERS},
   };
   PROG_VK(p, vkCreateImageView(p->device, &view, NULL, &image.view));
   prog_image_finish(p, &image);
   return PROG_RIGHT;
}

enum prog_status
check_images_and_views(struct prog *p)
{
   char missing[256] = "";
   for (size_t i = 0; i < PROG_COUNT(image_kinds); i++) {
      bool supported;
      const enum prog_status status = one_kind(p, &image_kinds[i], &supported);
      if (status != PROG_RIGHT) {
         char why[256];
         snprintf(why, sizeof(why), "%.250s", p->why);
         return prog_wrong(p, "%s: %s", image_kinds[i].name, why);
      }
      if (!supported)
         snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing), "%s%s",
                  missing[0] ? ", " : "", image_kinds[i].name);
   }
   if (missing[0])
      printf("# images_and_views: the device has no images of these kinds: %s\n", missing);
   return PROG_RIGHT;
}

enum prog_status
check_samplers(struct prog *p)
{
   const bool anisotropy = p->features.samplerAnisotropy;
   const VkSamplerCreateInfo kinds[] = {
      {.minFilter = VK_FILTER_NEAREST, .magFilter = VK_FILTER_NEAREST},
      {.minFilter = VK_FILTER_LINEAR,
       .magFilter = VK_FILTER_LINEAR,
       .mipmapMode = VK_SAMPLER_MIPMAP_MODE_LINEAR,
       .mipLodBias = 0.5f,
       .minLod = 1.0f,
       .maxLod = VK_LOD_CLAMP_NONE},
      {.anisotropyEnable = anisotropy, .maxAnisotropy = anisotropy ? 2.0f : 0.0f},
      {.compareEnable = VK_TRUE, .compareOp = VK_COMPARE_OP_LESS_OR_EQUAL},
      {.addressModeU = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER,
       .addressModeV = VK_SAMPLER_ADDRESS_MODE_MIRRORED_REPEAT,
       .addressModeW = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
       .borderColor = VK_BORDER_COLOR_FLOAT_OPAQUE_WHITE},
      {.unnormalizedCoordinates = VK_TRUE,
       .addressModeU = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
       .addressModeV = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE},
   };
   VkSampler samplers[PROG_COUNT(kinds)];
   for (size_t i = 0; i < PROG_COUNT(kinds); i++) {
      VkSamplerCreateInfo info = kinds[i];
      info.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO;
      PROG_VK(p, vkCreateSampler(p->device, &info, NULL, &samplers[i]));
   }
   if (p->features12.samplerFilterMinmax) {
      const VkSamplerReductionModeCreateInfo reduction = {
         .sType = VK_STRUCTURE_TYPE_SAMPLER_REDUCTION_MODE_CREATE_INFO,
         .reductionMode = VK_SAMPLER_REDUCTION_MODE_MAX,
      };
      const VkSamplerCreateInfo info = {
         .sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
         .pNext = &reduction,
      };
      VkSampler sampler;
      PROG_VK(p, vkCreateSampler(p->device, &info, NULL, &sampler));
      vkDestroySampler(p->device, sampler, NULL);
   }
   for (size_t i = 0; i < PROG_COUNT(kinds); i++)
      vkDestroySampler(p->device, samplers[i], NULL);
   return PROG_RIGHT;
}

/* The colour of a pixel in test pictures. */
static uint32_t
texel(uint32_t x, uint32_t y)
{
   return x | y << 8 | (x ^ y) << 16 | 0xff000000u;
}

/* A picture in a buffer, from which and to which images are copied. */
struct picture {
   uint32_t width;
   uint32_t height;
   struct prog_buffer buffer;
};

static enum prog_status
picture_init(struct prog *p, struct picture *picture, uint32_t width, uint32_t height)
{
   picture->width = width;
   picture->height = height;
   PROG_STEP(prog_buffer_init(p, &picture->buffer, (VkDeviceSize)width * height * 4,
                              VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   uint32_t *texels = picture->buffer.map;
   for (uint32_t y = 0; y < height; y++) {
      for (uint32_t x = 0; x < width; x++)
         texels[y * width + x] = texel(x, y);
   }
   return PROG_RIGHT;
}

static VkBufferImageCopy
picture_region(const struct picture *picture, VkImageAspectFlags aspect, uint32_t level,
               uint32_t layer)
{
   return (VkBufferImageCopy){
      .imageSubresource = {aspect, level, layer, 1},
      .imageExtent = {picture->width, picture->height, 1},
   };
}

/* The image is in GENERAL. */
static void
picture_upload(const struct picture *picture, VkCommandBuffer commands, VkImage image)
{
   const VkBufferImageCopy region = picture_region(picture, COLOUR, 0, 0);
   vkCmdCopyBufferToImage(commands, picture->buffer.buffer, image, GENERAL, 1, &region);
   prog_memory_barrier(commands);
}

static void
picture_download(const struct picture *picture, VkCommandBuffer commands, VkImage image,
                 VkImageAspectFlags aspect, uint32_t level, uint32_t layer)
{
   const VkBufferImageCopy region = picture_region(picture, aspect, level, layer);
   prog_memory_barrier(commands);
   vkCmdCopyImageToBuffer(commands, image, GENERAL, picture->buffer.buffer, 1, &region);
   prog_memory_barrier(commands);
}

static uint32_t
picture_texel(const struct picture *picture, uint32_t x, uint32_t y)
{
   return ((const uint32_t *)picture->buffer.map)[y * picture->width + x];
}

static void
to_general(VkCommandBuffer commands, const struct prog_image *image, VkImageAspectFlags aspect)
{
   prog_image_barrier(commands, image->image, aspect, VK_IMAGE_LAYOUT_UNDEFINED, GENERAL);
}

static enum prog_status
expect_colour(struct prog *p, const struct picture *picture, const char *what, uint32_t right)
{
   for (uint32_t y = 0; y < picture->height; y++) {
      for (uint32_t x = 0; x < picture->width; x++) {
         const uint32_t seen = picture_texel(picture, x, y);
         PROG_EXPECT(p, seen == right, "%s: the pixel at %u,%u is %#x, not %#x", what, x, y, seen,
                     right);
      }
   }
   return PROG_RIGHT;
}

/* Written by the host where vkGetImageSubresourceLayout says, read by the device. */
enum prog_status
check_subresource_layout(struct prog *p)
{
   const uint32_t width = 37, height = 19;
   VkFormatProperties format;
   vkGetPhysicalDeviceFormatProperties(p->phys, RGBA8, &format);
   if (p->api >= VK_API_VERSION_1_1 &&
       !(format.linearTilingFeatures & VK_FORMAT_FEATURE_TRANSFER_SRC_BIT))
      return prog_skipped(p, "the device has no linear RGBA8 images to copy from");
   const VkImageCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
      .imageType = VK_IMAGE_TYPE_2D,
      .format = RGBA8,
      .extent = {width, height, 1},
      .mipLevels = 1,
      .arrayLayers = 1,
      .samples = VK_SAMPLE_COUNT_1_BIT,
      .tiling = VK_IMAGE_TILING_LINEAR,
      .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
      .initialLayout = VK_IMAGE_LAYOUT_PREINITIALIZED,
   };
   struct prog_image image;
   struct picture picture;
   PROG_STEP(prog_image_init(p, &image, &info));
   PROG_STEP(picture_init(p, &picture, width, height));
   memset(picture.buffer.map, 0, picture.buffer.size);

   const VkImageSubresource which = {COLOUR, 0, 0};
   VkSubresourceLayout layout;
   vkGetImageSubresourceLayout(p->device, image.image, &which, &layout);
   PROG_EXPECT(p, layout.rowPitch >= width * 4 && layout.size >= layout.rowPitch * (height - 1),
               "%ux%u pixels have the row pitch %llu and the size %llu", width, height,
               (unsigned long long)layout.rowPitch, (unsigned long long)layout.size);
   char *map;
   PROG_VK(p, vkMapMemory(p->device, image.memory, 0, VK_WHOLE_SIZE, 0, (void **)&map));
   for (uint32_t y = 0; y < height; y++) {
      for (uint32_t x = 0; x < width; x++) {
         const uint32_t value = texel(x, y);
         memcpy(map + layout.offset + y * layout.rowPitch + 4 * x, &value, 4);
      }
   }
   const VkMappedMemoryRange written = {
      .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
      .memory = image.memory,
      .size = VK_WHOLE_SIZE,
   };
   PROG_VK(p, vkFlushMappedMemoryRanges(p->device, 1, &written));
   vkUnmapMemory(p->device, image.memory);

   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_image_barrier(commands, image.image, COLOUR, VK_IMAGE_LAYOUT_PREINITIALIZED, GENERAL);
   picture_download(&picture, commands, image.image, COLOUR, 0, 0);
   PROG_STEP(prog_commands_run(p, commands));
   for (uint32_t i = 0; i < width * height; i++) {
      const uint32_t x = i % width, y = i / width;
      PROG_EXPECT(p, picture_texel(&picture, x, y) == texel(x, y),
                  "the pixel at %u,%u is %#x, not %#x", x, y, picture_texel(&picture, x, y),
                  texel(x, y));
   }
   prog_buffer_finish(p, &picture.buffer);
   prog_image_finish(p, &image);
   return PROG_RIGHT;
}

enum prog_status
check_clear_color(struct prog *p)
{
   const VkImageCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
      .imageType = VK_IMAGE_TYPE_2D,
      .format = RGBA8,
      .extent = {16, 16, 1},
      .mipLevels = 2,
      .arrayLayers = 3,
      .samples = VK_SAMPLE_COUNT_1_BIT,
      .usage = transfer,
   };
   struct prog_image image;
   struct picture whole, half;
   PROG_STEP(prog_image_init(p, &image, &info));
   PROG_STEP(picture_init(p, &whole, 16, 16));
   PROG_STEP(picture_init(p, &half, 8, 8));

   const VkClearColorValue red = {.float32 = {1.0f, 0.0f, 0.0f, 1.0f}};
   const VkClearColorValue blue = {.float32 = {0.0f, 0.0f, 1.0f, 0.0f}};
   const VkImageSubresourceRange all = {COLOUR, 0, VK_REMAINING_MIP_LEVELS, 0,
                                        VK_REMAINING_ARRAY_LAYERS};
   const VkImageSubresourceRange some[2] = {{COLOUR, 0, 1, 1, 1}, {COLOUR, 1, 1, 2, 1}};
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   to_general(commands, &image, COLOUR);
   vkCmdClearColorImage(commands, image.image, GENERAL, &red, 1, &all);
   prog_memory_barrier(commands);
   vkCmdClearColorImage(commands, image.image, GENERAL, &blue, 2, some);
   picture_download(&whole, commands, image.image, COLOUR, 0, 1);
   picture_download(&half, commands, image.image, COLOUR, 1, 2);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(expect_colour(p, &whole, "level 0 of layer 1", 0x00ff0000));
   PROG_STEP(expect_colour(p, &half, "level 1 of layer 2", 0x00ff0000));

   PROG_STEP(prog_commands_begin(p, &commands));
   picture_download(&whole, commands, image.image, COLOUR, 0, 2);
   picture_download(&half, commands, image.image, COLOUR, 1, 1);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(expect_colour(p, &whole, "level 0 of layer 2", 0xff0000ff));
   PROG_STEP(expect_colour(p, &half, "level 1 of layer 1", 0xff0000ff));
   prog_buffer_finish(p, &half.buffer);
   prog_buffer_finish(p, &whole.buffer);
   prog_image_finish(p, &image);
   return PROG_RIGHT;
}

enum prog_status
check_clear_depth_stencil(struct prog *p)
{
   if (!p->graphics)
      return prog_skipped(p, "the device has no graphics queue");
   VkFormatProperties format;
   vkGetPhysicalDeviceFormatProperties(p->phys, VK_FORMAT_D32_SFLOAT, &format);
   if (!(format.optimalTilingFeatures & VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT))
      return prog_skipped(p, "the device has no D32_SFLOAT images");
   struct prog_image image;
   struct picture picture;
   PROG_STEP(prog_image_init_2d(p, &image, VK_FORMAT_D32_SFLOAT, 16, 16,
                                transfer | VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT));
   PROG_STEP(picture_init(p, &picture, 16, 16));
   const VkClearDepthStencilValue value = {.depth = 0.25f};
   const VkImageSubresourceRange all = {VK_IMAGE_ASPECT_DEPTH_BIT, 0, 1, 0, 1};
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   to_general(commands, &image, VK_IMAGE_ASPECT_DEPTH_BIT);
   vkCmdClearDepthStencilImage(commands, image.image, GENERAL, &value, 1, &all);
   picture_download(&picture, commands, image.image, VK_IMAGE_ASPECT_DEPTH_BIT, 0, 0);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(expect_colour(p, &picture, "depth", 0x3e800000)); /* 0.25 as a float */
   prog_buffer_finish(p, &picture.buffer);
   prog_image_finish(p, &image);
   return PROG_RIGHT;
}

/* Two quarters change places between two images. */
enum prog_status
check_copy_image(struct prog *p)
{
   struct prog_image from, to;
   struct picture in, out;
   PROG_STEP(prog_image_init_2d(p, &from, RGBA8, 32, 32, transfer));
   PROG_STEP(prog_image_init_2d(p, &to, RGBA8, 32, 32, transfer));
   PROG_STEP(picture_init(p, &in, 32, 32));
   PROG_STEP(picture_init(p, &out, 32, 32));
   const VkClearColorValue black = {.float32 = {0}};
   const VkImageSubresourceRange all = {COLOUR, 0, 1, 0, 1};
   const VkImageSubresourceLayers layers = {COLOUR, 0, 0, 1};
   const VkImageCopy regions[2] = {
      {layers, {0, 0, 0}, layers, {16, 16, 0}, {16, 16, 1}},
      {layers, {16, 16, 0}, layers, {0, 0, 0}, {16, 16, 1}},
   };
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   to_general(commands, &from, COLOUR);
   to_general(commands, &to, COLOUR);
   picture_upload(&in, commands, from.image);
   vkCmdClearColorImage(commands, to.image, GENERAL, &black, 1, &all);
   prog_memory_barrier(commands);
   vkCmdCopyImage(commands, from.image, GENERAL, to.image, GENERAL, 2, regions);
   picture_download(&out, commands, to.image, COLOUR, 0, 0);
   PROG_STEP(prog_commands_run(p, commands));
   for (uint32_t i = 0; i < 32 * 32; i++) {
      const uint32_t x = i % 32, y = i / 32;
      const uint32_t right = x / 16 == y / 16 ? texel(x ^ 16, y ^ 16) : 0;
      PROG_EXPECT(p, picture_texel(&out, x, y) == right, "the pixel at %u,%u is %#x, not %#x", x, y,
                  picture_texel(&out, x, y), right);
   }
   prog_buffer_finish(p, &out.buffer);
   prog_buffer_finish(p, &in.buffer);
   prog_image_finish(p, &to);
   prog_image_finish(p, &from);
   return PROG_RIGHT;
}

/* Twice as large, and mirrored from left to right. */
enum prog_status
check_blit_image(struct prog *p)
{
   VkFormatProperties format;
   vkGetPhysicalDeviceFormatProperties(p->phys, RGBA8, &format);
   const VkFormatFeatureFlags blit =
      VK_FORMAT_FEATURE_BLIT_SRC_BIT | VK_FORMAT_FEATURE_BLIT_DST_BIT;
   if (!p->graphics || (format.optimalTilingFeatures & blit) != blit)
      return prog_skipped(p, "the device cannot blit RGBA8");
   struct prog_image from, to;
   struct picture in, out;
   PROG_STEP(prog_image_init_2d(p, &from, RGBA8, 16, 16, transfer));
   PROG_STEP(prog_image_init_2d(p, &to, RGBA8, 32, 32, transfer));
   PROG_STEP(picture_init(p, &in, 16, 16));
   PROG_STEP(picture_init(p, &out, 32, 32));
   const VkImageSubresourceLayers layers = {COLOUR, 0, 0, 1};
   const VkImageBlit region = {
      layers,
      {{0, 0, 0}, {16, 16, 1}},
      layers,
      {{32, 0, 0}, {0, 32, 1}},
   };
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   to_general(commands, &from, COLOUR);
   to_general(commands, &to, COLOUR);
   picture_upload(&in, commands, from.image);
   vkCmdBlitImage(commands, from.image, GENERAL, to.image, GENERAL, 1, &region, VK_FILTER_NEAREST);
   picture_download(&out, commands, to.image, COLOUR, 0, 0);
   PROG_STEP(prog_commands_run(p, commands));
   for (uint32_t i = 0; i < 32 * 32; i++) {
      const uint32_t x = i % 32, y = i / 32;
      const uint32_t right = texel((31 - x) / 2, y / 2);
      PROG_EXPECT(p, picture_texel(&out, x, y) == right, "the pixel at %u,%u is %#x, not %#x", x, y,
                  picture_texel(&out, x, y), right);
   }
   prog_buffer_finish(p, &out.buffer);
   prog_buffer_finish(p, &in.buffer);
   prog_image_finish(p, &to);
   prog_image_finish(p, &from);
   return PROG_RIGHT;
}

enum prog_status
check_resolve_image(struct prog *p)
{
   if (!p->graphics)
      return prog_skipped(p, "the device has no graphics queue");
   const VkImageCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
      .imageType = VK_IMAGE_TYPE_2D,
      .format = RGBA8,
      .extent = {16, 16, 1},
      .mipLevels = 1,
      .arrayLayers = 1,
      .samples = VK_SAMPLE_COUNT_4_BIT,
      .usage = transfer | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
   };
   struct prog_image from, to;
   struct picture out;
   PROG_STEP(prog_image_init(p, &from, &info));
   PROG_STEP(
      prog_image_init_2d(p, &to, RGBA8, 16, 16, transfer | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT));
   PROG_STEP(picture_init(p, &out, 16, 16));
   const VkClearColorValue colour = {.float32 = {0.0f, 1.0f, 1.0f, 0.2f}};
   const VkImageSubresourceRange all = {COLOUR, 0, 1, 0, 1};
   const VkImageSubresourceLayers layers = {COLOUR, 0, 0, 1};
   const VkImageResolve region = {layers, {0, 0, 0}, layers, {0, 0, 0}, {16, 16, 1}};
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   to_general(commands, &from, COLOUR);
   to_general(commands, &to, COLOUR);
   vkCmdClearColorImage(commands, from.image, GENERAL, &colour, 1, &all);
   prog_memory_barrier(commands);
   vkCmdResolveImage(commands, from.image, GENERAL, to.image, GENERAL, 1, &region);
   picture_download(&out, commands, to.image, COLOUR, 0, 0);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(expect_colour(p, &out, "resolved", 0x33ffff00));
   prog_buffer_finish(p, &out.buffer);
   prog_image_finish(p, &to);
   prog_image_finish(p, &from);
   return PROG_RIGHT;
}

static enum prog_status
bind_images(struct prog *p, const struct prog_compute *compute, VkSampler sampler,
            const struct prog_image *from, const struct prog_image *to)
{
   const VkDescriptorImageInfo infos[2] = {
      {sampler, from->view, GENERAL},
      {VK_NULL_HANDLE, to->view, GENERAL},
   };
   const VkDescriptorType types[2] = {
      VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
      VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
   };
   VkWriteDescriptorSet writes[2];
   for (uint32_t i = 0; i < 2; i++) {
      writes[i] = (VkWriteDescriptorSet){
         .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
         .dstSet = compute->set,
         .dstBinding = i,
         .descriptorCount = 1,
         .descriptorType = types[i],
         .pImageInfo = &infos[i],
      };
   }
   vkUpdateDescriptorSets(p->device, 2, writes, 0, NULL);
   return PROG_RIGHT;
}

/* A shader reads through a sampler (an immutable one in the second run) and stores. */
static enum prog_status
sample_once(struct prog *p, bool immutable)
{
   VkSampler sampler;
   const VkSamplerCreateInfo sampler_info = {.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO};
   PROG_VK(p, vkCreateSampler(p->device, &sampler_info, NULL, &sampler));
   const VkDescriptorSetLayoutBinding bindings[2] = {
      {0, VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 1, VK_SHADER_STAGE_COMPUTE_BIT,
       immutable ? &sampler : NULL},
      {1, VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL},
   };
   struct prog_compute compute;
   struct prog_image from, to;
   struct picture in, out;
   PROG_STEP(prog_compute_init_bindings(p, &compute, &prog_shader_sample, bindings, 2, 0, NULL));
   PROG_STEP(prog_image_init_2d(p, &from, RGBA8, 16, 16, transfer | VK_IMAGE_USAGE_SAMPLED_BIT));
   PROG_STEP(prog_image_init_2d(p, &to, RGBA8, 16, 16, transfer | VK_IMAGE_USAGE_STORAGE_BIT));
   PROG_STEP(prog_image_view(p, &from, VK_IMAGE_VIEW_TYPE_2D, RGBA8));
   PROG_STEP(prog_image_view(p, &to, VK_IMAGE_VIEW_TYPE_2D, RGBA8));
   PROG_STEP(picture_init(p, &in, 16, 16));
   PROG_STEP(picture_init(p, &out, 16, 16));
   PROG_STEP(bind_images(p, &compute, immutable ? VK_NULL_HANDLE : sampler, &from, &to));

   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   to_general(commands, &from, COLOUR);
   to_general(commands, &to, COLOUR);
   picture_upload(&in, commands, from.image);
   prog_compute_use(&compute, commands);
   vkCmdDispatch(commands, 16, 16, 1);
   picture_download(&out, commands, to.image, COLOUR, 0, 0);
   PROG_STEP(prog_commands_run(p, commands));
   for (uint32_t i = 0; i < 16 * 16; i++) {
      const uint32_t x = i % 16, y = i / 16;
      PROG_EXPECT(p, picture_texel(&out, x, y) == texel(15 - x, y),
                  "the pixel at %u,%u is %#x, not %#x", x, y, picture_texel(&out, x, y),
                  texel(15 - x, y));
   }
   prog_buffer_finish(p, &out.buffer);
   prog_buffer_finish(p, &in.buffer);
   prog_image_finish(p, &to);
   prog_image_finish(p, &from);
   prog_compute_finish(p, &compute);
   vkDestroySampler(p->device, sampler, NULL);
   return PROG_RIGHT;
}

enum prog_status
check_sampled_image(struct prog *p)
{
   PROG_STEP(sample_once(p, false));
   return sample_once(p, true);
}
