/* made by codegen/gen.py from tongs_gen_structs.h.mako: do not edit. SPDX-License-Identifier: MIT */
#ifndef TONGS_GEN_STRUCTS_H
#define TONGS_GEN_STRUCTS_H

#include "protocol/decoder.h"
#include "protocol/encoder.h"

#include <vulkan/vulkan_core.h>

/* The codecs of structs: protocol/encoder.h and decoder.h say how they fail. `_body` is the struct without its chain,
 * `_into` writes what came back into the application's struct. `shape` is what travels to the worker before. */

enum {
   TONGS_STRUCT_VkAccelerationStructureBuildGeometryInfoKHR = 0,
   TONGS_STRUCT_VkAccelerationStructureGeometryKHR = 1,
   TONGS_STRUCT_VkArrays = 2,
   TONGS_STRUCT_VkBothExtension = 3,
   TONGS_STRUCT_VkBoxes = 4,
   TONGS_STRUCT_VkBufferCreateInfo = 5,
   TONGS_STRUCT_VkClearColorValue = 6,
   TONGS_STRUCT_VkDebugUtilsObjectNameInfoEXT = 7,
   TONGS_STRUCT_VkDescriptorSetAllocateInfo = 8,
   TONGS_STRUCT_VkDeviceOrHostAddressConstKHR = 9,
   TONGS_STRUCT_VkDraw = 10,
   TONGS_STRUCT_VkExtent2D = 11,
   TONGS_STRUCT_VkFixed = 12,
   TONGS_STRUCT_VkGeometryData = 13,
   TONGS_STRUCT_VkImageCopy = 14,
   TONGS_STRUCT_VkImageSubresourceLayers = 15,
   TONGS_STRUCT_VkInExtension = 16,
   TONGS_STRUCT_VkLimits = 17,
   TONGS_STRUCT_VkOutExtension = 18,
   TONGS_STRUCT_VkPipelineCreationFeedback = 19,
   TONGS_STRUCT_VkPipelineCreationFeedbackCreateInfo = 20,
   TONGS_STRUCT_VkProperties2 = 21,
   TONGS_STRUCT_VkRange64 = 22,
   TONGS_STRUCT_VkRepeatedExtension = 23,
   TONGS_STRUCT_VkScalars = 24,
   TONGS_STRUCT_VkTriangles = 25,
};

/* `parent` is the TONGS_STRUCT_* whose chain it is. Three kinds of struct are left out: those that the parent does not
 * permit, those that occur a second time, and those that the peer does not know. A driver would ignore them, and a
 * worker must refuse them. */
void
tongs_encode_links(struct tongs_encoder *e, const void *next, uint32_t parent);

static inline void
tongs_encode_chain(struct tongs_encoder *e, const void *next, uint32_t parent)
{
   if (next)
      tongs_encode_links(e, next, parent);
   tongs_encode_u32(e, 0);
}

void
tongs_encode_shape_chain(struct tongs_encoder *e, const void *next, uint32_t parent);

void *
tongs_decode_links(struct tongs_decoder *d, uint32_t parent);

static inline void *
tongs_decode_chain(struct tongs_decoder *d, uint32_t parent)
{
   if (tongs_decoder_left(d) >= sizeof(uint32_t) && !tongs_get_u32(d->cur)) {
      d->cur += sizeof(uint32_t);
      return NULL;
   }
   return tongs_decode_links(d, parent);
}

void *
tongs_decode_shape_chain(struct tongs_decoder *d, uint32_t parent);

/* The members that the host driver wrote through the structs of an input chain. */
void
tongs_encode_returned_chain(struct tongs_encoder *e, const void *next);

void
tongs_decode_returned_chain(struct tongs_decoder *d, const void *next);

/* Walks the application's chain and the chain that came back side by side. */
void
tongs_decode_chain_into(struct tongs_decoder *d, void *next);

void tongs_encode_VkAccelerationStructureBuildGeometryInfoKHR(struct tongs_encoder *e,
      const VkAccelerationStructureBuildGeometryInfoKHR *v);
void tongs_decode_VkAccelerationStructureBuildGeometryInfoKHR(struct tongs_decoder *d,
      VkAccelerationStructureBuildGeometryInfoKHR *v);
void tongs_encode_VkAccelerationStructureBuildGeometryInfoKHR_array(struct tongs_encoder *e,
      const VkAccelerationStructureBuildGeometryInfoKHR *v, uint64_t count);
