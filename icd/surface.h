/* SPDX-License-Identifier: MIT */
#ifndef ICD_SURFACE_H
#define ICD_SURFACE_H

#include "icd/object.h"

#include <stdbool.h>

/* Whether a surface is one of ours. Loaders hand to every driver the surfaces of window systems
 * that another driver serves, as structs of their own (vk_icd.h, VkIcdSurfaceBase), and never
 * create them with us. Null is fine: the host says what it means (VK_GOOGLE_surfaceless_query). */
bool
icd_surface_is_ours(VkSurfaceKHR surface);

#endif
