/* SPDX-License-Identifier: MIT */
#include "renderer/worker/execute.h"

#include "protocol/args.h"
#include "protocol/frame.h"
#include "protocol/own.h"
#include "renderer/worker/compile.h"
#include "renderer/worker/handlers.h"
#include "renderer/worker/jobs.h"
#include "renderer/worker/object.h"
#include "renderer/worker/op.h"
#include "renderer/worker/replay.h"
#include "renderer/worker/replies.h"
#include "renderer/worker/transport.h"
#include "renderer/worker/waiter.h"

#include "tongs_gen_types.h"

#include <string.h>
#include <unistd.h>

static const void *
limits_of(const struct tongs_slot *target)
{
   switch (tongs_id_type(target->id)) {
   case TONGS_TYPE_VkDevice:
   case TONGS_TYPE_VkQueue:
   case TONGS_TYPE_VkCommandBuffer:
      return target->data ? &((const struct rdr_device *)target->data)->limits : NULL;
   default:
      return NULL;
   }
}

void
rdr_decoder_init(struct rdr_context *ctx, struct tongs_decoder *d, const uint8_t *bytes,
                 size_t size, struct tongs_arena *arena)
{
   /* Before the first object there is no table. NULL would make the decoder take ids for handles.
    */
   static const struct tongs_slot no_slots[1];

   tongs_decoder_init(d, bytes, size, arena);
   d->cur += sizeof(struct tongs_op_header);
   d->limits_of = limits_of;
   d->wait_compiled = rdr_wait_compiled;
   d->slots = ctx->slots ? ctx->slots : no_slots;
   d->slot_count = ctx->slot_count;
}

void
rdr_end_malformed(struct rdr_context *ctx, uint32_t number, const struct tongs_decoder *d)
{
   if (d->error == TONGS_DECODE_BOUNDS)
      rdr_end(ctx, "a %s is malformed: %s", tongs_ops[number].name, d->detail);
   else if (d->detail)
      rdr_end(ctx, "a %s is malformed: %s is absent, which the API requires",
              tongs_ops[number].name, d->detail);
   else
      rdr_end(ctx, "a %s is malformed: %s", tongs_ops[number].name,
              tongs_decode_error_text(d->error));
}

/* --- Ops that cannot be carried out --- */

/* The slot of the parent of the op's new objects. 0, with the connection ended, if the op names no
 * parent. */
static uint32_t
parent_of_new(struct rdr_context *ctx, const struct rdr_op *op)
{
   uint8_t pool_type = rdr_ops[op->number].pool_type;

   return pool_type ? rdr_pool_slot(ctx, op, pool_type) : op->parent;
}

/* The op would fail with this result, without having been carried out: a call reports it, and what
 * a post creates fails. */
static void
fail_creation(struct rdr_context *ctx, const struct rdr_op *op, struct tongs_args *args,
              VkResult result)
{
   if (op->is_call) {
      rdr_reply_result(ctx, op, args, result);
      return;
   }
   uint32_t parent = parent_of_new(ctx, op);
   rdr_note_post_failure(ctx, result);
   for (uint32_t i = 0; i < args->new_count && parent; i++)
      rdr_object_add(ctx, tongs_ops[op->number].creates, args->new_ids[i], 0, result, parent,
                     op->owner);
}

/* The op uses a failed object: one whose creation failed, or a command buffer whose recording
 * failed. What the op creates fails with the same result, and a call reports the result. Any other
 * post is skipped. It loses the device if somebody may rely on it. */
static void
execute_on_failed(struct rdr_context *ctx, const struct rdr_op *op, struct tongs_args *args,
                  const struct tongs_decoder *d)
{
   const struct tongs_op_info *info = &tongs_ops[op->number];
   VkResult result = d->failed->result;

   if (op->is_call) {
      rdr_reply_result(ctx, op, args, result);
   } else if (info->creates) {
      uint32_t parent = parent_of_new(ctx, op);
      for (uint32_t i = 0; i < args->new_count && parent; i++)
         rdr_object_add(ctx, info->creates, args->new_ids[i], 0, result, parent, op->owner);
   } else if (info->failure != TONGS_FAILURE_LOST) {
      rdr_note_post_failure(ctx, result);
   } else if (d->device) {
      rdr_post_failed(ctx, op, ctx->slots[d->device].data, info->name, result);
   }
}

