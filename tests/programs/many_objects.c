/* SPDX-License-Identifier: MIT */
/* Checks of memory, descriptors, pipelines and small objects. */
#include "tests/programs/many.h"

#include "tests/programs/shaders.h"

#include <stdlib.h>
#include <string.h>

#define WORDS 256u
#define BYTES (WORDS * sizeof(uint32_t))

static const VkShaderStageFlags compute_stage = VK_SHADER_STAGE_COMPUTE_BIT;

static uint32_t
pattern(uint32_t i)
{
   return i * 2246822519u + 3;
}

/* GPU writes, host reads; host writes, GPU reads: with explicit flushes and invalidates. */
static enum prog_status
memory_type_round_trip(struct prog *p, VkBuffer buffer, VkDeviceMemory memory,
                       struct prog_buffer *other)
{
   uint32_t *map;
   PROG_VK(p, vkMapMemory(p->device, memory, 0, VK_WHOLE_SIZE, 0, (void **)&map));
   const VkMappedMemoryRange range = {
      .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
      .memory = memory,
      .size = VK_WHOLE_SIZE,
   };
   for (uint32_t i = 0; i < WORDS; i++)
      map[i] = pattern(i);
   PROG_VK(p, vkFlushMappedMemoryRanges(p->device, 1, &range));

   VkCommandBuffer commands;
   const VkBufferCopy copy = {0, 0, BYTES};
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdCopyBuffer(commands, buffer, other->buffer, 1, &copy);
   prog_memory_barrier(commands);
   vkCmdFillBuffer(commands, buffer, 16, BYTES - 16, 0x12345678);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));

   PROG_VK(p, vkInvalidateMappedMemoryRanges(p->device, 1, &range));
   for (uint32_t i = 0; i < WORDS; i++) {
      const uint32_t seen = ((uint32_t *)other->map)[i];
      PROG_EXPECT(p, seen == pattern(i), "the device saw %#x, not %#x, in word %u", seen,
                  pattern(i), i);
      const uint32_t right = i < 4 ? pattern(i) : 0x12345678;
      PROG_EXPECT(p, map[i] == right, "the host sees %#x, not %#x, in word %u", map[i], right, i);
   }
   vkUnmapMemory(p->device, memory);

   /* The content is there at the next map, which is of a part. */
   const VkDeviceSize offset = 8;
   PROG_VK(p, vkMapMemory(p->device, memory, offset, 16, 0, (void **)&map));
   PROG_EXPECT(p, map[0] == pattern(2) && map[2] == 0x12345678,
               "a map from byte 8 shows %#x and %#x", map[0], map[2]);
   vkUnmapMemory(p->device, memory);
   return PROG_RIGHT;
}

