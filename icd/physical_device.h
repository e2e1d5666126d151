/* SPDX-License-Identifier: MIT */
#ifndef ICD_PHYSICAL_DEVICE_H
#define ICD_PHYSICAL_DEVICE_H

#include "icd/cache.h"
#include "icd/instance.h"
#include "icd/object.h"

#include "tongs_gen_wire.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* How the client reaches the bytes of a memory type (docs/design/memory.md). The numbers are
 * those of the wire. */
enum icd_memory_strategy {
   ICD_MEMORY_HOST = TONGS_MEMORY_HOST,     /* not HOST_VISIBLE: only the host driver reaches it */
   ICD_MEMORY_SHARED = TONGS_MEMORY_SHARED, /* the same pages on both sides */
   ICD_MEMORY_EXPLICIT =
      TONGS_MEMORY_EXPLICIT, /* a copy in the client; flush and invalidate move bytes */
   /* Of one VkDeviceMemory, not of a type, and not on the wire: */
   ICD_MEMORY_EXTERNAL, /* the host driver's memory, mapped through its file descriptor */
};

/* How many kinds of questions about image formats may take turns. */
#define ICD_FORMAT_RUNS 8u

/* A physical device and its properties, which vkCreateInstance fetches. They never change. */
struct icd_physical_device {
   struct icd_dispatchable base;
   struct icd_instance *instance;
   uint32_t api_version; /* the least of the host's, ours and the worker's */

   struct icd_extension_set extensions; /* the advertised ones */
   uint32_t extension_count;
   VkExtensionProperties *extension_properties; /* owned */

   VkPhysicalDeviceProperties2 *properties; /* owned, one block with its chain */
   VkPhysicalDeviceFeatures2 *features;     /* the same */
   VkPhysicalDeviceMemoryProperties memory;
   uint8_t strategies[VK_MAX_MEMORY_TYPES]; /* enum icd_memory_strategy, by memory type */
   uint32_t queue_family_count;
   VkQueueFamilyProperties *queue_families; /* owned */

   pthread_mutex_t format_lock;  /* protects `formats`; held during their one batch of calls */
   VkFormatProperties3 *formats; /* owned, in the order of icd_formats */

   struct icd_cache answers; /* of the worker, to queries with inputs */
   /* Hints of icd/image_format.c, by kind of question: the kind of the last one that was not known,
    * and the format after the last one that was asked about. */
   _Atomic uint64_t format_runs[ICD_FORMAT_RUNS];
};

static inline struct icd_physical_device *
icd_physical_device_from(VkPhysicalDevice handle)
{
   return (struct icd_physical_device *)handle;
}

/* Creates the instance's physical devices and fetches their properties, in two round trips. On
 * failure the instance owns those that were created. */
VkResult
icd_physical_devices_create(struct icd_instance *instance);

/* As icd_call(), for a query whose answer depends only on the arguments: asks the worker once for
 * each set of arguments. */
VkResult
icd_physical_device_ask(VkPhysicalDevice device, uint32_t op, void *args);

void
icd_physical_device_destroy(struct icd_physical_device *device);

#endif
