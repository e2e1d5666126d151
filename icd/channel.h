/* SPDX-License-Identifier: MIT */

/* The channel (protocol/channel.h) as a layer over a transport that shares memory. Ops and replies
 * travel through the rings. The transport below carries descriptors and memory, wakes sleeping
 * threads, and shows whether the worker is alive.
 *
 * The channel implements the transport interface, so stream.c and calls.c need not know whether
 * there is a channel. `icd_connection.channel` is used for two purposes only: stream.c prefetches
 * the ring's memory while it encodes, and completion.c reads the status page that the worker
 * writes. */

#ifndef ICD_CHANNEL_H
#define ICD_CHANNEL_H

#include "icd/transport/transport.h"
#include "protocol/channel.h"

#include <stdbool.h>
#include <stddef.h>

struct icd_connection;
struct icd_stats;

/* The state of the attachment of the bytes that are being sent. */
enum icd_attachment_state {
   ICD_ATTACHMENT_NONE,  /* nothing is attached, or it was not sent yet */
   ICD_ATTACHMENT_WAITS, /* the transport below has no room for it */
   ICD_ATTACHMENT_GONE,  /* it was sent; the ring has no room for the bytes */
};

struct icd_channel {
   struct icd_transport base;
   struct icd_transport *below; /* owned */
   struct icd_shared_memory memory;
   struct tongs_channel rings; /* ops: the sending thread's; replies: the receiving thread's */
   const struct tongs_bell *below_bell;
   struct tongs_bell bell;               /* counts wake-ups, then rings `below_bell` */
   struct icd_stats *stats;              /* not owned; may be NULL */
   struct tongs_spinner spinner;         /* the receiving thread's */
   enum icd_attachment_state attachment; /* the sending thread's */
};

/* Creates the memory, sends it to the worker by a call over the connection's transport, and
 * replaces that transport by the channel. On failure returns false, with a sentence in `why`, and
 * the connection keeps its transport. */
bool
icd_channel_open(struct icd_connection *c, char *why, size_t why_size);

#endif
