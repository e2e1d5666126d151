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

/* The version of the API that the host's loader has, at most the one that we know. */
uint32_t
rdr_host_version(const struct rdr_host *host);

#endif
