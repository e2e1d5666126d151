/* SPDX-License-Identifier: MIT */
/*
 * lost: what an application sees when the other end of its driver dies.
 *
 * The program makes its objects, prints "ready" and waits as MODE says. The process that started it
 * first tells it the time and then kills the worker. It tells the time by SIGUSR1, or by
 * CLOCK_MONOTONIC nanoseconds in decimal and a newline as the content of FILE (write a temporary
 * file in the same folder and rename it). The wait has to end with VK_ERROR_DEVICE_LOST within a
 * second of that.
 */
#include "tests/programs/lost.h"

#include "tests/programs/shaders.h"
#include "tests/programs/sum.h"

#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static const char usage[] =
   "usage: lost MODE [--self-test] [--timeout SECONDS] [--limit SECONDS] [FILE]\n"
   "   wait-fence        killed in vkWaitForFences without a time limit\n"
   "   wait-semaphore    killed in vkWaitSemaphores without a time limit\n"
   "   queue-wait-idle   killed in vkQueueWaitIdle\n"
   "   device-wait-idle  killed in vkDeviceWaitIdle\n"
   "   poll-fence        killed while vkGetFenceStatus is called again and again\n"
   "   idle              killed while no call is made\n"
   "   mapped            killed while mapped memory is written and read\n"
   "   record            killed while commands are recorded\n"
   "   --self-test       nobody kills: the program ends its own wait (on any driver)\n"
   "   --timeout         a hang is reported after so long (default 30)\n"
   "   --limit           what the loss may take to be told (default 1)\n"
   "   FILE              will hold the time of the kill (CLOCK_MONOTONIC ns); without: SIGUSR1\n";

/* Signal handlers have no parameter to carry these. */
static _Atomic uint64_t signalled_at;
static const char *_Atomic current_step = "start";

void
lost_step(const char *name)
{
   current_step = name;
}

static void
on_usr1(int signal)
{
   (void)signal;
   signalled_at = prog_time_ns();
}

static void
on_alarm(int signal)
{
   (void)signal;
   const char *const parts[] = {"lost: hangs in ", current_step, "\n"};
   for (size_t i = 0; i < PROG_COUNT(parts); i++) {
      if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0)
         break;
   }
   _exit(PROG_WRONG);
}

uint64_t
lost_time(const struct lost *l)
{
   if (signalled_at || !l->file)
      return signalled_at;
   FILE *file = fopen(l->file, "r");
   if (!file)
      return 0;
   char text[32] = "";
   if (!fgets(text, sizeof(text), file))
      text[0] = '\0';
   fclose(file);
   return strchr(text, '\n') ? strtoull(text, NULL, 10) : 0;
}

uint32_t
lost_pattern(uint32_t index)
{
   return index * 2654435761u;
}

/* Objects */

static enum prog_status
init_sync(struct lost *l)
{
   struct prog *p = &l->p;
   const VkSemaphoreTypeCreateInfo type = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
      .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
   };
   const VkSemaphoreCreateInfo semaphore = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
      .pNext = &type,
   };
   PROG_VK(p, vkCreateSemaphore(p->device, &semaphore, NULL, &l->timeline));
   const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   PROG_VK(p, vkCreateFence(p->device, &fence, NULL, &l->fence));
   const VkEventCreateInfo event = {.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
   PROG_VK(p, vkCreateEvent(p->device, &event, NULL, &l->event));
   const VkQueryPoolCreateInfo queries = {
      .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
      .queryType = VK_QUERY_TYPE_OCCLUSION,
      .queryCount = 1,
   };
   PROG_VK(p, vkCreateQueryPool(p->device, &queries, NULL, &l->queries));
   return PROG_RIGHT;
}

