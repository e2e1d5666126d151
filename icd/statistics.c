/* SPDX-License-Identifier: MIT */
#include "icd/statistics.h"

#include "protocol/args.h"
#include "protocol/own.h"

#include <stdio.h>

void
icd_stats_print(const struct icd_stats *stats)
{
   unsigned long long posts = 0, calls = 0;

   for (uint32_t op = 0; op < TONGS_OP_COUNT; op++) {
      posts += stats->posts[op];
      calls += stats->calls[op];
   }
   fprintf(stderr,
           "tongs: stats: ops %llu, round trips %llu, sends %llu, wakes %llu, bytes sent %llu, "
           "bytes received %llu\n",
           posts + calls, calls, stats->sends, stats->wakes, stats->bytes_sent,
           stats->bytes_received);
   for (uint32_t op = 0; op < TONGS_OP_COUNT; op++) {
      unsigned long long n = stats->posts[op] + stats->calls[op];
      if (!n)
         continue;
      fprintf(stderr, "tongs: stats: %8llu ops %8llu round trips  %s\n", n, stats->calls[op],
              op < TONGS_OWN_OPS ? tongs_own_ops[op].name : tongs_ops[op].name);
   }
}
