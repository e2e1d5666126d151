/* SPDX-License-Identifier: MIT */
#ifndef TONGS_ID_H
#define TONGS_ID_H

#include <stdint.h>

/* The 64-bit name that the client gives an object:
 *
 *    63      56 55                32 31                               0
 *   +----------+--------------------+----------------------------------+
 *   |   type   |     generation     |               slot               |
 *   +----------+--------------------+----------------------------------+
 *
 * The type is a number of protocol/ops.txt. A slot that is used again gets the next generation, so
 * that a stale id names nothing. Zero is VK_NULL_HANDLE. */

#define TONGS_ID_GENERATION_MASK UINT32_C(0xffffff)

static inline uint64_t
tongs_id(uint8_t type, uint32_t generation, uint32_t slot)
{
   return (uint64_t)type << 56 | (uint64_t)(generation & TONGS_ID_GENERATION_MASK) << 32 | slot;
}

static inline uint8_t
tongs_id_type(uint64_t id)
{
   return id >> 56;
}

static inline uint32_t
tongs_id_generation(uint64_t id)
{
   return (uint32_t)(id >> 32) & TONGS_ID_GENERATION_MASK;
}

static inline uint32_t
tongs_id_slot(uint64_t id)
{
   return (uint32_t)id;
}

/* The object that a client's Vulkan handle points to. The loader owns the first word of
 * dispatchable objects; all others have it too, so that the encoder finds every id in the same
 * place. */
struct tongs_object {
   uintptr_t loader_data;
   uint64_t id;
};

/* One entry of the worker's object table, read by the decoder without a lock. */
struct tongs_slot {
   uint64_t id;     /* 0: free */
   uint64_t handle; /* the host's; 0: its creation failed */
   uint32_t device; /* the slot of the VkDevice that it belongs to, 0 for instance-level objects */
   int32_t result;  /* negative: why it is of no use, a VkResult: its creation failed, or the
                       recording  of its commands did. Of a command buffer, positive: the number of
                       the op that  was to bind what is not bound (renderer/worker/replay.c) */
   void *data;      /* the renderer's own */
};

#endif
