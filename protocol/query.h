/* SPDX-License-Identifier: MIT */

/* How many bytes a query's results take. */

#ifndef TONGS_QUERY_H
#define TONGS_QUERY_H

#include "protocol/decoder.h"

#include "tongs_gen_types.h"

#include <stdint.h>
#include <vulkan/vulkan_core.h>

/* How many values a query of the pool gives without its availability or status: 32-bit values, or
 * 64-bit values if the application asks for these. */
static inline uint32_t
tongs_query_values(const VkQueryPoolCreateInfo *info)
{
   const VkQueryPoolPerformanceCreateInfoKHR *performance =
      tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_QUERY_POOL_PERFORMANCE_CREATE_INFO_KHR);

   switch ((uint32_t)info->queryType) {
   case VK_QUERY_TYPE_PIPELINE_STATISTICS:
      return (uint32_t)__builtin_popcount(info->pipelineStatistics);
   case VK_QUERY_TYPE_TRANSFORM_FEEDBACK_STREAM_EXT:
      return 2;
   case VK_QUERY_TYPE_PERFORMANCE_QUERY_KHR: /* VkPerformanceCounterResultKHR, which is never asked
                                                for in 64 bits */
      return performance ? 2 * performance->counterIndexCount : 0;
   default:
      return 1;
   }
}

/* How many bytes the driver writes for each query. `values`: of tongs_query_values(). */
static inline uint64_t
tongs_query_size(uint32_t values, VkQueryResultFlags flags)
{
   const VkQueryResultFlags one_more =
      VK_QUERY_RESULT_WITH_AVAILABILITY_BIT | VK_QUERY_RESULT_WITH_STATUS_BIT_KHR;
   const uint64_t size = flags & VK_QUERY_RESULT_64_BIT ? sizeof(uint64_t) : sizeof(uint32_t);

   return ((uint64_t)values + ((flags & one_more) != 0)) * size;
}

#endif
