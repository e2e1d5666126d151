/* SPDX-License-Identifier: MIT */
#ifndef RDR_WORKER_HANDSHAKE_H
#define RDR_WORKER_HANDSHAKE_H

#include "renderer/worker/context.h"

/* Receives the client's hello, loads the host's Vulkan loader and answers (docs/wire.md,
 * "Handshake"). False if there is no connection. If the client or the host is the cause, the reason
 * has been logged and sent to the client. The decoder's thread. */
bool
rdr_shake_hands(struct rdr_context *ctx);

#endif
