/* SPDX-License-Identifier: MIT */
#include "icd/semaphore.h"

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

#include <stdlib.h>
#include <unistd.h>

static void
init(struct icd_semaphore *s, const VkSemaphoreCreateInfo *info)
{
   const VkSemaphoreTypeCreateInfo *type =
      tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
   const VkExportSemaphoreCreateInfo *export =
      tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO);

   pthread_mutex_init(&s->turn, NULL);
   pthread_mutex_init(&s->lock, NULL);
   if (type && type->semaphoreType == VK_SEMAPHORE_TYPE_TIMELINE) {
      s->is_timeline = true;
      s->value = type->initialValue;
   }
   s->is_shared = export && export->handleTypes;
}

static void
destroy(struct icd_dispatchable *dev, const VkAllocationCallbacks *alloc, struct icd_semaphore *s)
{
   pthread_mutex_destroy(&s->turn);
   pthread_mutex_destroy(&s->lock);
   free(s->signals);
   icd_object_destroy(dev, alloc, &s->base);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateSemaphore(VkDevice device, const VkSemaphoreCreateInfo *pCreateInfo,
                    const VkAllocationCallbacks *pAllocator, VkSemaphore *pSemaphore)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct icd_semaphore *s =
      icd_object_create_sized(dev, pAllocator, TONGS_TYPE_VkSemaphore, sizeof(*s));

   if (!s)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   init(s, pCreateInfo);
   VkSemaphore created = (VkSemaphore)(uintptr_t)s;
   struct tongs_args_vkCreateSemaphore args = {
      .device = device, .pCreateInfo = pCreateInfo, .pSemaphore = &created};
   VkResult result = icd_create(dev->connection, TONGS_OP_vkCreateSemaphore, &args,
                                icd_way_of_CreateSemaphore(&args));
   if (result < 0) {
      destroy(dev, pAllocator, s);
      return result;
   }
   *pSemaphore = created;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroySemaphore(VkDevice device, VkSemaphore semaphore,
                     const VkAllocationCallbacks *pAllocator)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);

   if (!semaphore)
      return;
   struct tongs_args_vkDestroySemaphore args = {.device = device, .semaphore = semaphore};
   icd_post(dev->connection, TONGS_OP_vkDestroySemaphore, &args);
   destroy(dev, pAllocator, icd_semaphore_from(semaphore));
}

/* --- The value of a timeline --- */

static void
raise_locked(struct icd_semaphore *s, uint64_t value)
{
   if (value > s->value)
      s->value = value;
}

/* Updates the value from the completed submissions. True if one of the incomplete ones can never
 * complete. */
static bool
update_locked(const struct icd_connection *c, struct icd_semaphore *s)
{
   uint32_t kept = 0;
   bool lost = false;

   for (uint32_t i = 0; i < s->signal_count; i++) {
      const struct icd_signal signal = s->signals[i];
      if (icd_is_complete(c, signal.slot, signal.number)) {
         raise_locked(s, signal.value);
      } else {
         lost |= icd_is_queue_lost(c, signal.slot, signal.epoch);
         s->signals[kept++] = signal;
      }
   }
   s->signal_count = kept;
   return lost;
}

/* VK_SUCCESS, or VK_ERROR_DEVICE_LOST if a submission that signals the semaphore can never
 * complete. */
static VkResult
get_value(const struct icd_connection *c, struct icd_semaphore *s, uint64_t *value)
{
   pthread_mutex_lock(&s->lock);
   bool lost = s->signal_count && update_locked(c, s);
   *value = s->value;
   pthread_mutex_unlock(&s->lock);
   return lost || icd_connection_is_lost(c) ? VK_ERROR_DEVICE_LOST : VK_SUCCESS;
}

/* --- The client's signals --- */

static VkResult
post_signal(struct icd_semaphore *s, struct icd_dispatchable *dev, uint64_t value)
{
   const VkSemaphoreSignalInfo info = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
      .semaphore = (VkSemaphore)(uintptr_t)s,
      .value = value,
   };
   struct tongs_args_vkSignalSemaphore args = {.device = (VkDevice)dev, .pSignalInfo = &info};

   return icd_post(dev->connection, TONGS_OP_vkSignalSemaphore, &args);
}

/* Unlocks, and sends the client's last signal if the host driver does not know it. The caller holds
 * both locks, so that this signal goes before any later one. */
