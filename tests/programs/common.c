/* SPDX-License-Identifier: MIT */
#include "tests/programs/common.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static enum prog_status
set_why(struct prog *p, enum prog_status status, size_t at, const char *format, va_list args)
{
   vsnprintf(p->why + at, sizeof(p->why) - at, format, args);
   return status;
}

enum prog_status
prog_wrong_at(struct prog *p, const char *file, int line, const char *format, ...)
{
   const int at = snprintf(p->why, sizeof(p->why), "%s:%d: ", file, line);
   va_list args;
   va_start(args, format);
   const enum prog_status status = set_why(p, PROG_WRONG, (size_t)at, format, args);
   va_end(args);
   return status;
}

enum prog_status
prog_skipped(struct prog *p, const char *format, ...)
{
   va_list args;
   va_start(args, format);
   const enum prog_status status = set_why(p, PROG_SKIPPED, 0, format, args);
   va_end(args);
   return status;
}

int
prog_report(const struct prog *p, const char *program, enum prog_status status)
{
   if (status != PROG_RIGHT)
      fprintf(stderr, "%s: %s%s\n", program, status == PROG_SKIPPED ? "skipped: " : "", p->why);
   return status;
}

const char *
prog_result_name(VkResult result)
{
#define NAME(name) \
   case name: \
      return #name
   switch (result) {
      NAME(VK_SUCCESS);
      NAME(VK_NOT_READY);
      NAME(VK_TIMEOUT);
      NAME(VK_EVENT_SET);
      NAME(VK_EVENT_RESET);
      NAME(VK_INCOMPLETE);
      NAME(VK_ERROR_OUT_OF_HOST_MEMORY);
      NAME(VK_ERROR_OUT_OF_DEVICE_MEMORY);
      NAME(VK_ERROR_INITIALIZATION_FAILED);
      NAME(VK_ERROR_DEVICE_LOST);
      NAME(VK_ERROR_MEMORY_MAP_FAILED);
      NAME(VK_ERROR_LAYER_NOT_PRESENT);
      NAME(VK_ERROR_EXTENSION_NOT_PRESENT);
      NAME(VK_ERROR_FEATURE_NOT_PRESENT);
      NAME(VK_ERROR_INCOMPATIBLE_DRIVER);
      NAME(VK_ERROR_TOO_MANY_OBJECTS);
      NAME(VK_ERROR_FORMAT_NOT_SUPPORTED);
      NAME(VK_ERROR_FRAGMENTED_POOL);
      NAME(VK_ERROR_UNKNOWN);
      NAME(VK_ERROR_OUT_OF_POOL_MEMORY);
      NAME(VK_ERROR_INVALID_EXTERNAL_HANDLE);
      NAME(VK_ERROR_FRAGMENTATION);
      NAME(VK_ERROR_INVALID_OPAQUE_CAPTURE_ADDRESS);
      NAME(VK_PIPELINE_COMPILE_REQUIRED);
   default:
      return "a VkResult without a name here";
   }
#undef NAME
}

uint64_t
prog_time_ns(void)
{
   struct timespec now;
   clock_gettime(CLOCK_MONOTONIC, &now);
   return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* FNV-1a. */
uint64_t
prog_hash(const void *data, size_t size)
{
   const uint8_t *bytes = data;
   uint64_t hash = 0xcbf29ce484222325u;
   for (size_t i = 0; i < size; i++)
      hash = (hash ^ bytes[i]) * 0x100000001b3u;
   return hash;
}

static uint32_t
instance_version(void)
{
   PFN_vkEnumerateInstanceVersion enumerate =
      (PFN_vkEnumerateInstanceVersion)vkGetInstanceProcAddr(NULL, "vkEnumerateInstanceVersion");
   uint32_t version = VK_API_VERSION_1_0;
   if (enumerate && enumerate(&version) != VK_SUCCESS)
      version = VK_API_VERSION_1_0;
   return version < VK_API_VERSION_1_3 ? version : VK_API_VERSION_1_3;
}

static uint32_t
count_names(const char *const *names, uint32_t room)
{
   uint32_t count = 0;

   while (count < room && names[count])
      count++;
   return count;
}

static enum prog_status
init_instance(struct prog *p)
{
   p->api = instance_version();
   const VkApplicationInfo app = {
      .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
      .pApplicationName = "tests/programs",
      .applicationVersion = 1,
      .apiVersion = p->api,
   };
   const VkInstanceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
      .pApplicationInfo = &app,
      .enabledExtensionCount =
         count_names(p->instance_extensions, PROG_COUNT(p->instance_extensions)),
      .ppEnabledExtensionNames = p->instance_extensions,
   };
   const VkResult result = vkCreateInstance(&info, p->alloc, &p->instance);
   if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
      return prog_skipped(p, "there is no Vulkan driver here (vkCreateInstance: %s)",
                          prog_result_name(result));
   if (result == VK_ERROR_EXTENSION_NOT_PRESENT)
      return prog_skipped(p, "there is no driver with %s here", p->instance_extensions[0]);
   PROG_EXPECT(p, result == VK_SUCCESS, "vkCreateInstance gave %s", prog_result_name(result));
   return PROG_RIGHT;
}

