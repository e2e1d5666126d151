/* SPDX-License-Identifier: MIT */
#include "protocol/dump.h"

#include "protocol/arena.h"
#include "protocol/args.h"
#include "protocol/decoder.h"
#include "protocol/dump_own.h"
#include "protocol/dump_values.h"
#include "protocol/frame.h"
#include "protocol/hello.h"
#include "protocol/id.h"
#include "protocol/info.h"
#include "protocol/print.h"

#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_LIMIT ((size_t)64 * 1024 * 1024)

struct dump {
   FILE *in;
   FILE *out;
   uint64_t offset;       /* of the op in the stream */
   uint64_t damaged;      /* how many ops could not be decoded */
   uint64_t first_damage; /* the offset of the first one */
   struct tongs_arena arena;
};

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
   tongs_dump_members(p->out, info->members + skip, info->member_count - skip, args, args);
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
   uint64_t id = 0;
   uint32_t at = 16;

   if (size >= at)
      memcpy(&id, op + 8, sizeof(id));
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
