/* SPDX-License-Identifier: MIT */
/*
 * threads: eight threads allocate, record, update and submit on one device at the same time,
 * and each checks what its own dispatches computed.
 */
#include "tests/programs/shaders.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define JOBS 3 /* in flight per thread */
#define WORDS 256

struct shared {
   struct prog p;
   struct prog_compute compute;
   pthread_mutex_t queue_lock; /* Vulkan allows one thread at a time in vkQueueSubmit on a queue */
};

struct job {
   struct prog_buffer buffer;
   VkDescriptorSet set;
   VkCommandBuffer commands;
   VkFence fence;
   uint32_t base;
};

struct worker {
   struct shared *shared;
   struct prog p; /* a copy, with its own command pool and reason */
   uint32_t index;
   uint32_t iterations;
   VkDescriptorPool sets;
   struct job jobs[JOBS];
   enum prog_status status;
   pthread_t thread;
};

static enum prog_status
init_pools(struct worker *w)
{
   struct prog *p = &w->p;
   const VkCommandPoolCreateInfo pool = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
      .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
      .queueFamilyIndex = p->family,
   };
   PROG_VK(p, vkCreateCommandPool(p->device, &pool, NULL, &p->pool));

   const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, JOBS};
   const VkDescriptorPoolCreateInfo sets = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
      .flags = VK_DESCRIPTOR_POOL_CREATE_FREE_DESCRIPTOR_SET_BIT,
      .maxSets = JOBS,
      .poolSizeCount = 1,
      .pPoolSizes = &size,
   };
   PROG_VK(p, vkCreateDescriptorPool(p->device, &sets, NULL, &w->sets));

   for (uint32_t i = 0; i < JOBS; i++) {
      const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
      PROG_VK(p, vkCreateFence(p->device, &fence, NULL, &w->jobs[i].fence));
   }
   return PROG_RIGHT;
}

static void
finish_pools(struct worker *w)
{
   for (uint32_t i = 0; i < JOBS; i++)
      vkDestroyFence(w->p.device, w->jobs[i].fence, NULL);
   vkDestroyDescriptorPool(w->p.device, w->sets, NULL);
   vkDestroyCommandPool(w->p.device, w->p.pool, NULL);
}

static enum prog_status
prepare_job(struct worker *w, struct job *job)
{
   struct prog *p = &w->p;
   PROG_STEP(prog_buffer_init(p, &job->buffer, WORDS * sizeof(uint32_t),
                              VK_BUFFER_USAGE_STORAGE_BUFFER_BIT));
   memset(job->buffer.map, 0xff, job->buffer.size);

   const VkDescriptorSetAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
      .descriptorPool = w->sets,
      .descriptorSetCount = 1,
      .pSetLayouts = &w->shared->compute.set_layout,
   };
   PROG_VK(p, vkAllocateDescriptorSets(p->device, &info, &job->set));
   struct prog_compute own = w->shared->compute;
   own.set = job->set;
   prog_compute_bind_buffer(p, &own, 0, job->buffer.buffer);

   PROG_STEP(prog_commands_begin(p, &job->commands));
   prog_compute_use(&own, job->commands);
   /* In pieces, so that recordings of the threads overlap. */
   for (uint32_t first = 0; first < WORDS; first += 16) {
      const uint32_t push[3] = {first, job->base + first * 7, 7};
      vkCmdPushConstants(job->commands, own.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push),
                         push);
      vkCmdDispatch(job->commands, 16, 1, 1);
   }
   prog_memory_barrier(job->commands);
   PROG_VK(p, vkEndCommandBuffer(job->commands));
   return PROG_RIGHT;
}

/* For memory that is not coherent. */
static VkMappedMemoryRange
mapped_range(const struct job *job)
{
   return (VkMappedMemoryRange){
      .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
      .memory = job->buffer.memory,
      .size = VK_WHOLE_SIZE,
   };
}

