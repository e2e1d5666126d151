/* SPDX-License-Identifier: MIT */

/* `tongs serve --vhost-user-gpu`: a virtio-gpu device for virtual machines, one process per
 * machine.
 *
 *    tongs serve --vhost-user-gpu PATH     listens; forks for each monitor that connects
 *     └ device                             the device: queues, resources, links; no Vulkan
 *        └ tongs worker                    one per context of the guest, as on a socket
 *
 * A monitor that loses its device does not recover, so the device process does nothing that could
 * take it down: what is dangerous happens in workers, whose end the guest's program learns and
 * nobody else.
 */

#ifndef RDR_VIRTIO_VHOST_SERVE_H
#define RDR_VIRTIO_VHOST_SERVE_H

#include "renderer/limits.h"

#include <stdint.h>

struct rdr_vhost_serve_options {
   const char *path; /* of the unix socket that monitors connect to */

   /* What each worker is started with after `tongs worker --fd 3 --pages`; ends with NULL. */
   const char *const *worker_args;

   struct rdr_limits limits; /* of each client of a guest */

   unsigned max_workers; /* of one virtual machine */

   uint64_t window; /* host memory that one may have in its address space, bytes */

   /* Receives one newline and is closed when the socket listens; -1: none. */
   int ready_fd;
};

/* Runs until SIGTERM, SIGINT or SIGHUP; the devices and their workers end with it. Returns the exit
 * status. Called with no other thread running; takes over the process's signals and children. */
int
rdr_vhost_serve(const struct rdr_vhost_serve_options *options);

#endif
