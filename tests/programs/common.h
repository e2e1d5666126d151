/* SPDX-License-Identifier: MIT */
/*
 * The client programs share this: a device to work with, buffers, images, one-off command
 * buffers, and the way in which a failed step ends a check.
 *
 * Every step gives an enum prog_status, whose values are the exit statuses that meson knows. The
 * reason for anything but PROG_RIGHT is in prog.why. A step that fails leaves its objects behind:
 * the caller either ends, or goes on with another struct prog.
 *
 * The programs know nothing of the driver under test: no name, no file, no environment variable.
 */
#ifndef PROG_COMMON_H
#define PROG_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

#define PROG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Mapped memory that is not coherent, at a time. */
#define PROG_MAPPED_MAX 32

/* Nothing that the programs do takes this long; a wait that does is a hang. */
#define PROG_TIMEOUT_NS (60ull * 1000 * 1000 * 1000)

enum prog_status {
   PROG_RIGHT = 0,
   PROG_WRONG = 1,
   PROG_SKIPPED = 77,
};

struct prog {
   const VkAllocationCallbacks *alloc; /* may be NULL; used for the instance and device only */
   const char *instance_extensions[3]; /* to enable, up to the first NULL */
   const char *extensions[3];          /* of the device, the same */
   void *extension_features;           /* may be NULL; its feature struct, for api before 1.3 */
   VkInstance instance;
   VkPhysicalDevice phys; /* the first one */
   VkDevice device;
   VkQueue queue; /* graphics and compute if there is such a family, else compute */
   uint32_t family;
   bool graphics;
   uint32_t api; /* the least of instance's, device's and 1.3; 1.0 where instance is 1.0 */
   VkCommandPool pool;
   VkPhysicalDeviceProperties props;
   VkPhysicalDeviceMemoryProperties memory;
   VkQueueFamilyProperties family_props;
   /* Enabled as far as the device has them; zero if the API version does not know them. */
   VkPhysicalDeviceFeatures features;
   VkPhysicalDeviceVulkan11Features features11;
   VkPhysicalDeviceVulkan12Features features12;
   VkPhysicalDeviceVulkan13Features features13;
   /* The memory for prog_flush() and prog_invalidate(): none if the device has coherent memory.
    */
   VkDeviceMemory mapped[PROG_MAPPED_MAX];
   uint32_t mapped_count;
   char why[512];
};

struct prog_buffer {
   VkBuffer buffer;
   VkDeviceMemory memory;
   VkDeviceSize size;
   void *map; /* host-visible */
};

struct prog_image {
   VkImage image;
   VkDeviceMemory memory;
   VkImageView view; /* VK_NULL_HANDLE until somebody makes one */
};

/* A compute pipeline over one descriptor set. */
struct prog_compute {
   VkDescriptorSetLayout set_layout;
   VkPipelineLayout layout;
   VkPipeline pipeline;
   VkDescriptorPool pool;
   VkDescriptorSet set;
};

/* SPIR-V that the build made from shaders/. */
struct prog_shader {
   const uint32_t *words;
   size_t size; /* in bytes */
};

/* Gives PROG_WRONG, with the reason, and the place in the program, in p->why. */
#define prog_wrong(p, ...) prog_wrong_at(p, __FILE_NAME__, __LINE__, __VA_ARGS__)

enum prog_status
prog_wrong_at(struct prog *p, const char *file, int line, const char *format, ...)
   __attribute__((format(printf, 4, 5)));