static enum prog_status
choose_physical_device(struct prog *p)
{
   uint32_t count = 1;
   const VkResult result = vkEnumeratePhysicalDevices(p->instance, &count, &p->phys);
   if ((result == VK_SUCCESS || result == VK_INCOMPLETE) && count == 0)
      return prog_skipped(p, "there is no Vulkan device here");
   PROG_EXPECT(p, result == VK_SUCCESS || result == VK_INCOMPLETE,
               "vkEnumeratePhysicalDevices gave %s", prog_result_name(result));

   vkGetPhysicalDeviceProperties(p->phys, &p->props);
   vkGetPhysicalDeviceMemoryProperties(p->phys, &p->memory);
   if (p->props.apiVersion < p->api)
      p->api = p->props.apiVersion;
   return PROG_RIGHT;
}

static enum prog_status
choose_family(struct prog *p)
{
   VkQueueFamilyProperties families[16];
   uint32_t count = PROG_COUNT(families);
   vkGetPhysicalDeviceQueueFamilyProperties(p->phys, &count, families);

   static const VkQueueFlags wishes[] = {
      VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT,
      VK_QUEUE_COMPUTE_BIT,
   };
   for (uint32_t w = 0; w < PROG_COUNT(wishes); w++) {
      for (uint32_t i = 0; i < count; i++) {
         if ((families[i].queueFlags & wishes[w]) != wishes[w] || families[i].queueCount == 0)
            continue;
         p->family = i;
         p->family_props = families[i];
         p->graphics = families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT;
         return PROG_RIGHT;
      }
   }
   return prog_skipped(p, "the device has no queue that computes");
}

/* Fills the features that the API version knows, and gives the chain's head. */
static void
query_features(struct prog *p, VkPhysicalDeviceFeatures2 *head)
{
   *head = (VkPhysicalDeviceFeatures2){.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
   p->features11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES;
   p->features12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
   p->features13.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES;

   void **tail = &head->pNext;
   if (p->api >= VK_API_VERSION_1_2) {
      *tail = &p->features11;
      p->features11.pNext = &p->features12;
      tail = &p->features12.pNext;
   }
   *tail = p->api >= VK_API_VERSION_1_3 ? &p->features13 : p->extension_features;

   if (p->api >= VK_API_VERSION_1_1)
      vkGetPhysicalDeviceFeatures2(p->phys, head);
   else
      vkGetPhysicalDeviceFeatures(p->phys, &head->features);

   /* They cost speed and nothing here needs them. */
   head->features.robustBufferAccess = VK_FALSE;
   p->features13.robustImageAccess = VK_FALSE;
   p->features = head->features;
}

static enum prog_status
require_extension(struct prog *p, const char *name)
{
   VkExtensionProperties known[512];
   uint32_t count = PROG_COUNT(known);
   PROG_VK(p, vkEnumerateDeviceExtensionProperties(p->phys, NULL, &count, known));
   for (uint32_t i = 0; i < count; i++) {
      if (strcmp(known[i].extensionName, name) == 0)
         return PROG_RIGHT;
   }
   return prog_skipped(p, "the device has no %s", name);
}

static enum prog_status
init_device(struct prog *p)
{
   const uint32_t extension_count = count_names(p->extensions, PROG_COUNT(p->extensions));
   for (uint32_t i = 0; i < extension_count; i++)
      PROG_STEP(require_extension(p, p->extensions[i]));

   VkPhysicalDeviceFeatures2 features;
   query_features(p, &features);

   const float priority = 1.0f;
   const VkDeviceQueueCreateInfo queue = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueFamilyIndex = p->family,
      .queueCount = 1,
      .pQueuePriorities = &priority,
   };
   const bool chain = p->api >= VK_API_VERSION_1_1;
   const VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .pNext = chain ? &features : NULL,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,
      .enabledExtensionCount = extension_count,
      .ppEnabledExtensionNames = p->extensions,
      .pEnabledFeatures = chain ? NULL : &p->features,
   };
   PROG_VK(p, vkCreateDevice(p->phys, &info, p->alloc, &p->device));
   vkGetDeviceQueue(p->device, p->family, 0, &p->queue);

   const VkCommandPoolCreateInfo pool = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
      .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
      .queueFamilyIndex = p->family,
   };
   PROG_VK(p, vkCreateCommandPool(p->device, &pool, NULL, &p->pool));
   return PROG_RIGHT;
}

