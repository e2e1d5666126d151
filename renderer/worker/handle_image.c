/* SPDX-License-Identifier: MIT */

/* Images, and copies between images and the client's memory. */

#include "renderer/worker/handlers.h"

#include "protocol/format.h"
#include "renderer/worker/object.h"
#include "renderer/worker/replies.h"
#include "renderer/worker/swapchain.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

/* The slot's data is the format, which bounds what a copy reads and writes (R4). */
void
rdr_handle_CreateImage(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkCreateImage *a = args;
   struct rdr_device *dev = op->owner;

   a->ret = dev->vk.CreateImage(a->device, a->pCreateInfo, NULL, a->pImage);
   rdr_objects_add_with_data(ctx, op, TONGS_TYPE_VkImage, &a->base, a->pImage, a->ret,
                             (void *)(uintptr_t)a->pCreateInfo->format);
}

/* Drivers use the image number as an index (R5). */
void
rdr_handle_BindImageMemory2(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkBindImageMemory2 *a = args;
   struct rdr_device *dev = op->owner;

   if (!dev->vk.BindImageMemory2) {
      rdr_refuse_command(ctx, "vkBindImageMemory2");
      return;
   }
   for (uint32_t i = 0; i < a->bindInfoCount; i++) {
      const VkBindImageMemorySwapchainInfoKHR *to = tongs_find_in_chain(
         a->pBindInfos[i].pNext, VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_SWAPCHAIN_INFO_KHR);
      const struct rdr_swapchain *s = to ? rdr_swapchain_find(dev, to->swapchain) : NULL;
      if (s && to->imageIndex >= s->count) {
         rdr_end(ctx, "a vkBindImageMemory2 names an image that is not in its swapchain");
         return;
      }
   }
   a->ret = dev->vk.BindImageMemory2(a->device, a->bindInfoCount, a->pBindInfos);
   if (a->ret < 0)
      rdr_post_failed(ctx, op, dev, "vkBindImageMemory2", a->ret);
}

#ifdef VK_EXT_host_image_copy

/* What a tongsCopyMemoryToImage or tongsCopyImageToMemory copies. */
struct region {
   struct rdr_device *dev;
   VkImage image;
   uint32_t format;
   VkHostImageCopyFlagsEXT flags;
   VkImageLayout layout;
   VkImageSubresourceLayers subresource;
   VkOffset3D offset;
   VkExtent3D extent;
};

static void
decode_head(struct rdr_context *ctx, struct tongs_decoder *d, struct region *r)
{
   uint64_t image;

   r->flags = tongs_decode_u32(d);
   tongs_decode_target(d, TONGS_TYPE_VkDevice);
   if (sizeof(image) <= tongs_decoder_left(d)) {
      memcpy(&image, d->cur, sizeof(image));
      const struct tongs_slot *slot = rdr_object_find(ctx, image, TONGS_TYPE_VkImage);
      r->format = slot ? (uint32_t)(uintptr_t)slot->data : 0;
   }
   r->image = (VkImage)tongs_decode_handle(d, TONGS_TYPE_VkImage);
   r->layout = (VkImageLayout)tongs_decode_u32(d);
   r->subresource = (VkImageSubresourceLayers){
      .aspectMask = tongs_decode_u32(d),
      .mipLevel = tongs_decode_u32(d),
      .baseArrayLayer = tongs_decode_u32(d),
      .layerCount = tongs_decode_u32(d),
   };
   r->offset = (VkOffset3D){
      .x = tongs_decode_i32(d),
      .y = tongs_decode_i32(d),
      .z = tongs_decode_i32(d),
   };
   r->extent = (VkExtent3D){
      .width = tongs_decode_u32(d),
      .height = tongs_decode_u32(d),
      .depth = tongs_decode_u32(d),
   };
   tongs_decode_u32(d);
   r->dev = d->target ? d->target->data : NULL;
}

/* How many bytes of the client's memory the host driver will read or write; UINT64_MAX if the copy
 * must not reach the driver. */
