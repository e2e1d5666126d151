/* SPDX-License-Identifier: MIT */
/*
 * edge_objects WHAT: makes objects that cannot be made, or only just, and prints what the driver
 * says. The test compares what is printed natively and through another driver.
 *    memory_type     allocates memory of a type that does not exist
 *    heap_size       allocates three times the largest heap
 *    idle_import     allocates memory with an import struct that names no kind of handle
 *    sizes           objects whose sizes only some drivers can provide
 *    name            gives a buffer no name
 *    late            uses a buffer that the test's driver fails to make
 *    removal         removes what the test's driver fails to make, and what names it
 *    pipelines       a pipeline of an entry point that its shader does not have
 *    spoiled         pipelines of shaders that no driver can compile
 */
#include "tests/programs/common.h"
#include "tests/programs/shaders.h"
#include "tests/programs/sum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether the device still works. */
static enum prog_status
check_device(struct prog *p)
{
   const struct prog_sum_push push = {.count = PROG_SUM_ELEMENTS, .scale = 1};
   uint32_t sum;

   PROG_STEP(prog_sum_run(p, &push, &sum));
   PROG_EXPECT(p, sum == prog_sum_expected(&push), "the sum is %u", sum);
   printf("the device works\n");
   return PROG_RIGHT;
}

/* --- Memory --- */

static VkResult
allocate(struct prog *p, VkDeviceSize size, uint32_t type, const void *chain)
{
   const VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .pNext = chain,
      .allocationSize = size,
      .memoryTypeIndex = type,
   };
   VkDeviceMemory memory = VK_NULL_HANDLE;
   const VkResult result = vkAllocateMemory(p->device, &info, NULL, &memory);

   if (result == VK_SUCCESS)
      vkFreeMemory(p->device, memory, NULL);
   return result;
}

/* Drivers differ: some have no use for the index. */
static enum prog_status
check_memory_type(struct prog *p)
{
   PROG_STEP(prog_init(p));
   for (uint32_t type = p->memory.memoryTypeCount; type; type = type == UINT32_MAX ? 0 : UINT32_MAX)
      PROG_VK_IS(p, allocate(p, 4096, type, NULL), VK_ERROR_OUT_OF_DEVICE_MEMORY);
   return check_device(p);
}

static enum prog_status
check_heap_size(struct prog *p)
{
   PROG_STEP(prog_init(p));
   for (uint32_t type = 0; type < p->memory.memoryTypeCount; type++) {
      const VkMemoryHeap *heap = &p->memory.memoryHeaps[p->memory.memoryTypes[type].heapIndex];
      printf("type %u: %s\n", type, prog_result_name(allocate(p, 3 * heap->size, type, NULL)));
   }
   return check_device(p);
}

static enum prog_status
check_idle_import(struct prog *p)
{
   VkImportMemoryFdInfoKHR import = {
      .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
      .fd = STDIN_FILENO,
   };
   const VkExportMemoryAllocateInfo export = {
      .sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
   };

   p->extensions[0] = "VK_KHR_external_memory_fd";
   PROG_STEP(prog_init(p));
   printf("import: %s\n", prog_result_name(allocate(p, 4096, 0, &import)));
   import.pNext = &export;
   printf("import and export: %s\n", prog_result_name(allocate(p, 4096, 0, &import)));
   printf("export: %s\n", prog_result_name(allocate(p, 4096, 0, &export)));
   return check_device(p);
}

/* --- Sizes --- */

static void
try_buffer(struct prog *p, VkDeviceSize size)
{
   const VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .size = size,
      .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
   };
   VkBuffer buffer = VK_NULL_HANDLE;
   VkMemoryRequirements needs = {0};
   const VkResult result = vkCreateBuffer(p->device, &info, NULL, &buffer);

   if (result == VK_SUCCESS) {
      vkGetBufferMemoryRequirements(p->device, buffer, &needs);
      vkDestroyBuffer(p->device, buffer, NULL);
   }
   printf("buffer of %llx: %s, %llx bytes\n", (unsigned long long)size, prog_result_name(result),
          (unsigned long long)needs.size);
}

