/* SPDX-License-Identifier: MIT */
#include "protocol/arena.h"
#include "tests/check.h"

#include <stdint.h>
#include <string.h>

static bool
is_zero(const uint8_t *p, size_t size)
{
   for (size_t i = 0; i < size; i++) {
      if (p[i])
         return false;
   }
   return true;
}

int
main(void)
{
   struct tongs_arena arena;

   tongs_arena_init(&arena, 256 * 1024);
   fact(arena.total == 0, "an arena that is not used holds no memory");

   uint8_t *first = tongs_arena_alloc(&arena, 100);
   fact(first && is_zero(first, 100), "its memory is zeroed");
   fact((uintptr_t)first % 16 == 0 && (uintptr_t)tongs_arena_alloc(&arena, 1) % 16 == 0,
        "its memory is aligned to 16 bytes");
   memset(first, 0xff, 100);
   tongs_arena_reset(&arena);
   uint8_t *again = tongs_arena_alloc(&arena, 100);
   fact(again == first && is_zero(again, 100),
        "memory that is used again after a reset is zeroed again");
   fact(tongs_arena_alloc(&arena, 0) != NULL, "nothing has an address, too");

   bool large = tongs_arena_alloc(&arena, 100 * 1024) != NULL;
   fact(large && arena.total > 100 * 1024, "one allocation may be larger than a chunk");
   fact(!tongs_arena_alloc(&arena, 200 * 1024), "what would exceed the limit is refused (R11)");
   fact(!tongs_arena_alloc(&arena, SIZE_MAX) && !tongs_arena_alloc(&arena, SIZE_MAX - 40),
        "sizes near the end of the number range are refused (R2)");
   size_t n = 0;
   while (n < 1000000 && tongs_arena_alloc(&arena, 16))
      n++;
   fact(n < 256 * 1024 / 16 && arena.total <= arena.limit,
        "many small allocations stop at the limit, too");
   tongs_arena_reset(&arena);
   fact(arena.total <= 16 * 1024 && tongs_arena_alloc(&arena, 200 * 1024),
        "a reset gives back all but one chunk");
   tongs_arena_finish(&arena);
   fact(arena.total == 0 && !arena.chunks, "finish gives back everything");
   return check_end();
}
