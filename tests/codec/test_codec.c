/* SPDX-License-Identifier: MIT */

/* Every struct and every op: what is encoded, decoded and encoded again is the same; no truncation
 * and no flipped bit makes a decoder read or write where it should not. The address sanitizer is
 * the judge of the latter.
 *
 *    test_codec SHARD SHARDS
 */

#include "protocol/arena.h"
#include "protocol/args.h"
#include "protocol/decoder.h"
#include "protocol/encoder.h"
#include "protocol/frame.h"
#include "protocol/own.h"
#include "tests/check.h"
#include "tests/codec/codecs.h"
#include "tests/codec/fill.h"
#include "tests/codec/fill_own.h"

#include "tongs_gen_types.h"

#include <unistd.h>

#define ROUNDS 60u
#define DAMAGED_ROUNDS 16u
#define FLIPS_MAX 20000u
#define ARENA_LIMIT ((size_t)1 << 20)
#define HANG_SECONDS 100

static uint64_t facts, damaged;
static struct tongs_arena arena;
static unsigned ids_sum; /* so that reading is not optimized away */

static void
check(bool condition, const char *item, uint64_t seed, const char *fact)
{
   facts++;
   CHECK_THAT(condition, "%s, seed %llu: not so: %s", item, (unsigned long long)seed, fact);
}

/* What is tested: one struct or one op, there or back. `decode` decodes `size` bytes at `data`,
 * reads all that it has got, by encoding it again to `again`, and returns the decoder's error. */
struct item {
   const char *name;
   uint32_t number; /* TONGS_STRUCT_* or TONGS_OP_* */
   enum tongs_decode_error (*decode)(const struct item *item, const uint8_t *data, size_t size,
                                     struct tongs_encoder *again);
   const uint8_t *request; /* replies: of what */
   size_t request_size;
};

/* Touches every byte that the worker may read of ids. */
static unsigned
read_ids(const struct tongs_args *base)
{
   unsigned sum = 0;

   for (uint32_t i = 0; i < base->id_count * 8; i++)
      sum += base->ids[i];
   for (uint32_t i = 0; i < base->new_count; i++)
      sum += (unsigned)base->new_ids[i];
   return sum;
}

/* --- Damage --- */

static void
damage(const struct item *item, const uint8_t *data, size_t size, struct fill *f)
{
   struct tongs_encoder again;
   size_t step = size > 4096 ? 4 : 1;

   tongs_encoder_init(&again);
   for (size_t n = 0; n < size; n += step) {
      uint8_t *copy = malloc(n ? n : 1);
      memcpy(copy, data, n);
      item->decode(item, copy, n, &again);
      free(copy);
      damaged++;
   }

   uint8_t *copy = malloc(size ? size : 1);
   memcpy(copy, data, size);
   size_t bits = size * 8;
   for (size_t i = 0; i < bits && i < FLIPS_MAX; i++) {
      size_t bit = bits <= FLIPS_MAX ? i : fill_random(f, (uint32_t)bits);
      copy[bit / 8] ^= 1u << bit % 8;
      item->decode(item, copy, size, &again);
      copy[bit / 8] ^= 1u << bit % 8;
      damaged++;
   }
   /* whole words become what counts and sizes should never be */
   static const uint32_t evil[] = {0, 1, 0x7fffffff, 0xffffffff, 0x10000000, 0x20000001};
   size_t words = size / 4;
   for (size_t i = 0; i < words && i < FLIPS_MAX / 8; i++) {
      size_t at = 4 * (words <= FLIPS_MAX / 8 ? i : fill_random(f, (uint32_t)words));
      for (size_t j = 0; j < sizeof(evil) / sizeof(evil[0]); j++) {
         memcpy(copy + at, &evil[j], 4);
         item->decode(item, copy, size, &again);
         damaged++;
      }
      memcpy(copy + at, data + at, 4);
   }
   free(copy);
   tongs_encoder_finish(&again);
}

/* Decodes an exact copy of the encoding and compares. */
static void
compare(const struct item *item, const struct tongs_encoder *e, uint64_t seed)
{
   struct tongs_encoder again;
   size_t size = tongs_encoder_size(e);
   uint8_t *copy = malloc(size ? size : 1);

   memcpy(copy, e->base, size);
   tongs_encoder_init(&again);
   enum tongs_decode_error error = item->decode(item, copy, size, &again);
   check(error == TONGS_DECODE_OK, item->name, seed, tongs_decode_error_text(error));
   if (!error) {
      bool same = tongs_encoder_size(&again) == size && !memcmp(again.base, e->base, size);
      check(same, item->name, seed, "what was decoded is encoded to the same bytes");
   }
   tongs_encoder_finish(&again);
   free(copy);
}

/* --- Structs --- */

