/* SPDX-License-Identifier: MIT */
#include "icd/stream.h"

#include "icd/channel.h"
#include "icd/connection.h"
#include "icd/debug.h"
#include "icd/statistics.h"
#include "protocol/args.h"
#include "protocol/decoder.h"

#include "tongs_gen_own.h"

#include <stdlib.h>
#include <string.h>

/* The most memory, in bytes, that an empty stream keeps. */
#define STREAM_KEPT (4 * ICD_FLUSH_SIZE)

/* Posts that together free more device memory than this, in bytes, do not wait for more posts. */
#define FREED_MAX (UINT64_C(4) << 20)

/* The longest time, in milliseconds, to wait for room before checking whether the connection is
 * lost. */
#define SEND_WAIT_MS 1000

/* The same while the connection has a deadline. */
#define SETUP_WAIT_MS 50

/* --- Sending --- */

/* Waits until more bytes can be sent. Receives replies during the wait, because the worker reads no
 * ops while it is blocked on sending replies. */
static void
wait_to_send(struct icd_connection *c)
{
   struct icd_transport *t = c->transport;

   if (icd_connection_is_late(c))
      return;
   bool receive = icd_start_receiving(c);
   int ready = t->ops->wait(t, ICD_TRANSPORT_WRITABLE | (receive ? ICD_TRANSPORT_READABLE : 0),
                            c->deadline == INT64_MAX ? SEND_WAIT_MS : SETUP_WAIT_MS);
   if (receive) {
      if (ready < 0 || ready & ICD_TRANSPORT_READABLE)
         icd_receive_once(c, 0);
      icd_stop_receiving(c);
   }
   if (ready < 0)
      icd_connection_lose(c);
}

/* Sends the stream. `attached`: sent with the first byte; may be NULL. */
static void
send_bytes_locked(struct icd_connection *c, const uint8_t *data, size_t size,
                  const struct icd_shared_memory *attached)
{
   if (c->stats) {
      c->stats->sends++;
      c->stats->bytes_sent += size;
   }
   if (!icd_connection_is_ours(c))
      icd_connection_lose(c);
   while (size && !icd_connection_is_lost(c)) {
      ssize_t n = c->transport->ops->send(c->transport, data, size, attached);
      if (n > 0) {
         attached = NULL;
         data += n;
         size -= (size_t)n;
      } else if (!n) {
         wait_to_send(c);
      } else {
         icd_connection_lose(c);
      }
   }
}

static void
flush_locked(struct icd_connection *c)
{
   atomic_store_explicit(&c->unsent, false, memory_order_relaxed);
   icd_connection_check_alive(c);
   if (tongs_encoder_size(&c->stream))
      send_bytes_locked(c, c->stream.base, tongs_encoder_size(&c->stream), NULL);
   tongs_encoder_trim(&c->stream, STREAM_KEPT);
   c->expected = c->update_tail = 0;
   c->freed = 0;
}

void
icd_flush(struct icd_connection *c)
{
   pthread_mutex_lock(&c->stream_lock);
   flush_locked(c);
   pthread_mutex_unlock(&c->stream_lock);
   icd_receive_messages(c);
}

bool
icd_send_attached(struct icd_connection *c, const void *op, size_t size,
                  const struct icd_shared_memory *attached)
{
   pthread_mutex_lock(&c->stream_lock);
   flush_locked(c);
   send_bytes_locked(c, op, size, attached);
   pthread_mutex_unlock(&c->stream_lock);
   return !icd_connection_is_lost(c);
}

bool
icd_send_with_fd(struct icd_connection *c, const void *op, size_t size, int fd)
{
   return icd_send_attached(c, op, size, &(struct icd_shared_memory){.fd = fd});
}

/* --- Encoding --- */

struct tongs_encoder *
icd_op_begin(struct icd_connection *c, uint16_t op, uint16_t flags, size_t *offset)
{
   pthread_mutex_lock(&c->stream_lock);
   *offset = tongs_encode_op_begin(&c->stream, op, flags);
   return &c->stream;
}

void
icd_stream_grown(struct icd_connection *c)
{
   size_t size = tongs_encoder_size(&c->stream);

   if (c->channel)
      tongs_ring_expect(&c->channel->rings.ops, c->expected, size);
   c->expected = size;
   if (size >= c->transport->flush_size)
      flush_locked(c);
   else
      atomic_store_explicit(&c->unsent, true, memory_order_relaxed);
   pthread_mutex_unlock(&c->stream_lock);
}

bool
icd_op_end(struct icd_connection *c, size_t offset)
{
   bool ok = tongs_encode_op_end(&c->stream, offset);

   icd_stream_grown(c);
   return ok;
}

/* Waits until the worker has carried out all ops, and returns the first failure of a post. */
static VkResult
synchronise(struct icd_connection *c, uint32_t op)
{
   struct tongs_reply_tongsSync reply = {0};
   struct icd_pending_call call;
   struct tongs_decoder d;
   size_t offset, size;

   if (!tongs_peer_knows_op(&c->peer, TONGS_OP_tongsSync))
      return VK_SUCCESS;
   icd_own_call_begin(c, &call, TONGS_OP_tongsSync, &offset);
   if (!icd_own_call_wait(c, &call, offset, &size))
      return tongs_ops[op].lost;
   icd_own_reply_begin(&call, &d, NULL);
   tongs_decode_reply_tongsSync(&d, &reply);
   free(call.reply);
   return d.error ? (VkResult)tongs_ops[op].lost : (VkResult)reply.result;
}

VkResult
icd_post(struct icd_connection *c, uint32_t op, const void *args)
{
   size_t offset;

   if (icd_connection_is_lost(c))
      return tongs_ops[op].lost;
   struct tongs_encoder *e = icd_op_begin(c, (uint16_t)op, 0, &offset);
   tongs_ops[op].encode(e, args);
   return icd_post_end(c, op, offset);
}

VkResult
icd_post_end(struct icd_connection *c, uint32_t op, size_t offset)
{
   if (c->stats)
      c->stats->posts[op]++;
   if (!icd_op_end(c, offset))
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   if (tongs_ops[op].sent_at_once)
      icd_flush(c);
   return c->debug & ICD_DEBUG_SYNC ? synchronise(c, op) : VK_SUCCESS;
}

void
icd_note_freed(struct icd_connection *c, uint64_t size)
{
   pthread_mutex_lock(&c->stream_lock);
   c->freed += size < FREED_MAX ? size : FREED_MAX;
   bool flush = c->freed >= FREED_MAX;
   pthread_mutex_unlock(&c->stream_lock);
   if (flush)
      icd_flush(c);
}

bool
icd_append(struct icd_connection *c, const struct tongs_encoder *e)
{
   size_t size = tongs_encoder_size(e);

   pthread_mutex_lock(&c->stream_lock);
   if (size >= c->transport->flush_size) {
      flush_locked(c);
      send_bytes_locked(c, e->base, size, NULL);
      pthread_mutex_unlock(&c->stream_lock);
      return true;
   }
   bool ok = tongs_encoder_reserve(&c->stream, size);
   if (ok)
      tongs_encode_fixed(&c->stream, e->base, size);
   c->stream.failed = false;
   if (tongs_encoder_size(&c->stream) >= c->transport->flush_size)
      flush_locked(c);
   else
      atomic_store_explicit(&c->unsent, true, memory_order_relaxed);
   pthread_mutex_unlock(&c->stream_lock);
   return ok;
}
