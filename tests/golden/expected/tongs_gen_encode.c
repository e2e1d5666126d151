/* made by codegen/gen.py from tongs_gen_encode.c.mako: do not edit. SPDX-License-Identifier: MIT */
#include "tongs_gen_structs.h"

#include "protocol/ignored.h"

#include "tongs_gen_types.h"

void
tongs_encode_VkAccelerationStructureBuildGeometryInfoKHR(struct tongs_encoder *e,
                                                         const VkAccelerationStructureBuildGeometryInfoKHR *v)
{
   tongs_encode_u32(e, v->geometryCount);
   tongs_encode_VkAccelerationStructureGeometryKHR_pointers(e, v->ppGeometries, v->geometryCount);
}

void
tongs_encode_VkAccelerationStructureBuildGeometryInfoKHR_array(struct tongs_encoder *e,
      const VkAccelerationStructureBuildGeometryInfoKHR *v, uint64_t count)
{
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_VkAccelerationStructureBuildGeometryInfoKHR(e, &v[i]);
}

void
tongs_encode_VkAccelerationStructureGeometryKHR(struct tongs_encoder *e,
                                                const VkAccelerationStructureGeometryKHR *v)
{
   tongs_encode_u32(e, v->geometryType);
   tongs_encode_VkGeometryData(e, &v->geometry, v->geometryType);
}

void
tongs_encode_VkAccelerationStructureGeometryKHR_array(struct tongs_encoder *e,
                                                      const VkAccelerationStructureGeometryKHR *v,
                                                      uint64_t count)
{
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_VkAccelerationStructureGeometryKHR(e, &v[i]);
}

void
tongs_encode_VkAccelerationStructureGeometryKHR_pointers(struct tongs_encoder *e,
                                                         const VkAccelerationStructureGeometryKHR *const *v,
                                                         uint64_t count)
{
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_VkAccelerationStructureGeometryKHR(e, v[i]);
}

void
tongs_encode_VkArrays(struct tongs_encoder *e, const VkArrays *v)
{
   tongs_encode_chain(e, v->pNext, TONGS_STRUCT_VkArrays);
   tongs_encode_string(e, v->pName);
   tongs_encode_u32(e, v->nameCount);
   tongs_encode_strings(e, v->ppNames, v->nameCount);
   tongs_encode_u32(e, v->count);
   tongs_encode_array(e, v->pWords, v->count, 4);
   tongs_encode_array(e, v->pOptionalLongs, v->count, 8);
   tongs_encode_array(e, v->pFormats, v->count, 4);
   tongs_encode_sizes(e, v->pSizes, v->count);
   tongs_encode_handles(e, (const uint64_t *)v->pBuffers, v->count);
   tongs_encode_dispatchables(e, v->pCommandBuffers, v->count);
   tongs_encode_VkExtent2D_array(e, v->pExtents, v->count);
   tongs_encode_VkRange64_array(e, v->pRanges, v->count);
   tongs_encode_VkScalars_array(e, v->pScalars, v->count);
   tongs_encode_VkFixed_array(e, v->pFixed, 1);
   tongs_encode_size(e, v->dataSize);
   tongs_encode_blob(e, v->pData, v->dataSize);
   tongs_encode_array(e, v->pVersionData, 2*VK_UUID_SIZE, 1);
}

void
tongs_encode_VkArrays_array(struct tongs_encoder *e, const VkArrays *v, uint64_t count)
{
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_VkArrays(e, &v[i]);
}

void
tongs_encode_VkBothExtension_body(struct tongs_encoder *e, const VkBothExtension *v)
{
   tongs_encode_u32(e, v->feature);
}

void
tongs_encode_VkBothExtension(struct tongs_encoder *e, const VkBothExtension *v)
{
   tongs_encode_chain(e, v->pNext, TONGS_STRUCT_VkBothExtension);
   tongs_encode_VkBothExtension_body(e, v);
}

void
tongs_encode_VkBoxes(struct tongs_encoder *e, const VkBoxes *v)
{
   tongs_encode_handle(e, (uintptr_t)v->buffer);
}

