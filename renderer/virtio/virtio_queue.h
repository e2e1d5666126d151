/* SPDX-License-Identifier: MIT */

/* The device's side of a split virtqueue (virtio 1.2, 2.7), with event indices and indirect
 * descriptors. The guest can write to the rings at any time, so each word is read once, and its
 * value is checked. One thread. */

#ifndef RDR_VIRTIO_VIRTIO_QUEUE_H
#define RDR_VIRTIO_VIRTIO_QUEUE_H

#include "renderer/virtio/guest_memory.h"

struct vring_desc;
struct vring_avail;
struct vring_used;

/* The largest size that virtio allows. */
#define RDR_QUEUE_SIZE_MAX 32768u

struct rdr_queue {
   const struct rdr_guest_memory *memory;
   uint32_t size; /* a power of two */
   uint64_t desc_user;
   uint64_t avail_user;
   uint64_t used_user;
   uint16_t next_avail; /* the index of the next element to be taken */
   uint16_t next_used;
   uint16_t signalled; /* `next_used` when the guest was notified last */
   bool signalled_valid;
   bool event_idx;
   bool started;
   bool enabled;
   bool held; /* the queue was restarted: no element is taken until the device has handled that */
   uint32_t generation; /* changes when the guest has rebooted: older requests are not answered */
   bool broken;         /* the guest has broken a rule: no more elements are taken */
   int kick_fd;         /* owned, as the other two; -1: none */
   int call_fd;
   int err_fd;
};

/* One request: the ranges that the guest wrote, and the ranges for the answer. The element owns
 * both arrays and keeps them for the next request. */
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

/* Takes the next request. False if there is none, or the guest has broken the queue. */
bool
rdr_queue_pop(struct rdr_queue *q, struct rdr_element *element);

/* Returns a request to the guest, with `written` bytes of answer. */
void
rdr_queue_push(struct rdr_queue *q, uint16_t head, uint32_t written);

/* Notifies the guest of returned requests, if the guest has asked for a notification. */
void
rdr_queue_notify(struct rdr_queue *q);

void
rdr_element_finish(struct rdr_element *element);

#endif
