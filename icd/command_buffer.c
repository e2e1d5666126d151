/* SPDX-License-Identifier: MIT */
#include "icd/command_buffer.h"

#include "icd/command_pool.h"
#include "icd/connection.h"
#include "icd/device.h"
#include "protocol/args.h"
#include "protocol/ignored.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"
#include "tongs_gen_own.h"

#include <stdlib.h>

/* A recording is shipped (moved to the stream) in parts of about this size, in bytes. A power of
 * two, because the encoder's buffer grows to it. */
#define SHIP_SIZE ((size_t)64 * 1024)

static struct icd_command_buffer *
command_buffer_from(VkCommandBuffer handle)
{
   return (struct icd_command_buffer *)handle;
}

/* --- Recording --- */

/* Marks the command buffer as having unshipped commands. Takes no lock, because every recording
 * calls this. */
static void
enter_open(struct icd_command_buffer *cb)
{
   uint64_t clock = atomic_load_explicit(&cb->device->deferred.clock, memory_order_relaxed);

   atomic_store_explicit(&cb->open_since, clock + 1, memory_order_relaxed);
}

/* Marks the command buffer as having no unshipped commands. Runs the destructions that were
 * deferred because of it. Clear `open_since` before reading the clock:
 * icd_destroy_layout_when_shipped() does the reverse, so one of the two sees the other. */
static void
leave_open(struct icd_command_buffer *cb)
{
   struct icd_device *dev = cb->device;
   uint64_t since = atomic_exchange(&cb->open_since, 0);

   if (dev->deferred.clock < since)
      return; /* nothing was deferred since it was opened */
   icd_run_deferred_destroys(dev);
}

static void
open_record(struct icd_command_buffer *cb)
{
   if (!cb->recording)
      enter_open(cb);
   tongs_encoder_reset(&cb->encoder);
   cb->record = tongs_encode_op_begin(&cb->encoder, TONGS_OP_tongsRecord, 0);
   tongs_encode_tongsRecord(&cb->encoder,
                            &(struct tongs_args_tongsRecord){.command_buffer = cb->base.object.id});
   cb->failed |= cb->encoder.failed;
   cb->recording = true;
}

static void
ship(struct icd_command_buffer *cb)
{
   cb->holds = false; /* the worker's command buffer has begun, so it needs the end, too */
   if (!tongs_encode_op_end(&cb->encoder, cb->record) ||
       !icd_append(cb->base.connection, &cb->encoder))
      cb->failed = true;
   tongs_encoder_reset(&cb->encoder);
   cb->recording = false;
   leave_open(cb);
}

uint8_t *
icd_put_make_room(struct icd_command_buffer *cb, uint64_t room)
{
   if (cb->recording && tongs_encoder_size(&cb->encoder) + room > SHIP_SIZE)
      ship(cb);
   if (!cb->recording)
      open_record(cb);
   if (room > TONGS_OP_SIZE_MAX || !tongs_encoder_reserve(&cb->encoder, (size_t)room)) {
      cb->encoder.failed = false;
      cb->failed = true;
      return NULL;
   }
   return cb->encoder.cur;
}

struct tongs_encoder *
icd_record_begin(struct icd_command_buffer *cb, uint32_t op, size_t *offset)
{
   if (!cb->recording)
      open_record(cb);
   *offset = tongs_encode_op_begin(&cb->encoder, (uint16_t)op, 0);
   return &cb->encoder;
}

void
icd_record_end(struct icd_command_buffer *cb, size_t offset)
{
   if (!tongs_encode_op_end(&cb->encoder, offset))
      cb->failed = true;
   if (tongs_encoder_size(&cb->encoder) >= SHIP_SIZE)
      ship(cb);
}

void
icd_record(VkCommandBuffer commandBuffer, uint32_t op, const void *args)
{
   struct icd_command_buffer *cb = command_buffer_from(commandBuffer);
   size_t offset;

   tongs_ops[op].encode(icd_record_begin(cb, op, &offset), args);
   icd_record_end(cb, offset);
}

#ifdef VK_EXT_device_generated_commands
/* The host driver reads what has been recorded into the state command buffer so far. The
 * application may record more, reset or free it right after the call. So the worker gets first the
 * state's commands, then this one, without delay. */
