/* SPDX-License-Identifier: MIT */
/*
 * queues [ITERATIONS]: eight threads on all queues of a device at once. Each makes, names, writes,
 * records, submits, waits for and destroys objects of its own, and asks what all of them ask.
 */
#include "tests/programs/common.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define QUEUES_MAX 8
#define WORDS 1024u
#define SETS 4

struct queue {
   VkQueue handle;
   uint32_t family;
   pthread_mutex_t lock; /* Vulkan allows one thread at a time to submit to a queue */
};

struct shared {
   struct prog p; /* its device is another one than prog_init() makes */
   VkDevice first_device;
   struct queue queues[QUEUES_MAX];
   uint32_t queue_count;
   VkDescriptorSetLayout set_layout;
   pthread_mutex_t set_lock; /* of the pool that all allocate from */
   VkDescriptorPool pool;
};

struct worker {
   struct shared *shared;
   struct prog p; /* a copy, with its own command pool and reason */
   struct queue *queue;
   uint32_t index;
   uint32_t iterations;
   VkSemaphore timeline; /* may be NULL */
   VkDescriptorPool pool;
   enum prog_status status;
   pthread_t thread;
};

/* --- The device with all its queues --- */

static enum prog_status
init_device(struct shared *shared)
{
   struct prog *p = &shared->p;
   static const float priorities[QUEUES_MAX] = {1, 1, 1, 1, 1, 1, 1, 1};
   VkQueueFamilyProperties families[8];
   VkDeviceQueueCreateInfo infos[8];
   uint32_t count = PROG_COUNT(families);

   vkGetPhysicalDeviceQueueFamilyProperties(p->phys, &count, families);
   uint32_t used = 0;
   for (uint32_t i = 0; i < count && shared->queue_count < QUEUES_MAX; i++) {
      uint32_t room = QUEUES_MAX - shared->queue_count;
      uint32_t wanted = families[i].queueCount < room ? families[i].queueCount : room;
      infos[used++] = (VkDeviceQueueCreateInfo){
         .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
         .queueFamilyIndex = i,
         .queueCount = wanted,
         .pQueuePriorities = priorities,
      };
      for (uint32_t j = 0; j < wanted; j++)
         shared->queues[shared->queue_count++].family = i;
   }
   const VkPhysicalDeviceTimelineSemaphoreFeatures timeline = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
      .timelineSemaphore = VK_TRUE,
   };
   const VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .pNext = p->features12.timelineSemaphore ? &timeline : NULL,
      .queueCreateInfoCount = used,
      .pQueueCreateInfos = infos,
   };
   shared->first_device = p->device;
   PROG_VK(p, vkCreateDevice(p->phys, &info, NULL, &p->device));
   for (uint32_t i = 0; i < shared->queue_count; i++) {
      struct queue *queue = &shared->queues[i];
      uint32_t index = 0;
      while (index < i && shared->queues[i - index - 1].family == queue->family)
         index++;
      vkGetDeviceQueue(p->device, queue->family, index, &queue->handle);
      pthread_mutex_init(&queue->lock, NULL);
   }
   return PROG_RIGHT;
}

static enum prog_status
make_set_pool(struct prog *p, uint32_t sets, VkDescriptorPool *pool)
{
   const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, sets};
   const VkDescriptorPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
      .flags = VK_DESCRIPTOR_POOL_CREATE_FREE_DESCRIPTOR_SET_BIT,
      .maxSets = sets,
      .poolSizeCount = 1,
      .pPoolSizes = &size,
   };
   PROG_VK(p, vkCreateDescriptorPool(p->device, &info, NULL, pool));
   return PROG_RIGHT;
}

static enum prog_status
init_shared(struct shared *shared)
{
   struct prog *p = &shared->p;
   const VkDescriptorSetLayoutBinding binding = {
      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .descriptorCount = 1,
      .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
   };
   const VkDescriptorSetLayoutCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
      .bindingCount = 1,
      .pBindings = &binding,
   };

   PROG_STEP(prog_init(p));
   printf("device: %s\n", p->props.deviceName);
   PROG_STEP(init_device(shared));
   PROG_VK(p, vkCreateDescriptorSetLayout(p->device, &info, NULL, &shared->set_layout));
   return make_set_pool(p, THREADS, &shared->pool);
}