static uint64_t
bytes_of(const struct region *r)
{
   struct tongs_format block;
   VkSubresourceHostMemcpySizeEXT size = {.sType =
                                             VK_STRUCTURE_TYPE_SUBRESOURCE_HOST_MEMCPY_SIZE_EXT};
   VkSubresourceLayout2KHR layout = {.sType = VK_STRUCTURE_TYPE_SUBRESOURCE_LAYOUT_2_KHR,
                                     .pNext = &size};
   VkImageSubresource2KHR subresource = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_SUBRESOURCE_2_KHR,
      .imageSubresource = {r->subresource.aspectMask, r->subresource.mipLevel,
                           r->subresource.baseArrayLayer},
   };
   uint64_t bytes;

   if (!r->image || r->flags & ~(VkHostImageCopyFlagsEXT)VK_HOST_IMAGE_COPY_MEMCPY_EXT ||
       r->subresource.mipLevel >= 32 || r->subresource.layerCount == VK_REMAINING_ARRAY_LAYERS)
      return UINT64_MAX;
   if (!(r->flags & VK_HOST_IMAGE_COPY_MEMCPY_EXT))
      return tongs_format_block(r->format, r->subresource.aspectMask, &block)
                ? tongs_format_bytes(&block, r->extent.width, r->extent.height, r->extent.depth,
                                     r->subresource.layerCount)
                : UINT64_MAX;
   if (!r->dev->vk.GetImageSubresourceLayout2)
      return UINT64_MAX;
   r->dev->vk.GetImageSubresourceLayout2(r->dev->handle, r->image, &subresource, &layout);
   return __builtin_mul_overflow(size.size, r->subresource.layerCount, &bytes) ? UINT64_MAX : bytes;
}

void
rdr_own_copy_memory_to_image(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct region r = {0};
   size_t at;

   decode_head(ctx, d, &r);
   uint64_t size = d->error || d->failed || !r.dev ? UINT64_MAX : bytes_of(&r);
   const void *bytes = size == UINT64_MAX ? NULL : tongs_decode_blob(d, size, false);
   if (d->error || size == UINT64_MAX || !r.dev->vk.CopyMemoryToImage) {
      rdr_end(ctx, "a tongsCopyMemoryToImage is malformed");
      return;
   }
   VkMemoryToImageCopyEXT region = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_TO_IMAGE_COPY_EXT,
      .pHostPointer = bytes,
      .imageSubresource = r.subresource,
      .imageOffset = r.offset,
      .imageExtent = r.extent,
   };
   VkCopyMemoryToImageInfoEXT info = {
      .sType = VK_STRUCTURE_TYPE_COPY_MEMORY_TO_IMAGE_INFO_EXT,
      .flags = r.flags,
      .dstImage = r.image,
      .dstImageLayout = r.layout,
      .regionCount = 1,
      .pRegions = &region,
   };
   VkResult result = r.dev->vk.CopyMemoryToImage(r.dev->handle, &info);
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &at);
   tongs_encode_i32(e, result);
   rdr_reply_end(ctx, at);
}

void
rdr_own_copy_image_to_memory(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct region r = {0};
   size_t at;

   decode_head(ctx, d, &r);
   uint64_t wanted = tongs_decode_u64(d);
   uint64_t size = d->error || d->failed || !r.dev ? UINT64_MAX : bytes_of(&r);
   if (size == UINT64_MAX || size != wanted || !r.dev->vk.CopyImageToMemory) {
      rdr_end(ctx, "a tongsCopyImageToMemory is malformed");
      return;
   }
   void *bytes = tongs_decode_room(d, size, 1);
   VkImageToMemoryCopyEXT region = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_TO_MEMORY_COPY_EXT,
      .pHostPointer = bytes,
      .imageSubresource = r.subresource,
      .imageOffset = r.offset,
      .imageExtent = r.extent,
   };
   VkCopyImageToMemoryInfoEXT info = {
      .sType = VK_STRUCTURE_TYPE_COPY_IMAGE_TO_MEMORY_INFO_EXT,
      .flags = r.flags,
      .srcImage = r.image,
      .srcImageLayout = r.layout,
      .regionCount = 1,
      .pRegions = &region,
   };
   VkResult result =
      bytes ? r.dev->vk.CopyImageToMemory(r.dev->handle, &info) : VK_ERROR_OUT_OF_HOST_MEMORY;
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &at);
   tongs_encode_i32(e, result);
   if (result == VK_SUCCESS)
      tongs_encode_blob(e, bytes, size);
   rdr_reply_end(ctx, at);
}

#else

void
rdr_own_copy_memory_to_image(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   (void)op, (void)d;
   rdr_end(ctx, "this worker's Vulkan headers have no host image copies");
}

void
rdr_own_copy_image_to_memory(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   (void)op, (void)d;
   rdr_end(ctx, "this worker's Vulkan headers have no host image copies");
}

#endif
