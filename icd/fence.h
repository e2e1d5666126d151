/* SPDX-License-Identifier: MIT */

/* Fences are the client's own: which submission each was given to is known here, and what has
 * completed is in the status page. A fence becomes the host's too when another API or a swapchain
 * is to signal it; it is asked for by calls from then on. */

#ifndef ICD_FENCE_H
#define ICD_FENCE_H

#include "icd/object.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct icd_queue;

struct icd_fence {
   struct tongs_object base; /* id 0: the worker has none */
   _Atomic uint64_t own_id;  /* its id if the worker were to have it; 0: not needed yet */
   _Atomic uint64_t
      state; /* ICD_FENCE_*, or the status slot in the top byte and the number of the submission */
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

/* Whether the host has it: commands may name it to the worker. */
static inline bool
icd_fence_is_host(const struct icd_fence *fence)
{
   return fence->base.id != 0;
}

/* Makes it the host's too, in the state that it has. Nothing may wait for it to be signalled by a
 * submission. VK_NULL_HANDLE is fine. */
VkResult
icd_fence_to_host(VkDevice device, VkFence fence);

/* Its id, whether the worker knows it or not; 0 when memory is out. */
uint64_t
icd_fence_id(VkDevice device, VkFence fence);

/* It has been given to the submission with this number. */
void
icd_fence_submit(struct icd_fence *fence, const struct icd_queue *queue, uint64_t number);

#endif
