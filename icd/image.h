/* SPDX-License-Identifier: MIT */
#ifndef ICD_IMAGE_H
#define ICD_IMAGE_H

#include "object.h"

struct icd_image {
   struct tongs_object base;
   VkFormat format;
   uint32_t layers;
};

static inline struct icd_image *
icd_image_from(VkImage handle)
{
   return (struct icd_image *)(uintptr_t)handle;
}

#endif
