/* made by codegen/gen.py from tongs_gen_ops.c.mako: do not edit. SPDX-License-Identifier: MIT */
#include "tongs_gen_args.h"

#include "tongs_gen_peer.h"
#include "tongs_gen_types.h"

const struct tongs_op_info tongs_ops[TONGS_OP_COUNT] = {
   [TONGS_OP_vkCreateBuffer] = {
      .name = "vkCreateBuffer",
      .kind = TONGS_OP_CALL,
      .creates = TONGS_TYPE_VkBuffer,
      .also_posts = true,
      .returns_result = true,
      .lost = VK_ERROR_DEVICE_LOST,
      .ret_offset = offsetof(struct tongs_args_vkCreateBuffer, ret),
      .args_size = sizeof(struct tongs_args_vkCreateBuffer),
      .encode = tongs_encode_vkCreateBuffer,
      .decode = tongs_decode_vkCreateBuffer,
      .encode_reply = tongs_encode_reply_vkCreateBuffer,
      .decode_reply = tongs_decode_reply_vkCreateBuffer,
   },
   [TONGS_OP_vkDestroyBuffer] = {
      .name = "vkDestroyBuffer",
      .kind = TONGS_OP_POST,
      .destroys = TONGS_TYPE_VkBuffer,
      .args_size = sizeof(struct tongs_args_vkDestroyBuffer),
      .encode = tongs_encode_vkDestroyBuffer,
      .decode = tongs_decode_vkDestroyBuffer,
   },
   [TONGS_OP_vkAllocateDescriptorSets] = {
      .name = "vkAllocateDescriptorSets",
      .kind = TONGS_OP_CALL,
      .creates = TONGS_TYPE_VkDescriptorSet,
      .also_posts = true,
      .returns_result = true,
      .lost = VK_ERROR_DEVICE_LOST,
      .ret_offset = offsetof(struct tongs_args_vkAllocateDescriptorSets, ret),
      .args_size = sizeof(struct tongs_args_vkAllocateDescriptorSets),
      .encode = tongs_encode_vkAllocateDescriptorSets,
      .decode = tongs_decode_vkAllocateDescriptorSets,
      .encode_reply = tongs_encode_reply_vkAllocateDescriptorSets,
      .decode_reply = tongs_decode_reply_vkAllocateDescriptorSets,
   },
   [TONGS_OP_vkFreeDescriptorSets] = {
      .name = "vkFreeDescriptorSets",
      .kind = TONGS_OP_POST,
      .destroys = TONGS_TYPE_VkDescriptorSet,
      .returns_result = true,
      .lost = VK_ERROR_DEVICE_LOST,
      .ret_offset = offsetof(struct tongs_args_vkFreeDescriptorSets, ret),
      .args_size = sizeof(struct tongs_args_vkFreeDescriptorSets),
      .encode = tongs_encode_vkFreeDescriptorSets,
      .decode = tongs_decode_vkFreeDescriptorSets,
   },
   [TONGS_OP_vkUseArrays] = {
      .name = "vkUseArrays",
      .kind = TONGS_OP_CALL,
      .returns_result = true,
      .lost = VK_ERROR_DEVICE_LOST,
      .ret_offset = offsetof(struct tongs_args_vkUseArrays, ret),
      .args_size = sizeof(struct tongs_args_vkUseArrays),
      .encode = tongs_encode_vkUseArrays,
      .decode = tongs_decode_vkUseArrays,
      .encode_reply = tongs_encode_reply_vkUseArrays,
      .decode_reply = tongs_decode_reply_vkUseArrays,
   },
   [TONGS_OP_vkGetLimits] = {
      .name = "vkGetLimits",
      .kind = TONGS_OP_CALL,
      .returns_result = true,
      .lost = VK_ERROR_DEVICE_LOST,
      .ret_offset = offsetof(struct tongs_args_vkGetLimits, ret),
      .args_size = sizeof(struct tongs_args_vkGetLimits),
      .encode = tongs_encode_vkGetLimits,
      .decode = tongs_decode_vkGetLimits,
      .encode_reply = tongs_encode_reply_vkGetLimits,
      .decode_reply = tongs_decode_reply_vkGetLimits,
   },
   [TONGS_OP_vkGetData] = {
      .name = "vkGetData",
      .kind = TONGS_OP_CALL,
      .returns_result = true,
      .lost = VK_ERROR_DEVICE_LOST,
      .ret_offset = offsetof(struct tongs_args_vkGetData, ret),
      .args_size = sizeof(struct tongs_args_vkGetData),
      .encode = tongs_encode_vkGetData,
      .decode = tongs_decode_vkGetData,
      .encode_reply = tongs_encode_reply_vkGetData,
      .decode_reply = tongs_decode_reply_vkGetData,
   },
   [TONGS_OP_vkGetProperties2] = {
      .name = "vkGetProperties2",
      .kind = TONGS_OP_CALL,
      .args_size = sizeof(struct tongs_args_vkGetProperties2),
      .encode = tongs_encode_vkGetProperties2,
      .decode = tongs_decode_vkGetProperties2,
      .encode_reply = tongs_encode_reply_vkGetProperties2,
      .decode_reply = tongs_decode_reply_vkGetProperties2,
   },
   [TONGS_OP_vkGetAddress] = {
      .name = "vkGetAddress",
      .kind = TONGS_OP_CALL,
      .args_size = sizeof(struct tongs_args_vkGetAddress),
      .encode = tongs_encode_vkGetAddress,
      .decode = tongs_decode_vkGetAddress,
      .encode_reply = tongs_encode_reply_vkGetAddress,
      .decode_reply = tongs_decode_reply_vkGetAddress,
   },
   [TONGS_OP_vkCmdSetConstants] = {
      .name = "vkCmdSetConstants",
      .kind = TONGS_OP_RECORD,
      .args_size = sizeof(struct tongs_args_vkCmdSetConstants),
      .encode = tongs_encode_vkCmdSetConstants,
      .decode = tongs_decode_vkCmdSetConstants,
   },
   [TONGS_OP_vkCmdDrawMany] = {
      .name = "vkCmdDrawMany",
      .kind = TONGS_OP_RECORD,
      .role = TONGS_ROLE_WORKS,
      .args_size = sizeof(struct tongs_args_vkCmdDrawMany),
      .encode = tongs_encode_vkCmdDrawMany,
      .decode = tongs_decode_vkCmdDrawMany,
   },
   [TONGS_OP_vkCmdBuildAccelerationStructuresKHR] = {
      .name = "vkCmdBuildAccelerationStructuresKHR",
      .kind = TONGS_OP_RECORD,
      .args_size = sizeof(struct tongs_args_vkCmdBuildAccelerationStructuresKHR),
      .encode = tongs_encode_vkCmdBuildAccelerationStructuresKHR,
      .decode = tongs_decode_vkCmdBuildAccelerationStructuresKHR,
   },
   [TONGS_OP_vkSetDebugUtilsObjectNameEXT] = {
      .name = "vkSetDebugUtilsObjectNameEXT",
      .kind = TONGS_OP_POST,
      .failure = TONGS_FAILURE_IGNORED,
      .returns_result = true,
      .lost = VK_ERROR_DEVICE_LOST,
      .ret_offset = offsetof(struct tongs_args_vkSetDebugUtilsObjectNameEXT, ret),
      .args_size = sizeof(struct tongs_args_vkSetDebugUtilsObjectNameEXT),
      .encode = tongs_encode_vkSetDebugUtilsObjectNameEXT,
      .decode = tongs_decode_vkSetDebugUtilsObjectNameEXT,
   },
   [TONGS_OP_vkCmdFlat] = {
      .name = "vkCmdFlat",
      .kind = TONGS_OP_RECORD,
      .args_size = sizeof(struct tongs_args_vkCmdFlat),
      .encode = tongs_encode_vkCmdFlat,
      .decode = tongs_decode_vkCmdFlat,
   },
};

