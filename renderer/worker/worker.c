/* SPDX-License-Identifier: MIT */
#include "renderer/worker/worker.h"

#include "renderer/worker/capture.h"
#include "renderer/worker/context.h"
#include "renderer/worker/handshake.h"
#include "renderer/worker/hang_up.h"
#include "renderer/worker/host.h"
#include "renderer/worker/input.h"
#include "renderer/worker/replies.h"
#include "renderer/worker/transport.h"
#include "renderer/worker/validation.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static void
serve(struct rdr_context *ctx)
{
   if (!rdr_input_init(&ctx->in)) {
      rdr_end(ctx, "out of memory");
      return;
   }
   if (rdr_shake_hands(ctx)) {
      do {
         rdr_input_execute(ctx);
         rdr_replies_flush(ctx);
         rdr_input_trim(&ctx->in);
      } while (!ctx->ended && rdr_input_receive(ctx, -1) > 0);
      if (ctx->in.used && !ctx->ended)
         rdr_end(ctx, "the client left in the middle of an op");
   }
   rdr_input_finish(&ctx->in);
}

/* Raises the soft limit of descriptors, which is low by default: each memory of a client may hold
 * one. */
static void
allow_descriptors(rlim_t count)
{
   struct rlimit limit;

   if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
      return;
   if (limit.rlim_cur < count)
      limit.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
   setrlimit(RLIMIT_NOFILE, &limit);
}

int
rdr_worker_run(int fd, const struct rdr_worker_options *options)
{
   /* Before the first thread. */
   rdr_host_set_environment(options);
   if (!rdr_sandbox_limit_files(options))
      return 1;

   struct rdr_context *ctx = calloc(1, sizeof(*ctx));
   struct rdr_transport *transport =
      options->pages ? rdr_transport_open_virtio(fd) : rdr_transport_open_socket(fd);

   if (!ctx || !rdr_context_init(ctx, transport, &options->limits) ||
       (options->validate && !(ctx->validation = rdr_validation_create()))) {
      fprintf(stderr, "tongs worker %d: out of memory\n", (int)getpid());
      return 1;
   }
   signal(SIGPIPE, SIG_IGN);
   signal(SIGXFSZ, SIG_IGN); /* a capture or memory beyond the limit of file sizes is an error */
   allow_descriptors(ctx->limits.descriptors);
   if (options->capture)
      ctx->capture = rdr_capture_open(options->capture);

   rdr_hang_up_watch(ctx);
   rdr_watchdog_start(ctx, options->watchdog);
   if (!rdr_sandbox_limit_calls(options))
      return 1;
   serve(ctx);
   if (ctx->capture)
      fclose(ctx->capture);
   int status = ctx->ended == RDR_RULE_BROKEN ? 1 : 0;
   /* The kernel frees the client's GPU resources. We wait neither for the GPU, which may never
    * finish, nor for exit handlers of drivers, some of which have been seen to hang. */
   fflush(stderr);
   _exit(status);
}