/* --- What a thread does --- */

/* Things that all threads ask the driver, which may keep the answers. */
static enum prog_status
ask(struct worker *w, uint32_t n)
{
   struct prog *p = &w->p;
   VkFormatProperties format;
   VkImageFormatProperties image;
   VkPhysicalDeviceProperties properties;
   uint32_t count = 0;

   vkGetPhysicalDeviceFormatProperties(p->phys, (VkFormat)(1 + n % 180), &format);
   vkGetPhysicalDeviceImageFormatProperties(p->phys, (VkFormat)(1 + n % 20), VK_IMAGE_TYPE_2D,
                                            VK_IMAGE_TILING_OPTIMAL, VK_IMAGE_USAGE_SAMPLED_BIT, 0,
                                            &image);
   vkGetPhysicalDeviceProperties(p->phys, &properties);
   PROG_EXPECT(p, !strcmp(properties.deviceName, p->props.deviceName),
               "the device has another name");
   PROG_VK(p, vkEnumerateDeviceExtensionProperties(p->phys, NULL, &count, NULL));
   return PROG_RIGHT;
}

static enum prog_status
use_sets(struct worker *w, const struct prog_buffer *buffer)
{
   struct prog *p = &w->p;
   VkDescriptorSetLayout layouts[SETS];
   VkDescriptorSet sets[SETS], common;

   for (uint32_t i = 0; i < SETS; i++)
      layouts[i] = w->shared->set_layout;
   VkDescriptorSetAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
      .descriptorPool = w->pool,
      .descriptorSetCount = SETS,
      .pSetLayouts = layouts,
   };
   PROG_VK(p, vkAllocateDescriptorSets(p->device, &info, sets));
   info.descriptorPool = w->shared->pool;
   info.descriptorSetCount = 1;
   pthread_mutex_lock(&w->shared->set_lock);
   const VkResult result = vkAllocateDescriptorSets(p->device, &info, &common);
   pthread_mutex_unlock(&w->shared->set_lock);
   PROG_EXPECT(p, result == VK_SUCCESS, "the common pool gave %s", prog_result_name(result));

   const VkDescriptorBufferInfo range = {buffer->buffer, 0, VK_WHOLE_SIZE};
   VkWriteDescriptorSet writes[SETS + 1];
   for (uint32_t i = 0; i <= SETS; i++) {
      writes[i] = (VkWriteDescriptorSet){
         .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
         .dstSet = i < SETS ? sets[i] : common,
         .descriptorCount = 1,
         .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
         .pBufferInfo = &range,
      };
   }
   vkUpdateDescriptorSets(p->device, SETS + 1, writes, 0, NULL);
   PROG_VK(p, vkFreeDescriptorSets(p->device, w->pool, SETS, sets));
   pthread_mutex_lock(&w->shared->set_lock);
   vkFreeDescriptorSets(p->device, w->shared->pool, 1, &common);
   pthread_mutex_unlock(&w->shared->set_lock);
   return PROG_RIGHT;
}

