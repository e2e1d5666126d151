/* SPDX-License-Identifier: MIT */
/*
 * The worker's objects, over a host driver of a few lines: no id outlives what it names, no host
 * object what it is made of, and what a driver leaves behind where it failed is not taken for an
 * object (rules R4, R5, R7, R8).
 */
#include "renderer/worker/context.h"

#include "renderer/worker/compile.h"
#include "renderer/worker/execute.h"
#include "renderer/worker/heap.h"
#include "renderer/worker/jobs.h"
#include "renderer/worker/object.h"
#include "renderer/worker/replies.h"
#include "renderer/worker/transport.h"

#include "protocol/socket.h"
#include "tests/check.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#include <fcntl.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Slots of what every case begins with. */
enum {
   INSTANCE = 1,
   DEVICE,
   POOL,
   OTHER_POOL,
   FREE
};

struct fixture {
   struct fixture
      *next; /* in a list of all: a thread of its jobs may still be in it when it is over */
   struct rdr_context ctx;
   struct rdr_device device;
   struct rdr_queues queues;
   struct tongs_encoder e;
   int client;
};

/* How the host driver behaves, and what it has seen. */
static struct {
   VkResult result;
   uint64_t last;
   uint32_t freed;
   bool compiles; /* pipelines, when the gate is open */
   sem_t gate;
   atomic_bool gone; /* the shader module; what is made of it afterwards is wrong */
   atomic_uint misused;
} host;

static struct fixture *fixtures;

/* --- The host's driver --------------------------------------------------------------------------
 */

static VKAPI_ATTR VkResult VKAPI_CALL
create_descriptor_pool(VkDevice device, const VkDescriptorPoolCreateInfo *info,
                       const VkAllocationCallbacks *alloc, VkDescriptorPool *pool)
{
   (void)device, (void)info, (void)alloc;
   *pool = (VkDescriptorPool)++host.last; /* whether it fails or not */
   return host.result;
}

static VKAPI_ATTR VkResult VKAPI_CALL
create_query_pool(VkDevice device, const VkQueryPoolCreateInfo *info,
                  const VkAllocationCallbacks *alloc, VkQueryPool *pool)
{
   (void)device, (void)info, (void)alloc;
   *pool = (VkQueryPool)++host.last;
   return host.result;
}

