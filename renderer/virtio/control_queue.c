/* SPDX-License-Identifier: MIT */
#include "renderer/virtio/control_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
rdr_virtio_control_queue_init(struct rdr_virtio_control_queue *q, struct rdr_queue *queue,
                              const struct rdr_guest_memory *memory)
{
   *q = (struct rdr_virtio_control_queue){.queue = queue, .memory = memory};
   tongs_list_init(&q->held_answers);
}

void
rdr_virtio_control_queue_finish(struct rdr_virtio_control_queue *q)
{
   tongs_list_for_each_safe(struct rdr_virtio_held_answer, held, &q->held_answers, link)
      free(held);
   rdr_element_finish(&q->element);
   free(q->command);
}

/* Copies the command that the guest wrote into private memory (R1). False if the command is too
 * large or memory is out. */
static bool
copy_command(struct rdr_virtio_control_queue *q, size_t *size)
{
   uint64_t total = 0;

   for (uint32_t i = 0; i < q->element.out_count; i++)
      total += q->element.out[i].size;
   if (total > RDR_VIRTIO_COMMAND_MAX)
      return false;
   if (total > q->command_room) {
      uint8_t *grown = realloc(q->command, total);
      if (!grown)
         return false;
      q->command = grown;
      q->command_room = total;
   }
   *size = 0;
   for (uint32_t i = 0; i < q->element.out_count; i++) {
      const struct rdr_guest_range *r = &q->element.out[i];
      const void *bytes = rdr_guest_memory_at(q->memory, r->address, r->size);
      if (!bytes)
         return false;
      if (r->size)
         memcpy(q->command + *size, bytes, r->size);
      *size += r->size;
   }
   return true;
}

static void
keep_answer(struct rdr_virtio_control_queue *q, const struct rdr_virtio_request *request,
            const void *data, size_t size)
{
   struct rdr_virtio_held_answer *held = malloc(sizeof(*held) + size);

   if (!held) {
      fprintf(stderr, "tongs: out of memory: an answer to a virtual machine is lost\n");
      return;
   }
   *held = (struct rdr_virtio_held_answer){.request = *request, .size = size};
   memcpy(held->data, data, size);
   tongs_list_append(&q->held_answers, &held->link);
}

void
rdr_virtio_control_queue_restart(struct rdr_virtio_control_queue *q)
{
   struct tongs_list answers;

   tongs_list_init(&answers);
   tongs_list_splice(&answers, &q->held_answers);
   tongs_list_for_each_safe(struct rdr_virtio_held_answer, held, &answers, link) {
      rdr_virtio_control_queue_answer(q, &held->request, held->data, held->size);
      free(held);
   }
}

void
rdr_virtio_control_queue_answer(struct rdr_virtio_control_queue *q,
                                const struct rdr_virtio_request *request, const void *data,
                                size_t size)
{
   size_t done = 0;

   if (request->generation != q->queue->generation)
      return;
   if (!q->queue->started) {
      keep_answer(q, request, data, size);
      return;
   }
   for (unsigned i = 0; i < request->range_count && done < size; i++) {
      const struct rdr_guest_range *r = &request->ranges[i];
      size_t part = r->size < size - done ? r->size : size - done;
      void *bytes = rdr_guest_memory_at(q->memory, r->address, part);
      if (!bytes)
         break;
      memcpy(bytes, (const uint8_t *)data + done, part);
      done += part;
   }
   rdr_queue_push(q->queue, request->head, (uint32_t)done);
}

bool
rdr_virtio_control_queue_serve(struct rdr_virtio_control_queue *q, struct rdr_virtio_device *dev,
                               unsigned limit)
{
   for (unsigned i = 0; i < limit; i++) {
      if (!rdr_queue_pop(q->queue, &q->element))
         return false;
      struct rdr_virtio_request *request = calloc(1, sizeof(*request));
      size_t size = 0;
      if (!request || !copy_command(q, &size)) {
         fprintf(stderr, "tongs: a command of a virtual machine cannot be read: it is left out\n");
         free(request);
         rdr_queue_push(q->queue, q->element.head, 0);
         continue;
      }
      request->head = q->element.head;
      request->generation = q->queue->generation;
      while (request->range_count < q->element.in_count &&
             request->range_count < RDR_VIRTIO_ANSWER_RANGES) {
         request->ranges[request->range_count] = q->element.in[request->range_count];
         request->range_count++;
      }
      rdr_virtio_device_execute(dev, request, q->command, size);
   }
   return true;
}
