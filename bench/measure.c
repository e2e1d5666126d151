/* SPDX-License-Identifier: MIT */
#include "bench/bench.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t
bench_now(void)
{
   struct timespec ts;
   clock_gettime(CLOCK_MONOTONIC, &ts);
   return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void
bench_say(struct bench *b, enum bench_status status, const char *format, va_list args)
{
   b->result->status = status;
   vsnprintf(b->result->reason, sizeof(b->result->reason), format, args);
}

void
bench_skip(struct bench *b, const char *format, ...)
{
   va_list args;
   va_start(args, format);
   bench_say(b, BENCH_SKIPPED, format, args);
   va_end(args);
   longjmp(b->fail, 1);
}

void
bench_fail(struct bench *b, const char *format, ...)
{
   va_list args;
   va_start(args, format);
   bench_say(b, BENCH_FAILED, format, args);
   va_end(args);
   longjmp(b->fail, 1);
}

void
bench_check(struct bench *b, VkResult result, const char *what)
{
   if (result < 0)
      bench_fail(b, "%s returned %d", what, result);
}

void
bench_sample(struct bench *b, uint64_t ns)
{
   if (b->sample_count < BENCH_MAX_SAMPLES)
      b->samples[b->sample_count++] = (double)ns;
}

static int
bench_compare(const void *left, const void *right)
{
   double l = *(const double *)left;
   double r = *(const double *)right;
   return (l > r) - (l < r);
}

double
bench_median(double *values, size_t count)
{
   qsort(values, count, sizeof(*values), bench_compare);
   return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double
bench_value(const struct bench_row *row, double ns, double turns)
{
   double per = row->per ? (double)row->per : 1;
   if (ns <= 0)
      ns = 1;
   switch (row->unit) {
   case BENCH_NS:
      return ns / (turns * per);
   case BENCH_US:
      return ns / (turns * per) / 1e3;
   case BENCH_MS:
      return ns / (turns * per) / 1e6;
   case BENCH_RATE:
      return turns * per * 1e9 / ns;
   case BENCH_GBPS:
      return turns * per / ns;
   case BENCH_MIB:
      return ns / 1048576;
   }
   return NAN;
}

/* One round; the tail is the 95th percentile of single operations, where they were timed. */
static double
bench_round(struct bench *b, uint64_t turns, double *tail)
{
   b->sample_count = 0;
   uint64_t ns = b->row->run(b, turns);
   *tail = NAN;
   if (!(b->row->flags & BENCH_SAMPLED) || b->sample_count == 0)
      return bench_value(b->row, (double)ns, (double)turns);

   double median = bench_median(b->samples, b->sample_count);
   *tail = bench_value(b->row, b->samples[b->sample_count * 95 / 100], 1);
   return bench_value(b->row, median, 1);
}

/* How many turns fill a round, by the wall clock: what `run` does not count takes time as well.
 * The first turns compile, allocate and touch pages; one slow turn shall not decide. */
static uint64_t
bench_calibrate(struct bench *b, uint64_t budget)
{
   double tail;
   uint64_t turns = 1;
   bench_round(b, 1, &tail);
   if (b->row->flags & BENCH_ONCE)
      return 1;
   for (;;) {
      uint64_t spent = UINT64_MAX;
      for (int i = 0; i < 2; i++) {
         uint64_t start = bench_now();
         bench_round(b, turns, &tail);
         uint64_t ns = bench_now() - start;
         spent = ns < spent ? ns : spent;
         if (ns >= budget)
            break;
      }
      if (spent >= budget / 4) {
         double fit = (double)turns * (double)budget / (double)spent;
         return fit < 1 ? 1 : (uint64_t)fit;
      }
      turns *= spent < budget / 64 ? 8 : 2;
   }
}

void
bench_measure(struct bench *b)
{
   struct bench_result *result = b->result;
   uint64_t budget = b->options->quick ? 8000000 : 100000000;

   b->samples = calloc(BENCH_MAX_SAMPLES, sizeof(*b->samples));
   if (!b->samples)
      bench_fail(b, "out of memory");

   result->turns = bench_calibrate(b, budget);
   double tails[BENCH_MAX_ROUNDS];
   for (uint32_t i = 0; i < b->options->rounds; i++) {
      result->value[i] = bench_round(b, result->turns, &tails[i]);
      result->rounds = i + 1;
   }
   result->tail = bench_median(tails, result->rounds);
}
