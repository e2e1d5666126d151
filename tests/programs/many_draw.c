/* SPDX-License-Identifier: MIT */
/* Checks of drawing: ways to draw the same triangle, and queries about it. */
#include "tests/programs/many.h"

#include "tests/programs/draw.h"

#include <string.h>

#define SIZE 64u

typedef void (*draw_function)(const struct prog_draw *draw, VkCommandBuffer commands,
                              VkBuffer arguments);

/* Draws and reads back in one submission; how is called inside of the pass. */
static enum prog_status
draw_with(struct prog *p, struct prog_draw *draw, draw_function how, VkBuffer arguments)
{
   VkCommandBuffer commands;
   memset(draw->pixels.map, 0, draw->pixels.size);
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_draw_begin(draw, commands, VK_SUBPASS_CONTENTS_INLINE);
   how(draw, commands, arguments);
   prog_draw_end(draw, commands);
   prog_draw_read(draw, commands);
   PROG_STEP(prog_commands_run(p, commands));
   return prog_draw_check(p, draw);
}

static void
draw_indirect(const struct prog_draw *draw, VkCommandBuffer commands, VkBuffer arguments)
{
   prog_draw_bind(draw, commands);
   vkCmdDrawIndirect(commands, arguments, 32, 1, 0);
}

static void
draw_indexed(const struct prog_draw *draw, VkCommandBuffer commands, VkBuffer arguments)
{
   prog_draw_bind(draw, commands);
   vkCmdBindIndexBuffer(commands, arguments, 2, VK_INDEX_TYPE_UINT16);
   vkCmdDrawIndexed(commands, 3, 1, 1, -1, 0);
}

static void
draw_indexed_indirect(const struct prog_draw *draw, VkCommandBuffer commands, VkBuffer arguments)
{
   prog_draw_bind(draw, commands);
   /* Mesa 22.3's lavapipe ignores the offset in indirect draws, so there is none here. */
   vkCmdBindIndexBuffer(commands, arguments, 0, VK_INDEX_TYPE_UINT16);
   vkCmdDrawIndexedIndirect(commands, arguments, 64, 1, 0);
}

enum prog_status
check_draw_kinds(struct prog *p)
{
   struct prog_draw draw;
   PROG_STEP(prog_draw_init(p, &draw, SIZE, SIZE, PROG_DRAW_RENDER_PASS));
   struct prog_buffer arguments;
   PROG_STEP(prog_buffer_init(
      p, &arguments, 128, VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT | VK_BUFFER_USAGE_INDEX_BUFFER_BIT));
   memset(arguments.map, 0, 128);
   const VkDrawIndirectCommand direct = {3, 1, 0, 0};
   const VkDrawIndexedIndirectCommand indexed = {3, 1, 2, -1, 0};
   const uint16_t indices[5] = {999, 999, 1, 2, 3}; /* the last three, with vertexOffset -1 */
   memcpy(arguments.map, indices, sizeof(indices));
   memcpy((char *)arguments.map + 32, &direct, sizeof(direct));
   memcpy((char *)arguments.map + 64, &indexed, sizeof(indexed));
   PROG_STEP(draw_with(p, &draw, draw_indirect, arguments.buffer));
   PROG_STEP(draw_with(p, &draw, draw_indexed, arguments.buffer));
   PROG_STEP(draw_with(p, &draw, draw_indexed_indirect, arguments.buffer));
   prog_buffer_finish(p, &arguments);
   prog_draw_finish(p, &draw);
   return PROG_RIGHT;
}

