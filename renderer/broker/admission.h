/* SPDX-License-Identifier: MIT */

/* Decides which clients get a worker, and when: those of allowed users, while neither max_workers
 * nor the share of their process, user or guest is used up, and not before they have sent their
 * hello (lobby.h). One thread. */

#ifndef RDR_BROKER_ADMISSION_H
#define RDR_BROKER_ADMISSION_H

#include "renderer/broker/lobby.h"
#include "renderer/broker/peer_log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rdr_pool;

struct rdr_admission_options {
   /* Users that may connect, besides root and the user of this process. The caller owns the
    * array. */
   const uid_t *allowed_uids;
   size_t allowed_uid_count;

   /* How many clients a process, a user and a guest may have, with a worker or without one yet. At
    * least 1. */
   unsigned max_per_process;
   unsigned max_per_user;
   unsigned max_per_machine;
};

struct rdr_admission {
   struct rdr_admission_options options;
   struct rdr_pool *pool;    /* owned by the caller */
   struct rdr_peer_log *log; /* owned by the caller */
   struct rdr_lobby lobby;
};

/* 0 or -errno. rdr_admission_finish() may be called in either case. */
int
rdr_admission_init(struct rdr_admission *a, const struct rdr_admission_options *options,
                   struct rdr_pool *pool, struct rdr_peer_log *log);

void
rdr_admission_finish(struct rdr_admission *a);

/* Identifies the client at the other end of the socket `fd`, which this function takes over, and
 * lets it into the lobby. Logs a refusal. */
void
rdr_admission_admit(struct rdr_admission *a, int fd, int64_t now_ms);

/* Gives workers to clients that have sent their hello, and lets those go that have taken too long.
 * To be called whenever the lobby, the pool or the time has changed. */
void
rdr_admission_serve(struct rdr_admission *a, int64_t now_ms);

/* Logs that a client gets no worker after all. `error`: an errno. */
void
rdr_admission_log_loss(struct rdr_admission *a, const struct rdr_client *client, int error,
                       int64_t now_ms);

#endif
