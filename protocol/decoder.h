/* SPDX-License-Identifier: MIT */
#ifndef TONGS_DECODER_H
#define TONGS_DECODER_H

#include "protocol/arena.h"
#include "protocol/chain.h"
#include "protocol/id.h"

#include "tongs_gen_types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* For functions that become short once their arguments are constants: the compiler does not foresee
 * that. */
#define TONGS_INLINE inline __attribute__((always_inline))

/* Why an op was refused. */
enum tongs_decode_error {
   TONGS_DECODE_OK,
   TONGS_DECODE_SHORT,  /* it ends before its members do */
   TONGS_DECODE_COUNT,  /* an array's count is not what its struct says */
   TONGS_DECODE_ABSENT, /* a required array, handle, string or output is absent (R6) */
   TONGS_DECODE_MEMORY, /* the arena's quota or memory is out (R11) */
   TONGS_DECODE_ID,     /* an id is stale, foreign or of another type (R7) */
   TONGS_DECODE_CHAIN, /* a struct is unknown, repeated, misplaced or one too many in its chain (R9)
                        */
   TONGS_DECODE_STRING,  /* a string without its NUL (R10) */
   TONGS_DECODE_RANGE,   /* a number that the API forbids (R5) */
   TONGS_DECODE_BOUNDS,  /* a range is not in its object (R4) */
   TONGS_DECODE_VALUE,   /* a selector or flag without a meaning */
   TONGS_DECODE_TRAILING /* bytes behind the last member */
};

const char *
tongs_decode_error_text(enum tongs_decode_error error);

/* Reads one op from private memory, 8-byte aligned, that no other process writes (R1). Arrays and
 * strings may point into it; the rest is in the arena. Errors stick: reads give zeros from then on,
 * and the caller asks once per op. One thread at a time. */
struct tongs_decoder {
   const uint8_t *base;
   const uint8_t *cur;
   const uint8_t *end;
   struct tongs_arena *arena; /* not owned */
   enum tongs_decode_error error;
   const char
      *detail; /* of an absence the member, of a range the rule; NULL: not known. Not owned. */

   const struct tongs_slot *slots; /* the object table; NULL: handles are the ids themselves */
   uint32_t slot_count;
   uint32_t device;                 /* the slot of the device that handles must belong to; 0: any */
   const struct tongs_slot *target; /* the slot of the op's first handle */
   const void *limits; /* the host's VkPhysicalDeviceLimits for that handle's device, if they are
                          known; else... */
   /* ... the function that knows them. It may be NULL, and may return NULL. */
   const void *(*limits_of)(const struct tongs_slot *target);
   /* Waits for an object that has no handle yet, if a thread is making it. May be NULL. */
   void (*wait_compiled)(const struct tongs_slot *slot);
   const struct tongs_slot
      *failed;     /* an object in use that is of none: struct tongs_slot says why; NULL: none is */
   uint64_t *seen; /* receives the first ids that are looked up. Not owned. */
   uint32_t seen_count;
   uint32_t seen_max; /* 0: nowhere */
   unsigned depth;    /* of chains within chains */
};

/* For each op, so in stores of its own: compilers clear a struct of this size by a string
 * instruction, which costs more than the rest of a small op. */
static inline void
tongs_decoder_init(struct tongs_decoder *d, const void *data, size_t size,
                   struct tongs_arena *arena)
{
   d->base = data;
   d->cur = data;
   d->end = (const uint8_t *)data + size;
   d->arena = arena;
   d->error = TONGS_DECODE_OK;
   d->detail = NULL;
   d->slots = NULL;
   d->slot_count = 0;
   d->device = 0;
   d->target = NULL;
   d->limits = NULL;
   d->limits_of = NULL;
   d->wait_compiled = NULL;
   d->failed = NULL;
   d->seen = NULL;
   d->seen_count = 0;
   d->seen_max = 0;
   d->depth = 0;
}

/* Enters an error; the first one counts. */
void
tongs_decoder_fail(struct tongs_decoder *d, enum tongs_decode_error error);

/* The same for a member that is absent, and that the API requires: "VkCopyBufferInfo2.srcBuffer".
 */
void
tongs_decoder_fail_absent(struct tongs_decoder *d, const char *member);

/* The same for a range that is not in its object: "a range is not in its buffer". */
void
tongs_decoder_fail_bounds(struct tongs_decoder *d, const char *rule);

static inline size_t
tongs_decoder_left(const struct tongs_decoder *d)
{
   return (size_t)(d->end - d->cur);
}

/* The limits that numbers are checked against; NULL: none are known. */
static inline const void *
tongs_decoder_limits(const struct tongs_decoder *d)
{
   if (d->limits)
      return d->limits;
   return d->limits_of && d->target ? d->limits_of(d->target) : NULL;
}

