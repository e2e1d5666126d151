/* SPDX-License-Identifier: MIT */
#include "icd/cache.h"
#include "tests/check.h"

#include <string.h>

#define ENTRIES 16u
#define BYTES ((size_t)64 * 1024)

static void
add(struct icd_cache *cache, uint32_t key, uint32_t answer)
{
   icd_cache_add(cache, &key, sizeof(key), &answer, sizeof(answer));
}

/* The answer; 0: none. */
static uint32_t
find(struct icd_cache *cache, uint32_t key)
{
   uint32_t answer = 0;
   size_t size = 0;

   const void *found = icd_cache_find_locked(cache, &key, sizeof(key), &size);
   if (found && size == sizeof(answer))
      memcpy(&answer, found, size);
   icd_cache_unlock(cache);
   return answer;
}

static uint32_t
count_found(struct icd_cache *cache, uint32_t first, uint32_t last)
{
   uint32_t n = 0;

   for (uint32_t key = first; key <= last; key++)
      n += find(cache, key) != 0;
   return n;
}

static void
test_forgetting(void)
{
   struct icd_cache cache;

   icd_cache_init(&cache, ENTRIES, BYTES);
   for (uint32_t i = 1; i <= 1000; i++) {
      add(&cache, i, i);
      find(&cache, 7);
   }
   fact(cache.young.count + cache.old.count <= ENTRIES,
        "there are never more entries than allowed");
   fact(find(&cache, 7) == 7, "what is asked for again and again is not forgotten");
   fact(find(&cache, 1000) == 1000 && find(&cache, 999) == 999, "the latest entries are there");
   fact(!count_found(&cache, 8, 900), "those that nobody asked for lately are gone");
   icd_cache_finish(&cache);
}

static void
test_bytes(void)
{
   static uint8_t large[BYTES];
   struct icd_cache cache;
   size_t size;

   icd_cache_init(&cache, ENTRIES, BYTES);
   add(&cache, 1, 1);
   icd_cache_add(&cache, large, sizeof(large), large, 1);
   icd_cache_add(&cache, large, 1, large, sizeof(large));
   fact(find(&cache, 1) == 1 && cache.young.count == 1,
        "what is larger than the cache is not kept, and displaces nothing");
   for (uint32_t i = 0; i < 100; i++) {
      memcpy(large, &i, sizeof(i));
      icd_cache_add(&cache, large, 4000, large, 4000);
   }
   fact(cache.young.bytes + cache.old.bytes <= BYTES, "there are never more bytes than allowed");
   const uint8_t *found = icd_cache_find_locked(&cache, large, 4000, &size);
   fact(found && size == 4000 && !memcmp(found, large, 4000) && (uintptr_t)found % 16 == 0,
        "an answer comes back as it was, aligned");
   icd_cache_unlock(&cache);
   icd_cache_finish(&cache);
}

int
main(void)
{
   struct icd_cache cache;
   size_t size;

   icd_cache_init(&cache, ENTRIES, BYTES);
   fact(!find(&cache, 1), "an empty cache knows nothing");
   add(&cache, 1, 10);
   add(&cache, 2, 20);
   fact(find(&cache, 1) == 10 && find(&cache, 2) == 20, "each question has its own answer");
   fact(!find(&cache, 3), "a question that was not asked has none");
   add(&cache, 1, 11);
   fact(find(&cache, 1) == 11 && cache.young.count == 2, "a later answer replaces an earlier one");
   fact(!icd_cache_find_locked(&cache, "\1", 1, &size), "a part of a question is another question");
   icd_cache_unlock(&cache);
   icd_cache_finish(&cache);

   test_forgetting();
   test_bytes();
   return check_end();
}
