/* SPDX-License-Identifier: MIT */
#ifndef RDR_WORKER_EXECUTE_H
#define RDR_WORKER_EXECUTE_H

#include "renderer/worker/context.h"
#include "renderer/worker/op.h"

/* Carries out one op: `size` bytes of private memory, 8-byte aligned, starting with the header,
 * which has the same size. Ends the connection if the op breaks a rule. The decoder's thread. */
void
rdr_execute(struct rdr_context *ctx, const uint8_t *bytes, size_t size);

/* Initialises a decoder of the op's body that looks up ids in the object table. */
void
rdr_decoder_init(struct rdr_context *ctx, struct tongs_decoder *d, const uint8_t *bytes,
                 size_t size, struct tongs_arena *arena);

/* Ends the connection because the decoder has found the op with that number malformed. */
void
rdr_end_malformed(struct rdr_context *ctx, uint32_t number, const struct tongs_decoder *d);

#endif
