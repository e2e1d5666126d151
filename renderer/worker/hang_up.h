/* SPDX-License-Identifier: MIT */
#ifndef RDR_WORKER_HANG_UP_H
#define RDR_WORKER_HANG_UP_H

#include "renderer/worker/context.h"

/* Starts a thread that sees the client hang up. It sets client_left and wakes the threads that
 * sleep on the channel. If the process is still there after some time, because the host driver does
 * not return, the thread ends it. */
void
rdr_hang_up_watch(struct rdr_context *ctx);

#endif
