/* SPDX-License-Identifier: MIT */

/* What a worker prints to its stderr while it has a client: a pipe leads from there to the process
 * that started it. A client can make its worker, and the host driver in it, print as much as it
 * likes. The reader decides what of it goes to the log.
 *
 * The worker's end does not block: a worker that prints faster than it is read loses lines.
 *
 * One thread. */

#ifndef RDR_BROKER_WORKER_LOG_H
#define RDR_BROKER_WORKER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define RDR_WORKER_LOG_LINE 400

struct rdr_worker_log {
   int fd; /* owned; -1: none, or the worker has closed its end */
   size_t used;
   char line[RDR_WORKER_LOG_LINE]; /* the beginning of a line whose end has not come */
};

/* Makes the pipe. The worker's end goes to *worker_end, which the caller owns; -1, with l->fd, if
 * there is no pipe to be had: the worker then keeps this process's stderr. */
void
rdr_worker_log_open(struct rdr_worker_log *l, int *worker_end);

void
rdr_worker_log_close(struct rdr_worker_log *l);

/* Reads what is there, a pipe's content at most. Calls `take` with each line, as printable ASCII
 * without a newline; longer lines come in pieces. `is_last`: the worker has ended, so that a line
 * may lack its end. */
void
rdr_worker_log_read(struct rdr_worker_log *l, bool is_last,
                    void (*take)(void *data, const char *line), void *data);

/* Writes a line of a worker to this process's stderr, with the worker's name in front unless it
 * begins with it. */
void
rdr_worker_log_write(pid_t worker, const char *line);

#endif
