/* SPDX-License-Identifier: MIT */

/* Descriptor pools and sets. The client counts the free descriptors of a pool. If the API
 * guarantees that a set fits, the client allocates it by a post. Otherwise the host driver decides,
 * and the client allocates it by a call. */

#include "icd/descriptor.h"

#include "icd/connection.h"
#include "protocol/decoder.h"
#include "protocol/tongs_list.h"

#include "icd_gen_bounds.h"
#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <string.h>

/* The least and the largest number of sets in a block. Each new block is larger than the last. */
#define BLOCK_MIN 8
#define BLOCK_MAX 256

struct set_block {
   struct tongs_list link; /* in its pool's list */
   uint32_t count;
   uint32_t used; /* how many sets, from the first on, were used since the last reset */
   struct icd_descriptor_set sets[];
};

struct descriptor_pool {
   struct tongs_object base;
   VkAllocationCallbacks alloc;
   int64_t size[ICD_COSTS]; /* at its creation */
   int64_t left[ICD_COSTS]; /* negative if the host driver allowed more */
   /* These hold since the pool was created or last reset. */
   bool allocated;            /* a set was allocated */
   bool freed;                /* a set was freed by vkFreeDescriptorSets */
   bool mixed;                /* two sets had different costs */
   uint32_t first[ICD_COSTS]; /* the cost of the first set */
   uint32_t set_count;        /* in all blocks */
   /* Of struct set_block.link; owned. If a block has an unused set, the first or second one has. */
   struct tongs_list blocks;
   struct icd_descriptor_set *free; /* by `next`: freed sets. One word, because sets are many. */
};

static struct descriptor_pool *
pool_from(VkDescriptorPool handle)
{
   return (struct descriptor_pool *)(uintptr_t)handle;
}

/* --- Counting --- */

static void
count_sizes(struct descriptor_pool *pool, const VkDescriptorPoolCreateInfo *create)
{
   const VkDescriptorPoolInlineUniformBlockCreateInfo *blocks = tongs_find_in_chain(
      create->pNext, VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_INLINE_UNIFORM_BLOCK_CREATE_INFO);

   for (uint32_t i = 0; i < create->poolSizeCount; i++) {
      uint32_t which = icd_cost_of_type(create->pPoolSizes[i].type);
      if (which != ICD_COST_UNKNOWN)
         pool->size[which] += create->pPoolSizes[i].descriptorCount;
   }
   if (blocks)
      pool->size[ICD_COST_INLINE_BINDINGS] = blocks->maxInlineUniformBlockBindings;
   pool->size[ICD_COST_SETS] = create->maxSets;
   memcpy(pool->left, pool->size, sizeof(pool->left));
}

static void
cost_of_set(const struct icd_descriptor_set *set, uint32_t cost[ICD_COSTS])
{
   memcpy(cost, set->info->cost, sizeof(set->info->cost));
   if (set->info->variable < ICD_COSTS)
      cost[set->info->variable] += set->variable;
}

/* Subtracts the set's cost from the pool. Returns whether the specification guarantees room for the
 * set. The specification, section "Allocation of Descriptor Sets": "If a descriptor pool has not
 * had any descriptor sets freed since it was created or most recently reset then fragmentation must
 * not cause an allocation failure [...]. Additionally, if all sets allocated from the pool since it
 * was created or most recently reset use the same number of descriptors (of each type) and the
 * requested allocation also uses that same number". */
static bool
take(struct descriptor_pool *pool, const struct icd_descriptor_set *set)
{
   uint32_t cost[ICD_COSTS];
   bool room = set->info->countable;

   cost_of_set(set, cost);
   for (uint32_t i = 0; i < ICD_COSTS; i++) {
      pool->left[i] -= cost[i];
      room &= pool->left[i] >= 0;
   }
   if (!pool->allocated)
      memcpy(pool->first, cost, sizeof(cost));
   pool->mixed |= !set->info->countable || memcmp(pool->first, cost, sizeof(cost));
   pool->allocated = true;
   return room && !(pool->freed && pool->mixed);
}

static void
give_back(struct descriptor_pool *pool, const struct icd_descriptor_set *set)
{
   uint32_t cost[ICD_COSTS];

   cost_of_set(set, cost);
   for (uint32_t i = 0; i < ICD_COSTS; i++)
      pool->left[i] += cost[i];
}

/* --- Sets --- */

