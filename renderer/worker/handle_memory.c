/* SPDX-License-Identifier: MIT */

/* Memory, and transfers to and from memory that the client cannot map. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/clear_pages.h"
#include "renderer/worker/external.h"
#include "renderer/worker/heap.h"
#include "renderer/worker/object.h"
#include "renderer/worker/replies.h"

#include "tongs_gen_args.h"
#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Clears memory that the host driver allocated and that the client may read: drivers for the CPU
 * take it from the worker's own heap, which holds what was freed there. Heaps of the client's are
 * clear already, and imported memory holds what it was imported for. */
static void
clear(const struct rdr_device *dev, VkDeviceMemory memory, uint64_t size)
{
   const VkMappedMemoryRange all = {
      .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
      .memory = memory,
      .size = VK_WHOLE_SIZE,
   };
   void *data;

   if (dev->vk.MapMemory(dev->handle, memory, 0, VK_WHOLE_SIZE, 0, &data) != VK_SUCCESS)
      return;
   rdr_clear_used_pages(data, size);
   dev->vk.FlushMappedMemoryRanges(dev->handle, 1, &all);
   dev->vk.UnmapMemory(dev->handle, memory);
}

void
rdr_handle_AllocateMemory(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkAllocateMemory *a = args;
   struct rdr_device *dev = op->owner;
   VkMemoryAllocateInfo info = *a->pAllocateInfo;
   VkImportMemoryHostPointerInfoEXT import = {
      .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
      .pNext = info.pNext,
      .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
   };
   VkPhysicalDeviceMemoryProperties types;
   struct rdr_heap *heap = NULL;
   struct stat st = {0};
   int fd = -1;

   dev->instance->vk.GetPhysicalDeviceMemoryProperties(dev->physical, &types);
   if (info.memoryTypeIndex >= types.memoryTypeCount) { /* R5 */
      rdr_end(ctx, "memory type %u does not exist", info.memoryTypeIndex);
      return;
   }
   if (info.allocationSize > ctx->limits.memory_bytes - ctx->memory_bytes) {
      a->ret = VK_ERROR_OUT_OF_DEVICE_MEMORY;
      return;
   }
   if (a->heap) {
      if (info.allocationSize > ctx->limits.heap_bytes || !dev->imports_host_memory) {
         a->ret = VK_ERROR_OUT_OF_DEVICE_MEMORY;
         return;
      }
      info.allocationSize = (info.allocationSize + TONGS_HEAP_PAGE - 1) & ~(TONGS_HEAP_PAGE - 1);
      if (!rdr_heap_range(ctx, dev, a->heap, a->heap_offset, info.allocationSize, &heap,
                          &import.pHostPointer)) {
         rdr_end(ctx, "a vkAllocateMemory names a range that is not in its heap");
         return;
      }
      if (!import.pHostPointer) {
         a->ret = VK_ERROR_OUT_OF_DEVICE_MEMORY;
         return;
      }
      info.pNext = &import;
   }
   if (!rdr_external_import_fd(ctx, op, a, &fd) || a->ret != VK_SUCCESS)
      return;
   bool mappable =
      types.memoryTypes[info.memoryTypeIndex].propertyFlags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
   struct rdr_memory *memory = rdr_memory_create(a->pAllocateInfo->allocationSize, mappable, heap);
   if (!memory) {
      if (fd >= 0)
         close(fd);
      a->ret = VK_ERROR_OUT_OF_HOST_MEMORY;
      return;
   }
   rdr_external_note(memory, &info, fd);
   if (fd >= 0)
      fstat(fd, &st);
   a->ret = dev->vk.AllocateMemory(a->device, &info, NULL, a->pMemory);
   if (a->ret != VK_SUCCESS) /* else the host driver owns the descriptor */
      rdr_external_close_refused(fd, &st);
   else if (mappable && !heap && fd < 0)
      clear(dev, *a->pMemory, info.allocationSize);
   if (a->ret != VK_SUCCESS || !rdr_object_add(ctx, TONGS_TYPE_VkDeviceMemory, a->base.new_ids[0],
                                               (uint64_t)*a->pMemory, a->ret, op->parent, memory))
      rdr_memory_destroy(memory);
   else
      ctx->memory_bytes += memory->size;
}

