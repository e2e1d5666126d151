/* SPDX-License-Identifier: MIT
 *
 * Whole frames and whole compute steps: what programs are made of.
 */
#include "bench/bench.h"

#define DRAWS 100
#define DISPATCHES 100

/* Two frames in flight, as most programs have them. */
struct frame {
   VkCommandBuffer cmd;
   VkFence fence;
   bool busy;
};

static void
frame_wait(struct bench *b, struct frame *frame)
{
   if (!frame->busy)
      return;
   bench_check(b, vkWaitForFences(b->device, 1, &frame->fence, VK_TRUE, UINT64_MAX),
               "vkWaitForFences");
   bench_check(b, vkResetFences(b->device, 1, &frame->fence), "vkResetFences");
   frame->busy = false;
}

static void
draw_frame(struct bench *b, struct frame *frame)
{
   VkClearValue clear = {.color = {.float32 = {0, 0, 0, 1}}};
   VkRenderPassBeginInfo pass = {
      .sType = VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,
      .renderPass = b->render_pass,
      .framebuffer = b->framebuffer,
      .renderArea = {{0, 0}, {128, 128}},
      .clearValueCount = 1,
      .pClearValues = &clear,
   };
   VkViewport viewport = {0, 0, 128, 128, 0, 1};
   VkRect2D scissor = {{0, 0}, {128, 128}};
   bench_begin(b, frame->cmd);
   vkCmdBeginRenderPass(frame->cmd, &pass, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(frame->cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, b->pipeline);
   vkCmdSetViewport(frame->cmd, 0, 1, &viewport);
   vkCmdSetScissor(frame->cmd, 0, 1, &scissor);
   for (int i = 0; i < DRAWS; i++) {
      float push[4] = {(float)(i % 10) / 5 - 1, (float)(i / 10) / 5 - 1, 1, 0};
      vkCmdPushConstants(frame->cmd, b->layout, VK_SHADER_STAGE_VERTEX_BIT, 0, sizeof(push), push);
      vkCmdDraw(frame->cmd, 3, 1, 0, 0);
   }
   vkCmdEndRenderPass(frame->cmd);
   bench_check(b, vkEndCommandBuffer(frame->cmd), "vkEndCommandBuffer");
}

static void
frames_init(struct bench *b)
{
   bench_make_graphics(b);
   bench_make_fence(b);
}

static uint64_t
frames_run(struct bench *b, uint64_t n)
{
   struct frame frames[2] = {{0}};
   VkFence first = b->fence;
   for (int i = 0; i < 2; i++) {
      frames[i].cmd = bench_make_command_buffer(b, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
      frames[i].fence = first;
      if (i == 1) {
         bench_make_fence(b);
         frames[i].fence = b->fence;
         b->fence = first;
      }
   }
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      struct frame *frame = &frames[i & 1];
      frame_wait(b, frame);
      draw_frame(b, frame);
      bench_submit(b, frame->cmd, frame->fence);
      frame->busy = true;
   }
   frame_wait(b, &frames[n & 1]);
   frame_wait(b, &frames[(n + 1) & 1]);
   uint64_t ns = bench_now() - start;
   for (int i = 0; i < 2; i++)
      vkFreeCommandBuffers(b->device, b->pool, 1, &frames[i].cmd);
   return ns;
}

static void
dispatch_init(struct bench *b)
{
   bench_make_compute(b);
   bench_make_fence(b);
   b->cmd = bench_make_command_buffer(b, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
}

static uint64_t
dispatches_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      bench_begin(b, b->cmd);
      vkCmdBindPipeline(b->cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->pipeline);
      vkCmdBindDescriptorSets(b->cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->layout, 0, 1, &b->set, 0,
                              NULL);
      for (uint32_t j = 0; j < DISPATCHES; j++) {
         uint32_t push[2] = {j, 16384};
         VkMemoryBarrier barrier = {
            .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
            .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
            .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT,
         };
         vkCmdPushConstants(b->cmd, b->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
         vkCmdDispatch(b->cmd, 256, 1, 1);
         vkCmdPipelineBarrier(b->cmd, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                              VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0, 1, &barrier, 0, NULL, 0,
                              NULL);
      }
      bench_check(b, vkEndCommandBuffer(b->cmd), "vkEndCommandBuffer");
      bench_submit(b, b->cmd, b->fence);
      bench_wait(b);
   }
   return bench_now() - start;
}

static uint64_t
one_dispatch_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      uint64_t before = bench_now();
      uint32_t push[2] = {(uint32_t)i, 64};
      bench_begin(b, b->cmd);
      vkCmdBindPipeline(b->cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->pipeline);
      vkCmdBindDescriptorSets(b->cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->layout, 0, 1, &b->set, 0,
                              NULL);
      vkCmdPushConstants(b->cmd, b->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
      vkCmdDispatch(b->cmd, 1, 1, 1);
      bench_check(b, vkEndCommandBuffer(b->cmd), "vkEndCommandBuffer");
      bench_submit(b, b->cmd, b->fence);
      bench_wait(b);
      bench_sample(b, bench_now() - before);
   }
   return bench_now() - start;
}

const struct bench_row bench_frame_rows[] = {
   {"frames-100", "frames of 100 draws at 128x128, recorded anew, two in flight", BENCH_RATE, 0, 1,
    frames_init, frames_run},
   {"steps-100", "steps of 100 dispatches with barriers, recorded anew, waited for", BENCH_RATE, 0,
    1, dispatch_init, dispatches_run},
   {"dispatch-wait", "one dispatch recorded, submitted and waited for", BENCH_US, BENCH_SAMPLED, 1,
    dispatch_init, one_dispatch_run},
   {0},
};
