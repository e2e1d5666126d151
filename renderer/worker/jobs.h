/* SPDX-License-Identifier: MIT */

/* Runs calls that may wait for long on separate threads, so that the decoder continues: another
 * thread of the client may be about to submit the work that these calls wait for. */

#ifndef RDR_WORKER_JOBS_H
#define RDR_WORKER_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rdr_context;
struct rdr_device;
struct rdr_jobs;

/* NULL if memory is out. */
struct rdr_jobs *
rdr_jobs_create(struct rdr_context *ctx);

/* Decodes the op, a call of `size` bytes including its header, and carries it out: at once if it
 * need not wait, else on a separate thread, which also sends the reply. Ends the connection if the
 * op is malformed or a limit is reached (rdr_limits.waiting_calls). The decoder's thread. */
void
rdr_jobs_run(struct rdr_jobs *jobs, const uint8_t *bytes, size_t size);

/* Whether a job uses the object. */
bool
rdr_jobs_use(struct rdr_jobs *jobs, uint64_t id);

/* Whether a job is in progress on the device; NULL: on any device. */
bool
rdr_jobs_any(struct rdr_jobs *jobs, const struct rdr_device *dev);

#endif
