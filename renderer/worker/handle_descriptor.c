/* SPDX-License-Identifier: MIT */

/* vkUpdateDescriptorSets, the most frequent op besides recorded commands. We decode it into arrays
 * on the stack and pass the writes to the host driver in batches. The frequent types of writes
 * bypass the generated decoder. */

#include "renderer/worker/handlers.h"

#include "protocol/args.h"
#include "protocol/bounds.h"
#include "renderer/worker/execute.h"

#include "tongs_gen_args.h"
#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

#define WRITES 16u
#define DESCRIPTORS 64u

/* Sizes on the wire, in bytes: a write up to and including its descriptor type, the counts of its
 * three arrays, and one element of each of the three arrays. */
#define HEAD_SIZE 28u
#define COUNTS_SIZE 12u
#define BUFFER_SIZE 24u
#define IMAGE_SIZE 20u
#define VIEW_SIZE 8u

union descriptor {
   VkDescriptorBufferInfo buffer;
   VkDescriptorImageInfo image;
};

/* Writes that have not been passed to the host driver yet. */
struct batch {
   struct rdr_device *dev;
   uint32_t write_count;
   uint32_t descriptor_count;
   VkWriteDescriptorSet writes[WRITES];
   union descriptor descriptors[DESCRIPTORS];
};

/* Passes the writes to the host driver, unless the op is malformed. */
static void
flush(struct batch *b, const struct tongs_decoder *d)
{
   if (!d->error && !d->failed && !b->dev->lost && b->write_count)
      b->dev->vk.UpdateDescriptorSets(b->dev->handle, b->write_count, b->writes, 0, NULL);
   b->write_count = 0;
   b->descriptor_count = 0;
}

static const uint8_t *
decode_buffers(struct tongs_decoder *d, const uint8_t *p, VkWriteDescriptorSet *v,
               union descriptor *room)
{
   VkDescriptorBufferInfo *buffers = &room->buffer;

   _Static_assert(sizeof(union descriptor) == sizeof(VkDescriptorBufferInfo), "side by side");
   for (uint32_t i = 0; i < v->descriptorCount; i++, p += BUFFER_SIZE) {
      const struct tongs_slot *of;
      buffers[i] = (VkDescriptorBufferInfo){
         .buffer = (VkBuffer)tongs_get_handle_and_slot(d, p, TONGS_TYPE_VkBuffer, NULL, &of),
         .offset = tongs_get_u64(p + 8),
         .range = tongs_get_u64(p + 16),
      };
      if (buffers[i].buffer && of &&
          !tongs_in_buffer_or_rest(of, buffers[i].offset, buffers[i].range))
         tongs_decoder_fail_bounds(d, "a range is not in its buffer");
   }
   v->pBufferInfo = buffers;
   return p;
}

static const uint8_t *
decode_images(struct tongs_decoder *d, const uint8_t *p, VkWriteDescriptorSet *v,
              union descriptor *room)
{
   VkDescriptorImageInfo *images = &room->image;

   _Static_assert(sizeof(union descriptor) == sizeof(VkDescriptorImageInfo), "side by side");
   for (uint32_t i = 0; i < v->descriptorCount; i++, p += IMAGE_SIZE) {
      int32_t layout = (int32_t)tongs_get_u32(p + 16);
      images[i] = (VkDescriptorImageInfo){
         .sampler = (VkSampler)tongs_get_handle(d, p, TONGS_TYPE_VkSampler, NULL),
         .imageView = (VkImageView)tongs_get_handle(d, p + 8, TONGS_TYPE_VkImageView, NULL),
         .imageLayout = (VkImageLayout)tongs_enum_in_range(TONGS_ENUM_VkImageLayout, layout),
      };
   }
   v->pImageInfo = images;
   return p;
}

/* Whether the array of the write with the given index has `count` elements of `size` bytes in all,
 * and the other two arrays are empty. */
