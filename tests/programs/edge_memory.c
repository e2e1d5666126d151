/* SPDX-License-Identifier: MIT */
/*
 * edge_memory: what programs do at the edges of memory and of synchronisation. Each check does what
 * a native driver lets pass. The checks go through the same calls on every driver.
 */
#include "tests/programs/checks.h"
#include "tests/programs/common.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

/* The state of an event that the application changes before and after a command names it. */
static enum prog_status
check_event_state(struct prog *p)
{
   const VkEventCreateInfo info = {.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
   VkEvent events[2];
   VkCommandBuffer commands;

   for (size_t i = 0; i < PROG_COUNT(events); i++) {
      PROG_VK(p, vkCreateEvent(p->device, &info, NULL, &events[i]));
      PROG_VK_IS(p, vkGetEventStatus(p->device, events[i]), VK_EVENT_RESET);
      PROG_VK(p, vkSetEvent(p->device, events[i]));
      PROG_VK_IS(p, vkGetEventStatus(p->device, events[i]), VK_EVENT_SET);
   }
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdWaitEvents(commands, 1, &events[0], VK_PIPELINE_STAGE_HOST_BIT,
                   VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, NULL, 0, NULL, 0, NULL);
   vkCmdResetEvent(commands, events[1], VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
   PROG_VK_IS(p, vkGetEventStatus(p->device, events[0]), VK_EVENT_SET);
   PROG_VK_IS(p, vkGetEventStatus(p->device, events[1]), VK_EVENT_SET);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_VK_IS(p, vkGetEventStatus(p->device, events[0]), VK_EVENT_SET);
   PROG_VK_IS(p, vkGetEventStatus(p->device, events[1]), VK_EVENT_RESET);
   PROG_VK(p, vkResetEvent(p->device, events[0]));
   PROG_VK_IS(p, vkGetEventStatus(p->device, events[0]), VK_EVENT_RESET);
   PROG_VK(p, vkSetEvent(p->device, events[1]));
   PROG_VK_IS(p, vkGetEventStatus(p->device, events[1]), VK_EVENT_SET);
   for (size_t i = 0; i < PROG_COUNT(events); i++)
      vkDestroyEvent(p->device, events[i], NULL);
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

/* --- Room that the driver does not fill --- */

#define MIB ((size_t)1 << 20)

static void *
reserve(size_t size)
{
   void *data =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

   return data == MAP_FAILED ? NULL : data;
}

/* Two timestamps, of which the second one is not earlier. */
static enum prog_status
check_stamps(struct prog *p, VkQueryPool pool, uint8_t *data, size_t size, size_t stride)
{
   uint64_t stamps[2];

   memset(data, 0x5a, sizeof(stamps));
   memset(data + stride, 0x5a, sizeof(stamps));
   PROG_VK(p, vkGetQueryPoolResults(p->device, pool, 0, 2, size, data, stride,
                                    VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
   memcpy(&stamps[0], data, sizeof(stamps[0]));
   memcpy(&stamps[1], data + stride, sizeof(stamps[1]));
   PROG_EXPECT(p, stamps[0] && stamps[0] <= stamps[1] && stamps[1] != UINT64_C(0x5a5a5a5a5a5a5a5a),
               "the stamps are %llx and %llx", (unsigned long long)stamps[0],
               (unsigned long long)stamps[1]);
   for (size_t i = 2 * sizeof(stamps[0]); stride > i && i < 64; i++)
      PROG_EXPECT(p, data[i] == (i < sizeof(stamps) ? 0x5a : 0), "byte %zu was written", i);
   return PROG_RIGHT;
}

/* A query that is not available leaves the room alone. */
static enum prog_status
check_missing_stamp(struct prog *p, VkQueryPool pool, uint8_t *data, size_t size)
{
   uint64_t after[2];

   memset(data, 0x77, sizeof(after[0]));
   memset(data + size / 2, 0x77, sizeof(after[1]));
   PROG_VK_IS(
      p, vkGetQueryPoolResults(p->device, pool, 2, 2, size, data, size / 2, VK_QUERY_RESULT_64_BIT),
      VK_NOT_READY);
   memcpy(&after[0], data, sizeof(after[0]));
   memcpy(&after[1], data + size / 2, sizeof(after[1]));
   PROG_EXPECT(p, after[0] == UINT64_C(0x7777777777777777) && after[1] == after[0],
               "results that are not available were written: %llx and %llx",
               (unsigned long long)after[0], (unsigned long long)after[1]);
   return PROG_RIGHT;
}

static enum prog_status
check_query_room(struct prog *p)
{
   const VkQueryPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
      .queryType = VK_QUERY_TYPE_TIMESTAMP,
      .queryCount = 4,
   };
   const size_t rooms[] = {16 * MIB, 200 * MIB, 700 * MIB};
   VkQueryPool pool;
   VkCommandBuffer commands;
   uint8_t *data = reserve(700 * MIB);

   if (!p->family_props.timestampValidBits)
      return prog_skipped(p, "the queue has no timestamps");
   PROG_EXPECT(p, data, "no room");
   PROG_VK(p, vkCreateQueryPool(p->device, &info, NULL, &pool));
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdResetQueryPool(commands, pool, 0, 4);
   vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, pool, 0);
   vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool, 1);
   PROG_STEP(prog_commands_run(p, commands));
   for (size_t i = 0; i < PROG_COUNT(rooms); i++) {
      PROG_STEP(check_stamps(p, pool, data, rooms[i], sizeof(uint64_t)));
      PROG_STEP(check_stamps(p, pool, data, rooms[i], rooms[i] / 2));
      PROG_STEP(check_missing_stamp(p, pool, data, rooms[i]));
   }
   vkDestroyQueryPool(p->device, pool, NULL);
   munmap(data, 700 * MIB);
   return PROG_RIGHT;
}

static enum prog_status
check_cache_room(struct prog *p)
{
   const VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
   const size_t room = 700 * MIB;
   VkPipelineCache cache;
   size_t wanted, size = room;
   void *data = reserve(room);

   PROG_EXPECT(p, data, "no room");
   PROG_VK(p, vkCreatePipelineCache(p->device, &info, NULL, &cache));
   PROG_VK(p, vkGetPipelineCacheData(p->device, cache, &wanted, NULL));
   PROG_VK(p, vkGetPipelineCacheData(p->device, cache, &size, data));
   PROG_EXPECT(p, size == wanted, "%zu bytes came, not %zu", size, wanted);
   vkDestroyPipelineCache(p->device, cache, NULL);
   munmap(data, room);
   return PROG_RIGHT;
}

/* --- Many and large allocations --- */

static VkResult
allocate(struct prog *p, VkDeviceSize size, VkDeviceMemory *memory)
{
   const VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .allocationSize = size,
      .memoryTypeIndex = prog_memory_type(p, UINT32_MAX, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT),
   };

   return vkAllocateMemory(p->device, &info, NULL, memory);
}

/* The device does something after all that. */
static enum prog_status
use(struct prog *p)
{
   struct prog_buffer buffer;
   VkCommandBuffer commands;

   PROG_STEP(prog_buffer_init(p, &buffer, 4096, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdFillBuffer(commands, buffer.buffer, 0, VK_WHOLE_SIZE, 11);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   prog_invalidate(p);
   PROG_EXPECT(p, *(uint32_t *)buffer.map == 11, "the buffer is not filled");
   prog_buffer_finish(p, &buffer);
   return PROG_RIGHT;
}

static enum prog_status
check_descriptors(struct prog *p)
{
   static VkDeviceMemory memories[300];

   for (size_t i = 0; i < PROG_COUNT(memories); i++) {
      const VkResult result = allocate(p, 16 * MIB, &memories[i]);
      PROG_EXPECT(p, result == VK_SUCCESS, "allocation %zu gave %s", i, prog_result_name(result));
   }
   const int fd = open("/dev/null", O_RDONLY);
   PROG_EXPECT(p, fd >= 0 && fd < 200, "descriptors are used up: the next one is %d", fd);
   close(fd);
   for (size_t i = 0; i < PROG_COUNT(memories); i++)
      vkFreeMemory(p->device, memories[i], NULL);
   return use(p);
}

static enum prog_status
check_address_space(struct prog *p)
{
   static VkDeviceMemory memories[64];
   VkResult result = VK_SUCCESS;
   size_t count = 0;

   while (count < PROG_COUNT(memories) &&
          (result = allocate(p, 64 * MIB, &memories[count])) == VK_SUCCESS)
      count++;
   PROG_EXPECT(p,
               result == VK_SUCCESS || result == VK_ERROR_OUT_OF_DEVICE_MEMORY ||
                  result == VK_ERROR_OUT_OF_HOST_MEMORY,
               "after %zu allocations: %s", count, prog_result_name(result));
   PROG_EXPECT(p, count > 1, "only %zu allocations", count);
   for (size_t i = 0; i < count; i++)
      vkFreeMemory(p->device, memories[i], NULL);
   PROG_VK(p, allocate(p, 64 * MIB, &memories[0]));
   vkFreeMemory(p->device, memories[0], NULL);
   return use(p);
}

/* --- Flushes --- */

#define FLUSHED (4 * MIB)

static enum prog_status
copy_word(struct prog *p, const struct prog_buffer *from, VkDeviceSize at,
          const struct prog_buffer *to)
{
   const VkBufferCopy region = {.srcOffset = at, .size = sizeof(uint32_t)};
   VkCommandBuffer commands;

   PROG_STEP(prog_commands_begin(p, &commands));
   prog_memory_barrier(commands);
   vkCmdCopyBuffer(commands, from->buffer, to->buffer, 1, &region);
   prog_memory_barrier(commands);
   return prog_commands_run(p, commands);
}

static enum prog_status
expect_copied(struct prog *p, const struct prog_buffer *from, VkDeviceSize at,
              const struct prog_buffer *to, uint32_t right)
{
   PROG_STEP(copy_word(p, from, at, to));
   prog_invalidate(p);
   const uint32_t word = *(const uint32_t *)to->map;
   PROG_EXPECT(p, word == right, "the word at %llu is %u, not %u", (unsigned long long)at, word,
               right);
   return PROG_RIGHT;
}

/* One word of 4 MiB changes in each turn, and prog_commands_run() flushes all of them. */
static enum prog_status
check_flushes(struct prog *p)
{
   struct prog_buffer from, to;

   PROG_STEP(prog_buffer_init(p, &from, FLUSHED, VK_BUFFER_USAGE_TRANSFER_SRC_BIT));
   PROG_STEP(prog_buffer_init(p, &to, 64, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   memset(from.map, 0, FLUSHED);
   for (uint32_t i = 1; i <= 10; i++) {
      const VkDeviceSize at = i * 81920u % FLUSHED + i * 4u;
      *(uint32_t *)((uint8_t *)from.map + at) = i;
      PROG_STEP(expect_copied(p, &from, at, &to, i));
      *(uint32_t *)((uint8_t *)from.map + at) = 0;
      PROG_STEP(expect_copied(p, &from, at, &to, 0));
   }
   prog_buffer_finish(p, &to);
   prog_buffer_finish(p, &from);
   return PROG_RIGHT;
}

/* The device overwrites a word, and the application writes the same word again without a look. */
static enum prog_status
check_written_again(struct prog *p)
{
   struct prog_buffer from, to;
   VkCommandBuffer commands;

   PROG_STEP(prog_buffer_init(p, &from, 4096,
                              VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   PROG_STEP(prog_buffer_init(p, &to, 64, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   memset(from.map, 0, 4096);
   PROG_STEP(expect_copied(p, &from, 0, &to, 0));
   for (int i = 0; i < 3; i++) {
      prog_flush(p);
      PROG_STEP(prog_commands_begin(p, &commands));
      vkCmdFillBuffer(commands, from.buffer, 0, VK_WHOLE_SIZE, 9);
      PROG_VK(p, vkEndCommandBuffer(commands));
      const VkSubmitInfo submit = {
         .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
         .commandBufferCount = 1,
         .pCommandBuffers = &commands,
      };
      PROG_VK(p, vkQueueSubmit(p->queue, 1, &submit, VK_NULL_HANDLE));
      PROG_VK(p, vkQueueWaitIdle(p->queue));
      vkFreeCommandBuffers(p->device, p->pool, 1, &commands);
      *(volatile uint32_t *)from.map = 0;
      PROG_STEP(copy_word(p, &from, 0, &to));
      prog_invalidate(p);
      PROG_EXPECT(p, *(const uint32_t *)to.map == 0, "the device sees %u, not 0",
                  *(const uint32_t *)to.map);
   }
   prog_buffer_finish(p, &to);
   prog_buffer_finish(p, &from);
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   static const struct prog_check checks[] = {
      {"a thread that only joins sets an event", check_event},
      {"an event has its state before and after a command names it", check_event_state},
      {"a thread that only joins raises a timeline", check_timeline},
      {"query results have more room than they need", check_query_room},
      {"a pipeline cache has more room than it needs", check_cache_room},
      {"a word changes and all is flushed", check_flushes},
      {"a word is written again over the device's", check_written_again},
      {"many allocations take no descriptors", check_descriptors},
      {"allocations fail and the device goes on", check_address_space},
   };

   return prog_checks_main(argc, argv, checks, PROG_COUNT(checks), PROG_CHECKS_WITH_DEVICE);
}
