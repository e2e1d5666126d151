/* SPDX-License-Identifier: MIT */
#ifndef ICD_COMMAND_POOL_H
#define ICD_COMMAND_POOL_H

#include "icd/object.h"
#include "protocol/tongs_list.h"

/* The API synchronizes access to a pool and its command buffers externally. */
struct icd_command_pool {
   struct tongs_object base;
   VkAllocationCallbacks alloc;       /* for its command buffers */
   struct tongs_list command_buffers; /* of struct icd_command_buffer.pool_link; owned */
};

static inline struct icd_command_pool *
icd_command_pool_from(VkCommandPool handle)
{
   return (struct icd_command_pool *)(uintptr_t)handle;
}

#endif
