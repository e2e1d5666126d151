/* SPDX-License-Identifier: MIT */

/* The quotas of rule R11 (docs/security.md): what one client may make its worker hold, and what one
 * guest may make the device process hold. They are plain values: whoever starts a worker or a
 * device decides them once, and nobody changes them afterwards.
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
   /* Bytes of arguments that one op may decode into. Beyond, the op is malformed and the connection
    * ends. */
   uint64_t op_bytes;

   /* Slots of the object table, hence objects that exist at a time. An id with a higher slot ends
    * the connection. */
   uint64_t objects;

   /* Shared heaps that exist at a time, and bytes of the largest one. Beyond, the connection ends.
    */
   uint64_t heaps;
   uint64_t heap_bytes;

   /* Calls that wait on threads of their own (jobs.h), and bytes that their arguments hold
    * together. Beyond, the connection ends. */
   uint64_t waiting_calls;
   uint64_t waiting_call_bytes;

   /* Compilations in progress (compile.h), and bytes that their arguments hold together. Beyond,
    * the decoder waits for the oldest one. */
   uint64_t compilations;
   uint64_t compilation_bytes;

   /* Submissions of one queue that are not complete. Beyond, the decoder waits for the oldest one.
    */
   uint64_t submissions;

   /* Descriptors that the worker process may have open: its soft RLIMIT_NOFILE, capped at the hard
    * one. Beyond, what needs a descriptor fails as it does in any process. */
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

/* How the limits cross a socket between two processes of one build on one machine: the size of the
 * message in bytes as a uint64_t, then the members in order, in the machine's byte order. */
#define RDR_LIMITS_MESSAGE_SIZE (sizeof(uint64_t) + sizeof(struct rdr_limits))

void
rdr_limits_encode(const struct rdr_limits *limits, uint8_t message[RDR_LIMITS_MESSAGE_SIZE]);

/* False, with *limits unchanged, if the message is not of exactly this build's size or a value is
 * out of range: 0, or more than the worker's code can count. */
bool
rdr_limits_decode(struct rdr_limits *limits, const uint8_t *message, size_t size);

/* The limits of one guest, which the device process holds to (renderer/virtio). They do not travel.
 */
struct rdr_guest_limits {
   /* Resources, and contexts, that exist at a time. Beyond, a command that creates one fails. */
   uint64_t resources;
   uint64_t contexts;

   /* Ranges of guest pages that all resources consist of together. Beyond, attaching pages fails.
    */
   uint64_t ranges;

   /* Resources that are attached to one context at a time. A program has 4,096 heaps at most.
    * Beyond, attaching one fails. */
   uint64_t attachments;

   /* Leases of one context: exported tables of pages that a worker still uses. Beyond, no more
    * pages are sent to its worker. */
   uint64_t leases;

   /* Bytes of the tables of pages that one context's worker may not have read yet. The default is
    * the size of the tables of 40 GiB of single pages. Beyond, no more pages are sent to its
    * worker. */
   uint64_t table_bytes;

   /* Commands of all contexts that wait for an event. Each holds an entry of the control queue,
    * which may have as few as 64. Beyond, a command that waits is answered at once. */
   uint64_t waits;

   /* Resources that are mapped in the host window. Each takes a memory region of the monitor, and
    * monitors have few. Beyond, mapping one fails. */
   uint64_t mapped;
};

struct rdr_guest_limits
rdr_guest_limits_default(void);

#endif
