/* SPDX-License-Identifier: MIT */

/* Workers that are there before their client: with the host's driver loaded and used once, so that
 * the first vkCreateInstance of a client finds all that at hand. */

#ifndef RDR_WORKER_WARM_WORKER_H
#define RDR_WORKER_WARM_WORKER_H

#include "renderer/worker/worker.h"

/* The broker's one message to such a worker: RDR_LIMITS_MESSAGE_SIZE bytes as rdr_limits_encode()
 * writes them, with the client's socket attached to the first byte.
 *
 * What the worker tells the broker, a byte each: */
enum rdr_warm_word {
   RDR_WARM_WAITS,
   RDR_WARM_WARM,  /* and has nothing more to do before its client comes */
   RDR_WARM_TAKEN, /* the client is its own now, come what may */
};

/* Loads the host's driver, tells so on the stream socket `control`, receives the client's socket
 * and its limits there, tells that, closes `control` and serves the client. As rdr_worker_run(); 0
 * also when the other end of `control` goes first. A driver that cannot be loaded is the client's
 * to hear of. */
int
rdr_warm_worker_run(int control, const struct rdr_worker_options *options);

#endif