static VkResult
unlock_and_settle(struct icd_semaphore *s, struct icd_dispatchable *dev)
{
   const bool owed = s->owed;
   const uint64_t value = s->value;
   VkResult result = VK_SUCCESS;

   s->owed = false;
   pthread_mutex_unlock(&s->lock);
   if (owed)
      result = post_signal(s, dev, value);
   if (result < 0) {
      pthread_mutex_lock(&s->lock);
      s->owed = true;
      pthread_mutex_unlock(&s->lock);
   }
   pthread_mutex_unlock(&s->turn);
   return result;
}

VkResult
icd_semaphore_await(struct icd_semaphore *s, struct icd_dispatchable *dev, uint64_t value)
{
   pthread_mutex_lock(&s->turn);
   pthread_mutex_lock(&s->lock);
   if (value > s->awaited)
      s->awaited = value;
   return unlock_and_settle(s, dev);
}

VkResult
icd_semaphore_share(struct icd_semaphore *s, struct icd_dispatchable *dev)
{
   s->is_shared = true; /* before the lock is taken: signal_here() then keeps nothing any more */
   return icd_semaphore_await(s, dev, 0);
}

/* False if memory is out. */
static bool
add_signal_locked(struct icd_semaphore *s, const struct icd_connection *c, struct icd_signal signal)
{
   if (s->signal_count == s->signal_capacity)
      update_locked(c, s);
   if (s->signal_count == s->signal_capacity) {
      uint32_t capacity = s->signal_capacity ? 2 * s->signal_capacity : 4;
      struct icd_signal *signals = realloc(s->signals, capacity * sizeof(*signals));
      if (!signals)
         return false;
      s->signals = signals;
      s->signal_capacity = capacity;
   }
   s->signals[s->signal_count++] = signal;
   return true;
}

VkResult
icd_semaphore_submit(struct icd_semaphore *s, const struct icd_queue *queue, uint64_t number,
                     uint64_t value)
{
   struct icd_signal signal = {
      .number = number, .value = value, .slot = queue->slot, .epoch = queue->epoch};

   pthread_mutex_lock(&s->turn);
   pthread_mutex_lock(&s->lock);
   bool ok = add_signal_locked(s, queue->base.connection, signal);
   VkResult result = unlock_and_settle(s, &queue->device->base);
   return ok ? result : VK_ERROR_OUT_OF_HOST_MEMORY;
}

/* Sets the value if the host driver need not know it yet. */
static bool
signal_here(const struct icd_connection *c, struct icd_semaphore *s, uint64_t value)
{
   pthread_mutex_lock(&s->lock);
   if (s->signal_count)
      update_locked(c, s);
   bool here = icd_semaphore_is_tracked(s) && !s->signal_count && s->awaited <= s->value;
   if (here) {
      raise_locked(s, value);
      s->owed = true;
   }
   pthread_mutex_unlock(&s->lock);
   return here;
}

static VkResult
signal_on_host(struct icd_semaphore *s, struct icd_dispatchable *dev, uint64_t value)
{
   pthread_mutex_lock(&s->turn);
   VkResult result = post_signal(s, dev, value);
   if (result == VK_SUCCESS) {
      pthread_mutex_lock(&s->lock);
      raise_locked(s, value);
      pthread_mutex_unlock(&s->lock);
   }
   pthread_mutex_unlock(&s->turn);
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_SignalSemaphore(VkDevice device, const VkSemaphoreSignalInfo *pSignalInfo)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct icd_connection *c = dev->connection;
   struct icd_semaphore *s = icd_semaphore_from(pSignalInfo->semaphore);

   if (!signal_here(c, s, pSignalInfo->value)) {
      VkResult result = signal_on_host(s, dev, pSignalInfo->value);
      if (result < 0)
         return result;
   }
   icd_tell(c);
   return icd_connection_is_lost(c) ? VK_ERROR_DEVICE_LOST : VK_SUCCESS;
}

/* --- Reading --- */

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetSemaphoreCounterValue(VkDevice device, VkSemaphore semaphore, uint64_t *pValue)
{
   struct icd_connection *c = icd_dispatchable_from(device)->connection;
   struct icd_semaphore *s = icd_semaphore_from(semaphore);

   if (!icd_semaphore_is_tracked(s)) {
      struct tongs_args_vkGetSemaphoreCounterValue args = {
         .device = device, .semaphore = semaphore, .pValue = pValue};
      return icd_call(c, TONGS_OP_vkGetSemaphoreCounterValue, &args);
   }
   icd_poll(c);
   return get_value(c, s, pValue);
}