/* Gives PROG_SKIPPED, with the reason in p->why. */
enum prog_status
prog_skipped(struct prog *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints p->why to stderr, if status is not PROG_RIGHT, and gives status back: main's last step. */
int
prog_report(const struct prog *p, const char *program, enum prog_status status);

const char *
prog_result_name(VkResult result);

/* CLOCK_MONOTONIC. */
uint64_t
prog_time_ns(void);

uint64_t
prog_hash(const void *data, size_t size);

/* Ends the calling function unless the call gives VK_SUCCESS. */
#define PROG_VK(p, call) PROG_VK_IS(p, call, VK_SUCCESS)

/* Ends the calling function unless the call gives just this result. */
#define PROG_VK_IS(p, call, wanted) \
   do { \
      const VkResult result_ = (call); \
      if (result_ != (wanted)) \
         return prog_wrong(p, "%s gave %s, not %s", #call, prog_result_name(result_), \
                           prog_result_name(wanted)); \
   } while (0)

/* Ends the calling function unless the step gives PROG_RIGHT. */
#define PROG_STEP(call) \
   do { \
      const enum prog_status status_ = (call); \
      if (status_ != PROG_RIGHT) \
         return status_; \
   } while (0)

/* Ends the calling function with a message unless the condition holds. */
#define PROG_EXPECT(p, condition, ...) \
   do { \
      if (!(condition)) \
         return prog_wrong(p, __VA_ARGS__); \
   } while (0)

#ifndef __FILE_NAME__
#define __FILE_NAME__ __FILE__
#endif

/*
 * Makes an instance, a device with every feature that it has, and a command pool.
 * No Vulkan device, or none with the extensions, is PROG_SKIPPED.
 * *p is all zero but for alloc, instance_extensions, extensions and extension_features.
 */
enum prog_status
prog_init(struct prog *p);

/* Takes half-made ones too. */
void
prog_finish(struct prog *p);

/* UINT32_MAX if none fits. */
uint32_t
prog_memory_type(const struct prog *p, uint32_t type_bits, VkMemoryPropertyFlags flags);

/*
 * Mapped and host-visible. Coherent too, which Vulkan promises; the programs can do without, as
 * drivers have modes without: prog_commands_run() does what is needed, others call prog_flush().
 */
enum prog_status
prog_buffer_init(struct prog *p, struct prog_buffer *buffer, VkDeviceSize size,
                 VkBufferUsageFlags usage);

void
prog_buffer_finish(struct prog *p, struct prog_buffer *buffer);

enum prog_status
prog_image_init(struct prog *p, struct prog_image *image, const VkImageCreateInfo *info);

/* A 2D image of one layer and one level. */
enum prog_status
prog_image_init_2d(struct prog *p, struct prog_image *image, VkFormat format, uint32_t width,
                   uint32_t height, VkImageUsageFlags usage);

/* A colour view of the whole image. */
enum prog_status
prog_image_view(struct prog *p, struct prog_image *image, VkImageViewType type, VkFormat format);

void
prog_image_finish(struct prog *p, struct prog_image *image);

/* A primary command buffer from p->pool, begun for one submission. */
enum prog_status
prog_commands_begin(struct prog *p, VkCommandBuffer *commands);

/* Ends, submits, waits for and frees it. */
enum prog_status
prog_commands_run(struct prog *p, VkCommandBuffer commands);

/* Makes the host's writes to mapped buffers visible to the next submission. */
void
prog_flush(struct prog *p);

/* Makes the device's completed writes visible in mapped buffers. */
void
prog_invalidate(struct prog *p);

/* Everything before happens before everything after, for one layout change of a whole image. */
void
prog_image_barrier(VkCommandBuffer commands, VkImage image, VkImageAspectFlags aspect,
                   VkImageLayout from, VkImageLayout to);

/* Everything before happens before everything after, the host's reads too. */
void
prog_memory_barrier(VkCommandBuffer commands);

enum prog_status
prog_shader_module(struct prog *p, const struct prog_shader *shader, VkShaderModule *module);

/*
 * Over any bindings; with none, there is no set. An inline uniform block's descriptorCount is its
 * size. special may be NULL.
 */
enum prog_status
prog_compute_init_bindings(struct prog *p, struct prog_compute *compute,
                           const struct prog_shader *shader,
                           const VkDescriptorSetLayoutBinding *bindings, uint32_t count,
                           uint32_t push_size, const VkSpecializationInfo *special);

/* Over the storage buffers 0..buffers-1. special may be NULL. */
enum prog_status
prog_compute_init(struct prog *p, struct prog_compute *compute, const struct prog_shader *shader,
                  uint32_t buffers, uint32_t push_size, const VkSpecializationInfo *special);

/* Writes the storage buffer at the binding of compute->set. */
void
prog_compute_bind_buffer(struct prog *p, struct prog_compute *compute, uint32_t binding,
                         VkBuffer buffer);

/* Binds the pipeline and its set, if it has one. */
void
prog_compute_use(const struct prog_compute *compute, VkCommandBuffer commands);

void
prog_compute_finish(struct prog *p, struct prog_compute *compute);

#endif
