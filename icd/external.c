/* SPDX-License-Identifier: MIT */
#include "icd/external.h"

#include "icd/connection.h"
#include "icd/device.h"
#include "icd/fence.h"
#include "icd/host_pages.h"
#include "icd/memory.h"
#include "icd/physical_device.h"
#include "icd/semaphore.h"
#include "icd/table.h"
#include "protocol/decoder.h"
#include "protocol/frame.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the reply to tongsMemoryFd says of its descriptor (docs/wire.md). */
enum {
   MAPS_AS_HOST = 0,
   MAPS_AS_DMA_BUF = 1,
};

static bool
is_open(int fd)
{
   return fd >= 0 && fcntl(fd, F_GETFD) >= 0;
}

static bool
has(const struct icd_physical_device *dev, const char *extension)
{
   uint16_t index = icd_find_extension(extension);
   return index != ICD_NO_EXTENSION && icd_extension_set_has(&dev->extensions, index);
}

/* --- What passes --- */

VkExternalMemoryHandleTypeFlags
icd_external_memory_passed(const struct icd_physical_device *dev)
{
   VkExternalMemoryHandleTypeFlags types = 0;

   if (has(dev, VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME))
      types |= VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT;
   if (has(dev, VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME))
      types |= VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;
   if (has(dev, VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME))
      types |= VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
   return types;
}

void
icd_external_keep_passed(VkExternalMemoryProperties *p, VkExternalMemoryHandleTypeFlags passed)
{
   p->exportFromImportedHandleTypes &= passed;
   p->compatibleHandleTypes &= passed;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPhysicalDeviceExternalBufferProperties(
   VkPhysicalDevice physicalDevice, const VkPhysicalDeviceExternalBufferInfo *pExternalBufferInfo,
   VkExternalBufferProperties *pExternalBufferProperties)
{
   struct icd_physical_device *dev = icd_physical_device_from(physicalDevice);
   VkExternalMemoryHandleTypeFlags passed = icd_external_memory_passed(dev);
   VkExternalMemoryProperties *p = &pExternalBufferProperties->externalMemoryProperties;
   struct tongs_args_vkGetPhysicalDeviceExternalBufferProperties args = {
      .physicalDevice = physicalDevice,
      .pExternalBufferInfo = pExternalBufferInfo,
      .pExternalBufferProperties = pExternalBufferProperties,
   };

   *p = (VkExternalMemoryProperties){0};
   if (!(pExternalBufferInfo->handleType & passed))
      return;
   icd_call(dev->base.connection, TONGS_OP_vkGetPhysicalDeviceExternalBufferProperties, &args);
   icd_external_keep_passed(p, passed);
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPhysicalDeviceExternalSemaphoreProperties(
   VkPhysicalDevice physicalDevice,
   const VkPhysicalDeviceExternalSemaphoreInfo *pExternalSemaphoreInfo,
   VkExternalSemaphoreProperties *pExternalSemaphoreProperties)
{
   const VkExternalSemaphoreHandleTypeFlags passed =
      VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT |
      VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT;
   struct icd_physical_device *dev = icd_physical_device_from(physicalDevice);
   VkExternalSemaphoreProperties *p = pExternalSemaphoreProperties;
   struct tongs_args_vkGetPhysicalDeviceExternalSemaphoreProperties args = {
      .physicalDevice = physicalDevice,
      .pExternalSemaphoreInfo = pExternalSemaphoreInfo,
      .pExternalSemaphoreProperties = p,
   };

   p->exportFromImportedHandleTypes = 0;
   p->compatibleHandleTypes = 0;
   p->externalSemaphoreFeatures = 0;
   if (!(pExternalSemaphoreInfo->handleType & passed) ||
       !has(dev, VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME))
      return;
   icd_call(dev->base.connection, TONGS_OP_vkGetPhysicalDeviceExternalSemaphoreProperties, &args);
   p->exportFromImportedHandleTypes &= passed;
   p->compatibleHandleTypes &= passed;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPhysicalDeviceExternalFenceProperties(
   VkPhysicalDevice physicalDevice, const VkPhysicalDeviceExternalFenceInfo *pExternalFenceInfo,
   VkExternalFenceProperties *pExternalFenceProperties)
{
   const VkExternalFenceHandleTypeFlags passed =
      VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT | VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT;
   struct icd_physical_device *dev = icd_physical_device_from(physicalDevice);
   VkExternalFenceProperties *p = pExternalFenceProperties;
   struct tongs_args_vkGetPhysicalDeviceExternalFenceProperties args = {
      .physicalDevice = physicalDevice,
      .pExternalFenceInfo = pExternalFenceInfo,
      .pExternalFenceProperties = p,
   };

   p->exportFromImportedHandleTypes = 0;
   p->compatibleHandleTypes = 0;
   p->externalFenceFeatures = 0;
   if (!(pExternalFenceInfo->handleType & passed) ||
       !has(dev, VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME))
      return;
   icd_call(dev->base.connection, TONGS_OP_vkGetPhysicalDeviceExternalFenceProperties, &args);
   p->exportFromImportedHandleTypes &= passed;
   p->compatibleHandleTypes &= passed;
}

/* --- Memory --- */

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
   return !import || (dev->base.connection->passes_fds && is_open(*fd));
}

const VkImportMemoryHostPointerInfoEXT *
icd_external_host_import(const VkMemoryAllocateInfo *info)
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
       !icd_host_pages_accept((void *)pHostPointer))
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

   if (result == VK_SUCCESS && fd < 0) /* a server's whim */
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

   if (!is_open(fd))
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   return icd_call_with_fds(dev->base.connection, TONGS_OP_vkGetMemoryFdPropertiesKHR, &args, fd,
                            NULL);
}

