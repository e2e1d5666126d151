/* SPDX-License-Identifier: MIT */

/* What the server answered once and would answer again, found by the bytes of the question.
 * Bounded: what has not been asked for lately is forgotten. Any thread. */

#ifndef ICD_CACHE_H
#define ICD_CACHE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

struct icd_cache_entry;
struct icd_connection;

/* Entries in the order of when they came. The tables are made with the first entry. */
struct icd_cache_generation {
   struct icd_cache_entry **buckets; /* owned, as are the entries; NULL until there is one */
   uint32_t count;
   size_t bytes;
};

struct icd_cache {
   uint32_t bucket_count; /* a power of two */
   size_t bytes_max;      /* of one generation */

   /* Protects what follows. A leaf. */
   pthread_mutex_t lock;
   /* Entries are added to the young one. When it is full it becomes the old one, whose entries are
    * freed but for those that were found meanwhile: they had moved to the young one. */
   struct icd_cache_generation young;
   struct icd_cache_generation old;
};

/* At most `entries_max` entries, a power of two, of `bytes_max` bytes together with their keys.
 * Allocates nothing. */
void
icd_cache_init(struct icd_cache *cache, uint32_t entries_max, size_t bytes_max);

void
icd_cache_finish(struct icd_cache *cache);

/* The answer to the question `key`, and its size in *size; NULL where there is none. Either way the
 * cache's lock is taken: icd_cache_unlock gives it back, until when the answer stays. */
const void *
icd_cache_find_locked(struct icd_cache *cache, const void *key, size_t key_size, size_t *size);

void
icd_cache_unlock(struct icd_cache *cache);

/* Keeps copies of both, beside or in place of what was there. Does nothing when memory is out or
 * they are too large. */
void
icd_cache_add(struct icd_cache *cache, const void *key, size_t key_size, const void *answer,
              size_t size);

/* As icd_call, but for a question that the server would answer in the same way while the connection
 * lasts: asks it once. Answers that may be others next time (no memory, a lost device) are not
 * kept. */
VkResult
icd_cached_call(struct icd_cache *cache, struct icd_connection *c, uint32_t op, void *args);

#endif
