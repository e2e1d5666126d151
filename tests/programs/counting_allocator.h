/* SPDX-License-Identifier: MIT */
/*
 * VkAllocationCallbacks that know what is alive, can fail at the n-th allocation, and notice what
 * a driver does wrong with them:
 *
 * - a pointer freed or reallocated that is not alive here;
 * - a call when no Vulkan call is under way, or from another thread than that call's
 *   (the specification's section "Host Memory");
 * - an alignment that is not a power of two;
 * - more alignment taken for granted than was asked for: no address is aligned to twice that;
 * - memory that is not initialised (it comes full of 0xa5), or used after it was freed (0xdd).
 */
#ifndef PROG_COUNTING_ALLOCATOR_H
#define PROG_COUNTING_ALLOCATOR_H

#include "tests/programs/common.h"

#include <pthread.h>

#define COUNTING_MAX_LIVE 65536

struct counting_block {
   void *start;   /* what malloc gave */
   void *address; /* what the driver got */
   size_t size;
   size_t alignment;
};

enum counting_failure {
   COUNTING_FAIL_NEVER,
   COUNTING_FAIL_ONCE, /* the n-th allocation */
   COUNTING_FAIL_ON,   /* the n-th allocation and all after it */
};

struct counting_allocator {
   VkAllocationCallbacks callbacks;
   pthread_mutex_t lock; /* protects all below */
   enum counting_failure failure;
   size_t fail_at;     /* counts from 0 */
   size_t allocations; /* since the last counting_begin, failed ones too */
   size_t failed;      /* of these */
   bool open;          /* a Vulkan call is under way, on the thread: */
   pthread_t thread;
   size_t live;
   struct counting_block blocks[COUNTING_MAX_LIVE];
   char wrong[256]; /* the first wrong thing; empty if there was none */
};

/* Large: the caller has it on the heap or static. */
void
counting_allocator_init(struct counting_allocator *a);

/* From here on, this thread makes Vulkan calls. */
void
counting_begin(struct counting_allocator *a, enum counting_failure failure, size_t fail_at);

/* From here on, nobody may allocate or free. */
void
counting_end(struct counting_allocator *a);

#endif
