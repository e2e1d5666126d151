/* SPDX-License-Identifier: MIT */

/* Between the control virtqueue and the commands of a virtio-gpu device: copies what the guest
 * wrote, and puts answers where it wants them. One thread. */

#ifndef RDR_VIRTIO_CONTROL_QUEUE_H
#define RDR_VIRTIO_CONTROL_QUEUE_H

#include "renderer/virtio/device.h"
#include "renderer/virtio/virtio_queue.h"

/* An answer that nobody takes while the queue is stopped. */
struct rdr_virtio_late {
   struct rdr_virtio_late *next;
   struct rdr_virtio_request request;
   size_t size;
   uint8_t data[];
};

struct rdr_virtio_control_queue {
   struct rdr_queue *queue;
   const struct rdr_guest_memory *memory;
   struct rdr_element element;
   uint8_t *command; /* owned: the command that is carried out */
   size_t command_room;
   struct rdr_virtio_late *late; /* owned; oldest first */
};

void
rdr_virtio_control_queue_finish(struct rdr_virtio_control_queue *q);

/* Carries out up to `limit` commands. True when there may be more. */
bool
rdr_virtio_control_queue_serve(struct rdr_virtio_control_queue *q, struct rdr_virtio *gpu,
                               unsigned limit);

/* The queue has been started again: gives the answers that came while it was stopped, or forgets
 * those that were for a guest which is no more. */
void
rdr_virtio_control_queue_restart(struct rdr_virtio_control_queue *q);

/* What rdr_virtio_options.answer is to do. */
void
rdr_virtio_control_queue_answer(struct rdr_virtio_control_queue *q,
                                const struct rdr_virtio_request *request, const void *data,
                                size_t size);

#endif
