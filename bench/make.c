/* SPDX-License-Identifier: MIT
 *
 * The objects that rows are made of.
 */
#include "bench/bench.h"

#include "bench/shaders.h"

#include <string.h>
#include <unistd.h>

VkCommandPool
bench_make_pool(struct bench *b)
{
   VkCommandPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
      .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
      .queueFamilyIndex = b->family,
   };
   VkCommandPool pool;
   bench_check(b, vkCreateCommandPool(b->device, &info, NULL, &pool), "vkCreateCommandPool");
   BENCH_OWN(b, COMMAND_POOL, pool);
   return pool;
}

VkCommandBuffer
bench_make_command_buffer(struct bench *b, VkCommandBufferLevel level)
{
   if (!b->pool)
      b->pool = bench_make_pool(b);
   VkCommandBufferAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = b->pool,
      .level = level,
      .commandBufferCount = 1,
   };
   VkCommandBuffer cmd;
   bench_check(b, vkAllocateCommandBuffers(b->device, &info, &cmd), "vkAllocateCommandBuffers");
   return cmd;
}

void
bench_make_fence(struct bench *b)
{
   VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   bench_check(b, vkCreateFence(b->device, &info, NULL, &b->fence), "vkCreateFence");
   BENCH_OWN(b, FENCE, b->fence);
}

void
bench_make_timeline(struct bench *b)
{
   if (!b->has_timeline)
      bench_skip(b, "no timeline semaphores");
   VkSemaphoreTypeCreateInfo type = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
      .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
   };
   VkSemaphoreCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
      .pNext = &type,
   };
   bench_check(b, vkCreateSemaphore(b->device, &info, NULL, &b->timeline), "vkCreateSemaphore");
   BENCH_OWN(b, SEMAPHORE, b->timeline);
}

static VkDeviceMemory
bench_allocate(struct bench *b, VkMemoryRequirements needs, VkMemoryPropertyFlags wanted)
{
   uint32_t type = 0;
   while (type < b->memory.memoryTypeCount &&
          (!(needs.memoryTypeBits >> type & 1) ||
           (b->memory.memoryTypes[type].propertyFlags & wanted) != wanted))
      type++;
   if (type == b->memory.memoryTypeCount)
      bench_skip(b, "no memory type with flags 0x%x", wanted);

   uint32_t heap = b->memory.memoryTypes[type].heapIndex;
   if (b->memory.memoryHeaps[heap].size / 4 < needs.size)
      bench_skip(b, "a memory heap of %llu MiB is too small",
                 (unsigned long long)b->memory.memoryHeaps[heap].size >> 20);
   VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .allocationSize = needs.size,
      .memoryTypeIndex = type,
   };
   VkDeviceMemory memory;
   VkResult result = vkAllocateMemory(b->device, &info, NULL, &memory);
   if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY)
      bench_skip(b, "no %llu KiB of memory", (unsigned long long)needs.size >> 10);
   bench_check(b, result, "vkAllocateMemory");
   BENCH_OWN(b, DEVICE_MEMORY, memory);
   return memory;
}

struct bench_buffer
bench_make_buffer(struct bench *b, VkDeviceSize size, VkBufferUsageFlags usage,
                  VkMemoryPropertyFlags wanted)
{
   struct bench_buffer buffer = {.size = size};
   VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .size = size,
      .usage = usage,
   };
   bench_check(b, vkCreateBuffer(b->device, &info, NULL, &buffer.buffer), "vkCreateBuffer");
   BENCH_OWN(b, BUFFER, buffer.buffer);

   VkMemoryRequirements needs;
   vkGetBufferMemoryRequirements(b->device, buffer.buffer, &needs);
   buffer.memory = bench_allocate(b, needs, wanted);
   bench_check(b, vkBindBufferMemory(b->device, buffer.buffer, buffer.memory, 0),
               "vkBindBufferMemory");
   if (wanted & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT)
      bench_check(b, vkMapMemory(b->device, buffer.memory, 0, VK_WHOLE_SIZE, 0, &buffer.map),
                  "vkMapMemory");
   return buffer;
}

