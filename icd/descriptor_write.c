/* SPDX-License-Identifier: MIT */

#include "icd/descriptor_write.h"

#include "icd/command_buffer.h"
#include "icd/connection.h"
#include "icd/debug.h"
#include "icd/descriptor.h"
#include "icd/pipeline_layout.h"
#include "protocol/ignored.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"
#include "tongs_gen_structs.h"

#include <string.h>

enum icd_element
icd_element_of(VkDescriptorType type)
{
   switch (type) {
   case VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER:
   case VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER:
      return ICD_ELEMENT_VIEW;
   case VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER:
   case VK_DESCRIPTOR_TYPE_STORAGE_BUFFER:
   case VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC:
   case VK_DESCRIPTOR_TYPE_STORAGE_BUFFER_DYNAMIC:
      return ICD_ELEMENT_BUFFER;
   case VK_DESCRIPTOR_TYPE_SAMPLER:
   case VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER:
   case VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE:
   case VK_DESCRIPTOR_TYPE_STORAGE_IMAGE:
   case VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT:
   case VK_DESCRIPTOR_TYPE_SAMPLE_WEIGHT_IMAGE_QCOM:
   case VK_DESCRIPTOR_TYPE_BLOCK_MATCH_IMAGE_QCOM:
      return ICD_ELEMENT_IMAGE;
   default:
      return ICD_ELEMENT_OTHER;
   }
}

static bool
has_samplers(VkDescriptorType type)
{
   return type == VK_DESCRIPTOR_TYPE_SAMPLER || type == VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
}

const struct icd_layout_info *
icd_samplers_of(const struct icd_layout_info *info, VkDescriptorType type)
{
   return info && info->any_immutable && has_samplers(type) ? info : NULL;
}

/* Whether descriptor `element` of a write that starts at binding `number` has an immutable sampler.
 * Elements past the end of a binding belong to the next binding. */
static bool
is_immutable(const struct icd_layout_info *info, uint32_t number, uint64_t element)
{
   for (uint32_t i = 0; i < info->count; i++) {
      const struct icd_binding *b = &info->bindings[i];
      if (b->number < number)
         continue;
      if (element < b->count)
         return b->immutable;
      element -= b->count;
   }
   return false;
}

/* --- Encoding --- */

static inline uint8_t *
put_u32(uint8_t *p, uint32_t v)
{
   memcpy(p, &v, sizeof(v));
   return p + sizeof(v);
}

static inline uint8_t *
put_u64(uint8_t *p, uint64_t v)
{
   memcpy(p, &v, sizeof(v));
   return p + sizeof(v);
}

static inline uint64_t
id_of(uint64_t handle)
{
   return handle ? ((const struct tongs_object *)(uintptr_t)handle)->id : 0;
}

#define ID_OF(handle) id_of((uint64_t)(uintptr_t)(handle))

static uint8_t *
put_images(uint8_t *p, const struct icd_descriptor_write *w)
{
   uint32_t ignored = tongs_ignored_in_image_descriptor(w->type);
   const uint8_t *data = w->data;

   for (uint32_t i = 0; i < w->count; i++, data += w->stride) {
      VkDescriptorImageInfo image;
      memcpy(&image, data, sizeof(image));
      bool sampler = !(ignored & TONGS_IGNORED_SAMPLER) &&
                     !(w->info && is_immutable(w->info, w->binding, (uint64_t)w->first + i));
      p = put_u64(p, sampler ? ID_OF(image.sampler) : 0);
      p = put_u64(p, ignored & TONGS_IGNORED_IMAGE_VIEW ? 0 : ID_OF(image.imageView));
      p = put_u32(p, ignored & TONGS_IGNORED_IMAGE_LAYOUT ? 0 : image.imageLayout);
   }
   return p;
}

