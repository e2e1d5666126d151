/* SPDX-License-Identifier: MIT */

/* A warm worker loads the host driver and uses it once before it has a client, so that the client's
 * first vkCreateInstance is faster. */

#ifndef RDR_WORKER_WARM_WORKER_H
#define RDR_WORKER_WARM_WORKER_H

#include "renderer/worker/worker.h"

/* The broker sends one message: RDR_LIMITS_MESSAGE_SIZE bytes as rdr_limits_encode() writes them,
 * with the client's socket attached to the first byte (SCM_RIGHTS), and maybe a second descriptor,
 * which becomes the worker's stderr.
 *
 * The worker sends these words, one byte each: */
enum rdr_warm_word {
   RDR_WARM_WAITS,
   RDR_WARM_WARM,  /* the preparation is complete */
   RDR_WARM_TAKEN, /* the worker has received its client */
};

/* Loads and uses the host driver, receives the client's socket and limits on the stream socket
 * `control`, closes `control` and serves the client as rdr_worker_run() does. If the broker closes
 * its end of `control` first, the process exits with 0. If the host driver cannot be loaded, the
 * worker tells the client when it has one. */
int
rdr_warm_worker_run(int control, const struct rdr_worker_options *options);

#endif
