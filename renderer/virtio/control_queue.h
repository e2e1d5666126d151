/* SPDX-License-Identifier: MIT */

/* Connects the control virtqueue with the commands of a virtio-gpu device: copies commands from
 * guest memory, and writes answers to the ranges that the guest has given. One thread. */

#ifndef RDR_VIRTIO_CONTROL_QUEUE_H
#define RDR_VIRTIO_CONTROL_QUEUE_H

#include "protocol/tongs_list.h"
#include "renderer/virtio/device.h"
#include "renderer/virtio/virtio_queue.h"

/* An answer that is kept while the queue is stopped. */
struct rdr_virtio_held_answer {
   struct tongs_list link; /* in rdr_virtio_control_queue.held_answers */
   struct rdr_virtio_request request;
   size_t size;
   uint8_t data[];
};

struct rdr_virtio_control_queue {
   struct rdr_queue *queue;
   const struct rdr_guest_memory *memory;
   struct rdr_element element;
   uint8_t *command; /* owned; the bytes of the current command */
   size_t command_room;

   /* Of struct rdr_virtio_held_answer.link; oldest first; owned. */
   struct tongs_list held_answers;
};

void
rdr_virtio_control_queue_init(struct rdr_virtio_control_queue *q, struct rdr_queue *queue,
                              const struct rdr_guest_memory *memory);

void
rdr_virtio_control_queue_finish(struct rdr_virtio_control_queue *q);

/* Carries out up to `limit` commands. True if there may be more. */
bool
rdr_virtio_control_queue_serve(struct rdr_virtio_control_queue *q, struct rdr_virtio_device *dev,
                               unsigned limit);

/* Called after the queue has been restarted. Writes the answers that were kept while it was
 * stopped, except those to a guest that has rebooted since. */
void
rdr_virtio_control_queue_restart(struct rdr_virtio_control_queue *q);

/* Writes an answer into guest memory, or keeps it while the queue is stopped. The owner of the
 * device calls this function from rdr_virtio_device_options.answer. */
void
rdr_virtio_control_queue_answer(struct rdr_virtio_control_queue *q,
                                const struct rdr_virtio_request *request, const void *data,
                                size_t size);

#endif
