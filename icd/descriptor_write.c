/* SPDX-License-Identifier: MIT */

/* Descriptor writes: vkUpdateDescriptorSets, push descriptors, and update templates, which live in
 * the client alone. They are frequent and their struct is mostly void, so they are encoded here by
 * hand, in one pass and straight into the stream; the bytes are those of VkWriteDescriptorSet.
 *
 * One rule needs a memory: where a layout has immutable samplers, the sampler of a write is ignored
 * and may be garbage (VkDescriptorImageInfo), so it must not be encoded. */

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

/* What a descriptor is written from. */
enum element {
   ELEMENT_OTHER, /* a struct in the chain */
   ELEMENT_IMAGE,
   ELEMENT_BUFFER,
   ELEMENT_VIEW,
};

/* A VkWriteDescriptorSet or an entry of a template. */
struct write {
   uint64_t set; /* an id */
   uint32_t binding;
   uint32_t first; /* array element */
   uint32_t count;
   VkDescriptorType type;
   enum element element;
   const uint8_t *data; /* the first of its descriptors; NULL: none */
   size_t stride;
   const struct icd_layout_info *info; /* where samplers may be immutable, else NULL */
};

static enum element
element_of(VkDescriptorType type)
{
   switch (type) {
   case VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER:
   case VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER:
      return ELEMENT_VIEW;
   case VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER:
   case VK_DESCRIPTOR_TYPE_STORAGE_BUFFER:
   case VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC:
   case VK_DESCRIPTOR_TYPE_STORAGE_BUFFER_DYNAMIC:
      return ELEMENT_BUFFER;
   case VK_DESCRIPTOR_TYPE_SAMPLER:
   case VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER:
   case VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE:
   case VK_DESCRIPTOR_TYPE_STORAGE_IMAGE:
   case VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT:
   case VK_DESCRIPTOR_TYPE_SAMPLE_WEIGHT_IMAGE_QCOM:
   case VK_DESCRIPTOR_TYPE_BLOCK_MATCH_IMAGE_QCOM:
      return ELEMENT_IMAGE;
   default:
      return ELEMENT_OTHER;
   }
}

static bool
has_samplers(VkDescriptorType type)
{
   return type == VK_DESCRIPTOR_TYPE_SAMPLER || type == VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
}

/* The layout, where a write of the type must mind its immutable samplers. */
static const struct icd_layout_info *
samplers_of(const struct icd_layout_info *info, VkDescriptorType type)
{
   return info && info->any_immutable && has_samplers(type) ? info : NULL;
}

/* Whether descriptor `element` of the write that starts at binding `number` has an immutable
 * sampler. Elements past the end of a binding are in the next one. */
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
put_images(uint8_t *p, const struct write *w)
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

/* What a write takes at most, but for its descriptors; a descriptor takes no more than in memory.
 */
#define WRITE_SIZE (sizeof(uint32_t) * 8 + sizeof(uint64_t))

