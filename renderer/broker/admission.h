/* SPDX-License-Identifier: MIT */

/* Decides which clients get a worker: those of allowed users, while fewer than max_workers run. One
 * thread. */

#ifndef RDR_BROKER_ADMISSION_H
#define RDR_BROKER_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rdr_client;
struct rdr_pool;

struct rdr_admission {
   /* Users that may connect, besides root and the user of this process. The caller owns the
    * array. */
   const uid_t *allowed_uids;
   size_t allowed_uid_count;

   /* Rate limit of the log: the current second, and the number of refusals in it. */
   int64_t second;
   unsigned refusals;
};

/* Identifies the client at the other end of the socket `fd`, checks that it may have a worker, and
 * gives it a worker of the pool. Logs a refusal. The caller keeps the socket. */
void
rdr_admission_admit(struct rdr_admission *a, struct rdr_pool *pool, int fd, int64_t now_ms);

/* Logs that a client that rdr_admission_admit() has admitted gets no worker after all. `error`: an
 * errno. */
void
rdr_admission_log_loss(struct rdr_admission *a, const struct rdr_client *client, int error,
                       int64_t now_ms);

/* Logs a line. Logs at most ten lines per second, because any user can cause refusals; the number
 * of suppressed lines is logged later. */
void __attribute__((format(printf, 3, 4)))
rdr_admission_log(struct rdr_admission *a, int64_t now_ms, const char *format, ...);

#endif
