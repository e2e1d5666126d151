/* SPDX-License-Identifier: MIT */

/* Descriptor set layouts. */

#include "icd/descriptor.h"

#include "icd/connection.h"
#include "protocol/decoder.h"

#include "icd_gen_bounds.h"
#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

uint32_t
icd_cost_of_type(VkDescriptorType type)
{
   switch (type) {
   case VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK:
      return ICD_COST_INLINE_BYTES;
   case VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR:
      return ICD_COST_ACCELERATION_STRUCTURE;
   case VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_NV:
      return ICD_COST_ACCELERATION_STRUCTURE_NV;
   default:
      return type <= VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT ? type : ICD_COST_UNKNOWN;
   }
}

struct icd_layout_info *
icd_layout_info_ref(struct icd_layout_info *info)
{
   atomic_fetch_add_explicit(&info->refs, 1, memory_order_relaxed);
   return info;
}

void
icd_layout_info_unref(struct icd_dispatchable *dev, struct icd_layout_info *info)
{
   if (info && atomic_fetch_sub_explicit(&info->refs, 1, memory_order_acq_rel) == 1)
      icd_free(dev, NULL, info);
}

static bool
has_immutable(const VkDescriptorSetLayoutBinding *b)
{
   return b->pImmutableSamplers && b->descriptorCount &&
          (b->descriptorType == VK_DESCRIPTOR_TYPE_SAMPLER ||
           b->descriptorType == VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER);
}

static VkDescriptorBindingFlags
binding_flags(const VkDescriptorSetLayoutCreateInfo *create, uint32_t binding)
{
   const VkDescriptorSetLayoutBindingFlagsCreateInfo *flags = tongs_find_in_chain(
      create->pNext, VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_BINDING_FLAGS_CREATE_INFO);

   return flags && binding < flags->bindingCount ? flags->pBindingFlags[binding] : 0;
}

static void
add_cost(struct icd_layout_info *info, const VkDescriptorSetLayoutBinding *b,
         VkDescriptorBindingFlags flags)
{
   uint32_t which = icd_cost_of_type(b->descriptorType);

   if (!b->descriptorCount)
      return;
   if (which == ICD_COST_UNKNOWN ||
       __builtin_add_overflow(info->cost[which], b->descriptorCount, &info->cost[which])) {
      info->countable = false;
      return;
   }
   if (which == ICD_COST_INLINE_BYTES)
      info->cost[ICD_COST_INLINE_BINDINGS]++;
   if (flags & VK_DESCRIPTOR_BINDING_VARIABLE_DESCRIPTOR_COUNT_BIT) {
      info->variable = which;
      info->cost[which] -= b->descriptorCount;
   }
}

static struct icd_layout_info *
info_create(struct icd_dispatchable *dev, const VkDescriptorSetLayoutCreateInfo *create)
{
   uint32_t count = create->bindingCount;
   struct icd_layout_info *info =
      icd_alloc(dev, NULL, sizeof(*info) + count * sizeof(info->bindings[0]),
                VK_SYSTEM_ALLOCATION_SCOPE_DEVICE);
   if (!info)
      return NULL;

   info->refs = 1;
   info->countable = true;
   info->variable = ICD_COSTS;
   info->cost[ICD_COST_SETS] = 1;
   info->count = count;
   for (uint32_t i = 0; i < count; i++) {
      const VkDescriptorSetLayoutBinding *b = &create->pBindings[i];
      uint32_t at = i;
      for (; at && info->bindings[at - 1].number > b->binding; at--)
         info->bindings[at] = info->bindings[at - 1];
      info->bindings[at] = (struct icd_binding){b->binding, b->descriptorCount, has_immutable(b)};
      info->any_immutable |= has_immutable(b);
      add_cost(info, b, binding_flags(create, i));
   }
   return info;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateDescriptorSetLayout(VkDevice device, const VkDescriptorSetLayoutCreateInfo *pCreateInfo,
                              const VkAllocationCallbacks *pAllocator,
                              VkDescriptorSetLayout *pSetLayout)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct icd_set_layout *layout =
      icd_object_create_sized(dev, pAllocator, TONGS_TYPE_VkDescriptorSetLayout, sizeof(*layout));
   if (!layout)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   VkDescriptorSetLayout created = (VkDescriptorSetLayout)(uintptr_t)layout;
   struct tongs_args_vkCreateDescriptorSetLayout args = {
      .device = device,
      .pCreateInfo = pCreateInfo,
      .pSetLayout = &created,
   };
   VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;
   layout->info = info_create(dev, pCreateInfo);
   if (layout->info)
      result = icd_create(dev->connection, TONGS_OP_vkCreateDescriptorSetLayout, &args,
                          icd_way_of_CreateDescriptorSetLayout(&args));
   if (result != VK_SUCCESS) {
      icd_layout_info_unref(dev, layout->info);
      icd_object_destroy(dev, pAllocator, &layout->base);
      return result;
   }
   *pSetLayout = created;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyDescriptorSetLayout(VkDevice device, VkDescriptorSetLayout descriptorSetLayout,
                               const VkAllocationCallbacks *pAllocator)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct icd_set_layout *layout = icd_set_layout_from(descriptorSetLayout);
   if (!layout)
      return;

   struct tongs_args_vkDestroyDescriptorSetLayout args = {
      .device = device,
      .descriptorSetLayout = descriptorSetLayout,
   };
   icd_post(dev->connection, TONGS_OP_vkDestroyDescriptorSetLayout, &args);
   icd_layout_info_unref(dev, layout->info);
   icd_object_destroy(dev, pAllocator, &layout->base);
}
