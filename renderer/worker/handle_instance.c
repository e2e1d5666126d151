/* SPDX-License-Identifier: MIT */

/* Instances, physical devices and devices. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/heap.h"
#include "renderer/worker/jobs.h"
#include "renderer/worker/object.h"
#include "renderer/worker/replies.h"
#include "renderer/worker/swapchain.h"
#include "renderer/worker/validation.h"
#include "renderer/worker/waiter.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of a physical device, for one look. */
#define EXTENSIONS_MAX 512u
#define QUEUE_FAMILIES_MAX 64u

/* How the client reaches a memory type, as on the wire (docs/wire.md, tongsSnapshot). */
enum strategy {
   STRATEGY_HOST = 0,
   STRATEGY_SHARED = 1,
   STRATEGY_EXPLICIT = 2,
};

static uint32_t
host_version(const struct rdr_host *host)
{
   uint32_t version = VK_API_VERSION_1_0;

   if (host->EnumerateInstanceVersion)
      host->EnumerateInstanceVersion(&version);
   return version < TONGS_API_VERSION ? version : TONGS_API_VERSION;
}

static void
encode_extensions(struct tongs_encoder *e, const VkExtensionProperties *list, uint32_t count)
{
   tongs_encode_u32(e, count);
   for (uint32_t i = 0; i < count; i++) {
      tongs_encode_string(e, list[i].extensionName);
      tongs_encode_u32(e, list[i].specVersion);
   }
}

void
rdr_own_instance_facts(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   uint32_t count = 0;
   size_t offset;

   if (ctx->host.EnumerateInstanceExtensionProperties(NULL, &count, NULL) != VK_SUCCESS)
      count = 0;
   VkExtensionProperties *list = tongs_decode_alloc(d, count, sizeof(*list));
   if (!list || ctx->host.EnumerateInstanceExtensionProperties(NULL, &count, list) != VK_SUCCESS)
      count = 0;

   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &offset);
   tongs_encode_u32(e, host_version(&ctx->host));
   encode_extensions(e, list, count);
   rdr_reply_end(ctx, offset);
}

/* --- The instance --- */

static void
log_no_driver(void)
{
   const char *files = getenv("VK_DRIVER_FILES"); /* rdr_host_set_environment() has set it */

   fprintf(
      stderr,
      "tongs worker %d: the host has no driver to serve (%s%s): name another with TONGS_HOST_DRIVER or "
      "--host-driver; Tongs' own is none\n",
      (int)getpid(), files ? "looked for in " : "none is installed", files ? files : "");
}

void
rdr_handle_CreateInstance(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkCreateInstance *a = args;
   struct rdr_instance *instance = &ctx->instance;

   (void)op;
   if (instance->handle) {
      rdr_end(ctx, "a second instance was asked of one connection");
      return;
   }
   /* The application's own version limits what it calls, not what the host's driver may tell us. */
   VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO};
   VkInstanceCreateInfo info = *a->pCreateInfo;
   if (info.pApplicationInfo)
      app = *info.pApplicationInfo;
   if (app.apiVersion < host_version(&ctx->host))
      app.apiVersion = host_version(&ctx->host);
   info.pApplicationInfo = &app;
   a->ret = VK_ERROR_OUT_OF_HOST_MEMORY;
   if (!rdr_validation_extend(ctx, &info))
      return;

   a->ret = ctx->host.CreateInstance(&info, NULL, &instance->handle);
   if (a->ret < 0) {
      instance->handle = VK_NULL_HANDLE;
      if (a->ret == VK_ERROR_INCOMPATIBLE_DRIVER)
         log_no_driver();
      return;
   }
   rdr_vk_instance_load(&instance->vk, ctx->host.GetInstanceProcAddr, instance->handle);
   instance->GetDeviceProcAddr = (PFN_vkGetDeviceProcAddr)ctx->host.GetInstanceProcAddr(
      instance->handle, "vkGetDeviceProcAddr");
   rdr_validation_start(ctx);
   *a->pInstance = instance->handle;
   rdr_object_add(ctx, TONGS_TYPE_VkInstance, a->base.new_ids[0], (uintptr_t)instance->handle,
                  a->ret, 0, instance);
}

