/* SPDX-License-Identifier: MIT */

/* What the files of fill.h share. */

#ifndef TESTS_CODEC_FILL_PARTS_H
#define TESTS_CODEC_FILL_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fill;

uint64_t
fill_next(struct fill *f);

bool
fill_one_in(struct fill *f, uint32_t n);

void
fill_bytes(struct fill *f, void *p, size_t size);

/* Little-endian, as the wire. */
void
fill_store(void *p, size_t size, uint64_t value);

uint64_t
fill_load(const void *p, size_t size);

/* Gives the struct the numbers that rule R5 demands; numbers that are made up at random seldom meet
 * it. */
void
fill_obey_ranges(uint32_t index, void *p);

#endif
