/* SPDX-License-Identifier: MIT */
#include "icd/requirements.h"

#include "icd/device.h"
#include "icd/physical_device.h"

#include <string.h>

void
icd_requirements_key_init(struct icd_requirements_key *key, const struct tongs_encoder *e,
                          size_t offset)
{
   size_t size = tongs_encoder_size(e) - offset;

   key->size = 0;
   if (e->failed || size > sizeof(key->bytes))
      return;
   memcpy(key->bytes, e->base + offset, size);
   key->size = (uint32_t)size;
}

/* --- What an object remembers --- */

void
icd_requirements_memorise(struct icd_requirements_memo *memo, const struct icd_requirements *answer)
{
   unsigned empty = ICD_MEMO_EMPTY;

   if (!answer->memory.size || !answer->memory.memoryTypeBits)
      return;
   /* Most objects are asked about once, and a memo costs more than it saves there. */
   if (!atomic_load_explicit(&memo->asked, memory_order_relaxed)) {
      atomic_store_explicit(&memo->asked, true, memory_order_relaxed);
      return;
   }
   if (!atomic_compare_exchange_strong(&memo->state, &empty, ICD_MEMO_BEING_WRITTEN))
      return;
   memo->answer = *answer;
   atomic_store_explicit(&memo->state, ICD_MEMO_VALID, memory_order_release);
}

/* --- The cache --- */

bool
icd_requirements_find(struct icd_device *dev, const struct icd_requirements_question *question,
                      void *answer, size_t answer_size)
{
   struct icd_cache *cache = &dev->physical->answers;
   size_t size = 0;

   if (!question->size)
      return false;
   const void *known = icd_cache_find_locked(cache, &question->data, question->size, &size);
   bool found = known && size == answer_size;

   if (found)
      memcpy(answer, known, size);
   icd_cache_unlock(cache);
   return found;
}

void
icd_requirements_keep(struct icd_device *dev, const struct icd_requirements_question *question,
                      const void *answer, size_t size)
{
   if (question->size)
      icd_cache_add(&dev->physical->answers, &question->data, question->size, answer, size);
}

/* --- Asking the host driver --- */

void
icd_requirements_ask_begin(struct icd_device *dev, struct icd_requirements_ask *a,
                           enum icd_requirements_topic topic, VkBuffer buffer, VkImage image)
{
   struct icd_connection *c = dev->base.connection;
   VkDevice device = (VkDevice)dev;

   *a = (struct icd_requirements_ask){
      .dedicated.sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS,
      .requirements.sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2,
      .requirements.pNext = &a->dedicated,
   };
   if (topic == ICD_REQUIREMENTS_PLAIN && buffer) {
      a->args.buffer = (struct tongs_args_vkGetBufferMemoryRequirements){
         .device = device,
         .buffer = buffer,
         .pMemoryRequirements = &a->requirements.memoryRequirements,
      };
      icd_call_begin(c, &a->call, TONGS_OP_vkGetBufferMemoryRequirements, &a->args.buffer);
   } else if (topic == ICD_REQUIREMENTS_PLAIN) {
      a->args.image = (struct tongs_args_vkGetImageMemoryRequirements){
         .device = device,
         .image = image,
         .pMemoryRequirements = &a->requirements.memoryRequirements,
      };
      icd_call_begin(c, &a->call, TONGS_OP_vkGetImageMemoryRequirements, &a->args.image);
   } else if (buffer) {
      a->info.buffer = (VkBufferMemoryRequirementsInfo2){
         .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_REQUIREMENTS_INFO_2, .buffer = buffer};
      a->args.buffer2 = (struct tongs_args_vkGetBufferMemoryRequirements2){
         .device = device, .pInfo = &a->info.buffer, .pMemoryRequirements = &a->requirements};
      icd_call_begin(c, &a->call, TONGS_OP_vkGetBufferMemoryRequirements2, &a->args.buffer2);
   } else {
      a->info.image = (VkImageMemoryRequirementsInfo2){
         .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2, .image = image};
      a->args.image2 = (struct tongs_args_vkGetImageMemoryRequirements2){
         .device = device, .pInfo = &a->info.image, .pMemoryRequirements = &a->requirements};
      icd_call_begin(c, &a->call, TONGS_OP_vkGetImageMemoryRequirements2, &a->args.image2);
   }
}

bool
icd_requirements_ask_finish(struct icd_device *dev, struct icd_requirements_ask *a,
                            struct icd_requirements *answer)
{
   icd_call_finish(dev->base.connection, &a->call);
   *answer = (struct icd_requirements){
      .memory = a->requirements.memoryRequirements,
      .prefers_dedicated = a->dedicated.prefersDedicatedAllocation,
      .requires_dedicated = a->dedicated.requiresDedicatedAllocation,
   };
   return answer->memory.size && answer->memory.memoryTypeBits;
}

/* --- The application's chain --- */

bool
icd_requirements_topic_of(const void *chain, enum icd_requirements_topic *topic)
{
   *topic = ICD_REQUIREMENTS_PLAIN;
   for (const VkBaseInStructure *s = chain; s; s = s->pNext) {
      if (s->sType != VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS)
         return false;
      *topic = ICD_REQUIREMENTS_DEDICATED;
   }
   return true;
}

void
icd_requirements_write(const struct icd_requirements *answer, VkMemoryRequirements2 *out)
{
   out->memoryRequirements = answer->memory;
   for (VkBaseOutStructure *s = out->pNext; s; s = s->pNext) {
      VkMemoryDedicatedRequirements *dedicated = (void *)s;
      dedicated->prefersDedicatedAllocation = answer->prefers_dedicated;
      dedicated->requiresDedicatedAllocation = answer->requires_dedicated;
   }
}
