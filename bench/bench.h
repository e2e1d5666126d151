/* SPDX-License-Identifier: MIT
 *
 * tongs-bench measures what single habits of Vulkan programs cost: one row, one habit.
 *
 * Every row runs in a process of its own, forked before anything touched Vulkan, so that a driver
 * that crashes or hangs in one row costs that row only, and no row sees another's caches.
 *
 * A row is `init` (once, free to skip), `run` (many times), and a clean-up that bench_close() does
 * from the list of what the helpers made. `run(b, n)` does its operation n times and returns the
 * nanoseconds that count; what it leaves outside that time is set-up.
 * Nothing here is thread-safe; only rows that say so start threads, and join them in `run`.
 */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vulkan/vulkan.h>

#define BENCH_MAX_ROUNDS 64
#define BENCH_MAX_SAMPLES 65536
#define BENCH_REASON_SIZE 200

/* The unit of a row's value. */
enum bench_unit {
   BENCH_NS,
   BENCH_US,
   BENCH_MS,
   BENCH_RATE,
   BENCH_GBPS,
   BENCH_MIB,
};

enum bench_flag {
   /* `run` makes its own instance; b->device is null. */
   BENCH_BARE = 1 << 0,
   /* The value of a round is the median of what `run` gave to bench_sample(). */
   BENCH_SAMPLED = 1 << 1,
   /* One operation takes long or needs much memory: no more than one a round. */
   BENCH_ONCE = 1 << 2,
};

enum bench_status {
   BENCH_OK,
   BENCH_SKIPPED,
   BENCH_FAILED,
};

struct bench;

struct bench_row {
   const char *name;
   /* For --list: what is timed. */
   const char *what;
   enum bench_unit unit;
   unsigned flags;
   /* Operations (or, for BENCH_GBPS, bytes) in one turn of `run`; 0 is 1. */
   uint64_t per;
   void (*init)(struct bench *b);
   uint64_t (*run)(struct bench *b, uint64_t n);
};

/* The result that a row's process sends to its parent through a pipe. Plain data. */
struct bench_result {
   enum bench_status status;
   char reason[BENCH_REASON_SIZE];
   char device[VK_MAX_PHYSICAL_DEVICE_NAME_SIZE];
   char driver[VK_MAX_DRIVER_NAME_SIZE];
   char driver_info[VK_MAX_DRIVER_INFO_SIZE];
   uint32_t api_version;
   uint32_t rounds;
   uint64_t turns;
   double value[BENCH_MAX_ROUNDS];
   double tail;
};

struct bench_buffer {
   VkBuffer buffer;
   VkDeviceMemory memory;
   VkDeviceSize size;
   /* Null when the memory is not host-visible. */
   void *map;
};

struct bench_owned {
   VkObjectType type;
   uint64_t handle;
};

struct bench_options {
   bool quick;
   uint32_t rounds;
   uint32_t device_index;
};

struct bench {
   const struct bench_row *row;
   const struct bench_options *options;
   struct bench_result *result;
   jmp_buf fail;

   /* Null in rows with BENCH_BARE. */
   VkInstance instance;
   VkPhysicalDevice physical;
   VkPhysicalDeviceProperties properties;
   VkPhysicalDeviceMemoryProperties memory;
   uint32_t family;
   VkQueueFamilyProperties family_properties;
   bool has_timeline;
   VkDevice device;
   VkQueue queue;
   PFN_vkGetSemaphoreCounterValue get_semaphore_counter_value;
   PFN_vkWaitSemaphores wait_semaphores;
   PFN_vkSignalSemaphore signal_semaphore;

   /* Everything that the helpers made, oldest first. */
   struct bench_owned *owned;
   size_t owned_count;
   size_t owned_capacity;

   double *samples;
   size_t sample_count;

