/* SPDX-License-Identifier: MIT */
#ifndef ICD_DEVICE_H
#define ICD_DEVICE_H

#include "icd/heap.h"
#include "icd/instance.h"
#include "icd/object.h"
#include "icd/pipeline_layout.h"

struct icd_physical_device;
struct icd_queue;

struct icd_device {
   struct icd_dispatchable base;
   struct icd_physical_device *physical;
   struct icd_extension_set enabled;
   bool exports_memory;    /* shared memory is the host's own, mapped through a descriptor */
   struct icd_heaps heaps; /* that its shared memory comes from */
   struct icd_deferred_destroys deferred;
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
