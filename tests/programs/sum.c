/* SPDX-License-Identifier: MIT */
#include "tests/programs/sum.h"

#include "tests/programs/shaders.h"

#include <string.h>

uint32_t
prog_sum_expected(const struct prog_sum_push *push)
{
   uint32_t sum = 0;
   for (uint32_t i = 0; i < push->count; i++)
      sum += i * push->scale + push->offset;
   return sum;
}

static enum prog_status
check(struct prog *p, const struct prog_sum_push *push, const uint32_t *mapped, uint32_t sum)
{
   for (uint32_t i = 0; i < push->count; i++) {
      const uint32_t right = i * push->scale + push->offset;
      PROG_EXPECT(p, mapped[i] == right, "mapped element %u is %u, not %u", i, mapped[i], right);
   }
   const uint32_t right = prog_sum_expected(push);
   PROG_EXPECT(p, sum == right, "the sum is %u, not %u", sum, right);
   return PROG_RIGHT;
}

static enum prog_status
dispatch(struct prog *p, struct prog_compute *compute, const struct prog_sum_push *push)
{
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_compute_use(compute, commands);
   vkCmdPushConstants(commands, compute->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(*push),
                      push);
   vkCmdDispatch(commands, (push->count + 63) / 64, 1, 1);
   prog_memory_barrier(commands);
   return prog_commands_run(p, commands);
}

enum prog_status
prog_sum_run(struct prog *p, const struct prog_sum_push *push, uint32_t *sum)
{
   struct prog_buffer buffers[3];
   const VkDeviceSize sizes[3] = {
      sizeof(uint32_t) * push->count,
      sizeof(uint32_t) * push->count,
      sizeof(uint32_t),
   };
   struct prog_compute compute;
   PROG_STEP(prog_compute_init(p, &compute, &prog_shader_sum, 3, sizeof(*push), NULL));
   for (uint32_t i = 0; i < 3; i++) {
      PROG_STEP(prog_buffer_init(p, &buffers[i], sizes[i], VK_BUFFER_USAGE_STORAGE_BUFFER_BIT));
      prog_compute_bind_buffer(p, &compute, i, buffers[i].buffer);
      memset(buffers[i].map, 0, sizes[i]);
   }
   for (uint32_t i = 0; i < push->count; i++)
      ((uint32_t *)buffers[0].map)[i] = i;

   PROG_STEP(dispatch(p, &compute, push));
   const uint32_t total = *(const uint32_t *)buffers[2].map;
   PROG_STEP(check(p, push, buffers[1].map, total));

   for (uint32_t i = 0; i < 3; i++)
      prog_buffer_finish(p, &buffers[i]);
   prog_compute_finish(p, &compute);
   *sum = total;
   return PROG_RIGHT;
}
