/* SPDX-License-Identifier: MIT */
/* Checks of recorded commands that need no image. */
#include "tests/programs/many.h"

#include "tests/programs/shaders.h"

#include <string.h>

#define WORDS 64u
#define BYTES (WORDS * sizeof(uint32_t))

static const VkShaderStageFlags compute_stage = VK_SHADER_STAGE_COMPUTE_BIT;
static const VkBufferUsageFlags any_use =
   VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
   VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT;

/* shaders/write.comp over a buffer of WORDS words, which are all 0 first. */
struct writer {
   struct prog_compute compute;
   struct prog_buffer buffer;
};

static enum prog_status
writer_init(struct prog *p, struct writer *w)
{
   PROG_STEP(prog_compute_init(p, &w->compute, &prog_shader_write, 1, 12, NULL));
   PROG_STEP(prog_buffer_init(p, &w->buffer, BYTES, any_use));
   memset(w->buffer.map, 0, BYTES);
   prog_compute_bind_buffer(p, &w->compute, 0, w->buffer.buffer);
   return PROG_RIGHT;
}

static void
writer_finish(struct prog *p, struct writer *w)
{
   prog_buffer_finish(p, &w->buffer);
   prog_compute_finish(p, &w->compute);
}

static void
writer_push(const struct writer *w, VkCommandBuffer commands, uint32_t first, uint32_t base,
            uint32_t step)
{
   const uint32_t push[3] = {first, base, step};
   vkCmdPushConstants(commands, w->compute.layout, compute_stage, 0, sizeof(push), push);
}

/* The words first..first+count-1 are base, base+step ... */
static enum prog_status
expect_words(struct prog *p, const struct prog_buffer *buffer, uint32_t first, uint32_t count,
             uint32_t base, uint32_t step)
{
   const uint32_t *words = buffer->map;
   for (uint32_t i = 0; i < count; i++) {
      PROG_EXPECT(p, words[first + i] == base + i * step, "word %u is %u, not %u", first + i,
                  words[first + i], base + i * step);
   }
   return PROG_RIGHT;
}

enum prog_status
check_update_fill_copy_buffer(struct prog *p)
{
   struct prog_buffer from, to;
   PROG_STEP(prog_buffer_init(p, &from, BYTES, any_use));
   PROG_STEP(prog_buffer_init(p, &to, BYTES, any_use));
   memset(from.map, 0xff, BYTES);
   memset(to.map, 0xff, BYTES);

   uint32_t data[16];
   for (uint32_t i = 0; i < 16; i++)
      data[i] = 500 + i;
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdUpdateBuffer(commands, from.buffer, 0, sizeof(data), data);
   memset(data, 0, sizeof(data)); /* the data is taken at once */
   vkCmdFillBuffer(commands, from.buffer, 64, 64, 77);
   vkCmdFillBuffer(commands, from.buffer, 128, VK_WHOLE_SIZE, 88);
   prog_memory_barrier(commands);
   const VkBufferCopy regions[3] = {{0, 128, 64}, {64, 0, 64}, {128, 64, 32}};
   vkCmdCopyBuffer(commands, from.buffer, to.buffer, 3, regions);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));

   PROG_STEP(expect_words(p, &to, 0, 16, 77, 0));
   PROG_STEP(expect_words(p, &to, 16, 8, 88, 0));
   PROG_STEP(expect_words(p, &to, 24, 8, UINT32_MAX, 0));
   PROG_STEP(expect_words(p, &to, 32, 16, 500, 1));
   PROG_STEP(expect_words(p, &to, 48, 16, UINT32_MAX, 0));
   prog_buffer_finish(p, &to);
   prog_buffer_finish(p, &from);
   return PROG_RIGHT;
}

