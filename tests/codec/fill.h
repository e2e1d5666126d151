/* SPDX-License-Identifier: MIT */

/* Makes up valid structs and arguments from the reflection tables, the same ones for the same seed.
 */

#ifndef FILL_H
#define FILL_H

#include "protocol/info.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fill_block;

#define FILL_COUNTS 4

struct fill_count {
   uint32_t row;
   uint64_t value;
};

struct fill {
   uint64_t state;            /* of the generator */
   struct fill_block *blocks; /* owned; each allocation has its exact size */
   unsigned left;             /* structs and strings that may still be made up */
   unsigned depth;
   int child; /* a child of the outermost struct's chain, or -1: any */
   struct fill_count prescribed[FILL_COUNTS]; /* of the next struct, by the parent of its chain */
   uint32_t prescribed_count;
   bool ids;       /* handles are ids, not pointers to struct tongs_object */
   bool known_ids; /* and those of tests/fuzz: one per type, its slot is its type */
};

/* `budget`: how many structs, about. */
void
fill_init(struct fill *f, uint64_t seed, unsigned budget);

void
fill_finish(struct fill *f);

/* The next number of the sequence, below `below` (not 0). */
uint32_t
fill_random(struct fill *f, uint32_t below);

/* Zeroed, and exactly as large as asked for. */
void *
fill_alloc(struct fill *f, size_t size);

/* A struct or arguments as an application passes them. What comes back has room for it. */
void *
fill_struct(struct fill *f, uint32_t index);

void *
fill_args(struct fill *f, uint32_t op);

/* A struct that is to come back, as an application passes it. */
void *
fill_shape(struct fill *f, uint32_t index);

/* What a host's driver writes to a struct or arguments that were decoded. */
void
fill_results(struct fill *f, uint32_t index, void *v);

void
fill_args_results(struct fill *f, uint32_t op, void *args);

#endif
