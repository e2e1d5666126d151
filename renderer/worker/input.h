/* SPDX-License-Identifier: MIT */

/* What the worker receives: bytes from the transport or the channel, until they make whole ops. The
 * decoder's thread. */

#ifndef RDR_WORKER_INPUT_H
#define RDR_WORKER_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rdr_context;
struct rdr_op;
struct rdr_shared_memory;

/* Bytes that make no whole op yet. They are private memory: no other process writes them (R1). */
struct rdr_input {
   uint8_t *data; /* owned */
   size_t used;
   size_t size;
};

/* False if memory is out. */
bool
rdr_input_init(struct rdr_input *in);

void
rdr_input_finish(struct rdr_input *in);

/* Receives once, waiting up to `timeout_ms` (negative: without a limit) unless there is a channel,
 * which has no time limit. Returns how many bytes came; 0: none in time; negative: the stream is
 * over or broken, of which the latter has ended the connection. */
ssize_t
rdr_input_receive(struct rdr_context *ctx, int timeout_ms);

/* Forgets the first `size` bytes. */
void
rdr_input_drop(struct rdr_input *in, size_t size);

/* Carries out all whole ops and makes room for more. */
void
rdr_input_execute(struct rdr_context *ctx);

/* Gives back memory that only one huge op needed. */
void
rdr_input_trim(struct rdr_input *in);

/* Maps the memory that the client shares by the op, at least `size` bytes; takes the op's
 * descriptor. Returns NULL, or why it failed. */
const char *
rdr_op_map_memory(struct rdr_context *ctx, struct rdr_op *op, uint64_t size,
                  struct rdr_shared_memory *memory);

#endif
