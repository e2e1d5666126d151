/* SPDX-License-Identifier: MIT */
/* Query pools, descriptor pools, pipeline caches, and what the worker never asks for. */
#include "tests/mock/mock.h"

#include "mock_gen.h"

#include <stdlib.h>
#include <string.h>

/* --- Queries --- */

static void
query_pool_finish(struct mock_object *object)
{
   struct mock_query_pool *pool = (struct mock_query_pool *)object;

   free(pool->values);
   free(pool->available);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_CreateQueryPool(VkDevice device, const VkQueryPoolCreateInfo *pCreateInfo,
                     const VkAllocationCallbacks *pAllocator, VkQueryPool *pQueryPool)
{
   (void)pAllocator;
   if (!pCreateInfo->queryCount)
      mock_abort("vkCreateQueryPool: queryCount is 0");
   struct mock_query_pool *pool =
      (void *)mock_object_create((uintptr_t)device, MOCK_TYPE_VkQueryPool, sizeof(*pool));
   pool->base.finish = query_pool_finish;
   pool->count = pCreateInfo->queryCount;
   pool->values_per_query = 1;
   if (pCreateInfo->queryType == VK_QUERY_TYPE_PIPELINE_STATISTICS)
      pool->values_per_query = (uint32_t)__builtin_popcount(pCreateInfo->pipelineStatistics);
   else if (pCreateInfo->queryType == VK_QUERY_TYPE_TRANSFORM_FEEDBACK_STREAM_EXT)
      pool->values_per_query = 2;
   pool->values = calloc(pool->count, sizeof(*pool->values));
   pool->available = calloc(pool->count, sizeof(*pool->available));
   if (!pool->values || !pool->available)
      mock_abort("no memory");
   *pQueryPool = (VkQueryPool)(uintptr_t)pool->base.handle;
   return VK_SUCCESS;
}

void
mock_query_end(struct mock_query_pool *pool, uint32_t query, uint64_t value)
{
   struct mock_device *device = pool->base.device;

   pthread_mutex_lock(&device->mutex);
   pool->values[query] = value;
   pool->available[query] = true;
   pthread_cond_broadcast(&device->changed);
   pthread_mutex_unlock(&device->mutex);
}

static void
check_queries(const char *command, const struct mock_query_pool *pool, uint32_t first,
              uint32_t count)
{
   if (first > pool->count || count > pool->count - first)
      mock_abort("%s: queries %u to %u of %u", command, first, first + count, pool->count);
}

void
mock_queries_reset(const char *command, struct mock_query_pool *pool, uint32_t first,
                   uint32_t count)
{
   struct mock_device *device = pool->base.device;

   check_queries(command, pool, first, count);
   pthread_mutex_lock(&device->mutex);
   memset(&pool->values[first], 0, count * sizeof(*pool->values));
   memset(&pool->available[first], 0, count * sizeof(*pool->available));
   pthread_mutex_unlock(&device->mutex);
}

VKAPI_ATTR void VKAPI_CALL
mock_ResetQueryPool(VkDevice device, VkQueryPool queryPool, uint32_t firstQuery,
                    uint32_t queryCount)
{
   (void)device;
   mock_queries_reset("vkResetQueryPool", MOCK_GET("vkResetQueryPool", queryPool, query_pool),
                      firstQuery, queryCount);
}

size_t
mock_query_size(const struct mock_query_pool *pool, VkQueryResultFlags flags)
{
   const size_t word = flags & VK_QUERY_RESULT_64_BIT ? 8 : 4;

   return (pool->values_per_query + !!(flags & VK_QUERY_RESULT_WITH_AVAILABILITY_BIT)) * word;
}

static uint8_t *
put(uint8_t *at, VkQueryResultFlags flags, uint64_t value)
{
   const size_t word = flags & VK_QUERY_RESULT_64_BIT ? 8 : 4;

   memcpy(at, &value, word); /* little-endian */
   return at + word;
}

void
mock_query_write_locked(const struct mock_query_pool *pool, uint32_t query,
                        VkQueryResultFlags flags, uint8_t *to)
{
   const bool available = pool->available[query];

   for (uint32_t i = 0; i < pool->values_per_query; i++) {
      if (available || flags & VK_QUERY_RESULT_PARTIAL_BIT)
         to = put(to, flags, pool->values[query]);
      else
         to += flags & VK_QUERY_RESULT_64_BIT ? 8 : 4;
   }
   if (flags & VK_QUERY_RESULT_WITH_AVAILABILITY_BIT)
      put(to, flags, available);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetQueryPoolResults(VkDevice device, VkQueryPool queryPool, uint32_t firstQuery,
                         uint32_t queryCount, size_t dataSize, void *pData, VkDeviceSize stride,
                         VkQueryResultFlags flags)
{
   const char *command = "vkGetQueryPoolResults";
   struct mock_device *d = (struct mock_device *)device;
   const struct mock_query_pool *pool = MOCK_GET(command, queryPool, query_pool);
   const size_t size = mock_query_size(pool, flags);
   VkResult result = VK_SUCCESS;

   check_queries(command, pool, firstQuery, queryCount);
   for (uint32_t i = 0; i < queryCount; i++) {
      if (i * stride > dataSize || size > dataSize - i * stride)
         mock_abort("%s: query %u is outside of %zu bytes", command, i, dataSize);
      pthread_mutex_lock(&d->mutex);
      while (flags & VK_QUERY_RESULT_WAIT_BIT && !pool->available[firstQuery + i])
         mock_device_wait_locked(d, UINT64_MAX);
      if (!pool->available[firstQuery + i])
         result = VK_NOT_READY;
      mock_query_write_locked(pool, firstQuery + i, flags, (uint8_t *)pData + i * stride);
      pthread_mutex_unlock(&d->mutex);
   }
   return result;
}

/* --- Descriptors --- */

struct mock_descriptor_pool {
   struct mock_object base;
   uint32_t max_sets, sets;
};

VKAPI_ATTR VkResult VKAPI_CALL
mock_CreateDescriptorPool(VkDevice device, const VkDescriptorPoolCreateInfo *pCreateInfo,
                          const VkAllocationCallbacks *pAllocator,
                          VkDescriptorPool *pDescriptorPool)
{
   (void)pAllocator;
   struct mock_descriptor_pool *pool =
      (void *)mock_object_create((uintptr_t)device, MOCK_TYPE_VkDescriptorPool, sizeof(*pool));
   pool->max_sets = pCreateInfo->maxSets;
   *pDescriptorPool = (VkDescriptorPool)(uintptr_t)pool->base.handle;
   return VK_SUCCESS;
}

/* The mock counts only maxSets of the pool's limits. */
VKAPI_ATTR VkResult VKAPI_CALL
mock_AllocateDescriptorSets(VkDevice device, const VkDescriptorSetAllocateInfo *pAllocateInfo,
                            VkDescriptorSet *pDescriptorSets)
{
   struct mock_descriptor_pool *pool =
      MOCK_GET("vkAllocateDescriptorSets", pAllocateInfo->descriptorPool, descriptor_pool);
   const uint32_t count = pAllocateInfo->descriptorSetCount;

   (void)device;
   for (uint32_t i = 0; i < count; i++)
      pDescriptorSets[i] = VK_NULL_HANDLE;
   if (count > pool->max_sets - pool->sets)
      return VK_ERROR_OUT_OF_POOL_MEMORY;
   pool->sets += count;
   for (uint32_t i = 0; i < count; i++) {
      pDescriptorSets[i] = (VkDescriptorSet)(uintptr_t)mock_object_create(
                              pool->base.handle, MOCK_TYPE_VkDescriptorSet, 0)
                              ->handle;
   }
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_FreeDescriptorSets(VkDevice device, VkDescriptorPool descriptorPool,
                        uint32_t descriptorSetCount, const VkDescriptorSet *pDescriptorSets)
{
   const char *command = "vkFreeDescriptorSets";
   struct mock_descriptor_pool *pool = MOCK_GET(command, descriptorPool, descriptor_pool);

   (void)device;
   for (uint32_t i = 0; i < descriptorSetCount; i++) {
      if (!pDescriptorSets[i])
         continue;
      const struct mock_object *set = mock_object_find((uint64_t)(uintptr_t)pDescriptorSets[i]);
      if (!set || set->parent != &pool->base)
         mock_abort("%s: a set is not, or no longer, from this pool", command);
      mock_object_destroy(command, (uint64_t)(uintptr_t)pDescriptorSets[i]);
      pool->sets--;
   }
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_ResetDescriptorPool(VkDevice device, VkDescriptorPool descriptorPool,
                         VkDescriptorPoolResetFlags flags)
{
   struct mock_descriptor_pool *pool =
      MOCK_GET("vkResetDescriptorPool", descriptorPool, descriptor_pool);

   (void)device, (void)flags;
   mock_object_destroy_children("vkResetDescriptorPool", &pool->base);
   pool->sets = 0;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
mock_GetDescriptorSetLayoutSupport(VkDevice device,
                                   const VkDescriptorSetLayoutCreateInfo *pCreateInfo,
                                   VkDescriptorSetLayoutSupport *pSupport)
{
   (void)device, (void)pCreateInfo;
   mock_fill("vkGetDescriptorSetLayoutSupport", pSupport,
             VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_SUPPORT);
   pSupport->supported = VK_TRUE;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_CreateDescriptorUpdateTemplate(VkDevice device,
                                    const VkDescriptorUpdateTemplateCreateInfo *pCreateInfo,
                                    const VkAllocationCallbacks *pAllocator,
                                    VkDescriptorUpdateTemplate *pTemplate)
{
   (void)pCreateInfo, (void)pAllocator;
   MOCK_GET("vkCreateDescriptorUpdateTemplate", device, device);
   *pTemplate = (VkDescriptorUpdateTemplate)(uintptr_t)mock_object_create(
                   (uintptr_t)device, MOCK_TYPE_VkDescriptorUpdateTemplate, 0)
                   ->handle;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
mock_DestroyDescriptorUpdateTemplate(VkDevice device, VkDescriptorUpdateTemplate template,
                                     const VkAllocationCallbacks *pAllocator)
{
   const char *command = "vkDestroyDescriptorUpdateTemplate";

   (void)pAllocator;
   MOCK_GET(command, device, device);
   if (template)
      mock_object_get(command, (uint64_t)(uintptr_t) template,
                      MOCK_TYPE_VkDescriptorUpdateTemplate);
   mock_object_destroy(command, (uint64_t)(uintptr_t) template);
}

VKAPI_ATTR void VKAPI_CALL
mock_UpdateDescriptorSetWithTemplate(VkDevice device, VkDescriptorSet descriptorSet,
                                     VkDescriptorUpdateTemplate template, const void *pData)
{
   const char *command = "vkUpdateDescriptorSetWithTemplate";

   (void)pData;
   MOCK_GET(command, device, device);
   mock_object_get(command, (uint64_t)(uintptr_t)descriptorSet, MOCK_TYPE_VkDescriptorSet);
   mock_object_get(command, (uint64_t)(uintptr_t) template, MOCK_TYPE_VkDescriptorUpdateTemplate);
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdPushDescriptorSetWithTemplate(VkCommandBuffer commandBuffer,
                                      VkDescriptorUpdateTemplate template, VkPipelineLayout layout,
                                      uint32_t set, const void *pData)
{
   const char *command = "vkCmdPushDescriptorSetWithTemplate";

   (void)set, (void)pData;
   MOCK_GET(command, commandBuffer, command_buffer);
   mock_object_get(command, (uint64_t)(uintptr_t) template, MOCK_TYPE_VkDescriptorUpdateTemplate);
   mock_object_get(command, (uint64_t)(uintptr_t)layout, MOCK_TYPE_VkPipelineLayout);
   mock_count_command(commandBuffer);
}

#ifdef VK_KHR_maintenance6
VKAPI_ATTR void VKAPI_CALL
mock_CmdPushDescriptorSetWithTemplate2(VkCommandBuffer commandBuffer,
                                       const VkPushDescriptorSetWithTemplateInfoKHR *pInfo)
{
   const char *command = "vkCmdPushDescriptorSetWithTemplate2";

   MOCK_GET(command, commandBuffer, command_buffer);
   mock_object_get(command, (uint64_t)(uintptr_t)pInfo->descriptorUpdateTemplate,
                   MOCK_TYPE_VkDescriptorUpdateTemplate);
   mock_count_command(commandBuffer);
}
#endif

/* --- Pipeline caches --- */

/* A header and 32 bytes more. */
VKAPI_ATTR VkResult VKAPI_CALL
mock_GetPipelineCacheData(VkDevice device, VkPipelineCache pipelineCache, size_t *pDataSize,
                          void *pData)
{
   const struct mock_object *cache = mock_object_find((uint64_t)(uintptr_t)pipelineCache);
   struct mock_physical_device *physical = (void *)cache->device->base.parent;
   VkPhysicalDeviceProperties properties;
   uint8_t data[64] = {0};

   (void)device;
   mock_GetPhysicalDeviceProperties((VkPhysicalDevice)physical, &properties);
   VkPipelineCacheHeaderVersionOne header = {
      .headerSize = 32,
      .headerVersion = VK_PIPELINE_CACHE_HEADER_VERSION_ONE,
      .vendorID = properties.vendorID,
      .deviceID = properties.deviceID,
   };
   memcpy(header.pipelineCacheUUID, properties.pipelineCacheUUID, VK_UUID_SIZE);
   memcpy(data, &header, sizeof(header));
   if (!pData) {
      *pDataSize = sizeof(data);
      return VK_SUCCESS;
   }
   const bool whole = *pDataSize >= sizeof(data);
   *pDataSize = whole ? sizeof(data) : *pDataSize >= 32 ? 32 : 0;
   memcpy(pData, data, *pDataSize);
   return whole ? VK_SUCCESS : VK_INCOMPLETE;
}

/* --- Private data --- */

struct mock_private_slot {
   struct mock_object base;
   pthread_mutex_t mutex; /* protects what follows */
   struct {
      uint64_t handle, data;
   } * entries;
   size_t count;
};

static void
private_slot_finish(struct mock_object *object)
{
   struct mock_private_slot *slot = (struct mock_private_slot *)object;

   pthread_mutex_destroy(&slot->mutex);
   free(slot->entries);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_CreatePrivateDataSlot(VkDevice device, const VkPrivateDataSlotCreateInfo *pCreateInfo,
                           const VkAllocationCallbacks *pAllocator,
                           VkPrivateDataSlot *pPrivateDataSlot)
{
   (void)pCreateInfo, (void)pAllocator;
   MOCK_GET("vkCreatePrivateDataSlot", device, device);
   struct mock_private_slot *slot =
      (void *)mock_object_create((uintptr_t)device, MOCK_TYPE_VkPrivateDataSlot, sizeof(*slot));
   slot->base.finish = private_slot_finish;
   pthread_mutex_init(&slot->mutex, NULL);
   *pPrivateDataSlot = (VkPrivateDataSlot)(uintptr_t)slot->base.handle;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
mock_DestroyPrivateDataSlot(VkDevice device, VkPrivateDataSlot privateDataSlot,
                            const VkAllocationCallbacks *pAllocator)
{
   (void)pAllocator;
   MOCK_GET("vkDestroyPrivateDataSlot", device, device);
   if (privateDataSlot)
      MOCK_GET("vkDestroyPrivateDataSlot", privateDataSlot, private_slot);
   mock_object_destroy("vkDestroyPrivateDataSlot", (uint64_t)(uintptr_t)privateDataSlot);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_SetPrivateData(VkDevice device, VkObjectType objectType, uint64_t objectHandle,
                    VkPrivateDataSlot privateDataSlot, uint64_t data)
{
   struct mock_private_slot *slot = MOCK_GET("vkSetPrivateData", privateDataSlot, private_slot);
   size_t i = 0;

   (void)device, (void)objectType;
   pthread_mutex_lock(&slot->mutex);
   while (i < slot->count && slot->entries[i].handle != objectHandle)
      i++;
   if (i == slot->count) {
      slot->entries = realloc(slot->entries, (slot->count + 1) * sizeof(*slot->entries));
      if (!slot->entries)
         mock_abort("no memory");
      slot->entries[slot->count++].handle = objectHandle;
   }
   slot->entries[i].data = data;
   pthread_mutex_unlock(&slot->mutex);
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
mock_GetPrivateData(VkDevice device, VkObjectType objectType, uint64_t objectHandle,
                    VkPrivateDataSlot privateDataSlot, uint64_t *pData)
{
   struct mock_private_slot *slot = MOCK_GET("vkGetPrivateData", privateDataSlot, private_slot);

   (void)device, (void)objectType;
   *pData = 0;
   pthread_mutex_lock(&slot->mutex);
   for (size_t i = 0; i < slot->count; i++) {
      if (slot->entries[i].handle == objectHandle)
         *pData = slot->entries[i].data;
   }
   pthread_mutex_unlock(&slot->mutex);
}

VKAPI_ATTR uint32_t VKAPI_CALL
mock_GetDeferredOperationMaxConcurrencyKHR(VkDevice device, VkDeferredOperationKHR operation)
{
   (void)device, (void)operation;
   return 1;
}
