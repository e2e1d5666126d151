/* SPDX-License-Identifier: MIT */

/* Rule R4: whether a range lies in an object as it was created. The generated decoders ask these
 * for the conditions of codegen/bounds.py.
 *
 * The data of an object's slot has what they need: of a VkBuffer its size; of a VkQueryPool the
 * number of queries in the high half, and in the low half the number of values that each gives; of
 * a VkDeviceMemory a pointer to a struct that begins with its size. `s` is the slot of an object
 * that exists; NULL is VK_NULL_HANDLE, which has no bounds. */

#ifndef TONGS_BOUNDS_H
#define TONGS_BOUNDS_H

#include "protocol/decoder.h"
#include "protocol/query.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether `size` bytes at `offset` lie in `all` bytes. */
static inline bool
tongs_in_range(uint64_t all, uint64_t offset, uint64_t size)
{
   return offset <= all && size <= all - offset;
}

static inline uint64_t
tongs_buffer_size(const struct tongs_slot *s)
{
   return s ? (uintptr_t)s->data : 0;
}

static inline bool
tongs_in_buffer(const struct tongs_slot *s, uint64_t offset, uint64_t size)
{
   return !s || tongs_in_range(tongs_buffer_size(s), offset, size);
}

/* The same; VK_WHOLE_SIZE is what follows the offset. */
static inline bool
tongs_in_buffer_or_rest(const struct tongs_slot *s, uint64_t offset, uint64_t size)
{
   return tongs_in_buffer(s, offset, size == VK_WHOLE_SIZE ? 0 : size);
}

/* `count` elements of `size` bytes each, which begin `stride` bytes after each other. */
static inline bool
tongs_in_buffer_strided(const struct tongs_slot *s, uint64_t offset, uint32_t count,
                        uint64_t stride, uint64_t size)
{
   uint64_t before, all;

   if (!count)
      return true;
   return !__builtin_mul_overflow(count - UINT64_C(1), stride, &before) &&
          !__builtin_add_overflow(before, size, &all) && tongs_in_buffer(s, offset, all);
}

static inline bool
tongs_in_query_pool(const struct tongs_slot *s, uint32_t first, uint32_t count)
{
   return !s || tongs_in_range((uint64_t)(uintptr_t)s->data >> 32, first, count);
}

/* How many values a query gives (tongs_query_values()). */
static inline uint32_t
tongs_pool_values(const struct tongs_slot *s)
{
   return s ? (uint32_t)(uintptr_t)s->data : 0;
}

static inline bool
tongs_in_memory(const struct tongs_slot *s, uint64_t offset, uint64_t size)
{
   return !s || tongs_in_range(*(const uint64_t *)s->data, offset, size);
}

/* The slot of the i-th of the ids at `ids`, which were looked up before; NULL: it is no id. */
static inline const struct tongs_slot *
tongs_slot_at(const struct tongs_decoder *d, const uint8_t *ids, uint64_t i)
{
   uint64_t id = tongs_get_u64(ids + i * sizeof(id));

   return id ? &d->slots[tongs_id_slot(id)] : NULL;
}

/* Whether ranges can be checked: all handles were looked up, and all objects exist. */
static inline bool
tongs_knows_bounds(const struct tongs_decoder *d)
{
   return d->slots && !d->error && !d->failed;
}

#endif
