/* SPDX-License-Identifier: MIT */
#include "icd/device.h"

#include "icd/connection.h"
#include "icd/external.h"
#include "icd/physical_device.h"
#include "icd/queue.h"
#include "icd/table.h"
#include "protocol/decoder.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* The limits of the cache of answers about a device's objects. */
#define ANSWERS_MAX 8192u
#define ANSWERS_BYTES_MAX ((size_t)2 << 20)

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

/* Whether the application enables a feature that Tongs turns off. */
static bool
enables_missing_feature(const VkDeviceCreateInfo *info)
{
   for (uint32_t i = 0; i < icd_features_off_count; i++) {
      const uint8_t *features = tongs_find_in_chain(info->pNext, icd_features_off[i].type);
      VkBool32 enabled = VK_FALSE;
      if (features)
         memcpy(&enabled, features + icd_features_off[i].offset, sizeof(enabled));
      if (enabled)
         return true;
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

/* Frees the client's device. The worker's device must have been destroyed or never created. */
static void
destroy(struct icd_device *dev, const VkAllocationCallbacks *alloc)
{
   icd_queues_destroy(dev);
   icd_spares_finish(dev);
   icd_heaps_finish(&dev->heaps);
   icd_deferred_destroys_finish(dev);
   icd_cache_finish(&dev->answers);
   pthread_mutex_destroy(&dev->ship_lock);
   icd_id_free(dev->base.connection, dev->base.object.id);
   VkAllocationCallbacks own = dev->base.alloc;
   icd_free(NULL, alloc ? alloc : &own, dev);
}

/* Says once that no memory is coherent, which the API promises. */
static void
warn_of_explicit_memory(const struct icd_device *dev)
{
   static atomic_flag warned = ATOMIC_FLAG_INIT;
   bool is_explicit = false;

   for (uint32_t i = 0; i < dev->physical->memory.memoryTypeCount; i++)
      is_explicit |= dev->physical->strategies[i] == ICD_MEMORY_EXPLICIT;
   if (is_explicit && !atomic_flag_test_and_set(&warned))
      fprintf(stderr, "tongs: memory is not shared with the server, so no memory type is "
                      "HOST_COHERENT: a program that relies on one gets wrong results\n");
}

static void
export_memory(struct icd_device *dev)
{
   struct icd_connection *c = dev->base.connection;
   size_t offset;

   dev->exports_memory = true;
   if (!tongs_peer_knows_op(&c->peer, TONGS_OP_tongsExportsMemory))
      return;
   struct tongs_encoder *e = icd_op_begin(c, TONGS_OP_tongsExportsMemory, 0, &offset);
   tongs_encode_tongsExportsMemory(
      e, &(struct tongs_args_tongsExportsMemory){.device = dev->base.object.id});
   icd_op_end(c, offset);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateDevice(VkPhysicalDevice physicalDevice, const VkDeviceCreateInfo *pCreateInfo,
                 const VkAllocationCallbacks *pAllocator, VkDevice *pDevice)
{
   struct icd_physical_device *physical = icd_physical_device_from(physicalDevice);

   if (enables_missing_feature(pCreateInfo))
      return VK_ERROR_FEATURE_NOT_PRESENT;
   icd_instance_follow_fork(physical->instance);
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
   icd_deferred_destroys_init(&dev->deferred);
   pthread_mutex_init(&dev->ship_lock, NULL);
   icd_cache_init(&dev->answers, ANSWERS_MAX, ANSWERS_BYTES_MAX);
   icd_heaps_init(&dev->heaps, dev->base.connection, dev->base.object.id);
   icd_spares_init(&dev->spares);

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
   result = icd_queues_create(dev, pCreateInfo);
   if (result != VK_SUCCESS) {
      icd_DestroyDevice((VkDevice)dev, pAllocator);
      return result;
   }
   /* Some host drivers cannot bind imported pages sparsely. With these, the host driver allocates
    * the memory that the client can map, and no pages are imported. */
   if (binds_sparsely(pCreateInfo) && icd_external_maps_host(dev))
      export_memory(dev);
   warn_of_explicit_memory(dev);
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

static bool
has_version(const struct icd_device *dev, uint32_t version)
{
   return version <= (dev->physical->api_version | 0xfff) &&
          version <= (dev->physical->instance->api_version | 0xfff);
}

/* The extension must be enabled. The device must only have those that the command needs beside it:
 * drivers look no further, so programs enable no more. */
static bool
brings(const struct icd_device *dev, const struct icd_bringer *b)
{
   const struct icd_extension_set *of_instance = &dev->physical->instance->enabled;
   bool there = (icd_extension_set_has(&dev->enabled, b->extension) ||
                 icd_extension_set_has(of_instance, b->extension)) &&
                has_version(dev, b->core);

   for (uint32_t i = 0; i < ICD_BRINGER_NEEDS && b->needs[i] != ICD_NO_EXTENSION; i++)
      there = there && (icd_extension_set_has(&dev->physical->extensions, b->needs[i]) ||
                        icd_extension_set_has(of_instance, b->needs[i]));
   return there;
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
   if (entry->core && has_version(dev, entry->core))
      return entry->function;
   for (uint32_t i = 0; i < entry->bringer_count; i++) {
      if (brings(dev, &entry->bringers[i]))
         return entry->function;
   }
   return NULL;
}