void
rdr_handle_FreeMemory(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkFreeMemory *a = args;
   struct rdr_device *dev = op->owner;

   /* Free the host's memory first, because the release may unmap the heap that the memory was
    * imported from. */
   dev->vk.FreeMemory(a->device, a->memory, NULL);
   rdr_object_release(ctx, op, &a->base);
}

/* --- Explicit transfers --- */

/* The range of a tongsMemoryWrite or tongsMemoryRead. */
struct range {
   struct rdr_device *dev;
   VkDeviceMemory memory;
   uint64_t offset;
   uint64_t size;
   void *data; /* mapped */
};

static bool
map(struct range *r, const struct rdr_memory *memory)
{
   if (!memory->mappable || r->size > memory->size || r->offset > memory->size - r->size)
      return false;
   /* We map the whole memory: ranges to flush and invalidate must be aligned to the device's atom
    * size. */
   if (r->dev->vk.MapMemory(r->dev->handle, r->memory, 0, VK_WHOLE_SIZE, 0, &r->data) != VK_SUCCESS)
      return false;
   return true;
}

static VkMappedMemoryRange
whole(const struct range *r)
{
   return (VkMappedMemoryRange){
      .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
      .memory = r->memory,
      .size = VK_WHOLE_SIZE,
   };
}

void
rdr_own_memory_write(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct tongs_args_tongsMemoryWrite a = {0};

   (void)op;
   tongs_decode_tongsMemoryWrite(d, &a);
   const struct tongs_slot *slot = rdr_object_find(ctx, a.memory, TONGS_TYPE_VkDeviceMemory);
   if (d->error || !d->target || !slot || slot->device != d->device || !slot->handle) {
      rdr_end(ctx, "a tongsMemoryWrite is malformed");
      return;
   }
   struct range r = {.dev = d->target->data,
                     .memory = (VkDeviceMemory)slot->handle,
                     .offset = a.offset,
                     .size = a.bytes_size};
   if (!map(&r, slot->data)) {
      rdr_end(ctx, "a tongsMemoryWrite is out of its memory's range, or that cannot be mapped");
      return;
   }
   if (r.size)
      memcpy((uint8_t *)r.data + r.offset, a.bytes, r.size);
   VkMappedMemoryRange all = whole(&r);
   r.dev->vk.FlushMappedMemoryRanges(r.dev->handle, 1, &all);
   r.dev->vk.UnmapMemory(r.dev->handle, r.memory);
}

void
rdr_own_memory_read(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct tongs_args_tongsMemoryRead a = {0};
   size_t offset;

   tongs_decode_tongsMemoryRead(d, &a);
   const struct tongs_slot *slot = rdr_object_find(ctx, a.memory, TONGS_TYPE_VkDeviceMemory);
   if (d->error || !d->target || !slot || slot->device != d->device || !slot->handle) {
      rdr_end(ctx, "a tongsMemoryRead is malformed");
      return;
   }
   struct range r = {.dev = d->target->data,
                     .memory = (VkDeviceMemory)slot->handle,
                     .offset = a.offset,
                     .size = a.size};
   if (!map(&r, slot->data)) {
      rdr_end(ctx, "a tongsMemoryRead is out of its memory's range, or that cannot be mapped");
      return;
   }
   VkMappedMemoryRange all = whole(&r);
   r.dev->vk.InvalidateMappedMemoryRanges(r.dev->handle, 1, &all);
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &offset);
   tongs_encode_reply_tongsMemoryRead(
      e, &(struct tongs_reply_tongsMemoryRead){.bytes = (uint8_t *)r.data + r.offset,
                                               .bytes_size = r.size});
   rdr_reply_end(ctx, offset);
   r.dev->vk.UnmapMemory(r.dev->handle, r.memory);
}
