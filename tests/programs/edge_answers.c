/* SPDX-License-Identifier: MIT */
/*
 * edge_answers: what comes back through the members of input structs, from images with sparse
 * binding, and from a union that a selector leaves empty. Prints it; natively it is the same.
 */
#include "tests/programs/checks.h"

#include <stdio.h>
#include <string.h>

#define GET(function) (PFN_vk##function) vkGetDeviceProcAddr(p->device, "vk" #function)

#ifdef VK_KHR_maintenance6

static enum prog_status
check_bind_status(struct prog *p)
{
   VkPhysicalDeviceMaintenance6FeaturesKHR features = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_6_FEATURES_KHR,
      .maintenance6 = VK_TRUE,
   };
   VkBuffer buffers[2] = {VK_NULL_HANDLE};
   VkMemoryRequirements needs = {0};
   VkDeviceMemory memory;
   VkResult results[2] = {VK_NOT_READY, VK_NOT_READY};
   VkBindMemoryStatusKHR statuses[2];
   VkBindBufferMemoryInfo binds[2];

   p->extensions[0] = VK_KHR_MAINTENANCE_6_EXTENSION_NAME;
   p->features13.pNext = &features;
   PROG_STEP(prog_init(p));
   for (uint32_t i = 0; i < 2; i++) {
      PROG_VK(p, vkCreateBuffer(p->device,
                                &(VkBufferCreateInfo){
                                   .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                   .size = 4096,
                                   .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                                },
                                NULL, &buffers[i]));
      vkGetBufferMemoryRequirements(p->device, buffers[i], &needs);
   }
   PROG_VK(p, vkAllocateMemory(p->device,
                               &(VkMemoryAllocateInfo){
                                  .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                  .allocationSize = 2 * needs.size,
                                  .memoryTypeIndex = prog_memory_type(p, needs.memoryTypeBits, 0),
                               },
                               NULL, &memory));
   for (uint32_t i = 0; i < 2; i++) {
      statuses[i] = (VkBindMemoryStatusKHR){.sType = VK_STRUCTURE_TYPE_BIND_MEMORY_STATUS_KHR,
                                            .pResult = &results[i]};
      binds[i] = (VkBindBufferMemoryInfo){
         .sType = VK_STRUCTURE_TYPE_BIND_BUFFER_MEMORY_INFO,
         .pNext = &statuses[i],
         .buffer = buffers[i],
         .memory = memory,
         .memoryOffset = i * needs.size,
      };
   }
   PROG_VK(p, vkBindBufferMemory2(p->device, 2, binds));
   for (uint32_t i = 0; i < 2; i++)
      PROG_EXPECT(p, results[i] == VK_SUCCESS, "pResult of binding %u is %s", i,
                  prog_result_name(results[i]));
   for (uint32_t i = 0; i < 2; i++)
      vkDestroyBuffer(p->device, buffers[i], NULL);
   vkFreeMemory(p->device, memory, NULL);
   prog_finish(p);
   return PROG_RIGHT;
}

#endif

#ifdef VK_EXT_descriptor_heap

/* The range has more room than a descriptor takes: the rest stays what it was. */
static enum prog_status
check_descriptor_room(struct prog *p)
{
   VkPhysicalDeviceDescriptorHeapFeaturesEXT features = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DESCRIPTOR_HEAP_FEATURES_EXT,
      .descriptorHeap = VK_TRUE,
   };
   const VkSamplerCreateInfo sampler = {.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO};
   uint8_t bytes[4096];
   uint32_t kept = 0;
   const VkHostAddressRangeEXT range = {.address = bytes, .size = sizeof(bytes)};

   p->extensions[0] = VK_EXT_DESCRIPTOR_HEAP_EXTENSION_NAME;
   p->features13.pNext = &features;
   PROG_STEP(prog_init(p));
   PFN_vkWriteSamplerDescriptorsEXT write = GET(WriteSamplerDescriptorsEXT);
   memset(bytes, 0xa5, sizeof(bytes));
   PROG_VK(p, write(p->device, 1, &sampler, &range));
   while (kept < sizeof(bytes) && bytes[sizeof(bytes) - 1 - kept] == 0xa5)
      kept++;
   printf("# %u bytes were written\n", (unsigned)sizeof(bytes) - kept);
   PROG_EXPECT(p, kept >= sizeof(bytes) / 2 && kept < sizeof(bytes), "%u bytes kept their value",
               kept);
   prog_finish(p);
   return PROG_RIGHT;
}

#endif

#ifdef VK_EXT_device_generated_commands

static enum prog_status
init_generated(struct prog *p, VkIndirectCommandsLayoutEXT *layout)
{
   VkPhysicalDeviceDeviceGeneratedCommandsFeaturesEXT features = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DEVICE_GENERATED_COMMANDS_FEATURES_EXT,
      .deviceGeneratedCommands = VK_TRUE,
   };
   const VkIndirectCommandsLayoutTokenEXT token = {
      .sType = VK_STRUCTURE_TYPE_INDIRECT_COMMANDS_LAYOUT_TOKEN_EXT,
      .type = VK_INDIRECT_COMMANDS_TOKEN_TYPE_DISPATCH_EXT,
   };
   const VkIndirectCommandsLayoutCreateInfoEXT info = {
      .sType = VK_STRUCTURE_TYPE_INDIRECT_COMMANDS_LAYOUT_CREATE_INFO_EXT,
      .flags = VK_INDIRECT_COMMANDS_LAYOUT_USAGE_EXPLICIT_PREPROCESS_BIT_EXT,
      .shaderStages = VK_SHADER_STAGE_COMPUTE_BIT,
      .indirectStride = sizeof(VkDispatchIndirectCommand),
      .tokenCount = 1,
      .pTokens = &token,
   };

   p->extensions[0] = VK_EXT_DEVICE_GENERATED_COMMANDS_EXTENSION_NAME;
   p->extensions[1] = VK_KHR_MAINTENANCE_5_EXTENSION_NAME;
   p->features13.pNext = &features;
   PROG_STEP(prog_init(p));
   PFN_vkCreateIndirectCommandsLayoutEXT create = GET(CreateIndirectCommandsLayoutEXT);
   PROG_VK(p, create(p->device, &info, NULL, layout));
   return PROG_RIGHT;
}