static enum prog_status
init_memory(struct lost *l)
{
   struct prog *p = &l->p;
   const VkDeviceSize size = LOST_PATTERN_WORDS * sizeof(uint32_t);
   const VkBufferUsageFlags usage =
      VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
   PROG_STEP(prog_buffer_init(p, &l->mapped, size, usage));
   for (uint32_t i = 0; i < LOST_PATTERN_WORDS; i++)
      ((uint32_t *)l->mapped.map)[i] = lost_pattern(i);
   PROG_STEP(prog_buffer_init(p, &l->unmapped, size, usage));
   vkUnmapMemory(p->device, l->unmapped.memory);
   l->unmapped.map = NULL;
   return PROG_RIGHT;
}

static void
record_some(struct lost *l)
{
   const uint32_t push[3] = {0, 1, 2};
   uint8_t data[1024] = {0};
   prog_compute_use(&l->compute, l->commands);
   vkCmdPushConstants(l->commands, l->compute.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push),
                      push);
   vkCmdDispatch(l->commands, 1, 1, 1);
   vkCmdUpdateBuffer(l->commands, l->unmapped.buffer, 0, sizeof(data), data);
   prog_memory_barrier(l->commands);
}

static VkResult
begin(struct lost *l)
{
   const VkCommandBufferBeginInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
   };
   return vkBeginCommandBuffer(l->commands, &info);
}

static enum prog_status
init_commands(struct lost *l)
{
   struct prog *p = &l->p;
   PROG_STEP(prog_compute_init(p, &l->compute, &prog_shader_write, 1, 12, NULL));
   prog_compute_bind_buffer(p, &l->compute, 0, l->unmapped.buffer);
   const VkCommandBufferAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = p->pool,
      .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
      .commandBufferCount = 1,
   };
   PROG_VK(p, vkAllocateCommandBuffers(p->device, &info, &l->commands));
   PROG_VK(p, begin(l));
   record_some(l);
   PROG_VK(p, vkEndCommandBuffer(l->commands));
   return PROG_RIGHT;
}

/* A submission that waits for a value that nobody ever signals. */
static enum prog_status
submit_endless(struct lost *l)
{
   struct prog *p = &l->p;
   const uint64_t wait = 1, signal = 2;
   const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   const VkTimelineSemaphoreSubmitInfo values = {
      .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
      .waitSemaphoreValueCount = 1,
      .pWaitSemaphoreValues = &wait,
      .signalSemaphoreValueCount = 1,
      .pSignalSemaphoreValues = &signal,
   };
   const VkSubmitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .pNext = &values,
      .waitSemaphoreCount = 1,
      .pWaitSemaphores = &l->timeline,
      .pWaitDstStageMask = &stage,
      .commandBufferCount = 1,
      .pCommandBuffers = &l->commands,
      .signalSemaphoreCount = 1,
      .pSignalSemaphores = &l->timeline,
   };
   PROG_VK(p, vkQueueSubmit(p->queue, 1, &info, l->fence));
   l->submitted = true;
   return PROG_RIGHT;
}

/* The modes: each gives what the wait gave, and VK_SUCCESS if it did not wait for the device. */

static VkResult
mode_wait_fence(struct lost *l)
{
   return vkWaitForFences(l->p.device, 1, &l->fence, VK_TRUE, UINT64_MAX);
}

static VkResult
mode_wait_semaphore(struct lost *l)
{
   const uint64_t value = 2;
   const VkSemaphoreWaitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
      .semaphoreCount = 1,
      .pSemaphores = &l->timeline,
      .pValues = &value,
   };
   return vkWaitSemaphores(l->p.device, &info, UINT64_MAX);
}

static VkResult
mode_queue_wait_idle(struct lost *l)
{
   return vkQueueWaitIdle(l->p.queue);
}

static VkResult
mode_device_wait_idle(struct lost *l)
{
   return vkDeviceWaitIdle(l->p.device);
}

static VkResult
mode_poll_fence(struct lost *l)
{
   VkResult result;
   while ((result = vkGetFenceStatus(l->p.device, l->fence)) == VK_NOT_READY)
      sched_yield();
   return result;
}

