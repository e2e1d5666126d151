/* SPDX-License-Identifier: MIT */
#ifndef RDR_WORKER_EXECUTE_H
#define RDR_WORKER_EXECUTE_H

#include "renderer/worker/context.h"
#include "renderer/worker/op.h"

/* Carries out one op: `size` bytes of private memory with its header, which says the same size;
 * 8-byte aligned. Ends the connection if the op breaks a rule. The decoder's thread. */
void
rdr_execute(struct rdr_context *ctx, const uint8_t *bytes, size_t size);

/* A decoder of the op's body that knows the object table. */
void
rdr_decoder_init(struct rdr_context *ctx, struct tongs_decoder *d, const uint8_t *bytes,
                 size_t size, struct tongs_arena *arena);

/* Ends the connection because the decoder has failed on the op with that number. */
void
rdr_end_malformed(struct rdr_context *ctx, uint32_t number, const struct tongs_decoder *d);

/* Encodes the reply of a generated op. Any thread. */
void
rdr_reply(struct rdr_context *ctx, const struct rdr_op *op, const void *args);

/* The same with `result` in place of the one that the host driver returned. */
void
rdr_reply_result(struct rdr_context *ctx, const struct rdr_op *op, void *args, VkResult result);

#endif
