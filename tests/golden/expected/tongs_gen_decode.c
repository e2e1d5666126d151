/* made by codegen/gen.py from tongs_gen_decode.c.mako: do not edit. SPDX-License-Identifier: MIT */
#include "tongs_gen_structs.h"

#include "protocol/bounds.h"

#include "tongs_gen_types.h"

void
tongs_decode_VkAccelerationStructureBuildGeometryInfoKHR(struct tongs_decoder *d,
                                                         VkAccelerationStructureBuildGeometryInfoKHR *v)
{
   v->geometryCount = (uint32_t)tongs_decode_u32(d);
   v->ppGeometries = tongs_decode_VkAccelerationStructureGeometryKHR_pointers(d, v->geometryCount,
         false);
}

VkAccelerationStructureBuildGeometryInfoKHR *
tongs_decode_VkAccelerationStructureBuildGeometryInfoKHR_array(struct tongs_decoder *d,
      uint64_t expected, bool optional)
{
   uint32_t count = tongs_decode_count(d, expected, optional, 8);
   VkAccelerationStructureBuildGeometryInfoKHR *v = tongs_decode_alloc(d, count, sizeof(*v));

   for (uint32_t i = 0; v && i < count && !d->error; i++)
      tongs_decode_VkAccelerationStructureBuildGeometryInfoKHR(d, &v[i]);
   return v;
}

void
tongs_decode_VkAccelerationStructureGeometryKHR(struct tongs_decoder *d,
                                                VkAccelerationStructureGeometryKHR *v)
{
   v->geometryType = (VkGeometryTypeKHR)tongs_decode_enum(d, TONGS_ENUM_VkGeometryTypeKHR);
   tongs_decode_VkGeometryData(d, &v->geometry, v->geometryType);
}

VkAccelerationStructureGeometryKHR *
tongs_decode_VkAccelerationStructureGeometryKHR_array(struct tongs_decoder *d, uint64_t expected,
                                                      bool optional)
{
   uint32_t count = tongs_decode_count(d, expected, optional, 8);
   VkAccelerationStructureGeometryKHR *v = tongs_decode_alloc(d, count, sizeof(*v));

   for (uint32_t i = 0; v && i < count && !d->error; i++)
      tongs_decode_VkAccelerationStructureGeometryKHR(d, &v[i]);
   return v;
}

const VkAccelerationStructureGeometryKHR *const *
tongs_decode_VkAccelerationStructureGeometryKHR_pointers(struct tongs_decoder *d, uint64_t expected,
                                                         bool optional)
{
   uint32_t count = tongs_decode_count(d, expected, optional, 8);
   VkAccelerationStructureGeometryKHR *v = tongs_decode_alloc(d, count, sizeof(*v));
   const VkAccelerationStructureGeometryKHR **list = tongs_decode_alloc(d, count, sizeof(*list));

   for (uint32_t i = 0; v && list && i < count && !d->error; i++) {
      tongs_decode_VkAccelerationStructureGeometryKHR(d, &v[i]);
      list[i] = &v[i];
   }
   return list;
}

