/* SPDX-License-Identifier: MIT */
#ifndef ICD_DEVICE_H
#define ICD_DEVICE_H

#include "heap.h"
#include "instance.h"
#include "object.h"

#include <stdatomic.h>

struct icd_physical_device;

struct icd_queue {
   struct icd_parent parent;
   VkDeviceQueueCreateFlags flags;
   uint32_t family;
   uint32_t index;
};

/* A pipeline layout that is destroyed once the command buffers have been shipped that were open when the device's clock
 * came to `since`. */
struct icd_grave {
   struct icd_grave *next;
   uint64_t since;
   uint64_t id;
};

struct icd_device {
   struct icd_parent parent;
   struct icd_physical_device *physical;
   struct icd_extension_set enabled;
   struct icd_heaps heaps;        /* that its shared memory comes from */
   _Atomic uint64_t graves_clock; /* counts burials; changes under the lock */
   pthread_mutex_t graves_lock;   /* protects the next two */
   struct icd_grave *graves;      /* the oldest first */
   struct icd_command_buffer *command_buffers;
   uint32_t queue_count;
   struct icd_queue *queues; /* owned */
};

static inline struct icd_device *
icd_device_from(VkDevice handle)
{
   return (struct icd_device *)handle;
}

#endif
