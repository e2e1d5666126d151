/* SPDX-License-Identifier: MIT */

/* The broker's pool of workers: a slot for each worker process, with or without a client. The pool
 * keeps `warm` workers waiting with the host driver loaded, hands each client over to one of them,
 * and starts another worker in its place. The pool reads the clock, and starts and kills processes,
 * only through struct rdr_pool_ops, so that a unit test can run the pool without processes.
 *
 * The states of a slot, and the functions that change them:
 *
 *   ┌──────┐ start_warm() ┌─────────┐ hear(): WAITS ┌─────────┐ hear(): WARM ┌──────┐
 *   │ FREE │ ───────────▶ │ LOADING │ ────────────▶ │ WAITING │ ───────────▶ │ WARM │
 *   └──────┘              └─────────┘               └─────────┘              └──────┘
 *      │                       │ offer()                 │ offer()               │ offer()
 *      │                       ▼                         ▼                       ▼
 *      │                  ┌───────────────────────────────┐ hear(): WARM   ┌─────────┐
 *      │                  │         OFFERED_EARLY         │ ─────────────▶ │ OFFERED │
 *      │                  └───────────────────────────────┘                └─────────┘
 *      │                                  │ hear(): TAKEN                       │ hear(): TAKEN
 *      │                                  ▼                                     │
 *      │  start_for_client()         ┌─────────┐                                │
 *      └───────────────────────────▶ │ SERVING │ ◀──────────────────────────────┘
 *                                    └─────────┘
 *
 *   LOADING, WAITING, WARM ─── offer(), let_go(): the worker has closed its socket ───▶ ENDING
 *   OFFERED_EARLY, OFFERED ─── let_go(), which finds another worker for the client ────▶ ENDING
 *   any state ──────────────── rdr_pool_reap() ────────────────────────────────────────▶ FREE
 *
 * A worker in ENDING was killed and is not reaped yet. OFFERED_EARLY differs from OFFERED in one
 * respect: if the worker ends before it was warm, the pool starts no warm worker for a while.
 *
 * One thread.
 */

#ifndef RDR_BROKER_POOL_H
#define RDR_BROKER_POOL_H

#include "renderer/broker/client.h"
#include "renderer/broker/worker_log.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum rdr_slot_state {
   RDR_SLOT_FREE = 0,
   RDR_SLOT_LOADING,
   RDR_SLOT_WAITING,
   RDR_SLOT_WARM,
   RDR_SLOT_OFFERED_EARLY,
   RDR_SLOT_OFFERED,
   RDR_SLOT_SERVING,
   RDR_SLOT_ENDING,
};

struct rdr_pool_slot {
   enum rdr_slot_state state;
   pid_t pid;
   int control_fd; /* owned; -1 in FREE, SERVING and ENDING */

   /* Set in OFFERED_EARLY, OFFERED and SERVING. `fd` is an owned duplicate of the socket that the
    * worker was sent. It is -1 in SERVING. It is also -1 if dup() failed; if the worker then ends
    * without taking the client, the client is lost. */
   struct rdr_client client;

   struct rdr_worker_log log; /* what the worker prints while it has a client */
   int64_t log_after_ms;      /* its client has used up its lines: read on then */

   nfds_t polled;     /* the index of control_fd in `polls`; 0: it is not polled */
   nfds_t log_polled; /* that of log.fd */
   int64_t started_ms;
};

/* The functions that the pool's owner provides. `owner` is rdr_pool_options.owner. */
struct rdr_pool_ops {
   int64_t (*now_ms)(void *owner);

   /* Starts a worker that waits for a client. Returns its pid and a stream socket to it, or -1 with
    * errno. */
   pid_t (*start_warm)(void *owner, int *control_fd);

   /* Whether start_warm() takes only a few milliseconds now. If so, it is also used for a client
    * that finds no waiting worker. */
   bool (*starts_fast)(void *owner);

   /* Starts a worker for a client. The pool keeps both descriptors. `log_fd`: the worker's stderr;
    * -1: that of this process. Returns the worker's pid, or -1 with errno. */
   pid_t (*start_for_client)(void *owner, int client_fd, int log_fd);

