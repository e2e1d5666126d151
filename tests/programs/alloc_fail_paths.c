/* SPDX-License-Identifier: MIT */
#include "tests/programs/alloc_fail.h"

#include "tests/programs/draw.h"
#include "tests/programs/shaders.h"

/* A non-dispatchable handle is a 64-bit pointer, or on 32-bit machines a 64-bit number. */
#define PUT(slot, handle) ((slot) = (uint64_t)(handle))
#define GET(type, slot) ((type)(slot))

/* Defines create_NAME and destroy_NAME around a create info: the common shape. */
#define SIMPLE_PATH(name, Name, ...) \
   static VkResult create_##name(struct alloc_fixture *f, const VkAllocationCallbacks *alloc, \
                                 struct alloc_made *made) \
   { \
      const Vk##Name##CreateInfo info = {__VA_ARGS__}; \
      Vk##Name object = VK_NULL_HANDLE; \
      const VkResult result = vkCreate##Name(f->p.device, &info, alloc, &object); \
      if (result == VK_SUCCESS) \
         PUT(made->handles[0], object); \
      return result; \
   } \
   static void destroy_##name(struct alloc_fixture *f, const VkAllocationCallbacks *alloc, \
                              struct alloc_made *made) \
   { \
      vkDestroy##Name(f->p.device, GET(Vk##Name, made->handles[0]), alloc); \
   }

/* clang-format off */
SIMPLE_PATH(buffer, Buffer,
            .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
            .size = 4096,
            .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT)

SIMPLE_PATH(buffer_view, BufferView,
            .sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
            .buffer = f->buffer.buffer,
            .format = VK_FORMAT_R8G8B8A8_UNORM,
            .range = VK_WHOLE_SIZE)

SIMPLE_PATH(image, Image,
            .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
            .imageType = VK_IMAGE_TYPE_2D,
            .format = VK_FORMAT_R8G8B8A8_UNORM,
            .extent = {64, 64, 1},
            .mipLevels = 7,
            .arrayLayers = 2,
            .samples = VK_SAMPLE_COUNT_1_BIT,
            .usage = VK_IMAGE_USAGE_SAMPLED_BIT)

SIMPLE_PATH(image_view, ImageView,
            .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
            .image = f->image.image,
            .viewType = VK_IMAGE_VIEW_TYPE_2D,
            .format = VK_FORMAT_R8G8B8A8_UNORM,
            .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1})

SIMPLE_PATH(sampler, Sampler,
            .sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO)

SIMPLE_PATH(shader_module, ShaderModule,
            .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
            .codeSize = prog_shader_sum.size,
            .pCode = prog_shader_sum.words)
/* clang-format on */

static const VkDescriptorSetLayoutBinding bindings[] = {
   {0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL},
   {1, VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, 4, VK_SHADER_STAGE_COMPUTE_BIT, NULL},
   {2, VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 2, VK_SHADER_STAGE_COMPUTE_BIT, NULL},
};

/* clang-format off */
SIMPLE_PATH(descriptor_set_layout, DescriptorSetLayout,
            .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
            .bindingCount = PROG_COUNT(bindings),
            .pBindings = bindings)
/* clang-format on */

static const VkPushConstantRange push_range = {VK_SHADER_STAGE_COMPUTE_BIT, 0, 12};

/* clang-format off */
SIMPLE_PATH(pipeline_layout, PipelineLayout,
            .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
            .setLayoutCount = 1,
            .pSetLayouts = &f->set_layout,
            .pushConstantRangeCount = 1,
            .pPushConstantRanges = &push_range)
/* clang-format on */

static const VkDescriptorPoolSize pool_sizes[] = {
   {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 8},
   {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, 32},
   {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 16},
};

/* clang-format off */
SIMPLE_PATH(descriptor_pool, DescriptorPool,
            .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
            .maxSets = 8,
            .poolSizeCount = PROG_COUNT(pool_sizes),
            .pPoolSizes = pool_sizes)

SIMPLE_PATH(framebuffer, Framebuffer,
            .sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
            .renderPass = f->render_pass,
            .attachmentCount = 1,
            .pAttachments = &f->image.view,
            .width = 64,
            .height = 64,
            .layers = 1)

SIMPLE_PATH(command_pool, CommandPool,
            .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
            .queueFamilyIndex = f->p.family)