/* A block with an unused set; NULL if memory is out. */
static struct set_block *
block_with_room(struct icd_dispatchable *dev, struct descriptor_pool *pool)
{
   struct set_block *block = tongs_list_first(&pool->blocks, struct set_block, link);
   uint32_t count = pool->set_count < BLOCK_MIN ? BLOCK_MIN : pool->set_count;

   if (block && block->used == block->count) {
      tongs_list_remove(&block->link);
      tongs_list_append(&pool->blocks, &block->link);
      block = tongs_list_first(&pool->blocks, struct set_block, link);
   }
   if (block && block->used < block->count)
      return block;
   if (count > BLOCK_MAX)
      count = BLOCK_MAX;
   if (count + pool->set_count > pool->size[ICD_COST_SETS])
      count = pool->set_count < pool->size[ICD_COST_SETS]
                 ? (uint32_t)pool->size[ICD_COST_SETS] - pool->set_count
                 : BLOCK_MIN;
   block = icd_alloc(dev, &pool->alloc, sizeof(*block) + count * sizeof(block->sets[0]),
                     VK_SYSTEM_ALLOCATION_SCOPE_OBJECT);
   if (!block)
      return NULL;
   block->count = count;
   tongs_list_insert(&pool->blocks, &block->link);
   pool->set_count += count;
   return block;
}

/* An unused set, with an id; NULL if memory is out. */
static struct icd_descriptor_set *
set_new(struct icd_dispatchable *dev, struct descriptor_pool *pool)
{
   struct icd_descriptor_set *set = pool->free;
   struct set_block *block = NULL;

   if (!set) {
      block = block_with_room(dev, pool);
      if (!block)
         return NULL;
      set = &block->sets[block->used];
   }
   if (!set->base.id)
      set->base.id = icd_id_new(dev->connection, TONGS_TYPE_VkDescriptorSet);
   if (!set->base.id)
      return NULL;
   if (block)
      block->used++;
   else
      pool->free = set->next;
   return set;
}

/* The set keeps the slot of its id, and gets the next generation. */
static void
set_release(struct icd_dispatchable *dev, struct icd_descriptor_set *set)
{
   uint64_t id = set->base.id;

   icd_layout_info_unref(dev, set->info);
   set->info = NULL;
   set->base.id = tongs_id(tongs_id_type(id), tongs_id_generation(id) + 1, tongs_id_slot(id));
}

static void
set_free(struct icd_dispatchable *dev, struct descriptor_pool *pool, struct icd_descriptor_set *set)
{
   give_back(pool, set);
   set_release(dev, set);
   set->next = pool->free;
   pool->free = set;
}

static void
release_all(struct icd_dispatchable *dev, struct descriptor_pool *pool)
{
   tongs_list_for_each(struct set_block, block, &pool->blocks, link) {
      for (uint32_t i = 0; i < block->used; i++) {
         if (block->sets[i].info)
            set_release(dev, &block->sets[i]);
      }
      block->used = 0;
   }
   pool->free = NULL;
   pool->allocated = pool->freed = pool->mixed = false;
   memcpy(pool->left, pool->size, sizeof(pool->left));
}

/* --- Entry points --- */

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateDescriptorPool(VkDevice device, const VkDescriptorPoolCreateInfo *pCreateInfo,
                         const VkAllocationCallbacks *pAllocator, VkDescriptorPool *pDescriptorPool)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct descriptor_pool *pool =
      icd_object_create_sized(dev, pAllocator, TONGS_TYPE_VkDescriptorPool, sizeof(*pool));
   if (!pool)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   pool->alloc = pAllocator ? *pAllocator : dev->alloc;
   tongs_list_init(&pool->blocks);
   count_sizes(pool, pCreateInfo);

   VkDescriptorPool created = (VkDescriptorPool)(uintptr_t)pool;
   struct tongs_args_vkCreateDescriptorPool args = {
      .device = device,
      .pCreateInfo = pCreateInfo,
      .pDescriptorPool = &created,
   };
   VkResult result = icd_create(dev->connection, TONGS_OP_vkCreateDescriptorPool, &args,
                                icd_way_of_CreateDescriptorPool(&args));
   if (result != VK_SUCCESS) {
      icd_object_destroy(dev, pAllocator, &pool->base);
      return result;
   }
   *pDescriptorPool = created;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyDescriptorPool(VkDevice device, VkDescriptorPool descriptorPool,
                          const VkAllocationCallbacks *pAllocator)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct descriptor_pool *pool = pool_from(descriptorPool);
   if (!pool)
      return;

   struct tongs_args_vkDestroyDescriptorPool args = {.device = device,
                                                     .descriptorPool = descriptorPool};
   icd_post(dev->connection, TONGS_OP_vkDestroyDescriptorPool, &args);
   release_all(dev, pool);
   tongs_list_for_each_safe(struct set_block, block, &pool->blocks, link) {
      for (uint32_t i = 0; i < block->count && block->sets[i].base.id; i++)
         icd_id_free(dev->connection, block->sets[i].base.id);
      icd_free(dev, &pool->alloc, block);
   }
   icd_object_destroy(dev, pAllocator, &pool->base);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_ResetDescriptorPool(VkDevice device, VkDescriptorPool descriptorPool,
                        VkDescriptorPoolResetFlags flags)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct tongs_args_vkResetDescriptorPool args = {
      .device = device,
      .descriptorPool = descriptorPool,
      .flags = flags,
   };
   VkResult result = icd_post(dev->connection, TONGS_OP_vkResetDescriptorPool, &args);

   release_all(dev, pool_from(descriptorPool));
   return result;
}

