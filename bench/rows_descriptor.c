/* SPDX-License-Identifier: MIT
 *
 * Descriptor pools, sets and updates; drained, as all that makes objects.
 */
#include "bench/bench.h"

#define SETS 64

static void
sets_init(struct bench *b)
{
   bench_make_compute(b);
}

static VkDescriptorPool
new_pool(struct bench *b)
{
   VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, SETS};
   VkDescriptorPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
      .maxSets = SETS,
      .poolSizeCount = 1,
      .pPoolSizes = &size,
   };
   VkDescriptorPool pool;
   bench_check(b, vkCreateDescriptorPool(b->device, &info, NULL, &pool), "vkCreateDescriptorPool");
   return pool;
}

static void
allocate_sets(struct bench *b, VkDescriptorPool pool, uint32_t count)
{
   VkDescriptorSetLayout layouts[SETS];
   VkDescriptorSet sets[SETS];
   for (uint32_t i = 0; i < count; i++)
      layouts[i] = b->set_layout;
   VkDescriptorSetAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
      .descriptorPool = pool,
      .descriptorSetCount = count,
      .pSetLayouts = layouts,
   };
   bench_check(b, vkAllocateDescriptorSets(b->device, &info, sets), "vkAllocateDescriptorSets");
}

static uint64_t
descriptor_pool_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      VkDescriptorPool pool = new_pool(b);
      allocate_sets(b, pool, SETS);
      vkDestroyDescriptorPool(b->device, pool, NULL);
   }
   bench_drain(b);
   return bench_now() - start;
}

static void
descriptor_set_init(struct bench *b)
{
   sets_init(b);
   b->set_pool = new_pool(b);
   BENCH_OWN(b, DESCRIPTOR_POOL, b->set_pool);
}

static uint64_t
descriptor_set_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      for (int j = 0; j < SETS; j++)
         allocate_sets(b, b->set_pool, 1);
      bench_check(b, vkResetDescriptorPool(b->device, b->set_pool, 0), "vkResetDescriptorPool");
   }
   bench_drain(b);
   return bench_now() - start;
}

static uint64_t
descriptor_update_run(struct bench *b, uint64_t n)
{
   VkDescriptorBufferInfo data = {b->buffers[0].buffer, 0, 4096};
   VkWriteDescriptorSet write = {
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
      .dstSet = b->set,
      .descriptorCount = 1,
      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .pBufferInfo = &data,
   };
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      data.offset = (i & 7) * 4096;
      vkUpdateDescriptorSets(b->device, 1, &write, 0, NULL);
   }
   bench_drain(b);
   return bench_now() - start;
}

static void
update_template_init(struct bench *b)
{
   sets_init(b);
   VkDescriptorUpdateTemplateEntry entry = {
      .descriptorCount = 1,
      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
   };
   VkDescriptorUpdateTemplateCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_UPDATE_TEMPLATE_CREATE_INFO,
      .descriptorUpdateEntryCount = 1,
      .pDescriptorUpdateEntries = &entry,
      .templateType = VK_DESCRIPTOR_UPDATE_TEMPLATE_TYPE_DESCRIPTOR_SET,
      .descriptorSetLayout = b->set_layout,
   };
   bench_check(b, vkCreateDescriptorUpdateTemplate(b->device, &info, NULL, &b->update_template),
               "vkCreateDescriptorUpdateTemplate");
   BENCH_OWN(b, DESCRIPTOR_UPDATE_TEMPLATE, b->update_template);
}

static uint64_t
update_template_run(struct bench *b, uint64_t n)
{
   VkDescriptorBufferInfo data = {b->buffers[0].buffer, 0, 4096};
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      data.offset = (i & 7) * 4096;
      vkUpdateDescriptorSetWithTemplate(b->device, b->set, b->update_template, &data);
   }
   bench_drain(b);
   return bench_now() - start;
}

const struct bench_row bench_descriptor_rows[] = {
   {"descriptor-pool", "a pool made, 64 sets in one allocation, the pool destroyed; each set",
    BENCH_NS, 0, SETS, sets_init, descriptor_pool_run},
   {"descriptor-set", "64 sets allocated one by one, vkResetDescriptorPool; each set", BENCH_NS, 0,
    SETS, descriptor_set_init, descriptor_set_run},
   {"descriptor-update", "vkUpdateDescriptorSets of one storage buffer, drained", BENCH_NS, 0, 1,
    sets_init, descriptor_update_run},
   {"descriptor-template", "vkUpdateDescriptorSetWithTemplate of one storage buffer, drained",
    BENCH_NS, 0, 1, update_template_init, update_template_run},
   {0},
};
