/* made by codegen/gen.py from tongs_gen_own.c.mako: do not edit. SPDX-License-Identifier: MIT */
#include "tongs_gen_own.h"

#include "protocol/args.h"
#include "protocol/decoder.h"
#include "protocol/encoder.h"

#include "tongs_gen_types.h"

static void
tongs_encode_own_part(struct tongs_encoder *e, const struct tongs_own_part *v)
{
   tongs_encode_string(e, v->name);
   tongs_encode_u32(e, 0);
   tongs_encode_fixed(e, v->code, sizeof(v->code));
}

static void
tongs_decode_own_part(struct tongs_decoder *d, struct tongs_own_part *v)
{
   v->name = tongs_decode_string(d, NULL);
   tongs_decode_u32(d);
   tongs_decode_fixed(d, v->code, sizeof(v->code));
}

static void
tongs_encode_own_shelf(struct tongs_encoder *e, const struct tongs_own_shelf *v)
{
   tongs_encode_u32(e, v->parts_count);
   for (uint32_t i = 0; i < v->parts_count && !e->failed; i++)
      tongs_encode_own_part(e, &v->parts[i]);
}

static void
tongs_decode_own_shelf(struct tongs_decoder *d, struct tongs_own_shelf *v)
{
   v->parts_count = tongs_decode_list(d, 12);
   struct tongs_own_part *parts = tongs_decode_alloc(d, v->parts_count, sizeof(*parts));
   for (uint32_t i = 0; parts && i < v->parts_count && !d->error; i++)
      tongs_decode_own_part(d, &parts[i]);
   v->parts = parts;
}

void
tongs_encode_tongsRecord(struct tongs_encoder *e, const struct tongs_args_tongsRecord *v)
{
   tongs_encode_u64(e, v->command_buffer);
}

void
tongs_decode_tongsRecord(struct tongs_decoder *d, struct tongs_args_tongsRecord *v)
{
   v->command_buffer = tongs_decode_target(d, TONGS_TYPE_VkCommandBuffer);
}

static void
encode_tongsRecord(struct tongs_encoder *e, const void *v)
{
   tongs_encode_tongsRecord(e, v);
}

static void
decode_tongsRecord(struct tongs_decoder *d, void *v)
{
   tongs_decode_tongsRecord(d, v);
}

void
tongs_encode_tongsEverything(struct tongs_encoder *e, const struct tongs_args_tongsEverything *v)
{
   tongs_encode_u32(e, 0);
   tongs_encode_u64(e, v->device);
   tongs_encode_u64(e, v->buffer);
   tongs_encode_u64(e, v->id);
   tongs_encode_ids(e, v->few, v->few_count);
   tongs_encode_ids(e, v->many, v->many_count);
   tongs_encode_u32(e, v->a);
   tongs_encode_u64(e, v->b);
   tongs_encode_i32(e, v->c);
   tongs_encode_blob(e, v->bytes, v->bytes_size);
   tongs_encode_own_part(e, &v->part);
}

void
tongs_decode_tongsEverything(struct tongs_decoder *d, struct tongs_args_tongsEverything *v)
{
   tongs_decode_u32(d);
   v->device = tongs_decode_target(d, TONGS_TYPE_VkDevice);
   v->buffer = tongs_decode_handle(d, TONGS_TYPE_VkBuffer, NULL);
   v->id = tongs_decode_u64(d);
   v->few = tongs_decode_ids(d, TONGS_CARTS_MAX, &v->few_count);
   v->many = tongs_decode_ids(d, UINT32_MAX, &v->many_count);
   v->a = tongs_decode_u32(d);
   v->b = tongs_decode_u64(d);
   v->c = tongs_decode_i32(d);
   v->bytes = tongs_decode_bytes(d, &v->bytes_size);
   tongs_decode_own_part(d, &v->part);
}

static void
encode_tongsEverything(struct tongs_encoder *e, const void *v)
{
   tongs_encode_tongsEverything(e, v);
}

static void
decode_tongsEverything(struct tongs_decoder *d, void *v)
{
   tongs_decode_tongsEverything(d, v);
}

void
tongs_encode_reply_tongsEverything(struct tongs_encoder *e,
                                   const struct tongs_reply_tongsEverything *v)
{
   tongs_encode_i32(e, v->result);
   if (v->result == 0)
      tongs_encode_blob(e, v->bytes, v->bytes_size);
   tongs_encode_u32(e, v->shelves_count);
   for (uint32_t i = 0; i < v->shelves_count && !e->failed; i++)
      tongs_encode_own_shelf(e, &v->shelves[i]);
}

void
tongs_decode_reply_tongsEverything(struct tongs_decoder *d, struct tongs_reply_tongsEverything *v)
{
   v->result = tongs_decode_i32(d);
   if (v->result == 0)
      v->bytes = tongs_decode_bytes(d, &v->bytes_size);
   v->shelves_count = tongs_decode_list(d, 4);
   struct tongs_own_shelf *shelves = tongs_decode_alloc(d, v->shelves_count, sizeof(*shelves));
   for (uint32_t i = 0; shelves && i < v->shelves_count && !d->error; i++)
      tongs_decode_own_shelf(d, &shelves[i]);
   v->shelves = shelves;
}

static void
encode_reply_tongsEverything(struct tongs_encoder *e, const void *v)
{
   tongs_encode_reply_tongsEverything(e, v);
}

static void
decode_reply_tongsEverything(struct tongs_decoder *d, void *v)
{
   tongs_decode_reply_tongsEverything(d, v);
}

void
tongs_encode_tongsNews(struct tongs_encoder *e, const struct tongs_args_tongsNews *v)
{
   tongs_encode_string(e, v->text);
}

void
tongs_decode_tongsNews(struct tongs_decoder *d, struct tongs_args_tongsNews *v)
{
   v->text = tongs_decode_string(d, NULL);
}

static void
encode_tongsNews(struct tongs_encoder *e, const void *v)
{
   tongs_encode_tongsNews(e, v);
}

static void
decode_tongsNews(struct tongs_decoder *d, void *v)
{
   tongs_decode_tongsNews(d, v);
}

const struct tongs_own_op tongs_own_ops[TONGS_OWN_OPS] = {
   [TONGS_OP_tongsRecord] = {
      .name = "tongsRecord",
      .kind = TONGS_OWN_POST,
      .required = true,
      .args_size = sizeof(struct tongs_args_tongsRecord),
      .encode = encode_tongsRecord,
      .decode = decode_tongsRecord,
   },
   [TONGS_OP_tongsEverything] = {
      .name = "tongsEverything",
      .kind = TONGS_OWN_CALL,
      .brings_fd = true,
      .reply_may_bring_fd = true,
      .args_size = sizeof(struct tongs_args_tongsEverything),
      .encode = encode_tongsEverything,
      .decode = decode_tongsEverything,
      .reply_size = sizeof(struct tongs_reply_tongsEverything),
      .encode_reply = encode_reply_tongsEverything,
      .decode_reply = decode_reply_tongsEverything,
   },
   [TONGS_OP_tongsNews] = {
      .name = "tongsNews",
      .kind = TONGS_OWN_EVENT,
      .args_size = sizeof(struct tongs_args_tongsNews),
      .encode = encode_tongsNews,
      .decode = decode_tongsNews,
   },
   [TONGS_OP_tongsNothing] = {
      .name = "tongsNothing",
      .kind = TONGS_OWN_CALL,
   },
};
