/* SPDX-License-Identifier: MIT */
#include "renderer/worker/channel.h"

#include "renderer/worker/handlers.h"
#include "renderer/worker/input.h"
#include "renderer/worker/replies.h"
#include "renderer/worker/transport.h"
#include "renderer/worker/waiter.h"

#include "tongs_gen_own.h"

bool
rdr_channel_send(struct rdr_context *ctx, const uint8_t *data, size_t size)
{
   struct tongs_ring *ring = &ctx->channel.replies;

   while (size && !ctx->ended) {
      ssize_t n = tongs_ring_write(ring, data, size);
      if (n < 0) {
         rdr_end(ctx, "the client says that it has read more replies than there were");
         return true;
      }
      data += n;
      size -= (size_t)n;
      if (n)
         continue;
      if (ctx->client_left)
         return false;
      atomic_fetch_add_explicit(&ctx->progress.sends, 1, memory_order_relaxed);
      tongs_ring_wait_for_room(ring, -1);
      atomic_fetch_sub_explicit(&ctx->progress.sends, 1, memory_order_relaxed);
   }
   return true;
}

static bool
ops_wait(void *data)
{
   return tongs_ring_is_readable(data);
}

/* Stops the spinning: true if ops have come or no submission is left to poll. */
static bool
polling_is_over(void *data)
{
   struct rdr_context *ctx = data;

   if (ops_wait(&ctx->channel.ops))
      return true;
   rdr_waiter_poll(ctx);
   return !ctx->polled;
}

/* Polls the last submission while no ops come. If it takes long, leaves it to the waiter's thread,
 * which can sleep. */
static void
poll_submissions(struct rdr_context *ctx)
{
   struct tongs_spin_wait w;

   tongs_spin(&ctx->poll_spinner, polling_is_over, ctx, &w);
   rdr_waiter_poll_end(ctx);
   tongs_spinner_note(&ctx->poll_spinner, &w);
}

ssize_t
rdr_channel_receive(struct rdr_context *ctx, void *data, size_t size)
{
   struct tongs_ring *ring = &ctx->channel.ops;

   for (;;) {
      bool left = ctx->client_left;
      ssize_t n = tongs_ring_read(ring, data, size);
      struct tongs_spin_wait w;
      if (n < 0)
         rdr_end(ctx, "the client says that it has written more ops than there is room for");
      if (n || left || ctx->ended)
         return n;
      if (ctx->polled) {
         poll_submissions(ctx);
         continue;
      }
      if (!tongs_spin(&ctx->op_spinner, ops_wait, ring, &w))
         tongs_ring_wait_for_bytes(ring, -1);
      tongs_spinner_note(&ctx->op_spinner, &w);
   }
}

void
rdr_channel_wake(struct rdr_context *ctx)
{
   if (!ctx->has_channel)
      return;
   tongs_futex_bell.ring(NULL, &ctx->channel.ops.words->consumer_sleeps);
   tongs_futex_bell.ring(NULL, &ctx->channel.replies.words->producer_sleeps);
}

void
rdr_own_channel(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct rdr_transport *t = ctx->transport;
   struct tongs_args_tongsChannel a = {0};
   struct tongs_channel ch = {0};
   size_t offset;

   tongs_decode_tongsChannel(d, &a);
   if (d->error || ctx->channel.base) {
      rdr_end(ctx, "a tongsChannel is malformed, or not the only one");
      return;
   }
   size_t size = tongs_channel_size(a.ops_size, a.replies_size);
   const char *why = size ? rdr_op_map_memory(ctx, op, size, &ctx->channel_memory)
                          : "its rings have impossible sizes";
   if (why) {
      rdr_end(ctx, "the memory of a tongsChannel was refused: %s", why);
      return;
   }
   tongs_channel_init(&ch, ctx->channel_memory.data, a.ops_size, a.replies_size,
                      t->ops->start_channel(t));
   rdr_reply_begin(ctx, op, &offset);
   rdr_reply_end(ctx, offset);
   rdr_replies_flush(ctx);
   pthread_mutex_lock(&ctx->reply_lock);
   ctx->channel = ch;
   pthread_mutex_unlock(&ctx->reply_lock);
   ctx->has_channel = true;
}