VkAccelerationStructureBuildGeometryInfoKHR *tongs_decode_VkAccelerationStructureBuildGeometryInfoKHR_array(
      struct tongs_decoder *d, uint64_t expected, bool optional);
void tongs_encode_VkAccelerationStructureGeometryKHR(struct tongs_encoder *e,
                                                     const VkAccelerationStructureGeometryKHR *v);
void tongs_decode_VkAccelerationStructureGeometryKHR(struct tongs_decoder *d,
                                                     VkAccelerationStructureGeometryKHR *v);
void tongs_encode_VkAccelerationStructureGeometryKHR_array(struct tongs_encoder *e,
                                                           const VkAccelerationStructureGeometryKHR *v,
                                                           uint64_t count);
VkAccelerationStructureGeometryKHR *tongs_decode_VkAccelerationStructureGeometryKHR_array(
      struct tongs_decoder *d, uint64_t expected, bool optional);
void tongs_encode_VkAccelerationStructureGeometryKHR_pointers(struct tongs_encoder *e,
      const VkAccelerationStructureGeometryKHR *const *v, uint64_t count);
const VkAccelerationStructureGeometryKHR *const *tongs_decode_VkAccelerationStructureGeometryKHR_pointers(
      struct tongs_decoder *d, uint64_t expected, bool optional);
void tongs_encode_VkArrays(struct tongs_encoder *e, const VkArrays *v);
void tongs_decode_VkArrays(struct tongs_decoder *d, VkArrays *v);
void tongs_encode_VkArrays_array(struct tongs_encoder *e, const VkArrays *v, uint64_t count);
VkArrays *tongs_decode_VkArrays_array(struct tongs_decoder *d, uint64_t expected, bool optional);
void tongs_encode_returned_VkArrays(struct tongs_encoder *e, const VkArrays *v);
void tongs_decode_returned_VkArrays(struct tongs_decoder *d, const VkArrays *v);
void tongs_encode_VkBothExtension_body(struct tongs_encoder *e, const VkBothExtension *v);
void tongs_decode_VkBothExtension_body(struct tongs_decoder *d, VkBothExtension *v);
void tongs_encode_VkBothExtension(struct tongs_encoder *e, const VkBothExtension *v);
void tongs_decode_VkBothExtension(struct tongs_decoder *d, VkBothExtension *v);
void tongs_encode_shape_VkBothExtension(struct tongs_encoder *e, const VkBothExtension *v);
void tongs_decode_shape_VkBothExtension(struct tongs_decoder *d, VkBothExtension *v);
void tongs_encode_shape_VkBothExtension_body(struct tongs_encoder *e, const VkBothExtension *v);
void tongs_decode_shape_VkBothExtension_body(struct tongs_decoder *d, VkBothExtension *v);
void tongs_decode_VkBothExtension_into_body(struct tongs_decoder *d, VkBothExtension *v);
void tongs_decode_VkBothExtension_into(struct tongs_decoder *d, VkBothExtension *v);
void tongs_encode_VkBoxes(struct tongs_encoder *e, const VkBoxes *v);
void tongs_decode_VkBoxes(struct tongs_decoder *d, VkBoxes *v);
void tongs_encode_VkBoxes_array(struct tongs_encoder *e, const VkBoxes *v, uint64_t count);
VkBoxes *tongs_decode_VkBoxes_array(struct tongs_decoder *d, uint64_t expected, bool optional);
void tongs_encode_VkBufferCreateInfo(struct tongs_encoder *e, const VkBufferCreateInfo *v);
void tongs_decode_VkBufferCreateInfo(struct tongs_decoder *d, VkBufferCreateInfo *v);
void tongs_encode_VkBufferCreateInfo_array(struct tongs_encoder *e, const VkBufferCreateInfo *v,
                                           uint64_t count);
VkBufferCreateInfo *tongs_decode_VkBufferCreateInfo_array(struct tongs_decoder *d,
                                                          uint64_t expected, bool optional);
void tongs_encode_VkClearColorValue(struct tongs_encoder *e, const VkClearColorValue *v);
void tongs_decode_VkClearColorValue(struct tongs_decoder *d, VkClearColorValue *v);
void tongs_encode_VkDebugUtilsObjectNameInfoEXT(struct tongs_encoder *e,
                                                const VkDebugUtilsObjectNameInfoEXT *v);
void tongs_decode_VkDebugUtilsObjectNameInfoEXT(struct tongs_decoder *d,
                                                VkDebugUtilsObjectNameInfoEXT *v);
