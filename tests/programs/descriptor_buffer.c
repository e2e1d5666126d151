/* SPDX-License-Identifier: MIT */
/* VK_EXT_descriptor_buffer: a shader writes through a descriptor that the application put into a
 * buffer itself. */
#include "tests/programs/common.h"
#include "tests/programs/shaders.h"

#include <string.h>

#ifdef VK_EXT_descriptor_buffer

#define COUNT 64u
#define TIMES 20

struct functions {
   PFN_vkGetDescriptorSetLayoutSizeEXT size;
   PFN_vkGetDescriptorSetLayoutBindingOffsetEXT offset;
   PFN_vkGetDescriptorEXT get;
   PFN_vkCmdBindDescriptorBuffersEXT bind;
   PFN_vkCmdSetDescriptorBufferOffsetsEXT set;
   PFN_vkGetBufferDeviceAddress address;
};

struct objects {
   VkDescriptorSetLayout set_layout;
   VkPipelineLayout layout;
   VkPipeline pipeline;
   VkBuffer buffers[2]; /* descriptors, data */
   VkDeviceMemory memory[2];
   void *maps[2];
   VkDeviceAddress addresses[2];
};

static enum prog_status
make_buffer(struct prog *p, const struct functions *vk, struct objects *o, uint32_t i,
            VkDeviceSize size, VkBufferUsageFlags usage)
{
   VkMemoryRequirements needs;

   PROG_VK(p, vkCreateBuffer(p->device,
                             &(VkBufferCreateInfo){
                                .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                .size = size,
                                .usage = usage | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
                             },
                             NULL, &o->buffers[i]));
   vkGetBufferMemoryRequirements(p->device, o->buffers[i], &needs);
   const VkMemoryAllocateFlagsInfo flags = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
      .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT,
   };
   const uint32_t type =
      prog_memory_type(p, needs.memoryTypeBits,
                       VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
   if (type == UINT32_MAX)
      return prog_skipped(p, "no coherent memory holds descriptors");
   PROG_VK(p, vkAllocateMemory(p->device,
                               &(VkMemoryAllocateInfo){
                                  .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                  .pNext = &flags,
                                  .allocationSize = needs.size,
                                  .memoryTypeIndex = type,
                               },
                               NULL, &o->memory[i]));
   PROG_VK(p, vkBindBufferMemory(p->device, o->buffers[i], o->memory[i], 0));
   PROG_VK(p, vkMapMemory(p->device, o->memory[i], 0, VK_WHOLE_SIZE, 0, &o->maps[i]));
   memset(o->maps[i], 0, size);
   o->addresses[i] =
      vk->address(p->device, &(VkBufferDeviceAddressInfo){
                                .sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
                                .buffer = o->buffers[i],
                             });
   PROG_EXPECT(p, o->addresses[i], "buffer %u has no address", i);
   return PROG_RIGHT;
}

static enum prog_status
make_pipeline(struct prog *p, struct objects *o)
{
   const VkDescriptorSetLayoutBinding binding = {
      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .descriptorCount = 1,
      .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
   };
   const VkPushConstantRange range = {.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .size = 12};
   VkShaderModule module;

   PROG_VK(p, vkCreateDescriptorSetLayout(
                 p->device,
                 &(VkDescriptorSetLayoutCreateInfo){
                    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
                    .flags = VK_DESCRIPTOR_SET_LAYOUT_CREATE_DESCRIPTOR_BUFFER_BIT_EXT,
                    .bindingCount = 1,
                    .pBindings = &binding,
                 },
                 NULL, &o->set_layout));
   PROG_VK(p, vkCreatePipelineLayout(p->device,
                                     &(VkPipelineLayoutCreateInfo){
                                        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                        .setLayoutCount = 1,
                                        .pSetLayouts = &o->set_layout,
                                        .pushConstantRangeCount = 1,
                                        .pPushConstantRanges = &range,
                                     },
                                     NULL, &o->layout));
   PROG_STEP(prog_shader_module(p, &prog_shader_write, &module));
   PROG_VK(p, vkCreateComputePipelines(
                 p->device, VK_NULL_HANDLE, 1,
                 &(VkComputePipelineCreateInfo){
                    .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
                    .flags = VK_PIPELINE_CREATE_DESCRIPTOR_BUFFER_BIT_EXT,
                    .stage =
                       {
                          .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                          .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                          .module = module,
                          .pName = "main",
                       },
                    .layout = o->layout,
                 },
                 NULL, &o->pipeline));
   vkDestroyShaderModule(p->device, module, NULL);
   return PROG_RIGHT;
}