/* 64 KiB is the most that vkCmdUpdateBuffer takes; many of them make a long command buffer. */
enum prog_status
check_long_command_buffer(struct prog *p)
{
   enum {
      CHUNK = 65536,
      CHUNKS = 32
   };
   static uint32_t data[CHUNK / 4];
   struct prog_buffer buffer;
   PROG_STEP(prog_buffer_init(p, &buffer, CHUNK * CHUNKS, any_use));
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   for (uint32_t c = 0; c < CHUNKS; c++) {
      for (uint32_t i = 0; i < CHUNK / 4; i++)
         data[i] = c * 1000000 + i;
      vkCmdUpdateBuffer(commands, buffer.buffer, c * CHUNK, CHUNK, data);
   }
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   for (uint32_t c = 0; c < CHUNKS; c++)
      PROG_STEP(expect_words(p, &buffer, c * CHUNK / 4, CHUNK / 4, c * 1000000, 1));
   prog_buffer_finish(p, &buffer);
   return PROG_RIGHT;
}

enum prog_status
check_copy_commands2(struct prog *p)
{
   if (p->api < VK_API_VERSION_1_3)
      return prog_skipped(p, "the device has no Vulkan 1.3");
   struct prog_buffer from, to;
   PROG_STEP(prog_buffer_init(p, &from, BYTES, any_use));
   PROG_STEP(prog_buffer_init(p, &to, BYTES, any_use));
   for (uint32_t i = 0; i < WORDS; i++)
      ((uint32_t *)from.map)[i] = i;
   memset(to.map, 0, BYTES);
   const VkBufferCopy2 regions[2] = {
      {.sType = VK_STRUCTURE_TYPE_BUFFER_COPY_2, .srcOffset = 128, .size = 128},
      {.sType = VK_STRUCTURE_TYPE_BUFFER_COPY_2, .dstOffset = 128, .size = 128},
   };
   const VkCopyBufferInfo2 info = {
      .sType = VK_STRUCTURE_TYPE_COPY_BUFFER_INFO_2,
      .srcBuffer = from.buffer,
      .dstBuffer = to.buffer,
      .regionCount = 2,
      .pRegions = regions,
   };
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdCopyBuffer2(commands, &info);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(expect_words(p, &to, 0, 32, 32, 1));
   PROG_STEP(expect_words(p, &to, 32, 32, 0, 1));
   prog_buffer_finish(p, &to);
   prog_buffer_finish(p, &from);
   return PROG_RIGHT;
}

/* A push of a part leaves the rest as it was. */
enum prog_status
check_push_constants(struct prog *p)
{
   struct writer w;
   PROG_STEP(writer_init(p, &w));
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_compute_use(&w.compute, commands);
   writer_push(&w, commands, 0, 10, 1);
   vkCmdDispatch(commands, 8, 1, 1);
   const uint32_t base = 1000, first = 8;
   vkCmdPushConstants(commands, w.compute.layout, compute_stage, 4, 4, &base);
   vkCmdPushConstants(commands, w.compute.layout, compute_stage, 0, 4, &first);
   vkCmdDispatch(commands, 8, 1, 1);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(expect_words(p, &w.buffer, 0, 8, 10, 1));
   PROG_STEP(expect_words(p, &w.buffer, 8, 8, 1000, 1));
   PROG_STEP(expect_words(p, &w.buffer, 16, WORDS - 16, 0, 0));
   writer_finish(p, &w);
   return PROG_RIGHT;
}

enum prog_status
check_dispatch_indirect(struct prog *p)
{
   struct writer w;
   struct prog_buffer arguments;
   PROG_STEP(writer_init(p, &w));
   PROG_STEP(prog_buffer_init(p, &arguments, BYTES, any_use));
   const VkDispatchIndirectCommand counts[2] = {{0, 1, 1}, {12, 1, 1}};
   memcpy((char *)arguments.map + 16, counts, sizeof(counts));

   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_compute_use(&w.compute, commands);
   writer_push(&w, commands, 0, 5, 1);
   vkCmdDispatchIndirect(commands, arguments.buffer, 16);
   writer_push(&w, commands, 2, 7, 3);
   vkCmdDispatchIndirect(commands, arguments.buffer, 16 + sizeof(counts[0]));
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(expect_words(p, &w.buffer, 0, 2, 0, 0));
   PROG_STEP(expect_words(p, &w.buffer, 2, 12, 7, 3));
   PROG_STEP(expect_words(p, &w.buffer, 14, WORDS - 14, 0, 0));
   prog_buffer_finish(p, &arguments);
   writer_finish(p, &w);
   return PROG_RIGHT;
}

