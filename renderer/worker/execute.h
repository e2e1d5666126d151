/* SPDX-License-Identifier: MIT */
#ifndef RDR_WORKER_EXECUTE_H
#define RDR_WORKER_EXECUTE_H

#include "renderer/worker/context.h"

/* Carries out one op: `size` bytes of private memory, 8-byte aligned, its header checked against
 * `size`. Ends the connection where it breaks a rule. The decoder's thread. */
void
rdr_execute(struct rdr_context *ctx, const uint8_t *op, size_t size);

/* A decoder of the op's body that knows the object table. */
void
rdr_decoder_init(struct rdr_context *ctx, struct tongs_decoder *d, const uint8_t *op, size_t size,
                 struct tongs_arena *arena);

void
rdr_end_malformed(struct rdr_context *ctx, uint32_t op, const struct tongs_decoder *d);

/* Encodes the reply of a generated op. */
void
rdr_reply(struct rdr_context *ctx, uint32_t op, uint32_t tag, const void *args);

/* The same with a result in place of the host's. */
void
rdr_reply_result(struct rdr_context *ctx, uint32_t op, uint32_t tag, void *args, VkResult result);

#endif