/* Handles an op on a lost device. Only ops that remove objects reach the host driver, because
 * other ops could use objects that do not exist: the post that would have created them failed.
 * False if the op must be carried out normally. */
static bool
execute_on_lost(struct rdr_context *ctx, const struct rdr_op *op, struct tongs_args *args)
{
   const struct tongs_op_info *info = &tongs_ops[op->number];

   if (rdr_ops[op->number].removes || (op->is_call && !info->returns_result))
      return false;
   if (op->is_call)
      rdr_reply_result(ctx, op, args, info->lost);
   uint32_t parent = op->is_call || !args->new_count ? 0 : parent_of_new(ctx, op);
   for (uint32_t i = 0; parent && i < args->new_count; i++)
      rdr_object_add(ctx, info->creates, args->new_ids[i], 0, VK_ERROR_DEVICE_LOST, parent,
                     op->owner);
   return true;
}

/* --- Ops --- */

static void
execute_generated(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   const struct tongs_op_info *info = &tongs_ops[op->number];
   struct tongs_args *args = tongs_arena_alloc(&ctx->arena, info->args_size);

   if (!args) {
      rdr_end(ctx, "out of memory for a %s", info->name);
      return;
   }
   d->seen = op->used;
   d->seen_max = 2;
   info->decode(d, args);
   tongs_decoder_expect_end(d);
   if (d->error) {
      rdr_end_malformed(ctx, op->number, d);
      return;
   }

   op->parent = d->target ? tongs_id_slot(d->target->id) : 0;
   op->owner = d->target ? d->target->data : NULL;
   if (d->failed && !rdr_ops[op->number].removes) {
      execute_on_failed(ctx, op, args, d);
      return;
   }
   struct rdr_device *dev = d->device ? ctx->slots[d->device].data : NULL;
   if (dev && dev->lost && execute_on_lost(ctx, op, args))
      return;
   if (info->creates) {
      VkResult room = rdr_object_room(ctx, info->creates, args->new_count);
      if (room != VK_SUCCESS) {
         fail_creation(ctx, op, args, room);
         return;
      }
   }
   rdr_ops[op->number].handle(ctx, op, args);
   if (!op->is_call)
      return;
   if (op->reply_fd >= 0)
      rdr_reply_with_fd(ctx, op, args);
   else
      rdr_reply(ctx, op, args);
}

/* An op of our own. */
struct own_op {
   rdr_body_handler handle;
   bool after_compilations;
};

static const struct own_op own_ops[] = {
   [TONGS_OP_tongsRecord] = {rdr_replay},
   [TONGS_OP_tongsHeapCreate] = {rdr_own_heap_create},
   [TONGS_OP_tongsHeapDestroy] = {rdr_own_heap_destroy},
   [TONGS_OP_tongsMemoryWrite] = {rdr_own_memory_write},
   [TONGS_OP_tongsMemoryRead] = {rdr_own_memory_read},
   [TONGS_OP_tongsMemoryFd] = {rdr_own_memory_fd},
   [TONGS_OP_tongsCopyMemoryToImage] = {rdr_own_copy_memory_to_image},
   [TONGS_OP_tongsCopyImageToMemory] = {rdr_own_copy_image_to_memory},
   [TONGS_OP_tongsSwapchainImages] = {rdr_own_swapchain_images},
   [TONGS_OP_tongsAcquireAhead] = {rdr_own_acquire_ahead},
   [TONGS_OP_tongsTakeImage] = {rdr_own_take_image},
   [TONGS_OP_tongsInstanceFacts] = {rdr_own_instance_facts},
   [TONGS_OP_tongsSnapshot] = {rdr_own_snapshot},
   [TONGS_OP_tongsSync] = {rdr_own_sync, .after_compilations = true},
   [TONGS_OP_tongsChannel] = {rdr_own_channel},
   [TONGS_OP_tongsGetQueue] = {rdr_own_get_queue},
   [TONGS_OP_tongsExportsMemory] = {rdr_own_exports_memory},
};