static VkShaderModule
bench_make_module(struct bench *b, const uint32_t *code, size_t size)
{
   VkShaderModuleCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
      .codeSize = size,
      .pCode = code,
   };
   VkShaderModule module;
   bench_check(b, vkCreateShaderModule(b->device, &info, NULL, &module), "vkCreateShaderModule");
   BENCH_OWN(b, SHADER_MODULE, module);
   return module;
}

static void
bench_make_set(struct bench *b)
{
   VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 16};
   VkDescriptorPoolCreateInfo pool = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
      .maxSets = 16,
      .poolSizeCount = 1,
      .pPoolSizes = &size,
   };
   bench_check(b, vkCreateDescriptorPool(b->device, &pool, NULL, &b->set_pool),
               "vkCreateDescriptorPool");
   BENCH_OWN(b, DESCRIPTOR_POOL, b->set_pool);

   VkDescriptorSetAllocateInfo allocate = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
      .descriptorPool = b->set_pool,
      .descriptorSetCount = 1,
      .pSetLayouts = &b->set_layout,
   };
   bench_check(b, vkAllocateDescriptorSets(b->device, &allocate, &b->set),
               "vkAllocateDescriptorSets");
   VkDescriptorBufferInfo data = {b->buffers[0].buffer, 0, VK_WHOLE_SIZE};
   VkWriteDescriptorSet write = {
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
      .dstSet = b->set,
      .descriptorCount = 1,
      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .pBufferInfo = &data,
   };
   vkUpdateDescriptorSets(b->device, 1, &write, 0, NULL);
}

static void
bench_make_layout(struct bench *b, VkShaderStageFlags stages, uint32_t set_count)
{
   VkPushConstantRange push = {stages, 0, 16};
   VkPipelineLayoutCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
      .setLayoutCount = set_count,
      .pSetLayouts = &b->set_layout,
      .pushConstantRangeCount = 1,
      .pPushConstantRanges = &push,
   };
   bench_check(b, vkCreatePipelineLayout(b->device, &info, NULL, &b->layout),
               "vkCreatePipelineLayout");
   BENCH_OWN(b, PIPELINE_LAYOUT, b->layout);
}

/* A specialization that neither this process nor one before it has asked for. */
static uint32_t
bench_next_salt(struct bench *b)
{
   if (!b->salt)
      b->salt = (uint32_t)bench_now() ^ (uint32_t)getpid() << 16;
   return ++b->salt;
}

VkPipeline
bench_new_compute_pipeline(struct bench *b)
{
   uint32_t salt = bench_next_salt(b);
   VkSpecializationMapEntry entry = {0, 0, sizeof(salt)};
   VkSpecializationInfo special = {1, &entry, sizeof(salt), &salt};
   VkComputePipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage =
         {
            .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
            .stage = VK_SHADER_STAGE_COMPUTE_BIT,
            .module = b->modules[0],
            .pName = "main",
            .pSpecializationInfo = &special,
         },
      .layout = b->layout,
   };
   VkPipeline pipeline;
   bench_check(b, vkCreateComputePipelines(b->device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline),
               "vkCreateComputePipelines");
   return pipeline;
}

void
bench_make_compute(struct bench *b)
{
   b->buffers[0] = bench_make_buffer(b, 65536, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, 0);
   VkDescriptorSetLayoutBinding binding = {
      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .descriptorCount = 1,
      .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
   };
   VkDescriptorSetLayoutCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
      .bindingCount = 1,
      .pBindings = &binding,
   };
   bench_check(b, vkCreateDescriptorSetLayout(b->device, &info, NULL, &b->set_layout),
               "vkCreateDescriptorSetLayout");
   BENCH_OWN(b, DESCRIPTOR_SET_LAYOUT, b->set_layout);
   bench_make_set(b);
   bench_make_layout(b, VK_SHADER_STAGE_COMPUTE_BIT, 1);
   b->modules[0] = bench_make_module(b, bench_compute_comp, sizeof(bench_compute_comp));
   b->pipeline = bench_new_compute_pipeline(b);
   BENCH_OWN(b, PIPELINE, b->pipeline);
}