static enum prog_status
put_descriptor(struct prog *p, const struct functions *vk, struct objects *o)
{
   VkPhysicalDeviceDescriptorBufferPropertiesEXT sizes = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DESCRIPTOR_BUFFER_PROPERTIES_EXT,
   };
   VkPhysicalDeviceProperties2 properties = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &sizes};
   VkDeviceSize offset = 0;

   vkGetPhysicalDeviceProperties2(p->phys, &properties);
   const size_t size = p->features.robustBufferAccess ? sizes.robustStorageBufferDescriptorSize
                                                      : sizes.storageBufferDescriptorSize;
   vk->offset(p->device, o->set_layout, 0, &offset);
   for (uint32_t i = 0; i < TIMES; i++)
      vk->get(p->device,
              &(VkDescriptorGetInfoEXT){
                 .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_GET_INFO_EXT,
                 .type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                 .data.pStorageBuffer =
                    &(VkDescriptorAddressInfoEXT){
                       .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_ADDRESS_INFO_EXT,
                       .address = o->addresses[1],
                       .range = COUNT * sizeof(uint32_t),
                    },
              },
              size, (uint8_t *)o->maps[0] + offset);
   return PROG_RIGHT;
}

static enum prog_status
dispatch(struct prog *p, const struct functions *vk, const struct objects *o)
{
   const uint32_t push[3] = {0, 100, 3}, zero = 0;
   const VkDeviceSize start = 0;
   VkCommandBuffer commands;

   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, o->pipeline);
   vk->bind(commands, 1,
            &(VkDescriptorBufferBindingInfoEXT){
               .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_BUFFER_BINDING_INFO_EXT,
               .address = o->addresses[0],
               .usage = VK_BUFFER_USAGE_RESOURCE_DESCRIPTOR_BUFFER_BIT_EXT,
            });
   vk->set(commands, VK_PIPELINE_BIND_POINT_COMPUTE, o->layout, 0, 1, &zero, &start);
   vkCmdPushConstants(commands, o->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
   vkCmdDispatch(commands, COUNT, 1, 1);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   for (uint32_t i = 0; i < COUNT; i++) {
      const uint32_t written = ((const uint32_t *)o->maps[1])[i];
      PROG_EXPECT(p, written == 100 + 3 * i, "element %u is %u, not %u", i, written, 100 + 3 * i);
   }
   return PROG_RIGHT;
}

static void
finish(struct prog *p, const struct objects *o)
{
   for (uint32_t i = 0; i < 2; i++) {
      vkDestroyBuffer(p->device, o->buffers[i], NULL);
      vkFreeMemory(p->device, o->memory[i], NULL);
   }
   vkDestroyPipeline(p->device, o->pipeline, NULL);
   vkDestroyPipelineLayout(p->device, o->layout, NULL);
   vkDestroyDescriptorSetLayout(p->device, o->set_layout, NULL);
}

static enum prog_status
run(struct prog *p)
{
   VkPhysicalDeviceDescriptorBufferFeaturesEXT features = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DESCRIPTOR_BUFFER_FEATURES_EXT,
      .descriptorBuffer = VK_TRUE,
   };
   struct objects o = {0};
   VkDeviceSize size = 0;

   p->extensions[0] = VK_EXT_DESCRIPTOR_BUFFER_EXTENSION_NAME;
   p->extension_features = &features;
   p->features13.pNext = &features;
   PROG_STEP(prog_init(p));
#define GET(function) (PFN_vk##function) vkGetDeviceProcAddr(p->device, "vk" #function)
   const struct functions vk = {
      .size = GET(GetDescriptorSetLayoutSizeEXT),
      .offset = GET(GetDescriptorSetLayoutBindingOffsetEXT),
      .get = GET(GetDescriptorEXT),
      .bind = GET(CmdBindDescriptorBuffersEXT),
      .set = GET(CmdSetDescriptorBufferOffsetsEXT),
      .address = GET(GetBufferDeviceAddress),
   };
#undef GET
   PROG_STEP(make_pipeline(p, &o));
   vk.size(p->device, o.set_layout, &size);
   PROG_EXPECT(p, size, "the set layout has no size");
   PROG_STEP(make_buffer(p, &vk, &o, 0, size, VK_BUFFER_USAGE_RESOURCE_DESCRIPTOR_BUFFER_BIT_EXT));
   PROG_STEP(
      make_buffer(p, &vk, &o, 1, COUNT * sizeof(uint32_t), VK_BUFFER_USAGE_STORAGE_BUFFER_BIT));
   PROG_STEP(put_descriptor(p, &vk, &o));
   PROG_STEP(dispatch(p, &vk, &o));
   finish(p, &o);
   return PROG_RIGHT;
}

#else

static enum prog_status
run(struct prog *p)
{
   return prog_skipped(p, "the headers have no VK_EXT_descriptor_buffer");
}

#endif

int
main(void)
{
   struct prog p = {0};
   const enum prog_status status = run(&p);

   prog_finish(&p);
   return prog_report(&p, "descriptor_buffer", status);
}
