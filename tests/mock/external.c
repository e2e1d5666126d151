/* SPDX-License-Identifier: MIT */
/*
 * Memory with a file descriptor: a memfd in which HEADER bytes of the driver's own come before the
 * payload, for opaque descriptors; without a header for what stands in for a dma-buf.
 * TONGS_MOCK_OTHER_MAPS=1: vkMapMemory gives other pages than those, as drivers do that map through
 * their device node. Semaphores and fences as sync files.
 */
#include "tests/mock/mock.h"

#include "mock_gen.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER 4096u

static const VkExternalMemoryHandleTypeFlags types =
   VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT | VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;

static uint64_t
offset_of(VkExternalMemoryHandleTypeFlags type)
{
   return type & VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT ? HEADER : 0;
}

static uint8_t *
map_payload(int fd, VkExternalMemoryHandleTypeFlags type, uint64_t size)
{
   void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset_of(type));

   return data == MAP_FAILED ? NULL : data;
}

VkResult
mock_external_allocate(const VkMemoryAllocateInfo *info, uint64_t size, uint8_t **data, int *fd)
{
   const VkExportMemoryAllocateInfo *exports =
      mock_chain_find(info->pNext, VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO);
   const VkImportMemoryFdInfoKHR *import =
      mock_chain_find(info->pNext, VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR);
   struct stat st;

   *data = NULL;
   *fd = -1;
   if (import && import->handleType) {
      const uint64_t end = offset_of(import->handleType) + info->allocationSize;
      if (!(import->handleType & types) || fstat(import->fd, &st) < 0 ||
          (uint64_t)st.st_size < end ||
          !(*data = map_payload(import->fd, import->handleType, size)))
         return VK_ERROR_INVALID_EXTERNAL_HANDLE;
      *fd = import->fd;
   } else if (exports && exports->handleTypes) {
      if (exports->handleTypes & ~types)
         mock_abort("vkAllocateMemory: handleTypes %#x cannot be exported", exports->handleTypes);
      *fd = memfd_create("mock-external", MFD_CLOEXEC);
      if (*fd < 0 || ftruncate(*fd, (off_t)(offset_of(exports->handleTypes) + size)) < 0 ||
          !(*data = map_payload(*fd, exports->handleTypes, size)))
         return VK_ERROR_OUT_OF_HOST_MEMORY;
   }
   return VK_SUCCESS;
}

