/* SPDX-License-Identifier: MIT */

/* Whatever bytes come, the decoders read and write only what is theirs. The input is a stream of
 * ops as a client sends it, without its hello; an op flagged as a reply answers the call before it.
 * One that begins with a hello is a capture, which is dumped. */

#include "protocol/arena.h"
#include "protocol/args.h"
#include "protocol/decoder.h"
#include "protocol/dump.h"
#include "protocol/encoder.h"
#include "protocol/frame.h"
#include "protocol/hello.h"
#include "protocol/id.h"
#include "protocol/info.h"
#include "protocol/own.h"

#include "tongs_gen_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <vulkan/vulkan_core.h>

#define SLOTS 80u
#define ARENA_LIMIT ((size_t)1 << 20)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct session {
   struct tongs_slot slots[SLOTS];
   struct tongs_arena arena;
   struct tongs_encoder encoder;
   const struct tongs_op_info *call; /* the one that a reply may answer */
   void *args;
   unsigned sum; /* so that nothing that is read is optimized away */
};

/* What ranges are checked against (protocol/bounds.h): as a number and as a pointer to one it is
 * large. */
static const uint64_t size_of_objects = UINT64_MAX / 2;

/* One object of each type, its slot being its type; all belong to the one device. One buffer was
 * never made. */
static void
fill_table(struct session *s)
{
   for (uint32_t type = 1; type < SLOTS; type++) {
      if (!tongs_info_type_name(type))
         continue;
      s->slots[type] = (struct tongs_slot){
         .id = tongs_id((uint8_t)type, 1, type),
         .handle = type == TONGS_TYPE_VkEvent ? 0 : UINT64_C(0x1000) + type,
         .device = type <= TONGS_TYPE_VkDevice ? 0 : TONGS_TYPE_VkDevice,
         .data = (void *)&size_of_objects,
      };
   }
}

/* Generous ones: what a test makes up should mostly pass. */
static const void *
limits_of(const struct tongs_slot *target)
{
   static VkPhysicalDeviceLimits limits;

   (void)target;
   memset(&limits, 0x0f, sizeof(limits));
   return &limits;
}

static void
read_ids(struct session *s, const struct tongs_args *args)
{
   for (uint32_t i = 0; i < args->id_count * 8; i++)
      s->sum += args->ids[i];
   for (uint32_t i = 0; i < args->new_count; i++)
      s->sum += (unsigned)args->new_ids[i];
}

/* The encoder reads all that a driver might. */
static void
read_args(struct session *s, const struct tongs_op_info *info, const void *args)
{
   tongs_encoder_reset(&s->encoder);
   s->encoder.raw_handles = true;
   info->encode(&s->encoder, args);
   read_ids(s, args);
}

static void
try_op(struct session *s, const uint8_t *op, struct tongs_op_header header, bool table)
{
   const struct tongs_op_info *info = &tongs_ops[header.op];
   struct tongs_decoder d;

   tongs_arena_reset(&s->arena);
   s->call = NULL;
   tongs_decoder_init(&d, op, header.size, &s->arena);
   d.cur += sizeof(header);
   if (header.flags & TONGS_OP_FLAG_CALL)
      tongs_decode_u32(&d);
   if (table) {
      d.slots = s->slots;
      d.slot_count = SLOTS;
      d.limits_of = limits_of;
      d.target = info->kind == TONGS_OP_RECORD ? &s->slots[TONGS_TYPE_VkCommandBuffer] : NULL;
      d.device = info->kind == TONGS_OP_RECORD ? TONGS_TYPE_VkDevice : 0;
   }
   void *args = tongs_decode_alloc(&d, 1, info->args_size);
   if (args)
      info->decode(&d, args);
   tongs_decoder_expect_end(&d);
   if (d.error)
      return;
   read_args(s, info, args);
   if (info->kind == TONGS_OP_CALL) {
      s->call = info;
      s->args = args;
   }
}

