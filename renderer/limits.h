/* SPDX-License-Identifier: MIT */

/* The quotas of rule R11 (docs/security.md): what one client may make its worker hold, and what one
 * guest may make the device process hold. The process that starts a worker or a device sets them
 * once; they never change afterwards.
 *
 * A limit bounds what a hostile client can do to the host. No well-behaved application comes near
 * the defaults.
 */

#ifndef RDR_LIMITS_H
#define RDR_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The limits of one client. All members are uint64_t, so that the struct has no padding. */
struct rdr_limits {
   /* Bytes that the decoded arguments of one op may take. An op that exceeds this is malformed, and
    * the connection ends. */
   uint64_t op_bytes;

   /* Slots of the object table, which is the number of objects that can exist at a time. An id with
    * a higher slot number ends the connection. */
   uint64_t objects;

   /* Objects of one type that may exist at a time. The creation of further ones fails with
    * VK_ERROR_OUT_OF_HOST_MEMORY. Devices, each of which may have threads of the host driver, and
    * pipelines have limits of their own; devices fail with VK_ERROR_TOO_MANY_OBJECTS. */
   uint64_t objects_of_type;
   uint64_t devices;
   uint64_t pipelines;

   /* Bytes of all device memory that may be allocated at a time. vkAllocateMemory fails with
    * VK_ERROR_OUT_OF_DEVICE_MEMORY at the limit, and VK_EXT_memory_budget tells what is left. */
   uint64_t memory_bytes;

   /* Shared heaps that may exist at a time, and the largest size of one in bytes. Exceeding either
    * ends the connection. */
   uint64_t heaps;
   uint64_t heap_bytes;

   /* Calls that may wait at a time on threads of their own (jobs.h), and the total size of their
    * arguments in bytes. Exceeding either ends the connection. */
   uint64_t waiting_calls;
   uint64_t waiting_call_bytes;

   /* Compilations in progress (compile.h), and the total size of their arguments in bytes. When a
    * limit is reached, the decoder waits for the oldest compilation. */
   uint64_t compilations;
   uint64_t compilation_bytes;

   /* Incomplete submissions of one queue. When the limit is reached, the decoder waits for the
    * oldest one.
    */
   uint64_t submissions;

   /* Descriptors that the worker process may have open: its soft RLIMIT_NOFILE, capped at the hard
    * one. At the limit, open(2) and the like fail with EMFILE. */
   uint64_t descriptors;
};

struct rdr_limits
rdr_limits_default(void);

/* The number of members, and their names in order, with dashes: "op-bytes". */
#define RDR_LIMIT_COUNT (sizeof(struct rdr_limits) / sizeof(uint64_t))
extern const char *const rdr_limit_names[RDR_LIMIT_COUNT];

/* Sets one limit from a text such as "op-bytes=1048576". False, with *limits unchanged, if no limit
 * has that name or the value is out of range. */
bool
rdr_limits_set(struct rdr_limits *limits, const char *text);

/* The value of the member at `index`. */
uint64_t
rdr_limits_value(const struct rdr_limits *limits, size_t index);

/* The message that carries the limits between two processes of the same build on one machine: the
 * size of the message in bytes as a uint64_t, then the members in order, in the machine's byte
 * order. */
#define RDR_LIMITS_MESSAGE_SIZE (sizeof(uint64_t) + sizeof(struct rdr_limits))

void
rdr_limits_encode(const struct rdr_limits *limits, uint8_t message[RDR_LIMITS_MESSAGE_SIZE]);

/* False, with *limits unchanged, if the message does not have exactly RDR_LIMITS_MESSAGE_SIZE bytes
 * or a value is 0 or larger than the worker can handle. */
bool
rdr_limits_decode(struct rdr_limits *limits, const uint8_t *message, size_t size);

/* The limits of one guest, which the device process enforces (renderer/virtio). They are not sent
 * to workers.
 */
struct rdr_guest_limits {
   /* Resources that may exist at a time, and contexts that may. At the limit, a command that
    * creates one fails. */
   uint64_t resources;
   uint64_t contexts;

   /* Ranges of guest pages of all resources together. At the limit, attaching pages fails.
    */
   uint64_t ranges;

   /* Resources that may be attached to one context at a time. A client has at most 4,096 heaps. At
    * the limit, attaching a resource fails. */
   uint64_t attachments;

   /* Leases of one context: exported tables of pages that a worker still uses. At the limit, no
    * more pages are sent to its worker. */
   uint64_t leases;

   /* Bytes of the tables of pages that one context's worker may not have read yet. The default is
    * the size of the tables that describe 40 GiB of single pages. At the limit, no more pages are
    * sent to its worker. */
   uint64_t table_bytes;

   /* Commands of all contexts that wait for an event. Each holds an entry of the control queue,
    * which may have as few as 64 entries. At the limit, a waiting command is answered at once. */
   uint64_t waits;

   /* Resources that may be mapped in the host window at a time. Each takes a memory region of the
    * monitor, and monitors have few. At the limit, mapping a resource fails. */
   uint64_t mapped;
};

struct rdr_guest_limits
rdr_guest_limits_default(void);

#endif
