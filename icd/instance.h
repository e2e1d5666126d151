/* SPDX-License-Identifier: MIT */
#ifndef ICD_INSTANCE_H
#define ICD_INSTANCE_H

#include "icd/object.h"
#include "protocol/encoder.h"

#include "tongs_gen_own.h"

#include <stdbool.h>
#include <vulkan/vulkan_core.h>

struct icd_entry_point;
struct tongs_args_vkCreateInstance;
struct icd_physical_device;

/* A set of extensions, a bit for each index. */
struct icd_extension_set {
   uint32_t bits[32];
};

static inline bool
icd_extension_set_has(const struct icd_extension_set *set, uint16_t index)
{
   return set->bits[index / 32] >> (index % 32) & 1;
}

static inline void
icd_extension_set_add(struct icd_extension_set *set, uint16_t index)
{
   set->bits[index / 32] |= 1u << (index % 32);
}

struct icd_instance {
   struct icd_dispatchable base;
   uint32_t api_version; /* the one that the application asked for */
   struct icd_extension_set enabled;
   uint64_t world; /* in which the connection was made (instance.c) */
   uint32_t device_count;
   uint64_t device_ids[TONGS_PHYSICAL_DEVICES_MAX];
   struct icd_physical_device **devices; /* owned */
   /* For a child of fork(): how vkCreateInstance was called, and icd_transport_forks() then. */
   struct tongs_encoder creation;
   uint32_t forks;
};

static inline struct icd_instance *
icd_instance_from(VkInstance handle)
{
   return (struct icd_instance *)handle;
}

/* Whether Tongs supports the extension with this server. */
bool
icd_extension_is_carried(const struct icd_connection *c, uint16_t index);

/* Whether the instance has an entry point of instance or physical-device level: the core version
 * includes it, or an enabled instance extension, or any device extension. */
bool
icd_instance_has_entry_point(const struct icd_instance *instance,
                             const struct icd_entry_point *entry);

/* Keeps the arguments for icd_instance_follow_fork(). False if memory is out. */
bool
icd_instance_record(struct icd_instance *instance, const struct tongs_args_vkCreateInstance *args);

/* In a child of fork(): connects anew for an instance of the parent, with the same physical
 * devices. If the instance has other objects, or that fails, the instance stays without a
 * connection. Does nothing in any other process. Called before the physical devices' commands that
 * ask the worker, because a child usually asks those before it creates a device. */
void
icd_instance_follow_fork(struct icd_instance *instance);

/* Connects before the first instance is created. If that fails, prints the reason once. Any
 * thread. */
bool
icd_server_is_reachable(void);

#endif
