/* SPDX-License-Identifier: MIT */

/* Between the control virtqueue and the commands of a virtio-gpu device: copies what the guest wrote, and puts answers where
 * it wants them. One thread. */

#ifndef RDR_GPU_QUEUE_H
#define RDR_GPU_QUEUE_H

#include "virtio_gpu.h"
#include "virtio_queue.h"

/* An answer that nobody takes while the queue is stopped. */
struct rdr_gpu_late {
   struct rdr_gpu_late *next;
   struct rdr_gpu_request request;
   size_t size;
   uint8_t data[];
};

struct rdr_gpu_queue {
   struct rdr_queue *queue;
   const struct rdr_guest_memory *memory;
   struct rdr_element element;
   uint8_t *command; /* owned: the command that is carried out */
   size_t command_room;
   struct rdr_gpu_late *late; /* owned; oldest first */
};

void
rdr_gpu_queue_finish(struct rdr_gpu_queue *q);

/* Carries out up to `limit` commands. True when there may be more. */
bool
rdr_gpu_queue_serve(struct rdr_gpu_queue *q, struct rdr_gpu *gpu, unsigned limit);

/* The queue has been started again: gives the answers that came while it was stopped, or forgets those that were for a guest
 * which is no more. */
void
rdr_gpu_queue_restart(struct rdr_gpu_queue *q);

/* What rdr_gpu_options.answer is to do. */
void
rdr_gpu_queue_answer(struct rdr_gpu_queue *q, const struct rdr_gpu_request *request,
                     const void *data, size_t size);

#endif
