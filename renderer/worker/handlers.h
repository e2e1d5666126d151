/* SPDX-License-Identifier: MIT */

/* The handlers of all ops. Most are generated: they call the host driver with the decoded
 * arguments. The hand-written handlers are in handle_*.c, one file per object type. */

#ifndef RDR_WORKER_HANDLERS_H
#define RDR_WORKER_HANDLERS_H

#include "renderer/worker/context.h"
#include "renderer/worker/op.h"

/* Whether a call that may wait names what there is (R4, R5). Ends the connection if not. `ids`: the
 * objects that it uses, its target first. The decoder's thread. */
typedef bool (*rdr_check)(struct rdr_context *ctx, const uint64_t *ids, uint32_t id_count,
                          const void *args);

/* `args`: the op's struct tongs_args_*, decoded. Runs on the decoder's thread; a blocking call may
 * run on a thread of its own (jobs.c). */
typedef void (*rdr_handler)(struct rdr_context *ctx, struct rdr_op *op, void *args);

/* Reads the op's arguments itself. `d`: at the body, behind the tag of a call. The decoder's
 * thread.
 */
typedef void (*rdr_body_handler)(struct rdr_context *ctx, struct rdr_op *op,
                                 struct tongs_decoder *d);

/* How the worker carries out an op of Vulkan (codegen/policy.py). tongs_ops has the properties that
 * both sides use. */
struct rdr_op_info {
   rdr_handler handle;           /* one of the two is set, */
   rdr_body_handler handle_body; /* none for commands that are recorded and ops of our own */
   bool takes_fd;                /* a descriptor may come with it */
   bool compiled;                /* as a post, it is compiled beside the decoder (compile.h) */
   bool after_compilations;      /* else: all compilations are finished first */
   bool removes;                 /* objects; carried out also if some are failed ones */
   /* For calls that may wait (jobs.h); each may be NULL. */
   uint64_t *(*timeout)(void *args); /* where the arguments hold the timeout */
   bool (*waits)(const void *args);  /* whether it waits; NULL: it may */
   rdr_check check;
   uint8_t pool_type; /* of the pool that new objects belong to; 0: the op's target */
};

/* Indexed by op number; TONGS_OP_COUNT entries. Generated. */
extern const struct rdr_op_info rdr_ops[];

/* Whether compilations use objects of the type. Generated. */
bool
rdr_is_used_by_compilations(uint8_t type);

void
rdr_handle_CreateInstance(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_DestroyInstance(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_CreateDevice(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_DestroyDevice(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_GetPhysicalDeviceMemoryProperties2(struct rdr_context *ctx, struct rdr_op *op,
                                              void *args);

void
rdr_handle_AllocateMemory(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_FreeMemory(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_CreateBuffer(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_CreateImage(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_GetDeviceBufferMemoryRequirements(struct rdr_context *ctx, struct rdr_op *op,
                                             void *args);
void
rdr_handle_GetDeviceImageMemoryRequirements(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_GetDeviceImageSparseMemoryRequirements(struct rdr_context *ctx, struct rdr_op *op,
                                                  void *args);
void
rdr_handle_CreatePipelineCache(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_GetDescriptorEXT(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_CreateQueryPool(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_QueueSubmit(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_QueueSubmit2(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_QueueBindSparse(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_AllocateCommandBuffers(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_FreeCommandBuffers(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_DestroyCommandPool(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_AllocateDescriptorSets(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_FreeDescriptorSets(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_ResetDescriptorPool(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_DestroyDescriptorPool(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_DestroySurfaceKHR(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_CreateSwapchainKHR(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_DestroySwapchainKHR(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_AcquireNextImageKHR(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_AcquireNextImage2KHR(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_QueuePresentKHR(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_ReleaseSwapchainImagesKHR(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_BindImageMemory2(struct rdr_context *ctx, struct rdr_op *op, void *args);

void
rdr_handle_GetMemoryFdKHR(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_GetMemoryFdPropertiesKHR(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_GetSemaphoreFdKHR(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_ImportSemaphoreFdKHR(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_GetFenceFdKHR(struct rdr_context *ctx, struct rdr_op *op, void *args);
void
rdr_handle_ImportFenceFdKHR(struct rdr_context *ctx, struct rdr_op *op, void *args);

/* Whether the queries that the op names are in the pool, and their results fit into the op's
 * buffer. */
bool
rdr_check_GetQueryPoolResults(struct rdr_context *ctx, const uint64_t *ids, uint32_t id_count,
                              const void *args);

/* vkUpdateDescriptorSets: decodes and carries it out. */
void
rdr_handle_UpdateDescriptorSets(struct rdr_context *ctx, struct rdr_op *op,
                                struct tongs_decoder *d);

/* Tongs' own ops; docs/wire.md describes their bodies. */

void
rdr_own_instance_facts(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_snapshot(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_sync(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_channel(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_get_queue(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_exports_memory(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_heap_create(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_heap_destroy(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_memory_write(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_memory_read(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_memory_fd(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_copy_memory_to_image(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_copy_image_to_memory(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_swapchain_images(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_acquire_ahead(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);
void
rdr_own_take_image(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d);

#endif