static void
try_image(struct prog *p, uint32_t size, uint32_t layers)
{
   const VkImageCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
      .imageType = VK_IMAGE_TYPE_2D,
      .format = VK_FORMAT_R32G32B32A32_SFLOAT,
      .extent = {size, size, 1},
      .mipLevels = 1,
      .arrayLayers = layers,
      .samples = VK_SAMPLE_COUNT_1_BIT,
      .usage = VK_IMAGE_USAGE_SAMPLED_BIT,
   };
   VkImage image = VK_NULL_HANDLE;
   const VkResult result = vkCreateImage(p->device, &info, NULL, &image);

   if (result == VK_SUCCESS)
      vkDestroyImage(p->device, image, NULL);
   printf("image of %u, %u layers: %s\n", size, layers, prog_result_name(result));
}

static void
try_pool(struct prog *p, uint32_t count)
{
   const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, count};
   const VkDescriptorPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
      .maxSets = count,
      .poolSizeCount = 1,
      .pPoolSizes = &size,
   };
   VkDescriptorPool pool = VK_NULL_HANDLE;
   const VkResult result = vkCreateDescriptorPool(p->device, &info, NULL, &pool);

   if (result == VK_SUCCESS)
      vkDestroyDescriptorPool(p->device, pool, NULL);
   printf("%u sets: %s\n", count, prog_result_name(result));
}

static void
try_queries(struct prog *p, uint32_t count)
{
   const VkQueryPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
      .queryType = VK_QUERY_TYPE_TIMESTAMP,
      .queryCount = count,
   };
   VkQueryPool pool = VK_NULL_HANDLE;
   const VkResult result = vkCreateQueryPool(p->device, &info, NULL, &pool);

   if (result == VK_SUCCESS)
      vkDestroyQueryPool(p->device, pool, NULL);
   printf("%u queries: %s\n", count, prog_result_name(result));
}

static void
try_binding(struct prog *p, uint32_t binding)
{
   const VkDescriptorSetLayoutBinding one = {
      .binding = binding,
      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .descriptorCount = 1,
      .stageFlags = VK_SHADER_STAGE_ALL,
   };
   const VkDescriptorSetLayoutCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
      .bindingCount = 1,
      .pBindings = &one,
   };
   VkDescriptorSetLayout layout = VK_NULL_HANDLE;
   const VkResult result = vkCreateDescriptorSetLayout(p->device, &info, NULL, &layout);

   if (result == VK_SUCCESS)
      vkDestroyDescriptorSetLayout(p->device, layout, NULL);
   printf("binding %u: %s\n", binding, prog_result_name(result));
}

static enum prog_status
check_sizes(struct prog *p)
{
   PROG_STEP(prog_init(p));
   for (uint32_t bits = 28; bits <= 40; bits += 3) {
      try_buffer(p, (UINT64_C(1) << bits) - 1);
      try_buffer(p, UINT64_C(1) << bits);
   }
   try_buffer(p, UINT64_C(1) << 32);
   try_buffer(p, UINT64_C(1) << 62);
   try_image(p, 4096, 1);
   try_image(p, 4096, 16);
   try_image(p, p->props.limits.maxImageDimension2D, p->props.limits.maxImageArrayLayers);
   try_pool(p, 1 << 10);
   try_pool(p, 1 << 20);
   try_queries(p, 1 << 10);
   try_queries(p, 1 << 20);
   try_binding(p, 1000);
   try_binding(p, 1 << 20);
   return check_device(p);
}

/* --- Names --- */