VKAPI_ATTR void VKAPI_CALL
icd_CmdPreprocessGeneratedCommandsEXT(VkCommandBuffer commandBuffer,
                                      const VkGeneratedCommandsInfoEXT *pGeneratedCommandsInfo,
                                      VkCommandBuffer stateCommandBuffer)
{
   struct icd_command_buffer *cb = command_buffer_from(commandBuffer);
   struct icd_command_buffer *state = command_buffer_from(stateCommandBuffer);

   if (state && state != cb && state->recording)
      ship(state);
   icd_record(commandBuffer, TONGS_OP_vkCmdPreprocessGeneratedCommandsEXT,
              &(struct tongs_args_vkCmdPreprocessGeneratedCommandsEXT){
                 .pGeneratedCommandsInfo = pGeneratedCommandsInfo,
                 .stateCommandBuffer = stateCommandBuffer,
              });
   if (state != cb && cb->recording)
      ship(cb);
}
#endif

/* --- Held recordings --- */

static void
drop_held(struct icd_command_buffer *cb)
{
   if (!atomic_load_explicit(&cb->held, memory_order_relaxed))
      return;
   atomic_store_explicit(&cb->held, false, memory_order_relaxed);
   cb->recording = false;
   leave_open(cb);
}

VkResult
icd_ship_held(struct icd_command_buffer *cb)
{
   pthread_mutex_lock(&cb->device->ship_lock);
   if (atomic_load_explicit(&cb->held, memory_order_relaxed)) {
      ship(cb);
      atomic_store_explicit(&cb->held, false, memory_order_release);
   }
   VkResult result = cb->failed ? VK_ERROR_OUT_OF_HOST_MEMORY : VK_SUCCESS;
   pthread_mutex_unlock(&cb->device->ship_lock);
   return result;
}

/* --- Beginning and ending --- */

