/* SPDX-License-Identifier: MIT */
#include "tests/programs/draw.h"

#include "tests/programs/shaders.h"

#include <string.h>

#define FORMAT VK_FORMAT_R8G8B8A8_UNORM

struct vertex {
   float position[2];
   float colour[3];
};

static const struct vertex triangle[3] = {
   {{0.0f, -0.8f}, {1.0f, 0.0f, 0.0f}},
   {{0.8f, 0.8f}, {0.0f, 1.0f, 0.0f}},
   {{-0.8f, 0.8f}, {0.0f, 0.0f, 1.0f}},
};

/* 51/255 is exact in RGBA8. */
static const VkClearValue background = {.color = {.float32 = {0.0f, 0.2f, 0.4f, 1.0f}}};
static const uint8_t background_bytes[4] = {0, 51, 102, 255};

VkResult
prog_draw_render_pass(struct prog *p, const VkAllocationCallbacks *alloc, VkRenderPass *render_pass)
{
   const VkAttachmentDescription attachment = {
      .format = FORMAT,
      .samples = VK_SAMPLE_COUNT_1_BIT,
      .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
      .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
      .stencilLoadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE,
      .stencilStoreOp = VK_ATTACHMENT_STORE_OP_DONT_CARE,
      .initialLayout = VK_IMAGE_LAYOUT_UNDEFINED,
      .finalLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
   };
   const VkAttachmentReference reference = {0, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
   const VkSubpassDescription subpass = {
      .pipelineBindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS,
      .colorAttachmentCount = 1,
      .pColorAttachments = &reference,
   };
   const VkSubpassDependency after = {
      .srcSubpass = 0,
      .dstSubpass = VK_SUBPASS_EXTERNAL,
      .srcStageMask = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
      .dstStageMask = VK_PIPELINE_STAGE_TRANSFER_BIT,
      .srcAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
      .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT,
   };
   const VkRenderPassCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
      .attachmentCount = 1,
      .pAttachments = &attachment,
      .subpassCount = 1,
      .pSubpasses = &subpass,
      .dependencyCount = 1,
      .pDependencies = &after,
   };
   return vkCreateRenderPass(p->device, &info, alloc, render_pass);
}

static const VkVertexInputBindingDescription vertex_binding = {
   0,
   sizeof(struct vertex),
   VK_VERTEX_INPUT_RATE_VERTEX,
};

static const VkVertexInputAttributeDescription vertex_attributes[] = {
   {0, 0, VK_FORMAT_R32G32_SFLOAT, offsetof(struct vertex, position)},
   {1, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(struct vertex, colour)},
};

static const VkPipelineVertexInputStateCreateInfo vertex_input = {
   .sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
   .vertexBindingDescriptionCount = 1,
   .pVertexBindingDescriptions = &vertex_binding,
   .vertexAttributeDescriptionCount = PROG_COUNT(vertex_attributes),
   .pVertexAttributeDescriptions = vertex_attributes,
};

static const VkPipelineInputAssemblyStateCreateInfo input_assembly = {
   .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
   .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
};

static const VkPipelineViewportStateCreateInfo viewport_state = {
   .sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
   .viewportCount = 1,
   .scissorCount = 1,
};

static const VkPipelineRasterizationStateCreateInfo rasterization = {
   .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
   .polygonMode = VK_POLYGON_MODE_FILL,
   .cullMode = VK_CULL_MODE_NONE,
   .frontFace = VK_FRONT_FACE_CLOCKWISE,
   .lineWidth = 1.0f,
};

static const VkPipelineMultisampleStateCreateInfo multisample = {
   .sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
   .rasterizationSamples = VK_SAMPLE_COUNT_1_BIT,
};

static const VkPipelineColorBlendAttachmentState blend_attachment = {
   .colorWriteMask = VK_COLOR_COMPONENT_R_BIT | VK_COLOR_COMPONENT_G_BIT |
                     VK_COLOR_COMPONENT_B_BIT | VK_COLOR_COMPONENT_A_BIT,
};

static const VkPipelineColorBlendStateCreateInfo blend = {
   .sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
   .attachmentCount = 1,
   .pAttachments = &blend_attachment,
};

static const VkDynamicState dynamic_states[] = {
   VK_DYNAMIC_STATE_VIEWPORT,
   VK_DYNAMIC_STATE_SCISSOR,
};

static const VkPipelineDynamicStateCreateInfo dynamic_state = {
   .sType = VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO,
   .dynamicStateCount = PROG_COUNT(dynamic_states),
   .pDynamicStates = dynamic_states,
};

static const VkFormat colour_format = FORMAT;

static const VkPipelineRenderingCreateInfo rendering = {
   .sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
   .colorAttachmentCount = 1,
   .pColorAttachmentFormats = &colour_format,
};

