/* SPDX-License-Identifier: MIT */
#include "icd/calls.h"

#include "icd/completion.h"
#include "icd/connection.h"
#include "icd/statistics.h"
#include "protocol/args.h"
#include "protocol/clock.h"
#include "protocol/decoder.h"
#include "protocol/frame.h"

#include "tongs_gen_types.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The least room in the buffer for one receive. */
#define RECEIVE_SIZE ((size_t)64 * 1024)

/* The bytes of a reply before its body. */
#define REPLY_HEAD (sizeof(struct tongs_op_header) + sizeof(uint32_t))

/* How long, in milliseconds, the receiving thread sleeps before it checks its condition again,
 * which another thread of this process may have made true. */
#define TELL_MS 10

/* --- The receiving thread --- */

bool
icd_start_receiving(struct icd_connection *c)
{
   pthread_mutex_lock(&c->receive_lock);
   bool started = !c->receiving;
   c->receiving = true;
   pthread_mutex_unlock(&c->receive_lock);
   return started;
}

void
icd_stop_receiving(struct icd_connection *c)
{
   enum icd_connection_state losing = ICD_CONNECTION_LOSING;

   pthread_mutex_lock(&c->receive_lock);
   c->receiving = false;
   bool tell = icd_connection_is_lost(c) &&
               atomic_compare_exchange_strong(&c->state, &losing, ICD_CONNECTION_LOST);
   pthread_cond_broadcast(&c->received);
   pthread_mutex_unlock(&c->receive_lock);
   if (!tell)
      return;
   icd_connection_report_loss(c);
}

/* --- Delivering --- */

/* Gives the call the descriptor that came with its reply. False if none came or the call expects
 * none. */
static bool
deliver_fd(struct icd_connection *c, struct icd_pending_call *call)
{
   if (!call->wants_fd)
      return false;
   call->fd = c->transport->ops->receive_fd(c->transport);
   return call->fd >= 0;
}

static struct icd_pending_call *
find_call_locked(struct icd_connection *c, uint32_t op, uint32_t tag)
{
   tongs_list_for_each(struct icd_pending_call, call, &c->calls, link) {
      if (call->tag == tag && call->op == op)
         return call;
   }
   return NULL;
}

/* Delivers one whole op to the call that waits for it. False if no call waits for it, it is
 * malformed, or memory is out. */
static bool
deliver_locked(struct icd_connection *c, const uint8_t *op, uint32_t size)
{
   struct tongs_op_header header = tongs_op_header_read(op);
   uint32_t tag;

   if (header.flags & TONGS_OP_FLAG_EVENT && !tongs_peer_knows_op(&c->peer, header.op))
      return size <= TONGS_EVENT_SIZE_MAX; /* an unknown event of another build: skipped */
   if (header.flags & TONGS_OP_FLAG_EVENT && header.op == TONGS_OP_tongsCompletion)
      return icd_note_completion(c, op, size);
   if (header.flags & TONGS_OP_FLAG_EVENT)
      return icd_messages_receive(&c->messages, op, size);
   if (!(header.flags & TONGS_OP_FLAG_REPLY) || size < REPLY_HEAD)
      return false;
   memcpy(&tag, op + sizeof(header), sizeof(tag));

   struct icd_pending_call *call = find_call_locked(c, header.op, tag);
   uint8_t *copy = call ? malloc(size) : NULL;
   if (!copy)
      return false;
   if (header.flags & TONGS_OP_FLAG_FD && !deliver_fd(c, call)) {
      free(copy);
      return false;
   }
   call->reply = memcpy(copy, op, size);
   call->done = true;
   tongs_list_remove(&call->link);
   return true;
}

/* Delivers all whole ops of the input. False if the server breaks the protocol. */
static bool
deliver_all_locked(struct icd_connection *c)
{
   size_t at = 0;

   while (c->in_used - at >= sizeof(struct tongs_op_header)) {
      struct tongs_op_header header = tongs_op_header_read(c->in + at);
      if (header.size < TONGS_OP_SIZE_MIN || header.size > TONGS_OP_SIZE_MAX || header.size % 8)
         return false;
      if (header.size > c->in_used - at)
         break;
      if (!deliver_locked(c, c->in + at, header.size))
         return false;
      at += header.size;
   }
   if (at)
      memmove(c->in, c->in + at, c->in_used - at);
   c->in_used -= at;
   if (!c->in_used && c->in_size > 4 * RECEIVE_SIZE) { /* one huge reply needed it */
      free(c->in);
      c->in = NULL;
      c->in_size = 0;
   }
   return true;
}

/* --- Receiving --- */

/* Makes room for the rest of the incomplete op, and for at least RECEIVE_SIZE bytes. */
static bool
make_input_room(struct icd_connection *c)
{
   size_t wanted = c->in_used + RECEIVE_SIZE;

   if (c->in_used >= sizeof(struct tongs_op_header)) {
      size_t size = tongs_op_header_read(c->in).size;
      if (size > wanted)
         wanted = size;
   }
   if (wanted <= c->in_size)
      return true;
   uint8_t *in = realloc(c->in, wanted);
   if (!in)
      return false;
   c->in = in;
   c->in_size = wanted;
   return true;
}

