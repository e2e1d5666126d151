/* SPDX-License-Identifier: MIT */

/* The generated tables of commands, extensions, features and properties
 * (codegen/templates/icd_gen_table.c.mako). */

#ifndef ICD_TABLE_H
#define ICD_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

enum icd_level {
   ICD_LEVEL_GLOBAL,
   ICD_LEVEL_INSTANCE,
   ICD_LEVEL_PHYSICAL,
   ICD_LEVEL_DEVICE,
};

#define ICD_NO_EXTENSION UINT16_C(65535)
#define ICD_BRINGER_NEEDS 3

/* An extension that brings a command, and what else must be there. */
struct icd_bringer {
   uint32_t core;                     /* the API version that must be there, 0 for none */
   uint16_t extension;                /* its index */
   uint16_t needs[ICD_BRINGER_NEEDS]; /* extensions too; ICD_NO_EXTENSION ends the list */
};

/* A name that an application may pass to vkGet*ProcAddr. */
struct icd_entry_point {
   const char *name;
   PFN_vkVoidFunction function;
   uint8_t level; /* enum icd_level */
   bool stub;     /* known but not implemented: aborts when called */
   uint32_t core; /* the API version that brings it, 0 for none */
   const struct icd_bringer *bringers;
   uint16_t bringer_count;
   uint16_t op; /* the worker must know it; 0: none */
};

struct icd_extension {
   const char *name;
   uint32_t spec_version;
   bool instance;
   bool left_out;        /* codegen/policy.py says why */
   bool needs_fds;       /* useful only if file descriptors cross to the worker */
   bool needs_app_pages; /* ... if the application's own pages can be shared */
   const uint16_t *ops;
   uint16_t op_count;
   const uint16_t *structs; /* indices */
   uint16_t struct_count;
};

/* A VkBool32 that is always false. */
struct icd_feature {
   VkStructureType type;
   uint32_t offset;
};

/* A struct in the chain of vkGetPhysicalDeviceProperties2 or Features2. */
struct icd_property_struct {
   VkStructureType type;
   uint32_t index; /* TONGS_STRUCT_* */
   uint32_t size;
   uint32_t core;          /* the API version that brings it, 0 for none */
   uint16_t extensions[4]; /* those that bring it; ICD_NO_EXTENSION ends the list */
};

extern const struct icd_entry_point icd_entry_points[];
extern const uint32_t icd_entry_point_count;
extern const struct icd_extension icd_extensions[];
extern const uint32_t icd_extension_count;
extern const struct icd_feature icd_features_off[];
extern const uint32_t icd_features_off_count;
extern const struct icd_property_struct icd_properties_structs[];
extern const uint32_t icd_properties_struct_count;
extern const struct icd_property_struct icd_features_structs[];
extern const uint32_t icd_features_struct_count;
extern const VkFormat icd_formats[];
extern const uint32_t icd_format_count;

/* NULL if the name is unknown. */
const struct icd_entry_point *
icd_find_entry_point(const char *name);

/* The index of an extension, or ICD_NO_EXTENSION. */
uint16_t
icd_find_extension(const char *name);

/* The body of a command that is known but not implemented: prints the command's name and aborts,
 * because there is no result that its caller could handle. */
_Noreturn void
icd_abort_in_stub(const char *name);

#endif