enum prog_status
prog_init(struct prog *p)
{
   PROG_STEP(init_instance(p));
   PROG_STEP(choose_physical_device(p));
   PROG_STEP(choose_family(p));
   return init_device(p);
}

void
prog_finish(struct prog *p)
{
   if (p->device) {
      vkDestroyCommandPool(p->device, p->pool, NULL);
      vkDestroyDevice(p->device, p->alloc);
   }
   if (p->instance)
      vkDestroyInstance(p->instance, p->alloc);
   p->pool = VK_NULL_HANDLE;
   p->device = NULL;
   p->instance = NULL;
}

uint32_t
prog_memory_type(const struct prog *p, uint32_t type_bits, VkMemoryPropertyFlags flags)
{
   for (uint32_t i = 0; i < p->memory.memoryTypeCount; i++) {
      if ((type_bits >> i & 1) && (p->memory.memoryTypes[i].propertyFlags & flags) == flags)
         return i;
   }
   return UINT32_MAX;
}

static enum prog_status
allocate(struct prog *p, const VkMemoryRequirements *needs, VkMemoryPropertyFlags flags,
         const void *chain, VkDeviceMemory *memory)
{
   const uint32_t type = prog_memory_type(p, needs->memoryTypeBits, flags);
   PROG_EXPECT(p, type != UINT32_MAX, "no memory type of 0x%x has the properties 0x%x",
               needs->memoryTypeBits, flags);
   const VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .pNext = chain,
      .allocationSize = needs->size,
      .memoryTypeIndex = type,
   };
   PROG_VK(p, vkAllocateMemory(p->device, &info, NULL, memory));
   return PROG_RIGHT;
}

/* Coherent, unless the device has nothing but other host-visible memory. */
static VkMemoryPropertyFlags
host_flags(const struct prog *p, uint32_t type_bits)
{
   const VkMemoryPropertyFlags visible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
   const VkMemoryPropertyFlags coherent = visible | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
   return prog_memory_type(p, type_bits, coherent) != UINT32_MAX ? coherent : visible;
}

