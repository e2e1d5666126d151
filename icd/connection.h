/* SPDX-License-Identifier: MIT */

/* The client's end of one connection: the stream of ops, the calls that wait for replies, the ids
 * of objects. One per VkInstance. Any thread may use it. */

#ifndef ICD_CONNECTION_H
#define ICD_CONNECTION_H

#include "icd/ids.h"
#include "icd/message.h"
#include "icd/virtgpu.h"
#include "protocol/channel.h"
#include "protocol/encoder.h"
#include "protocol/hello.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <vulkan/vulkan_core.h>

struct icd_pending_call;
struct icd_stats;

/* File descriptors that may have come before their replies. */
#define ICD_FDS_MAX 16

struct icd_connection {
   int fd;                                 /* the socket, or what stands for `virtgpu` */
   struct icd_virtgpu *virtgpu;            /* owned; NULL unless it is the way to the worker */
   struct icd_virtgpu_pages channel_pages; /* there: what the channel lies in */
   int receive_timeout_ms;                 /* there: as SO_RCVTIMEO for a socket; negative: none */
   pid_t pid;             /* the process that made it: a fork's child must not use it */
   const char *transport; /* "unix", "spawn": for driverInfo */
   struct tongs_peer peer;
   atomic_bool lost;
   bool in_use;     /* an instance has it, so that its loss is news */
   bool passes_fds; /* file descriptors cross, both ways */
   struct icd_messages messages;

   /* Where bytes go once it is there: ops by the holder of `stream_lock`, replies by who is
    * `receiving`. The socket is for file descriptors and tells that the worker is there. */
   struct tongs_channel channel;
   struct tongs_bell bell;
   struct tongs_spinner reply_spinner; /* of who is `receiving` */
   _Atomic int64_t looked_ms;          /* when the worker was last seen to be there */

   /* What the queues have completed: the channel's, or what events have told. */
   struct tongs_status *status;
   struct tongs_spinner event_spinner;

   /* Protects `stream`, and the order in which its bytes go out. */
   pthread_mutex_t stream_lock;
   struct tongs_encoder stream; /* ops that have not been sent yet */
   atomic_bool unsent;          /* whether there are any; a hint for who does not take the lock */
   size_t expected;             /* how much of the stream the ring was told to expect */
   size_t update_start; /* of the last vkUpdateDescriptorSets in it, which more writes may join */
   size_t update_tail;  /* where its writes end; 0: there is none */

   /* Protects what follows. One of the threads that wait for a reply reads for all of them. */
   pthread_mutex_t receive_lock;
   pthread_cond_t received;
   bool receiving;
   bool loss_told;
   uint32_t next_tag;
   struct icd_pending_call *calls; /* those without a reply yet */
   uint8_t *in; /* bytes received that make no whole op yet; the receiving thread's */
   size_t in_used;
   size_t in_size;
   int fds[ICD_FDS_MAX]; /* that have come and whose reply has not; the receiving thread's */
   uint32_t fd_count;

   uint32_t debug;          /* enum icd_debug_flag */
   struct icd_stats *stats; /* owned; NULL unless they are wanted */

   struct icd_ids ids;

   pthread_mutex_t
      queue_lock; /* protects the first two of the next three: slots of the status page */
   bool slots_used[TONGS_STATUS_QUEUES + 1];
   uint32_t slot_epochs[TONGS_STATUS_QUEUES + 1];
   uint64_t last_numbers[TONGS_STATUS_QUEUES + 1]; /* each the thread's that uses the queue */
};

/* Connects to the server that TONGS_SERVER names, or starts a private worker, and shakes hands.
 * NULL on failure, with a sentence in `why`. */
struct icd_connection *
icd_connection_create(char *why, size_t why_size);

/* Sends what is pending and closes. NULL is fine. */
void
icd_connection_destroy(struct icd_connection *c);

/* Gives up: every call from now on fails, every waiting thread wakes. */
void
icd_connection_lose(struct icd_connection *c);

static inline bool
icd_connection_is_lost(const struct icd_connection *c)
{
   return atomic_load_explicit(&c->lost, memory_order_acquire);
}

/* Encodes an op that wants no reply; it goes out with the next flush. VK_SUCCESS,
 * VK_ERROR_OUT_OF_HOST_MEMORY when it could not be encoded, or the op's own code for a lost
 * connection. `args`: its struct tongs_args_*. */
