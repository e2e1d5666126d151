/* SPDX-License-Identifier: MIT */
#include "icd/completion.h"

#include "icd/channel.h"
#include "protocol/clock.h"
#include "protocol/decoder.h"

#include "tongs_gen_own.h"

/* The longest time, in nanoseconds, that a thread sleeps before it checks that the worker is
 * alive. */
#define SLEEP_NS INT64_C(50000000)

bool
icd_note_completion(struct icd_connection *c, const uint8_t *op, size_t size)
{
   struct tongs_args_tongsCompletion a = {0};
   struct tongs_decoder d;

   tongs_decoder_init(&d, op, size, NULL);
   d.cur += sizeof(struct tongs_op_header);
   tongs_decode_tongsCompletion(&d, &a);
   if (d.error || a.slot > TONGS_STATUS_QUEUES)
      return false;
   struct tongs_status_queue *queue = &c->status->queues[a.slot];
   if (a.lost_epoch)
      atomic_store_explicit(&queue->lost_epoch, a.lost_epoch, memory_order_release);
   else
      atomic_store_explicit(&queue->completed, a.completed, memory_order_release);
   return true;
}

void
icd_poll(struct icd_connection *c)
{
   if (atomic_load_explicit(&c->unsent, memory_order_relaxed))
      icd_flush(c);
   if (c->channel)
      icd_connection_check_alive(c);
   else
      icd_receive_pending(c);
}

void
icd_tell(struct icd_connection *c)
{
   if (c->channel) {
      atomic_fetch_add(&c->status->events, 1);
      if (atomic_load(&c->status->sleepers)) /* partner of sleep_on_events() */
         c->transport->ops->wake(c->transport, &c->status->events);
   } else {
      pthread_mutex_lock(&c->receive_lock);
      pthread_cond_broadcast(&c->received);
      pthread_mutex_unlock(&c->receive_lock);
   }
}

/* Sleeps until the worker changes the status page after the last call of `done`. */
static void
sleep_on_events(struct icd_connection *c, bool (*done)(void *data), void *data, int64_t limit_ns)
{
   const struct tongs_bell *bell = c->channel->below_bell;
   struct tongs_status *status = c->status;

   /* This must come before the load of `events`. Pairs with tell() in the worker. */
   atomic_fetch_add(&status->sleepers, 1);
   uint32_t seen = atomic_load(&status->events);
   if (!done(data))
      bell->sleep(bell->data, &status->events, seen, limit_ns < SLEEP_NS ? limit_ns : SLEEP_NS);
   atomic_fetch_sub(&status->sleepers, 1);
}

bool
icd_wait(struct icd_connection *c, bool (*done)(void *data), void *data, uint64_t timeout_ns)
{
   struct tongs_spin_wait w;
   int64_t deadline;

   if (atomic_load_explicit(&c->unsent, memory_order_relaxed))
      icd_flush(c);
   if (done(data))
      return true;
   int64_t now = tongs_now_ns();
   deadline = timeout_ns > (uint64_t)(INT64_MAX - now) ? INT64_MAX : now + (int64_t)timeout_ns;
   if (!timeout_ns) {
      icd_poll(c);
      return done(data);
   }
   if (!c->channel)
      return icd_receive_until(c, done, data, deadline);
   bool ready = tongs_spin(&c->event_spinner, done, data, &w);
   while (!ready && (now = tongs_now_ns()) < deadline) {
      sleep_on_events(c, done, data, deadline - now);
      ready = done(data);
      if (!ready)
         icd_connection_check_alive(c);
   }
   tongs_spinner_note(&c->event_spinner, &w);
   return ready;
}

uint32_t
icd_status_slot_new(struct icd_connection *c, uint32_t *epoch)
{
   uint32_t slot = 0;

   pthread_mutex_lock(&c->queue_lock);
   for (uint32_t i = 1; i <= TONGS_STATUS_QUEUES && !slot; i++) {
      if (!c->slots_used[i])
         slot = i;
   }
   c->slots_used[slot] = true;
   *epoch = ++c->slot_epochs[slot];
   pthread_mutex_unlock(&c->queue_lock);
   return slot;
}

void
icd_status_slot_free(struct icd_connection *c, uint32_t slot)
{
   pthread_mutex_lock(&c->queue_lock);
   c->slots_used[slot] = false;
   pthread_mutex_unlock(&c->queue_lock);
}
