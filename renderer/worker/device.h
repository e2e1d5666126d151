/* SPDX-License-Identifier: MIT */

/* The end of a device. */

#ifndef RDR_WORKER_DEVICE_H
#define RDR_WORKER_DEVICE_H

#include "renderer/worker/context.h"

/* Destroys the device in the slot, what is left of its objects, and its shared heaps. No wait is
 * going on on it. */
void
rdr_device_destroy(struct rdr_context *ctx, uint32_t slot);

#endif