static enum tongs_decode_error
decode_struct(const struct item *item, const uint8_t *data, size_t size,
              struct tongs_encoder *again)
{
   struct tongs_decoder d;

   tongs_arena_reset(&arena);
   tongs_decoder_init(&d, data, size, &arena);
   void *v = tongs_decode_alloc(&d, 1, tongs_info_structs[item->number].size);
   codecs[item->number].decode(&d, v);
   if (!d.error && d.cur != d.end)
      tongs_decoder_fail(&d, TONGS_DECODE_TRAILING);
   if (!d.error) {
      tongs_encoder_reset(again);
      again->raw_handles = true;
      codecs[item->number].encode(again, v);
   }
   return d.error;
}

static void
test_struct(uint32_t index)
{
   const struct tongs_info_struct *s = &tongs_info_structs[index];
   struct item item = {.name = s->name, .number = index, .decode = decode_struct};
   uint32_t rounds = ROUNDS > s->child_count ? ROUNDS : s->child_count;
   struct tongs_encoder e;

   tongs_encoder_init(&e);
   for (uint64_t seed = 0; seed < rounds; seed++) {
      struct fill f;
      fill_init(&f, seed, seed < 8 ? 4 : 40);
      f.child = seed < s->child_count ? (int)seed : -1;
      void *v = fill_struct(&f, index);
      tongs_encoder_reset(&e);
      codecs[index].encode(&e, v);
      check(!e.failed && tongs_encoder_size(&e) >= s->min_size, s->name, seed,
            "it takes at least its least size");
      compare(&item, &e, seed);
      if (seed < DAMAGED_ROUNDS)
         damage(&item, e.base, tongs_encoder_size(&e), &f);
      fill_finish(&f);
   }
   tongs_encoder_finish(&e);
}

/* A reply with one struct: the request carries its shape. */
static enum tongs_decode_error
decode_into_struct(const struct item *item, const uint8_t *data, size_t size,
                   struct tongs_encoder *again)
{
   const struct codec *codec = &codecs[item->number];
   struct tongs_decoder d;

   tongs_arena_reset(&arena);
   tongs_decoder_init(&d, item->request, item->request_size, &arena);
   void *v = tongs_decode_alloc(&d, 1, tongs_info_structs[item->number].size);
   if (codec->decode_shape)
      codec->decode_shape(&d, v);
   tongs_decoder_init(&d, data, size, &arena);
   codec->decode_into(&d, v);
   if (!d.error && d.cur != d.end)
      tongs_decoder_fail(&d, TONGS_DECODE_TRAILING);
   /* what the application reads even of a damaged reply is within its own arrays */
   tongs_encoder_reset(again);
   codec->encode(again, v);
   return d.error;
}

/* Sends the shape there, lets a driver write results, and brings them back. */
static enum tongs_decode_error
decode_shape_struct(const struct item *item, const uint8_t *data, size_t size,
                    struct tongs_encoder *again)
{
   const struct codec *codec = &codecs[item->number];
   struct tongs_decoder d;

   tongs_arena_reset(&arena);
   tongs_decoder_init(&d, data, size, &arena);
   void *v = tongs_decode_alloc(&d, 1, tongs_info_structs[item->number].size);
   codec->decode_shape(&d, v);
   if (!d.error && d.cur != d.end)
      tongs_decoder_fail(&d, TONGS_DECODE_TRAILING);
   if (!d.error) {
      tongs_encoder_reset(again);
      codec->encode_shape(again, v);
   }
   return d.error;
}

static void
test_output_struct(uint32_t index)
{
   const struct tongs_info_struct *s = &tongs_info_structs[index];
   const struct codec *codec = &codecs[index];
   struct item shape = {.name = s->name, .number = index, .decode = decode_shape_struct};
   struct item back = {.name = s->name, .number = index, .decode = decode_into_struct};
   uint32_t rounds = ROUNDS > s->child_count ? ROUNDS : s->child_count;
   struct tongs_encoder request, reply;

   tongs_encoder_init(&request);
   tongs_encoder_init(&reply);
   for (uint64_t seed = 0; seed < rounds; seed++) {
      struct fill f;
      struct tongs_decoder d;
      fill_init(&f, seed, seed < 8 ? 4 : 40);
      f.child = seed < s->child_count ? (int)seed : -1;
      void *v = fill_shape(&f, index);
      tongs_encoder_reset(&request);
      tongs_encoder_reset(&reply);
      if (codec->encode_shape) {
         codec->encode_shape(&request, v);
         compare(&shape, &request, seed);
         if (seed < DAMAGED_ROUNDS)
            damage(&shape, request.base, tongs_encoder_size(&request), &f);
      }
      tongs_arena_reset(&arena);
      tongs_decoder_init(&d, request.base, tongs_encoder_size(&request), &arena);
      void *result = tongs_decode_alloc(&d, 1, s->size);
      if (codec->decode_shape)
         codec->decode_shape(&d, result);
      fill_results(&f, index, result);
      codec->encode(&reply, result);
      back.request = request.base;
      back.request_size = tongs_encoder_size(&request);
      compare(&back, &reply, seed);
      if (seed < DAMAGED_ROUNDS)
         damage(&back, reply.base, tongs_encoder_size(&reply), &f);
      fill_finish(&f);
   }
   tongs_encoder_finish(&request);
   tongs_encoder_finish(&reply);
}