VkResult
prog_draw_pipeline(struct prog *p, const VkAllocationCallbacks *alloc, VkPipelineLayout layout,
                   VkRenderPass render_pass, const VkShaderModule modules[2], VkPipeline *pipeline)
{
   const VkPipelineShaderStageCreateInfo stages[2] = {
      {
         .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
         .stage = VK_SHADER_STAGE_VERTEX_BIT,
         .module = modules[0],
         .pName = "main",
      },
      {
         .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
         .stage = VK_SHADER_STAGE_FRAGMENT_BIT,
         .module = modules[1],
         .pName = "main",
      },
   };
   const VkGraphicsPipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
      .pNext = render_pass ? NULL : &rendering,
      .stageCount = 2,
      .pStages = stages,
      .pVertexInputState = &vertex_input,
      .pInputAssemblyState = &input_assembly,
      .pViewportState = &viewport_state,
      .pRasterizationState = &rasterization,
      .pMultisampleState = &multisample,
      .pColorBlendState = &blend,
      .pDynamicState = &dynamic_state,
      .layout = layout,
      .renderPass = render_pass,
   };
   return vkCreateGraphicsPipelines(p->device, VK_NULL_HANDLE, 1, &info, alloc, pipeline);
}

static enum prog_status
init_pipeline(struct prog *p, struct prog_draw *draw)
{
   const VkPipelineLayoutCreateInfo layout = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
   };
   PROG_VK(p, vkCreatePipelineLayout(p->device, &layout, NULL, &draw->layout));

   VkShaderModule modules[2];
   PROG_STEP(prog_shader_module(p, &prog_shader_triangle_vert, &modules[0]));
   PROG_STEP(prog_shader_module(p, &prog_shader_triangle_frag, &modules[1]));
   PROG_VK(p,
           prog_draw_pipeline(p, NULL, draw->layout, draw->render_pass, modules, &draw->pipeline));
   vkDestroyShaderModule(p->device, modules[0], NULL);
   vkDestroyShaderModule(p->device, modules[1], NULL);
   return PROG_RIGHT;
}

static enum prog_status
init_pass(struct prog *p, struct prog_draw *draw)
{
   PROG_VK(p, prog_draw_render_pass(p, NULL, &draw->render_pass));
   const VkFramebufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
      .renderPass = draw->render_pass,
      .attachmentCount = 1,
      .pAttachments = &draw->colour.view,
      .width = draw->width,
      .height = draw->height,
      .layers = 1,
   };
   PROG_VK(p, vkCreateFramebuffer(p->device, &info, NULL, &draw->framebuffer));
   return PROG_RIGHT;
}

static enum prog_status
init_dynamic(struct prog *p, struct prog_draw *draw)
{
   const bool khr = draw->kind == PROG_DRAW_DYNAMIC_KHR;
   if (!khr && !p->features13.dynamicRendering)
      return prog_skipped(p, "the device has no dynamicRendering of Vulkan 1.3");

   const char *begin = khr ? "vkCmdBeginRenderingKHR" : "vkCmdBeginRendering";
   const char *end = khr ? "vkCmdEndRenderingKHR" : "vkCmdEndRendering";
   draw->begin_rendering = (PFN_vkCmdBeginRendering)vkGetDeviceProcAddr(p->device, begin);
   draw->end_rendering = (PFN_vkCmdEndRendering)vkGetDeviceProcAddr(p->device, end);
   PROG_EXPECT(p, draw->begin_rendering && draw->end_rendering, "there is no %s or no %s", begin,
               end);
   return PROG_RIGHT;
}

enum prog_status
prog_draw_init(struct prog *p, struct prog_draw *draw, uint32_t width, uint32_t height,
               enum prog_draw_kind kind)
{
   *draw = (struct prog_draw){.kind = kind, .width = width, .height = height};
   if (!p->graphics)
      return prog_skipped(p, "the device has no graphics queue");