bool
icd_receive_once(struct icd_connection *c, int timeout_ms)
{
   ssize_t n = -ENOMEM;

   if (make_input_room(c)) {
      n = c->transport->ops->receive(c->transport, c->in + c->in_used, c->in_size - c->in_used,
                                     timeout_ms);
      if (!n)
         return false;
   }
   bool good = n > 0;
   if (good && c->stats)
      c->stats->bytes_received += (unsigned long long)n;
   pthread_mutex_lock(&c->receive_lock);
   if (good) {
      c->in_used += (size_t)n;
      good = deliver_all_locked(c);
   }
   pthread_cond_broadcast(&c->received);
   pthread_mutex_unlock(&c->receive_lock);
   if (!good)
      icd_connection_lose(c);
   return good;
}

void
icd_receive_messages(struct icd_connection *c)
{
   if (atomic_load_explicit(&c->messages.expected, memory_order_relaxed) &&
       icd_connection_is_ours(c) && !icd_connection_is_lost(c) && icd_start_receiving(c)) {
      icd_receive_once(c, 0);
      icd_stop_receiving(c);
   }
   icd_messages_tell(&c->messages);
}

void
icd_receive_pending(struct icd_connection *c)
{
   if (!icd_connection_is_ours(c))
      icd_connection_lose(c);
   if (icd_connection_is_lost(c) || !icd_start_receiving(c))
      return;
   icd_receive_once(c, 0);
   icd_stop_receiving(c);
}

static bool
is_answered(void *data)
{
   return ((struct icd_pending_call *)data)->done;
}

/* How long, in milliseconds, the receiving thread may sleep. Only a reply ends the wait for a call,
 * but other waits may also be ended by another thread of this process. */
static int
receive_timeout(bool (*done)(void *data), int64_t deadline)
{
   if (done == is_answered && deadline == INT64_MAX)
      return -1;
   int64_t left = (deadline - tongs_now_ns()) / 1000000 + 1;
   int64_t limit = done == is_answered ? INT32_MAX : TELL_MS;
   return left < 0 ? 0 : left < limit ? (int)left : (int)limit;
}

/* Another thread is receiving. Waits until it has received something or stopped, or until
 * `deadline`. */
static void
follow_locked(struct icd_connection *c, int64_t deadline)
{
   struct timespec t = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};

   if (deadline == INT64_MAX)
      pthread_cond_wait(&c->received, &c->receive_lock);
   else
      pthread_cond_timedwait(&c->received, &c->receive_lock, &t);
}

bool
icd_receive_until(struct icd_connection *c, bool (*done)(void *data), void *data, int64_t deadline)
{
   bool is_done;

   if (!icd_connection_is_ours(c))
      icd_connection_lose(c);
   pthread_mutex_lock(&c->receive_lock);
   while (!(is_done = done(data)) && !icd_connection_is_lost(c) &&
          (deadline == INT64_MAX || tongs_now_ns() < deadline)) {
      if (c->receiving) {
         follow_locked(c, deadline);
         continue;
      }
      c->receiving = true;
      pthread_mutex_unlock(&c->receive_lock);
      icd_receive_once(c, receive_timeout(done, deadline));
      icd_stop_receiving(c);
      pthread_mutex_lock(&c->receive_lock);
   }
   pthread_mutex_unlock(&c->receive_lock);
   return is_done;
}

/* Waits until the call is done or the connection is lost. Loses the connection if the reply does
 * not come before the connection's deadline. */
static void
wait_for(struct icd_connection *c, struct icd_pending_call *call)
{
   if (!icd_receive_until(c, is_answered, call, c->deadline) && !icd_connection_is_late(c))
      icd_connection_lose(c);
   pthread_mutex_lock(&c->receive_lock);
   tongs_list_remove(&call->link);
   pthread_mutex_unlock(&c->receive_lock);
}

/* --- Calls --- */

void
icd_call_register(struct icd_connection *c, struct icd_pending_call *call, uint32_t op, void *args)
{
   *call = (struct icd_pending_call){.op = op, .args = args, .fd = -1};
   pthread_mutex_lock(&c->receive_lock);
   if (c->stats)
      c->stats->calls[op]++;
   call->tag = ++c->next_tag;
   tongs_list_append(&c->calls, &call->link);
   pthread_mutex_unlock(&c->receive_lock);
}

void
icd_call_give_up(struct icd_connection *c, struct icd_pending_call *call)
{
   pthread_mutex_lock(&c->receive_lock);
   call->done = true;
   pthread_mutex_unlock(&c->receive_lock);
}

