/* SPDX-License-Identifier: MIT */

/* Between the control virtqueue and the commands of a virtio-gpu device: copies what the guest wrote, and puts answers where
 * it wants them. One thread. */

#ifndef RDR_GPU_QUEUE_H
#define RDR_GPU_QUEUE_H

#include "virtio_gpu.h"
#include "virtio_queue.h"

struct rdr_gpu_queue {
   struct rdr_queue *queue;
   const struct rdr_guest_memory *memory;
   struct rdr_element element;
   uint8_t *command; /* owned: the command that is carried out */
   size_t command_room;
};

void
rdr_gpu_queue_finish(struct rdr_gpu_queue *q);

/* Carries out up to `limit` commands. True when there may be more. */
bool
rdr_gpu_queue_serve(struct rdr_gpu_queue *q, struct rdr_gpu *gpu, unsigned limit);

/* What rdr_gpu_options.answer is to do. */
void
rdr_gpu_queue_answer(struct rdr_gpu_queue *q, const struct rdr_gpu_request *request,
                     const void *data, size_t size);

#endif
