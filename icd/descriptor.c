/* SPDX-License-Identifier: MIT */

/* Descriptor set layouts, pools and sets; update templates, which live in the guest alone; and the one rule of
 * descriptor writes that needs a memory: where a layout has immutable samplers, the sampler of a write is ignored and
 * may be garbage (VkDescriptorImageInfo), so it must not be encoded. */

#include "command_buffer.h"
#include "connection.h"
#include "device.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <stdatomic.h>

struct binding {
   uint32_t number;
   uint32_t count;
   bool immutable;
};

/* What outlives a VkDescriptorSetLayout: its sets and pipeline layouts refer to it. */
struct layout_info {
   atomic_uint refs;
   bool any_immutable;
   uint32_t count;
   struct binding bindings[]; /* sorted by number */
};

struct set_layout {
   struct tongs_object base;
   struct layout_info *info; /* a reference; NULL where there is no immutable sampler */
};

struct pipeline_layout {
   struct tongs_object base;
   uint32_t count;
   struct layout_info *infos[]; /* references, by set; NULL like above */
};

struct descriptor_pool;

struct descriptor_set {
   struct tongs_object base;
   struct descriptor_pool *pool;
   struct descriptor_set *next; /* in its pool */
   struct layout_info *info;    /* a reference */
};

struct descriptor_pool {
   struct tongs_object base;
   VkAllocationCallbacks alloc;
   struct descriptor_set *first;
};

#define FROM(type, handle) ((struct type *)(uintptr_t)(handle))

/* --- Layouts ------------------------------------------------------------------------------------------------ */

static struct layout_info *
info_ref(struct layout_info *info)
{
   if (info)
      atomic_fetch_add_explicit(&info->refs, 1, memory_order_relaxed);
   return info;
}

/* NULL is fine. */
static void
info_unref(struct icd_parent *parent, struct layout_info *info)
{
   if (info && atomic_fetch_sub_explicit(&info->refs, 1, memory_order_acq_rel) == 1)
      icd_free(parent, NULL, info);
}

static bool
has_immutable(const VkDescriptorSetLayoutBinding *b)
{
   return b->pImmutableSamplers && b->descriptorCount &&
          (b->descriptorType == VK_DESCRIPTOR_TYPE_SAMPLER ||
           b->descriptorType == VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER);
}

/* *info is NULL where the layout has no immutable sampler. */
static VkResult
info_create(struct icd_parent *parent, const VkDescriptorSetLayoutCreateInfo *create,
            struct layout_info **info)
{
   uint32_t count = create->bindingCount;
   bool any = false;

   *info = NULL;
   for (uint32_t i = 0; i < count; i++)
      any |= has_immutable(&create->pBindings[i]);
   if (!any)
      return VK_SUCCESS;

