/* SPDX-License-Identifier: MIT */

/* A cache of the memory requirements of buffers and images. The key is the create info. The Vulkan
 * specification promises requirements that are "identical for all objects created with the same
 * creation parameters" (section "Resource Memory Association"), so the host driver is asked once
 * for all objects with one key. Any thread. */

#ifndef ICD_REQUIREMENTS_H
#define ICD_REQUIREMENTS_H

#include "icd/connection.h"
#include "icd/object.h"

#include "tongs_gen_args.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct icd_device;
struct tongs_encoder;

/* The device and the create info as they travel. `size` is 0 if they are too long to be cached: the
 * client then asks for each object. */
struct icd_requirements_key {
   uint32_t size;
   uint8_t bytes[196];
};

/* Copies what the stream holds from `offset` on into the key. */
void
icd_requirements_key_init(struct icd_requirements_key *key, const struct tongs_encoder *e,
                          size_t offset);

/* The property that a query asks for. It is the first word of a cache key. */
enum icd_requirements_topic {
   ICD_REQUIREMENTS_PLAIN,     /* requirements without VkMemoryDedicatedRequirements */
   ICD_REQUIREMENTS_DEDICATED, /* requirements with it */
   ICD_REQUIREMENTS_SIZES = 2, /* added to one of these: how they depend on the buffer's size */
   ICD_REQUIREMENTS_LAYOUT = 4,
};

/* The key of an entry in the physical device's cache of answers. */
struct icd_requirements_question {
   size_t size; /* of the used part of `data` */
   struct {
      uint32_t topic;
      VkImageSubresource subresource; /* zeros unless the topic is ICD_REQUIREMENTS_LAYOUT */
      uint64_t buffer_size;           /* 0 for images and for ICD_REQUIREMENTS_SIZES */
      uint8_t key[sizeof(((struct icd_requirements_key *)NULL)->bytes)];
   } data;
};

struct icd_requirements {
   VkMemoryRequirements memory;
   VkBool32 prefers_dedicated;
   VkBool32 requires_dedicated;
};

enum icd_memo_state {
   ICD_MEMO_EMPTY,
   ICD_MEMO_BEING_WRITTEN,
   ICD_MEMO_VALID,
};

/* The answers about one object, for each of the first two topics. Zeroed at first. */
struct icd_requirements_memo {
   atomic_uint state; /* enum icd_memo_state */
   atomic_bool asked; /* once before */
   struct icd_requirements answer;
};

/* Copies the answer. False if there is none yet. */
static inline bool
icd_requirements_recall(const struct icd_requirements_memo *memo, struct icd_requirements *answer)
{
   /* Acquire: the answer is loaded after the state. Pairs with icd_requirements_memorise(). */
   if (atomic_load_explicit(&memo->state, memory_order_acquire) != ICD_MEMO_VALID)
      return false;
   *answer = memo->answer;
   return true;
}

/* Keeps the answer from the second call on, unless it is that for an object which failed to be
 * created. */
void
icd_requirements_memorise(struct icd_requirements_memo *memo,
                          const struct icd_requirements *answer);

/* `size` is at most that of a struct icd_requirements_key's bytes. With 0 the question cannot be
 * cached: nothing is found or kept. */
static inline void
icd_requirements_question_init(struct icd_requirements_question *question, uint32_t topic,
                               const void *key, size_t size)
{
   const size_t head = offsetof(struct icd_requirements_question, data.key) -
                       offsetof(struct icd_requirements_question, data);

   memset(&question->data, 0, head);
   question->data.topic = topic;
   memcpy(question->data.key, key, size);
   question->size = size ? head + size : 0;
}

/* Copies the cached answer. False if there is none of this size. */
bool
icd_requirements_find(struct icd_device *dev, const struct icd_requirements_question *question,
                      void *answer, size_t answer_size);

void
icd_requirements_keep(struct icd_device *dev, const struct icd_requirements_question *question,
                      const void *answer, size_t size);

/* A call that asks the host driver about one buffer or one image. Several may be pending. */
struct icd_requirements_ask {
   struct icd_pending_call call;
   VkMemoryDedicatedRequirements dedicated; /* chained unless the topic is PLAIN */
   VkMemoryRequirements2 requirements;
   union {
      VkBufferMemoryRequirementsInfo2 buffer;
      VkImageMemoryRequirementsInfo2 image;
   } info;
   union {
      struct tongs_args_vkGetBufferMemoryRequirements buffer;
      struct tongs_args_vkGetBufferMemoryRequirements2 buffer2;
      struct tongs_args_vkGetImageMemoryRequirements image;
      struct tongs_args_vkGetImageMemoryRequirements2 image2;
   } args;
};

/* Encodes the call for `buffer`, or for `image` if `buffer` is VK_NULL_HANDLE. */
void
icd_requirements_ask_begin(struct icd_device *dev, struct icd_requirements_ask *a,
                           enum icd_requirements_topic topic, VkBuffer buffer, VkImage image);

/* Waits for the reply. False, with zeros in the answer, if the object failed to be created or the
 * connection is lost. */
bool
icd_requirements_ask_finish(struct icd_device *dev, struct icd_requirements_ask *a,
                            struct icd_requirements *answer);

/* Determines the topic for the application's output chain. False if the chain contains a struct
 * whose answer is not cached. */
bool
icd_requirements_topic_of(const void *chain, enum icd_requirements_topic *topic);

/* Writes the answer to an output for whose chain icd_requirements_topic_of() returned true. */
void
icd_requirements_write(const struct icd_requirements *answer, VkMemoryRequirements2 *out);

#endif
