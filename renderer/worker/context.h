/* SPDX-License-Identifier: MIT */

/* The worker's state: one connection, one client, one VkInstance at a time. */

#ifndef RDR_WORKER_CONTEXT_H
#define RDR_WORKER_CONTEXT_H

#include "protocol/arena.h"
#include "protocol/channel.h"
#include "protocol/decoder.h"
#include "protocol/encoder.h"
#include "protocol/hello.h"
#include "protocol/id.h"
#include "protocol/tongs_list.h"
#include "renderer/limits.h"
#include "renderer/worker/input.h"
#include "renderer/worker/shared_memory.h"
#include "renderer/worker/watchdog.h"

#include "rdr_gen_vk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct rdr_compiles;
struct rdr_jobs;
struct rdr_op;
struct rdr_swapchains;
struct rdr_transport;
struct rdr_validation;
struct rdr_waiter;

/* The host's Vulkan loader, and the functions that exist before there is an instance. */
struct rdr_host {
   void *library; /* the Vulkan loader */
   PFN_vkGetInstanceProcAddr GetInstanceProcAddr;
   PFN_vkCreateInstance CreateInstance;
   PFN_vkEnumerateInstanceVersion EnumerateInstanceVersion; /* NULL on 1.0 loaders */
   PFN_vkEnumerateInstanceLayerProperties EnumerateInstanceLayerProperties;
   PFN_vkEnumerateInstanceExtensionProperties EnumerateInstanceExtensionProperties;
};

/* The extensions and features that the worker adds when it creates a device of this physical
 * device. */
struct rdr_physical_device {
   VkPhysicalDevice handle;
   bool imports_host_memory; /* has VK_EXT_external_memory_host, at our alignment */
   bool has_memory_fds;      /* and VK_KHR_external_memory_fd */
};

struct rdr_instance {
   VkInstance handle;
   PFN_vkGetDeviceProcAddr GetDeviceProcAddr;
   struct rdr_vk_instance vk;
   /* The physical devices that the client has enumerated. */
   struct rdr_physical_device physical[TONGS_PHYSICAL_DEVICES_MAX];
   uint32_t physical_count;
};

/* Queues of a device that have the same family and flags. */
struct rdr_queues {
   uint32_t family;
   VkDeviceQueueCreateFlags flags;
   uint32_t count;
};

struct rdr_device {
   VkDevice handle;
   VkPhysicalDevice physical;
   VkPhysicalDeviceLimits limits;
   struct rdr_instance *instance;
   struct rdr_vk_device vk;
   bool imports_host_memory;  /* VK_EXT_external_memory_host is enabled */
   bool marks_buffers;        /* buffers are created for imported host memory (marks.h) */
   bool exports_memory;       /* the client exports memory that would be shared (marks.h) */
   atomic_bool lost;          /* a post failed, or the host driver lost the device: all waits end */
   struct rdr_queues *queues; /* owned */
   uint32_t queues_count;
   /* Owned, one for each queue. rdr_waiters_lose() walks them on any thread without a lock, so the
    * list only grows, at its front, while other threads may use the device. */
   _Atomic(struct rdr_waiter *) waiters;
   struct tongs_list orphans;         /* of struct rdr_orphan.link (object.c); owned */
   struct rdr_swapchains *swapchains; /* owned; NULL until the first one */
};

/* Why a connection is over. */
enum rdr_ended {
   RDR_CLIENT_LEFT = 1,
   RDR_RULE_BROKEN, /* the reason has been logged */
};

/* The parent and the children of the object in the slot with the same index. The links are slot
 * numbers, because the tables may move when they grow. */
struct rdr_node {
   uint32_t parent; /* slot, 0: none */
   uint32_t first_child;
   uint32_t next;
   uint32_t prev;
};

struct rdr_context {
   struct rdr_transport *transport; /* owned */
   struct tongs_peer peer;
   struct rdr_host host;
   struct rdr_instance instance;
   struct rdr_limits limits; /* constant */
   FILE *capture;            /* owned, may be NULL */

   /* Once there is a channel, all bytes go through it: ops to the decoder's thread, replies under
    * `reply_lock`. The transport then carries descriptors, memory and wake-ups, and reports when
    * the client hangs up. */
   struct tongs_channel channel;
   struct rdr_shared_memory channel_memory;
   atomic_bool has_channel; /* for the other threads */
   atomic_bool client_left; /* the client has hung up; ops in the ring are still executed */

   /* For the decoder's thread only. */ struct rdr_input in;
   struct tongs_arena arena;
   struct tongs_slot *slots;
   struct rdr_node *nodes;
   uint32_t slot_count;
   uint32_t type_counts[UINT8_MAX + 1]; /* of the objects in the table */
   uint64_t memory_bytes;               /* of all device memory */
   struct tongs_list heaps;             /* of struct rdr_heap.link; owned */
   struct tongs_spinner op_spinner;
   struct tongs_spinner poll_spinner;
   struct rdr_waiter *polled; /* waiter.h; NULL: none */
   VkResult post_result;      /* the first failure of a post since the last tongsSync */
   bool skips;                /* a recorded command was skipped, and the log says so */

   /* Protects `replies` and the order in which they are sent: jobs and waiters send too. */
   pthread_mutex_t reply_lock;
   struct tongs_encoder replies; /* not sent yet */

   struct rdr_jobs *jobs;             /* owned */
   struct rdr_compiles *compiles;     /* owned */
   struct rdr_validation *validation; /* owned; NULL: no validation */
   bool greeted;                      /* the handshake is over: the client reads events */

   struct rdr_progress progress; /* any thread */

   atomic_int ended; /* enum rdr_ended; 0 while the connection goes on */
};

/* Initialises a zeroed context. The context owns the transport from now on, also on failure. False
 * if memory is out. */
bool
rdr_context_init(struct rdr_context *ctx, struct rdr_transport *transport,
                 const struct rdr_limits *limits);

/* Ends the connection, logs the reason and sends it to the client. Further calls do nothing.
 * printf-like. Any thread. */
__attribute__((format(printf, 2, 3))) void
rdr_end(struct rdr_context *ctx, const char *format, ...);

/* Ends the connection: the client has called a command that the host driver does not have. */
void
rdr_refuse_command(struct rdr_context *ctx, const char *name);

/* Keeps the result of a post that failed for tongsSync. The decoder's thread. */
void
rdr_note_post_failure(struct rdr_context *ctx, VkResult result);

/* The host driver's call `name` for a post or a recorded command failed. A command buffer fails: it
 * loses the device when it is submitted. The failure of some posts is ignored (POST_FAILURES in
 * codegen/policy.py). Nobody waits for the result of the others, so the device is lost from now on:
 * its later calls report that. `device`: the struct rdr_device. The decoder's thread. */
void
rdr_post_failed(struct rdr_context *ctx, const struct rdr_op *op, void *device, const char *name,
                VkResult result);

#endif
