/* SPDX-License-Identifier: MIT */

/* Memory that is imported or exported, and its mapping in the client. */

#include "icd/external.h"

#include "icd/app_pages.h"
#include "icd/connection.h"
#include "icd/device.h"
#include "icd/memory.h"
#include "icd/physical_device.h"
#include "protocol/decoder.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"
#include "tongs_gen_own.h"

#include <linux/dma-buf.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- Import and export --- */

static const VkImportMemoryFdInfoKHR *
import_of(const VkMemoryAllocateInfo *info)
{
   const VkImportMemoryFdInfoKHR *import =
      tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR);

   return import && import->handleType ? import : NULL;
}

bool
icd_external_is_wanted(const VkMemoryAllocateInfo *info)
{
   const VkExportMemoryAllocateInfo *exports =
      tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO);

   return import_of(info) || (exports && exports->handleTypes);
}

bool
icd_external_find_import(const struct icd_device *dev, const VkMemoryAllocateInfo *info, int *fd)
{
   const VkImportMemoryFdInfoKHR *import = import_of(info);

   *fd = import ? import->fd : -1;
   return !import || (icd_connection_can(dev->base.connection, ICD_TRANSPORT_PASSES_FDS) &&
                      icd_fd_is_open(*fd));
}

const VkImportMemoryHostPointerInfoEXT *
icd_external_pages_import(const VkMemoryAllocateInfo *info)
{
   const VkImportMemoryHostPointerInfoEXT *import =
      tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT);

   return import && import->handleType ? import : NULL;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetMemoryHostPointerPropertiesEXT(
   VkDevice device, VkExternalMemoryHandleTypeFlagBits handleType, const void *pHostPointer,
   VkMemoryHostPointerPropertiesEXT *pMemoryHostPointerProperties)
{
   const struct icd_physical_device *physical = icd_device_from(device)->physical;

   pMemoryHostPointerProperties->memoryTypeBits = 0;
   if (handleType != VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT ||
       !icd_app_pages_accept((void *)pHostPointer))
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   for (uint32_t i = 0; i < physical->memory.memoryTypeCount; i++) {
      if (physical->strategies[i] == ICD_MEMORY_SHARED)
         pMemoryHostPointerProperties->memoryTypeBits |= UINT32_C(1) << i;
   }
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetMemoryFdKHR(VkDevice device, const VkMemoryGetFdInfoKHR *pGetFdInfo, int *pFd)
{
   struct icd_device *dev = icd_device_from(device);
   struct tongs_args_vkGetMemoryFdKHR args = {
      .device = device, .pGetFdInfo = pGetFdInfo, .pFd = &(int){-1}};
   int fd;
   VkResult result =
      icd_call_with_fds(dev->base.connection, TONGS_OP_vkGetMemoryFdKHR, &args, -1, &fd);

   if (result == VK_SUCCESS && fd < 0) /* a faulty worker */
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   if (result == VK_SUCCESS)
      *pFd = fd;
   else if (fd >= 0)
      close(fd);
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetMemoryFdPropertiesKHR(VkDevice device, VkExternalMemoryHandleTypeFlagBits handleType, int fd,
                             VkMemoryFdPropertiesKHR *pMemoryFdProperties)
{
   struct icd_device *dev = icd_device_from(device);
   struct tongs_args_vkGetMemoryFdPropertiesKHR args = {
      .device = device,
      .handleType = handleType,
      .fd = fd,
      .pMemoryFdProperties = pMemoryFdProperties,
   };

   if (!icd_fd_is_open(fd))
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   return icd_call_with_fds(dev->base.connection, TONGS_OP_vkGetMemoryFdPropertiesKHR, &args, fd,
                            NULL);
}

/* --- Mapping --- */

/* Tells the kernel that the processor's accesses to a dma-buf begin or end. On most machines that
 * costs nothing. */
static void
sync_dma_buf(const struct icd_memory *mem, uint64_t flags)
{
   struct dma_buf_sync sync = {.flags = flags | DMA_BUF_SYNC_RW};

   if (mem->dma_buf >= 0)
      ioctl(mem->dma_buf, DMA_BUF_IOCTL_SYNC, &sync);
}

/* Maps the descriptor. The memory begins at offset `at` of its file. */
static bool
map_fd(struct icd_memory *mem, int fd, uint64_t at)
{
   const uint64_t before = at % (uint64_t)sysconf(_SC_PAGESIZE);
   struct stat st;

   if (mem->size > INT64_MAX || at > INT64_MAX - mem->size)
      return false;
   /* Check the size, because an access beyond the end of the file would kill the application. */
   if (fstat(fd, &st) < 0 || st.st_size < 0 || (uint64_t)st.st_size < at + mem->size)
      return false;
   void *data =
      mmap(NULL, before + mem->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(at - before));
   if (data == MAP_FAILED)
      return false;
   mem->copy = data;
   mem->before = (uint32_t)before;
   return true;
}

/* Asks the worker for a descriptor of the memory, and maps it. */
static bool
fetch_mapping(struct icd_device *dev, struct icd_memory *mem)
{
   struct icd_connection *c = dev->base.connection;
   struct tongs_reply_tongsMemoryFd reply = {0};
   struct icd_pending_call call;
   struct tongs_decoder d;
   size_t offset, size = 0;

   if (!tongs_peer_knows_op(&c->peer, TONGS_OP_tongsMemoryFd))
      return false;
   struct tongs_encoder *e = icd_own_call_begin(c, &call, TONGS_OP_tongsMemoryFd, &offset);
   call.wants_fd = true;
   tongs_encode_tongsMemoryFd(
      e, &(struct tongs_args_tongsMemoryFd){.device = dev->base.object.id, .memory = mem->base.id});
   if (!icd_own_call_wait(c, &call, offset, &size))
      return false;
   icd_own_reply_begin(&call, &d, NULL);
   tongs_decode_reply_tongsMemoryFd(&d, &reply);
   free(call.reply);
   if (call.fd < 0)
      return false;
   bool mapped =
      !d.error && reply.kind <= TONGS_MEMORY_FD_DMA_BUF && map_fd(mem, call.fd, reply.offset);
   if (mapped && reply.kind == TONGS_MEMORY_FD_DMA_BUF)
      mem->dma_buf = call.fd;
   else
      close(call.fd);
   return mapped;
}

VkResult
icd_external_map(struct icd_device *dev, struct icd_memory *mem, uint64_t offset, void **data)
{
   if (!mem->copy && !fetch_mapping(dev, mem))
      return VK_ERROR_MEMORY_MAP_FAILED;
   sync_dma_buf(mem, DMA_BUF_SYNC_START);
   *data = (uint8_t *)mem->copy + mem->before + offset;
   return VK_SUCCESS;
}

void
icd_external_unmap(struct icd_memory *mem)
{
   sync_dma_buf(mem, DMA_BUF_SYNC_END);
}

bool
icd_external_maps_host(struct icd_device *dev)
{
   const VkExportMemoryAllocateInfo export = {
      .sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
      .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT,
   };
   VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .pNext = &export,
      .allocationSize = 65536,
   };
   const struct icd_physical_device *physical = dev->physical;
   const uint32_t count = physical->memory.memoryTypeCount;
   VkDeviceMemory memory;
   void *data;

   while (info.memoryTypeIndex < count &&
          physical->strategies[info.memoryTypeIndex] != ICD_MEMORY_SHARED)
      info.memoryTypeIndex++;
   if (info.memoryTypeIndex >= count ||
       !(icd_external_memory_passed(physical) & VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT) ||
       icd_AllocateMemory((VkDevice)dev, &info, NULL, &memory) != VK_SUCCESS)
      return false;
   bool maps = icd_external_map(dev, icd_memory_from(memory), 0, &data) == VK_SUCCESS &&
               icd_memory_from(memory)->dma_buf < 0;
   icd_FreeMemory((VkDevice)dev, memory, NULL);
   return maps;
}