static VKAPI_ATTR VkResult VKAPI_CALL
free_descriptor_sets(VkDevice device, VkDescriptorPool pool, uint32_t count,
                     const VkDescriptorSet *sets)
{
   (void)device, (void)pool, (void)sets;
   host.freed += count;
   return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL
create_compute_pipelines(VkDevice device, VkPipelineCache cache, uint32_t count,
                         const VkComputePipelineCreateInfo *infos,
                         const VkAllocationCallbacks *alloc, VkPipeline *pipelines)
{
   (void)device, (void)cache, (void)infos, (void)alloc;
   if (host.compiles)
      sem_wait(&host.gate);
   host.misused += host.gone;
   for (uint32_t i = 0; i < count; i++)
      pipelines[i] = host.compiles ? (VkPipeline)(uintptr_t)(5000 + i) : VK_NULL_HANDLE;
   return host.compiles ? host.result : VK_PIPELINE_COMPILE_REQUIRED;
}

static VKAPI_ATTR void VKAPI_CALL
destroy_pipeline(VkDevice device, VkPipeline pipeline, const VkAllocationCallbacks *alloc)
{
   (void)device, (void)pipeline, (void)alloc;
   host.freed++;
}

static VKAPI_ATTR void VKAPI_CALL
destroy_shader_module(VkDevice device, VkShaderModule module, const VkAllocationCallbacks *alloc)
{
   (void)device, (void)module, (void)alloc;
   host.gone = true;
}

static VKAPI_ATTR VkResult VKAPI_CALL
allocate_memory(VkDevice device, const VkMemoryAllocateInfo *info,
                const VkAllocationCallbacks *alloc, VkDeviceMemory *memory)
{
   (void)device, (void)info, (void)alloc;
   *memory = (VkDeviceMemory)++host.last;
   return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL
free_memory(VkDevice device, VkDeviceMemory memory, const VkAllocationCallbacks *alloc)
{
   (void)device, (void)memory, (void)alloc;
}

static VKAPI_ATTR void VKAPI_CALL
get_memory_properties(VkPhysicalDevice physical, VkPhysicalDeviceMemoryProperties *properties)
{
   (void)physical;
   *properties = (VkPhysicalDeviceMemoryProperties){.memoryTypeCount = 1, .memoryHeapCount = 1};
}

static VKAPI_ATTR VkResult VKAPI_CALL
wait_for_fences(VkDevice device, uint32_t count, const VkFence *fences, VkBool32 all,
                uint64_t timeout)
{
   (void)device, (void)count, (void)fences, (void)all, (void)timeout;
   return VK_TIMEOUT;
}

static VKAPI_ATTR VkResult VKAPI_CALL
get_query_pool_results(VkDevice device, VkQueryPool pool, uint32_t first, uint32_t count,
                       size_t size, void *data, VkDeviceSize stride, VkQueryResultFlags flags)
{
   (void)device, (void)pool, (void)first, (void)count, (void)size, (void)data, (void)stride,
      (void)flags;
   return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL
destroy_device(VkDevice device, const VkAllocationCallbacks *alloc)
{
   (void)device, (void)alloc;
}

static VKAPI_ATTR void VKAPI_CALL
destroy_instance(VkInstance instance, const VkAllocationCallbacks *alloc)
{
   (void)instance, (void)alloc;
}

/* --- The client --- */

static uint64_t
id_of(uint8_t type, uint32_t slot)
{
   return tongs_id(type, 0, slot);
}

#define HANDLE(type, slot) ((type)id_of(TONGS_TYPE_##type, slot))

static bool
is_there(const struct fixture *f, uint8_t type, uint32_t slot)
{
   return rdr_object_find(&f->ctx, id_of(type, slot), type) != NULL;
}

static struct fixture *
start(void)
{
   struct fixture *f = calloc(1, sizeof(*f));
   int fds[2];

   if (!f || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
      abort();
   f->next = fixtures;
   fixtures = f;
   memset(&host, 0, sizeof(host));
   host.last = 1000;
   sem_init(&host.gate, 0, 0);
   const struct rdr_limits limits = rdr_limits_default();
   if (!rdr_context_init(&f->ctx, rdr_transport_open_socket(fds[0]), &limits))
      abort();
   f->client = fds[1];
   tongs_encoder_init(&f->e);
   f->e.raw_handles = true;

   f->ctx.instance.handle = (VkInstance)(uintptr_t)1;
   f->ctx.instance.vk.GetPhysicalDeviceMemoryProperties = get_memory_properties;
   f->ctx.instance.vk.DestroyInstance = destroy_instance;
   f->queues = (struct rdr_queues){.count = 1};
   f->device = (struct rdr_device){
      .handle = (VkDevice)(uintptr_t)2,
      .instance = &f->ctx.instance,
      .imports_host_memory = true,
      .queues = &f->queues,
      .queues_count = 1,
      .vk =
         {
            .CreateDescriptorPool = create_descriptor_pool,
            .FreeDescriptorSets = free_descriptor_sets,
            .CreateQueryPool = create_query_pool,
            .GetQueryPoolResults = get_query_pool_results,
            .CreateComputePipelines = create_compute_pipelines,
            .DestroyPipeline = destroy_pipeline,
            .DestroyShaderModule = destroy_shader_module,
            .AllocateMemory = allocate_memory,
            .FreeMemory = free_memory,
            .WaitForFences = wait_for_fences,
         },
   };
   tongs_list_init(&f->device.orphans);
   rdr_object_add(&f->ctx, TONGS_TYPE_VkInstance, id_of(TONGS_TYPE_VkInstance, INSTANCE), 1,
                  VK_SUCCESS, 0, &f->ctx.instance);
   rdr_object_add(&f->ctx, TONGS_TYPE_VkDevice, id_of(TONGS_TYPE_VkDevice, DEVICE), 2, VK_SUCCESS,
                  0, &f->device);
   for (uint32_t slot = POOL; slot <= OTHER_POOL; slot++)
      rdr_object_add(&f->ctx, TONGS_TYPE_VkDescriptorPool, id_of(TONGS_TYPE_VkDescriptorPool, slot),
                     slot, VK_SUCCESS, DEVICE, &f->device);
   return f;
}

static void
stop(struct fixture *f)
{
   tongs_encoder_finish(&f->e);
   tongs_arena_finish(&f->ctx.arena);
   free(f->ctx.slots);
   free(f->ctx.nodes);
   close(f->client);
}

static void
execute_as(struct fixture *f, uint32_t op, const void *args, bool call)
{
   tongs_encoder_reset(&f->e);
   size_t at = tongs_encode_op_begin(&f->e, (uint16_t)op, call ? 2 : 0);
   if (call)
      tongs_encode_u32(&f->e, 1);
   tongs_ops[op].encode(&f->e, args);
   tongs_encode_op_end(&f->e, at);
   rdr_execute(&f->ctx, f->e.base, tongs_encoder_size(&f->e));
}

static void
execute(struct fixture *f, uint32_t op, const void *args)
{
   execute_as(f, op, args, tongs_ops[op].kind == TONGS_OP_CALL);
}

/* Sends a descriptor ahead of the op that takes it. Closes it. */
static void
send_fd(struct fixture *f, int fd)
{
   struct iovec iov = {.iov_base = "", .iov_len = 1};
   uint8_t byte;

   CHECK_EQUAL(tongs_socket_send_all(f->client, &iov, 1, &fd, 1), 0);
   CHECK_EQUAL(f->ctx.transport->ops->receive(f->ctx.transport, &byte, 1, -1), 1);
   close(fd);
}

/* An op of our own: its words. */
static void
execute_own(struct fixture *f, uint16_t op, uint16_t flags, const uint64_t *words, size_t count)
{
   tongs_encoder_reset(&f->e);
   size_t at = tongs_encode_op_begin(&f->e, op, flags);
   for (size_t i = 0; i < count; i++)
      tongs_encode_u64(&f->e, words[i]);
   tongs_encode_op_end(&f->e, at);
   rdr_execute(&f->ctx, f->e.base, tongs_encoder_size(&f->e));
}

static void
add_set(struct fixture *f, uint32_t slot, uint32_t pool)
{
   rdr_object_add(&f->ctx, TONGS_TYPE_VkDescriptorSet, id_of(TONGS_TYPE_VkDescriptorSet, slot),
                  slot, VK_SUCCESS, pool, &f->device);
}

static void
free_sets(struct fixture *f, uint32_t pool, uint32_t count, const VkDescriptorSet *sets)
{
   execute(f, TONGS_OP_vkFreeDescriptorSets,
           &(struct tongs_args_vkFreeDescriptorSets){
              .device = HANDLE(VkDevice, DEVICE),
              .descriptorPool = HANDLE(VkDescriptorPool, pool),
              .descriptorSetCount = count,
              .pDescriptorSets = sets,
           });
}

/* --- Cases --- */

static void
a_set_freed_twice_in_one_op_ends_the_connection(struct fixture *f)
{
   add_set(f, FREE, POOL);
   const VkDescriptorSet sets[] = {HANDLE(VkDescriptorSet, FREE), HANDLE(VkDescriptorSet, FREE)};
   free_sets(f, POOL, 2, sets);
   CHECK_EQUAL(f->ctx.ended, RDR_RULE_BROKEN);
   CHECK(!host.freed);
}

static void
a_set_is_freed_to_its_own_pool_alone(struct fixture *f)
{
   add_set(f, FREE, OTHER_POOL);
   const VkDescriptorSet set = HANDLE(VkDescriptorSet, FREE);
   free_sets(f, OTHER_POOL, 1, &set);
   CHECK(!f->ctx.ended);
   CHECK_EQUAL(host.freed, 1);
   CHECK(!is_there(f, TONGS_TYPE_VkDescriptorSet, FREE));
   add_set(f, FREE, OTHER_POOL);
   free_sets(f, POOL, 1, &set);
   CHECK_EQUAL(f->ctx.ended, RDR_RULE_BROKEN);
   CHECK_EQUAL(host.freed, 1);
}

static void
a_failed_create_leaves_a_failed_object_behind_if_it_is_a_post(struct fixture *f)
{
   VkDescriptorPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                      .maxSets = 1};
   VkDescriptorPool pool = HANDLE(VkDescriptorPool, FREE);

   host.result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
   const struct tongs_args_vkCreateDescriptorPool args = {
      .device = HANDLE(VkDevice, DEVICE), .pCreateInfo = &info, .pDescriptorPool = &pool};
   execute_as(f, TONGS_OP_vkCreateDescriptorPool, &args, true);
   CHECK(!f->ctx.ended);
   CHECK(!is_there(f, TONGS_TYPE_VkDescriptorPool, FREE));
   execute_as(f, TONGS_OP_vkCreateDescriptorPool, &args, false);
   CHECK(!f->ctx.ended);
   CHECK(is_there(f, TONGS_TYPE_VkDescriptorPool, FREE));
   CHECK(!f->ctx.slots[FREE].handle);
}

static void
a_pipeline_that_must_be_compiled_takes_no_id(struct fixture *f)
{
   VkComputePipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .pName = "main"}};
   VkPipeline pipeline = HANDLE(VkPipeline, FREE);

   execute(f, TONGS_OP_vkCreateComputePipelines,
           &(struct tongs_args_vkCreateComputePipelines){.device = HANDLE(VkDevice, DEVICE),
                                                         .createInfoCount = 1,
                                                         .pCreateInfos = &info,
                                                         .pPipelines = &pipeline});
   CHECK(!f->ctx.ended);
   CHECK(!is_there(f, TONGS_TYPE_VkPipeline, FREE));
}

/* A pipeline in the slot FREE, of a module in the next one. */
static void
post_pipeline(struct fixture *f)
{
   VkComputePipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .module = HANDLE(VkShaderModule, FREE + 1),
                .pName = "main"}};
   VkPipeline pipeline = HANDLE(VkPipeline, FREE);
   struct tongs_args_vkCreateComputePipelines args = {.device = HANDLE(VkDevice, DEVICE),
                                                      .createInfoCount = 1,
                                                      .pCreateInfos = &info,
                                                      .pPipelines = &pipeline};

   host.compiles = true;
   rdr_object_add(&f->ctx, TONGS_TYPE_VkShaderModule, id_of(TONGS_TYPE_VkShaderModule, FREE + 1),
                  77, VK_SUCCESS, DEVICE, &f->device);
   tongs_encoder_reset(&f->e);
   size_t at = tongs_encode_op_begin(&f->e, TONGS_OP_vkCreateComputePipelines, 0);
   tongs_encode_vkCreateComputePipelines(&f->e, &args);
   tongs_encode_op_end(&f->e, at);
   rdr_execute(&f->ctx, f->e.base, tongs_encoder_size(&f->e));
}

