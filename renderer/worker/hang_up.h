/* SPDX-License-Identifier: MIT */
#ifndef RDR_WORKER_HANG_UP_H
#define RDR_WORKER_HANG_UP_H

#include "renderer/worker/context.h"

/* Starts a thread that waits until the client hangs up. Then the thread sets client_left and wakes
 * the threads that sleep on the channel. If the host driver does not return and the process still
 * runs after some time, the thread ends the process. */
void
rdr_hang_up_watch(struct rdr_context *ctx);

#endif
