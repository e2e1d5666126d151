/* SPDX-License-Identifier: MIT */

/* The first message in each direction (docs/wire.md, "Handshake"): the sender's version, and the
 * ops and structs that it knows. */

#ifndef TONGS_HELLO_H
#define TONGS_HELLO_H

#include "tongs/wire.h"

#include "tongs_gen_types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tongs_encoder;

/* The other side's version, and the ops and structs that it knows. */
struct tongs_peer {
   uint32_t minor;          /* version of the protocol; the major one is ours */
   uint32_t header_version; /* VK_HEADER_VERSION of its registry */
   uint32_t api_version;    /* the newest core version there */
   bool identical;          /* everything below is known to both */
   uint32_t ops[(TONGS_OP_COUNT + 31) / 32];
   uint32_t structs[(TONGS_STRUCT_COUNT + 31) / 32];
   char reason[200]; /* why it refuses us; empty: it does not */
};

/* Writes our hello. `tables`: with what we know, for a peer whose digest differs. `reason`: NULL,
 * or why we refuse. */
void
tongs_hello_encode(struct tongs_encoder *e, bool tables, const char *reason);

/* The size of the whole hello whose first TONGS_HELLO_SIZE bytes are at `data`; 0, with the reason
 * in `why`, if they are no hello. */
size_t
tongs_hello_size(const void *data, char *why, size_t why_size);

/* Reads a whole hello of `size` bytes. False, with the reason in `why`, if it is malformed.
 * `same_digest`: whether the peer was built from the same registry and policy. */
bool
tongs_hello_decode(const void *data, size_t size, struct tongs_peer *peer, bool *same_digest,
                   char *why, size_t why_size);

static inline bool
tongs_peer_knows_op(const struct tongs_peer *peer, uint32_t op)
{
   return peer->identical || (op < TONGS_OP_COUNT && (peer->ops[op / 32] >> (op % 32) & 1));
}

/* Whether the peer has alike all of Tongs' own ops without which a client cannot work. If not,
 * `why` says which one, and names both sides' versions. */
bool
tongs_peer_has_required_ops(const struct tongs_peer *peer, char *why, size_t why_size);

/* Writes to `why` that the peer lacks the op in our form, and both sides' versions. */
void
tongs_peer_explain(const struct tongs_peer *peer, uint32_t op, char *why, size_t why_size);

static inline bool
tongs_peer_knows_struct(const struct tongs_peer *peer, uint32_t index)
{
   return peer->identical || (peer->structs[index / 32] >> (index % 32) & 1);
}

#endif
