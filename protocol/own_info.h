/* SPDX-License-Identifier: MIT */

/* The members of Tongs' own ops, for `tongs dump` and the tests; neither client nor worker has
 * these tables. */

#ifndef TONGS_OWN_INFO_H
#define TONGS_OWN_INFO_H

#include "protocol/own.h"

#include <stddef.h>

/* The types of protocol/own_ops.json. */
enum tongs_own_member_kind {
   TONGS_OWN_MEMBER_U32,
   TONGS_OWN_MEMBER_U64,
   TONGS_OWN_MEMBER_I32,
   TONGS_OWN_MEMBER_ZERO,
   TONGS_OWN_MEMBER_TARGET,
   TONGS_OWN_MEMBER_HANDLE,
   TONGS_OWN_MEMBER_ID,
   TONGS_OWN_MEMBER_STRING,
   TONGS_OWN_MEMBER_BLOB,
   TONGS_OWN_MEMBER_IDS,
   TONGS_OWN_MEMBER_BYTES,
   TONGS_OWN_MEMBER_RECORD,
   TONGS_OWN_MEMBER_LIST,
   TONGS_OWN_MEMBER_OPS,
};

struct tongs_own_members;

struct tongs_own_member {
   const char *name; /* NULL: the struct has no such member */
   uint8_t kind;     /* enum tongs_own_member_kind */
   uint8_t type;     /* TONGS_TYPE_*, of ids */
   uint32_t offset;  /* in the struct */
   uint32_t count_offset;
   uint32_t size;                          /* of BYTES */
   uint32_t limit;                         /* of IDS: the most there may be */
   const struct tongs_own_members *record; /* of RECORD and LIST */
};

struct tongs_own_members {
   uint32_t size; /* of a record in memory */
   uint32_t count;
   const struct tongs_own_member *members;
};

/* Indexed by op number. */
extern const struct tongs_own_members tongs_own_args_members[TONGS_OWN_OPS];
extern const struct tongs_own_members tongs_own_reply_members[TONGS_OWN_OPS];

#endif
