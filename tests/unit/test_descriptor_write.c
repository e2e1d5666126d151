/* SPDX-License-Identifier: MIT */
/*
 * Descriptor writes are encoded by hand in the driver (icd/descriptor_write.c): the bytes are those
 * of the generated encoder, but for samplers that a layout makes void.
 */
#include "icd/command_buffer.h"
#include "icd/connection.h"
#include "icd/descriptor.h"
#include "tests/check.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 3u

/* --- What the driver's file needs of the others -------------------------------------------------
 */

static struct icd_connection connection;
#define stream connection.stream
static const struct icd_layout_info *pushed_info;

VkResult
icd_post_end(struct icd_connection *c, uint32_t op, size_t offset)
{
   (void)op;
   VkResult result =
      tongs_encode_op_end(&stream, offset) ? VK_SUCCESS : VK_ERROR_OUT_OF_HOST_MEMORY;
   pthread_mutex_unlock(&c->stream_lock);
   return result;
}

void
icd_stream_grown(struct icd_connection *c)
{
   pthread_mutex_unlock(&c->stream_lock);
}

struct tongs_encoder *
icd_record_begin(struct icd_command_buffer *cb, uint32_t op, size_t *offset)
{
   (void)cb;
   *offset = tongs_encode_op_begin(&stream, (uint16_t)op, 0);
   return &stream;
}

void
icd_record_end(struct icd_command_buffer *cb, size_t offset)
{
   (void)cb;
   tongs_encode_op_end(&stream, offset);
}

void *
icd_object_create_sized(struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc,
                        uint8_t type, size_t size)
{
   (void)parent, (void)alloc, (void)type;
   return calloc(1, size);
}

void
icd_object_destroy(struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc,
                   struct tongs_object *object)
{
   (void)parent, (void)alloc;
   free(object);
}

const struct icd_layout_info *
icd_layout_info_of(VkPipelineLayout layout, uint32_t set)
{
   (void)layout, (void)set;
   return pushed_info;
}

/* --- Objects ------------------------------------------------------------------------------------
 */

static struct icd_dispatchable device = {.object.id = 1, .connection = &connection};
static struct icd_command_buffer commands;
static struct tongs_object objects[16];
static struct icd_layout_info *layout; /* binding 1: two immutable samplers, then binding 2 */
static struct icd_descriptor_set set;

#define OBJECT(type, i) ((type)(uintptr_t)&objects[i])
#define SET ((VkDescriptorSet)(uintptr_t)&set)

static void
make_objects(void)
{
   for (uint32_t i = 0; i < 16; i++)
      objects[i].id = 100 + i;
   layout = calloc(1, sizeof(*layout) + 2 * sizeof(layout->bindings[0]));
   layout->any_immutable = true;
   layout->count = 2;
   layout->bindings[0] = (struct icd_binding){.number = 1, .count = 2, .immutable = true};
   layout->bindings[1] = (struct icd_binding){.number = 2, .count = 8};
   set = (struct icd_descriptor_set){.base.id = 55, .info = layout};
}

/* As a flush does. */
static void
start_stream(void)
{
   tongs_encoder_reset(&stream);
   connection.update_tail = 0;
}

/* --- Comparing ----------------------------------------------------------------------------------
 */

static const VkDescriptorType types[] = {
   VK_DESCRIPTOR_TYPE_SAMPLER,
   VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
   VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE,
   VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
   VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER,
   VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER,
   VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
   VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
   VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC,
   VK_DESCRIPTOR_TYPE_STORAGE_BUFFER_DYNAMIC,
   VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT,
   VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK,
   VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR,
};
#define TYPES (sizeof(types) / sizeof(types[0]))

