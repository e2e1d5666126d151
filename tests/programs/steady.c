/* SPDX-License-Identifier: MIT */
/*
 * steady: what an application does again and again, as often as it is told to, and whether the
 * results are right: steady compute|draw|upload|staging COUNT
 *
 *    compute  a buffer, a descriptor set and a pipeline of its own for each dispatch
 *    draw     a frame with an image, a view, a sampler and a pipeline of its own
 *    upload   new data in mapped memory, copied; waited for by fence and timeline
 *    staging  the same with a source buffer and memory of its own for each turn
 */
#include "tests/programs/draw.h"
#include "tests/programs/shaders.h"
#include "tests/programs/sum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 1024u
#define ROOM (64u * 1024u)

/* --- Compute ------------------------------------------------------------------------------------
 */

struct compute_loop {
   struct prog_compute compute;
   struct prog_buffer buffers[3];
   VkDescriptorPool pool;
   VkDescriptorUpdateTemplate template; /* VK_NULL_HANDLE before Vulkan 1.1 */
};

static enum prog_status
compute_init(struct prog *p, struct compute_loop *loop)
{
   const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 3};
   const VkDescriptorPoolCreateInfo pool = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
      .maxSets = 1,
      .poolSizeCount = 1,
      .pPoolSizes = &size,
   };
   const VkDescriptorUpdateTemplateEntry entry = {
      .dstBinding = 2,
      .descriptorCount = 1,
      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
   };
   PROG_STEP(prog_compute_init(p, &loop->compute, &prog_shader_sum, 3, sizeof(struct prog_sum_push),
                               NULL));
   PROG_VK(p, vkCreateDescriptorPool(p->device, &pool, NULL, &loop->pool));
   for (uint32_t i = 0; i < 3; i++)
      PROG_STEP(prog_buffer_init(p, &loop->buffers[i], ROOM, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT));
   for (uint32_t i = 0; i < WORDS; i++)
      ((uint32_t *)loop->buffers[0].map)[i] = i;
   if (p->api < VK_API_VERSION_1_1)
      return PROG_RIGHT;
   const VkDescriptorUpdateTemplateCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_UPDATE_TEMPLATE_CREATE_INFO,
      .descriptorUpdateEntryCount = 1,
      .pDescriptorUpdateEntries = &entry,
      .templateType = VK_DESCRIPTOR_UPDATE_TEMPLATE_TYPE_DESCRIPTOR_SET,
      .descriptorSetLayout = loop->compute.set_layout,
   };
   PROG_VK(p, vkCreateDescriptorUpdateTemplate(p->device, &info, NULL, &loop->template));
   return PROG_RIGHT;
}

/* A buffer in the memory of another one, as suballocators do it; of another size each time. */
static enum prog_status
make_buffer(struct prog *p, const struct prog_buffer *memory, uint32_t i, VkBuffer *buffer)
{
   const VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .size = sizeof(uint32_t) * (WORDS + i % 1000),
      .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
   };
   VkMemoryRequirements needs;
   PROG_VK(p, vkCreateBuffer(p->device, &info, NULL, buffer));
   vkGetBufferMemoryRequirements(p->device, *buffer, &needs);
   PROG_EXPECT(p, needs.size >= info.size && needs.size <= ROOM, "a buffer needs %llu bytes",
               (unsigned long long)needs.size);
   PROG_VK(p, vkBindBufferMemory(p->device, *buffer, memory->memory, 0));
   return PROG_RIGHT;
}

static void
write_set(struct prog *p, struct compute_loop *loop, VkDescriptorSet set, VkBuffer in)
{
   VkDescriptorBufferInfo infos[3];
   VkWriteDescriptorSet writes[3];
   uint32_t count = loop->template ? 2 : 3;

   for (uint32_t i = 0; i < 3; i++) {
      infos[i] = (VkDescriptorBufferInfo){i ? loop->buffers[i].buffer : in, 0, VK_WHOLE_SIZE};
      writes[i] = (VkWriteDescriptorSet){
         .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
         .dstSet = set,
         .dstBinding = i,
         .descriptorCount = 1,
         .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
         .pBufferInfo = &infos[i],
      };
   }
   vkUpdateDescriptorSets(p->device, count, writes, 0, NULL);
   if (loop->template)
      vkUpdateDescriptorSetWithTemplate(p->device, set, loop->template, &infos[2]);
}

