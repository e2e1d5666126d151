/* SPDX-License-Identifier: MIT */
/*
 * Devices and queues. A thread per device carries out what was submitted: of each queue in order,
 * and of any queue whose first submission has all it waits for.
 */
#include "tests/mock/mock.h"

#include "mock_gen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct point {
   struct mock_semaphore *semaphore;
   uint64_t value; /* of a timeline */
};

/* One batch. All that it names is pinned while it exists. */
struct submission {
   struct submission *next;
   struct point *waits, *signals;
   uint32_t wait_count, signal_count;
   VkCommandBuffer *commands;
   uint32_t command_count;
   struct mock_fence *fence; /* NULL: none */
   VkSwapchainKHR swapchain; /* of an image that is presented; null: none */
   uint32_t image;
   uint64_t present_id;
};

struct mock_queue {
   struct mock_object base;
   struct mock_queue *next;
   uint32_t family, index;
   /* Under the device's mutex: */
   struct submission *first, **last;
   bool busy;
};

/* --- Devices --- */

static void
device_finish(struct mock_object *object)
{
   struct mock_device *device = (struct mock_device *)object;

   mock_queues_finish(device);
   pthread_cond_destroy(&device->changed);
   pthread_mutex_destroy(&device->mutex);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_CreateDevice(VkPhysicalDevice physicalDevice, const VkDeviceCreateInfo *pCreateInfo,
                  const VkAllocationCallbacks *pAllocator, VkDevice *pDevice)
{
   (void)pAllocator;
   *pDevice = NULL;
   for (uint32_t i = 0; i < pCreateInfo->enabledExtensionCount; i++) {
      if (!mock_has_extension(pCreateInfo->ppEnabledExtensionNames[i], false))
         return VK_ERROR_EXTENSION_NOT_PRESENT;
   }
   for (uint32_t i = 0; i < pCreateInfo->queueCreateInfoCount; i++) {
      const VkDeviceQueueCreateInfo *info = &pCreateInfo->pQueueCreateInfos[i];
      if (info->queueFamilyIndex >= MOCK_QUEUE_FAMILY_COUNT)
         mock_abort("vkCreateDevice: there is no queue family %u", info->queueFamilyIndex);
      if (!info->queueCount ||
          info->queueCount > mock_queue_families[info->queueFamilyIndex].queueCount)
         mock_abort("vkCreateDevice: queue family %u has no %u queues", info->queueFamilyIndex,
                    info->queueCount);
   }

   struct mock_device *device =
      (void *)mock_object_create((uintptr_t)physicalDevice, MOCK_TYPE_VkDevice, sizeof(*device));
   pthread_condattr_t monotonic;
   pthread_condattr_init(&monotonic);
   pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
   pthread_mutex_init(&device->mutex, NULL);
   pthread_cond_init(&device->changed, &monotonic);
   pthread_condattr_destroy(&monotonic);
   mock_queues_init(device, pCreateInfo);
   device->base.finish = device_finish;
   *pDevice = (VkDevice)device;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
mock_DestroyDevice(VkDevice device, const VkAllocationCallbacks *pAllocator)
{
   (void)pAllocator;
   if (!device)
      return;
   mock_queues_finish((struct mock_device *)device);
   mock_objects_leak((struct mock_object *)device);
   mock_object_destroy("vkDestroyDevice", (uintptr_t)device);
}

static VkQueue
get_queue(const char *command, VkDevice handle, uint32_t family, uint32_t index)
{
   const struct mock_device *device = MOCK_GET(command, handle, device);

   for (struct mock_queue *queue = device->queues; queue; queue = queue->next) {
      if (queue->family == family && queue->index == index)
         return (VkQueue)queue;
   }
   mock_abort("%s: the device has no queue %u of family %u", command, index, family);
}

VKAPI_ATTR void VKAPI_CALL
mock_GetDeviceQueue(VkDevice device, uint32_t queueFamilyIndex, uint32_t queueIndex,
                    VkQueue *pQueue)
{
   *pQueue = get_queue("vkGetDeviceQueue", device, queueFamilyIndex, queueIndex);
}

VKAPI_ATTR void VKAPI_CALL
mock_GetDeviceQueue2(VkDevice device, const VkDeviceQueueInfo2 *pQueueInfo, VkQueue *pQueue)
{
   *pQueue =
      get_queue("vkGetDeviceQueue2", device, pQueueInfo->queueFamilyIndex, pQueueInfo->queueIndex);
}

/* --- Waiting --- */

uint64_t
mock_deadline(uint64_t timeout)
{
   const uint64_t now = mock_now_ns();

   return timeout > UINT64_MAX - now ? UINT64_MAX : now + timeout;
}

bool
mock_device_wait_locked(struct mock_device *device, uint64_t deadline)
{
   if (deadline >= INT64_MAX) {
      pthread_cond_wait(&device->changed, &device->mutex);
      return true;
   }
   const struct timespec until = {(time_t)(deadline / 1000000000u), (long)(deadline % 1000000000u)};
   return pthread_cond_timedwait(&device->changed, &device->mutex, &until) != ETIMEDOUT;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_QueueWaitIdle(VkQueue queue)
{
   struct mock_queue *q = (struct mock_queue *)queue;
   struct mock_device *device = q->base.device;

   pthread_mutex_lock(&device->mutex);
   while (q->first || q->busy)
      mock_device_wait_locked(device, UINT64_MAX);
   pthread_mutex_unlock(&device->mutex);
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_DeviceWaitIdle(VkDevice device)
{
   const struct mock_device *d = (struct mock_device *)device;

   for (struct mock_queue *queue = d->queues; queue; queue = queue->next)
      mock_QueueWaitIdle((VkQueue)queue);
   return VK_SUCCESS;
}

/* --- The device's thread --- */

static void
unpin(const struct submission *s)
{
   for (uint32_t i = 0; i < s->command_count; i++) {
      const struct mock_command_buffer *commands = (void *)s->commands[i];
      mock_objects_unpin(commands->uses, commands->use_count);
      mock_objects_unpin(&commands->base.handle, 1);
   }
   for (uint32_t i = 0; i < s->wait_count; i++)
      mock_objects_unpin(&s->waits[i].semaphore->base.handle, 1);
   for (uint32_t i = 0; i < s->signal_count; i++)
      mock_objects_unpin(&s->signals[i].semaphore->base.handle, 1);
   if (s->fence)
      mock_objects_unpin(&s->fence->base.handle, 1);
}

static void
submission_destroy(struct submission *s)
{
   free(s->waits);
   free(s->signals);
   free(s->commands);
   free(s);
}

static bool
is_ready(const struct submission *s)
{
   for (uint32_t i = 0; i < s->wait_count; i++) {
      const struct point *p = &s->waits[i];
      if (p->semaphore->value < (p->semaphore->timeline ? p->value : 1))
         return false;
   }
   return true;
}

/* Takes a submission from its queue. NULL: none can go on. */
static struct submission *
take_ready_locked(struct mock_device *device, struct mock_queue **from)
{
   for (struct mock_queue *queue = device->queues; queue; queue = queue->next) {
      struct submission *s = queue->first;
      if (!s || !is_ready(s))
         continue;
      for (uint32_t i = 0; i < s->wait_count; i++) {
         if (!s->waits[i].semaphore->timeline)
            s->waits[i].semaphore->value = 0;
      }
      queue->first = s->next;
      if (!queue->first)
         queue->last = &queue->first;
      queue->busy = true;
      *from = queue;
      return s;
   }
   return NULL;
}

static void
complete_locked(struct submission *s)
{
   for (uint32_t i = 0; i < s->command_count; i++)
      ((struct mock_command_buffer *)s->commands[i])->pending--;
   for (uint32_t i = 0; i < s->signal_count; i++) {
      const struct point *p = &s->signals[i];
      if (!p->semaphore->timeline)
         p->semaphore->value = 1;
      else if (p->value > p->semaphore->value)
         p->semaphore->value = p->value;
   }
   if (s->swapchain)
      mock_swapchain_presented_locked(s->swapchain, s->image, s->present_id);
   if (s->fence) {
      s->fence->pending = false;
      s->fence->signaled = true;
   }
}

static void *
device_thread(void *data)
{
   struct mock_device *device = data;
   struct mock_queue *queue;

   pthread_mutex_lock(&device->mutex);
   while (!device->stop) {
      struct submission *s = take_ready_locked(device, &queue);
      if (!s) {
         mock_device_wait_locked(device, UINT64_MAX);
         continue;
      }
      pthread_mutex_unlock(&device->mutex);
      mock_sleep_ms(mock_submission_ms());
      for (uint32_t i = 0; i < s->command_count; i++)
         mock_execute(device, s->commands[i]);
      pthread_mutex_lock(&device->mutex);
      complete_locked(s);
      unpin(s);
      queue->busy = false;
      pthread_cond_broadcast(&device->changed);
      submission_destroy(s);
   }
   pthread_mutex_unlock(&device->mutex);
   return NULL;
}

void
mock_queues_init(struct mock_device *device, const VkDeviceCreateInfo *info)
{
   struct mock_queue **last = &device->queues;

   for (uint32_t i = 0; i < info->queueCreateInfoCount; i++) {
      for (uint32_t k = 0; k < info->pQueueCreateInfos[i].queueCount; k++) {
         struct mock_queue *queue =
            (void *)mock_object_create(device->base.handle, MOCK_TYPE_VkQueue, sizeof(*queue));
         queue->family = info->pQueueCreateInfos[i].queueFamilyIndex;
         queue->index = k;
         queue->last = &queue->first;
         *last = queue;
         last = &queue->next;
      }
   }
   if (pthread_create(&device->thread, NULL, device_thread, device))
      mock_abort("vkCreateDevice: no thread");
}

/* Drops the submissions that have not begun. */
void
mock_queues_finish(struct mock_device *device)
{
   if (device->stop)
      return;
   pthread_mutex_lock(&device->mutex);
   device->stop = true;
   pthread_cond_broadcast(&device->changed);
   pthread_mutex_unlock(&device->mutex);
   pthread_join(device->thread, NULL);
   for (struct mock_queue *queue = device->queues; queue; queue = queue->next) {
      while (queue->first) {
         struct submission *s = queue->first;
         queue->first = s->next;
         unpin(s);
         submission_destroy(s);
      }
   }
   device->queues = NULL;
}

/* --- Submitting --- */

static void *
array(size_t count, size_t size)
{
   void *a = calloc(count ? count : 1, size);

   if (!a)
      mock_abort("no memory");
   return a;
}

static struct submission *
submission_create(uint32_t waits, uint32_t commands, uint32_t signals)
{
   struct submission *s = array(1, sizeof(*s));

   s->waits = array(waits, sizeof(*s->waits));
   s->wait_count = waits;
   s->commands = array(commands, sizeof(VkCommandBuffer));
   s->command_count = commands;
   s->signals = array(signals, sizeof(*s->signals));
   s->signal_count = signals;
   return s;
}

static struct point
make_point(const char *command, VkSemaphore semaphore, uint64_t value)
{
   struct point p = {MOCK_GET(command, semaphore, semaphore), value};

   mock_objects_pin(command, &p.semaphore->base.handle, 1);
   return p;
}

static void
submit_commands_locked(const char *command, VkCommandBuffer handle)
{
   struct mock_command_buffer *commands = MOCK_GET(command, handle, command_buffer);

   if (commands->level != VK_COMMAND_BUFFER_LEVEL_PRIMARY)
      mock_abort("%s: a secondary command buffer", command);
   if (commands->state != MOCK_STATE_EXECUTABLE)
      mock_abort("%s: a command buffer that was not recorded", command);
   mock_objects_pin(command, &commands->base.handle, 1);
   mock_objects_pin(command, commands->uses, commands->use_count);
   commands->pending++;
   if (commands->one_time)
      commands->state = MOCK_STATE_INITIAL;
}

/* Hands a list of submissions over, with the fence for the last of them. */
static VkResult
submit(const char *command, VkQueue handle, struct submission *list, VkFence fence)
{
   struct mock_queue *queue = (struct mock_queue *)handle;
   struct mock_device *device = queue->base.device;
   struct submission **last = &list;

   pthread_mutex_lock(&device->mutex);
   for (struct submission *s = list; s; s = s->next) {
      for (uint32_t i = 0; i < s->command_count; i++)
         submit_commands_locked(command, s->commands[i]);
      last = &s->next;
   }
   if (fence) {
      struct mock_fence *f = MOCK_GET(command, fence, fence);
      if (f->signaled || f->pending)
         mock_abort("%s: the fence is %s", command, f->pending ? "in use" : "signaled already");
      /* One batch more: the fence is for all that comes before. */
      *last = submission_create(0, 0, 0);
      (*last)->fence = f;
      f->pending = true;
      mock_objects_pin(command, &f->base.handle, 1);
      last = &(*last)->next;
   }
   if (list) {
      *queue->last = list;
      queue->last = last;
      pthread_cond_broadcast(&device->changed);
   }
   pthread_mutex_unlock(&device->mutex);
   return VK_SUCCESS;
}

static uint64_t
value_at(const uint64_t *values, uint32_t count, uint32_t i)
{
   return values && i < count ? values[i] : 0;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_QueueSubmit(VkQueue queue, uint32_t submitCount, const VkSubmitInfo *pSubmits, VkFence fence)
{
   const char *command = "vkQueueSubmit";
   struct submission *list = NULL, **last = &list;

   for (uint32_t n = 0; n < submitCount; n++) {
      const VkSubmitInfo *info = &pSubmits[n];
      const VkTimelineSemaphoreSubmitInfo none = {0},
                                          *timeline = mock_chain_find(
                                             info->pNext,
                                             VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
      if (!timeline)
         timeline = &none;
      struct submission *s = submission_create(info->waitSemaphoreCount, info->commandBufferCount,
                                               info->signalSemaphoreCount);
      for (uint32_t i = 0; i < info->waitSemaphoreCount; i++) {
         s->waits[i] = make_point(
            command, info->pWaitSemaphores[i],
            value_at(timeline->pWaitSemaphoreValues, timeline->waitSemaphoreValueCount, i));
      }
      for (uint32_t i = 0; i < info->commandBufferCount; i++)
         s->commands[i] = info->pCommandBuffers[i];
      for (uint32_t i = 0; i < info->signalSemaphoreCount; i++) {
         s->signals[i] = make_point(
            command, info->pSignalSemaphores[i],
            value_at(timeline->pSignalSemaphoreValues, timeline->signalSemaphoreValueCount, i));
      }
      *last = s;
      last = &s->next;
   }
   return submit(command, queue, list, fence);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_QueueSubmit2(VkQueue queue, uint32_t submitCount, const VkSubmitInfo2 *pSubmits, VkFence fence)
{
   const char *command = "vkQueueSubmit2";
   struct submission *list = NULL, **last = &list;

   for (uint32_t n = 0; n < submitCount; n++) {
      const VkSubmitInfo2 *info = &pSubmits[n];
      struct submission *s =
         submission_create(info->waitSemaphoreInfoCount, info->commandBufferInfoCount,
                           info->signalSemaphoreInfoCount);
      for (uint32_t i = 0; i < info->waitSemaphoreInfoCount; i++) {
         s->waits[i] = make_point(command, info->pWaitSemaphoreInfos[i].semaphore,
                                  info->pWaitSemaphoreInfos[i].value);
      }
      for (uint32_t i = 0; i < info->commandBufferInfoCount; i++)
         s->commands[i] = info->pCommandBufferInfos[i].commandBuffer;
      for (uint32_t i = 0; i < info->signalSemaphoreInfoCount; i++) {
         s->signals[i] = make_point(command, info->pSignalSemaphoreInfos[i].semaphore,
                                    info->pSignalSemaphoreInfos[i].value);
      }
      *last = s;
      last = &s->next;
   }
   return submit(command, queue, list, fence);
}

/* The binding itself is not kept: work on sparse resources has no effect. */
VKAPI_ATTR VkResult VKAPI_CALL
mock_QueueBindSparse(VkQueue queue, uint32_t bindInfoCount, const VkBindSparseInfo *pBindInfo,
                     VkFence fence)
{
   const char *command = "vkQueueBindSparse";
   struct submission *list = NULL, **last = &list;

   for (uint32_t n = 0; n < bindInfoCount; n++) {
      const VkBindSparseInfo *info = &pBindInfo[n];
      const VkTimelineSemaphoreSubmitInfo none = {0},
                                          *timeline = mock_chain_find(
                                             info->pNext,
                                             VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
      if (!timeline)
         timeline = &none;
      struct submission *s =
         submission_create(info->waitSemaphoreCount, 0, info->signalSemaphoreCount);
      for (uint32_t i = 0; i < info->waitSemaphoreCount; i++) {
         s->waits[i] = make_point(
            command, info->pWaitSemaphores[i],
            value_at(timeline->pWaitSemaphoreValues, timeline->waitSemaphoreValueCount, i));
      }
      for (uint32_t i = 0; i < info->signalSemaphoreCount; i++) {
         s->signals[i] = make_point(
            command, info->pSignalSemaphores[i],
            value_at(timeline->pSignalSemaphoreValues, timeline->signalSemaphoreValueCount, i));
      }
      *last = s;
      last = &s->next;
   }
   return submit(command, queue, list, fence);
}

/* One batch waits for the semaphores, then one for each swapchain gives its image back. */
VKAPI_ATTR VkResult VKAPI_CALL
mock_QueuePresentKHR(VkQueue queue, const VkPresentInfoKHR *pPresentInfo)
{
   const char *command = "vkQueuePresentKHR";
   struct mock_device *device = ((struct mock_queue *)queue)->base.device;
   const VkPresentIdKHR *ids =
      mock_chain_find(pPresentInfo->pNext, VK_STRUCTURE_TYPE_PRESENT_ID_KHR);
#ifdef VK_EXT_swapchain_maintenance1
   const VkSwapchainPresentFenceInfoEXT *fences =
      mock_chain_find(pPresentInfo->pNext, VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT);
#endif
   struct submission *list = submission_create(pPresentInfo->waitSemaphoreCount, 0, 0),
                     **last = &list->next;

   for (uint32_t i = 0; i < pPresentInfo->waitSemaphoreCount; i++)
      list->waits[i] = make_point(command, pPresentInfo->pWaitSemaphores[i], 0);
   for (uint32_t i = 0; i < pPresentInfo->swapchainCount; i++) {
      struct submission *s = submission_create(0, 0, 0);
      s->swapchain = pPresentInfo->pSwapchains[i];
      s->image = pPresentInfo->pImageIndices[i];
      s->present_id = ids && ids->pPresentIds ? ids->pPresentIds[i] : 0;
      pthread_mutex_lock(&device->mutex);
      mock_swapchain_present_locked(command, s->swapchain, s->image);
#ifdef VK_EXT_swapchain_maintenance1
      if (fences && fences->pFences[i]) {
         s->fence = MOCK_GET(command, fences->pFences[i], fence);
         if (s->fence->signaled || s->fence->pending)
            mock_abort("%s: the fence is in use or signaled already", command);
         s->fence->pending = true;
         mock_objects_pin(command, &s->fence->base.handle, 1);
      }
#endif
      pthread_mutex_unlock(&device->mutex);
      if (pPresentInfo->pResults)
         pPresentInfo->pResults[i] = VK_SUCCESS;
      *last = s;
      last = &s->next;
   }
   return submit(command, queue, list, VK_NULL_HANDLE);
}
