/* SPDX-License-Identifier: MIT */
#include "icd/cache.h"

#include "icd/connection.h"
#include "protocol/args.h"
#include "protocol/decoder.h"
#include "protocol/frame.h"

#include <stdlib.h>

/* Encodes the op as the key, with tag 0, because the tag differs from call to call. The tag's bytes
 * stay in the key, because alignment counts from the start of the op. */
static bool
encode_question(struct tongs_encoder *e, const struct icd_connection *c, uint32_t op,
                const void *args)
{
   tongs_encoder_init(e);
   e->peer_structs = c->stream.peer_structs;
   size_t offset = tongs_encode_op_begin(e, (uint16_t)op, TONGS_OP_FLAG_CALL);
   tongs_encode_u32(e, 0);
   tongs_ops[op].encode(e, args);
   return tongs_encode_op_end(e, offset);
}

/* Decodes a whole reply into the arguments; writes zeros if there is none (size 0). */
static bool
read_answer(uint32_t op, const void *reply, size_t size, void *args)
{
   struct tongs_decoder d;

   tongs_decoder_init(&d, reply, size, NULL);
   if (size)
      d.cur += sizeof(struct tongs_op_header) + sizeof(uint32_t);
   else
      tongs_decoder_fail(&d, TONGS_DECODE_SHORT); /* the outputs become zeros */
   tongs_ops[op].decode_reply(&d, args);
   tongs_decoder_expect_end(&d);
   return d.error == TONGS_DECODE_OK;
}

static VkResult
result_of(uint32_t op, const void *args)
{
   const struct tongs_op_info *info = &tongs_ops[op];

   return info->returns_result ? *(const VkResult *)((const uint8_t *)args + info->ret_offset)
                               : VK_SUCCESS;
}

/* Whether the result is permanent. */
static bool
is_lasting(VkResult result)
{
   return result >= 0 || result == VK_ERROR_FORMAT_NOT_SUPPORTED;
}

/* A question that the worker has not answered yet. */
struct question {
   struct tongs_encoder encoded;
   struct icd_pending_call call;
};

static void
ask_begin(struct icd_connection *c, uint32_t op, struct question *q)
{
   const size_t head = sizeof(struct tongs_op_header) + sizeof(uint32_t);
   size_t offset;

   struct tongs_encoder *e = icd_own_call_begin(c, &q->call, (uint16_t)op, &offset);
   tongs_encode_fixed(e, q->encoded.base + head, tongs_encoder_size(&q->encoded) - head);
   icd_own_call_end(c, &q->call, offset);
}

/* Waits for the answer, and keeps it. */
static VkResult
ask_finish(struct icd_cache *cache, struct icd_connection *c, uint32_t op, struct question *q,
           void *args)
{
   const struct tongs_op_info *info = &tongs_ops[op];
   const size_t head = sizeof(struct tongs_op_header) + sizeof(uint32_t);
   size_t size = 0;

   bool answered = icd_own_call_reply(c, &q->call, &size) != NULL;
   bool ok = read_answer(op, answered ? q->call.reply : NULL, answered ? head + size : 0, args);
   if (ok && is_lasting(result_of(op, args)))
      icd_cache_add(cache, q->encoded.base, tongs_encoder_size(&q->encoded), q->call.reply,
                    head + size);
   free(q->call.reply);
   tongs_encoder_finish(&q->encoded);
   if (ok)
      return result_of(op, args);

   if (answered)
      icd_connection_lose(c);
   VkResult result = icd_connection_is_lost(c) ? info->lost : VK_ERROR_OUT_OF_HOST_MEMORY;
   if (info->returns_result)
      *(VkResult *)((uint8_t *)args + info->ret_offset) = result;
   return result;
}

static bool
find(struct icd_cache *cache, uint32_t op, const struct tongs_encoder *question, void *args)
{
   size_t size = 0;
   const void *known =
      icd_cache_find_locked(cache, question->base, tongs_encoder_size(question), &size);
   bool found = known && read_answer(op, known, size, args);

   icd_cache_unlock(cache);
   return found;
}

VkResult
icd_cached_call(struct icd_cache *cache, struct icd_connection *c, uint32_t op, void *args)
{
   struct question q;

   if (!encode_question(&q.encoded, c, op, args)) {
      tongs_encoder_finish(&q.encoded);
      return icd_call(c, op, args);
   }
   if (find(cache, op, &q.encoded, args)) {
      tongs_encoder_finish(&q.encoded);
      return result_of(op, args);
   }
   ask_begin(c, op, &q);
   return ask_finish(cache, c, op, &q, args);
}

bool
icd_cached_find(struct icd_cache *cache, const struct icd_connection *c, uint32_t op, void *args)
{
   struct tongs_encoder question;
   bool found = encode_question(&question, c, op, args) && find(cache, op, &question, args);

   tongs_encoder_finish(&question);
   return found;
}

void
icd_cached_ask_all(struct icd_cache *cache, struct icd_connection *c, uint32_t op,
                   void *const args[], uint32_t count)
{
   struct question questions[ICD_CACHED_ASK_MAX];
   uint32_t asked = 0;

   for (; asked < count; asked++) {
      if (!encode_question(&questions[asked].encoded, c, op, args[asked])) {
         tongs_encoder_finish(&questions[asked].encoded);
         break;
      }
      ask_begin(c, op, &questions[asked]);
   }
   for (uint32_t i = 0; i < asked; i++)
      ask_finish(cache, c, op, &questions[i], args[i]);
   for (uint32_t i = asked; i < count; i++) /* memory is out */
      icd_call(c, op, args[i]);
}
