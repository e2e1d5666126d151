/* SPDX-License-Identifier: MIT */

/* Copies between images and the application's memory (VK_EXT_host_image_copy). Each region is sent
 * by its own op, without the gaps between rows, so that no other memory of the application is read
 * or written. */

#include "icd/image.h"

#include "protocol/decoder.h"
#include "protocol/format.h"
#include "protocol/frame.h"

#include "icd_gen_entry.h"
#include "tongs_gen_own.h"

#include <stdlib.h>
#include <string.h>

#ifdef VK_EXT_host_image_copy

/* A region larger than this, in bytes, is sent in slices. */
#define PART_SIZE (UINT64_C(32) << 20)

/* One region of an upload or a download. */
struct region {
   struct icd_dispatchable *device;
   struct icd_image *image;
   VkImage handle;
   VkHostImageCopyFlagsEXT flags;
   VkImageLayout layout;
   uint8_t *data; /* the application's memory, at the region's first texel */
   uint32_t row_length;
   uint32_t image_height;
   VkImageSubresourceLayers subresource;
   VkOffset3D offset;
   VkExtent3D extent;
   struct tongs_format block;
   uint64_t size; /* without gaps */
};

/* Asks for the size in the host driver's own layout (VK_HOST_IMAGE_COPY_MEMCPY). */
static bool
find_memcpy_size(struct region *r)
{
   VkSubresourceHostMemcpySizeEXT size = {.sType =
                                             VK_STRUCTURE_TYPE_SUBRESOURCE_HOST_MEMCPY_SIZE_EXT};
   VkSubresourceLayout2KHR layout = {.sType = VK_STRUCTURE_TYPE_SUBRESOURCE_LAYOUT_2_KHR,
                                     .pNext = &size};
   VkImageSubresource2KHR subresource = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_SUBRESOURCE_2_KHR,
      .imageSubresource = {r->subresource.aspectMask, r->subresource.mipLevel,
                           r->subresource.baseArrayLayer},
   };
   struct tongs_args_vkGetImageSubresourceLayout2 args = {
      .device = (VkDevice)r->device,
      .image = r->handle,
      .pSubresource = &subresource,
      .pLayout = &layout,
   };

   icd_call(r->device->connection, TONGS_OP_vkGetImageSubresourceLayout2, &args);
   r->size = size.size * r->subresource.layerCount;
   return size.size && size.size <= TONGS_OP_SIZE_MAX;
}

/* Fills in the members that follow from the image. */
static bool
complete(struct region *r)
{
   if (r->subresource.layerCount == VK_REMAINING_ARRAY_LAYERS)
      r->subresource.layerCount = r->image->layers - r->subresource.baseArrayLayer;
   if (r->flags & VK_HOST_IMAGE_COPY_MEMCPY_EXT)
      return find_memcpy_size(r);
   if (!tongs_format_block(r->image->format, r->subresource.aspectMask, &r->block))
      return false;
   if (!r->row_length)
      r->row_length = r->extent.width;
   if (!r->image_height)
      r->image_height = r->extent.height;
   r->size = tongs_format_bytes(&r->block, r->extent.width, r->extent.height, r->extent.depth,
                                r->subresource.layerCount);
   return r->size <= UINT32_MAX ||
          r->size / r->subresource.layerCount / r->extent.depth <= TONGS_OP_SIZE_MAX;
}

/* Moves the region between the application's rows and `packed`, which has no gaps. */
static void
move_rows(const struct region *r, uint8_t *packed, bool in)
{
   if (r->flags & VK_HOST_IMAGE_COPY_MEMCPY_EXT) { /* the block is not filled in */
      memcpy(in ? packed : r->data, in ? r->data : packed, r->size);
      return;
   }
   const uint32_t width = r->block.width, height = r->block.height, depth = r->block.depth;
   const size_t row = (size_t)((r->extent.width + width - 1) / width) * r->block.size;
   const size_t pitch = (size_t)((r->row_length + width - 1) / width) * r->block.size;
   const size_t slice = (size_t)((r->image_height + height - 1) / height) * pitch;
   const uint32_t rows = (r->extent.height + height - 1) / height;
   const uint32_t slices = (r->extent.depth + depth - 1) / depth * r->subresource.layerCount;

   for (uint32_t z = 0; z < slices; z++) {
      for (uint32_t y = 0; y < rows; y++) {
         uint8_t *theirs = r->data + z * slice + y * pitch;
         memcpy(in ? packed : theirs, in ? theirs : packed, row);
         packed += row;
      }
   }
}

static struct tongs_own_region
describe(const struct region *r)
{
   return (struct tongs_own_region){
      .flags = r->flags,
      .device = r->device->object.id,
      .image = icd_image_from(r->handle)->base.id,
      .layout = r->layout,
      .aspect = r->subresource.aspectMask,
      .level = r->subresource.mipLevel,
      .first_layer = r->subresource.baseArrayLayer,
      .layers = r->subresource.layerCount,
      .x = r->offset.x,
      .y = r->offset.y,
      .z = r->offset.z,
      .width = r->extent.width,
      .height = r->extent.height,
      .depth = r->extent.depth,
   };
}

