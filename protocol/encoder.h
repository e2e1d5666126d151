/* SPDX-License-Identifier: MIT */
#ifndef TONGS_ENCODER_H
#define TONGS_ENCODER_H

#include "protocol/frame.h"
#include "protocol/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Writes ops into a buffer that grows. Everything is little-endian and a multiple of 4 bytes; every
 * op starts 8-byte aligned (docs/wire.md). Errors stick: after a failed allocation every write is
 * dropped and `failed` tells. One thread at a time. */
struct tongs_encoder {
   uint8_t *base; /* owned, malloc'ed */
   uint8_t *cur;
   uint8_t *end;
   bool failed;
   bool fixed;                   /* the memory is not owned, and does not grow */
   bool raw_handles;             /* handles are ids already, not pointers to struct tongs_object */
   uint32_t ignored;             /* TONGS_IGNORED_* of the enclosing struct (protocol/ignored.h) */
   const uint32_t *peer_structs; /* a bit for each struct index: the structs that the peer knows.
                                    NULL: all. Not owned. */
};

void
tongs_encoder_init(struct tongs_encoder *e);

/* An encoder that writes to the `size` bytes at `base`, which stay the caller's, and fails if it
 * needs more. tongs_encoder_finish and tongs_encoder_trim must not be called. */
void
tongs_encoder_init_fixed(struct tongs_encoder *e, void *base, size_t size);

void
tongs_encoder_finish(struct tongs_encoder *e);

/* Drops the bytes that were written, and keeps the memory. */
void
tongs_encoder_reset(struct tongs_encoder *e);

/* The same, but frees the memory if it is larger than `size` bytes. */
void
tongs_encoder_trim(struct tongs_encoder *e, size_t size);

static inline size_t
tongs_encoder_size(const struct tongs_encoder *e)
{
   return (size_t)(e->cur - e->base);
}

/* Makes room for `size` bytes more. False, and sticky, when memory is out. */
bool
tongs_encoder_grow(struct tongs_encoder *e, size_t size);

static inline bool
tongs_encoder_reserve(struct tongs_encoder *e, size_t size)
{
   return size <= (size_t)(e->end - e->cur) || tongs_encoder_grow(e, size);
}

/* Starts an op and returns its offset, for tongs_encode_op_end. */
static inline size_t
tongs_encode_op_begin(struct tongs_encoder *e, uint16_t op, uint16_t flags)
{
   size_t offset = tongs_encoder_size(e);
   uint64_t header = op | (uint32_t)flags << 16;

   if (tongs_encoder_reserve(e, sizeof(header))) {
      memcpy(e->cur, &header, sizeof(header));
      e->cur += sizeof(header);
   }
   return offset;
}

/* tongs_encode_op_end for an op that failed or is too large. */
bool
tongs_encode_op_take_back(struct tongs_encoder *e, size_t offset);

/* Pads the op to 8 bytes and enters its size. False when it could not be written whole or exceeds
 * TONGS_OP_SIZE_MAX: then it is taken back and the encoder is good again. */
static inline bool
tongs_encode_op_end(struct tongs_encoder *e, size_t offset)
{
   e->ignored = 0;
   if (tongs_encoder_size(e) % 8 && tongs_encoder_reserve(e, 4)) {
      memset(e->cur, 0, 4);
      e->cur += 4;
   }
   size_t size = tongs_encoder_size(e) - offset;
   if (__builtin_expect(e->failed || size > TONGS_OP_SIZE_MAX, 0))
      return tongs_encode_op_take_back(e, offset);
   uint32_t size32 = (uint32_t)size;
   memcpy(e->base + offset + 4, &size32, sizeof(size32));
   return true;
}

static inline void
tongs_encode_u32(struct tongs_encoder *e, uint32_t v)
{
   if (!tongs_encoder_reserve(e, sizeof(v)))
      return;
   memcpy(e->cur, &v, sizeof(v));
   e->cur += sizeof(v);
}

