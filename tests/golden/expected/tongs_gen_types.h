/* made by codegen/gen.py from tongs_gen_types.h.mako: do not edit. SPDX-License-Identifier: MIT */
#ifndef TONGS_GEN_TYPES_H
#define TONGS_GEN_TYPES_H

#include <stdint.h>

/* Numbers of object types and ops, from protocol/ops.txt. */
enum {
   TONGS_TYPE_VkInstance = 1,
   TONGS_TYPE_VkDevice = 3,
   TONGS_TYPE_VkCommandBuffer = 5,
   TONGS_TYPE_VkBuffer = 8,
   TONGS_TYPE_VkDescriptorSet = 16,
   TONGS_TYPE_VkDescriptorPool = 18,
};

enum {
   TONGS_OP_tongsRecord = 1,
   TONGS_OP_tongsEverything = 2,
   TONGS_OP_tongsNews = 3,
   TONGS_OP_tongsNothing = 4,
   TONGS_OP_vkCreateBuffer = 32,
   TONGS_OP_vkDestroyBuffer = 33,
   TONGS_OP_vkAllocateDescriptorSets = 34,
   TONGS_OP_vkFreeDescriptorSets = 35,
   TONGS_OP_vkUseArrays = 36,
   TONGS_OP_vkGetLimits = 37,
   TONGS_OP_vkGetData = 38,
   TONGS_OP_vkGetProperties2 = 39,
   TONGS_OP_vkGetAddress = 40,
   TONGS_OP_vkCmdSetConstants = 41,
   TONGS_OP_vkCmdDrawMany = 42,
   TONGS_OP_vkCmdBuildAccelerationStructuresKHR = 43,
   TONGS_OP_vkSetDebugUtilsObjectNameEXT = 44,
   TONGS_OP_vkCmdFlat = 45,
};

#define TONGS_OP_COUNT 46
#define TONGS_STRUCT_COUNT 26
#define TONGS_ENUM_COUNT 3

/* The registry that this was built from, and a hash of everything that travels. */
#define TONGS_HEADER_VERSION 1
#define TONGS_API_VERSION (1u << 22 | 0u << 12)
#define TONGS_DIGEST UINT64_C(0xb15528a7985a247)

enum {
   TONGS_ENUM_VkFormat = 0,
   TONGS_ENUM_VkGeometryTypeKHR = 1,
   TONGS_ENUM_VkObjectType = 2,
};

/* The TONGS_TYPE_* of a VkObjectType; 0 if the worker has no objects of that type. */
uint8_t
tongs_type_of_object(uint32_t object_type);

/* `value` if it is a value of the enum `which` (TONGS_ENUM_*), else the first value of that enum. */
int32_t
tongs_enum_in_range(uint32_t which, int32_t value);

#endif
