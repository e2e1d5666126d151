/* SPDX-License-Identifier: MIT */
#include "renderer/worker/handshake.h"

#include "protocol/clock.h"
#include "protocol/hello.h"
#include "renderer/worker/host.h"
#include "renderer/worker/input.h"
#include "renderer/worker/replies.h"
#include "renderer/worker/validation.h"

static bool
receive_until(struct rdr_context *ctx, size_t size, int64_t deadline)
{
   while (ctx->in.used < size) {
      int64_t left = deadline - tongs_now_ms();
      ssize_t n = rdr_input_receive(ctx, left > 0 ? (int)left : 0);
      if (n == 0 && left <= 0) {
         rdr_end(ctx, "no hello came within %d s", TONGS_HELLO_TIMEOUT / 1000);
         return false;
      }
      if (n < 0) {
         if (ctx->in.used)
            rdr_end(ctx, "the client left in the middle of its hello");
         return false;
      }
   }
   return true;
}

/* Refuses the connection: sends the reason to the client and logs it. */
static void
refuse(struct rdr_context *ctx, const char *why)
{
   rdr_replies_send_hello(ctx, false, why);
   rdr_end(ctx, "%s", why);
}

bool
rdr_shake_hands(struct rdr_context *ctx)
{
   struct rdr_input *in = &ctx->in;
   int64_t deadline = tongs_now_ms() + TONGS_HELLO_TIMEOUT;
   char why[200];
   bool same = false;

   if (!receive_until(ctx, TONGS_HELLO_SIZE, deadline))
      return false;
   size_t size = tongs_hello_size(in->data, why, sizeof(why));
   if (!size) {
      refuse(ctx, why);
      return false;
   }
   if (!receive_until(ctx, size, deadline))
      return false;
   if (!tongs_hello_decode(in->data, size, &ctx->peer, &same, why, sizeof(why))) {
      refuse(ctx, why);
      return false;
   }
   if (!rdr_host_load(&ctx->host, why, sizeof(why)) ||
       (ctx->validation && !rdr_validation_is_possible(&ctx->host, why, sizeof(why)))) {
      refuse(ctx, why);
      return false;
   }
   rdr_input_drop(in, size);
   rdr_replies_send_hello(ctx, !same, NULL);
   ctx->greeted = true;
   return true;
}
