/* ${made_by}. SPDX-License-Identifier: MIT */

/* How the client asks for the creation of an object: POST_BOUNDS in codegen/policy.py, RANGES in codegen/ignored.py. */

#ifndef ICD_GEN_BOUNDS_H
#define ICD_GEN_BOUNDS_H

#include "icd/bounds.h"
#include "icd/device.h"
#include "icd/physical_device.h"
#include "protocol/chain.h"

#include "tongs_gen_args.h"

% for o in ir.ops:
% if o.ranges:
static inline bool
icd_is_in_range_${o.short}(const struct tongs_args_${o.name} *a)
{
% for r in o.ranges:
   for (uint32_t i = 0; i < ${r.count}; i++) {
      const ${r.type} *v = &(${r.list})[i];
% for cond in r.conds:
      if (!(${cond}))
         return false;
% endfor
   }
% endfor
   return true;
}

% endif
% if o.bound:
static inline enum icd_way
icd_way_of_${o.short}(const struct tongs_args_${o.name} *v)
{
   const VkPhysicalDeviceLimits *limits = &icd_device_from(v->${o.handle})->physical->properties->properties.limits;

   (void)limits;
% if o.ranges:
   if (!icd_is_in_range_${o.short}(v))
      return ICD_REFUSE;
% endif
   return ${o.bound} ? ICD_POST : ICD_CALL;
}

% endif
% endfor
#endif
