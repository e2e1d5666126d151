/* SPDX-License-Identifier: MIT */
#ifndef ICD_MEMORY_H
#define ICD_MEMORY_H

#include "icd/heap.h"
#include "protocol/id.h"

#include <vulkan/vulkan_core.h>

struct icd_memory {
   struct tongs_object base;
   uint64_t size;
   uint8_t strategy;            /* enum icd_memory_strategy */
   struct icd_heap_range range; /* shared: the pages */
   struct icd_host_pages *host; /* ... that are the application's own; a use of them, or NULL */
   void *
      copy; /* explicit: the client's copy; external: the mapping; owned, NULL until it is mapped */
   uint32_t before; /* external: bytes of the mapping that lie before the memory's first */
   int dma_buf;     /* external: its descriptor where it is one that is mapped, owned; -1 */
};

static inline struct icd_memory *
icd_memory_from(VkDeviceMemory handle)
{
   return (struct icd_memory *)(uintptr_t)handle;
}

#endif