static enum prog_status
check_name(struct prog *p)
{
   const VkBufferCreateInfo buffer_info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .size = 4096,
      .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
   };
   VkBuffer buffer;

   p->instance_extensions[0] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
   PROG_STEP(prog_init(p));
   PFN_vkSetDebugUtilsObjectNameEXT set_name =
      (PFN_vkSetDebugUtilsObjectNameEXT)vkGetInstanceProcAddr(p->instance,
                                                              "vkSetDebugUtilsObjectNameEXT");
   PROG_VK(p, vkCreateBuffer(p->device, &buffer_info, NULL, &buffer));
   const VkDebugUtilsObjectNameInfoEXT name = {
      .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
      .objectType = VK_OBJECT_TYPE_BUFFER,
      .objectHandle = (uint64_t)buffer,
   };
   set_name(p->device, &name); /* drivers differ in their result, and applications ignore it */
   vkDestroyBuffer(p->device, buffer, NULL);
   return check_device(p);
}

/* --- Objects that fail late --- */

/* Uses a buffer, which may fail without a word, in each way that needs no other object. */
static enum prog_status
check_late(struct prog *p)
{
   const VkBufferCreateInfo buffer_info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .size = 4096,
      .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
   };
   struct prog_buffer good;
   VkCommandBuffer commands;
   VkBuffer buffer;
   char tag[4] = "tag";

   p->instance_extensions[0] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
   PROG_STEP(prog_init(p));
   PFN_vkSetDebugUtilsObjectNameEXT set_name =
      (PFN_vkSetDebugUtilsObjectNameEXT)vkGetInstanceProcAddr(p->instance,
                                                              "vkSetDebugUtilsObjectNameEXT");
   PFN_vkSetDebugUtilsObjectTagEXT set_tag = (PFN_vkSetDebugUtilsObjectTagEXT)vkGetInstanceProcAddr(
      p->instance, "vkSetDebugUtilsObjectTagEXT");
   PROG_VK(p, vkCreateBuffer(p->device, &buffer_info, NULL, &buffer));
   set_name(p->device, &(VkDebugUtilsObjectNameInfoEXT){
                          .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
                          .objectType = VK_OBJECT_TYPE_BUFFER,
                          .objectHandle = (uint64_t)buffer,
                          .pObjectName = "name",
                       });
   set_tag(p->device, &(VkDebugUtilsObjectTagInfoEXT){
                         .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_TAG_INFO_EXT,
                         .objectType = VK_OBJECT_TYPE_BUFFER,
                         .objectHandle = (uint64_t)buffer,
                         .tagSize = sizeof(tag),
                         .pTag = tag,
                      });
   PROG_STEP(prog_buffer_init(p, &good, 4096, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   vkBindBufferMemory(p->device, buffer, good.memory, 0);
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdFillBuffer(commands, buffer, 0, 4096, 1);
   vkCmdBindVertexBuffers(commands, 0, 1, &buffer, &(VkDeviceSize){0});
   vkCmdFillBuffer(commands, good.buffer, 0, 4096, 2);
   PROG_STEP(prog_commands_run(p, commands));
   vkDestroyBuffer(p->device, buffer, NULL);
   prog_buffer_finish(p, &good);
   printf("the device works\n");
   return PROG_RIGHT;
}

/* Frees a command buffer that begins a render pass, which may fail without a word. */
static enum prog_status
free_commands(struct prog *p)
{
   const VkSubpassDescription subpass = {0};
   const VkRenderPassCreateInfo pass_info = {
      .sType = VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
      .subpassCount = 1,
      .pSubpasses = &subpass,
   };
   VkRenderPass pass;
   VkFramebuffer framebuffer;
   VkCommandBuffer commands;

   PROG_VK(p, vkCreateRenderPass(p->device, &pass_info, NULL, &pass));
   const VkFramebufferCreateInfo framebuffer_info = {
      .sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
      .renderPass = pass,
      .width = 16,
      .height = 16,
      .layers = 1,
   };
   PROG_VK(p, vkCreateFramebuffer(p->device, &framebuffer_info, NULL, &framebuffer));
   PROG_STEP(prog_commands_begin(p, &commands));
   const VkRenderPassBeginInfo begin = {
      .sType = VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,
      .renderPass = pass,
      .framebuffer = framebuffer,
      .renderArea.extent = {16, 16},
   };
   vkCmdBeginRenderPass(commands, &begin, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdEndRenderPass(commands);
   vkEndCommandBuffer(commands);
   vkFreeCommandBuffers(p->device, p->pool, 1, &commands);
   vkDestroyFramebuffer(p->device, framebuffer, NULL);
   vkDestroyRenderPass(p->device, pass, NULL);
   return PROG_RIGHT;
}

/* Allocates sets from a pool, which may fail without a word, and frees them in each way. */
static enum prog_status
free_sets(struct prog *p)
{
   const VkDescriptorSetLayoutBinding binding = {0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1,
                                                 VK_SHADER_STAGE_COMPUTE_BIT, NULL};
   const VkDescriptorSetLayoutCreateInfo layout_info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
      .bindingCount = 1,
      .pBindings = &binding,
   };
   const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 4};
   const VkDescriptorPoolCreateInfo pool_info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
      .flags = VK_DESCRIPTOR_POOL_CREATE_FREE_DESCRIPTOR_SET_BIT,
      .maxSets = 4,
      .poolSizeCount = 1,
      .pPoolSizes = &size,
   };
   VkDescriptorSetLayout layout;
   VkDescriptorPool pool;
   VkDescriptorSet set;

   PROG_VK(p, vkCreateDescriptorSetLayout(p->device, &layout_info, NULL, &layout));
   PROG_VK(p, vkCreateDescriptorPool(p->device, &pool_info, NULL, &pool));
   const VkDescriptorSetAllocateInfo sets_info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
      .descriptorPool = pool,
      .descriptorSetCount = 1,
      .pSetLayouts = &layout,
   };
   PROG_VK(p, vkAllocateDescriptorSets(p->device, &sets_info, &set));
   vkFreeDescriptorSets(p->device, pool, 1, &set);
   PROG_VK(p, vkAllocateDescriptorSets(p->device, &sets_info, &set));
   vkResetDescriptorPool(p->device, pool, 0);
   PROG_VK(p, vkAllocateDescriptorSets(p->device, &sets_info, &set));
   vkDestroyDescriptorPool(p->device, pool, NULL);
   vkDestroyDescriptorSetLayout(p->device, layout, NULL);
   return PROG_RIGHT;
}

