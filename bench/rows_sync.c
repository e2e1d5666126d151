/* SPDX-License-Identifier: MIT
 *
 * Submitting, waiting, and asking whether something is done.
 */
#include "bench/bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define BURST 1000

static void
sync_init(struct bench *b)
{
   bench_make_fence(b);
   b->cmd = bench_make_command_buffer(b, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
   b->buffers[0] = bench_make_buffer(b, 4096, VK_BUFFER_USAGE_TRANSFER_DST_BIT, 0);
   bench_begin(b, b->cmd);
   vkCmdFillBuffer(b->cmd, b->buffers[0].buffer, 0, 64, 0x746f6e67);
   bench_check(b, vkEndCommandBuffer(b->cmd), "vkEndCommandBuffer");
}

static uint64_t
submit_wait_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      uint64_t before = bench_now();
      bench_submit(b, b->cmd, b->fence);
      bench_wait(b);
      bench_sample(b, bench_now() - before);
   }
   return bench_now() - start;
}

static void *
load_main(void *arg)
{
   atomic_bool *stop = arg;
   while (!atomic_load_explicit(stop, memory_order_relaxed)) {
   }
   return NULL;
}

/* A busy thread for every core that this process may use. */
static uint64_t
submit_wait_load_run(struct bench *b, uint64_t n)
{
   pthread_t threads[256];
   atomic_bool stop = false;
   cpu_set_t cpus;
   int count = 1;
   if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
      count = CPU_COUNT(&cpus) < 256 ? CPU_COUNT(&cpus) : 256;

   int started = 0;
   while (started < count && pthread_create(&threads[started], NULL, load_main, &stop) == 0)
      started++;
   uint64_t ns = submit_wait_run(b, n);
   atomic_store(&stop, true);
   for (int i = 0; i < started; i++)
      pthread_join(threads[i], NULL);
   if (started < count)
      bench_fail(b, "only %d of %d busy threads could be started", started, count);
   return ns;
}

static uint64_t
submit_wait_idle_run(struct bench *b, uint64_t n)
{
   uint64_t ns = 0;
   for (uint64_t i = 0; i < n; i++) {
      struct timespec pause = {.tv_nsec = 5000000};
      nanosleep(&pause, NULL);
      uint64_t before = bench_now();
      bench_submit(b, b->cmd, b->fence);
      bench_wait(b);
      uint64_t spent = bench_now() - before;
      bench_sample(b, spent);
      ns += spent;
   }
   return ns;
}

static uint64_t
submit_queue_idle_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      uint64_t before = bench_now();
      bench_submit(b, b->cmd, VK_NULL_HANDLE);
      bench_check(b, vkQueueWaitIdle(b->queue), "vkQueueWaitIdle");
      bench_sample(b, bench_now() - before);
   }
   return bench_now() - start;
}

static uint64_t
submit_many_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      for (int j = 0; j < 15; j++)
         bench_submit(b, VK_NULL_HANDLE, VK_NULL_HANDLE);
      bench_submit(b, b->cmd, b->fence);
      bench_wait(b);
   }
   return bench_now() - start;
}

/* Submitting only: the wait after the burst is not counted. */
static uint64_t
submit_burst_run(struct bench *b, uint64_t n)
{
   uint64_t ns = 0;
   for (uint64_t i = 0; i < n; i++) {
      uint64_t start = bench_now();
      for (int j = 0; j < BURST; j++)
         bench_submit(b, b->cmd, VK_NULL_HANDLE);
      ns += bench_now() - start;
      bench_check(b, vkQueueWaitIdle(b->queue), "vkQueueWaitIdle");
   }
   return ns;
}

/* The same without command buffers. */
static uint64_t
submit_empty_burst_run(struct bench *b, uint64_t n)
{
   uint64_t ns = 0;
   for (uint64_t i = 0; i < n; i++) {
      uint64_t start = bench_now();
      for (int j = 0; j < BURST; j++)
         bench_submit(b, VK_NULL_HANDLE, VK_NULL_HANDLE);
      ns += bench_now() - start;
      bench_check(b, vkQueueWaitIdle(b->queue), "vkQueueWaitIdle");
   }
   return ns;
}

