/* SPDX-License-Identifier: MIT */
#ifndef ICD_SURFACE_H
#define ICD_SURFACE_H

#include "icd/object.h"

#include <stdbool.h>

/* Whether this driver created the surface. Loaders pass the surfaces of all window systems to every
 * driver, as structs of the loader (vk_icd.h, VkIcdSurfaceBase). VK_NULL_HANDLE counts as ours: the
 * host driver decides about it (VK_GOOGLE_surfaceless_query). */
bool
icd_surface_is_ours(VkSurfaceKHR surface);

#endif
