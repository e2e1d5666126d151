/* SPDX-License-Identifier: MIT */

/* Tries from within the sandbox what a worker must not be able to do. */

#ifndef RDR_WORKER_SANDBOX_CHECK_H
#define RDR_WORKER_SANDBOX_CHECK_H

#include "renderer/worker/sandbox.h"

#include <stdbool.h>
#include <stddef.h>

struct rdr_worker_options;

/* How one attempt ended. */
enum rdr_attempt {
   RDR_ATTEMPT_REFUSED, /* the call failed */
   RDR_ATTEMPT_STOPPED, /* the sandbox ended the process */
   RDR_ATTEMPT_WORKED,  /* the sandbox did not prevent it */
   RDR_ATTEMPT_UNKNOWN, /* it cannot be tried here */
};

/* The number of attempts, and what each one tries: "read /etc/passwd". */
size_t
rdr_sandbox_attempt_count(void);
const char *
rdr_sandbox_attempt_name(size_t index);

/* Makes one attempt in a child process that has entered the sandbox as a worker does. `why`: the
 * error of a call that was refused, or why the attempt is unknown. Called from a process with one
 * thread. */
enum rdr_attempt
rdr_sandbox_attempt(size_t index, const struct rdr_worker_options *options, const char **why);

#endif
