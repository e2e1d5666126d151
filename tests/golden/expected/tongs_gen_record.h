/* made by codegen/gen.py from tongs_gen_record.h.mako: do not edit. SPDX-License-Identifier: MIT */
#ifndef TONGS_GEN_RECORD_H
#define TONGS_GEN_RECORD_H

#include "protocol/bounds.h"
#include "protocol/decoder.h"
#include "protocol/encoder.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

/* Recorded commands without chains are by far the most frequent ops. Both sides write and read them in place. On the
 * wire they are like all others.
 *
 * `room` is how many bytes the arguments take at most, with padding at their end. `put` writes the arguments to 8-byte
 * aligned memory that has that much room, and returns their end; with `raw`, handles are ids already. `get` reads them
 * into `v`, which the caller has zeroed. */

static inline uint64_t
tongs_room_vkCmdFlat(const struct tongs_args_vkCmdFlat *v)
{
   uint64_t room = 68;

   (void)v;
   room += tongs_room(v->pBuffers, v->count, 8);
   room += tongs_room(v->pCommandBuffers, v->count, 8);
   room += tongs_room(v->pRanges, v->count, 16);
   room += tongs_room(v->pExtents, v->count, 8);
   room += tongs_room(v->pShorts, v->count, 2);
   room += tongs_room(v->pModes, v->count, 4);
   room += tongs_room(v->pValues, v->size, 1);
   return room;
}

static inline uint8_t *
tongs_put_vkCmdFlat(uint8_t *p, const struct tongs_args_vkCmdFlat *v, bool raw)
{
   tongs_put_handle(p + 0, (uintptr_t)(v->buffer), raw);
   tongs_put_u32(p + 8, v->mode);
   tongs_put_u64(p + 12, v->offset);
   tongs_put_u32(p + 20, v->count);
   p += 24;
   p = tongs_put_handles(p, (const uint64_t *)v->pBuffers, v->count, raw);
   p = tongs_put_dispatchables(p, v->pCommandBuffers, v->count, raw);
   p = tongs_put_array(p, v->pRanges, v->count, 16, 2, true);
   p = tongs_put_array(p, v->pExtents, v->count, 8, 2, false);
   p = tongs_put_array(p, v->pShorts, v->count, 2, 1, false);
   p = tongs_put_array(p, v->pModes, v->count, 4, 1, false);
   tongs_put_u32(p + 0, v->size);
   p += 4;
   p = tongs_put_array(p, v->pValues, v->size, 1, 1, true);
   (void)v, (void)raw;
   return p;
}

static inline void
tongs_get_vkCmdFlat(struct tongs_decoder *d, struct tongs_args_vkCmdFlat *v)
{
   const uint8_t *p;

   if (!(p = tongs_take(d, 24)))
      return;
   v->buffer = (VkBuffer)tongs_get_handle(d, p + 0, TONGS_TYPE_VkBuffer, "vkCmdFlat.buffer");
   v->mode = (VkFormat)tongs_get_enum(p + 8, 0, 1, TONGS_ENUM_VkFormat);
   v->offset = (uint64_t)tongs_get_u64(p + 12);
   v->count = (uint32_t)tongs_get_u32(p + 20);
   v->pBuffers = (VkBuffer *)tongs_get_handles(d, v->count, false, TONGS_TYPE_VkBuffer,
                                               "vkCmdFlat.pBuffers");
   v->pCommandBuffers = tongs_decode_dispatchables(d, v->count, false, TONGS_TYPE_VkCommandBuffer,
                                                   "vkCmdFlat.pCommandBuffers");
   v->pRanges = tongs_get_array(d, v->count, true, 16, 2, true);
   v->pExtents = tongs_get_array(d, v->count, false, 8, 2, false);
   v->pShorts = tongs_get_array(d, v->count, false, 2, 1, false);
   v->pModes = tongs_decode_enums(d, v->count, false, TONGS_ENUM_VkFormat);
   if (!(p = tongs_take(d, 4)))
      return;
   v->size = (uint32_t)tongs_get_u32(p + 0);
   v->pValues = tongs_get_array(d, v->size, false, 1, 1, true);
   (void)d, (void)v;
}

#endif