/* The arrays that writes point to. An array that the type does not ignore is present. */
struct data {
   VkDescriptorImageInfo images[COUNT_MAX];
   VkDescriptorBufferInfo buffers[COUNT_MAX];
   VkBufferView views[COUNT_MAX];
   VkAccelerationStructureKHR structures[COUNT_MAX];
   uint8_t bytes[16];
   VkWriteDescriptorSetInlineUniformBlock block;
   VkWriteDescriptorSetAccelerationStructureKHR chain;
};

static VkWriteDescriptorSet
make_write(struct data *data, VkDescriptorType type, uint32_t binding, uint32_t first,
           uint32_t count)
{
   for (uint32_t i = 0; i < COUNT_MAX; i++) {
      data->images[i] = (VkDescriptorImageInfo){OBJECT(VkSampler, i), OBJECT(VkImageView, 4 + i),
                                                VK_IMAGE_LAYOUT_GENERAL};
      data->buffers[i] =
         (VkDescriptorBufferInfo){i ? OBJECT(VkBuffer, 8 + i) : VK_NULL_HANDLE, i * 64, 64};
      data->views[i] = i == 1 ? VK_NULL_HANDLE : OBJECT(VkBufferView, 12 + i);
      data->structures[i] = OBJECT(VkAccelerationStructureKHR, 3 + i);
   }
   data->block = (VkWriteDescriptorSetInlineUniformBlock){
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_INLINE_UNIFORM_BLOCK,
      .dataSize = 4 * count,
      .pData = data->bytes,
   };
   data->chain = (VkWriteDescriptorSetAccelerationStructureKHR){
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_ACCELERATION_STRUCTURE_KHR,
      .accelerationStructureCount = count,
      .pAccelerationStructures = data->structures,
   };
   bool block = type == VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK;
   return (VkWriteDescriptorSet){
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
      .pNext = block                                                   ? (const void *)&data->block
               : type == VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR ? &data->chain
                                                                       : NULL,
      .dstSet = SET,
      .dstBinding = binding,
      .dstArrayElement = block ? 4 * first : first,
      .descriptorCount = block ? 4 * count : count,
      .descriptorType = type,
      .pImageInfo = data->images,
      .pBufferInfo = data->buffers,
      .pTexelBufferView = data->views,
   };
}

/* Whether the stream holds what the generated encoder makes of the same. */
static bool
is_as_generated(uint16_t op, const void *args)
{
   struct tongs_encoder e;

   tongs_encoder_init(&e);
   size_t offset = tongs_encode_op_begin(&e, op, 0);
   tongs_ops[op].encode(&e, args);
   tongs_encode_op_end(&e, offset);
   bool same = tongs_encoder_size(&e) == tongs_encoder_size(&stream) &&
               !memcmp(e.base, stream.base, tongs_encoder_size(&e));
   tongs_encoder_finish(&e);
   return same;
}

static bool
updates_are_as_generated(void)
{
   struct data data[TYPES] = {0};
   VkWriteDescriptorSet writes[TYPES];
   const VkCopyDescriptorSet copy = {.sType = VK_STRUCTURE_TYPE_COPY_DESCRIPTOR_SET,
                                     .srcSet = SET,
                                     .dstSet = SET,
                                     .descriptorCount = 2};
   bool same = true;

   for (uint32_t count = 0; count <= COUNT_MAX; count++) {
      for (uint32_t copies = 0; copies < 2; copies++) {
         for (size_t i = 0; i < TYPES; i++)
            writes[i] = make_write(&data[i], types[i], 2, count, count);
         for (uint32_t n = 0; n <= TYPES; n += TYPES / 2) {
            start_stream();
            icd_UpdateDescriptorSets((VkDevice)&device, n, writes, copies, &copy);
            same &= is_as_generated(TONGS_OP_vkUpdateDescriptorSets,
                                    &(struct tongs_args_vkUpdateDescriptorSets){
                                       .device = (VkDevice)&device,
                                       .descriptorWriteCount = n,
                                       .pDescriptorWrites = writes,
                                       .descriptorCopyCount = copies,
                                       .pDescriptorCopies = &copy,
                                    });
         }
      }
   }
   return same;
}

