/* SPDX-License-Identifier: MIT */

/* Descriptor update templates. They exist in the client only: their use becomes an update or a push
 * of descriptors. */

#include "icd/descriptor_write.h"

#include "icd/command_buffer.h"
#include "icd/connection.h"
#include "icd/pipeline_layout.h"

#include "icd_gen_entry.h"
#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

#include <string.h>

struct template_entry {
   struct icd_descriptor_write write; /* without data and set, which each use adds */
   size_t offset;                     /* of its data in the application's block */
};

struct update_template {
   struct tongs_object base;
   VkPipelineBindPoint bind_point;
   uint32_t set;
   uint32_t write_count; /* of the update that the template becomes */
   size_t write_size;    /* of these writes, at most; SIZE_MAX if one of them has a chain */
   uint32_t count;
   struct template_entry entries[];
};

/* Whether each descriptor needs a write of its own. Acceleration structures do: a write takes a
 * packed array of them, but in the application's block they may have a stride. */
static bool
is_split(const struct icd_descriptor_write *w)
{
   return w->element == ICD_ELEMENT_OTHER && w->type != VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateDescriptorUpdateTemplate(VkDevice device,
                                   const VkDescriptorUpdateTemplateCreateInfo *pCreateInfo,
                                   const VkAllocationCallbacks *pAllocator,
                                   VkDescriptorUpdateTemplate *pDescriptorUpdateTemplate)
{
   uint32_t count = pCreateInfo->descriptorUpdateEntryCount;
   struct update_template *t = icd_object_create_sized(icd_dispatchable_from(device), pAllocator,
                                                       TONGS_TYPE_VkDescriptorUpdateTemplate,
                                                       sizeof(*t) + count * sizeof(t->entries[0]));
   if (!t)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   t->bind_point = pCreateInfo->pipelineBindPoint;
   t->set = pCreateInfo->set;
   t->count = count;
   t->write_size = ICD_UPDATE_END_SIZE;
   for (uint32_t i = 0; i < count; i++) {
      const VkDescriptorUpdateTemplateEntry *from = &pCreateInfo->pDescriptorUpdateEntries[i];
      t->entries[i].offset = from->offset;
      t->entries[i].write = (struct icd_descriptor_write){
         .binding = from->dstBinding,
         .first = from->dstArrayElement,
         .count = from->descriptorCount,
         .type = from->descriptorType,
         .element = icd_element_of(from->descriptorType),
         .stride = from->stride,
      };
      t->write_count += is_split(&t->entries[i].write) ? from->descriptorCount : 1;
      if (t->entries[i].write.element == ICD_ELEMENT_OTHER)
         t->write_size = SIZE_MAX;
      else if (t->write_size < SIZE_MAX)
         t->write_size += ICD_WRITE_SIZE + from->descriptorCount * sizeof(VkDescriptorBufferInfo);
   }
   *pDescriptorUpdateTemplate = (VkDescriptorUpdateTemplate)(uintptr_t)t;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyDescriptorUpdateTemplate(VkDevice device,
                                    VkDescriptorUpdateTemplate descriptorUpdateTemplate,
                                    const VkAllocationCallbacks *pAllocator)
{
   icd_object_destroy(icd_dispatchable_from(device), pAllocator,
                      (struct tongs_object *)(uintptr_t)descriptorUpdateTemplate);
}

/* Encodes the descriptors that travel in a struct of the chain: an inline uniform block as one
 * write, acceleration structures as one write each. */
static void
encode_chained(struct tongs_encoder *e, const struct icd_descriptor_write *w, VkDescriptorSet set)
{
   VkWriteDescriptorSetInlineUniformBlock block = {
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_INLINE_UNIFORM_BLOCK,
      .dataSize = w->count,
      .pData = w->data,
   };
   VkAccelerationStructureKHR structure;
   VkWriteDescriptorSetAccelerationStructureKHR structures = {
      .sType = w->type == VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR
                  ? VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_ACCELERATION_STRUCTURE_KHR
                  : VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_ACCELERATION_STRUCTURE_NV,
      .accelerationStructureCount = 1,
      .pAccelerationStructures = &structure,
   };
   VkWriteDescriptorSet v = {
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
      .pNext = is_split(w) ? (const void *)&structures : &block,
      .dstSet = set,
      .dstBinding = w->binding,
      .dstArrayElement = w->first,
      .descriptorCount = is_split(w) ? 1 : w->count,
      .descriptorType = w->type,
   };
   uint32_t writes = is_split(w) ? w->count : 1;

   for (uint32_t i = 0; i < writes; i++, v.dstArrayElement++) {
      if (is_split(w))
         memcpy(&structure, w->data + i * w->stride, sizeof(structure));
      tongs_encode_VkWriteDescriptorSet(e, &v);
   }
}

/* `set`: VK_NULL_HANDLE for push descriptors. */
static void
encode_template(struct tongs_encoder *e, const struct update_template *t, VkDescriptorSet set,
                const struct icd_layout_info *info, const void *data)
{
   const uint64_t id = set ? icd_descriptor_set_from(set)->base.id : 0;

   for (uint32_t i = 0; i < t->count; i++) {
      struct icd_descriptor_write w = t->entries[i].write;
      w.data = (const uint8_t *)data + t->entries[i].offset;
      w.set = id;
      w.info = icd_samplers_of(info, w.type);
      if (w.element == ICD_ELEMENT_OTHER)
         encode_chained(e, &w, set);
      else
         icd_encode_descriptor_write(e, &w);
   }
}

VKAPI_ATTR void VKAPI_CALL
icd_UpdateDescriptorSetWithTemplate(VkDevice device, VkDescriptorSet descriptorSet,
                                    VkDescriptorUpdateTemplate descriptorUpdateTemplate,
                                    const void *pData)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct icd_connection *c = dev->connection;
   size_t offset;

   if (icd_connection_is_lost(c))
      return;
   const struct update_template *t =
      (const struct update_template *)(uintptr_t)descriptorUpdateTemplate;
   struct tongs_encoder *e = icd_update_begin(dev, t->write_count, t->write_size, &offset);
   encode_template(e, t, descriptorSet, icd_descriptor_set_from(descriptorSet)->info, pData);
   icd_update_end(c, e, offset);
}

VKAPI_ATTR void VKAPI_CALL
icd_CmdPushDescriptorSetWithTemplate(VkCommandBuffer commandBuffer,
                                     VkDescriptorUpdateTemplate descriptorUpdateTemplate,
                                     VkPipelineLayout layout, uint32_t set, const void *pData)
{
   const struct update_template *t =
      (const struct update_template *)(uintptr_t)descriptorUpdateTemplate;
   size_t offset;
   struct tongs_encoder *e = icd_push_begin(commandBuffer, t->bind_point, layout, set, &offset);

   icd_encode_counts(e, t->write_count);
   encode_template(e, t, VK_NULL_HANDLE, icd_layout_info_of(layout, set), pData);
   icd_record_end((struct icd_command_buffer *)commandBuffer, offset);
}

#ifdef VK_KHR_maintenance6
VKAPI_ATTR void VKAPI_CALL
icd_CmdPushDescriptorSetWithTemplate2(
   VkCommandBuffer commandBuffer,
   const VkPushDescriptorSetWithTemplateInfoKHR *pPushDescriptorSetWithTemplateInfo)
{
   const VkPushDescriptorSetWithTemplateInfoKHR *info = pPushDescriptorSetWithTemplateInfo;

   icd_CmdPushDescriptorSetWithTemplate(commandBuffer, info->descriptorUpdateTemplate, info->layout,
                                        info->set, info->pData);
}
#endif