   struct layout_info *made =
      icd_alloc(parent, NULL, sizeof(*made) + count * sizeof(made->bindings[0]),
                VK_SYSTEM_ALLOCATION_SCOPE_DEVICE);
   if (!made)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   made->refs = 1;
   made->any_immutable = any;
   made->count = count;
   for (uint32_t i = 0; i < count; i++) {
      const VkDescriptorSetLayoutBinding *b = &create->pBindings[i];
      uint32_t at = i;
      for (; at && made->bindings[at - 1].number > b->binding; at--)
         made->bindings[at] = made->bindings[at - 1];
      made->bindings[at] = (struct binding){b->binding, b->descriptorCount, has_immutable(b)};
   }
   *info = made;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateDescriptorSetLayout(VkDevice device, const VkDescriptorSetLayoutCreateInfo *pCreateInfo,
                              const VkAllocationCallbacks *pAllocator,
                              VkDescriptorSetLayout *pSetLayout)
{
   struct icd_parent *parent = icd_parent_from(device);
   struct set_layout *layout = icd_object_create_sized(
      parent, pAllocator, TONGS_TYPE_VkDescriptorSetLayout, sizeof(*layout));
   if (!layout)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   VkDescriptorSetLayout created = (VkDescriptorSetLayout)(uintptr_t)layout;
   struct tongs_args_vkCreateDescriptorSetLayout args = {
      .device = device,
      .pCreateInfo = pCreateInfo,
      .pSetLayout = &created,
   };
   VkResult result = info_create(parent, pCreateInfo, &layout->info);
   if (result == VK_SUCCESS)
      result = icd_post(parent->connection, TONGS_OP_vkCreateDescriptorSetLayout, &args);
   if (result != VK_SUCCESS) {
      info_unref(parent, layout->info);
      icd_object_destroy(parent, pAllocator, &layout->base);
      return result;
   }
   *pSetLayout = created;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyDescriptorSetLayout(VkDevice device, VkDescriptorSetLayout descriptorSetLayout,
                               const VkAllocationCallbacks *pAllocator)
{
   struct icd_parent *parent = icd_parent_from(device);
   struct set_layout *layout = FROM(set_layout, descriptorSetLayout);
   if (!layout)
      return;

   struct tongs_args_vkDestroyDescriptorSetLayout args = {
      .device = device,
      .descriptorSetLayout = descriptorSetLayout,
   };
   icd_post(parent->connection, TONGS_OP_vkDestroyDescriptorSetLayout, &args);
   info_unref(parent, layout->info);
   icd_object_destroy(parent, pAllocator, &layout->base);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreatePipelineLayout(VkDevice device, const VkPipelineLayoutCreateInfo *pCreateInfo,
                         const VkAllocationCallbacks *pAllocator, VkPipelineLayout *pPipelineLayout)
{
   struct icd_parent *parent = icd_parent_from(device);
   uint32_t count = pCreateInfo->setLayoutCount;
   struct pipeline_layout *layout =
      icd_object_create_sized(parent, pAllocator, TONGS_TYPE_VkPipelineLayout,
                              sizeof(*layout) + count * sizeof(layout->infos[0]));
   if (!layout)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   VkPipelineLayout created = (VkPipelineLayout)(uintptr_t)layout;
   struct tongs_args_vkCreatePipelineLayout args = {
      .device = device,
      .pCreateInfo = pCreateInfo,
      .pPipelineLayout = &created,
   };
   VkResult result = icd_post(parent->connection, TONGS_OP_vkCreatePipelineLayout, &args);
   if (result != VK_SUCCESS) {
      icd_object_destroy(parent, pAllocator, &layout->base);
      return result;
   }
   layout->count = count;
   for (uint32_t i = 0; i < count; i++) {
      struct set_layout *set = FROM(set_layout, pCreateInfo->pSetLayouts[i]);
      layout->infos[i] = set ? info_ref(set->info) : NULL;
   }
   *pPipelineLayout = created;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyPipelineLayout(VkDevice device, VkPipelineLayout pipelineLayout,
                          const VkAllocationCallbacks *pAllocator)
{
   struct icd_parent *parent = icd_parent_from(device);
   struct pipeline_layout *layout = FROM(pipeline_layout, pipelineLayout);
   if (!layout)
      return;

   uint64_t id = layout->base.id;
   for (uint32_t i = 0; i < layout->count; i++)
      info_unref(parent, layout->infos[i]);
   icd_free(parent, pAllocator, layout);
   icd_destroy_layout_when_shipped(icd_device_from(device), id);
}

static const struct layout_info *
info_of_pipeline_layout(VkPipelineLayout handle, uint32_t set)
{
   const struct pipeline_layout *layout = FROM(pipeline_layout, handle);
   return layout && set < layout->count ? layout->infos[set] : NULL;
}

/* --- Pools and sets --------------------------------------------------------------------------------------------- */

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateDescriptorPool(VkDevice device, const VkDescriptorPoolCreateInfo *pCreateInfo,
                         const VkAllocationCallbacks *pAllocator, VkDescriptorPool *pDescriptorPool)
{
   struct icd_parent *parent = icd_parent_from(device);
   struct descriptor_pool *pool =
      icd_object_create_sized(parent, pAllocator, TONGS_TYPE_VkDescriptorPool, sizeof(*pool));
   if (!pool)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   pool->alloc = pAllocator ? *pAllocator : parent->alloc;

   VkDescriptorPool created = (VkDescriptorPool)(uintptr_t)pool;
   struct tongs_args_vkCreateDescriptorPool args = {
      .device = device,
      .pCreateInfo = pCreateInfo,
      .pDescriptorPool = &created,
   };
   VkResult result = icd_post(parent->connection, TONGS_OP_vkCreateDescriptorPool, &args);
   if (result != VK_SUCCESS) {
      icd_object_destroy(parent, pAllocator, &pool->base);
      return result;
   }
   *pDescriptorPool = created;
   return VK_SUCCESS;
}

/* Takes it out of its pool. NULL is fine. */
static void
destroy_set(struct icd_parent *parent, struct descriptor_set *set)
{
   if (!set)
      return;
   for (struct descriptor_set **link = &set->pool->first; *link; link = &(*link)->next) {
      if (*link == set) {
         *link = set->next;
         break;
      }
   }
   info_unref(parent, set->info);
   icd_object_destroy(parent, &set->pool->alloc, &set->base);
}

static void
destroy_sets(struct icd_parent *parent, struct descriptor_pool *pool)
{
   while (pool->first)
      destroy_set(parent, pool->first);
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyDescriptorPool(VkDevice device, VkDescriptorPool descriptorPool,
                          const VkAllocationCallbacks *pAllocator)
{
   struct icd_parent *parent = icd_parent_from(device);
   struct descriptor_pool *pool = FROM(descriptor_pool, descriptorPool);
   if (!pool)
      return;

   struct tongs_args_vkDestroyDescriptorPool args = {.device = device,
                                                     .descriptorPool = descriptorPool};
   icd_post(parent->connection, TONGS_OP_vkDestroyDescriptorPool, &args);
   destroy_sets(parent, pool);
   icd_object_destroy(parent, pAllocator, &pool->base);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_ResetDescriptorPool(VkDevice device, VkDescriptorPool descriptorPool,
                        VkDescriptorPoolResetFlags flags)
{
   struct icd_parent *parent = icd_parent_from(device);
   struct tongs_args_vkResetDescriptorPool args = {
      .device = device,
      .descriptorPool = descriptorPool,
      .flags = flags,
   };
   VkResult result = icd_post(parent->connection, TONGS_OP_vkResetDescriptorPool, &args);

   destroy_sets(parent, FROM(descriptor_pool, descriptorPool));
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_AllocateDescriptorSets(VkDevice device, const VkDescriptorSetAllocateInfo *pAllocateInfo,
                           VkDescriptorSet *pDescriptorSets)
{
   struct icd_parent *parent = icd_parent_from(device);
   struct descriptor_pool *pool = FROM(descriptor_pool, pAllocateInfo->descriptorPool);
   uint32_t count = pAllocateInfo->descriptorSetCount;
   VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;

   memset(pDescriptorSets, 0, count * sizeof(*pDescriptorSets));
   struct descriptor_set **sets =
      icd_alloc(parent, &pool->alloc, count * sizeof(struct descriptor_set *),
                VK_SYSTEM_ALLOCATION_SCOPE_COMMAND);
   if (!sets)
      return result;
   for (uint32_t i = 0; i < count; i++) {
      sets[i] = icd_object_create_sized(parent, &pool->alloc, TONGS_TYPE_VkDescriptorSet,
                                        sizeof(*sets[i]));
      if (!sets[i])
         goto out;
      sets[i]->pool = pool;
      sets[i]->next = pool->first;
      sets[i]->info = info_ref(FROM(set_layout, pAllocateInfo->pSetLayouts[i])->info);
      pool->first = sets[i];
      pDescriptorSets[i] = (VkDescriptorSet)(uintptr_t)sets[i];
   }
   struct tongs_args_vkAllocateDescriptorSets args = {
      .device = device,
      .pAllocateInfo = pAllocateInfo,
      .pDescriptorSets = pDescriptorSets,
   };
   result = icd_call(parent->connection, TONGS_OP_vkAllocateDescriptorSets, &args);

out:
   for (uint32_t i = 0; result < 0 && i < count; i++)
      destroy_set(parent, sets[i]);
   if (result < 0)
      memset(pDescriptorSets, 0, count * sizeof(*pDescriptorSets));
   icd_free(parent, &pool->alloc, sets);
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_FreeDescriptorSets(VkDevice device, VkDescriptorPool descriptorPool,
                       uint32_t descriptorSetCount, const VkDescriptorSet *pDescriptorSets)
{
   struct icd_parent *parent = icd_parent_from(device);
   struct tongs_args_vkFreeDescriptorSets args = {
      .device = device,
      .descriptorPool = descriptorPool,
      .descriptorSetCount = descriptorSetCount,
      .pDescriptorSets = pDescriptorSets,
   };
   VkResult result = icd_post(parent->connection, TONGS_OP_vkFreeDescriptorSets, &args);

   for (uint32_t i = 0; i < descriptorSetCount; i++)
      destroy_set(parent, FROM(descriptor_set, pDescriptorSets[i]));
   return result == VK_ERROR_OUT_OF_HOST_MEMORY ? VK_SUCCESS : result;
}

/* --- Writes -------------------------------------------------------------------------------------------------------- */

/* Whether descriptor `element` of the write that starts at binding `number` has an immutable sampler. Elements past
 * the end of a binding are in the next one. */
static bool
is_immutable(const struct layout_info *info, uint32_t number, uint64_t element)
{
   for (uint32_t i = 0; i < info->count; i++) {
      const struct binding *b = &info->bindings[i];
      if (b->number < number)
         continue;
      if (element < b->count)
         return b->immutable;
      element -= b->count;
   }
   return false;
}

static bool
writes_samplers(const VkWriteDescriptorSet *write)
{
   return write->descriptorType == VK_DESCRIPTOR_TYPE_SAMPLER ||
          write->descriptorType == VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
}

/* Writes whose ignored samplers are null: `writes` itself where there is nothing to do, else a copy in one block
 * that the caller frees through *owned. NULL when memory is out. `pushed`: the layout of all, for push descriptors. */
static const VkWriteDescriptorSet *
clean_writes(struct icd_parent *parent, uint32_t count, const VkWriteDescriptorSet *writes,
             const struct layout_info *pushed, bool push, void **owned)
{
   size_t images = 0;

   *owned = NULL;
   for (uint32_t i = 0; i < count; i++) {
      const struct layout_info *info = push ? pushed : FROM(descriptor_set, writes[i].dstSet)->info;
      if (info && writes_samplers(&writes[i]))
         images += writes[i].descriptorCount;
   }
   if (!images)
      return writes;

   VkWriteDescriptorSet *copy =
      icd_alloc(parent, NULL, count * sizeof(*copy) + images * sizeof(VkDescriptorImageInfo),
                VK_SYSTEM_ALLOCATION_SCOPE_COMMAND);
   if (!copy)
      return NULL;
   *owned = copy;
   VkDescriptorImageInfo *next = (VkDescriptorImageInfo *)(copy + count);
   memcpy(copy, writes, count * sizeof(*copy));
   for (uint32_t i = 0; i < count; i++) {
      const struct layout_info *info = push ? pushed : FROM(descriptor_set, writes[i].dstSet)->info;
      if (!info || !writes_samplers(&writes[i]))
         continue;
      copy[i].pImageInfo = next;
      for (uint32_t j = 0; j < writes[i].descriptorCount; j++, next++) {
         *next = writes[i].pImageInfo[j];
         if (is_immutable(info, writes[i].dstBinding, (uint64_t)writes[i].dstArrayElement + j))
            next->sampler = VK_NULL_HANDLE;
      }
   }
   return copy;
}

VKAPI_ATTR void VKAPI_CALL
icd_UpdateDescriptorSets(VkDevice device, uint32_t descriptorWriteCount,
                         const VkWriteDescriptorSet *pDescriptorWrites,
                         uint32_t descriptorCopyCount, const VkCopyDescriptorSet *pDescriptorCopies)
{
   struct icd_parent *parent = icd_parent_from(device);
   void *owned;
   struct tongs_args_vkUpdateDescriptorSets args = {
      .device = device,
      .descriptorWriteCount = descriptorWriteCount,
      .pDescriptorWrites =
         clean_writes(parent, descriptorWriteCount, pDescriptorWrites, NULL, false, &owned),
      .descriptorCopyCount = descriptorCopyCount,
      .pDescriptorCopies = pDescriptorCopies,
   };

   if (args.pDescriptorWrites || !descriptorWriteCount)
      icd_post(parent->connection, TONGS_OP_vkUpdateDescriptorSets, &args);
   icd_free(parent, NULL, owned);
}

VKAPI_ATTR void VKAPI_CALL
icd_CmdPushDescriptorSet(VkCommandBuffer commandBuffer, VkPipelineBindPoint pipelineBindPoint,
                         VkPipelineLayout layout, uint32_t set, uint32_t descriptorWriteCount,
                         const VkWriteDescriptorSet *pDescriptorWrites)
{
   struct icd_command_buffer *cb = (struct icd_command_buffer *)commandBuffer;
   void *owned;
   struct tongs_args_vkCmdPushDescriptorSet args = {
      .pipelineBindPoint = pipelineBindPoint,
      .layout = layout,
      .set = set,
      .descriptorWriteCount = descriptorWriteCount,
      .pDescriptorWrites = clean_writes(&cb->parent, descriptorWriteCount, pDescriptorWrites,
                                        info_of_pipeline_layout(layout, set), true, &owned),
   };

   if (args.pDescriptorWrites || !descriptorWriteCount)
      icd_record(commandBuffer, TONGS_OP_vkCmdPushDescriptorSet, &args);
   else
      cb->failed = true;
   icd_free(&cb->parent, NULL, owned);
}

#ifdef VK_KHR_maintenance6
VKAPI_ATTR void VKAPI_CALL
icd_CmdPushDescriptorSet2(VkCommandBuffer commandBuffer,
                          const VkPushDescriptorSetInfoKHR *pPushDescriptorSetInfo)
{
   struct icd_command_buffer *cb = (struct icd_command_buffer *)commandBuffer;
   VkPushDescriptorSetInfoKHR info = *pPushDescriptorSetInfo;
   void *owned;

   info.pDescriptorWrites =
      clean_writes(&cb->parent, info.descriptorWriteCount, info.pDescriptorWrites,
                   info_of_pipeline_layout(info.layout, info.set), true, &owned);
   if (info.pDescriptorWrites || !info.descriptorWriteCount)
      icd_record(commandBuffer, TONGS_OP_vkCmdPushDescriptorSet2,
                 &(struct tongs_args_vkCmdPushDescriptorSet2){.pPushDescriptorSetInfo = &info});
   else
      cb->failed = true;
   icd_free(&cb->parent, NULL, owned);
}
#endif

/* --- Update templates ------------------------------------------------------------------------------------------------- */

struct update_template {
   struct tongs_object base;
   VkPipelineBindPoint bind_point;
   uint32_t set;
   uint32_t count;
   VkDescriptorUpdateTemplateEntry entries[];
};

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateDescriptorUpdateTemplate(VkDevice device,
                                   const VkDescriptorUpdateTemplateCreateInfo *pCreateInfo,
                                   const VkAllocationCallbacks *pAllocator,
                                   VkDescriptorUpdateTemplate *pDescriptorUpdateTemplate)
{
   uint32_t count = pCreateInfo->descriptorUpdateEntryCount;
   struct update_template *t = icd_object_create_sized(icd_parent_from(device), pAllocator,
                                                       TONGS_TYPE_VkDescriptorUpdateTemplate,
                                                       sizeof(*t) + count * sizeof(t->entries[0]));
   if (!t)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   t->bind_point = pCreateInfo->pipelineBindPoint;
   t->set = pCreateInfo->set;
   t->count = count;
   memcpy(t->entries, pCreateInfo->pDescriptorUpdateEntries, count * sizeof(t->entries[0]));
   *pDescriptorUpdateTemplate = (VkDescriptorUpdateTemplate)(uintptr_t)t;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyDescriptorUpdateTemplate(VkDevice device,
                                    VkDescriptorUpdateTemplate descriptorUpdateTemplate,
                                    const VkAllocationCallbacks *pAllocator)
{
   icd_object_destroy(icd_parent_from(device), pAllocator,
                      (struct tongs_object *)(uintptr_t)descriptorUpdateTemplate);
}

/* What a template's writes point to: one item for each entry. */
struct template_item {
   VkWriteDescriptorSetInlineUniformBlock inline_block;
   VkWriteDescriptorSetAccelerationStructureKHR structures;
};

static size_t
element_size(VkDescriptorType type)
{
   switch (type) {
   case VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER:
   case VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER:
      return sizeof(VkBufferView);
   case VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER:
   case VK_DESCRIPTOR_TYPE_STORAGE_BUFFER:
   case VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC:
   case VK_DESCRIPTOR_TYPE_STORAGE_BUFFER_DYNAMIC:
      return sizeof(VkDescriptorBufferInfo);
   case VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK:
      return 0;
   case VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR:
   case VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_NV:
      return sizeof(VkAccelerationStructureKHR);
   default:
      return sizeof(VkDescriptorImageInfo);
   }
}

/* Turns one entry into a write. `elements`: room for its descriptors side by side. */
static void
make_write(const VkDescriptorUpdateTemplateEntry *entry, VkDescriptorSet set, const uint8_t *data,
           VkWriteDescriptorSet *write, struct template_item *item, uint8_t *elements)
{
   size_t size = element_size(entry->descriptorType);

   *write = (VkWriteDescriptorSet){
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
      .dstSet = set,
      .dstBinding = entry->dstBinding,
      .dstArrayElement = entry->dstArrayElement,
      .descriptorCount = entry->descriptorCount,
      .descriptorType = entry->descriptorType,
   };
   if (entry->descriptorType == VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK) {
      item->inline_block = (VkWriteDescriptorSetInlineUniformBlock){
         .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_INLINE_UNIFORM_BLOCK,
         .dataSize = entry->descriptorCount,
         .pData = data + entry->offset,
      };
      write->pNext = &item->inline_block;
      return;
   }
   for (uint32_t i = 0; i < entry->descriptorCount; i++)
      memcpy(elements + i * size, data + entry->offset + i * entry->stride, size);
   if (entry->descriptorType == VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR) {
      item->structures = (VkWriteDescriptorSetAccelerationStructureKHR){
         .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_ACCELERATION_STRUCTURE_KHR,
         .accelerationStructureCount = entry->descriptorCount,
         .pAccelerationStructures = (const VkAccelerationStructureKHR *)elements,
      };
      write->pNext = &item->structures;
   } else if (size == sizeof(VkBufferView)) {
      write->pTexelBufferView = (const VkBufferView *)elements;
   } else if (entry->descriptorType >= VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER &&
              entry->descriptorType <= VK_DESCRIPTOR_TYPE_STORAGE_BUFFER_DYNAMIC) {
      write->pBufferInfo = (const VkDescriptorBufferInfo *)elements;
   } else {
      write->pImageInfo = (const VkDescriptorImageInfo *)elements;
   }
}

/* All entries as writes, in one block that the caller frees; NULL when memory is out. */
static VkWriteDescriptorSet *
make_writes(struct icd_parent *parent, const struct update_template *t, VkDescriptorSet set,
            const void *data)
{
   size_t size =
      (size_t)t->count * (sizeof(VkWriteDescriptorSet) + sizeof(struct template_item)) + 1;

   for (uint32_t i = 0; i < t->count; i++)
      size += (size_t)t->entries[i].descriptorCount * element_size(t->entries[i].descriptorType);
   VkWriteDescriptorSet *writes = icd_alloc(parent, NULL, size, VK_SYSTEM_ALLOCATION_SCOPE_COMMAND);
   if (!writes)
      return NULL;

   struct template_item *items = (struct template_item *)(writes + t->count);
   uint8_t *elements = (uint8_t *)(items + t->count);
   for (uint32_t i = 0; i < t->count; i++) {
      make_write(&t->entries[i], set, data, &writes[i], &items[i], elements);
      elements +=
         (size_t)t->entries[i].descriptorCount * element_size(t->entries[i].descriptorType);
   }
   return writes;
}

VKAPI_ATTR void VKAPI_CALL
icd_UpdateDescriptorSetWithTemplate(VkDevice device, VkDescriptorSet descriptorSet,
                                    VkDescriptorUpdateTemplate descriptorUpdateTemplate,
                                    const void *pData)
{
   struct icd_parent *parent = icd_parent_from(device);
   const struct update_template *t = FROM(update_template, descriptorUpdateTemplate);
   VkWriteDescriptorSet *writes = make_writes(parent, t, descriptorSet, pData);

   if (writes)
      icd_UpdateDescriptorSets(device, t->count, writes, 0, NULL);
   icd_free(parent, NULL, writes);
}

VKAPI_ATTR void VKAPI_CALL
icd_CmdPushDescriptorSetWithTemplate(VkCommandBuffer commandBuffer,
                                     VkDescriptorUpdateTemplate descriptorUpdateTemplate,
                                     VkPipelineLayout layout, uint32_t set, const void *pData)
{
   struct icd_command_buffer *cb = (struct icd_command_buffer *)commandBuffer;
   const struct update_template *t = FROM(update_template, descriptorUpdateTemplate);
   VkWriteDescriptorSet *writes = make_writes(&cb->parent, t, VK_NULL_HANDLE, pData);

   if (writes)
      icd_CmdPushDescriptorSet(commandBuffer, t->bind_point, layout, set, t->count, writes);
   else
      cb->failed = true;
   icd_free(&cb->parent, NULL, writes);
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
