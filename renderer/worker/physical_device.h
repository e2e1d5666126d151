/* SPDX-License-Identifier: MIT */

/* What the worker knows of a physical device. */

#ifndef RDR_WORKER_PHYSICAL_DEVICE_H
#define RDR_WORKER_PHYSICAL_DEVICE_H

#include "renderer/worker/context.h"

/* Asks the host driver, once for each physical device. */
struct rdr_physical_device
rdr_physical_device_properties(struct rdr_instance *instance, VkPhysicalDevice physical);

/* Encodes names and versions. */
void
rdr_encode_extensions(struct tongs_encoder *e, const VkExtensionProperties *list, uint32_t count);

#endif