void
tongs_decode_VkArrays(struct tongs_decoder *d, VkArrays *v)
{
   v->sType = VK_STRUCTURE_TYPE_ARRAYS;
   v->pNext = tongs_decode_chain(d, TONGS_STRUCT_VkArrays);
   v->pName = tongs_decode_string(d, NULL);
   v->nameCount = (uint32_t)tongs_decode_u32(d);
   v->ppNames = tongs_decode_strings(d, v->nameCount, false);
   v->count = (uint32_t)tongs_decode_u32(d);
   v->pWords = tongs_decode_array(d, v->count, false, 4);
   v->pOptionalLongs = tongs_decode_array(d, v->count, true, 8);
   v->pFormats = tongs_decode_enums(d, v->count, false, TONGS_ENUM_VkFormat);
   v->pSizes = tongs_decode_sizes(d, v->count, false);
   v->pBuffers = (VkBuffer *)tongs_decode_handles(d, v->count, false, TONGS_TYPE_VkBuffer,
                                                  "VkArrays.pBuffers");
   v->pCommandBuffers = tongs_decode_dispatchables(d, v->count, false, TONGS_TYPE_VkCommandBuffer,
                                                   "VkArrays.pCommandBuffers");
   v->pExtents = tongs_decode_VkExtent2D_array(d, v->count, false);
   v->pRanges = tongs_decode_VkRange64_array(d, v->count, false);
   v->pScalars = tongs_decode_VkScalars_array(d, v->count, false);
   v->pFixed = tongs_decode_VkFixed_array(d, 1, true);
   v->dataSize = (size_t)tongs_decode_size(d);
   v->pData = tongs_decode_blob(d, v->dataSize, false);
   v->pVersionData = tongs_decode_array(d, 2*VK_UUID_SIZE, false, 1);
}

VkArrays *
tongs_decode_VkArrays_array(struct tongs_decoder *d, uint64_t expected, bool optional)
{
   uint32_t count = tongs_decode_count(d, expected, optional, 76);
   VkArrays *v = tongs_decode_alloc(d, count, sizeof(*v));

   for (uint32_t i = 0; v && i < count && !d->error; i++)
      tongs_decode_VkArrays(d, &v[i]);
   return v;
}

void
tongs_decode_VkBothExtension_body(struct tongs_decoder *d, VkBothExtension *v)
{
   v->sType = VK_STRUCTURE_TYPE_BOTH_EXTENSION;
   v->feature = (VkBool32)tongs_decode_u32(d);
}

void
tongs_decode_VkBothExtension(struct tongs_decoder *d, VkBothExtension *v)
{
   v->pNext = tongs_decode_chain(d, TONGS_STRUCT_VkBothExtension);
   tongs_decode_VkBothExtension_body(d, v);
}

void
tongs_decode_VkBoxes(struct tongs_decoder *d, VkBoxes *v)
{
   v->buffer = (VkBuffer)tongs_decode_handle(d, TONGS_TYPE_VkBuffer, "VkBoxes.buffer");
}

VkBoxes *
tongs_decode_VkBoxes_array(struct tongs_decoder *d, uint64_t expected, bool optional)
{
   uint32_t count = tongs_decode_count(d, expected, optional, 8);
   VkBoxes *v = tongs_decode_alloc(d, count, sizeof(*v));

   for (uint32_t i = 0; v && i < count && !d->error; i++)
      tongs_decode_VkBoxes(d, &v[i]);
   return v;
}

void
tongs_decode_VkBufferCreateInfo(struct tongs_decoder *d, VkBufferCreateInfo *v)
{
   v->sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
   v->pNext = tongs_decode_chain(d, TONGS_STRUCT_VkBufferCreateInfo);
   {
      const uint8_t *p = tongs_take(d, 16);
      if (p) {
         v->size = (VkDeviceSize)tongs_get_u64(p + 0);
         v->sharingMode = (uint32_t)tongs_get_u32(p + 8);
         v->queueFamilyIndexCount = (uint32_t)tongs_get_u32(p + 12);
      }
   }
   v->pQueueFamilyIndices = tongs_decode_array(d, v->queueFamilyIndexCount, true, 4);
}

VkBufferCreateInfo *
tongs_decode_VkBufferCreateInfo_array(struct tongs_decoder *d, uint64_t expected, bool optional)
{
   uint32_t count = tongs_decode_count(d, expected, optional, 24);
   VkBufferCreateInfo *v = tongs_decode_alloc(d, count, sizeof(*v));

   for (uint32_t i = 0; v && i < count && !d->error; i++)
      tongs_decode_VkBufferCreateInfo(d, &v[i]);
   return v;
}