static void
destroy_pipeline_of_client(struct fixture *f)
{
   execute(f, TONGS_OP_vkDestroyPipeline,
           &(struct tongs_args_vkDestroyPipeline){.device = HANDLE(VkDevice, DEVICE),
                                                  .pipeline = HANDLE(VkPipeline, FREE)});
}

static void
a_pipeline_is_waited_for_where_it_is_used(struct fixture *f)
{
   struct tongs_decoder d;

   post_pipeline(f);
   CHECK(!f->ctx.ended);
   CHECK_EQUAL(f->ctx.slots[FREE].result, VK_NOT_READY);
   sem_post(&host.gate);
   tongs_encoder_reset(&f->e);
   tongs_encode_u64(&f->e, 0);
   tongs_encode_u64(&f->e, id_of(TONGS_TYPE_VkPipeline, FREE));
   rdr_decoder_init(&f->ctx, &d, f->e.base, tongs_encoder_size(&f->e), NULL);
   CHECK(tongs_decode_handle(&d, TONGS_TYPE_VkPipeline, NULL) == 5000);
   CHECK(!d.failed);
}

static void
a_pipeline_that_is_destroyed_unused_is_not_waited_for(struct fixture *f)
{
   post_pipeline(f);
   destroy_pipeline_of_client(f);
   CHECK(!f->ctx.ended);
   CHECK(!host.freed);
   CHECK(!is_there(f, TONGS_TYPE_VkPipeline, FREE));
   destroy_pipeline_of_client(f); /* is none any more */
   CHECK_EQUAL(f->ctx.ended, RDR_RULE_BROKEN);
   sem_post(&host.gate);
   rdr_wait_all_compiled(f->ctx.compiles);
   CHECK_EQUAL(host.freed, 1);
}

