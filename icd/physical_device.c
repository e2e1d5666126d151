/* SPDX-License-Identifier: MIT */
#include "icd/physical_device.h"

#include "icd/connect.h"
#include "icd/connection.h"
#include "icd/external.h"
#include "icd/host_pages.h"
#include "icd/table.h"
#include "protocol/decoder.h"
#include "protocol/id.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICES_MAX 16
/* What is kept of a device's answers. */
#define ANSWERS_MAX 4096u
#define ANSWERS_BYTES_MAX ((size_t)1 << 20)

/* --- What the server tells --- */

/* A chain of all structs of `facts` that the device's extensions or version bring, in one block. */
static void *
make_chain(const struct icd_physical_device *dev, VkStructureType type, size_t head_size,
           const struct icd_property_struct *facts, uint32_t count)
{
   const struct icd_connection *c = dev->base.connection;
   const size_t align = 16;
   size_t size = head_size + align;

   for (uint32_t i = 0; i < count; i++)
      size += facts[i].size + align;
   uint8_t *block = icd_alloc(&dev->base, NULL, size, VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE);
   if (!block)
      return NULL;

   VkBaseOutStructure *last = (VkBaseOutStructure *)block;
   last->sType = type;
   size_t at = (head_size + align - 1) & ~(align - 1);
   for (uint32_t i = 0; i < count; i++) {
      const struct icd_property_struct *fact = &facts[i];
      bool there = fact->core && fact->core <= (dev->api_version | 0xfff);
      for (uint32_t j = 0; j < 4 && fact->extensions[j] != ICD_NO_EXTENSION && !there; j++)
         there = icd_extension_set_has(&dev->extensions, fact->extensions[j]);
      if (!there || !tongs_peer_knows_struct(&c->peer, fact->index))
         continue;
      VkBaseOutStructure *link = (VkBaseOutStructure *)(block + at);
      link->sType = fact->type;
      last->pNext = link;
      last = link;
      at += (fact->size + align - 1) & ~(align - 1);
   }
   return block;
}

/* Names us where the host's driver names itself; all else follows the host. */
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
               dev->base.connection->transport);
      snprintf(driver->driverName, sizeof(driver->driverName), "tongs");
      snprintf(driver->driverInfo, sizeof(driver->driverInfo), "%s", info);
   }
   if (vulkan12 && driver) {
      memcpy(vulkan12->driverName, driver->driverName, sizeof(vulkan12->driverName));
      memcpy(vulkan12->driverInfo, driver->driverInfo, sizeof(vulkan12->driverInfo));
   }
}

/* What is imported is whole pages of the client's, whatever less the host could take. */
static void
import_whole_pages(struct icd_physical_device *dev)
{
   VkPhysicalDeviceExternalMemoryHostPropertiesEXT *host = tongs_find_in_output_chain(
      dev->properties, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT);
   const VkDeviceSize page = (VkDeviceSize)sysconf(_SC_PAGESIZE);

   if (host && host->minImportedHostPointerAlignment < page)
      host->minImportedHostPointerAlignment = page;
}

/* Feature bits that we cannot carry, whatever the host says. */
static void
clear_features(void *chain)
{
   for (uint32_t i = 0; i < icd_features_off_count; i++) {
      uint8_t *link = tongs_find_in_output_chain(chain, icd_features_off[i].type);
      if (link)
         memset(link + icd_features_off[i].offset, 0, sizeof(VkBool32));
   }
}

/* What is indexed with must not reach beyond its table, whatever the server says. */
static bool
is_sane(const VkPhysicalDeviceMemoryProperties *memory)
{
   bool sane = memory->memoryTypeCount <= VK_MAX_MEMORY_TYPES &&
               memory->memoryHeapCount <= VK_MAX_MEMORY_HEAPS;

   for (uint32_t i = 0; sane && i < memory->memoryTypeCount; i++)
      sane = memory->memoryTypes[i].heapIndex < memory->memoryHeapCount;
   return sane;
}

/* The client's view of the host's memory types: the same indices, other flags. */
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

/* Asks for all that is asked of a device, in one batch of calls. */
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