static enum prog_status
make_pipeline(struct prog *p, VkPipelineLayout layout, VkPipeline *pipeline)
{
   VkShaderModule module;
   PROG_STEP(prog_shader_module(p, &prog_shader_sum, &module));
   const VkComputePipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage =
         {
            .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
            .stage = VK_SHADER_STAGE_COMPUTE_BIT,
            .module = module,
            .pName = "main",
         },
      .layout = layout,
   };
   PROG_VK(p, vkCreateComputePipelines(p->device, VK_NULL_HANDLE, 1, &info, NULL, pipeline));
   vkDestroyShaderModule(p->device, module, NULL);
   return PROG_RIGHT;
}

static enum prog_status
compute_step(struct prog *p, struct compute_loop *loop, uint32_t i)
{
   const struct prog_sum_push push = {.count = WORDS, .scale = 2, .offset = i};
   const VkDescriptorSetAllocateInfo allocate = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
      .descriptorPool = loop->pool,
      .descriptorSetCount = 1,
      .pSetLayouts = &loop->compute.set_layout,
   };
   struct prog_compute own = loop->compute;
   VkCommandBuffer commands;
   VkBuffer in;
   uint32_t *sum = loop->buffers[2].map;

   PROG_VK(p, vkResetDescriptorPool(p->device, loop->pool, 0));
   PROG_VK(p, vkAllocateDescriptorSets(p->device, &allocate, &own.set));
   PROG_STEP(make_buffer(p, &loop->buffers[0], i, &in));
   PROG_STEP(make_pipeline(p, own.layout, &own.pipeline));
   write_set(p, loop, own.set, in);
   *sum = 0;
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_compute_use(&own, commands);
   vkCmdPushConstants(commands, own.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
   vkCmdDispatch(commands, WORDS / 64, 1, 1);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_EXPECT(p, *sum == prog_sum_expected(&push), "the sum is %u, not %u", *sum,
               prog_sum_expected(&push));
   vkDestroyPipeline(p->device, own.pipeline, NULL);
   vkDestroyBuffer(p->device, in, NULL);
   return PROG_RIGHT;
}

static enum prog_status
compute(struct prog *p, uint32_t count)
{
   struct compute_loop loop = {0};
   PROG_STEP(compute_init(p, &loop));
   for (uint32_t i = 0; i < count; i++)
      PROG_STEP(compute_step(p, &loop, i));
   if (loop.template)
      vkDestroyDescriptorUpdateTemplate(p->device, loop.template, NULL);
   vkDestroyDescriptorPool(p->device, loop.pool, NULL);
   for (uint32_t i = 0; i < 3; i++)
      prog_buffer_finish(p, &loop.buffers[i]);
   prog_compute_finish(p, &loop.compute);
   return PROG_RIGHT;
}

/* --- Draw ---------------------------------------------------------------------------------------
 */

/* A frame makes these beside the triangle: an image in memory that exists, a view, a sampler. */
static enum prog_status
make_texture(struct prog *p, VkDeviceMemory memory)
{
   const VkImageCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
      .imageType = VK_IMAGE_TYPE_2D,
      .format = VK_FORMAT_R8G8B8A8_UNORM,
      .extent = {16, 16, 1},
      .mipLevels = 1,
      .arrayLayers = 1,
      .samples = VK_SAMPLE_COUNT_1_BIT,
      .usage = VK_IMAGE_USAGE_SAMPLED_BIT,
   };
   const VkSamplerCreateInfo sampler_info = {.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO};
   struct prog_image texture = {0};
   VkMemoryRequirements needs;
   VkSampler sampler;
   PROG_VK(p, vkCreateImage(p->device, &info, NULL, &texture.image));
   vkGetImageMemoryRequirements(p->device, texture.image, &needs);
   PROG_EXPECT(p, needs.size && needs.size <= ROOM, "an image needs %llu bytes",
               (unsigned long long)needs.size);
   PROG_VK(p, vkBindImageMemory(p->device, texture.image, memory, 0));
   PROG_STEP(prog_image_view(p, &texture, VK_IMAGE_VIEW_TYPE_2D, info.format));
   PROG_VK(p, vkCreateSampler(p->device, &sampler_info, NULL, &sampler));
   vkDestroySampler(p->device, sampler, NULL);
   vkDestroyImageView(p->device, texture.view, NULL);
   vkDestroyImage(p->device, texture.image, NULL);
   return PROG_RIGHT;
}

