/* SPDX-License-Identifier: MIT */

/* A cache of worker answers that do not change. The key is the bytes of the question. The size is
 * bounded: answers that have not been used for long are evicted. Any thread. */

#ifndef ICD_CACHE_H
#define ICD_CACHE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

struct icd_cache_entry;
struct icd_connection;

/* A hash table with the entries of similar age. It is allocated with the first entry. */
struct icd_cache_generation {
   struct icd_cache_entry **buckets; /* owned, as are the entries; NULL if there are none */
   uint32_t count;
   size_t bytes;
};

struct icd_cache {
   uint32_t bucket_count; /* a power of two */
   size_t bytes_max;      /* of one generation */

   /* Protects the rest. A leaf. */
   pthread_mutex_t lock;
   /* Entries are added to `young`. Once it is full, the entries of `old` are freed and `young`
    * becomes `old`. When an entry of `old` is found, it moves to `young`. */
   struct icd_cache_generation young;
   struct icd_cache_generation old;
};

/* The hash that the cache uses. */
uint64_t
icd_cache_hash(const void *key, size_t size);

/* Initialises a cache of at most `entries_max` entries (a power of two) and `bytes_max` bytes,
 * which include the keys. Allocates nothing. */
void
icd_cache_init(struct icd_cache *cache, uint32_t entries_max, size_t bytes_max);

void
icd_cache_finish(struct icd_cache *cache);

/* Finds the answer to the question `key`, and writes its size to *size; NULL if there is none.
 * Takes the cache's lock in both cases. The answer stays valid until icd_cache_unlock() releases
 * the lock. */
const void *
icd_cache_find_locked(struct icd_cache *cache, const void *key, size_t key_size, size_t *size);

void
icd_cache_unlock(struct icd_cache *cache);

/* Adds copies of the question and the answer, replacing an older answer. Does nothing if memory is
 * out or the copies are too large. */
void
icd_cache_add(struct icd_cache *cache, const void *key, size_t key_size, const void *answer,
              size_t size);

/* As icd_call(), for a question whose answer does not change while the connection lasts: asks the
 * worker once. Does not cache temporary errors, such as a lack of memory. */
VkResult
icd_cached_call(struct icd_cache *cache, struct icd_connection *c, uint32_t op, void *args);

/* Whether the answer is known. If it is, writes it to the arguments. */
bool
icd_cached_find(struct icd_cache *cache, const struct icd_connection *c, uint32_t op, void *args);

#define ICD_CACHED_ASK_MAX 33u

/* As icd_cached_call() for each of `count` questions, of at most ICD_CACHED_ASK_MAX, with one round
 * trip for all. Does not look whether an answer is known. */
void
icd_cached_ask_all(struct icd_cache *cache, struct icd_connection *c, uint32_t op,
                   void *const args[], uint32_t count);

#endif
