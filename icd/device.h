/* SPDX-License-Identifier: MIT */
#ifndef ICD_DEVICE_H
#define ICD_DEVICE_H

#include "icd/cache.h"
#include "icd/heap.h"
#include "icd/instance.h"
#include "icd/object.h"
#include "icd/pipeline_layout.h"
#include "icd/spare_memory.h"
#include "icd/spirv.h"

struct icd_physical_device;
struct icd_queue;

struct icd_device {
   struct icd_dispatchable base;
   struct icd_physical_device *physical;
   struct icd_extension_set enabled;
   bool exports_memory;    /* allocate shared memory for export, and map it by its descriptor */
   struct icd_heaps heaps; /* its shared memory comes from them */
   struct icd_spares spares;
   struct icd_deferred_destroys deferred;
   pthread_mutex_t ship_lock; /* held while a held recording is shipped (command_buffer.h) */
   struct icd_spirv_proven proven;
   struct icd_cache answers; /* about its objects, for as long as they live */
   uint32_t queue_count;
   struct icd_queue *queues; /* owned */
};

/* Whether the device is lost: no submission will complete any more. */
bool
icd_device_is_lost(const struct icd_device *dev);

static inline struct icd_device *
icd_device_from(VkDevice handle)
{
   return (struct icd_device *)handle;
}

#endif
