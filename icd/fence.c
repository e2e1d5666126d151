/* SPDX-License-Identifier: MIT */
#include "icd/fence.h"

#include "icd/completion.h"
#include "icd/connection.h"
#include "icd/device.h"
#include "icd/external.h"
#include "icd/queue.h"
#include "protocol/clock.h"
#include "protocol/decoder.h"

#include "icd_gen_bounds.h"
#include "icd_gen_entry.h"
#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#include <unistd.h>

#define SLOT_SHIFT 56
#define NUMBER_MASK ((UINT64_C(1) << SLOT_SHIFT) - 1)

static VkResult
post_create(struct icd_dispatchable *dev, struct icd_fence *fence, const VkFenceCreateInfo *info)
{
   uint64_t id = icd_fence_id((VkDevice)dev, (VkFence)(uintptr_t)fence);
   if (!id)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   fence->base.id = id;
   VkFence created = (VkFence)(uintptr_t)fence;
   struct tongs_args_vkCreateFence args = {
      .device = (VkDevice)dev, .pCreateInfo = info, .pFence = &created};
   VkResult result =
      icd_create(dev->connection, TONGS_OP_vkCreateFence, &args, icd_way_of_CreateFence(&args));
   if (result < 0)
      fence->base.id = 0;
   return result;
}

uint64_t
icd_fence_id(VkDevice device, VkFence handle)
{
   struct icd_connection *c = icd_dispatchable_from(device)->connection;
   struct icd_fence *fence = icd_fence_from(handle);
   uint64_t id = atomic_load(&fence->own_id);

   if (id)
      return id;
   uint64_t fresh = icd_id_new(c, TONGS_TYPE_VkFence);
   if (atomic_compare_exchange_strong(&fence->own_id, &id, fresh))
      return fresh;
   if (fresh)
      icd_id_free(c, fresh);
   return id;
}

/* --- State --- */

/* The state of a fence that exists only in the client: VK_SUCCESS, VK_NOT_READY, or
 * VK_ERROR_DEVICE_LOST if no submission can signal the fence any more. */
static VkResult
status_of(const struct icd_connection *c, struct icd_fence *fence)
{
   uint64_t state = atomic_load_explicit(&fence->state, memory_order_acquire);
   uint32_t slot = (uint32_t)(state >> SLOT_SHIFT);

   if (state == ICD_FENCE_SIGNALED)
      return VK_SUCCESS;
   if (slot && icd_is_complete(c, slot, state & NUMBER_MASK)) {
      /* Does nothing if another thread has reset the fence, though the API forbids that. */
      atomic_compare_exchange_strong(&fence->state, &state, ICD_FENCE_SIGNALED);
      return VK_SUCCESS;
   }
   if (slot &&
       icd_is_queue_lost(c, slot, atomic_load_explicit(&fence->epoch, memory_order_relaxed)))
      return VK_ERROR_DEVICE_LOST;
   return icd_connection_is_lost(c) ? VK_ERROR_DEVICE_LOST : VK_NOT_READY;
}

void
icd_fence_submit(struct icd_fence *fence, const struct icd_queue *queue, uint64_t number)
{
   atomic_store_explicit(&fence->epoch, queue->epoch, memory_order_relaxed);
   atomic_store_explicit(&fence->state, (uint64_t)queue->slot << SLOT_SHIFT | number,
                         memory_order_release);
}

VkResult
icd_fence_to_host(VkDevice device, VkFence handle)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct icd_fence *fence = icd_fence_from(handle);

   if (!fence || icd_fence_is_host(fence))
      return VK_SUCCESS;
   const VkFenceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
      .flags = status_of(dev->connection, fence) == VK_SUCCESS ? VK_FENCE_CREATE_SIGNALED_BIT : 0,
   };
   return post_create(dev, fence, &info);
}

/* --- Entry points --- */

