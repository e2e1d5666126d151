/* SPDX-License-Identifier: MIT */

/* Semaphores are the host's. The value of a timeline is known in the client too: the submissions
 * that are to raise it are noted with it, and what has completed is in the status page. */

#ifndef ICD_SEMAPHORE_H
#define ICD_SEMAPHORE_H

#include "icd/object.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct icd_queue;

/* A submission that raises a timeline. */
struct icd_signal {
   uint64_t number;
   uint64_t value;
   uint32_t slot; /* of the status page */
   uint32_t epoch;
};

struct icd_semaphore {
   struct tongs_object base;
   bool is_timeline;
   bool is_shared;             /* with others that may signal it: only the host knows its value */
   pthread_mutex_t lock;       /* protects the rest */
   uint64_t value;             /* of what has completed when it was last looked at */
   struct icd_signal *signals; /* that were not complete then; owned */
   uint32_t signal_count;
   uint32_t signal_capacity;
};

static inline struct icd_semaphore *
icd_semaphore_from(VkSemaphore handle)
{
   return (struct icd_semaphore *)(uintptr_t)handle;
}

/* Whether the client has to know of the submissions that signal it. */
static inline bool
icd_semaphore_is_tracked(const struct icd_semaphore *s)
{
   return s->is_timeline && !s->is_shared;
}

/* Others may signal it from now on: it was exported or imported. */
void
icd_semaphore_share(VkSemaphore semaphore);

/* Notes that the submission with this number will set it to the value. False when memory is out. */
bool
icd_semaphore_submit(struct icd_semaphore *s, const struct icd_queue *queue, uint64_t number,
                     uint64_t value);

#endif
