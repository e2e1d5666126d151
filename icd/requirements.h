/* SPDX-License-Identifier: MIT */

/* What memory buffers and images need, known by how they were created: "identical for all objects
 * created with the same creation parameters", so that the host is asked once for all of a kind. */

#ifndef ICD_REQUIREMENTS_H
#define ICD_REQUIREMENTS_H

#include "icd/object.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct tongs_encoder;

/* The device and the create info as they travel; size 0 where they are too long to be kept: then
 * the host is asked. */
struct icd_requirements_key {
   uint32_t size;
   uint8_t bytes[196];
};

/* Takes what the stream holds from `offset` on. */
void
icd_requirements_key_init(struct icd_requirements_key *kind, const struct tongs_encoder *e,
                          size_t offset);

struct icd_buffer {
   struct tongs_object base;
   atomic_ullong address; /* 0: not asked for yet; threads that ask at a time get the same */
   uint64_t size;
   uint32_t size_at; /* where the size is in the kind's bytes */
   bool probes;      /* others like it may be made to find out what theirs depends on */
   struct icd_requirements_key kind;
};

static inline struct icd_buffer *
icd_buffer_from(VkBuffer handle)
{
   return (struct icd_buffer *)(uintptr_t)handle;
}

#endif
