/* SPDX-License-Identifier: MIT */

/* `tongs serve --vhost-user-gpu`: a virtio-gpu device for guests, one device process per guest.
 *
 *    tongs serve --vhost-user-gpu PATH     listens; forks for each connecting monitor
 *     └ device process                     the device of one guest (device.h); no Vulkan
 *        └ tongs worker                    one per context, as on a socket
 *
 * A monitor does not recover from the loss of its device, so the device process does nothing that
 * could crash. Calls to the host driver, which can crash, run in workers; a crash then concerns
 * only the client of that worker.
 */

#ifndef RDR_VIRTIO_VHOST_SERVE_H
#define RDR_VIRTIO_VHOST_SERVE_H

#include "renderer/limits.h"

#include <stdint.h>

struct rdr_vhost_serve_options {
   const char *path; /* the unix socket that monitors connect to */

   /* Arguments of each worker, appended to those that launch.h lists; ends with NULL. */
   const char *const *worker_args;

   struct rdr_limits limits; /* of each client of a guest */

   unsigned max_workers; /* of one guest */

   uint64_t host_window_size; /* of one guest, bytes; 0: no host window */

   /* A guest may cause RDR_PEER_LOG_GROUP times as many lines of the log in ten seconds
    * (renderer/broker/peer_log.h); 0: any number. */
   unsigned log_lines;

   const char *notice; /* a line for the log, before the one that names the socket */

   /* Receives one newline and is closed when the socket listens; -1: none. */
   int ready_fd;
};

/* Runs until SIGTERM, SIGINT or SIGHUP, then ends the device processes and their workers. Returns
 * the exit status. Must be called with no other thread running; takes over the process's signals
 * and children. */
int
rdr_vhost_serve(const struct rdr_vhost_serve_options *options);

#endif
