/* SPDX-License-Identifier: MIT */
#include "renderer/worker/marks.h"

#include "protocol/decoder.h"
#include "renderer/worker/handlers.h"

#include "tongs_gen_args.h"
#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

#define EXPORTED VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT

void
rdr_own_exports_memory(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct tongs_args_tongsExportsMemory a = {0};

   (void)op;
   tongs_decode_tongsExportsMemory(d, &a);
   if (d->error || !d->target) {
      rdr_end(ctx, "a tongsExportsMemory is malformed");
      return;
   }
   struct rdr_device *dev = d->target->data;
   dev->exports_memory = true;
}

/* Whether memory of these properties may be exported without being dedicated. */
static bool
is_exportable(const VkExternalMemoryProperties *p)
{
   return p->externalMemoryFeatures & VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT &&
          !(p->externalMemoryFeatures & VK_EXTERNAL_MEMORY_FEATURE_DEDICATED_ONLY_BIT);
}

/* --- Buffers --- */

bool
rdr_may_mark_buffers(const struct rdr_device *dev)
{
   const struct rdr_vk_device *vk = &dev->vk;
   VkExternalMemoryBufferCreateInfo external = {
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
      .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
   };
   VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .size = 4096,
      .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |
               VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_VERTEX_BUFFER_BIT,
   };
   VkMemoryRequirements plain = {0}, marked = {0};
   VkBuffer buffer;

   if (vk->CreateBuffer(dev->handle, &info, NULL, &buffer) != VK_SUCCESS)
      return false;
   vk->GetBufferMemoryRequirements(dev->handle, buffer, &plain);
   vk->DestroyBuffer(dev->handle, buffer, NULL);
   info.pNext = &external;
   if (vk->CreateBuffer(dev->handle, &info, NULL, &buffer) != VK_SUCCESS)
      return false;
   vk->GetBufferMemoryRequirements(dev->handle, buffer, &marked);
   vk->DestroyBuffer(dev->handle, buffer, NULL);
   return plain.memoryTypeBits == marked.memoryTypeBits && plain.size == marked.size;
}

static bool
can_export_buffer(const struct rdr_device *dev, const VkBufferCreateInfo *info)
{
   const struct rdr_vk_instance *vk = &dev->instance->vk;
   const VkPhysicalDeviceExternalBufferInfo question = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO,
      .flags = info->flags,
      .usage = info->usage,
      .handleType = EXPORTED,
   };
   VkExternalBufferProperties answer = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES};

   if (!vk->GetPhysicalDeviceExternalBufferProperties)
      return false;
   vk->GetPhysicalDeviceExternalBufferProperties(dev->physical, &question, &answer);
   return is_exportable(&answer.externalMemoryProperties);
}

const VkBufferCreateInfo *
rdr_mark_buffer(const struct rdr_device *dev, const VkBufferCreateInfo *info,
                struct rdr_marked_buffer *room)
{
   VkExternalMemoryHandleTypeFlags type = 0;

   if (dev->exports_memory && can_export_buffer(dev, info))
      type = EXPORTED;
   else if (dev->marks_buffers && !dev->exports_memory)
      type = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
   if (!type ||
       tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO))
      return info;
   room->info = *info;
   room->external = (VkExternalMemoryBufferCreateInfo){
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
      .pNext = info->pNext,
      .handleTypes = type,
   };
   room->info.pNext = &room->external;
   return &room->info;
}

/* --- Images --- */

/* Whether the chain has a struct that says by itself which memory the image is for. */
static bool
has_own_memory(const void *chain)
{
   return tongs_find_in_chain(chain, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO) ||
          tongs_find_in_chain(chain, VK_STRUCTURE_TYPE_IMAGE_SWAPCHAIN_CREATE_INFO_KHR) ||
          tongs_find_in_chain(chain,
                              VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_LIST_CREATE_INFO_EXT) ||
          tongs_find_in_chain(chain,
                              VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_EXPLICIT_CREATE_INFO_EXT);
}

static bool
fits(const VkImageCreateInfo *info, const VkImageFormatProperties *p)
{
   return info->extent.width <= p->maxExtent.width && info->extent.height <= p->maxExtent.height &&
          info->extent.depth <= p->maxExtent.depth && info->mipLevels <= p->maxMipLevels &&
          info->arrayLayers <= p->maxArrayLayers && info->samples & p->sampleCounts;
}

static bool
can_export_image(const struct rdr_device *dev, const VkImageCreateInfo *info)
{
   const struct rdr_vk_instance *vk = &dev->instance->vk;
   const VkImageFormatListCreateInfo *formats =
      tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_IMAGE_FORMAT_LIST_CREATE_INFO);
   const VkImageStencilUsageCreateInfo *stencil =
      tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_IMAGE_STENCIL_USAGE_CREATE_INFO);
   VkPhysicalDeviceExternalImageFormatInfo external = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO,
      .handleType = EXPORTED,
   };
   VkImageFormatListCreateInfo format_list;
   VkImageStencilUsageCreateInfo stencil_usage;
   VkPhysicalDeviceImageFormatInfo2 question = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
      .pNext = &external,
      .format = info->format,
      .type = info->imageType,
      .tiling = info->tiling,
      .usage = info->usage,
      .flags = info->flags,
   };
   VkExternalImageFormatProperties answer = {.sType =
                                                VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES};
   VkImageFormatProperties2 properties = {.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2,
                                          .pNext = &answer};

   if (formats) {
      format_list = *formats;
      format_list.pNext = question.pNext;
      question.pNext = &format_list;
   }
   if (stencil) {
      stencil_usage = *stencil;
      stencil_usage.pNext = question.pNext;
      question.pNext = &stencil_usage;
   }
   return vk->GetPhysicalDeviceImageFormatProperties2 &&
          vk->GetPhysicalDeviceImageFormatProperties2(dev->physical, &question, &properties) ==
             VK_SUCCESS &&
          is_exportable(&answer.externalMemoryProperties) &&
          fits(info, &properties.imageFormatProperties);
}

const VkImageCreateInfo *
rdr_mark_image(const struct rdr_device *dev, const VkImageCreateInfo *info,
               struct rdr_marked_image *room)
{
   /* Vulkan forbids external images with another initial layout. */
   if (!dev->exports_memory || info->initialLayout != VK_IMAGE_LAYOUT_UNDEFINED ||
       has_own_memory(info->pNext) || !can_export_image(dev, info))
      return info;
   room->info = *info;
   room->external = (VkExternalMemoryImageCreateInfo){
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO,
      .pNext = info->pNext,
      .handleTypes = EXPORTED,
   };
   room->info.pNext = &room->external;
   return &room->info;
}
