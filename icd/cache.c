/* SPDX-License-Identifier: MIT */
#include "icd/cache.h"

#include <stdlib.h>
#include <string.h>

struct icd_cache_entry {
   struct icd_cache_entry *next; /* in its bucket; one word, because buckets are many */
   uint64_t hash;
   size_t key_size;
   size_t answer_size;
   uint8_t *answer; /* within `bytes`, aligned as malloc aligns */
   uint8_t bytes[]; /* the key */
};

uint64_t
icd_cache_hash(const void *key, size_t size)
{
   const uint8_t *p = key;
   uint64_t hash = size, word;

   for (; size >= sizeof(word); p += sizeof(word), size -= sizeof(word)) {
      memcpy(&word, p, sizeof(word));
      hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
      hash ^= hash >> 32;
   }
   word = 0;
   memcpy(&word, p, size);
   hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
   return hash ^ hash >> 32;
}

static size_t
entry_size(size_t key_size, size_t answer_size)
{
   return sizeof(struct icd_cache_entry) + key_size + answer_size + _Alignof(max_align_t);
}

void
icd_cache_init(struct icd_cache *cache, uint32_t entries_max, size_t bytes_max)
{
   *cache = (struct icd_cache){.bucket_count = entries_max / 2, .bytes_max = bytes_max / 2};
   pthread_mutex_init(&cache->lock, NULL);
}

static void
generation_finish(struct icd_cache_generation *g, uint32_t bucket_count)
{
   for (uint32_t i = 0; g->buckets && i < bucket_count; i++) {
      while (g->buckets[i]) {
         struct icd_cache_entry *entry = g->buckets[i];
         g->buckets[i] = entry->next;
         free(entry);
      }
   }
   free(g->buckets);
   *g = (struct icd_cache_generation){0};
}

void
icd_cache_finish(struct icd_cache *cache)
{
   generation_finish(&cache->young, cache->bucket_count);
   generation_finish(&cache->old, cache->bucket_count);
   pthread_mutex_destroy(&cache->lock);
}

/* Removes the entry of a key from its generation and returns it; NULL if there is none. */
static struct icd_cache_entry *
generation_take(struct icd_cache_generation *g, uint32_t bucket_count, uint64_t hash,
                const void *key, size_t key_size)
{
   if (!g->buckets)
      return NULL;
   for (struct icd_cache_entry **link = &g->buckets[hash & (bucket_count - 1)]; *link;
        link = &(*link)->next) {
      struct icd_cache_entry *entry = *link;
      if (entry->hash != hash || entry->key_size != key_size || memcmp(entry->bytes, key, key_size))
         continue;
      *link = entry->next;
      g->count--;
      g->bytes -= entry_size(entry->key_size, entry->answer_size);
      return entry;
   }
   return NULL;
}

/* Adds the entry to the young generation. If memory is out, frees it and returns false. */
static bool
put_young_locked(struct icd_cache *cache, struct icd_cache_entry *entry)
{
   struct icd_cache_generation *g = &cache->young;
   size_t size = entry_size(entry->key_size, entry->answer_size);

   if (g->count >= cache->bucket_count || g->bytes + size > cache->bytes_max) {
      generation_finish(&cache->old, cache->bucket_count);
      cache->old = *g;
      *g = (struct icd_cache_generation){0};
   }
   if (!g->buckets &&
       !(g->buckets = calloc(cache->bucket_count, sizeof(struct icd_cache_entry *)))) {
      free(entry);
      return false;
   }
   struct icd_cache_entry **bucket = &g->buckets[entry->hash & (cache->bucket_count - 1)];
   entry->next = *bucket;
   *bucket = entry;
   g->count++;
   g->bytes += size;
   return true;
}

/* Finds the entry of a key and moves it to the young generation. */
static struct icd_cache_entry *
find_locked(struct icd_cache *cache, uint64_t hash, const void *key, size_t key_size)
{
   struct icd_cache_entry *entry =
      generation_take(&cache->young, cache->bucket_count, hash, key, key_size);

   if (!entry)
      entry = generation_take(&cache->old, cache->bucket_count, hash, key, key_size);
   return entry && put_young_locked(cache, entry) ? entry : NULL;
}

const void *
icd_cache_find_locked(struct icd_cache *cache, const void *key, size_t key_size, size_t *size)
{
   uint64_t hash = icd_cache_hash(key, key_size);

   pthread_mutex_lock(&cache->lock);
   struct icd_cache_entry *entry = find_locked(cache, hash, key, key_size);
   if (!entry)
      return NULL;
   *size = entry->answer_size;
   return entry->answer;
}

void
icd_cache_unlock(struct icd_cache *cache)
{
   pthread_mutex_unlock(&cache->lock);
}

void
icd_cache_add(struct icd_cache *cache, const void *key, size_t key_size, const void *answer,
              size_t size)
{
   const size_t align = _Alignof(max_align_t);

   if (key_size > cache->bytes_max || size > cache->bytes_max ||
       entry_size(key_size, size) > cache->bytes_max)
      return;
   struct icd_cache_entry *entry = malloc(entry_size(key_size, size));
   if (!entry)
      return;
   size_t at = (offsetof(struct icd_cache_entry, bytes) + key_size + align - 1) & ~(align - 1);
   entry->hash = icd_cache_hash(key, key_size);
   entry->key_size = key_size;
   entry->answer_size = size;
   entry->answer = (uint8_t *)entry + at;
   memcpy(entry->bytes, key, key_size);
   memcpy(entry->answer, answer, size);

   pthread_mutex_lock(&cache->lock);
   free(generation_take(&cache->young, cache->bucket_count, entry->hash, key, key_size));
   free(generation_take(&cache->old, cache->bucket_count, entry->hash, key, key_size));
   put_young_locked(cache, entry);
   pthread_mutex_unlock(&cache->lock);
}
