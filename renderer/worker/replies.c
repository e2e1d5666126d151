/* SPDX-License-Identifier: MIT */
#include "renderer/worker/replies.h"

#include "protocol/args.h"
#include "protocol/frame.h"
#include "renderer/worker/channel.h"
#include "renderer/worker/transport.h"
#include "renderer/worker/validation.h"

#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

#include <string.h>
#include <unistd.h>

/* Replies are batched up to this many bytes. */
#define REPLY_SIZE ((size_t)64 * 1024)

/* --- Sending --- */

/* Sends all of the bytes over the transport, and the descriptor with the first byte (-1: none).
 * Waits for a client that does not read, which delays no one but that client. False if the client
 * is gone. */
static bool
send_all(struct rdr_context *ctx, const uint8_t *data, size_t size, int fd)
{
   struct rdr_transport *t = ctx->transport;

   while (size && !ctx->ended) {
      ssize_t n = t->ops->send(t, data, size, fd);
      if (n < 0)
         return false;
      if (!n) {
         atomic_fetch_add_explicit(&ctx->progress.sends, 1, memory_order_relaxed);
         t->ops->wait_writable(t);
         atomic_fetch_sub_explicit(&ctx->progress.sends, 1, memory_order_relaxed);
         continue;
      }
      data += n;
      size -= (size_t)n;
      fd = -1;
   }
   return true;
}

/* Sends the pending replies. `fd`: the descriptor of the last reply; -1: none. */
static void
flush_locked(struct rdr_context *ctx, int fd)
{
   int running = 0;
   bool sent;

   rdr_validation_drain(ctx, &ctx->replies);
   const uint8_t *data = ctx->replies.base;
   const size_t size = tongs_encoder_size(&ctx->replies);
   if (ctx->channel.base) {
      /* Send the descriptor first, with a byte that has no meaning, so that the descriptor has
       * arrived when the client reads the reply. */
      sent =
         (fd < 0 || send_all(ctx, (const uint8_t *)"", 1, fd)) && rdr_channel_send(ctx, data, size);
   } else {
      sent = send_all(ctx, data, size, fd);
   }
   if (!sent)
      atomic_compare_exchange_strong(&ctx->ended, &running, RDR_CLIENT_LEFT); /* it is gone */
   tongs_encoder_trim(&ctx->replies, 4 * REPLY_SIZE);
}

void
rdr_replies_flush(struct rdr_context *ctx)
{
   pthread_mutex_lock(&ctx->reply_lock);
   flush_locked(ctx, -1);
   pthread_mutex_unlock(&ctx->reply_lock);
}

void
rdr_replies_send_hello(struct rdr_context *ctx, bool tables, const char *reason)
{
   pthread_mutex_lock(&ctx->reply_lock);
   tongs_hello_encode(&ctx->replies, tables, reason);
   flush_locked(ctx, -1);
   pthread_mutex_unlock(&ctx->reply_lock);
}

void
rdr_replies_tell_loss(struct rdr_context *ctx, const char *why)
{
   if (!ctx->greeted || pthread_mutex_trylock(&ctx->reply_lock))
      return;
   rdr_validation_drain(ctx, &ctx->replies);
   size_t offset = tongs_encode_op_begin(&ctx->replies, TONGS_OP_tongsLost, TONGS_OP_FLAG_EVENT);
   tongs_encode_tongsLost(&ctx->replies, &(struct tongs_args_tongsLost){.reason = why});
   bool ok = tongs_encode_op_end(&ctx->replies, offset);
   const size_t size = tongs_encoder_size(&ctx->replies);
   if (ok && ctx->channel.base)
      tongs_ring_write(&ctx->channel.replies, ctx->replies.base, size);
   else if (ok)
      ctx->transport->ops->send(ctx->transport, ctx->replies.base, size, -1);
   tongs_encoder_reset(&ctx->replies);
   pthread_mutex_unlock(&ctx->reply_lock);
}

/* --- Replies --- */

struct tongs_encoder *
rdr_reply_begin(struct rdr_context *ctx, const struct rdr_op *op, size_t *offset)
{
   pthread_mutex_lock(&ctx->reply_lock);
   rdr_validation_drain(ctx, &ctx->replies); /* first: messages may be about this call */
   *offset = tongs_encode_op_begin(&ctx->replies, (uint16_t)op->number, TONGS_OP_FLAG_REPLY);
   tongs_encode_u32(&ctx->replies, op->tag);
   return &ctx->replies;
}

void
rdr_reply_end(struct rdr_context *ctx, size_t offset)
{
   bool ok = tongs_encode_op_end(&ctx->replies, offset);

   if (tongs_encoder_size(&ctx->replies) >= REPLY_SIZE)
      flush_locked(ctx, -1);
   pthread_mutex_unlock(&ctx->reply_lock);
   if (!ok)
      rdr_end(ctx, "out of memory for a reply");
}

void
rdr_reply_end_with_fd(struct rdr_context *ctx, size_t offset, int fd)
{
   bool ok = tongs_encode_op_end(&ctx->replies, offset);

   if (ok) {
      struct tongs_op_header header = tongs_op_header_read(ctx->replies.base + offset);
      header.flags |= TONGS_OP_FLAG_FD;
      memcpy(ctx->replies.base + offset, &header, sizeof(header));
      flush_locked(ctx, fd);
   }
   pthread_mutex_unlock(&ctx->reply_lock);
   close(fd);
   if (!ok)
      rdr_end(ctx, "out of memory for a reply");
}

void
rdr_reply(struct rdr_context *ctx, const struct rdr_op *op, const void *args)
{
   size_t offset;
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &offset);

   tongs_ops[op->number].encode_reply(e, args);
   rdr_reply_end(ctx, offset);
}

void
rdr_reply_with_fd(struct rdr_context *ctx, struct rdr_op *op, const void *args)
{
   size_t offset;
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &offset);

   tongs_ops[op->number].encode_reply(e, args);
   rdr_reply_end_with_fd(ctx, offset, op->reply_fd);
   op->reply_fd = -1;
}

void
rdr_reply_result(struct rdr_context *ctx, const struct rdr_op *op, void *args, VkResult result)
{
   const struct tongs_op_info *info = &tongs_ops[op->number];

   if (info->returns_result)
      *(VkResult *)((uint8_t *)args + info->ret_offset) = result;
   rdr_reply(ctx, op, args);
}
