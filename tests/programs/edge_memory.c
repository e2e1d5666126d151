/* SPDX-License-Identifier: MIT */
/*
 * edge_memory: what programs do at the edges of memory and of synchronisation. Each check does what
 * a native driver lets pass. The checks go through the same calls on every driver.
 */
#include "tests/programs/checks.h"
#include "tests/programs/common.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A submission that nobody lets go on would wait for ever. */
#define WAIT_NS UINT64_C(10000000000)

/* --- Posts that others wait for --- */

struct waiter {
   struct prog *p;
   VkFence fence;
   _Atomic int thread; /* the waiting thread's id; 0: it does not run yet */
   VkResult result;
};

static void *
wait_for_fence(void *data)
{
   struct waiter *w = data;

   w->thread = (int)syscall(SYS_gettid);
   w->result = vkWaitForFences(w->p->device, 1, &w->fence, VK_TRUE, WAIT_NS);
   return NULL;
}

/* Returns once the thread sleeps in its wait. */
static void
wait_for_sleep(const struct waiter *w)
{
   char path[64], state = 'R';

   while (!w->thread)
      sched_yield();
   snprintf(path, sizeof(path), "/proc/self/task/%d/stat", w->thread);
   while (state != 'S') {
      FILE *file = fopen(path, "r");
      if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
         state = 'S';
      if (file)
         fclose(file);
      sched_yield();
   }
}

/* Submits what `submit` tells, lets another thread wait for it, and does `release`, which lets the
 * device go on. This thread makes no other call until the other thread is back. */
static enum prog_status
release_once_waited_for(struct prog *p, const VkSubmitInfo *submit, VkResult (*release)(void *data),
                        void *data)
{
   const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   struct waiter w = {.p = p};
   pthread_t thread;

   PROG_VK(p, vkCreateFence(p->device, &info, NULL, &w.fence));
   PROG_VK(p, vkQueueSubmit(p->queue, 1, submit, w.fence));
   PROG_EXPECT(p, !pthread_create(&thread, NULL, wait_for_fence, &w), "no thread");
   wait_for_sleep(&w);
   const VkResult released = release(data);
   pthread_join(thread, NULL);
   PROG_VK(p, released);
   PROG_VK(p, w.result);
   vkDestroyFence(p->device, w.fence, NULL);
   return PROG_RIGHT;
}

struct set {
   VkDevice device;
   VkEvent event;
};

static VkResult
set_event(void *data)
{
   const struct set *s = data;

   return vkSetEvent(s->device, s->event);
}

static enum prog_status
check_event(struct prog *p)
{
   const VkEventCreateInfo info = {.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
   struct set s = {.device = p->device};
   VkCommandBuffer commands;

   PROG_VK(p, vkCreateEvent(p->device, &info, NULL, &s.event));
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdWaitEvents(commands, 1, &s.event, VK_PIPELINE_STAGE_HOST_BIT,
                   VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, NULL, 0, NULL, 0, NULL);
   PROG_VK(p, vkEndCommandBuffer(commands));
   const VkSubmitInfo submit = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .commandBufferCount = 1,
      .pCommandBuffers = &commands,
   };
   PROG_STEP(release_once_waited_for(p, &submit, set_event, &s));
   vkFreeCommandBuffers(p->device, p->pool, 1, &commands);
   vkDestroyEvent(p->device, s.event, NULL);
   return PROG_RIGHT;
}

struct raise {
   VkDevice device;
   VkSemaphoreSignalInfo info;
};

static VkResult
raise_timeline(void *data)
{
   const struct raise *r = data;

   return vkSignalSemaphore(r->device, &r->info);
}

static enum prog_status
check_timeline(struct prog *p)
{
   const VkSemaphoreTypeCreateInfo type = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
      .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
   };
   const VkSemaphoreCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
      .pNext = &type,
   };
   struct raise r = {.device = p->device,
                     .info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .value = 7}};
   const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;

   if (p->api < VK_API_VERSION_1_2 || !p->features12.timelineSemaphore)
      return prog_skipped(p, "there are no timelines");
   PROG_VK(p, vkCreateSemaphore(p->device, &info, NULL, &r.info.semaphore));
   const VkTimelineSemaphoreSubmitInfo values = {
      .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
      .waitSemaphoreValueCount = 1,
      .pWaitSemaphoreValues = &r.info.value,
   };
   const VkSubmitInfo submit = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .pNext = &values,
      .waitSemaphoreCount = 1,
      .pWaitSemaphores = &r.info.semaphore,
      .pWaitDstStageMask = &stage,
   };
   PROG_STEP(release_once_waited_for(p, &submit, raise_timeline, &r));
   vkDestroySemaphore(p->device, r.info.semaphore, NULL);
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   static const struct prog_check checks[] = {
      {"a thread that only joins sets an event", check_event},
      {"a thread that only joins raises a timeline", check_timeline},
   };

   return prog_checks_main(argc, argv, checks, PROG_COUNT(checks), PROG_CHECKS_WITH_DEVICE);
}