SIMPLE_PATH(fence, Fence,
            .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO)

SIMPLE_PATH(semaphore, Semaphore,
            .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO)
/* clang-format on */

static const VkSemaphoreTypeCreateInfo timeline_type = {
   .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
   .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
   .initialValue = 7,
};

static VkResult
create_timeline(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                struct alloc_made *made)
{
   const VkSemaphoreCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
      .pNext = &timeline_type,
   };
   VkSemaphore object = VK_NULL_HANDLE;
   const VkResult result = vkCreateSemaphore(f->p.device, &info, alloc, &object);
   if (result == VK_SUCCESS)
      PUT(made->handles[0], object);
   return result;
}

/* clang-format off */
SIMPLE_PATH(event, Event,
            .sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO)

SIMPLE_PATH(query_pool, QueryPool,
            .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
            .queryType = VK_QUERY_TYPE_OCCLUSION,
            .queryCount = 16)

SIMPLE_PATH(pipeline_cache, PipelineCache,
            .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO)
/* clang-format on */

static VkResult
create_render_pass(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                   struct alloc_made *made)
{
   VkRenderPass object = VK_NULL_HANDLE;
   const VkResult result = prog_draw_render_pass(&f->p, alloc, &object);
   if (result == VK_SUCCESS)
      PUT(made->handles[0], object);
   return result;
}

static void
destroy_render_pass(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                    struct alloc_made *made)
{
   vkDestroyRenderPass(f->p.device, GET(VkRenderPass, made->handles[0]), alloc);
}

static VkResult
create_memory(struct alloc_fixture *f, const VkAllocationCallbacks *alloc, struct alloc_made *made)
{
   const VkMemoryPropertyFlags flags =
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
   const VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .allocationSize = 65536,
      .memoryTypeIndex = prog_memory_type(&f->p, UINT32_MAX, flags),
   };
   VkDeviceMemory object = VK_NULL_HANDLE;
   const VkResult result = vkAllocateMemory(f->p.device, &info, alloc, &object);
   if (result == VK_SUCCESS)
      PUT(made->handles[0], object);
   return result;
}

static void
destroy_memory(struct alloc_fixture *f, const VkAllocationCallbacks *alloc, struct alloc_made *made)
{
   vkFreeMemory(f->p.device, GET(VkDeviceMemory, made->handles[0]), alloc);
}

static const VkDescriptorUpdateTemplateEntry template_entry = {
   .dstBinding = 0,
   .descriptorCount = 1,
   .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
   .stride = sizeof(VkDescriptorBufferInfo),
};

/* clang-format off */
SIMPLE_PATH(update_template, DescriptorUpdateTemplate,
            .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_UPDATE_TEMPLATE_CREATE_INFO,
            .descriptorUpdateEntryCount = 1,
            .pDescriptorUpdateEntries = &template_entry,
            .templateType = VK_DESCRIPTOR_UPDATE_TEMPLATE_TYPE_DESCRIPTOR_SET,
            .descriptorSetLayout = f->set_layout)
/* clang-format on */

/* Pipelines: two by one call. What could not be made has to be VK_NULL_HANDLE. */

static VkResult
put_pipelines(VkResult result, const VkPipeline *pipelines, uint32_t count, struct alloc_made *made)
{
   for (uint32_t i = 0; i < count; i++)
      PUT(made->handles[i], pipelines[i]);
   return result;
}

static VkResult
create_compute_pipelines(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                         struct alloc_made *made)
{
   const VkComputePipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage =
         {
            .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
            .stage = VK_SHADER_STAGE_COMPUTE_BIT,
            .module = f->compute_module,
            .pName = "main",
         },
      .layout = f->layout,
   };
   const VkComputePipelineCreateInfo infos[2] = {info, info};
   VkPipeline pipelines[2];
   const VkResult result =
      vkCreateComputePipelines(f->p.device, VK_NULL_HANDLE, 2, infos, alloc, pipelines);
   return put_pipelines(result, pipelines, 2, made);
}

static VkResult
create_graphics_pipeline(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                         struct alloc_made *made)
{
   VkPipeline pipeline;
   const VkResult result =
      prog_draw_pipeline(&f->p, alloc, f->empty_layout, f->render_pass, f->draw_modules, &pipeline);
   return put_pipelines(result, &pipeline, 1, made);
}