static enum prog_status
draw_step(struct prog *p, struct prog_draw *draw, VkDeviceMemory memory)
{
   struct prog_draw own = *draw;
   VkShaderModule modules[2];
   VkCommandBuffer commands;

   PROG_STEP(make_texture(p, memory));
   PROG_STEP(prog_shader_module(p, &prog_shader_triangle_vert, &modules[0]));
   PROG_STEP(prog_shader_module(p, &prog_shader_triangle_frag, &modules[1]));
   PROG_VK(p, prog_draw_pipeline(p, NULL, draw->layout, draw->render_pass, modules, &own.pipeline));
   vkDestroyShaderModule(p->device, modules[0], NULL);
   vkDestroyShaderModule(p->device, modules[1], NULL);
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_draw_begin(&own, commands, VK_SUBPASS_CONTENTS_INLINE);
   prog_draw_bind(&own, commands);
   prog_draw_triangle(&own, commands);
   prog_draw_end(&own, commands);
   prog_draw_read(&own, commands);
   memset(draw->pixels.map, 0, draw->pixels.size);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(prog_draw_check(p, draw));
   vkDestroyPipeline(p->device, own.pipeline, NULL);
   return PROG_RIGHT;
}

static enum prog_status
draw(struct prog *p, uint32_t count)
{
   const VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .allocationSize = ROOM,
      .memoryTypeIndex = prog_memory_type(p, UINT32_MAX, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT),
   };
   struct prog_draw loop = {0};
   VkDeviceMemory memory;
   PROG_STEP(prog_draw_init(p, &loop, 64, 64, PROG_DRAW_RENDER_PASS));
   PROG_VK(p, vkAllocateMemory(p->device, &info, NULL, &memory));
   for (uint32_t i = 0; i < count; i++)
      PROG_STEP(draw_step(p, &loop, memory));
   vkFreeMemory(p->device, memory, NULL);
   prog_draw_finish(p, &loop);
   return PROG_RIGHT;
}

/* --- Upload -------------------------------------------------------------------------------------
 */

struct upload_loop {
   struct prog_buffer buffers[3];
   VkFence fence;
   VkSemaphore timeline; /* VK_NULL_HANDLE if the device has none */
};

/* Submits and waits: for the fence by asking again and again, and for the timeline. */
static enum prog_status
submit(struct prog *p, const struct upload_loop *loop, VkCommandBuffer commands, uint64_t value)
{
   const VkTimelineSemaphoreSubmitInfo values = {
      .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
      .signalSemaphoreValueCount = 1,
      .pSignalSemaphoreValues = &value,
   };
   const VkSubmitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .pNext = loop->timeline ? &values : NULL,
      .commandBufferCount = 1,
      .pCommandBuffers = &commands,
      .signalSemaphoreCount = loop->timeline ? 1 : 0,
      .pSignalSemaphores = &loop->timeline,
   };
   const VkSemaphoreWaitInfo wait = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
      .semaphoreCount = 1,
      .pSemaphores = &loop->timeline,
      .pValues = &value,
   };
   const uint64_t deadline = prog_time_ns() + PROG_TIMEOUT_NS;
   VkResult result;

   PROG_VK(p, vkEndCommandBuffer(commands));
   prog_flush(p);
   PROG_VK(p, vkQueueSubmit(p->queue, 1, &info, loop->fence));
   if (loop->timeline) {
      uint64_t reached = 0;
      PROG_VK(p, vkWaitSemaphores(p->device, &wait, PROG_TIMEOUT_NS));
      PROG_VK(p, vkGetSemaphoreCounterValue(p->device, loop->timeline, &reached));
      PROG_EXPECT(p, reached == value, "the timeline is at %llu", (unsigned long long)reached);
   }
   while ((result = vkGetFenceStatus(p->device, loop->fence)) == VK_NOT_READY)
      PROG_EXPECT(p, prog_time_ns() < deadline, "the fence is never signalled");
   PROG_VK(p, result);
   PROG_VK(p, vkResetFences(p->device, 1, &loop->fence));
   prog_invalidate(p);
   vkFreeCommandBuffers(p->device, p->pool, 1, &commands);
   return PROG_RIGHT;
}

