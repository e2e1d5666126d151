/* SPDX-License-Identifier: MIT */

/* The broker's end of the zygote (zygote.h): starts the zygote, asks it for workers, and works
 * without it if it dies, hangs or cannot be used with this host driver.
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
 * When a zygote has ended, the next one is started after a pause. None is started again if the
 * zygote exited because the driver cannot be forked.
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
   RDR_ZYGOTE_LOADING, /* the zygote loads the driver's libraries */
   RDR_ZYGOTE_READY,   /* the zygote forks workers */
   RDR_ZYGOTE_ENDING,  /* the zygote was killed and is not reaped yet */
};

struct rdr_zygote_client {
   enum rdr_zygote_state state;
   bool useless; /* the host driver cannot be forked: no zygote is started again */
   pid_t pid;
   int fd;           /* owned in LOADING and READY */
   int64_t after_ms; /* no zygote is started before this time */
};

/* Initialises `z` in state NONE. */
void
rdr_zygote_client_init(struct rdr_zygote_client *z);

/* Starts a zygote if none runs and the pause after the last one is over. A failure is logged. */
void
rdr_zygote_client_start(struct rdr_zygote_client *z, const struct rdr_launcher *l, int64_t now_ms);

/* The descriptor to poll for reading; -1: none. When it is readable, call
 * rdr_zygote_client_hear(). */
int
rdr_zygote_client_poll_fd(const struct rdr_zygote_client *z);

/* Receives the first word of the zygote. */
void
rdr_zygote_client_hear(struct rdr_zygote_client *z);

bool
rdr_zygote_client_can_fork(const struct rdr_zygote_client *z);

/* Makes the zygote fork a warm worker that gets a copy of `fd`; the caller keeps `fd`. Returns the
 * worker's pid, or -1 with errno. Blocks until the zygote answers, for one second at most. May be
 * called in READY only. */
pid_t
rdr_zygote_client_fork(struct rdr_zygote_client *z, int fd);

/* Kills the zygote, if there is one. */
void
rdr_zygote_client_drop(struct rdr_zygote_client *z);

/* Handles the end of a child; `status` is that of waitpid(2). False if the child is not the zygote.
 * Logs an end by a signal unless `quiet`. */
bool
rdr_zygote_client_reap(struct rdr_zygote_client *z, pid_t pid, int status, int64_t now_ms,
                       bool quiet);

#endif