static void
a_shader_module_outlives_the_compilations_that_may_use_it(struct fixture *f)
{
   post_pipeline(f);
   execute(
      f, TONGS_OP_vkDestroyShaderModule,
      &(struct tongs_args_vkDestroyShaderModule){.device = HANDLE(VkDevice, DEVICE),
                                                 .shaderModule = HANDLE(VkShaderModule, FREE + 1)});
   CHECK(!host.gone);
   CHECK(!is_there(f, TONGS_TYPE_VkShaderModule, FREE + 1));
   sem_post(&host.gate);
   rdr_wait_all_compiled(f->ctx.compiles);
   CHECK(host.gone);
   CHECK(!host.misused);
   CHECK_EQUAL(f->ctx.slots[FREE].handle, 5000);
}

static void
a_pipeline_that_could_not_be_compiled_is_failed(struct fixture *f)
{
   host.result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
   sem_post(&host.gate);
   post_pipeline(f);
   rdr_wait_all_compiled(f->ctx.compiles);
   CHECK_EQUAL(f->ctx.slots[FREE].result, VK_ERROR_OUT_OF_DEVICE_MEMORY);
   CHECK(!f->ctx.slots[FREE].handle);
   CHECK_EQUAL(f->ctx.post_result, VK_ERROR_OUT_OF_DEVICE_MEMORY);
   destroy_pipeline_of_client(f);
   CHECK(!f->ctx.ended);
   CHECK(!host.freed);
   CHECK(!f->device.lost);
}

