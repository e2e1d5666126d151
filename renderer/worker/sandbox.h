/* SPDX-License-Identifier: MIT */

/* The sandbox of a worker: what the process may still do once a client's bytes reach it.
 *
 * Landlock limits the files that the process can open, and forbids TCP, other processes' abstract
 * sockets and signals to other processes. A seccomp filter limits its system calls. Both last for
 * the process's life, and its threads inherit them. docs/security.md lists what is allowed.
 *
 * Called from the main thread, unless a function says otherwise.
 */

#ifndef RDR_WORKER_SANDBOX_H
#define RDR_WORKER_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

struct rdr_worker_options;

enum rdr_sandbox_mode {
   RDR_SANDBOX_BEST,     /* as much as this machine allows */
   RDR_SANDBOX_REQUIRED, /* all of it, or the worker does not start */
   RDR_SANDBOX_OFF,
};

/* "best", "required" or "off". False if the text is none of these. */
bool
rdr_sandbox_parse_mode(const char *text, enum rdr_sandbox_mode *mode);

/* Writes one line that says what is in force in workers on this machine: "Landlock (ABI 6), seccomp
 * filter". `missing`: what is not, with the reason; empty if nothing is missing. */
void
rdr_sandbox_describe(char *in_force, size_t in_force_size, char *missing, size_t missing_size);

/* The first step: no new privileges, no core files, a session of its own, and Landlock. The process
 * must have one thread, because Landlock binds the calling thread and the threads that it starts
 * later. The environment must be final: it says where the host driver's files are. False if the
 * mode is RDR_SANDBOX_REQUIRED and something is missing; the reason is logged. Does nothing if it
 * was called before. */
bool
rdr_sandbox_limit_files(const struct rdr_worker_options *options);

/* The second step: the filter of system calls, for all threads. Called before the first byte of a
 * client is read. The same result as above. */
bool
rdr_sandbox_limit_calls(const struct rdr_worker_options *options);

/* --- Parts, for sandbox.c and its tests --- */

/* Kinds of host driver, which need different devices and system calls. Several may be installed. */
enum rdr_sandbox_profile {
   RDR_SANDBOX_LAVAPIPE = 1 << 0, /* or another driver that runs on the CPU */
   RDR_SANDBOX_MESA = 1 << 1,     /* a render node of the kernel's DRM */
   RDR_SANDBOX_NVIDIA = 1 << 2,   /* NVIDIA's devices */
};

/* The profiles of the host drivers that the loader may load: bits of enum rdr_sandbox_profile. */
unsigned
rdr_sandbox_profiles(const struct rdr_worker_options *options);

/* Installs the filter. 0 or -errno; -ENOSYS if this build has no libseccomp. */
int
rdr_sandbox_filter(unsigned profiles);

/* Whether the kernel and this build can filter system calls; else the reason. */
bool
rdr_sandbox_can_filter(const char **why);

#endif
