/* SPDX-License-Identifier: MIT */
#ifndef ICD_QUEUE_H
#define ICD_QUEUE_H

#include "icd/object.h"

#include <stdbool.h>
#include <stdint.h>

struct icd_device;

struct icd_queue {
   struct icd_dispatchable base;
   struct icd_device *device;
   VkDeviceQueueCreateFlags flags;
   uint32_t family;
   uint32_t index;

   /* How the worker reports completed submissions. The API synchronizes access to a queue
    * externally, which protects the last two. */
   uint32_t slot; /* of the status page; 0: all slots were taken, and only the host driver knows */
   uint32_t epoch;
   uint64_t *last_number; /* kept by the connection, because a slot's numbers only grow */
   bool has_unnumbered;   /* a later submission has no number */
};

/* Creates the device's queues, here and on the worker. On failure some of them may exist:
 * icd_queues_destroy() frees them. */
VkResult
icd_queues_create(struct icd_device *dev, const VkDeviceCreateInfo *info);

/* Frees the queues. The worker's queues are gone with its device. */
void
icd_queues_destroy(struct icd_device *dev);

#endif
