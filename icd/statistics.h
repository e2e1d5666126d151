/* SPDX-License-Identifier: MIT */

/* The counters of TONGS_DEBUG=stats. Any thread. */

#ifndef ICD_STATISTICS_H
#define ICD_STATISTICS_H

#include "tongs_gen_types.h"

#include <stdatomic.h>

struct icd_stats {
   atomic_ullong posts[TONGS_OP_COUNT];
   atomic_ullong calls[TONGS_OP_COUNT];
   atomic_ullong sends;
   atomic_ullong wakes;
   atomic_ullong bytes_sent;
   atomic_ullong bytes_received;
};

/* Prints the sums, then a line for each op that was used. */
void
icd_stats_print(const struct icd_stats *stats);

#endif
