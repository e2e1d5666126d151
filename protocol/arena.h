/* SPDX-License-Identifier: MIT */
#ifndef TONGS_ARENA_H
#define TONGS_ARENA_H

#include <stddef.h>

struct tongs_arena_chunk;

/* Memory for what one op decodes into. It lives until the next reset. One thread at a time. The
 * memory from `cur` to `end` is zero. */
struct tongs_arena {
   struct tongs_arena_chunk *chunks; /* the newest first; the oldest is kept across resets */
   char *cur;
   char *end;
   char *start;  /* of the newest chunk: `cur` before the first allocation */
   size_t total; /* bytes held */
   size_t limit; /* bytes that may be held: rule R11 */
};

#define TONGS_ARENA_ALIGNMENT ((size_t)16)

/* Under the address sanitizer, memory that was not allocated is poisoned, so tongs_arena_alloc
 * always takes the slow path. */
#ifdef __has_feature
#define TONGS_ARENA_GUARDED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define TONGS_ARENA_GUARDED 1
#else
#define TONGS_ARENA_GUARDED 0
#endif

/* `limit`: bytes that the arena may hold at a time. Allocates nothing. */
void
tongs_arena_init(struct tongs_arena *arena, size_t limit);

void
tongs_arena_finish(struct tongs_arena *arena);

/* Frees everything that was allocated, keeping one chunk for the next round. */
void
tongs_arena_reset(struct tongs_arena *arena);

/* The same, without a call if nothing was allocated. */
static inline void
tongs_arena_clear(struct tongs_arena *arena)
{
   if (arena->cur != arena->start)
      tongs_arena_reset(arena);
}

/* tongs_arena_alloc if the newest chunk may be full. */
void *
tongs_arena_alloc_slow(struct tongs_arena *arena, size_t size);

/* Zeroed memory, aligned to 16 bytes; NULL when the limit or memory is reached. */
static inline void *
tongs_arena_alloc(struct tongs_arena *arena, size_t size)
{
   char *mem = arena->cur;
   size_t left = (size_t)(arena->end - mem);

   if (TONGS_ARENA_GUARDED || size > left || left - size < TONGS_ARENA_ALIGNMENT)
      return tongs_arena_alloc_slow(arena, size);
   arena->cur = mem + ((size + TONGS_ARENA_ALIGNMENT - (size != 0)) & ~(TONGS_ARENA_ALIGNMENT - 1));
   return mem;
}

#endif