static void
encode_call(struct icd_connection *c, struct icd_pending_call *call)
{
   size_t offset;
   struct tongs_encoder *e = icd_op_begin(c, (uint16_t)call->op, TONGS_OP_FLAG_CALL, &offset);

   tongs_encode_u32(e, call->tag);
   tongs_ops[call->op].encode(e, call->args);
   if (!icd_op_end(c, offset))
      icd_call_give_up(c, call);
}

void
icd_call_begin(struct icd_connection *c, struct icd_pending_call *call, uint32_t op, void *args)
{
   icd_call_register(c, call, op, args);
   encode_call(c, call);
}

/* Decodes the reply into the arguments. If there is none, the outputs are zeros. */
static bool
read_reply(struct icd_pending_call *call)
{
   struct tongs_decoder d;

   if (!call->reply) {
      tongs_decoder_init(&d, NULL, 0, NULL);
      tongs_decoder_fail(&d, TONGS_DECODE_SHORT);
   } else {
      tongs_decoder_init(&d, call->reply, tongs_op_header_read(call->reply).size, NULL);
      d.cur += REPLY_HEAD;
   }
   tongs_ops[call->op].decode_reply(&d, call->args);
   tongs_decoder_expect_end(&d);
   return d.error == TONGS_DECODE_OK;
}

VkResult
icd_call_finish(struct icd_connection *c, struct icd_pending_call *call)
{
   const struct tongs_op_info *info = &tongs_ops[call->op];
   VkResult *ret =
      info->returns_result ? (VkResult *)((uint8_t *)call->args + info->ret_offset) : NULL;

   icd_flush(c);
   wait_for(c, call);
   bool answered = call->reply != NULL;
   bool ok = read_reply(call);
   free(call->reply);
   call->reply = NULL;
   if (answered && !ok)
      icd_connection_lose(c);
   icd_messages_tell(&c->messages);
   if (!ok && ret)
      *ret = icd_connection_is_lost(c) ? info->lost : VK_ERROR_OUT_OF_HOST_MEMORY;
   return ret ? *ret : VK_SUCCESS;
}

VkResult
icd_call(struct icd_connection *c, uint32_t op, void *args)
{
   struct icd_pending_call call;

   icd_call_begin(c, &call, op, args);
   return icd_call_finish(c, &call);
}

static void
send_call_with_fd(struct icd_connection *c, struct icd_pending_call *call, int fd)
{
   struct tongs_encoder e;

   tongs_encoder_init(&e);
   e.peer_structs = c->stream.peer_structs;
   size_t offset =
      tongs_encode_op_begin(&e, (uint16_t)call->op, TONGS_OP_FLAG_CALL | TONGS_OP_FLAG_FD);
   tongs_encode_u32(&e, call->tag);
   tongs_ops[call->op].encode(&e, call->args);
   if (!tongs_encode_op_end(&e, offset) || !icd_send_with_fd(c, e.base, tongs_encoder_size(&e), fd))
      icd_call_give_up(c, call);
   tongs_encoder_finish(&e);
}

VkResult
icd_call_with_fds(struct icd_connection *c, uint32_t op, void *args, int sent, int *received)
{
   struct icd_pending_call call;

   icd_call_register(c, &call, op, args);
   call.wants_fd = received != NULL;
   if (sent >= 0)
      send_call_with_fd(c, &call, sent);
   else
      encode_call(c, &call);
   VkResult result = icd_call_finish(c, &call);
   if (received)
      *received = call.fd;
   return result;
}

/* --- Calls of Tongs' own ops --- */

struct tongs_encoder *
icd_own_call_begin(struct icd_connection *c, struct icd_pending_call *call, uint16_t op,
                   size_t *offset)
{
   icd_call_register(c, call, op, NULL);
   struct tongs_encoder *e = icd_op_begin(c, op, TONGS_OP_FLAG_CALL, offset);
   tongs_encode_u32(e, call->tag);
   return e;
}

void
icd_own_call_end(struct icd_connection *c, struct icd_pending_call *call, size_t offset)
{
   if (!icd_op_end(c, offset))
      icd_call_give_up(c, call);
}

const uint8_t *
icd_own_call_wait(struct icd_connection *c, struct icd_pending_call *call, size_t offset,
                  size_t *size)
{
   icd_own_call_end(c, call, offset);
   return icd_own_call_reply(c, call, size);
}

const uint8_t *
icd_own_call_reply(struct icd_connection *c, struct icd_pending_call *call, size_t *size)
{
   icd_flush(c);
   wait_for(c, call);
   icd_messages_tell(&c->messages);
   if (!call->reply)
      return NULL;
   *size = tongs_op_header_read(call->reply).size - REPLY_HEAD;
   return call->reply + REPLY_HEAD;
}

void
icd_own_reply_begin(const struct icd_pending_call *call, struct tongs_decoder *d,
                    struct tongs_arena *arena)
{
   tongs_decoder_init(d, call->reply, tongs_op_header_read(call->reply).size, arena);
   d->cur += REPLY_HEAD;
}
