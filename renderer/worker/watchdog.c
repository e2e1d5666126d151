/* SPDX-License-Identifier: MIT */
#include "renderer/worker/watchdog.h"

#include "protocol/args.h"
#include "protocol/clock.h"
#include "renderer/worker/context.h"
#include "renderer/worker/handlers.h"

#include "tongs_gen_types.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

/* How many samples are taken in the time that the worker has. */
#define SAMPLES 8

/* A compilation may take so many times longer. */
#define COMPILATION_FACTOR 8

/* A thread that gets less than this part of the time sleeps. */
#define ASLEEP 100

/* A process that gets less than this part of the time only looks whether a submission is complete.
 */
#define IDLE 10

struct watchdog {
   struct rdr_context *ctx;
   int64_t limit;    /* nanoseconds */
   int64_t interval; /* of samples */
   clockid_t decoder_clock;
};

struct sample {
   uint32_t ops, op, done, queued;
   bool compiles, sends;
   int64_t now, process, decoder; /* nanoseconds; the last two of processor time */
};

static int64_t
read_clock(clockid_t clock)
{
   struct timespec t = {0};

   clock_gettime(clock, &t);
   return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static struct sample
take_sample(const struct watchdog *w)
{
   struct rdr_progress *p = &w->ctx->progress;

   return (struct sample){
      .ops = atomic_load_explicit(&p->ops, memory_order_relaxed),
      .op = atomic_load_explicit(&p->op, memory_order_relaxed),
      .done = atomic_load_explicit(&p->done, memory_order_relaxed),
      .queued = atomic_load_explicit(&p->queued, memory_order_relaxed),
      .compiles = atomic_load_explicit(&p->compiles, memory_order_relaxed),
      .sends = atomic_load_explicit(&p->sends, memory_order_relaxed) > 0,
      .now = tongs_now_ns(),
      .process = read_clock(CLOCK_PROCESS_CPUTIME_ID),
      .decoder = read_clock(w->decoder_clock),
   };
}

static bool
has_work(const struct sample *s)
{
   return s->op || s->queued;
}

static bool
is_compiling(const struct sample *s)
{
   return s->compiles || (s->op && s->op <= TONGS_OP_COUNT && rdr_ops[s->op - 1].compiled);
}

static int64_t
shorter(int64_t a, int64_t b)
{
   return a < b ? a : b;
}

/* The time between the samples that counts against the worker, which has made no step. */
static int64_t
wasted(const struct watchdog *w, const struct sample *a, const struct sample *b)
{
   int64_t passed = shorter(b->now - a->now, 2 * w->interval);
   int64_t process = b->process - a->process, decoder = b->decoder - a->decoder;
   int64_t ns = 0;

   if (b->op && decoder >= passed / ASLEEP)
      ns = shorter(passed, decoder);
   else if (b->op && !b->queued && !is_compiling(b))
      ns = passed;
   if ((b->queued || is_compiling(b)) && process >= passed / IDLE && ns < process)
      ns = shorter(passed, process);
   return ns;
}

static void
give_up(const struct watchdog *w, const struct sample *s)
{
   const char *name = s->op && s->op <= TONGS_OP_COUNT ? tongs_ops[s->op - 1].name : NULL;

   if (s->op)
      rdr_end(w->ctx, "%s made no progress for %d s (--watchdog)", name ? name : "an op",
              (int)(w->limit / NS_PER_S));
   else
      rdr_end(w->ctx,
              "no submission was completed for %d s, although the GPU was busy (--watchdog)",
              (int)(w->limit / NS_PER_S));
   /* rdr_end() sends without waiting, so the reason is on its way. */
   _exit(1);
}

static void
sleep_for(int64_t ns)
{
   struct timespec left = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};

   while (nanosleep(&left, &left) < 0 && errno == EINTR)
      ;
}

static void *
watch(void *data)
{
   const struct watchdog *w = data;
   struct sample before = take_sample(w);
   int64_t time = 0;

   for (;;) {
      /* An idle worker is looked at less often. */
      sleep_for(has_work(&before) ? w->interval : w->limit / 3);
      struct sample s = take_sample(w);
      if (s.ops != before.ops || s.done != before.done || !has_work(&s) || !has_work(&before) ||
          s.sends)
         time = 0;
      else
         time += wasted(w, &before, &s);
      before = s;
      if (time >= (is_compiling(&s) ? COMPILATION_FACTOR * w->limit : w->limit))
         give_up(w, &s);
   }
   return NULL;
}

void
rdr_watchdog_start(struct rdr_context *ctx, unsigned seconds)
{
   struct watchdog *w = seconds ? malloc(sizeof(*w)) : NULL;
   pthread_attr_t attributes;
   pthread_t id;

   if (!w && seconds)
      rdr_end(ctx, "out of memory");
   if (!w)
      return;
   *w = (struct watchdog){
      .ctx = ctx,
      .limit = seconds * NS_PER_S,
      .interval = seconds * NS_PER_S / SAMPLES,
   };
   pthread_getcpuclockid(pthread_self(), &w->decoder_clock);
   pthread_attr_init(&attributes);
   pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
   pthread_attr_setstacksize(&attributes, (size_t)64 * 1024);
   if (pthread_create(&id, &attributes, watch, w)) {
      rdr_end(ctx, "cannot start a thread");
      free(w);
   }
   pthread_attr_destroy(&attributes);
}
