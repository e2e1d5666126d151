/* SPDX-License-Identifier: MIT */
#include "icd/connection.h"

#include "icd/channel.h"
#include "icd/debug.h"
#include "icd/handshake.h"
#include "icd/process.h"
#include "icd/statistics.h"
#include "icd/timeout.h"
#include "protocol/clock.h"
#include "protocol/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* --- Whether the worker is alive --- */

/* How long, in milliseconds, the result of a check that the worker is alive remains valid. */
#define LOOK_MS 10

bool
icd_connection_is_ours(const struct icd_connection *c)
{
   return c->pid == icd_process_id();
}

bool
icd_connection_is_good(struct icd_connection *c)
{
   return icd_connection_is_ours(c) && !icd_connection_is_lost(c) &&
          !c->transport->ops->has_hung_up(c->transport);
}

void
icd_connection_check_alive(struct icd_connection *c)
{
   struct timespec t;

   clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
   int64_t now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
   int64_t before = atomic_load_explicit(&c->looked_ms, memory_order_relaxed);
   if (now - before < LOOK_MS)
      return;
   atomic_store_explicit(&c->looked_ms, now, memory_order_relaxed);
   if (c->channel && icd_connection_is_ours(c) && c->transport->ops->has_hung_up(c->transport))
      icd_connection_lose(c);
}

/* --- Losing the connection --- */

/* How often a lost transport is read for the worker's last bytes. */
#define LAST_READS 64

/* Enters LOSING, LOST or INHERITED. Returns the previous state, which is one of these if the
 * connection was lost already. */
static enum icd_connection_state
enter_loss(struct icd_connection *c, bool ours)
{
   enum icd_connection_state before = atomic_load_explicit(&c->state, memory_order_acquire);
   enum icd_connection_state next;

   do {
      if (before >= ICD_CONNECTION_LOSING)
         break;
      next = !ours                             ? ICD_CONNECTION_INHERITED
             : before == ICD_CONNECTION_IN_USE ? ICD_CONNECTION_LOSING
                                               : ICD_CONNECTION_LOST;
   } while (!atomic_compare_exchange_weak_explicit(&c->state, &before, next, memory_order_acq_rel,
                                                   memory_order_acquire));
   return before;
}

void
icd_connection_lose(struct icd_connection *c)
{
   bool ours = icd_connection_is_ours(c);
   enum icd_connection_state before = enter_loss(c, ours);

   if (before >= ICD_CONNECTION_LOSING)
      return;
   if (!ours) { /* no thread of this process waits: icd_receive_until() prevents it */
      if (before == ICD_CONNECTION_IN_USE)
         fprintf(stderr, "tongs: the connection to the server is lost, and with it the device: "
                         "this process was forked from the one that connected\n");
      return;
   }
   c->transport->ops->shutdown(c->transport);
   if (icd_start_receiving(c)) {
      for (int i = 0; i < LAST_READS && icd_receive_once(c, 0); i++)
         ;
      icd_stop_receiving(c);
   }
   pthread_mutex_lock(&c->receive_lock);
   pthread_cond_broadcast(&c->received);
   pthread_mutex_unlock(&c->receive_lock);
}

void
icd_connection_report_loss(const struct icd_connection *c)
{
   const char *reason = c->messages.reason;

   fprintf(stderr, "tongs: the connection to the server is lost, and with it the device%s%s\n",
           reason[0] ? ": " : "; the server's log says why", reason);
}

void
icd_connection_use(struct icd_connection *c)
{
   enum icd_connection_state before = ICD_CONNECTION_OPEN;

   atomic_compare_exchange_strong(&c->state, &before, ICD_CONNECTION_IN_USE);
}

bool
icd_connection_return(struct icd_connection *c)
{
   enum icd_connection_state before = ICD_CONNECTION_IN_USE;

   if (!icd_connection_can(c, ICD_TRANSPORT_IS_PRIVATE) || c->debug ||
       tongs_getenv("TONGS_CAPTURE") || tongs_getenv("TONGS_VALIDATE") ||
       !icd_connection_is_good(c))
      return false;
   icd_flush(c); /* the worker frees the instance's memory now */
   pthread_mutex_lock(&c->receive_lock);
   bool idle = tongs_list_is_empty(&c->calls);
   pthread_mutex_unlock(&c->receive_lock);
   c->setup_ns = icd_timeout_ns(); /* of the next instance */
   return idle && icd_ids_count(&c->ids) == 0 && tongs_list_is_empty(&c->messages.messengers) &&
          atomic_compare_exchange_strong(&c->state, &before, ICD_CONNECTION_OPEN);
}

/* --- Creation and destruction --- */

/* On the clock of tongs_now_ns(). */
static void
init_condition(pthread_cond_t *condition)
{
   pthread_condattr_t attributes;

   pthread_condattr_init(&attributes);
   pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
   pthread_cond_init(condition, &attributes);
   pthread_condattr_destroy(&attributes);
}

