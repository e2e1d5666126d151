/* SPDX-License-Identifier: MIT */
#ifndef ICD_DEVICE_H
#define ICD_DEVICE_H

#include "heap.h"
#include "instance.h"
#include "object.h"

struct icd_physical_device;

struct icd_queue {
   struct icd_parent parent;
   VkDeviceQueueCreateFlags flags;
   uint32_t family;
   uint32_t index;
};

struct icd_device {
   struct icd_parent parent;
   struct icd_physical_device *physical;
   struct icd_extension_set enabled;
   struct icd_heaps heaps; /* that its shared memory comes from */
   uint32_t queue_count;
   struct icd_queue *queues; /* owned */
};

static inline struct icd_device *
icd_device_from(VkDevice handle)
{
   return (struct icd_device *)handle;
}

#endif