/* The worker's own memory of a device. NULL is fine. */
static void
free_device(struct rdr_device *dev)
{
   if (!dev)
      return;
   free(dev->queues);
   free(dev);
}

static void
destroy_device(struct rdr_context *ctx, uint32_t slot)
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

void
rdr_handle_DestroyInstance(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct rdr_instance *instance = op->host;

   (void)args;
   if (rdr_jobs_any(ctx->jobs, NULL)) {
      rdr_end(ctx, "vkDestroyInstance came while a wait was going on");
      return;
   }
   for (uint32_t slot = 1; slot < ctx->slot_count; slot++) {
      if (ctx->slots[slot].id && tongs_id_type(ctx->slots[slot].id) == TONGS_TYPE_VkDevice)
         destroy_device(ctx, slot);
   }
   rdr_surfaces_destroy(ctx);
   rdr_validation_stop(ctx);
   instance->vk.DestroyInstance(instance->handle, NULL);
   instance->handle = VK_NULL_HANDLE;
   instance->physical_count = 0;
   rdr_object_remove(ctx, tongs_id_slot(op->used[0]));
}

/* --- Physical devices --- */

static bool
has_extension(const VkExtensionProperties *list, uint32_t count, const char *name)
{
   for (uint32_t i = 0; i < count; i++) {
      if (!strcmp(list[i].extensionName, name))
         return true;
   }
   return false;
}

/* The caller's to free; NULL, and none, where they cannot be had. A look takes loaders long, so
 * there is one where it suffices. */
static VkExtensionProperties *
device_extensions(const struct rdr_vk_instance *vk, VkPhysicalDevice physical, uint32_t *count)
{
   uint32_t room = EXTENSIONS_MAX;

   for (;;) {
      VkExtensionProperties *list = malloc(room * sizeof(*list));
      *count = list ? room : 0;
      VkResult result =
         list ? vk->EnumerateDeviceExtensionProperties(physical, NULL, count, list) : VK_SUCCESS;
      if (result == VK_SUCCESS)
         return list;
      free(list);
      *count = 0;
      if (result != VK_INCOMPLETE || room > UINT16_MAX)
         return NULL;
      room *= 2;
   }
}

/* Pages of the client can stand behind a type that lies in the host's memory. Behind a window to a
 * graphics card's own they cannot: such a type is the card's alone to the client, if another one
 * remains that is visible. */
static void
choose_strategies(const struct rdr_vk_instance *vk, VkPhysicalDevice physical, bool can_import,
                  uint8_t strategies[VK_MAX_MEMORY_TYPES])
{
   VkPhysicalDeviceProperties properties;
   VkPhysicalDeviceMemoryProperties memory;
   const VkMemoryPropertyFlags coherent =
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
   bool shared = false;

   vk->GetPhysicalDeviceProperties(physical, &properties);
   vk->GetPhysicalDeviceMemoryProperties(physical, &memory);
   memset(strategies, STRATEGY_HOST, VK_MAX_MEMORY_TYPES);
   for (uint32_t i = 0; i < memory.memoryTypeCount; i++) {
      VkMemoryPropertyFlags flags = memory.memoryTypes[i].propertyFlags;
      bool on_card = properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU &&
                     flags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
      if (!(flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) || on_card)
         continue;
      strategies[i] = can_import ? STRATEGY_SHARED : STRATEGY_EXPLICIT;
      shared |= can_import && (flags & coherent) == coherent;
   }
   for (uint32_t i = 0; i < memory.memoryTypeCount; i++) {
      if (strategies[i] == STRATEGY_HOST && !shared &&
          memory.memoryTypes[i].propertyFlags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT)
         strategies[i] = STRATEGY_EXPLICIT;
   }
}

static bool
can_import(const struct rdr_vk_instance *vk, VkPhysicalDevice physical,
           const VkExtensionProperties *list, uint32_t count)
{
   VkPhysicalDeviceExternalMemoryHostPropertiesEXT host = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT,
   };
   VkPhysicalDeviceProperties2 properties = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
      .pNext = &host,
   };

   if (!vk->GetPhysicalDeviceProperties2 ||
       !has_extension(list, count, VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME))
      return false;
   vk->GetPhysicalDeviceProperties2(physical, &properties);
   return host.minImportedHostPointerAlignment <= RDR_HEAP_PAGE;
}

