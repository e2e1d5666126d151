/* SPDX-License-Identifier: MIT */
#include "icd/physical_device.h"

#include "icd/app_pages.h"
#include "icd/connection.h"
#include "icd/table.h"
#include "protocol/decoder.h"
#include "protocol/id.h"

#include "tongs_gen_args.h"
#include "tongs_gen_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The limits of the cache of a device's answers. */
#define ANSWERS_MAX 4096u
#define ANSWERS_BYTES_MAX ((size_t)1 << 20)

/* --- Properties and features --- */

/* Allocates a head of `head_size` bytes and, chained to it, each struct of `table` that the
 * device's extensions or version include and the worker knows, all in one block. */
static void *
make_chain(const struct icd_physical_device *dev, VkStructureType type, size_t head_size,
           const struct icd_property_struct *table, uint32_t count)
{
   const struct icd_connection *c = dev->base.connection;
   const size_t align = 16;
   size_t size = head_size + align;

   for (uint32_t i = 0; i < count; i++)
      size += table[i].size + align;
   uint8_t *block = icd_alloc(&dev->base, NULL, size, VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE);
   if (!block)
      return NULL;

   VkBaseOutStructure *last = (VkBaseOutStructure *)block;
   last->sType = type;
   size_t at = (head_size + align - 1) & ~(align - 1);
   for (uint32_t i = 0; i < count; i++) {
      const struct icd_property_struct *entry = &table[i];
      bool there = entry->core && entry->core <= (dev->api_version | 0xfff);
      for (uint32_t j = 0; j < 4 && entry->extensions[j] != ICD_NO_EXTENSION && !there; j++)
         there = icd_extension_set_has(&dev->extensions, entry->extensions[j]);
      if (!there || !tongs_peer_knows_struct(&c->peer, entry->index))
         continue;
      last->pNext = (VkBaseOutStructure *)(block + at);
      last = last->pNext;
      last->sType = entry->type;
      at += (entry->size + align - 1) & ~(align - 1);
   }
   return block;
}

/* Replaces the host driver's names by ours. All other properties stay those of the host driver. */
static void
put_our_names(struct icd_physical_device *dev)
{
   VkPhysicalDeviceProperties *p = &dev->properties->properties;
   char host[VK_MAX_PHYSICAL_DEVICE_NAME_SIZE];
   char info[VK_MAX_DRIVER_INFO_SIZE];
   VkPhysicalDeviceDriverProperties *driver = tongs_find_in_output_chain(
      dev->properties, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES);
   VkPhysicalDeviceVulkan12Properties *vulkan12 = tongs_find_in_output_chain(
      dev->properties, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES);

   p->apiVersion = dev->api_version;
   snprintf(host, sizeof(host), "%s", p->deviceName);
   snprintf(p->deviceName, sizeof(p->deviceName), "Tongs (%.240s)", host);
   if (driver) {
      snprintf(info, sizeof(info), "%.100s %.100s over %s", driver->driverName, driver->driverInfo,
               dev->base.connection->transport->name);
      snprintf(driver->driverName, sizeof(driver->driverName), "tongs");
      snprintf(driver->driverInfo, sizeof(driver->driverInfo), "%s", info);
   }
   if (vulkan12 && driver) {
      memcpy(vulkan12->driverName, driver->driverName, sizeof(vulkan12->driverName));
      memcpy(vulkan12->driverInfo, driver->driverInfo, sizeof(vulkan12->driverInfo));
   }
}

/* The client imports whole pages (icd/app_pages.h), even if the host driver has a smaller
 * alignment. */
static void
import_whole_pages(struct icd_physical_device *dev)
{
   VkPhysicalDeviceExternalMemoryHostPropertiesEXT *host = tongs_find_in_output_chain(
      dev->properties, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT);
   const VkDeviceSize page = (VkDeviceSize)sysconf(_SC_PAGESIZE);

   if (host && host->minImportedHostPointerAlignment < page)
      host->minImportedHostPointerAlignment = page;
}

/* Turns off the features that Tongs does not support. */
static void
clear_features(void *chain)
{
   for (uint32_t i = 0; i < icd_features_off_count; i++) {
      uint8_t *features = tongs_find_in_output_chain(chain, icd_features_off[i].type);
      if (features)
         memset(features + icd_features_off[i].offset, 0, sizeof(VkBool32));
   }
}

/* Whether every index that the worker sent is within its table. */
static bool
is_sane(const VkPhysicalDeviceMemoryProperties *memory)
{
   bool sane = memory->memoryTypeCount <= VK_MAX_MEMORY_TYPES &&
               memory->memoryHeapCount <= VK_MAX_MEMORY_HEAPS;

   for (uint32_t i = 0; sane && i < memory->memoryTypeCount; i++)
      sane = memory->memoryTypes[i].heapIndex < memory->memoryHeapCount;
   return sane;
}