/* Reads what tongsSnapshot says of one device. */
static VkResult
read_device(struct icd_instance *instance, uint64_t id, struct tongs_decoder *d)
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

   dev->api_version = tongs_decode_u32(d);
   if (dev->api_version > (TONGS_API_VERSION | 0xfff))
      dev->api_version = TONGS_API_VERSION;
   if (dev->api_version > (c->peer.api_version | 0xfff))
      dev->api_version = c->peer.api_version;
   if (dev->api_version < VK_API_VERSION_1_0) /* what loaders call without a look is there */
      dev->api_version = VK_API_VERSION_1_0;
   tongs_decode_fixed(d, dev->strategies, sizeof(dev->strategies));
   bool is_explicit = icd_is_memory_explicit(c->transport);
   for (uint32_t i = 0; is_explicit && i < VK_MAX_MEMORY_TYPES; i++) {
      if (dev->strategies[i] == ICD_MEMORY_SHARED)
         dev->strategies[i] = ICD_MEMORY_EXPLICIT;
   }

   uint32_t count = tongs_decode_u32(d); /* of those that the host has: more than we know, maybe */
   uint32_t room = count < icd_extension_count ? count : icd_extension_count;
   dev->extension_properties =
      icd_alloc(&dev->base, NULL, (room ? room : 1) * sizeof(*dev->extension_properties),
                VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE);
   if (!dev->extension_properties)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   for (uint32_t i = 0; i < count && !d->error; i++) {
      const char *name = tongs_decode_string(d);
      uint32_t spec_version = tongs_decode_u32(d);
      uint16_t index = name ? icd_find_extension(name) : ICD_NO_EXTENSION;
      if (index == ICD_NO_EXTENSION || icd_extensions[index].instance ||
          !icd_extension_is_carried(c, index) || icd_extension_set_has(&dev->extensions, index))
         continue;
      if (icd_extensions[index].needs_host_pages &&
          !(has_shared_memory(dev) && icd_host_pages_work()))
         continue;
      VkExtensionProperties *x = &dev->extension_properties[dev->extension_count++];
      snprintf(x->extensionName, sizeof(x->extensionName), "%s", name);
      x->specVersion = spec_version;
      icd_extension_set_add(&dev->extensions, index);
   }
   return d->error ? VK_ERROR_INITIALIZATION_FAILED : VK_SUCCESS;
}

VkResult
icd_physical_devices_create(struct icd_instance *instance)
{
   struct icd_connection *c = instance->base.connection;
   struct icd_pending_call call;
   struct tongs_decoder d;
   uint64_t ids[DEVICES_MAX];
   size_t offset, size = 0;
   VkResult result = VK_SUCCESS;

   instance->devices = icd_alloc(&instance->base, NULL, DEVICES_MAX * sizeof(*instance->devices),
                                 VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE);
   if (!instance->devices)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   for (uint32_t i = 0; i < DEVICES_MAX; i++) {
      ids[i] = icd_id_new(c, TONGS_TYPE_VkPhysicalDevice);
      if (!ids[i])
         return VK_ERROR_OUT_OF_HOST_MEMORY;
   }
   struct tongs_encoder *e = icd_own_call_begin(c, &call, TONGS_OP_tongsSnapshot, &offset);
   tongs_encode_u64(e, instance->base.object.id);
   tongs_encode_u32(e, DEVICES_MAX);
   for (uint32_t i = 0; i < DEVICES_MAX; i++)
      tongs_encode_u64(e, ids[i]);
   const uint8_t *body = icd_own_call_wait(c, &call, offset, &size);
   if (!body)
      return VK_ERROR_INITIALIZATION_FAILED;

   tongs_decoder_init(&d, body, size, NULL);
   uint32_t count = tongs_decode_u32(&d);
   for (uint32_t i = 0; i < count && i < DEVICES_MAX && result == VK_SUCCESS; i++)
      result = read_device(instance, ids[i], &d);
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

   return icd_cached_call(&dev->answers, dev->base.connection, op, args);
}

/* --- Answers from what is known --- */

/* Copies the structs of the application's chain. False where it holds one that is not among the
 * facts, which only the server can fill in: one with arrays. */
