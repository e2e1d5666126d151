/* SPDX-License-Identifier: MIT
 *
 * Mapping and copying. Up: from the program's memory into a staging buffer, by a copy command
 * into the device's, waited for. Down: the way back.
 */
#include "bench/bench.h"

#include <stdlib.h>
#include <string.h>

#define KIB 1024u
#define MIB 1048576u

enum {
   STAGING,
   DEVICE,
};

static void
map_init(struct bench *b)
{
   b->buffers[STAGING] =
      bench_make_buffer(b, 64 * KIB, VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
                        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
   vkUnmapMemory(b->device, b->buffers[STAGING].memory);
}

static uint64_t
map_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      void *map;
      bench_check(b, vkMapMemory(b->device, b->buffers[STAGING].memory, 0, VK_WHOLE_SIZE, 0, &map),
                  "vkMapMemory");
      vkUnmapMemory(b->device, b->buffers[STAGING].memory);
   }
   return bench_now() - start;
}

/* Host-visible. */
static VkDeviceMemory
allocate_mapped(struct bench *b, VkDeviceSize size, void **map)
{
   VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .allocationSize = size,
   };
   VkDeviceMemory memory;

   while (info.memoryTypeIndex < b->memory.memoryTypeCount &&
          !(b->memory.memoryTypes[info.memoryTypeIndex].propertyFlags &
            VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT))
      info.memoryTypeIndex++;
   bench_check(b, vkAllocateMemory(b->device, &info, NULL, &memory), "vkAllocateMemory");
   bench_check(b, vkMapMemory(b->device, memory, 0, VK_WHOLE_SIZE, 0, map), "vkMapMemory");
   return memory;
}

static uint64_t
allocate_large_run(struct bench *b, uint64_t n)
{
   void *map;

   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++)
      vkFreeMemory(b->device, allocate_mapped(b, 16 * MIB, &map), NULL);
   return bench_now() - start;
}

static uint64_t
map_first_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      void *map;
      VkDeviceMemory memory = allocate_mapped(b, 64 * KIB, &map);
      *(volatile uint32_t *)map = 1;
      vkFreeMemory(b->device, memory, NULL);
   }
   bench_drain(b);
   return bench_now() - start;
}

/* The memory of a video's frame. */
static uint64_t
fill_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      void *map;
      VkDeviceMemory memory = allocate_mapped(b, b->row->per, &map);
      memset(map, (int)i, b->row->per);
      vkFreeMemory(b->device, memory, NULL);
   }
   bench_drain(b);
   return bench_now() - start;
}

/* Cached memory reads faster where the device has it and the copy goes down. */
static void
copy_init(struct bench *b, bool down)
{
   VkDeviceSize size = b->row->per;
   VkMemoryPropertyFlags host =
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
   for (uint32_t i = 0; down && i < b->memory.memoryTypeCount; i++) {
      VkMemoryPropertyFlags wanted = host | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
      if ((b->memory.memoryTypes[i].propertyFlags & wanted) == wanted)
         host = wanted;
   }
   VkBufferUsageFlags both = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
   b->buffers[STAGING] = bench_make_buffer(b, size, both, host);
   b->buffers[DEVICE] = bench_make_buffer(b, size, both, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
   b->host_data = malloc(size);
   if (!b->host_data)
      bench_skip(b, "no %llu KiB of memory", (unsigned long long)size / KIB);
   memset(b->host_data, 0x5a, size);

   bench_make_fence(b);
   b->cmd = bench_make_command_buffer(b, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
   bench_begin(b, b->cmd);
   VkBufferCopy copy = {0, 0, size};
   vkCmdCopyBuffer(b->cmd, b->buffers[down ? DEVICE : STAGING].buffer,
                   b->buffers[down ? STAGING : DEVICE].buffer, 1, &copy);
   VkMemoryBarrier barrier = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
      .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
      .dstAccessMask = VK_ACCESS_HOST_READ_BIT,
   };
   vkCmdPipelineBarrier(b->cmd, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                        &barrier, 0, NULL, 0, NULL);
   bench_check(b, vkEndCommandBuffer(b->cmd), "vkEndCommandBuffer");
}

static void
up_init(struct bench *b)
{
   copy_init(b, false);
}

static void
down_init(struct bench *b)
{
   copy_init(b, true);
}

static uint64_t
up_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      memcpy(b->buffers[STAGING].map, b->host_data, b->row->per);
      bench_submit(b, b->cmd, b->fence);
      bench_wait(b);
   }
   return bench_now() - start;
}

static uint64_t
down_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      bench_submit(b, b->cmd, b->fence);
      bench_wait(b);
      memcpy(b->host_data, b->buffers[STAGING].map, b->row->per);
   }
   return bench_now() - start;
}

const struct bench_row bench_memory_rows[] = {
   {"map", "vkMapMemory and vkUnmapMemory of 64 KiB", BENCH_US, 0, 1, map_init, map_run},
   {"map-first", "vkAllocateMemory of 64 KiB, vkMapMemory, one write, vkFreeMemory", BENCH_US, 0, 1,
    NULL, map_first_run},
   {"allocate-16m", "vkAllocateMemory of 16 MiB, vkFreeMemory", BENCH_US, 0, 1, NULL,
    allocate_large_run},
   {"fill-8m", "vkAllocateMemory of 8 MiB, vkMapMemory, all written, vkFreeMemory", BENCH_GBPS, 0,
    8 * MIB, NULL, fill_run},
   {"up-1k", "1 KiB to the device, waited for", BENCH_GBPS, 0, KIB, up_init, up_run},
   {"up-64k", "64 KiB to the device, waited for", BENCH_GBPS, 0, 64 * KIB, up_init, up_run},
   {"down-64k", "64 KiB from the device", BENCH_GBPS, 0, 64 * KIB, down_init, down_run},
   {"up-16m", "16 MiB to the device, waited for", BENCH_GBPS, 0, 16 * MIB, up_init, up_run},
   {"down-16m", "16 MiB from the device", BENCH_GBPS, 0, 16 * MIB, down_init, down_run},
   {"up-256m", "256 MiB to the device, waited for", BENCH_GBPS, BENCH_ONCE, 256 * MIB, up_init,
    up_run},
   {"down-256m", "256 MiB from the device", BENCH_GBPS, BENCH_ONCE, 256 * MIB, down_init, down_run},
   {0},
};
