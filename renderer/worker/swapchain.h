/* SPDX-License-Identifier: MIT */

/* What the worker keeps of swapchains. */

#ifndef RDR_WORKER_SWAPCHAIN_H
#define RDR_WORKER_SWAPCHAIN_H

#include "renderer/worker/context.h"

/* Whether a swapchain of any device is on the surface with that id. The decoder's thread. */
bool
rdr_surface_is_used(const struct rdr_context *ctx, uint64_t surface);

/* Destroys the surfaces that the client has left. Its devices are gone. */
void
rdr_surfaces_destroy(struct rdr_context *ctx);

/* Frees what is kept of a device's swapchains, which are gone. The device is there still. */
void
rdr_swapchains_finish(struct rdr_device *dev);

#endif
