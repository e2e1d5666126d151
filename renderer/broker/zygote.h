/* SPDX-License-Identifier: MIT */

/* The zygote: a process that has loaded the host driver's libraries, has called none of their
 * functions, and forks workers. Loading a driver and relocating its compiler takes most of the time
 * that a worker needs to start, and a good part of its memory. The zygote does so once for all
 * workers.
 */

#ifndef RDR_BROKER_ZYGOTE_H
#define RDR_BROKER_ZYGOTE_H

#include "renderer/worker/worker.h"

#include <stdint.h>

/* The zygote sends int32_t words on its socket. The first is RDR_ZYGOTE_LOADED, sent when the
 * zygote is ready to fork. Then it sends one word for each socket that it receives: the pid of the
 * worker that got the socket, or a negative errno. */
#define RDR_ZYGOTE_LOADED 0

/* Loads the driver and sends RDR_ZYGOTE_LOADED on the stream socket `control`. Then forks a worker
 * for each socket that it receives there. The worker runs rdr_warm_worker_run() on that socket. The
 * worker's parent is the next subreaper above the zygote, which is the broker. Returns in workers
 * only, with the exit status of the worker. The zygote exits with status 0 when the broker closes
 * its end of `control`. It also exits with status 0, without sending any word, if the driver has
 * started threads, because a process with threads cannot be forked safely. */
int
rdr_zygote_run(int control, const struct rdr_worker_options *options);

#endif
