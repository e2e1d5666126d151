/* SPDX-License-Identifier: MIT */
#ifndef ICD_SHADER_H
#define ICD_SHADER_H

#include "icd/spirv.h"
#include "protocol/id.h"

struct icd_shader_module {
   struct tongs_object base;
   struct icd_spirv spirv;
};

static inline const struct icd_shader_module *
icd_shader_module_from(VkShaderModule handle)
{
   return (const struct icd_shader_module *)(uintptr_t)handle;
}

#endif
