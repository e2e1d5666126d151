/* SPDX-License-Identifier: MIT */

/* Calls, which wait for replies, and the receiving end of the connection. Any thread. The driver
 * makes no thread: one of the threads that wait receives for all of them. */

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

/* Encodes an op, sends it and everything before it, and waits for the reply, which is written to
 * where `args` points. Returns the op's VkResult, VK_SUCCESS for an op without one. When the
 * connection is lost, outputs are zeros and the result is the op's own code for that. */
VkResult
icd_call(struct icd_connection *c, uint32_t op, void *args);

/* The same for an op that takes a file descriptor along or brings one back. `sent` stays the
 * caller's; -1: none. `received`: NULL if none may come back, else the reply's, which the caller
 * owns, or -1. */
VkResult
icd_call_with_fds(struct icd_connection *c, uint32_t op, void *args, int sent, int *received);

/* --- Several calls at once --- */

struct icd_pending_call {
   struct tongs_list link; /* in icd_connection.calls until the reply is there */
   uint32_t op;
   uint32_t tag;
   void *args;
   bool done;
   uint8_t *reply; /* owned; the op with its header, NULL when the connection was lost */
   bool wants_fd;  /* a descriptor may come with the reply */
   int fd;         /* the one that came, which is the caller's; -1: none */
};

/* Encodes the call without sending it. Each is ended with icd_call_finish. */
void
icd_call_begin(struct icd_connection *c, struct icd_pending_call *call, uint32_t op, void *args);

VkResult
icd_call_finish(struct icd_connection *c, struct icd_pending_call *call);

/* --- Calls of our own, written by hand --- */

/* Registers the call, takes the stream's lock, starts the op and writes the tag. If its reply may
 * bring a descriptor, set `wants_fd` before it is sent. */
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

/* What the lists of a reply may take when they are decoded, bytes. */
#define ICD_REPLY_ARENA_LIMIT ((size_t)4 << 20)

/* Points `d` at the body of the call's reply, which must be there. Lists of the reply are decoded
 * into `arena`; NULL: the reply has none. */
void
icd_own_reply_begin(const struct icd_pending_call *call, struct tongs_decoder *d,
                    struct tongs_arena *arena);

/* --- For ops that are encoded outside of the stream --- */

/* Gives the call a tag and enters it among those that wait. */
void
icd_call_register(struct icd_connection *c, struct icd_pending_call *call, uint32_t op, void *args);

/* The call could not be sent: whoever waits for it wakes without a reply. */
void
icd_call_give_up(struct icd_connection *c, struct icd_pending_call *call);

/* --- Receiving --- */

/* Delivers what has come in, without waiting. */
void
icd_receive_pending(struct icd_connection *c);

/* Takes in events if the worker may have sent some, and prints them. */
void
icd_receive_messages(struct icd_connection *c);

/* Receives until `done`, which is asked again after each reply or event, the connection is lost, or
 * the time `deadline` of tongs_now_ns() has come. Returns what `done` said last. `done` is called
 * with receive_lock held. */
bool
icd_receive_until(struct icd_connection *c, bool (*done)(void *data), void *data, int64_t deadline);

/* Makes this thread the one that receives. False if another thread is. */
bool
icd_start_receiving(struct icd_connection *c);

/* Receives once, up to `timeout_ms` (negative: without a limit), and delivers. The caller is the
 * one that receives and holds no lock. False if nothing came; the connection is lost after an
 * error.
 */
bool
icd_receive_once(struct icd_connection *c, int timeout_ms);

/* Lets other threads receive. LOSING becomes LOST: whoever stops receiving first after the loss has
 * read the worker's last words, or knows that there are none, and reports the loss. */
void
icd_stop_receiving(struct icd_connection *c);

#endif
