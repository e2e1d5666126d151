/* SPDX-License-Identifier: MIT */
#ifndef ICD_DEVICE_H
#define ICD_DEVICE_H

#include "icd/heap.h"
#include "icd/instance.h"
#include "icd/object.h"

#include <stdatomic.h>

struct icd_physical_device;

struct icd_queue {
   struct icd_dispatchable base;
   struct icd_device *device;
   VkDeviceQueueCreateFlags flags;
   uint32_t family;
   uint32_t index;

   /* How the worker tells of its submissions; the last three belong to the thread that uses the
    * queue. */
   uint32_t slot; /* of the status page */
   uint32_t epoch;
   uint64_t *last_number; /* of a submission, the connection's: numbers of a slot only grow */
   bool has_unnumbered;   /* something was submitted after that, without a number */
};

/* A pipeline layout that is destroyed once the command buffers have been shipped that were open
 * when the device's clock came to `since`. */
struct icd_deferred_destroy {
   struct icd_deferred_destroy *next;
   uint64_t since;
   uint64_t id;
};

struct icd_device {
   struct icd_dispatchable base;
   struct icd_physical_device *physical;
   struct icd_extension_set enabled;
   bool exports_memory;           /* shared memory is the host's own, mapped through a descriptor */
   struct icd_heaps heaps;        /* that its shared memory comes from */
   _Atomic uint64_t graves_clock; /* counts burials; changes under the lock */
   pthread_mutex_t graves_lock;   /* protects the next two */
   struct icd_deferred_destroy *graves; /* the oldest first */
   struct icd_command_buffer *command_buffers;
   uint32_t queue_count;
   struct icd_queue *queues; /* owned */
};

/* Whether nothing more will complete on it. */
bool
icd_device_is_lost(const struct icd_device *dev);

static inline struct icd_device *
icd_device_from(VkDevice handle)
{
   return (struct icd_device *)handle;
}

#endif
