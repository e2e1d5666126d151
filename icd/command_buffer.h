/* SPDX-License-Identifier: MIT */
#ifndef ICD_COMMAND_BUFFER_H
#define ICD_COMMAND_BUFFER_H

#include "icd/object.h"
#include "protocol/encoder.h"
#include "protocol/tongs_list.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <vulkan/vulkan_core.h>

struct icd_command_pool;
struct icd_device;

/* Commands are recorded as ops into the command buffer's own encoder, without a lock.
 * vkEndCommandBuffer ships them as one tongsRecord op; a long recording is shipped in parts before
 * that. The API synchronizes access to a command buffer and its pool externally. */
struct icd_command_buffer {
   struct icd_dispatchable base;
   struct icd_device *device;
   struct icd_command_pool *pool;
   struct tongs_list pool_link;   /* in its pool's list; the pool is externally synchronized */
   struct tongs_list device_link; /* in icd_deferred_destroys.command_buffers, under its lock */
   VkCommandBufferLevel level;
   struct tongs_encoder encoder;
   /* While a record is open: 1 + icd_deferred_destroys.clock at its opening; else 0. */
   _Atomic uint64_t open_since;
   size_t record;  /* the offset of the tongsRecord op in the encoder */
   bool recording; /* a tongsRecord op is open */
   bool failed;    /* a command could not be recorded: vkEndCommandBuffer reports it */

   /* A program that records the command buffer again without having used it is likely to do so once
    * more. From then on a recording stays here until it is used. */
   bool ended;       /* there is a recording, used or not */
   bool holds;       /* the recording was begun after one that was not used */
   atomic_bool used; /* the recording was submitted, or executed by a primary command buffer */
   atomic_bool held; /* vkEndCommandBuffer has not shipped the recording */
};

/* Makes room for an op of `room` bytes including its header. Returns the op's address; NULL if
 * memory is out. */
uint8_t *
icd_put_make_room(struct icd_command_buffer *cb, uint64_t room);

/* Makes room for an op with at most `room` bytes after its header. icd_put_end() ends the op. */
static inline uint8_t *
icd_put_begin(VkCommandBuffer handle, uint64_t room)
{
   struct icd_command_buffer *cb = (struct icd_command_buffer *)handle;

   room += sizeof(struct tongs_op_header);
   if (__builtin_expect(cb->recording && room <= (size_t)(cb->encoder.end - cb->encoder.cur), 1))
      return cb->encoder.cur;
   return icd_put_make_room(cb, room);
}

/* Writes the op's header and padding. `end`: the end of the bytes after the header. */
static inline void
icd_put_end(VkCommandBuffer handle, uint32_t op, uint8_t *start, uint8_t *end)
{
   struct icd_command_buffer *cb = (struct icd_command_buffer *)handle;

   if ((end - start) % 8) {
      tongs_put_u32(end, 0);
      end += 4;
   }
   tongs_put_u64(start, op | (uint64_t)(end - start) << 32);
   cb->encoder.cur = end;
}

/* Records one command. `args`: its struct tongs_args_*, without the command buffer. */
void
icd_record(VkCommandBuffer commandBuffer, uint32_t op, const void *args);

/* Starts a command that is encoded by hand. */
struct tongs_encoder *
icd_record_begin(struct icd_command_buffer *cb, uint32_t op, size_t *offset);

void
icd_record_end(struct icd_command_buffer *cb, size_t offset);

/* Ships a held recording. */
VkResult
icd_ship_held(struct icd_command_buffer *cb);

/* The command buffer is about to be submitted or executed. Any thread, because several may submit
 * it at once. */
static inline VkResult
icd_use_command_buffer(VkCommandBuffer handle)
{
   struct icd_command_buffer *cb = (struct icd_command_buffer *)handle;

   if (!atomic_load_explicit(&cb->used, memory_order_relaxed))
      atomic_store_explicit(&cb->used, true, memory_order_relaxed);
   /* Acquire: another thread has shipped the commands. Pairs with the store in icd_ship_held(). */
   return atomic_load_explicit(&cb->held, memory_order_acquire) ? icd_ship_held(cb) : VK_SUCCESS;
}

/* Drops the unshipped commands. `release`: frees their memory, too. */
void
icd_command_buffer_forget(struct icd_command_buffer *cb, bool release);

/* Removes the command buffer from its pool and frees it. The caller posts the op that destroys the
 * worker's object. `cb` may be NULL. */
void
icd_command_buffer_destroy(struct icd_device *dev, struct icd_command_buffer *cb);

#endif
