/* SPDX-License-Identifier: MIT */

/* Physical devices: the properties that the client is told, and what their devices are created
 * with. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/heap.h"
#include "renderer/worker/object.h"
#include "renderer/worker/physical_device.h"
#include "renderer/worker/replies.h"

#include "tongs_gen_args.h"
#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

#include <stdlib.h>
#include <string.h>

/* The array size for the extensions of a physical device at the first attempt. */
#define EXTENSIONS_MAX 512u

const struct tongs_own_extension *
rdr_describe_extensions(struct tongs_decoder *d, const VkExtensionProperties *list, uint32_t count)
{
   struct tongs_own_extension *described = tongs_decode_alloc(d, count, sizeof(*described));

   for (uint32_t i = 0; described && i < count; i++) {
      described[i] = (struct tongs_own_extension){
         .name = list[i].extensionName,
         .version = list[i].specVersion,
      };
   }
   return described;
}

static bool
has_extension(const VkExtensionProperties *list, uint32_t count, const char *name)
{
   for (uint32_t i = 0; i < count; i++) {
      if (!strcmp(list[i].extensionName, name))
         return true;
   }
   return false;
}

/* Returns the extensions of a physical device; the caller frees the list. On failure returns NULL
 * and sets *count to 0. The loader takes long for this call, so we do not ask for the count first:
 * one call suffices if the list fits. */
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

/* Pages of the client can back a memory type in the host's main memory, but not one in a graphics
 * card's memory. The client is told that it cannot map the latter type, if it can map another
 * type. */
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
   memset(strategies, TONGS_MEMORY_HOST, VK_MAX_MEMORY_TYPES);
   for (uint32_t i = 0; i < memory.memoryTypeCount; i++) {
      VkMemoryPropertyFlags flags = memory.memoryTypes[i].propertyFlags;
      bool on_card = properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU &&
                     flags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
      if (!(flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) || on_card)
         continue;
      strategies[i] = can_import ? TONGS_MEMORY_SHARED : TONGS_MEMORY_EXPLICIT;
      shared |= can_import && (flags & coherent) == coherent;
   }
   for (uint32_t i = 0; i < memory.memoryTypeCount; i++) {
      if (strategies[i] == TONGS_MEMORY_HOST && !shared &&
          memory.memoryTypes[i].propertyFlags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT)
         strategies[i] = TONGS_MEMORY_EXPLICIT;
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
   return host.minImportedHostPointerAlignment <= TONGS_HEAP_PAGE;
}

/* Asks the host driver what devices of a physical device must be created with, and stores the
 * answer. */
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
   if (instance->physical_count < TONGS_PHYSICAL_DEVICES_MAX)
      instance->physical[instance->physical_count++] = p;
   return p;
}

struct rdr_physical_device
rdr_physical_device_properties(struct rdr_instance *instance, VkPhysicalDevice physical)
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

/* Fills in what the client is told of a physical device. Returns the list that holds the extension
 * names, which the caller frees after use; it may be NULL. */
static VkExtensionProperties *
describe_device(struct rdr_context *ctx, struct tongs_decoder *d, VkPhysicalDevice physical,
                struct tongs_own_device *described)
{
   const struct rdr_vk_instance *vk = &ctx->instance.vk;
   VkPhysicalDeviceProperties properties;
   uint32_t count;

   VkExtensionProperties *list = device_extensions(vk, physical, &count);
   vk->GetPhysicalDeviceProperties(physical, &properties);
   choose_strategies(vk, physical,
                     note_device(&ctx->instance, physical, list, count).imports_host_memory,
                     described->strategies);
   described->api_version = properties.apiVersion;
   described->extensions = rdr_describe_extensions(d, list, count);
   described->extensions_count = described->extensions ? count : 0;
   return list;
}

void
rdr_own_snapshot(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   VkPhysicalDevice devices[TONGS_PHYSICAL_DEVICES_MAX];
   struct tongs_own_device described[TONGS_PHYSICAL_DEVICES_MAX] = {0};
   VkExtensionProperties *lists[TONGS_PHYSICAL_DEVICES_MAX];
   struct tongs_args_tongsSnapshot a = {0};
   size_t offset;

   tongs_decode_tongsSnapshot(d, &a);
   if (d->error || !rdr_object_find(ctx, a.instance, TONGS_TYPE_VkInstance)) {
      rdr_end(ctx, "a tongsSnapshot is malformed");
      return;
   }
   uint32_t count = a.ids_count;
   VkResult result =
      ctx->instance.vk.EnumeratePhysicalDevices(ctx->instance.handle, &count, devices);
   if (result < 0)
      count = 0;
   for (uint32_t i = 0; i < count; i++) {
      if (!rdr_object_add(ctx, TONGS_TYPE_VkPhysicalDevice, a.ids[i], (uintptr_t)devices[i],
                          VK_SUCCESS, tongs_id_slot(a.instance), &ctx->instance))
         return;
   }
   for (uint32_t i = 0; i < count; i++)
      lists[i] = describe_device(ctx, d, devices[i], &described[i]);
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &offset);
   tongs_encode_reply_tongsSnapshot(
      e, &(struct tongs_reply_tongsSnapshot){.devices = described, .devices_count = count});
   rdr_reply_end(ctx, offset);
   for (uint32_t i = 0; i < count; i++)
      free(lists[i]);
}

/* --- Memory --- */

/* VK_EXT_memory_budget: a client has no more than its limit. */
void
rdr_handle_GetPhysicalDeviceMemoryProperties2(struct rdr_context *ctx, struct rdr_op *op,
                                              void *args)
{
   struct tongs_args_vkGetPhysicalDeviceMemoryProperties2 *a = args;
   const struct rdr_vk_instance *vk = &((const struct rdr_instance *)op->owner)->vk;
   const uint64_t left = ctx->limits.memory_bytes - ctx->memory_bytes;

   if (!vk->GetPhysicalDeviceMemoryProperties2) {
      rdr_refuse_command(ctx, "vkGetPhysicalDeviceMemoryProperties2");
      return;
   }
   vk->GetPhysicalDeviceMemoryProperties2(a->physicalDevice, a->pMemoryProperties);
   VkPhysicalDeviceMemoryBudgetPropertiesEXT *budget = (void *)tongs_find_in_chain(
      a->pMemoryProperties->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT);
   for (uint32_t i = 0; budget && i < a->pMemoryProperties->memoryProperties.memoryHeapCount; i++) {
      if (budget->heapBudget[i] > budget->heapUsage[i] &&
          budget->heapBudget[i] - budget->heapUsage[i] > left)
         budget->heapBudget[i] = budget->heapUsage[i] + left;
   }
}
