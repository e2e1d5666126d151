/* SPDX-License-Identifier: MIT */
#include "protocol/dump_values.h"

#include "protocol/id.h"
#include "protocol/print.h"

#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

#include <inttypes.h>
#include <string.h>

static void
dump_struct(FILE *out, uint32_t index, const void *v);

static uint64_t
load(const void *at, size_t size)
{
   uint64_t value = 0;
   memcpy(&value, at, size < sizeof(value) ? size : sizeof(value));
   return value;
}

/* Bits by name; bits without a name as a number. */
static void
dump_flags(FILE *out, const struct tongs_info_names *names, uint64_t value)
{
   const char *between = "";

   if (!value) {
      fputs("0", out);
      return;
   }
   for (uint32_t i = 0; i < names->count; i++) {
      uint64_t bit = names->names[i].value;
      if (!bit || bit & (bit - 1) || !(value & bit))
         continue;
      fprintf(out, "%s%s", between, names->names[i].name);
      value &= ~bit;
      between = "|";
   }
   if (value)
      fprintf(out, "%s0x%" PRIx64, between, value);
}

static const char *
name_of(const struct tongs_info_names *names, uint64_t value)
{
   for (uint32_t i = 0; i < names->count; i++) {
      if (names->names[i].value == value)
         return names->names[i].name;
   }
   return NULL;
}

static void
dump_scalar(FILE *out, const struct tongs_info_member *m, const void *at)
{
   uint64_t value = load(at, m->elem_size);
   const char *name = m->names && !m->names->flags ? name_of(m->names, value) : NULL;
   float f;
   double g;

   if (m->names && m->names->flags) {
      dump_flags(out, m->names, value);
   } else if (name) {
      fputs(name, out);
   } else if (!strcmp(m->type, "VkBool32") && value <= 1) {
      fputs(value ? "VK_TRUE" : "VK_FALSE", out);
   } else if (!strcmp(m->type, "VkDeviceAddress")) {
      fprintf(out, "0x%" PRIx64, value);
   } else if (m->wire == TONGS_WIRE_F32) {
      memcpy(&f, at, sizeof(f));
      fprintf(out, "%g", (double)f);
   } else if (m->wire == TONGS_WIRE_F64) {
      memcpy(&g, at, sizeof(g));
      fprintf(out, "%g", g);
   } else if (m->wire == TONGS_WIRE_I32) {
      fprintf(out, "%" PRId32, (int32_t)value);
   } else if (m->wire == TONGS_WIRE_I64) {
      fprintf(out, "%" PRId64, (int64_t)value);
   } else {
      fprintf(out, "%" PRIu64, value);
   }
}

/* --- Members --- */

static void
dump_chain(FILE *out, const VkBaseInStructure *link)
{
   const char *between = "";

   if (!link) {
      fputs("NULL", out);
      return;
   }
   for (; link; link = link->pNext) {
      int index = tongs_info_struct_of((uint32_t)link->sType);
      if (index < 0)
         break;
      const struct tongs_info_struct *s = &tongs_info_structs[index];
      fprintf(out, "%s%s{", between, s->name);
      tongs_dump_members(out, s->members + 2, s->member_count - 2, link,
                         NULL); /* without sType and pNext */
      fputc('}', out);
      between = " -> ";
   }
}

static void
dump_union(FILE *out, const struct tongs_info_member *m, const void *v)
{
   const struct tongs_info_struct *u = &tongs_info_structs[m->index];
   const void *at = (const char *)v + m->offset;

   if (u->only >= 0) {
      fprintf(out, "{%s=", u->members[u->only].name);
      dump_scalar(out, &u->members[u->only], at);
      fputc('}', out);
      return;
   }
   for (uint32_t i = 0; !u->raw && i < u->case_count; i++) {
      const struct tongs_info_case *c = &u->cases[i];
      for (uint32_t j = 0; j < c->selection_count; j++) {
         if (c->selections[j] != m->selector(v))
            continue;
         fputc('{', out);
         tongs_dump_members(out, &u->members[c->row], 1, at, NULL);
         fputc('}', out);
         return;
      }
   }
   if (u->raw)
      tongs_print_bytes(out, at, u->size);
   else
      fputs("{}", out); /* the selector selects nothing */
}

static void
dump_struct(FILE *out, uint32_t index, const void *v)
{
   const struct tongs_info_struct *s = &tongs_info_structs[index];

   if (s->is_union) {
      tongs_print_bytes(out, v, s->size);
      return;
   }
   fputc('{', out);
   tongs_dump_members(out, s->members, s->member_count, v, NULL);
   fputc('}', out);
}

static void
dump_element(FILE *out, const struct tongs_info_member *m, const void *at)
{
   if (m->handle)
      tongs_print_id(out, load(at, m->elem_size));
   else if (m->index >= 0)
      dump_struct(out, (uint32_t)m->index, at);
   else
      dump_scalar(out, m, at);
}

static void
dump_elements(FILE *out, const struct tongs_info_member *m, const void *list, uint64_t count)
{
   fputc('[', out);
   for (uint64_t i = 0; i < count && i < TONGS_PRINT_ELEMENTS; i++) {
      if (i)
         fputs(", ", out);
      dump_element(out, m, (const char *)list + i * m->elem_size);
   }
   if (count > TONGS_PRINT_ELEMENTS)
      fprintf(out, ", ... %" PRIu64 " in all", count);
   fputc(']', out);
}

static void
dump_fixed(FILE *out, const struct tongs_info_member *m, const void *at)
{
   if (m->elem_size == 1 && !strcmp(m->type, "char"))
      tongs_print_text(out, at, m->elems);
   else if (m->elem_size == 1)
      tongs_print_bytes(out, at, m->elems);
   else
      dump_elements(out, m, at, m->elems);
}

