/* SPDX-License-Identifier: MIT */
#include "icd/memory.h"

#include "icd/app_pages.h"
#include "icd/connection.h"
#include "icd/device.h"
#include "icd/external.h"
#include "icd/physical_device.h"
#include "icd/twin.h"
#include "protocol/decoder.h"
#include "protocol/frame.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"
#include "tongs_gen_own.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Explicit transfers are split into ops of at most this size, in bytes. */
#define TRANSFER_SIZE (UINT64_C(4) << 20)

/* Imports the application's pages and makes a heap of them. */
static VkResult
import_pages(struct icd_device *dev, struct icd_memory *mem,
             const VkImportMemoryHostPointerInfoEXT *import)
{
   if (mem->strategy != ICD_MEMORY_SHARED ||
       import->handleType != VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT)
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   if (icd_connection_is_lost(dev->base.connection))
      return VK_ERROR_DEVICE_LOST;
   mem->pages = icd_app_pages_take(import->pHostPointer, mem->size);
   if (!mem->pages)
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   const struct icd_app_region *region = mem->pages->region;
   return icd_heap_borrow(&dev->heaps, region->fd, ICD_APP_REGION_SIZE,
                          (uint64_t)(uintptr_t)import->pHostPointer - region->start, mem->size,
                          import->pHostPointer, &mem->range)
             ? VK_SUCCESS
             : VK_ERROR_OUT_OF_HOST_MEMORY;
}

/* Allocates the pages of shared memory; does nothing for other memory. `import`: the application's
 * pages to import, or NULL. */
static VkResult
take_shared(struct icd_device *dev, struct icd_memory *mem,
            const VkImportMemoryHostPointerInfoEXT *import)
{
   if (import)
      return import_pages(dev, mem, import);
   if (mem->strategy != ICD_MEMORY_SHARED || icd_heap_alloc(&dev->heaps, mem->size, &mem->range))
      return VK_SUCCESS;
   return VK_ERROR_OUT_OF_DEVICE_MEMORY;
}

/* Frees the pages of shared memory. */
static void
drop_shared(struct icd_device *dev, struct icd_memory *mem)
{
   icd_heap_free(&dev->heaps, &mem->range);
   if (mem->pages) /* else the worker keeps the pages until the next op */
      icd_flush(dev->base.connection);
   icd_app_pages_release(mem->pages, icd_connection_is_lost(dev->base.connection));
}

/* Whether the host driver allows an allocation. The heaps' sizes do not tell: some drivers take
 * more, and shared memory never asks the host's heaps. */
static VkResult
ask_host(struct icd_device *dev, const VkMemoryAllocateInfo *info)
{
   const VkMemoryAllocateInfo plain = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .allocationSize = info->allocationSize,
      .memoryTypeIndex = info->memoryTypeIndex,
   };
   struct icd_connection *c = dev->base.connection;
   struct tongs_object object = {.id = icd_id_new(c, TONGS_TYPE_VkDeviceMemory)};
   VkDeviceMemory memory = (VkDeviceMemory)(uintptr_t)&object;
   struct tongs_args_vkAllocateMemory args = {
      .device = (VkDevice)dev,
      .pAllocateInfo = &plain,
      .pMemory = &memory,
   };

   if (!object.id)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   VkResult result = icd_call(c, TONGS_OP_vkAllocateMemory, &args);
   if (result == VK_SUCCESS) {
      struct tongs_args_vkFreeMemory free_args = {
         .device = (VkDevice)dev,
         .memory = (VkDeviceMemory)(uintptr_t)&object,
      };
      icd_post(c, TONGS_OP_vkFreeMemory, &free_args);
   }
   icd_id_free(c, object.id);
   return result;
}

/* Makes the worker allocate memory, and allocates its pages if it is shared. Frees the pages on
 * failure. `import`: the application's pages, or NULL. `imported`: the descriptor that is imported,
 * or -1. */