/* Fails unless nothing but padding is left. */
void
tongs_decoder_expect_end(struct tongs_decoder *d);

/* Zeroed arena memory for `count` elements of `size` bytes; NULL for none and on failure. */
static inline void *
tongs_decode_alloc(struct tongs_decoder *d, uint64_t count, size_t size)
{
   size_t total;

   if (!count || d->error)
      return NULL;
   void *p =
      __builtin_mul_overflow(count, size, &total) ? NULL : tongs_arena_alloc(d->arena, total);
   if (__builtin_expect(!p, 0))
      tongs_decoder_fail(d, TONGS_DECODE_MEMORY);
   return p;
}

/* The same for arrays that a driver writes: not NULL for no elements, because NULL would ask the
 * driver for a count. */
static inline void *
tongs_decode_room(struct tongs_decoder *d, uint64_t count, size_t size)
{
   return tongs_decode_alloc(d, count ? count : 1, size);
}

static inline uint32_t
tongs_decode_u32(struct tongs_decoder *d)
{
   uint32_t v;

   if (sizeof(v) > tongs_decoder_left(d)) {
      tongs_decoder_fail(d, TONGS_DECODE_SHORT);
      return 0;
   }
   memcpy(&v, d->cur, sizeof(v));
   d->cur += sizeof(v);
   return v;
}

static inline uint64_t
tongs_decode_u64(struct tongs_decoder *d)
{
   uint64_t v;

   if (sizeof(v) > tongs_decoder_left(d)) {
      tongs_decoder_fail(d, TONGS_DECODE_SHORT);
      return 0;
   }
   memcpy(&v, d->cur, sizeof(v));
   d->cur += sizeof(v);
   return v;
}

static inline int32_t
tongs_decode_i32(struct tongs_decoder *d)
{
   return (int32_t)tongs_decode_u32(d);
}

static inline int64_t
tongs_decode_i64(struct tongs_decoder *d)
{
   return (int64_t)tongs_decode_u64(d);
}

static inline float
tongs_decode_f32(struct tongs_decoder *d)
{
   uint32_t bits = tongs_decode_u32(d);
   float v;
   memcpy(&v, &bits, sizeof(v));
   return v;
}

static inline double
tongs_decode_f64(struct tongs_decoder *d)
{
   uint64_t bits = tongs_decode_u64(d);
   double v;
   memcpy(&v, &bits, sizeof(v));
   return v;
}

static inline uint8_t
tongs_decode_u8(struct tongs_decoder *d)
{
   return (uint8_t)tongs_decode_u32(d);
}

static inline uint16_t
tongs_decode_u16(struct tongs_decoder *d)
{
   return (uint16_t)tongs_decode_u32(d);
}

static inline size_t
tongs_decode_size(struct tongs_decoder *d)
{
   return (size_t)tongs_decode_u64(d);
}

/* An enumerant. A value that the registry does not have becomes the enum's first value: drivers
 * index tables with enumerants, and a member that the API ignores may hold garbage. `which`:
 * TONGS_ENUM_*. */
uint32_t
tongs_decode_enum(struct tongs_decoder *d, uint32_t which);

/* An object that has no handle, or not the state that it should have, is used. */
void
tongs_look_up_failed(struct tongs_decoder *d, const struct tongs_slot *slot);

/* The host's handle of an id that is not 0, and its slot: on an id that is stale or foreign or of
 * another type it fails. */
static TONGS_INLINE uint64_t
tongs_look_up(struct tongs_decoder *d, uint64_t id, uint8_t type, const struct tongs_slot **found)
{
   if (!d->slots)
      return id;

   uint32_t index = tongs_id_slot(id);
   const struct tongs_slot *slot = &d->slots[index];
   if (__builtin_expect(index >= d->slot_count || slot->id != id || tongs_id_type(id) != type ||
                           (d->device && slot->device && slot->device != d->device),
                        0)) {
      tongs_decoder_fail(d, TONGS_DECODE_ID);
      return 0;
   }
   if (__builtin_expect(!slot->handle || slot->result < 0, 0))
      tongs_look_up_failed(d, slot);
   if (d->seen_count < d->seen_max)
      d->seen[d->seen_count++] = id;
   *found = slot;
   return slot->handle;
}

/* The host's handle of an id, 0 for id 0. Fails on a stale or foreign id and on one of another
 * type. `required`: the member's name, if id 0 fails, too; NULL: it does not. */
uint64_t
tongs_decode_handle(struct tongs_decoder *d, uint8_t type, const char *required);

