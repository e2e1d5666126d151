/* SPDX-License-Identifier: MIT */
/*
 * Makes 300 devices of one instance, or as many as the argument says, and keeps them all. Each does
 * what a program may do with a queue: submissions with fences and timelines, and waits for them,
 * also by a thread that waits before the submission.
 */
#include "tests/programs/common.h"

#include <pthread.h>
#include <stdlib.h>

#define DEVICES 300u

struct user {
   struct prog *p;
   VkDevice device;
   VkQueue queue;
   VkFence fence;
   VkSemaphore timeline;
};

static enum prog_status
make_instance(struct prog *p, VkPhysicalDevice *physical)
{
   const VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                  .apiVersion = VK_API_VERSION_1_2};
   const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                      .pApplicationInfo = &app};
   VkPhysicalDeviceProperties props;
   uint32_t count = 1;

   PROG_VK(p, vkCreateInstance(&info, NULL, &p->instance));
   const VkResult result = vkEnumeratePhysicalDevices(p->instance, &count, physical);
   PROG_EXPECT(p, result >= 0 && count == 1, "no device");
   vkGetPhysicalDeviceProperties(*physical, &props);
   return props.apiVersion < VK_API_VERSION_1_2 ? prog_skipped(p, "no timelines") : PROG_RIGHT;
}

static enum prog_status
make_device(struct prog *p, VkPhysicalDevice physical, struct user *u)
{
   const float priority = 1;
   const VkDeviceQueueCreateInfo queue = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueCount = 1,
      .pQueuePriorities = &priority,
   };
   const VkPhysicalDeviceVulkan12Features features = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
      .timelineSemaphore = VK_TRUE,
   };
   const VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .pNext = &features,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,
   };

   u->p = p;
   PROG_VK(p, vkCreateDevice(physical, &info, NULL, &u->device));
   vkGetDeviceQueue(u->device, 0, 0, &u->queue);
   return PROG_RIGHT;
}

static enum prog_status
make_objects(struct prog *p, struct user *u)
{
   const VkSemaphoreTypeCreateInfo type = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
      .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
   };
   const VkSemaphoreCreateInfo semaphore = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                            .pNext = &type};
   const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};

   PROG_VK(p, vkCreateSemaphore(u->device, &semaphore, NULL, &u->timeline));
   PROG_VK(p, vkCreateFence(u->device, &fence, NULL, &u->fence));
   return PROG_RIGHT;
}

/* A submission that raises the timeline to `value`, with a batch behind it that waits for value 2.
 */
static enum prog_status
submit(struct user *u, uint64_t value, bool waits, VkFence fence)
{
   const uint64_t reached = 2;
   const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   const VkTimelineSemaphoreSubmitInfo values[2] = {
      {.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
       .signalSemaphoreValueCount = 1,
       .pSignalSemaphoreValues = &value},
      {.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
       .waitSemaphoreValueCount = 1,
       .pWaitSemaphoreValues = &reached},
   };
   const VkSubmitInfo batches[2] = {
      {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
       .pNext = &values[0],
       .signalSemaphoreCount = 1,
       .pSignalSemaphores = &u->timeline},
      {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
       .pNext = &values[1],
       .waitSemaphoreCount = 1,
       .pWaitSemaphores = &u->timeline,
       .pWaitDstStageMask = &stage},
   };

   PROG_VK(u->p, vkQueueSubmit(u->queue, waits ? 2 : 1, batches, fence));
   return PROG_RIGHT;
}

static VkResult
wait_for_value(const struct user *u, uint64_t value, uint64_t timeout)
{
   const VkSemaphoreWaitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
      .semaphoreCount = 1,
      .pSemaphores = &u->timeline,
      .pValues = &value,
   };
   return vkWaitSemaphores(u->device, &info, timeout);
}

static void *
wait_for_one(void *data)
{
   static VkResult result;

   result = wait_for_value(data, 1, PROG_TIMEOUT_NS);
   return &result;
}

/* A thread waits for value 1 before it is submitted. Behind that, the queue waits for value 2,
 * which the host gives once it has seen value 1. */
static enum prog_status
raise(struct prog *p, struct user *u)
{
   const VkSemaphoreSignalInfo two = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = u->timeline, .value = 2};
   uint64_t value = 0;
   pthread_t thread;
   void *result;

   PROG_VK_IS(p, wait_for_value(u, 1, 0), VK_TIMEOUT);
   PROG_EXPECT(p, !pthread_create(&thread, NULL, wait_for_one, u), "no thread");
   PROG_VK_IS(p, wait_for_value(u, 1, 1000000), VK_TIMEOUT);
   PROG_STEP(submit(u, 1, true, u->fence));
   PROG_EXPECT(p, !pthread_join(thread, &result), "no thread");
   PROG_VK(p, *(VkResult *)result);
   PROG_VK_IS(p, vkGetFenceStatus(u->device, u->fence), VK_NOT_READY);
   PROG_VK(p, vkSignalSemaphore(u->device, &two));
   PROG_VK(p, vkWaitForFences(u->device, 1, &u->fence, VK_TRUE, PROG_TIMEOUT_NS));
   PROG_VK(p, vkGetFenceStatus(u->device, u->fence));
   PROG_VK(p, vkGetSemaphoreCounterValue(u->device, u->timeline, &value));
   PROG_EXPECT(p, value == 2, "the timeline is at %llu", (unsigned long long)value);
   return PROG_RIGHT;
}

static enum prog_status
use(struct prog *p, struct user *u)
{
   PROG_STEP(make_objects(p, u));
   PROG_STEP(raise(p, u));
   PROG_VK(p, vkResetFences(u->device, 1, &u->fence));
   PROG_VK_IS(p, vkWaitForFences(u->device, 1, &u->fence, VK_TRUE, 1000), VK_TIMEOUT);
   PROG_STEP(submit(u, 3, false, u->fence));
   PROG_VK(p, wait_for_value(u, 3, PROG_TIMEOUT_NS));
   PROG_VK(p, vkWaitForFences(u->device, 1, &u->fence, VK_FALSE, PROG_TIMEOUT_NS));
   PROG_STEP(submit(u, 4, false, VK_NULL_HANDLE));
   PROG_VK(p, vkQueueWaitIdle(u->queue));
   PROG_VK(p, wait_for_value(u, 4, 0));
   PROG_VK(p, vkDeviceWaitIdle(u->device));
   vkDestroyFence(u->device, u->fence, NULL);
   vkDestroySemaphore(u->device, u->timeline, NULL);
   return PROG_RIGHT;
}

static enum prog_status
make_all(struct prog *p, struct user *users, uint32_t count)
{
   VkPhysicalDevice physical;

   PROG_STEP(make_instance(p, &physical));
   for (uint32_t i = 0; i < count; i++) {
      PROG_STEP(make_device(p, physical, &users[i]));
      PROG_STEP(use(p, &users[i]));
   }
   for (uint32_t i = 0; i < count; i++)
      vkDestroyDevice(users[i].device, NULL);
   vkDestroyInstance(p->instance, NULL);
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   const uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : DEVICES;
   struct user *users = calloc(count ? count : 1, sizeof(*users));
   struct prog p = {0};

   if (!users)
      return PROG_WRONG;
   const int status = prog_report(&p, "edge_devices", make_all(&p, users, count));
   free(users);
   return status;
}