static inline void
tongs_encode_u64(struct tongs_encoder *e, uint64_t v)
{
   if (!tongs_encoder_reserve(e, sizeof(v)))
      return;
   memcpy(e->cur, &v, sizeof(v));
   e->cur += sizeof(v);
}

/* How many bytes the application has room for: no more than a reply can bring. */
static inline void
tongs_encode_room(struct tongs_encoder *e, uint64_t size)
{
   const uint64_t max = TONGS_OP_SIZE_MAX / 2;

   tongs_encode_u64(e, size < max ? size : max);
}

static inline void
tongs_encode_i32(struct tongs_encoder *e, int32_t v)
{
   tongs_encode_u32(e, (uint32_t)v);
}

static inline void
tongs_encode_i64(struct tongs_encoder *e, int64_t v)
{
   tongs_encode_u64(e, (uint64_t)v);
}

static inline void
tongs_encode_f32(struct tongs_encoder *e, float v)
{
   uint32_t bits;
   memcpy(&bits, &v, sizeof(bits));
   tongs_encode_u32(e, bits);
}

static inline void
tongs_encode_f64(struct tongs_encoder *e, double v)
{
   uint64_t bits;
   memcpy(&bits, &v, sizeof(bits));
   tongs_encode_u64(e, bits);
}

static inline void
tongs_encode_u8(struct tongs_encoder *e, uint8_t v)
{
   tongs_encode_u32(e, v);
}

static inline void
tongs_encode_u16(struct tongs_encoder *e, uint16_t v)
{
   tongs_encode_u32(e, v);
}

static inline void
tongs_encode_size(struct tongs_encoder *e, size_t v)
{
   tongs_encode_u64(e, v);
}

/* `handle`: a client's handle as an integer, a pointer to struct tongs_object, or 0. */
static inline uint64_t
tongs_handle_id(const struct tongs_encoder *e, uint64_t handle)
{
   if (!handle || e->raw_handles)
      return handle;
   return ((const struct tongs_object *)(uintptr_t)handle)->id;
}

static inline void
tongs_encode_handle(struct tongs_encoder *e, uint64_t handle)
{
   tongs_encode_u64(e, tongs_handle_id(e, handle));
}

/* Arrays: `p` may be NULL, which travels as count 0. */
void
tongs_encode_handles(struct tongs_encoder *e, const uint64_t *p, uint64_t count);

/* Ids as they are. */
void
tongs_encode_ids(struct tongs_encoder *e, const uint64_t *ids, uint64_t count);

void
tongs_encode_dispatchables(struct tongs_encoder *e, const void *p, uint64_t count);

/* `elem_size`: 1, 2, 4 or 8 bytes; arrays of 8-byte elements are 8-byte aligned. */
void
tongs_encode_array(struct tongs_encoder *e, const void *p, uint64_t count, size_t elem_size);

/* An array of size_t; travels as u64. */
void
tongs_encode_sizes(struct tongs_encoder *e, const size_t *p, uint64_t count);

/* Bytes of any meaning, 8-byte aligned. */
void
tongs_encode_blob(struct tongs_encoder *e, const void *p, uint64_t size);

/* The bytes of a fixed array, without a count. */
void
tongs_encode_fixed(struct tongs_encoder *e, const void *p, size_t size);

void
tongs_encode_zeros(struct tongs_encoder *e, size_t size);

/* `s` may be NULL. */
void
tongs_encode_string(struct tongs_encoder *e, const char *s);

void
tongs_encode_strings(struct tongs_encoder *e, const char *const *s, uint64_t count);

/* --- In place --- */

/* For ops whose size is known before they are written. The caller has reserved room for the whole
 * op; the next member goes to `p`, 4-byte aligned. */

static inline void
tongs_put_u32(uint8_t *p, uint32_t v)
{
   memcpy(p, &v, sizeof(v));
}

static inline void
tongs_put_u64(uint8_t *p, uint64_t v)
{
   memcpy(p, &v, sizeof(v));
}

static inline void
tongs_put_i32(uint8_t *p, int32_t v)
{
   memcpy(p, &v, sizeof(v));
}

