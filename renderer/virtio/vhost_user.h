/* SPDX-License-Identifier: MIT */

/* The device's side of vhost-user (QEMU's docs/interop/vhost-user.rst): a virtual machine's monitor
 * hands over its memory and its virtqueues, and asks for the configuration space. One connection,
 * one thread. */

#ifndef RDR_VIRTIO_VHOST_USER_H
#define RDR_VIRTIO_VHOST_USER_H

#include "renderer/virtio/guest_memory.h"
#include "renderer/virtio/virtio_queue.h"

#define RDR_VHOST_QUEUES 2
/* The most that the configuration space of a device has. */
#define RDR_VHOST_CONFIG_MAX 256u

/* How the control queue was started after it had been stopped. */
enum rdr_vhost_restart {
   RDR_VHOST_NOT_RESTARTED,
   RDR_VHOST_RESUMED,  /* the machine was paused: all is as it was */
   RDR_VHOST_REBOOTED, /* the guest has begun anew, and knows nothing of what it had */
};

struct rdr_vhost {
   int fd;         /* owned */
   int backend_fd; /* requests of ours to the monitor; owned, -1: none */
   int gpu_fd;     /* what a display would be drawn through; owned, -1: none */

   uint64_t offered;  /* virtio features of the device, without those of the transport */
   uint64_t features; /* what was acknowledged */
   uint64_t protocol_features;
   uint64_t
      window; /* bytes of host memory that the machine may have in its address space; 0: none */
   bool has_window; /* the monitor has asked for its size: it makes it */
   uint8_t config[RDR_VHOST_CONFIG_MAX];

   /* Called before the control queue stops: the last moment for answers, and from its end on nobody
    * may write to the machine's memory. Comes also from within rdr_vhost_map and rdr_vhost_unmap.
    */
   void (*stopping)(void *owner);
   void *owner;

   /* Of the control queue, once `stopping` was called. For the owner to see, who resets `restart`
    * and the queue's `held`. */
   bool stopped;
   bool was_reset;       /* since: the monitor said so */
   bool config_was_read; /* since: by a guest that looks at its devices */
   uint16_t stopped_at;  /* the index that the monitor was told */
   enum rdr_vhost_restart restart;

   struct rdr_guest_memory memory;
   struct rdr_queue queues[RDR_VHOST_QUEUES];
};

/* Takes `fd`, also when it fails. `offered`: bits of the device. */
void
rdr_vhost_init(struct rdr_vhost *v, int fd, uint64_t offered);

void
rdr_vhost_finish(struct rdr_vhost *v);

/* Makes `size` bytes of `file` appear at `offset` of the window. The monitor may have requests of
 * its own first, which are handled meanwhile. 0 or -errno. */
int
rdr_vhost_map(struct rdr_vhost *v, int file, uint64_t offset, uint64_t size);

int
rdr_vhost_unmap(struct rdr_vhost *v, uint64_t offset, uint64_t size);

/* Receives one message and answers it. 0; 1 when the monitor has left; -errno when it breaks the
 * protocol, after the reason was logged. */
int
rdr_vhost_handle(struct rdr_vhost *v);

#endif
