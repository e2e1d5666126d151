/* SPDX-License-Identifier: MIT */

/* The client's shared heaps, mapped here (icd/heap.h is the other end). */

#ifndef RDR_WORKER_HEAP_H
#define RDR_WORKER_HEAP_H

#include "renderer/worker/context.h"

/* What the slot of a VkDeviceMemory holds beside the host's handle: what uses of the memory are
 * checked against (R4). */
struct rdr_memory {
   uint64_t size;
   bool mappable;                                  /* the host's type is HOST_VISIBLE */
   struct rdr_heap *heap;                          /* the memory is made of it; NULL: of none */
   VkExternalMemoryHandleTypeFlags exports;        /* how it may be exported */
   VkExternalMemoryHandleTypeFlagBits imported_as; /* the handle type that it was imported with */
   /* A duplicate of the imported descriptor, owned; -1: the memory was not imported, or cannot be
    * mapped. */
   int imported_fd;
};

/* The address of a range of `size` bytes at `offset` of the device's heap `number`; NULL if the
 * range does not lie in the heap as a whole (R4). The range stays mapped as long as a memory uses
 * the heap. */
void *
rdr_heap_range(struct rdr_context *ctx, const struct rdr_device *dev, uint32_t number,
               uint64_t offset, uint64_t size, struct rdr_heap **heap);

/* Uses `heap` (NULL: none). NULL if memory is out. */
struct rdr_memory *
rdr_memory_create(uint64_t size, bool mappable, struct rdr_heap *heap);

/* After the host's memory is gone, or if it never existed. NULL is fine. */
void
rdr_memory_destroy(struct rdr_memory *memory);

/* Unmaps the device's heaps. The device has no memory any more. */
void
rdr_heaps_release(struct rdr_context *ctx, const struct rdr_device *dev);

#endif