void
tongs_decode_VkClearColorValue(struct tongs_decoder *d, VkClearColorValue *v)
{
   tongs_decode_fixed(d, v, sizeof(*v));
}

void
tongs_decode_VkDebugUtilsObjectNameInfoEXT(struct tongs_decoder *d,
                                           VkDebugUtilsObjectNameInfoEXT *v)
{
   v->sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT;
   v->pNext = tongs_decode_chain(d, TONGS_STRUCT_VkDebugUtilsObjectNameInfoEXT);
   v->objectType = (VkObjectType)tongs_decode_enum(d, TONGS_ENUM_VkObjectType);
   v->objectHandle = tongs_decode_handle(d, tongs_type_of_object((uint32_t)v->objectType), NULL);
   v->pObjectName = tongs_decode_string(d, NULL);
}

VkDebugUtilsObjectNameInfoEXT *
tongs_decode_VkDebugUtilsObjectNameInfoEXT_array(struct tongs_decoder *d, uint64_t expected,
                                                 bool optional)
{
   uint32_t count = tongs_decode_count(d, expected, optional, 20);
   VkDebugUtilsObjectNameInfoEXT *v = tongs_decode_alloc(d, count, sizeof(*v));

   for (uint32_t i = 0; v && i < count && !d->error; i++)
      tongs_decode_VkDebugUtilsObjectNameInfoEXT(d, &v[i]);
   return v;
}

void
tongs_decode_VkDescriptorSetAllocateInfo(struct tongs_decoder *d, VkDescriptorSetAllocateInfo *v)
{
   {
      const uint8_t *p = tongs_take(d, 12);
      if (p) {
         v->descriptorPool = (VkDescriptorPool)tongs_get_handle(d, p + 0,
               TONGS_TYPE_VkDescriptorPool, "VkDescriptorSetAllocateInfo.descriptorPool");
         v->descriptorSetCount = (uint32_t)tongs_get_u32(p + 8);
      }
   }
}

VkDescriptorSetAllocateInfo *
tongs_decode_VkDescriptorSetAllocateInfo_array(struct tongs_decoder *d, uint64_t expected,
                                               bool optional)
{
   uint32_t count = tongs_decode_count(d, expected, optional, 12);
   VkDescriptorSetAllocateInfo *v = tongs_decode_alloc(d, count, sizeof(*v));

   for (uint32_t i = 0; v && i < count && !d->error; i++)
      tongs_decode_VkDescriptorSetAllocateInfo(d, &v[i]);
   return v;
}

void
tongs_decode_VkDeviceOrHostAddressConstKHR(struct tongs_decoder *d,
                                           VkDeviceOrHostAddressConstKHR *v)
{
   v->deviceAddress = (VkDeviceAddress)tongs_decode_u64(d);
}

void
tongs_decode_VkDraw(struct tongs_decoder *d, VkDraw *v)
{
   tongs_decode_fixed(d, v, sizeof(*v));
}

VkDraw *
tongs_decode_VkDraw_array(struct tongs_decoder *d, uint64_t expected, bool optional)
{
   return (VkDraw *)tongs_decode_pods(d, expected, optional, sizeof(VkDraw), 4);
}

void
tongs_decode_VkExtent2D(struct tongs_decoder *d, VkExtent2D *v)
{
   tongs_decode_fixed(d, v, sizeof(*v));
}

VkExtent2D *
tongs_decode_VkExtent2D_array(struct tongs_decoder *d, uint64_t expected, bool optional)
{
   return (VkExtent2D *)tongs_decode_pods(d, expected, optional, sizeof(VkExtent2D), 4);
}

void
tongs_decode_VkFixed(struct tongs_decoder *d, VkFixed *v)
{
   tongs_decode_fixed(d, v->matrix, sizeof(v->matrix));
   tongs_decode_fixed(d, v->uuid, sizeof(v->uuid));
   tongs_decode_fixed(d, v->formats, sizeof(v->formats));
   for (size_t i = 0; i < 2; i++)
      tongs_decode_VkExtent2D(d, &v->extents[i]);
   tongs_decode_VkScalars(d, &v->scalars);
}