VkImage
bench_new_image(struct bench *b)
{
   VkImageCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
      .imageType = VK_IMAGE_TYPE_2D,
      .format = VK_FORMAT_R8G8B8A8_UNORM,
      .extent = {128, 128, 1},
      .mipLevels = 1,
      .arrayLayers = 1,
      .samples = VK_SAMPLE_COUNT_1_BIT,
      .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
               VK_IMAGE_USAGE_SAMPLED_BIT,
   };
   if (!(b->family_properties.queueFlags & VK_QUEUE_GRAPHICS_BIT))
      info.usage = VK_IMAGE_USAGE_SAMPLED_BIT;
   VkImage image;
   bench_check(b, vkCreateImage(b->device, &info, NULL, &image), "vkCreateImage");
   return image;
}

void
bench_make_image(struct bench *b)
{
   b->image = bench_new_image(b);
   BENCH_OWN(b, IMAGE, b->image);
   VkMemoryRequirements needs;
   vkGetImageMemoryRequirements(b->device, b->image, &needs);
   VkDeviceMemory memory = bench_allocate(b, needs, 0);
   bench_check(b, vkBindImageMemory(b->device, b->image, memory, 0), "vkBindImageMemory");
}

static void
bench_make_render_pass(struct bench *b)
{
   VkAttachmentDescription attachment = {
      .format = VK_FORMAT_R8G8B8A8_UNORM,
      .samples = VK_SAMPLE_COUNT_1_BIT,
      .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
      .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
      .stencilLoadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE,
      .stencilStoreOp = VK_ATTACHMENT_STORE_OP_DONT_CARE,
      .finalLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
   };
   VkAttachmentReference reference = {0, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
   VkSubpassDescription subpass = {
      .pipelineBindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS,
      .colorAttachmentCount = 1,
      .pColorAttachments = &reference,
   };
   VkSubpassDependency dependency = {
      .srcSubpass = VK_SUBPASS_EXTERNAL,
      .srcStageMask = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
      .dstStageMask = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
      .srcAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
      .dstAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
   };
   VkRenderPassCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
      .attachmentCount = 1,
      .pAttachments = &attachment,
      .subpassCount = 1,
      .pSubpasses = &subpass,
      .dependencyCount = 1,
      .pDependencies = &dependency,
   };
   bench_check(b, vkCreateRenderPass(b->device, &info, NULL, &b->render_pass),
               "vkCreateRenderPass");
   BENCH_OWN(b, RENDER_PASS, b->render_pass);
}

static void
bench_make_framebuffer(struct bench *b)
{
   bench_make_image(b);
   VkImageViewCreateInfo view_info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
      .image = b->image,
      .viewType = VK_IMAGE_VIEW_TYPE_2D,
      .format = VK_FORMAT_R8G8B8A8_UNORM,
      .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1},
   };
   VkImageView view;
   bench_check(b, vkCreateImageView(b->device, &view_info, NULL, &view), "vkCreateImageView");
   BENCH_OWN(b, IMAGE_VIEW, view);
   VkFramebufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
      .renderPass = b->render_pass,
      .attachmentCount = 1,
      .pAttachments = &view,
      .width = 128,
      .height = 128,
      .layers = 1,
   };
   bench_check(b, vkCreateFramebuffer(b->device, &info, NULL, &b->framebuffer),
               "vkCreateFramebuffer");
   BENCH_OWN(b, FRAMEBUFFER, b->framebuffer);
}