/* vkCmdDispatchBase needs a pipeline that allows it. */
enum prog_status
check_dispatch_base(struct prog *p)
{
   if (p->api < VK_API_VERSION_1_1)
      return prog_skipped(p, "the device has no Vulkan 1.1");
   struct writer w;
   PROG_STEP(writer_init(p, &w));
   VkShaderModule module;
   PROG_STEP(prog_shader_module(p, &prog_shader_write, &module));
   const VkComputePipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .flags = VK_PIPELINE_CREATE_DISPATCH_BASE,
      .stage =
         {
            .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
            .stage = compute_stage,
            .module = module,
            .pName = "main",
         },
      .layout = w.compute.layout,
   };
   VkPipeline pipeline;
   PROG_VK(p, vkCreateComputePipelines(p->device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline));
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_compute_use(&w.compute, commands);
   vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   writer_push(&w, commands, 0, 100, 1);
   vkCmdDispatchBase(commands, 20, 0, 0, 4, 1, 1);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(expect_words(p, &w.buffer, 0, 20, 0, 0));
   PROG_STEP(expect_words(p, &w.buffer, 20, 4, 120, 1));
   PROG_STEP(expect_words(p, &w.buffer, 24, WORDS - 24, 0, 0));
   vkDestroyPipeline(p->device, pipeline, NULL);
   vkDestroyShaderModule(p->device, module, NULL);
   writer_finish(p, &w);
   return PROG_RIGHT;
}

static enum prog_status
begin_secondary(struct prog *p, VkCommandBuffer *commands)
{
   const VkCommandBufferAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = p->pool,
      .level = VK_COMMAND_BUFFER_LEVEL_SECONDARY,
      .commandBufferCount = 1,
   };
   PROG_VK(p, vkAllocateCommandBuffers(p->device, &info, commands));
   const VkCommandBufferInheritanceInfo inheritance = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO,
   };
   const VkCommandBufferBeginInfo begin = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
      .pInheritanceInfo = &inheritance,
   };
   PROG_VK(p, vkBeginCommandBuffer(*commands, &begin));
   return PROG_RIGHT;
}

enum prog_status
check_secondary_commands(struct prog *p)
{
   struct writer w;
   VkCommandBuffer secondary[2], commands;
   PROG_STEP(writer_init(p, &w));
   for (uint32_t i = 0; i < 2; i++) {
      PROG_STEP(begin_secondary(p, &secondary[i]));
      prog_compute_use(&w.compute, secondary[i]);
      writer_push(&w, secondary[i], 16 * i, 100 * (i + 1), 1);
      vkCmdDispatch(secondary[i], 16, 1, 1);
      prog_memory_barrier(secondary[i]);
      PROG_VK(p, vkEndCommandBuffer(secondary[i]));
   }
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdExecuteCommands(commands, 2, secondary);
   vkCmdFillBuffer(commands, w.buffer.buffer, 32 * 4, VK_WHOLE_SIZE, 9);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(expect_words(p, &w.buffer, 0, 16, 100, 1));
   PROG_STEP(expect_words(p, &w.buffer, 16, 16, 200, 1));
   PROG_STEP(expect_words(p, &w.buffer, 32, 32, 9, 0));
   vkFreeCommandBuffers(p->device, p->pool, 2, secondary);
   writer_finish(p, &w);
   return PROG_RIGHT;
}

