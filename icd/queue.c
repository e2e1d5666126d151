/* SPDX-License-Identifier: MIT */

/* Submissions are posts that go out at once. */

#include "connection.h"
#include "object.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

static VkResult
submit(VkQueue queue, uint32_t op, const void *args)
{
   struct icd_connection *c = icd_parent_from(queue)->connection;
   VkResult result = icd_post(c, op, args);

   icd_flush(c);
   return icd_connection_is_lost(c) ? VK_ERROR_DEVICE_LOST : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_QueueSubmit(VkQueue queue, uint32_t submitCount, const VkSubmitInfo *pSubmits, VkFence fence)
{
   struct tongs_args_vkQueueSubmit args = {
      .queue = queue,
      .submitCount = submitCount,
      .pSubmits = pSubmits,
      .fence = fence,
   };
   return submit(queue, TONGS_OP_vkQueueSubmit, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_QueueSubmit2(VkQueue queue, uint32_t submitCount, const VkSubmitInfo2 *pSubmits, VkFence fence)
{
   struct tongs_args_vkQueueSubmit2 args = {
      .queue = queue,
      .submitCount = submitCount,
      .pSubmits = pSubmits,
      .fence = fence,
   };
   return submit(queue, TONGS_OP_vkQueueSubmit2, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_QueueBindSparse(VkQueue queue, uint32_t bindInfoCount, const VkBindSparseInfo *pBindInfo,
                    VkFence fence)
{
   struct tongs_args_vkQueueBindSparse args = {
      .queue = queue,
      .bindInfoCount = bindInfoCount,
      .pBindInfo = pBindInfo,
      .fence = fence,
   };
   return submit(queue, TONGS_OP_vkQueueBindSparse, &args);
}
