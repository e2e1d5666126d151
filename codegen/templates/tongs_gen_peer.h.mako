/* ${made_by}. SPDX-License-Identifier: MIT */
#ifndef TONGS_GEN_PEER_H
#define TONGS_GEN_PEER_H

#include "protocol/peer.h"

#include "tongs_gen_types.h"

/* One for each op, sorted by number. */
extern const struct tongs_signature tongs_op_signatures[];
extern const uint32_t tongs_op_signature_count;

/* One for each struct index; the key is its sType if it occurs in chains, else 0. */
extern const struct tongs_signature tongs_struct_signatures[TONGS_STRUCT_COUNT];

#endif