VkResult
icd_post(struct icd_connection *c, uint32_t op, const void *args);

/* Sends what has been posted. */
void
icd_flush(struct icd_connection *c);

/* Asks now and then whether the worker lives, as nobody hears of it where memory is shared; loses
 * the connection if not. */
void
icd_connection_check_alive(struct icd_connection *c);

/* Delivers what has come in, without waiting. */
void
icd_receive_pending(struct icd_connection *c);

/* Receives until `done`, for which replies and events are a reason to ask again, the connection is
 * lost, or the time of tongs_now_ns() has come. Returns what `done` said last. */
bool
icd_receive_until(struct icd_connection *c, bool (*done)(void *data), void *data, int64_t deadline);

/* Encodes an op, sends it and everything before it, and waits for the reply, which is written to
 * where `args` points. Returns the op's VkResult, VK_SUCCESS for an op without one. When the
 * connection is lost, outputs are zeros and the result is the op's own code for that. */
VkResult
icd_call(struct icd_connection *c, uint32_t op, void *args);

/* The same for one that takes a file descriptor along or brings one back. `sent` stays the
 * caller's; -1: none. `received`: NULL where none may come back, else the reply's, which the caller
 * owns, or -1. */
VkResult
icd_call_with_fds(struct icd_connection *c, uint32_t op, void *args, int sent, int *received);

/* --- Several calls at once --- */

struct icd_pending_call {
   uint32_t op;
   uint32_t tag;
   void *args;
   bool done;
   uint8_t *reply; /* owned; the op with its header, NULL when the connection was lost */
   bool wants_fd;  /* a descriptor may come with the reply, */
   int fd;         /* this one, which belongs to who asked; -1: none */
   struct icd_pending_call *next;
};

/* Encodes the call without sending it. Each is ended with icd_call_finish. */
void
icd_call_begin(struct icd_connection *c, struct icd_pending_call *call, uint32_t op, void *args);

VkResult
icd_call_finish(struct icd_connection *c, struct icd_pending_call *call);

/* --- Ops written by hand --- */

/* Takes the stream's lock and starts an op; icd_op_end gives it back. */
struct tongs_encoder *
icd_op_begin(struct icd_connection *c, uint16_t op, uint16_t flags, size_t *offset);

/* False when the op could not be encoded. */
bool
icd_op_end(struct icd_connection *c, size_t offset);

/* What icd_op_end does when the op is whole: sends the stream if it is time to, and gives back its
 * lock. */
void
icd_stream_grown(struct icd_connection *c);

/* The end of a post of the API's that was encoded by hand; the result is icd_post's. */
VkResult
icd_post_end(struct icd_connection *c, uint32_t op, size_t offset);

/* The same for a call of its own: writes the tag. `call` is registered; where its reply may bring a
 * descriptor, set `wants_fd` before it is sent. */
struct tongs_encoder *
icd_own_call_begin(struct icd_connection *c, struct icd_pending_call *call, uint16_t op,
                   size_t *offset);

/* Ends a call that is waited for later, with icd_own_call_reply(); it goes out with the next flush.
 */
void
icd_own_call_end(struct icd_connection *c, struct icd_pending_call *call, size_t offset);

/* Sends what has been posted and waits. The same reply as icd_own_call_wait()'s. */
const uint8_t *
icd_own_call_reply(struct icd_connection *c, struct icd_pending_call *call, size_t *size);

/* Sends and waits. The reply's body without its header and tag, to be freed with
 * `free(call->reply)`; NULL when the connection was lost. */
const uint8_t *
icd_own_call_wait(struct icd_connection *c, struct icd_pending_call *call, size_t offset,
                  size_t *size);

/* Appends whole ops that were encoded elsewhere. */
bool
icd_append(struct icd_connection *c, const struct tongs_encoder *e);

/* Sends one op, at once, with a file descriptor, which stays the caller's. */
bool
icd_send_with_fd(struct icd_connection *c, const void *op, size_t size, int fd);

/* The same with pages, where there is a `virtgpu`. */
bool
icd_send_with_pages(struct icd_connection *c, const void *op, size_t size,
                    const struct icd_virtgpu_pages *pages);

/* --- Ids --- */

/* A fresh id; 0 when memory is out. */
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
