/* SPDX-License-Identifier: MIT */

/* The parts of a shader module's SPIR-V that the client reads, in order to know whether a pipeline
 * may fail: the structure (section "Physical Layout" of the SPIR-V specification), the entry points
 * and the capabilities. */

#ifndef ICD_SPIRV_H
#define ICD_SPIRV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

#define ICD_SPIRV_ENTRIES 32
#define ICD_SPIRV_CAPABILITIES 24

struct icd_spirv {
   bool is_odd; /* broken, of instructions that we do not know, or with more than we keep */
   uint8_t entry_count;
   uint8_t capability_count;
   uint32_t entries[ICD_SPIRV_ENTRIES];           /* hashes of execution models and names */
   uint16_t capabilities[ICD_SPIRV_CAPABILITIES]; /* those that not every device has */
};

/* Reads the words, which may be anything. `size`: in bytes. */
void
icd_spirv_read(struct icd_spirv *spirv, const uint32_t *words, size_t size);

/* Whether the module is whole and has the stage's entry point. False for stages of ray tracing. */
bool
icd_spirv_has_entry(const struct icd_spirv *spirv, VkShaderStageFlagBits stage, const char *name);

/* The capabilities for which a device has compiled a pipeline. Any thread. */
struct icd_spirv_proven {
   _Atomic uint32_t bits[8192 / 32];
};

bool
icd_spirv_is_proven(const struct icd_spirv *spirv, const struct icd_spirv_proven *proven);

void
icd_spirv_prove(const struct icd_spirv *spirv, struct icd_spirv_proven *proven);

#endif
