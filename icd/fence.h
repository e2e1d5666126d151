/* SPDX-License-Identifier: MIT */

/* Most fences exist in the client only: a fence holds the number of its submission, and the status
 * page says which numbers have completed. If another API or a swapchain will signal the fence, a
 * host fence is created, too. From then on, the client queries its state by calls. */

#ifndef ICD_FENCE_H
#define ICD_FENCE_H

#include "icd/object.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct icd_queue;

struct icd_fence {
   struct tongs_object base; /* id 0: there is no host fence */
   _Atomic uint64_t own_id;  /* its id, even if there is no host fence; 0: none yet */
   /* ICD_FENCE_*, or the status slot in the top byte and the number of the submission below. */
   _Atomic uint64_t state;
   _Atomic uint32_t epoch; /* of the queue that it was submitted to */
};

#define ICD_FENCE_UNSIGNALED UINT64_C(0)
#define ICD_FENCE_SIGNALED UINT64_C(1)

/* NULL for VK_NULL_HANDLE. */
static inline struct icd_fence *
icd_fence_from(VkFence handle)
{
   return (struct icd_fence *)(uintptr_t)handle;
}

/* Whether there is a host fence, so that ops may name it. */
static inline bool
icd_fence_is_host(const struct icd_fence *fence)
{
   return fence->base.id != 0;
}

/* Creates the host fence, in the same state. The fence must not belong to an incomplete submission.
 * `fence` may be VK_NULL_HANDLE. */
VkResult
icd_fence_to_host(VkDevice device, VkFence fence);

/* The fence's id, which is allocated even if there is no host fence; 0 if memory is out. */
uint64_t
icd_fence_id(VkDevice device, VkFence fence);

/* Records that the submission with this number signals the fence. */
void
icd_fence_submit(struct icd_fence *fence, const struct icd_queue *queue, uint64_t number);

#endif
