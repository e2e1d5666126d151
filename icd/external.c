/* SPDX-License-Identifier: MIT */
#include "icd/external.h"

#include "icd/connection.h"
#include "icd/device.h"
#include "icd/physical_device.h"
#include "icd/table.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <fcntl.h>
#include <unistd.h>

static bool
has(const struct icd_physical_device *dev, const char *extension)
{
   uint16_t index = icd_find_extension(extension);
   return index != ICD_NO_EXTENSION && icd_extension_set_has(&dev->extensions, index);
}

/* --- Supported handle types --- */

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

/* --- Descriptors --- */

bool
icd_fd_is_open(int fd)
{
   return fd >= 0 && fcntl(fd, F_GETFD) >= 0;
}

bool
icd_external_may_import(const struct icd_device *dev, int fd, bool sync_file)
{
   return fd < 0 ? fd == -1 && sync_file
                 : icd_connection_can(dev->base.connection, ICD_TRANSPORT_PASSES_FDS) &&
                      icd_fd_is_open(fd);
}

VkResult
icd_external_take_exported(VkResult result, int fd, bool sync_file, int *out)
{
   if (result == VK_SUCCESS && fd < 0 && !sync_file) /* a faulty worker */
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   if (result == VK_SUCCESS)
      *out = fd;
   else if (fd >= 0)
      close(fd);
   return result;
}
