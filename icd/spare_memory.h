/* SPDX-License-Identifier: MIT */

/* Memory that the application has freed and that its next vkAllocateMemory may get: the same memory
 * type, size and flags, no other struct in the chain. Programs often allocate a staging buffer for
 * each upload and free it afterwards. Without a spare, each of these allocations is a round trip,
 * because its result counts. The worker does not hear of the free and of the allocation. */

#ifndef ICD_SPARE_MEMORY_H
#define ICD_SPARE_MEMORY_H

#include "icd/heap.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

struct icd_device;
struct icd_memory;

#define ICD_SPARES_MAX 4

struct icd_spare {
   uint64_t id; /* of the worker's memory */
   uint64_t size;
   uint32_t type;
   VkMemoryAllocateFlags flags;
   struct icd_heap_range range;
};

struct icd_spares {
   pthread_mutex_t lock;                  /* protects the rest; a leaf */
   struct icd_spare list[ICD_SPARES_MAX]; /* the oldest first */
   uint32_t count;
   uint64_t bytes;
};

void
icd_spares_init(struct icd_spares *spares);

/* The device is about to be destroyed, with its memory. */
void
icd_spares_finish(struct icd_device *dev);

/* Notes in the memory whether it can become a spare, from the info that it is allocated with. */
void
icd_spare_describe(struct icd_memory *mem, const VkMemoryAllocateInfo *info);

/* Gives a spare to `mem`, which is described and has an id, but no pages yet. False if none fits.
 */
bool
icd_spare_take(struct icd_device *dev, struct icd_memory *mem);

/* Takes over the id and the pages of memory that the application frees. Frees the oldest spares if
 * there are too many. False if the memory cannot become a spare. */
bool
icd_spare_keep(struct icd_device *dev, struct icd_memory *mem);

/* Frees all spares, because an allocation failed. False if there was none. */
bool
icd_spares_free(struct icd_device *dev);

#endif
