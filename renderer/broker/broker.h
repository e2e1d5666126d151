/* SPDX-License-Identifier: MIT */

/* The broker, which is the process of `tongs serve`:
 *
 *    broker.c          the loop: signals, polling, the end
 *    listener.c        the sockets that clients connect to
 *    admission.c       which clients get a worker
 *    lobby.c           the clients that have no worker yet
 *    peer_log.c        how many lines of the log a client may cause
 *    pool.c            the workers, with and without a client
 *    launch.c          how workers are started
 *    zygote_client.c   the broker's end of the zygote
 *    zygote.c          the zygote: a process that has loaded the host driver and forks workers
 *
 * The broker starts one worker process for each connection and logs how the process ends. It
 * neither calls Vulkan nor reads any byte that a client sends, so no client, worker or host driver
 * can crash it.
 */

#ifndef RDR_BROKER_BROKER_H
#define RDR_BROKER_BROKER_H

#include "protocol/url.h"
#include "renderer/limits.h"

#include <stddef.h>
#include <sys/types.h>

#define RDR_BROKER_DEFAULT_MAX_WORKERS 64
#define RDR_BROKER_DEFAULT_WARM 2
#define RDR_BROKER_MIN_SHARE 4

struct rdr_broker_options {
   /* unix: or vsock: by numbers; at least one. */
   const struct tongs_url *listen;
   size_t listen_count;

   /* Users that may connect, besides root and the broker's own user. If there are any, the mode of
    * the sockets is 0666 instead of 0600, because the kernel would otherwise refuse those users. */
   const uid_t *allowed_uids;
   size_t allowed_uid_count;

   /* Arguments of each worker, appended to those that launch.h lists; ends with NULL. */
   const char *const *worker_args;

   struct rdr_limits limits; /* of each client */

   /* How many clients may have a worker at a time, at least 1. Further clients are turned away. */
   unsigned max_workers;

   /* How many connections a process, a user and a guest may have, with a worker or without one yet.
    * 0: the default: a process a quarter of max_workers, but at least RDR_BROKER_MIN_SHARE; a user
    * and a guest all, or half as soon as there may be several. */
   unsigned max_per_process;
   unsigned max_per_user;
   unsigned max_per_machine;

   /* How many lines of the log each process may cause in ten seconds (peer_log.h); 0: any. */
   unsigned log_lines;

   /* How many warm workers (host driver loaded) wait for clients. 0: each worker is started when
    * its client connects. */
   unsigned warm;

   /* The broker ends after this many seconds without a client; 0: never. */
   unsigned idle_exit_seconds;

   /* A line for the log, in front of those that name the sockets; the caller owns it. */
   const char *notice;

   /* When all sockets listen, the broker writes one newline to this descriptor and closes it; -1:
    * none. */
   int ready_fd;
};

/* Runs until SIGTERM, SIGINT or SIGHUP, or until the broker was idle for idle_exit_seconds. Then it
 * removes the socket files, ends the workers and returns 0. If the broker cannot start, it logs the
 * reason and returns 1. Must be called with no other thread running; takes over the process's
 * signals and children. The workers run the executable file that this process runs, even if the
 * installed file has been replaced since.
 *
 * Each line of the log is one write(2) to stderr and begins with "tongs: ". */
int
rdr_broker_run(const struct rdr_broker_options *options);

#endif
