/* SPDX-License-Identifier: MIT */

/* The external handle types with which the worker creates buffers and images. Vulkan requires that
 * a buffer or image that is bound to imported or exported memory was created with the handle type
 * of that memory. The client imports and exports memory that the application takes for plain
 * memory. So the worker adds the handle type, unless the application gives one. The decoder's
 * thread. */

#ifndef RDR_WORKER_MARKS_H
#define RDR_WORKER_MARKS_H

#include "renderer/worker/context.h"

/* Whether we can create each buffer with the external handle type of imported host memory. We
 * cannot if that reduces the memory types to which buffers can be bound. */
bool
rdr_may_mark_buffers(const struct rdr_device *dev);

struct rdr_marked_buffer {
   VkBufferCreateInfo info;
   VkExternalMemoryBufferCreateInfo external;
};

/* The create info to pass to the host driver: `info`, or one in *room. */
const VkBufferCreateInfo *
rdr_mark_buffer(const struct rdr_device *dev, const VkBufferCreateInfo *info,
                struct rdr_marked_buffer *room);

struct rdr_marked_image {
   VkImageCreateInfo info;
   VkExternalMemoryImageCreateInfo external;
};

/* The same for an image. Images are marked for exported memory only: the handle type of imported
 * host memory would change their layout on real hardware. */
const VkImageCreateInfo *
rdr_mark_image(const struct rdr_device *dev, const VkImageCreateInfo *info,
               struct rdr_marked_image *room);

#endif
