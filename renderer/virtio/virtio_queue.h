/* SPDX-License-Identifier: MIT */

/* The device's side of a split virtqueue (virtio 1.2, 2.7), with event indices and indirect
 * descriptors. The rings are the guest's to write: every word is read once, and what it says is
 * checked. One thread. */

#ifndef RDR_VIRTIO_VIRTIO_QUEUE_H
#define RDR_VIRTIO_VIRTIO_QUEUE_H

#include "renderer/virtio/guest_memory.h"

struct vring_desc;
struct vring_avail;
struct vring_used;

/* virtio allows no more. */
#define RDR_QUEUE_SIZE_MAX 32768u

struct rdr_queue {
   const struct rdr_guest_memory *memory;
   uint32_t size; /* a power of two */
   uint64_t desc_user;
   uint64_t avail_user;
   uint64_t used_user;
   uint16_t next_avail; /* the next element to be taken */
   uint16_t next_used;
   uint16_t signalled; /* `next_used` when the guest was notified last */
   bool signalled_valid;
   bool event_idx;
   bool started;
   bool enabled;
   bool held; /* it has been started again, and nothing is taken before the device has seen that */
   uint32_t generation; /* another one where the guest has begun anew: it waits for no old answer */
   bool broken;         /* the guest has broken a rule: nothing more is taken */
   int kick_fd;         /* owned; -1: none */
   int call_fd;
   int err_fd;
};

/* One request: what the guest wrote, and where the answer goes. Both arrays belong to the element
 * and are used again by the next one. */
struct rdr_element {
   uint16_t head;
   struct rdr_guest_range *out;
   struct rdr_guest_range *in;
   uint32_t out_count;
   uint32_t in_count;
   uint32_t out_room;
   uint32_t in_room;
};

void
rdr_queue_init(struct rdr_queue *q, const struct rdr_guest_memory *memory);

/* Closes the descriptors. */
void
rdr_queue_finish(struct rdr_queue *q);

/* Takes the next request. False when there is none, or the guest has broken the queue. */
bool
rdr_queue_pop(struct rdr_queue *q, struct rdr_element *element);

/* Gives a request back, with `written` bytes of answer. */
void
rdr_queue_push(struct rdr_queue *q, uint16_t head, uint32_t written);

/* Tells the guest about what was given back, if it wants to know. */
void
rdr_queue_notify(struct rdr_queue *q);

void
rdr_element_finish(struct rdr_element *element);

#endif
