/* SPDX-License-Identifier: MIT */
/* Command pools and buffers, and the commands that have an effect. */
#include "tests/mock/mock.h"

#include "mock_gen.h"

#include <stdlib.h>
#include <string.h>

enum recorded_kind {
   RECORDED_FILL,        /* a: buffer, dst, size, value */
   RECORDED_UPDATE,      /* a: buffer, dst, size, data */
   RECORDED_COPY,        /* a: source, src; b: destination, dst; size */
   RECORDED_SET_EVENT,   /* a: event */
   RECORDED_RESET_EVENT, /* a */
   RECORDED_WAIT_EVENT,  /* a */
   RECORDED_EXECUTE,     /* a: command buffer */
   RECORDED_QUERY,       /* a: pool, first query; value 1: a timestamp */
   RECORDED_RESET_QUERIES,
   RECORDED_COPY_QUERIES, /* a: pool, first, count, value: flags; b: buffer, dst, size: stride */
};

struct mock_recorded {
   enum recorded_kind kind;
   uint64_t a, b;
   uint64_t src, dst, size;
   uint32_t first, count, value;
   uint8_t *data; /* owned */
};

/* --- Pools and buffers --- */

static void
clear(struct mock_command_buffer *commands)
{
   for (size_t i = 0; i < commands->command_count; i++)
      free(commands->commands[i].data);
   commands->command_count = 0;
   commands->use_count = 0;
   commands->other_commands = 0;
}