/* --- Mapping it --- */

/* Says where the processor's accesses to a dma-buf begin and end; on most machines that costs
 * nothing. */
static void
sync_dma_buf(const struct icd_memory *mem, uint64_t flags)
{
   struct dma_buf_sync sync = {.flags = flags | DMA_BUF_SYNC_RW};

   if (mem->dma_buf >= 0)
      ioctl(mem->dma_buf, DMA_BUF_IOCTL_SYNC, &sync);
}

/* Maps the descriptor from `at` on, where the memory begins. */
static bool
map_fd(struct icd_memory *mem, int fd, uint64_t at)
{
   const uint64_t before = at % (uint64_t)sysconf(_SC_PAGESIZE);
   struct stat st;

   if (mem->size > INT64_MAX || at > INT64_MAX - mem->size)
      return false;
   /* A touch beyond the end would kill the application. */
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

/* Asks the worker for a descriptor to map. */
static bool
fetch_mapping(struct icd_device *dev, struct icd_memory *mem)
{
   struct icd_connection *c = dev->base.connection;
   struct icd_pending_call call;
   struct tongs_decoder d;
   size_t offset, size = 0;

   struct tongs_encoder *e = icd_own_call_begin(c, &call, TONGS_OP_tongsMemoryFd, &offset);
   call.wants_fd = true;
   tongs_encode_u32(e, 0);
   tongs_encode_u64(e, dev->base.object.id);
   tongs_encode_u64(e, mem->base.id);
   const uint8_t *body = icd_own_call_wait(c, &call, offset, &size);
   if (!body)
      return false;
   tongs_decoder_init(&d, body, size, NULL);
   uint32_t kind = tongs_decode_u32(&d);
   uint64_t at = tongs_decode_u64(&d);
   free(call.reply);
   if (call.fd < 0)
      return false;
   bool mapped = !d.error && kind <= MAPS_AS_DMA_BUF && map_fd(mem, call.fd, at);
   if (mapped && kind == MAPS_AS_DMA_BUF)
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
   if (info.memoryTypeIndex >= count || !has(physical, VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME) ||
       icd_AllocateMemory((VkDevice)dev, &info, NULL, &memory) != VK_SUCCESS)
      return false;
   bool maps = icd_external_map(dev, icd_memory_from(memory), 0, &data) == VK_SUCCESS &&
               icd_memory_from(memory)->dma_buf < 0;
   icd_FreeMemory((VkDevice)dev, memory, NULL);
   return maps;
}

/* --- Semaphores --- */

/* What an import may bring: a descriptor, or, of a sync file, -1: it has been signalled already. */
static bool
may_import(const struct icd_device *dev, int fd, bool sync_file)
{
   return fd < 0 ? fd == -1 && sync_file : dev->base.connection->passes_fds && is_open(fd);
}

/* An export's result. Without a descriptor in the reply: the sync file would have been signalled
 * already. */
static VkResult
take_exported(VkResult result, int fd, bool sync_file, int *out)
{
   if (result == VK_SUCCESS && fd < 0 && !sync_file) /* a server's whim */
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   if (result == VK_SUCCESS)
      *out = fd;
   else if (fd >= 0)
      close(fd);
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetSemaphoreFdKHR(VkDevice device, const VkSemaphoreGetFdInfoKHR *pGetFdInfo, int *pFd)
{
   struct icd_device *dev = icd_device_from(device);
   struct tongs_args_vkGetSemaphoreFdKHR args = {
      .device = device, .pGetFdInfo = pGetFdInfo, .pFd = &(int){-1}};
   bool sync_file = pGetFdInfo->handleType == VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT;
   int fd;
   VkResult result =
      icd_call_with_fds(dev->base.connection, TONGS_OP_vkGetSemaphoreFdKHR, &args, -1, &fd);

   return take_exported(result, fd, sync_file, pFd);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_ImportSemaphoreFdKHR(VkDevice device, const VkImportSemaphoreFdInfoKHR *pImportSemaphoreFdInfo)
{
   struct icd_device *dev = icd_device_from(device);
   const int fd = pImportSemaphoreFdInfo->fd;
   struct tongs_args_vkImportSemaphoreFdKHR args = {
      .device = device, .pImportSemaphoreFdInfo = pImportSemaphoreFdInfo};

   if (!may_import(dev, fd,
                   pImportSemaphoreFdInfo->handleType ==
                      VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT))
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   icd_semaphore_share(pImportSemaphoreFdInfo->semaphore);
   VkResult result =
      icd_call_with_fds(dev->base.connection, TONGS_OP_vkImportSemaphoreFdKHR, &args, fd, NULL);
   if (result == VK_SUCCESS && fd >= 0) /* it was the application's until now */
      close(fd);
   return result;
}

/* --- Fences --- */

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetFenceFdKHR(VkDevice device, const VkFenceGetFdInfoKHR *pGetFdInfo, int *pFd)
{
   struct icd_device *dev = icd_device_from(device);
   struct tongs_args_vkGetFenceFdKHR args = {
      .device = device, .pGetFdInfo = pGetFdInfo, .pFd = &(int){-1}};
   bool sync_file = pGetFdInfo->handleType == VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT;
   int fd;
   VkResult result = icd_fence_to_host(device, pGetFdInfo->fence);

   if (result != VK_SUCCESS)
      return result;
   result = icd_call_with_fds(dev->base.connection, TONGS_OP_vkGetFenceFdKHR, &args, -1, &fd);
   return take_exported(result, fd, sync_file, pFd);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_ImportFenceFdKHR(VkDevice device, const VkImportFenceFdInfoKHR *pImportFenceFdInfo)
{
   struct icd_device *dev = icd_device_from(device);
   const int fd = pImportFenceFdInfo->fd;
   struct tongs_args_vkImportFenceFdKHR args = {.device = device,
                                                .pImportFenceFdInfo = pImportFenceFdInfo};

   if (!may_import(dev, fd,
                   pImportFenceFdInfo->handleType == VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT))
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   VkResult result = icd_fence_to_host(device, pImportFenceFdInfo->fence);
   if (result != VK_SUCCESS)
      return result;
   result = icd_call_with_fds(dev->base.connection, TONGS_OP_vkImportFenceFdKHR, &args, fd, NULL);
   if (result == VK_SUCCESS && fd >= 0)
      close(fd);
   return result;
}