void
tongs_encode_VkBoxes_array(struct tongs_encoder *e, const VkBoxes *v, uint64_t count)
{
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_VkBoxes(e, &v[i]);
}

void
tongs_encode_VkBufferCreateInfo(struct tongs_encoder *e, const VkBufferCreateInfo *v)
{
   tongs_encode_chain(e, v->pNext, TONGS_STRUCT_VkBufferCreateInfo);
   if (tongs_encoder_reserve(e, 16)) {
      uint8_t *p = e->cur;
      tongs_put_u64(p + 0, v->size);
      tongs_put_u32(p + 8, v->sharingMode);
      tongs_put_u32(p + 12, v->sharingMode == VK_SHARING_MODE_CONCURRENT ?
                    v->queueFamilyIndexCount : 0);
      e->cur = p + 16;
   }
   tongs_encode_array(e, (v->sharingMode == VK_SHARING_MODE_CONCURRENT ?
                          v->pQueueFamilyIndices : NULL), v->queueFamilyIndexCount, 4);
}

void
tongs_encode_VkBufferCreateInfo_array(struct tongs_encoder *e, const VkBufferCreateInfo *v,
                                      uint64_t count)
{
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_VkBufferCreateInfo(e, &v[i]);
}

void
tongs_encode_VkClearColorValue(struct tongs_encoder *e, const VkClearColorValue *v)
{
   tongs_encode_fixed(e, v, sizeof(*v));
}

void
tongs_encode_VkDebugUtilsObjectNameInfoEXT(struct tongs_encoder *e,
                                           const VkDebugUtilsObjectNameInfoEXT *v)
{
   tongs_encode_chain(e, v->pNext, TONGS_STRUCT_VkDebugUtilsObjectNameInfoEXT);
   tongs_encode_u32(e, v->objectType);
   tongs_encode_handle(e, tongs_type_of_object((uint32_t)v->objectType) ? v->objectHandle : 0);
   tongs_encode_string(e, v->pObjectName);
}

void
tongs_encode_VkDebugUtilsObjectNameInfoEXT_array(struct tongs_encoder *e,
                                                 const VkDebugUtilsObjectNameInfoEXT *v,
                                                 uint64_t count)
{
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_VkDebugUtilsObjectNameInfoEXT(e, &v[i]);
}

void
tongs_encode_VkDescriptorSetAllocateInfo(struct tongs_encoder *e,
                                         const VkDescriptorSetAllocateInfo *v)
{
   if (tongs_encoder_reserve(e, 12)) {
      uint8_t *p = e->cur;
      tongs_put_handle(p + 0, (uintptr_t)(v->descriptorPool), e->raw_handles);
      tongs_put_u32(p + 8, v->descriptorSetCount);
      e->cur = p + 12;
   }
}

void
tongs_encode_VkDescriptorSetAllocateInfo_array(struct tongs_encoder *e,
                                               const VkDescriptorSetAllocateInfo *v, uint64_t count)
{
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_VkDescriptorSetAllocateInfo(e, &v[i]);
}

void
tongs_encode_VkDeviceOrHostAddressConstKHR(struct tongs_encoder *e,
                                           const VkDeviceOrHostAddressConstKHR *v)
{
   tongs_encode_u64(e, v->deviceAddress);
}

void
tongs_encode_VkDraw(struct tongs_encoder *e, const VkDraw *v)
{
   tongs_encode_fixed(e, v, sizeof(*v));
}

void
tongs_encode_VkDraw_array(struct tongs_encoder *e, const VkDraw *v, uint64_t count)
{
   tongs_encode_array(e, v, v ? count * (sizeof(*v) / 4) : 0, 4);
}

void
tongs_encode_VkExtent2D(struct tongs_encoder *e, const VkExtent2D *v)
{
   tongs_encode_fixed(e, v, sizeof(*v));
}

void
tongs_encode_VkExtent2D_array(struct tongs_encoder *e, const VkExtent2D *v, uint64_t count)
{
   tongs_encode_array(e, v, v ? count * (sizeof(*v) / 4) : 0, 4);
}

