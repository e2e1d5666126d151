/* SPDX-License-Identifier: MIT */
#ifndef ICD_BUFFER_H
#define ICD_BUFFER_H

#include "icd/requirements.h"

#include <stdatomic.h>

#define ICD_BUFFER_FAMILIES_MAX 4

/* The create info of most buffers, except its size: it has no chain and few queue families. It is
 * the key of what the driver knows about buffers that differ in size only. No padding. */
struct icd_buffer_kind {
   uint64_t device;
   uint32_t zero; /* tells it from a struct icd_requirements_key, whose third word is 1 */
   VkBufferCreateFlags flags;
   VkBufferUsageFlags usage;
   uint32_t family_count; /* 0 with VK_SHARING_MODE_EXCLUSIVE */
   uint32_t families[ICD_BUFFER_FAMILIES_MAX];
};

struct icd_buffer {
   struct tongs_object base;
   atomic_ullong address; /* 0: not fetched yet; several threads may fetch it */
   uint64_t size;
   bool written;                          /* the device may write the memory that it is bound to */
   struct icd_requirements_memo memos[2]; /* by topic */
   bool has_kind;
   union {
      struct icd_buffer_kind kind;
      struct icd_requirements_key key; /* of a buffer without a kind */
   };
};

static inline struct icd_buffer *
icd_buffer_from(VkBuffer handle)
{
   return (struct icd_buffer *)(uintptr_t)handle;
}

#endif