enum prog_status
prog_buffer_init(struct prog *p, struct prog_buffer *buffer, VkDeviceSize size,
                 VkBufferUsageFlags usage)
{
   *buffer = (struct prog_buffer){.size = size};
   const VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .size = size,
      .usage = usage,
      .sharingMode = VK_SHARING_MODE_EXCLUSIVE,
   };
   PROG_VK(p, vkCreateBuffer(p->device, &info, NULL, &buffer->buffer));

   VkMemoryRequirements needs;
   vkGetBufferMemoryRequirements(p->device, buffer->buffer, &needs);
   PROG_EXPECT(p, needs.size >= size, "a buffer of %llu bytes needs only %llu bytes of memory",
               (unsigned long long)size, (unsigned long long)needs.size);

   const VkMemoryAllocateFlagsInfo address = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
      .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT,
   };
   const bool addressed = usage & VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
   PROG_STEP(allocate(p, &needs, host_flags(p, needs.memoryTypeBits), addressed ? &address : NULL,
                      &buffer->memory));
   PROG_VK(p, vkBindBufferMemory(p->device, buffer->buffer, buffer->memory, 0));
   PROG_VK(p, vkMapMemory(p->device, buffer->memory, 0, VK_WHOLE_SIZE, 0, &buffer->map));
   if (!(host_flags(p, needs.memoryTypeBits) & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)) {
      PROG_EXPECT(p, p->mapped_count < PROG_MAPPED_MAX, "too many mapped buffers");
      p->mapped[p->mapped_count++] = buffer->memory;
   }
   return PROG_RIGHT;
}

void
prog_buffer_finish(struct prog *p, struct prog_buffer *buffer)
{
   for (uint32_t i = 0; i < p->mapped_count; i++) {
      if (p->mapped[i] == buffer->memory)
         p->mapped[i] = p->mapped[--p->mapped_count];
   }
   vkDestroyBuffer(p->device, buffer->buffer, NULL);
   vkFreeMemory(p->device, buffer->memory, NULL);
   *buffer = (struct prog_buffer){0};
}

enum prog_status
prog_image_init(struct prog *p, struct prog_image *image, const VkImageCreateInfo *info)
{
   *image = (struct prog_image){0};
   PROG_VK(p, vkCreateImage(p->device, info, NULL, &image->image));
   VkMemoryRequirements needs;
   vkGetImageMemoryRequirements(p->device, image->image, &needs);
   const VkMemoryPropertyFlags flags =
      info->tiling == VK_IMAGE_TILING_LINEAR ? host_flags(p, needs.memoryTypeBits) : 0;
   PROG_STEP(allocate(p, &needs, flags, NULL, &image->memory));
   PROG_VK(p, vkBindImageMemory(p->device, image->image, image->memory, 0));
   return PROG_RIGHT;
}

enum prog_status
prog_image_init_2d(struct prog *p, struct prog_image *image, VkFormat format, uint32_t width,
                   uint32_t height, VkImageUsageFlags usage)
{
   const VkImageCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
      .imageType = VK_IMAGE_TYPE_2D,
      .format = format,
      .extent = {width, height, 1},
      .mipLevels = 1,
      .arrayLayers = 1,
      .samples = VK_SAMPLE_COUNT_1_BIT,
      .tiling = VK_IMAGE_TILING_OPTIMAL,
      .usage = usage,
      .initialLayout = VK_IMAGE_LAYOUT_UNDEFINED,
   };
   return prog_image_init(p, image, &info);
}

enum prog_status
prog_image_view(struct prog *p, struct prog_image *image, VkImageViewType type, VkFormat format)
{
   const VkImageViewCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
      .image = image->image,
      .viewType = type,
      .format = format,
      .subresourceRange =
         {
            .aspectMask = VK_IMAGE_ASPECT_COLOR_BIT,
            .levelCount = VK_REMAINING_MIP_LEVELS,
            .layerCount = VK_REMAINING_ARRAY_LAYERS,
         },
   };
   PROG_VK(p, vkCreateImageView(p->device, &info, NULL, &image->view));
   return PROG_RIGHT;
}

void
prog_image_finish(struct prog *p, struct prog_image *image)
{
   vkDestroyImageView(p->device, image->view, NULL);
   vkDestroyImage(p->device, image->image, NULL);
   vkFreeMemory(p->device, image->memory, NULL);
   *image = (struct prog_image){0};
}

static VkMappedMemoryRange
whole_range(VkDeviceMemory memory)
{
   return (VkMappedMemoryRange){
      .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
      .memory = memory,
      .size = VK_WHOLE_SIZE,
   };
}

void
prog_flush(struct prog *p)
{
   for (uint32_t i = 0; i < p->mapped_count; i++) {
      const VkMappedMemoryRange range = whole_range(p->mapped[i]);
      vkFlushMappedMemoryRanges(p->device, 1, &range);
   }
}

