/* SPDX-License-Identifier: MIT
 *
 * Recording, ending, submitting and submitting again. What `run` does not time (the wait, or the
 * recording before what it times) gives drivers that work behind the caller's back the time to
 * catch up, so that a round measures itself and not the one before.
 */
#include "bench/bench.h"

/* Three commands a dispatch, two a draw. Dispatches have no workgroups here: executing them is not
 * the point and would take all the time. */
#define DISPATCHES 250
#define DRAWS 500
#define BARE 1000
#define STATES 40000
#define SECONDARIES 16
#define SECONDARY_STATES 64
#define RESUBMIT_STATES 1000
#define RANGES 3000

static void
primary_init(struct bench *b)
{
   bench_make_fence(b);
   b->cmd = bench_make_command_buffer(b, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
}

static void
record_dispatches(struct bench *b, VkCommandBuffer cmd)
{
   for (uint32_t i = 0; i < DISPATCHES; i++) {
      uint32_t push[2] = {i, 64};
      vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->layout, 0, 1, &b->set, 0,
                              NULL);
      vkCmdPushConstants(cmd, b->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
      vkCmdDispatch(cmd, 0, 1, 1);
   }
}

static void
begin_render_pass(struct bench *b, VkCommandBuffer cmd)
{
   VkClearValue clear = {.color = {.float32 = {0, 0, 0, 1}}};
   VkRenderPassBeginInfo info = {
      .sType = VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,
      .renderPass = b->render_pass,
      .framebuffer = b->framebuffer,
      .renderArea = {{0, 0}, {128, 128}},
      .clearValueCount = 1,
      .pClearValues = &clear,
   };
   VkViewport viewport = {0, 0, 128, 128, 0, 1};
   VkRect2D scissor = {{0, 0}, {128, 128}};
   vkCmdBeginRenderPass(cmd, &info, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, b->pipeline);
   vkCmdSetViewport(cmd, 0, 1, &viewport);
   vkCmdSetScissor(cmd, 0, 1, &scissor);
}

static void
record_draws(struct bench *b, VkCommandBuffer cmd)
{
   for (uint32_t i = 0; i < DRAWS; i++) {
      float push[4] = {(float)(i & 15) / 16, (float)(i >> 4 & 15) / 16, 1, 0};
      vkCmdPushConstants(cmd, b->layout, VK_SHADER_STAGE_VERTEX_BIT, 0, sizeof(push), push);
      vkCmdDraw(cmd, 3, 1, 0, 0);
   }
}

/* Everything is bound once. */
static void
record_bare_dispatches(struct bench *b, VkCommandBuffer cmd)
{
   uint32_t push[2] = {0, 64};
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->layout, 0, 1, &b->set, 0, NULL);
   vkCmdPushConstants(cmd, b->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
   for (uint32_t i = 0; i < BARE; i++)
      vkCmdDispatch(cmd, 0, 1, 1);
}

static void
record_bare_draws(struct bench *b, VkCommandBuffer cmd)
{
   float push[4] = {0, 0, 1, 0};
   vkCmdPushConstants(cmd, b->layout, VK_SHADER_STAGE_VERTEX_BIT, 0, sizeof(push), push);
   for (uint32_t i = 0; i < BARE; i++)
      vkCmdDraw(cmd, 3, 1, 0, 0);
}

static void
dispatch_init(struct bench *b)
{
   bench_make_compute(b);
   primary_init(b);
}

static void
draw_init(struct bench *b)
{
   bench_make_graphics(b);
   primary_init(b);
}

/* vkEndCommandBuffer and vkQueueSubmit; then, not counted, the wait. */
static uint64_t
end_submit(struct bench *b)
{
   uint64_t start = bench_now();
   bench_check(b, vkEndCommandBuffer(b->cmd), "vkEndCommandBuffer");
   bench_submit(b, b->cmd, b->fence);
   uint64_t ns = bench_now() - start;
   bench_wait(b);
   return ns;
}

struct record_times {
   uint64_t record;
   uint64_t submit;
};

typedef void (*record_function)(struct bench *b, VkCommandBuffer cmd);

static struct record_times
dispatch_loop(struct bench *b, uint64_t n, record_function record)
{
   struct record_times times = {0};
   for (uint64_t i = 0; i < n; i++) {
      bench_begin(b, b->cmd);
      vkCmdBindPipeline(b->cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->pipeline);
      uint64_t start = bench_now();
      record(b, b->cmd);
      times.record += bench_now() - start;
      times.submit += end_submit(b);
   }
   return times;
}

static struct record_times
draw_loop(struct bench *b, uint64_t n, record_function record)
{
   struct record_times times = {0};
   for (uint64_t i = 0; i < n; i++) {
      bench_begin(b, b->cmd);
      begin_render_pass(b, b->cmd);
      uint64_t start = bench_now();
      record(b, b->cmd);
      times.record += bench_now() - start;
      vkCmdEndRenderPass(b->cmd);
      times.submit += end_submit(b);
   }
   return times;
}

static uint64_t
record_dispatch_run(struct bench *b, uint64_t n)
{
   return dispatch_loop(b, n, record_dispatches).record;
}

static uint64_t
submit_dispatch_run(struct bench *b, uint64_t n)
{
   return dispatch_loop(b, n, record_dispatches).submit;
}

static uint64_t
record_draw_run(struct bench *b, uint64_t n)
{
   return draw_loop(b, n, record_draws).record;
}

static uint64_t
submit_draw_run(struct bench *b, uint64_t n)
{
   return draw_loop(b, n, record_draws).submit;
}

static uint64_t
record_bare_dispatch_run(struct bench *b, uint64_t n)
{
   return dispatch_loop(b, n, record_bare_dispatches).record;
}

static uint64_t
record_bare_draw_run(struct bench *b, uint64_t n)
{
   return draw_loop(b, n, record_bare_draws).record;
}

/* The buffer recorded again and again, and not submitted. */
static uint64_t
rerecord_dispatch_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      bench_begin(b, b->cmd);
      vkCmdBindPipeline(b->cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->pipeline);
      record_bare_dispatches(b, b->cmd);
      bench_check(b, vkEndCommandBuffer(b->cmd), "vkEndCommandBuffer");
   }
   return bench_now() - start;
}