static enum prog_status
record_fill(struct prog *p, VkCommandBuffer commands, VkCommandBufferUsageFlags flags,
            const struct prog_buffer *buffer, uint32_t value)
{
   const VkCommandBufferBeginInfo begin = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
      .flags = flags,
   };
   PROG_VK(p, vkBeginCommandBuffer(commands, &begin));
   vkCmdFillBuffer(commands, buffer->buffer, 0, VK_WHOLE_SIZE, value);
   prog_memory_barrier(commands);
   PROG_VK(p, vkEndCommandBuffer(commands));
   return PROG_RIGHT;
}

static enum prog_status
submit_and_wait(struct prog *p, uint32_t count, const VkCommandBuffer *commands)
{
   const VkSubmitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .commandBufferCount = count,
      .pCommandBuffers = commands,
   };
   prog_flush(p);
   PROG_VK(p, vkQueueSubmit(p->queue, 1, &info, VK_NULL_HANDLE));
   PROG_VK(p, vkQueueWaitIdle(p->queue));
   prog_invalidate(p);
   return PROG_RIGHT;
}

/* One recording is submitted again and again, reset in three ways, and recorded anew. */
enum prog_status
check_resubmission(struct prog *p)
{
   struct prog_buffer buffer;
   PROG_STEP(prog_buffer_init(p, &buffer, BYTES, any_use));
   const VkCommandBufferAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = p->pool,
      .commandBufferCount = 1,
   };
   VkCommandBuffer commands;
   PROG_VK(p, vkAllocateCommandBuffers(p->device, &info, &commands));
   for (uint32_t round = 0; round < 8; round++) {
      PROG_STEP(record_fill(p, commands, 0, &buffer, 10 + round));
      for (uint32_t i = 0; i < 3; i++) {
         memset(buffer.map, 0, BYTES);
         PROG_STEP(submit_and_wait(p, 1, &commands));
         PROG_STEP(expect_words(p, &buffer, 0, WORDS, 10 + round, 0));
      }
      if (round % 4 == 1)
         PROG_VK(p, vkResetCommandBuffer(commands, 0));
      else if (round % 4 == 2)
         PROG_VK(p, vkResetCommandPool(p->device, p->pool, 0));
      else if (round % 4 == 3)
         PROG_VK(p, vkResetCommandBuffer(commands, VK_COMMAND_BUFFER_RESET_RELEASE_RESOURCES_BIT));
   }

   const VkCommandBufferUsageFlags simultaneous = VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT;
   const VkCommandBuffer thrice[3] = {commands, commands, commands};
   PROG_STEP(record_fill(p, commands, simultaneous, &buffer, 3));
   PROG_STEP(submit_and_wait(p, 3, thrice));
   PROG_STEP(expect_words(p, &buffer, 0, WORDS, 3, 0));
   vkFreeCommandBuffers(p->device, p->pool, 1, &commands);
   prog_buffer_finish(p, &buffer);
   return PROG_RIGHT;
}

static enum prog_status
record_secondary(struct prog *p, VkCommandBuffer commands, const struct prog_buffer *buffer,
                 uint32_t value)
{
   const VkCommandBufferInheritanceInfo inheritance = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO,
   };
   const VkCommandBufferBeginInfo begin = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
      .pInheritanceInfo = &inheritance,
   };
   PROG_VK(p, vkBeginCommandBuffer(commands, &begin));
   vkCmdFillBuffer(commands, buffer->buffer, 0, VK_WHOLE_SIZE, value);
   prog_memory_barrier(commands);
   PROG_VK(p, vkEndCommandBuffer(commands));
   return PROG_RIGHT;
}

/* Recordings that are recorded anew, reset or freed without having been used, and the one after
 * them, which is submitted twice or executed by another command buffer. */