static bool
is_plain(const struct tongs_decoder *d, uint32_t count, size_t size, uint32_t array)
{
   const uint8_t *counts = d->cur + HEAD_SIZE;

   if (HEAD_SIZE + COUNTS_SIZE + size > tongs_decoder_left(d))
      return false;
   for (uint32_t i = 0; i < 3; i++) {
      if (tongs_get_u32(counts) != (i == array ? count : 0))
         return false;
      counts += 4 + (i == array ? size : 0);
   }
   return true;
}

/* Decodes a write of a frequent type. False, with nothing done, if the write has another type or is
 * malformed. */
static bool
decode_plain(struct batch *b, struct tongs_decoder *d)
{
   const uint8_t *p = d->cur;

   if (HEAD_SIZE + COUNTS_SIZE > tongs_decoder_left(d) || tongs_get_u32(p)) /* a chain */
      return false;
   uint32_t count = tongs_get_u32(p + 20), type = tongs_get_u32(p + 24);
   bool buffers = type >= VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER &&
                  type <= VK_DESCRIPTOR_TYPE_STORAGE_BUFFER_DYNAMIC;
   bool images = type <= VK_DESCRIPTOR_TYPE_STORAGE_IMAGE;
   size_t size = (size_t)count * (buffers ? BUFFER_SIZE : IMAGE_SIZE);

   if (!count || count > DESCRIPTORS || !(buffers || images) || !is_plain(d, count, size, buffers))
      return false;
   if (b->write_count == WRITES || count > DESCRIPTORS - b->descriptor_count)
      flush(b, d);
   VkWriteDescriptorSet *v = &b->writes[b->write_count++];
   union descriptor *room = &b->descriptors[b->descriptor_count];
   b->descriptor_count += count;
   *v = (VkWriteDescriptorSet){
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
      .dstSet = (VkDescriptorSet)tongs_get_handle(d, p + 4, TONGS_TYPE_VkDescriptorSet,
                                                  "VkWriteDescriptorSet.dstSet"),
      .dstBinding = tongs_get_u32(p + 12),
      .dstArrayElement = tongs_get_u32(p + 16),
      .descriptorCount = count,
      .descriptorType = (VkDescriptorType)type,
   };
   if (buffers)
      d->cur = decode_buffers(d, p + HEAD_SIZE + 8, v, room) + 4;
   else
      d->cur = decode_images(d, p + HEAD_SIZE + 4, v, room) + 8;
   return true;
}

/* Decodes and carries out the body of the op: writes, then copies. */
static void
decode(struct batch *b, struct tongs_decoder *d)
{
   uint32_t writes = tongs_decode_u32(d);

   writes = tongs_decode_count(d, writes, false, HEAD_SIZE + COUNTS_SIZE);
   for (uint32_t i = 0; i < writes && !d->error; i++) {
      if (decode_plain(b, d))
         continue;
      if (b->write_count == WRITES)
         flush(b, d);
      b->writes[b->write_count] = (VkWriteDescriptorSet){0};
      tongs_decode_VkWriteDescriptorSet(d, &b->writes[b->write_count]);
      b->write_count++;
   }
   uint32_t copies = tongs_decode_u32(d);
   const VkCopyDescriptorSet *copy = tongs_decode_VkCopyDescriptorSet_array(d, copies, false);
   tongs_decoder_expect_end(d);
   flush(b, d);
   if (!d->error && !d->failed && !b->dev->lost && copies)
      b->dev->vk.UpdateDescriptorSets(b->dev->handle, 0, NULL, copies, copy);
}

void
rdr_handle_UpdateDescriptorSets(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct batch b; /* not cleared, for speed: each element is written before it is read */

   tongs_decode_target(d, TONGS_TYPE_VkDevice);
   b.dev = d->target ? d->target->data : NULL;
   b.write_count = b.descriptor_count = 0;
   if (!d->error && b.dev)
      decode(&b, d);
   if (d->error || !b.dev)
      rdr_end_malformed(ctx, op->number, d);
   else if (d->failed)
      rdr_note_post_failure(ctx, d->failed->result); /* the failed object tells */
}