/* --- Ops --- */

static size_t
args_offset(uint32_t op)
{
   return tongs_ops[op].kind == TONGS_OP_CALL ? 12 : 8;
}

static void *
decode_args(uint32_t op, const uint8_t *data, size_t size, struct tongs_decoder *d)
{
   tongs_decoder_init(d, data, size, &arena);
   void *args = tongs_decode_alloc(d, 1, tongs_ops[op].args_size);
   if (size < args_offset(op))
      tongs_decoder_fail(d, TONGS_DECODE_SHORT);
   else
      d->cur += args_offset(op);
   tongs_ops[op].decode(d, args);
   tongs_decoder_expect_end(d);
   return args;
}

static void
encode_op(struct tongs_encoder *e, uint32_t op, const void *args)
{
   size_t offset = tongs_encode_op_begin(e, (uint16_t)op, 0);

   if (tongs_ops[op].kind == TONGS_OP_CALL)
      tongs_encode_u32(e, 0x01020304);
   tongs_ops[op].encode(e, args);
   if (!tongs_encode_op_end(e, offset))
      abort();
}

static void
take_new_ids(uint32_t op, void *args)
{
   const struct tongs_info_args *info = &tongs_info_args[op];
   const struct tongs_args *base = args;

   for (uint32_t i = 0; i < info->member_count; i++) {
      const struct tongs_info_member *m = &info->members[i];
      if (m->kind != TONGS_INFO_NEW)
         continue;
      char *list = *(char **)((char *)args + m->offset);
      for (uint32_t j = 0; j < base->new_count; j++)
         memcpy(list + j * (size_t)m->elem_size, &base->new_ids[j], m->elem_size);
   }
}

static enum tongs_decode_error
decode_op(const struct item *item, const uint8_t *data, size_t size, struct tongs_encoder *again)
{
   struct tongs_decoder d;

   tongs_arena_reset(&arena);
   void *args = decode_args(item->number, data, size, &d);
   if (!d.error) {
      ids_sum += read_ids(args);
      take_new_ids(item->number, args);
      tongs_encoder_reset(again);
      again->raw_handles = true;
      encode_op(again, item->number, args);
   }
   return d.error;
}

static void
encode_reply(struct tongs_encoder *e, uint32_t op, const void *args)
{
   size_t offset = tongs_encode_op_begin(e, (uint16_t)op, TONGS_OP_FLAG_REPLY);

   tongs_encode_u32(e, 0x01020304);
   tongs_ops[op].encode_reply(e, args);
   if (!tongs_encode_op_end(e, offset))
      abort();
}

static enum tongs_decode_error
decode_reply(const struct item *item, const uint8_t *data, size_t size, struct tongs_encoder *again)
{
   struct tongs_decoder d;

   tongs_arena_reset(&arena);
   void *args = decode_args(item->number, item->request, item->request_size, &d);
   if (d.error)
      abort();
   take_new_ids(item->number, args);
   tongs_decoder_init(&d, data, size, &arena);
   if (size < 12)
      tongs_decoder_fail(&d, TONGS_DECODE_SHORT);
   else
      d.cur += 12;
   tongs_ops[item->number].decode_reply(&d, args);
   tongs_decoder_expect_end(&d);
   /* what the application reads even of a damaged reply is within its own arrays */
   tongs_encoder_reset(again);
   encode_reply(again, item->number, args);
   return d.error;
}

static void
test_op(uint32_t op)
{
   struct item there = {.name = tongs_ops[op].name, .number = op, .decode = decode_op};
   struct item back = {.name = tongs_ops[op].name, .number = op, .decode = decode_reply};
   struct tongs_encoder request, reply;

   tongs_encoder_init(&request);
   tongs_encoder_init(&reply);
   for (uint64_t seed = 0; seed < ROUNDS; seed++) {
      struct fill f;
      struct tongs_decoder d;
      fill_init(&f, seed * 7 + 3, seed < 8 ? 5 : 40);
      void *args = fill_args(&f, op);
      tongs_encoder_reset(&request);
      tongs_encoder_reset(&reply);
      encode_op(&request, op, args);
      compare(&there, &request, seed);
      if (seed < DAMAGED_ROUNDS)
         damage(&there, request.base, tongs_encoder_size(&request), &f);
      if (tongs_ops[op].kind == TONGS_OP_CALL) {
         tongs_arena_reset(&arena);
         void *results = decode_args(op, request.base, tongs_encoder_size(&request), &d);
         if (!d.error) {
            fill_args_results(&f, op, results);
            encode_reply(&reply, op, results);
            back.request = request.base;
            back.request_size = tongs_encoder_size(&request);
            compare(&back, &reply, seed);
            if (seed < DAMAGED_ROUNDS)
               damage(&back, reply.base, tongs_encoder_size(&reply), &f);
         }
      }
      fill_finish(&f);
   }
   tongs_encoder_finish(&request);
   tongs_encoder_finish(&reply);
}