static enum prog_status
check_removal(struct prog *p)
{
   VkCommandBuffer commands;

   PROG_STEP(prog_init(p));
   PROG_STEP(free_commands(p));
   PROG_STEP(free_sets(p));
   PROG_STEP(prog_commands_begin(p, &commands));
   PROG_STEP(prog_commands_run(p, commands));
   printf("the device works\n");
   return PROG_RIGHT;
}

/* --- Pipelines --- */

/* Makes one compute pipeline of the words, and prints the results. */
static enum prog_status
try_pipeline(struct prog *p, const char *what, const uint32_t *words, size_t size,
             const char *entry)
{
   const VkShaderModuleCreateInfo module_info = {
      .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
      .codeSize = size,
      .pCode = words,
   };
   const VkDescriptorSetLayoutBinding bindings[] = {
      {0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL},
      {1, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL},
   };
   const VkDescriptorSetLayoutCreateInfo set_info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
      .bindingCount = PROG_COUNT(bindings),
      .pBindings = bindings,
   };
   const VkPushConstantRange push = {VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(struct prog_sum_push)};
   VkDescriptorSetLayout set_layout;
   VkPipelineLayout layout;
   VkShaderModule module;
   VkPipeline pipeline = VK_NULL_HANDLE;

   PROG_VK(p, vkCreateDescriptorSetLayout(p->device, &set_info, NULL, &set_layout));
   const VkPipelineLayoutCreateInfo layout_info = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
      .setLayoutCount = 1,
      .pSetLayouts = &set_layout,
      .pushConstantRangeCount = 1,
      .pPushConstantRanges = &push,
   };
   PROG_VK(p, vkCreatePipelineLayout(p->device, &layout_info, NULL, &layout));
   VkResult result = vkCreateShaderModule(p->device, &module_info, NULL, &module);
   printf("%s: module %s", what, prog_result_name(result));
   if (result == VK_SUCCESS) {
      const VkComputePipelineCreateInfo info = {
         .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
         .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                   .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                   .module = module,
                   .pName = entry},
         .layout = layout,
      };
      result = vkCreateComputePipelines(p->device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline);
      printf(", pipeline %s, %s", prog_result_name(result), pipeline ? "a handle" : "none");
      vkDestroyPipeline(p->device, pipeline, NULL);
      vkDestroyShaderModule(p->device, module, NULL);
   }
   printf("\n");
   vkDestroyPipelineLayout(p->device, layout, NULL);
   vkDestroyDescriptorSetLayout(p->device, set_layout, NULL);
   return PROG_RIGHT;
}