VkFixed *
tongs_decode_VkFixed_array(struct tongs_decoder *d, uint64_t expected, bool optional)
{
   uint32_t count = tongs_decode_count(d, expected, optional, 168);
   VkFixed *v = tongs_decode_alloc(d, count, sizeof(*v));

   for (uint32_t i = 0; v && i < count && !d->error; i++)
      tongs_decode_VkFixed(d, &v[i]);
   return v;
}

void
tongs_decode_VkGeometryData(struct tongs_decoder *d, VkGeometryData *v, VkGeometryTypeKHR selector)
{
   if (tongs_decode_u32(d) != (uint32_t)selector)
      tongs_decoder_fail(d, TONGS_DECODE_VALUE);
   switch ((uint32_t)selector) {
   case VK_GEOMETRY_TYPE_TRIANGLES_KHR:
   tongs_decode_VkTriangles(d, &v->triangles);
      break;
   case VK_GEOMETRY_TYPE_AABBS_KHR:
   v->pBoxes = tongs_decode_VkBoxes_array(d, 1, false);
      break;
   default: /* the selector selects nothing */
      break;
   }
   (void)v;
}

void
tongs_decode_VkImageCopy(struct tongs_decoder *d, VkImageCopy *v)
{
   tongs_decode_fixed(d, v, sizeof(*v));
   if (!d->error && !(v->srcSubresource.mipLevel < 32))
      tongs_decoder_fail(d, TONGS_DECODE_RANGE);
}

VkImageCopy *
tongs_decode_VkImageCopy_array(struct tongs_decoder *d, uint64_t expected, bool optional)
{
   VkImageCopy *list = (VkImageCopy *)tongs_decode_pods(d, expected, optional, sizeof(*list), 4);

   for (uint64_t i = 0; list && i < expected; i++) {
      const VkImageCopy *v = &list[i];
      if (!d->error && !(v->srcSubresource.mipLevel < 32))
         tongs_decoder_fail(d, TONGS_DECODE_RANGE);
   }
   return d->error ? NULL : list;
}

void
tongs_decode_VkImageSubresourceLayers(struct tongs_decoder *d, VkImageSubresourceLayers *v)
{
   tongs_decode_fixed(d, v, sizeof(*v));
   if (!d->error && !(v->mipLevel < 32))
      tongs_decoder_fail(d, TONGS_DECODE_RANGE);
}

void
tongs_decode_VkInExtension_body(struct tongs_decoder *d, VkInExtension *v)
{
   v->sType = VK_STRUCTURE_TYPE_IN_EXTENSION;
   v->value = (uint32_t)tongs_decode_u32(d);
}

void
tongs_decode_VkInExtension(struct tongs_decoder *d, VkInExtension *v)
{
   v->pNext = tongs_decode_chain(d, TONGS_STRUCT_VkInExtension);
   tongs_decode_VkInExtension_body(d, v);
}

void
tongs_decode_VkPipelineCreationFeedbackCreateInfo_body(struct tongs_decoder *d,
                                                       VkPipelineCreationFeedbackCreateInfo *v)
{
   v->sType = VK_STRUCTURE_TYPE_PIPELINE_CREATION_FEEDBACK_CREATE_INFO;
   v->pPipelineCreationFeedback = tongs_decode_empty(d, 1, false,
                                                     sizeof(*v->pPipelineCreationFeedback));
   v->pipelineStageCreationFeedbackCount = (uint32_t)tongs_decode_u32(d);
   v->pPipelineStageCreationFeedbacks = tongs_decode_empty(d, v->pipelineStageCreationFeedbackCount,
                                                           false,
                                                           sizeof(*v->pPipelineStageCreationFeedbacks));
}

