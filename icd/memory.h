/* SPDX-License-Identifier: MIT */
#ifndef ICD_MEMORY_H
#define ICD_MEMORY_H

#include "icd/heap.h"
#include "protocol/id.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <vulkan/vulkan_core.h>

struct icd_twin;

struct icd_memory {
   struct tongs_object base;
   uint64_t size;
   uint8_t strategy;            /* enum icd_memory_strategy */
   bool may_be_spare;           /* spare_memory.h */
   uint32_t type;               /* the index of its memory type */
   VkMemoryAllocateFlags flags; /* of memory that may become a spare */
   struct icd_heap_range range; /* shared: its pages */
   struct icd_app_pages *pages; /* shared: the import of the application's own pages, or NULL */
   /* Explicit: the client's copy; external: the mapping. Owned; NULL until it is first mapped. */
   void *copy;
   atomic_bool written;   /* the device may write it */
   struct icd_twin *twin; /* explicit: what was sent of the copy; owned; may be NULL */
   uint32_t before;       /* external: bytes of the mapping before the memory's first byte */
   int dma_buf;           /* external: the dma-buf that is mapped, owned; -1: none */
};

static inline struct icd_memory *
icd_memory_from(VkDeviceMemory handle)
{
   return (struct icd_memory *)(uintptr_t)handle;
}

/* The memory has got something that belongs to this object alone: it cannot become a spare. */
static inline void
icd_spare_refuse(VkDeviceMemory handle)
{
   icd_memory_from(handle)->may_be_spare = false;
}

#endif