static enum prog_status
one_memory_type(struct prog *p, uint32_t type, bool *used)
{
   const VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .size = BYTES,
      .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
   };
   VkBuffer buffer;
   PROG_VK(p, vkCreateBuffer(p->device, &info, NULL, &buffer));
   VkMemoryRequirements needs;
   vkGetBufferMemoryRequirements(p->device, buffer, &needs);
   *used = needs.memoryTypeBits >> type & 1;
   if (*used) {
      const VkMemoryAllocateInfo allocate = {
         .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
         .allocationSize = needs.size,
         .memoryTypeIndex = type,
      };
      VkDeviceMemory memory;
      struct prog_buffer other;
      PROG_VK(p, vkAllocateMemory(p->device, &allocate, NULL, &memory));
      PROG_VK(p, vkBindBufferMemory(p->device, buffer, memory, 0));
      PROG_STEP(prog_buffer_init(p, &other, BYTES, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
      PROG_STEP(memory_type_round_trip(p, buffer, memory, &other));
      prog_buffer_finish(p, &other);
      vkFreeMemory(p->device, memory, NULL);
   }
   vkDestroyBuffer(p->device, buffer, NULL);
   return PROG_RIGHT;
}

enum prog_status
check_memory_types(struct prog *p)
{
   uint32_t count = 0, coherent = 0;
   for (uint32_t i = 0; i < p->memory.memoryTypeCount; i++) {
      const VkMemoryPropertyFlags flags = p->memory.memoryTypes[i].propertyFlags;
      PROG_EXPECT(p, p->memory.memoryTypes[i].heapIndex < p->memory.memoryHeapCount,
                  "memory type %u is in heap %u of %u", i, p->memory.memoryTypes[i].heapIndex,
                  p->memory.memoryHeapCount);
      if (!(flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) ||
          (flags & VK_MEMORY_PROPERTY_PROTECTED_BIT))
         continue;
      bool used;
      PROG_STEP(one_memory_type(p, i, &used));
      count += used;
      coherent += used && (flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
   }
   PROG_EXPECT(p, count && coherent, "%u host-visible memory types fit, %u of them coherent", count,
               coherent);
   return PROG_RIGHT;
}

/* Several buffers in one allocation, whose map stays while all are used. */
enum prog_status
check_suballocation(struct prog *p)
{
   struct prog_buffer whole;
   PROG_STEP(prog_buffer_init(p, &whole, 65536, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   VkBuffer parts[4];
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   for (uint32_t i = 0; i < 4; i++) {
      const VkBufferCreateInfo info = {
         .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
         .size = 4096,
         .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
      };
      PROG_VK(p, vkCreateBuffer(p->device, &info, NULL, &parts[i]));
      VkMemoryRequirements needs;
      vkGetBufferMemoryRequirements(p->device, parts[i], &needs);
      PROG_EXPECT(p, needs.alignment && 16384 % needs.alignment == 0 && needs.size <= 16384,
                  "a buffer of 4096 bytes needs %llu bytes, aligned to %llu",
                  (unsigned long long)needs.size, (unsigned long long)needs.alignment);
      PROG_VK(p, vkBindBufferMemory(p->device, parts[i], whole.memory, i * 16384));
      vkCmdFillBuffer(commands, parts[i], 0, VK_WHOLE_SIZE, 0x1000 + i);
   }
   memset(whole.map, 0, whole.size);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));

   const uint32_t *words = whole.map;
   for (uint32_t i = 0; i < 16384; i++) {
      const uint32_t right = i % 4096 < 1024 ? 0x1000 + i / 4096 : 0;
      PROG_EXPECT(p, words[i] == right, "word %u is %#x, not %#x", i, words[i], right);
   }
   for (uint32_t i = 0; i < 4; i++)
      vkDestroyBuffer(p->device, parts[i], NULL);
   prog_buffer_finish(p, &whole);
   return PROG_RIGHT;
}

/* Many of a kind, destroyed in another order than made. */
enum prog_status
check_many_handles(struct prog *p)
{
   enum {
      COUNT = 1000
   };
   VkFence fences[COUNT];
   for (uint32_t round = 0; round < 3; round++) {
      for (uint32_t i = 0; i < COUNT; i++) {
         const VkFenceCreateInfo info = {
            .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
            .flags = i % 3 == 0 ? VK_FENCE_CREATE_SIGNALED_BIT : 0,
         };
         PROG_VK(p, vkCreateFence(p->device, &info, NULL, &fences[i]));
      }
      for (uint32_t n = 0; n < COUNT; n++) {
         const uint32_t i = n * 7 % COUNT;
         const VkResult status = vkGetFenceStatus(p->device, fences[i]);
         PROG_EXPECT(p, status == (i % 3 == 0 ? VK_SUCCESS : VK_NOT_READY), "fence %u is %s", i,
                     prog_result_name(status));
         vkDestroyFence(p->device, fences[i], NULL);
      }
   }
   return PROG_RIGHT;
}

/* vkDestroyX and vkFreeX of VK_NULL_HANDLE do nothing. */
enum prog_status
check_destroy_null(struct prog *p)
{
   const VkDevice device = p->device;
   VkCommandBuffer no_commands = NULL;
   vkDestroyBuffer(device, VK_NULL_HANDLE, NULL);
   vkDestroyBufferView(device, VK_NULL_HANDLE, NULL);
   vkDestroyCommandPool(device, VK_NULL_HANDLE, NULL);
   vkDestroyDescriptorPool(device, VK_NULL_HANDLE, NULL);
   vkDestroyDescriptorSetLayout(device, VK_NULL_HANDLE, NULL);
   vkDestroyEvent(device, VK_NULL_HANDLE, NULL);
   vkDestroyFence(device, VK_NULL_HANDLE, NULL);
   vkDestroyFramebuffer(device, VK_NULL_HANDLE, NULL);
   vkDestroyImage(device, VK_NULL_HANDLE, NULL);
   vkDestroyImageView(device, VK_NULL_HANDLE, NULL);
   vkDestroyPipeline(device, VK_NULL_HANDLE, NULL);
   vkDestroyPipelineCache(device, VK_NULL_HANDLE, NULL);
   vkDestroyPipelineLayout(device, VK_NULL_HANDLE, NULL);
   vkDestroyQueryPool(device, VK_NULL_HANDLE, NULL);
   vkDestroyRenderPass(device, VK_NULL_HANDLE, NULL);
   vkDestroySampler(device, VK_NULL_HANDLE, NULL);
   vkDestroySemaphore(device, VK_NULL_HANDLE, NULL);
   vkDestroyShaderModule(device, VK_NULL_HANDLE, NULL);
   vkFreeMemory(device, VK_NULL_HANDLE, NULL);
   vkFreeCommandBuffers(device, p->pool, 1, &no_commands);
   vkDestroyDevice(NULL, NULL);
   vkDestroyInstance(NULL, NULL);
   PROG_VK(p, vkDeviceWaitIdle(device));
   return PROG_RIGHT;
}

static enum prog_status
make_buffer_view(struct prog *p, VkBuffer buffer, VkFormat format, VkBufferView *view)
{
   const VkBufferViewCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
      .buffer = buffer,
      .format = format,
      .range = VK_WHOLE_SIZE,
   };
   PROG_VK(p, vkCreateBufferView(p->device, &info, NULL, view));
   return PROG_RIGHT;
}

enum prog_status
check_buffer_views(struct prog *p)
{
   enum {
      TEXELS = 100
   };
   const VkDescriptorSetLayoutBinding bindings[2] = {
      {0, VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, 1, compute_stage, NULL},
      {1, VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER, 1, compute_stage, NULL},
   };
   struct prog_compute compute;
   struct prog_buffer bytes, words;
   VkBufferView views[2];
   PROG_STEP(prog_compute_init_bindings(p, &compute, &prog_shader_texel, bindings, 2, 0, NULL));
   PROG_STEP(prog_buffer_init(p, &bytes, TEXELS, VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT));
   PROG_STEP(prog_buffer_init(p, &words, TEXELS * 4, VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT));
   PROG_STEP(make_buffer_view(p, bytes.buffer, VK_FORMAT_R8_UINT, &views[0]));
   PROG_STEP(make_buffer_view(p, words.buffer, VK_FORMAT_R32_UINT, &views[1]));
   for (uint32_t i = 0; i < TEXELS; i++)
      ((uint8_t *)bytes.map)[i] = (uint8_t)(255 - i);

   VkWriteDescriptorSet writes[2];
   for (uint32_t i = 0; i < 2; i++) {
      writes[i] = (VkWriteDescriptorSet){
         .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
         .dstSet = compute.set,
         .dstBinding = i,
         .descriptorCount = 1,
         .descriptorType = bindings[i].descriptorType,
         .pTexelBufferView = &views[i],
      };
   }
   vkUpdateDescriptorSets(p->device, 2, writes, 0, NULL);

   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_compute_use(&compute, commands);
   vkCmdDispatch(commands, TEXELS, 1, 1);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   for (uint32_t i = 0; i < TEXELS; i++) {
      const uint32_t texel = ((uint32_t *)words.map)[i];
      PROG_EXPECT(p, texel == 2 * (255 - i), "texel %u is %u, not %u", i, texel, 2 * (255 - i));
   }

   vkDestroyBufferView(p->device, views[0], NULL);
   vkDestroyBufferView(p->device, views[1], NULL);
   prog_buffer_finish(p, &words);
   prog_buffer_finish(p, &bytes);
   prog_compute_finish(p, &compute);
   return PROG_RIGHT;
}

/* Runs shaders/write.comp over 16 words with base 100 and step 1. */
static enum prog_status
run_write(struct prog *p, const struct prog_compute *compute)
{
   const uint32_t push[3] = {0, 100, 1};
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_compute_use(compute, commands);
   vkCmdPushConstants(commands, compute->layout, compute_stage, 0, sizeof(push), push);
   vkCmdDispatch(commands, 16, 1, 1);
   prog_memory_barrier(commands);
   return prog_commands_run(p, commands);
}

static enum prog_status
expect_written(struct prog *p, const struct prog_buffer *buffer, uint32_t bonus)
{
   for (uint32_t i = 0; i < 16; i++) {
      const uint32_t word = ((uint32_t *)buffer->map)[i];
      PROG_EXPECT(p, word == 100 + i + bonus, "word %u is %u, not %u", i, word, 100 + i + bonus);
   }
   return PROG_RIGHT;
}

enum prog_status
check_update_template(struct prog *p)
{
   if (p->api < VK_API_VERSION_1_1)
      return prog_skipped(p, "the device has no Vulkan 1.1");
   struct prog_compute compute;
   struct prog_buffer buffer;
   PROG_STEP(prog_compute_init(p, &compute, &prog_shader_write, 1, 12, NULL));
   PROG_STEP(prog_buffer_init(p, &buffer, BYTES, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT));

   const struct {
      uint32_t before[5];
      VkDescriptorBufferInfo info;
   } data = {.info = {buffer.buffer, 0, VK_WHOLE_SIZE}};
   const VkDescriptorUpdateTemplateEntry entry = {
      .dstBinding = 0,
      .descriptorCount = 1,
      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .offset = (const char *)&data.info - (const char *)&data,
      .stride = sizeof(data.info),
   };
   const VkDescriptorUpdateTemplateCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_UPDATE_TEMPLATE_CREATE_INFO,
      .descriptorUpdateEntryCount = 1,
      .pDescriptorUpdateEntries = &entry,
      .templateType = VK_DESCRIPTOR_UPDATE_TEMPLATE_TYPE_DESCRIPTOR_SET,
      .descriptorSetLayout = compute.set_layout,
   };
   VkDescriptorUpdateTemplate template;
   PROG_VK(p, vkCreateDescriptorUpdateTemplate(p->device, &info, NULL, &template));
   vkUpdateDescriptorSetWithTemplate(p->device, compute.set, template, &data);
   vkDestroyDescriptorUpdateTemplate(p->device, template, NULL);
   PROG_STEP(run_write(p, &compute));
   PROG_STEP(expect_written(p, &buffer, 0));
   prog_buffer_finish(p, &buffer);
   prog_compute_finish(p, &compute);
   return PROG_RIGHT;
}

