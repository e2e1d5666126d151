/* SPDX-License-Identifier: MIT */

/* The worker's end of the channel (protocol/channel.h), on top of a transport that shares
 * memory. */

#ifndef RDR_WORKER_CHANNEL_H
#define RDR_WORKER_CHANNEL_H

#include "renderer/worker/context.h"

/* Waits for ops and receives them. Polls submissions while it waits (waiter.h). Returns the number
 * of bytes; 0 if the client is gone or the connection has ended; -EPROTO if this function ended the
 * connection. The decoder's thread. */
ssize_t
rdr_channel_receive(struct rdr_context *ctx, void *data, size_t size);

/* Sends all of the bytes. Waits for a client that does not read, which delays no one but that
 * client. False if the client is gone. Under reply_lock. */
bool
rdr_channel_send(struct rdr_context *ctx, const uint8_t *data, size_t size);

/* Wakes the threads of the worker that sleep on one of the rings. Any thread. */
void
rdr_channel_wake(struct rdr_context *ctx);

#endif
