/* SPDX-License-Identifier: MIT */
#include "renderer/worker/hang_up.h"

#include "renderer/worker/channel.h"
#include "renderer/worker/transport.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* How long the decoder may continue with the ops that a client left in the ring when it hung up. */
#define LAST_WORDS_MS 2000
#define BELL_MS 10

static void *
watch_client(void *data)
{
   struct rdr_context *ctx = data;

   ctx->transport->ops->wait_for_hang_up(ctx->transport);
   ctx->client_left = true;
   for (int i = 0; i < LAST_WORDS_MS / BELL_MS; i++) {
      /* Wake repeatedly: a thread that read client_left just before it was set may go to sleep
       * after one wake-up. */
      rdr_channel_wake(ctx);
      struct timespec left = {.tv_nsec = BELL_MS * 1000000};
      while (nanosleep(&left, &left) < 0 && errno == EINTR)
         ;
   }
   fprintf(stderr,
           "tongs worker %d: the client is gone and the host's driver does not return: ending\n",
           (int)getpid());
   _exit(1);
}

void
rdr_hang_up_watch(struct rdr_context *ctx)
{
   pthread_attr_t attributes;
   pthread_t id;

   pthread_attr_init(&attributes);
   pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
   pthread_attr_setstacksize(&attributes, (size_t)64 * 1024);
   if (pthread_create(&id, &attributes, watch_client, ctx))
      rdr_end(ctx, "cannot start a thread");
   pthread_attr_destroy(&attributes);
}