enum prog_status
check_copy_descriptors(struct prog *p)
{
   struct prog_compute from, to;
   struct prog_buffer buffer;
   PROG_STEP(prog_compute_init(p, &from, &prog_shader_write, 1, 12, NULL));
   PROG_STEP(prog_compute_init(p, &to, &prog_shader_write, 1, 12, NULL));
   PROG_STEP(prog_buffer_init(p, &buffer, BYTES, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT));
   prog_compute_bind_buffer(p, &from, 0, buffer.buffer);
   const VkCopyDescriptorSet copy = {
      .sType = VK_STRUCTURE_TYPE_COPY_DESCRIPTOR_SET,
      .srcSet = from.set,
      .dstSet = to.set,
      .descriptorCount = 1,
   };
   vkUpdateDescriptorSets(p->device, 0, NULL, 1, &copy);
   PROG_STEP(run_write(p, &to));
   PROG_STEP(expect_written(p, &buffer, 0));
   prog_buffer_finish(p, &buffer);
   prog_compute_finish(p, &from);
   prog_compute_finish(p, &to);
   return PROG_RIGHT;
}

/* Sets come back from a pool that is reset, and from sets that are freed. */
enum prog_status
check_descriptor_pools(struct prog *p)
{
   struct prog_compute compute;
   PROG_STEP(prog_compute_init(p, &compute, &prog_shader_write, 1, 12, NULL));
   const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 4};
   const VkDescriptorPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
      .flags = VK_DESCRIPTOR_POOL_CREATE_FREE_DESCRIPTOR_SET_BIT,
      .maxSets = 4,
      .poolSizeCount = 1,
      .pPoolSizes = &size,
   };
   VkDescriptorPool pool;
   PROG_VK(p, vkCreateDescriptorPool(p->device, &info, NULL, &pool));
   VkDescriptorSetLayout layouts[4];
   for (uint32_t i = 0; i < 4; i++)
      layouts[i] = compute.set_layout;
   const VkDescriptorSetAllocateInfo allocate = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
      .descriptorPool = pool,
      .descriptorSetCount = 4,
      .pSetLayouts = layouts,
   };
   for (uint32_t round = 0; round < 20; round++) {
      VkDescriptorSet sets[4];
      PROG_VK(p, vkAllocateDescriptorSets(p->device, &allocate, sets));
      for (uint32_t i = 0; i < 4; i++) {
         for (uint32_t k = 0; k < i; k++)
            PROG_EXPECT(p, sets[i] != sets[k], "sets %u and %u are the same", i, k);
      }
      if (round % 2)
         PROG_VK(p, vkResetDescriptorPool(p->device, pool, 0));
      else
         PROG_VK(p, vkFreeDescriptorSets(p->device, pool, 4, sets));
   }
   vkDestroyDescriptorPool(p->device, pool, NULL);
   prog_compute_finish(p, &compute);
   return PROG_RIGHT;
}

