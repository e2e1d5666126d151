/* SPDX-License-Identifier: MIT */
/* Checks of fences, events, semaphores and submissions. */
#include "tests/programs/many.h"

#include <pthread.h>
#include <string.h>

#define WORDS 64u
#define BYTES (WORDS * sizeof(uint32_t))
#define TURNS UINT64_C(3000)

static const VkPipelineStageFlags all_stages = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;

static enum prog_status
make_fence(struct prog *p, VkFenceCreateFlags flags, VkFence *fence)
{
   const VkFenceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
      .flags = flags,
   };
   PROG_VK(p, vkCreateFence(p->device, &info, NULL, fence));
   return PROG_RIGHT;
}

static enum prog_status
make_semaphore(struct prog *p, bool timeline, uint64_t value, VkSemaphore *semaphore)
{
   const VkSemaphoreTypeCreateInfo type = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
      .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
      .initialValue = value,
   };
   const VkSemaphoreCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
      .pNext = timeline ? &type : NULL,
   };
   PROG_VK(p, vkCreateSemaphore(p->device, &info, NULL, semaphore));
   return PROG_RIGHT;
}

static enum prog_status
expect_words(struct prog *p, const struct prog_buffer *buffer, uint32_t right)
{
   prog_invalidate(p);
   for (uint32_t i = 0; i < WORDS; i++) {
      const uint32_t word = ((uint32_t *)buffer->map)[i];
      PROG_EXPECT(p, word == right, "word %u is %u, not %u", i, word, right);
   }
   return PROG_RIGHT;
}

/* A command buffer that fills the buffer; to be freed by the caller. */
static enum prog_status
record_fill(struct prog *p, const struct prog_buffer *buffer, uint32_t value,
            VkCommandBuffer *commands)
{
   PROG_STEP(prog_commands_begin(p, commands));
   prog_memory_barrier(*commands);
   vkCmdFillBuffer(*commands, buffer->buffer, 0, VK_WHOLE_SIZE, value);
   prog_memory_barrier(*commands);
   PROG_VK(p, vkEndCommandBuffer(*commands));
   return PROG_RIGHT;
}

