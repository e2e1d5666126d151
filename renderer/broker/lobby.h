/* SPDX-License-Identifier: MIT */

/* The clients that are connected and have no worker yet. A client waits here until it has sent its
 * hello, and then until a worker can be started. A client that closes its socket before leaves
 * without having cost a worker.
 *
 *    rdr_lobby_add() ──▶ silent ── hello came ──▶ ready ── rdr_lobby_take() ──▶ the pool
 *                          │                        │
 *                          └─── gone, or too late ──┴──▶ options.leave()
 *
 * The lobby looks at how many bytes a client has sent, and at none of them.
 *
 * One thread. */

#ifndef RDR_BROKER_LOBBY_H
#define RDR_BROKER_LOBBY_H

#include "renderer/broker/client.h"

#include <stdbool.h>
#include <stdint.h>

/* How many clients wait at most. */
#define RDR_LOBBY_SIZE 256

/* How long a client may take to send its hello. Afterwards it may wait for a worker as long as it
 * takes. */
#define RDR_LOBBY_HELLO_MS 5000

struct rdr_lobby_options {
   /* Reports a client that leaves without a worker, just before its socket is closed. `why`: NULL
    * if it said nothing and has gone. */
   void (*leave)(void *owner, const struct rdr_client *client, const char *why);
   void *owner;
};

struct rdr_lobby_entry {
   struct rdr_client client; /* `fd` is owned; -1: the entry is free */
   int64_t since_ms;
   uint64_t order; /* of arrival */
   bool is_ready;
};

/* Who got the latest workers, so that the next one goes to another. */
struct rdr_lobby_turn {
   struct rdr_client client; /* without a descriptor */
   uint64_t number;          /* 0: unused; the higher, the later */
};

#define RDR_LOBBY_TURNS 64

struct rdr_lobby {
   struct rdr_lobby_options options;
   int epoll_fd; /* owned; edge-triggered, because a part of a hello stays in its socket */
   struct rdr_lobby_entry entries[RDR_LOBBY_SIZE];
   unsigned count;
   unsigned ready_count;
   uint64_t arrivals;

   struct rdr_lobby_turn turns[RDR_LOBBY_TURNS];
   uint64_t turn;
};

/* 0 or -errno. rdr_lobby_finish() may be called in either case. */
int
rdr_lobby_init(struct rdr_lobby *l, const struct rdr_lobby_options *options);

/* Closes the sockets of all clients. */
void
rdr_lobby_finish(struct rdr_lobby *l);

/* Takes in a client, and its socket from the caller. If the lobby is full, the latest client of
 * the process that has the most clients here leaves. */
void
rdr_lobby_add(struct rdr_lobby *l, const struct rdr_client *client, int64_t now_ms);

/* Handles what has happened to the clients' sockets; to be called if `epoll_fd` is readable. */
void
rdr_lobby_hear(struct rdr_lobby *l);

/* Lets the clients go that have sent no hello within RDR_LOBBY_HELLO_MS. */
void
rdr_lobby_expire(struct rdr_lobby *l, int64_t now_ms);

/* The time at which rdr_lobby_expire() must be called; INT64_MAX: never. */
int64_t
rdr_lobby_wakeup_ms(const struct rdr_lobby *l);

/* Takes the client out whose turn it is: users and machines take turns, and so do the processes of
 * one user. Passes the socket to the caller. False if no client is ready. */
bool
rdr_lobby_take(struct rdr_lobby *l, struct rdr_client *client);

/* How many clients of that process, and of that user or machine, wait. */
struct rdr_share
rdr_lobby_share(const struct rdr_lobby *l, const struct rdr_client *client);

#endif
