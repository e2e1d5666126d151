/* SPDX-License-Identifier: MIT */

/* The commands of command buffers, by far the most frequent ops: each is decoded, checked and
 * handed to the host's driver by one generated function, without arguments in memory where it has
 * no chains. */

#ifndef RDR_WORKER_REPLAY_H
#define RDR_WORKER_REPLAY_H

#include "renderer/worker/context.h"

/* `d`: at the command's arguments; its device is that of ctx->command_buffer. */
typedef void (*rdr_replay_function)(struct rdr_context *ctx, struct tongs_decoder *d);

/* Indexed by op number; NULL for ops that are not recorded. */
extern const rdr_replay_function rdr_replay_functions[];

/* Carries out a tongsRecord: u64 command buffer, then ops without their first handle. `record`:
 * with its header. */
void
rdr_replay(struct rdr_context *ctx, const uint8_t *record, size_t size);

/* Why a decoded command does not reach the host's driver, and what follows from that. */
void
rdr_replay_refuse(struct rdr_context *ctx, struct rdr_device *dev, struct tongs_decoder *d);

/* Whether it does. */
static inline bool
rdr_replay_ready(struct rdr_context *ctx, struct rdr_device *dev, struct tongs_decoder *d)
{
   if (__builtin_expect(!d->error && tongs_decoder_left(d) < 8 && !d->failed && !dev->lost, 1))
      return true;
   rdr_replay_refuse(ctx, dev, d);
   return false;
}

#endif