static void
command_buffers_of_a_pool_that_failed_go_with_it(struct fixture *f)
{
   VkCommandPool pool = HANDLE(VkCommandPool, FREE);
   VkCommandBuffer commands = HANDLE(VkCommandBuffer, FREE + 1);
   VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                       .commandPool = pool,
                                       .commandBufferCount = 1};

   rdr_object_add(&f->ctx, TONGS_TYPE_VkCommandPool, (uint64_t)pool, 0, VK_ERROR_OUT_OF_HOST_MEMORY,
                  DEVICE, &f->device);
   execute(f, TONGS_OP_vkAllocateCommandBuffers,
           &(struct tongs_args_vkAllocateCommandBuffers){.device = HANDLE(VkDevice, DEVICE),
                                                         .pAllocateInfo = &info,
                                                         .pCommandBuffers = &commands});
   CHECK(is_there(f, TONGS_TYPE_VkCommandBuffer, FREE + 1));
   execute(f, TONGS_OP_vkDestroyCommandPool,
           &(struct tongs_args_vkDestroyCommandPool){.device = HANDLE(VkDevice, DEVICE),
                                                     .commandPool = pool});
   CHECK(!f->ctx.ended);
   CHECK(!is_there(f, TONGS_TYPE_VkCommandBuffer, FREE + 1));
}

static void
physical_devices_go_with_their_instance(struct fixture *f)
{
   rdr_object_remove(&f->ctx, DEVICE);
   rdr_object_add(&f->ctx, TONGS_TYPE_VkPhysicalDevice, id_of(TONGS_TYPE_VkPhysicalDevice, FREE), 5,
                  VK_SUCCESS, INSTANCE, &f->ctx.instance);
   execute(f, TONGS_OP_vkDestroyInstance,
           &(struct tongs_args_vkDestroyInstance){.instance = HANDLE(VkInstance, INSTANCE)});
   CHECK(!f->ctx.ended);
   CHECK(!is_there(f, TONGS_TYPE_VkPhysicalDevice, FREE));
}