static VkResult
allocate(struct icd_device *dev, struct icd_memory *mem, const VkMemoryAllocateInfo *info,
         const VkImportMemoryHostPointerInfoEXT *import, int imported)
{
   const VkPhysicalDeviceMemoryProperties *types = &dev->physical->memory;
   const VkMemoryType *type = &types->memoryTypes[info->memoryTypeIndex];
   VkDeviceMemory created = (VkDeviceMemory)(uintptr_t)mem;
   struct tongs_args_vkAllocateMemory args = {
      .device = (VkDevice)dev,
      .pAllocateInfo = info,
      .pMemory = &created,
   };
   VkResult result = VK_SUCCESS;

   if (mem->strategy == ICD_MEMORY_SHARED && !import &&
       mem->size > types->memoryHeaps[type->heapIndex].size)
      result = ask_host(dev, info);
   if (result == VK_SUCCESS)
      result = take_shared(dev, mem, import);
   if (result == VK_SUCCESS) {
      args.heap = mem->range.number; /* 0: none */
      args.heap_offset = mem->range.offset;
      result =
         icd_call_with_fds(dev->base.connection, TONGS_OP_vkAllocateMemory, &args, imported, NULL);
   }
   if (result == VK_SUCCESS)
      return result;
   icd_heap_free_refused(&dev->heaps, &mem->range);
   mem->range.heap = NULL;
   drop_shared(dev, mem);
   mem->pages = NULL;
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_AllocateMemory(VkDevice device, const VkMemoryAllocateInfo *pAllocateInfo,
                   const VkAllocationCallbacks *pAllocator, VkDeviceMemory *pMemory)
{
   struct icd_device *dev = icd_device_from(device);
   const VkPhysicalDeviceMemoryProperties *types = &dev->physical->memory;
   const VkExportMemoryAllocateInfo export = {
      .sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
      .pNext = pAllocateInfo->pNext,
      .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT,
   };
   const VkImportMemoryHostPointerInfoEXT *import = icd_external_pages_import(pAllocateInfo);
   VkMemoryAllocateInfo info = *pAllocateInfo;
   int imported = -1;

   /* A type that does not exist comes from requirements of a buffer or image that has none. */
   if (pAllocateInfo->memoryTypeIndex >= types->memoryTypeCount)
      return VK_ERROR_OUT_OF_DEVICE_MEMORY;
   if (!icd_external_find_import(dev, pAllocateInfo, &imported))
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   struct icd_memory *mem =
      icd_object_create_sized(&dev->base, pAllocator, TONGS_TYPE_VkDeviceMemory, sizeof(*mem));
   if (!mem)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   mem->size = pAllocateInfo->allocationSize;
   mem->strategy = dev->physical->strategies[pAllocateInfo->memoryTypeIndex];
   mem->dma_buf = -1;
   if (dev->exports_memory && mem->strategy == ICD_MEMORY_SHARED && imported < 0 && !import &&
       !tongs_find_in_chain(info.pNext, export.sType))
      info.pNext = &export;
   if (mem->strategy == ICD_MEMORY_SHARED && icd_external_is_wanted(&info))
      mem->strategy = ICD_MEMORY_EXTERNAL;

   icd_spare_describe(mem, &info);
   VkResult result = VK_SUCCESS;
   if (!icd_spare_take(dev, mem))
      result = allocate(dev, mem, &info, import, imported);
   if ((result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_TOO_MANY_OBJECTS) &&
       icd_spares_free(dev))
      result = allocate(dev, mem, &info, import, imported);
   if (result != VK_SUCCESS) {
      icd_object_destroy(&dev->base, pAllocator, &mem->base);
      return result;
   }
   if (imported >= 0) /* the import took it from the application */
      close(imported);
   *pMemory = (VkDeviceMemory)(uintptr_t)mem;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_FreeMemory(VkDevice device, VkDeviceMemory memory, const VkAllocationCallbacks *pAllocator)
{
   struct icd_device *dev = icd_device_from(device);
   struct icd_memory *mem = icd_memory_from(memory);
   if (!mem)
      return;

   struct tongs_args_vkFreeMemory args = {.device = device, .memory = memory};
   if (!icd_spare_keep(dev, mem)) {
      icd_post(dev->base.connection, TONGS_OP_vkFreeMemory, &args);
      drop_shared(dev, mem);
      icd_note_freed(dev->base.connection, mem->size);
   }
   icd_twin_destroy(mem->twin);
   if (mem->copy)
      munmap(mem->copy, mem->before + mem->size);
   if (mem->dma_buf >= 0)
      close(mem->dma_buf);
   icd_object_destroy(&dev->base, pAllocator, &mem->base);
}

/* --- Mapping --- */

static VkResult
read_range(struct icd_device *dev, struct icd_memory *mem, uint64_t offset, uint64_t size);

static VkResult
map(struct icd_device *dev, struct icd_memory *mem, uint64_t offset, void **data)
{
   if (mem->strategy == ICD_MEMORY_SHARED) {
      *data = (uint8_t *)mem->range.data + offset;
      return VK_SUCCESS;
   }
   if (mem->strategy == ICD_MEMORY_EXTERNAL)
      return icd_external_map(dev, mem, offset, data);
   if (mem->strategy != ICD_MEMORY_EXPLICIT)
      return VK_ERROR_MEMORY_MAP_FAILED;
   if (!mem->copy) {
      void *copy = mmap(NULL, mem->size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (copy == MAP_FAILED)
         return VK_ERROR_MEMORY_MAP_FAILED;
      mem->copy = copy;
      /* Applications map the memory and expect the data that the GPU wrote before, without an
       * invalidate. */
      VkResult result = read_range(dev, mem, 0, mem->size);
      if (result != VK_SUCCESS) {
         munmap(copy, mem->size);
         mem->copy = NULL;
         return result == VK_ERROR_DEVICE_LOST ? VK_ERROR_MEMORY_MAP_FAILED : result;
      }
      mem->twin = icd_twin_create(mem->size); /* without it, all bytes are sent */
   }
   *data = (uint8_t *)mem->copy + offset;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_MapMemory(VkDevice device, VkDeviceMemory memory, VkDeviceSize offset, VkDeviceSize size,
              VkMemoryMapFlags flags, void **ppData)
{
   (void)size, (void)flags;
   return map(icd_device_from(device), icd_memory_from(memory), offset, ppData);
}

VKAPI_ATTR void VKAPI_CALL
icd_UnmapMemory(VkDevice device, VkDeviceMemory memory)
{
   (void)device;
   icd_external_unmap(icd_memory_from(memory));
}

#ifdef VK_KHR_map_memory2
VKAPI_ATTR VkResult VKAPI_CALL
icd_MapMemory2(VkDevice device, const VkMemoryMapInfoKHR *pMemoryMapInfo, void **ppData)
{
   return map(icd_device_from(device), icd_memory_from(pMemoryMapInfo->memory),
              pMemoryMapInfo->offset, ppData);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_UnmapMemory2(VkDevice device, const VkMemoryUnmapInfoKHR *pMemoryUnmapInfo)
{
   (void)device;
   icd_external_unmap(icd_memory_from(pMemoryUnmapInfo->memory));
   return VK_SUCCESS;
}
#endif

/* --- Explicit transfers --- */

/* `bytes`: those of the range. */
static VkResult
write_bytes(struct icd_device *dev, struct icd_memory *mem, uint64_t offset, uint64_t size,
            const uint8_t *bytes)
{
   struct icd_connection *c = dev->base.connection;

   for (uint64_t done = 0; done < size; done += TRANSFER_SIZE) {
      uint64_t part = size - done < TRANSFER_SIZE ? size - done : TRANSFER_SIZE;
      size_t at;
      struct tongs_encoder *e = icd_op_begin(c, TONGS_OP_tongsMemoryWrite, 0, &at);
      tongs_encode_tongsMemoryWrite(e, &(struct tongs_args_tongsMemoryWrite){
                                          .device = dev->base.object.id,
                                          .memory = mem->base.id,
                                          .offset = offset + done,
                                          .bytes = bytes + done,
                                          .bytes_size = part,
                                       });
      if (!icd_op_end(c, at))
         return VK_ERROR_OUT_OF_HOST_MEMORY;
   }
   return VK_SUCCESS;
}

/* Sends what has changed since it was sent. If the device may write the memory, this is all: an
 * application may write the same bytes again, over those that the device wrote. */
static VkResult
write_range(struct icd_device *dev, struct icd_memory *mem, uint64_t offset, uint64_t size)
{
   const uint64_t end = offset + size;
   const uint8_t *bytes;
   VkResult result = VK_SUCCESS;
   uint64_t start;

   if (!mem->twin || atomic_load_explicit(&mem->written, memory_order_relaxed))
      return write_bytes(dev, mem, offset, size, (const uint8_t *)mem->copy + offset);
   while (result == VK_SUCCESS &&
          (bytes = icd_twin_next(mem->twin, mem->copy, &offset, end, &start)))
      result = write_bytes(dev, mem, start, offset - start, bytes);
   return result;
}

/* Reads `size` bytes, at most TRANSFER_SIZE, in one round trip. */
static VkResult
read_part(struct icd_device *dev, struct icd_memory *mem, uint64_t offset, uint64_t size)
{
   struct icd_connection *c = dev->base.connection;
   struct tongs_reply_tongsMemoryRead reply = {0};
   struct icd_pending_call call;
   struct tongs_decoder d;
   size_t at, body_size = 0;

   struct tongs_encoder *e = icd_own_call_begin(c, &call, TONGS_OP_tongsMemoryRead, &at);
   tongs_encode_tongsMemoryRead(e, &(struct tongs_args_tongsMemoryRead){
                                      .device = dev->base.object.id,
                                      .memory = mem->base.id,
                                      .offset = offset,
                                      .size = size,
                                   });
   if (!icd_own_call_wait(c, &call, at, &body_size))
      return VK_ERROR_DEVICE_LOST;
   icd_own_reply_begin(&call, &d, NULL);
   tongs_decode_reply_tongsMemoryRead(&d, &reply);
   bool ok = !d.error && reply.bytes_size <= size;
   if (ok && reply.bytes_size)
      memcpy((uint8_t *)mem->copy + offset, reply.bytes, reply.bytes_size);
   free(call.reply);
   if (!ok)
      icd_connection_lose(c);
   return ok ? VK_SUCCESS : VK_ERROR_DEVICE_LOST;
}

static VkResult
read_range(struct icd_device *dev, struct icd_memory *mem, uint64_t offset, uint64_t size)
{
   VkResult result = VK_SUCCESS;

   for (uint64_t done = 0; done < size && result == VK_SUCCESS; done += TRANSFER_SIZE) {
      uint64_t part = size - done < TRANSFER_SIZE ? size - done : TRANSFER_SIZE;
      result = read_part(dev, mem, offset + done, part);
   }
   return result;
}

static VkResult
for_each_range(VkDevice device, uint32_t count, const VkMappedMemoryRange *ranges,
               VkResult (*move)(struct icd_device *, struct icd_memory *, uint64_t, uint64_t))
{
   VkResult result = VK_SUCCESS;

   for (uint32_t i = 0; i < count && result == VK_SUCCESS; i++) {
      struct icd_memory *mem = icd_memory_from(ranges[i].memory);
      if (mem->strategy != ICD_MEMORY_EXPLICIT || !mem->copy)
         continue;
      uint64_t left = mem->size - ranges[i].offset;
      uint64_t size = ranges[i].size < left ? ranges[i].size : left;
      result = move(icd_device_from(device), mem, ranges[i].offset, size);
   }
   return result == VK_ERROR_DEVICE_LOST ? VK_ERROR_OUT_OF_DEVICE_MEMORY : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_FlushMappedMemoryRanges(VkDevice device, uint32_t memoryRangeCount,
                            const VkMappedMemoryRange *pMemoryRanges)
{
   return for_each_range(device, memoryRangeCount, pMemoryRanges, write_range);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_InvalidateMappedMemoryRanges(VkDevice device, uint32_t memoryRangeCount,
                                 const VkMappedMemoryRange *pMemoryRanges)
{
   return for_each_range(device, memoryRangeCount, pMemoryRanges, read_range);
}
