/* SPDX-License-Identifier: MIT */
#include "icd/timeout.h"

#include "protocol/environment.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_SECONDS 5
#define MAX_SECONDS 86400

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int seconds = DEFAULT_SECONDS;

static void
read_seconds(void)
{
   const char *text = tongs_getenv("TONGS_TIMEOUT");
   char *end;

   if (!text)
      return;
   long value = strtol(text, &end, 10);
   if (end != text && !*end && value >= 0 && value <= MAX_SECONDS)
      seconds = (int)value;
   else
      fprintf(stderr, "tongs: TONGS_TIMEOUT=%s is no number of seconds from 0 (no limit) to %d\n",
              text, MAX_SECONDS);
}

int64_t
icd_timeout_ns(void)
{
   pthread_once(&once, read_seconds);
   return seconds ? (int64_t)seconds * 1000000000 : INT64_MAX;
}

int
icd_timeout_ms(void)
{
   pthread_once(&once, read_seconds);
   return seconds ? seconds * 1000 : -1;
}

void
icd_timeout_explain(char *why, size_t why_size)
{
   snprintf(why, why_size,
            "the server did not answer within %d s: its log may say why; start it again, or wait "
            "longer with TONGS_TIMEOUT=SECONDS",
            icd_timeout_ms() / 1000);
}
