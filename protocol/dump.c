/* SPDX-License-Identifier: MIT */
#include "protocol/dump.h"

#include "protocol/arena.h"
#include "protocol/args.h"
#include "protocol/decoder.h"
#include "protocol/dump_own.h"
#include "protocol/frame.h"
#include "protocol/hello.h"
#include "protocol/id.h"
#include "protocol/info.h"
#include "protocol/print.h"

#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

#include <inttypes.h>
#include <stdlib.h>

#define ARENA_LIMIT ((size_t)64 * 1024 * 1024)

struct dump {
   FILE *in;
   FILE *out;
   uint64_t offset;       /* of the op in the stream */
   uint64_t damaged;      /* how many ops could not be decoded */
   uint64_t first_damage; /* the offset of the first one */
   struct tongs_arena arena;
};

static void
dump_members(struct dump *p, const struct tongs_info_member *members, uint32_t count, const void *v,
             const struct tongs_args *args);

static void
dump_struct(struct dump *p, uint32_t index, const void *v);

/* --- Values --- */

static uint64_t
load(const void *at, size_t size)
{
   uint64_t value = 0;
   memcpy(&value, at, size < sizeof(value) ? size : sizeof(value));
   return value;
}

/* Bits by name; bits without a name as a number. */
static void
dump_flags(struct dump *p, const struct tongs_info_names *names, uint64_t value)
{
   const char *between = "";

   if (!value) {
      fputs("0", p->out);
      return;
   }
   for (uint32_t i = 0; i < names->count; i++) {
      uint64_t bit = names->names[i].value;
      if (!bit || bit & (bit - 1) || !(value & bit))
         continue;
      fprintf(p->out, "%s%s", between, names->names[i].name);
      value &= ~bit;
      between = "|";
   }
   if (value)
      fprintf(p->out, "%s0x%" PRIx64, between, value);
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
dump_scalar(struct dump *p, const struct tongs_info_member *m, const void *at)
{
   uint64_t value = load(at, m->elem_size);
   const char *name = m->names && !m->names->flags ? name_of(m->names, value) : NULL;
   float f;
   double g;

   if (m->names && m->names->flags) {
      dump_flags(p, m->names, value);
   } else if (name) {
      fputs(name, p->out);
   } else if (!strcmp(m->type, "VkBool32") && value <= 1) {
      fputs(value ? "VK_TRUE" : "VK_FALSE", p->out);
   } else if (!strcmp(m->type, "VkDeviceAddress")) {
      fprintf(p->out, "0x%" PRIx64, value);
   } else if (m->wire == TONGS_WIRE_F32) {
      memcpy(&f, at, sizeof(f));
      fprintf(p->out, "%g", (double)f);
   } else if (m->wire == TONGS_WIRE_F64) {
      memcpy(&g, at, sizeof(g));
      fprintf(p->out, "%g", g);
   } else if (m->wire == TONGS_WIRE_I32) {
      fprintf(p->out, "%" PRId32, (int32_t)value);
   } else if (m->wire == TONGS_WIRE_I64) {
      fprintf(p->out, "%" PRId64, (int64_t)value);
   } else {
      fprintf(p->out, "%" PRIu64, value);
   }
}

/* --- Members --- */

static void
dump_chain(struct dump *p, const VkBaseInStructure *link)
{
   const char *between = "";

   if (!link) {
      fputs("NULL", p->out);
      return;
   }
   for (; link; link = link->pNext) {
      int index = tongs_info_struct_of((uint32_t)link->sType);
      if (index < 0)
         break;
      const struct tongs_info_struct *s = &tongs_info_structs[index];
      fprintf(p->out, "%s%s{", between, s->name);
      dump_members(p, s->members + 2, s->member_count - 2, link,
                   NULL); /* without sType and pNext */
      fputc('}', p->out);
      between = " -> ";
   }
}

static void
dump_union(struct dump *p, const struct tongs_info_member *m, const void *v)
{
   const struct tongs_info_struct *u = &tongs_info_structs[m->index];
   const void *at = (const char *)v + m->offset;

   if (u->only >= 0) {
      fprintf(p->out, "{%s=", u->members[u->only].name);
      dump_scalar(p, &u->members[u->only], at);
      fputc('}', p->out);
      return;
   }
   for (uint32_t i = 0; !u->raw && i < u->case_count; i++) {
      const struct tongs_info_case *c = &u->cases[i];
      for (uint32_t j = 0; j < c->selection_count; j++) {
         if (c->selections[j] != m->selector(v))
            continue;
         fputc('{', p->out);
         dump_members(p, &u->members[c->row], 1, at, NULL);
         fputc('}', p->out);
         return;
      }
   }
   if (u->raw)
      tongs_print_bytes(p->out, at, u->size);
   else
      fputs("{}", p->out); /* the selector selects nothing */
}

static void
dump_struct(struct dump *p, uint32_t index, const void *v)
{
   const struct tongs_info_struct *s = &tongs_info_structs[index];

   if (s->is_union) {
      tongs_print_bytes(p->out, v, s->size);
      return;
   }
   fputc('{', p->out);
   dump_members(p, s->members, s->member_count, v, NULL);
   fputc('}', p->out);
}

static void
dump_element(struct dump *p, const struct tongs_info_member *m, const void *at)
{
   if (m->handle)
      tongs_print_id(p->out, load(at, m->elem_size));
   else if (m->index >= 0)
      dump_struct(p, (uint32_t)m->index, at);
   else
      dump_scalar(p, m, at);
}

static void
dump_elements(struct dump *p, const struct tongs_info_member *m, const void *list, uint64_t count)
{
   fputc('[', p->out);
   for (uint64_t i = 0; i < count && i < TONGS_PRINT_ELEMENTS; i++) {
      if (i)
         fputs(", ", p->out);
      dump_element(p, m, (const char *)list + i * m->elem_size);
   }
   if (count > TONGS_PRINT_ELEMENTS)
      fprintf(p->out, ", ... %" PRIu64 " in all", count);
   fputc(']', p->out);
}

static void
dump_fixed(struct dump *p, const struct tongs_info_member *m, const void *at)
{
   if (m->elem_size == 1 && !strcmp(m->type, "char"))
      tongs_print_text(p->out, at, m->elems);
   else if (m->elem_size == 1)
      tongs_print_bytes(p->out, at, m->elems);
   else
      dump_elements(p, m, at, m->elems);
}

static void
dump_bitfields(struct dump *p, const struct tongs_info_member *m, const void *v)
{
   uint32_t bits = m->bitfields->get(v);

   for (uint32_t i = 0; i < m->bitfields->count; i++) {
      const struct tongs_info_field *field = &m->bitfields->fields[i];
      fprintf(p->out, "%s%s=%" PRIu64, i ? ", " : "", field->name,
              bits & ((UINT64_C(1) << field->bits) - 1));
      bits = (uint32_t)((uint64_t)bits >> field->bits);
   }
}

static void
dump_new(struct dump *p, const struct tongs_args *args)
{
   fputs("new [", p->out);
   for (uint32_t i = 0; i < args->new_count && i < TONGS_PRINT_ELEMENTS; i++) {
      if (i)
         fputs(", ", p->out);
      tongs_print_id(p->out, args->new_ids[i]);
   }
   if (args->new_count > TONGS_PRINT_ELEMENTS)
      fprintf(p->out, ", ... %" PRIu32 " in all", args->new_count);
   fputc(']', p->out);
}

/* The members that the worker fills in. For a struct, its chain. */
static void
dump_out_struct(struct dump *p, const struct tongs_info_member *m, const void *list)
{
   const struct tongs_info_struct *s = &tongs_info_structs[m->index];

   fputs("out", p->out);
   if (!s->member_count || s->members[0].kind != TONGS_INFO_STYPE)
      return;
   const VkBaseInStructure *link = ((const VkBaseInStructure *)list)->pNext;
   for (const char *between = "{pNext="; link; link = link->pNext, between = " -> ") {
      int index = tongs_info_struct_of((uint32_t)link->sType);
      fprintf(p->out, "%s%s%s", between, index < 0 ? "?" : tongs_info_structs[index].name,
              link->pNext ? "" : "}");
   }
}

static void
dump_array(struct dump *p, const struct tongs_info_member *m, const void *list, const void *v)
{
   uint64_t count = m->count ? m->count(v) : 1;
   const void *const *lists = list;

   switch (m->kind) {
   case TONGS_INFO_BLOB:
   case TONGS_INFO_INOUT_BLOB:
      tongs_print_bytes(p->out, list, count);
      break;
   case TONGS_INFO_STRINGS:
      fputc('[', p->out);
      for (uint64_t i = 0; i < count; i++) {
         fputs(i ? ", " : "", p->out);
         tongs_print_text(p->out, lists[i], SIZE_MAX);
      }
      fputc(']', p->out);
      break;
   case TONGS_INFO_POINTERS:
   case TONGS_INFO_NESTED_STRUCTS:
   case TONGS_INFO_NESTED_SCALARS:
      fputc('[', p->out);
      for (uint64_t i = 0; i < count && i < TONGS_PRINT_ELEMENTS; i++) {
         fputs(i ? ", " : "", p->out);
         if (lists[i])
            dump_elements(p, m, lists[i], m->inner ? m->inner(v, i) : 1);
      }
      fputs(count > TONGS_PRINT_ELEMENTS ? ", ...]" : "]", p->out);
      break;
   case TONGS_INFO_OUT_STRUCT:
      dump_out_struct(p, m, list);
      break;
   case TONGS_INFO_OUT_COUNT:
      fprintf(p->out, "out (room for %" PRIu64 ")", load(list, m->elem_size));
      break;
   case TONGS_INFO_ROOM:
   case TONGS_INFO_OUT_SCALAR:
   case TONGS_INFO_OUT_SCALARS:
   case TONGS_INFO_OUT_STRUCTS:
   case TONGS_INFO_OUT_BLOB:
      fputs("out", p->out);
      break;
   default:
      if (m->count)
         dump_elements(p, m, list, count);
      else
         dump_element(p, m, list);
      break;
   }
}

static void
dump_member(struct dump *p, const struct tongs_info_member *m, const void *v,
            const struct tongs_args *args)
{
   const void *at = (const char *)v + m->offset;
   const void *const *pointer = at;

   if (m->kind == TONGS_INFO_BITFIELDS) {
      dump_bitfields(p, m, v);
      return;
   }
   fprintf(p->out, "%s=", m->name);
   switch (m->kind) {
   case TONGS_INFO_CHAIN:
      dump_chain(p, *pointer);
      break;
   case TONGS_INFO_STYPE:
   case TONGS_INFO_SCALAR:
      dump_scalar(p, m, at);
      break;
   case TONGS_INFO_HANDLE:
   case TONGS_INFO_UNTYPED:
   case TONGS_INFO_DISPATCH:
      tongs_print_id(p->out, load(at, m->elem_size));
      break;
   case TONGS_INFO_STRUCT:
      dump_struct(p, (uint32_t)m->index, at);
      break;
   case TONGS_INFO_UNION:
      dump_union(p, m, v);
      break;
   case TONGS_INFO_FIXED:
      dump_fixed(p, m, at);
      break;
   case TONGS_INFO_FIXED_STRUCT:
      dump_elements(p, m, at, m->elems);
      break;
   case TONGS_INFO_NEW:
      dump_new(p, args);
      break;
   default:
      if (!*pointer)
         fputs("NULL", p->out);
      else if (m->kind == TONGS_INFO_STRING)
         tongs_print_text(p->out, *pointer, SIZE_MAX);
      else
         dump_array(p, m, *pointer, v);
      break;
   }
}

static void
dump_members(struct dump *p, const struct tongs_info_member *members, uint32_t count, const void *v,
             const struct tongs_args *args)
{
   const char *between = "";

   for (uint32_t i = 0; i < count; i++) {
      if (members[i].kind == TONGS_INFO_NONE || members[i].kind == TONGS_INFO_ALLOCATOR)
         continue;
      fputs(between, p->out);
      dump_member(p, &members[i], v, args);
      between = ", ";
   }
}

/* --- Ops --- */

static void
note_damage(struct dump *p, uint64_t offset)
{
   if (!p->damaged++)
      p->first_damage = offset;
}

static void
dump_damage(struct dump *p, uint64_t offset, const char *name, uint32_t size,
            enum tongs_decode_error error)
{
   fprintf(p->out, "%s, %" PRIu32 " bytes, is malformed: %s\n", name, size,
           tongs_decode_error_text(error));
   note_damage(p, offset);
}

/* An op of the API: `d` stands behind its header. */
static void
dump_call(struct dump *p, uint64_t offset, struct tongs_op_header header, struct tongs_decoder *d)
{
   const struct tongs_op_info *op = &tongs_ops[header.op];
   const struct tongs_info_args *info = &tongs_info_args[header.op];
   bool record = op->kind == TONGS_OP_RECORD;
   bool call = header.flags & TONGS_OP_FLAG_CALL;
   uint32_t tag = call ? tongs_decode_u32(d) : 0;

   void *args = tongs_decode_alloc(d, 1, op->args_size);
   if (args)
      op->decode(d, args);
   tongs_decoder_expect_end(d);
   if (d->error) {
      dump_damage(p, offset, op->name, header.size, d->error);
      return;
   }
   /* a record's dispatchable handle is named once for all of its ops */
   uint32_t skip = record && info->member_count && info->members[0].kind == TONGS_INFO_DISPATCH;
   fprintf(p->out, "%s(", op->name);
   dump_members(p, info->members + skip, info->member_count - skip, args, args);
   fputc(')', p->out);
   if (call)
      fprintf(p->out, " -> reply %" PRIu32, tag);
   fputc('\n', p->out);
}

/* An op of Tongs' own: `d` stands behind its header. */
static void
dump_own(struct dump *p, struct tongs_op_header header, struct tongs_decoder *d)
{
   const struct tongs_own_op *op = &tongs_own_ops[header.op];
   bool call = header.flags & TONGS_OP_FLAG_CALL;
   uint32_t tag = call ? tongs_decode_u32(d) : 0;

   void *args = tongs_decode_alloc(d, op->args_size ? 1 : 0, op->args_size);
   if (args)
      op->decode(d, args);
   if (d->error) {
      dump_damage(p, p->offset, op->name, header.size, d->error);
      return;
   }
   fprintf(p->out, "%s(", op->name);
   if (args)
      tongs_dump_own_members(p->out, &tongs_own_args_members[header.op], args);
   fputc(')', p->out);
   if (call)
      fprintf(p->out, " -> reply %" PRIu32, tag);
   fputc('\n', p->out);
}

/* The ops of one command buffer. */
static void
dump_record(struct dump *p, const uint8_t *op, uint32_t size)
{
   uint64_t id = size >= 16 ? load(op + 8, 8) : 0;
   uint32_t at = 16;

   fprintf(p->out, "tongsRecord(commandBuffer=");
   tongs_print_id(p->out, id);
   fprintf(p->out, ", %" PRIu32 " bytes)\n", size);
   while (at < size) {
      struct tongs_op_header header = {0};
      struct tongs_decoder d;

      if (size - at >= sizeof(header))
         header = tongs_op_header_read(op + at);
      fprintf(p->out, "%08" PRIx64 "    ", p->offset + at);
      if (header.size < TONGS_OP_SIZE_MIN || header.size % 8 || header.size > size - at) {
         fprintf(p->out,
                 "an op has an impossible size, %" PRIu32
                 " bytes; the rest of the record is skipped\n",
                 header.size);
         note_damage(p, p->offset + at);
         return;
      }
      const char *name = tongs_info_op_name(header.op);
      if (header.op >= TONGS_OP_COUNT || tongs_ops[header.op].kind != TONGS_OP_RECORD) {
         fprintf(p->out, "%s (op %u), %" PRIu32 " bytes, is no command that this build knows\n",
                 name ? name : "?", header.op, header.size);
         note_damage(p, p->offset + at);
      } else {
         tongs_arena_reset(&p->arena);
         tongs_decoder_init(&d, op + at, header.size, &p->arena);
         d.cur += sizeof(header);
         dump_call(p, p->offset + at, header, &d);
      }
      at += header.size;
   }
}

static void
dump_op(struct dump *p, const uint8_t *op, struct tongs_op_header header)
{
   struct tongs_decoder d;
   const char *name = tongs_info_op_name(header.op);

   fprintf(p->out, "%08" PRIx64 "  ", p->offset);
   if (header.op == TONGS_OP_tongsRecord) {
      dump_record(p, op, header.size);
   } else if (header.op < TONGS_OP_COUNT && tongs_ops[header.op].kind != TONGS_OP_NONE) {
      tongs_arena_reset(&p->arena);
      tongs_decoder_init(&d, op, header.size, &p->arena);
      d.cur += sizeof(header);
      dump_call(p, p->offset, header, &d);
   } else if (header.op < TONGS_OWN_OPS && tongs_own_ops[header.op].kind != TONGS_OWN_NONE) {
      tongs_arena_reset(&p->arena);
      tongs_decoder_init(&d, op, header.size, &p->arena);
      d.cur += sizeof(header);
      dump_own(p, header, &d);
   } else {
      fprintf(p->out, "%s (op %u), %" PRIu32 " bytes, is not known to this build\n",
              name ? name : "?", header.op, header.size);
      note_damage(p, p->offset);
   }
}

/* --- The stream --- */

/* Reads the rest of a hello or an op, whose first `have` of `size` bytes are at `head`. NULL if the
 * stream breaks off. */
static uint8_t *
read_rest(struct dump *p, const void *head, size_t have, size_t size)
{
   uint8_t *data = malloc(size);

   if (!data) {
      fprintf(p->out, "%08" PRIx64 "  out of memory for %zu bytes\n", p->offset, size);
      return NULL;
   }
   memcpy(data, head, have);
   size_t got = fread(data + have, 1, size - have, p->in);
   if (got != size - have) {
      fprintf(p->out, "%08" PRIx64 "  the stream breaks off: %zu of %zu bytes are there\n",
              p->offset, have + got, size);
      free(data);
      return NULL;
   }
   return data;
}

static bool
dump_hello(struct dump *p)
{
   uint8_t head[TONGS_HELLO_SIZE];
   struct tongs_peer peer;
   char why[200];
   bool same;

   size_t got = fread(head, 1, sizeof(head), p->in);
   if (got != sizeof(head)) {
      fprintf(p->out, "%08" PRIx64 "  the stream breaks off in its hello: %zu bytes are there\n",
              p->offset, got);
      return false;
   }
   size_t size = tongs_hello_size(head, why, sizeof(why));
   uint8_t *hello = size ? read_rest(p, head, sizeof(head), size) : NULL;
   if (size && !hello)
      return false;
   if (!size || !tongs_hello_decode(hello, size, &peer, &same, why, sizeof(why))) {
      fprintf(p->out, "%08" PRIx64 "  this is no capture: %s\n", p->offset, why);
      free(hello);
      return false;
   }
   fprintf(
      p->out, "%08" PRIx64 "  hello, %zu bytes: Vulkan %u.%u.%u%s\n", p->offset, size,
      peer.api_version >> 22, peer.api_version >> 12 & 0x3ff, peer.header_version,
      same ? ""
           : "; the client is another build than this program, so some ops may not be understood");
   p->offset += size;
   free(hello);
   return true;
}

/* Dumps one op. False at the end of the stream; `*whole` tells whether the stream ends between two
 * ops. */
static bool
dump_next(struct dump *p, bool *whole)
{
   uint8_t head[sizeof(struct tongs_op_header)];
   size_t got = fread(head, 1, sizeof(head), p->in);

   *whole = got == 0 && !ferror(p->in);
   if (got == 0 && *whole)
      return false;
   struct tongs_op_header header = tongs_op_header_read(head);
   if (got != sizeof(head)) {
      fprintf(p->out, "%08" PRIx64 "  the stream breaks off in an op's header\n", p->offset);
      return false;
   }
   if (header.size < TONGS_OP_SIZE_MIN || header.size > TONGS_OP_SIZE_MAX || header.size % 8) {
      fprintf(p->out,
              "%08" PRIx64 "  an op has an impossible size, %" PRIu32
              " bytes: the stream is damaged\n",
              p->offset, header.size);
      return false;
   }
   uint8_t *op = read_rest(p, head, sizeof(head), header.size);
   if (!op)
      return false;
   dump_op(p, op, header);
   free(op);
   p->offset += header.size;
   return true;
}

int
tongs_dump_stream(FILE *in, FILE *out)
{
   struct dump dump = {.in = in, .out = out};
   bool whole = false;

   tongs_arena_init(&dump.arena, ARENA_LIMIT);
   if (dump_hello(&dump)) {
      while (dump_next(&dump, &whole))
         ;
   }
   tongs_arena_finish(&dump.arena);
   if (whole && dump.damaged)
      fprintf(out,
              "%08" PRIx64 "  %" PRIu64 " ops could not be decoded, the first at %08" PRIx64 "\n",
              dump.offset, dump.damaged, dump.first_damage);
   return whole && !dump.damaged ? 0 : 1;
}