/* One by one they become the op that all of them at once are; with copies between them, or of two
 * devices, they do not. */
static bool
updates_in_a_row_are_one(void)
{
   struct data data[TYPES] = {0};
   VkWriteDescriptorSet writes[TYPES];
   const VkCopyDescriptorSet copy = {
      .sType = VK_STRUCTURE_TYPE_COPY_DESCRIPTOR_SET, .srcSet = SET, .dstSet = SET};
   struct icd_dispatchable other = {.object.id = 2, .connection = &connection};
   uint32_t plain = 11; /* types without a chain */

   for (uint32_t i = 0; i < plain; i++)
      writes[i] = make_write(&data[i], types[i], 2, i, 1 + i % 2);
   start_stream();
   tongs_encoder_reserve(&stream, 8192);
   for (uint32_t i = 0; i < plain; i++)
      icd_UpdateDescriptorSets((VkDevice)&device, 1, &writes[i], 0, NULL);
   bool same =
      is_as_generated(TONGS_OP_vkUpdateDescriptorSets, &(struct tongs_args_vkUpdateDescriptorSets){
                                                          .device = (VkDevice)&device,
                                                          .descriptorWriteCount = plain,
                                                          .pDescriptorWrites = writes,
                                                       });
   size_t size = tongs_encoder_size(&stream);
   icd_UpdateDescriptorSets((VkDevice)&other, 0, NULL, 0, NULL);
   size_t empty = tongs_encoder_size(&stream) - size;
   icd_UpdateDescriptorSets((VkDevice)&device, 0, NULL, 1, &copy);
   size = tongs_encoder_size(&stream);
   icd_UpdateDescriptorSets((VkDevice)&device, 0, NULL, 0, NULL);
   return same && empty == 32 && tongs_encoder_size(&stream) - size == empty;
}

static bool
pushes_are_as_generated(void)
{
   struct data data[TYPES] = {0};
   VkWriteDescriptorSet writes[TYPES];
   struct tongs_args_vkCmdPushDescriptorSet args = {
      .pipelineBindPoint = VK_PIPELINE_BIND_POINT_COMPUTE,
      .layout = OBJECT(VkPipelineLayout, 15),
      .set = 3,
      .descriptorWriteCount = TYPES,
      .pDescriptorWrites = writes,
   };

   for (size_t i = 0; i < TYPES; i++) {
      writes[i] = make_write(&data[i], types[i], 2, 0, 2);
      writes[i].dstSet = (VkDescriptorSet)(uintptr_t)8; /* ignored, nothing is there */
   }
   start_stream();
   icd_CmdPushDescriptorSet((VkCommandBuffer)&commands, args.pipelineBindPoint, args.layout,
                            args.set, TYPES, writes);
   return is_as_generated(TONGS_OP_vkCmdPushDescriptorSet, &args);
}

/* The samplers of binding 1 are immutable, and the third element from there is in binding 2. */
static bool
immutable_samplers_are_not_read(bool push)
{
   struct data data = {0};
   VkWriteDescriptorSet write =
      make_write(&data, VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 1, 0, 3);
   struct tongs_args_vkUpdateDescriptorSets update = {
      .device = (VkDevice)&device, .descriptorWriteCount = 1, .pDescriptorWrites = &write};
   struct tongs_args_vkCmdPushDescriptorSet args = {.layout = OBJECT(VkPipelineLayout, 15),
                                                    .descriptorWriteCount = 1,
                                                    .pDescriptorWrites = &write};

   data.images[0].sampler = data.images[1].sampler = (VkSampler)(uintptr_t)8; /* nothing is there */
   pushed_info = layout;
   start_stream();
   if (push)
      icd_CmdPushDescriptorSet((VkCommandBuffer)&commands, args.pipelineBindPoint, args.layout, 0,
                               1, &write);
   else
      icd_UpdateDescriptorSets((VkDevice)&device, 1, &write, 0, NULL);
   data.images[0].sampler = data.images[1].sampler = VK_NULL_HANDLE;
   return push ? is_as_generated(TONGS_OP_vkCmdPushDescriptorSet, &args)
               : is_as_generated(TONGS_OP_vkUpdateDescriptorSets, &update);
}