/* One of images, buffers or buffer views. Inlined, as `w` is then no struct in memory. */
static inline __attribute__((always_inline)) void
encode_write(struct tongs_encoder *e, const struct write *w)
{
   const uint32_t count = w->data ? w->count : 0;
   const uint8_t *data = w->data;

   if (!tongs_encoder_reserve(e, WRITE_SIZE + count * sizeof(VkDescriptorBufferInfo)))
      return;
   uint8_t *p = put_u32(e->cur, 0); /* nothing of these is in its chain */
   p = put_u64(p, w->set);
   p = put_u32(p, w->binding);
   p = put_u32(p, w->first);
   p = put_u32(p, w->count);
   p = put_u32(p, w->type);
   if (w->element == ELEMENT_BUFFER) {
      p = put_u64(p, (uint64_t)count << 32); /* no images, so many buffers */
      for (uint32_t i = 0; i < count; i++, data += w->stride) {
         VkDescriptorBufferInfo buffer;
         memcpy(&buffer, data, sizeof(buffer));
         p = put_u64(p, ID_OF(buffer.buffer));
         p = put_u64(p, buffer.offset);
         p = put_u64(p, buffer.range);
      }
      p = put_u32(p, 0);
   } else if (w->element == ELEMENT_IMAGE) {
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

/* `pushed`: the layout of a push descriptor, may be NULL. */
static inline void
encode_api_write(struct tongs_encoder *e, const VkWriteDescriptorSet *v, bool push,
                 const struct icd_layout_info *pushed)
{
   const struct icd_descriptor_set *set = push ? NULL : icd_descriptor_set_from(v->dstSet);
   const struct icd_layout_info *info = set ? set->info : pushed;
   struct write w = {
      .set = set ? set->base.id : 0,
      .binding = v->dstBinding,
      .first = v->dstArrayElement,
      .count = v->descriptorCount,
      .type = v->descriptorType,
      .element = element_of(v->descriptorType),
   };

   switch (w.element) {
   case ELEMENT_BUFFER:
      w.data = (const uint8_t *)v->pBufferInfo;
      w.stride = sizeof(*v->pBufferInfo);
      encode_write(e, &w);
      break;
   case ELEMENT_IMAGE:
      w.data = (const uint8_t *)v->pImageInfo;
      w.stride = sizeof(*v->pImageInfo);
      w.info = samplers_of(info, v->descriptorType);
      encode_write(e, &w);
      break;
   case ELEMENT_VIEW:
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

static void
encode_counts(struct tongs_encoder *e, uint32_t count)
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

/* What is behind the writes: the counts of copies, padded. */
#define UPDATE_END_SIZE (2 * sizeof(uint64_t))

/* What writes take at most, and the end of the op; SIZE_MAX where what is in a chain decides. */
static size_t
size_of_writes(uint32_t count, const VkWriteDescriptorSet *writes)
{
   size_t size = UPDATE_END_SIZE;

   for (uint32_t i = 0; i < count; i++) {
      if (element_of(writes[i].descriptorType) == ELEMENT_OTHER)
         return SIZE_MAX;
      size += WRITE_SIZE + writes[i].descriptorCount * sizeof(VkDescriptorBufferInfo);
   }
   return size;
}

/* --- Updates --- */

/* Of a vkUpdateDescriptorSets: its header, the device, and the writes' counts. */
#define UPDATE_DEVICE sizeof(struct tongs_op_header)
#define UPDATE_COUNTS (UPDATE_DEVICE + sizeof(uint64_t))

static size_t
update_end(size_t tail)
{
   return (tail + 2 * sizeof(uint32_t) + 7) & ~(size_t)7; /* the counts of copies, padded */
}

/* Whether writes of at most `size` bytes may join the op that the stream ends with. */
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

/* Starts an update by `count` writes of at most `size` bytes, SIZE_MAX: nobody knows; icd_post_end
 * gives back the stream's lock, which it takes. Applications write descriptor by descriptor: such
 * updates in a row become one op, which is two thirds of the bytes and one call of the host's
 * driver. */
static inline struct tongs_encoder *
update_begin(struct icd_dispatchable *dev, uint32_t count, size_t size, size_t *offset)
{
   struct icd_connection *c = dev->connection;
   struct tongs_encoder *e = &c->stream;
   uint64_t before;

   pthread_mutex_lock(&c->stream_lock);
   if (!may_join(c, dev->object.id, size)) {
      *offset = tongs_encode_op_begin(e, TONGS_OP_vkUpdateDescriptorSets, 0);
      tongs_encode_u64(e, dev->object.id);
      encode_counts(e, count);
      return e;
   }
   *offset = c->update_start;
   uint8_t *counts = e->base + *offset + UPDATE_COUNTS;
   memcpy(&before, counts, sizeof(before));
   put_u64(counts, before + (count | (uint64_t)count << 32));
   e->cur = e->base + c->update_tail;
   return e;
}

/* Ends one without copies. */
static inline void
update_end_open(struct icd_connection *c, struct tongs_encoder *e, size_t offset)
{
   c->update_start = offset;
   c->update_tail = tongs_encoder_size(e);
   encode_counts(e, 0);
   if (tongs_encoder_size(e) % 8)
      tongs_encode_u32(e, 0);
   if (e->failed)
      c->update_tail = 0;
   icd_post_end(c, TONGS_OP_vkUpdateDescriptorSets, offset);
}

/* One buffer, the most frequent update of all, joins in a few stores: what comes behind the writes,
 * and how it is padded, stays as it is. False, with nothing done, where it cannot. */
static bool
join_buffer(struct icd_dispatchable *dev, const VkWriteDescriptorSet *v)
{
   enum {
      SIZE = 64
   }; /* of the write */
   struct icd_connection *c = dev->connection;
   struct tongs_encoder *e = &c->stream;
   const VkDescriptorBufferInfo *buffer = v->pBufferInfo;
   uint64_t counts;
   uint32_t size;

   _Static_assert(WRITE_SIZE + sizeof(*buffer) == SIZE && SIZE % 8 == 0, "padding stays");
   pthread_mutex_lock(&c->stream_lock);
   if (c->stats || c->debug & ICD_DEBUG_SYNC ||
       !may_join(c, dev->object.id, SIZE + 8)) { /* who counts ops is in icd_post_end */
      pthread_mutex_unlock(&c->stream_lock);
      return false;
   }
   uint8_t *op = e->base + c->update_start, *p = e->base + c->update_tail;
   memcpy(&size, op + sizeof(uint32_t), sizeof(size));
   put_u32(op + sizeof(uint32_t), size + SIZE);
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
   c->update_tail += SIZE;
   e->cur += SIZE;
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
       element_of(pDescriptorWrites->descriptorType) == ELEMENT_BUFFER &&
       join_buffer(dev, pDescriptorWrites))
      return;
   size_t size =
      descriptorCopyCount ? SIZE_MAX : size_of_writes(descriptorWriteCount, pDescriptorWrites);
   struct tongs_encoder *e = update_begin(dev, descriptorWriteCount, size, &offset);
   encode_api_writes(e, descriptorWriteCount, pDescriptorWrites, false, NULL);
   if (!descriptorCopyCount) {
      update_end_open(c, e, offset);
      return;
   }
   c->update_tail = 0;
   tongs_encode_u32(e, descriptorCopyCount);
   tongs_encode_VkCopyDescriptorSet_array(e, pDescriptorCopies, descriptorCopyCount);
   icd_post_end(c, TONGS_OP_vkUpdateDescriptorSets, offset);
}

/* Starts a push of descriptors; the writes follow. */
static struct tongs_encoder *
push_begin(VkCommandBuffer handle, VkPipelineBindPoint bind_point, VkPipelineLayout layout,
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
   struct tongs_encoder *e = push_begin(commandBuffer, pipelineBindPoint, layout, set, &offset);

   encode_counts(e, descriptorWriteCount);
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

   /* The writes are the last member: those of none are taken back. */
   head.descriptorWriteCount = 0;
   tongs_ops[TONGS_OP_vkCmdPushDescriptorSet2].encode(e, &args);
   if (!e->failed)
      e->cur -= 2 * sizeof(uint32_t);
   encode_counts(e, info->descriptorWriteCount);
   encode_api_writes(e, info->descriptorWriteCount, info->pDescriptorWrites, true,
                     icd_layout_info_of(info->layout, info->set));
   icd_record_end(cb, offset);
}
#endif

/* --- Update templates --- */

struct template_entry {
   struct write write; /* `data` and the set are for each use */
   size_t offset;      /* of its data in the application's */
};

struct update_template {
   struct tongs_object base;
   VkPipelineBindPoint bind_point;
   uint32_t set;
   uint32_t write_count; /* that it becomes */
   size_t write_size;    /* what these take at most; SIZE_MAX: nobody knows */
   uint32_t count;
   struct template_entry entries[];
};

/* Acceleration structures lie side by side in a write, but not in the application's data: one write
 * for each. */
static bool
is_split(const struct write *w)
{
   return w->element == ELEMENT_OTHER && w->type != VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateDescriptorUpdateTemplate(VkDevice device,
                                   const VkDescriptorUpdateTemplateCreateInfo *pCreateInfo,
                                   const VkAllocationCallbacks *pAllocator,
                                   VkDescriptorUpdateTemplate *pDescriptorUpdateTemplate)
{
   uint32_t count = pCreateInfo->descriptorUpdateEntryCount;
   struct update_template *t = icd_object_create_sized(icd_dispatchable_from(device), pAllocator,
                                                       TONGS_TYPE_VkDescriptorUpdateTemplate,
                                                       sizeof(*t) + count * sizeof(t->entries[0]));
   if (!t)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   t->bind_point = pCreateInfo->pipelineBindPoint;
   t->set = pCreateInfo->set;
   t->count = count;
   t->write_size = UPDATE_END_SIZE;
   for (uint32_t i = 0; i < count; i++) {
      const VkDescriptorUpdateTemplateEntry *from = &pCreateInfo->pDescriptorUpdateEntries[i];
      t->entries[i].offset = from->offset;
      t->entries[i].write = (struct write){
         .binding = from->dstBinding,
         .first = from->dstArrayElement,
         .count = from->descriptorCount,
         .type = from->descriptorType,
         .element = element_of(from->descriptorType),
         .stride = from->stride,
      };
      t->write_count += is_split(&t->entries[i].write) ? from->descriptorCount : 1;
      if (t->entries[i].write.element == ELEMENT_OTHER)
         t->write_size = SIZE_MAX;
      else if (t->write_size < SIZE_MAX)
         t->write_size += WRITE_SIZE + from->descriptorCount * sizeof(VkDescriptorBufferInfo);
   }
   *pDescriptorUpdateTemplate = (VkDescriptorUpdateTemplate)(uintptr_t)t;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyDescriptorUpdateTemplate(VkDevice device,
                                    VkDescriptorUpdateTemplate descriptorUpdateTemplate,
                                    const VkAllocationCallbacks *pAllocator)
{
   icd_object_destroy(icd_dispatchable_from(device), pAllocator,
                      (struct tongs_object *)(uintptr_t)descriptorUpdateTemplate);
}

/* What is in a struct of the chain: an inline uniform block as one write, acceleration structures
 * as one each. */
static void
encode_chained(struct tongs_encoder *e, const struct write *w, VkDescriptorSet set)
{
   VkWriteDescriptorSetInlineUniformBlock block = {
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_INLINE_UNIFORM_BLOCK,
      .dataSize = w->count,
      .pData = w->data,
   };
   VkAccelerationStructureKHR structure;
   VkWriteDescriptorSetAccelerationStructureKHR structures = {
      .sType = w->type == VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR
                  ? VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_ACCELERATION_STRUCTURE_KHR
                  : VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_ACCELERATION_STRUCTURE_NV,
      .accelerationStructureCount = 1,
      .pAccelerationStructures = &structure,
   };
   VkWriteDescriptorSet v = {
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
      .pNext = is_split(w) ? (const void *)&structures : &block,
      .dstSet = set,
      .dstBinding = w->binding,
      .dstArrayElement = w->first,
      .descriptorCount = is_split(w) ? 1 : w->count,
      .descriptorType = w->type,
   };
   uint32_t writes = is_split(w) ? w->count : 1;

   for (uint32_t i = 0; i < writes; i++, v.dstArrayElement++) {
      if (is_split(w))
         memcpy(&structure, w->data + i * w->stride, sizeof(structure));
      tongs_encode_VkWriteDescriptorSet(e, &v);
   }
}

/* `set`: VK_NULL_HANDLE for push descriptors. */
static void
encode_template(struct tongs_encoder *e, const struct update_template *t, VkDescriptorSet set,
                const struct icd_layout_info *info, const void *data)
{
   const uint64_t id = ID_OF(set);

   for (uint32_t i = 0; i < t->count; i++) {
      struct write w = t->entries[i].write;
      w.data = (const uint8_t *)data + t->entries[i].offset;
      w.set = id;
      w.info = samplers_of(info, w.type);
      if (w.element == ELEMENT_OTHER)
         encode_chained(e, &w, set);
      else
         encode_write(e, &w);
   }
}

VKAPI_ATTR void VKAPI_CALL
icd_UpdateDescriptorSetWithTemplate(VkDevice device, VkDescriptorSet descriptorSet,
                                    VkDescriptorUpdateTemplate descriptorUpdateTemplate,
                                    const void *pData)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct icd_connection *c = dev->connection;
   size_t offset;

   if (icd_connection_is_lost(c))
      return;
   const struct update_template *t =
      (const struct update_template *)(uintptr_t)descriptorUpdateTemplate;
   struct tongs_encoder *e = update_begin(dev, t->write_count, t->write_size, &offset);
   encode_template(e, t, descriptorSet, icd_descriptor_set_from(descriptorSet)->info, pData);
   update_end_open(c, e, offset);
}

VKAPI_ATTR void VKAPI_CALL
icd_CmdPushDescriptorSetWithTemplate(VkCommandBuffer commandBuffer,
                                     VkDescriptorUpdateTemplate descriptorUpdateTemplate,
                                     VkPipelineLayout layout, uint32_t set, const void *pData)
{
   const struct update_template *t =
      (const struct update_template *)(uintptr_t)descriptorUpdateTemplate;
   size_t offset;
   struct tongs_encoder *e = push_begin(commandBuffer, t->bind_point, layout, set, &offset);

   encode_counts(e, t->write_count);
   encode_template(e, t, VK_NULL_HANDLE, icd_layout_info_of(layout, set), pData);
   icd_record_end((struct icd_command_buffer *)commandBuffer, offset);
}

#ifdef VK_KHR_maintenance6
VKAPI_ATTR void VKAPI_CALL
icd_CmdPushDescriptorSetWithTemplate2(
   VkCommandBuffer commandBuffer,
   const VkPushDescriptorSetWithTemplateInfoKHR *pPushDescriptorSetWithTemplateInfo)
{
   const VkPushDescriptorSetWithTemplateInfoKHR *info = pPushDescriptorSetWithTemplateInfo;

   icd_CmdPushDescriptorSetWithTemplate(commandBuffer, info->descriptorUpdateTemplate, info->layout,
                                        info->set, info->pData);
}
#endif
