/* SPDX-License-Identifier: MIT */
/*
 * One computation from end to end: 1,024 elements are mapped and summed on the device.
 */
#ifndef PROG_SUM_H
#define PROG_SUM_H

#include "tests/programs/common.h"

#define PROG_SUM_ELEMENTS 1024u

struct prog_sum_push {
   uint32_t count;
   uint32_t scale;
   uint32_t offset;
};

/* The elements are 0, 1, 2 ... PROG_SUM_ELEMENTS - 1. */
uint32_t
prog_sum_expected(const struct prog_sum_push *push);

/* Runs it on p, checks each mapped element and the sum, and gives the sum. */
enum prog_status
prog_sum_run(struct prog *p, const struct prog_sum_push *push, uint32_t *sum);

#endif