/* --- Waiting --- */

struct wait {
   const struct icd_connection *c;
   const struct icd_device *dev;
   const VkSemaphoreWaitInfo *info;
   VkResult result; /* VK_INCOMPLETE: only the host driver can go on with the wait */
};

static bool
are_tracked(const VkSemaphoreWaitInfo *info)
{
   for (uint32_t i = 0; i < info->semaphoreCount; i++) {
      if (!icd_semaphore_is_tracked(icd_semaphore_from(info->pSemaphores[i])))
         return false;
   }
   return true;
}

static bool
is_over(void *data)
{
   struct wait *w = data;
   bool any = w->info->flags & VK_SEMAPHORE_WAIT_ANY_BIT;

   w->result = VK_INCOMPLETE;
   if (!are_tracked(w->info))
      return true;
   w->result = VK_SUCCESS;
   for (uint32_t i = 0; i < w->info->semaphoreCount; i++) {
      uint64_t value;
      VkResult result = get_value(w->c, icd_semaphore_from(w->info->pSemaphores[i]), &value);
      bool reached = value >= w->info->pValues[i];
      if (reached && any)
         return true;
      if (!reached && (result < 0 || icd_device_is_lost(w->dev))) {
         w->result = VK_ERROR_DEVICE_LOST;
         return true;
      }
      if (!reached && !any)
         return false;
   }
   return !any;
}

static VkResult
wait_on_host(VkDevice device, const VkSemaphoreWaitInfo *info, uint64_t timeout)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct tongs_args_vkWaitSemaphores args = {
      .device = device, .pWaitInfo = info, .timeout = timeout};

   for (uint32_t i = 0; i < info->semaphoreCount; i++) {
      VkResult result =
         icd_semaphore_await(icd_semaphore_from(info->pSemaphores[i]), dev, info->pValues[i]);
      if (result < 0)
         return result;
   }
   return icd_call(dev->connection, TONGS_OP_vkWaitSemaphores, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_WaitSemaphores(VkDevice device, const VkSemaphoreWaitInfo *pWaitInfo, uint64_t timeout)
{
   struct icd_connection *c = icd_dispatchable_from(device)->connection;
   struct wait w = {.c = c, .dev = icd_device_from(device), .info = pWaitInfo};
   const int64_t start = timeout && timeout != UINT64_MAX ? tongs_now_ns() : 0;

   if (!icd_wait(c, is_over, &w, timeout))
      return VK_TIMEOUT;
   if (w.result != VK_INCOMPLETE)
      return w.result;
   return wait_on_host(device, pWaitInfo, tongs_time_left(start, timeout));
}

/* --- File descriptors --- */

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetSemaphoreFdKHR(VkDevice device, const VkSemaphoreGetFdInfoKHR *pGetFdInfo, int *pFd)
{
   struct icd_device *dev = icd_device_from(device);
   struct tongs_args_vkGetSemaphoreFdKHR args = {
      .device = device, .pGetFdInfo = pGetFdInfo, .pFd = &(int){-1}};
   bool sync_file = pGetFdInfo->handleType == VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT;
   int fd;
   VkResult result =
      icd_call_with_fds(dev->base.connection, TONGS_OP_vkGetSemaphoreFdKHR, &args, -1, &fd);

   return icd_external_take_exported(result, fd, sync_file, pFd);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_ImportSemaphoreFdKHR(VkDevice device, const VkImportSemaphoreFdInfoKHR *pImportSemaphoreFdInfo)
{
   struct icd_device *dev = icd_device_from(device);
   const int fd = pImportSemaphoreFdInfo->fd;
   struct tongs_args_vkImportSemaphoreFdKHR args = {
      .device = device, .pImportSemaphoreFdInfo = pImportSemaphoreFdInfo};

   if (!icd_external_may_import(dev, fd,
                                pImportSemaphoreFdInfo->handleType ==
                                   VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT))
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   icd_semaphore_share(icd_semaphore_from(pImportSemaphoreFdInfo->semaphore), &dev->base);
   VkResult result =
      icd_call_with_fds(dev->base.connection, TONGS_OP_vkImportSemaphoreFdKHR, &args, fd, NULL);
   if (result == VK_SUCCESS && fd >= 0) /* the import took it from the application */
      close(fd);
   return result;
}