static bool
is_exportable(const VkFenceCreateInfo *info)
{
   const VkExportFenceCreateInfo *export =
      tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO);

   return export && export->handleTypes;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateFence(VkDevice device, const VkFenceCreateInfo *pCreateInfo,
                const VkAllocationCallbacks *pAllocator, VkFence *pFence)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   VkResult result = VK_SUCCESS;

   struct icd_fence *fence =
      icd_alloc(dev, pAllocator, sizeof(*fence), VK_SYSTEM_ALLOCATION_SCOPE_OBJECT);
   if (!fence)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   if (pCreateInfo->flags & VK_FENCE_CREATE_SIGNALED_BIT)
      fence->state = ICD_FENCE_SIGNALED;
   if (is_exportable(pCreateInfo))
      result = post_create(dev, fence, pCreateInfo);
   if (result < 0) {
      icd_DestroyFence(device, (VkFence)(uintptr_t)fence, pAllocator);
      return result;
   }
   *pFence = (VkFence)(uintptr_t)fence;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyFence(VkDevice device, VkFence handle, const VkAllocationCallbacks *pAllocator)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct icd_fence *fence = icd_fence_from(handle);

   if (!fence)
      return;
   if (icd_fence_is_host(fence)) {
      struct tongs_args_vkDestroyFence args = {.device = device, .fence = handle};
      icd_post(dev->connection, TONGS_OP_vkDestroyFence, &args);
   }
   if (fence->own_id)
      icd_id_free(dev->connection, fence->own_id);
   icd_free(dev, pAllocator, fence);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_ResetFences(VkDevice device, uint32_t fenceCount, const VkFence *pFences)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   VkResult result = VK_SUCCESS;

   for (uint32_t i = 0; i < fenceCount; i++) {
      struct icd_fence *fence = icd_fence_from(pFences[i]);
      if (icd_fence_is_host(fence)) {
         struct tongs_args_vkResetFences args = {
            .device = device, .fenceCount = 1, .pFences = &pFences[i]};
         VkResult r = icd_post(dev->connection, TONGS_OP_vkResetFences, &args);
         result = r < 0 ? r : result;
      }
      atomic_store_explicit(&fence->state, ICD_FENCE_UNSIGNALED, memory_order_release);
   }
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetFenceStatus(VkDevice device, VkFence handle)
{
   struct icd_connection *c = icd_dispatchable_from(device)->connection;
   struct icd_fence *fence = icd_fence_from(handle);

   if (icd_fence_is_host(fence)) {
      struct tongs_args_vkGetFenceStatus args = {.device = device, .fence = handle};
      return icd_call(c, TONGS_OP_vkGetFenceStatus, &args);
   }
   VkResult status = status_of(c, fence);
   if (status != VK_NOT_READY)
      return status;
   icd_poll(c);
   return status_of(c, fence);
}

/* --- Waiting --- */

struct wait {
   const struct icd_connection *c;
   const VkFence *fences;
   uint32_t count;
   bool all;
   uint32_t done; /* if `all`: the number of fences, from the first on, that are signalled */
   VkResult result;
};

/* Whether the wait is over, according to the fences that exist only in the client. */
static bool
is_over(void *data)
{
   struct wait *w = data;

   for (uint32_t i = w->done; i < w->count; i++) {
      struct icd_fence *fence = icd_fence_from(w->fences[i]);
      VkResult status =
         icd_fence_is_host(fence) ? (w->all ? VK_SUCCESS : VK_NOT_READY) : status_of(w->c, fence);
      if (status == VK_NOT_READY && w->all)
         return false;
      if (status == VK_NOT_READY)
         continue;
      w->result = status;
      if (!w->all || status < 0)
         return true;
      w->done = i + 1;
   }
   return w->all;
}

static VkResult
wait_for_host(VkDevice device, uint32_t count, const VkFence *fences, uint64_t timeout)
{
   struct tongs_args_vkWaitForFences args = {.device = device,
                                             .fenceCount = count,
                                             .pFences = fences,
                                             .waitAll = VK_TRUE,
                                             .timeout = timeout};
   return icd_call(icd_dispatchable_from(device)->connection, TONGS_OP_vkWaitForFences, &args);
}

