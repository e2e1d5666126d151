/* SPDX-License-Identifier: MIT */
#ifndef TONGS_CLOCK_H
#define TONGS_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds of the monotonic clock. */
static inline int64_t
tongs_now_ms(void)
{
   struct timespec t;

   clock_gettime(CLOCK_MONOTONIC, &t);
   return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Nanoseconds of the same clock. */
static inline int64_t
tongs_now_ns(void)
{
   struct timespec t;

   clock_gettime(CLOCK_MONOTONIC, &t);
   return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* What is left of a timeout, in nanoseconds, that began to run at `start`. UINT64_MAX stays. */
static inline uint64_t
tongs_time_left(int64_t start, uint64_t timeout)
{
   if (timeout == UINT64_MAX)
      return timeout;
   const uint64_t passed = (uint64_t)(tongs_now_ns() - start);
   return passed < timeout ? timeout - passed : 0;
}

#endif