/* Turns the host's memory types into the client's: the same indices with other flags. */
static void
adapt_memory_types(const struct icd_physical_device *dev, VkPhysicalDeviceMemoryProperties *memory)
{
   for (uint32_t i = 0; i < memory->memoryTypeCount; i++) {
      VkMemoryPropertyFlags *flags = &memory->memoryTypes[i].propertyFlags;
      if (dev->strategies[i] == ICD_MEMORY_HOST)
         *flags &= ~(VkMemoryPropertyFlags)(VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                            VK_MEMORY_PROPERTY_HOST_COHERENT_BIT |
                                            VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
      else if (dev->strategies[i] == ICD_MEMORY_EXPLICIT)
         *flags = (*flags & ~(VkMemoryPropertyFlags)VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) |
                  VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
   }
}

/* --- Creation --- */

/* Fetches properties, features, memory types and queue families in one batch of calls. */
static VkResult
fetch(struct icd_physical_device *dev)
{
   struct icd_connection *c = dev->base.connection;
   VkPhysicalDevice handle = (VkPhysicalDevice)dev;
   VkQueueFamilyProperties families[64] = {0};
   uint32_t family_count = 64;
   struct icd_pending_call calls[4];

   dev->properties = make_chain(dev, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                sizeof(VkPhysicalDeviceProperties2), icd_properties_structs,
                                icd_properties_struct_count);
   dev->features = make_chain(dev, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                              sizeof(VkPhysicalDeviceFeatures2), icd_features_structs,
                              icd_features_struct_count);
   if (!dev->properties || !dev->features)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   struct tongs_args_vkGetPhysicalDeviceProperties2 properties = {.physicalDevice = handle,
                                                                  .pProperties = dev->properties};
   struct tongs_args_vkGetPhysicalDeviceFeatures2 features = {.physicalDevice = handle,
                                                              .pFeatures = dev->features};
   struct tongs_args_vkGetPhysicalDeviceMemoryProperties memory = {
      .physicalDevice = handle, .pMemoryProperties = &dev->memory};
   struct tongs_args_vkGetPhysicalDeviceQueueFamilyProperties queues = {
      .physicalDevice = handle,
      .pQueueFamilyPropertyCount = &family_count,
      .pQueueFamilyProperties = families,
   };
   icd_call_begin(c, &calls[0], TONGS_OP_vkGetPhysicalDeviceProperties2, &properties);
   icd_call_begin(c, &calls[1], TONGS_OP_vkGetPhysicalDeviceFeatures2, &features);
   icd_call_begin(c, &calls[2], TONGS_OP_vkGetPhysicalDeviceMemoryProperties, &memory);
   icd_call_begin(c, &calls[3], TONGS_OP_vkGetPhysicalDeviceQueueFamilyProperties, &queues);
   for (uint32_t i = 0; i < 4; i++)
      icd_call_finish(c, &calls[i]);
   if (icd_connection_is_lost(c) || !is_sane(&dev->memory))
      return VK_ERROR_INITIALIZATION_FAILED;

   dev->queue_families =
      icd_alloc(&dev->base, NULL, (family_count ? family_count : 1) * sizeof(*dev->queue_families),
                VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE);
   if (!dev->queue_families)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   memcpy(dev->queue_families, families, family_count * sizeof(*families));
   dev->queue_family_count = family_count;

   put_our_names(dev);
   import_whole_pages(dev);
   clear_features(dev->features);
   adapt_memory_types(dev, &dev->memory);
   return VK_SUCCESS;
}

static bool
has_shared_memory(const struct icd_physical_device *dev)
{
   return memchr(dev->strategies, ICD_MEMORY_SHARED, sizeof(dev->strategies));
}

/* Creates a device from its part of the reply to tongsSnapshot. */
static VkResult
read_device(struct icd_instance *instance, uint64_t id, const struct tongs_own_device *told)
{
   struct icd_connection *c = instance->base.connection;
   struct icd_physical_device *dev =
      icd_alloc(&instance->base, NULL, sizeof(*dev), VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE);
   if (!dev)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   icd_object_init_dispatchable(&dev->base.object);
   dev->base.object.id = id;
   dev->base.connection = c;
   dev->base.alloc = instance->base.alloc;
   dev->instance = instance;
   pthread_mutex_init(&dev->format_lock, NULL);
   icd_cache_init(&dev->answers, ANSWERS_MAX, ANSWERS_BYTES_MAX);
   instance->devices[instance->device_count++] = dev;

   dev->api_version = told->api_version;
   if (dev->api_version > (TONGS_API_VERSION | 0xfff))
      dev->api_version = TONGS_API_VERSION;
   if (dev->api_version > (c->peer.api_version | 0xfff))
      dev->api_version = c->peer.api_version;
   if (dev->api_version > (c->core_version | 0xfff))
      dev->api_version = c->core_version;
   /* Vulkan 1.4 has host image copies in its core. */
   if (dev->api_version > (VK_API_VERSION_1_3 | 0xfff) &&
       !(tongs_peer_knows_op(&c->peer, TONGS_OP_tongsCopyMemoryToImage) &&
         tongs_peer_knows_op(&c->peer, TONGS_OP_tongsCopyImageToMemory)))
      dev->api_version = VK_API_VERSION_1_3;
   if (dev->api_version < VK_API_VERSION_1_0) /* loaders call these functions unchecked */
      dev->api_version = VK_API_VERSION_1_0;
   memcpy(dev->strategies, told->strategies, sizeof(dev->strategies));
   bool is_explicit = !icd_connection_can(c, ICD_TRANSPORT_SHARES_HEAPS) ||
                      !tongs_peer_knows_op(&c->peer, TONGS_OP_tongsHeapCreate) ||
                      !tongs_peer_knows_op(&c->peer, TONGS_OP_tongsHeapDestroy);
   for (uint32_t i = 0; is_explicit && i < VK_MAX_MEMORY_TYPES; i++) {
      if (dev->strategies[i] == ICD_MEMORY_SHARED)
         dev->strategies[i] = ICD_MEMORY_EXPLICIT;
   }

   uint32_t count = told->extensions_count; /* the host may have extensions that we do not know */
   uint32_t room = count < icd_extension_count ? count : icd_extension_count;
   dev->extension_properties =
      icd_alloc(&dev->base, NULL, (room ? room : 1) * sizeof(*dev->extension_properties),
                VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE);
   if (!dev->extension_properties)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   for (uint32_t i = 0; i < count; i++) {
      const char *name = told->extensions[i].name;
      uint16_t index = name ? icd_find_extension(name) : ICD_NO_EXTENSION;
      if (index == ICD_NO_EXTENSION || icd_extensions[index].instance ||
          !icd_extension_is_carried(c, index) || icd_extension_set_has(&dev->extensions, index))
         continue;
      if (icd_extensions[index].needs_app_pages &&
          !(has_shared_memory(dev) && icd_app_pages_work()))
         continue;
      VkExtensionProperties *x = &dev->extension_properties[dev->extension_count++];
      snprintf(x->extensionName, sizeof(x->extensionName), "%s", name);
      x->specVersion = told->extensions[i].version;
      icd_extension_set_add(&dev->extensions, index);
   }
   return VK_SUCCESS;
}

VkResult
icd_physical_devices_create(struct icd_instance *instance)
{
   struct icd_connection *c = instance->base.connection;
   struct tongs_reply_tongsSnapshot reply = {0};
   struct icd_pending_call call;
   struct tongs_arena arena;
   struct tongs_decoder d;
   uint64_t *ids = instance->device_ids;
   size_t offset, size = 0;
   VkResult result = VK_SUCCESS;

   instance->devices =
      icd_alloc(&instance->base, NULL, TONGS_PHYSICAL_DEVICES_MAX * sizeof(*instance->devices),
                VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE);
   if (!instance->devices)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   for (uint32_t i = 0; i < TONGS_PHYSICAL_DEVICES_MAX; i++) {
      ids[i] = icd_id_new(c, TONGS_TYPE_VkPhysicalDevice);
      if (!ids[i])
         return VK_ERROR_OUT_OF_HOST_MEMORY;
   }
   struct tongs_encoder *e = icd_own_call_begin(c, &call, TONGS_OP_tongsSnapshot, &offset);
   tongs_encode_tongsSnapshot(e, &(struct tongs_args_tongsSnapshot){
                                    .instance = instance->base.object.id,
                                    .ids = ids,
                                    .ids_count = TONGS_PHYSICAL_DEVICES_MAX,
                                 });
   if (!icd_own_call_wait(c, &call, offset, &size))
      return VK_ERROR_INITIALIZATION_FAILED;

   tongs_arena_init(&arena, ICD_REPLY_ARENA_LIMIT);
   icd_own_reply_begin(&call, &d, &arena);
   tongs_decode_reply_tongsSnapshot(&d, &reply);
   if (d.error || reply.devices_count > TONGS_PHYSICAL_DEVICES_MAX)
      result = VK_ERROR_INITIALIZATION_FAILED;
   for (uint32_t i = 0; result == VK_SUCCESS && i < reply.devices_count; i++)
      result = read_device(instance, ids[i], &reply.devices[i]);
   tongs_arena_finish(&arena);
   free(call.reply);
   for (uint32_t i = 0; i < instance->device_count && result == VK_SUCCESS; i++)
      result = fetch(instance->devices[i]);
   return result;
}

void
icd_physical_device_destroy(struct icd_physical_device *dev)
{
   icd_free(&dev->base, NULL, dev->formats);
   icd_free(&dev->base, NULL, dev->queue_families);
   icd_free(&dev->base, NULL, dev->features);
   icd_free(&dev->base, NULL, dev->properties);
   icd_free(&dev->base, NULL, dev->extension_properties);
   icd_cache_finish(&dev->answers);
   pthread_mutex_destroy(&dev->format_lock);
   icd_free(&dev->base, NULL, dev);
}

VkResult
icd_physical_device_ask(VkPhysicalDevice device, uint32_t op, void *args)
{
   struct icd_physical_device *dev = icd_physical_device_from(device);

   icd_instance_follow_fork(dev->instance);
   return icd_cached_call(&dev->answers, dev->base.connection, op, args);
}
