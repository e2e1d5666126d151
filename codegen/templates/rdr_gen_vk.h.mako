/* ${made_by}. SPDX-License-Identifier: MIT */
#ifndef RDR_GEN_VK_H
#define RDR_GEN_VK_H

#include <stdbool.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

/* The host driver's functions; NULL for those that it lacks. */
struct rdr_vk_instance {
% for c in ir.vk_commands:
% if c.instance:
   PFN_${c.vk} ${c.short};
% endif
% endfor
};

struct rdr_vk_device {
% for c in ir.vk_commands:
% if not c.instance:
   PFN_${c.vk} ${c.short};
% endif
% endfor
};

void
rdr_vk_instance_load(struct rdr_vk_instance *vk, PFN_vkGetInstanceProcAddr get, VkInstance instance);

void
rdr_vk_device_load(struct rdr_vk_device *vk, PFN_vkGetDeviceProcAddr get, VkDevice device);

/* Destroys a host object of the type TONGS_TYPE_*. False for a type that is freed with its pool or is never destroyed. */
bool
rdr_vk_destroy(const struct rdr_vk_device *vk, VkDevice device, uint8_t type, uint64_t handle);

/* Whether objects of the type outlive the others of their device. */
bool
rdr_vk_is_destroyed_last(uint8_t type);

#endif
