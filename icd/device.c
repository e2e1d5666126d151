/* SPDX-License-Identifier: MIT */
#include "icd/device.h"

#include "icd/completion.h"
#include "icd/connection.h"
#include "icd/external.h"
#include "icd/physical_device.h"
#include "icd/table.h"
#include "protocol/decoder.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <stdlib.h>
#include <string.h>

static VkResult
enable_extensions(struct icd_device *dev, const VkDeviceCreateInfo *info)
{
   for (uint32_t i = 0; i < info->enabledExtensionCount; i++) {
      uint16_t index = icd_find_extension(info->ppEnabledExtensionNames[i]);
      if (index == ICD_NO_EXTENSION || !icd_extension_set_has(&dev->physical->extensions, index))
         return VK_ERROR_EXTENSION_NOT_PRESENT;
      icd_extension_set_add(&dev->enabled, index);
   }
   return VK_SUCCESS;
}

/* Features that are off through us must not be asked of the host. */
static bool
asks_for_too_much(const VkDeviceCreateInfo *info)
{
   for (const VkBaseInStructure *link = info->pNext; link; link = link->pNext) {
      for (uint32_t i = 0; i < icd_features_off_count; i++) {
         VkBool32 wanted;
         if (link->sType != icd_features_off[i].type)
            continue;
         memcpy(&wanted, (const uint8_t *)link + icd_features_off[i].offset, sizeof(wanted));
         if (wanted)
            return true;
      }
   }
   return false;
}

static bool
binds_sparsely(const VkDeviceCreateInfo *info)
{
   const VkPhysicalDeviceFeatures2 *features =
      tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2);

   return (features && features->features.sparseBinding) ||
          (info->pEnabledFeatures && info->pEnabledFeatures->sparseBinding);
}

static VkResult
create_queues(struct icd_device *dev, const VkDeviceCreateInfo *info)
{
   struct icd_connection *c = dev->base.connection;
   uint32_t count = 0;

   for (uint32_t i = 0; i < info->queueCreateInfoCount; i++)
      count += info->pQueueCreateInfos[i].queueCount;
   dev->queues = icd_alloc(&dev->base, NULL, (count ? count : 1) * sizeof(*dev->queues),
                           VK_SYSTEM_ALLOCATION_SCOPE_DEVICE);
   if (!dev->queues)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   for (uint32_t i = 0; i < info->queueCreateInfoCount; i++) {
      const VkDeviceQueueCreateInfo *family = &info->pQueueCreateInfos[i];
      for (uint32_t j = 0; j < family->queueCount; j++) {
         struct icd_queue *queue = &dev->queues[dev->queue_count];
         size_t offset;

         queue->base.connection = c;
         queue->base.alloc = dev->base.alloc;
         queue->device = dev;
         queue->flags = family->flags;
         queue->family = family->queueFamilyIndex;
         queue->index = j;
         icd_object_init_dispatchable(&queue->base.object);
         queue->base.object.id = icd_id_new(c, TONGS_TYPE_VkQueue);
         if (!queue->base.object.id)
            return VK_ERROR_OUT_OF_HOST_MEMORY;
         dev->queue_count++;
         queue->slot = icd_status_slot_new(c, &queue->epoch);
         if (!queue->slot)
            return VK_ERROR_TOO_MANY_OBJECTS;
         queue->last_number = &c->last_numbers[queue->slot];

         struct tongs_encoder *e = icd_op_begin(c, TONGS_OP_tongsGetQueue, 0, &offset);
         tongs_encode_u64(e, dev->base.object.id);
         tongs_encode_u64(e, queue->base.object.id);
         tongs_encode_u32(e, queue->flags);
         tongs_encode_u32(e, queue->family);
         tongs_encode_u32(e, queue->index);
         tongs_encode_u32(e, queue->slot);
         tongs_encode_u32(e, queue->epoch);
         if (!icd_op_end(c, offset))
            return VK_ERROR_OUT_OF_HOST_MEMORY;
      }
   }
   return VK_SUCCESS;
}

