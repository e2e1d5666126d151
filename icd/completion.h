/* SPDX-License-Identifier: MIT */

/* What the worker has told of the queues' submissions, and how to sleep until it tells more. With a
 * channel, asking is a load and sleeping is a futex. Without one, the worker sends events, which
 * fill the same status page here. Any thread. */

#ifndef ICD_COMPLETION_H
#define ICD_COMPLETION_H

#include "icd/connection.h"

/* Whether the numbered submission to the queue of this status slot is complete. What the GPU wrote
 * is visible then. */
static inline bool
icd_is_complete(const struct icd_connection *c, uint32_t slot, uint64_t number)
{
   /* Acquire: partner of publish_completion() in the worker. */
   return atomic_load_explicit(&c->status->queues[slot].completed, memory_order_acquire) >= number;
}

/* Whether no more submissions to this queue will complete. */
static inline bool
icd_is_queue_lost(const struct icd_connection *c, uint32_t slot, uint32_t epoch)
{
   return atomic_load_explicit(&c->status->queues[slot].lost_epoch, memory_order_acquire) ==
             epoch ||
          icd_connection_is_lost(c);
}

/* For calls that ask without waiting: sends what has been posted, takes in what has come, and
 * notices if the worker is gone. */
void
icd_poll(struct icd_connection *c);

/* Sends what has been posted and waits until `done`. The answer of `done` may change whenever the
 * worker tells something, the connection is lost, or icd_tell is called. False when `timeout_ns`
 * is over before. */
bool
icd_wait(struct icd_connection *c, bool (*done)(void *data), void *data, uint64_t timeout_ns);

/* Wakes the threads that wait, as something that they ask for has changed in the client. */
void
icd_tell(struct icd_connection *c);

/* Takes in a tongsCompletion event, a whole op: what the status page would say if there were a
 * channel. False if it is malformed. */
bool
icd_note_completion(struct icd_connection *c, const uint8_t *op, size_t size);

/* --- Slots of the status page --- */

/* A slot for a queue, not 0, and its epoch. 0 when all are taken. */
uint32_t
icd_status_slot_new(struct icd_connection *c, uint32_t *epoch);

void
icd_status_slot_free(struct icd_connection *c, uint32_t slot);

#endif