static enum prog_status
make_buffer(struct prog *p, struct prog_buffer *buffer)
{
   PROG_STEP(prog_buffer_init(p, buffer, BYTES,
                              VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   memset(buffer->map, 0, BYTES);
   return PROG_RIGHT;
}

enum prog_status
check_fences(struct prog *p)
{
   VkFence fences[3];
   PROG_STEP(make_fence(p, 0, &fences[0]));
   PROG_STEP(make_fence(p, VK_FENCE_CREATE_SIGNALED_BIT, &fences[1]));
   PROG_STEP(make_fence(p, 0, &fences[2]));
   PROG_VK_IS(p, vkGetFenceStatus(p->device, fences[0]), VK_NOT_READY);
   PROG_VK_IS(p, vkGetFenceStatus(p->device, fences[1]), VK_SUCCESS);
   PROG_VK_IS(p, vkWaitForFences(p->device, 1, fences, VK_TRUE, 0), VK_TIMEOUT);
   PROG_VK_IS(p, vkWaitForFences(p->device, 3, fences, VK_TRUE, 0), VK_TIMEOUT);
   PROG_VK_IS(p, vkWaitForFences(p->device, 3, fences, VK_FALSE, 0), VK_SUCCESS);
   PROG_VK_IS(p, vkWaitForFences(p->device, 1, &fences[1], VK_TRUE, UINT64_MAX), VK_SUCCESS);

   const uint64_t start = prog_time_ns();
   PROG_VK_IS(p, vkWaitForFences(p->device, 1, fences, VK_TRUE, 20000000), VK_TIMEOUT);
   const uint64_t took = prog_time_ns() - start;
   PROG_EXPECT(p, took >= 19000000, "a wait for 20 ms took only %llu us",
               (unsigned long long)took / 1000);

   /* An empty submission signals its fence too. */
   PROG_VK(p, vkQueueSubmit(p->queue, 0, NULL, fences[0]));
   PROG_VK(p, vkQueueSubmit(p->queue, 0, NULL, fences[2]));
   PROG_VK(p, vkWaitForFences(p->device, 3, fences, VK_TRUE, PROG_TIMEOUT_NS));
   PROG_VK(p, vkResetFences(p->device, 3, fences));
   for (uint32_t i = 0; i < 3; i++)
      PROG_VK_IS(p, vkGetFenceStatus(p->device, fences[i]), VK_NOT_READY);
   for (uint32_t i = 0; i < 3; i++)
      vkDestroyFence(p->device, fences[i], NULL);
   return PROG_RIGHT;
}

/* Set and reset by the host. */
static enum prog_status
events_of_host(struct prog *p, VkEvent event)
{
   PROG_VK_IS(p, vkGetEventStatus(p->device, event), VK_EVENT_RESET);
   PROG_VK(p, vkSetEvent(p->device, event));
   PROG_VK_IS(p, vkGetEventStatus(p->device, event), VK_EVENT_SET);
   PROG_VK(p, vkResetEvent(p->device, event));
   PROG_VK_IS(p, vkGetEventStatus(p->device, event), VK_EVENT_RESET);
   return PROG_RIGHT;
}

/* Set, waited for and reset by the device. */
static enum prog_status
events_of_device(struct prog *p, VkEvent event, const struct prog_buffer *buffer)
{
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdSetEvent(commands, event, VK_PIPELINE_STAGE_TRANSFER_BIT);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_VK_IS(p, vkGetEventStatus(p->device, event), VK_EVENT_SET);

   const VkMemoryBarrier barrier = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
      .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
      .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT,
   };
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdWaitEvents(commands, 1, &event, VK_PIPELINE_STAGE_TRANSFER_BIT,
                   VK_PIPELINE_STAGE_TRANSFER_BIT, 1, &barrier, 0, NULL, 0, NULL);
   vkCmdFillBuffer(commands, buffer->buffer, 0, VK_WHOLE_SIZE, 42);
   vkCmdResetEvent(commands, event, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_VK_IS(p, vkGetEventStatus(p->device, event), VK_EVENT_RESET);
   return expect_words(p, buffer, 42);
}

/* The device waits for what the host sets after the submission. */
static enum prog_status
events_host_to_device(struct prog *p, VkEvent event, const struct prog_buffer *buffer)
{
   VkFence fence;
   VkCommandBuffer commands;
   PROG_STEP(make_fence(p, 0, &fence));
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdWaitEvents(commands, 1, &event, VK_PIPELINE_STAGE_HOST_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT,
                   0, NULL, 0, NULL, 0, NULL);
   vkCmdFillBuffer(commands, buffer->buffer, 0, VK_WHOLE_SIZE, 43);
   prog_memory_barrier(commands);
   PROG_VK(p, vkEndCommandBuffer(commands));
   const VkSubmitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .commandBufferCount = 1,
      .pCommandBuffers = &commands,
   };
   prog_flush(p);
   PROG_VK(p, vkQueueSubmit(p->queue, 1, &info, fence));
   PROG_VK_IS(p, vkWaitForFences(p->device, 1, &fence, VK_TRUE, 10000000), VK_TIMEOUT);
   PROG_STEP(expect_words(p, buffer, 42));
   PROG_VK(p, vkSetEvent(p->device, event));
   PROG_VK(p, vkWaitForFences(p->device, 1, &fence, VK_TRUE, PROG_TIMEOUT_NS));
   vkFreeCommandBuffers(p->device, p->pool, 1, &commands);
   vkDestroyFence(p->device, fence, NULL);
   return expect_words(p, buffer, 43);
}

enum prog_status
check_events(struct prog *p)
{
   struct prog_buffer buffer;
   PROG_STEP(make_buffer(p, &buffer));
   const VkEventCreateInfo info = {.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
   VkEvent event;
   PROG_VK(p, vkCreateEvent(p->device, &info, NULL, &event));
   PROG_STEP(events_of_host(p, event));
   PROG_STEP(events_of_device(p, event, &buffer));
   PROG_STEP(events_host_to_device(p, event, &buffer));
   vkDestroyEvent(p->device, event, NULL);
   prog_buffer_finish(p, &buffer);
   return PROG_RIGHT;
}

/* The second submission copies what the first one wrote. */
enum prog_status
check_binary_semaphores(struct prog *p)
{
   struct prog_buffer from, to;
   VkSemaphore semaphore;
   VkFence fence;
   PROG_STEP(make_buffer(p, &from));
   PROG_STEP(make_buffer(p, &to));
   PROG_STEP(make_semaphore(p, false, 0, &semaphore));
   PROG_STEP(make_fence(p, 0, &fence));
   for (uint32_t round = 0; round < 4; round++) {
      VkCommandBuffer commands[2];
      PROG_STEP(record_fill(p, &from, 7 + round, &commands[0]));
      PROG_STEP(prog_commands_begin(p, &commands[1]));
      const VkBufferCopy copy = {0, 0, BYTES};
      vkCmdCopyBuffer(commands[1], from.buffer, to.buffer, 1, &copy);
      prog_memory_barrier(commands[1]);
      PROG_VK(p, vkEndCommandBuffer(commands[1]));
      const VkSubmitInfo infos[2] = {
         {
            .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
            .commandBufferCount = 1,
            .pCommandBuffers = &commands[0],
            .signalSemaphoreCount = 1,
            .pSignalSemaphores = &semaphore,
         },
         {
            .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
            .waitSemaphoreCount = 1,
            .pWaitSemaphores = &semaphore,
            .pWaitDstStageMask = &all_stages,
            .commandBufferCount = 1,
            .pCommandBuffers = &commands[1],
         },
      };
      prog_flush(p);
      if (round % 2) {
         PROG_VK(p, vkQueueSubmit(p->queue, 2, infos, fence));
      } else {
         PROG_VK(p, vkQueueSubmit(p->queue, 1, &infos[0], VK_NULL_HANDLE));
         PROG_VK(p, vkQueueSubmit(p->queue, 1, &infos[1], fence));
      }
      PROG_VK(p, vkWaitForFences(p->device, 1, &fence, VK_TRUE, PROG_TIMEOUT_NS));
      PROG_VK(p, vkResetFences(p->device, 1, &fence));
      PROG_STEP(expect_words(p, &to, 7 + round));
      vkFreeCommandBuffers(p->device, p->pool, 2, commands);
   }
   vkDestroyFence(p->device, fence, NULL);
   vkDestroySemaphore(p->device, semaphore, NULL);
   prog_buffer_finish(p, &to);
   prog_buffer_finish(p, &from);
   return PROG_RIGHT;
}

static VkResult
wait_value(struct prog *p, VkSemaphore semaphore, uint64_t value, uint64_t timeout)
{
   const VkSemaphoreWaitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
      .semaphoreCount = 1,
      .pSemaphores = &semaphore,
      .pValues = &value,
   };
   return vkWaitSemaphores(p->device, &info, timeout);
}

static VkResult
signal_value(struct prog *p, VkSemaphore semaphore, uint64_t value)
{
   const VkSemaphoreSignalInfo info = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
      .semaphore = semaphore,
      .value = value,
   };
   return vkSignalSemaphore(p->device, &info);
}

