/* SPDX-License-Identifier: MIT */
#include "renderer/worker/replay.h"

#include "protocol/args.h"
#include "protocol/frame.h"
#include "renderer/worker/execute.h"

void
rdr_replay_refuse(struct rdr_context *ctx, struct rdr_device *dev, struct tongs_decoder *d)
{
   tongs_decoder_expect_end(d);
   if (d->error) {
      rdr_end_malformed(ctx, ctx->op, d);
   } else if (d->failed) {
      rdr_post_failed(ctx, dev, tongs_ops[ctx->op].name, d->failed->result);
      d->failed = NULL;
   }
   /* Else the device is lost: nothing more reaches the driver of one. */
}

/* Points `d` at the command buffer's first command. False, with the connection ended, where none is
 * named. */
static bool
open_record(struct rdr_context *ctx, struct tongs_decoder *d, const uint8_t *record, size_t size)
{
   rdr_decoder_init(ctx, d, record, size, &ctx->arena);
   ctx->command_buffer =
      (VkCommandBuffer)(uintptr_t)tongs_decode_target(d, TONGS_TYPE_VkCommandBuffer);
   if (d->error || !d->target) {
      rdr_end(ctx, "a tongsRecord names no command buffer");
      return false;
   }
   ctx->is_call = false;
   ctx->op = TONGS_OP_tongsRecord;
   ctx->parent = tongs_id_slot(d->target->id);
   ctx->host_of_op = d->target->data;
   if (!d->target->handle) {
      rdr_post_failed(ctx, d->target->data, "vkAllocateCommandBuffers", d->failed->result);
      return false;
   }
   d->failed = NULL;
   d->limits = tongs_decoder_limits(d);
   return true;
}

void
rdr_replay(struct rdr_context *ctx, const uint8_t *record, size_t size)
{
   const uint8_t *end = record + size;
   struct tongs_decoder d;

   if (!open_record(ctx, &d, record, size))
      return;
   /* No command adds or removes objects: the slot stays where it is. */
   struct tongs_slot *slot = &ctx->slots[ctx->parent];
   for (const uint8_t *at = d.cur; at < end && !ctx->ended;) {
      struct tongs_op_header header = {0};
      rdr_replay_function replay = NULL;
      if ((size_t)(end - at) >= sizeof(header))
         header = tongs_op_header_read(at);
      if (header.op < TONGS_OP_COUNT)
         replay = rdr_replay_functions[header.op];
      if (header.size < TONGS_OP_SIZE_MIN || header.size % 8 || header.size > (size_t)(end - at) ||
          !replay) {
         rdr_end(ctx, "a tongsRecord holds something else than commands");
         return;
      }
      d.base = at;
      d.cur = at + sizeof(header);
      d.end = at += header.size;
      if (header.op == TONGS_OP_vkBeginCommandBuffer)
         slot->result = VK_SUCCESS;
      if (slot->result != VK_SUCCESS) /* what it was to hold is lost until it begins anew */
         continue;
      ctx->op = header.op;
      replay(ctx, &d);
      tongs_arena_clear(&ctx->arena);
   }
}
