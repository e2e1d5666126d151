/* SPDX-License-Identifier: MIT */

/* Queues. A submission is a post that is sent at once. If the application can ask whether it is
 * complete, the submission has a number, and the worker reports its completion (icd/completion.h).
 * vkQueueWaitIdle and vkDeviceWaitIdle wait for the last number.
 *
 * If a connection has more queues than the status page has slots, the other queues have no numbers:
 * their fences exist on the host, their timelines are not tracked, and waits are calls. */

#include "icd/queue.h"

#include "icd/command_buffer.h"
#include "icd/completion.h"
#include "icd/connection.h"
#include "icd/device.h"
#include "icd/fence.h"
#include "icd/notes.h"
#include "icd/semaphore.h"
#include "protocol/decoder.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"
#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

static struct icd_queue *
queue_from(VkQueue handle)
{
   return (struct icd_queue *)handle;
}

static bool
is_lost(const struct icd_queue *queue)
{
   return icd_is_queue_lost(queue->base.connection, queue->slot, queue->epoch);
}

bool
icd_device_is_lost(const struct icd_device *dev)
{
   return dev->queue_count ? is_lost(&dev->queues[0])
                           : icd_connection_is_lost(dev->base.connection);
}

/* --- Creation --- */

static VkResult
create_queue(struct icd_device *dev, struct icd_queue *queue, const VkDeviceQueueCreateInfo *family,
             uint32_t index)
{
   struct icd_connection *c = dev->base.connection;
   size_t offset;

   queue->base.connection = c;
   queue->base.alloc = dev->base.alloc;
   queue->device = dev;
   queue->flags = family->flags;
   queue->family = family->queueFamilyIndex;
   queue->index = index;
   icd_object_init_dispatchable(&queue->base.object);
   queue->base.object.id = icd_id_new(c, TONGS_TYPE_VkQueue);
   if (!queue->base.object.id)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   queue->slot = icd_status_slot_new(c, &queue->epoch);
   queue->last_number = &c->last_numbers[queue->slot];

   struct tongs_encoder *e = icd_op_begin(c, TONGS_OP_tongsGetQueue, 0, &offset);
   tongs_encode_tongsGetQueue(e, &(struct tongs_args_tongsGetQueue){
                                    .device = dev->base.object.id,
                                    .queue = queue->base.object.id,
                                    .flags = queue->flags,
                                    .family = queue->family,
                                    .index = queue->index,
                                    .slot = queue->slot,
                                    .epoch = queue->epoch,
                                 });
   return icd_op_end(c, offset) ? VK_SUCCESS : VK_ERROR_OUT_OF_HOST_MEMORY;
}

VkResult
icd_queues_create(struct icd_device *dev, const VkDeviceCreateInfo *info)
{
   uint32_t count = 0;

   for (uint32_t i = 0; i < info->queueCreateInfoCount; i++)
      count += info->pQueueCreateInfos[i].queueCount;
   dev->queues = icd_alloc(&dev->base, NULL, (count ? count : 1) * sizeof(*dev->queues),
                           VK_SYSTEM_ALLOCATION_SCOPE_DEVICE);
   if (!dev->queues)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   for (uint32_t i = 0; i < info->queueCreateInfoCount; i++) {
      const VkDeviceQueueCreateInfo *family = &info->pQueueCreateInfos[i];
      for (uint32_t j = 0; j < family->queueCount; j++) {
         VkResult result = create_queue(dev, &dev->queues[dev->queue_count++], family, j);
         if (result != VK_SUCCESS)
            return result;
      }
   }
   return VK_SUCCESS;
}

void
icd_queues_destroy(struct icd_device *dev)
{
   for (uint32_t i = 0; i < dev->queue_count; i++) {
      icd_id_free(dev->base.connection, dev->queues[i].base.object.id);
      icd_status_slot_free(dev->base.connection, dev->queues[i].slot);
   }
   icd_free(&dev->base, NULL, dev->queues);
}

