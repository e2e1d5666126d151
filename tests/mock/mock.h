/* SPDX-License-Identifier: MIT */
/*
 * The mock host driver: a Vulkan driver without a device, for tests. Every command that Tongs
 * forwards is there. Handles are checked (alive, of the right type and device, not in use when
 * destroyed) and a bad one ends the process with a message; buffers, copies between them, fences,
 * semaphores, events and queries really work, on a thread per device; the rest is counted.
 * Any call can be made to fail, crash, hang or take its time: fault.c.
 *
 * Object numbers, prototypes and the default behaviour are generated: mock_gen.h. All functions
 * may be called on any thread, as Vulkan says for the command they serve.
 */
#ifndef MOCK_H
#define MOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vulkan/vk_icd.h>
#include <vulkan/vulkan_core.h>

/* --- Objects: object.c --- */

/* The beginning of every object. */
struct mock_object {
   VK_LOADER_DATA loader;      /* dispatchable ones: the loader writes here */
   uint64_t handle;            /* dispatchable: its address; else a number that never comes again */
   uint32_t type;              /* MOCK_TYPE_* */
   uint32_t pins;              /* submissions that use it; the table's lock protects it */
   struct mock_object *parent; /* the pool, device, physical device or instance that it is from */
   struct mock_device *device; /* NULL for what belongs to an instance */
   struct mock_object *next;   /* in its bucket */
   void (*finish)(struct mock_object *object); /* frees what the object owns; may be NULL */
   uint64_t backing; /* buffers and images: handle of the memory they are bound to */
};

/* Allocates `size` zeroed bytes (0: just the base) and enters them into the table. Never fails: a
 * test machine without memory ends the process. `parent` is a dispatchable handle or a pool's. */
struct mock_object *
mock_object_create(uint64_t parent, uint32_t type, size_t size);

/* NULL if the handle names no live object. */
struct mock_object *
mock_object_find(uint64_t handle);

/* The live object of that type; ends the process if there is none. */
void *
mock_object_get(const char *command, uint64_t handle, uint32_t type);

/* Removes the object and what was allocated from it; VK_NULL_HANDLE is ignored. Ends the process
 * if a submission uses it. */
void
mock_object_destroy(const char *command, uint64_t handle);

/* Removes, without asking, what was allocated from `parent`, a pool. */
void
mock_object_destroy_children(const char *command, struct mock_object *parent);

/* Removes all that is left of a device or an instance, but not itself, and counts it as leaked. */
void
mock_objects_leak(struct mock_object *root);

/* Writes to the log what was leaked so far. */
void
mock_objects_report(void);

/* Calls `each` for what is from `parent`. The list is made first: `each` may use the table. */
void
mock_object_each_child(const struct mock_object *parent,
                       void (*each)(struct mock_object *object, void *data), void *data);

/* Marks objects, and the memory behind them, as in use; ends the process if one is dead. */
void
mock_objects_pin(const char *command, const uint64_t *handles, size_t count);

void
mock_objects_unpin(const uint64_t *handles, size_t count);

