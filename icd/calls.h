/* SPDX-License-Identifier: MIT */

/* Calls, which wait for replies, and the receiving end of the connection. Any thread. The driver
 * creates no threads: one of the waiting threads receives for all of them. */

#ifndef ICD_CALLS_H
#define ICD_CALLS_H

#include "protocol/tongs_list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

struct icd_connection;
struct tongs_arena;
struct tongs_decoder;
struct tongs_encoder;

/* Encodes an op, sends it together with all earlier posts, and waits for the reply, which is
 * written to the outputs that `args` points to. Returns the op's VkResult; VK_SUCCESS for an op
 * without one. If the connection is lost, the outputs are zeros and the result is the op's code for
 * a lost connection. */
VkResult
icd_call(struct icd_connection *c, uint32_t op, void *args);

/* As icd_call(), for an op that sends or returns a file descriptor. The caller keeps `sent`; -1:
 * none. `received`: receives the reply's descriptor, which the caller owns, or -1; NULL if the
 * reply brings none. */
VkResult
icd_call_with_fds(struct icd_connection *c, uint32_t op, void *args, int sent, int *received);

/* --- Several calls at once --- */

struct icd_pending_call {
   struct tongs_list link; /* in icd_connection.calls until the reply is there */
   uint32_t op;
   uint32_t tag;
   void *args;
   bool done;
   uint8_t *reply; /* owned; the op with its header; NULL if the connection was lost */
   bool wants_fd;  /* a descriptor may come with the reply */
   int fd;         /* the received one, owned by the caller; -1: none */
};

/* Encodes the call without sending it. Must be followed by icd_call_finish(). */
void
icd_call_begin(struct icd_connection *c, struct icd_pending_call *call, uint32_t op, void *args);

VkResult
icd_call_finish(struct icd_connection *c, struct icd_pending_call *call);

/* --- Calls of our own, written by hand --- */

/* Registers the call, takes the stream's lock, starts the op and writes the tag. If the reply may
 * bring a descriptor, the caller must set `wants_fd` before the call is sent. */
struct tongs_encoder *
icd_own_call_begin(struct icd_connection *c, struct icd_pending_call *call, uint16_t op,
                   size_t *offset);

/* Ends the encoding without waiting. The next flush sends the call; icd_own_call_reply() waits for
 * it. */
void
icd_own_call_end(struct icd_connection *c, struct icd_pending_call *call, size_t offset);

/* Sends the posted ops and waits. Returns the same as icd_own_call_wait(). */
const uint8_t *
icd_own_call_reply(struct icd_connection *c, struct icd_pending_call *call, size_t *size);

/* Ends the encoding, sends the call and waits. Returns the reply's body without its header and tag;
 * the caller frees it with `free(call->reply)`. NULL if the connection is lost. */
const uint8_t *
icd_own_call_wait(struct icd_connection *c, struct icd_pending_call *call, size_t offset,
                  size_t *size);

/* The largest size of a reply's decoded lists, in bytes. */
#define ICD_REPLY_ARENA_LIMIT ((size_t)4 << 20)

/* Points `d` at the body of the call's reply, which must be there. Lists of the reply are decoded
 * into `arena`; NULL: the reply has none. */
void
icd_own_reply_begin(const struct icd_pending_call *call, struct tongs_decoder *d,
                    struct tongs_arena *arena);

/* --- For ops that are not encoded in the stream --- */

/* Gives the call a tag and adds it to the pending calls. */
void
icd_call_register(struct icd_connection *c, struct icd_pending_call *call, uint32_t op, void *args);

/* Ends a call that could not be sent: the thread that waits for it wakes without a reply. */
void
icd_call_give_up(struct icd_connection *c, struct icd_pending_call *call);

/* --- Receiving --- */

/* Receives and delivers the available bytes, without waiting. */
void
icd_receive_pending(struct icd_connection *c);

/* Receives events if the worker may have sent some, and prints their messages. */
void
icd_receive_messages(struct icd_connection *c);

/* Receives until `done` returns true, the connection is lost, or tongs_now_ns() reaches `deadline`.
 * Calls `done` after each reply or event, with receive_lock held. Returns the last result of
 * `done`. */
bool
icd_receive_until(struct icd_connection *c, bool (*done)(void *data), void *data, int64_t deadline);

/* Makes this thread the receiving thread. False if there is one already. */
bool
icd_start_receiving(struct icd_connection *c);

/* Receives once, waiting up to `timeout_ms` (negative: without limit), and delivers. The caller is
 * the receiving thread and holds no lock. False if nothing came. After an error the connection is
 * lost. */
bool
icd_receive_once(struct icd_connection *c, int timeout_ms);

/* Lets other threads receive. If the state is LOSING, it becomes LOST: the first thread that stops
 * receiving after the loss has read the worker's last bytes, if there are any, and reports the
 * loss. */
void
icd_stop_receiving(struct icd_connection *c);

#endif