enum prog_status
check_dynamic_offsets(struct prog *p)
{
   const VkDescriptorSetLayoutBinding binding = {
      0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER_DYNAMIC, 1, compute_stage, NULL,
   };
   struct prog_compute compute;
   struct prog_buffer buffer;
   PROG_STEP(prog_compute_init_bindings(p, &compute, &prog_shader_write, &binding, 1, 12, NULL));
   PROG_STEP(prog_buffer_init(p, &buffer, 3 * 1024, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT));
   memset(buffer.map, 0, buffer.size);
   const VkDescriptorBufferInfo info = {buffer.buffer, 0, 1024};
   const VkWriteDescriptorSet write = {
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
      .dstSet = compute.set,
      .descriptorCount = 1,
      .descriptorType = binding.descriptorType,
      .pBufferInfo = &info,
   };
   vkUpdateDescriptorSets(p->device, 1, &write, 0, NULL);

   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, compute.pipeline);
   for (uint32_t i = 0; i < 3; i++) {
      const uint32_t offset = (2 - i) * 1024;
      const uint32_t push[3] = {0, 10 * (i + 1), 1};
      vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, compute.layout, 0, 1,
                              &compute.set, 1, &offset);
      vkCmdPushConstants(commands, compute.layout, compute_stage, 0, sizeof(push), push);
      vkCmdDispatch(commands, 4, 1, 1);
   }
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   for (uint32_t i = 0; i < 768; i++) {
      const uint32_t right = i % 256 < 4 ? 10 * (3 - i / 256) + i % 256 : 0;
      const uint32_t word = ((uint32_t *)buffer.map)[i];
      PROG_EXPECT(p, word == right, "word %u is %u, not %u", i, word, right);
   }
   prog_buffer_finish(p, &buffer);
   prog_compute_finish(p, &compute);
   return PROG_RIGHT;
}