VkPipeline
bench_new_graphics_pipeline(struct bench *b)
{
   uint32_t salt = bench_next_salt(b);
   VkSpecializationMapEntry entry = {0, 0, sizeof(salt)};
   VkSpecializationInfo special = {1, &entry, sizeof(salt), &salt};
   VkPipelineShaderStageCreateInfo stages[] = {
      {
         .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
         .stage = VK_SHADER_STAGE_VERTEX_BIT,
         .module = b->modules[0],
         .pName = "main",
      },
      {
         .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
         .stage = VK_SHADER_STAGE_FRAGMENT_BIT,
         .module = b->modules[1],
         .pName = "main",
         .pSpecializationInfo = &special,
      },
   };
   VkPipelineVertexInputStateCreateInfo vertex = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
   };
   VkPipelineInputAssemblyStateCreateInfo assembly = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
      .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
   };
   VkPipelineViewportStateCreateInfo viewport = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
      .viewportCount = 1,
      .scissorCount = 1,
   };
   VkPipelineRasterizationStateCreateInfo raster = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
      .lineWidth = 1,
   };
   VkPipelineMultisampleStateCreateInfo samples = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
      .rasterizationSamples = VK_SAMPLE_COUNT_1_BIT,
   };
   VkPipelineColorBlendAttachmentState attachment = {.colorWriteMask = 0xf};
   VkPipelineColorBlendStateCreateInfo blend = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
      .attachmentCount = 1,
      .pAttachments = &attachment,
   };
   VkDynamicState dynamic_states[] = {VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR};
   VkPipelineDynamicStateCreateInfo dynamic = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO,
      .dynamicStateCount = 2,
      .pDynamicStates = dynamic_states,
   };
   VkGraphicsPipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
      .stageCount = 2,
      .pStages = stages,
      .pVertexInputState = &vertex,
      .pInputAssemblyState = &assembly,
      .pViewportState = &viewport,
      .pRasterizationState = &raster,
      .pMultisampleState = &samples,
      .pColorBlendState = &blend,
      .pDynamicState = &dynamic,
      .layout = b->layout,
      .renderPass = b->render_pass,
   };
   VkPipeline pipeline;
   bench_check(b, vkCreateGraphicsPipelines(b->device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline),
               "vkCreateGraphicsPipelines");
   return pipeline;
}

void
bench_make_graphics(struct bench *b)
{
   if (!(b->family_properties.queueFlags & VK_QUEUE_GRAPHICS_BIT))
      bench_skip(b, "no graphics queue");
   bench_make_render_pass(b);
   bench_make_framebuffer(b);
   bench_make_layout(b, VK_SHADER_STAGE_VERTEX_BIT, 0);
   b->modules[0] = bench_make_module(b, bench_draw_vert, sizeof(bench_draw_vert));
   b->modules[1] = bench_make_module(b, bench_draw_frag, sizeof(bench_draw_frag));
   b->pipeline = bench_new_graphics_pipeline(b);
   BENCH_OWN(b, PIPELINE, b->pipeline);
}

/* --- Short forms --- */

void
bench_begin(struct bench *b, VkCommandBuffer cmd)
{
   VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
   bench_check(b, vkBeginCommandBuffer(cmd, &info), "vkBeginCommandBuffer");
}

void
bench_submit(struct bench *b, VkCommandBuffer cmd, VkFence fence)
{
   VkSubmitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .commandBufferCount = cmd ? 1 : 0,
      .pCommandBuffers = &cmd,
   };
   bench_check(b, vkQueueSubmit(b->queue, 1, &info, fence), "vkQueueSubmit");
}

void
bench_wait(struct bench *b)
{
   bench_check(b, vkWaitForFences(b->device, 1, &b->fence, VK_TRUE, UINT64_MAX), "vkWaitForFences");
   bench_check(b, vkResetFences(b->device, 1, &b->fence), "vkResetFences");
}

void
bench_drain(struct bench *b)
{
   if (!b->cache) {
      VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
      bench_check(b, vkCreatePipelineCache(b->device, &info, NULL, &b->cache),
                  "vkCreatePipelineCache");
      BENCH_OWN(b, PIPELINE_CACHE, b->cache);
   }
   size_t size = 0;
   bench_check(b, vkGetPipelineCacheData(b->device, b->cache, &size, NULL),
               "vkGetPipelineCacheData");
}