/* Looks at a physical device, and keeps what its devices are made with. */
static struct rdr_physical_device
note_device(struct rdr_instance *instance, VkPhysicalDevice physical,
            const VkExtensionProperties *list, uint32_t count)
{
   struct rdr_physical_device p = {
      .handle = physical,
      .imports_host_memory = can_import(&instance->vk, physical, list, count),
      .has_memory_fds = has_extension(list, count, VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME),
   };

   for (uint32_t i = 0; i < instance->physical_count; i++) {
      if (instance->physical[i].handle == physical)
         return instance->physical[i] = p;
   }
   if (instance->physical_count < RDR_PHYSICAL_DEVICES_MAX)
      instance->physical[instance->physical_count++] = p;
   return p;
}

static struct rdr_physical_device
look_at_device(struct rdr_instance *instance, VkPhysicalDevice physical)
{
   uint32_t count;

   for (uint32_t i = 0; i < instance->physical_count; i++) {
      if (instance->physical[i].handle == physical)
         return instance->physical[i];
   }
   VkExtensionProperties *list = device_extensions(&instance->vk, physical, &count);
   struct rdr_physical_device p = note_device(instance, physical, list, count);
   free(list);
   return p;
}

static void
encode_device(struct rdr_context *ctx, struct tongs_encoder *e, VkPhysicalDevice physical)
{
   const struct rdr_vk_instance *vk = &ctx->instance.vk;
   VkPhysicalDeviceProperties properties;
   uint8_t strategies[VK_MAX_MEMORY_TYPES];
   uint32_t count;

   VkExtensionProperties *list = device_extensions(vk, physical, &count);
   vk->GetPhysicalDeviceProperties(physical, &properties);
   choose_strategies(vk, physical,
                     note_device(&ctx->instance, physical, list, count).imports_host_memory,
                     strategies);
   tongs_encode_u32(e, properties.apiVersion);
   tongs_encode_fixed(e, strategies, sizeof(strategies));
   encode_extensions(e, list, count);
   free(list);
}

void
rdr_own_snapshot(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   VkPhysicalDevice devices[RDR_PHYSICAL_DEVICES_MAX];
   uint64_t ids[RDR_PHYSICAL_DEVICES_MAX];
   size_t offset;

   uint64_t instance = tongs_decode_u64(d);
   uint32_t count = tongs_decode_u32(d);
   for (uint32_t i = 0; i < count && i < RDR_PHYSICAL_DEVICES_MAX; i++)
      ids[i] = tongs_decode_u64(d);
   if (d->error || count > RDR_PHYSICAL_DEVICES_MAX ||
       !rdr_object_find(ctx, instance, TONGS_TYPE_VkInstance)) {
      rdr_end(ctx, "a tongsSnapshot is malformed");
      return;
   }
   VkResult result =
      ctx->instance.vk.EnumeratePhysicalDevices(ctx->instance.handle, &count, devices);
   if (result < 0)
      count = 0;
   for (uint32_t i = 0; i < count; i++) {
      if (!rdr_object_add(ctx, TONGS_TYPE_VkPhysicalDevice, ids[i], (uintptr_t)devices[i],
                          VK_SUCCESS, tongs_id_slot(instance), &ctx->instance))
         return;
   }
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &offset);
   tongs_encode_u32(e, count);
   for (uint32_t i = 0; i < count; i++)
      encode_device(ctx, e, devices[i]);
   rdr_reply_end(ctx, offset);
}

/* --- Devices --- */

/* Whether buffers can be marked as made for host memory, as the API wants of those that are bound
 * to it: not where that would close other memory types to them. */
