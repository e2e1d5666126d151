/* SPDX-License-Identifier: MIT */
#include "renderer/worker/replay.h"

#include "protocol/args.h"
#include "protocol/frame.h"
#include "renderer/worker/execute.h"

#include "tongs_gen_own.h"

#include <stdio.h>
#include <unistd.h>

/* The command names a failed object, and does not reach the host driver. If it opens a scope, the
 * command buffer fails, because the commands in the scope and its end must not stand alone. If it
 * binds something, the slot's result is the op's number from now on: work that would use what is
 * not bound is skipped, until the same op binds something else. */
static void
skip(struct rdr_context *ctx, const struct rdr_op *op, struct tongs_decoder *d)
{
   const struct tongs_op_info *info = &tongs_ops[op->number];
   struct tongs_slot *slot = &ctx->slots[op->parent];
   const VkResult result = d->failed->result;

   d->failed = NULL;
   if (!ctx->skips)
      fprintf(stderr,
              "tongs worker %d: a %s names an object that could not be made (%d), and is skipped\n",
              (int)getpid(), info->name, result);
   ctx->skips = true;
   rdr_note_post_failure(ctx, result);
   if (info->role == TONGS_ROLE_OPENS)
      slot->result = result;
   else if (info->role == TONGS_ROLE_BINDS)
      slot->result = (VkResult)op->number;
}

/* Whether a command for a command buffer with a result does not reach the host driver. A failed
 * command buffer stays failed until the client begins it anew. */
static bool
is_skipped(struct tongs_slot *slot, uint32_t number)
{
   if (slot->result < 0)
      return true;
   if ((uint32_t)slot->result != number)
      return tongs_ops[number].role == TONGS_ROLE_WORKS;
   slot->result = VK_SUCCESS;
   return false;
}

void
rdr_replay_refuse(struct rdr_context *ctx, const struct rdr_op *op, struct tongs_decoder *d)
{
   tongs_decoder_expect_end(d);
   if (d->error) {
      rdr_end_malformed(ctx, op->number, d);
   } else if (d->failed) {
      skip(ctx, op, d);
   }
   /* In the remaining case the device is lost, and no command reaches the host driver. */
}

/* Reads the command buffer that the commands are for. False, with the connection ended, if the op
 * names none. */
static bool
open_record(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct tongs_args_tongsRecord a;

   tongs_decode_tongsRecord(d, &a);
   op->command_buffer = (VkCommandBuffer)(uintptr_t)a.command_buffer;
   if (d->error || !d->target) {
      rdr_end(ctx, "a tongsRecord names no command buffer");
      return false;
   }
   op->parent = tongs_id_slot(d->target->id);
   op->owner = d->target->data;
   if (!d->target->handle) {
      rdr_note_post_failure(ctx, d->failed->result); /* a submission tells */
      return false;
   }
   d->failed = NULL;
   d->limits = tongs_decoder_limits(d);
   return true;
}

void
rdr_replay(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   const uint8_t *end = d->end;

   if (!open_record(ctx, op, d))
      return;
   /* No command adds or removes objects: the slot stays where it is. */
   struct tongs_slot *slot = &ctx->slots[op->parent];
   for (const uint8_t *at = d->cur; at < end && !ctx->ended;) {
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
      d->base = at;
      d->cur = at + sizeof(header);
      d->end = at += header.size;
      if (header.op == TONGS_OP_vkBeginCommandBuffer)
         slot->result = VK_SUCCESS;
      if (slot->result != VK_SUCCESS && is_skipped(slot, header.op))
         continue;
      op->number = header.op;
      replay(ctx, op, d);
      tongs_arena_clear(&ctx->arena);
   }
}
