/* SPDX-License-Identifier: MIT */

/* Memory, and transfers to and from memory that the client cannot map. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/external.h"
#include "renderer/worker/heap.h"
#include "renderer/worker/object.h"
#include "renderer/worker/replies.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
   if (a->heap) {
      if (info.allocationSize > ctx->limits.heap_bytes || !dev->imports_host_memory) {
         a->ret = VK_ERROR_OUT_OF_DEVICE_MEMORY;
         return;
      }
      info.allocationSize = (info.allocationSize + RDR_HEAP_PAGE - 1) & ~(RDR_HEAP_PAGE - 1);
      import.pHostPointer =
         rdr_heap_range(ctx, dev, a->heap, a->heap_offset, info.allocationSize, &heap);
      if (!import.pHostPointer) {
         rdr_end(ctx, "a vkAllocateMemory names a range that is not in its heap");
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
   if (a->ret != VK_SUCCESS || !rdr_object_add(ctx, TONGS_TYPE_VkDeviceMemory, a->base.new_ids[0],
                                               (uint64_t)*a->pMemory, a->ret, op->parent, memory))
      rdr_memory_destroy(memory);
}

void
rdr_handle_FreeMemory(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkFreeMemory *a = args;
   struct rdr_device *dev = op->owner;

   /* The host's memory goes first: the release may unmap the heap that the memory is made of. */
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
   struct range r;

   (void)op;
   tongs_decode_target(d, TONGS_TYPE_VkDevice);
   uint64_t id = tongs_decode_u64(d);
   r.offset = tongs_decode_u64(d);
   uint32_t size = tongs_decode_u32(d);
   d->cur = size ? d->cur - sizeof(size) : d->cur;
   const void *bytes = tongs_decode_blob(d, size, true);
   const struct tongs_slot *slot = rdr_object_find(ctx, id, TONGS_TYPE_VkDeviceMemory);
   if (d->error || !d->target || !slot || slot->device != d->device || !slot->handle) {
      rdr_end(ctx, "a tongsMemoryWrite is malformed");
      return;
   }
   r.dev = d->target->data;
   r.memory = (VkDeviceMemory)slot->handle;
   r.size = size;
   if (!map(&r, slot->data)) {
      rdr_end(ctx, "a tongsMemoryWrite is out of its memory's range, or that cannot be mapped");
      return;
   }
   if (size)
      memcpy((uint8_t *)r.data + r.offset, bytes, size);
   VkMappedMemoryRange all = whole(&r);
   r.dev->vk.FlushMappedMemoryRanges(r.dev->handle, 1, &all);
   r.dev->vk.UnmapMemory(r.dev->handle, r.memory);
}

void
rdr_own_memory_read(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct range r;
   size_t offset;

   tongs_decode_u32(d);
   tongs_decode_target(d, TONGS_TYPE_VkDevice);
   uint64_t id = tongs_decode_u64(d);
   r.offset = tongs_decode_u64(d);
   r.size = tongs_decode_u64(d);
   const struct tongs_slot *slot = rdr_object_find(ctx, id, TONGS_TYPE_VkDeviceMemory);
   if (d->error || !d->target || !slot || slot->device != d->device || !slot->handle) {
      rdr_end(ctx, "a tongsMemoryRead is malformed");
      return;
   }
   r.dev = d->target->data;
   r.memory = (VkDeviceMemory)slot->handle;
   if (!map(&r, slot->data)) {
      rdr_end(ctx, "a tongsMemoryRead is out of its memory's range, or that cannot be mapped");
      return;
   }
   VkMappedMemoryRange all = whole(&r);
   r.dev->vk.InvalidateMappedMemoryRanges(r.dev->handle, 1, &all);
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &offset);
   tongs_encode_blob(e, (uint8_t *)r.data + r.offset, r.size);
   rdr_reply_end(ctx, offset);
   r.dev->vk.UnmapMemory(r.dev->handle, r.memory);
}