static bool
may_mark_buffers(const struct rdr_device *dev)
{
   const struct rdr_vk_device *vk = &dev->vk;
   VkExternalMemoryBufferCreateInfo external = {
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
      .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
   };
   VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .size = 4096,
      .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |
               VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_VERTEX_BUFFER_BIT,
   };
   VkMemoryRequirements plain = {0}, marked = {0};
   VkBuffer buffer;

   if (vk->CreateBuffer(dev->handle, &info, NULL, &buffer) != VK_SUCCESS)
      return false;
   vk->GetBufferMemoryRequirements(dev->handle, buffer, &plain);
   vk->DestroyBuffer(dev->handle, buffer, NULL);
   info.pNext = &external;
   if (vk->CreateBuffer(dev->handle, &info, NULL, &buffer) != VK_SUCCESS)
      return false;
   vk->GetBufferMemoryRequirements(dev->handle, buffer, &marked);
   vk->DestroyBuffer(dev->handle, buffer, NULL);
   return plain.memoryTypeBits == marked.memoryTypeBits && plain.size == marked.size;
}

/* Whether the host has the queues that a device is to have (R5). */
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

/* Notes which queues the device has, for tongsGetQueue. */
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
   struct rdr_instance *instance = op->host;
   struct tongs_decoder scratch = {.arena = &ctx->arena};
   VkDeviceCreateInfo info = *a->pCreateInfo;

   struct rdr_device *dev = calloc(1, sizeof(*dev));
   const char **names =
      tongs_decode_alloc(&scratch, (uint64_t)info.enabledExtensionCount + 2, sizeof(*names));
   a->ret = VK_ERROR_OUT_OF_HOST_MEMORY;
   if (!dev || !names || !note_queues(dev, &info))
      goto fail;
   a->ret = VK_ERROR_INITIALIZATION_FAILED;
   if (!has_queues(&instance->vk, a->physicalDevice, &info))
      goto fail;
   for (uint32_t i = 0; i < info.enabledExtensionCount; i++)
      names[i] = info.ppEnabledExtensionNames[i];
   info.ppEnabledExtensionNames = names;
   const struct rdr_physical_device physical = look_at_device(instance, a->physicalDevice);
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
   dev->marks_buffers = dev->imports_host_memory && may_mark_buffers(dev);
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
   if (rdr_jobs_any(ctx->jobs, op->host)) {
      rdr_end(ctx, "vkDestroyDevice came while a wait was going on");
      return;
   }
   destroy_device(ctx, tongs_id_slot(op->used[0]));
}

static bool
has_queue(const struct rdr_device *dev, const VkDeviceQueueInfo2 *info)
{
   for (uint32_t i = 0; i < dev->queues_count; i++) {
      const struct rdr_queues *q = &dev->queues[i];
      if (q->family == info->queueFamilyIndex && q->flags == info->flags &&
          info->queueIndex < q->count)
         return true;
   }
   return false;
}

void
rdr_own_get_queue(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   (void)op;
   tongs_decode_target(d, TONGS_TYPE_VkDevice);
   uint64_t id = tongs_decode_u64(d);
   VkDeviceQueueInfo2 info = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2};
   info.flags = tongs_decode_u32(d);
   info.queueFamilyIndex = tongs_decode_u32(d);
   info.queueIndex = tongs_decode_u32(d);
   uint32_t status = tongs_decode_u32(d);
   uint32_t epoch = tongs_decode_u32(d);
   if (d->error || status > TONGS_STATUS_QUEUES || !has_queue(d->target->data, &info)) {
      rdr_end(ctx, "a tongsGetQueue is malformed or names a queue that its device has not");
      return;
   }
   struct rdr_device *dev = d->target->data;
   VkQueue queue = VK_NULL_HANDLE;
   if (info.flags && dev->vk.GetDeviceQueue2)
      dev->vk.GetDeviceQueue2(dev->handle, &info, &queue);
   else
      dev->vk.GetDeviceQueue(dev->handle, info.queueFamilyIndex, info.queueIndex, &queue);
   if (status && !rdr_waiter_find(dev, queue) && !rdr_waiter_create(ctx, dev, queue, status, epoch))
      rdr_end(ctx, "out of memory for a queue");
   rdr_object_add(ctx, TONGS_TYPE_VkQueue, id, (uintptr_t)queue, VK_ERROR_INITIALIZATION_FAILED,
                  d->device, dev);
}

/* TONGS_DEBUG=sync: everything before this has been carried out; this is how it went. */
void
rdr_own_sync(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   size_t offset;
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &offset);

   (void)d;
   tongs_encode_i32(e, ctx->post_result);
   rdr_reply_end(ctx, offset);
   ctx->post_result = VK_SUCCESS;
}
