/* SPDX-License-Identifier: MIT */

/* How workers are started. The broker and the virtio-gpu device start every process through this
 * file, which decides what the process inherits:
 *
 *    program      the file that this process runs, opened once, so that it stays the same if the
 *                 installed one is replaced
 *    arguments    `tongs worker --fd 3`, the option of the kind, `worker_args`, and `--limit` for
 *                 each limit that differs from its default
 *    environment  this process's
 *    descriptors  3: the socket; 0, 1, 2: this process's; all others are closed by execve(2)
 *    signals      the mask that was inherited before this process blocked its own; SIGPIPE as usual
 *
 * A warm worker is forked by the zygote (zygote.h), if there is one that can do so. It then has the
 * zygote's arguments, environment and descriptors, which come from here too.
 *
 * One thread.
 */

#ifndef RDR_BROKER_LAUNCH_H
#define RDR_BROKER_LAUNCH_H

#include "renderer/limits.h"

#include <signal.h>
#include <stdbool.h>
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

   /* What each worker is started with after the options of this file; ends with NULL; NULL:
    * nothing. The caller's. */
   const char *const *worker_args;

   /* The limits of each client. A warm worker, and the zygote, are started without them: a warm
    * worker gets its client's limits with the client's socket (warm_worker.h). */
   struct rdr_limits limits;

   /* The signal mask of the processes that are started. */
   sigset_t mask;

   /* Forks the warm workers while it can; the caller's; NULL: there is none. */
   struct rdr_zygote_client *zygote;
};

/* `mask` is the whole mask that started processes get. 0 or -errno. */
int
rdr_launcher_init(struct rdr_launcher *l, const char *const *worker_args,
                  const struct rdr_limits *limits, const sigset_t *mask);

void
rdr_launcher_finish(struct rdr_launcher *l);

/* Starts a process that has the socket `fd`, which stays the caller's. Returns its pid, or -1 with
 * errno. The process is a child of this one. */
pid_t
rdr_launch(const struct rdr_launcher *l, enum rdr_launch_kind kind, int fd);

/* The same with one end of a new socket pair. The other end goes to *control_fd, which the caller
 * owns. A warm worker is forked by the zygote if it can; then it is a child of this process only if
 * this process is a subreaper. */
pid_t
rdr_launch_with_socket(const struct rdr_launcher *l, enum rdr_launch_kind kind, int *control_fd);

#endif