static uint64_t
wait_idle_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++)
      bench_check(b, vkQueueWaitIdle(b->queue), "vkQueueWaitIdle");
   return bench_now() - start;
}

static uint64_t
device_wait_idle_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++)
      bench_check(b, vkDeviceWaitIdle(b->device), "vkDeviceWaitIdle");
   return bench_now() - start;
}

static void
fence_signalled_init(struct bench *b)
{
   sync_init(b);
   bench_submit(b, b->cmd, b->fence);
   bench_check(b, vkWaitForFences(b->device, 1, &b->fence, VK_TRUE, UINT64_MAX), "vkWaitForFences");
}

static uint64_t
fence_signalled_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      if (vkGetFenceStatus(b->device, b->fence) != VK_SUCCESS)
         bench_fail(b, "a signalled fence is not");
   }
   return bench_now() - start;
}

static uint64_t
fence_unsignalled_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      if (vkGetFenceStatus(b->device, b->fence) != VK_NOT_READY)
         bench_fail(b, "an unsignalled fence is not");
   }
   return bench_now() - start;
}

/* Submit, then poll: what programs do that must not sleep. */
static uint64_t
submit_poll_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      uint64_t before = bench_now();
      bench_submit(b, b->cmd, b->fence);
      VkResult status;
      while ((status = vkGetFenceStatus(b->device, b->fence)) == VK_NOT_READY) {
         if (bench_now() - before > 10000000000u)
            bench_fail(b, "the fence was not signalled in 10 s");
      }
      bench_check(b, status, "vkGetFenceStatus");
      bench_check(b, vkResetFences(b->device, 1, &b->fence), "vkResetFences");
      bench_sample(b, bench_now() - before);
   }
   return bench_now() - start;
}

static uint64_t
timeline_submit(struct bench *b)
{
   uint64_t value = ++b->timeline_value;
   VkTimelineSemaphoreSubmitInfo timeline = {
      .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
      .signalSemaphoreValueCount = 1,
      .pSignalSemaphoreValues = &value,
   };
   VkSubmitInfo submit = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .pNext = &timeline,
      .commandBufferCount = 1,
      .pCommandBuffers = &b->cmd,
      .signalSemaphoreCount = 1,
      .pSignalSemaphores = &b->timeline,
   };
   bench_check(b, vkQueueSubmit(b->queue, 1, &submit, VK_NULL_HANDLE), "vkQueueSubmit");

   VkSemaphoreWaitInfo wait = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
      .semaphoreCount = 1,
      .pSemaphores = &b->timeline,
      .pValues = &value,
   };
   bench_check(b, b->wait_semaphores(b->device, &wait, UINT64_MAX), "vkWaitSemaphores");
   return value;
}

static void
timeline_init(struct bench *b)
{
   bench_make_timeline(b);
   sync_init(b);
   timeline_submit(b);
}

static uint64_t
timeline_value_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      uint64_t value;
      bench_check(b, b->get_semaphore_counter_value(b->device, b->timeline, &value),
                  "vkGetSemaphoreCounterValue");
      if (value != b->timeline_value)
         bench_fail(b, "the timeline is at another value than was signalled");
   }
   return bench_now() - start;
}

static uint64_t
timeline_wait_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      uint64_t before = bench_now();
      timeline_submit(b);
      bench_sample(b, bench_now() - before);
   }
   return bench_now() - start;
}

static uint64_t
timeline_signal_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      VkSemaphoreSignalInfo signal = {
         .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
         .semaphore = b->timeline,
         .value = ++b->timeline_value,
      };
      bench_check(b, b->signal_semaphore(b->device, &signal), "vkSignalSemaphore");
   }
   bench_drain(b);
   return bench_now() - start;
}

/* A thread that signals a timeline and reads its value: nobody else has a part in it. */
static uint64_t
timeline_host_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      VkSemaphoreSignalInfo signal = {
         .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
         .semaphore = b->timeline,
         .value = ++b->timeline_value,
      };
      uint64_t value = 0;
      bench_check(b, b->signal_semaphore(b->device, &signal), "vkSignalSemaphore");
      bench_check(b, b->get_semaphore_counter_value(b->device, b->timeline, &value),
                  "vkGetSemaphoreCounterValue");
      if (value != b->timeline_value)
         bench_fail(b, "the timeline is at another value than was signalled");
   }
   return bench_now() - start;
}

