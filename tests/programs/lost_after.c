/* SPDX-License-Identifier: MIT */
#include "tests/programs/lost.h"

#include "tests/programs/shaders.h"

#include <stdio.h>
#include <string.h>

/* The step has to end within the limit, whatever it gives. */
#define TIMED(p, name, step) \
   do { \
      lost_step(name); \
      const uint64_t start_ = prog_time_ns(); \
      step; \
      const uint64_t took_ = prog_time_ns() - start_; \
      PROG_EXPECT(p, took_ < l->limit_ns, "%s took %llu ms on the lost device", name, \
                  (unsigned long long)took_ / 1000000); \
   } while (0)

/* The call has to end within the limit and to give VK_ERROR_DEVICE_LOST. */
#define SAYS_LOST(p, call) \
   do { \
      VkResult result_; \
      TIMED(p, #call, result_ = (call)); \
      PROG_EXPECT(p, result_ == VK_ERROR_DEVICE_LOST, "%s gave %s on the lost device", #call, \
                  prog_result_name(result_)); \
   } while (0)

/* The call has to end within the limit, and to give VK_SUCCESS or an error. */
#define RETURNS(p, result, call) TIMED(p, #call, result = (call))

static enum prog_status
check_waits(struct lost *l)
{
   struct prog *p = &l->p;
   const VkDevice device = p->device;
   SAYS_LOST(p, vkQueueSubmit(p->queue, 0, NULL, VK_NULL_HANDLE));
   SAYS_LOST(p, vkQueueWaitIdle(p->queue));
   SAYS_LOST(p, vkDeviceWaitIdle(device));
   SAYS_LOST(p, vkWaitForFences(device, 1, &l->fence, VK_TRUE, UINT64_MAX));
   SAYS_LOST(p, vkWaitForFences(device, 1, &l->fence, VK_TRUE, 0));

   const uint64_t value = 2;
   const VkSemaphoreWaitInfo wait = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
      .semaphoreCount = 1,
      .pSemaphores = &l->timeline,
      .pValues = &value,
   };
   SAYS_LOST(p, vkWaitSemaphores(device, &wait, UINT64_MAX));

   if (l->submitted) {
      SAYS_LOST(p, vkGetFenceStatus(device, l->fence));
   } else {
      VkResult result;
      RETURNS(p, result, vkGetFenceStatus(device, l->fence));
      PROG_EXPECT(p, result == VK_NOT_READY || result == VK_ERROR_DEVICE_LOST,
                  "vkGetFenceStatus of an idle fence gave %s", prog_result_name(result));
   }
   return PROG_RIGHT;
}

static enum prog_status
check_states(struct lost *l)
{
   struct prog *p = &l->p;
   uint64_t value = 0, data;
   VkResult result;
   RETURNS(p, result, vkGetSemaphoreCounterValue(p->device, l->timeline, &value));
   PROG_EXPECT(p, result == VK_ERROR_DEVICE_LOST || (result == VK_SUCCESS && value == 0),
               "vkGetSemaphoreCounterValue gave %s and %llu", prog_result_name(result),
               (unsigned long long)value);
   RETURNS(p, result, vkGetEventStatus(p->device, l->event));
   PROG_EXPECT(p, result == VK_ERROR_DEVICE_LOST || result == VK_EVENT_RESET,
               "vkGetEventStatus gave %s", prog_result_name(result));
   SAYS_LOST(p,
             vkGetQueryPoolResults(p->device, l->queries, 0, 1, sizeof(data), &data, sizeof(data),
                                   VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
   return PROG_RIGHT;
}

static enum prog_status
check_creates(struct lost *l)
{
   struct prog *p = &l->p;
   VkResult result;

   const VkMemoryAllocateInfo memory_info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .allocationSize = 65536,
   };
   VkDeviceMemory memory = VK_NULL_HANDLE;
   RETURNS(p, result, vkAllocateMemory(p->device, &memory_info, NULL, &memory));
   PROG_EXPECT(p, result < 0, "vkAllocateMemory gave %s on the lost device",
               prog_result_name(result));

   const VkBufferCreateInfo buffer_info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .size = 65536,
      .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
   };
   VkBuffer buffer;
   RETURNS(p, result, vkCreateBuffer(p->device, &buffer_info, NULL, &buffer));
   if (result == VK_SUCCESS) {
      VkMemoryRequirements needs;
      TIMED(p, "vkGetBufferMemoryRequirements",
            vkGetBufferMemoryRequirements(p->device, buffer, &needs));
      TIMED(p, "vkDestroyBuffer", vkDestroyBuffer(p->device, buffer, NULL));
   }

   const VkShaderModuleCreateInfo module_info = {
      .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
      .codeSize = prog_shader_sum.size,
      .pCode = prog_shader_sum.words,
   };
   VkShaderModule module;
   RETURNS(p, result, vkCreateShaderModule(p->device, &module_info, NULL, &module));
   if (result == VK_SUCCESS)
      TIMED(p, "vkDestroyShaderModule", vkDestroyShaderModule(p->device, module, NULL));

   /* A pending command buffer may not be begun; any other state will do. */
   if (l->submitted)
      return PROG_RIGHT;
   const VkCommandBufferBeginInfo begin = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
   };
   RETURNS(p, result, vkBeginCommandBuffer(l->commands, &begin));
   if (result == VK_SUCCESS) {
      TIMED(p, "vkCmdFillBuffer",
            vkCmdFillBuffer(l->commands, l->unmapped.buffer, 0, VK_WHOLE_SIZE, 1));
      RETURNS(p, result, vkEndCommandBuffer(l->commands));
   }
   return PROG_RIGHT;
}