/* The same, and the slot of the id; NULL for id 0, and if there is no object table. */
uint64_t
tongs_decode_handle_and_slot(struct tongs_decoder *d, uint8_t type, const char *required,
                             const struct tongs_slot **slot);

/* The op's first handle: it must not be null, and the others must belong to its device. */
uint64_t
tongs_decode_target(struct tongs_decoder *d, uint8_t type);

/* The count of an array: 0 if it is absent, else `expected`. An element takes at least `min_size`
 * bytes on the wire, so the bytes that are left bound the count (R3). */
uint32_t
tongs_decode_count(struct tongs_decoder *d, uint64_t expected, bool optional, size_t min_size);

/* The same in elements of `units` counted numbers, `elem_size` bytes in all. */
uint32_t
tongs_decode_count_of_units(struct tongs_decoder *d, uint64_t expected, bool optional,
                            size_t elem_size, uint32_t units);

/* Host handles in the arena. `required`: the array's name, if id 0 in it fails; NULL: it does not.
 */
const uint64_t *
tongs_decode_handles(struct tongs_decoder *d, uint64_t expected, bool optional, uint8_t type,
                     const char *required);

/* The same for handles that are pointers on every ABI. */
const void *
tongs_decode_dispatchables(struct tongs_decoder *d, uint64_t expected, bool optional, uint8_t type,
                           const char *required);

/* Ids of new objects, in the op: unchecked, as they name nothing yet. */
const uint64_t *
tongs_decode_new_ids(struct tongs_decoder *d, uint64_t expected);

/* Elements in the op itself, aligned to their size. */
const void *
tongs_decode_array(struct tongs_decoder *d, uint64_t expected, bool optional, size_t elem_size);

/* Structs of `size` bytes in the op itself, as an array of units of 4 or 8 bytes. */
const void *
tongs_decode_pods(struct tongs_decoder *d, uint64_t expected, bool optional, size_t size,
                  size_t unit);

/* Zeroed memory for `expected` elements that a driver writes: there travels only how many. */
void *
tongs_decode_empty(struct tongs_decoder *d, uint64_t expected, bool optional, size_t elem_size);

/* Enumerants, copied to the arena to be put in range. */
const void *
tongs_decode_enums(struct tongs_decoder *d, uint64_t expected, bool optional, uint32_t which);

const size_t *
tongs_decode_sizes(struct tongs_decoder *d, uint64_t expected, bool optional);

const void *
tongs_decode_blob(struct tongs_decoder *d, uint64_t expected, bool optional);

void
tongs_decode_fixed(struct tongs_decoder *d, void *p, size_t size);

/* --- Arrays whose count only the wire says --- */

/* The count of a list. An element takes at least `min_size` bytes on the wire, so the bytes that
 * are left bound the count (R3). */
uint32_t
tongs_decode_list(struct tongs_decoder *d, size_t min_size);

/* Ids, at most `max`, in the arena. NULL for none. */
const uint64_t *
tongs_decode_ids(struct tongs_decoder *d, uint32_t max, uint32_t *count);

/* A blob, in the op itself. NULL for an empty one. */
const void *
tongs_decode_bytes(struct tongs_decoder *d, uint64_t *size);

/* Like tongs_decode_fixed for arrays of enumerants. */
void
tongs_decode_fixed_enums(struct tongs_decoder *d, void *p, size_t count, uint32_t which);

/* `required`: the member's name, if an absent string fails; NULL: it does not. */
const char *
tongs_decode_string(struct tongs_decoder *d, const char *required);

/* Whether the client wants an output. `required`: the output's name, if an absent one fails; NULL:
 * it does not. */
bool
tongs_decode_present(struct tongs_decoder *d, const char *required);

const char *const *
tongs_decode_strings(struct tongs_decoder *d, uint64_t expected, bool optional);

/* --- In place --- */

/* The parts of tongs_gen_record.h: it checks once that a stretch of members is there, and reads
 * them in place. */

/* The next `size` bytes, a multiple of 4; NULL, and failed, if the op ends before. */
static inline const uint8_t *
tongs_take(struct tongs_decoder *d, size_t size)
{
   const uint8_t *p = d->cur;

   if (__builtin_expect(size > tongs_decoder_left(d), 0)) {
      tongs_decoder_fail(d, TONGS_DECODE_SHORT);
      return NULL;
   }
   d->cur += size;
   return p;
}

static inline uint32_t
tongs_get_u32(const uint8_t *p)
{
   uint32_t v;
   memcpy(&v, p, sizeof(v));
   return v;
}

static inline uint64_t
tongs_get_u64(const uint8_t *p)
{
   uint64_t v;
   memcpy(&v, p, sizeof(v));
   return v;
}