static void
encode(struct tongs_encoder *e, const struct region *r, const uint8_t *packed, bool upload)
{
   struct tongs_args_tongsCopyMemoryToImage there = {
      .region = describe(r), .bytes = packed, .bytes_size = r->size};
   struct tongs_args_tongsCopyImageToMemory back = {.region = describe(r), .size = r->size};

   if (upload)
      tongs_encode_tongsCopyMemoryToImage(e, &there);
   else
      tongs_encode_tongsCopyImageToMemory(e, &back);
}

/* Reads the result from the reply. Copies the bytes of a download to `packed`. */
static VkResult
decode(struct tongs_decoder *d, const struct region *r, uint8_t *packed, bool upload)
{
   struct tongs_reply_tongsCopyMemoryToImage there = {0};
   struct tongs_reply_tongsCopyImageToMemory back = {0};

   if (upload) {
      tongs_decode_reply_tongsCopyMemoryToImage(d, &there);
      return (VkResult)there.result;
   }
   tongs_decode_reply_tongsCopyImageToMemory(d, &back);
   if (back.bytes_size > r->size)
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
   else if (back.bytes_size)
      memcpy(packed, back.bytes, back.bytes_size);
   return (VkResult)back.result;
}

/* Sends one op and receives its reply. `packed`: the bytes of an upload or room for a download. */
static VkResult
exchange(const struct region *r, uint8_t *packed, bool upload)
{
   struct icd_connection *c = r->device->connection;
   uint16_t op = upload ? TONGS_OP_tongsCopyMemoryToImage : TONGS_OP_tongsCopyImageToMemory;
   struct icd_pending_call call;
   struct tongs_decoder d;
   size_t at, size = 0;

   struct tongs_encoder *e = icd_own_call_begin(c, &call, op, &at);
   encode(e, r, packed, upload);
   if (!icd_own_call_wait(c, &call, at, &size))
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   icd_own_reply_begin(&call, &d, NULL);
   VkResult result = decode(&d, r, packed, upload);
   free(call.reply);
   if (d.error) {
      icd_connection_lose(c);
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   }
   return result;
}

static VkResult
copy_whole(const struct region *r, bool upload)
{
   uint8_t *packed = malloc(r->size ? r->size : 1);
   if (!packed)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   if (upload)
      move_rows(r, packed, true);
   VkResult result = exchange(r, packed, upload);
   if (!upload && result == VK_SUCCESS)
      move_rows(r, packed, false);
   free(packed);
   return result;
}

static VkResult
copy(struct region *r, bool upload)
{
   if (!complete(r))
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   if (r->size <= PART_SIZE || r->flags & VK_HOST_IMAGE_COPY_MEMCPY_EXT)
      return copy_whole(r, upload);

   struct region part = *r;
   const uint64_t slice = tongs_format_bytes(&r->block, r->row_length, r->image_height, 1, 1);
   VkResult result = VK_SUCCESS;
   part.extent.depth = r->extent.depth < r->block.depth ? r->extent.depth : r->block.depth;
   part.subresource.layerCount = 1;
   part.size =
      tongs_format_bytes(&r->block, r->extent.width, r->extent.height, part.extent.depth, 1);
   for (uint32_t layer = 0; layer < r->subresource.layerCount && result == VK_SUCCESS; layer++) {
      part.subresource.baseArrayLayer = r->subresource.baseArrayLayer + layer;
      for (uint32_t z = 0; z < r->extent.depth && result == VK_SUCCESS; z += r->block.depth) {
         part.offset.z = r->offset.z + (int32_t)z;
         result = copy_whole(&part, upload);
         part.data += slice;
      }
   }
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CopyMemoryToImage(VkDevice device, const VkCopyMemoryToImageInfoEXT *pCopyMemoryToImageInfo)
{
   const VkCopyMemoryToImageInfoEXT *info = pCopyMemoryToImageInfo;
   VkResult result = VK_SUCCESS;

   for (uint32_t i = 0; i < info->regionCount && result == VK_SUCCESS; i++) {
      const VkMemoryToImageCopyEXT *from = &info->pRegions[i];
      struct region r = {
         .device = icd_dispatchable_from(device),
         .image = icd_image_from(info->dstImage),
         .handle = info->dstImage,
         .flags = info->flags,
         .layout = info->dstImageLayout,
         .data = (uint8_t *)from->pHostPointer,
         .row_length = from->memoryRowLength,
         .image_height = from->memoryImageHeight,
         .subresource = from->imageSubresource,
         .offset = from->imageOffset,
         .extent = from->imageExtent,
      };
      result = copy(&r, true);
   }
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CopyImageToMemory(VkDevice device, const VkCopyImageToMemoryInfoEXT *pCopyImageToMemoryInfo)
{
   const VkCopyImageToMemoryInfoEXT *info = pCopyImageToMemoryInfo;
   VkResult result = VK_SUCCESS;

   for (uint32_t i = 0; i < info->regionCount && result == VK_SUCCESS; i++) {
      const VkImageToMemoryCopyEXT *to = &info->pRegions[i];
      struct region r = {
         .device = icd_dispatchable_from(device),
         .image = icd_image_from(info->srcImage),
         .handle = info->srcImage,
         .flags = info->flags,
         .layout = info->srcImageLayout,
         .data = to->pHostPointer,
         .row_length = to->memoryRowLength,
         .image_height = to->memoryImageHeight,
         .subresource = to->imageSubresource,
         .offset = to->imageOffset,
         .extent = to->imageExtent,
      };
      result = copy(&r, false);
   }
   return result;
}

#endif