static struct icd_connection *
new_connection(struct icd_transport *transport)
{
   struct icd_connection *c = calloc(1, sizeof(*c));

   if (!c) {
      transport->ops->close(transport, false);
      return NULL;
   }
   c->transport = transport;
   c->pid = icd_process_id();
   c->deadline = INT64_MAX;
   c->setup_ns = icd_timeout_ns();
   icd_ids_init(&c->ids);
   pthread_mutex_init(&c->stream_lock, NULL);
   pthread_mutex_init(&c->receive_lock, NULL);
   pthread_mutex_init(&c->queue_lock, NULL);
   init_condition(&c->received);
   tongs_list_init(&c->calls);
   tongs_encoder_init(&c->stream);
   icd_messages_init(&c->messages);
   return c;
}

/* --- The time that a server has --- */

void
icd_connection_begin_setup(struct icd_connection *c)
{
   int64_t now = tongs_now_ns();

   c->deadline = c->setup_ns < INT64_MAX - now ? now + c->setup_ns : INT64_MAX;
}

void
icd_connection_end_setup(struct icd_connection *c)
{
   int64_t left = c->deadline - tongs_now_ns();

   if (c->deadline != INT64_MAX)
      c->setup_ns = left > 0 ? left : 0;
   c->deadline = INT64_MAX;
}

bool
icd_connection_is_late(struct icd_connection *c)
{
   if (c->deadline == INT64_MAX || tongs_now_ns() < c->deadline)
      return false;
   c->timed_out = true;
   icd_connection_lose(c);
   return true;
}

/* --- Opening --- */

/* Finds the Vulkan version that both sides know alike. False if there is none. A version lower than
 * those of both sides is reported once. */
static bool
find_core_version(struct icd_connection *c, char *why, size_t why_size)
{
   static atomic_flag said = ATOMIC_FLAG_INIT;
   char text[400];
   uint16_t missing = 0;

   c->core_version = icd_core_version(&c->peer, &missing);
   if (!c->core_version) {
      tongs_peer_explain(&c->peer, missing, why, why_size);
      return false;
   }
   if (missing && (c->core_version | 0xfff) < c->peer.api_version &&
       !atomic_flag_test_and_set(&said)) {
      tongs_peer_explain(&c->peer, missing, text, sizeof(text));
      fprintf(stderr, "tongs: no more than Vulkan 1.%u is offered: %s\n",
              VK_API_VERSION_MINOR(c->core_version), text);
   }
   return true;
}

/* `since`: when the opening of the transport began. */
static struct icd_connection *
create_over(struct icd_transport *transport, int64_t since, char *why, size_t why_size)
{
   struct icd_connection *c = new_connection(transport);
   enum icd_connection_state connecting = ICD_CONNECTION_CONNECTING;

   if (!c) {
      snprintf(why, why_size, "out of memory");
      return NULL;
   }
   icd_connection_begin_setup(c);
   if (c->deadline != INT64_MAX)
      c->deadline -= tongs_now_ns() - since;
   if (!icd_shake_hands(c->transport, c->deadline, &c->peer, why, why_size))
      goto fail;
   if (!find_core_version(c, why, why_size))
      goto fail;
   c->status = calloc(1, sizeof(*c->status));
   if (!c->status) {
      snprintf(why, why_size, "out of memory");
      goto fail;
   }
   c->debug = icd_debug_flags();
   if (c->debug & ICD_DEBUG_STATS)
      c->stats = calloc(1, sizeof(*c->stats));
   if (!c->peer.identical)
      c->stream.peer_structs = c->peer.structs;
   if (icd_connection_can(c, ICD_TRANSPORT_SHARES_MEMORY) && !(c->debug & ICD_DEBUG_SOCKET) &&
       tongs_peer_knows_op(&c->peer, TONGS_OP_tongsChannel) && !icd_channel_open(c, why, why_size))
      goto fail;
   if (!c->channel && !tongs_peer_knows_op(&c->peer, TONGS_OP_tongsCompletion)) {
      tongs_peer_explain(&c->peer, TONGS_OP_tongsCompletion, why, why_size);
      goto fail;
   }
   atomic_compare_exchange_strong(&c->state, &connecting, ICD_CONNECTION_OPEN);
   icd_connection_end_setup(c);
   return c;

fail:
   if (c->timed_out)
      icd_timeout_explain(why, why_size);
   icd_connection_destroy(c);
   return NULL;
}

struct icd_connection *
icd_connection_create_over(struct icd_transport *transport, char *why, size_t why_size)
{
   return create_over(transport, tongs_now_ns(), why, why_size);
}

struct icd_connection *
icd_connection_create(char *why, size_t why_size)
{
   int64_t since = tongs_now_ns();
   struct icd_transport *transport = icd_transport_open(why, why_size);

   return transport ? create_over(transport, since, why, why_size) : NULL;
}

void
icd_connection_destroy(struct icd_connection *c)
{
   if (!c)
      return;
   bool ours = icd_connection_is_ours(c);
   if (ours)
      icd_flush(c);
   if (!c->channel)
      free(c->status);
   c->transport->ops->close(c->transport, !ours);
   if (c->stats)
      icd_stats_print(c->stats);
   free(c->stats);
   icd_messages_finish(&c->messages);
   tongs_encoder_finish(&c->stream);
   pthread_cond_destroy(&c->received);
   pthread_mutex_destroy(&c->queue_lock);
   pthread_mutex_destroy(&c->receive_lock);
   pthread_mutex_destroy(&c->stream_lock);
   free(c->in);
   icd_ids_finish(&c->ids);
   free(c);
}