static enum prog_status
expect_value(struct prog *p, VkSemaphore semaphore, uint64_t right)
{
   uint64_t value = 0;
   PROG_VK(p, vkGetSemaphoreCounterValue(p->device, semaphore, &value));
   PROG_EXPECT(p, value == right, "the semaphore is at %llu, not %llu", (unsigned long long)value,
               (unsigned long long)right);
   return PROG_RIGHT;
}

/* Waits for one value of the timeline, then signals another. wait is 0 for no wait. */
static enum prog_status
submit_timeline(struct prog *p, VkSemaphore semaphore, uint64_t wait, uint64_t signal,
                VkCommandBuffer commands)
{
   const VkTimelineSemaphoreSubmitInfo values = {
      .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
      .waitSemaphoreValueCount = wait ? 1 : 0,
      .pWaitSemaphoreValues = &wait,
      .signalSemaphoreValueCount = 1,
      .pSignalSemaphoreValues = &signal,
   };
   const VkSubmitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .pNext = &values,
      .waitSemaphoreCount = wait ? 1 : 0,
      .pWaitSemaphores = &semaphore,
      .pWaitDstStageMask = &all_stages,
      .commandBufferCount = commands ? 1 : 0,
      .pCommandBuffers = &commands,
      .signalSemaphoreCount = 1,
      .pSignalSemaphores = &semaphore,
   };
   prog_flush(p);
   PROG_VK(p, vkQueueSubmit(p->queue, 1, &info, VK_NULL_HANDLE));
   return PROG_RIGHT;
}

