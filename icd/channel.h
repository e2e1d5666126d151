/* SPDX-License-Identifier: MIT */

/* The channel (protocol/channel.h) as a layer over a transport that shares memory. Ops and replies
 * travel through the rings. The transport below carries descriptors and memory, wakes sleepers, and
 * shows whether the worker is there.
 *
 * The layer is a transport itself: stream.c and calls.c do not know whether there is one. Only two
 * things ask for `icd_connection.channel`: stream.c prefetches the ring's memory while it encodes,
 * and completion.c reads the status page that the worker writes. */

#ifndef ICD_CHANNEL_H
#define ICD_CHANNEL_H

#include "icd/transport/transport.h"
#include "protocol/channel.h"

#include <stdbool.h>
#include <stddef.h>

struct icd_connection;
struct icd_stats;

/* Whether the attachment of the bytes that are being sent has gone ahead of them. */
enum icd_attachment_state {
   ICD_ATTACHMENT_NONE,  /* nothing is attached, or it has not been tried */
   ICD_ATTACHMENT_WAITS, /* the transport below has no room for it */
   ICD_ATTACHMENT_GONE,  /* it has gone; the ring has no room for the bytes */
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

/* Makes the memory, hands it to the worker by a call over the connection's transport, and puts the
 * channel in the place of that transport. False on failure, with a sentence in `why`; the
 * connection keeps its transport then. */
bool
icd_channel_open(struct icd_connection *c, char *why, size_t why_size);

#endif
