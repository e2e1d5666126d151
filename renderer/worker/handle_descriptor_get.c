/* SPDX-License-Identifier: MIT */

/* Descriptors as bytes (VK_EXT_descriptor_buffer). Drivers write a descriptor without checking the
 * size that the application states, so the size comes from the device's properties. */

#include "renderer/worker/handlers.h"

#include "tongs_gen_args.h"

#include <string.h>

/* The sizes that a descriptor of a type may have. */
struct sizes {
   size_t least;
   size_t most;
};

/* A combined image sampler with a conversion takes several descriptors, one for each plane at
 * most. */
#define PLANES_MAX 4u

/* Drivers without robustness may leave its size out. */
static struct sizes
range(size_t plain, size_t robust)
{
   if (!robust)
      robust = plain;
   return plain < robust ? (struct sizes){plain, robust} : (struct sizes){robust, plain};
}

static struct sizes
sizes_of(const VkPhysicalDeviceDescriptorBufferPropertiesEXT *p, VkDescriptorType type)
{
   switch ((uint32_t)type) {
   case VK_DESCRIPTOR_TYPE_SAMPLER:
      return range(p->samplerDescriptorSize, p->samplerDescriptorSize);
   case VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER:
      return (struct sizes){p->combinedImageSamplerDescriptorSize,
                            PLANES_MAX * p->combinedImageSamplerDescriptorSize};
   case VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE:
      return range(p->sampledImageDescriptorSize, p->sampledImageDescriptorSize);
   case VK_DESCRIPTOR_TYPE_STORAGE_IMAGE:
      return range(p->storageImageDescriptorSize, p->storageImageDescriptorSize);
   case VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER:
      return range(p->uniformTexelBufferDescriptorSize, p->robustUniformTexelBufferDescriptorSize);
   case VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER:
      return range(p->storageTexelBufferDescriptorSize, p->robustStorageTexelBufferDescriptorSize);
   case VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER:
      return range(p->uniformBufferDescriptorSize, p->robustUniformBufferDescriptorSize);
   case VK_DESCRIPTOR_TYPE_STORAGE_BUFFER:
      return range(p->storageBufferDescriptorSize, p->robustStorageBufferDescriptorSize);
   case VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT:
      return range(p->inputAttachmentDescriptorSize, p->inputAttachmentDescriptorSize);
   case VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR:
   case VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_NV:
      return range(p->accelerationStructureDescriptorSize, p->accelerationStructureDescriptorSize);
   default:
      return (struct sizes){0};
   }
}

/* The driver writes into room for the largest descriptor of the type. The reply holds the bytes
 * that the application asked for, and zeros for those that the driver did not write. */
void
rdr_handle_GetDescriptorEXT(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkGetDescriptorEXT *a = args;
   struct rdr_device *dev = op->owner;
   VkPhysicalDeviceDescriptorBufferPropertiesEXT properties = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DESCRIPTOR_BUFFER_PROPERTIES_EXT};
   VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                      .pNext = &properties};

   if (!dev->vk.GetDescriptorEXT || !dev->instance->vk.GetPhysicalDeviceProperties2) {
      rdr_refuse_command(ctx, "vkGetDescriptorEXT");
      return;
   }
   dev->instance->vk.GetPhysicalDeviceProperties2(dev->physical, &all);
   const struct sizes sizes = sizes_of(&properties, a->pDescriptorInfo->type);
   if (!sizes.least || a->dataSize < sizes.least || a->dataSize > sizes.most) {
      rdr_end(ctx, "a vkGetDescriptorEXT asks for %zu bytes of a descriptor that has %zu to %zu",
              a->dataSize, sizes.least, sizes.most);
      return;
   }
   void *room = tongs_arena_alloc(&ctx->arena, sizes.most);
   if (!room) {
      rdr_end(ctx, "out of memory for a vkGetDescriptorEXT");
      return;
   }
   dev->vk.GetDescriptorEXT(a->device, a->pDescriptorInfo, a->dataSize, room);
   memcpy(a->pDescriptor, room, a->dataSize);
}
