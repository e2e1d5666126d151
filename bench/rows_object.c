/* SPDX-License-Identifier: MIT
 *
 * Objects made and destroyed. Each row ends with a drain, so that work left to another process
 * is counted.
 */
#include "bench/bench.h"

static VkBuffer
new_buffer(struct bench *b)
{
   VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .size = 4096,
      .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
   };
   VkBuffer buffer;
   bench_check(b, vkCreateBuffer(b->device, &info, NULL, &buffer), "vkCreateBuffer");
   return buffer;
}

static uint64_t
buffer_create_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++)
      vkDestroyBuffer(b->device, new_buffer(b), NULL);
   bench_drain(b);
   return bench_now() - start;
}

static void
buffer_bind_init(struct bench *b)
{
   b->buffers[0] = bench_make_buffer(
      b, 4096, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT, 0);
}

static uint64_t
buffer_bind_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      VkBuffer buffer = new_buffer(b);
      VkMemoryRequirements needs;
      vkGetBufferMemoryRequirements(b->device, buffer, &needs);
      bench_check(b, vkBindBufferMemory(b->device, buffer, b->buffers[0].memory, 0),
                  "vkBindBufferMemory");
      vkDestroyBuffer(b->device, buffer, NULL);
   }
   bench_drain(b);
   return bench_now() - start;
}

static uint64_t
buffer_needs_run(struct bench *b, uint64_t n)
{
   VkMemoryRequirements needs = {0};
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++)
      vkGetBufferMemoryRequirements(b->device, b->buffers[0].buffer, &needs);
   uint64_t ns = bench_now() - start;
   if (needs.size < 4096)
      bench_fail(b, "a buffer needs less memory than its size");
   return ns;
}

static uint64_t
image_needs_run(struct bench *b, uint64_t n)
{
   VkMemoryRequirements needs = {0};
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++)
      vkGetImageMemoryRequirements(b->device, b->image, &needs);
   uint64_t ns = bench_now() - start;
   if (!needs.size)
      bench_fail(b, "an image needs no memory");
   return ns;
}

/* What programs ask at their start: each format with some usage, then all again with another one.
 */
static uint64_t
image_format_run(struct bench *b, uint64_t n)
{
   const uint32_t formats = VK_FORMAT_ASTC_12x12_SRGB_BLOCK;
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++, b->salt++) {
      const uint32_t kind = b->salt / formats;
      VkImageFormatProperties properties;
      vkGetPhysicalDeviceImageFormatProperties(
         b->physical, VK_FORMAT_R4G4_UNORM_PACK8 + b->salt % formats, kind / 256 % 3,
         kind / 128 % 2 ? VK_IMAGE_TILING_LINEAR : VK_IMAGE_TILING_OPTIMAL, kind % 128 + 1, 0,
         &properties);
   }
   return bench_now() - start;
}

static uint64_t
image_create_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      VkImage image = bench_new_image(b);
      VkMemoryRequirements needs;
      vkGetImageMemoryRequirements(b->device, image, &needs);
      vkDestroyImage(b->device, image, NULL);
   }
   bench_drain(b);
   return bench_now() - start;
}

static uint64_t
image_view_create_run(struct bench *b, uint64_t n)
{
   VkImageViewCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
      .image = b->image,
      .viewType = VK_IMAGE_VIEW_TYPE_2D,
      .format = VK_FORMAT_R8G8B8A8_UNORM,
      .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1},
   };
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      VkImageView view;
      bench_check(b, vkCreateImageView(b->device, &info, NULL, &view), "vkCreateImageView");
      vkDestroyImageView(b->device, view, NULL);
   }
   bench_drain(b);
   return bench_now() - start;
}

static uint64_t
sampler_create_run(struct bench *b, uint64_t n)
{
   VkSamplerCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
      .maxLod = VK_LOD_CLAMP_NONE,
   };
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      VkSampler sampler;
      bench_check(b, vkCreateSampler(b->device, &info, NULL, &sampler), "vkCreateSampler");
      vkDestroySampler(b->device, sampler, NULL);
   }
   bench_drain(b);
   return bench_now() - start;
}

