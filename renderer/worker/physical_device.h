/* SPDX-License-Identifier: MIT */

/* What the worker knows of a physical device. */

#ifndef RDR_WORKER_PHYSICAL_DEVICE_H
#define RDR_WORKER_PHYSICAL_DEVICE_H

#include "renderer/worker/context.h"

struct tongs_own_extension;

/* Asks the host driver, once for each physical device. */
struct rdr_physical_device
rdr_physical_device_properties(struct rdr_instance *instance, VkPhysicalDevice physical);

/* What the client is told of each extension, in the decoder's arena; NULL for none, and if memory
 * is out. The names are the list's. */
const struct tongs_own_extension *
rdr_describe_extensions(struct tongs_decoder *d, const VkExtensionProperties *list, uint32_t count);

#endif
