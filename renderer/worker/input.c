/* SPDX-License-Identifier: MIT */
#include "renderer/worker/input.h"

#include "protocol/frame.h"
#include "renderer/worker/channel.h"
#include "renderer/worker/context.h"
#include "renderer/worker/execute.h"
#include "renderer/worker/op.h"
#include "renderer/worker/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECEIVE_SIZE ((size_t)256 * 1024)

static bool
input_reserve(struct rdr_input *in, size_t size)
{
   if (size <= in->size)
      return true;
   uint8_t *data = realloc(in->data, size);
   if (!data)
      return false;
   in->data = data;
   in->size = size;
   return true;
}

bool
rdr_input_init(struct rdr_input *in)
{
   *in = (struct rdr_input){0};
   return input_reserve(in, RECEIVE_SIZE);
}

void
rdr_input_finish(struct rdr_input *in)
{
   free(in->data);
   *in = (struct rdr_input){0};
}

ssize_t
rdr_input_receive(struct rdr_context *ctx, int timeout_ms)
{
   struct rdr_transport *t = ctx->transport;
   struct rdr_input *in = &ctx->in;
   void *data = in->data + in->used;
   ssize_t n;

   if (ctx->channel.base) {
      n = rdr_channel_receive(ctx, data, in->size - in->used);
      n = n ? n : -EPIPE;
   } else {
      n = t->ops->receive(t, data, in->size - in->used, timeout_ms);
      if (n == -EPROTO)
         rdr_end(ctx, "more file descriptors came than any op takes");
   }
   if (n <= 0)
      return n;
   if (ctx->capture) {
      fwrite(data, 1, (size_t)n, ctx->capture);
      fflush(ctx->capture);
   }
   in->used += (size_t)n;
   return n;
}

void
rdr_input_drop(struct rdr_input *in, size_t size)
{
   memmove(in->data, in->data + size, in->used - size);
   in->used -= size;
}

void
rdr_input_execute(struct rdr_context *ctx)
{
   struct rdr_input *in = &ctx->in;
   size_t at = 0, wanted = RECEIVE_SIZE;

   while (!ctx->ended && in->used - at >= sizeof(struct tongs_op_header)) {
      struct tongs_op_header header = tongs_op_header_read(in->data + at);
      if (header.size < TONGS_OP_SIZE_MIN || header.size > TONGS_OP_SIZE_MAX || header.size % 8) {
         rdr_end(ctx, "an op has an impossible size");
         return;
      }
      if (header.size > in->used - at) {
         wanted = header.size + RECEIVE_SIZE;
         break;
      }
      rdr_progress_begin_op(&ctx->progress, header.op);
      rdr_execute(ctx, in->data + at, header.size);
      at += header.size;
   }
   rdr_progress_end_ops(&ctx->progress);
   if (at)
      rdr_input_drop(in, at);
   if (!input_reserve(in, wanted))
      rdr_end(ctx, "out of memory for an op of %zu bytes", wanted);
}

void
rdr_input_trim(struct rdr_input *in)
{
   if (in->size > 4 * RECEIVE_SIZE && !in->used) {
      uint8_t *data = realloc(in->data, RECEIVE_SIZE);
      if (data) {
         in->data = data;
         in->size = RECEIVE_SIZE;
      }
   }
}

const char *
rdr_op_map_memory(struct rdr_context *ctx, struct rdr_op *op, uint64_t size,
                  struct rdr_shared_memory *memory)
{
   struct rdr_transport *t = ctx->transport;
   int fd = rdr_op_take_fd(op);

   if (!(t->capabilities & RDR_TRANSPORT_SHARES_MEMORY)) {
      if (fd >= 0)
         close(fd);
      return "this transport shares no memory";
   }
   return t->ops->map_memory(t, fd, size, memory);
}