static uint64_t
hot_call_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      uint64_t before = bench_now();
      bench_drain(b);
      bench_sample(b, bench_now() - before);
   }
   return bench_now() - start;
}

static void
drain_init(struct bench *b)
{
   bench_drain(b);
}

/* An event that no command names. */
static uint64_t
event_run(struct bench *b, uint64_t n)
{
   const VkEventCreateInfo info = {.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
   VkEvent event;

   bench_check(b, vkCreateEvent(b->device, &info, NULL, &event), "vkCreateEvent");
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      bench_check(b, vkSetEvent(b->device, event), "vkSetEvent");
      if (vkGetEventStatus(b->device, event) != VK_EVENT_SET)
         bench_fail(b, "an event that was set is not");
      bench_check(b, vkResetEvent(b->device, event), "vkResetEvent");
   }
   uint64_t ns = bench_now() - start;
   vkDestroyEvent(b->device, event, NULL);
   return ns;
}

const struct bench_row bench_sync_rows[] = {
   {"submit-wait", "vkQueueSubmit of a small fill, wait for its fence, reset it", BENCH_US,
    BENCH_SAMPLED, 1, sync_init, submit_wait_run},
   {"submit-wait-load", "the same with a busy thread per core beside it", BENCH_US, BENCH_SAMPLED,
    1, sync_init, submit_wait_load_run},
   {"submit-wait-idle5", "the same after 5 ms of sleep", BENCH_US, BENCH_SAMPLED, 1, sync_init,
    submit_wait_idle_run},
   {"submit-poll", "the same, polling vkGetFenceStatus", BENCH_US, BENCH_SAMPLED, 1, sync_init,
    submit_poll_run},
   {"submit-queue-idle", "vkQueueSubmit of a small fill, vkQueueWaitIdle", BENCH_US, BENCH_SAMPLED,
    1, sync_init, submit_queue_idle_run},
   {"submit-many", "one of 16 submits with one wait after them", BENCH_US, 0, 16, sync_init,
    submit_many_run},
   {"submit-burst", "one of 1,000 submits of a small fill in a row; the wait does not count",
    BENCH_NS, 0, BURST, sync_init, submit_burst_run},
   {"submit-burst-empty", "one of 1,000 submits of nothing in a row; the wait does not count",
    BENCH_NS, 0, BURST, sync_init, submit_empty_burst_run},
   {"wait-idle", "vkQueueWaitIdle on an idle queue", BENCH_RATE, 0, 1, sync_init, wait_idle_run},
   {"device-wait-idle", "vkDeviceWaitIdle on an idle device", BENCH_RATE, 0, 1, sync_init,
    device_wait_idle_run},
   {"fence-status", "vkGetFenceStatus of a signalled fence", BENCH_RATE, 0, 1, fence_signalled_init,
    fence_signalled_run},
   {"fence-status-pending", "vkGetFenceStatus of an unsignalled fence", BENCH_RATE, 0, 1, sync_init,
    fence_unsignalled_run},
   {"timeline-value", "vkGetSemaphoreCounterValue", BENCH_RATE, 0, 1, timeline_init,
    timeline_value_run},
   {"timeline-wait", "vkQueueSubmit that signals a timeline, vkWaitSemaphores", BENCH_US,
    BENCH_SAMPLED, 1, timeline_init, timeline_wait_run},
   {"timeline-signal", "vkSignalSemaphore, drained", BENCH_NS, 0, 1, timeline_init,
    timeline_signal_run},
   {"timeline-host", "vkSignalSemaphore, vkGetSemaphoreCounterValue", BENCH_NS, 0, 1, timeline_init,
    timeline_host_run},
   {"event", "vkSetEvent, vkGetEventStatus and vkResetEvent", BENCH_NS, 0, 1, NULL, event_run},
   {"hot-call", "vkGetPipelineCacheData's size: no client can know it", BENCH_US, BENCH_SAMPLED, 1,
    drain_init, hot_call_run},
   {0},
};