/* Encodes a write of images, buffers or buffer views. Inlined, so that `w` lives in registers. */
static inline __attribute__((always_inline)) void
encode_write(struct tongs_encoder *e, const struct icd_descriptor_write *w)
{
   const uint32_t count = w->data ? w->count : 0;
   const uint8_t *data = w->data;

   if (!tongs_encoder_reserve(e, ICD_WRITE_SIZE + count * sizeof(VkDescriptorBufferInfo)))
      return;
   uint8_t *p = put_u32(e->cur, 0); /* no chain */
   p = put_u64(p, w->set);
   p = put_u32(p, w->binding);
   p = put_u32(p, w->first);
   p = put_u32(p, w->count);
   p = put_u32(p, w->type);
   if (w->element == ICD_ELEMENT_BUFFER) {
      p = put_u64(p, (uint64_t)count << 32); /* no images, so many buffers */
      for (uint32_t i = 0; i < count; i++, data += w->stride) {
         VkDescriptorBufferInfo buffer;
         memcpy(&buffer, data, sizeof(buffer));
         p = put_u64(p, ID_OF(buffer.buffer));
         p = put_u64(p, buffer.offset);
         p = put_u64(p, buffer.range);
      }
      p = put_u32(p, 0);
   } else if (w->element == ICD_ELEMENT_IMAGE) {
      p = put_u32(p, count);
      if (count)
         p = put_images(p, w);
      p = put_u64(p, 0);
   } else {
      p = put_u64(p, 0);
      p = put_u32(p, count);
      for (uint32_t i = 0; i < count; i++, data += w->stride) {
         VkBufferView view;
         memcpy(&view, data, sizeof(view));
         p = put_u64(p, ID_OF(view));
      }
   }
   e->cur = p;
}

void
icd_encode_descriptor_write(struct tongs_encoder *e, const struct icd_descriptor_write *w)
{
   encode_write(e, w);
}

/* `pushed`: the layout of the set that descriptors are pushed to; may be NULL. */
static inline void
encode_api_write(struct tongs_encoder *e, const VkWriteDescriptorSet *v, bool push,
                 const struct icd_layout_info *pushed)
{
   const struct icd_descriptor_set *set = push ? NULL : icd_descriptor_set_from(v->dstSet);
   const struct icd_layout_info *info = set ? set->info : pushed;
   struct icd_descriptor_write w = {
      .set = set ? set->base.id : 0,
      .binding = v->dstBinding,
      .first = v->dstArrayElement,
      .count = v->descriptorCount,
      .type = v->descriptorType,
      .element = icd_element_of(v->descriptorType),
   };

   switch (w.element) {
   case ICD_ELEMENT_BUFFER:
      w.data = (const uint8_t *)v->pBufferInfo;
      w.stride = sizeof(*v->pBufferInfo);
      encode_write(e, &w);
      break;
   case ICD_ELEMENT_IMAGE:
      w.data = (const uint8_t *)v->pImageInfo;
      w.stride = sizeof(*v->pImageInfo);
      w.info = icd_samplers_of(info, v->descriptorType);
      encode_write(e, &w);
      break;
   case ICD_ELEMENT_VIEW:
      w.data = (const uint8_t *)v->pTexelBufferView;
      w.stride = sizeof(*v->pTexelBufferView);
      encode_write(e, &w);
      break;
   default:
      e->ignored = push ? TONGS_IGNORED_DST_SET : 0;
      tongs_encode_VkWriteDescriptorSet(e, v);
      break;
   }
}

void
icd_encode_counts(struct tongs_encoder *e, uint32_t count)
{
   tongs_encode_u64(e, count | (uint64_t)count << 32); /* the parameter, and the array's length */
}

static void
encode_api_writes(struct tongs_encoder *e, uint32_t count, const VkWriteDescriptorSet *writes,
                  bool push, const struct icd_layout_info *pushed)
{
   for (uint32_t i = 0; i < count; i++)
      encode_api_write(e, &writes[i], push, pushed);
}

/* The size of the writes and of the op's end, at most; SIZE_MAX if a write has a chain. */
static size_t
size_of_writes(uint32_t count, const VkWriteDescriptorSet *writes)
{
   size_t size = ICD_UPDATE_END_SIZE;

   for (uint32_t i = 0; i < count; i++) {
      if (icd_element_of(writes[i].descriptorType) == ICD_ELEMENT_OTHER)
         return SIZE_MAX;
      size += ICD_WRITE_SIZE + writes[i].descriptorCount * sizeof(VkDescriptorBufferInfo);
   }
   return size;
}

/* --- Updates --- */

/* Offsets in an op vkUpdateDescriptorSets: of the device, and of the counts of writes. */
#define UPDATE_DEVICE sizeof(struct tongs_op_header)
#define UPDATE_COUNTS (UPDATE_DEVICE + sizeof(uint64_t))

