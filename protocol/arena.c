/* SPDX-License-Identifier: MIT */
#include "protocol/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if TONGS_ARENA_GUARDED
#include <sanitizer/asan_interface.h>
#define REDZONE ((size_t)16)
#else
#define ASAN_POISON_MEMORY_REGION(p, size) ((void)(p), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(p, size) ((void)(p), (void)(size))
#define REDZONE ((size_t)0)
#endif

#define CHUNK_SIZE ((size_t)16 * 1024)
#define ALIGNMENT TONGS_ARENA_ALIGNMENT

struct tongs_arena_chunk {
   struct tongs_arena_chunk *next;
   size_t size; /* with this header */
};

#define HEADER_SIZE ((sizeof(struct tongs_arena_chunk) + ALIGNMENT - 1) & ~(ALIGNMENT - 1))

void
tongs_arena_init(struct tongs_arena *arena, size_t limit)
{
   *arena = (struct tongs_arena){.limit = limit};
}

static void
free_chunks(struct tongs_arena *arena, struct tongs_arena_chunk *until)
{
   while (arena->chunks != until) {
      struct tongs_arena_chunk *next = arena->chunks->next;
      arena->total -= arena->chunks->size;
      ASAN_UNPOISON_MEMORY_REGION(arena->chunks, arena->chunks->size);
      free(arena->chunks);
      arena->chunks = next;
   }
}

void
tongs_arena_finish(struct tongs_arena *arena)
{
   free_chunks(arena, NULL);
   *arena = (struct tongs_arena){0};
}

static void
use_chunk(struct tongs_arena *arena, struct tongs_arena_chunk *chunk)
{
   arena->cur = arena->start = (char *)chunk + HEADER_SIZE;
   arena->end = (char *)chunk + chunk->size;
   ASAN_POISON_MEMORY_REGION(arena->cur, (size_t)(arena->end - arena->cur));
}

void
tongs_arena_reset(struct tongs_arena *arena)
{
   if (!arena->chunks)
      return;

   struct tongs_arena_chunk *oldest = arena->chunks;
   if (oldest->next) { /* its end was not kept; its rest was not handed out */
      while (oldest->next)
         oldest = oldest->next;
      free_chunks(arena, oldest);
      arena->start = (char *)oldest + HEADER_SIZE;
      arena->cur = (char *)oldest + oldest->size;
   }
   ASAN_UNPOISON_MEMORY_REGION(arena->start, (size_t)(arena->cur - arena->start));
   memset(arena->start, 0, (size_t)(arena->cur - arena->start));
   use_chunk(arena, oldest);
}

void *
tongs_arena_alloc_slow(struct tongs_arena *arena, size_t wanted)
{
   if (wanted > SIZE_MAX - ALIGNMENT - REDZONE - HEADER_SIZE)
      return NULL;
   size_t size = wanted ? (wanted + REDZONE + ALIGNMENT - 1) & ~(ALIGNMENT - 1) : ALIGNMENT;

   if (size > (size_t)(arena->end - arena->cur)) {
      size_t chunk_size = size + HEADER_SIZE;
      if (chunk_size < CHUNK_SIZE)
         chunk_size = CHUNK_SIZE;
      if (chunk_size > arena->limit - arena->total)
         return NULL;
      struct tongs_arena_chunk *chunk = calloc(1, chunk_size);
      if (!chunk)
         return NULL;
      *chunk = (struct tongs_arena_chunk){.next = arena->chunks, .size = chunk_size};
      arena->chunks = chunk;
      arena->total += chunk_size;
      use_chunk(arena, chunk);
   }

   void *mem = arena->cur;
   arena->cur += size;
   ASAN_UNPOISON_MEMORY_REGION(mem, wanted);
   return mem;
}
