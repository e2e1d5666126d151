/* SPDX-License-Identifier: MIT */

/* The worker: one process, one connection of one client, one VkInstance at a time. */

#ifndef RDR_WORKER_WORKER_H
#define RDR_WORKER_WORKER_H

#include "renderer/limits.h"
#include "renderer/worker/sandbox.h"

#include <stdbool.h>

struct rdr_worker_options {
   /* The manifests of the host drivers to use, in the format of VK_DRIVER_FILES; NULL: those that
    * the loader finds. The worker never uses our own manifest, whatever the environment says. */
   const char *host_driver;

   /* The file for a copy of the bytes that the client sends, for `tongs dump`; NULL: none. */
   const char *capture;

   /* Load the Khronos validation layer. */
   bool validate;

   /* The socket's other end is the device process of a virtual machine, which sends pages of the
    * guest as memory. */
   bool pages;

   /* Keep no shader cache on disk: its entries are code, which one client could place for another.
    */
   bool no_shader_cache;

   /* After how many seconds without progress the worker ends (watchdog.h); 0: never. */
   unsigned watchdog;

   /* The worker's limits of files and system calls. */
   enum rdr_sandbox_mode sandbox;

   /* The client's limits. A warm worker ignores these, because it receives its client's limits
    * together with the client's socket. */
   struct rdr_limits limits;
};

/* Serves the client at the other end of the stream socket `fd` until the client disconnects or
 * breaks a rule. Called once, from the main thread of a process that has no other threads but the
 * host driver's. Does not return but exits the process: with 0 if the client disconnected in order,
 * else with 1 and the reason logged to stderr. Returns only if the worker cannot start: the exit
 * status, with the reason logged. The strings of *options must live as long as the call. */
int
rdr_worker_run(int fd, const struct rdr_worker_options *options);

#endif
