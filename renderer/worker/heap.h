/* SPDX-License-Identifier: MIT */

/* The client's shared heaps, mapped here (icd/heap.h is the other end). */

#ifndef RDR_WORKER_HEAP_H
#define RDR_WORKER_HEAP_H

#include "renderer/worker/context.h"

/* Ranges of a heap are whole pages. */
#define RDR_HEAP_PAGE UINT64_C(4096)

/* What the slot of a VkDeviceMemory holds beside the host's handle: what its uses are checked
 * against (R4). */
struct rdr_memory {
   uint64_t size;
   bool mappable;                                  /* the host's type is HOST_VISIBLE */
   struct rdr_heap *heap;                          /* a use of it; NULL: the host's own memory */
   VkExternalMemoryHandleTypeFlags exports;        /* what it may be exported as */
   VkExternalMemoryHandleTypeFlagBits imported_as; /* what it came as, */
   int
      imported_fd; /* and a duplicate of that, owned; -1: it was not imported, or is never mapped */
};

/* A range of `size` bytes at `offset` of a heap of the device, NULL where it does not lie in it
 * whole (R4). It stays mapped for as long as a memory uses the heap. */
void *
rdr_heap_range(struct rdr_context *ctx, const struct rdr_device *dev, uint32_t number,
               uint64_t offset, uint64_t size, struct rdr_heap **heap);

/* Takes a use of `heap` (may be NULL). NULL when memory is out. */
struct rdr_memory *
rdr_memory_create(uint64_t size, bool mappable, struct rdr_heap *heap);

/* After the host's memory is gone, or never came to be. NULL is fine. */
void
rdr_memory_destroy(struct rdr_context *ctx, struct rdr_memory *memory);

/* Unmaps what a device's client has used: the heaps belong to it, and no memory of it is left. */
void
rdr_heaps_release(struct rdr_context *ctx, const struct rdr_device *dev);

#endif
