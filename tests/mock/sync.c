/* SPDX-License-Identifier: MIT */
/* Fences, semaphores and events. Their states are under the mutex of their device. */
#include "tests/mock/mock.h"

#include "mock_gen.h"

/* --- Fences --- */

VKAPI_ATTR VkResult VKAPI_CALL
mock_CreateFence(VkDevice device, const VkFenceCreateInfo *pCreateInfo,
                 const VkAllocationCallbacks *pAllocator, VkFence *pFence)
{
   (void)pAllocator;
   struct mock_fence *fence =
      (void *)mock_object_create((uintptr_t)device, MOCK_TYPE_VkFence, sizeof(*fence));
   fence->signaled = pCreateInfo->flags & VK_FENCE_CREATE_SIGNALED_BIT;
   *pFence = (VkFence)(uintptr_t)fence->base.handle;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetFenceStatus(VkDevice device, VkFence fence)
{
   struct mock_device *d = (struct mock_device *)device;
   const struct mock_fence *f = MOCK_GET("vkGetFenceStatus", fence, fence);

   pthread_mutex_lock(&d->mutex);
   const bool signaled = f->signaled;
   pthread_mutex_unlock(&d->mutex);
   return signaled ? VK_SUCCESS : VK_NOT_READY;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_ResetFences(VkDevice device, uint32_t fenceCount, const VkFence *pFences)
{
   struct mock_device *d = (struct mock_device *)device;

   pthread_mutex_lock(&d->mutex);
   for (uint32_t i = 0; i < fenceCount; i++) {
      struct mock_fence *fence = MOCK_GET("vkResetFences", pFences[i], fence);
      if (fence->pending)
         mock_abort("vkResetFences: the fence is in use by work that has not completed");
      fence->signaled = false;
   }
   pthread_mutex_unlock(&d->mutex);
   return VK_SUCCESS;
}

static bool
fences_signaled_locked(uint32_t count, const VkFence *fences, bool all)
{
   uint32_t signaled = 0;

   for (uint32_t i = 0; i < count; i++)
      signaled += MOCK_GET("vkWaitForFences", fences[i], fence)->signaled;
   return all ? signaled == count : signaled > 0;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_WaitForFences(VkDevice device, uint32_t fenceCount, const VkFence *pFences, VkBool32 waitAll,
                   uint64_t timeout)
{
   struct mock_device *d = (struct mock_device *)device;
   const uint64_t deadline = mock_deadline(timeout);
   bool done, time_left = true;

   pthread_mutex_lock(&d->mutex);
   while (!(done = fences_signaled_locked(fenceCount, pFences, waitAll)) && time_left && timeout)
      time_left = mock_device_wait_locked(d, deadline);
   pthread_mutex_unlock(&d->mutex);
   return done ? VK_SUCCESS : VK_TIMEOUT;
}

/* --- Semaphores --- */

VKAPI_ATTR VkResult VKAPI_CALL
mock_CreateSemaphore(VkDevice device, const VkSemaphoreCreateInfo *pCreateInfo,
                     const VkAllocationCallbacks *pAllocator, VkSemaphore *pSemaphore)
{
   (void)pAllocator;
   const VkSemaphoreTypeCreateInfo *info =
      mock_chain_find(pCreateInfo->pNext, VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
   struct mock_semaphore *semaphore =
      (void *)mock_object_create((uintptr_t)device, MOCK_TYPE_VkSemaphore, sizeof(*semaphore));
   semaphore->timeline = info && info->semaphoreType == VK_SEMAPHORE_TYPE_TIMELINE;
   semaphore->value = semaphore->timeline ? info->initialValue : 0;
   *pSemaphore = (VkSemaphore)(uintptr_t)semaphore->base.handle;
   return VK_SUCCESS;
}

static struct mock_semaphore *
get_timeline(const char *command, VkSemaphore handle)
{
   struct mock_semaphore *semaphore = MOCK_GET(command, handle, semaphore);

   if (!semaphore->timeline)
      mock_abort("%s: the semaphore is a binary one", command);
   return semaphore;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetSemaphoreCounterValue(VkDevice device, VkSemaphore semaphore, uint64_t *pValue)
{
   struct mock_device *d = (struct mock_device *)device;
   const struct mock_semaphore *s = get_timeline("vkGetSemaphoreCounterValue", semaphore);

   pthread_mutex_lock(&d->mutex);
   *pValue = s->value;
   pthread_mutex_unlock(&d->mutex);
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_SignalSemaphore(VkDevice device, const VkSemaphoreSignalInfo *pSignalInfo)
{
   struct mock_device *d = (struct mock_device *)device;
   struct mock_semaphore *s = get_timeline("vkSignalSemaphore", pSignalInfo->semaphore);

   pthread_mutex_lock(&d->mutex);
   if (pSignalInfo->value <= s->value)
      mock_abort("vkSignalSemaphore: the value does not grow");
   s->value = pSignalInfo->value;
   pthread_cond_broadcast(&d->changed);
   pthread_mutex_unlock(&d->mutex);
   return VK_SUCCESS;
}

static bool
semaphores_reached_locked(const VkSemaphoreWaitInfo *info)
{
   uint32_t reached = 0;

   for (uint32_t i = 0; i < info->semaphoreCount; i++)
      reached += get_timeline("vkWaitSemaphores", info->pSemaphores[i])->value >= info->pValues[i];
   return info->flags & VK_SEMAPHORE_WAIT_ANY_BIT ? reached > 0 : reached == info->semaphoreCount;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_WaitSemaphores(VkDevice device, const VkSemaphoreWaitInfo *pWaitInfo, uint64_t timeout)
{
   struct mock_device *d = (struct mock_device *)device;
   const uint64_t deadline = mock_deadline(timeout);
   bool done, time_left = true;

   pthread_mutex_lock(&d->mutex);
   while (!(done = semaphores_reached_locked(pWaitInfo)) && time_left && timeout)
      time_left = mock_device_wait_locked(d, deadline);
   pthread_mutex_unlock(&d->mutex);
   return done ? VK_SUCCESS : VK_TIMEOUT;
}

/* --- Events --- */

VKAPI_ATTR VkResult VKAPI_CALL
mock_CreateEvent(VkDevice device, const VkEventCreateInfo *pCreateInfo,
                 const VkAllocationCallbacks *pAllocator, VkEvent *pEvent)
{
   (void)pCreateInfo, (void)pAllocator;
   const struct mock_object *event =
      mock_object_create((uintptr_t)device, MOCK_TYPE_VkEvent, sizeof(struct mock_event));
   *pEvent = (VkEvent)(uintptr_t)event->handle;
   return VK_SUCCESS;
}

static VkResult
change_event(const char *command, VkDevice device, VkEvent handle, bool set)
{
   struct mock_device *d = (struct mock_device *)device;
   struct mock_event *event = MOCK_GET(command, handle, event);

   pthread_mutex_lock(&d->mutex);
   event->set = set;
   pthread_cond_broadcast(&d->changed);
   pthread_mutex_unlock(&d->mutex);
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_SetEvent(VkDevice device, VkEvent event)
{
   return change_event("vkSetEvent", device, event, true);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_ResetEvent(VkDevice device, VkEvent event)
{
   return change_event("vkResetEvent", device, event, false);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetEventStatus(VkDevice device, VkEvent event)
{
   struct mock_device *d = (struct mock_device *)device;
   const struct mock_event *e = MOCK_GET("vkGetEventStatus", event, event);

   pthread_mutex_lock(&d->mutex);
   const bool set = e->set;
   pthread_mutex_unlock(&d->mutex);
   return set ? VK_EVENT_SET : VK_EVENT_RESET;
}
