/* SPDX-License-Identifier: MIT */

/* The commands of command buffers, by far the most frequent ops. One generated function per command
 * decodes it, checks it and calls the host driver. Commands without chains need no argument struct
 * in memory. */

#ifndef RDR_WORKER_REPLAY_H
#define RDR_WORKER_REPLAY_H

#include "renderer/worker/context.h"
#include "renderer/worker/op.h"

/* `d`: positioned at the command's arguments. `dev`: the device of op->command_buffer. */
typedef void (*rdr_replay_function)(struct rdr_context *ctx, struct rdr_op *op,
                                    struct tongs_decoder *d);

/* Indexed by op number; NULL for ops that are not recorded. */
extern const rdr_replay_function rdr_replay_functions[];

/* Carries out a tongsRecord: a command buffer's id, then ops without their first handle. `d`:
 * positioned at the id. */
void
rdr_replay(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);

/* Handles a command that must not reach the host driver, because it is malformed, uses a failed
 * object, or is for a lost device. */
void
rdr_replay_refuse(struct rdr_context *ctx, const struct rdr_op *op, struct tongs_decoder *d);

/* Whether the decoded command may be passed to the host driver. */
static inline bool
rdr_replay_ready(struct rdr_context *ctx, const struct rdr_op *op, struct rdr_device *dev,
                 struct tongs_decoder *d)
{
   if (__builtin_expect(!d->error && tongs_decoder_left(d) < 8 && !d->failed && !dev->lost, 1))
      return true;
   rdr_replay_refuse(ctx, op, d);
   return false;
}

#endif
