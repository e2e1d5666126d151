/* SPDX-License-Identifier: MIT */

/* Images, and copies between images and the client's memory. */

#include "renderer/worker/handlers.h"

#include "protocol/format.h"
#include "renderer/worker/marks.h"
#include "renderer/worker/object.h"
#include "renderer/worker/replies.h"
#include "renderer/worker/swapchain.h"

#include "tongs_gen_args.h"
#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

/* The slot's data is the format, which bounds what a copy reads and writes (R4). */
void
rdr_handle_CreateImage(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkCreateImage *a = args;
   struct rdr_device *dev = op->owner;
   struct rdr_marked_image room;

   a->ret =
      dev->vk.CreateImage(a->device, rdr_mark_image(dev, a->pCreateInfo, &room), NULL, a->pImage);
   rdr_objects_add_with_data(ctx, op, TONGS_TYPE_VkImage, &a->base, a->pImage, a->ret,
                             (void *)(uintptr_t)a->pCreateInfo->format);
}

/* A marked image may have other requirements. */
void
rdr_handle_GetDeviceImageMemoryRequirements(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkGetDeviceImageMemoryRequirements *a = args;
   struct rdr_device *dev = op->owner;
   VkDeviceImageMemoryRequirements info = *a->pInfo;
   struct rdr_marked_image room;

   if (!dev->vk.GetDeviceImageMemoryRequirements) {
      rdr_refuse_command(ctx, "vkGetDeviceImageMemoryRequirements");
      return;
   }
   info.pCreateInfo = rdr_mark_image(dev, info.pCreateInfo, &room);
   dev->vk.GetDeviceImageMemoryRequirements(a->device, &info, a->pMemoryRequirements);
}

void
rdr_handle_GetDeviceImageSparseMemoryRequirements(struct rdr_context *ctx, struct rdr_op *op,
                                                  void *args)
{
   struct tongs_args_vkGetDeviceImageSparseMemoryRequirements *a = args;
   struct rdr_device *dev = op->owner;
   VkDeviceImageMemoryRequirements info = *a->pInfo;
   struct rdr_marked_image room;

   if (!dev->vk.GetDeviceImageSparseMemoryRequirements) {
      rdr_refuse_command(ctx, "vkGetDeviceImageSparseMemoryRequirements");
      return;
   }
   info.pCreateInfo = rdr_mark_image(dev, info.pCreateInfo, &room);
   dev->vk.GetDeviceImageSparseMemoryRequirements(
      a->device, &info, a->pSparseMemoryRequirementCount, a->pSparseMemoryRequirements);
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
   if (a->ret < 0 && !op->is_call)
      rdr_post_failed(ctx, op, dev, "vkBindImageMemory2", a->ret);
}

#ifdef VK_EXT_host_image_copy

/* The region that a tongsCopyMemoryToImage or tongsCopyImageToMemory copies. */
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

/* False if the op is malformed, or its image belongs to another device or is a failed object. */
static bool
find_region(struct rdr_context *ctx, const struct tongs_decoder *d,
            const struct tongs_own_region *a, struct region *r)
{
   const struct tongs_slot *slot =
      d->error ? NULL : rdr_object_find(ctx, a->image, TONGS_TYPE_VkImage);

   if (!slot || slot->device != d->device || !slot->handle || slot->result < 0 || d->failed)
      return false;
   *r = (struct region){
      .dev = d->target->data,
      .image = (VkImage)slot->handle,
      .format = (uint32_t)(uintptr_t)slot->data,
      .flags = a->flags,
      .layout = (VkImageLayout)a->layout,
      .subresource = {a->aspect, a->level, a->first_layer, a->layers},
      .offset = {a->x, a->y, a->z},
      .extent = {a->width, a->height, a->depth},
   };
   return r->dev != NULL;
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
   struct tongs_args_tongsCopyMemoryToImage a = {0};
   struct region r;
   size_t at;

   tongs_decode_tongsCopyMemoryToImage(d, &a);
   uint64_t size = find_region(ctx, d, &a.region, &r) ? bytes_of(&r) : UINT64_MAX;
   if (size == UINT64_MAX || a.bytes_size != size || !r.dev->vk.CopyMemoryToImage) {
      rdr_end(ctx, "a tongsCopyMemoryToImage is malformed");
      return;
   }
   VkMemoryToImageCopyEXT region = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_TO_IMAGE_COPY_EXT,
      .pHostPointer = a.bytes,
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
   tongs_encode_reply_tongsCopyMemoryToImage(
      e, &(struct tongs_reply_tongsCopyMemoryToImage){.result = result});
   rdr_reply_end(ctx, at);
}

void
rdr_own_copy_image_to_memory(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct tongs_args_tongsCopyImageToMemory a = {0};
   struct region r;
   size_t at;

   tongs_decode_tongsCopyImageToMemory(d, &a);
   uint64_t size = find_region(ctx, d, &a.region, &r) ? bytes_of(&r) : UINT64_MAX;
   if (size == UINT64_MAX || size != a.size || !r.dev->vk.CopyImageToMemory) {
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
   tongs_encode_reply_tongsCopyImageToMemory(
      e, &(struct tongs_reply_tongsCopyImageToMemory){
            .result = result, .bytes = bytes, .bytes_size = size});
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
