/* SPDX-License-Identifier: MIT */

/* The device's side of vhost-user (QEMU's docs/interop/vhost-user.rst): a virtual machine's monitor hands over its memory and
 * its virtqueues, and asks for the configuration space. One connection, one thread. */

#ifndef RDR_VHOST_USER_H
#define RDR_VHOST_USER_H

#include "guest_memory.h"
#include "virtio_queue.h"

#define RDR_VHOST_QUEUES 2
/* The most that the configuration space of a device has. */
#define RDR_VHOST_CONFIG_MAX 256u

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

   struct rdr_guest_memory memory;
   struct rdr_queue queues[RDR_VHOST_QUEUES];
};

/* Takes `fd`, also when it fails. `offered`: bits of the device. */
void
rdr_vhost_init(struct rdr_vhost *v, int fd, uint64_t offered);

void
rdr_vhost_finish(struct rdr_vhost *v);

/* Makes `size` bytes of `file` appear at `offset` of the window. The monitor may have requests of its own first, which are
 * handled meanwhile. 0 or -errno. */
int
rdr_vhost_map(struct rdr_vhost *v, int file, uint64_t offset, uint64_t size);

int
rdr_vhost_unmap(struct rdr_vhost *v, uint64_t offset, uint64_t size);

/* Receives one message and answers it. 0; 1 when the monitor has left; -errno when it breaks the protocol, after the
 * reason was logged. */
int
rdr_vhost_handle(struct rdr_vhost *v);

#endif
