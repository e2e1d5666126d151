/* SPDX-License-Identifier: MIT */

/* Sends replies and events. Any thread. */

#ifndef RDR_WORKER_REPLIES_H
#define RDR_WORKER_REPLIES_H

#include "renderer/worker/context.h"
#include "renderer/worker/op.h"

/* Starts the op's reply and takes the lock; rdr_reply_end releases it. */
struct tongs_encoder *
rdr_reply_begin(struct rdr_context *ctx, const struct rdr_op *op, size_t *offset);

/* Ends a reply. Sends it now if many bytes are pending, else leaves it to the next
 * rdr_replies_flush(). */
void
rdr_reply_end(struct rdr_context *ctx, size_t offset);

/* Ends a reply, sends it now with the descriptor, and closes the descriptor. */
void
rdr_reply_end_with_fd(struct rdr_context *ctx, size_t offset, int fd);

/* Encodes the reply of a generated op. */
void
rdr_reply(struct rdr_context *ctx, const struct rdr_op *op, const void *args);

/* As rdr_reply(), and sends op->reply_fd with the reply. */
void
rdr_reply_with_fd(struct rdr_context *ctx, struct rdr_op *op, const void *args);

/* As rdr_reply, with `result` in place of the one that the host driver returned. */
void
rdr_reply_result(struct rdr_context *ctx, const struct rdr_op *op, void *args, VkResult result);

/* Sends the answer to the client's hello. `tables`, `reason`: see tongs_hello_encode. */
void
rdr_replies_send_hello(struct rdr_context *ctx, bool tables, const char *reason);

/* Sends the pending replies. */
void
rdr_replies_flush(struct rdr_context *ctx);

/* Tells the client why its connection ends (tongsLost). Does not wait: the message is dropped if
 * the client does not read. */
void
rdr_replies_tell_loss(struct rdr_context *ctx, const char *why);

#endif
