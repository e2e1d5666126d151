/* SPDX-License-Identifier: MIT */
/*
 * fills: one submission that writes 4 MiB of mapped memory again and again, as often as it is told
 * to. It prints a line when the device has begun, and looks at the memory when it has ended: who
 * looks at it in between sees whether the device runs.
 */
#include "tests/programs/common.h"

#include <stdio.h>
#include <stdlib.h>

#define SIZE ((VkDeviceSize)4 << 20)

static enum prog_status
submit(struct prog *p, const struct prog_buffer *buffer, uint32_t count, VkFence *fence)
{
   const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   const VkMemoryBarrier barrier = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
      .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
      .dstAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT | VK_ACCESS_HOST_READ_BIT,
   };
   VkCommandBuffer commands;

   PROG_STEP(prog_commands_begin(p, &commands));
   for (uint32_t i = 1; i <= count; i++) {
      vkCmdFillBuffer(commands, buffer->buffer, 0, SIZE, i);
      vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                           VK_PIPELINE_STAGE_TRANSFER_BIT | VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                           &barrier, 0, NULL, 0, NULL);
   }
   PROG_VK(p, vkEndCommandBuffer(commands));
   PROG_VK(p, vkCreateFence(p->device, &info, NULL, fence));
   const VkSubmitInfo submission = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .commandBufferCount = 1,
      .pCommandBuffers = &commands,
   };
   PROG_VK(p, vkQueueSubmit(p->queue, 1, &submission, *fence));
   return PROG_RIGHT;
}

static enum prog_status
run(struct prog *p, uint32_t count)
{
   struct prog_buffer buffer;
   VkFence fence;

   PROG_STEP(prog_init(p));
   PROG_STEP(prog_buffer_init(p, &buffer, SIZE, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   const volatile uint32_t *words = buffer.map;
   PROG_STEP(submit(p, &buffer, count, &fence));
   while (!words[0] && vkGetFenceStatus(p->device, fence) == VK_NOT_READY)
      prog_invalidate(p);
   printf("the device writes\n");
   fflush(stdout);
   PROG_VK(p, vkWaitForFences(p->device, 1, &fence, VK_TRUE, PROG_TIMEOUT_NS));
   prog_invalidate(p);
   for (size_t i = 0; i < SIZE / sizeof(*words); i++)
      PROG_EXPECT(p, words[i] == count, "word %zu is %u, not %u", i, words[i], count);
   printf("filled %u times (right)\n", count);
   vkDestroyFence(p->device, fence, NULL);
   prog_buffer_finish(p, &buffer);
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   const long count = argc == 2 ? atol(argv[1]) : 0;
   struct prog p = {0};

   if (count < 1 || count > 1000000) {
      fprintf(stderr, "usage: %s COUNT\n", argv[0]);
      return PROG_WRONG;
   }
   const enum prog_status status = run(&p, (uint32_t)count);
   if (status == PROG_RIGHT)
      prog_finish(&p);
   return prog_report(&p, "fills", status);
}