void
prog_invalidate(struct prog *p)
{
   for (uint32_t i = 0; i < p->mapped_count; i++) {
      const VkMappedMemoryRange range = whole_range(p->mapped[i]);
      vkInvalidateMappedMemoryRanges(p->device, 1, &range);
   }
}

enum prog_status
prog_commands_begin(struct prog *p, VkCommandBuffer *commands)
{
   const VkCommandBufferAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = p->pool,
      .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
      .commandBufferCount = 1,
   };
   PROG_VK(p, vkAllocateCommandBuffers(p->device, &info, commands));
   const VkCommandBufferBeginInfo begin = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
      .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
   };
   PROG_VK(p, vkBeginCommandBuffer(*commands, &begin));
   return PROG_RIGHT;
}

enum prog_status
prog_commands_run(struct prog *p, VkCommandBuffer commands)
{
   PROG_VK(p, vkEndCommandBuffer(commands));
   VkFence fence;
   const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   PROG_VK(p, vkCreateFence(p->device, &info, NULL, &fence));
   const VkSubmitInfo submit = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .commandBufferCount = 1,
      .pCommandBuffers = &commands,
   };
   prog_flush(p);
   PROG_VK(p, vkQueueSubmit(p->queue, 1, &submit, fence));
   PROG_VK(p, vkWaitForFences(p->device, 1, &fence, VK_TRUE, PROG_TIMEOUT_NS));
   prog_invalidate(p);
   vkDestroyFence(p->device, fence, NULL);
   vkFreeCommandBuffers(p->device, p->pool, 1, &commands);
   return PROG_RIGHT;
}

void
prog_image_barrier(VkCommandBuffer commands, VkImage image, VkImageAspectFlags aspect,
                   VkImageLayout from, VkImageLayout to)
{
   const VkImageMemoryBarrier barrier = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
      .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
      .dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT,
      .oldLayout = from,
      .newLayout = to,
      .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
      .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
      .image = image,
      .subresourceRange =
         {
            .aspectMask = aspect,
            .levelCount = VK_REMAINING_MIP_LEVELS,
            .layerCount = VK_REMAINING_ARRAY_LAYERS,
         },
   };
   vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
                        VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, NULL, 0, NULL, 1, &barrier);
}

void
prog_memory_barrier(VkCommandBuffer commands)
{
   const VkMemoryBarrier barrier = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
      .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
      .dstAccessMask =
         VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT | VK_ACCESS_HOST_READ_BIT,
   };
   vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
                        VK_PIPELINE_STAGE_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                        &barrier, 0, NULL, 0, NULL);
}

enum prog_status
prog_shader_module(struct prog *p, const struct prog_shader *shader, VkShaderModule *module)
{
   const VkShaderModuleCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
      .codeSize = shader->size,
      .pCode = shader->words,
   };
   PROG_VK(p, vkCreateShaderModule(p->device, &info, NULL, module));
   return PROG_RIGHT;
}

static enum prog_status
compute_init_layouts(struct prog *p, struct prog_compute *compute,
                     const VkDescriptorSetLayoutBinding *bindings, uint32_t count,
                     uint32_t push_size)
{
   if (count) {
      const VkDescriptorSetLayoutCreateInfo info = {
         .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
         .bindingCount = count,
         .pBindings = bindings,
      };
      PROG_VK(p, vkCreateDescriptorSetLayout(p->device, &info, NULL, &compute->set_layout));
   }
   const VkPushConstantRange push = {
      .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
      .size = push_size,
   };
   const VkPipelineLayoutCreateInfo layout = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
      .setLayoutCount = count ? 1 : 0,
      .pSetLayouts = &compute->set_layout,
      .pushConstantRangeCount = push_size ? 1 : 0,
      .pPushConstantRanges = &push,
   };
   PROG_VK(p, vkCreatePipelineLayout(p->device, &layout, NULL, &compute->layout));
   return PROG_RIGHT;
}