enum prog_status
check_inline_uniform_block(struct prog *p)
{
   if (!p->features13.inlineUniformBlock)
      return prog_skipped(p, "the device has no inlineUniformBlock");
   const VkDescriptorSetLayoutBinding bindings[2] = {
      {0, VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK, 32, compute_stage, NULL},
      {1, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, compute_stage, NULL},
   };
   struct prog_compute compute;
   struct prog_buffer buffer;
   PROG_STEP(
      prog_compute_init_bindings(p, &compute, &prog_shader_inline_block, bindings, 2, 0, NULL));
   PROG_STEP(prog_buffer_init(p, &buffer, 32, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT));
   prog_compute_bind_buffer(p, &compute, 1, buffer.buffer);

   /* In two writes: the count and the element are in bytes. */
   const uint32_t words[8] = {1, 1, 2, 3, 5, 8, 13, 21};
   for (uint32_t i = 0; i < 2; i++) {
      const VkWriteDescriptorSetInlineUniformBlock block = {
         .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_INLINE_UNIFORM_BLOCK,
         .dataSize = 16,
         .pData = &words[4 * i],
      };
      const VkWriteDescriptorSet write = {
         .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
         .pNext = &block,
         .dstSet = compute.set,
         .dstArrayElement = 16 * i,
         .descriptorCount = 16,
         .descriptorType = VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK,
      };
      vkUpdateDescriptorSets(p->device, 1, &write, 0, NULL);
   }

   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_compute_use(&compute, commands);
   vkCmdDispatch(commands, 2, 1, 1);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_EXPECT(p, memcmp(buffer.map, words, sizeof(words)) == 0,
               "the shader saw another block than was written");
   prog_buffer_finish(p, &buffer);
   prog_compute_finish(p, &compute);
   return PROG_RIGHT;
}

