/* SPDX-License-Identifier: MIT */

/* Devices, from creation to destruction. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/device.h"
#include "renderer/worker/heap.h"
#include "renderer/worker/jobs.h"
#include "renderer/worker/marks.h"
#include "renderer/worker/object.h"
#include "renderer/worker/physical_device.h"
#include "renderer/worker/swapchain.h"
#include "renderer/worker/waiter.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#include <stdlib.h>
#include <string.h>

#define QUEUE_FAMILIES_MAX 64u

/* Frees the struct, but does not destroy the host's device. `dev` may be NULL. */
static void
free_device(struct rdr_device *dev)
{
   if (!dev)
      return;
   free(dev->queues);
   free(dev);
}

void
rdr_device_destroy(struct rdr_context *ctx, uint32_t slot)
{
   struct rdr_device *dev = ctx->slots[slot].data;

   rdr_waiters_destroy(dev);
   rdr_object_destroy_children(ctx, slot);
   rdr_swapchains_finish(dev);
   dev->vk.DestroyDevice(dev->handle, NULL);
   rdr_object_remove(ctx, slot);
   rdr_heaps_release(ctx, dev);
   free_device(dev);
}

/* Whether the physical device has all queues that the client asks for (R5). */
static bool
has_queues(const struct rdr_vk_instance *vk, VkPhysicalDevice physical,
           const VkDeviceCreateInfo *info)
{
   VkQueueFamilyProperties families[QUEUE_FAMILIES_MAX];
   uint32_t count = QUEUE_FAMILIES_MAX;

   vk->GetPhysicalDeviceQueueFamilyProperties(physical, &count, families);
   for (uint32_t i = 0; i < info->queueCreateInfoCount; i++) {
      const VkDeviceQueueCreateInfo *q = &info->pQueueCreateInfos[i];
      if (q->queueFamilyIndex >= count || q->queueCount > families[q->queueFamilyIndex].queueCount)
         return false;
   }
   return true;
}

/* Stores the families and counts of the device's queues, for tongsGetQueue. */
static bool
note_queues(struct rdr_device *dev, const VkDeviceCreateInfo *info)
{
   dev->queues = calloc(info->queueCreateInfoCount + (size_t)1, sizeof(*dev->queues));
   if (!dev->queues)
      return false;
   for (uint32_t i = 0; i < info->queueCreateInfoCount; i++) {
      const VkDeviceQueueCreateInfo *q = &info->pQueueCreateInfos[i];
      dev->queues[i] = (struct rdr_queues){
         .family = q->queueFamilyIndex, .flags = q->flags, .count = q->queueCount};
   }
   dev->queues_count = info->queueCreateInfoCount;
   return true;
}

static bool
names_extension(const VkDeviceCreateInfo *info, const char *name)
{
   for (uint32_t i = 0; i < info->enabledExtensionCount; i++) {
      if (strcmp(info->ppEnabledExtensionNames[i], name) == 0)
         return true;
   }
   return false;
}

void
rdr_handle_CreateDevice(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkCreateDevice *a = args;
   struct rdr_instance *instance = op->owner;
   struct tongs_decoder scratch = {.arena = &ctx->arena};
   VkDeviceCreateInfo info = *a->pCreateInfo;

   struct rdr_device *dev = calloc(1, sizeof(*dev));
   const char **names =
      tongs_decode_alloc(&scratch, (uint64_t)info.enabledExtensionCount + 2, sizeof(*names));
   a->ret = VK_ERROR_OUT_OF_HOST_MEMORY;
   if (!dev || !names || !note_queues(dev, &info))
      goto fail;
   tongs_list_init(&dev->orphans);
   a->ret = VK_ERROR_INITIALIZATION_FAILED;
   if (!has_queues(&instance->vk, a->physicalDevice, &info))
      goto fail;
   for (uint32_t i = 0; i < info.enabledExtensionCount; i++)
      names[i] = info.ppEnabledExtensionNames[i];
   info.ppEnabledExtensionNames = names;
   const struct rdr_physical_device physical =
      rdr_physical_device_properties(instance, a->physicalDevice);
   dev->imports_host_memory = physical.imports_host_memory;
   if (dev->imports_host_memory &&
       !names_extension(&info, VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME))
      names[info.enabledExtensionCount++] = VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME;
   if (dev->imports_host_memory && physical.has_memory_fds &&
       !names_extension(&info, VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME))
      names[info.enabledExtensionCount++] = VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME;

   a->ret = instance->vk.CreateDevice(a->physicalDevice, &info, NULL, &dev->handle);
   if (a->ret < 0)
      goto fail;
   dev->physical = a->physicalDevice;
   dev->instance = instance;
   VkPhysicalDeviceProperties properties;
   instance->vk.GetPhysicalDeviceProperties(a->physicalDevice, &properties);
   dev->limits = properties.limits;
   rdr_vk_device_load(&dev->vk, instance->GetDeviceProcAddr, dev->handle);
   dev->marks_buffers = dev->imports_host_memory && rdr_may_mark_buffers(dev);
   *a->pDevice = dev->handle;
   rdr_object_add(ctx, TONGS_TYPE_VkDevice, a->base.new_ids[0], (uintptr_t)dev->handle, a->ret, 0,
                  dev);
   return;

fail:
   free_device(dev);
}

void
rdr_handle_DestroyDevice(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   (void)args;
   if (rdr_jobs_any(ctx->jobs, op->owner)) {
      rdr_end(ctx, "vkDestroyDevice came while a wait was going on");
      return;
   }
   rdr_device_destroy(ctx, tongs_id_slot(op->used[0]));
}