static size_t
update_end(size_t tail)
{
   return (tail + 2 * sizeof(uint32_t) + 7) & ~(size_t)7; /* the counts of copies, padded */
}

/* Whether writes of at most `size` bytes may join the op at the end of the stream. */
static inline bool
may_join(const struct icd_connection *c, uint64_t device, size_t size)
{
   const struct tongs_encoder *e = &c->stream;
   uint64_t other;

   if (!c->update_tail || update_end(c->update_tail) != tongs_encoder_size(e) ||
       size > (size_t)(e->end - e->cur))
      return false;
   memcpy(&other, e->base + c->update_start + UPDATE_DEVICE, sizeof(other));
   return other == device;
}

struct tongs_encoder *
icd_update_begin(struct icd_dispatchable *dev, uint32_t count, size_t size, size_t *offset)
{
   struct icd_connection *c = dev->connection;
   struct tongs_encoder *e = &c->stream;
   uint64_t before;

   pthread_mutex_lock(&c->stream_lock);
   if (!may_join(c, dev->object.id, size)) {
      *offset = tongs_encode_op_begin(e, TONGS_OP_vkUpdateDescriptorSets, 0);
      tongs_encode_u64(e, dev->object.id);
      icd_encode_counts(e, count);
      return e;
   }
   *offset = c->update_start;
   uint8_t *counts = e->base + *offset + UPDATE_COUNTS;
   memcpy(&before, counts, sizeof(before));
   put_u64(counts, before + (count | (uint64_t)count << 32));
   e->cur = e->base + c->update_tail;
   return e;
}

void
icd_update_end(struct icd_connection *c, struct tongs_encoder *e, size_t offset)
{
   c->update_start = offset;
   c->update_tail = tongs_encoder_size(e);
   icd_encode_counts(e, 0);
   if (tongs_encoder_size(e) % 8)
      tongs_encode_u32(e, 0);
   if (e->failed)
      c->update_tail = 0;
   icd_post_end(c, TONGS_OP_vkUpdateDescriptorSets, offset);
}

/* The size of a write of one buffer, bytes. */
#define BUFFER_WRITE_SIZE ((uint32_t)(ICD_WRITE_SIZE + sizeof(VkDescriptorBufferInfo)))
_Static_assert(BUFFER_WRITE_SIZE % 8 == 0, "the padding of the op stays");

/* Adds the write of one buffer, the most frequent update, to the op at the end of the stream. That
 * takes only a few stores, because the end of the op and its padding do not change. False, with
 * nothing done, if there is no such op or it has no room. */
static bool
join_buffer(struct icd_dispatchable *dev, const VkWriteDescriptorSet *v)
{
   struct icd_connection *c = dev->connection;
   struct tongs_encoder *e = &c->stream;
   const VkDescriptorBufferInfo *buffer = v->pBufferInfo;
   uint64_t counts;
   uint32_t size;

   pthread_mutex_lock(&c->stream_lock);
   if (c->stats || c->debug & ICD_DEBUG_SYNC ||
       !may_join(c, dev->object.id, BUFFER_WRITE_SIZE + 8)) { /* icd_post_end() counts ops */
      pthread_mutex_unlock(&c->stream_lock);
      return false;
   }
   uint8_t *op = e->base + c->update_start, *p = e->base + c->update_tail;
   memcpy(&size, op + sizeof(uint32_t), sizeof(size));
   put_u32(op + sizeof(uint32_t), size + BUFFER_WRITE_SIZE);
   memcpy(&counts, op + UPDATE_COUNTS, sizeof(counts));
   put_u64(op + UPDATE_COUNTS, counts + (1 | UINT64_C(1) << 32));
   p = put_u32(p, 0);
   p = put_u64(p, ID_OF(v->dstSet));
   p = put_u32(p, v->dstBinding);
   p = put_u32(p, v->dstArrayElement);
   p = put_u32(p, 1);
   p = put_u32(p, v->descriptorType);
   p = put_u64(p, UINT64_C(1) << 32);
   p = put_u64(p, ID_OF(buffer->buffer));
   p = put_u64(p, buffer->offset);
   p = put_u64(p, buffer->range);
   p = put_u64(put_u64(p, 0), 0); /* no views and no copies, and padding */
   c->update_tail += BUFFER_WRITE_SIZE;
   e->cur += BUFFER_WRITE_SIZE;
   icd_stream_grown(c);
   return true;
}