const struct tongs_signature tongs_op_signatures[] = {
   {1, 0xb1d89b9bu}, /* tongsRecord */
   {2, 0xe022025eu}, /* tongsEverything */
   {3, 0xcdee1d2u}, /* tongsNews */
   {4, 0x61ad9efbu}, /* tongsNothing */
   {32, 0xb02dca6au}, /* vkCreateBuffer */
   {33, 0xdae173c4u}, /* vkDestroyBuffer */
   {34, 0x67ea44a6u}, /* vkAllocateDescriptorSets */
   {35, 0xe9e09d1cu}, /* vkFreeDescriptorSets */
   {36, 0x8ce2d76du}, /* vkUseArrays */
   {37, 0x944a9123u}, /* vkGetLimits */
   {38, 0x137b56b7u}, /* vkGetData */
   {39, 0x9cd4145au}, /* vkGetProperties2 */
   {40, 0xd1180928u}, /* vkGetAddress */
   {41, 0xce970f1fu}, /* vkCmdSetConstants */
   {42, 0xbb48fcf9u}, /* vkCmdDrawMany */
   {43, 0x8b110b47u}, /* vkCmdBuildAccelerationStructuresKHR */
   {44, 0xdc277921u}, /* vkSetDebugUtilsObjectNameEXT */
   {45, 0xc296a401u}, /* vkCmdFlat */
};
const uint32_t tongs_op_signature_count = 18;

const struct tongs_signature tongs_struct_signatures[TONGS_STRUCT_COUNT] = {
   {0, 0xd9e58605u}, /* VkAccelerationStructureBuildGeometryInfoKHR */
   {0, 0xaf6607fcu}, /* VkAccelerationStructureGeometryKHR */
   {0, 0x406d4a26u}, /* VkArrays */
   {7u, 0x1d93e139u}, /* VkBothExtension */
   {0, 0x4296c8b8u}, /* VkBoxes */
   {0, 0xcc11208eu}, /* VkBufferCreateInfo */
   {0, 0x5f92636au}, /* VkClearColorValue */
   {0, 0xec6af9f6u}, /* VkDebugUtilsObjectNameInfoEXT */
   {0, 0x2fec692cu}, /* VkDescriptorSetAllocateInfo */
   {0, 0x8085325cu}, /* VkDeviceOrHostAddressConstKHR */
   {0, 0xa31a1c68u}, /* VkDraw */
   {0, 0xb49778c6u}, /* VkExtent2D */
   {0, 0xb7d020b8u}, /* VkFixed */
   {0, 0xbf3def8u}, /* VkGeometryData */
   {0, 0xc3f89959u}, /* VkImageCopy */
   {0, 0x1d560b1au}, /* VkImageSubresourceLayers */
   {3u, 0x67fcdd4u}, /* VkInExtension */
   {0, 0xd8a687a3u}, /* VkLimits */
   {6u, 0x1202a722u}, /* VkOutExtension */
   {0, 0x4ac3c8au}, /* VkPipelineCreationFeedback */
   {1000192000u, 0xcfe8a207u}, /* VkPipelineCreationFeedbackCreateInfo */
   {0, 0x88847236u}, /* VkProperties2 */
   {0, 0x1b0278b7u}, /* VkRange64 */
   {4u, 0x733698eau}, /* VkRepeatedExtension */
   {0, 0xae144bu}, /* VkScalars */
   {0, 0xd66e902cu}, /* VkTriangles */
};