enum prog_status
check_dynamic_rendering(struct prog *p)
{
   struct prog_draw draw;
   PROG_STEP(prog_draw_init(p, &draw, SIZE, SIZE, PROG_DRAW_DYNAMIC));
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_draw_begin(&draw, commands, VK_SUBPASS_CONTENTS_INLINE);
   prog_draw_triangle(&draw, commands);
   prog_draw_end(&draw, commands);
   prog_draw_read(&draw, commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(prog_draw_check(p, &draw));
   prog_draw_finish(p, &draw);
   return PROG_RIGHT;
}

static enum prog_status
make_render_pass2(struct prog *p, VkRenderPass *render_pass)
{
   const VkAttachmentDescription2 attachment = {
      .sType = VK_STRUCTURE_TYPE_ATTACHMENT_DESCRIPTION_2,
      .format = VK_FORMAT_R8G8B8A8_UNORM,
      .samples = VK_SAMPLE_COUNT_1_BIT,
      .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
      .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
      .stencilLoadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE,
      .stencilStoreOp = VK_ATTACHMENT_STORE_OP_DONT_CARE,
      .initialLayout = VK_IMAGE_LAYOUT_UNDEFINED,
      .finalLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
   };
   const VkAttachmentReference2 reference = {
      .sType = VK_STRUCTURE_TYPE_ATTACHMENT_REFERENCE_2,
      .layout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
      .aspectMask = VK_IMAGE_ASPECT_COLOR_BIT,
   };
   const VkSubpassDescription2 subpass = {
      .sType = VK_STRUCTURE_TYPE_SUBPASS_DESCRIPTION_2,
      .pipelineBindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS,
      .colorAttachmentCount = 1,
      .pColorAttachments = &reference,
   };
   const VkSubpassDependency2 after = {
      .sType = VK_STRUCTURE_TYPE_SUBPASS_DEPENDENCY_2,
      .srcSubpass = 0,
      .dstSubpass = VK_SUBPASS_EXTERNAL,
      .srcStageMask = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
      .dstStageMask = VK_PIPELINE_STAGE_TRANSFER_BIT,
      .srcAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
      .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT,
   };
   const VkRenderPassCreateInfo2 info = {
      .sType = VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO_2,
      .attachmentCount = 1,
      .pAttachments = &attachment,
      .subpassCount = 1,
      .pSubpasses = &subpass,
      .dependencyCount = 1,
      .pDependencies = &after,
   };
   PROG_VK(p, vkCreateRenderPass2(p->device, &info, NULL, render_pass));
   return PROG_RIGHT;
}

/* The structs of Vulkan 1.2 and a framebuffer that learns its image when the pass begins. */
enum prog_status
check_render_pass2(struct prog *p)
{
   if (!p->features12.imagelessFramebuffer)
      return prog_skipped(p, "the device has no imagelessFramebuffer of Vulkan 1.2");
   struct prog_draw draw;
   PROG_STEP(prog_draw_init(p, &draw, SIZE, SIZE, PROG_DRAW_RENDER_PASS));
   VkRenderPass render_pass;
   PROG_STEP(make_render_pass2(p, &render_pass));
   const VkFormat format = VK_FORMAT_R8G8B8A8_UNORM;
   const VkFramebufferAttachmentImageInfo image = {
      .sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_ATTACHMENT_IMAGE_INFO,
      .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
      .width = SIZE,
      .height = SIZE,
      .layerCount = 1,
      .viewFormatCount = 1,
      .pViewFormats = &format,
   };
   const VkFramebufferAttachmentsCreateInfo images = {
      .sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_ATTACHMENTS_CREATE_INFO,
      .attachmentImageInfoCount = 1,
      .pAttachmentImageInfos = &image,
   };
   const VkFramebufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
      .pNext = &images,
      .flags = VK_FRAMEBUFFER_CREATE_IMAGELESS_BIT,
      .renderPass = render_pass,
      .attachmentCount = 1,
      .width = SIZE,
      .height = SIZE,
      .layers = 1,
   };
   VkFramebuffer framebuffer;
   PROG_VK(p, vkCreateFramebuffer(p->device, &info, NULL, &framebuffer));

   const VkRenderPassAttachmentBeginInfo attachments = {
      .sType = VK_STRUCTURE_TYPE_RENDER_PASS_ATTACHMENT_BEGIN_INFO,
      .attachmentCount = 1,
      .pAttachments = &draw.colour.view,
   };
   const VkClearValue clear = {.color = {.float32 = {0.0f, 0.2f, 0.4f, 1.0f}}};
   const VkRenderPassBeginInfo begin = {
      .sType = VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,
      .pNext = &attachments,
      .renderPass = render_pass,
      .framebuffer = framebuffer,
      .renderArea = {.extent = {SIZE, SIZE}},
      .clearValueCount = 1,
      .pClearValues = &clear,
   };
   const VkSubpassBeginInfo first = {.sType = VK_STRUCTURE_TYPE_SUBPASS_BEGIN_INFO};
   const VkSubpassEndInfo last = {.sType = VK_STRUCTURE_TYPE_SUBPASS_END_INFO};
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdBeginRenderPass2(commands, &begin, &first);
   prog_draw_triangle(&draw, commands);
   vkCmdEndRenderPass2(commands, &last);
   prog_draw_read(&draw, commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(prog_draw_check(p, &draw));
   vkDestroyFramebuffer(p->device, framebuffer, NULL);
   vkDestroyRenderPass(p->device, render_pass, NULL);
   prog_draw_finish(p, &draw);
   return PROG_RIGHT;
}

/* A secondary command buffer that draws inside of the primary one's pass. */
enum prog_status
check_secondary_draw(struct prog *p)
{
   struct prog_draw draw;
   PROG_STEP(prog_draw_init(p, &draw, SIZE, SIZE, PROG_DRAW_RENDER_PASS));
   const VkCommandBufferAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = p->pool,
      .level = VK_COMMAND_BUFFER_LEVEL_SECONDARY,
      .commandBufferCount = 1,
   };
   VkCommandBuffer secondary, commands;
   PROG_VK(p, vkAllocateCommandBuffers(p->device, &info, &secondary));
   const VkCommandBufferInheritanceInfo inheritance = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO,
      .renderPass = draw.render_pass,
      .framebuffer = draw.framebuffer,
   };
   const VkCommandBufferBeginInfo begin = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
      .flags = VK_COMMAND_BUFFER_USAGE_RENDER_PASS_CONTINUE_BIT,
      .pInheritanceInfo = &inheritance,
   };
   PROG_VK(p, vkBeginCommandBuffer(secondary, &begin));
   prog_draw_triangle(&draw, secondary);
   PROG_VK(p, vkEndCommandBuffer(secondary));

   PROG_STEP(prog_commands_begin(p, &commands));
   prog_draw_begin(&draw, commands, VK_SUBPASS_CONTENTS_SECONDARY_COMMAND_BUFFERS);
   vkCmdExecuteCommands(commands, 1, &secondary);
   prog_draw_end(&draw, commands);
   prog_draw_read(&draw, commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(prog_draw_check(p, &draw));
   vkFreeCommandBuffers(p->device, p->pool, 1, &secondary);
   prog_draw_finish(p, &draw);
   return PROG_RIGHT;
}

