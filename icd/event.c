/* SPDX-License-Identifier: MIT */

/* Events. Until a command is recorded that names the event, only the application changes it: the
 * client alone knows its state, and sends nothing. From then on the host driver's event counts. */

#include "icd/connection.h"
#include "icd/device.h"
#include "icd/notes.h"
#include "icd/object.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <sched.h>
#include <stdatomic.h>

enum event_state {
   EVENT_RESET,   /* the client's, as is the next one */
   EVENT_SET,     /* the host driver's event is not */
   EVENT_LEAVING, /* a thread tells the host driver */
   EVENT_ON_HOST,
};

struct event {
   struct tongs_object base;
   struct icd_device *device;
   _Atomic(enum event_state) state;
};

static struct event *
event_from(VkEvent handle)
{
   return (struct event *)(uintptr_t)handle;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateEvent(VkDevice device, const VkEventCreateInfo *pCreateInfo,
                const VkAllocationCallbacks *pAllocator, VkEvent *pEvent)
{
   struct icd_device *dev = icd_device_from(device);
   struct event *event =
      icd_object_create_sized(&dev->base, pAllocator, TONGS_TYPE_VkEvent, sizeof(*event));

   if (!event)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   event->device = dev;
   /* A struct in the chain may give others access to the event. */
   event->state = pCreateInfo->pNext ? EVENT_ON_HOST : EVENT_RESET;
   VkEvent created = (VkEvent)(uintptr_t)event;
   struct tongs_args_vkCreateEvent args = {
      .device = device, .pCreateInfo = pCreateInfo, .pEvent = &created};
   VkResult result = icd_post(dev->base.connection, TONGS_OP_vkCreateEvent, &args);
   if (result < 0) {
      icd_object_destroy(&dev->base, pAllocator, &event->base);
      return result;
   }
   *pEvent = created;
   return VK_SUCCESS;
}

static VkResult
post_set(struct event *event)
{
   struct tongs_args_vkSetEvent args = {.device = (VkDevice)event->device,
                                        .event = (VkEvent)(uintptr_t)event};

   return icd_post(event->device->base.connection, TONGS_OP_vkSetEvent, &args);
}

void
icd_note_event(VkEvent handle)
{
   struct event *event = event_from(handle);
   enum event_state state =
      event ? atomic_load_explicit(&event->state, memory_order_acquire) : EVENT_ON_HOST;

   while (state != EVENT_ON_HOST) {
      if (state == EVENT_LEAVING) {
         sched_yield();
         state = atomic_load_explicit(&event->state, memory_order_acquire);
      } else if (atomic_compare_exchange_weak(&event->state, &state, EVENT_LEAVING)) {
         if (state == EVENT_SET)
            post_set(event);
         atomic_store_explicit(&event->state, EVENT_ON_HOST, memory_order_release);
         return;
      }
   }
}

/* Changes the state if the client alone has it. False: the host driver has it. */
static bool
change(struct event *event, enum event_state next)
{
   enum event_state state = atomic_load_explicit(&event->state, memory_order_acquire);

   while (state != EVENT_ON_HOST) {
      if (state == EVENT_LEAVING) {
         sched_yield();
         state = atomic_load_explicit(&event->state, memory_order_acquire);
      } else if (atomic_compare_exchange_weak(&event->state, &state, next)) {
         return true;
      }
   }
   return false;
}

static VkResult
ok_unless_lost(const struct event *event, VkResult result)
{
   return icd_connection_is_lost(event->device->base.connection) ? VK_ERROR_DEVICE_LOST : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_SetEvent(VkDevice device, VkEvent handle)
{
   struct event *event = event_from(handle);

   (void)device;
   return change(event, EVENT_SET) ? ok_unless_lost(event, VK_SUCCESS) : post_set(event);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_ResetEvent(VkDevice device, VkEvent handle)
{
   struct event *event = event_from(handle);
   struct tongs_args_vkResetEvent args = {.device = device, .event = handle};

   if (change(event, EVENT_RESET))
      return ok_unless_lost(event, VK_SUCCESS);
   return icd_post(event->device->base.connection, TONGS_OP_vkResetEvent, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetEventStatus(VkDevice device, VkEvent handle)
{
   struct event *event = event_from(handle);
   enum event_state state = atomic_load_explicit(&event->state, memory_order_acquire);
   struct tongs_args_vkGetEventStatus args = {.device = device, .event = handle};

   if (state == EVENT_RESET || state == EVENT_SET) {
      icd_connection_check_alive(event->device->base.connection);
      return ok_unless_lost(event, state == EVENT_SET ? VK_EVENT_SET : VK_EVENT_RESET);
   }
   return icd_call(event->device->base.connection, TONGS_OP_vkGetEventStatus, &args);
}
