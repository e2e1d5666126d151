/* SPDX-License-Identifier: MIT */

/* Query pools. The application says how much room it has for results, and a driver writes only a
 * part of it: the results travel without the gaps between them. */

#include "protocol/query.h"
#include "icd/connection.h"
#include "icd/object.h"

#include "icd_gen_bounds.h"
#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <stdlib.h>
#include <string.h>

/* One call asks for at most this many bytes of results. */
#define PART_SIZE (UINT64_C(1) << 20)

struct query_pool {
   struct tongs_object base;
   uint32_t values; /* of each query */
};

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateQueryPool(VkDevice device, const VkQueryPoolCreateInfo *pCreateInfo,
                    const VkAllocationCallbacks *pAllocator, VkQueryPool *pQueryPool)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct query_pool *pool =
      icd_object_create_sized(dev, pAllocator, TONGS_TYPE_VkQueryPool, sizeof(*pool));

   if (!pool)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   pool->values = tongs_query_values(pCreateInfo);
   VkQueryPool created = (VkQueryPool)(uintptr_t)pool;
   struct tongs_args_vkCreateQueryPool args = {
      .device = device, .pCreateInfo = pCreateInfo, .pQueryPool = &created};
   VkResult result = icd_create(dev->connection, TONGS_OP_vkCreateQueryPool, &args,
                                icd_way_of_CreateQueryPool(&args));
   if (result < 0) {
      icd_object_destroy(dev, pAllocator, &pool->base);
      return result;
   }
   *pQueryPool = created;
   return VK_SUCCESS;
}

/* Copies `count` results of `size` bytes. */
static void
copy_results(uint8_t *to, uint64_t to_stride, const uint8_t *from, uint64_t from_stride,
             uint32_t count, uint64_t size)
{
   for (uint32_t i = 0; i < count; i++)
      memcpy(to + i * to_stride, from + i * from_stride, size);
}

/* Asks for results that lie without gaps in `data`. */
static VkResult
get_packed(const struct tongs_args_vkGetQueryPoolResults *all, uint32_t first, uint32_t count,
           uint64_t size, void *data)
{
   struct tongs_args_vkGetQueryPoolResults args = *all;

   args.firstQuery = first;
   args.queryCount = count;
   args.dataSize = count * size;
   args.pData = data;
   args.stride = size;
   return icd_call(icd_dispatchable_from(all->device)->connection, TONGS_OP_vkGetQueryPoolResults,
                   &args);
}

/* The same for results that lie `all->stride` bytes apart. `packed`: room for them without gaps. A
 * driver writes no results that are not available, so the application's bytes go along. */
static VkResult
get_apart(const struct tongs_args_vkGetQueryPoolResults *all, uint32_t first, uint32_t count,
          uint64_t size, uint8_t *data, uint8_t *packed)
{
   copy_results(packed, size, data, all->stride, count, size);
   VkResult result = get_packed(all, first, count, size, packed);
   if (result >= 0)
      copy_results(data, all->stride, packed, size, count, size);
   return result;
}

/* Whether the results lie in the application's room and apart from each other, which the API
 * demands. */
static bool
are_apart(const struct tongs_args_vkGetQueryPoolResults *a, uint64_t size)
{
   uint64_t before;

   return a->queryCount && size && (a->queryCount == 1 || a->stride >= size) &&
          !__builtin_mul_overflow(a->queryCount - UINT64_C(1), a->stride, &before) &&
          before <= a->dataSize && size <= a->dataSize - before;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetQueryPoolResults(VkDevice device, VkQueryPool queryPool, uint32_t firstQuery,
                        uint32_t queryCount, size_t dataSize, void *pData, VkDeviceSize stride,
                        VkQueryResultFlags flags)
{
   struct tongs_args_vkGetQueryPoolResults args = {
      .device = device,
      .queryPool = queryPool,
      .firstQuery = firstQuery,
      .queryCount = queryCount,
      .dataSize = dataSize,
      .pData = pData,
      .stride = stride,
      .flags = flags,
   };
   const struct query_pool *pool = (const struct query_pool *)(uintptr_t)queryPool;
   const uint64_t size = tongs_query_size(pool->values, flags);
   VkResult result = VK_SUCCESS;

   if (!are_apart(&args, size))
      return icd_call(icd_dispatchable_from(device)->connection, TONGS_OP_vkGetQueryPoolResults,
                      &args);
   const uint32_t part_max = size < PART_SIZE ? (uint32_t)(PART_SIZE / size) : 1;
   const bool apart = queryCount > 1 && stride != size;
   uint8_t *packed = apart ? malloc((queryCount < part_max ? queryCount : part_max) * size) : NULL;
   if (apart && !packed)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   for (uint32_t done = 0; done < queryCount && result >= 0;) {
      const uint32_t part = queryCount - done < part_max ? queryCount - done : part_max;
      uint8_t *data = (uint8_t *)pData + done * stride;
      VkResult r = apart ? get_apart(&args, firstQuery + done, part, size, data, packed)
                         : get_packed(&args, firstQuery + done, part, size, data);
      result = r == VK_SUCCESS ? result : r;
      done += part;
   }
   free(packed);
   return result;
}
