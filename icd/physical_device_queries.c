/* SPDX-License-Identifier: MIT */

/* Queries about a physical device that the client answers from the properties that it fetched when
 * it created the instance. */

#include "icd/physical_device.h"

#include "icd/connection.h"
#include "icd/table.h"
#include "protocol/decoder.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <string.h>

/* Answers a query for an array: only the count if `out` is NULL, else at most *count elements. */
static VkResult
fill_array(void *out, uint32_t *count, const void *from, uint32_t from_count, size_t size)
{
   const uint32_t n = out && *count < from_count ? *count : from_count;

   if (out)
      memcpy(out, from, n * size);
   *count = n;
   return n < from_count ? VK_INCOMPLETE : VK_SUCCESS;
}

/* --- Properties and features --- */

/* Fills in the structs of the application's chain from `known`, a chain of the structs of `table`.
 * False if the chain holds a struct that is not in the table. Such a struct has arrays, so only the
 * worker can fill it in. */
static bool
copy_chain(void *chain, const void *known, const struct icd_property_struct *table, uint32_t count)
{
   bool complete = true;

   for (VkBaseOutStructure *s = chain; s; s = s->pNext) {
      uint32_t i = 0;
      while (i < count && table[i].type != s->sType)
         i++;
      const uint8_t *from = i < count ? tongs_find_in_chain(known, s->sType) : NULL;
      if (from)
         memcpy((uint8_t *)s + sizeof(*s), from + sizeof(*s), table[i].size - sizeof(*s));
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

   if (pMemoryProperties->pNext) { /* memory budgets change */
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
   fill_array(pQueueFamilyProperties, pQueueFamilyPropertyCount, dev->queue_families,
              dev->queue_family_count, sizeof(*pQueueFamilyProperties));
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

/* --- Extensions, layers, tools --- */

VKAPI_ATTR VkResult VKAPI_CALL
icd_EnumerateDeviceExtensionProperties(VkPhysicalDevice physicalDevice, const char *pLayerName,
                                       uint32_t *pPropertyCount, VkExtensionProperties *pProperties)
{
   struct icd_physical_device *dev = icd_physical_device_from(physicalDevice);
   if (pLayerName)
      return VK_ERROR_LAYER_NOT_PRESENT;
   return fill_array(pProperties, pPropertyCount, dev->extension_properties, dev->extension_count,
                     sizeof(*pProperties));
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_EnumerateDeviceLayerProperties(VkPhysicalDevice physicalDevice, uint32_t *pPropertyCount,
                                   VkLayerProperties *pProperties)
{
   (void)physicalDevice, (void)pProperties;
   *pPropertyCount = 0;
   return VK_SUCCESS;
}

/* Tools run in the client, as layers, and announce themselves. */
VKAPI_ATTR VkResult VKAPI_CALL
icd_GetPhysicalDeviceToolProperties(VkPhysicalDevice physicalDevice, uint32_t *pToolCount,
                                    VkPhysicalDeviceToolProperties *pToolProperties)
{
   (void)physicalDevice, (void)pToolProperties;
   *pToolCount = 0;
   return VK_SUCCESS;
}
