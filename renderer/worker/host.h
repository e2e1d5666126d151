/* SPDX-License-Identifier: MIT */

/* The host's Vulkan: its loader, and the environment that decides which drivers and layers that
 * finds. */

#ifndef RDR_WORKER_HOST_H
#define RDR_WORKER_HOST_H

#include "renderer/worker/context.h"
#include "renderer/worker/worker.h"

/* Before any Vulkan is loaded, one thread; a second call does nothing: the host's own drivers, none
 * of the client's layers, never ourselves. */
void
rdr_host_set_environment(const struct rdr_worker_options *options);

/* Loads the Vulkan loader. False with a sentence in `why`. */
bool
rdr_host_load(struct rdr_host *host, char *why, size_t why_size);

#endif