static VkQueue
find_queue(struct icd_device *dev, VkDeviceQueueCreateFlags flags, uint32_t family, uint32_t index)
{
   for (uint32_t i = 0; i < dev->queue_count; i++) {
      struct icd_queue *queue = &dev->queues[i];
      if (queue->flags == flags && queue->family == family && queue->index == index)
         return (VkQueue)queue;
   }
   return VK_NULL_HANDLE;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetDeviceQueue(VkDevice device, uint32_t queueFamilyIndex, uint32_t queueIndex, VkQueue *pQueue)
{
   *pQueue = find_queue(icd_device_from(device), 0, queueFamilyIndex, queueIndex);
}

VKAPI_ATTR void VKAPI_CALL
icd_GetDeviceQueue2(VkDevice device, const VkDeviceQueueInfo2 *pQueueInfo, VkQueue *pQueue)
{
   *pQueue = find_queue(icd_device_from(device), pQueueInfo->flags, pQueueInfo->queueFamilyIndex,
                        pQueueInfo->queueIndex);
}

/* --- Signals of a submission --- */

/* The batches of a submission, in one of three structs; the other two pointers are NULL. */
struct batches {
   uint32_t op;
   uint32_t count;
   const VkSubmitInfo *submits;
   const VkSubmitInfo2 *submits2;
   const VkBindSparseInfo *binds;
};

/* A signal or wait operation. */
struct operation {
   VkSemaphore semaphore;
   uint64_t value;
};

/* The i-th signal operation of a VkSubmitInfo or VkBindSparseInfo. */
static struct operation
signal_in(const void *chain, const VkSemaphore *semaphores, uint32_t i)
{
   const VkTimelineSemaphoreSubmitInfo *values =
      tongs_find_in_chain(chain, VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
   bool has_value =
      values && values->pSignalSemaphoreValues && i < values->signalSemaphoreValueCount;

   return (struct operation){
      .semaphore = semaphores[i],
      .value = has_value ? values->pSignalSemaphoreValues[i] : 0,
   };
}

static uint32_t
signal_count(const struct batches *b, uint32_t batch)
{
   if (b->submits)
      return b->submits[batch].signalSemaphoreCount;
   if (b->submits2)
      return b->submits2[batch].signalSemaphoreInfoCount;
   return b->binds[batch].signalSemaphoreCount;
}

static struct operation
get_signal(const struct batches *b, uint32_t batch, uint32_t i)
{
   if (b->submits)
      return signal_in(b->submits[batch].pNext, b->submits[batch].pSignalSemaphores, i);
   if (b->binds)
      return signal_in(b->binds[batch].pNext, b->binds[batch].pSignalSemaphores, i);
   const VkSemaphoreSubmitInfo *info = &b->submits2[batch].pSignalSemaphoreInfos[i];
   return (struct operation){.semaphore = info->semaphore, .value = info->value};
}

/* Whether the batch signals a timeline whose value the client tracks. */
static bool
raises_timeline(const struct batches *b, uint32_t batch)
{
   for (uint32_t i = 0; i < signal_count(b, batch); i++) {
      if (icd_semaphore_is_tracked(icd_semaphore_from(get_signal(b, batch, i).semaphore)))
         return true;
   }
   return false;
}

static VkResult
note_signals(const struct icd_queue *queue, const struct batches *b, uint32_t batch,
             uint64_t number)
{
   for (uint32_t i = 0; i < signal_count(b, batch); i++) {
      struct operation s = get_signal(b, batch, i);
      struct icd_semaphore *semaphore = icd_semaphore_from(s.semaphore);
      VkResult result = icd_semaphore_is_tracked(semaphore)
                           ? icd_semaphore_submit(semaphore, queue, number, s.value)
                           : VK_SUCCESS;
      if (result < 0)
         return result;
   }
   return VK_SUCCESS;
}

/* --- Waits of a submission --- */

static uint32_t
wait_count(const struct batches *b, uint32_t batch)
{
   if (b->submits)
      return b->submits[batch].waitSemaphoreCount;
   if (b->submits2)
      return b->submits2[batch].waitSemaphoreInfoCount;
   return b->binds[batch].waitSemaphoreCount;
}

/* The i-th wait operation of a VkSubmitInfo or VkBindSparseInfo. */
static struct operation
wait_in(const void *chain, const VkSemaphore *semaphores, uint32_t i)
{
   const VkTimelineSemaphoreSubmitInfo *values =
      tongs_find_in_chain(chain, VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
   bool has_value = values && values->pWaitSemaphoreValues && i < values->waitSemaphoreValueCount;

   return (struct operation){
      .semaphore = semaphores[i],
      .value = has_value ? values->pWaitSemaphoreValues[i] : 0,
   };
}

static struct operation
get_wait(const struct batches *b, uint32_t batch, uint32_t i)
{
   if (b->submits)
      return wait_in(b->submits[batch].pNext, b->submits[batch].pWaitSemaphores, i);
   if (b->binds)
      return wait_in(b->binds[batch].pNext, b->binds[batch].pWaitSemaphores, i);
   const VkSemaphoreSubmitInfo *info = &b->submits2[batch].pWaitSemaphoreInfos[i];
   return (struct operation){.semaphore = info->semaphore, .value = info->value};
}

static VkResult
note_waits(const struct icd_queue *queue, const struct batches *b, uint32_t batch)
{
   VkResult result = VK_SUCCESS;

   for (uint32_t i = 0; i < wait_count(b, batch) && result == VK_SUCCESS; i++) {
      struct operation wait = get_wait(b, batch, i);
      struct icd_semaphore *s = icd_semaphore_from(wait.semaphore);
      if (icd_semaphore_is_tracked(s))
         result = icd_semaphore_await(s, &queue->device->base, wait.value);
   }
   return result;
}

/* --- Command buffers of a submission --- */

static VkResult
use_command_buffers(const struct batches *b)
{
   VkResult result = VK_SUCCESS;

   for (uint32_t i = 0; b->submits && i < b->count; i++) {
      for (uint32_t j = 0; j < b->submits[i].commandBufferCount && result == VK_SUCCESS; j++)
         result = icd_use_command_buffer(b->submits[i].pCommandBuffers[j]);
   }
   for (uint32_t i = 0; b->submits2 && i < b->count; i++) {
      const VkSubmitInfo2 *info = &b->submits2[i];
      for (uint32_t j = 0; j < info->commandBufferInfoCount && result == VK_SUCCESS; j++)
         result = icd_use_command_buffer(info->pCommandBufferInfos[j].commandBuffer);
   }
   return result;
}

/* --- Submitting --- */

static VkResult
post(struct icd_queue *queue, const struct batches *b, uint32_t first, uint32_t count,
     VkFence fence, uint64_t number)
{
   struct icd_connection *c = queue->base.connection;
   VkQueue handle = (VkQueue)queue;

   if (b->submits2) {
      struct tongs_args_vkQueueSubmit2 args = {.queue = handle,
                                               .submitCount = count,
                                               .pSubmits = b->submits2 + first,
                                               .fence = fence,
                                               .number = number};
      return icd_post(c, TONGS_OP_vkQueueSubmit2, &args);
   }
   if (b->binds) {
      struct tongs_args_vkQueueBindSparse args = {.queue = handle,
                                                  .bindInfoCount = count,
                                                  .pBindInfo = b->binds + first,
                                                  .fence = fence,
                                                  .number = number};
      return icd_post(c, TONGS_OP_vkQueueBindSparse, &args);
   }
   struct tongs_args_vkQueueSubmit args = {.queue = handle,
                                           .submitCount = count,
                                           .pSubmits = b->submits ? b->submits + first : NULL,
                                           .fence = fence,
                                           .number = number};
   return icd_post(c, TONGS_OP_vkQueueSubmit, &args);
}

/* Submits batches. Only the last of them may signal timelines. `handle`: a fence, or
 * VK_NULL_HANDLE. */
static VkResult
submit_piece(struct icd_queue *queue, const struct batches *b, uint32_t first, uint32_t count,
             bool raises, VkFence handle)
{
   struct icd_fence *fence = icd_fence_from(handle);
   bool own_fence = fence && !icd_fence_is_host(fence);
   uint64_t number = raises || own_fence ? *queue->last_number + 1 : 0;
   VkResult result = VK_SUCCESS;

   for (uint32_t i = first; i < first + count && result == VK_SUCCESS; i++)
      result = note_waits(queue, b, i);
   if (raises && result == VK_SUCCESS)
      result = note_signals(queue, b, first + count - 1, number);
   if (result == VK_SUCCESS)
      result = post(queue, b, first, count, own_fence ? VK_NULL_HANDLE : handle, number);
   if (result < 0)
      return result;
   if (number)
      *queue->last_number = number;
   queue->has_unnumbered = !number;
   if (own_fence)
      icd_fence_submit(fence, queue, number);
   return VK_SUCCESS;
}

static VkResult
share_signals(const struct icd_queue *queue, const struct batches *b, uint32_t batch)
{
   VkResult result = VK_SUCCESS;

   for (uint32_t i = 0; i < signal_count(b, batch) && result == VK_SUCCESS; i++) {
      struct icd_semaphore *s = icd_semaphore_from(get_signal(b, batch, i).semaphore);
      if (icd_semaphore_is_tracked(s))
         result = icd_semaphore_share(s, &queue->device->base);
   }
   return result;
}

/* Submits to a queue without a slot. */
static VkResult
submit_without_slot(struct icd_queue *queue, const struct batches *b, VkFence fence)
{
   VkResult result = icd_fence_to_host((VkDevice)queue->device, fence);
   bool raises = false;

   for (uint32_t i = 0; i < b->count && result == VK_SUCCESS; i++) {
      raises |= raises_timeline(b, i);
      result = note_waits(queue, b, i);
      if (result == VK_SUCCESS)
         result = share_signals(queue, b, i);
   }
   if (raises) /* another thread may wait for the timeline already */
      icd_tell(queue->base.connection);
   return result < 0 ? result : post(queue, b, 0, b->count, fence, 0);
}

/* Submits to a queue with a slot. */
static VkResult
submit_pieces(struct icd_queue *queue, const struct batches *b, VkFence fence)
{
   VkResult result = VK_SUCCESS;
   uint32_t first = 0;

   /* A number is complete when all batches of its piece are. A batch that signals a timeline ends
    * its piece, because later batches may wait for the application, which may wait for that
    * timeline. */
   for (uint32_t i = 0; i + 1 < b->count && result == VK_SUCCESS; i++) {
      if (!raises_timeline(b, i))
         continue;
      result = submit_piece(queue, b, first, i + 1 - first, true, VK_NULL_HANDLE);
      first = i + 1;
   }
   if (result == VK_SUCCESS)
      result = submit_piece(queue, b, first, b->count - first,
                            b->count && raises_timeline(b, b->count - 1), fence);
   return result;
}

static VkResult
submit(VkQueue handle, const struct batches *b, VkFence fence)
{
   struct icd_queue *queue = queue_from(handle);

   if (is_lost(queue))
      return VK_ERROR_DEVICE_LOST;
   VkResult result = use_command_buffers(b);
   if (result == VK_SUCCESS)
      result = queue->slot ? submit_pieces(queue, b, fence) : submit_without_slot(queue, b, fence);
   icd_flush(queue->base.connection);
   return icd_connection_is_lost(queue->base.connection) ? VK_ERROR_DEVICE_LOST : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_QueueSubmit(VkQueue queue, uint32_t submitCount, const VkSubmitInfo *pSubmits, VkFence fence)
{
   const struct batches b = {.count = submitCount, .submits = submitCount ? pSubmits : NULL};
   return submit(queue, &b, fence);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_QueueSubmit2(VkQueue queue, uint32_t submitCount, const VkSubmitInfo2 *pSubmits, VkFence fence)
{
   const struct batches b = {.count = submitCount, .submits2 = submitCount ? pSubmits : NULL};
   return submit(queue, &b, fence);
}

/* The device may write memory that is bound sparsely. */
static void
note_bound(const VkBindSparseInfo *info)
{
   for (uint32_t i = 0; i < info->bufferBindCount; i++) {
      for (uint32_t j = 0; j < info->pBufferBinds[i].bindCount; j++)
         icd_note_written(info->pBufferBinds[i].pBinds[j].memory);
   }
   for (uint32_t i = 0; i < info->imageOpaqueBindCount; i++) {
      for (uint32_t j = 0; j < info->pImageOpaqueBinds[i].bindCount; j++)
         icd_note_written(info->pImageOpaqueBinds[i].pBinds[j].memory);
   }
   for (uint32_t i = 0; i < info->imageBindCount; i++) {
      for (uint32_t j = 0; j < info->pImageBinds[i].bindCount; j++)
         icd_note_written(info->pImageBinds[i].pBinds[j].memory);
   }
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_QueueBindSparse(VkQueue queue, uint32_t bindInfoCount, const VkBindSparseInfo *pBindInfo,
                    VkFence fence)
{
   for (uint32_t i = 0; i < bindInfoCount; i++)
      note_bound(&pBindInfo[i]);
   const struct batches b = {.count = bindInfoCount, .binds = bindInfoCount ? pBindInfo : NULL};
   return submit(queue, &b, fence);
}

/* --- Waiting --- */

static bool
is_idle(void *data)
{
   const struct icd_queue *queue = data;

   return icd_is_complete(queue->base.connection, queue->slot, *queue->last_number) ||
          is_lost(queue);
}

/* Ensures that all earlier submissions are complete once the last number is. */
static VkResult
number_all(struct icd_queue *queue)
{
   const struct batches none = {0};

   if (!queue->has_unnumbered || !queue->slot)
      return VK_SUCCESS;
   uint64_t number = *queue->last_number + 1;
   VkResult result = post(queue, &none, 0, 0, VK_NULL_HANDLE, number);
   if (result < 0)
      return result;
   *queue->last_number = number;
   queue->has_unnumbered = false;
   return VK_SUCCESS;
}

static VkResult
wait_until_idle(struct icd_queue *queue)
{
   if (!queue->slot) {
      struct tongs_args_vkQueueWaitIdle args = {.queue = (VkQueue)queue};
      return icd_call(queue->base.connection, TONGS_OP_vkQueueWaitIdle, &args);
   }
   /* icd_wait() returns at once if the queue is idle. Without this poll, an application that calls
    * nothing else would never notice that the worker is gone. */
   icd_poll(queue->base.connection);
   icd_wait(queue->base.connection, is_idle, queue, UINT64_MAX);
   return is_lost(queue) ? VK_ERROR_DEVICE_LOST : VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_QueueWaitIdle(VkQueue handle)
{
   struct icd_queue *queue = queue_from(handle);
   VkResult result = number_all(queue);

   return result < 0 ? result : wait_until_idle(queue);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_DeviceWaitIdle(VkDevice device)
{
   struct icd_device *dev = icd_device_from(device);
   VkResult result =
      icd_connection_is_lost(dev->base.connection) ? VK_ERROR_DEVICE_LOST : VK_SUCCESS;

   for (uint32_t i = 0; i < dev->queue_count && result == VK_SUCCESS; i++)
      result = number_all(&dev->queues[i]);
   for (uint32_t i = 0; i < dev->queue_count && result == VK_SUCCESS; i++)
      result = wait_until_idle(&dev->queues[i]);
   return result;
}