static bool
copy_chain(void *chain, void *facts, const struct icd_property_struct *table, uint32_t count)
{
   bool complete = true;

   for (VkBaseOutStructure *link = chain; link; link = link->pNext) {
      uint32_t i = 0;
      while (i < count && table[i].type != link->sType)
         i++;
      const uint8_t *fact = i < count ? tongs_find_in_output_chain(facts, link->sType) : NULL;
      if (fact)
         memcpy((uint8_t *)link + sizeof(*link), fact + sizeof(*link),
                table[i].size - sizeof(*link));
      else if (i == count)
         complete = false;
   }
   return complete;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPhysicalDeviceProperties(VkPhysicalDevice physicalDevice,
                                VkPhysicalDeviceProperties *pProperties)
{
   *pProperties = icd_physical_device_from(physicalDevice)->properties->properties;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPhysicalDeviceProperties2(VkPhysicalDevice physicalDevice,
                                 VkPhysicalDeviceProperties2 *pProperties)
{
   struct icd_physical_device *dev = icd_physical_device_from(physicalDevice);

   if (!copy_chain(pProperties->pNext, dev->properties, icd_properties_structs,
                   icd_properties_struct_count)) {
      struct tongs_args_vkGetPhysicalDeviceProperties2 args = {.physicalDevice = physicalDevice,
                                                               .pProperties = pProperties};
      icd_physical_device_ask(physicalDevice, TONGS_OP_vkGetPhysicalDeviceProperties2, &args);
      copy_chain(pProperties->pNext, dev->properties, icd_properties_structs,
                 icd_properties_struct_count);
   }
   pProperties->properties = dev->properties->properties;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPhysicalDeviceFeatures(VkPhysicalDevice physicalDevice, VkPhysicalDeviceFeatures *pFeatures)
{
   *pFeatures = icd_physical_device_from(physicalDevice)->features->features;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPhysicalDeviceFeatures2(VkPhysicalDevice physicalDevice,
                               VkPhysicalDeviceFeatures2 *pFeatures)
{
   struct icd_physical_device *dev = icd_physical_device_from(physicalDevice);

   copy_chain(pFeatures->pNext, dev->features, icd_features_structs, icd_features_struct_count);
   pFeatures->features = dev->features->features;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPhysicalDeviceMemoryProperties(VkPhysicalDevice physicalDevice,
                                      VkPhysicalDeviceMemoryProperties *pMemoryProperties)
{
   *pMemoryProperties = icd_physical_device_from(physicalDevice)->memory;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPhysicalDeviceMemoryProperties2(VkPhysicalDevice physicalDevice,
                                       VkPhysicalDeviceMemoryProperties2 *pMemoryProperties)
{
   struct icd_physical_device *dev = icd_physical_device_from(physicalDevice);

   if (pMemoryProperties->pNext) { /* budgets change: ask */
      struct tongs_args_vkGetPhysicalDeviceMemoryProperties2 args = {
         .physicalDevice = physicalDevice, .pMemoryProperties = pMemoryProperties};
      icd_call(dev->base.connection, TONGS_OP_vkGetPhysicalDeviceMemoryProperties2, &args);
   }
   pMemoryProperties->memoryProperties = dev->memory;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPhysicalDeviceQueueFamilyProperties(VkPhysicalDevice physicalDevice,
                                           uint32_t *pQueueFamilyPropertyCount,
                                           VkQueueFamilyProperties *pQueueFamilyProperties)
{
   struct icd_physical_device *dev = icd_physical_device_from(physicalDevice);
   uint32_t count = dev->queue_family_count;

   if (pQueueFamilyProperties) {
      if (*pQueueFamilyPropertyCount < count)
         count = *pQueueFamilyPropertyCount;
      memcpy(pQueueFamilyProperties, dev->queue_families, count * sizeof(*pQueueFamilyProperties));
   }
   *pQueueFamilyPropertyCount = count;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPhysicalDeviceQueueFamilyProperties2(VkPhysicalDevice physicalDevice,
                                            uint32_t *pQueueFamilyPropertyCount,
                                            VkQueueFamilyProperties2 *pQueueFamilyProperties)
{
   struct icd_physical_device *dev = icd_physical_device_from(physicalDevice);
   bool chained = false;

   for (uint32_t i = 0; pQueueFamilyProperties && i < *pQueueFamilyPropertyCount; i++)
      chained |= pQueueFamilyProperties[i].pNext != NULL;
   if (chained) {
      struct tongs_args_vkGetPhysicalDeviceQueueFamilyProperties2 args = {
         .physicalDevice = physicalDevice,
         .pQueueFamilyPropertyCount = pQueueFamilyPropertyCount,
         .pQueueFamilyProperties = pQueueFamilyProperties,
      };
      icd_physical_device_ask(physicalDevice, TONGS_OP_vkGetPhysicalDeviceQueueFamilyProperties2,
                              &args);
      return;
   }
   uint32_t count = dev->queue_family_count;
   if (pQueueFamilyProperties) {
      if (*pQueueFamilyPropertyCount < count)
         count = *pQueueFamilyPropertyCount;
      for (uint32_t i = 0; i < count; i++)
         pQueueFamilyProperties[i].queueFamilyProperties = dev->queue_families[i];
   }
   *pQueueFamilyPropertyCount = count;
}

/* --- Formats --- */

/* Fetches all formats in one batch, at the first question for one. When memory is out there are
 * none until the next. */
static void
fetch_formats(struct icd_physical_device *dev)
{
   struct icd_connection *c = dev->base.connection;
   uint32_t count = icd_format_count;
   struct icd_pending_call *calls = calloc(count, sizeof(*calls));
   VkFormatProperties2 *properties = calloc(count, sizeof(*properties));
   struct tongs_args_vkGetPhysicalDeviceFormatProperties2 *args = calloc(count, sizeof(*args));
   VkFormatProperties3 *formats =
      icd_alloc(&dev->base, NULL, count * sizeof(*formats), VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE);
   bool ok = calls && properties && args && formats;

   for (uint32_t i = 0; ok && i < count; i++) {
      formats[i].sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_3;
      properties[i].sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2;
      properties[i].pNext = &formats[i];
      args[i].physicalDevice = (VkPhysicalDevice)dev;
      args[i].format = icd_formats[i];
      args[i].pFormatProperties = &properties[i];
      icd_call_begin(c, &calls[i], TONGS_OP_vkGetPhysicalDeviceFormatProperties2, &args[i]);
   }
   for (uint32_t i = 0; ok && i < count; i++) {
      icd_call_finish(c, &calls[i]);
      formats[i].pNext = NULL;
      /* A host without VkFormatProperties3 has no bits beyond the low 32. */
      const VkFormatProperties *p = &properties[i].formatProperties;
      formats[i].linearTilingFeatures |= p->linearTilingFeatures;
      formats[i].optimalTilingFeatures |= p->optimalTilingFeatures;
      formats[i].bufferFeatures |= p->bufferFeatures;
   }
   free(calls);
   free(properties);
   free(args);
   if (ok)
      dev->formats = formats;
   else
      icd_free(&dev->base, NULL, formats);
}

/* Zeros for a format that the registry does not know. */
static VkFormatProperties3
format_properties(struct icd_physical_device *dev, VkFormat format)
{
   VkFormatProperties3 found = {0};

   pthread_mutex_lock(&dev->format_lock);
   if (!dev->formats)
      fetch_formats(dev);
   for (uint32_t i = 0; dev->formats && i < icd_format_count; i++) {
      if (icd_formats[i] == format)
         found = dev->formats[i];
   }
   pthread_mutex_unlock(&dev->format_lock);
   return found;
}

static VkFormatProperties
low_bits(const VkFormatProperties3 *p)
{
   return (VkFormatProperties){
      .linearTilingFeatures = (VkFormatFeatureFlags)p->linearTilingFeatures & 0x7fffffff,
      .optimalTilingFeatures = (VkFormatFeatureFlags)p->optimalTilingFeatures & 0x7fffffff,
      .bufferFeatures = (VkFormatFeatureFlags)p->bufferFeatures & 0x7fffffff,
   };
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPhysicalDeviceFormatProperties(VkPhysicalDevice physicalDevice, VkFormat format,
                                      VkFormatProperties *pFormatProperties)
{
   VkFormatProperties3 p = format_properties(icd_physical_device_from(physicalDevice), format);
   *pFormatProperties = low_bits(&p);
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPhysicalDeviceFormatProperties2(VkPhysicalDevice physicalDevice, VkFormat format,
                                       VkFormatProperties2 *pFormatProperties)
{
   struct icd_physical_device *dev = icd_physical_device_from(physicalDevice);
   VkFormatProperties3 p = format_properties(dev, format);

   for (VkBaseOutStructure *link = pFormatProperties->pNext; link; link = link->pNext) {
      if (link->sType != VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_3) {
         struct tongs_args_vkGetPhysicalDeviceFormatProperties2 args = {
            .physicalDevice = physicalDevice,
            .format = format,
            .pFormatProperties = pFormatProperties,
         };
         icd_physical_device_ask(physicalDevice, TONGS_OP_vkGetPhysicalDeviceFormatProperties2,
                                 &args);
         return;
      }
      VkFormatProperties3 *out = (VkFormatProperties3 *)link;
      out->linearTilingFeatures = p.linearTilingFeatures;
      out->optimalTilingFeatures = p.optimalTilingFeatures;
      out->bufferFeatures = p.bufferFeatures;
   }
   pFormatProperties->formatProperties = low_bits(&p);
}

/* --- Extensions, layers, tools --- */

VKAPI_ATTR VkResult VKAPI_CALL
icd_EnumerateDeviceExtensionProperties(VkPhysicalDevice physicalDevice, const char *pLayerName,
                                       uint32_t *pPropertyCount, VkExtensionProperties *pProperties)
{
   struct icd_physical_device *dev = icd_physical_device_from(physicalDevice);
   uint32_t count = dev->extension_count;
   VkResult result = VK_SUCCESS;

   if (pLayerName)
      return VK_ERROR_LAYER_NOT_PRESENT;
   if (pProperties) {
      if (*pPropertyCount < count) {
         count = *pPropertyCount;
         result = VK_INCOMPLETE;
      }
      memcpy(pProperties, dev->extension_properties, count * sizeof(*pProperties));
   }
   *pPropertyCount = count;
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_EnumerateDeviceLayerProperties(VkPhysicalDevice physicalDevice, uint32_t *pPropertyCount,
                                   VkLayerProperties *pProperties)
{
   (void)physicalDevice, (void)pProperties;
   *pPropertyCount = 0;
   return VK_SUCCESS;
}

/* Tools run in the client: layers announce themselves. */
VKAPI_ATTR VkResult VKAPI_CALL
icd_GetPhysicalDeviceToolProperties(VkPhysicalDevice physicalDevice, uint32_t *pToolCount,
                                    VkPhysicalDeviceToolProperties *pToolProperties)
{
   (void)physicalDevice, (void)pToolProperties;
   *pToolCount = 0;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetPhysicalDeviceImageFormatProperties2(
   VkPhysicalDevice physicalDevice, const VkPhysicalDeviceImageFormatInfo2 *pImageFormatInfo,
   VkImageFormatProperties2 *pImageFormatProperties)
{
   struct icd_physical_device *dev = icd_physical_device_from(physicalDevice);
   const VkExternalMemoryHandleTypeFlags passed = icd_external_memory_passed(dev);
   const VkPhysicalDeviceExternalImageFormatInfo *external = tongs_find_in_chain(
      pImageFormatInfo->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO);
   struct tongs_args_vkGetPhysicalDeviceImageFormatProperties2 args = {
      .physicalDevice = physicalDevice,
      .pImageFormatInfo = pImageFormatInfo,
      .pImageFormatProperties = pImageFormatProperties,
   };

   if (external && external->handleType && !(external->handleType & passed)) {
      pImageFormatProperties->imageFormatProperties = (VkImageFormatProperties){0};
      return VK_ERROR_FORMAT_NOT_SUPPORTED;
   }
   VkResult result = icd_physical_device_ask(
      physicalDevice, TONGS_OP_vkGetPhysicalDeviceImageFormatProperties2, &args);
   VkExternalImageFormatProperties *out = tongs_find_in_output_chain(
      pImageFormatProperties->pNext, VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES);
   if (out)
      icd_external_keep_passed(&out->externalMemoryProperties, passed);
   return result;
}