static enum prog_status
compute_init_set(struct prog *p, struct prog_compute *compute,
                 const VkDescriptorSetLayoutBinding *bindings, uint32_t count)
{
   VkDescriptorPoolInlineUniformBlockCreateInfo blocks = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_INLINE_UNIFORM_BLOCK_CREATE_INFO,
   };
   VkDescriptorPoolSize sizes[8];
   for (uint32_t i = 0; i < count; i++) {
      sizes[i] = (VkDescriptorPoolSize){bindings[i].descriptorType, bindings[i].descriptorCount};
      if (bindings[i].descriptorType == VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK)
         blocks.maxInlineUniformBlockBindings++;
   }
   const VkDescriptorPoolCreateInfo pool = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
      .pNext = blocks.maxInlineUniformBlockBindings ? &blocks : NULL,
      .maxSets = 1,
      .poolSizeCount = count,
      .pPoolSizes = sizes,
   };
   PROG_VK(p, vkCreateDescriptorPool(p->device, &pool, NULL, &compute->pool));
   const VkDescriptorSetAllocateInfo set = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
      .descriptorPool = compute->pool,
      .descriptorSetCount = 1,
      .pSetLayouts = &compute->set_layout,
   };
   PROG_VK(p, vkAllocateDescriptorSets(p->device, &set, &compute->set));
   return PROG_RIGHT;
}

enum prog_status
prog_compute_init_bindings(struct prog *p, struct prog_compute *compute,
                           const struct prog_shader *shader,
                           const VkDescriptorSetLayoutBinding *bindings, uint32_t count,
                           uint32_t push_size, const VkSpecializationInfo *special)
{
   *compute = (struct prog_compute){0};
   PROG_STEP(compute_init_layouts(p, compute, bindings, count, push_size));
   if (count)
      PROG_STEP(compute_init_set(p, compute, bindings, count));

   VkShaderModule module;
   PROG_STEP(prog_shader_module(p, shader, &module));
   const VkComputePipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage =
         {
            .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
            .stage = VK_SHADER_STAGE_COMPUTE_BIT,
            .module = module,
            .pName = "main",
            .pSpecializationInfo = special,
         },
      .layout = compute->layout,
   };
   PROG_VK(p,
           vkCreateComputePipelines(p->device, VK_NULL_HANDLE, 1, &info, NULL, &compute->pipeline));
   vkDestroyShaderModule(p->device, module, NULL);
   return PROG_RIGHT;
}

enum prog_status
prog_compute_init(struct prog *p, struct prog_compute *compute, const struct prog_shader *shader,
                  uint32_t buffers, uint32_t push_size, const VkSpecializationInfo *special)
{
   VkDescriptorSetLayoutBinding bindings[8];
   for (uint32_t i = 0; i < buffers; i++) {
      bindings[i] = (VkDescriptorSetLayoutBinding){
         .binding = i,
         .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
         .descriptorCount = 1,
         .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
      };
   }
   return prog_compute_init_bindings(p, compute, shader, bindings, buffers, push_size, special);
}

void
prog_compute_bind_buffer(struct prog *p, struct prog_compute *compute, uint32_t binding,
                         VkBuffer buffer)
{
   const VkDescriptorBufferInfo info = {buffer, 0, VK_WHOLE_SIZE};
   const VkWriteDescriptorSet write = {
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
      .dstSet = compute->set,
      .dstBinding = binding,
      .descriptorCount = 1,
      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .pBufferInfo = &info,
   };
   vkUpdateDescriptorSets(p->device, 1, &write, 0, NULL);
}

void
prog_compute_use(const struct prog_compute *compute, VkCommandBuffer commands)
{
   vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, compute->pipeline);
   if (compute->set)
      vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, compute->layout, 0, 1,
                              &compute->set, 0, NULL);
}

void
prog_compute_finish(struct prog *p, struct prog_compute *compute)
{
   vkDestroyPipeline(p->device, compute->pipeline, NULL);
   vkDestroyDescriptorPool(p->device, compute->pool, NULL);
   vkDestroyPipelineLayout(p->device, compute->layout, NULL);
   vkDestroyDescriptorSetLayout(p->device, compute->set_layout, NULL);
   *compute = (struct prog_compute){0};
}
