/* SPDX-License-Identifier: MIT */
#ifndef TONGS_ARENA_H
#define TONGS_ARENA_H

#include <stddef.h>

struct tongs_arena_chunk;

/* Memory that lives until the next reset: what one op decodes into. One thread at a time. */
struct tongs_arena {
   struct tongs_arena_chunk *chunks; /* the first one is in use, kept across resets */
   char *cur;
   char *end;
   char *start;  /* of the newest chunk: where `cur` is while nothing is handed out */
   size_t total; /* bytes held */
   size_t limit; /* bytes that may be held: rule R11 */
};

/* `limit`: bytes that the arena may hold at a time. Allocates nothing. */
void
tongs_arena_init(struct tongs_arena *arena, size_t limit);

void
tongs_arena_finish(struct tongs_arena *arena);

/* Frees everything that was allocated, keeping one chunk for the next round. */
void
tongs_arena_reset(struct tongs_arena *arena);

/* The same, which is nothing where nothing was. */
static inline void
tongs_arena_clear(struct tongs_arena *arena)
{
   if (arena->cur != arena->start)
      tongs_arena_reset(arena);
}

/* Zeroed memory, aligned to 16 bytes; NULL when the limit or memory is reached. */
void *
tongs_arena_alloc(struct tongs_arena *arena, size_t size);

/* The same, not zeroed: for what is written whole before anybody reads it. */
void *
tongs_arena_take(struct tongs_arena *arena, size_t size);

#endif
