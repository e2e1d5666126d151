/* SPDX-License-Identifier: MIT */

/* Shared heaps: memory of the transport that client and worker map once each. Host-visible memory
 * is suballocated from it, so that vkMapMemory is an addition. Any thread. */

#ifndef ICD_HEAP_H
#define ICD_HEAP_H

#include "protocol/tongs_list.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct icd_connection;
struct icd_heap;

struct icd_heaps {
   struct icd_connection *connection;
   uint64_t device;         /* the id of the VkDevice that they belong to */
   pthread_mutex_t lock;    /* protects the members below and each heap's holes */
   struct tongs_list heaps; /* of struct icd_heap.link; owned */
   uint32_t next_number;
   uint64_t kept; /* bytes of large freed ranges that keep their pages */
};

/* A range of a heap: whole pages. */
struct icd_heap_range {
   struct icd_heap *heap;
   uint32_t number; /* the heap's name on the wire */
   uint64_t offset;
   uint64_t size;
   void *data; /* where the client has it mapped */
};

void
icd_heaps_init(struct icd_heaps *heaps, struct icd_connection *connection, uint64_t device);

/* Unmaps all heaps. No range may be in use. The worker frees its mappings with the device. */
void
icd_heaps_finish(struct icd_heaps *heaps);

/* Allocates `size` bytes. The memory contains zeros or data that the same device wrote earlier.
 * False if memory is out or the connection is lost. */
bool
icd_heap_alloc(struct icd_heaps *heaps, uint64_t size, struct icd_heap_range *range);

/* Takes `size` bytes at `offset` of a sealed memfd, which the caller keeps. Makes a heap of the
 * memfd unless there is one. `data`: the address at which the caller has mapped these bytes. False
 * if memory is out or the connection is lost. Only over a transport that passes descriptors. */
bool
icd_heap_borrow(struct icd_heaps *heaps, int fd, uint64_t fd_size, uint64_t offset, uint64_t size,
                void *data, struct icd_heap_range *range);

/* Frees a range. Returns its pages to the kernel if the range is large and enough pages are kept
 * already. */
void
icd_heap_free(struct icd_heaps *heaps, const struct icd_heap_range *range);

/* The same for a range of which the worker could not make memory. The heap goes too if it has no
 * other ranges: perhaps the worker could not map it. */
void
icd_heap_free_refused(struct icd_heaps *heaps, const struct icd_heap_range *range);

#endif
