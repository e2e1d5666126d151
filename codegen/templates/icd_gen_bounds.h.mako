/* ${made_by}. SPDX-License-Identifier: MIT */

/* Whether a driver will hardly fail to create what the arguments ask for: POST_BOUNDS in codegen/policy.py. */

#ifndef ICD_GEN_BOUNDS_H
#define ICD_GEN_BOUNDS_H

#include "icd/bounds.h"
#include "icd/device.h"
#include "icd/physical_device.h"
#include "protocol/chain.h"

#include "tongs_gen_args.h"

% for o in ir.ops:
% if o.bound:
static inline bool
icd_may_post_${o.short}(const struct tongs_args_${o.name} *v)
{
   const VkPhysicalDeviceLimits *limits = &icd_device_from(v->${o.handle})->physical->properties->properties.limits;

   (void)limits;
   return ${o.bound};
}

% endif
% endfor
#endif
