/* SPDX-License-Identifier: MIT */
/*
 * endless: work for the device that takes long, never ends, or cannot begin.
 */
#include "tests/programs/shaders.h"
#include "tests/programs/sum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
   "usage: endless MODE [SECONDS]\n"
   "   burn     one dispatch that never ends: the device must be lost\n"
   "   long     dispatches one after the other, for SECONDS: all end\n"
   "   blocked  a submission that waits for this program, which waits for a line: it ends\n";

#define GROUPS_MAX 65535u

struct endless {
   struct prog p;
   struct prog_compute compute;
   struct prog_buffer buffers[3];
   VkSemaphore timeline;
   VkFence fence;
};

static enum prog_status
init(struct endless *e)
{
   struct prog *p = &e->p;
   const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   const VkSemaphoreTypeCreateInfo type = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
      .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
   };
   const VkSemaphoreCreateInfo semaphore = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
      .pNext = &type,
   };

   PROG_STEP(prog_init(p));
   if (!p->features12.timelineSemaphore)
      return prog_skipped(p, "the device has no timeline semaphores");
   PROG_STEP(
      prog_compute_init(p, &e->compute, &prog_shader_sum, 3, sizeof(struct prog_sum_push), NULL));
   for (uint32_t i = 0; i < 3; i++) {
      PROG_STEP(prog_buffer_init(p, &e->buffers[i], 256, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT));
      prog_compute_bind_buffer(p, &e->compute, i, e->buffers[i].buffer);
   }
   PROG_VK(p, vkCreateFence(p->device, &fence, NULL, &e->fence));
   PROG_VK(p, vkCreateSemaphore(p->device, &semaphore, NULL, &e->timeline));
   return PROG_RIGHT;
}

/* Submits a dispatch of that many groups, which waits for `value` of the timeline. */
static enum prog_status
submit(struct endless *e, uint32_t x, uint32_t y, uint64_t value)
{
   struct prog *p = &e->p;
   const struct prog_sum_push push = {0};
   const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   VkCommandBuffer commands;

   PROG_STEP(prog_commands_begin(p, &commands));
   prog_compute_use(&e->compute, commands);
   vkCmdPushConstants(commands, e->compute.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push),
                      &push);
   vkCmdDispatch(commands, x, y, 1);
   PROG_VK(p, vkEndCommandBuffer(commands));
   const VkTimelineSemaphoreSubmitInfo values = {
      .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
      .waitSemaphoreValueCount = 1,
      .pWaitSemaphoreValues = &value,
   };
   const VkSubmitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .pNext = &values,
      .waitSemaphoreCount = value > 0,
      .pWaitSemaphores = &e->timeline,
      .pWaitDstStageMask = &stage,
      .commandBufferCount = 1,
      .pCommandBuffers = &commands,
   };
   PROG_VK(p, vkQueueSubmit(p->queue, 1, &info, e->fence));
   return PROG_RIGHT;
}

static VkResult
wait(struct endless *e)
{
   return vkWaitForFences(e->p.device, 1, &e->fence, VK_TRUE, PROG_TIMEOUT_NS);
}

static enum prog_status
burn(struct endless *e)
{
   uint64_t start = prog_time_ns();

   PROG_STEP(submit(e, GROUPS_MAX, GROUPS_MAX, 0));
   PROG_VK_IS(&e->p, wait(e), VK_ERROR_DEVICE_LOST);
   printf("lost after %.1f s\n", (double)(prog_time_ns() - start) / 1e9);
   return PROG_RIGHT;
}

static enum prog_status
dispatch_for(struct endless *e, double seconds)
{
   uint64_t start = prog_time_ns(), before = start;
   uint32_t groups = 1024, count = 0;

   for (; (double)(before - start) / 1e9 < seconds; count++) {
      PROG_STEP(submit(e, groups, 16, 0));
      PROG_VK(&e->p, wait(e));
      PROG_VK(&e->p, vkResetFences(e->p.device, 1, &e->fence));
      uint64_t now = prog_time_ns();
      if (now - before < 100000000 && groups < GROUPS_MAX / 2)
         groups *= 2;
      before = now;
   }
   printf("%u dispatches\n", count);
   return PROG_RIGHT;
}

static enum prog_status
block(struct endless *e)
{
   const VkSemaphoreSignalInfo signal = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
      .semaphore = e->timeline,
      .value = 1,
   };
   char line[16];

   PROG_STEP(submit(e, 1, 1, 1));
   printf("blocked\n");
   fflush(stdout);
   PROG_EXPECT(&e->p, fgets(line, sizeof(line), stdin), "no line came");
   PROG_VK(&e->p, vkSignalSemaphore(e->p.device, &signal));
   PROG_VK(&e->p, wait(e));
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   static struct endless e;
   enum prog_status status = PROG_WRONG;

   if (argc < 2 || argc > 3) {
      fprintf(stderr, "%s", usage);
      return PROG_WRONG;
   }
   status = init(&e);
   if (status == PROG_RIGHT && !strcmp(argv[1], "burn"))
      status = burn(&e);
   else if (status == PROG_RIGHT && !strcmp(argv[1], "long"))
      status = dispatch_for(&e, argc > 2 ? atof(argv[2]) : 1);
   else if (status == PROG_RIGHT)
      status = block(&e);
   return prog_report(&e.p, "endless", status);
}
