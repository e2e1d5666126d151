/* SPDX-License-Identifier: MIT */
#ifndef ICD_FENCE_H
#define ICD_FENCE_H

#include <vulkan/vulkan_core.h>

/* Called with each fence, which may be null, that the host's driver is to signal by other means than a submission. All
 * fences are the host's as yet. */
static inline void
icd_fence_to_host(VkFence fence)
{
   (void)fence;
}

#endif
