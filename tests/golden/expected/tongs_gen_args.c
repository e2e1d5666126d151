/* made by codegen/gen.py from tongs_gen_args.c.mako: do not edit. SPDX-License-Identifier: MIT */
#include "tongs_gen_args.h"

#include "protocol/bounds.h"
#include "protocol/ignored.h"

#include "tongs_gen_record.h"
#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

void
tongs_encode_vkCreateBuffer(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkCreateBuffer *v = args;

   tongs_encode_handle(e, (uintptr_t)v->device);
   tongs_encode_VkBufferCreateInfo_array(e, v->pCreateInfo, 1);
   tongs_encode_handles(e, (const uint64_t *)v->pBuffer, 1);
   (void)e, (void)v;
}

void
tongs_decode_vkCreateBuffer(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkCreateBuffer *v = args;

   v->device = (VkDevice)(uintptr_t)tongs_decode_target(d, TONGS_TYPE_VkDevice);
   v->pCreateInfo = tongs_decode_VkBufferCreateInfo_array(d, 1, false);
   v->base.new_ids = tongs_decode_new_ids(d, 1);
   v->base.new_count = v->base.new_ids ? 1 : 0;
   v->pBuffer = tongs_decode_alloc(d, v->base.new_count, sizeof(*v->pBuffer));
   (void)d, (void)v;
}

void
tongs_encode_reply_vkCreateBuffer(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkCreateBuffer *v = args;

   tongs_encode_i32(e, v->ret);
   for (uint64_t i = 0; i < 1; i++)
      tongs_encode_u32(e, v->pBuffer[i] != VK_NULL_HANDLE);
   if (v->ret < 0)
      return;
   (void)e, (void)v;
}

void
tongs_decode_reply_vkCreateBuffer(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkCreateBuffer *v = args;

   v->ret = (VkResult)tongs_decode_i32(d);
   for (uint64_t i = 0; i < 1; i++)
      if (!tongs_decode_u32(d))
         v->pBuffer[i] = VK_NULL_HANDLE;
   if (v->ret < 0)
      return;
   (void)d, (void)v;
}

void
tongs_encode_vkDestroyBuffer(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkDestroyBuffer *v = args;

   tongs_encode_handle(e, (uintptr_t)v->device);
   tongs_encode_handle(e, (uintptr_t)v->buffer);
   (void)e, (void)v;
}

void
tongs_decode_vkDestroyBuffer(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkDestroyBuffer *v = args;

   v->device = (VkDevice)(uintptr_t)tongs_decode_target(d, TONGS_TYPE_VkDevice);
   v->base.ids = d->cur;
   v->base.id_count = 1;
   v->buffer = (VkBuffer)tongs_decode_handle(d, TONGS_TYPE_VkBuffer, NULL);
   (void)d, (void)v;
}

void
tongs_encode_vkAllocateDescriptorSets(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkAllocateDescriptorSets *v = args;

   tongs_encode_handle(e, (uintptr_t)v->device);
   tongs_encode_VkDescriptorSetAllocateInfo_array(e, v->pAllocateInfo, 1);
   tongs_encode_handles(e, (const uint64_t *)v->pDescriptorSets,
                        (v->pAllocateInfo ? v->pAllocateInfo->descriptorSetCount : 0));
   (void)e, (void)v;
}

void
tongs_decode_vkAllocateDescriptorSets(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkAllocateDescriptorSets *v = args;

   v->device = (VkDevice)(uintptr_t)tongs_decode_target(d, TONGS_TYPE_VkDevice);
   v->pAllocateInfo = tongs_decode_VkDescriptorSetAllocateInfo_array(d, 1, false);
   v->base.new_ids = tongs_decode_new_ids(d, (v->pAllocateInfo ?
                                              v->pAllocateInfo->descriptorSetCount : 0));
   v->base.new_count = v->base.new_ids ? (v->pAllocateInfo ?
                                          v->pAllocateInfo->descriptorSetCount : 0) : 0;
   v->pDescriptorSets = tongs_decode_alloc(d, v->base.new_count, sizeof(*v->pDescriptorSets));
   (void)d, (void)v;
}

