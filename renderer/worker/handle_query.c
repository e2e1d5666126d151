/* SPDX-License-Identifier: MIT */

/* Query pools. Drivers write as many results as the call asks for, without checking the size of the
 * buffer, so we check it. */

#include "renderer/worker/handlers.h"

#include "protocol/query.h"
#include "renderer/worker/object.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

/* The slot's data is the number of queries in the high half, and in the low half the number of
 * values that each query gives. */
void
rdr_handle_CreateQueryPool(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkCreateQueryPool *a = args;
   struct rdr_device *dev = op->owner;
   uint64_t data = (uint64_t)a->pCreateInfo->queryCount << 32 | tongs_query_values(a->pCreateInfo);

   a->ret = dev->vk.CreateQueryPool(a->device, a->pCreateInfo, NULL, a->pQueryPool);
   rdr_objects_add_with_data(ctx, op, TONGS_TYPE_VkQueryPool, &a->base, a->pQueryPool, a->ret,
                             (void *)(uintptr_t)data);
}

static bool
fit(const struct rdr_context *ctx, uint64_t pool, const struct tongs_args_vkGetQueryPoolResults *a)
{
   const struct tongs_slot *slot = rdr_object_find(ctx, pool, TONGS_TYPE_VkQueryPool);
   uint64_t data = slot ? (uintptr_t)slot->data : 0;
   uint32_t count = (uint32_t)(data >> 32);
   uint64_t before;

   if (a->queryCount > count || a->firstQuery > count - a->queryCount)
      return false;
   if (!a->queryCount)
      return true;
   uint64_t last = tongs_query_size((uint32_t)data, a->flags);
   return !__builtin_mul_overflow(a->queryCount - UINT64_C(1), a->stride, &before) &&
          before <= a->dataSize && last <= a->dataSize - before;
}

bool
rdr_check_GetQueryPoolResults(struct rdr_context *ctx, const uint64_t *ids, uint32_t id_count,
                              const void *args)
{
   if (fit(ctx, id_count > 1 ? ids[1] : 0, args))
      return true;
   rdr_end(ctx,
           "a vkGetQueryPoolResults asks for queries that are not in its pool, or for more than "
           "it has room for");
   return false;
}