enum prog_status
check_timeline_semaphores(struct prog *p)
{
   if (!p->features12.timelineSemaphore)
      return prog_skipped(p, "the device has no timelineSemaphore");
   VkSemaphore first, second;
   PROG_STEP(make_semaphore(p, true, 5, &first));
   PROG_STEP(make_semaphore(p, true, 0, &second));
   PROG_STEP(expect_value(p, first, 5));
   PROG_VK_IS(p, wait_value(p, first, 5, 0), VK_SUCCESS);
   PROG_VK_IS(p, wait_value(p, first, 6, 0), VK_TIMEOUT);
   PROG_VK_IS(p, wait_value(p, first, 6, 10000000), VK_TIMEOUT);
   PROG_VK(p, signal_value(p, first, 1ull << 33));
   PROG_STEP(expect_value(p, first, 1ull << 33));

   /* Any of two. */
   const VkSemaphore both[2] = {first, second};
   const uint64_t values[2] = {100, 1};
   VkSemaphoreWaitInfo wait = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
      .flags = VK_SEMAPHORE_WAIT_ANY_BIT,
      .semaphoreCount = 2,
      .pSemaphores = both,
      .pValues = values,
   };
   PROG_VK(p, vkWaitSemaphores(p->device, &wait, PROG_TIMEOUT_NS));
   wait.flags = 0;
   PROG_VK_IS(p, vkWaitSemaphores(p->device, &wait, 1000000), VK_TIMEOUT);

   for (uint64_t v = 1; v <= 20; v++)
      PROG_STEP(submit_timeline(p, second, v > 1 ? v - 1 : 0, v, NULL));
   PROG_VK(p, wait_value(p, second, 20, PROG_TIMEOUT_NS));
   PROG_STEP(expect_value(p, second, 20));
   PROG_VK(p, vkWaitSemaphores(p->device, &wait, 0));
   PROG_VK(p, vkQueueWaitIdle(p->queue));
   vkDestroySemaphore(p->device, second, NULL);
   vkDestroySemaphore(p->device, first, NULL);
   return PROG_RIGHT;
}

struct signaller {
   struct prog *p;
   VkSemaphore semaphore;
   VkResult result;
};

/* Waits until the main thread says 1, and answers 2, for which a submission waits. */
static void *
signal_from_thread(void *argument)
{
   struct signaller *s = argument;
   s->result = wait_value(s->p, s->semaphore, 1, PROG_TIMEOUT_NS);
   if (s->result == VK_SUCCESS)
      s->result = signal_value(s->p, s->semaphore, 2);
   return NULL;
}

