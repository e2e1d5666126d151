/* SPDX-License-Identifier: MIT */

/* The worker's input: collects bytes from the transport or the channel until they form whole ops.
 * The decoder's thread. */

#ifndef RDR_WORKER_INPUT_H
#define RDR_WORKER_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rdr_context;
struct rdr_op;
struct rdr_shared_memory;

/* Received bytes that do not form a whole op yet. They are in private memory, which no other
 * process can write (R1). */
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

/* Receives once. Waits up to `timeout_ms` (negative: without limit); on a channel it always waits
 * without limit. Returns the number of bytes; 0: none came in time; negative: EOF or an error, of
 * which an error has ended the connection. */
ssize_t
rdr_input_receive(struct rdr_context *ctx, int timeout_ms);

/* Removes the first `size` bytes. */
void
rdr_input_drop(struct rdr_input *in, size_t size);

/* Carries out all whole ops and makes room for more. */
void
rdr_input_execute(struct rdr_context *ctx);

/* Shrinks the buffer if only one huge op needed its size. */
void
rdr_input_trim(struct rdr_input *in);

/* Maps the memory that the client shares by the op, at least `size` bytes. Takes the op's
 * descriptor. Returns NULL, or the reason of the failure. */
const char *
rdr_op_map_memory(struct rdr_context *ctx, struct rdr_op *op, uint64_t size,
                  struct rdr_shared_memory *memory);

#endif