void
tongs_encode_reply_vkAllocateDescriptorSets(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkAllocateDescriptorSets *v = args;

   tongs_encode_i32(e, v->ret);
   for (uint64_t i = 0; i < (v->pAllocateInfo ? v->pAllocateInfo->descriptorSetCount : 0); i++)
      tongs_encode_u32(e, v->pDescriptorSets[i] != VK_NULL_HANDLE);
   if (v->ret < 0)
      return;
   (void)e, (void)v;
}

void
tongs_decode_reply_vkAllocateDescriptorSets(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkAllocateDescriptorSets *v = args;

   v->ret = (VkResult)tongs_decode_i32(d);
   for (uint64_t i = 0; i < (v->pAllocateInfo ? v->pAllocateInfo->descriptorSetCount : 0); i++)
      if (!tongs_decode_u32(d))
         v->pDescriptorSets[i] = VK_NULL_HANDLE;
   if (v->ret < 0)
      return;
   (void)d, (void)v;
}

void
tongs_encode_vkFreeDescriptorSets(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkFreeDescriptorSets *v = args;

   tongs_encode_handle(e, (uintptr_t)v->device);
   if (tongs_encoder_reserve(e, 12)) {
      uint8_t *p = e->cur;
      tongs_put_handle(p + 0, (uintptr_t)(v->descriptorPool), e->raw_handles);
      tongs_put_u32(p + 8, v->descriptorSetCount);
      e->cur = p + 12;
   }
   tongs_encode_handles(e, (const uint64_t *)v->pDescriptorSets, v->descriptorSetCount);
   (void)e, (void)v;
}

void
tongs_decode_vkFreeDescriptorSets(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkFreeDescriptorSets *v = args;

   v->device = (VkDevice)(uintptr_t)tongs_decode_target(d, TONGS_TYPE_VkDevice);
   {
      const uint8_t *p = tongs_take(d, 12);
      if (p) {
         v->descriptorPool = (VkDescriptorPool)tongs_get_handle(d, p + 0,
               TONGS_TYPE_VkDescriptorPool, "vkFreeDescriptorSets.descriptorPool");
         v->descriptorSetCount = (uint32_t)tongs_get_u32(p + 8);
      }
   }
   v->base.ids = d->cur + 4;
   v->pDescriptorSets = (VkDescriptorSet *)tongs_decode_handles(d, v->descriptorSetCount, true,
         TONGS_TYPE_VkDescriptorSet, NULL);
   v->base.id_count = v->pDescriptorSets ? v->descriptorSetCount : 0;
   (void)d, (void)v;
}

void
tongs_encode_vkUseArrays(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkUseArrays *v = args;

   tongs_encode_handle(e, (uintptr_t)v->device);
   tongs_encode_VkArrays_array(e, v->pArrays, 1);
   (void)e, (void)v;
}

void
tongs_decode_vkUseArrays(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkUseArrays *v = args;

   v->device = (VkDevice)(uintptr_t)tongs_decode_target(d, TONGS_TYPE_VkDevice);
   v->pArrays = tongs_decode_VkArrays_array(d, 1, false);
   (void)d, (void)v;
}

void
tongs_encode_reply_vkUseArrays(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkUseArrays *v = args;

   tongs_encode_i32(e, v->ret);
   if (v->ret < 0)
      return;
   for (uint64_t i = 0; v->pArrays && i < 1; i++)
      tongs_encode_returned_VkArrays(e, &v->pArrays[i]);
   (void)e, (void)v;
}