void
tongs_decode_VkPipelineCreationFeedbackCreateInfo(struct tongs_decoder *d,
                                                  VkPipelineCreationFeedbackCreateInfo *v)
{
   v->pNext = tongs_decode_chain(d, TONGS_STRUCT_VkPipelineCreationFeedbackCreateInfo);
   tongs_decode_VkPipelineCreationFeedbackCreateInfo_body(d, v);
}

void
tongs_decode_VkRange64(struct tongs_decoder *d, VkRange64 *v)
{
   tongs_decode_fixed(d, v, sizeof(*v));
}

VkRange64 *
tongs_decode_VkRange64_array(struct tongs_decoder *d, uint64_t expected, bool optional)
{
   return (VkRange64 *)tongs_decode_pods(d, expected, optional, sizeof(VkRange64), 8);
}

void
tongs_decode_VkRepeatedExtension_body(struct tongs_decoder *d, VkRepeatedExtension *v)
{
   v->sType = VK_STRUCTURE_TYPE_REPEATED_EXTENSION;
   (void)d;
}

void
tongs_decode_VkRepeatedExtension(struct tongs_decoder *d, VkRepeatedExtension *v)
{
   v->pNext = tongs_decode_chain(d, TONGS_STRUCT_VkRepeatedExtension);
   tongs_decode_VkRepeatedExtension_body(d, v);
}

void
tongs_decode_VkScalars(struct tongs_decoder *d, VkScalars *v)
{
   v->sType = VK_STRUCTURE_TYPE_SCALARS;
   v->pNext = tongs_decode_chain(d, TONGS_STRUCT_VkScalars);
   {
      const uint8_t *p = tongs_take(d, 68);
      if (p) {
         v->usage = (VkUsageFlags)tongs_get_u32(p + 0);
         v->wide = (VkWideFlags)tongs_get_u64(p + 4);
         v->format = (VkFormat)tongs_get_enum(p + 12, 0, 1, TONGS_ENUM_VkFormat);
         v->enabled = (VkBool32)tongs_get_u32(p + 16);
         v->byte = (uint8_t)tongs_get_u8(p + 20);
         v->half = (uint16_t)tongs_get_u16(p + 24);
         v->number = (int32_t)tongs_get_i32(p + 28);
         v->fraction = (float)tongs_get_f32(p + 32);
         v->precise = (double)tongs_get_f64(p + 36);
         v->big = (int64_t)tongs_get_i64(p + 44);
         v->size = (size_t)tongs_get_size(p + 52);
         v->deviceSize = (VkDeviceSize)tongs_get_u64(p + 60);
      }
   }
   {
      uint32_t bits = tongs_decode_u32(d);
      v->low = bits & 0xffffffu;
      bits >>= 24;
      v->high = bits & 0xffu;
   }
   {
      const uint8_t *p = tongs_take(d, 16);
      if (p) {
         v->buffer = (VkBuffer)tongs_get_handle(d, p + 0, TONGS_TYPE_VkBuffer, "VkScalars.buffer");
         v->commandBuffer = (VkCommandBuffer)(uintptr_t)tongs_get_handle(d, p + 8,
               TONGS_TYPE_VkCommandBuffer, NULL);
      }
   }
}

VkScalars *
tongs_decode_VkScalars_array(struct tongs_decoder *d, uint64_t expected, bool optional)
{
   uint32_t count = tongs_decode_count(d, expected, optional, 92);
   VkScalars *v = tongs_decode_alloc(d, count, sizeof(*v));

   for (uint32_t i = 0; v && i < count && !d->error; i++)
      tongs_decode_VkScalars(d, &v[i]);
   return v;
}

void
tongs_decode_VkTriangles(struct tongs_decoder *d, VkTriangles *v)
{
   tongs_decode_VkDeviceOrHostAddressConstKHR(d, &v->vertexData);
   tongs_decode_VkClearColorValue(d, &v->color);
}

