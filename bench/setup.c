/* SPDX-License-Identifier: MIT
 *
 * Instance to queue, and the list of what a row made.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

VkInstance
bench_create_instance(struct bench *b)
{
   uint32_t version = VK_API_VERSION_1_0;
   PFN_vkEnumerateInstanceVersion enumerate_version =
      (PFN_vkEnumerateInstanceVersion)vkGetInstanceProcAddr(NULL, "vkEnumerateInstanceVersion");
   if (!enumerate_version || enumerate_version(&version) || version < VK_API_VERSION_1_1)
      bench_skip(b, "no Vulkan 1.1 loader");

   VkApplicationInfo application = {
      .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
      .pApplicationName = "tongs-bench",
      .apiVersion = version < VK_API_VERSION_1_2 ? VK_API_VERSION_1_1 : VK_API_VERSION_1_2,
   };
   VkInstanceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
      .pApplicationInfo = &application,
   };
   VkInstance instance = VK_NULL_HANDLE;
   bench_check(b, vkCreateInstance(&info, NULL, &instance), "vkCreateInstance");
   return instance;
}

static bool
bench_pick_family(struct bench *b, VkQueueFlags wanted)
{
   VkQueueFamilyProperties families[32];
   uint32_t count = 32;
   vkGetPhysicalDeviceQueueFamilyProperties(b->physical, &count, families);
   for (uint32_t i = 0; i < count; i++) {
      if ((families[i].queueFlags & wanted) == wanted) {
         b->family = i;
         b->family_properties = families[i];
         return true;
      }
   }
   return false;
}

/* 1.1 guarantees the commands; what is 1.2 is looked for. */
static void
bench_detect(struct bench *b)
{
   b->has_timeline = false;
   if (b->properties.apiVersion < VK_API_VERSION_1_2)
      return;
   VkPhysicalDeviceTimelineSemaphoreFeatures timeline = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
   };
   VkPhysicalDeviceFeatures2 features = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
      .pNext = &timeline,
   };
   vkGetPhysicalDeviceFeatures2(b->physical, &features);
   b->has_timeline = timeline.timelineSemaphore;
}

static void
bench_describe(struct bench *b)
{
   struct bench_result *result = b->result;
   VkPhysicalDeviceDriverProperties driver = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES,
   };
   VkPhysicalDeviceProperties2 properties = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
   };
   if (b->properties.apiVersion >= VK_API_VERSION_1_2)
      properties.pNext = &driver;
   vkGetPhysicalDeviceProperties2(b->physical, &properties);

   snprintf(result->device, sizeof(result->device), "%s", b->properties.deviceName);
   snprintf(result->driver, sizeof(result->driver), "%s", driver.driverName);
   snprintf(result->driver_info, sizeof(result->driver_info), "%s", driver.driverInfo);
   result->api_version = b->properties.apiVersion;
}

void
bench_pick(struct bench *b, VkInstance instance)
{
   VkPhysicalDevice devices[16];
   uint32_t count = 16;
   bench_check(b, vkEnumeratePhysicalDevices(instance, &count, devices),
               "vkEnumeratePhysicalDevices");
   if (b->options->device_index >= count)
      bench_skip(b, "no device %u: there are %u", b->options->device_index, count);

   b->physical = devices[b->options->device_index];
   vkGetPhysicalDeviceProperties(b->physical, &b->properties);
   vkGetPhysicalDeviceMemoryProperties(b->physical, &b->memory);
   if (b->properties.apiVersion < VK_API_VERSION_1_1)
      bench_skip(b, "the device does Vulkan 1.0 only");
   if (!bench_pick_family(b, VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT) &&
       !bench_pick_family(b, VK_QUEUE_COMPUTE_BIT))
      bench_skip(b, "no queue that computes");
}

