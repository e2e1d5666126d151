/* SPDX-License-Identifier: MIT */

/* Ends a worker that has work and makes no progress, so that a shader or a driver's call that never
 * ends does not burn the machine's time for ever.
 *
 * The decoder's thread, the waiters and the compilations count their steps in struct rdr_progress.
 * A thread samples it. Between two samples without a step, time counts against the worker
 *
 *    - while the decoder's thread is in an op: the processor time of that thread; or all time if
 *      the thread sleeps although no submission, compilation or client explains that;
 *    - while submissions are incomplete: the processor time of the process, up to the time that has
 *      passed. A submission that waits for the client, or for another process, takes none.
 *
 * Processor time is what a busy machine gave the worker, and a stopped process gets none. A gap
 * between two samples counts as two sampling intervals at most, so that a stopped process or
 * machine loses nothing. */

#ifndef RDR_WORKER_WATCHDOG_H
#define RDR_WORKER_WATCHDOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RDR_WATCHDOG_DEFAULT 15
#define RDR_WATCHDOG_MAX 86400

struct rdr_context;

/* All words are written with relaxed order: a sample may be a little old. */
struct rdr_progress {
   _Atomic uint32_t ops;    /* that the decoder's thread has begun; it alone writes this */
   _Atomic uint32_t op;     /* the number of the op that it carries out, plus 1; 0: none */
   atomic_bool compiles;    /* it waits for a compilation, or compiles */
   _Atomic uint32_t sends;  /* threads that wait for the client to read */
   _Atomic uint32_t done;   /* submissions that are complete */
   _Atomic uint32_t queued; /* submissions that are not */
};

/* The decoder's thread begins the op. Twice per op on the hot path: plain stores. */
static inline void
rdr_progress_begin_op(struct rdr_progress *p, uint32_t number)
{
   uint32_t ops = atomic_load_explicit(&p->ops, memory_order_relaxed);

   atomic_store_explicit(&p->ops, ops + 1, memory_order_relaxed);
   atomic_store_explicit(&p->op, number + 1, memory_order_relaxed);
}

/* The decoder's thread waits for ops. */
static inline void
rdr_progress_end_ops(struct rdr_progress *p)
{
   atomic_store_explicit(&p->op, 0, memory_order_relaxed);
}

/* Starts the thread. Called by the decoder's thread. `seconds`: how much time may count against the
 * worker; eight times as much for compilations; 0: no watchdog. */
void
rdr_watchdog_start(struct rdr_context *ctx, unsigned seconds);

#endif