/* The submission comes first, the signal for which it waits later, from a second thread. */
enum prog_status
check_timeline_wait_before_signal(struct prog *p)
{
   if (!p->features12.timelineSemaphore)
      return prog_skipped(p, "the device has no timelineSemaphore");
   struct prog_buffer buffer;
   struct signaller s = {.p = p};
   VkCommandBuffer commands;
   pthread_t thread;
   PROG_STEP(make_buffer(p, &buffer));
   PROG_STEP(make_semaphore(p, true, 0, &s.semaphore));
   PROG_STEP(record_fill(p, &buffer, 99, &commands));
   PROG_STEP(submit_timeline(p, s.semaphore, 2, 3, commands));
   PROG_EXPECT(p, pthread_create(&thread, NULL, signal_from_thread, &s) == 0, "no thread");

   PROG_VK_IS(p, wait_value(p, s.semaphore, 3, 10000000), VK_TIMEOUT);
   PROG_STEP(expect_value(p, s.semaphore, 0));
   PROG_STEP(expect_words(p, &buffer, 0));
   PROG_VK(p, signal_value(p, s.semaphore, 1));
   const VkResult result = wait_value(p, s.semaphore, 3, PROG_TIMEOUT_NS);
   pthread_join(thread, NULL);
   PROG_EXPECT(p, result == VK_SUCCESS && s.result == VK_SUCCESS,
               "waiting gave %s, and signalling %s", prog_result_name(result),
               prog_result_name(s.result));
   PROG_STEP(expect_words(p, &buffer, 99));
   PROG_VK(p, vkQueueWaitIdle(p->queue));
   vkFreeCommandBuffers(p->device, p->pool, 1, &commands);
   vkDestroySemaphore(p->device, s.semaphore, NULL);
   prog_buffer_finish(p, &buffer);
   return PROG_RIGHT;
}

/* Host and device in turn, each raising the timeline as soon as it sees the other's value, with the
 * device's next step always submitted. A driver that tells of a value before it is there may lose
 * the host's. */
enum prog_status
check_timeline_in_turn(struct prog *p)
{
   if (!p->features12.timelineSemaphore)
      return prog_skipped(p, "the device has no timelineSemaphore");
   VkSemaphore semaphore;
   PROG_STEP(make_semaphore(p, true, 0, &semaphore));
   PROG_STEP(submit_timeline(p, semaphore, 0, 1, VK_NULL_HANDLE));
   for (uint64_t v = 1; v < 2 * TURNS; v += 2) {
      PROG_STEP(submit_timeline(p, semaphore, v + 1, v + 2, VK_NULL_HANDLE));
      PROG_VK(p, wait_value(p, semaphore, v, PROG_TIMEOUT_NS));
      PROG_VK(p, signal_value(p, semaphore, v + 1));
   }
   PROG_VK(p, wait_value(p, semaphore, 2 * TURNS + 1, PROG_TIMEOUT_NS));
   /* Nothing of the submissions may still be under way then. */
   vkDestroySemaphore(p->device, semaphore, NULL);
   return PROG_RIGHT;
}

/* The host raises the timeline alone, several times, then with submissions that wait for what it
 * has signalled, for what it will signal, and that raise the timeline themselves. */