enum prog_status
check_unused_recordings(struct prog *p)
{
   struct prog_buffer buffer;
   PROG_STEP(prog_buffer_init(p, &buffer, BYTES, any_use));
   VkCommandBufferAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = p->pool,
      .commandBufferCount = 1,
   };
   VkCommandBuffer commands, secondary;
   PROG_VK(p, vkAllocateCommandBuffers(p->device, &info, &commands));
   info.level = VK_COMMAND_BUFFER_LEVEL_SECONDARY;
   PROG_VK(p, vkAllocateCommandBuffers(p->device, &info, &secondary));
   for (uint32_t round = 0; round < 20; round++) {
      for (uint32_t i = 0; i <= round % 4; i++)
         PROG_STEP(record_fill(p, commands, 0, &buffer, 100 * round + i));
      if (round % 5 == 1)
         PROG_VK(p, vkResetCommandBuffer(commands, 0));
      else if (round % 5 == 2)
         PROG_VK(p, vkResetCommandPool(p->device, p->pool, 0));
      if (round % 5 == 1 || round % 5 == 2)
         PROG_STEP(record_fill(p, commands, 0, &buffer, 100 * round + round % 4));
      for (uint32_t i = 0; i < 2; i++) {
         memset(buffer.map, 0, BYTES);
         PROG_STEP(submit_and_wait(p, 1, &commands));
         PROG_STEP(expect_words(p, &buffer, 0, WORDS, 100 * round + round % 4, 0));
      }
      for (uint32_t i = 0; i <= round % 4; i++)
         PROG_STEP(record_secondary(p, secondary, &buffer, 10000 + 10 * round + i));
      VkCommandBuffer primary;
      PROG_STEP(prog_commands_begin(p, &primary));
      vkCmdExecuteCommands(primary, 1, &secondary);
      PROG_STEP(prog_commands_run(p, primary));
      PROG_STEP(expect_words(p, &buffer, 0, WORDS, 10000 + 10 * round + round % 4, 0));
   }
   for (uint32_t i = 0; i < 3; i++)
      PROG_STEP(record_fill(p, commands, 0, &buffer, i));
   vkFreeCommandBuffers(p->device, p->pool, 1, &commands);
   vkFreeCommandBuffers(p->device, p->pool, 1, &secondary);
   prog_buffer_finish(p, &buffer);
   return PROG_RIGHT;
}

/* Pools of their own, trimmed, and destroyed with their command buffers in them. */
enum prog_status
check_command_pools(struct prog *p)
{
   struct prog_buffer buffer;
   PROG_STEP(prog_buffer_init(p, &buffer, BYTES, any_use));
   const VkCommandPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
      .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
      .queueFamilyIndex = p->family,
   };
   for (uint32_t round = 0; round < 10; round++) {
      VkCommandPool pool;
      VkCommandBuffer commands[10];
      PROG_VK(p, vkCreateCommandPool(p->device, &info, NULL, &pool));
      const VkCommandBufferAllocateInfo allocate = {
         .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
         .commandPool = pool,
         .commandBufferCount = 10,
      };
      PROG_VK(p, vkAllocateCommandBuffers(p->device, &allocate, commands));
      for (uint32_t i = 0; i < 10; i++)
         PROG_STEP(record_fill(p, commands[i], 0, &buffer, 100 * round + i));
      PROG_STEP(submit_and_wait(p, 10, commands));
      PROG_STEP(expect_words(p, &buffer, 0, WORDS, 100 * round + 9, 0));
      vkFreeCommandBuffers(p->device, pool, 3, &commands[4]);
      PROG_VK(p, vkResetCommandPool(p->device, pool, VK_COMMAND_POOL_RESET_RELEASE_RESOURCES_BIT));
      if (p->api >= VK_API_VERSION_1_1)
         vkTrimCommandPool(p->device, pool, 0);
      vkDestroyCommandPool(p->device, pool, NULL);
   }
   prog_buffer_finish(p, &buffer);
   return PROG_RIGHT;
}