/* The words of the shader with the last instruction but one replaced by one of no meaning. */
static void
spoil_last_instruction(uint32_t *words, size_t count)
{
   size_t at = 5, before = 5;

   while (at + (words[at] >> 16) < count) {
      before = at;
      at += words[at] >> 16;
   }
   words[before] = (words[before] & 0xffff0000) | 0x0fff;
}

static enum prog_status
check_pipelines(struct prog *p)
{
   const struct prog_shader *shader = &prog_shader_sum;

   PROG_STEP(prog_init(p));
   PROG_STEP(try_pipeline(p, "good", shader->words, shader->size, "main"));
   PROG_STEP(check_device(p));
   PROG_STEP(try_pipeline(p, "not_there", shader->words, shader->size, "not_there"));
   return check_device(p);
}

/* Drivers may crash: only the test's driver does not look at the words. */
static enum prog_status
check_spoiled(struct prog *p)
{
   const struct prog_shader *shader = &prog_shader_sum;
   const size_t count = shader->size / sizeof(shader->words[0]);
   uint32_t *words = malloc(shader->size);

   PROG_STEP(prog_init(p));
   PROG_STEP(try_pipeline(p, "not_there", shader->words, shader->size, "not_there"));
   PROG_STEP(try_pipeline(p, "truncated", shader->words, shader->size - 8, "main"));
   PROG_STEP(try_pipeline(p, "half", shader->words, shader->size / 8 * 4, "main"));
   PROG_STEP(try_pipeline(p, "header", shader->words, 20, "main"));
   memcpy(words, shader->words, shader->size);
   spoil_last_instruction(words, count);
   PROG_STEP(try_pipeline(p, "opcode", words, shader->size, "main"));
   memcpy(words, shader->words, shader->size);
   words[0] = 0;
   PROG_STEP(try_pipeline(p, "magic", words, shader->size, "main"));
   memcpy(words, shader->words, shader->size);
   words[6] = 9; /* the first instruction names a capability: Float16 */
   PROG_STEP(try_pipeline(p, "capability", words, shader->size, "main"));
   free(words);
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   static const struct {
      const char *name;
      enum prog_status (*run)(struct prog *p);
   } checks[] = {
      {"memory_type", check_memory_type},
      {"heap_size", check_heap_size},
      {"idle_import", check_idle_import},
      {"sizes", check_sizes},
      {"name", check_name},
      {"late", check_late},
      {"removal", check_removal},
      {"pipelines", check_pipelines},
      {"spoiled", check_spoiled},
   };
   struct prog p = {0};

   setvbuf(stdout, NULL, _IOLBF, 0);
   for (size_t i = 0; i < PROG_COUNT(checks); i++) {
      if (argc == 2 && !strcmp(argv[1], checks[i].name)) {
         const enum prog_status status = checks[i].run(&p);
         prog_finish(&p);
         return prog_report(&p, argv[0], status);
      }
   }
   fprintf(stderr, "usage: %s WHAT\n", argv[0]);
   return 2;
}