void tongs_encode_VkDebugUtilsObjectNameInfoEXT_array(struct tongs_encoder *e,
                                                      const VkDebugUtilsObjectNameInfoEXT *v,
                                                      uint64_t count);
VkDebugUtilsObjectNameInfoEXT *tongs_decode_VkDebugUtilsObjectNameInfoEXT_array(struct tongs_decoder *d,
      uint64_t expected, bool optional);
void tongs_encode_VkDescriptorSetAllocateInfo(struct tongs_encoder *e,
                                              const VkDescriptorSetAllocateInfo *v);
void tongs_decode_VkDescriptorSetAllocateInfo(struct tongs_decoder *d,
                                              VkDescriptorSetAllocateInfo *v);
void tongs_encode_VkDescriptorSetAllocateInfo_array(struct tongs_encoder *e,
                                                    const VkDescriptorSetAllocateInfo *v,
                                                    uint64_t count);
VkDescriptorSetAllocateInfo *tongs_decode_VkDescriptorSetAllocateInfo_array(struct tongs_decoder *d,
      uint64_t expected, bool optional);
void tongs_encode_VkDeviceOrHostAddressConstKHR(struct tongs_encoder *e,
                                                const VkDeviceOrHostAddressConstKHR *v);
void tongs_decode_VkDeviceOrHostAddressConstKHR(struct tongs_decoder *d,
                                                VkDeviceOrHostAddressConstKHR *v);
void tongs_encode_VkDraw(struct tongs_encoder *e, const VkDraw *v);
void tongs_decode_VkDraw(struct tongs_decoder *d, VkDraw *v);
void tongs_encode_VkDraw_array(struct tongs_encoder *e, const VkDraw *v, uint64_t count);
VkDraw *tongs_decode_VkDraw_array(struct tongs_decoder *d, uint64_t expected, bool optional);
void tongs_encode_VkExtent2D(struct tongs_encoder *e, const VkExtent2D *v);
void tongs_decode_VkExtent2D(struct tongs_decoder *d, VkExtent2D *v);
void tongs_encode_VkExtent2D_array(struct tongs_encoder *e, const VkExtent2D *v, uint64_t count);
VkExtent2D *tongs_decode_VkExtent2D_array(struct tongs_decoder *d, uint64_t expected,
                                          bool optional);
void tongs_encode_VkFixed(struct tongs_encoder *e, const VkFixed *v);
void tongs_decode_VkFixed(struct tongs_decoder *d, VkFixed *v);
void tongs_encode_VkFixed_array(struct tongs_encoder *e, const VkFixed *v, uint64_t count);
VkFixed *tongs_decode_VkFixed_array(struct tongs_decoder *d, uint64_t expected, bool optional);
void tongs_encode_VkGeometryData(struct tongs_encoder *e, const VkGeometryData *v,
                                 VkGeometryTypeKHR selector);
void tongs_decode_VkGeometryData(struct tongs_decoder *d, VkGeometryData *v,
                                 VkGeometryTypeKHR selector);
void tongs_encode_VkImageCopy(struct tongs_encoder *e, const VkImageCopy *v);
void tongs_decode_VkImageCopy(struct tongs_decoder *d, VkImageCopy *v);
void tongs_encode_VkImageCopy_array(struct tongs_encoder *e, const VkImageCopy *v, uint64_t count);
VkImageCopy *tongs_decode_VkImageCopy_array(struct tongs_decoder *d, uint64_t expected,
                                            bool optional);
void tongs_encode_VkImageSubresourceLayers(struct tongs_encoder *e,
                                           const VkImageSubresourceLayers *v);