static void
try_reply(struct session *s, const uint8_t *op, struct tongs_op_header header)
{
   struct tongs_decoder d;

   if (!s->call || s->call != &tongs_ops[header.op] || header.size < 16)
      return;
   tongs_decoder_init(&d, op, header.size, &s->arena);
   d.cur += sizeof(header) + sizeof(uint32_t);
   s->call->decode_reply(&d, s->args);
   tongs_decoder_expect_end(&d);
   tongs_encoder_reset(&s->encoder);
   s->call->encode_reply(&s->encoder, s->args); /* reads what the application would */
   s->call = NULL;
}

/* An op of Tongs' own, or a reply to one. What was decoded is read by encoding it again. */
static void
try_own(struct session *s, const uint8_t *op, struct tongs_op_header header, bool table)
{
   const struct tongs_own_op *info = &tongs_own_ops[header.op];
   bool reply = header.flags & TONGS_OP_FLAG_REPLY;
   uint32_t size = reply ? info->reply_size : info->args_size;
   struct tongs_decoder d;

   tongs_arena_reset(&s->arena);
   tongs_decoder_init(&d, op, header.size, &s->arena);
   d.cur += sizeof(header);
   if (header.flags & (TONGS_OP_FLAG_CALL | TONGS_OP_FLAG_REPLY))
      tongs_decode_u32(&d);
   if (table) {
      d.slots = s->slots;
      d.slot_count = SLOTS;
   }
   void *v = size ? tongs_decode_alloc(&d, 1, size) : NULL;
   if (v)
      (reply ? info->decode_reply : info->decode)(&d, v);
   if (!v || d.error)
      return;
   tongs_encoder_reset(&s->encoder);
   (reply ? info->encode_reply : info->encode)(&s->encoder, v);
}

static void
try_stream(struct session *s, const uint8_t *data, size_t size, bool record)
{
   for (size_t at = 0; size - at >= TONGS_OP_SIZE_MIN;) {
      struct tongs_op_header header = tongs_op_header_read(data + at);
      if (header.size < TONGS_OP_SIZE_MIN || header.size % 8 || header.size > size - at)
         return;
      if (header.op == TONGS_OP_tongsRecord && !record && header.size >= 16)
         try_stream(s, data + at + 16, header.size - 16, true);
      else if (header.op < TONGS_OWN_OPS) {
         try_own(s, data + at, header, true);
         try_own(s, data + at, header, false);
      } else if (header.op >= TONGS_OP_COUNT || tongs_ops[header.op].kind == TONGS_OP_NONE)
         ;
      else if (header.flags & TONGS_OP_FLAG_REPLY)
         try_reply(s, data + at, header);
      else {
         try_op(s, data + at, header, true);
         if (!s->call)
            try_op(s, data + at, header, false);
      }
      at += header.size;
   }
}

static void
try_capture(const uint8_t *data, size_t size)
{
   static FILE *nowhere;
   FILE *in = fmemopen((void *)data, size, "rb");

   if (!nowhere)
      nowhere = fopen("/dev/null", "wb");
   if (in && nowhere)
      tongs_dump_stream(in, nowhere);
   if (in)
      fclose(in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
   struct session s = {0};
   uint32_t magic = 0;
   uint8_t *copy = malloc(size ? size : 1); /* aligned, and not a byte longer */

   if (size)
      memcpy(copy, data, size);
   if (size >= sizeof(magic))
      memcpy(&magic, data, sizeof(magic));
   if (magic == TONGS_HELLO_MAGIC) {
      try_capture(copy, size);
   } else {
      fill_table(&s);
      tongs_arena_init(&s.arena, ARENA_LIMIT);
      tongs_encoder_init(&s.encoder);
      try_stream(&s, copy, size, false);
      tongs_encoder_finish(&s.encoder);
      tongs_arena_finish(&s.arena);
   }
   free(copy);
   return 0;
}
