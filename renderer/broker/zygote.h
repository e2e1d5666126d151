/* SPDX-License-Identifier: MIT */

/* The process that workers are forked from: it has the host's driver loaded and has used nothing of
 * it. Loading a driver, and relocating the compiler in it, is most of a worker's start, and a good
 * part of its memory; it is done once here. */

#ifndef RDR_BROKER_ZYGOTE_H
#define RDR_BROKER_ZYGOTE_H

#include "renderer/worker/worker.h"

#include <stdint.h>

/* What it tells on its socket, an int32_t each: this when it can fork, then for each socket that it
 * is sent the pid of the worker that has it, or a negative errno. */
#define RDR_ZYGOTE_LOADED 0

/* Loads the driver and tells so on the stream socket `control`. For each socket that comes there it
 * forks a worker, which waits on that for its client as rdr_warm_worker_run() does; the worker's
 * parent is not the zygote but the subreaper above it. Returns the exit status of the process,
 * which is the zygote's or a worker's; the zygote's end comes with the other end's, and where the
 * driver has threads already, so that none may be forked. */
int
rdr_zygote_run(int control, const struct rdr_worker_options *options);

#endif