/* Waits for all fences that the host driver has, one after the other. */
static VkResult
wait_for_all_host(VkDevice device, const struct wait *w, int64_t start, uint64_t timeout)
{
   VkResult result = VK_SUCCESS;

   for (uint32_t i = 0; i < w->count && result == VK_SUCCESS; i++) {
      if (icd_fence_is_host(icd_fence_from(w->fences[i])))
         result = wait_for_host(device, 1, &w->fences[i], tongs_time_left(start, timeout));
   }
   return result;
}

/* The interval, in nanoseconds, at which a wait for any of several fences queries the host driver's
 * fences. */
#define MIXED_NS UINT64_C(1000000)

/* Waits for any of several fences, some of which exist on the host. */
static VkResult
wait_for_any(VkDevice device, struct wait *w, int64_t start, uint64_t timeout)
{
   struct icd_connection *c = icd_dispatchable_from(device)->connection;

   for (;;) {
      uint64_t left = tongs_time_left(start, timeout);
      if (icd_wait(c, is_over, w, left < MIXED_NS ? left : MIXED_NS))
         return w->result;
      for (uint32_t i = 0; i < w->count; i++) {
         if (!icd_fence_is_host(icd_fence_from(w->fences[i])))
            continue;
         VkResult result = wait_for_host(device, 1, &w->fences[i], 0);
         if (result != VK_TIMEOUT)
            return result;
      }
      if (!left)
         return VK_TIMEOUT;
   }
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_WaitForFences(VkDevice device, uint32_t fenceCount, const VkFence *pFences, VkBool32 waitAll,
                  uint64_t timeout)
{
   struct icd_connection *c = icd_dispatchable_from(device)->connection;
   struct wait w = {.c = c, .fences = pFences, .count = fenceCount, .all = waitAll};
   bool some_host = false;
   int64_t start = 0;

   for (uint32_t i = 0; i < fenceCount; i++)
      some_host |= icd_fence_is_host(icd_fence_from(pFences[i]));
   if (some_host)
      start = tongs_now_ns();
   if (some_host && !waitAll)
      return wait_for_any(device, &w, start, timeout);
   if (!icd_wait(c, is_over, &w, timeout))
      return VK_TIMEOUT;
   if (w.result == VK_SUCCESS && some_host)
      return wait_for_all_host(device, &w, start, timeout);
   return w.result;
}

/* --- File descriptors --- */

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetFenceFdKHR(VkDevice device, const VkFenceGetFdInfoKHR *pGetFdInfo, int *pFd)
{
   struct icd_device *dev = icd_device_from(device);
   struct tongs_args_vkGetFenceFdKHR args = {
      .device = device, .pGetFdInfo = pGetFdInfo, .pFd = &(int){-1}};
   bool sync_file = pGetFdInfo->handleType == VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT;
   int fd;
   VkResult result = icd_fence_to_host(device, pGetFdInfo->fence);

   if (result != VK_SUCCESS)
      return result;
   result = icd_call_with_fds(dev->base.connection, TONGS_OP_vkGetFenceFdKHR, &args, -1, &fd);
   return icd_external_take_exported(result, fd, sync_file, pFd);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_ImportFenceFdKHR(VkDevice device, const VkImportFenceFdInfoKHR *pImportFenceFdInfo)
{
   struct icd_device *dev = icd_device_from(device);
   const int fd = pImportFenceFdInfo->fd;
   struct tongs_args_vkImportFenceFdKHR args = {.device = device,
                                                .pImportFenceFdInfo = pImportFenceFdInfo};

   if (!icd_external_may_import(
          dev, fd, pImportFenceFdInfo->handleType == VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT))
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   VkResult result = icd_fence_to_host(device, pImportFenceFdInfo->fence);
   if (result != VK_SUCCESS)
      return result;
   result = icd_call_with_fds(dev->base.connection, TONGS_OP_vkImportFenceFdKHR, &args, fd, NULL);
   if (result == VK_SUCCESS && fd >= 0)
      close(fd);
   return result;
}
