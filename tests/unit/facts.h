/* SPDX-License-Identifier: MIT */

/* Tests as sentences, told to meson in TAP. */

#ifndef FACTS_H
#define FACTS_H

#include <stdbool.h>
#include <stdio.h>

static unsigned fact_count, fact_failures;

static inline void
fact(bool holds, const char *sentence)
{
   printf("%sok %u - %s\n", holds ? "" : "not ", ++fact_count, sentence);
   fact_failures += !holds;
}

static inline int
facts_end(void)
{
   printf("1..%u\n", fact_count);
   return fact_failures != 0;
}

#endif