static enum prog_status
check_new_device(struct lost *l)
{
   struct prog *p = &l->p;
   VkPhysicalDeviceProperties props;
   TIMED(p, "vkGetPhysicalDeviceProperties", vkGetPhysicalDeviceProperties(p->phys, &props));
   PROG_EXPECT(p, strcmp(props.deviceName, p->props.deviceName) == 0,
               "the physical device is now called \"%s\"", props.deviceName);

   const float priority = 1.0f;
   const VkDeviceQueueCreateInfo queue = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueFamilyIndex = p->family,
      .queueCount = 1,
      .pQueuePriorities = &priority,
   };
   const VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,
   };
   VkDevice device;
   VkResult result;
   RETURNS(p, result, vkCreateDevice(p->phys, &info, NULL, &device));
   printf("a new device on the old instance: %s\n", prog_result_name(result));
   if (result == VK_SUCCESS)
      TIMED(p, "vkDestroyDevice", vkDestroyDevice(device, NULL));
   return PROG_RIGHT;
}

enum prog_status
lost_check_calls(struct lost *l)
{
   PROG_STEP(check_waits(l));
   PROG_STEP(check_states(l));
   PROG_STEP(check_creates(l));
   PROG_STEP(check_new_device(l));
   printf("calls on the lost device return as they should\n");
   return PROG_RIGHT;
}

static enum prog_status
check_words(struct prog *p, const char *what, volatile uint32_t *words)
{
   for (uint32_t i = 0; i < LOST_PATTERN_WORDS; i++) {
      PROG_EXPECT(p, words[i] == lost_pattern(i), "word %u of the %s memory is %#x, not %#x", i,
                  what, words[i], lost_pattern(i));
   }
   for (uint32_t i = 0; i < LOST_PATTERN_WORDS; i++) {
      words[i] = i;
      PROG_EXPECT(p, words[i] == i, "word %u of the %s memory does not keep what is written", i,
                  what);
   }
   return PROG_RIGHT;
}

enum prog_status
lost_check_mapped(struct lost *l)
{
   struct prog *p = &l->p;
   lost_step("the mapped memory");
   PROG_STEP(check_words(p, "mapped", l->mapped.map));

   const VkMappedMemoryRange range = {
      .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
      .memory = l->mapped.memory,
      .size = VK_WHOLE_SIZE,
   };
   VkResult result;
   RETURNS(p, result, vkFlushMappedMemoryRanges(p->device, 1, &range));
   RETURNS(p, result, vkInvalidateMappedMemoryRanges(p->device, 1, &range));
   TIMED(p, "vkUnmapMemory", vkUnmapMemory(p->device, l->mapped.memory));

   void *map;
   RETURNS(p, result, vkMapMemory(p->device, l->unmapped.memory, 0, VK_WHOLE_SIZE, 0, &map));
   if (result == VK_SUCCESS) {
      lost_step("memory mapped after the loss");
      memset(map, 0x5a, l->unmapped.size);
      TIMED(p, "vkUnmapMemory", vkUnmapMemory(p->device, l->unmapped.memory));
   }
   printf("mapped memory stays\n");
   return PROG_RIGHT;
}

enum prog_status
lost_check_destroys(struct lost *l)
{
   struct prog *p = &l->p;
   TIMED(p, "vkFreeCommandBuffers", vkFreeCommandBuffers(p->device, p->pool, 1, &l->commands));
   TIMED(p, "vkDestroyFence", vkDestroyFence(p->device, l->fence, NULL));
   TIMED(p, "vkDestroySemaphore", vkDestroySemaphore(p->device, l->timeline, NULL));
   TIMED(p, "vkDestroyEvent", vkDestroyEvent(p->device, l->event, NULL));
   TIMED(p, "vkDestroyQueryPool", vkDestroyQueryPool(p->device, l->queries, NULL));
   TIMED(p, "the compute objects' destruction", prog_compute_finish(p, &l->compute));
   TIMED(p, "vkFreeMemory", prog_buffer_finish(p, &l->mapped));
   TIMED(p, "vkFreeMemory", prog_buffer_finish(p, &l->unmapped));
   TIMED(p, "vkDestroyDevice and vkDestroyInstance", prog_finish(p));
   printf("everything can be destroyed\n");
   return PROG_RIGHT;
}