static uint64_t
rerecord_draw_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      bench_begin(b, b->cmd);
      begin_render_pass(b, b->cmd);
      record_bare_draws(b, b->cmd);
      vkCmdEndRenderPass(b->cmd);
      bench_check(b, vkEndCommandBuffer(b->cmd), "vkEndCommandBuffer");
   }
   return bench_now() - start;
}

static void
state_init(struct bench *b)
{
   if (!(b->family_properties.queueFlags & VK_QUEUE_GRAPHICS_BIT))
      bench_skip(b, "no graphics queue");
   primary_init(b);
}

static void
record_states(VkCommandBuffer cmd, uint32_t count)
{
   for (uint32_t i = 0; i < count; i += 4) {
      VkViewport viewport = {0, 0, (float)(i & 127) + 1, 128, 0, 1};
      VkRect2D scissor = {{0, 0}, {(i & 127) + 1, 128}};
      vkCmdSetViewport(cmd, 0, 1, &viewport);
      vkCmdSetScissor(cmd, 0, 1, &scissor);
      vkCmdSetStencilReference(cmd, VK_STENCIL_FACE_FRONT_AND_BACK, i & 255);
      vkCmdSetDepthBias(cmd, (float)i, 0, 0);
   }
}

static uint64_t
state_run(struct bench *b, uint64_t n)
{
   uint64_t ns = 0;
   for (uint64_t i = 0; i < n; i++) {
      bench_begin(b, b->cmd);
      record_states(b->cmd, STATES);
      uint64_t start = bench_now();
      bench_check(b, vkEndCommandBuffer(b->cmd), "vkEndCommandBuffer");
      bench_submit(b, b->cmd, b->fence);
      bench_wait(b);
      ns += bench_now() - start;
   }
   return ns;
}

static uint64_t
state_record_run(struct bench *b, uint64_t n)
{
   uint64_t ns = 0;
   for (uint64_t i = 0; i < n; i++) {
      uint64_t start = bench_now();
      bench_begin(b, b->cmd);
      record_states(b->cmd, STATES);
      ns += bench_now() - start;
      end_submit(b);
   }
   return ns;
}

static void
range_init(struct bench *b)
{
   const VkBufferUsageFlags usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                    VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                                    VK_BUFFER_USAGE_VERTEX_BUFFER_BIT;

   state_init(b);
   b->buffers[0] = bench_make_buffer(b, 65536, usage, 0);
}

/* Commands whose ranges the worker checks against a buffer. */
static void
record_ranges(struct bench *b, VkCommandBuffer cmd)
{
   const VkBuffer buffer = b->buffers[0].buffer;
   const VkDeviceSize offset = 0;
   const VkBufferCopy region = {.dstOffset = 64, .size = 16};

   for (uint32_t i = 0; i < RANGES; i += 3) {
      vkCmdFillBuffer(cmd, buffer, 16 * (i & 3), 16, i);
      vkCmdCopyBuffer(cmd, buffer, buffer, 1, &region);
      vkCmdBindVertexBuffers(cmd, 0, 1, &buffer, &offset);
   }
}