enum prog_status
check_specialization(struct prog *p)
{
   const uint32_t data[3] = {11, 1000, 22};
   const VkSpecializationMapEntry entry = {.constantID = 7, .offset = 4, .size = 4};
   const VkSpecializationInfo special = {
      .mapEntryCount = 1,
      .pMapEntries = &entry,
      .dataSize = sizeof(data),
      .pData = data,
   };
   struct prog_compute compute;
   struct prog_buffer buffer;
   PROG_STEP(prog_compute_init(p, &compute, &prog_shader_write, 1, 12, &special));
   PROG_STEP(prog_buffer_init(p, &buffer, BYTES, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT));
   prog_compute_bind_buffer(p, &compute, 0, buffer.buffer);
   PROG_STEP(run_write(p, &compute));
   PROG_STEP(expect_written(p, &buffer, 1000));
   prog_buffer_finish(p, &buffer);
   prog_compute_finish(p, &compute);
   return PROG_RIGHT;
}

enum prog_status
check_buffer_device_address(struct prog *p)
{
   if (!p->features12.bufferDeviceAddress)
      return prog_skipped(p, "the device has no bufferDeviceAddress");
   struct prog_compute compute;
   struct prog_buffer buffer;
   PROG_STEP(prog_compute_init_bindings(p, &compute, &prog_shader_address, NULL, 0, 8, NULL));
   PROG_STEP(prog_buffer_init(p, &buffer, BYTES,
                              VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
                                 VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT));
   const VkBufferDeviceAddressInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
      .buffer = buffer.buffer,
   };
   const VkDeviceAddress address = vkGetBufferDeviceAddress(p->device, &info);
   PROG_EXPECT(p, address != 0, "the buffer's device address is 0");

   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_compute_use(&compute, commands);
   vkCmdPushConstants(commands, compute.layout, compute_stage, 0, sizeof(address), &address);
   vkCmdDispatch(commands, WORDS, 1, 1);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   for (uint32_t i = 0; i < WORDS; i++) {
      const uint32_t word = ((uint32_t *)buffer.map)[i];
      PROG_EXPECT(p, word == i * i, "word %u is %u, not %u", i, word, i * i);
   }
   prog_buffer_finish(p, &buffer);
   prog_compute_finish(p, &compute);
   return PROG_RIGHT;
}

static enum prog_status
make_cache(struct prog *p, const void *data, size_t size, VkPipelineCache *cache)
{
   const VkPipelineCacheCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
      .initialDataSize = size,
      .pInitialData = data,
   };
   PROG_VK(p, vkCreatePipelineCache(p->device, &info, NULL, cache));
   return PROG_RIGHT;
}

static enum prog_status
check_cache_header(struct prog *p, const void *data, size_t size)
{
   VkPipelineCacheHeaderVersionOne header;
   PROG_EXPECT(p, size >= 32, "the pipeline cache has only %zu bytes", size);
   memcpy(&header, data, sizeof(header));
   PROG_EXPECT(p,
               header.headerSize >= 32 && header.headerVersion == 1 &&
                  header.vendorID == p->props.vendorID && header.deviceID == p->props.deviceID &&
                  memcmp(header.pipelineCacheUUID, p->props.pipelineCacheUUID, VK_UUID_SIZE) == 0,
               "the pipeline cache's header does not fit the device's properties");
   return PROG_RIGHT;
}