static inline int32_t
tongs_get_i32(const uint8_t *p)
{
   return (int32_t)tongs_get_u32(p);
}

static inline int64_t
tongs_get_i64(const uint8_t *p)
{
   return (int64_t)tongs_get_u64(p);
}

static inline float
tongs_get_f32(const uint8_t *p)
{
   float v;
   memcpy(&v, p, sizeof(v));
   return v;
}

static inline double
tongs_get_f64(const uint8_t *p)
{
   double v;
   memcpy(&v, p, sizeof(v));
   return v;
}

static inline uint8_t
tongs_get_u8(const uint8_t *p)
{
   return (uint8_t)tongs_get_u32(p);
}

static inline uint16_t
tongs_get_u16(const uint8_t *p)
{
   return (uint16_t)tongs_get_u32(p);
}

static inline size_t
tongs_get_size(const uint8_t *p)
{
   return (size_t)tongs_get_u64(p);
}

/* `first` to `last`: the first run of the enum's values, which is mostly the only one. */
static inline uint32_t
tongs_get_enum(const uint8_t *p, int32_t first, int32_t last, uint32_t which)
{
   int32_t v = tongs_get_i32(p);

   if (__builtin_expect(v >= first && v <= last, 1))
      return (uint32_t)v;
   return (uint32_t)tongs_enum_in_range(which, v);
}

static TONGS_INLINE uint64_t
tongs_get_handle_and_slot(struct tongs_decoder *d, const uint8_t *p, uint8_t type,
                          const char *required, const struct tongs_slot **slot)
{
   uint64_t id = tongs_get_u64(p);

   *slot = NULL;
   if (id)
      return tongs_look_up(d, id, type, slot);
   if (required)
      tongs_decoder_fail_absent(d, required);
   return 0;
}

static TONGS_INLINE uint64_t
tongs_get_handle(struct tongs_decoder *d, const uint8_t *p, uint8_t type, const char *required)
{
   const struct tongs_slot *slot;

   return tongs_get_handle_and_slot(d, p, type, required, &slot);
}

/* The count of an array whose elements are `units` numbers of the wire each. */
static TONGS_INLINE uint32_t
tongs_get_count(struct tongs_decoder *d, uint64_t expected, bool optional, size_t elem_size,
                uint32_t units)
{
   size_t left = tongs_decoder_left(d);

   if (__builtin_expect(left >= sizeof(uint32_t) && expected <= UINT32_MAX &&
                           expected * elem_size <= left - sizeof(uint32_t) &&
                           tongs_get_u32(d->cur) == expected * units,
                        1)) {
      d->cur += sizeof(uint32_t);
      return (uint32_t)expected;
   }
   return tongs_decode_count_of_units(d, expected, optional, elem_size, units);
}

/* Elements in the op itself, like tongs_decode_array and tongs_decode_pods. */
static TONGS_INLINE void *
tongs_get_array(struct tongs_decoder *d, uint64_t expected, bool optional, size_t elem_size,
                uint32_t units, bool align8)
{
   uint32_t count = tongs_get_count(d, expected, optional, elem_size, units);

   if (!count)
      return NULL;
   if (align8 && (size_t)(d->cur - d->base) % 8)
      tongs_take(d, 4);
   return (void *)tongs_take(d, ((size_t)count * elem_size + 3) & ~(size_t)3);
}

/* Host handles in the arena, like tongs_decode_handles. */
static inline const uint64_t *
tongs_get_handles(struct tongs_decoder *d, uint64_t expected, bool optional, uint8_t type,
                  const char *required)
{
   uint32_t count = tongs_get_count(d, expected, optional, sizeof(uint64_t), 1);
   const uint8_t *p = count ? tongs_take(d, count * sizeof(uint64_t)) : NULL;
   uint64_t *handles = p ? tongs_arena_alloc(d->arena, count * sizeof(*handles)) : NULL;

   if (p && !handles)
      tongs_decoder_fail(d, TONGS_DECODE_MEMORY);
   for (uint32_t i = 0; handles && i < count; i++)
      handles[i] = tongs_get_handle(d, p + i * sizeof(*handles), type, required);
   return handles;
}

/* --- Output arrays --- */

/* Reads an array that comes back into the application's `p`, which has room for `capacity`
 * elements. Fails if more come. `p` may be NULL if none come. */
void
tongs_decode_array_into(struct tongs_decoder *d, void *p, uint64_t capacity, size_t elem_size);

void
tongs_decode_sizes_into(struct tongs_decoder *d, size_t *p, uint64_t capacity);

void
tongs_decode_blob_into(struct tongs_decoder *d, void *p, uint64_t capacity);

#endif