VKAPI_ATTR VkResult VKAPI_CALL
icd_BeginCommandBuffer(VkCommandBuffer commandBuffer, const VkCommandBufferBeginInfo *pBeginInfo)
{
   struct icd_command_buffer *cb = command_buffer_from(commandBuffer);

   drop_held(cb);
   cb->holds = cb->ended && !atomic_load_explicit(&cb->used, memory_order_relaxed);
   cb->ended = false;
   atomic_store_explicit(&cb->used, false, memory_order_relaxed);
   cb->failed = false;
   open_record(cb);
   if (cb->level == VK_COMMAND_BUFFER_LEVEL_PRIMARY)
      cb->encoder.ignored = TONGS_IGNORED_INHERITANCE;
   icd_record(commandBuffer, TONGS_OP_vkBeginCommandBuffer,
              &(struct tongs_args_vkBeginCommandBuffer){.pBeginInfo = pBeginInfo});
   return cb->failed ? VK_ERROR_OUT_OF_HOST_MEMORY : VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_EndCommandBuffer(VkCommandBuffer commandBuffer)
{
   struct icd_command_buffer *cb = command_buffer_from(commandBuffer);

   icd_record(commandBuffer, TONGS_OP_vkEndCommandBuffer,
              &(struct tongs_args_vkEndCommandBuffer){0});
   cb->ended = true;
   if (cb->recording && cb->holds)
      atomic_store_explicit(&cb->held, true, memory_order_relaxed);
   else if (cb->recording)
      ship(cb);
   if (icd_connection_is_lost(cb->base.connection))
      return tongs_ops[TONGS_OP_vkEndCommandBuffer].lost;
   return cb->failed ? VK_ERROR_OUT_OF_HOST_MEMORY : VK_SUCCESS;
}

void
icd_command_buffer_forget(struct icd_command_buffer *cb, bool release)
{
   drop_held(cb);
   tongs_encoder_trim(&cb->encoder, release ? 0 : SIZE_MAX);
   if (cb->recording)
      leave_open(cb);
   cb->recording = false;
   cb->failed = false;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_ResetCommandBuffer(VkCommandBuffer commandBuffer, VkCommandBufferResetFlags flags)
{
   struct icd_command_buffer *cb = command_buffer_from(commandBuffer);
   struct tongs_args_vkResetCommandBuffer args = {.commandBuffer = commandBuffer, .flags = flags};

   icd_command_buffer_forget(cb, flags & VK_COMMAND_BUFFER_RESET_RELEASE_RESOURCES_BIT);
   return icd_post(cb->base.connection, TONGS_OP_vkResetCommandBuffer, &args);
}

/* --- Creation --- */

static struct icd_command_buffer *
create_command_buffer(struct icd_device *dev, struct icd_command_pool *pool,
                      VkCommandBufferLevel level)
{
   struct icd_command_buffer *cb =
      icd_object_create_sized(&dev->base, &pool->alloc, TONGS_TYPE_VkCommandBuffer, sizeof(*cb));
   if (!cb)
      return NULL;
   icd_object_init_dispatchable(&cb->base.object);
   cb->base.connection = dev->base.connection;
   cb->base.alloc = pool->alloc;
   cb->device = dev;
   cb->pool = pool;
   cb->level = level;
   tongs_encoder_init(&cb->encoder);
   if (!dev->base.connection->peer.identical)
      cb->encoder.peer_structs = dev->base.connection->peer.structs;
   tongs_list_insert(&pool->command_buffers, &cb->pool_link);
   pthread_mutex_lock(&dev->deferred.lock);
   tongs_list_insert(&dev->deferred.command_buffers, &cb->device_link);
   pthread_mutex_unlock(&dev->deferred.lock);
   return cb;
}

void
icd_command_buffer_destroy(struct icd_device *dev, struct icd_command_buffer *cb)
{
   if (!cb)
      return;
   tongs_list_remove(&cb->pool_link);
   pthread_mutex_lock(&dev->deferred.lock);
   tongs_list_remove(&cb->device_link);
   pthread_mutex_unlock(&dev->deferred.lock);
   if (cb->recording)
      leave_open(cb);
   tongs_encoder_finish(&cb->encoder);
   icd_object_destroy(&dev->base, &cb->pool->alloc, &cb->base.object);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_AllocateCommandBuffers(VkDevice device, const VkCommandBufferAllocateInfo *pAllocateInfo,
                           VkCommandBuffer *pCommandBuffers)
{
   struct icd_device *dev = icd_device_from(device);
   struct icd_command_pool *pool = icd_command_pool_from(pAllocateInfo->commandPool);
   uint32_t count = pAllocateInfo->commandBufferCount;
   VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;

   memset(pCommandBuffers, 0, count * sizeof(*pCommandBuffers));
   for (uint32_t i = 0; i < count; i++) {
      struct icd_command_buffer *cb = create_command_buffer(dev, pool, pAllocateInfo->level);
      if (!cb)
         goto fail;
      pCommandBuffers[i] = (VkCommandBuffer)cb;
   }
   struct tongs_args_vkAllocateCommandBuffers args = {
      .device = device,
      .pAllocateInfo = pAllocateInfo,
      .pCommandBuffers = pCommandBuffers,
   };
   result = icd_post(dev->base.connection, TONGS_OP_vkAllocateCommandBuffers, &args);
   if (result == VK_SUCCESS)
      return VK_SUCCESS;

fail:
   for (uint32_t i = 0; i < count; i++)
      icd_command_buffer_destroy(dev, command_buffer_from(pCommandBuffers[i]));
   memset(pCommandBuffers, 0, count * sizeof(*pCommandBuffers));
   return result;
}

VKAPI_ATTR void VKAPI_CALL
icd_FreeCommandBuffers(VkDevice device, VkCommandPool commandPool, uint32_t commandBufferCount,
                       const VkCommandBuffer *pCommandBuffers)
{
   struct icd_device *dev = icd_device_from(device);
   struct tongs_args_vkFreeCommandBuffers args = {
      .device = device,
      .commandPool = commandPool,
      .commandBufferCount = commandBufferCount,
      .pCommandBuffers = pCommandBuffers,
   };

   icd_post(dev->base.connection, TONGS_OP_vkFreeCommandBuffers, &args);
   for (uint32_t i = 0; i < commandBufferCount; i++)
      icd_command_buffer_destroy(dev, command_buffer_from(pCommandBuffers[i]));
}
