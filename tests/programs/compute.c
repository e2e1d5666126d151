/* SPDX-License-Identifier: MIT */
/*
 * compute: maps and sums 1,024 elements with a compute shader, and says which device did it.
 */
#include "tests/programs/sum.h"

#include <stdio.h>

static enum prog_status
run(struct prog *p)
{
   PROG_STEP(prog_init(p));
   printf("device: %s\n", p->props.deviceName);

   const struct prog_sum_push push = {.count = PROG_SUM_ELEMENTS, .scale = 2, .offset = 1};
   uint32_t sum;
   PROG_STEP(prog_sum_run(p, &push, &sum));
   printf("sum of %u elements = %u (right)\n", push.count, sum);
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   if (argc != 1) {
      fprintf(stderr, "usage: %s\n", argv[0]);
      return PROG_WRONG;
   }
   struct prog p = {0};
   const enum prog_status status = run(&p);
   if (status == PROG_RIGHT)
      prog_finish(&p);
   return prog_report(&p, "compute", status);
}