/* --- Entry points --- */

VKAPI_ATTR void VKAPI_CALL
icd_UpdateDescriptorSets(VkDevice device, uint32_t descriptorWriteCount,
                         const VkWriteDescriptorSet *pDescriptorWrites,
                         uint32_t descriptorCopyCount, const VkCopyDescriptorSet *pDescriptorCopies)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct icd_connection *c = dev->connection;
   size_t offset;

   if (icd_connection_is_lost(c))
      return;
   if (descriptorWriteCount == 1 && !descriptorCopyCount &&
       pDescriptorWrites->descriptorCount == 1 &&
       icd_element_of(pDescriptorWrites->descriptorType) == ICD_ELEMENT_BUFFER &&
       join_buffer(dev, pDescriptorWrites))
      return;
   size_t size =
      descriptorCopyCount ? SIZE_MAX : size_of_writes(descriptorWriteCount, pDescriptorWrites);
   struct tongs_encoder *e = icd_update_begin(dev, descriptorWriteCount, size, &offset);
   encode_api_writes(e, descriptorWriteCount, pDescriptorWrites, false, NULL);
   if (!descriptorCopyCount) {
      icd_update_end(c, e, offset);
      return;
   }
   c->update_tail = 0;
   tongs_encode_u32(e, descriptorCopyCount);
   tongs_encode_VkCopyDescriptorSet_array(e, pDescriptorCopies, descriptorCopyCount);
   icd_post_end(c, TONGS_OP_vkUpdateDescriptorSets, offset);
}

struct tongs_encoder *
icd_push_begin(VkCommandBuffer handle, VkPipelineBindPoint bind_point, VkPipelineLayout layout,
               uint32_t set, size_t *offset)
{
   struct icd_command_buffer *cb = (struct icd_command_buffer *)handle;
   struct tongs_encoder *e = icd_record_begin(cb, TONGS_OP_vkCmdPushDescriptorSet, offset);

   tongs_encode_u32(e, bind_point);
   tongs_encode_u64(e, ID_OF(layout));
   tongs_encode_u32(e, set);
   return e;
}

VKAPI_ATTR void VKAPI_CALL
icd_CmdPushDescriptorSet(VkCommandBuffer commandBuffer, VkPipelineBindPoint pipelineBindPoint,
                         VkPipelineLayout layout, uint32_t set, uint32_t descriptorWriteCount,
                         const VkWriteDescriptorSet *pDescriptorWrites)
{
   size_t offset;
   struct tongs_encoder *e = icd_push_begin(commandBuffer, pipelineBindPoint, layout, set, &offset);

   icd_encode_counts(e, descriptorWriteCount);
   encode_api_writes(e, descriptorWriteCount, pDescriptorWrites, true,
                     icd_layout_info_of(layout, set));
   icd_record_end((struct icd_command_buffer *)commandBuffer, offset);
}

#ifdef VK_KHR_maintenance6
VKAPI_ATTR void VKAPI_CALL
icd_CmdPushDescriptorSet2(VkCommandBuffer commandBuffer,
                          const VkPushDescriptorSetInfoKHR *pPushDescriptorSetInfo)
{
   const VkPushDescriptorSetInfoKHR *info = pPushDescriptorSetInfo;
   struct icd_command_buffer *cb = (struct icd_command_buffer *)commandBuffer;
   VkPushDescriptorSetInfoKHR head = *info;
   struct tongs_args_vkCmdPushDescriptorSet2 args = {.pPushDescriptorSetInfo = &head};
   size_t offset;
   struct tongs_encoder *e = icd_record_begin(cb, TONGS_OP_vkCmdPushDescriptorSet2, &offset);

   /* The writes are the last member. Encode the struct without writes, then drop the encoded
    * counts. */
   head.descriptorWriteCount = 0;
   tongs_ops[TONGS_OP_vkCmdPushDescriptorSet2].encode(e, &args);
   if (!e->failed)
      e->cur -= 2 * sizeof(uint32_t);
   icd_encode_counts(e, info->descriptorWriteCount);
   encode_api_writes(e, info->descriptorWriteCount, info->pDescriptorWrites, true,
                     icd_layout_info_of(info->layout, info->set));
   icd_record_end(cb, offset);
}
#endif