enum prog_status
check_pipeline_cache(struct prog *p)
{
   VkPipelineCache caches[3];
   PROG_STEP(make_cache(p, NULL, 0, &caches[0]));
   struct prog_compute compute; /* its pipeline is made again, with the cache */
   PROG_STEP(prog_compute_init(p, &compute, &prog_shader_write, 1, 12, NULL));
   VkShaderModule module;
   PROG_STEP(prog_shader_module(p, &prog_shader_write, &module));
   const VkComputePipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage =
         {
            .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
            .stage = compute_stage,
            .module = module,
            .pName = "main",
         },
      .layout = compute.layout,
   };
   VkPipeline pipeline;
   PROG_VK(p, vkCreateComputePipelines(p->device, caches[0], 1, &info, NULL, &pipeline));
   vkDestroyPipeline(p->device, pipeline, NULL);

   size_t size = 0;
   PROG_VK(p, vkGetPipelineCacheData(p->device, caches[0], &size, NULL));
   char *data = malloc(size ? size : 1);
   PROG_EXPECT(p, data, "no memory");
   size_t part = size - 1;
   PROG_VK_IS(p, vkGetPipelineCacheData(p->device, caches[0], &part, data), VK_INCOMPLETE);
   PROG_EXPECT(p, part < size, "%zu bytes were written where %zu fit", part, size - 1);
   part = size;
   PROG_VK(p, vkGetPipelineCacheData(p->device, caches[0], &part, data));
   PROG_STEP(check_cache_header(p, data, part));

   /* Back in, merged, and in use; data of another device is ignored. */
   PROG_STEP(make_cache(p, data, part, &caches[1]));
   data[8] = (char)~data[8];
   PROG_STEP(make_cache(p, data, part, &caches[2]));
   PROG_VK(p, vkMergePipelineCaches(p->device, caches[0], 2, &caches[1]));
   PROG_VK(p, vkCreateComputePipelines(p->device, caches[1], 1, &info, NULL, &pipeline));
   vkDestroyPipeline(p->device, pipeline, NULL);
   free(data);
   for (uint32_t i = 0; i < 3; i++)
      vkDestroyPipelineCache(p->device, caches[i], NULL);
   vkDestroyShaderModule(p->device, module, NULL);
   prog_compute_finish(p, &compute);
   return PROG_RIGHT;
}

/* Memory that is bound sparsely, in two pieces the other way round, is what the device writes to.
 */
static enum prog_status
bind_swapped(struct prog *p, VkBuffer buffer, VkDeviceMemory memory, VkDeviceSize half)
{
   const VkSparseMemoryBind binds[2] = {
      {.resourceOffset = 0, .size = half, .memory = memory, .memoryOffset = half},
      {.resourceOffset = half, .size = half, .memory = memory, .memoryOffset = 0},
   };
   const VkSparseBufferMemoryBindInfo buffer_binds = {
      .buffer = buffer, .bindCount = PROG_COUNT(binds), .pBinds = binds};
   const VkBindSparseInfo info = {
      .sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
      .bufferBindCount = 1,
      .pBufferBinds = &buffer_binds,
   };
   PROG_VK(p, vkQueueBindSparse(p->queue, 1, &info, VK_NULL_HANDLE));
   PROG_VK(p, vkQueueWaitIdle(p->queue));
   return PROG_RIGHT;
}

static enum prog_status
expect_swapped(struct prog *p, VkBuffer buffer, VkDeviceMemory memory, VkDeviceSize half)
{
   const VkMappedMemoryRange range = {
      .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
      .memory = memory,
      .size = VK_WHOLE_SIZE,
   };
   VkCommandBuffer commands;
   void *map;
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdFillBuffer(commands, buffer, 0, half, 1);
   vkCmdFillBuffer(commands, buffer, half, half, 2);
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_VK(p, vkMapMemory(p->device, memory, 0, VK_WHOLE_SIZE, 0, &map));
   PROG_VK(p, vkInvalidateMappedMemoryRanges(p->device, 1, &range));
   const uint32_t *words = map;
   PROG_EXPECT(p, words[0] == 2 && words[half / 4] == 1, "the memory holds %u and %u, not 2 and 1",
               words[0], words[half / 4]);
   return PROG_RIGHT;
}