static void
a_heap_stays_mapped_while_a_memory_is_made_of_it(struct fixture *f)
{
   const uint64_t heap[] = {1, id_of(TONGS_TYPE_VkDevice, DEVICE), TONGS_HEAP_PAGE};
   VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                .allocationSize = 100};
   VkDeviceMemory memory = HANDLE(VkDeviceMemory, FREE);
   unsigned char resident;

   int fd = memfd_create("heap", MFD_CLOEXEC | MFD_ALLOW_SEALING);
   if (!CHECK(!ftruncate(fd, (off_t)TONGS_HEAP_PAGE)) ||
       !CHECK(!fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)))
      return;
   send_fd(f, fd);
   execute_own(f, TONGS_OP_tongsHeapCreate, TONGS_OP_FLAG_FD, heap, 3);
   execute(f, TONGS_OP_vkAllocateMemory,
           &(struct tongs_args_vkAllocateMemory){.device = HANDLE(VkDevice, DEVICE),
                                                 .pAllocateInfo = &info,
                                                 .pMemory = &memory,
                                                 .heap = 1});
   const struct rdr_memory *made =
      is_there(f, TONGS_TYPE_VkDeviceMemory, FREE) ? f->ctx.slots[FREE].data : NULL;
   if (!CHECK(made && made->heap))
      return;
   struct rdr_heap *used;
   void *page;
   CHECK(rdr_heap_range(&f->ctx, &f->device, 1, 0, TONGS_HEAP_PAGE, &used, &page));
   execute_own(f, TONGS_OP_tongsHeapDestroy, 0, heap, 2);
   CHECK(!rdr_heap_range(&f->ctx, &f->device, 1, 0, TONGS_HEAP_PAGE, &used, &page));
   CHECK(mincore(page, TONGS_HEAP_PAGE, &resident) == 0);
   execute(f, TONGS_OP_vkFreeMemory,
           &(struct tongs_args_vkFreeMemory){.device = HANDLE(VkDevice, DEVICE), .memory = memory});
   CHECK(!f->ctx.ended);
   CHECK(tongs_list_is_empty(&f->ctx.heaps));
}

static void
a_queue_that_the_device_has_not_ends_the_connection(struct fixture *f)
{
   const uint64_t wrong[] = {id_of(TONGS_TYPE_VkDevice, DEVICE), id_of(TONGS_TYPE_VkQueue, FREE),
                             UINT64_C(7) << 32 /* flags, family */, 0};
   execute_own(f, TONGS_OP_tongsGetQueue, 0, wrong, 4);
   CHECK_EQUAL(f->ctx.ended, RDR_RULE_BROKEN);
}

static void
a_wait_on_a_lost_device_returns(struct fixture *f)
{
   VkFence fence = HANDLE(VkFence, FREE);
   struct tongs_args_vkWaitForFences args = {.device = HANDLE(VkDevice, DEVICE),
                                             .fenceCount = 1,
                                             .pFences = &fence,
                                             .timeout = UINT64_MAX};
   const struct rdr_op submission = {.number = TONGS_OP_vkQueueSubmit};
   uint32_t reply[4] = {0};

   rdr_object_add(&f->ctx, TONGS_TYPE_VkFence, (uint64_t)fence, 9, VK_SUCCESS, DEVICE, &f->device);
   execute(f, TONGS_OP_vkWaitForFences, &args); /* goes to a thread, as nothing signals */
   rdr_post_failed(&f->ctx, &submission, &f->device, "vkQueueSubmit",
                   VK_ERROR_OUT_OF_DEVICE_MEMORY);
   if (!CHECK(recv(f->client, reply, sizeof(reply), MSG_WAITALL) == sizeof(reply)) ||
       !CHECK_EQUAL((int32_t)reply[3], VK_ERROR_DEVICE_LOST))
      return;
   execute(f, TONGS_OP_vkWaitForFences, &args); /* at once */
   rdr_replies_flush(&f->ctx);
   CHECK(recv(f->client, reply, sizeof(reply), MSG_WAITALL) == sizeof(reply));
   CHECK_EQUAL((int32_t)reply[3], VK_ERROR_DEVICE_LOST);
   CHECK(!f->ctx.ended);
}