/* After the worker's device is gone, which takes its queues with it. */
static void
destroy(struct icd_device *dev, const VkAllocationCallbacks *alloc)
{
   for (uint32_t i = 0; i < dev->queue_count; i++) {
      icd_id_free(dev->base.connection, dev->queues[i].base.object.id);
      icd_status_slot_free(dev->base.connection, dev->queues[i].slot);
   }
   icd_heaps_finish(&dev->heaps);
   while (dev->graves) {
      struct icd_deferred_destroy *next = dev->graves->next;
      icd_id_free(dev->base.connection, dev->graves->id);
      free(dev->graves);
      dev->graves = next;
   }
   pthread_mutex_destroy(&dev->graves_lock);
   icd_free(&dev->base, NULL, dev->queues);
   icd_id_free(dev->base.connection, dev->base.object.id);
   VkAllocationCallbacks own = dev->base.alloc;
   icd_free(NULL, alloc ? alloc : &own, dev);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateDevice(VkPhysicalDevice physicalDevice, const VkDeviceCreateInfo *pCreateInfo,
                 const VkAllocationCallbacks *pAllocator, VkDevice *pDevice)
{
   struct icd_physical_device *physical = icd_physical_device_from(physicalDevice);

   if (asks_for_too_much(pCreateInfo))
      return VK_ERROR_FEATURE_NOT_PRESENT;
   struct icd_device *dev =
      icd_alloc(&physical->base, pAllocator, sizeof(*dev), VK_SYSTEM_ALLOCATION_SCOPE_DEVICE);
   if (!dev)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   dev->base.connection = physical->base.connection;
   dev->base.alloc = pAllocator ? *pAllocator : physical->base.alloc;
   dev->physical = physical;
   icd_object_init_dispatchable(&dev->base.object);
   dev->base.object.id = icd_id_new(dev->base.connection, TONGS_TYPE_VkDevice);
   if (!dev->base.object.id) {
      icd_free(&dev->base, NULL, dev);
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   }
   pthread_mutex_init(&dev->graves_lock, NULL);
   icd_heaps_init(&dev->heaps, dev->base.connection, dev->base.object.id);

   VkDevice created = (VkDevice)dev;
   struct tongs_args_vkCreateDevice args = {
      .physicalDevice = physicalDevice,
      .pCreateInfo = pCreateInfo,
      .pDevice = &created,
   };
   VkResult result = enable_extensions(dev, pCreateInfo);
   if (result == VK_SUCCESS)
      result = icd_call(dev->base.connection, TONGS_OP_vkCreateDevice, &args);
   if (result != VK_SUCCESS) {
      destroy(dev, pAllocator);
      return result;
   }
   result = create_queues(dev, pCreateInfo);
   if (result != VK_SUCCESS) {
      icd_DestroyDevice((VkDevice)dev, pAllocator);
      return result;
   }
   /* Not every driver can bind imported pages sparsely: where the client can map the host's own,
    * they are not imported. */
   dev->exports_memory = binds_sparsely(pCreateInfo) && icd_external_maps_host(dev);
   *pDevice = (VkDevice)dev;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyDevice(VkDevice handle, const VkAllocationCallbacks *pAllocator)
{
   struct icd_device *dev = icd_device_from(handle);
   if (!dev)
      return;

   struct tongs_args_vkDestroyDevice args = {.device = handle};
   icd_post(dev->base.connection, TONGS_OP_vkDestroyDevice, &args);
   icd_flush(dev->base.connection);
   destroy(dev, pAllocator);
}

static VkQueue
find_queue(struct icd_device *dev, VkDeviceQueueCreateFlags flags, uint32_t family, uint32_t index)
{
   for (uint32_t i = 0; i < dev->queue_count; i++) {
      struct icd_queue *queue = &dev->queues[i];
      if (queue->flags == flags && queue->family == family && queue->index == index)
         return (VkQueue)queue;
   }
   return VK_NULL_HANDLE;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetDeviceQueue(VkDevice device, uint32_t queueFamilyIndex, uint32_t queueIndex, VkQueue *pQueue)
{
   *pQueue = find_queue(icd_device_from(device), 0, queueFamilyIndex, queueIndex);
}

VKAPI_ATTR void VKAPI_CALL
icd_GetDeviceQueue2(VkDevice device, const VkDeviceQueueInfo2 *pQueueInfo, VkQueue *pQueue)
{
   *pQueue = find_queue(icd_device_from(device), pQueueInfo->flags, pQueueInfo->queueFamilyIndex,
                        pQueueInfo->queueIndex);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
icd_GetDeviceProcAddr(VkDevice handle, const char *pName)
{
   struct icd_device *dev = icd_device_from(handle);
   const struct icd_entry_point *entry = pName ? icd_find_entry_point(pName) : NULL;

   if (!entry || entry->level != ICD_LEVEL_DEVICE)
      return NULL;
   if (entry->op && !tongs_peer_knows_op(&dev->base.connection->peer, entry->op))
      return NULL;
   uint32_t version = dev->physical->api_version;
   if (entry->core && entry->core <= (version | 0xfff) &&
       entry->core <= (dev->physical->instance->api_version | 0xfff))
      return entry->function;
   for (uint32_t i = 0; i < entry->extension_count; i++) {
      if (icd_extension_set_has(&dev->enabled, entry->extensions[i]) ||
          icd_extension_set_has(&dev->physical->instance->enabled, entry->extensions[i]))
         return entry->function;
   }
   return NULL;
}