VkDevice
bench_create_device(struct bench *b)
{
   bench_detect(b);
   float priority = 1;
   VkDeviceQueueCreateInfo queue = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueFamilyIndex = b->family,
      .queueCount = 1,
      .pQueuePriorities = &priority,
   };
   VkPhysicalDeviceTimelineSemaphoreFeatures timeline = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
      .timelineSemaphore = VK_TRUE,
   };
   VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .pNext = b->has_timeline ? &timeline : NULL,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,
   };
   VkDevice device = VK_NULL_HANDLE;
   bench_check(b, vkCreateDevice(b->physical, &info, NULL, &device), "vkCreateDevice");
   return device;
}

void
bench_open(struct bench *b)
{
   b->instance = bench_create_instance(b);
   bench_pick(b, b->instance);
   bench_describe(b);
   b->device = bench_create_device(b);
   vkGetDeviceQueue(b->device, b->family, 0, &b->queue);
   if (!b->has_timeline)
      return;
   b->get_semaphore_counter_value =
      (PFN_vkGetSemaphoreCounterValue)vkGetDeviceProcAddr(b->device, "vkGetSemaphoreCounterValue");
   b->wait_semaphores = (PFN_vkWaitSemaphores)vkGetDeviceProcAddr(b->device, "vkWaitSemaphores");
   b->signal_semaphore = (PFN_vkSignalSemaphore)vkGetDeviceProcAddr(b->device, "vkSignalSemaphore");
}

void
bench_own(struct bench *b, VkObjectType type, uint64_t handle)
{
   if (b->owned_count == b->owned_capacity) {
      size_t capacity = b->owned_capacity ? b->owned_capacity * 2 : 64;
      struct bench_owned *owned = realloc(b->owned, capacity * sizeof(*owned));
      if (!owned)
         bench_fail(b, "out of memory");
      b->owned = owned;
      b->owned_capacity = capacity;
   }
   b->owned[b->owned_count++] = (struct bench_owned){type, handle};
}

static void
bench_destroy(VkDevice device, const struct bench_owned *owned)
{
   switch ((int)owned->type) {
#define BENCH_DESTROY(TYPE, Name) \
   case VK_OBJECT_TYPE_##TYPE: \
      vkDestroy##Name(device, (Vk##Name)owned->handle, NULL); \
      break;
      BENCH_DESTROY(BUFFER, Buffer)
      BENCH_DESTROY(COMMAND_POOL, CommandPool)
      BENCH_DESTROY(DESCRIPTOR_POOL, DescriptorPool)
      BENCH_DESTROY(DESCRIPTOR_SET_LAYOUT, DescriptorSetLayout)
      BENCH_DESTROY(DESCRIPTOR_UPDATE_TEMPLATE, DescriptorUpdateTemplate)
      BENCH_DESTROY(FENCE, Fence)
      BENCH_DESTROY(FRAMEBUFFER, Framebuffer)
      BENCH_DESTROY(IMAGE, Image)
      BENCH_DESTROY(IMAGE_VIEW, ImageView)
      BENCH_DESTROY(PIPELINE, Pipeline)
      BENCH_DESTROY(PIPELINE_CACHE, PipelineCache)
      BENCH_DESTROY(PIPELINE_LAYOUT, PipelineLayout)
      BENCH_DESTROY(QUERY_POOL, QueryPool)
      BENCH_DESTROY(RENDER_PASS, RenderPass)
      BENCH_DESTROY(SEMAPHORE, Semaphore)
      BENCH_DESTROY(SHADER_MODULE, ShaderModule)
#undef BENCH_DESTROY
   case VK_OBJECT_TYPE_DEVICE_MEMORY:
      vkFreeMemory(device, (VkDeviceMemory)owned->handle, NULL);
      break;
   default:
      abort();
   }
}

void
bench_close(struct bench *b)
{
   if (b->device) {
      vkDeviceWaitIdle(b->device);
      while (b->owned_count)
         bench_destroy(b->device, &b->owned[--b->owned_count]);
      vkDestroyDevice(b->device, NULL);
   }
   if (b->instance)
      vkDestroyInstance(b->instance, NULL);
   free(b->owned);
   free(b->samples);
   free(b->host_data);
   b->device = VK_NULL_HANDLE;
   b->instance = VK_NULL_HANDLE;
   b->owned = NULL;
   b->samples = NULL;
   b->host_data = NULL;
}
