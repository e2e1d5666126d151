/* SPDX-License-Identifier: MIT */

/* The client's end of one connection: the transport, the stream of ops (icd/stream.h), the calls
 * that wait for replies (icd/calls.h), the completion of submissions (icd/completion.h), and the
 * ids of objects. One VkInstance at a time. Any thread may use it.
 *
 * The state of a connection, and the function of each transition:
 *
 *     icd_connection_create_over()
 *              |
 *              v
 *         CONNECTING ----------------------------+
 *              |                                 |
 *              | icd_connection_create_over():   | icd_connection_lose()
 *              |   handshake and channel done    |
 *              v                                 |
 *            OPEN -------------------------------+
 *              |          icd_connection_lose()  |
 *              | icd_connection_use():           |
 *              |   an instance has it            |
 *              v                                 |
 *           IN_USE                               |
 *              |   icd_connection_return() leads back to OPEN
 *              |                                 |
 *              | icd_connection_lose():          |
 *              |   the stream is shut down       |
 *              v                                 v
 *           LOSING ---------------------------> LOST
 *                     icd_stop_receiving():
 *                       the worker's last bytes are read, the loss is reported
 *
 *     In a child of fork(), icd_connection_lose() goes from every state on the left to INHERITED:
 *     the stream is the parent's, so the child neither sends, receives, nor shuts it down.
 *
 * From LOSING on, posts do nothing and calls fail (icd_connection_is_lost()). LOST and INHERITED
 * are final; icd_connection_destroy() may follow every state. */

#ifndef ICD_CONNECTION_H
#define ICD_CONNECTION_H

#include "icd/calls.h"
#include "icd/ids.h"
#include "icd/message.h"
#include "icd/stream.h"
#include "icd/transport/transport.h"
#include "protocol/channel.h"
#include "protocol/encoder.h"
#include "protocol/hello.h"
#include "protocol/tongs_list.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <vulkan/vulkan_core.h>

struct icd_channel;
struct icd_stats;

enum icd_connection_state {
   ICD_CONNECTION_CONNECTING,
   ICD_CONNECTION_OPEN,
   ICD_CONNECTION_IN_USE,
   ICD_CONNECTION_LOSING, /* from here on, the connection counts as lost */
   ICD_CONNECTION_LOST,
   ICD_CONNECTION_INHERITED,
};

struct icd_connection {
   _Atomic(enum icd_connection_state) state;
   struct icd_transport *transport; /* owned; the channel once there is one */
   struct icd_channel *channel;     /* the same; NULL if there is none */
   pid_t pid;                       /* the process that connected */
   /* When the connection is given up, on the clock of tongs_now_ns(). INT64_MAX: never, except
    * while it is set up and while its instance is created: icd_connection_begin_setup(). Only the
    * thread that does this writes it, and no other thread uses the connection then. */
   int64_t deadline;
   int64_t setup_ns; /* what is left of TONGS_TIMEOUT */
   bool timed_out;   /* the connection is lost because of the deadline */

   struct tongs_peer peer;
   uint32_t core_version; /* of which the worker knows all commands; the client offers no higher */
   struct icd_messages messages;
   _Atomic int64_t looked_ms; /* when the worker was last known to be alive */

   /* The completed submissions: the channel's status page, or an owned one that events fill. */
   struct tongs_status *status;
   struct tongs_spinner event_spinner;

   /* Protects `stream` and the order in which its bytes are sent. */
   pthread_mutex_t stream_lock;
   struct tongs_encoder stream; /* ops that have not been sent yet */
   atomic_bool unsent;          /* whether `stream` has ops: a hint for readers without the lock */
   uint64_t freed;              /* bytes of device memory that the ops of `stream` free */
   size_t expected;             /* bytes of the stream that the ring was told to expect */
   size_t update_start;         /* of the last vkUpdateDescriptorSets, which more writes may join */
   size_t update_tail;          /* where its writes end; 0: there is none */

