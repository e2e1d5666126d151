/* SPDX-License-Identifier: MIT */

/* What images of a format support. Many programs ask about one format after the other. If two
 * questions of a kind, which differ in nothing but the format, follow each other, the client asks
 * about the next formats as well, in the same round trip. */

#include "icd/physical_device.h"

#include "icd/connection.h"
#include "icd/external.h"
#include "protocol/decoder.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <stdatomic.h>

#define AHEAD (ICD_CACHED_ASK_MAX - 1)
/* The last of the formats that all hosts know. */
#define LAST_FORMAT VK_FORMAT_ASTC_12x12_SRGB_BLOCK
/* How many formats a program may leave out and still ask about one after the other. */
#define GAP 4u

typedef struct tongs_args_vkGetPhysicalDeviceImageFormatProperties image_format_args;

/* The inputs apart from the format, as a number that is unlikely to be that of others. */
static uint32_t
kind_of(const image_format_args *a)
{
   const uint64_t mixed =
      ((uint64_t)a->usage << 32 | a->flags) + ((uint64_t)a->type << 60) + (uint64_t)a->tiling;

   return (uint32_t)(mixed * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* The number of formats after that of the question to ask about, too. */
static uint32_t
formats_ahead(struct icd_physical_device *dev, const image_format_args *a)
{
   const uint32_t kind = kind_of(a), format = (uint32_t)a->format;
   _Atomic uint64_t *place = &dev->format_runs[kind % ICD_FORMAT_RUNS];
   const uint64_t run = atomic_load_explicit(place, memory_order_relaxed);
   const uint32_t next = (uint32_t)run;
   uint32_t ahead = 0;

   if (format >= LAST_FORMAT)
      return 0;
   if (run >> 32 == kind && format >= next && format - next <= GAP)
      ahead = LAST_FORMAT - format < AHEAD ? LAST_FORMAT - format : AHEAD;
   atomic_store_explicit(place, (uint64_t)kind << 32 | (format + 1 + ahead), memory_order_relaxed);
   return ahead;
}

static VkResult
ask(struct icd_physical_device *dev, image_format_args *a)
{
   const uint32_t op = TONGS_OP_vkGetPhysicalDeviceImageFormatProperties;
   image_format_args others[AHEAD];
   VkImageFormatProperties ignored[AHEAD];
   void *questions[1 + AHEAD] = {a};

   icd_instance_follow_fork(dev->instance);
   struct icd_connection *c = dev->base.connection;
   if (icd_cached_find(&dev->answers, c, op, a))
      return a->ret;
   const uint32_t ahead = formats_ahead(dev, a);
   for (uint32_t i = 0; i < ahead; i++) {
      others[i] = *a;
      others[i].format = (VkFormat)(a->format + 1 + i);
      others[i].pImageFormatProperties = &ignored[i];
      questions[1 + i] = &others[i];
   }
   icd_cached_ask_all(&dev->answers, c, op, questions, 1 + ahead);
   return a->ret;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetPhysicalDeviceImageFormatProperties(VkPhysicalDevice physicalDevice, VkFormat format,
                                           VkImageType type, VkImageTiling tiling,
                                           VkImageUsageFlags usage, VkImageCreateFlags flags,
                                           VkImageFormatProperties *pImageFormatProperties)
{
   image_format_args a = {
      .physicalDevice = physicalDevice,
      .format = format,
      .type = type,
      .tiling = tiling,
      .usage = usage,
      .flags = flags,
      .pImageFormatProperties = pImageFormatProperties,
   };

   return ask(icd_physical_device_from(physicalDevice), &a);
}

/* Without chains, this is the question of the first version. */
VKAPI_ATTR VkResult VKAPI_CALL
icd_GetPhysicalDeviceImageFormatProperties2(
   VkPhysicalDevice physicalDevice, const VkPhysicalDeviceImageFormatInfo2 *pImageFormatInfo,
   VkImageFormatProperties2 *pImageFormatProperties)
{
   const VkPhysicalDeviceImageFormatInfo2 *info = pImageFormatInfo;
   struct icd_physical_device *dev = icd_physical_device_from(physicalDevice);
   const VkExternalMemoryHandleTypeFlags passed = icd_external_memory_passed(dev);
   const VkPhysicalDeviceExternalImageFormatInfo *external = tongs_find_in_chain(
      pImageFormatInfo->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO);
   struct tongs_args_vkGetPhysicalDeviceImageFormatProperties2 args = {
      .physicalDevice = physicalDevice,
      .pImageFormatInfo = pImageFormatInfo,
      .pImageFormatProperties = pImageFormatProperties,
   };

   if (!info->pNext && !pImageFormatProperties->pNext)
      return icd_GetPhysicalDeviceImageFormatProperties(
         physicalDevice, info->format, info->type, info->tiling, info->usage, info->flags,
         &pImageFormatProperties->imageFormatProperties);
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