/* Waits until the time of the kill is told, by the signal or by a file that appears. */
static VkResult
mode_idle(struct lost *l)
{
   const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
   char path[PATH_MAX], events[4096];
   sigset_t usr1, others;

   if (l->file) {
      snprintf(path, sizeof(path), "%s", l->file);
      if (inotify_add_watch(fd, dirname(path), IN_MOVED_TO) < 0)
         return VK_ERROR_UNKNOWN;
   }
   sigemptyset(&usr1);
   sigaddset(&usr1, SIGUSR1);
   pthread_sigmask(SIG_BLOCK, &usr1, &others);
   while (!lost_time(l)) {
      ppoll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, NULL, &others);
      while (read(fd, events, sizeof(events)) > 0)
         ;
   }
   pthread_sigmask(SIG_SETMASK, &others, NULL);
   close(fd);
   return VK_SUCCESS;
}

/* True until a while after the kill, so that the work goes on across it. */
static bool
still_busy(const struct lost *l)
{
   const uint64_t time = lost_time(l);
   return !time || prog_time_ns() - time < l->limit_ns / 4;
}

static VkResult
mode_mapped(struct lost *l)
{
   volatile uint32_t *words = l->mapped.map;
   while (still_busy(l)) {
      for (uint32_t i = 0; i < LOST_PATTERN_WORDS; i++) {
         if (words[i] != lost_pattern(i)) {
            l->mode = "mapped (its content changed)";
            return VK_ERROR_UNKNOWN;
         }
         words[i] = ~lost_pattern(i);
         words[i] = lost_pattern(i);
      }
   }
   return VK_SUCCESS;
}

static VkResult
mode_record(struct lost *l)
{
   /* The results of begin and end are not checked: the loss may come before each. */
   while (still_busy(l)) {
      if (begin(l) != VK_SUCCESS)
         continue;
      for (uint32_t i = 0; i < 1000 && still_busy(l); i++)
         record_some(l);
      (void)vkEndCommandBuffer(l->commands);
   }
   return VK_SUCCESS;
}

struct mode {
   const char *name;
   VkResult (*wait)(struct lost *l);
   bool endless; /* waits for the device */
};

static const struct mode modes[] = {
   {"wait-fence", mode_wait_fence, true},
   {"wait-semaphore", mode_wait_semaphore, true},
   {"queue-wait-idle", mode_queue_wait_idle, true},
   {"device-wait-idle", mode_device_wait_idle, true},
   {"poll-fence", mode_poll_fence, true},
   {"idle", mode_idle, false},
   {"mapped", mode_mapped, false},
   {"record", mode_record, false},
};

static void *
end_own_wait(void *argument)
{
   struct lost *l = argument;
   while (strcmp(current_step, l->mode) != 0)
      sched_yield();
   kill(getpid(), SIGUSR1);
   const VkSemaphoreSignalInfo info = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
      .semaphore = l->timeline,
      .value = 1,
   };
   if (l->submitted)
      vkSignalSemaphore(l->p.device, &info);
   return NULL;
}

/* Until the loss is noticed, an empty submission may well succeed. */
static VkResult
submit_until_lost(struct lost *l)
{
   VkResult result;
   do {
      result = vkQueueSubmit(l->p.queue, 0, NULL, VK_NULL_HANDLE);
      sched_yield();
   } while (result == VK_SUCCESS && prog_time_ns() - lost_time(l) < l->limit_ns);
   return result;
}