   /* Protects the members below. One of the threads that wait for a reply receives for all of
    * them. */
   pthread_mutex_t receive_lock;
   pthread_cond_t received;
   bool receiving; /* a thread receives: it alone uses the transport's receiving end, and `in` */
   uint32_t next_tag;
   struct tongs_list calls; /* of struct icd_pending_call.link: the pending ones */
   uint8_t *in;             /* owned; received bytes that do not form a whole op yet */
   size_t in_used;
   size_t in_size;

   uint32_t debug;          /* enum icd_debug_flag */
   struct icd_stats *stats; /* owned; NULL unless TONGS_DEBUG=stats */

   struct icd_ids ids;

   pthread_mutex_t queue_lock; /* protects the next two: slots of the status page */
   bool slots_used[TONGS_STATUS_QUEUES + 1];
   uint32_t slot_epochs[TONGS_STATUS_QUEUES + 1];
   uint64_t last_numbers[TONGS_STATUS_QUEUES + 1]; /* each for the thread that uses the queue */
};

/* Connects to the server that TONGS_SERVER names, or starts a private worker, and shakes hands.
 * NULL on failure, with a sentence in `why`. */
struct icd_connection *
icd_connection_create(char *why, size_t why_size);

/* As icd_connection_create(), over an open transport, which the connection owns, also on failure.
 */
struct icd_connection *
icd_connection_create_over(struct icd_transport *transport, char *why, size_t why_size);

/* From here to icd_connection_end_setup(), waits for the server count against TONGS_TIMEOUT. When
 * that time is used up, the connection is lost, and timed_out is set. */
void
icd_connection_begin_setup(struct icd_connection *c);

void
icd_connection_end_setup(struct icd_connection *c);

/* Whether the deadline has come. If so, the connection is lost. */
bool
icd_connection_is_late(struct icd_connection *c);

/* Sends the pending ops and closes the connection. `c` may be NULL. */
void
icd_connection_destroy(struct icd_connection *c);

/* Called when an instance takes the connection. From now on, its loss is reported. */
void
icd_connection_use(struct icd_connection *c);

/* Called when the instance that had the connection is destroyed. True if another instance may take
 * the connection: its worker serves this process alone, nothing is left in it of the instance, and
 * nobody observes connections one by one (TONGS_DEBUG, TONGS_CAPTURE, TONGS_VALIDATE). */
bool
icd_connection_return(struct icd_connection *c);

/* Loses the connection: every later call fails, and every waiting thread wakes. */
void
icd_connection_lose(struct icd_connection *c);

/* Prints the line that says that the connection is lost, with the server's reason. */
void
icd_connection_report_loss(const struct icd_connection *c);

static inline bool
icd_connection_is_lost(const struct icd_connection *c)
{
   return atomic_load_explicit(&c->state, memory_order_acquire) >= ICD_CONNECTION_LOSING;
}

/* Whether this process opened the connection. False in a child of fork(), because the stream
 * belongs to its parent. */
bool
icd_connection_is_ours(const struct icd_connection *c);

/* Whether this process opened the connection and the worker is alive. Asks the transport. */
bool
icd_connection_is_good(struct icd_connection *c);

/* Whether the transport has a capability and TONGS_MEMORY allows its use. */
static inline bool
icd_connection_can(const struct icd_connection *c, enum icd_transport_capability capability)
{
   return c->transport->capabilities & capability;
}

/* Loses the connection if the worker is gone. The rings of a channel do not show that, so this
 * function asks the transport, at most every 10 ms. Does nothing without a channel. */
void
icd_connection_check_alive(struct icd_connection *c);

/* --- Ids --- */

/* A new id; 0 if memory is out. */
static inline uint64_t
icd_id_new(struct icd_connection *c, uint8_t type)
{
   return icd_ids_new(&c->ids, type);
}

static inline void
icd_id_free(struct icd_connection *c, uint64_t id)
{
   icd_ids_free(&c->ids, id);
}

#endif