/* --- Templates ----------------------------------------------------------------------------------
 */

#define STRIDE 40u

/* `entry`: of two descriptors, STRIDE apart. `expected`: the writes that it becomes. */
static bool
template_writes(const VkDescriptorUpdateTemplateEntry *entry, const void *source, uint32_t count,
                const VkWriteDescriptorSet *expected)
{
   const VkDescriptorUpdateTemplateCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_UPDATE_TEMPLATE_CREATE_INFO,
      .descriptorUpdateEntryCount = 1,
      .pDescriptorUpdateEntries = entry,
   };
   VkDescriptorUpdateTemplate t;

   if (icd_CreateDescriptorUpdateTemplate((VkDevice)&device, &info, NULL, &t) != VK_SUCCESS)
      return false;
   start_stream();
   icd_UpdateDescriptorSetWithTemplate((VkDevice)&device, SET, t, source);
   icd_DestroyDescriptorUpdateTemplate((VkDevice)&device, t, NULL);
   return is_as_generated(TONGS_OP_vkUpdateDescriptorSets,
                          &(struct tongs_args_vkUpdateDescriptorSets){
                             .device = (VkDevice)&device,
                             .descriptorWriteCount = count,
                             .pDescriptorWrites = expected,
                          });
}

static bool
templates_write_what_their_entries_say(void)
{
   bool same = true;

   for (size_t i = 0; i < TYPES; i++) {
      struct data data = {0}, second = {0};
      uint8_t source[8 + 2 * STRIDE] = {0};
      VkWriteDescriptorSet writes[2] = {make_write(&data, types[i], 2, 1, 2)};
      VkDescriptorUpdateTemplateEntry entry = {
         .dstBinding = 2,
         .dstArrayElement = writes[0].dstArrayElement,
         .descriptorCount = writes[0].descriptorCount,
         .descriptorType = types[i],
         .offset = 8,
         .stride = STRIDE,
      };
      uint32_t count = 1;
      for (uint32_t j = 0; j < 2; j++) {
         uint8_t *at = source + 8 + j * STRIDE;
         if (types[i] == VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR)
            memcpy(at, &data.structures[j], sizeof(data.structures[j]));
         else if (i == 4 || i == 5)
            memcpy(at, &data.views[j], sizeof(data.views[j]));
         else if (i >= 6 && i <= 9)
            memcpy(at, &data.buffers[j], sizeof(data.buffers[j]));
         else if (types[i] != VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK)
            memcpy(at, &data.images[j], sizeof(data.images[j]));
      }
      if (types[i] == VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR) { /* one write for each */
         count = 2;
         writes[0] = make_write(&data, types[i], 2, 1, 1);
         writes[1] = make_write(&second, types[i], 2, 2, 1);
         second.structures[0] = data.structures[1];
      }
      same &= template_writes(&entry, source, count, writes);
   }
   return same;
}

int
main(void)
{
   tongs_encoder_init(&stream);
   make_objects();
   fact(updates_are_as_generated(), "updates have the bytes of the generated encoder");
   fact(updates_in_a_row_are_one(), "updates in a row are one op");
   fact(pushes_are_as_generated(), "pushed descriptors have the bytes of the generated encoder");
   fact(immutable_samplers_are_not_read(false), "no update reads a sampler that is immutable");
   fact(immutable_samplers_are_not_read(true), "no push reads a sampler that is immutable");
   fact(templates_write_what_their_entries_say(), "templates write what their entries say");
   tongs_encoder_finish(&stream);
   free(layout);
   return check_end();
}