   /* What rows share; each is null until its helper was called. */
   VkCommandPool pool;
   VkPipelineCache cache;
   VkCommandBuffer cmd;
   VkFence fence;
   VkSemaphore timeline;
   uint64_t timeline_value;
   struct bench_buffer buffers[3];
   VkDescriptorSetLayout set_layout;
   VkPipelineLayout layout;
   VkPipeline pipeline;
   VkDescriptorPool set_pool;
   VkDescriptorSet set;
   VkImage image;
   VkRenderPass render_pass;
   VkFramebuffer framebuffer;
   VkShaderModule modules[2];
   VkQueryPool query_pool;
   VkDescriptorUpdateTemplate update_template;
   void *host_data;
   uint32_t salt;
   uint32_t threads;
};

/* --- Ways out: neither returns; the row ends with this reason --- */

void
bench_skip(struct bench *b, const char *format, ...)
   __attribute__((noreturn, format(printf, 2, 3)));
void
bench_fail(struct bench *b, const char *format, ...)
   __attribute__((noreturn, format(printf, 2, 3)));
/* `what` is the name of the command that gave `result`. */
void
bench_check(struct bench *b, VkResult result, const char *what);

/* --- Measuring --- */

uint64_t
bench_now(void);
void
bench_sample(struct bench *b, uint64_t ns);
/* Fills b->result->value[] and its tail; b->row->init has run. */
void
bench_measure(struct bench *b);
double
bench_median(double *values, size_t count);

/* --- Objects, each owned by b and destroyed by bench_close() --- */

/* Instance only: 1.1, no layers, no extensions. */
VkInstance
bench_create_instance(struct bench *b);
/* The first queue family that does graphics and compute, else one that does compute. */
void
bench_pick(struct bench *b, VkInstance instance);
VkDevice
bench_create_device(struct bench *b);
void
bench_open(struct bench *b);
void
bench_close(struct bench *b);
void
bench_own(struct bench *b, VkObjectType type, uint64_t handle);
#define BENCH_OWN(b, type, handle) bench_own(b, VK_OBJECT_TYPE_##type, (uint64_t)(handle))

void
bench_make_fence(struct bench *b);
VkCommandBuffer
bench_make_command_buffer(struct bench *b, VkCommandBufferLevel level);
VkCommandPool
bench_make_pool(struct bench *b);
struct bench_buffer
bench_make_buffer(struct bench *b, VkDeviceSize size, VkBufferUsageFlags usage,
                  VkMemoryPropertyFlags wanted);
/* Layouts, pool, one set with buffers[0] (64 KiB), and the pipeline. */
void
bench_make_compute(struct bench *b);
VkPipeline
bench_new_compute_pipeline(struct bench *b);
/* 128x128 RGBA8 target, render pass, framebuffer and the pipeline; skips without graphics. */
void
bench_make_graphics(struct bench *b);
VkPipeline
bench_new_graphics_pipeline(struct bench *b);
VkImage
bench_new_image(struct bench *b);
void
bench_make_image(struct bench *b);
void
bench_make_timeline(struct bench *b);

/* --- Short forms --- */

void
bench_begin(struct bench *b, VkCommandBuffer cmd);
void
bench_submit(struct bench *b, VkCommandBuffer cmd, VkFence fence);
/* Waits for b->fence and resets it. */
void
bench_wait(struct bench *b);
/* A call with a reply that no client can answer by itself: what was posted before is done after. */
void
bench_drain(struct bench *b);

/* --- The rows: arrays ended by a row without a name --- */

extern const struct bench_row bench_sync_rows[];
extern const struct bench_row bench_start_rows[];
extern const struct bench_row bench_object_rows[];
extern const struct bench_row bench_descriptor_rows[];
extern const struct bench_row bench_record_rows[];
extern const struct bench_row bench_thread_rows[];
extern const struct bench_row bench_memory_rows[];
extern const struct bench_row bench_pipeline_rows[];
extern const struct bench_row bench_frame_rows[];
extern const struct bench_row bench_size_rows[];