   PROG_STEP(
      prog_buffer_init(p, &draw->vertices, sizeof(triangle), VK_BUFFER_USAGE_VERTEX_BUFFER_BIT));
   memcpy(draw->vertices.map, triangle, sizeof(triangle));
   PROG_STEP(prog_buffer_init(p, &draw->pixels, (VkDeviceSize)width * height * 4,
                              VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   PROG_STEP(
      prog_image_init_2d(p, &draw->colour, FORMAT, width, height,
                         VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT));
   PROG_STEP(prog_image_view(p, &draw->colour, VK_IMAGE_VIEW_TYPE_2D, FORMAT));
   PROG_STEP(kind == PROG_DRAW_RENDER_PASS ? init_pass(p, draw) : init_dynamic(p, draw));
   return init_pipeline(p, draw);
}

static void
begin_dynamic(const struct prog_draw *draw, VkCommandBuffer commands, VkRect2D area)
{
   prog_image_barrier(commands, draw->colour.image, VK_IMAGE_ASPECT_COLOR_BIT,
                      VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL);
   const VkRenderingAttachmentInfo attachment = {
      .sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
      .imageView = draw->colour.view,
      .imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
      .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
      .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
      .clearValue = background,
   };
   const VkRenderingInfo info = {
      .sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
      .renderArea = area,
      .layerCount = 1,
      .colorAttachmentCount = 1,
      .pColorAttachments = &attachment,
   };
   draw->begin_rendering(commands, &info);
}

void
prog_draw_begin(const struct prog_draw *draw, VkCommandBuffer commands, VkSubpassContents contents)
{
   const VkRect2D area = {.extent = {draw->width, draw->height}};
   if (draw->kind != PROG_DRAW_RENDER_PASS) {
      begin_dynamic(draw, commands, area);
      return;
   }
   const VkRenderPassBeginInfo info = {
      .sType = VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,
      .renderPass = draw->render_pass,
      .framebuffer = draw->framebuffer,
      .renderArea = area,
      .clearValueCount = 1,
      .pClearValues = &background,
   };
   vkCmdBeginRenderPass(commands, &info, contents);
}

void
prog_draw_bind(const struct prog_draw *draw, VkCommandBuffer commands)
{
   const VkViewport viewport = {
      .width = (float)draw->width,
      .height = (float)draw->height,
      .maxDepth = 1.0f,
   };
   const VkRect2D scissor = {.extent = {draw->width, draw->height}};
   const VkDeviceSize offset = 0;
   vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, draw->pipeline);
   vkCmdSetViewport(commands, 0, 1, &viewport);
   vkCmdSetScissor(commands, 0, 1, &scissor);
   vkCmdBindVertexBuffers(commands, 0, 1, &draw->vertices.buffer, &offset);
}

void
prog_draw_triangle(const struct prog_draw *draw, VkCommandBuffer commands)
{
   prog_draw_bind(draw, commands);
   vkCmdDraw(commands, 3, 1, 0, 0);
}

void
prog_draw_end(const struct prog_draw *draw, VkCommandBuffer commands)
{
   if (draw->kind == PROG_DRAW_RENDER_PASS) {
      vkCmdEndRenderPass(commands);
      return;
   }
   draw->end_rendering(commands);
   prog_image_barrier(commands, draw->colour.image, VK_IMAGE_ASPECT_COLOR_BIT,
                      VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
                      VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
}

void
prog_draw_read(const struct prog_draw *draw, VkCommandBuffer commands)
{
   const VkBufferImageCopy region = {
      .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
      .imageExtent = {draw->width, draw->height, 1},
   };
   vkCmdCopyImageToBuffer(commands, draw->colour.image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                          draw->pixels.buffer, 1, &region);
   prog_memory_barrier(commands);
}

static const uint8_t *
pixel(const struct prog_draw *draw, uint32_t x, uint32_t y)
{
   return (const uint8_t *)draw->pixels.map + 4 * ((size_t)y * draw->width + x);
}

enum prog_status
prog_draw_check(struct prog *p, const struct prog_draw *draw)
{
   const uint32_t w = draw->width, h = draw->height;
   const uint32_t outside[4][2] = {{0, 0}, {w - 1, 0}, {0, h - 1}, {w - 1, h - 1}};
   for (uint32_t i = 0; i < 4; i++) {
      const uint8_t *c = pixel(draw, outside[i][0], outside[i][1]);
      PROG_EXPECT(p, memcmp(c, background_bytes, 4) == 0,
                  "the corner at %u,%u is %u,%u,%u,%u, not the background", outside[i][0],
                  outside[i][1], c[0], c[1], c[2], c[3]);
   }

   /* Near each vertex, its own colour prevails: red, green, blue. */
   for (uint32_t i = 0; i < 3; i++) {
      const float *at = triangle[i].position;
      const uint32_t x = (uint32_t)((at[0] * 0.9f + 1.0f) / 2.0f * (float)w);
      const uint32_t y = (uint32_t)(((at[1] - 0.2f) * 0.9f + 1.2f) / 2.0f * (float)h);
      const uint8_t *c = pixel(draw, x, y);
      PROG_EXPECT(p, c[i] > 150 && c[(i + 1) % 3] < 80 && c[(i + 2) % 3] < 80 && c[3] == 255,
                  "the pixel at %u,%u near vertex %u is %u,%u,%u,%u", x, y, i, c[0], c[1], c[2],
                  c[3]);
   }
   return PROG_RIGHT;
}

void
prog_draw_finish(struct prog *p, struct prog_draw *draw)
{
   vkDestroyPipeline(p->device, draw->pipeline, NULL);
   vkDestroyPipelineLayout(p->device, draw->layout, NULL);
   vkDestroyFramebuffer(p->device, draw->framebuffer, NULL);
   vkDestroyRenderPass(p->device, draw->render_pass, NULL);
   prog_image_finish(p, &draw->colour);
   prog_buffer_finish(p, &draw->pixels);
   prog_buffer_finish(p, &draw->vertices);
}
