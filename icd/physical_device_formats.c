/* SPDX-License-Identifier: MIT */

/* The abilities of a physical device with formats. */

#include "icd/physical_device.h"

#include "icd/connection.h"
#include "icd/table.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <stdlib.h>

/* Fetches the properties of all formats in one batch, when the application first asks for one. If
 * memory is out, the next query tries again. */
static void
fetch_formats(struct icd_physical_device *dev)
{
   icd_instance_follow_fork(dev->instance);
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

/* The properties of a format; zeros for one that the registry does not know. */
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

   for (VkBaseOutStructure *s = pFormatProperties->pNext; s; s = s->pNext) {
      if (s->sType != VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_3) {
         struct tongs_args_vkGetPhysicalDeviceFormatProperties2 args = {
            .physicalDevice = physicalDevice,
            .format = format,
            .pFormatProperties = pFormatProperties,
         };
         icd_physical_device_ask(physicalDevice, TONGS_OP_vkGetPhysicalDeviceFormatProperties2,
                                 &args);
         return;
      }
      VkFormatProperties3 *out = (VkFormatProperties3 *)s;
      out->linearTilingFeatures = p.linearTilingFeatures;
      out->optimalTilingFeatures = p.optimalTilingFeatures;
      out->bufferFeatures = p.bufferFeatures;
   }
   pFormatProperties->formatProperties = low_bits(&p);
}