void
tongs_encode_VkFixed(struct tongs_encoder *e, const VkFixed *v)
{
   tongs_encode_fixed(e, v->matrix, sizeof(v->matrix));
   tongs_encode_fixed(e, v->uuid, sizeof(v->uuid));
   tongs_encode_fixed(e, v->formats, sizeof(v->formats));
   for (size_t i = 0; i < 2; i++)
      tongs_encode_VkExtent2D(e, &v->extents[i]);
   tongs_encode_VkScalars(e, &v->scalars);
}

void
tongs_encode_VkFixed_array(struct tongs_encoder *e, const VkFixed *v, uint64_t count)
{
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_VkFixed(e, &v[i]);
}

void
tongs_encode_VkGeometryData(struct tongs_encoder *e, const VkGeometryData *v,
                            VkGeometryTypeKHR selector)
{
   tongs_encode_u32(e, selector);
   switch ((uint32_t)selector) {
   case VK_GEOMETRY_TYPE_TRIANGLES_KHR:
   tongs_encode_VkTriangles(e, &v->triangles);
      break;
   case VK_GEOMETRY_TYPE_AABBS_KHR:
   tongs_encode_VkBoxes_array(e, v->pBoxes, 1);
      break;
   default:
      break;
   }
}

void
tongs_encode_VkImageCopy(struct tongs_encoder *e, const VkImageCopy *v)
{
   tongs_encode_fixed(e, v, sizeof(*v));
}

void
tongs_encode_VkImageCopy_array(struct tongs_encoder *e, const VkImageCopy *v, uint64_t count)
{
   tongs_encode_array(e, v, v ? count * (sizeof(*v) / 4) : 0, 4);
}

void
tongs_encode_VkImageSubresourceLayers(struct tongs_encoder *e, const VkImageSubresourceLayers *v)
{
   tongs_encode_fixed(e, v, sizeof(*v));
}

void
tongs_encode_VkInExtension_body(struct tongs_encoder *e, const VkInExtension *v)
{
   tongs_encode_u32(e, v->value);
}

void
tongs_encode_VkInExtension(struct tongs_encoder *e, const VkInExtension *v)
{
   tongs_encode_chain(e, v->pNext, TONGS_STRUCT_VkInExtension);
   tongs_encode_VkInExtension_body(e, v);
}

void
tongs_encode_VkLimits(struct tongs_encoder *e, const VkLimits *v)
{
   if (tongs_encoder_reserve(e, 24)) {
      uint8_t *p = e->cur;
      tongs_put_u32(p + 0, v->maxCount);
      tongs_put_u32(p + 4, v->exact);
      tongs_put_u64(p + 8, v->maxSize);
      tongs_put_size(p + 16, v->alignment);
      e->cur = p + 24;
   }
   tongs_encode_fixed(e, v->name, sizeof(v->name));
}

void
tongs_encode_VkLimits_array(struct tongs_encoder *e, const VkLimits *v, uint64_t count)
{
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_VkLimits(e, &v[i]);
}

void
tongs_encode_VkOutExtension_body(struct tongs_encoder *e, const VkOutExtension *v)
{
   tongs_encode_u32(e, v->layoutCount);
   tongs_encode_array(e, v->pLayouts, v->layoutCount, 4);
   tongs_encode_VkLimits_array(e, v->pLimits, v->layoutCount);
}

void
tongs_encode_VkOutExtension(struct tongs_encoder *e, const VkOutExtension *v)
{
   tongs_encode_chain(e, v->pNext, TONGS_STRUCT_VkOutExtension);
   tongs_encode_VkOutExtension_body(e, v);
}

void
tongs_encode_VkPipelineCreationFeedback(struct tongs_encoder *e,
                                        const VkPipelineCreationFeedback *v)
{
   if (tongs_encoder_reserve(e, 12)) {
      uint8_t *p = e->cur;
      tongs_put_u32(p + 0, v->flags);
      tongs_put_u64(p + 4, v->duration);
      e->cur = p + 12;
   }
}