static enum prog_status
upload_step(struct prog *p, const struct upload_loop *loop, uint32_t i)
{
   const struct prog_buffer *buffers = loop->buffers;
   const VkBufferCopy copy = {.size = ROOM};
   VkCommandBuffer commands;

   memset(buffers[0].map, (int)(i & 0xff), ROOM);
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdCopyBuffer(commands, buffers[0].buffer, buffers[1].buffer, 1, &copy);
   prog_memory_barrier(commands);
   vkCmdCopyBuffer(commands, buffers[1].buffer, buffers[2].buffer, 1, &copy);
   prog_memory_barrier(commands);
   PROG_STEP(submit(p, loop, commands, i + 1));
   PROG_EXPECT(p, !memcmp(buffers[0].map, buffers[2].map, ROOM), "upload %u did not arrive", i);
   return PROG_RIGHT;
}

/* Other turns have another size, so that memory of two sizes comes and goes. */
static enum prog_status
staging_step(struct prog *p, struct upload_loop *loop, uint32_t i)
{
   PROG_STEP(
      prog_buffer_init(p, &loop->buffers[0], ROOM << i % 2, VK_BUFFER_USAGE_TRANSFER_SRC_BIT));
   PROG_STEP(upload_step(p, loop, i));
   prog_buffer_finish(p, &loop->buffers[0]);
   return PROG_RIGHT;
}

static enum prog_status
run_uploads(struct prog *p, uint32_t count, bool stages)
{
   const VkBufferUsageFlags usage =
      VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
   const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   const VkSemaphoreTypeCreateInfo type = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
      .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
   };
   const VkSemaphoreCreateInfo timeline = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                           .pNext = &type};
   struct upload_loop loop = {0};

   for (uint32_t i = stages; i < 3; i++)
      PROG_STEP(prog_buffer_init(p, &loop.buffers[i], ROOM, usage));
   PROG_VK(p, vkCreateFence(p->device, &fence, NULL, &loop.fence));
   if (p->features12.timelineSemaphore)
      PROG_VK(p, vkCreateSemaphore(p->device, &timeline, NULL, &loop.timeline));
   for (uint32_t i = 0; i < count; i++)
      PROG_STEP(stages ? staging_step(p, &loop, i) : upload_step(p, &loop, i));
   vkDestroySemaphore(p->device, loop.timeline, NULL);
   vkDestroyFence(p->device, loop.fence, NULL);
   for (uint32_t i = stages; i < 3; i++)
      prog_buffer_finish(p, &loop.buffers[i]);
   return PROG_RIGHT;
}

static enum prog_status
upload(struct prog *p, uint32_t count)
{
   return run_uploads(p, count, false);
}

static enum prog_status
staging(struct prog *p, uint32_t count)
{
   return run_uploads(p, count, true);
}

/* ------------------------------------------------------------------------------------------------
 */

int
main(int argc, char **argv)
{
   struct prog p = {0};
   uint32_t count = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
   enum prog_status (*loop)(struct prog * p, uint32_t count) = NULL;

   if (count && !strcmp(argv[1], "compute"))
      loop = compute;
   else if (count && !strcmp(argv[1], "draw"))
      loop = draw;
   else if (count && !strcmp(argv[1], "upload"))
      loop = upload;
   else if (count && !strcmp(argv[1], "staging"))
      loop = staging;
   if (!loop) {
      fprintf(stderr, "usage: %s compute|draw|upload|staging COUNT\n", argv[0]);
      return PROG_WRONG;
   }
   enum prog_status status = prog_init(&p);
   if (status == PROG_RIGHT)
      status = loop(&p, count);
   if (status == PROG_RIGHT) {
      prog_finish(&p);
      printf("%u times right\n", count);
   }
   return prog_report(&p, "steady", status);
}