enum prog_status
check_timeline_of_host(struct prog *p)
{
   if (!p->features12.timelineSemaphore)
      return prog_skipped(p, "the device has no timelineSemaphore");
   VkSemaphore semaphore, other;
   PROG_STEP(make_semaphore(p, true, 0, &semaphore));
   PROG_STEP(make_semaphore(p, true, 0, &other));
   for (uint64_t v = 0; v < TURNS; v += 10) {
      PROG_VK(p, signal_value(p, semaphore, v + 1));
      PROG_VK(p, signal_value(p, semaphore, v + 3));
      PROG_STEP(expect_value(p, semaphore, v + 3));
      /* Waits for what was signalled; for less than that; for nothing. */
      PROG_STEP(submit_timeline(p, semaphore, v % 3 ? v + 3 - v % 3 : 0, v + 4, VK_NULL_HANDLE));
      PROG_VK(p, wait_value(p, semaphore, v + 4, PROG_TIMEOUT_NS));
      PROG_VK(p, signal_value(p, semaphore, v + 5));
      /* Waits for the last of three signals to come. */
      PROG_STEP(submit_timeline(p, semaphore, v + 8, v + 9, VK_NULL_HANDLE));
      for (uint64_t i = 6; i <= 8; i++)
         PROG_VK(p, signal_value(p, semaphore, v + i));
      PROG_VK(p, wait_value(p, semaphore, v + 9, PROG_TIMEOUT_NS));
      PROG_VK(p, signal_value(p, semaphore, v + 10));
      PROG_VK(p, signal_value(p, other, v + 1));
   }
   PROG_STEP(expect_value(p, semaphore, TURNS));
   PROG_VK(p, vkQueueWaitIdle(p->queue));
   vkDestroySemaphore(p->device, other, NULL);
   vkDestroySemaphore(p->device, semaphore, NULL);
   return PROG_RIGHT;
}

/* The structs of Vulkan 1.3: submission, barrier, event and timestamp. */
enum prog_status
check_synchronization2(struct prog *p)
{
   if (!p->features13.synchronization2)
      return prog_skipped(p, "the device has no synchronization2");
   struct prog_buffer buffer;
   VkSemaphore semaphore;
   VkCommandBuffer commands;
   PROG_STEP(make_buffer(p, &buffer));
   PROG_STEP(make_semaphore(p, true, 1, &semaphore));
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdFillBuffer(commands, buffer.buffer, 0, VK_WHOLE_SIZE, 1);
   const VkBufferMemoryBarrier2 barrier = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER_2,
      .srcStageMask = VK_PIPELINE_STAGE_2_CLEAR_BIT,
      .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
      .dstStageMask = VK_PIPELINE_STAGE_2_CLEAR_BIT,
      .dstAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
      .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
      .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
      .buffer = buffer.buffer,
      .size = VK_WHOLE_SIZE,
   };
   const VkDependencyInfo dependency = {
      .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
      .bufferMemoryBarrierCount = 1,
      .pBufferMemoryBarriers = &barrier,
   };
   vkCmdPipelineBarrier2(commands, &dependency);
   vkCmdFillBuffer(commands, buffer.buffer, 0, VK_WHOLE_SIZE, 2);
   prog_memory_barrier(commands);
   PROG_VK(p, vkEndCommandBuffer(commands));

   const VkCommandBufferSubmitInfo command_info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
      .commandBuffer = commands,
   };
   const VkSemaphoreSubmitInfo wait = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
      .semaphore = semaphore,
      .value = 1,
      .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
   };
   VkSemaphoreSubmitInfo signal = wait;
   signal.value = 2;
   const VkSubmitInfo2 info = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
      .waitSemaphoreInfoCount = 1,
      .pWaitSemaphoreInfos = &wait,
      .commandBufferInfoCount = 1,
      .pCommandBufferInfos = &command_info,
      .signalSemaphoreInfoCount = 1,
      .pSignalSemaphoreInfos = &signal,
   };
   prog_flush(p);
   PROG_VK(p, vkQueueSubmit2(p->queue, 1, &info, VK_NULL_HANDLE));
   PROG_VK(p, wait_value(p, semaphore, 2, PROG_TIMEOUT_NS));
   PROG_STEP(expect_words(p, &buffer, 2));
   PROG_VK(p, vkDeviceWaitIdle(p->device));
   vkFreeCommandBuffers(p->device, p->pool, 1, &commands);
   vkDestroySemaphore(p->device, semaphore, NULL);
   prog_buffer_finish(p, &buffer);
   return PROG_RIGHT;
}
