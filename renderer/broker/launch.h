/* SPDX-License-Identifier: MIT */

/* How workers are started. The broker and the virtio-gpu device start every process through this
 * file, which decides what the process inherits:
 *
 *    program      the file that this process runs, opened once, so that it stays the same if the
 *                 installed one is replaced
 *    arguments    `tongs worker --fd 3`, the option of the rdr_launch_kind, `worker_args`, and
 *                 `--limit` for each limit that differs from its default
 *    environment  that of this process
 *    descriptors  3: the socket; 0, 1, 2: those of this process, unless the worker has a stderr of
 *                 its own (worker_log.h); all others are closed by execve(2)
 *    limits       that of descriptors is the one that this process inherited
 *    signals      the mask that was inherited before this process blocked its own; SIGPIPE as usual
 *
 * If the zygote (zygote.h) is ready, it forks the warm workers. They have the zygote's arguments,
 * environment and descriptors, which this file decides as well.
 *
 * One thread.
 */

#ifndef RDR_BROKER_LAUNCH_H
#define RDR_BROKER_LAUNCH_H

#include "renderer/limits.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct rdr_zygote_client;

enum rdr_launch_kind {
   RDR_LAUNCH_CLIENT, /* the socket is a client's */
   RDR_LAUNCH_WARM,   /* the socket leads to the broker, which sends a client through it later */
   RDR_LAUNCH_ZYGOTE, /* the socket leads to the broker, which asks for workers through it */
   RDR_LAUNCH_GUEST,  /* the socket leads to the virtio-gpu device of a guest */
};

struct rdr_launcher {
   int exe_fd; /* owned; -1: rdr_launcher_init() has failed */

   /* Arguments of each worker, appended to those of this file; ends with NULL; NULL: none. The
    * caller owns the array. */
   const char *const *worker_args;

   /* The limits of each client. Warm workers and the zygote are started without them: a warm worker
    * receives its client's limits together with the client's socket (warm_worker.h). */
   struct rdr_limits limits;

   /* The signal mask of started processes, and their limit of descriptors. */
   sigset_t mask;
   struct rlimit descriptors;

   /* Forks the warm workers while it is ready; owned by the caller; NULL: there is no zygote. */
   struct rdr_zygote_client *zygote;
};

/* `mask` is the signal mask of started processes. Their limit of descriptors is this process's now.
 * 0 or -errno. */
int
rdr_launcher_init(struct rdr_launcher *l, const char *const *worker_args,
                  const struct rdr_limits *limits, const sigset_t *mask);

void
rdr_launcher_finish(struct rdr_launcher *l);

/* Starts a child process that gets a copy of the socket `fd`, and of `stderr_fd` as its stderr; -1:
 * that of this process. The caller keeps both. Returns the child's pid, or -1 with errno. */
pid_t
rdr_launch(const struct rdr_launcher *l, enum rdr_launch_kind kind, int fd, int stderr_fd);

/* As rdr_launch(), with one end of a new socket pair. The other end goes to *control_fd, which the
 * caller owns. If the zygote is ready, it forks the warm worker, which is then a child of this
 * process only if this process is a subreaper. */
pid_t
rdr_launch_with_socket(const struct rdr_launcher *l, enum rdr_launch_kind kind, int *control_fd);

#endif
