/* ${made_by}. SPDX-License-Identifier: MIT */
#ifndef ICD_GEN_ENTRY_H
#define ICD_GEN_ENTRY_H

#include <vulkan/vulkan_core.h>

/* Every command of the driver, generated or hand-written. */
% for f in ir.prototypes:
VKAPI_ATTR ${f.ret} VKAPI_CALL icd_${f.short}(${f.declaration});
% endfor

#endif