void tongs_decode_VkImageSubresourceLayers(struct tongs_decoder *d, VkImageSubresourceLayers *v);
void tongs_encode_VkInExtension_body(struct tongs_encoder *e, const VkInExtension *v);
void tongs_decode_VkInExtension_body(struct tongs_decoder *d, VkInExtension *v);
void tongs_encode_VkInExtension(struct tongs_encoder *e, const VkInExtension *v);
void tongs_decode_VkInExtension(struct tongs_decoder *d, VkInExtension *v);
void tongs_encode_VkLimits(struct tongs_encoder *e, const VkLimits *v);
void tongs_encode_VkLimits_array(struct tongs_encoder *e, const VkLimits *v, uint64_t count);
void tongs_decode_VkLimits_array_into(struct tongs_decoder *d, VkLimits *v, uint64_t capacity);
void tongs_decode_VkLimits_into(struct tongs_decoder *d, VkLimits *v);
void tongs_encode_VkOutExtension_body(struct tongs_encoder *e, const VkOutExtension *v);
void tongs_encode_VkOutExtension(struct tongs_encoder *e, const VkOutExtension *v);
void tongs_encode_shape_VkOutExtension(struct tongs_encoder *e, const VkOutExtension *v);
void tongs_decode_shape_VkOutExtension(struct tongs_decoder *d, VkOutExtension *v);
void tongs_encode_shape_VkOutExtension_body(struct tongs_encoder *e, const VkOutExtension *v);
void tongs_decode_shape_VkOutExtension_body(struct tongs_decoder *d, VkOutExtension *v);
void tongs_decode_VkOutExtension_into_body(struct tongs_decoder *d, VkOutExtension *v);
void tongs_decode_VkOutExtension_into(struct tongs_decoder *d, VkOutExtension *v);
void tongs_encode_VkPipelineCreationFeedback(struct tongs_encoder *e,
                                             const VkPipelineCreationFeedback *v);
void tongs_encode_VkPipelineCreationFeedback_array(struct tongs_encoder *e,
                                                   const VkPipelineCreationFeedback *v,
                                                   uint64_t count);
void tongs_decode_VkPipelineCreationFeedback_array_into(struct tongs_decoder *d,
                                                        VkPipelineCreationFeedback *v,
                                                        uint64_t capacity);
void tongs_decode_VkPipelineCreationFeedback_into(struct tongs_decoder *d,
                                                  VkPipelineCreationFeedback *v);
void tongs_encode_VkPipelineCreationFeedbackCreateInfo_body(struct tongs_encoder *e,
                                                            const VkPipelineCreationFeedbackCreateInfo *v);
void tongs_decode_VkPipelineCreationFeedbackCreateInfo_body(struct tongs_decoder *d,
                                                            VkPipelineCreationFeedbackCreateInfo *v);
void tongs_encode_VkPipelineCreationFeedbackCreateInfo(struct tongs_encoder *e,
                                                       const VkPipelineCreationFeedbackCreateInfo *v);
void tongs_decode_VkPipelineCreationFeedbackCreateInfo(struct tongs_decoder *d,
                                                       VkPipelineCreationFeedbackCreateInfo *v);
void tongs_encode_returned_VkPipelineCreationFeedbackCreateInfo(struct tongs_encoder *e,
      const VkPipelineCreationFeedbackCreateInfo *v);
void tongs_decode_returned_VkPipelineCreationFeedbackCreateInfo(struct tongs_decoder *d,
      const VkPipelineCreationFeedbackCreateInfo *v);
void tongs_encode_VkProperties2(struct tongs_encoder *e, const VkProperties2 *v);
void tongs_encode_shape_VkProperties2(struct tongs_encoder *e, const VkProperties2 *v);
void tongs_decode_shape_VkProperties2(struct tongs_decoder *d, VkProperties2 *v);
void tongs_decode_VkProperties2_into(struct tongs_decoder *d, VkProperties2 *v);
void tongs_encode_VkRange64(struct tongs_encoder *e, const VkRange64 *v);
void tongs_decode_VkRange64(struct tongs_decoder *d, VkRange64 *v);
void tongs_encode_VkRange64_array(struct tongs_encoder *e, const VkRange64 *v, uint64_t count);
VkRange64 *tongs_decode_VkRange64_array(struct tongs_decoder *d, uint64_t expected, bool optional);
void tongs_encode_VkRepeatedExtension_body(struct tongs_encoder *e, const VkRepeatedExtension *v);
void tongs_decode_VkRepeatedExtension_body(struct tongs_decoder *d, VkRepeatedExtension *v);
void tongs_encode_VkRepeatedExtension(struct tongs_encoder *e, const VkRepeatedExtension *v);
void tongs_decode_VkRepeatedExtension(struct tongs_decoder *d, VkRepeatedExtension *v);
void tongs_encode_VkScalars(struct tongs_encoder *e, const VkScalars *v);
void tongs_decode_VkScalars(struct tongs_decoder *d, VkScalars *v);
void tongs_encode_VkScalars_array(struct tongs_encoder *e, const VkScalars *v, uint64_t count);
VkScalars *tongs_decode_VkScalars_array(struct tongs_decoder *d, uint64_t expected, bool optional);
void tongs_encode_VkTriangles(struct tongs_encoder *e, const VkTriangles *v);
void tongs_decode_VkTriangles(struct tongs_decoder *d, VkTriangles *v);

#endif
