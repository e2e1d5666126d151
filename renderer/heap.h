/* SPDX-License-Identifier: MIT */

/* The guest's shared heaps, mapped here (icd/heap.h is the other end). */

#ifndef RDR_HEAP_H
#define RDR_HEAP_H

#include "context.h"

/* Ranges of a heap are whole pages. */
#define RDR_HEAP_PAGE UINT64_C(4096)
/* How many heaps a guest may have, and how large one may be (R11). */
#define RDR_HEAPS_MAX 4096
#define RDR_HEAP_SIZE_MAX (UINT64_C(1) << 40)

/* Where `size` bytes at `offset` of a heap are mapped; NULL, and nothing else, where they do not lie in it whole (R4). */
void *
rdr_heap_range(const struct rdr_context *ctx, const struct rdr_device *dev, uint32_t number, uint64_t offset,
               uint64_t size);

/* Unmaps what a device's guest has used: the heaps belong to it. */
void
rdr_heaps_release(struct rdr_context *ctx, const struct rdr_device *dev);

#endif
