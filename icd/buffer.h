/* SPDX-License-Identifier: MIT */
#ifndef ICD_BUFFER_H
#define ICD_BUFFER_H

#include "icd/requirements.h"

#include <stdatomic.h>

struct icd_buffer {
   struct tongs_object base;
   atomic_ullong address; /* 0: not fetched yet; several threads may fetch it */
   uint64_t size;
   bool may_probe;                        /* probes with its create info are safe */
   bool written;                          /* the device may write the memory that it is bound to */
   struct icd_requirements_memo memos[2]; /* by topic */
   struct icd_requirements_key key;       /* of its create info with size 0 */
};

static inline struct icd_buffer *
icd_buffer_from(VkBuffer handle)
{
   return (struct icd_buffer *)(uintptr_t)handle;
}

#endif