void
tongs_decode_reply_vkUseArrays(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkUseArrays *v = args;

   v->ret = (VkResult)tongs_decode_i32(d);
   if (v->ret < 0)
      return;
   for (uint64_t i = 0; v->pArrays && i < 1 && !d->error; i++)
      tongs_decode_returned_VkArrays(d, &v->pArrays[i]);
   (void)d, (void)v;
}

void
tongs_encode_vkGetLimits(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkGetLimits *v = args;

   tongs_encode_handle(e, (uintptr_t)v->device);
   tongs_encode_u64(e, v->pCount ? *v->pCount : 0);
   tongs_encode_u32(e, v->pLimits != NULL);
   (void)e, (void)v;
}

void
tongs_decode_vkGetLimits(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkGetLimits *v = args;

   v->device = (VkDevice)(uintptr_t)tongs_decode_target(d, TONGS_TYPE_VkDevice);
   v->pCount = tongs_decode_alloc(d, 1, sizeof(*v->pCount));
   if (v->pCount)
      *v->pCount = (uint32_t)tongs_decode_u64(d);
   if (tongs_decode_present(d, NULL))
      v->pLimits = tongs_decode_room(d, *v->pCount, sizeof(*v->pLimits));
   (void)d, (void)v;
}

void
tongs_encode_reply_vkGetLimits(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkGetLimits *v = args;

   tongs_encode_i32(e, v->ret);
   if (v->ret < 0)
      return;
   tongs_encode_u64(e, v->pCount ? *v->pCount : 0);
   tongs_encode_VkLimits_array(e, v->pLimits, *v->pCount);
   (void)e, (void)v;
}

void
tongs_decode_reply_vkGetLimits(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkGetLimits *v = args;
   const uint64_t pLimits_capacity = v->pLimits ? *v->pCount : 0;

   v->ret = (VkResult)tongs_decode_i32(d);
   if (v->ret < 0)
      return;
   {
      uint32_t count = (uint32_t)tongs_decode_u64(d);
      if (v->pCount && !d->error)
         *v->pCount = count;
   }
   tongs_decode_VkLimits_array_into(d, v->pLimits, pLimits_capacity);
   if (v->pLimits && *v->pCount > pLimits_capacity) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      *v->pCount = 0;
   }
   (void)d, (void)v;
}

void
tongs_encode_vkGetData(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkGetData *v = args;

   tongs_encode_handle(e, (uintptr_t)v->device);
   tongs_encode_room(e, v->pDataSize ? *v->pDataSize : 0);
   tongs_encode_u32(e, v->pData != NULL);
   tongs_encode_u32(e, v->pStamp != NULL);
   (void)e, (void)v;
}

void
tongs_decode_vkGetData(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkGetData *v = args;

   v->device = (VkDevice)(uintptr_t)tongs_decode_target(d, TONGS_TYPE_VkDevice);
   v->pDataSize = tongs_decode_alloc(d, 1, sizeof(*v->pDataSize));
   if (v->pDataSize)
      *v->pDataSize = (size_t)tongs_decode_u64(d);
   if (tongs_decode_present(d, NULL))
      v->pData = tongs_decode_room(d, *v->pDataSize, 1);
   if (tongs_decode_present(d, NULL))
      v->pStamp = tongs_decode_alloc(d, 1, sizeof(*v->pStamp));
   (void)d, (void)v;
}

void
tongs_encode_reply_vkGetData(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkGetData *v = args;

   tongs_encode_i32(e, v->ret);
   if (v->ret < 0)
      return;
   tongs_encode_u64(e, v->pDataSize ? *v->pDataSize : 0);
   tongs_encode_blob(e, v->pData, *v->pDataSize);
   if (v->pStamp)
      tongs_encode_u64(e, *v->pStamp);
   (void)e, (void)v;
}