static enum prog_status
submit_job(struct worker *w, struct job *job)
{
   const VkSubmitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .commandBufferCount = 1,
      .pCommandBuffers = &job->commands,
   };
   /* This one's only: the others are in flight. */
   const VkMappedMemoryRange range = mapped_range(job);
   PROG_VK(&w->p, vkFlushMappedMemoryRanges(w->p.device, 1, &range));
   pthread_mutex_lock(&w->shared->queue_lock);
   const VkResult result = vkQueueSubmit(w->p.queue, 1, &info, job->fence);
   pthread_mutex_unlock(&w->shared->queue_lock);
   PROG_EXPECT(&w->p, result == VK_SUCCESS, "vkQueueSubmit gave %s", prog_result_name(result));
   return PROG_RIGHT;
}

static enum prog_status
finish_job(struct worker *w, struct job *job)
{
   struct prog *p = &w->p;
   PROG_VK(p, vkWaitForFences(p->device, 1, &job->fence, VK_TRUE, PROG_TIMEOUT_NS));
   const VkMappedMemoryRange range = mapped_range(job);
   PROG_VK(p, vkInvalidateMappedMemoryRanges(p->device, 1, &range));
   const uint32_t *words = job->buffer.map;
   for (uint32_t i = 0; i < WORDS; i++) {
      PROG_EXPECT(p, words[i] == job->base + 7 * i, "word %u is %u, not %u", i, words[i],
                  job->base + 7 * i);
   }
   PROG_VK(p, vkResetFences(p->device, 1, &job->fence));
   PROG_VK(p, vkFreeDescriptorSets(p->device, w->sets, 1, &job->set));
   vkFreeCommandBuffers(p->device, p->pool, 1, &job->commands);
   prog_buffer_finish(p, &job->buffer);
   return PROG_RIGHT;
}

static enum prog_status
work(struct worker *w)
{
   PROG_STEP(init_pools(w));
   for (uint32_t n = 0; n < w->iterations; n++) {
      for (uint32_t i = 0; i < JOBS; i++) {
         w->jobs[i].base = w->index * 100000000u + n * 10000u + i * 2000u;
         PROG_STEP(prepare_job(w, &w->jobs[i]));
         PROG_STEP(submit_job(w, &w->jobs[i]));
      }
      for (uint32_t i = 0; i < JOBS; i++)
         PROG_STEP(finish_job(w, &w->jobs[i]));
   }
   finish_pools(w);
   return PROG_RIGHT;
}

static void *
thread_main(void *argument)
{
   struct worker *w = argument;
   w->status = work(w);
   return NULL;
}

static enum prog_status
run(struct shared *shared, uint32_t iterations)
{
   struct prog *p = &shared->p;
   PROG_STEP(prog_init(p));
   printf("device: %s\n", p->props.deviceName);
   PROG_STEP(prog_compute_init(p, &shared->compute, &prog_shader_write, 1, 12, NULL));

   struct worker workers[THREADS] = {0};
   uint32_t started = 0;
   while (started < THREADS) {
      struct worker *w = &workers[started];
      *w = (struct worker){
         .shared = shared,
         .p = *p,
         .index = started,
         .iterations = iterations,
      };
      if (pthread_create(&w->thread, NULL, thread_main, w) != 0)
         break;
      started++;
   }
   for (uint32_t i = 0; i < started; i++)
      pthread_join(workers[i].thread, NULL);
   PROG_EXPECT(p, started == THREADS, "cannot make %u threads", THREADS);
   for (uint32_t i = 0; i < THREADS; i++) {
      PROG_EXPECT(p, workers[i].status == PROG_RIGHT, "thread %u: %.400s", i, workers[i].p.why);
   }

   prog_compute_finish(p, &shared->compute);
   printf("%u threads, %u iterations each, %u dispatches (right)\n", THREADS, iterations,
          THREADS * iterations * JOBS * (WORDS / 16));
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   unsigned long iterations = 50;
   char *end = NULL;
   if (argc == 2)
      iterations = strtoul(argv[1], &end, 10);
   if (argc > 2 || (end && (*end || end == argv[1])) || iterations > 100000) {
      fprintf(stderr, "usage: threads [ITERATIONS]\n");
      return PROG_WRONG;
   }
   struct shared shared = {.queue_lock = PTHREAD_MUTEX_INITIALIZER};
   const enum prog_status status = run(&shared, (uint32_t)iterations);
   if (status == PROG_RIGHT)
      prog_finish(&shared.p);
   return prog_report(&shared.p, "threads", status);
}
