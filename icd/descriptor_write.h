/* SPDX-License-Identifier: MIT */

/* Descriptor writes: those of vkUpdateDescriptorSets, push descriptors and update templates. They
 * are frequent, and most members of VkWriteDescriptorSet are ignored, so they are encoded by hand,
 * in one pass and straight into the stream. The bytes are those of the generated encoder.
 *
 * If a layout has immutable samplers, the sampler of a write is ignored and may be garbage
 * (VkDescriptorImageInfo), so it is not encoded. */

#ifndef ICD_DESCRIPTOR_WRITE_H
#define ICD_DESCRIPTOR_WRITE_H

#include "icd/descriptor.h"
#include "protocol/encoder.h"

struct icd_connection;

/* The largest encoded size of a write without its descriptors, in bytes. An encoded descriptor is
 * no larger than VkDescriptorBufferInfo. */
#define ICD_WRITE_SIZE (sizeof(uint32_t) * 8 + sizeof(uint64_t))
/* The size of an update's end, after its writes: the counts of copies, padded. */
#define ICD_UPDATE_END_SIZE (2 * sizeof(uint64_t))

/* The struct that a descriptor is written from. */
enum icd_element {
   ICD_ELEMENT_OTHER, /* a struct in the chain */
   ICD_ELEMENT_IMAGE,
   ICD_ELEMENT_BUFFER,
   ICD_ELEMENT_VIEW,
};

/* A VkWriteDescriptorSet or an entry of a template. */
struct icd_descriptor_write {
   uint64_t set; /* an id */
   uint32_t binding;
   uint32_t first; /* array element */
   uint32_t count;
   VkDescriptorType type;
   enum icd_element element;
   const uint8_t *data; /* the first descriptor; NULL: none */
   size_t stride;
   const struct icd_layout_info *info; /* if its samplers may be immutable, else NULL */
};

enum icd_element
icd_element_of(VkDescriptorType type);

/* `info` if a write of the type must leave out the layout's immutable samplers, else NULL. */
const struct icd_layout_info *
icd_samplers_of(const struct icd_layout_info *info, VkDescriptorType type);

/* Encodes a write of images, buffers or buffer views: not of ICD_ELEMENT_OTHER. */
void
icd_encode_descriptor_write(struct tongs_encoder *e, const struct icd_descriptor_write *w);

/* Encodes the count of writes: the parameter, and the length of the array. */
void
icd_encode_counts(struct tongs_encoder *e, uint32_t count);

/* Starts an update with `count` writes of at most `size` bytes; SIZE_MAX: unknown. Takes the
 * stream's lock; icd_update_end() releases it. Applications often write one descriptor at a time,
 * so consecutive updates are merged into one op, which needs two thirds of the bytes and one call
 * of the host driver. */
struct tongs_encoder *
icd_update_begin(struct icd_dispatchable *dev, uint32_t count, size_t size, size_t *offset);

/* Ends an update without copies. More writes may join it until the stream is sent. */
void
icd_update_end(struct icd_connection *c, struct tongs_encoder *e, size_t offset);

/* Records the start of a push of descriptors. The caller then encodes the counts and the writes,
 * and calls icd_record_end(). */
struct tongs_encoder *
icd_push_begin(VkCommandBuffer handle, VkPipelineBindPoint bind_point, VkPipelineLayout layout,
               uint32_t set, size_t *offset);

#endif
