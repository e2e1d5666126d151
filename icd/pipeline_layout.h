/* SPDX-License-Identifier: MIT */

/* Pipeline layouts, and their deferred destruction. Applications destroy a layout right after they
 * recorded commands with it, which native drivers tolerate. So this driver sends the destruction
 * after those commands. */

#ifndef ICD_PIPELINE_LAYOUT_H
#define ICD_PIPELINE_LAYOUT_H

#include "protocol/tongs_list.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

struct icd_device;
struct icd_layout_info;

/* The deferred destructions of one device. */
struct icd_deferred_destroys {
   _Atomic uint64_t clock;            /* counts deferred destructions; advances under the lock */
   pthread_mutex_t lock;              /* protects both lists */
   struct tongs_list layouts;         /* of struct icd_deferred_destroy.link; owned, oldest first */
   struct tongs_list command_buffers; /* of struct icd_command_buffer.device_link; all there are */
};

void
icd_deferred_destroys_init(struct icd_deferred_destroys *d);

/* Frees the remaining elements and their ids. The worker's device and its layouts must be gone. */
void
icd_deferred_destroys_finish(struct icd_device *dev);

/* Destroys a pipeline layout on the worker, and frees its id, once every command buffer that was
 * open before this call has shipped its commands. Any thread. */
void
icd_destroy_layout_when_shipped(struct icd_device *dev, uint64_t id);

/* Destroys the layouts that no open command buffer needs. Any thread. */
void
icd_run_deferred_destroys(struct icd_device *dev);

/* The description of the layout's set number `set`, owned by the layout; NULL if there is none. */
const struct icd_layout_info *
icd_layout_info_of(VkPipelineLayout layout, uint32_t set);

#endif
