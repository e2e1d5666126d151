/* SPDX-License-Identifier: MIT
 *
 * Recording in several threads at once, each with its own pool and command buffer; as a frame
 * does it, all buffers are submitted and waited for (not counted) before the next turn.
 */
#include "bench/bench.h"

#include <pthread.h>
#include <stdlib.h>

#define MAX_THREADS 4
/* Three commands each; no workgroups, since executing them is not the point. */
#define DISPATCHES 1000

struct worker {
   struct bench *b;
   VkCommandBuffer cmd;
   pthread_barrier_t *start;
   pthread_barrier_t *end;
   uint64_t turns;
   /* Of the turn before `end`: when this thread began and finished. */
   uint64_t began;
   uint64_t finished;
   VkResult result;
};

static void
threads_init(struct bench *b, uint32_t threads)
{
   b->threads = threads;
   bench_make_compute(b);
   bench_make_fence(b);
}

static void
threads_init_1(struct bench *b)
{
   threads_init(b, 1);
}

static void
threads_init_2(struct bench *b)
{
   threads_init(b, 2);
}

static void
threads_init_4(struct bench *b)
{
   threads_init(b, 4);
}

static VkResult
record(const struct bench *b, VkCommandBuffer cmd)
{
   VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
   VkResult result = vkBeginCommandBuffer(cmd, &info);
   if (result)
      return result;
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->pipeline);
   for (uint32_t i = 0; i < DISPATCHES; i++) {
      uint32_t push[2] = {i, 64};
      vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->layout, 0, 1, &b->set, 0,
                              NULL);
      vkCmdPushConstants(cmd, b->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
      vkCmdDispatch(cmd, 0, 1, 1);
   }
   return vkEndCommandBuffer(cmd);
}

static void *
worker_main(void *arg)
{
   struct worker *worker = arg;
   for (uint64_t i = 0; i < worker->turns; i++) {
      pthread_barrier_wait(worker->start);
      worker->began = bench_now();
      VkResult result = record(worker->b, worker->cmd);
      worker->finished = bench_now();
      if (result)
         worker->result = result;
      pthread_barrier_wait(worker->end);
   }
   return NULL;
}

static VkCommandBuffer
new_command_buffer(struct bench *b)
{
   VkCommandBufferAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = bench_make_pool(b),
      .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
      .commandBufferCount = 1,
   };
   VkCommandBuffer cmd;
   bench_check(b, vkAllocateCommandBuffers(b->device, &info, &cmd), "vkAllocateCommandBuffers");
   return cmd;
}

/* One turn with the threads at both barriers; false when recording failed. */
static bool
turn(struct bench *b, const struct worker *workers, uint64_t *ns)
{
   pthread_barrier_wait(workers[0].start);
   pthread_barrier_wait(workers[0].end);

   bool good = true;
   uint64_t began = UINT64_MAX;
   uint64_t finished = 0;
   for (uint32_t i = 0; i < b->threads; i++) {
      good = good && workers[i].result == VK_SUCCESS;
      began = workers[i].began < began ? workers[i].began : began;
      finished = workers[i].finished > finished ? workers[i].finished : finished;
   }
   *ns += finished - began;
   return good;
}

static uint64_t
threads_run(struct bench *b, uint64_t n)
{
   pthread_barrier_t start;
   pthread_barrier_t end;
   pthread_t threads[MAX_THREADS];
   struct worker workers[MAX_THREADS];
   uint64_t ns = 0;
   bool good = true;

   pthread_barrier_init(&start, NULL, b->threads + 1);
   pthread_barrier_init(&end, NULL, b->threads + 1);
   for (uint32_t i = 0; i < b->threads; i++)
      workers[i] = (struct worker){
         .b = b, .cmd = new_command_buffer(b), .start = &start, .end = &end, .turns = n};
   /* A thread that is missing would leave the others at the barrier for good. */
   for (uint32_t i = 0; i < b->threads; i++) {
      if (pthread_create(&threads[i], NULL, worker_main, &workers[i]))
         abort();
   }
   for (uint64_t i = 0; i < n; i++) {
      good = turn(b, workers, &ns) && good;
      for (uint32_t j = 0; j < b->threads && good; j++) {
         bench_submit(b, workers[j].cmd, b->fence);
         bench_wait(b);
      }
   }
   for (uint32_t i = 0; i < b->threads; i++)
      pthread_join(threads[i], NULL);
   pthread_barrier_destroy(&start);
   pthread_barrier_destroy(&end);
   if (!good)
      bench_fail(b, "recording failed in a thread");
   return ns / b->threads;
}

const struct bench_row bench_thread_rows[] = {
   {"record-1-thread", "a command, recorded and ended: 3,000 in 1 thread", BENCH_NS, 0,
    DISPATCHES * 3, threads_init_1, threads_run},
   {"record-2-threads", "the same in 2 threads at once, each 3,000; all commands count", BENCH_NS,
    0, DISPATCHES * 3, threads_init_2, threads_run},
   {"record-4-threads", "the same in 4 threads", BENCH_NS, 0, DISPATCHES * 3, threads_init_4,
    threads_run},
   {0},
};
