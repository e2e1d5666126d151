/* SPDX-License-Identifier: MIT */
#include "protocol/dump_own.h"

#include "protocol/print.h"

#include <inttypes.h>
#include <string.h>

static uint32_t
load_u32(const void *v, uint32_t offset)
{
   uint32_t value;
   memcpy(&value, (const uint8_t *)v + offset, sizeof(value));
   return value;
}

static uint64_t
load_u64(const void *v, uint32_t offset)
{
   uint64_t value;
   memcpy(&value, (const uint8_t *)v + offset, sizeof(value));
   return value;
}

static const void *
load_pointer(const void *v, uint32_t offset)
{
   const void *value;
   memcpy(&value, (const uint8_t *)v + offset, sizeof(value));
   return value;
}

static void
dump_ids(FILE *out, const uint64_t *ids, uint32_t count)
{
   fputc('[', out);
   for (uint32_t i = 0; i < count && i < TONGS_PRINT_ELEMENTS; i++) {
      fputs(i ? ", " : "", out);
      tongs_print_id(out, ids[i]);
   }
   if (count > TONGS_PRINT_ELEMENTS)
      fprintf(out, ", ... %" PRIu32 " in all", count);
   fputc(']', out);
}

static void
dump_list(FILE *out, const struct tongs_own_members *record, const uint8_t *list, uint32_t count)
{
   fputc('[', out);
   for (uint32_t i = 0; i < count && i < TONGS_PRINT_ELEMENTS; i++) {
      fputs(i ? ", {" : "{", out);
      tongs_dump_own_members(out, record, list + (size_t)i * record->size);
      fputc('}', out);
   }
   if (count > TONGS_PRINT_ELEMENTS)
      fprintf(out, ", ... %" PRIu32 " in all", count);
   fputc(']', out);
}

static void
dump_value(FILE *out, const struct tongs_own_member *m, const void *v)
{
   const void *pointer;

   switch (m->kind) {
   case TONGS_OWN_MEMBER_U32:
      fprintf(out, "%" PRIu32, load_u32(v, m->offset));
      break;
   case TONGS_OWN_MEMBER_I32:
      fprintf(out, "%" PRId32, (int32_t)load_u32(v, m->offset));
      break;
   case TONGS_OWN_MEMBER_U64:
      fprintf(out, "%" PRIu64, load_u64(v, m->offset));
      break;
   case TONGS_OWN_MEMBER_TARGET:
   case TONGS_OWN_MEMBER_HANDLE:
   case TONGS_OWN_MEMBER_ID:
      tongs_print_id(out, load_u64(v, m->offset));
      break;
   case TONGS_OWN_MEMBER_STRING:
      pointer = load_pointer(v, m->offset);
      if (pointer)
         tongs_print_text(out, pointer, SIZE_MAX);
      else
         fputs("NULL", out);
      break;
   case TONGS_OWN_MEMBER_BLOB:
      tongs_print_bytes(out, load_pointer(v, m->offset), load_u64(v, m->count_offset));
      break;
   case TONGS_OWN_MEMBER_BYTES:
      tongs_print_bytes(out, (const uint8_t *)v + m->offset, m->size);
      break;
   case TONGS_OWN_MEMBER_IDS:
      dump_ids(out, load_pointer(v, m->offset), load_u32(v, m->count_offset));
      break;
   case TONGS_OWN_MEMBER_RECORD:
      fputc('{', out);
      tongs_dump_own_members(out, m->record, (const uint8_t *)v + m->offset);
      fputc('}', out);
      break;
   case TONGS_OWN_MEMBER_LIST:
      dump_list(out, m->record, load_pointer(v, m->offset), load_u32(v, m->count_offset));
      break;
   default:
      break;
   }
}

void
tongs_dump_own_members(FILE *out, const struct tongs_own_members *members, const void *v)
{
   const char *between = "";

   for (uint32_t i = 0; i < members->count; i++) {
      if (!members->members[i].name)
         continue;
      fprintf(out, "%s%s=", between, members->members[i].name);
      dump_value(out, &members->members[i], v);
      between = ", ";
   }
}