bool
mock_external_maps_otherwise(void)
{
   const char *text = getenv("TONGS_MOCK_OTHER_MAPS");

   return text && !strcmp(text, "1");
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetMemoryFdKHR(VkDevice device, const VkMemoryGetFdInfoKHR *pGetFdInfo, int *pFd)
{
   const struct mock_memory *memory = MOCK_GET("vkGetMemoryFdKHR", pGetFdInfo->memory, memory);

   MOCK_GET("vkGetMemoryFdKHR", device, device);
   if (memory->fd < 0)
      mock_abort("vkGetMemoryFdKHR: the memory was not made to be exported");
   *pFd = fcntl(memory->fd, F_DUPFD_CLOEXEC, 0);
   return *pFd < 0 ? VK_ERROR_TOO_MANY_OBJECTS : VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetMemoryFdPropertiesKHR(VkDevice device, VkExternalMemoryHandleTypeFlagBits handleType,
                              int fd, VkMemoryFdPropertiesKHR *pMemoryFdProperties)
{
   struct stat st;

   MOCK_GET("vkGetMemoryFdPropertiesKHR", device, device);
   if (handleType != VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT || fstat(fd, &st) < 0 ||
       !S_ISREG(st.st_mode))
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   pMemoryFdProperties->memoryTypeBits = 1u << MOCK_MEMORY_HOST | 1u << MOCK_MEMORY_DEVICE;
   return VK_SUCCESS;
}

/* Host pointers may be imported, descriptors go both ways. */
VKAPI_ATTR void VKAPI_CALL
mock_GetPhysicalDeviceExternalBufferProperties(
   VkPhysicalDevice physicalDevice, const VkPhysicalDeviceExternalBufferInfo *pExternalBufferInfo,
   VkExternalBufferProperties *pExternalBufferProperties)
{
   const VkExternalMemoryHandleTypeFlagBits type = pExternalBufferInfo->handleType;
   VkExternalMemoryProperties *p = &pExternalBufferProperties->externalMemoryProperties;

   (void)physicalDevice;
   mock_fill("vkGetPhysicalDeviceExternalBufferProperties", pExternalBufferProperties,
             VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES);
   if (type == VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT || type & types) {
      p->externalMemoryFeatures = VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;
      p->compatibleHandleTypes = type;
   }
   if (type & types) {
      p->externalMemoryFeatures |= VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT;
      p->exportFromImportedHandleTypes = type;
   }
}

/* --- Sync files: exported ones have been signalled already (-1), which is always legal --- */

VKAPI_ATTR void VKAPI_CALL
mock_GetPhysicalDeviceExternalSemaphoreProperties(
   VkPhysicalDevice physicalDevice,
   const VkPhysicalDeviceExternalSemaphoreInfo *pExternalSemaphoreInfo,
   VkExternalSemaphoreProperties *pExternalSemaphoreProperties)
{
   const VkExternalSemaphoreHandleTypeFlags sync = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT;

   (void)physicalDevice;
   mock_fill("vkGetPhysicalDeviceExternalSemaphoreProperties", pExternalSemaphoreProperties,
             VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES);
   if (pExternalSemaphoreInfo->handleType != sync)
      return;
   pExternalSemaphoreProperties->exportFromImportedHandleTypes = sync;
   pExternalSemaphoreProperties->compatibleHandleTypes = sync;
   pExternalSemaphoreProperties->externalSemaphoreFeatures =
      VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT;
}

VKAPI_ATTR void VKAPI_CALL
mock_GetPhysicalDeviceExternalFenceProperties(
   VkPhysicalDevice physicalDevice, const VkPhysicalDeviceExternalFenceInfo *pExternalFenceInfo,
   VkExternalFenceProperties *pExternalFenceProperties)
{
   const VkExternalFenceHandleTypeFlags sync = VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT;

   (void)physicalDevice;
   mock_fill("vkGetPhysicalDeviceExternalFenceProperties", pExternalFenceProperties,
             VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES);
   if (pExternalFenceInfo->handleType != sync)
      return;
   pExternalFenceProperties->exportFromImportedHandleTypes = sync;
   pExternalFenceProperties->compatibleHandleTypes = sync;
   pExternalFenceProperties->externalFenceFeatures =
      VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetSemaphoreFdKHR(VkDevice device, const VkSemaphoreGetFdInfoKHR *pGetFdInfo, int *pFd)
{
   struct mock_device *d = MOCK_GET("vkGetSemaphoreFdKHR", device, device);
   struct mock_semaphore *s = MOCK_GET("vkGetSemaphoreFdKHR", pGetFdInfo->semaphore, semaphore);
   const uint64_t deadline = mock_deadline(UINT64_MAX);

   pthread_mutex_lock(&d->mutex);
   while (!s->value && mock_device_wait_locked(d, deadline))
      ;
   s->value = 0;
   pthread_mutex_unlock(&d->mutex);
   *pFd = -1;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_ImportSemaphoreFdKHR(VkDevice device, const VkImportSemaphoreFdInfoKHR *pImportSemaphoreFdInfo)
{
   struct mock_device *d = MOCK_GET("vkImportSemaphoreFdKHR", device, device);
   struct mock_semaphore *s =
      MOCK_GET("vkImportSemaphoreFdKHR", pImportSemaphoreFdInfo->semaphore, semaphore);

   if (pImportSemaphoreFdInfo->fd != -1)
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   pthread_mutex_lock(&d->mutex);
   s->value = 1;
   pthread_cond_broadcast(&d->changed);
   pthread_mutex_unlock(&d->mutex);
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetFenceFdKHR(VkDevice device, const VkFenceGetFdInfoKHR *pGetFdInfo, int *pFd)
{
   struct mock_device *d = MOCK_GET("vkGetFenceFdKHR", device, device);
   struct mock_fence *fence = MOCK_GET("vkGetFenceFdKHR", pGetFdInfo->fence, fence);
   const uint64_t deadline = mock_deadline(UINT64_MAX);

   pthread_mutex_lock(&d->mutex);
   if (!fence->signaled && !fence->pending)
      mock_abort("vkGetFenceFdKHR: nothing is to signal the fence");
   while (!fence->signaled && mock_device_wait_locked(d, deadline))
      ;
   fence->signaled = false;
   pthread_mutex_unlock(&d->mutex);
   *pFd = -1;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_ImportFenceFdKHR(VkDevice device, const VkImportFenceFdInfoKHR *pImportFenceFdInfo)
{
   struct mock_device *d = MOCK_GET("vkImportFenceFdKHR", device, device);
   struct mock_fence *fence = MOCK_GET("vkImportFenceFdKHR", pImportFenceFdInfo->fence, fence);

   if (pImportFenceFdInfo->fd != -1)
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   pthread_mutex_lock(&d->mutex);
   if (fence->pending)
      mock_abort("vkImportFenceFdKHR: the fence is in use by work that has not completed");
   fence->signaled = true;
   pthread_cond_broadcast(&d->changed);
   pthread_mutex_unlock(&d->mutex);
   return VK_SUCCESS;
}