static enum prog_status
finish_generated(struct prog *p, VkIndirectCommandsLayoutEXT layout)
{
   PFN_vkDestroyIndirectCommandsLayoutEXT destroy = GET(DestroyIndirectCommandsLayoutEXT);

   destroy(p->device, layout, NULL);
   PROG_VK(p, vkDeviceWaitIdle(p->device));
   prog_finish(p);
   return PROG_RIGHT;
}

static enum prog_status
check_token_without_data(struct prog *p)
{
   VkIndirectCommandsLayoutEXT layout;

   PROG_STEP(init_generated(p, &layout));
   return finish_generated(p, layout);
}

/* The command buffer that gives its state may be freed right after the call. */
static enum prog_status
check_freed_state(struct prog *p)
{
   const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
   VkGeneratedCommandsInfoEXT info = {
      .sType = VK_STRUCTURE_TYPE_GENERATED_COMMANDS_INFO_EXT,
      .shaderStages = VK_SHADER_STAGE_COMPUTE_BIT,
      .maxSequenceCount = 1,
   };
   VkCommandBuffer buffers[2]; /* the state's is the second */
   VkCommandPool pool;

   PROG_STEP(init_generated(p, &info.indirectCommandsLayout));
   PFN_vkCmdPreprocessGeneratedCommandsEXT preprocess = GET(CmdPreprocessGeneratedCommandsEXT);
   const VkCommandPoolCreateInfo pool_info = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                              .queueFamilyIndex = p->family};
   PROG_VK(p, vkCreateCommandPool(p->device, &pool_info, NULL, &pool));
   const VkCommandBufferAllocateInfo allocate = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = pool,
      .commandBufferCount = 2,
   };
   PROG_VK(p, vkAllocateCommandBuffers(p->device, &allocate, buffers));
   PROG_VK(p, vkBeginCommandBuffer(buffers[0], &begin));
   PROG_VK(p, vkBeginCommandBuffer(buffers[1], &begin));
   preprocess(buffers[0], &info, buffers[1]);
   vkFreeCommandBuffers(p->device, pool, 1, &buffers[1]);
   PROG_VK(p, vkEndCommandBuffer(buffers[0]));
   PROG_VK(p, vkDeviceWaitIdle(p->device));
   vkDestroyCommandPool(p->device, pool, NULL);
   return finish_generated(p, info.indirectCommandsLayout);
}

#endif

/* Both ways of asking agree. */
static enum prog_status
check_sparse_requirements(struct prog *p)
{
   static const VkImageCreateFlags flags[] = {
      VK_IMAGE_CREATE_SPARSE_BINDING_BIT,
      VK_IMAGE_CREATE_SPARSE_BINDING_BIT | VK_IMAGE_CREATE_SPARSE_RESIDENCY_BIT,
   };

   PROG_STEP(prog_init(p));
   if (p->api < VK_API_VERSION_1_3 || !p->features.sparseResidencyImage2D ||
       !p->features13.maintenance4)
      return prog_skipped(p, "the device has no sparse images");
   for (uint32_t i = 0; i < PROG_COUNT(flags); i++) {
      const VkImageCreateInfo info = {
         .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
         .flags = flags[i],
         .imageType = VK_IMAGE_TYPE_2D,
         .format = VK_FORMAT_R8G8B8A8_UNORM,
         .extent = {64, 64, 1},
         .mipLevels = 1,
         .arrayLayers = 1,
         .samples = VK_SAMPLE_COUNT_1_BIT,
         .usage = VK_IMAGE_USAGE_TRANSFER_DST_BIT,
      };
      const VkDeviceImageMemoryRequirements ask = {
         .sType = VK_STRUCTURE_TYPE_DEVICE_IMAGE_MEMORY_REQUIREMENTS, .pCreateInfo = &info};
      VkImage image;
      uint32_t of_image = 0, of_info = 0;

      PROG_VK(p, vkCreateImage(p->device, &info, NULL, &image));
      vkGetImageSparseMemoryRequirements(p->device, image, &of_image, NULL);
      vkGetDeviceImageSparseMemoryRequirements(p->device, &ask, &of_info, NULL);
      vkDestroyImage(p->device, image, NULL);
      printf("# flags %x: %u requirements\n", flags[i], of_image);
      PROG_EXPECT(p, of_image == of_info, "an image has %u requirements, its create info has %u",
                  of_image, of_info);
   }
   prog_finish(p);
   return PROG_RIGHT;
}

static const struct prog_check checks[] = {
#ifdef VK_KHR_maintenance6
   {"bind-status", check_bind_status},
#endif
#ifdef VK_EXT_descriptor_heap
   {"descriptor-room", check_descriptor_room},
#endif
#ifdef VK_EXT_device_generated_commands
   {"token-without-data", check_token_without_data},
   {"freed-state", check_freed_state},
#endif
   {"sparse-requirements", check_sparse_requirements},
};

int
main(int argc, char **argv)
{
   return prog_checks_main(argc, argv, checks, PROG_COUNT(checks), PROG_CHECKS_BARE);
}
