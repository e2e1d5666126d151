/* SPDX-License-Identifier: MIT */

/* Descriptor set layouts and sets. Sets and pipeline layouts outlive the VkDescriptorSetLayout that
 * they were made from, so they hold references to its description. */

#ifndef ICD_DESCRIPTOR_H
#define ICD_DESCRIPTOR_H

#include "icd/object.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Indices of the cost of a set: the number of descriptors of each type that it takes from its pool,
 * or bytes for inline uniform blocks. The types from VK_DESCRIPTOR_TYPE_SAMPLER to
 * _INPUT_ATTACHMENT come first, by their values. */
enum {
   ICD_COST_INLINE_BYTES = VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT + 1,
   ICD_COST_INLINE_BINDINGS,
   ICD_COST_ACCELERATION_STRUCTURE,
   ICD_COST_ACCELERATION_STRUCTURE_NV,
   ICD_COST_SETS,
   ICD_COSTS,
   ICD_COST_UNKNOWN, /* a type whose cost only the host driver knows */
};

/* The index of the cost of a descriptor type. */
uint32_t
icd_cost_of_type(VkDescriptorType type);

struct icd_binding {
   uint32_t number;
   uint32_t count;
   bool immutable;
};

/* The description of a set layout. Immutable, except the count of references. */
struct icd_layout_info {
   atomic_uint refs;
   bool any_immutable;       /* a binding has immutable samplers */
   bool countable;           /* `cost` is the whole cost of a set */
   uint32_t variable;        /* the cost index of the binding with a variable count, or ICD_COSTS */
   uint32_t cost[ICD_COSTS]; /* the cost of a set without that binding */
   uint32_t count;
   struct icd_binding bindings[]; /* sorted by number */
};

struct icd_set_layout {
   struct tongs_object base;
   struct icd_layout_info *info; /* a reference */
};

struct icd_descriptor_set {
   struct tongs_object base;
   struct icd_layout_info *info;    /* a reference; NULL while it is free */
   struct icd_descriptor_set *next; /* while it is free or being allocated */
   uint32_t variable;               /* the descriptor count of its variable binding */
};

struct icd_layout_info *
icd_layout_info_ref(struct icd_layout_info *info);

/* NULL is fine. */
void
icd_layout_info_unref(struct icd_dispatchable *dev, struct icd_layout_info *info);

static inline struct icd_set_layout *
icd_set_layout_from(VkDescriptorSetLayout handle)
{
   return (struct icd_set_layout *)(uintptr_t)handle;
}

static inline struct icd_descriptor_set *
icd_descriptor_set_from(VkDescriptorSet handle)
{
   return (struct icd_descriptor_set *)(uintptr_t)handle;
}

#endif
