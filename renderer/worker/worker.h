/* SPDX-License-Identifier: MIT */

/* The worker: one process, one connection, one VkInstance of one client. */

#ifndef RDR_WORKER_WORKER_H
#define RDR_WORKER_WORKER_H

#include "renderer/limits.h"

#include <stdbool.h>

struct rdr_worker_options {
   /* The manifests of the host's drivers to use, as VK_DRIVER_FILES lists them; NULL: those that
    * the loader finds. Our own manifest is never among them, whatever the environment says.
    */
   const char *host_driver;

   /* Where to keep a copy of what the client sends, for `tongs dump`; NULL: nowhere. */
   const char *capture;

   /* Load the Khronos validation layer. */
   bool validate;

   /* The socket's other end is the device of a virtual machine, which sends the machine's pages as
    * memory. */
   bool pages;

   /* What the client may make the worker hold. A warm worker gets its client's limits together with
    * the client's socket and ignores these. */
   struct rdr_limits limits;
};

/* Serves the client at the other end of the stream socket `fd` until it goes or breaks a rule, and
 * closes `fd` in every case. Called once, from a process's main thread, with no other thread
 * running but the host driver's own. Returns the process's exit status: 0 when the client ended in
 * order, else 1 after the reason was logged to stderr. The strings of *options must live as long as
 * the call.
 */
int
rdr_worker_run(int fd, const struct rdr_worker_options *options);

#endif
