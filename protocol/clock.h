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

#endif
