/* SPDX-License-Identifier: MIT */

/* The broker: listens, looks at who calls, starts one worker process per connection and watches
 * how each ends. It touches neither Vulkan nor a byte of what a client sends, so nothing that a
 * client, a worker or a host driver does can take it down.
 */

#ifndef RDR_BROKER_BROKER_H
#define RDR_BROKER_BROKER_H

#include "protocol/url.h"
#include "renderer/limits.h"

#include <stddef.h>
#include <sys/types.h>

#define RDR_BROKER_DEFAULT_MAX_WORKERS 64
#define RDR_BROKER_DEFAULT_WARM 2

struct rdr_broker_options {
   /* unix: or vsock: by numbers; at least one. */
   const struct tongs_url *listen;
   size_t listen_count;

   /* Who may connect beside root and the broker's own user. With one or more, the sockets' mode is
    * 0666 instead of 0600, as the kernel would turn the others away before we see their uid.
    */
   const uid_t *allowed_uids;
   size_t allowed_uid_count;

   /* What each worker is started with after `tongs worker --fd 3` and perhaps `--wait`; ends with
    * NULL.
    */
   const char *const *worker_args;

   struct rdr_limits limits; /* of each client */

   /* How many clients may have a worker at a time, at least 1; one beyond that is turned away. */
   unsigned max_workers;

   /* How many workers wait for a client with the host's driver loaded; 0: each is started when its
    * client comes.
    */
   unsigned warm;

   /* End after so many seconds without a client; 0: never. */
   unsigned idle_exit_seconds;

   /* Receives one newline and is closed when every socket listens; -1: none. */
   int ready_fd;
};

/* Runs until SIGTERM, SIGINT or SIGHUP, or until it was idle long enough: then the socket files
 * are gone and so are the workers, and the result is 0. Any other result is 1, after the reason
 * was logged. Called with no other thread running; takes over the process's signals and children.
 * The workers run the very file that this process runs, also when it was replaced meanwhile.
 *
 * What it logs goes to stderr, one line a write, beginning with "tongs: ".
 */
int
rdr_broker_run(const struct rdr_broker_options *options);

#endif