enum prog_status
check_clear_attachments(struct prog *p)
{
   struct prog_draw draw;
   PROG_STEP(prog_draw_init(p, &draw, SIZE, SIZE, PROG_DRAW_RENDER_PASS));
   const VkClearAttachment white = {
      .aspectMask = VK_IMAGE_ASPECT_COLOR_BIT,
      .clearValue = {.color = {.float32 = {1.0f, 1.0f, 1.0f, 1.0f}}},
   };
   /* Clear of the pixels that prog_draw_check looks at. */
   const VkClearRect rects[2] = {
      {{{2, 2}, {4, 4}}, 0, 1},
      {{{30, 40}, {8, 4}}, 0, 1},
   };
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_draw_begin(&draw, commands, VK_SUBPASS_CONTENTS_INLINE);
   prog_draw_triangle(&draw, commands);
   vkCmdClearAttachments(commands, 1, &white, 2, rects);
   prog_draw_end(&draw, commands);
   prog_draw_read(&draw, commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(prog_draw_check(p, &draw));
   const uint32_t *pixels = draw.pixels.map;
   uint32_t cleared = 0;
   for (uint32_t i = 0; i < SIZE * SIZE; i++)
      cleared += pixels[i] == 0xffffffff;
   PROG_EXPECT(p, cleared == 4 * 4 + 8 * 4 && pixels[40 * SIZE + 30] == 0xffffffff,
               "%u pixels are cleared, not %u", cleared, 4 * 4 + 8 * 4);
   prog_draw_finish(p, &draw);
   return PROG_RIGHT;
}

static enum prog_status
make_queries(struct prog *p, VkQueryType type, VkQueryPipelineStatisticFlags statistics,
             uint32_t count, VkQueryPool *pool)
{
   const VkQueryPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
      .queryType = type,
      .queryCount = count,
      .pipelineStatistics = statistics,
   };
   PROG_VK(p, vkCreateQueryPool(p->device, &info, NULL, pool));
   return PROG_RIGHT;
}