static enum prog_status
wait_for_loss(struct lost *l, const struct mode *mode)
{
   struct prog *p = &l->p;
   pthread_t thread;
   printf("ready\n");
   fflush(stdout);
   if (l->self_test && pthread_create(&thread, NULL, end_own_wait, l) != 0)
      return prog_wrong(p, "cannot make a thread");

   lost_step(mode->name);
   VkResult result = mode->wait(l);
   if (l->self_test) {
      pthread_join(thread, NULL);
      PROG_EXPECT(p, result == VK_SUCCESS, "%s ended with %s", l->mode, prog_result_name(result));
      PROG_VK(p, vkDeviceWaitIdle(p->device));
      return PROG_RIGHT;
   }

   if (result == VK_SUCCESS && !mode->endless) {
      lost_step("vkQueueSubmit after the loss");
      result = submit_until_lost(l);
   }
   const uint64_t now = prog_time_ns();
   const uint64_t then = lost_time(l);
   PROG_EXPECT(p, result == VK_ERROR_DEVICE_LOST, "%s ended with %s", l->mode,
               prog_result_name(result));
   PROG_EXPECT(p, then, "%s ended with VK_ERROR_DEVICE_LOST before anything was killed", l->mode);
   const uint64_t took = now > then ? now - then : 0;
   PROG_EXPECT(p, took < l->limit_ns, "%s ended %llu ms after the kill", l->mode,
               (unsigned long long)took / 1000000);
   printf("%s: VK_ERROR_DEVICE_LOST %llu.%03llu ms after the kill\n", l->mode,
          (unsigned long long)took / 1000000, (unsigned long long)took / 1000 % 1000);
   return PROG_RIGHT;
}

static enum prog_status
compute_anew(struct lost *l)
{
   lost_step("a computation on a new instance");
   struct prog fresh = {0};
   const struct prog_sum_push push = {.count = PROG_SUM_ELEMENTS, .scale = 3, .offset = 1};
   uint32_t sum;
   enum prog_status status = prog_init(&fresh);
   if (status == PROG_RIGHT)
      status = prog_sum_run(&fresh, &push, &sum);
   if (status != PROG_RIGHT)
      return prog_wrong(&l->p, "on a new instance: %.400s", fresh.why);
   prog_finish(&fresh);
   printf("a new instance computes\n");
   return PROG_RIGHT;
}

static enum prog_status
run(struct lost *l, const struct mode *mode)
{
   lost_step("set-up");
   PROG_STEP(prog_init(&l->p));
   if (!l->p.features12.timelineSemaphore)
      return prog_skipped(&l->p, "the device has no timeline semaphores");
   PROG_STEP(init_sync(l));
   PROG_STEP(init_memory(l));
   PROG_STEP(init_commands(l));
   if (mode->endless)
      PROG_STEP(submit_endless(l));

   PROG_STEP(wait_for_loss(l, mode));
   if (!l->self_test)
      PROG_STEP(lost_check_calls(l));
   PROG_STEP(lost_check_mapped(l));
   PROG_STEP(lost_check_destroys(l));
   return compute_anew(l);
}

static const struct mode *
find_mode(const char *name)
{
   for (size_t i = 0; i < PROG_COUNT(modes); i++) {
      if (strcmp(modes[i].name, name) == 0)
         return &modes[i];
   }
   return NULL;
}

int
main(int argc, char **argv)
{
   const struct mode *mode = argc > 1 ? find_mode(argv[1]) : NULL;
   bool understood = mode != NULL;
   unsigned timeout = 30;
   struct lost l = {.mode = argc > 1 ? argv[1] : NULL, .limit_ns = LOST_LIMIT_NS};
   for (int i = 2; i < argc; i++) {
      if (strcmp(argv[i], "--self-test") == 0)
         l.self_test = true;
      else if (strcmp(argv[i], "--timeout") == 0 && i + 1 < argc)
         timeout = (unsigned)strtoul(argv[++i], NULL, 10);
      else if (strcmp(argv[i], "--limit") == 0 && i + 1 < argc)
         l.limit_ns = strtoul(argv[++i], NULL, 10) * LOST_LIMIT_NS;
      else if (argv[i][0] != '-' && !l.file)
         l.file = argv[i];
      else
         understood = false;
   }
   if (!understood) {
      fputs(usage, stderr);
      return PROG_WRONG;
   }

   setvbuf(stdout, NULL, _IOLBF, 0); /* what was said is out when the alarm ends it all */
   signal(SIGUSR1, on_usr1);
   signal(SIGALRM, on_alarm);
   alarm(timeout);
   return prog_report(&l.p, "lost", run(&l, mode));
}
