/* SPDX-License-Identifier: MIT */

/* Whether every driver can create what a create info asks for, as far as its numbers tell:
 * conditions of POST_BOUNDS in codegen/policy.py. If not, creating it is a call, whose result the
 * application gets. The bounds are the least values that the specification allows for limits
 * (section "Limit Requirements"), or stay far below what drivers of today refuse. */

#ifndef ICD_BOUNDS_H
#define ICD_BOUNDS_H

#include "icd/connection.h"

#include <stdbool.h>
#include <vulkan/vulkan_core.h>

/* The way in which an object is created, the usual one first. */
enum icd_way {
   ICD_POST,
   ICD_CALL,   /* the host driver may refuse: its result counts */
   ICD_REFUSE, /* with numbers that no driver takes, for which the worker would end the connection
                */
};

static inline VkResult
icd_create(struct icd_connection *c, uint32_t op, void *args, enum icd_way way)
{
   if (way == ICD_REFUSE)
      return VK_ERROR_UNKNOWN;
   return way == ICD_POST ? icd_post(c, op, args) : icd_call(c, op, args);
}

/* 1 GiB is the least maxBufferSize. Another object may have a captured address already. */
static inline bool
icd_buffer_is_usual(const VkBufferCreateInfo *v)
{
   return v->size - 1 < UINT64_C(1) << 30 &&
          !(v->flags & VK_BUFFER_CREATE_DEVICE_ADDRESS_CAPTURE_REPLAY_BIT);
}

bool
icd_image_is_usual(const VkImageCreateInfo *v, const VkPhysicalDeviceLimits *limits);

bool
icd_sampler_is_usual(const VkSamplerCreateInfo *v, const VkPhysicalDeviceLimits *limits);

bool
icd_set_layout_is_usual(const VkDescriptorSetLayoutCreateInfo *v);

bool
icd_pipeline_layout_is_usual(const VkPipelineLayoutCreateInfo *v,
                             const VkPhysicalDeviceLimits *limits);

bool
icd_descriptor_pool_is_usual(const VkDescriptorPoolCreateInfo *v);

static inline bool
icd_framebuffer_is_usual(const VkFramebufferCreateInfo *v, const VkPhysicalDeviceLimits *limits)
{
   return v->width - 1 < limits->maxFramebufferWidth &&
          v->height - 1 < limits->maxFramebufferHeight &&
          v->layers - 1 < limits->maxFramebufferLayers;
}

/* The results of a query take up to 100 bytes or so. */
static inline bool
icd_query_pool_is_usual(const VkQueryPoolCreateInfo *v)
{
   return v->queryCount - 1 < 1 << 16;
}

#endif
