/* SPDX-License-Identifier: MIT */

/* The host's Vulkan: its loader, and the environment that decides which drivers and layers the
 * loader finds. */

#ifndef RDR_WORKER_HOST_H
#define RDR_WORKER_HOST_H

#include "renderer/worker/context.h"
#include "renderer/worker/worker.h"

/* Sets the environment so that the loader finds the host's own drivers, none of the client's
 * layers, and never our own driver. Called while the process has one thread, before Vulkan is
 * loaded. A second call does nothing. */
void
rdr_host_set_environment(const struct rdr_worker_options *options);

/* Loads the Vulkan loader. False on failure, with the reason in `why`. */
bool
rdr_host_load(struct rdr_host *host, char *why, size_t why_size);

/* Keeps the host drivers that are loaded from being unloaded. Otherwise the loader would unload
 * them with the last instance, and the client's next instance would wait until they are loaded
 * again. The first call counts. The decoder's thread. */
void
rdr_host_pin_drivers(void);

/* The API version of the host's loader, or that of our Vulkan headers if that is lower. */
uint32_t
rdr_host_version(const struct rdr_host *host);

#endif