static uint64_t
fence_create_run(struct bench *b, uint64_t n)
{
   VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      VkFence fence;
      bench_check(b, vkCreateFence(b->device, &info, NULL, &fence), "vkCreateFence");
      vkDestroyFence(b->device, fence, NULL);
   }
   bench_drain(b);
   return bench_now() - start;
}

static uint64_t
semaphore_create_run(struct bench *b, uint64_t n)
{
   VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      VkSemaphore semaphore;
      bench_check(b, vkCreateSemaphore(b->device, &info, NULL, &semaphore), "vkCreateSemaphore");
      vkDestroySemaphore(b->device, semaphore, NULL);
   }
   bench_drain(b);
   return bench_now() - start;
}

static void
pool_init(struct bench *b)
{
   b->pool = bench_make_pool(b);
}

static uint64_t
command_buffer_run(struct bench *b, uint64_t n)
{
   VkCommandBufferAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = b->pool,
      .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
      .commandBufferCount = 1,
   };
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      VkCommandBuffer cmd;
      bench_check(b, vkAllocateCommandBuffers(b->device, &info, &cmd), "vkAllocateCommandBuffers");
      vkFreeCommandBuffers(b->device, b->pool, 1, &cmd);
   }
   bench_drain(b);
   return bench_now() - start;
}

static uint64_t
memory_allocate_run(struct bench *b, uint64_t n)
{
   VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .allocationSize = 65536,
   };
   while (info.memoryTypeIndex < b->memory.memoryTypeCount &&
          !(b->memory.memoryTypes[info.memoryTypeIndex].propertyFlags &
            VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT))
      info.memoryTypeIndex++;

   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      VkDeviceMemory memory;
      bench_check(b, vkAllocateMemory(b->device, &info, NULL, &memory), "vkAllocateMemory");
      vkFreeMemory(b->device, memory, NULL);
   }
   bench_drain(b);
   return bench_now() - start;
}

const struct bench_row bench_object_rows[] = {
   {"buffer-create", "vkCreateBuffer and vkDestroyBuffer, drained", BENCH_NS, 0, 1, NULL,
    buffer_create_run},
   {"buffer-bind", "the same with its memory requirements and vkBindBufferMemory", BENCH_NS, 0, 1,
    buffer_bind_init, buffer_bind_run},
   {"buffer-requirements", "vkGetBufferMemoryRequirements", BENCH_NS, 0, 1, buffer_bind_init,
    buffer_needs_run},
   {"image-requirements", "vkGetImageMemoryRequirements", BENCH_NS, 0, 1, bench_make_image,
    image_needs_run},
   {"image-format", "vkGetPhysicalDeviceImageFormatProperties, each kind once, format by format",
    BENCH_NS, 0, 1, NULL, image_format_run},
   {"image-create", "vkCreateImage, its memory requirements, vkDestroyImage, drained", BENCH_NS, 0,
    1, NULL, image_create_run},
   {"image-view-create", "vkCreateImageView and vkDestroyImageView, drained", BENCH_NS, 0, 1,
    bench_make_image, image_view_create_run},
   {"sampler-create", "vkCreateSampler and vkDestroySampler, drained", BENCH_NS, 0, 1, NULL,
    sampler_create_run},
   {"fence-create", "vkCreateFence and vkDestroyFence, drained", BENCH_NS, 0, 1, NULL,
    fence_create_run},
   {"semaphore-create", "vkCreateSemaphore and vkDestroySemaphore, drained", BENCH_NS, 0, 1, NULL,
    semaphore_create_run},
   {"command-buffer-alloc", "vkAllocateCommandBuffers and vkFreeCommandBuffers, drained", BENCH_NS,
    0, 1, pool_init, command_buffer_run},
   {"memory-allocate", "vkAllocateMemory of 64 KiB, host-visible, and vkFreeMemory", BENCH_US, 0, 1,
    NULL, memory_allocate_run},
   {0},
};