/* --- Tongs' own ops --- */

static enum tongs_decode_error
decode_own(const struct item *item, const uint8_t *data, size_t size, struct tongs_encoder *again)
{
   const struct tongs_own_op *own = &tongs_own_ops[item->number];
   struct tongs_decoder d;

   tongs_arena_reset(&arena);
   tongs_decoder_init(&d, data, size, &arena);
   void *v = tongs_decode_alloc(&d, 1, own->args_size);
   own->decode(&d, v);
   if (!d.error && d.cur != d.end)
      tongs_decoder_fail(&d, TONGS_DECODE_TRAILING);
   if (!d.error) {
      tongs_encoder_reset(again);
      own->encode(again, v);
   }
   return d.error;
}

static enum tongs_decode_error
decode_own_reply(const struct item *item, const uint8_t *data, size_t size,
                 struct tongs_encoder *again)
{
   const struct tongs_own_op *own = &tongs_own_ops[item->number];
   struct tongs_decoder d;

   tongs_arena_reset(&arena);
   tongs_decoder_init(&d, data, size, &arena);
   void *v = tongs_decode_alloc(&d, 1, own->reply_size);
   own->decode_reply(&d, v);
   if (!d.error && d.cur != d.end)
      tongs_decoder_fail(&d, TONGS_DECODE_TRAILING);
   if (!d.error) {
      tongs_encoder_reset(again);
      own->encode_reply(again, v);
   }
   return d.error;
}

static void
test_own_op(uint32_t op)
{
   const struct tongs_own_op *own = &tongs_own_ops[op];
   struct item there = {.name = own->name, .number = op, .decode = decode_own};
   struct item back = {.name = own->name, .number = op, .decode = decode_own_reply};
   struct tongs_encoder e;

   tongs_encoder_init(&e);
   for (uint64_t seed = 0; seed < ROUNDS; seed++) {
      struct fill f;
      fill_init(&f, seed * 7 + 5, 40);
      if (own->args_size) {
         tongs_encoder_reset(&e);
         own->encode(&e, fill_own_args(&f, op));
         compare(&there, &e, seed);
         if (seed < DAMAGED_ROUNDS)
            damage(&there, e.base, tongs_encoder_size(&e), &f);
      }
      if (own->reply_size) {
         tongs_encoder_reset(&e);
         own->encode_reply(&e, fill_own_reply(&f, op));
         compare(&back, &e, seed);
         if (seed < DAMAGED_ROUNDS)
            damage(&back, e.base, tongs_encoder_size(&e), &f);
      }
      fill_finish(&f);
   }
   tongs_encoder_finish(&e);
}

int
main(int argc, char **argv)
{
   uint32_t shard = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
   uint32_t shards = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1;
   const char *only = argc > 3 ? argv[3] : NULL;
   uint32_t structs = 0, ops = 0;

   alarm(HANG_SECONDS);
   check_begin();
   tongs_arena_init(&arena, ARENA_LIMIT);
   for (uint32_t i = 0; i < TONGS_STRUCT_COUNT; i++) {
      const struct tongs_info_struct *s = &tongs_info_structs[i];
      if (s->is_union || i % shards != shard || (only && strcmp(only, s->name)))
         continue;
      if (s->inputs)
         test_struct(i);
      if (s->outputs)
         test_output_struct(i);
      structs++;
   }
   for (uint32_t op = 0; op < TONGS_OWN_OPS; op++) {
      const struct tongs_own_op *own = &tongs_own_ops[op];
      if (!own->name || op % shards != shard || (only && strcmp(only, own->name)))
         continue;
      test_own_op(op);
      ops++;
   }
   for (uint32_t op = 0; op < TONGS_OP_COUNT; op++) {
      if (!tongs_ops[op].name || op % shards != shard || (only && strcmp(only, tongs_ops[op].name)))
         continue;
      test_op(op);
      ops++;
   }
   tongs_arena_finish(&arena);
   printf("# the ids' bytes sum up to %u\n", ids_sum);
   printf("# %llu facts, damaged %llu times\n", (unsigned long long)facts,
          (unsigned long long)damaged);
   CHECK(structs + ops > 0);
   check_finish("structs and ops come back as they went, and survive damage");
   return check_end();
}
