/* SPDX-License-Identifier: MIT */
#ifndef TONGS_DECODER_H
#define TONGS_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct tongs_arena;
struct tongs_slot;

/* Why an op was refused. */
enum tongs_decode_error {
   TONGS_DECODE_OK,
   TONGS_DECODE_SHORT,  /* it ends before its members do */
   TONGS_DECODE_COUNT,  /* an array's count is not what its struct says */
   TONGS_DECODE_ABSENT, /* a required array is absent (R6) */
   TONGS_DECODE_MEMORY, /* the arena's quota or memory is out (R11) */
   TONGS_DECODE_ID,     /* an id is stale, foreign or of another type (R7) */
   TONGS_DECODE_CHAIN, /* a struct is unknown, repeated, misplaced or one too many in its chain (R9) */
   TONGS_DECODE_STRING,  /* a string without its NUL (R10) */
   TONGS_DECODE_RANGE,   /* a number that the API forbids (R5) */
   TONGS_DECODE_VALUE,   /* a selector or flag without a meaning */
   TONGS_DECODE_TRAILING /* bytes behind the last member */
};

const char *
tongs_decode_error_text(enum tongs_decode_error error);

/* Reads one op from private memory, 8-byte aligned, that nobody else writes (R1). Arrays and strings may
 * point into it; the rest is in the arena. Errors stick: reads give zeros from then on, and the caller asks
 * once per op. One thread at a time. */
struct tongs_decoder {
   const uint8_t *base;
   const uint8_t *cur;
   const uint8_t *end;
   struct tongs_arena *arena; /* not owned */
   enum tongs_decode_error error;

   const struct tongs_slot *slots; /* the object table; NULL: handles are the ids themselves */
   uint32_t slot_count;
   uint32_t device;                 /* the slot of the device that handles must belong to; 0: any */
   const struct tongs_slot *target; /* the slot of the op's first handle */
   /* The host's VkPhysicalDeviceLimits for that handle's device, or NULL. The function may be NULL. */
   const void *(*limits_of)(const struct tongs_slot *target);
   const struct tongs_slot
      *unmade;     /* an object in use that is of none: struct tongs_slot says why; NULL: none is */
   uint64_t *seen; /* where the ids that are looked up are kept; NULL: nowhere. Not owned. */
   uint32_t seen_count;
   uint32_t seen_max;
   unsigned depth; /* of chains within chains */
};

void
tongs_decoder_init(struct tongs_decoder *d, const void *data, size_t size,
                   struct tongs_arena *arena);

/* Enters an error; the first one counts. */
void
tongs_decoder_fail(struct tongs_decoder *d, enum tongs_decode_error error);

static inline size_t
tongs_decoder_left(const struct tongs_decoder *d)
{
   return (size_t)(d->end - d->cur);
}

/* The limits that numbers are checked against; NULL: none are known. */
static inline const void *
tongs_decoder_limits(const struct tongs_decoder *d)
{
   return d->limits_of && d->target ? d->limits_of(d->target) : NULL;
}

/* The struct of an sType in a chain, or NULL. */
const void *
tongs_find_in_chain(const void *chain, int32_t stype);

/* Fails unless nothing but padding is left. */
void
tongs_decoder_expect_end(struct tongs_decoder *d);

/* Zeroed arena memory for `count` elements of `size` bytes; NULL for none and on failure. */
void *
tongs_decode_alloc(struct tongs_decoder *d, uint64_t count, size_t size);

/* The same for what a driver writes: never NULL for none, as NULL would ask it for a count. */
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

/* An enumerant. One outside of the registry's values becomes the enum's first value: what a driver
 * indexes with is always within its tables, and a member that the API ignores may hold garbage. `which`: TONGS_ENUM_*. */
uint32_t
tongs_decode_enum(struct tongs_decoder *d, uint32_t which);

/* The host's handle of an id, 0 for id 0. Fails on a stale or foreign id and on one of another type. */
uint64_t
tongs_decode_handle(struct tongs_decoder *d, uint8_t type);

/* The op's first handle: it must not be null, and the others must belong to its device. */
uint64_t
tongs_decode_target(struct tongs_decoder *d, uint8_t type);

/* The count of an array: 0 where it is absent, else `expected`. `min_size`: bytes that an element takes
 * on the wire at least, which bounds the count by what is left (R3). */
uint32_t
tongs_decode_count(struct tongs_decoder *d, uint64_t expected, bool optional, size_t min_size);

/* Host handles in the arena. */
const uint64_t *
tongs_decode_handles(struct tongs_decoder *d, uint64_t expected, bool optional, uint8_t type);

/* The same for handles that are pointers on every ABI. */
const void *
tongs_decode_dispatchables(struct tongs_decoder *d, uint64_t expected, bool optional, uint8_t type);

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

/* Like tongs_decode_fixed for arrays of enumerants. */
void
tongs_decode_fixed_enums(struct tongs_decoder *d, void *p, size_t count, uint32_t which);

const char *
tongs_decode_string(struct tongs_decoder *d);

const char *const *
tongs_decode_strings(struct tongs_decoder *d, uint64_t expected, bool optional);

/* --- Output arrays ---------------------------------------------------------------------------------- */

/* Reads what comes back into the application's `p` (may be NULL where nothing comes), which holds at most
 * `capacity` elements; fails where more come. */
void
tongs_decode_array_into(struct tongs_decoder *d, void *p, uint64_t capacity, size_t elem_size);

void
tongs_decode_sizes_into(struct tongs_decoder *d, size_t *p, uint64_t capacity);

void
tongs_decode_blob_into(struct tongs_decoder *d, void *p, uint64_t capacity);

#endif