static void
destroy_pipelines(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                  struct alloc_made *made)
{
   for (uint32_t i = 0; i < 2; i++)
      vkDestroyPipeline(f->p.device, GET(VkPipeline, made->handles[i]), alloc);
}

/* Objects from pools: memory is the pool's allocator's. */

static VkResult
create_descriptor_sets(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                       struct alloc_made *made)
{
   VkResult result = create_descriptor_pool(f, alloc, made);
   if (result != VK_SUCCESS)
      return result;
   const VkDescriptorSetLayout layouts[4] = {
      f->set_layout,
      f->set_layout,
      f->set_layout,
      f->set_layout,
   };
   const VkDescriptorSetAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
      .descriptorPool = GET(VkDescriptorPool, made->handles[0]),
      .descriptorSetCount = 4,
      .pSetLayouts = layouts,
   };
   VkDescriptorSet sets[4];
   return vkAllocateDescriptorSets(f->p.device, &info, sets);
}

static VkResult
create_command_buffers(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                       struct alloc_made *made)
{
   VkResult result = create_command_pool(f, alloc, made);
   if (result != VK_SUCCESS)
      return result;
   const VkCommandBufferAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = GET(VkCommandPool, made->handles[0]),
      .commandBufferCount = 4,
   };
   VkCommandBuffer buffers[4];
   result = vkAllocateCommandBuffers(f->p.device, &info, buffers);
   for (uint32_t i = 0; i < 4 && result != VK_SUCCESS; i++) {
      if (buffers[i])
         return VK_ERROR_UNKNOWN; /* it left a handle behind */
   }
   return result;
}

/* A failing recording command shows in vkEndCommandBuffer. */
static VkResult
create_recording(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                 struct alloc_made *made)
{
   VkResult result = create_command_pool(f, alloc, made);
   if (result != VK_SUCCESS)
      return result;
   const VkCommandBufferAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = GET(VkCommandPool, made->handles[0]),
      .commandBufferCount = 1,
   };
   VkCommandBuffer commands;
   result = vkAllocateCommandBuffers(f->p.device, &info, &commands);
   if (result != VK_SUCCESS)
      return result;
   const VkCommandBufferBeginInfo begin = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
   };
   result = vkBeginCommandBuffer(commands, &begin);
   if (result != VK_SUCCESS)
      return result;
   uint8_t data[2048] = {0};
   for (uint32_t i = 0; i < 100; i++) {
      vkCmdUpdateBuffer(commands, f->buffer.buffer, 0, sizeof(data), data);
      prog_memory_barrier(commands);
   }
   return vkEndCommandBuffer(commands);
}

/* Instances and devices */

static VkResult
create_instance(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                struct alloc_made *made)
{
   (void)f;
   const VkApplicationInfo app = {
      .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
      .pApplicationName = "alloc_fail",
      .apiVersion = VK_API_VERSION_1_0,
   };
   const VkInstanceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
      .pApplicationInfo = &app,
   };
   VkInstance instance;
   const VkResult result = vkCreateInstance(&info, alloc, &instance);
   if (result == VK_SUCCESS)
      made->instance = instance;
   return result;
}

static void
destroy_instance(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                 struct alloc_made *made)
{
   (void)f;
   vkDestroyInstance(made->instance, alloc);
}

static VkResult
create_physical_devices(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                        struct alloc_made *made)
{
   const VkResult result = create_instance(f, alloc, made);
   if (result != VK_SUCCESS)
      return result;
   uint32_t count = 0;
   return vkEnumeratePhysicalDevices(made->instance, &count, NULL);
}

static VkResult
create_device(struct alloc_fixture *f, const VkAllocationCallbacks *alloc, struct alloc_made *made)
{
   const float priority = 1.0f;
   const VkDeviceQueueCreateInfo queue = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueFamilyIndex = f->p.family,
      .queueCount = 1,
      .pQueuePriorities = &priority,
   };
   const VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,
   };
   VkDevice device;
   const VkResult result = vkCreateDevice(f->p.phys, &info, alloc, &device);
   if (result == VK_SUCCESS)
      made->device = device;
   return result;
}

static void
destroy_device(struct alloc_fixture *f, const VkAllocationCallbacks *alloc, struct alloc_made *made)
{
   (void)f;
   vkDestroyDevice(made->device, alloc);
}

/* clang-format off */
#define PATH(what) .name = #what, .create = create_##what, .destroy = destroy_##what