enum prog_status
check_sparse_binding(struct prog *p)
{
   if (!p->features.sparseBinding)
      return prog_skipped(p, "the device has no sparseBinding");
   VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .flags = VK_BUFFER_CREATE_SPARSE_BINDING_BIT,
      .size = 1 << 18,
      .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
   };
   VkMemoryRequirements needs;
   VkBuffer buffer;
   VkDeviceMemory memory;
   PROG_VK(p, vkCreateBuffer(p->device, &info, NULL, &buffer));
   vkGetBufferMemoryRequirements(p->device, buffer, &needs);
   const VkMemoryAllocateInfo allocation = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .allocationSize = needs.size,
      .memoryTypeIndex =
         prog_memory_type(p, needs.memoryTypeBits, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT),
   };
   if (allocation.memoryTypeIndex == UINT32_MAX || needs.size / 2 % needs.alignment) {
      vkDestroyBuffer(p->device, buffer, NULL);
      return prog_skipped(p, "no memory that can be seen may be bound sparsely");
   }
   PROG_VK(p, vkAllocateMemory(p->device, &allocation, NULL, &memory));
   PROG_STEP(bind_swapped(p, buffer, memory, needs.size / 2));
   PROG_STEP(expect_swapped(p, buffer, memory, needs.size / 2));
   vkDestroyBuffer(p->device, buffer, NULL);
   vkFreeMemory(p->device, memory, NULL);
   return PROG_RIGHT;
}

enum prog_status
check_private_data(struct prog *p)
{
   if (!p->features13.privateData)
      return prog_skipped(p, "the device has no privateData");
   const VkPrivateDataSlotCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_PRIVATE_DATA_SLOT_CREATE_INFO,
   };
   VkPrivateDataSlot slots[4];
   for (uint32_t i = 0; i < 4; i++)
      PROG_VK(p, vkCreatePrivateDataSlot(p->device, &info, NULL, &slots[i]));

   struct prog_buffer buffer;
   PROG_STEP(prog_buffer_init(p, &buffer, 4096, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   const struct {
      VkObjectType type;
      uint64_t handle;
   } objects[3] = {
      {VK_OBJECT_TYPE_BUFFER, (uint64_t)buffer.buffer},
      {VK_OBJECT_TYPE_DEVICE_MEMORY, (uint64_t)buffer.memory},
      {VK_OBJECT_TYPE_COMMAND_POOL, (uint64_t)p->pool},
   };
   for (uint32_t o = 0; o < 3; o++) {
      for (uint32_t i = 0; i < 4; i++) {
         uint64_t data = 1;
         vkGetPrivateData(p->device, objects[o].type, objects[o].handle, slots[i], &data);
         PROG_EXPECT(p, data == 0, "unset private data is %llu", (unsigned long long)data);
         PROG_VK(p, vkSetPrivateData(p->device, objects[o].type, objects[o].handle, slots[i],
                                     UINT64_MAX - 10 * o - i));
      }
   }
   for (uint32_t o = 0; o < 3; o++) {
      for (uint32_t i = 0; i < 4; i++) {
         uint64_t data = 1;
         vkGetPrivateData(p->device, objects[o].type, objects[o].handle, slots[i], &data);
         PROG_EXPECT(p, data == UINT64_MAX - 10 * o - i, "private data %u of object %u is %llu", i,
                     o, (unsigned long long)data);
      }
   }
   /* Memory of the same kind as memory that was freed starts without a value. */
   uint64_t data = 1;
   prog_buffer_finish(p, &buffer);
   PROG_STEP(prog_buffer_init(p, &buffer, 4096, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   vkGetPrivateData(p->device, VK_OBJECT_TYPE_DEVICE_MEMORY, (uint64_t)buffer.memory, slots[0],
                    &data);
   PROG_EXPECT(p, data == 0, "new memory has private data %llu", (unsigned long long)data);
   for (uint32_t i = 0; i < 4; i++)
      vkDestroyPrivateDataSlot(p->device, slots[i], NULL);
   prog_buffer_finish(p, &buffer);
   return PROG_RIGHT;
}