void
tongs_decode_reply_vkGetData(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkGetData *v = args;
   const uint64_t pData_capacity = v->pData ? *v->pDataSize : 0;

   v->ret = (VkResult)tongs_decode_i32(d);
   if (v->ret < 0)
      return;
   {
      size_t count = (size_t)tongs_decode_u64(d);
      if (v->pDataSize && !d->error)
         *v->pDataSize = count;
   }
   tongs_decode_blob_into(d, v->pData, pData_capacity);
   if (v->pStamp)
      *v->pStamp = (uint64_t)tongs_decode_u64(d);
   if (v->pData && *v->pDataSize > pData_capacity) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      *v->pDataSize = 0;
   }
   (void)d, (void)v;
}

void
tongs_encode_vkGetProperties2(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkGetProperties2 *v = args;

   tongs_encode_handle(e, (uintptr_t)v->device);
   tongs_encode_u32(e, v->pProperties != NULL);
   if (v->pProperties)
      tongs_encode_shape_VkProperties2(e, v->pProperties);
   (void)e, (void)v;
}

void
tongs_decode_vkGetProperties2(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkGetProperties2 *v = args;

   v->device = (VkDevice)(uintptr_t)tongs_decode_target(d, TONGS_TYPE_VkDevice);
   if (tongs_decode_present(d, "vkGetProperties2.pProperties"))
      v->pProperties = tongs_decode_alloc(d, 1, sizeof(*v->pProperties));
   if (v->pProperties)
      tongs_decode_shape_VkProperties2(d, v->pProperties);
   (void)d, (void)v;
}

void
tongs_encode_reply_vkGetProperties2(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkGetProperties2 *v = args;

   if (v->pProperties)
      tongs_encode_VkProperties2(e, v->pProperties);
   (void)e, (void)v;
}

void
tongs_decode_reply_vkGetProperties2(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkGetProperties2 *v = args;

   if (v->pProperties)
      tongs_decode_VkProperties2_into(d, v->pProperties);
   (void)d, (void)v;
}

void
tongs_encode_vkGetAddress(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkGetAddress *v = args;

   tongs_encode_handle(e, (uintptr_t)v->device);
   tongs_encode_u32(e, v->count);
   tongs_encode_u32(e, v->pWords != NULL);
   (void)e, (void)v;
}

void
tongs_decode_vkGetAddress(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkGetAddress *v = args;

   v->device = (VkDevice)(uintptr_t)tongs_decode_target(d, TONGS_TYPE_VkDevice);
   v->count = (uint32_t)tongs_decode_u32(d);
   if (tongs_decode_present(d, v->count ? "vkGetAddress.pWords" : NULL))
      v->pWords = tongs_decode_room(d, v->count, sizeof(*v->pWords));
   (void)d, (void)v;
}

void
tongs_encode_reply_vkGetAddress(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkGetAddress *v = args;

   tongs_encode_u64(e, v->ret);
   tongs_encode_array(e, v->pWords, v->count, 4);
   (void)e, (void)v;
}

void
tongs_decode_reply_vkGetAddress(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkGetAddress *v = args;
   const uint64_t pWords_capacity = v->pWords ? v->count : 0;

   v->ret = (VkDeviceAddress)tongs_decode_u64(d);
   tongs_decode_array_into(d, v->pWords, pWords_capacity, 4);
   (void)d, (void)v;
}

void
tongs_encode_vkCmdSetConstants(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkCmdSetConstants *v = args;

   tongs_encode_array(e, v->constants, 4, 4);
   tongs_encode_u32(e, v->regionCount);
   tongs_encode_VkImageCopy_array(e, v->pRegions, v->regionCount);
   (void)e, (void)v;
}

void
tongs_decode_vkCmdSetConstants(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkCmdSetConstants *v = args;

   v->constants = tongs_decode_array(d, 4, false, 4);
   v->regionCount = (uint32_t)tongs_decode_u32(d);
   v->pRegions = tongs_decode_VkImageCopy_array(d, v->regionCount, false);
   (void)d, (void)v;
}

