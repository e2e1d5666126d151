/* SPDX-License-Identifier: MIT */

/* Workers that are there before their guest: with the host's driver loaded and used once, so that the first
 * vkCreateInstance of a guest finds all that at hand. */

#ifndef RDR_READY_H
#define RDR_READY_H

#include "worker.h"

/* What such a worker tells, a byte each. */
enum rdr_ready_word {
   RDR_READY_WAITS,
   RDR_READY_WARM,  /* and has nothing more to do before its guest comes */
   RDR_READY_TAKEN, /* the guest is its own now, come what may */
};

/* Loads the host's driver, tells so on the stream socket `control`, receives the guest's socket there, tells that, closes
 * `control` and serves the guest. As rdr_worker_run(); 0 also when the other end of `control` goes first. A driver that
 * cannot be loaded is the guest's to hear of. */
int
rdr_ready_run(int control, const struct rdr_worker_options *options);

#endif
