/* SPDX-License-Identifier: MIT */
#ifndef ICD_IMAGE_H
#define ICD_IMAGE_H

#include "icd/requirements.h"

struct icd_image {
   struct tongs_object base;
   VkFormat format;
   uint32_t layers;
   bool sparse;                           /* created with VK_IMAGE_CREATE_SPARSE_RESIDENCY_BIT */
   struct icd_requirements_memo memos[2]; /* by topic */
   struct icd_requirements_key key;
};

static inline struct icd_image *
icd_image_from(VkImage handle)
{
   return (struct icd_image *)(uintptr_t)handle;
}

#endif
