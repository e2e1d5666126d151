/* SPDX-License-Identifier: MIT */

/* The completion of submissions, as the worker reports it, and waiting for such reports. With a
 * channel, a query is a load from the status page, and a wait is a futex. Without one, the worker
 * sends events, which the client writes into a status page of its own. Any thread. */

#ifndef ICD_COMPLETION_H
#define ICD_COMPLETION_H

#include "icd/connection.h"

/* Whether the numbered submission to the queue of this status slot is complete. If so, the GPU's
 * writes are visible. */
static inline bool
icd_is_complete(const struct icd_connection *c, uint32_t slot, uint64_t number)
{
   /* Acquire: pairs with publish_completion() in the worker. */
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

/* For status queries that do not wait: sends the posted ops, receives the available events, and
 * loses the connection if the worker is gone. */
void
icd_poll(struct icd_connection *c);

/* Sends the posted ops and waits until `done` returns true. `done` is called again whenever the
 * worker reports something, the connection is lost, or icd_tell() is called. False if `timeout_ns`
 * passes first. */
bool
icd_wait(struct icd_connection *c, bool (*done)(void *data), void *data, uint64_t timeout_ns);

/* Wakes the waiting threads, because their condition may have changed in the client. */
void
icd_tell(struct icd_connection *c);

/* Writes a tongsCompletion event, a whole op, into the status page. False if the event is
 * malformed. */
bool
icd_note_completion(struct icd_connection *c, const uint8_t *op, size_t size);

/* --- Slots of the status page --- */

/* Allocates a slot for a queue; *epoch receives its epoch. Returns 0 if all slots are taken: the
 * worker then reports nothing about the queue. */
uint32_t
icd_status_slot_new(struct icd_connection *c, uint32_t *epoch);

void
icd_status_slot_free(struct icd_connection *c, uint32_t slot);

#endif
