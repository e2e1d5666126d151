/* SPDX-License-Identifier: MIT */

/* The destruction of a device. */

#ifndef RDR_WORKER_DEVICE_H
#define RDR_WORKER_DEVICE_H

#include "renderer/worker/context.h"

/* Destroys the device in the slot together with its remaining objects and shared heaps. No call may
 * be waiting on the device. */
void
rdr_device_destroy(struct rdr_context *ctx, uint32_t slot);

#endif
