/* SPDX-License-Identifier: MIT */
#include "tests/codec/fill_own.h"

#include "protocol/id.h"
#include "protocol/own_info.h"

#include <string.h>

#define COUNT_MAX 5u

static void
fill_members(struct fill *f, const struct tongs_own_members *members, uint8_t *v);

static uint64_t
any_u64(struct fill *f)
{
   return (uint64_t)fill_random(f, UINT32_MAX) << 32 | fill_random(f, UINT32_MAX);
}

static uint64_t
any_id(struct fill *f, uint8_t type, bool may_be_none)
{
   if (may_be_none && !fill_random(f, 4))
      return 0;
   return f->known_ids ? tongs_id(type, 1, type)
                       : tongs_id(type, fill_random(f, 100), 1 + fill_random(f, 1000));
}

static void
put(uint8_t *v, uint32_t offset, const void *value, size_t size)
{
   memcpy(v + offset, value, size);
}

static void
fill_string(struct fill *f, const struct tongs_own_member *m, uint8_t *v)
{
   size_t length = fill_random(f, 20);
   char *s = length ? fill_alloc(f, length) : NULL;

   for (size_t i = 0; i + 1 < length; i++)
      s[i] = (char)('a' + fill_random(f, 26));
   put(v, m->offset, &s, sizeof(s));
}

static void
fill_blob(struct fill *f, const struct tongs_own_member *m, uint8_t *v)
{
   uint64_t size = fill_random(f, 3) ? fill_random(f, 40) : 0;
   uint8_t *bytes = size ? fill_alloc(f, size) : NULL;

   for (uint64_t i = 0; i < size; i++)
      bytes[i] = (uint8_t)fill_random(f, 256);
   put(v, m->offset, &bytes, sizeof(bytes));
   put(v, m->count_offset, &size, sizeof(size));
}

static void
fill_ids(struct fill *f, const struct tongs_own_member *m, uint8_t *v)
{
   uint32_t count = fill_random(f, COUNT_MAX < m->limit ? COUNT_MAX : m->limit + 1);
   uint64_t *ids = count ? fill_alloc(f, count * sizeof(*ids)) : NULL;

   for (uint32_t i = 0; i < count; i++)
      ids[i] = any_id(f, m->type, false);
   put(v, m->offset, &ids, sizeof(ids));
   put(v, m->count_offset, &count, sizeof(count));
}

static void
fill_list(struct fill *f, const struct tongs_own_member *m, uint8_t *v)
{
   uint32_t count = fill_random(f, COUNT_MAX);
   uint8_t *list = count ? fill_alloc(f, (size_t)count * m->record->size) : NULL;

   for (uint32_t i = 0; i < count; i++)
      fill_members(f, m->record, list + (size_t)i * m->record->size);
   put(v, m->offset, &list, sizeof(list));
   put(v, m->count_offset, &count, sizeof(count));
}

static void
fill_member(struct fill *f, const struct tongs_own_member *m, uint8_t *v)
{
   uint64_t number = m->kind == TONGS_OWN_MEMBER_TARGET   ? any_id(f, m->type, false)
                     : m->kind == TONGS_OWN_MEMBER_HANDLE ? any_id(f, m->type, true)
                     : m->kind == TONGS_OWN_MEMBER_ID     ? any_id(f, m->type, true)
                     : fill_random(f, 2)                  ? any_u64(f)
                                                          : fill_random(f, 3);

   switch (m->kind) {
   case TONGS_OWN_MEMBER_U32:
   case TONGS_OWN_MEMBER_I32:
      put(v, m->offset, &number, sizeof(uint32_t));
      break;
   case TONGS_OWN_MEMBER_U64:
   case TONGS_OWN_MEMBER_TARGET:
   case TONGS_OWN_MEMBER_HANDLE:
   case TONGS_OWN_MEMBER_ID:
      put(v, m->offset, &number, sizeof(number));
      break;
   case TONGS_OWN_MEMBER_STRING:
      fill_string(f, m, v);
      break;
   case TONGS_OWN_MEMBER_BLOB:
      fill_blob(f, m, v);
      break;
   case TONGS_OWN_MEMBER_IDS:
      fill_ids(f, m, v);
      break;
   case TONGS_OWN_MEMBER_RECORD:
      fill_members(f, m->record, v + m->offset);
      break;
   case TONGS_OWN_MEMBER_LIST:
      fill_list(f, m, v);
      break;
   case TONGS_OWN_MEMBER_BYTES:
      for (uint32_t i = 0; i < m->size; i++)
         v[m->offset + i] = (uint8_t)fill_random(f, 256);
      break;
   default:
      break;
   }
}

static void
fill_members(struct fill *f, const struct tongs_own_members *members, uint8_t *v)
{
   for (uint32_t i = 0; i < members->count; i++)
      fill_member(f, &members->members[i], v);
}

void *
fill_own_args(struct fill *f, uint32_t op)
{
   uint32_t size = tongs_own_ops[op].args_size;
   void *v = size ? fill_alloc(f, size) : NULL;

   if (v)
      fill_members(f, &tongs_own_args_members[op], v);
   return v;
}

void *
fill_own_reply(struct fill *f, uint32_t op)
{
   uint32_t size = tongs_own_ops[op].reply_size;
   void *v = size ? fill_alloc(f, size) : NULL;

   if (v)
      fill_members(f, &tongs_own_reply_members[op], v);
   return v;
}