static uint64_t
range_run(struct bench *b, uint64_t n)
{
   uint64_t ns = 0;
   for (uint64_t i = 0; i < n; i++) {
      uint64_t start = bench_now();
      bench_begin(b, b->cmd);
      record_ranges(b, b->cmd);
      ns += bench_now() - start;
      end_submit(b);
   }
   return ns;
}

static uint64_t
state_total_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      bench_begin(b, b->cmd);
      record_states(b->cmd, STATES);
      end_submit(b);
   }
   return bench_now() - start;
}

static void
resubmit_init(struct bench *b)
{
   state_init(b);
   bench_begin(b, b->cmd);
   record_states(b->cmd, RESUBMIT_STATES);
   bench_check(b, vkEndCommandBuffer(b->cmd), "vkEndCommandBuffer");
}

static uint64_t
resubmit_run(struct bench *b, uint64_t n)
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

static uint64_t
begin_end_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      bench_begin(b, b->cmd);
      bench_check(b, vkEndCommandBuffer(b->cmd), "vkEndCommandBuffer");
   }
   bench_drain(b);
   return bench_now() - start;
}

static void
begin_secondary(struct bench *b, VkCommandBuffer cmd)
{
   VkCommandBufferInheritanceInfo inheritance = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO,
   };
   VkCommandBufferBeginInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
      .pInheritanceInfo = &inheritance,
   };
   bench_check(b, vkBeginCommandBuffer(cmd, &info), "vkBeginCommandBuffer");
}

static uint64_t
secondary_run(struct bench *b, uint64_t n)
{
   VkCommandBuffer secondaries[SECONDARIES];
   for (int i = 0; i < SECONDARIES; i++)
      secondaries[i] = bench_make_command_buffer(b, VK_COMMAND_BUFFER_LEVEL_SECONDARY);

   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      bench_begin(b, b->cmd);
      for (int j = 0; j < SECONDARIES; j++) {
         begin_secondary(b, secondaries[j]);
         record_states(secondaries[j], SECONDARY_STATES);
         bench_check(b, vkEndCommandBuffer(secondaries[j]), "vkEndCommandBuffer");
         vkCmdExecuteCommands(b->cmd, 1, &secondaries[j]);
      }
      end_submit(b);
   }
   uint64_t ns = bench_now() - start;
   vkFreeCommandBuffers(b->device, b->pool, SECONDARIES, secondaries);
   return ns;
}

const struct bench_row bench_record_rows[] = {
   {"record-dispatch", "a command of bind set, push constants, dispatch; recording only", BENCH_NS,
    0, DISPATCHES * 3, dispatch_init, record_dispatch_run},
   {"record-dispatch-bare", "a vkCmdDispatch of 1,000 in a row; recording only", BENCH_NS, 0, BARE,
    dispatch_init, record_bare_dispatch_run},
   {"submit-dispatch", "vkEndCommandBuffer and vkQueueSubmit of 750 such commands", BENCH_US, 0, 1,
    dispatch_init, submit_dispatch_run},
   {"record-draw", "a command of push constants, draw; recording only", BENCH_NS, 0, DRAWS * 2,
    draw_init, record_draw_run},
   {"record-draw-bare", "a vkCmdDraw of 1,000 in a row; recording only", BENCH_NS, 0, BARE,
    draw_init, record_bare_draw_run},
   {"submit-draw", "vkEndCommandBuffer and vkQueueSubmit of 1,000 such commands", BENCH_US, 0, 1,
    draw_init, submit_draw_run},
   {"rerecord-dispatch", "one of 1,000 vkCmdDispatch, begun and ended again and again", BENCH_NS, 0,
    BARE, dispatch_init, rerecord_dispatch_run},
   {"rerecord-draw", "one of 1,000 vkCmdDraw, begun and ended again and again", BENCH_NS, 0, BARE,
    draw_init, rerecord_draw_run},
   {"record-states", "a command of 40,000 that set state; recording only", BENCH_NS, 0, STATES,
    state_init, state_record_run},
   {"record-ranges", "a command of fill, copy, bind of a buffer; recording only", BENCH_NS, 0,
    RANGES, range_init, range_run},
   {"submit-states", "the end, submit and wait of these 40,000", BENCH_MS, 0, 1, state_init,
    state_run},
   {"states-total", "a command of these 40,000: recorded, ended, submitted, waited for", BENCH_NS,
    0, STATES, state_init, state_total_run},
   {"resubmit", "submit and wait of 1,000 state commands recorded before", BENCH_US, BENCH_SAMPLED,
    1, resubmit_init, resubmit_run},
   {"begin-end", "vkBeginCommandBuffer and vkEndCommandBuffer, drained", BENCH_NS, 0, 1,
    primary_init, begin_end_run},
   {"secondary", "16 secondary buffers of 64 commands: recorded, executed, waited for", BENCH_US, 0,
    1, state_init, secondary_run},
   {0},
};
