/* SPDX-License-Identifier: MIT */

/* Each semaphore exists on the host. The client also tracks the value of a timeline: it lists the
 * submissions that will signal it, and the status page shows which of them have completed.
 *
 * The client's own signals stay in the client as long as the host driver cannot need them: no
 * submission will signal the timeline, and none waits for a higher value. The next submission that
 * names the timeline sends the last value first. */

#ifndef ICD_SEMAPHORE_H
#define ICD_SEMAPHORE_H

#include "icd/object.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct icd_dispatchable;
struct icd_queue;

/* A submission that signals a timeline. */
struct icd_signal {
   uint64_t number;
   uint64_t value;
   uint32_t slot; /* of the status page */
   uint32_t epoch;
};

struct icd_semaphore {
   struct tongs_object base;
   bool is_timeline;
   /* Only the host driver knows its value: it is exported or imported, or a queue without a slot
    * of the status page has signalled it. Never false again. */
   _Atomic bool is_shared;
   pthread_mutex_t turn;       /* held while a signal of the client goes to the stream */
   pthread_mutex_t lock;       /* protects the rest. A leaf. */
   uint64_t value;             /* the highest that was complete at the last update */
   uint64_t awaited;           /* the highest value that something on the host waits for */
   bool owed;                  /* the client has set the value, and the host driver does not know */
   struct icd_signal *signals; /* the submissions that were incomplete then; owned */
   uint32_t signal_count;
   uint32_t signal_capacity;
};

static inline struct icd_semaphore *
icd_semaphore_from(VkSemaphore handle)
{
   return (struct icd_semaphore *)(uintptr_t)handle;
}

/* Whether the client tracks the value. */
static inline bool
icd_semaphore_is_tracked(const struct icd_semaphore *s)
{
   return s->is_timeline && !s->is_shared;
}

/* Only the host driver knows the timeline's value from now on. Sends the client's last signal, as
 * icd_semaphore_await() does. A thread that waits for the value notices at the next icd_tell(). */
VkResult
icd_semaphore_share(struct icd_semaphore *s, struct icd_dispatchable *dev);

/* The caller's next op waits for this value on the host. Sends the client's last signal before it,
 * if the host driver does not know it. Returns the result of that post. */
VkResult
icd_semaphore_await(struct icd_semaphore *s, struct icd_dispatchable *dev, uint64_t value);

/* Records that the submission with this number will set the timeline to the value. Sends the
 * client's last signal before it, as icd_semaphore_await() does. */
VkResult
icd_semaphore_submit(struct icd_semaphore *s, const struct icd_queue *queue, uint64_t number,
                     uint64_t value);

#endif