void
tongs_encode_vkCmdDrawMany(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkCmdDrawMany *v = args;

   tongs_encode_u32(e, v->drawCount);
   tongs_encode_u32(e, v->pDraws ? v->drawCount * (uint32_t)(sizeof(*v->pDraws) / 4) : 0);
   for (uint64_t i = 0; v->pDraws && i < v->drawCount && !e->failed; i++)
      tongs_encode_VkDraw(e, (const VkDraw *)((const uint8_t *)v->pDraws + i * v->stride));
   tongs_encode_u32(e, v->stride);
   (void)e, (void)v;
}

void
tongs_decode_vkCmdDrawMany(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkCmdDrawMany *v = args;

   v->drawCount = (uint32_t)tongs_decode_u32(d);
   v->pDraws = tongs_decode_VkDraw_array(d, v->drawCount, true);
   v->stride = (uint32_t)tongs_decode_u32(d);
   v->stride = sizeof(*v->pDraws);
   (void)d, (void)v;
}

void
tongs_encode_vkCmdBuildAccelerationStructuresKHR(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkCmdBuildAccelerationStructuresKHR *v = args;

   tongs_encode_u32(e, v->infoCount);
   tongs_encode_VkAccelerationStructureBuildGeometryInfoKHR_array(e, v->pInfos, v->infoCount);
   tongs_encode_u32(e, v->ppBuildRangeInfos ? v->infoCount : 0);
   for (uint32_t i = 0; v->ppBuildRangeInfos && i < v->infoCount; i++)
      tongs_encode_VkDraw_array(e, v->ppBuildRangeInfos[i], v->pInfos[i].geometryCount);
   (void)e, (void)v;
}

void
tongs_decode_vkCmdBuildAccelerationStructuresKHR(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkCmdBuildAccelerationStructuresKHR *v = args;

   v->infoCount = (uint32_t)tongs_decode_u32(d);
   v->pInfos = tongs_decode_VkAccelerationStructureBuildGeometryInfoKHR_array(d, v->infoCount,
         false);
   {
      uint32_t n = tongs_decode_count(d, v->infoCount, false, 4);
      const VkDraw **lists = tongs_decode_alloc(d, n, sizeof(*lists));
      for (uint32_t i = 0; lists && i < n; i++)
         lists[i] = tongs_decode_VkDraw_array(d, v->pInfos[i].geometryCount, false);
      v->ppBuildRangeInfos = lists;
   }
   (void)d, (void)v;
}

void
tongs_encode_vkSetDebugUtilsObjectNameEXT(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkSetDebugUtilsObjectNameEXT *v = args;

   tongs_encode_handle(e, (uintptr_t)v->device);
   tongs_encode_VkDebugUtilsObjectNameInfoEXT_array(e, v->pNameInfo, 1);
   (void)e, (void)v;
}

void
tongs_decode_vkSetDebugUtilsObjectNameEXT(struct tongs_decoder *d, void *args)
{
   struct tongs_args_vkSetDebugUtilsObjectNameEXT *v = args;

   v->device = (VkDevice)(uintptr_t)tongs_decode_target(d, TONGS_TYPE_VkDevice);
   v->pNameInfo = tongs_decode_VkDebugUtilsObjectNameInfoEXT_array(d, 1, false);
   if (!d->error && !d->failed && !(v->pNameInfo->objectHandle != 0))
      tongs_decoder_fail(d, TONGS_DECODE_RANGE);
   (void)d, (void)v;
}

void
tongs_encode_vkCmdFlat(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_vkCmdFlat *v = args;

   const uint64_t room = tongs_room_vkCmdFlat(v);
   if (room > TONGS_OP_SIZE_MAX)
      e->failed = true;
   else if (tongs_encoder_reserve(e, (size_t)room))
      e->cur = tongs_put_vkCmdFlat(e->cur, v, e->raw_handles);
}

void
tongs_decode_vkCmdFlat(struct tongs_decoder *d, void *args)
{
   tongs_get_vkCmdFlat(d, args);
}

