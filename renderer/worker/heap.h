/* SPDX-License-Identifier: MIT */

/* The client's shared heaps, mapped here (icd/heap.h is the other end). */

#ifndef RDR_WORKER_HEAP_H
#define RDR_WORKER_HEAP_H

#include "renderer/worker/context.h"

/* The data of a VkDeviceMemory's slot, besides the host's handle. Uses of the memory are checked
 * against it (R4). */
struct rdr_memory {
   uint64_t size;                                  /* first (protocol/bounds.h) */
   bool mappable;                                  /* the host's type is HOST_VISIBLE */
   struct rdr_heap *heap;                          /* the memory was imported from it; NULL: none */
   VkExternalMemoryHandleTypeFlags exports;        /* how it may be exported */
   VkExternalMemoryHandleTypeFlagBits imported_as; /* the handle type that it was imported with */
   /* A duplicate of the imported descriptor, owned; -1: the memory was not imported, or cannot be
    * mapped. */
   int imported_fd;
};

/* Finds a range of `size` bytes at `offset` of the device's heap `number`. False if the range does
 * not lie in the heap as a whole (R4). `*data`: its address, which stays mapped as long as a memory
 * uses the heap; NULL: this process had no room to map the heap. */
bool
rdr_heap_range(struct rdr_context *ctx, const struct rdr_device *dev, uint32_t number,
               uint64_t offset, uint64_t size, struct rdr_heap **heap, void **data);

/* Creates the data of a memory that uses `heap` (NULL: none). NULL if memory is out. */
struct rdr_memory *
rdr_memory_create(uint64_t size, bool mappable, struct rdr_heap *heap);

/* Frees the data and releases the heap. The host's memory must be gone or must never have existed.
 * `memory` may be NULL. */
void
rdr_memory_destroy(struct rdr_memory *memory);

/* Unmaps the device's heaps. All of the device's memory must be freed. */
void
rdr_heaps_release(struct rdr_context *ctx, const struct rdr_device *dev);

#endif
