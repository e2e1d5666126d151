/* SPDX-License-Identifier: MIT */

/* Which clients may have a worker: those of allowed users, while there is a place. One thread. */

#ifndef RDR_BROKER_ADMISSION_H
#define RDR_BROKER_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rdr_client;
struct rdr_pool;

struct rdr_admission {
   /* Users that may connect, beside root and the user of this process. The caller's. */
   const uid_t *allowed_uids;
   size_t allowed_uid_count;

   /* The limit of the log: the current second, and the refusals in it. */
   int64_t second;
   unsigned refusals;
};

/* Finds out who the client at the other end of a socket is, checks whether the client may have a
 * worker, and finds one in the pool. A refusal is logged. The socket stays the caller's. */
void
rdr_admission_admit(struct rdr_admission *a, struct rdr_pool *pool, int fd, int64_t now_ms);

/* Logs that a client, whom rdr_admission_admit() has admitted, gets no worker after all. `error`:
 * an errno. */
void
rdr_admission_log_loss(struct rdr_admission *a, const struct rdr_client *client, int error,
                       int64_t now_ms);

/* Logs a line, at most ten in a second: any user can cause refusals. Those beyond are counted, and
 * the count is logged later. */
void __attribute__((format(printf, 3, 4)))
rdr_admission_log(struct rdr_admission *a, int64_t now_ms, const char *format, ...);

#endif