/* NULL if the number is of no op that a client may send. */
static const struct own_op *
find_own(uint32_t number)
{
   const size_t count = sizeof(own_ops) / sizeof(own_ops[0]);

   return number < count && own_ops[number].handle ? &own_ops[number] : NULL;
}

static void
execute_own(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   const struct own_op *own = find_own(op->number);

   if (!own || (tongs_own_ops[op->number].kind == TONGS_OWN_CALL) != op->is_call) {
      rdr_end(ctx, "op %u is unknown here", op->number);
      return;
   }
   if (own->after_compilations)
      rdr_wait_all_compiled(ctx->compiles);
   op->tag = op->is_call ? tongs_decode_u32(d) : 0;
   own->handle(ctx, op, d);
}

static bool
is_of_its_kind(const struct rdr_op *op, const struct tongs_op_info *info)
{
   if (op->is_call)
      return info->kind == TONGS_OP_CALL;
   return info->kind == TONGS_OP_POST || info->also_posts;
}

/* An op of Vulkan. */
static void
execute_vulkan(struct rdr_context *ctx, struct rdr_op *op, const uint8_t *bytes, size_t size,
               struct tongs_decoder *d)
{
   const struct tongs_op_info *info = &tongs_ops[op->number];
   const struct rdr_op_info *how = &rdr_ops[op->number];

   if (!is_of_its_kind(op, info)) {
      rdr_end(ctx, "a %s came as another kind of op than it is", info->name);
      return;
   }
   if (how->compiled && !op->is_call &&
       rdr_object_room(ctx, TONGS_TYPE_VkPipeline, 1) == VK_SUCCESS) {
      rdr_compile(ctx->compiles, bytes, size);
      return;
   }
   if (how->after_compilations)
      rdr_wait_all_compiled(ctx->compiles);
   if (info->blocking) {
      rdr_jobs_run(ctx->jobs, bytes, size);
      return;
   }
   if (info->destroys == TONGS_TYPE_VkPipeline && rdr_compile_forgets(ctx->compiles, bytes, size))
      return;
   op->tag = op->is_call ? tongs_decode_u32(d) : 0;
   if (how->handle_body)
      how->handle_body(ctx, op, d);
   else
      execute_generated(ctx, op, d);
}

/* Gives the op the oldest received descriptor that no op has taken. False, with the connection
 * ended, if there is none or the op takes none. */
static bool
find_fd(struct rdr_context *ctx, struct rdr_op *op)
{
   const bool own = op->number < TONGS_OWN_OPS && tongs_own_ops[op->number].brings_fd;

   if (!own && !(op->number < TONGS_OP_COUNT && rdr_ops[op->number].takes_fd)) {
      rdr_end(ctx, "op %u says that it brings a file descriptor, and takes none", op->number);
      return false;
   }
   op->fd = ctx->transport->ops->receive_fd(ctx->transport);
   if (op->fd < 0)
      rdr_end(ctx, "op %u came without its file descriptor", op->number);
   return op->fd >= 0;
}

void
rdr_execute(struct rdr_context *ctx, const uint8_t *bytes, size_t size)
{
   struct tongs_op_header header = tongs_op_header_read(bytes);
   struct tongs_decoder d;
   struct rdr_op op = {
      .number = header.op,
      .is_call = header.flags & TONGS_OP_FLAG_CALL,
      .fd = -1,
      .reply_fd = -1,
   };

   /* Stop polling: this thread carries out an op now, which may take long. */
   if (ctx->polled)
      rdr_waiter_poll_end(ctx);
   /* If the transport passes no descriptors, the flag means that the op maps memory in another
    * way. */
   if (header.flags & TONGS_OP_FLAG_FD && ctx->transport->capabilities & RDR_TRANSPORT_PASSES_FDS &&
       !find_fd(ctx, &op))
      return;
   rdr_decoder_init(ctx, &d, bytes, size, &ctx->arena);
   if (op.number < TONGS_OP_COUNT && tongs_ops[op.number].kind != TONGS_OP_NONE)
      execute_vulkan(ctx, &op, bytes, size, &d);
   else
      execute_own(ctx, &op, &d);
   tongs_arena_clear(&ctx->arena);
   if (op.fd >= 0) /* the op was not carried out */
      close(op.fd);
}