void
tongs_encode_VkPipelineCreationFeedback_array(struct tongs_encoder *e,
                                              const VkPipelineCreationFeedback *v, uint64_t count)
{
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_VkPipelineCreationFeedback(e, &v[i]);
}

void
tongs_encode_VkPipelineCreationFeedbackCreateInfo_body(struct tongs_encoder *e,
                                                       const VkPipelineCreationFeedbackCreateInfo *v)
{
   tongs_encode_u64(e, v->pPipelineCreationFeedback ? 1 : 0);
   tongs_encode_u32(e, v->pipelineStageCreationFeedbackCount);
   tongs_encode_u64(e, v->pPipelineStageCreationFeedbacks ?
                    v->pipelineStageCreationFeedbackCount : 0);
}

void
tongs_encode_VkPipelineCreationFeedbackCreateInfo(struct tongs_encoder *e,
                                                  const VkPipelineCreationFeedbackCreateInfo *v)
{
   tongs_encode_chain(e, v->pNext, TONGS_STRUCT_VkPipelineCreationFeedbackCreateInfo);
   tongs_encode_VkPipelineCreationFeedbackCreateInfo_body(e, v);
}

void
tongs_encode_VkProperties2(struct tongs_encoder *e, const VkProperties2 *v)
{
   tongs_encode_chain(e, v->pNext, TONGS_STRUCT_VkProperties2);
   tongs_encode_VkLimits(e, &v->limits);
}

void
tongs_encode_VkRange64(struct tongs_encoder *e, const VkRange64 *v)
{
   tongs_encode_fixed(e, v, sizeof(*v));
}

void
tongs_encode_VkRange64_array(struct tongs_encoder *e, const VkRange64 *v, uint64_t count)
{
   tongs_encode_array(e, v, v ? count * (sizeof(*v) / 8) : 0, 8);
}

void
tongs_encode_VkRepeatedExtension_body(struct tongs_encoder *e, const VkRepeatedExtension *v)
{
   (void)e, (void)v;
}

void
tongs_encode_VkRepeatedExtension(struct tongs_encoder *e, const VkRepeatedExtension *v)
{
   tongs_encode_chain(e, v->pNext, TONGS_STRUCT_VkRepeatedExtension);
   tongs_encode_VkRepeatedExtension_body(e, v);
}

void
tongs_encode_VkScalars(struct tongs_encoder *e, const VkScalars *v)
{
   tongs_encode_chain(e, v->pNext, TONGS_STRUCT_VkScalars);
   if (tongs_encoder_reserve(e, 68)) {
      uint8_t *p = e->cur;
      tongs_put_u32(p + 0, v->usage);
      tongs_put_u64(p + 4, v->wide);
      tongs_put_u32(p + 12, v->format);
      tongs_put_u32(p + 16, v->enabled);
      tongs_put_u8(p + 20, v->byte);
      tongs_put_u16(p + 24, v->half);
      tongs_put_i32(p + 28, v->number);
      tongs_put_f32(p + 32, v->fraction);
      tongs_put_f64(p + 36, v->precise);
      tongs_put_i64(p + 44, v->big);
      tongs_put_size(p + 52, v->size);
      tongs_put_u64(p + 60, v->deviceSize);
      e->cur = p + 68;
   }
   tongs_encode_u32(e, (uint32_t)v->low | (uint32_t)v->high << 24);
   if (tongs_encoder_reserve(e, 16)) {
      uint8_t *p = e->cur;
      tongs_put_handle(p + 0, (uintptr_t)(v->buffer), e->raw_handles);
      tongs_put_handle(p + 8, (uintptr_t)(v->commandBuffer), e->raw_handles);
      e->cur = p + 16;
   }
}

void
tongs_encode_VkScalars_array(struct tongs_encoder *e, const VkScalars *v, uint64_t count)
{
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_VkScalars(e, &v[i]);
}

void
tongs_encode_VkTriangles(struct tongs_encoder *e, const VkTriangles *v)
{
   tongs_encode_VkDeviceOrHostAddressConstKHR(e, &v->vertexData);
   tongs_encode_VkClearColorValue(e, &v->color);
}

