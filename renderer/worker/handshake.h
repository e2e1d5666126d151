/* SPDX-License-Identifier: MIT */
#ifndef RDR_WORKER_HANDSHAKE_H
#define RDR_WORKER_HANDSHAKE_H

#include "renderer/worker/context.h"

/* Receives the client's hello, loads the host's Vulkan loader and answers (docs/wire.md,
 * "Handshake"). False if there is no connection; if that is the client's fault or the host's, the
 * client and the log have been told. The decoder's thread. */
bool
rdr_shake_hands(struct rdr_context *ctx);

#endif