static inline void
tongs_put_i64(uint8_t *p, int64_t v)
{
   memcpy(p, &v, sizeof(v));
}

static inline void
tongs_put_f32(uint8_t *p, float v)
{
   memcpy(p, &v, sizeof(v));
}

static inline void
tongs_put_f64(uint8_t *p, double v)
{
   memcpy(p, &v, sizeof(v));
}

static inline void
tongs_put_u8(uint8_t *p, uint8_t v)
{
   tongs_put_u32(p, v);
}

static inline void
tongs_put_u16(uint8_t *p, uint16_t v)
{
   tongs_put_u32(p, v);
}

static inline void
tongs_put_size(uint8_t *p, size_t v)
{
   tongs_put_u64(p, v);
}

/* `raw`: it is an id already. */
static inline void
tongs_put_handle(uint8_t *p, uint64_t handle, bool raw)
{
   tongs_put_u64(p, handle && !raw ? ((const struct tongs_object *)(uintptr_t)handle)->id : handle);
}

/* The bytes that an array takes at most, without its count. More than an op may have if the array
 * is too long for one. */
static inline uint64_t
tongs_room(const void *array, uint64_t count, size_t elem_size)
{
   if (!array)
      return 0;
   return count <= TONGS_OP_SIZE_MAX / elem_size ? count * elem_size + 3
                                                 : 2 * (uint64_t)TONGS_OP_SIZE_MAX;
}

/* memcpy, without a call for the sizes that are common. */
static inline void
tongs_copy(uint8_t *to, const uint8_t *from, size_t size)
{
   if (size >= 8 && size <= 16) { /* the two halves may overlap */
      uint64_t first, last;
      memcpy(&first, from, 8);
      memcpy(&last, from + size - 8, 8);
      memcpy(to, &first, 8);
      memcpy(to + size - 8, &last, 8);
   } else if (size == 4) {
      memcpy(to, from, 4);
   } else {
      memcpy(to, from, size);
   }
}

/* An array of elements as they lie in memory, of `units` numbers each, like tongs_encode_array.
 * Returns the end of the array. */
static inline uint8_t *
tongs_put_array(uint8_t *p, const void *array, uint64_t count, size_t elem_size, uint32_t units,
                bool align8)
{
   if (!array)
      count = 0;
   tongs_put_u32(p, (uint32_t)count * units);
   p += 4;
   if (!count)
      return p;
   if (align8 && (uintptr_t)p % 8) {
      tongs_put_u32(p, 0);
      p += 4;
   }
   size_t size = (size_t)count * elem_size;
   uint8_t *end = p + ((size + 3) & ~(size_t)3);
   if (elem_size % 4)
      tongs_put_u32(end - 4, 0);
   if (elem_size != 1 && count == 1)
      memcpy(p, array, elem_size);
   else
      tongs_copy(p, array, size);
   return end;
}

static inline uint8_t *
tongs_put_handles(uint8_t *p, const uint64_t *array, uint64_t count, bool raw)
{
   if (!array)
      count = 0;
   tongs_put_u32(p, (uint32_t)count);
   p += 4;
   for (uint64_t i = 0; i < count; i++, p += 8)
      tongs_put_handle(p, array[i], raw);
   return p;
}

/* Of handles that are pointers on every ABI. */
static inline uint8_t *
tongs_put_dispatchables(uint8_t *p, const void *array, uint64_t count, bool raw)
{
   const uintptr_t *handles = array;

   if (!array)
      count = 0;
   tongs_put_u32(p, (uint32_t)count);
   p += 4;
   for (uint64_t i = 0; i < count; i++, p += 8)
      tongs_put_handle(p, handles[i], raw);
   return p;
}

/* Whether the peer knows the struct of this index. */
static inline bool
tongs_encoder_peer_knows(const struct tongs_encoder *e, uint32_t index)
{
   return !e->peer_structs || (e->peer_structs[index / 32] >> (index % 32) & 1);
}

#endif
