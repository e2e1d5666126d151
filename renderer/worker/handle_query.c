/* SPDX-License-Identifier: MIT */

/* Query pools. Drivers write as many results as the call asks for, without checking the size of the
 * buffer, so we check it. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/object.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

/* How many values a query of the pool returns. Each has 32 bits, or 64 if the client asks for
 * that. */
static uint32_t
values_per_query(const VkQueryPoolCreateInfo *info)
{
   const VkQueryPoolPerformanceCreateInfoKHR *performance =
      tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_QUERY_POOL_PERFORMANCE_CREATE_INFO_KHR);

   switch ((uint32_t)info->queryType) {
   case VK_QUERY_TYPE_PIPELINE_STATISTICS:
      return (uint32_t)__builtin_popcount(info->pipelineStatistics);
   case VK_QUERY_TYPE_TRANSFORM_FEEDBACK_STREAM_EXT:
      return 2;
   case VK_QUERY_TYPE_PERFORMANCE_QUERY_KHR: /* VkPerformanceCounterResultKHR, of one size */
      return performance ? 2 * performance->counterIndexCount : 0;
   default:
      return 1;
   }
}

/* The slot's data is the number of queries in the high half, and in the low half the number of
 * values that each query gives. */
void
rdr_handle_CreateQueryPool(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkCreateQueryPool *a = args;
   struct rdr_device *dev = op->owner;
   uint64_t data = (uint64_t)a->pCreateInfo->queryCount << 32 | values_per_query(a->pCreateInfo);

   a->ret = dev->vk.CreateQueryPool(a->device, a->pCreateInfo, NULL, a->pQueryPool);
   rdr_objects_add_with_data(ctx, op, TONGS_TYPE_VkQueryPool, &a->base, a->pQueryPool, a->ret,
                             (void *)(uintptr_t)data);
}

bool
rdr_query_results_fit(const struct rdr_context *ctx, uint64_t pool, const void *args)
{
   const struct tongs_args_vkGetQueryPoolResults *a = args;
   const struct tongs_slot *slot = rdr_object_find(ctx, pool, TONGS_TYPE_VkQueryPool);
   uint64_t data = slot ? (uintptr_t)slot->data : 0;
   uint32_t count = (uint32_t)(data >> 32);
   uint64_t values = (uint32_t)data, before;

   if (a->queryCount > count || a->firstQuery > count - a->queryCount)
      return false;
   if (!a->queryCount)
      return true;
   values += (a->flags &
              (VK_QUERY_RESULT_WITH_AVAILABILITY_BIT | VK_QUERY_RESULT_WITH_STATUS_BIT_KHR)) != 0;
   uint64_t last =
      values * (a->flags & VK_QUERY_RESULT_64_BIT ? sizeof(uint64_t) : sizeof(uint32_t));
   return !__builtin_mul_overflow(a->queryCount - UINT64_C(1), a->stride, &before) &&
          before <= a->dataSize && last <= a->dataSize - before;
}
