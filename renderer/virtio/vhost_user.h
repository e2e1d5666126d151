/* SPDX-License-Identifier: MIT */

/* The device's side of vhost-user (QEMU's docs/interop/vhost-user.rst): the monitor of a guest
 * hands over the guest's memory and its virtqueues, and asks for the configuration space. One
 * connection, one thread. */

#ifndef RDR_VIRTIO_VHOST_USER_H
#define RDR_VIRTIO_VHOST_USER_H

#include "renderer/virtio/guest_memory.h"
#include "renderer/virtio/virtio_queue.h"

#define RDR_VHOST_QUEUES 2
/* The largest size of a device's configuration space. */
#define RDR_VHOST_CONFIG_MAX 256u

/* How the control queue was started after it had been stopped. */
enum rdr_vhost_restart {
   RDR_VHOST_NOT_RESTARTED,
   RDR_VHOST_RESUMED,  /* the guest was paused and goes on */
   RDR_VHOST_REBOOTED, /* the guest has rebooted: it has no contexts and no resources */
};

struct rdr_vhost {
   int fd;         /* owned */
   int backend_fd; /* for our requests to the monitor; owned; -1: none */
   int gpu_fd;     /* for drawing a display, which is not used; owned; -1: none */

   uint64_t offered;  /* virtio features of the device, without the general ones */
   uint64_t features; /* virtio features that the guest has acknowledged */
   uint64_t protocol_features;
   uint64_t host_window_size; /* 0: no host window */
   bool has_host_window;      /* the monitor has asked for the size, so it provides the window */
   uint8_t config[RDR_VHOST_CONFIG_MAX];

   /* Called before the control queue stops. Answers must be written before it returns; after that,
    * this process must not write to guest memory. May be called from within rdr_vhost_map() and
    * rdr_vhost_unmap(). */
   void (*stopping)(void *owner);
   void *owner;

   /* The state of the control queue since `stopping` was called. The owner reads `restart`, then
    * resets it and the queue's `held`. */
   bool stopped;
   bool was_reset;       /* the monitor has reset the device since */
   bool config_was_read; /* a guest has read the configuration since */
   uint16_t stopped_at;  /* the index that was reported to the monitor */
   enum rdr_vhost_restart restart;

   struct rdr_guest_memory memory;
   struct rdr_queue queues[RDR_VHOST_QUEUES];
};

/* Owns `fd`. `offered`: the feature bits of the device. */
void
rdr_vhost_init(struct rdr_vhost *v, int fd, uint64_t offered);

void
rdr_vhost_finish(struct rdr_vhost *v);

/* Maps the first `size` bytes of `file` at `offset` of the host window. Handles the monitor's own
 * requests while it waits for the answer. 0 or -errno. */
int
rdr_vhost_map(struct rdr_vhost *v, int file, uint64_t offset, uint64_t size);

int
rdr_vhost_unmap(struct rdr_vhost *v, uint64_t offset, uint64_t size);

/* Receives one message and answers it. 0; 1 if the monitor has disconnected; -errno if the monitor
 * breaks the protocol, which is logged. */
int
rdr_vhost_handle(struct rdr_vhost *v);

#endif