static enum prog_status
use_objects(struct worker *w)
{
   struct prog *p = &w->p;
   const VkSamplerCreateInfo sampler_info = {.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO};
   const VkEventCreateInfo event_info = {.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
   struct prog_image image = {0};
   VkSampler sampler;
   VkEvent event;

   PROG_STEP(
      prog_image_init_2d(p, &image, VK_FORMAT_R8G8B8A8_UNORM, 16, 16, VK_IMAGE_USAGE_SAMPLED_BIT));
   PROG_VK(p, vkCreateSampler(p->device, &sampler_info, NULL, &sampler));
   PROG_VK(p, vkCreateEvent(p->device, &event_info, NULL, &event));
   PROG_VK(p, vkSetEvent(p->device, event));
   PROG_VK_IS(p, vkGetEventStatus(p->device, event), VK_EVENT_SET);
   vkDestroyEvent(p->device, event, NULL);
   vkDestroySampler(p->device, sampler, NULL);
   prog_image_finish(p, &image);
   return PROG_RIGHT;
}

static enum prog_status
submit(struct worker *w, VkCommandBuffer commands, VkFence fence, uint64_t value)
{
   struct prog *p = &w->p;
   const VkTimelineSemaphoreSubmitInfo values = {
      .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
      .signalSemaphoreValueCount = 1,
      .pSignalSemaphoreValues = &value,
   };
   const VkSubmitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .pNext = w->timeline ? &values : NULL,
      .commandBufferCount = 1,
      .pCommandBuffers = &commands,
      .signalSemaphoreCount = w->timeline ? 1 : 0,
      .pSignalSemaphores = &w->timeline,
   };

   pthread_mutex_lock(&w->queue->lock);
   const VkResult result = vkQueueSubmit(w->queue->handle, 1, &info, fence);
   pthread_mutex_unlock(&w->queue->lock);
   PROG_EXPECT(p, result == VK_SUCCESS, "vkQueueSubmit gave %s", prog_result_name(result));
   return PROG_RIGHT;
}

/* In each of the ways to wait, one after the other. */
static enum prog_status
wait_for(struct worker *w, VkFence fence, uint64_t value)
{
   struct prog *p = &w->p;
   const VkSemaphoreWaitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
      .semaphoreCount = 1,
      .pSemaphores = &w->timeline,
      .pValues = &value,
   };

   if (w->timeline && value % 2) {
      uint64_t reached;
      PROG_VK(p, vkWaitSemaphores(p->device, &info, PROG_TIMEOUT_NS));
      PROG_VK(p, vkGetSemaphoreCounterValue(p->device, w->timeline, &reached));
      PROG_EXPECT(p, reached >= value, "the semaphore is at %llu", (unsigned long long)reached);
   } else if (value % 8 == 4) {
      pthread_mutex_lock(&w->queue->lock);
      const VkResult result = vkQueueWaitIdle(w->queue->handle);
      pthread_mutex_unlock(&w->queue->lock);
      PROG_EXPECT(p, result == VK_SUCCESS, "vkQueueWaitIdle gave %s", prog_result_name(result));
   }
   PROG_VK(p, vkWaitForFences(p->device, 1, &fence, VK_TRUE, PROG_TIMEOUT_NS));
   PROG_VK(p, vkGetFenceStatus(p->device, fence));
   PROG_VK(p, vkResetFences(p->device, 1, &fence));
   return PROG_RIGHT;
}

/* Fills, copies, and looks at what came of it. */
static enum prog_status
fill_and_copy(struct worker *w, VkFence fence, uint32_t n)
{
   struct prog *p = &w->p;
   const VkBufferUsageFlags usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                    VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                                    VK_BUFFER_USAGE_STORAGE_BUFFER_BIT;
   const uint32_t word = w->index << 24 | n;
   struct prog_buffer from, to;
   VkCommandBuffer commands;

   PROG_STEP(prog_buffer_init(p, &from, WORDS * sizeof(word), usage));
   PROG_STEP(prog_buffer_init(p, &to, WORDS * sizeof(word), usage));
   memset(to.map, 0xff, to.size);
   prog_flush(p);
   PROG_STEP(use_sets(w, &to));

   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdFillBuffer(commands, from.buffer, 0, VK_WHOLE_SIZE, word);
   vkCmdUpdateBuffer(commands, from.buffer, 0, sizeof(n), &n);
   prog_memory_barrier(commands);
   for (uint32_t i = 0; i < WORDS; i += 64) {
      const VkBufferCopy copy = {i * sizeof(word), i * sizeof(word), 64 * sizeof(word)};
      vkCmdCopyBuffer(commands, from.buffer, to.buffer, 1, &copy);
   }
   prog_memory_barrier(commands);
   PROG_VK(p, vkEndCommandBuffer(commands));
   PROG_STEP(submit(w, commands, fence, n + 1));
   PROG_STEP(wait_for(w, fence, n + 1));
   prog_invalidate(p);

   const uint32_t *words = to.map;
   PROG_EXPECT(p, words[0] == n, "word 0 is %u, not %u", words[0], n);
   for (uint32_t i = 1; i < WORDS; i++)
      PROG_EXPECT(p, words[i] == word, "word %u is %x, not %x", i, words[i], word);
   vkFreeCommandBuffers(p->device, p->pool, 1, &commands);
   prog_buffer_finish(p, &from);
   prog_buffer_finish(p, &to);
   return PROG_RIGHT;
}