static void
a_device_can_go_while_another_one_is_waited_for(struct fixture *f)
{
   VkFence fence = HANDLE(VkFence, FREE);
   struct rdr_device *other = calloc(1, sizeof(*other));

   tongs_list_init(&other->orphans);
   other->vk.DestroyDevice = destroy_device;
   rdr_object_add(&f->ctx, TONGS_TYPE_VkDevice, id_of(TONGS_TYPE_VkDevice, FREE + 1), 3, VK_SUCCESS,
                  0, other);
   rdr_object_add(&f->ctx, TONGS_TYPE_VkFence, (uint64_t)fence, 9, VK_SUCCESS, DEVICE, &f->device);
   execute(f, TONGS_OP_vkWaitForFences,
           &(struct tongs_args_vkWaitForFences){.device = HANDLE(VkDevice, DEVICE),
                                                .fenceCount = 1,
                                                .pFences = &fence,
                                                .timeout = UINT64_MAX});
   execute(f, TONGS_OP_vkDestroyDevice,
           &(struct tongs_args_vkDestroyDevice){.device = HANDLE(VkDevice, FREE + 1)});
   CHECK(!f->ctx.ended);
   CHECK(!is_there(f, TONGS_TYPE_VkDevice, FREE + 1));
   execute(f, TONGS_OP_vkDestroyDevice,
           &(struct tongs_args_vkDestroyDevice){.device = HANDLE(VkDevice, DEVICE)});
   f->device.lost = true; /* ends the wait */
   CHECK_EQUAL(f->ctx.ended, RDR_RULE_BROKEN);
}

static void
get_results(struct fixture *f, uint32_t first, uint32_t count, size_t size, uint64_t stride)
{
   uint64_t data[8] = {0};

   execute(f, TONGS_OP_vkGetQueryPoolResults,
           &(struct tongs_args_vkGetQueryPoolResults){.device = HANDLE(VkDevice, DEVICE),
                                                      .queryPool = HANDLE(VkQueryPool, FREE),
                                                      .firstQuery = first,
                                                      .queryCount = count,
                                                      .dataSize = size,
                                                      .pData = data,
                                                      .stride = stride,
                                                      .flags = VK_QUERY_RESULT_64_BIT});
}

static void
query_results_must_fit_where_they_are_written(struct fixture *f)
{
   VkQueryPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                 .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                 .queryCount = 4};
   VkQueryPool pool = HANDLE(VkQueryPool, FREE);

   execute(f, TONGS_OP_vkCreateQueryPool,
           &(struct tongs_args_vkCreateQueryPool){
              .device = HANDLE(VkDevice, DEVICE), .pCreateInfo = &info, .pQueryPool = &pool});
   get_results(f, 0, 4, 32, 8);
   get_results(f, 3, 1, 8, 0);
   CHECK(!f->ctx.ended);
   get_results(f, 0, 4, 32, 16); /* the last two lie behind the end */
   CHECK_EQUAL(f->ctx.ended, RDR_RULE_BROKEN);
   f->ctx.ended = 0;
   get_results(f, 2, 3, 64, 8); /* there is no query 4 */
   CHECK_EQUAL(f->ctx.ended, RDR_RULE_BROKEN);
}

/* --- All --- */

#define CASE(name) \
   { \
#name, name \
   }

static const struct {
   const char *name;
   void (*run)(struct fixture *f);
} cases[] = {
   CASE(a_set_freed_twice_in_one_op_ends_the_connection),
   CASE(a_set_is_freed_to_its_own_pool_alone),
   CASE(a_failed_create_leaves_a_failed_object_behind_if_it_is_a_post),
   CASE(a_pipeline_that_must_be_compiled_takes_no_id),
   CASE(a_pipeline_is_waited_for_where_it_is_used),
   CASE(a_pipeline_that_is_destroyed_unused_is_not_waited_for),
   CASE(a_shader_module_outlives_the_compilations_that_may_use_it),
   CASE(a_pipeline_that_could_not_be_compiled_is_failed),
   CASE(command_buffers_of_a_pool_that_failed_go_with_it),
   CASE(physical_devices_go_with_their_instance),
   CASE(a_heap_stays_mapped_while_a_memory_is_made_of_it),
   CASE(a_queue_that_the_device_has_not_ends_the_connection),
   CASE(a_wait_on_a_lost_device_returns),
   CASE(a_device_can_go_while_another_one_is_waited_for),
   CASE(query_results_must_fit_where_they_are_written),
};

int
main(void)
{
   const int count = (int)(sizeof(cases) / sizeof(cases[0]));

   for (int i = 0; i < count; i++) {
      struct fixture *f = start();
      check_begin();
      cases[i].run(f);
      check_finish(cases[i].name);
      stop(f);
   }
   return check_end();
}
