/* made by codegen/gen.py from tongs_gen_args.h.mako: do not edit. SPDX-License-Identifier: MIT */
#ifndef TONGS_GEN_ARGS_H
#define TONGS_GEN_ARGS_H

#include "protocol/args.h"

#include <vulkan/vulkan_core.h>

/* The arguments of each op and its result. */

struct tongs_args_vkCreateBuffer {
   struct tongs_args base;
   VkDevice device;
   const VkBufferCreateInfo *pCreateInfo;
   const VkAllocationCallbacks *pAllocator;
   VkBuffer *pBuffer;
   VkResult ret;
};

struct tongs_args_vkDestroyBuffer {
   struct tongs_args base;
   VkDevice device;
   VkBuffer buffer;
   const VkAllocationCallbacks *pAllocator;
};

struct tongs_args_vkAllocateDescriptorSets {
   struct tongs_args base;
   VkDevice device;
   const VkDescriptorSetAllocateInfo *pAllocateInfo;
   VkDescriptorSet *pDescriptorSets;
   VkResult ret;
};

struct tongs_args_vkFreeDescriptorSets {
   struct tongs_args base;
   VkDevice device;
   VkDescriptorPool descriptorPool;
   uint32_t descriptorSetCount;
   const VkDescriptorSet *pDescriptorSets;
   VkResult ret;
};

struct tongs_args_vkUseArrays {
   struct tongs_args base;
   VkDevice device;
   const VkArrays *pArrays;
   VkResult ret;
};

struct tongs_args_vkGetLimits {
   struct tongs_args base;
   VkDevice device;
   uint32_t *pCount;
   VkLimits *pLimits;
   VkResult ret;
};

struct tongs_args_vkGetData {
   struct tongs_args base;
   VkDevice device;
   size_t *pDataSize;
   void *pData;
   uint64_t *pStamp;
   VkResult ret;
};

struct tongs_args_vkGetProperties2 {
   struct tongs_args base;
   VkDevice device;
   VkProperties2 *pProperties;
};

struct tongs_args_vkGetAddress {
   struct tongs_args base;
   VkDevice device;
   uint32_t count;
   uint32_t *pWords;
   VkDeviceAddress ret;
};

struct tongs_args_vkCmdSetConstants {
   struct tongs_args base;
   VkCommandBuffer commandBuffer;
   const float * const ants;
   uint32_t regionCount;
   const VkImageCopy *pRegions;
};

struct tongs_args_vkCmdDrawMany {
   struct tongs_args base;
   VkCommandBuffer commandBuffer;
   uint32_t drawCount;
   const VkDraw *pDraws;
   uint32_t stride;
};

struct tongs_args_vkCmdBuildAccelerationStructuresKHR {
   struct tongs_args base;
   VkCommandBuffer commandBuffer;
   uint32_t infoCount;
   const VkAccelerationStructureBuildGeometryInfoKHR *pInfos;
   const VkDraw * const  *ppBuildRangeInfos;
};

struct tongs_args_vkSetDebugUtilsObjectNameEXT {
   struct tongs_args base;
   VkDevice device;
   const VkDebugUtilsObjectNameInfoEXT *pNameInfo;
   VkResult ret;
};

struct tongs_args_vkCmdFlat {
   struct tongs_args base;
   VkCommandBuffer commandBuffer;
   VkBuffer buffer;
   VkFormat mode;
   uint64_t offset;
   uint32_t count;
   const VkBuffer *pBuffers;
   const VkCommandBuffer *pCommandBuffers;
   const VkRange64 *pRanges;
   const VkExtent2D *pExtents;
   const uint16_t *pShorts;
   const VkFormat *pModes;
   uint32_t size;
   const void *pValues;
};

void tongs_encode_vkCreateBuffer(struct tongs_encoder *e, const void *args);
void tongs_decode_vkCreateBuffer(struct tongs_decoder *d, void *args);
void tongs_encode_reply_vkCreateBuffer(struct tongs_encoder *e, const void *args);
void tongs_decode_reply_vkCreateBuffer(struct tongs_decoder *d, void *args);
void tongs_encode_vkDestroyBuffer(struct tongs_encoder *e, const void *args);
void tongs_decode_vkDestroyBuffer(struct tongs_decoder *d, void *args);
void tongs_encode_vkAllocateDescriptorSets(struct tongs_encoder *e, const void *args);
void tongs_decode_vkAllocateDescriptorSets(struct tongs_decoder *d, void *args);
void tongs_encode_reply_vkAllocateDescriptorSets(struct tongs_encoder *e, const void *args);
void tongs_decode_reply_vkAllocateDescriptorSets(struct tongs_decoder *d, void *args);
void tongs_encode_vkFreeDescriptorSets(struct tongs_encoder *e, const void *args);
void tongs_decode_vkFreeDescriptorSets(struct tongs_decoder *d, void *args);
void tongs_encode_vkUseArrays(struct tongs_encoder *e, const void *args);
void tongs_decode_vkUseArrays(struct tongs_decoder *d, void *args);
void tongs_encode_reply_vkUseArrays(struct tongs_encoder *e, const void *args);
void tongs_decode_reply_vkUseArrays(struct tongs_decoder *d, void *args);
void tongs_encode_vkGetLimits(struct tongs_encoder *e, const void *args);
void tongs_decode_vkGetLimits(struct tongs_decoder *d, void *args);
void tongs_encode_reply_vkGetLimits(struct tongs_encoder *e, const void *args);
void tongs_decode_reply_vkGetLimits(struct tongs_decoder *d, void *args);
void tongs_encode_vkGetData(struct tongs_encoder *e, const void *args);
void tongs_decode_vkGetData(struct tongs_decoder *d, void *args);
void tongs_encode_reply_vkGetData(struct tongs_encoder *e, const void *args);
void tongs_decode_reply_vkGetData(struct tongs_decoder *d, void *args);
void tongs_encode_vkGetProperties2(struct tongs_encoder *e, const void *args);
void tongs_decode_vkGetProperties2(struct tongs_decoder *d, void *args);
void tongs_encode_reply_vkGetProperties2(struct tongs_encoder *e, const void *args);
void tongs_decode_reply_vkGetProperties2(struct tongs_decoder *d, void *args);
void tongs_encode_vkGetAddress(struct tongs_encoder *e, const void *args);
void tongs_decode_vkGetAddress(struct tongs_decoder *d, void *args);
void tongs_encode_reply_vkGetAddress(struct tongs_encoder *e, const void *args);
void tongs_decode_reply_vkGetAddress(struct tongs_decoder *d, void *args);
void tongs_encode_vkCmdSetConstants(struct tongs_encoder *e, const void *args);
void tongs_decode_vkCmdSetConstants(struct tongs_decoder *d, void *args);
void tongs_encode_vkCmdDrawMany(struct tongs_encoder *e, const void *args);
void tongs_decode_vkCmdDrawMany(struct tongs_decoder *d, void *args);
void tongs_encode_vkCmdBuildAccelerationStructuresKHR(struct tongs_encoder *e, const void *args);
void tongs_decode_vkCmdBuildAccelerationStructuresKHR(struct tongs_decoder *d, void *args);
void tongs_encode_vkSetDebugUtilsObjectNameEXT(struct tongs_encoder *e, const void *args);
void tongs_decode_vkSetDebugUtilsObjectNameEXT(struct tongs_decoder *d, void *args);
void tongs_encode_vkCmdFlat(struct tongs_encoder *e, const void *args);
void tongs_decode_vkCmdFlat(struct tongs_decoder *d, void *args);

#endif