static void
command_buffer_finish(struct mock_object *object)
{
   struct mock_command_buffer *commands = (struct mock_command_buffer *)object;

   clear(commands);
   free(commands->commands);
   free(commands->uses);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_AllocateCommandBuffers(VkDevice device, const VkCommandBufferAllocateInfo *pAllocateInfo,
                            VkCommandBuffer *pCommandBuffers)
{
   (void)device;
   for (uint32_t i = 0; i < pAllocateInfo->commandBufferCount; i++) {
      struct mock_command_buffer *commands = (void *)mock_object_create(
         (uintptr_t)pAllocateInfo->commandPool, MOCK_TYPE_VkCommandBuffer, sizeof(*commands));
      commands->level = pAllocateInfo->level;
      commands->base.finish = command_buffer_finish;
      pCommandBuffers[i] = (VkCommandBuffer)commands;
   }
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
mock_FreeCommandBuffers(VkDevice device, VkCommandPool commandPool, uint32_t commandBufferCount,
                        const VkCommandBuffer *pCommandBuffers)
{
   (void)device;
   for (uint32_t i = 0; i < commandBufferCount; i++) {
      if (!pCommandBuffers[i])
         continue;
      const struct mock_object *object = (struct mock_object *)pCommandBuffers[i];
      if (object->parent->handle != (uintptr_t)commandPool)
         mock_abort("vkFreeCommandBuffers: a command buffer is from another pool");
      mock_object_destroy("vkFreeCommandBuffers", (uintptr_t)pCommandBuffers[i]);
   }
}

static void
set_state(const char *command, struct mock_command_buffer *commands, enum mock_state state)
{
   struct mock_device *device = commands->base.device;

   pthread_mutex_lock(&device->mutex);
   if (commands->pending)
      mock_abort("%s: the command buffer is in use by work that has not completed", command);
   commands->state = state;
   pthread_mutex_unlock(&device->mutex);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_BeginCommandBuffer(VkCommandBuffer commandBuffer, const VkCommandBufferBeginInfo *pBeginInfo)
{
   struct mock_command_buffer *commands = (struct mock_command_buffer *)commandBuffer;

   if (commands->state == MOCK_STATE_RECORDING)
      mock_abort("vkBeginCommandBuffer: the command buffer is being recorded");
   set_state("vkBeginCommandBuffer", commands, MOCK_STATE_RECORDING);
   clear(commands);
   commands->one_time = pBeginInfo->flags & VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_EndCommandBuffer(VkCommandBuffer commandBuffer)
{
   struct mock_command_buffer *commands = (struct mock_command_buffer *)commandBuffer;

   if (commands->state != MOCK_STATE_RECORDING)
      mock_abort("vkEndCommandBuffer: the command buffer is not being recorded");
   set_state("vkEndCommandBuffer", commands, MOCK_STATE_EXECUTABLE);
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_ResetCommandBuffer(VkCommandBuffer commandBuffer, VkCommandBufferResetFlags flags)
{
   struct mock_command_buffer *commands = (struct mock_command_buffer *)commandBuffer;

   (void)flags;
   set_state("vkResetCommandBuffer", commands, MOCK_STATE_INITIAL);
   clear(commands);
   return VK_SUCCESS;
}

static void
reset_one(struct mock_object *object, void *data)
{
   (void)data;
   mock_ResetCommandBuffer((VkCommandBuffer)object, 0);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_ResetCommandPool(VkDevice device, VkCommandPool commandPool, VkCommandPoolResetFlags flags)
{
   (void)device, (void)flags;
   mock_object_each_child(mock_object_find((uint64_t)(uintptr_t)commandPool), reset_one, NULL);
   return VK_SUCCESS;
}

/* --- Recording --- */

void
mock_count_command(VkCommandBuffer commandBuffer)
{
   ((struct mock_command_buffer *)commandBuffer)->other_commands++;
}

static struct mock_recorded *
record(VkCommandBuffer commandBuffer, struct mock_recorded recorded)
{
   struct mock_command_buffer *commands = (struct mock_command_buffer *)commandBuffer;

   if (commands->command_count == commands->command_capacity) {
      commands->command_capacity = commands->command_capacity ? 2 * commands->command_capacity : 8;
      commands->commands =
         realloc(commands->commands, commands->command_capacity * sizeof(recorded));
      if (!commands->commands)
         mock_abort("no memory");
   }
   commands->commands[commands->command_count] = recorded;
   return &commands->commands[commands->command_count++];
}

#define HANDLE(h) ((uint64_t)(uintptr_t)(h))

VKAPI_ATTR void VKAPI_CALL
mock_CmdFillBuffer(VkCommandBuffer commandBuffer, VkBuffer dstBuffer, VkDeviceSize dstOffset,
                   VkDeviceSize size, uint32_t data)
{
   const struct mock_buffer *buffer = MOCK_GET("vkCmdFillBuffer", dstBuffer, buffer);

   if (dstOffset % 4 || dstOffset >= buffer->size)
      mock_abort("vkCmdFillBuffer: offset %llu in a buffer of %llu", (unsigned long long)dstOffset,
                 (unsigned long long)buffer->size);
   if (size == VK_WHOLE_SIZE)
      size = (buffer->size - dstOffset) & ~UINT64_C(3);
   record(commandBuffer, (struct mock_recorded){
                            .kind = RECORDED_FILL,
                            .a = HANDLE(dstBuffer),
                            .dst = dstOffset,
                            .size = size,
                            .value = data,
                         });
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdUpdateBuffer(VkCommandBuffer commandBuffer, VkBuffer dstBuffer, VkDeviceSize dstOffset,
                     VkDeviceSize dataSize, const void *pData)
{
   if (!dataSize || dataSize > 65536 || dataSize % 4 || dstOffset % 4)
      mock_abort("vkCmdUpdateBuffer: %llu bytes at offset %llu", (unsigned long long)dataSize,
                 (unsigned long long)dstOffset);
   struct mock_recorded *r = record(commandBuffer, (struct mock_recorded){
                                                      .kind = RECORDED_UPDATE,
                                                      .a = HANDLE(dstBuffer),
                                                      .dst = dstOffset,
                                                      .size = dataSize,
                                                   });
   r->data = malloc(dataSize);
   if (!r->data)
      mock_abort("no memory");
   memcpy(r->data, pData, dataSize);
}

static void
record_copy(VkCommandBuffer commandBuffer, VkBuffer from, uint64_t src, VkBuffer to, uint64_t dst,
            uint64_t size)
{
   record(commandBuffer, (struct mock_recorded){
                            .kind = RECORDED_COPY,
                            .a = HANDLE(from),
                            .b = HANDLE(to),
                            .src = src,
                            .dst = dst,
                            .size = size,
                         });
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdCopyBuffer(VkCommandBuffer commandBuffer, VkBuffer srcBuffer, VkBuffer dstBuffer,
                   uint32_t regionCount, const VkBufferCopy *pRegions)
{
   for (uint32_t i = 0; i < regionCount; i++) {
      record_copy(commandBuffer, srcBuffer, pRegions[i].srcOffset, dstBuffer, pRegions[i].dstOffset,
                  pRegions[i].size);
   }
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdCopyBuffer2(VkCommandBuffer commandBuffer, const VkCopyBufferInfo2 *pCopyBufferInfo)
{
   for (uint32_t i = 0; i < pCopyBufferInfo->regionCount; i++) {
      const VkBufferCopy2 *region = &pCopyBufferInfo->pRegions[i];
      record_copy(commandBuffer, pCopyBufferInfo->srcBuffer, region->srcOffset,
                  pCopyBufferInfo->dstBuffer, region->dstOffset, region->size);
   }
}

static void
record_event(VkCommandBuffer commandBuffer, enum recorded_kind kind, VkEvent event)
{
   record(commandBuffer, (struct mock_recorded){.kind = kind, .a = HANDLE(event)});
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdSetEvent(VkCommandBuffer commandBuffer, VkEvent event, VkPipelineStageFlags stageMask)
{
   (void)stageMask;
   record_event(commandBuffer, RECORDED_SET_EVENT, event);
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdSetEvent2(VkCommandBuffer commandBuffer, VkEvent event,
                  const VkDependencyInfo *pDependencyInfo)
{
   (void)pDependencyInfo;
   record_event(commandBuffer, RECORDED_SET_EVENT, event);
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdResetEvent(VkCommandBuffer commandBuffer, VkEvent event, VkPipelineStageFlags stageMask)
{
   (void)stageMask;
   record_event(commandBuffer, RECORDED_RESET_EVENT, event);
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdResetEvent2(VkCommandBuffer commandBuffer, VkEvent event, VkPipelineStageFlags2 stageMask)
{
   (void)stageMask;
   record_event(commandBuffer, RECORDED_RESET_EVENT, event);
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdWaitEvents(VkCommandBuffer commandBuffer, uint32_t eventCount, const VkEvent *pEvents,
                   VkPipelineStageFlags srcStageMask, VkPipelineStageFlags dstStageMask,
                   uint32_t memoryBarrierCount, const VkMemoryBarrier *pMemoryBarriers,
                   uint32_t bufferMemoryBarrierCount,
                   const VkBufferMemoryBarrier *pBufferMemoryBarriers,
                   uint32_t imageMemoryBarrierCount,
                   const VkImageMemoryBarrier *pImageMemoryBarriers)
{
   (void)srcStageMask, (void)dstStageMask, (void)memoryBarrierCount, (void)pMemoryBarriers;
   (void)bufferMemoryBarrierCount, (void)pBufferMemoryBarriers;
   (void)imageMemoryBarrierCount, (void)pImageMemoryBarriers;
   for (uint32_t i = 0; i < eventCount; i++)
      record_event(commandBuffer, RECORDED_WAIT_EVENT, pEvents[i]);
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdWaitEvents2(VkCommandBuffer commandBuffer, uint32_t eventCount, const VkEvent *pEvents,
                    const VkDependencyInfo *pDependencyInfos)
{
   (void)pDependencyInfos;
   for (uint32_t i = 0; i < eventCount; i++)
      record_event(commandBuffer, RECORDED_WAIT_EVENT, pEvents[i]);
}

/* The objects that a secondary names are in use with it, until the primary is reset. */
VKAPI_ATTR void VKAPI_CALL
mock_CmdExecuteCommands(VkCommandBuffer commandBuffer, uint32_t commandBufferCount,
                        const VkCommandBuffer *pCommandBuffers)
{
   for (uint32_t i = 0; i < commandBufferCount; i++) {
      const struct mock_command_buffer *secondary =
         MOCK_GET("vkCmdExecuteCommands", pCommandBuffers[i], command_buffer);
      if (secondary->level != VK_COMMAND_BUFFER_LEVEL_SECONDARY)
         mock_abort("vkCmdExecuteCommands: a primary command buffer");
      if (secondary->state != MOCK_STATE_EXECUTABLE)
         mock_abort("vkCmdExecuteCommands: a command buffer that was not recorded");
      struct mock_check e = {.recording = (struct mock_command_buffer *)commandBuffer};
      for (size_t k = 0; k < secondary->use_count; k++)
         mock_check_use(&e, secondary->uses[k]);
      record(commandBuffer, (struct mock_recorded){
                               .kind = RECORDED_EXECUTE,
                               .a = HANDLE(pCommandBuffers[i]),
                            });
   }
}

static void
record_query(const char *command, VkCommandBuffer commandBuffer, VkQueryPool handle, uint32_t query,
             bool timestamp)
{
   const struct mock_query_pool *pool = MOCK_GET(command, handle, query_pool);

   if (query >= pool->count)
      mock_abort("%s: query %u of %u", command, query, pool->count);
   record(commandBuffer, (struct mock_recorded){
                            .kind = RECORDED_QUERY,
                            .a = HANDLE(handle),
                            .first = query,
                            .count = 1,
                            .value = timestamp,
                         });
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdWriteTimestamp(VkCommandBuffer commandBuffer, VkPipelineStageFlagBits pipelineStage,
                       VkQueryPool queryPool, uint32_t query)
{
   (void)pipelineStage;
   record_query("vkCmdWriteTimestamp", commandBuffer, queryPool, query, true);
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdWriteTimestamp2(VkCommandBuffer commandBuffer, VkPipelineStageFlags2 stage,
                        VkQueryPool queryPool, uint32_t query)
{
   (void)stage;
   record_query("vkCmdWriteTimestamp2", commandBuffer, queryPool, query, true);
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdEndQuery(VkCommandBuffer commandBuffer, VkQueryPool queryPool, uint32_t query)
{
   record_query("vkCmdEndQuery", commandBuffer, queryPool, query, false);
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdResetQueryPool(VkCommandBuffer commandBuffer, VkQueryPool queryPool, uint32_t firstQuery,
                       uint32_t queryCount)
{
   record(commandBuffer, (struct mock_recorded){
                            .kind = RECORDED_RESET_QUERIES,
                            .a = HANDLE(queryPool),
                            .first = firstQuery,
                            .count = queryCount,
                         });
}

VKAPI_ATTR void VKAPI_CALL
mock_CmdCopyQueryPoolResults(VkCommandBuffer commandBuffer, VkQueryPool queryPool,
                             uint32_t firstQuery, uint32_t queryCount, VkBuffer dstBuffer,
                             VkDeviceSize dstOffset, VkDeviceSize stride, VkQueryResultFlags flags)
{
   record(commandBuffer, (struct mock_recorded){
                            .kind = RECORDED_COPY_QUERIES,
                            .a = HANDLE(queryPool),
                            .b = HANDLE(dstBuffer),
                            .first = firstQuery,
                            .count = queryCount,
                            .dst = dstOffset,
                            .size = stride,
                            .value = flags,
                         });
}

/* --- Carrying out --- */

static void
change_event(struct mock_device *device, uint64_t handle, bool set)
{
   pthread_mutex_lock(&device->mutex);
   MOCK_GET("vkCmdSetEvent", handle, event)->set = set;
   pthread_cond_broadcast(&device->changed);
   pthread_mutex_unlock(&device->mutex);
}

/* Returns as soon as the device is being destroyed. */
static void
wait_for_event(struct mock_device *device, uint64_t handle)
{
   pthread_mutex_lock(&device->mutex);
   while (!device->stop && !MOCK_GET("vkCmdWaitEvents", handle, event)->set)
      mock_device_wait_locked(device, UINT64_MAX);
   pthread_mutex_unlock(&device->mutex);
}

static void
fill(const struct mock_recorded *r)
{
   uint8_t *to = mock_buffer_bytes("vkCmdFillBuffer", (VkBuffer)(uintptr_t)r->a, r->dst, r->size);

   for (uint64_t i = 0; to && i < r->size; i += sizeof(r->value))
      memcpy(to + i, &r->value, sizeof(r->value));
}

static void
copy(const struct mock_recorded *r)
{
   const uint8_t *from =
      mock_buffer_bytes("vkCmdCopyBuffer", (VkBuffer)(uintptr_t)r->a, r->src, r->size);
   uint8_t *to = mock_buffer_bytes("vkCmdCopyBuffer", (VkBuffer)(uintptr_t)r->b, r->dst, r->size);

   if (from && to)
      memmove(to, from, r->size);
}

static void
update(const struct mock_recorded *r)
{
   uint8_t *to = mock_buffer_bytes("vkCmdUpdateBuffer", (VkBuffer)(uintptr_t)r->a, r->dst, r->size);

   if (to)
      memcpy(to, r->data, r->size);
}

static void
copy_queries(struct mock_device *device, const struct mock_recorded *r)
{
   struct mock_query_pool *pool = MOCK_GET("vkCmdCopyQueryPoolResults", r->a, query_pool);

   for (uint32_t i = 0; i < r->count; i++) {
      const size_t size = mock_query_size(pool, r->value);
      uint8_t *to = mock_buffer_bytes("vkCmdCopyQueryPoolResults", (VkBuffer)(uintptr_t)r->b,
                                      r->dst + i * r->size, size);
      pthread_mutex_lock(&device->mutex);
      if (to)
         mock_query_write_locked(pool, r->first + i, r->value, to);
      pthread_mutex_unlock(&device->mutex);
   }
}

void
mock_execute(struct mock_device *device, VkCommandBuffer commandBuffer)
{
   const struct mock_command_buffer *commands =
      MOCK_GET("vkQueueSubmit", commandBuffer, command_buffer);

   for (size_t i = 0; i < commands->command_count; i++) {
      const struct mock_recorded *r = &commands->commands[i];
      switch (r->kind) {
      case RECORDED_FILL:
         fill(r);
         break;
      case RECORDED_UPDATE:
         update(r);
         break;
      case RECORDED_COPY:
         copy(r);
         break;
      case RECORDED_SET_EVENT:
         change_event(device, r->a, true);
         break;
      case RECORDED_RESET_EVENT:
         change_event(device, r->a, false);
         break;
      case RECORDED_WAIT_EVENT:
         wait_for_event(device, r->a);
         break;
      case RECORDED_EXECUTE:
         mock_execute(device, (VkCommandBuffer)(uintptr_t)r->a);
         break;
      case RECORDED_QUERY:
         mock_query_end(MOCK_GET("vkCmdEndQuery", r->a, query_pool), r->first,
                        r->value ? mock_now_ns() : 0);
         break;
      case RECORDED_RESET_QUERIES:
         mock_queries_reset("vkCmdResetQueryPool",
                            MOCK_GET("vkCmdResetQueryPool", r->a, query_pool), r->first, r->count);
         break;
      case RECORDED_COPY_QUERIES:
         copy_queries(device, r);
         break;
      }
   }
}