static uint32_t
variable_count(const VkDescriptorSetAllocateInfo *info, uint32_t set)
{
   const VkDescriptorSetVariableDescriptorCountAllocateInfo *counts = tongs_find_in_chain(
      info->pNext, VK_STRUCTURE_TYPE_DESCRIPTOR_SET_VARIABLE_DESCRIPTOR_COUNT_ALLOCATE_INFO);

   return counts && set < counts->descriptorSetCount ? counts->pDescriptorCounts[set] : 0;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_AllocateDescriptorSets(VkDevice device, const VkDescriptorSetAllocateInfo *pAllocateInfo,
                           VkDescriptorSet *pDescriptorSets)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct descriptor_pool *pool = pool_from(pAllocateInfo->descriptorPool);
   uint32_t count = pAllocateInfo->descriptorSetCount, made;
   /* A list by `next`, because a failed call clears the application's array. */
   struct icd_descriptor_set *taken = NULL;
   const bool allocated = pool->allocated, mixed = pool->mixed;
   VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;
   bool certain = true;

   for (made = 0; made < count; made++) {
      struct icd_descriptor_set *set = set_new(dev, pool);
      if (!set)
         break;
      set->info = icd_layout_info_ref(icd_set_layout_from(pAllocateInfo->pSetLayouts[made])->info);
      set->variable = set->info->variable < ICD_COSTS ? variable_count(pAllocateInfo, made) : 0;
      certain &= take(pool, set);
      set->next = taken;
      taken = set;
      pDescriptorSets[made] = (VkDescriptorSet)(uintptr_t)set;
   }
   if (made == count) {
      struct tongs_args_vkAllocateDescriptorSets args = {
         .device = device,
         .pAllocateInfo = pAllocateInfo,
         .pDescriptorSets = pDescriptorSets,
      };
      result = certain ? icd_post(dev->connection, TONGS_OP_vkAllocateDescriptorSets, &args)
                       : icd_call(dev->connection, TONGS_OP_vkAllocateDescriptorSets, &args);
   }
   if (result == VK_SUCCESS)
      return result;

   while (taken) {
      struct icd_descriptor_set *next = taken->next;
      set_free(dev, pool, taken);
      taken = next;
   }
   memset(pDescriptorSets, 0, count * sizeof(*pDescriptorSets));
   pool->allocated = allocated;
   pool->mixed = mixed;
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_FreeDescriptorSets(VkDevice device, VkDescriptorPool descriptorPool,
                       uint32_t descriptorSetCount, const VkDescriptorSet *pDescriptorSets)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct descriptor_pool *pool = pool_from(descriptorPool);
   struct tongs_args_vkFreeDescriptorSets args = {
      .device = device,
      .descriptorPool = descriptorPool,
      .descriptorSetCount = descriptorSetCount,
      .pDescriptorSets = pDescriptorSets,
   };
   VkResult result = icd_post(dev->connection, TONGS_OP_vkFreeDescriptorSets, &args);

   for (uint32_t i = 0; i < descriptorSetCount; i++) {
      if (pDescriptorSets[i])
         set_free(dev, pool, icd_descriptor_set_from(pDescriptorSets[i]));
   }
   pool->freed |= descriptorSetCount != 0;
   return result == VK_ERROR_OUT_OF_HOST_MEMORY ? VK_SUCCESS : result;
}
