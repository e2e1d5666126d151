/* SPDX-License-Identifier: MIT */
#include "protocol/encoder.h"

#include <stdlib.h>

#define FIRST_SIZE ((size_t)4096)

void
tongs_encoder_init(struct tongs_encoder *e)
{
   *e = (struct tongs_encoder){0};
}

void
tongs_encoder_init_fixed(struct tongs_encoder *e, void *base, size_t size)
{
   *e = (struct tongs_encoder){
      .base = base, .cur = base, .end = (uint8_t *)base + size, .fixed = true};
}

void
tongs_encoder_finish(struct tongs_encoder *e)
{
   free(e->base);
   *e = (struct tongs_encoder){0};
}

void
tongs_encoder_reset(struct tongs_encoder *e)
{
   e->cur = e->base;
   e->failed = false;
   e->ignored = 0;
}

void
tongs_encoder_trim(struct tongs_encoder *e, size_t size)
{
   if ((size_t)(e->end - e->base) > size) {
      free(e->base);
      e->base = e->end = NULL;
   }
   tongs_encoder_reset(e);
}

bool
tongs_encoder_grow(struct tongs_encoder *e, size_t size)
{
   size_t used = tongs_encoder_size(e);
   size_t capacity = (size_t)(e->end - e->base);

   if (e->failed)
      return false;
   if (e->fixed)
      goto fail;
   if (size > SIZE_MAX / 4 - used)
      goto fail;

   size_t wanted = capacity ? capacity * 2 : FIRST_SIZE;
   while (wanted < used + size)
      wanted *= 2;

   uint8_t *base = realloc(e->base, wanted);
   if (!base)
      goto fail;
   e->base = base;
   e->cur = base + used;
   e->end = base + wanted;
   return true;

fail:
   e->failed = true;
   return false;
}

bool
tongs_encode_op_take_back(struct tongs_encoder *e, size_t offset)
{
   e->cur = e->base + offset;
   e->failed = false;
   return false;
}

void
tongs_encode_handles(struct tongs_encoder *e, const uint64_t *p, uint64_t count)
{
   if (!p)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_u64(e, tongs_handle_id(e, p[i]));
}

void
tongs_encode_ids(struct tongs_encoder *e, const uint64_t *ids, uint64_t count)
{
   if (!ids)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_u64(e, ids[i]);
}

void
tongs_encode_dispatchables(struct tongs_encoder *e, const void *p, uint64_t count)
{
   const uintptr_t *handles = p;

   if (!p)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_u64(e, tongs_handle_id(e, handles[i]));
}

static void
align8(struct tongs_encoder *e)
{
   if (tongs_encoder_size(e) % 8)
      tongs_encode_u32(e, 0);
}

void
tongs_encode_array(struct tongs_encoder *e, const void *p, uint64_t count, size_t elem_size)
{
   if (!p)
      count = 0;
   if (count > TONGS_OP_SIZE_MAX / elem_size) {
      e->failed = true;
      return;
   }
   tongs_encode_u32(e, (uint32_t)count);
   if (!count)
      return;
   if (elem_size == 8)
      align8(e);
   tongs_encode_fixed(e, p, count * elem_size);
}

void
tongs_encode_sizes(struct tongs_encoder *e, const size_t *p, uint64_t count)
{
   if (!p)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   if (count)
      align8(e);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_u64(e, p[i]);
}

void
tongs_encode_blob(struct tongs_encoder *e, const void *p, uint64_t size)
{
   if (!p)
      size = 0;
   if (size > TONGS_OP_SIZE_MAX) {
      e->failed = true;
      return;
   }
   tongs_encode_u32(e, (uint32_t)size);
   if (!size)
      return;
   align8(e);
   tongs_encode_fixed(e, p, size);
}

void
tongs_encode_fixed(struct tongs_encoder *e, const void *p, size_t size)
{
   size_t padded = (size + 3) & ~(size_t)3;

   if (!tongs_encoder_reserve(e, padded))
      return;
   memcpy(e->cur, p, size);
   memset(e->cur + size, 0, padded - size);
   e->cur += padded;
}

void
tongs_encode_zeros(struct tongs_encoder *e, size_t size)
{
   size_t padded = (size + 3) & ~(size_t)3;

   if (!tongs_encoder_reserve(e, padded))
      return;
   memset(e->cur, 0, padded);
   e->cur += padded;
}

void
tongs_encode_string(struct tongs_encoder *e, const char *s)
{
   size_t size = s ? strlen(s) + 1 : 0;

   if (size > TONGS_OP_SIZE_MAX) {
      e->failed = true;
      return;
   }
   tongs_encode_u32(e, (uint32_t)size);
   if (size)
      tongs_encode_fixed(e, s, size);
}

void
tongs_encode_strings(struct tongs_encoder *e, const char *const *s, uint64_t count)
{
   if (!s)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_string(e, s[i]);
}