const struct alloc_path alloc_paths[] = {
   {PATH(instance), .loader = true},
   /* Debian 12's implicit layer VK_LAYER_MESA_device_select crashes (without NODEVICE_SELECT=1). */
   {.name = "physical_devices", .loader = true, .harsh = true, .create = create_physical_devices,
    .destroy = destroy_instance},
   {PATH(device)},
   {PATH(memory)},
   {PATH(buffer)},
   {PATH(buffer_view)},
   {PATH(image)},
   {PATH(image_view)},
   {PATH(sampler)},
   {PATH(shader_module)},
   {PATH(descriptor_set_layout)},
   {PATH(pipeline_layout)},
   {PATH(descriptor_pool)},
   {.name = "descriptor_sets", .create = create_descriptor_sets,
    .destroy = destroy_descriptor_pool},
   {PATH(update_template), .api = VK_API_VERSION_1_1},
   {PATH(render_pass), .graphics = true},
   {PATH(framebuffer), .graphics = true},
   {PATH(pipeline_cache)},
   {.name = "compute_pipelines", .create = create_compute_pipelines,
    .destroy = destroy_pipelines},
   {.name = "graphics_pipeline", .graphics = true, .create = create_graphics_pipeline,
    .destroy = destroy_pipelines},
   {PATH(command_pool)},
   {.name = "command_buffers", .create = create_command_buffers, .destroy = destroy_command_pool},
   /* Mesa 22.3's lavapipe crashes. */
   {.name = "recording", .harsh = true, .create = create_recording,
    .destroy = destroy_command_pool},
   {PATH(fence)},
   {PATH(semaphore)},
   {.name = "timeline_semaphore", .api = VK_API_VERSION_1_2, .create = create_timeline,
    .destroy = destroy_semaphore},
   {PATH(event)},
   {PATH(query_pool)},
};
/* clang-format on */

const size_t alloc_path_count = PROG_COUNT(alloc_paths);

enum prog_status
alloc_fixture_init(struct alloc_fixture *f)
{
   struct prog *p = &f->p;
   PROG_STEP(prog_init(p));
   PROG_STEP(prog_buffer_init(p, &f->buffer, 65536,
                              VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT |
                                 VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   PROG_STEP(prog_image_init_2d(p, &f->image, VK_FORMAT_R8G8B8A8_UNORM, 64, 64,
                                VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT));
   PROG_STEP(prog_image_view(p, &f->image, VK_IMAGE_VIEW_TYPE_2D, VK_FORMAT_R8G8B8A8_UNORM));
   PROG_STEP(prog_shader_module(p, &prog_shader_write, &f->compute_module));
   PROG_STEP(prog_shader_module(p, &prog_shader_triangle_vert, &f->draw_modules[0]));
   PROG_STEP(prog_shader_module(p, &prog_shader_triangle_frag, &f->draw_modules[1]));

   struct alloc_made made = {0};
   PROG_VK(p, create_descriptor_set_layout(f, NULL, &made));
   f->set_layout = GET(VkDescriptorSetLayout, made.handles[0]);
   PROG_VK(p, create_pipeline_layout(f, NULL, &made));
   f->layout = GET(VkPipelineLayout, made.handles[0]);
   const VkPipelineLayoutCreateInfo empty = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
   };
   PROG_VK(p, vkCreatePipelineLayout(p->device, &empty, NULL, &f->empty_layout));
   if (p->graphics)
      PROG_VK(p, prog_draw_render_pass(p, NULL, &f->render_pass));
   return PROG_RIGHT;
}

void
alloc_fixture_finish(struct alloc_fixture *f)
{
   struct prog *p = &f->p;
   vkDestroyRenderPass(p->device, f->render_pass, NULL);
   vkDestroyPipelineLayout(p->device, f->empty_layout, NULL);
   vkDestroyPipelineLayout(p->device, f->layout, NULL);
   vkDestroyDescriptorSetLayout(p->device, f->set_layout, NULL);
   vkDestroyShaderModule(p->device, f->draw_modules[1], NULL);
   vkDestroyShaderModule(p->device, f->draw_modules[0], NULL);
   vkDestroyShaderModule(p->device, f->compute_module, NULL);
   prog_image_finish(p, &f->image);
   prog_buffer_finish(p, &f->buffer);
   prog_finish(p);
}