   /* Sends a client's socket to a waiting worker, and what becomes its stderr. The pool keeps both.
    * False if the worker is gone. */
   bool (*send_client)(void *owner, int control_fd, int client_fd, int log_fd);

   void (*kill)(void *owner, pid_t pid, int signal_number);

   /* Reports a client whose worker ended before taking it and that could not be given another
    * worker. `error`: an errno. */
   void (*lose_client)(void *owner, const struct rdr_client *client, int error);

   /* Logs a line that a client has caused. */
   void (*log_client)(void *owner, const struct rdr_client *client, const char *format, ...)
      __attribute__((format(printf, 3, 4)));

   /* Logs a line that a worker has printed. False if its client has used up its lines. */
   bool (*log_worker)(void *owner, const struct rdr_client *client, pid_t worker, const char *line);

   /* Logs another line. Must not be NULL. */
   void (*log)(const char *format, ...) __attribute__((format(printf, 1, 2)));
};

struct rdr_pool_options {
   const struct rdr_pool_ops *ops;
   void *owner;

   unsigned max_clients; /* at least 1 */
   unsigned warm;        /* how many workers wait for a client; 0: none */
};

struct rdr_pool {
   struct rdr_pool_options options;
   struct rdr_pool_slot *slots; /* owned */
   unsigned slot_count;         /* max_clients + warm */
   unsigned client_count;       /* slots in OFFERED_EARLY, OFFERED and SERVING */
   unsigned waiting_count;      /* slots in LOADING, WAITING, WARM and ENDING */

   int64_t refill_after_ms; /* no warm worker is started before this time */
   int64_t settled_ms;      /* when the start of the latest client is assumed to be over */
   int64_t idle_since_ms;   /* when the number of clients last fell, or the pool was made */
   bool ending;
};

/* False if memory is out. */
bool
rdr_pool_init(struct rdr_pool *p, const struct rdr_pool_options *options);

/* Closes the descriptors and frees the slots. Does not kill workers. */
void
rdr_pool_finish(struct rdr_pool *p);

/* Starts as many warm workers as are missing. A failure is logged, and then the pool starts none
 * for a while. */
void
rdr_pool_refill(struct rdr_pool *p);

/* The time at which rdr_pool_refill() and rdr_pool_fill_polls() must be called even if no event
 * comes; INT64_MAX: none. */
int64_t
rdr_pool_wakeup_ms(const struct rdr_pool *p);

/* Whether max_clients clients have a worker. */
bool
rdr_pool_is_full(const struct rdr_pool *p);

/* How many clients wait for a worker to take them. */
unsigned
rdr_pool_starting_count(const struct rdr_pool *p);

/* How many clients of that process, and of that user or guest, have a worker. */
struct rdr_share
rdr_pool_share(const struct rdr_pool *p, const struct rdr_client *client);

/* Finds a worker for a client: the waiting worker that is closest to warm; else a new one by
 * start_warm(), if that is fast; else a new one by start_for_client(). The caller keeps the
 * client's descriptor. 0 or -errno. The pool must not be full. */
int
rdr_pool_serve(struct rdr_pool *p, const struct rdr_client *client);

/* Writes the pool's entries to polls[at] and the following elements, two for each slot at most;
 * returns the index after the last one. `at` must not be 0. */
nfds_t
rdr_pool_fill_polls(struct rdr_pool *p, struct pollfd *polls, nfds_t at);

/* Handles the events of the pool's entries after poll(2). */
void
rdr_pool_handle_polls(struct rdr_pool *p, const struct pollfd *polls);

/* Frees the slot of a child that has ended; `status` is that of waitpid(2). False if the child is
 * not a worker of the pool. */
bool
rdr_pool_reap(struct rdr_pool *p, pid_t pid, int status);

/* From now on the pool starts no worker, does not log the end of a worker without a client, and
 * does not give a client another worker. */
void
rdr_pool_end(struct rdr_pool *p);

/* Sends a signal to all workers. */
void
rdr_pool_kill(const struct rdr_pool *p, int signal_number);

/* How many processes are not reaped yet. */
unsigned
rdr_pool_count(const struct rdr_pool *p);

/* The next process after `pid`, in any order, that is not reaped yet. 0: the first one, or there is
 * no other. */
pid_t
rdr_pool_next_pid(const struct rdr_pool *p, pid_t pid);

#endif