static enum prog_status
init_worker(struct worker *w)
{
   struct prog *p = &w->p;
   const VkCommandPoolCreateInfo pool = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
      .queueFamilyIndex = w->queue->family,
   };
   const VkSemaphoreTypeCreateInfo type = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
      .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
   };
   const VkSemaphoreCreateInfo semaphore = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                            .pNext = &type};

   PROG_VK(p, vkCreateCommandPool(p->device, &pool, NULL, &p->pool));
   if (p->features12.timelineSemaphore)
      PROG_VK(p, vkCreateSemaphore(p->device, &semaphore, NULL, &w->timeline));
   return make_set_pool(p, SETS, &w->pool);
}

static enum prog_status
work(struct worker *w)
{
   struct prog *p = &w->p;
   const VkFenceCreateInfo fence_info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   VkFence fence;

   PROG_STEP(init_worker(w));
   PROG_VK(p, vkCreateFence(p->device, &fence_info, NULL, &fence));
   for (uint32_t n = 0; n < w->iterations; n++) {
      PROG_STEP(ask(w, n));
      PROG_STEP(use_objects(w));
      PROG_STEP(fill_and_copy(w, fence, n));
   }
   vkDestroyFence(p->device, fence, NULL);
   vkDestroySemaphore(p->device, w->timeline, NULL);
   vkDestroyDescriptorPool(p->device, w->pool, NULL);
   vkDestroyCommandPool(p->device, p->pool, NULL);
   return PROG_RIGHT;
}

static void *
thread_main(void *argument)
{
   struct worker *w = argument;

   w->status = work(w);
   return NULL;
}

/* --- The whole --- */

static enum prog_status
run(struct shared *shared, uint32_t iterations)
{
   struct prog *p = &shared->p;
   struct worker workers[THREADS];
   uint32_t started = 0;

   PROG_STEP(init_shared(shared));
   for (; started < THREADS; started++) {
      struct worker *w = &workers[started];
      *w = (struct worker){
         .shared = shared,
         .p = *p,
         .queue = &shared->queues[started % shared->queue_count],
         .index = started,
         .iterations = iterations,
      };
      if (pthread_create(&w->thread, NULL, thread_main, w))
         break;
   }
   for (uint32_t i = 0; i < started; i++)
      pthread_join(workers[i].thread, NULL);
   PROG_EXPECT(p, started == THREADS, "cannot make %u threads", THREADS);
   for (uint32_t i = 0; i < THREADS; i++)
      PROG_EXPECT(p, workers[i].status == PROG_RIGHT, "thread %u: %.400s", i, workers[i].p.why);
   vkDestroyDescriptorPool(p->device, shared->pool, NULL);
   vkDestroyDescriptorSetLayout(p->device, shared->set_layout, NULL);
   vkDestroyDevice(p->device, NULL);
   p->device = shared->first_device;
   printf("%u threads on %u queues, %u iterations each (right)\n", THREADS, shared->queue_count,
          iterations);
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   const unsigned long iterations = argc == 2 ? strtoul(argv[1], NULL, 10) : 20;

   if (argc > 2 || !iterations || iterations > 100000) {
      fprintf(stderr, "usage: %s [ITERATIONS]\n", argv[0]);
      return PROG_WRONG;
   }
   struct shared shared = {.set_lock = PTHREAD_MUTEX_INITIALIZER};
   const enum prog_status status = run(&shared, (uint32_t)iterations);
   if (status == PROG_RIGHT)
      prog_finish(&shared.p);
   return prog_report(&shared.p, "queues", status);
}