#define MOCK_GET(command, handle, name) \
   ((struct mock_##name *)mock_object_get(command, (uint64_t)(uintptr_t)(handle), MOCK_OF_##name))
#define MOCK_OF_instance MOCK_TYPE_VkInstance
#define MOCK_OF_physical_device MOCK_TYPE_VkPhysicalDevice
#define MOCK_OF_device MOCK_TYPE_VkDevice
#define MOCK_OF_queue MOCK_TYPE_VkQueue
#define MOCK_OF_command_buffer MOCK_TYPE_VkCommandBuffer
#define MOCK_OF_memory MOCK_TYPE_VkDeviceMemory
#define MOCK_OF_buffer MOCK_TYPE_VkBuffer
#define MOCK_OF_image MOCK_TYPE_VkImage
#define MOCK_OF_fence MOCK_TYPE_VkFence
#define MOCK_OF_semaphore MOCK_TYPE_VkSemaphore
#define MOCK_OF_event MOCK_TYPE_VkEvent
#define MOCK_OF_query_pool MOCK_TYPE_VkQueryPool
#define MOCK_OF_descriptor_pool MOCK_TYPE_VkDescriptorPool
#define MOCK_OF_swapchain MOCK_TYPE_VkSwapchainKHR
#define MOCK_OF_private_slot MOCK_TYPE_VkPrivateDataSlot

/* --- Checks of arguments: check.c --- */

struct mock_check {
   const char *command;
   struct mock_object *owner;             /* what the command is called on */
   struct mock_command_buffer *recording; /* its uses grow; NULL: not recording */
   uint32_t ignored;                      /* TONGS_IGNORED_*, as protocol/ignored.h has it */
};

void
mock_check_init(struct mock_check *e, const char *command);

/* The command's first argument. NULL is only allowed if it is destroyed. */
void
mock_check_owner(struct mock_check *e, uint64_t handle, uint32_t type, bool optional);

void
mock_check_recording(struct mock_check *e, VkCommandBuffer commandBuffer);

void
mock_check_handle(struct mock_check *e, const char *where, uint64_t handle, uint32_t type,
                  bool optional);

/* Enters a handle into what the command buffer uses. */
void
mock_check_use(struct mock_check *e, uint64_t handle);

/* `handles`: as many handles of 64 bits, each of which may be null. */
void
mock_check_handles(struct mock_check *e, const char *where, const void *handles, uint64_t count,
                   uint32_t type);

void
mock_check_stype(struct mock_check *e, const void *v, VkStructureType type);

/* Zeroes what the application gets in a struct and its chain; features become true. */
void
mock_fill(const char *command, void *v, VkStructureType type);

/* The struct of that type in a chain, or NULL. */
void *
mock_chain_find(const void *next, VkStructureType type);

/* --- Faults and the log: fault.c --- */

/* Prints "mock driver: ..." to stderr and ends the process. */
_Noreturn void
mock_abort(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Logs the call and does to it what the environment says: a result other than VK_SUCCESS is what
 * the command returns at once. */
VkResult
mock_enter(uint32_t command);

void
mock_log(const char *line);

/* When the library goes. */
void
mock_faults_finish(void);

/* How long the device takes for a submission: TONGS_MOCK_GPU_MS. */
uint32_t
mock_submission_ms(void);

void
mock_sleep_ms(uint32_t ms);

/* CLOCK_MONOTONIC. */
uint64_t
mock_now_ns(void);

/* --- The objects that do something --- */

struct mock_instance {
   struct mock_object base;
   uint32_t physical_count;
   struct mock_object *physical[8];
};

struct mock_physical_device {
   struct mock_object base;
   uint32_t number; /* among those of its instance */
};

/* Whether the mock advertises the extension. */
bool
mock_has_extension(const char *name, bool instance);

/* physical_device.c: the families, and how many queues each has. */
#define MOCK_QUEUE_FAMILY_COUNT 2u
extern const VkQueueFamilyProperties mock_queue_families[MOCK_QUEUE_FAMILY_COUNT];

enum {
   MOCK_MEMORY_HOST,   /* visible, coherent, cached */
   MOCK_MEMORY_DEVICE, /* device-local only */
   MOCK_MEMORY_COUNT,
};
#define MOCK_HEAP_SIZE (UINT64_C(4) << 30)
#define MOCK_HOST_POINTER_ALIGNMENT 4096u

struct mock_device {
   struct mock_object base;
   pthread_mutex_t mutex;  /* protects queues, fences, semaphores, events, queries, states of
                            * command buffers */
   pthread_cond_t changed; /* broadcast after each change of them */
   pthread_t thread;
   bool stop;
   struct mock_queue *queues; /* linked by next */
   uint32_t queue_count;
};

struct mock_memory {
   struct mock_object base;
   uint64_t size;
   uint8_t *data;
   uint32_t memory_type;
   bool imported;  /* data belongs to the importer */
   int fd;         /* of external memory, owned; -1: none */
   uint8_t *decoy; /* what vkMapMemory gives instead of data; may be NULL */
   bool mapped;
};

/* external.c. *data and *fd: those of memory that is exported or imported; NULL and -1: of none
 * such. */
VkResult
mock_external_allocate(const VkMemoryAllocateInfo *info, uint64_t size, uint8_t **data, int *fd);

/* Whether vkMapMemory gives other pages than the descriptor's. */
bool
mock_external_maps_otherwise(void);

struct mock_buffer {
   struct mock_object base;
   uint64_t size;
   uint64_t offset;  /* in the memory */
   uint64_t address; /* for shaders: never that of another buffer */
   bool sparse;
};

struct mock_image {
   struct mock_object base;
   uint64_t size;
   uint64_t offset;
   uint64_t row_pitch, depth_pitch;
   bool sparse;
};

struct mock_fence {
   struct mock_object base;
   bool signaled;
   bool pending;
};

struct mock_semaphore {
   struct mock_object base;
   bool timeline;
   uint64_t value; /* binary: 0 or 1 */
};

struct mock_event {
   struct mock_object base;
   bool set;
};

struct mock_query_pool {
   struct mock_object base;
   uint32_t count;
   uint32_t values_per_query;
   uint64_t *values;
   bool *available;
};

enum mock_state {
   MOCK_STATE_INITIAL,
   MOCK_STATE_RECORDING,
   MOCK_STATE_EXECUTABLE,
};

/* A recorded command that has an effect: command_buffer.c. */
struct mock_recorded;

struct mock_command_buffer {
   struct mock_object base;
   VkCommandBufferLevel level;
   enum mock_state state;
   bool one_time;
   uint32_t pending; /* submissions that hold it */
   struct mock_recorded *commands;
   size_t command_count, command_capacity;
   uint64_t *uses; /* handles of what the commands name */
   size_t use_count, use_capacity;
   uint64_t other_commands; /* that only were counted */
};

/* A recorded command without effect. */
void
mock_count_command(VkCommandBuffer commandBuffer);

/* Carries the commands out, on the device's thread. */
void
mock_execute(struct mock_device *device, VkCommandBuffer commandBuffer);

/* The address of `size` bytes at `offset` of a buffer; ends the process if it has no such bytes. */
uint8_t *
mock_buffer_bytes(const char *command, VkBuffer buffer, uint64_t offset, uint64_t size);

/* pool.c: queries. */
void
mock_query_end(struct mock_query_pool *pool, uint32_t query, uint64_t value);

void
mock_queries_reset(const char *command, struct mock_query_pool *pool, uint32_t first,
                   uint32_t count);

/* The bytes of one query's result, and the result itself; the device's mutex is held. */
size_t
mock_query_size(const struct mock_query_pool *pool, VkQueryResultFlags flags);

void
mock_query_write_locked(const struct mock_query_pool *pool, uint32_t query,
                        VkQueryResultFlags flags, uint8_t *to);

/* queue.c: makes the device's queues and its thread, and ends them. */
void
mock_queues_init(struct mock_device *device, const VkDeviceCreateInfo *info);

void
mock_queues_finish(struct mock_device *device);

/* Waits on device->changed, whose mutex is held, until `deadline` (mock_now_ns; UINT64_MAX: for
 * ever). False if the deadline has passed. */
bool
mock_device_wait_locked(struct mock_device *device, uint64_t deadline);

/* The deadline that is `timeout` from now. */
uint64_t
mock_deadline(uint64_t timeout);

/* swapchain.c: how many images it has. */
uint32_t
mock_swapchain_image_count(const char *command, VkSwapchainKHR swapchain);

/* The image, which has to be acquired, goes to the presentation engine; the device's mutex is held.
 */
void
mock_swapchain_present_locked(const char *command, VkSwapchainKHR swapchain, uint32_t image);

/* It comes back from there. */
void
mock_swapchain_presented_locked(VkSwapchainKHR swapchain, uint32_t image, uint64_t present_id);

/* --- Tables: mock_gen_table.c --- */

struct mock_command {
   const char *name; /* "vkCreateBuffer" */
   bool can_fail;    /* returns VkResult */
};
extern const struct mock_command mock_commands[];
extern const uint32_t mock_command_count;

enum mock_level {
   MOCK_LEVEL_GLOBAL,
   MOCK_LEVEL_INSTANCE,
   MOCK_LEVEL_PHYSICAL,
   MOCK_LEVEL_DEVICE,
};

struct mock_entry_point {
   const char *name; /* aliases too: "vkBindBufferMemory2KHR" */
   uint32_t command;
   PFN_vkVoidFunction function;
   enum mock_level level;
};
extern const struct mock_entry_point mock_entry_points[];
extern const uint32_t mock_entry_point_count;

struct mock_extension {
   const char *name;
   uint32_t spec_version;
   bool instance;
};
extern const struct mock_extension mock_extensions[];
extern const uint32_t mock_extension_count;

extern const char *const mock_type_names[];
extern const uint32_t mock_type_count;

struct mock_field {
   size_t offset, size; /* size 0: the end */
};

struct mock_out_struct {
   VkStructureType type;
   size_t size;
   bool features;
   const struct mock_field *fields; /* what may be written; NULL: all but the chain */
};
extern const struct mock_out_struct mock_out_structs[];
extern const uint32_t mock_out_struct_count;

#endif
