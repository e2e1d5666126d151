/* SPDX-License-Identifier: MIT */

/* The broker's end of the zygote (zygote.h): starts the zygote, asks it for workers, and goes on
 * without it if it dies, gets stuck or is of no use with this host driver.
 *
 *                       rdr_zygote_client_start()
 *               ┌───────┐                      ┌─────────┐
 *          ┌───▶│ NONE  │ ───────────────────▶ │ LOADING │ ──┐
 *          │    └───────┘                      └─────────┘   │
 *          │        ▲                               │        │ rdr_zygote_client_hear(): another
 *          │        │                               │        │ word, or none
 *          │        │ rdr_zygote_client_reap()       │        │ rdr_zygote_client_drop()
 *          │        │                               │        │
 *          │    ┌────────┐                          │        │
 *          │    │ ENDING │ ◀────────────────────────┼────────┘
 *          │    └────────┘                          │
 *          │        ▲                               │ rdr_zygote_client_hear(): LOADED
 *          │        │ rdr_zygote_client_fork():     │
 *          │        │   no answer                   ▼
 *          │        │ rdr_zygote_client_drop()  ┌───────┐
 *          │        └────────────────────────── │ READY │
 *          │                                    └───────┘
 *          │ rdr_zygote_client_reap()               │
 *          └────────────────────────────────────────┘   (from LOADING too)
 *
 * After the zygote's end, the next one is started after a pause, or never if the zygote has found
 * that the driver cannot be forked.
 *
 * One thread.
 */

#ifndef RDR_BROKER_ZYGOTE_CLIENT_H
#define RDR_BROKER_ZYGOTE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct rdr_launcher;

enum rdr_zygote_state {
   RDR_ZYGOTE_NONE = 0,
   RDR_ZYGOTE_LOADING, /* it loads the driver's libraries */
   RDR_ZYGOTE_READY,   /* it forks workers */
   RDR_ZYGOTE_ENDING,  /* it was killed and is not reaped yet */
};

struct rdr_zygote_client {
   enum rdr_zygote_state state;
   bool useless; /* the host driver cannot be forked: no zygote is started again */
   pid_t pid;
   int fd;           /* owned in LOADING and READY */
   int64_t after_ms; /* no zygote is started before this time */
};

/* Makes a client in NONE. */
void
rdr_zygote_client_init(struct rdr_zygote_client *z);

/* Starts a zygote if none is there and one may be started now. A failure is logged. */
void
rdr_zygote_client_start(struct rdr_zygote_client *z, const struct rdr_launcher *l, int64_t now_ms);

/* The descriptor to be polled for reading; -1: none. When it is readable, call
 * rdr_zygote_client_hear(). */
int
rdr_zygote_client_poll_fd(const struct rdr_zygote_client *z);

/* Receives what the zygote says after it has loaded the driver. */
void
rdr_zygote_client_hear(struct rdr_zygote_client *z);

bool
rdr_zygote_client_can_fork(const struct rdr_zygote_client *z);

/* Has the zygote fork a warm worker that gets `fd`, which stays the caller's. Returns the worker's
 * pid, or -1 with errno. Blocks until the zygote answers, for one second at most. In READY only. */
pid_t
rdr_zygote_client_fork(struct rdr_zygote_client *z, int fd);

/* Kills the zygote, if there is one. */
void
rdr_zygote_client_drop(struct rdr_zygote_client *z);

/* A child has ended with a status of waitpid(2). False if it was not the zygote. An end by a signal
 * is logged unless `quiet`. */
bool
rdr_zygote_client_reap(struct rdr_zygote_client *z, pid_t pid, int status, int64_t now_ms,
                       bool quiet);

#endif
