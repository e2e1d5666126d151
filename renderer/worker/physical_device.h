/* SPDX-License-Identifier: MIT */

/* The properties of physical devices that the worker uses. */

#ifndef RDR_WORKER_PHYSICAL_DEVICE_H
#define RDR_WORKER_PHYSICAL_DEVICE_H

#include "renderer/worker/context.h"

struct tongs_own_extension;

/* Returns the properties. Asks the host driver at the first call for each physical device. */
struct rdr_physical_device
rdr_physical_device_properties(struct rdr_instance *instance, VkPhysicalDevice physical);

/* Returns what the client is told of each extension, in the decoder's arena; NULL if `list` is
 * empty or memory is out. The names point into `list`. */
const struct tongs_own_extension *
rdr_describe_extensions(struct tongs_decoder *d, const VkExtensionProperties *list, uint32_t count);

#endif
