/* SPDX-License-Identifier: MIT */

/* Writes seeds for fuzz_decode: streams of made-up valid ops, with replies to the calls among them.
 *
 *    make_corpus DIRECTORY        many files, one for every few ops
 *    make_corpus --capture FILE   one capture with every op, for `tongs dump`
 */

#include "protocol/arena.h"
#include "protocol/args.h"
#include "protocol/decoder.h"
#include "protocol/encoder.h"
#include "protocol/frame.h"
#include "protocol/hello.h"
#include "protocol/id.h"
#include "protocol/own.h"
#include "tests/codec/fill.h"
#include "tests/codec/fill_own.h"

#include "tongs_gen_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPS_A_FILE 5u
#define SIZE_MAX_OF_OP 1200u

static struct tongs_arena arena;

static void
write_file(const char *path, const struct tongs_encoder *e)
{
   FILE *f = fopen(path, "wb");

   if (!f || fwrite(e->base, 1, tongs_encoder_size(e), f) != tongs_encoder_size(e) ||
       fclose(f) != 0) {
      perror(path);
      exit(1);
   }
}

static void
encode_op(struct tongs_encoder *e, uint32_t op, const void *args)
{
   bool call = tongs_ops[op].kind == TONGS_OP_CALL;
   size_t offset = tongs_encode_op_begin(e, (uint16_t)op, call ? TONGS_OP_FLAG_CALL : 0);

   if (call)
      tongs_encode_u32(e, 7);
   tongs_ops[op].encode(e, args);
   tongs_encode_op_end(e, offset);
}

/* What a worker would answer to the op that lies at `request`. */
static void
encode_reply(struct tongs_encoder *e, struct fill *f, uint32_t op, size_t request)
{
   struct tongs_decoder d;
   size_t size = tongs_encoder_size(e) - request;
   uint8_t *copy = malloc(size);

   memcpy(copy, e->base + request, size);
   tongs_arena_reset(&arena);
   tongs_decoder_init(&d, copy, size, &arena);
   d.cur += 12;
   void *args = tongs_decode_alloc(&d, 1, tongs_ops[op].args_size);
   tongs_ops[op].decode(&d, args);
   if (!d.error) {
      fill_args_results(f, op, args);
      size_t offset = tongs_encode_op_begin(e, (uint16_t)op, TONGS_OP_FLAG_REPLY);
      tongs_encode_u32(e, 7);
      tongs_ops[op].encode_reply(e, args);
      tongs_encode_op_end(e, offset);
   }
   free(copy);
}

static void
encode_record(struct tongs_encoder *e, struct fill *f, uint32_t first, uint32_t end)
{
   size_t offset = tongs_encode_op_begin(e, TONGS_OP_tongsRecord, 0);

   tongs_encode_u64(e, tongs_id(TONGS_TYPE_VkCommandBuffer, 1, TONGS_TYPE_VkCommandBuffer));
   for (uint32_t op = first; op < end; op++) {
      if (tongs_ops[op].name && tongs_ops[op].kind == TONGS_OP_RECORD)
         encode_op(e, op, fill_args(f, op));
   }
   tongs_encode_op_end(e, offset);
}

/* Tongs' own ops but tongsRecord, each a few times: empty lists and longer ones. */
static void
encode_own(struct tongs_encoder *e, struct fill *f, bool replies)
{
   for (uint16_t op = 0; op < TONGS_OWN_OPS; op++) {
      const struct tongs_own_op *own = &tongs_own_ops[op];
      const bool call = own->kind == TONGS_OWN_CALL;
      for (unsigned i = 0; i < 3 && own->kind != TONGS_OWN_NONE && op != TONGS_OP_tongsRecord;
           i++) {
         uint16_t flags = call                           ? TONGS_OP_FLAG_CALL
                          : own->kind == TONGS_OWN_EVENT ? TONGS_OP_FLAG_EVENT
                                                         : 0;
         size_t offset = tongs_encode_op_begin(e, op, flags);
         if (call)
            tongs_encode_u32(e, 7);
         if (own->encode)
            own->encode(e, fill_own_args(f, op));
         tongs_encode_op_end(e, offset);
         if (!call || !replies)
            continue;
         offset = tongs_encode_op_begin(e, op, TONGS_OP_FLAG_REPLY);
         tongs_encode_u32(e, 7);
         if (own->encode_reply)
            own->encode_reply(e, fill_own_reply(f, op));
         tongs_encode_op_end(e, offset);
      }
   }
}

/* Ops `first` to `end`, small ones. */
static void
encode_ops(struct tongs_encoder *e, struct fill *f, uint32_t first, uint32_t end, bool replies)
{
   for (uint32_t op = first; op < end; op++) {
      if (!tongs_ops[op].name || tongs_ops[op].kind == TONGS_OP_RECORD)
         continue;
      size_t at = 0;
      for (unsigned attempt = 0; attempt < 8; attempt++) {
         f->left = 12 / (attempt + 1);
         at = tongs_encoder_size(e);
         encode_op(e, op, fill_args(f, op));
         if (tongs_encoder_size(e) - at <= SIZE_MAX_OF_OP || attempt == 7)
            break;
         e->cur = e->base + at;
      }
      if (replies && tongs_ops[op].kind == TONGS_OP_CALL)
         encode_reply(e, f, op, at);
   }
   f->left = 12;
   encode_record(e, f, first, end);
}

int
main(int argc, char **argv)
{
   bool capture = argc > 2 && !strcmp(argv[1], "--capture");
   struct tongs_encoder e;
   struct fill f;
   char path[4096];

   if (argc < 2) {
      fputs("usage: make_corpus DIRECTORY | --capture FILE\n", stderr);
      return 2;
   }
   tongs_arena_init(&arena, (size_t)1 << 24);
   tongs_encoder_init(&e);
   fill_init(&f, 11, 12);
   f.known_ids = true;
   e.raw_handles = true;
   if (capture) {
      tongs_hello_encode(&e, false, NULL);
      encode_ops(&e, &f, 32, TONGS_OP_COUNT, false);
      encode_own(&e, &f, false);
      write_file(argv[2], &e);
   } else {
      encode_own(&e, &f, true);
      snprintf(path, sizeof(path), "%s/own", argv[1]);
      write_file(path, &e);
   }
   for (uint32_t first = 32; first < TONGS_OP_COUNT && !capture; first += OPS_A_FILE) {
      uint32_t end = first + OPS_A_FILE < TONGS_OP_COUNT ? first + OPS_A_FILE : TONGS_OP_COUNT;
      tongs_encoder_reset(&e);
      encode_ops(&e, &f, first, end, true);
      snprintf(path, sizeof(path), "%s/ops-%03u", argv[1], first);
      write_file(path, &e);
   }
   fill_finish(&f);
   tongs_encoder_finish(&e);
   tongs_arena_finish(&arena);
   return 0;
}
