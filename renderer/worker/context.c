/* SPDX-License-Identifier: MIT */
#include "renderer/worker/context.h"

#include "protocol/args.h"
#include "renderer/worker/compile.h"
#include "renderer/worker/jobs.h"
#include "renderer/worker/op.h"
#include "renderer/worker/replies.h"
#include "renderer/worker/transport.h"
#include "renderer/worker/waiter.h"

#include <stdarg.h>
#include <unistd.h>

bool
rdr_context_init(struct rdr_context *ctx, struct rdr_transport *transport,
                 const struct rdr_limits *limits)
{
   ctx->transport = transport;
   ctx->limits = *limits;
   pthread_mutex_init(&ctx->reply_lock, NULL);
   tongs_list_init(&ctx->heaps);
   tongs_arena_init(&ctx->arena, limits->op_bytes);
   tongs_encoder_init(&ctx->replies);
   ctx->jobs = rdr_jobs_create(ctx);
   ctx->compiles = rdr_compiles_create(ctx);
   return transport && ctx->jobs && ctx->compiles;
}

void
rdr_end(struct rdr_context *ctx, const char *format, ...)
{
   char text[400];
   va_list args;
   int running = 0;

   if (!atomic_compare_exchange_strong(&ctx->ended, &running, RDR_RULE_BROKEN))
      return;
   va_start(args, format);
   vsnprintf(text, sizeof(text), format, args);
   va_end(args);
   fprintf(stderr, "tongs worker %d: connection ended: %s\n", (int)getpid(), text);
   rdr_replies_tell_loss(ctx, text);
   ctx->transport->ops->shutdown(ctx->transport);
}

void
rdr_refuse_command(struct rdr_context *ctx, const char *name)
{
   rdr_end(ctx, "%s was called, which the host's driver does not have", name);
}

void
rdr_note_post_failure(struct rdr_context *ctx, VkResult result)
{
   if (ctx->post_result == VK_SUCCESS)
      ctx->post_result = result;
}

void
rdr_post_failed(struct rdr_context *ctx, const struct rdr_op *op, void *device, const char *name,
                VkResult result)
{
   struct rdr_device *dev = device;

   rdr_note_post_failure(ctx, result);
   if (tongs_ops[op->number].failure == TONGS_FAILURE_IGNORED)
      return;
   if (tongs_ops[op->number].kind == TONGS_OP_RECORD) { /* the parent is the command buffer */
      ctx->slots[op->parent].result = result;
      return;
   }
   if (!dev->lost)
      fprintf(stderr, "tongs worker %d: %s failed with %d; the device is lost to its application\n",
              (int)getpid(), name, result);
   rdr_waiters_lose(dev);
}
