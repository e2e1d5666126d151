/* SPDX-License-Identifier: MIT */
#include "dump.h"

int
tongs_dump_stream(FILE *in, FILE *out)
{
   (void)in, (void)out;
   return 1;
}