static void
dump_bitfields(FILE *out, const struct tongs_info_member *m, const void *v)
{
   uint32_t bits = m->bitfields->get(v);

   for (uint32_t i = 0; i < m->bitfields->count; i++) {
      const struct tongs_info_field *field = &m->bitfields->fields[i];
      fprintf(out, "%s%s=%" PRIu64, i ? ", " : "", field->name,
              bits & ((UINT64_C(1) << field->bits) - 1));
      bits = (uint32_t)((uint64_t)bits >> field->bits);
   }
}

static void
dump_new(FILE *out, const struct tongs_args *args)
{
   fputs("new [", out);
   for (uint32_t i = 0; i < args->new_count && i < TONGS_PRINT_ELEMENTS; i++) {
      if (i)
         fputs(", ", out);
      tongs_print_id(out, args->new_ids[i]);
   }
   if (args->new_count > TONGS_PRINT_ELEMENTS)
      fprintf(out, ", ... %" PRIu32 " in all", args->new_count);
   fputc(']', out);
}

/* The members that the worker fills in. For a struct, its chain. */
static void
dump_out_struct(FILE *out, const struct tongs_info_member *m, const void *list)
{
   const struct tongs_info_struct *s = &tongs_info_structs[m->index];

   fputs("out", out);
   if (!s->member_count || s->members[0].kind != TONGS_INFO_STYPE)
      return;
   const VkBaseInStructure *link = ((const VkBaseInStructure *)list)->pNext;
   for (const char *between = "{pNext="; link; link = link->pNext, between = " -> ") {
      int index = tongs_info_struct_of((uint32_t)link->sType);
      fprintf(out, "%s%s%s", between, index < 0 ? "?" : tongs_info_structs[index].name,
              link->pNext ? "" : "}");
   }
}

static void
dump_array(FILE *out, const struct tongs_info_member *m, const void *list, const void *v)
{
   uint64_t count = m->count ? m->count(v) : 1;
   const void *const *lists = list;

   switch (m->kind) {
   case TONGS_INFO_BLOB:
   case TONGS_INFO_INOUT_BLOB:
      tongs_print_bytes(out, list, count);
      break;
   case TONGS_INFO_STRINGS:
      fputc('[', out);
      for (uint64_t i = 0; i < count; i++) {
         fputs(i ? ", " : "", out);
         tongs_print_text(out, lists[i], SIZE_MAX);
      }
      fputc(']', out);
      break;
   case TONGS_INFO_POINTERS:
   case TONGS_INFO_NESTED_STRUCTS:
   case TONGS_INFO_NESTED_SCALARS:
      fputc('[', out);
      for (uint64_t i = 0; i < count && i < TONGS_PRINT_ELEMENTS; i++) {
         fputs(i ? ", " : "", out);
         if (lists[i])
            dump_elements(out, m, lists[i], m->inner ? m->inner(v, i) : 1);
      }
      fputs(count > TONGS_PRINT_ELEMENTS ? ", ...]" : "]", out);
      break;
   case TONGS_INFO_OUT_STRUCT:
      dump_out_struct(out, m, list);
      break;
   case TONGS_INFO_OUT_COUNT:
      fprintf(out, "out (room for %" PRIu64 ")", load(list, m->elem_size));
      break;
   case TONGS_INFO_ROOM:
   case TONGS_INFO_OUT_SCALAR:
   case TONGS_INFO_OUT_SCALARS:
   case TONGS_INFO_OUT_STRUCTS:
   case TONGS_INFO_OUT_BLOB:
      fputs("out", out);
      break;
   default:
      if (m->count)
         dump_elements(out, m, list, count);
      else
         dump_element(out, m, list);
      break;
   }
}

static void
dump_member(FILE *out, const struct tongs_info_member *m, const void *v,
            const struct tongs_args *args)
{
   const void *at = (const char *)v + m->offset;
   const void *const *pointer = at;

   if (m->kind == TONGS_INFO_BITFIELDS) {
      dump_bitfields(out, m, v);
      return;
   }
   fprintf(out, "%s=", m->name);
   switch (m->kind) {
   case TONGS_INFO_CHAIN:
      dump_chain(out, *pointer);
      break;
   case TONGS_INFO_STYPE:
   case TONGS_INFO_SCALAR:
      dump_scalar(out, m, at);
      break;
   case TONGS_INFO_HANDLE:
   case TONGS_INFO_UNTYPED:
   case TONGS_INFO_DISPATCH:
      tongs_print_id(out, load(at, m->elem_size));
      break;
   case TONGS_INFO_STRUCT:
      dump_struct(out, (uint32_t)m->index, at);
      break;
   case TONGS_INFO_UNION:
      dump_union(out, m, v);
      break;
   case TONGS_INFO_FIXED:
      dump_fixed(out, m, at);
      break;
   case TONGS_INFO_FIXED_STRUCT:
      dump_elements(out, m, at, m->elems);
      break;
   case TONGS_INFO_NEW:
      dump_new(out, args);
      break;
   default:
      if (!*pointer)
         fputs("NULL", out);
      else if (m->kind == TONGS_INFO_STRING)
         tongs_print_text(out, *pointer, SIZE_MAX);
      else
         dump_array(out, m, *pointer, v);
      break;
   }
}

void
tongs_dump_members(FILE *out, const struct tongs_info_member *members, uint32_t count,
                   const void *v, const struct tongs_args *args)
{
   const char *between = "";

   for (uint32_t i = 0; i < count; i++) {
      if (members[i].kind == TONGS_INFO_NONE || members[i].kind == TONGS_INFO_ALLOCATOR)
         continue;
      fputs(between, out);
      dump_member(out, &members[i], v, args);
      between = ", ";
   }
}