/* Query 0 sees nothing drawn, query 1 a triangle, query 2 is reset and never used. */
static enum prog_status
run_occlusion(struct prog *p, const struct prog_draw *draw, VkQueryPool pool, VkBuffer copy,
              bool precise)
{
   const VkQueryControlFlags flags = precise ? VK_QUERY_CONTROL_PRECISE_BIT : 0;
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdResetQueryPool(commands, pool, 0, 3);
   prog_draw_begin(draw, commands, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBeginQuery(commands, pool, 0, flags);
   vkCmdEndQuery(commands, pool, 0);
   vkCmdBeginQuery(commands, pool, 1, flags);
   prog_draw_triangle(draw, commands);
   vkCmdEndQuery(commands, pool, 1);
   prog_draw_end(draw, commands);
   prog_draw_read(draw, commands);
   vkCmdCopyQueryPoolResults(commands, pool, 0, 2, copy, 8, 16,
                             VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT);
   prog_memory_barrier(commands);
   return prog_commands_run(p, commands);
}

static uint32_t
count_drawn(const struct prog_draw *draw)
{
   const uint32_t *pixels = draw->pixels.map;
   uint32_t drawn = 0;
   for (uint32_t i = 0; i < SIZE * SIZE; i++)
      drawn += pixels[i] != pixels[0];
   return drawn;
}

enum prog_status
check_occlusion_queries(struct prog *p)
{
   struct prog_draw draw;
   struct prog_buffer copy;
   VkQueryPool pool;
   PROG_STEP(prog_draw_init(p, &draw, SIZE, SIZE, PROG_DRAW_RENDER_PASS));
   PROG_STEP(prog_buffer_init(p, &copy, 64, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   PROG_STEP(make_queries(p, VK_QUERY_TYPE_OCCLUSION, 0, 3, &pool));
   const bool precise = p->features.occlusionQueryPrecise;
   PROG_STEP(run_occlusion(p, &draw, pool, copy.buffer, precise));
   PROG_STEP(prog_draw_check(p, &draw));

   const uint32_t drawn = count_drawn(&draw);
   uint64_t wide[2];
   PROG_VK(p, vkGetQueryPoolResults(p->device, pool, 0, 2, sizeof(wide), wide, 8,
                                    VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
   PROG_EXPECT(p, wide[0] == 0, "nothing was drawn, and %llu samples passed",
               (unsigned long long)wide[0]);
   PROG_EXPECT(p, precise ? wide[1] == drawn : wide[1] != 0,
               "%u pixels were drawn, and %llu samples passed", drawn, (unsigned long long)wide[1]);
   const uint64_t *copied = copy.map;
   PROG_EXPECT(p, copied[1] == wide[0] && copied[3] == wide[1],
               "vkCmdCopyQueryPoolResults gave %llu and %llu", (unsigned long long)copied[1],
               (unsigned long long)copied[3]);

   /* Query 2 is not available: value, availability in 32 bits, with a stride of their own. */
   uint32_t narrow[3][3];
   memset(narrow, 0x77, sizeof(narrow));
   PROG_VK_IS(p,
              vkGetQueryPoolResults(p->device, pool, 0, 3, sizeof(narrow), narrow,
                                    sizeof(narrow[0]), VK_QUERY_RESULT_WITH_AVAILABILITY_BIT),
              VK_NOT_READY);
   PROG_EXPECT(p,
               narrow[0][1] && narrow[1][1] && !narrow[2][1] && narrow[1][0] == wide[1] &&
                  narrow[1][2] == 0x77777777,
               "the queries' availability is %u, %u, %u", narrow[0][1], narrow[1][1], narrow[2][1]);
   vkDestroyQueryPool(p->device, pool, NULL);
   prog_buffer_finish(p, &copy);
   prog_draw_finish(p, &draw);
   return PROG_RIGHT;
}

enum prog_status
check_statistics_queries(struct prog *p)
{
   if (!p->features.pipelineStatisticsQuery)
      return prog_skipped(p, "the device has no pipelineStatisticsQuery");
   struct prog_draw draw;
   VkQueryPool pool;
   PROG_STEP(prog_draw_init(p, &draw, SIZE, SIZE, PROG_DRAW_RENDER_PASS));
   PROG_STEP(make_queries(p, VK_QUERY_TYPE_PIPELINE_STATISTICS,
                          VK_QUERY_PIPELINE_STATISTIC_INPUT_ASSEMBLY_VERTICES_BIT |
                             VK_QUERY_PIPELINE_STATISTIC_INPUT_ASSEMBLY_PRIMITIVES_BIT |
                             VK_QUERY_PIPELINE_STATISTIC_FRAGMENT_SHADER_INVOCATIONS_BIT,
                          1, &pool));
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdResetQueryPool(commands, pool, 0, 1);
   prog_draw_begin(&draw, commands, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBeginQuery(commands, pool, 0, 0);
   prog_draw_triangle(&draw, commands);
   vkCmdEndQuery(commands, pool, 0);
   prog_draw_end(&draw, commands);
   prog_draw_read(&draw, commands);
   PROG_STEP(prog_commands_run(p, commands));
   uint64_t results[4];
   PROG_VK(p,
           vkGetQueryPoolResults(p->device, pool, 0, 1, sizeof(results), results, sizeof(results),
                                 VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT |
                                    VK_QUERY_RESULT_WITH_AVAILABILITY_BIT));
   PROG_EXPECT(p,
               results[0] == 3 && results[1] == 1 && results[2] >= count_drawn(&draw) && results[3],
               "%llu vertices, %llu primitives, %llu fragments, availability %llu",
               (unsigned long long)results[0], (unsigned long long)results[1],
               (unsigned long long)results[2], (unsigned long long)results[3]);
   vkDestroyQueryPool(p->device, pool, NULL);
   prog_draw_finish(p, &draw);
   return PROG_RIGHT;
}

enum prog_status
check_timestamp_queries(struct prog *p)
{
   const uint32_t bits = p->family_props.timestampValidBits;
   if (bits == 0)
      return prog_skipped(p, "the queue has no timestamps");
   VkQueryPool pool;
   PROG_STEP(make_queries(p, VK_QUERY_TYPE_TIMESTAMP, 0, 4, &pool));
   for (uint32_t round = 0; round < 2; round++) {
      VkCommandBuffer commands;
      PROG_STEP(prog_commands_begin(p, &commands));
      vkCmdResetQueryPool(commands, pool, 0, 4);
      for (uint32_t i = 0; i < 3; i++)
         vkCmdWriteTimestamp(
            commands, i ? VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT : VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT,
            pool, i);
      PROG_STEP(prog_commands_run(p, commands));
      uint64_t times[4][2] = {0};
      PROG_VK(
         p, vkGetQueryPoolResults(p->device, pool, 0, 3, sizeof(times), times, sizeof(times[0]),
                                  VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WITH_AVAILABILITY_BIT));
      PROG_EXPECT(p, times[0][1] && times[1][1] && times[2][1], "a timestamp is not available");
      PROG_EXPECT(p, bits < 64 || (times[0][0] <= times[1][0] && times[1][0] <= times[2][0]),
                  "timestamps go backwards");
      PROG_VK_IS(p,
                 vkGetQueryPoolResults(p->device, pool, 3, 1, 8, times, 8, VK_QUERY_RESULT_64_BIT),
                 VK_NOT_READY);
   }
   if (p->features12.hostQueryReset) {
      uint64_t time;
      vkResetQueryPool(p->device, pool, 0, 4);
      PROG_VK_IS(p,
                 vkGetQueryPoolResults(p->device, pool, 0, 1, 8, &time, 8, VK_QUERY_RESULT_64_BIT),
                 VK_NOT_READY);
   }
   vkDestroyQueryPool(p->device, pool, NULL);
   return PROG_RIGHT;
}
