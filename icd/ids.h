/* SPDX-License-Identifier: MIT */

/* The ids of one connection's objects. Any thread. There is no lock, because applications create
 * and destroy objects by the thousand on many threads. */

#ifndef ICD_IDS_H
#define ICD_IDS_H

#include "tongs_gen_wire.h"

#include <stdatomic.h>
#include <stdint.h>

/* Slots are below the worker's limit. */
#define ICD_SLOTS_MAX ((uint32_t)TONGS_SLOTS_MAX)
#define ICD_SLOTS_CHUNK UINT32_C(2048)

struct icd_slot {
   _Atomic uint32_t next; /* while it is free: the next free one, 0: none */
   uint32_t generation;   /* of its next id */
};

struct icd_ids {
   /* The top of a stack of free slots in the lower half. The upper half counts the pops, so that a
    * thread's compare-and-swap fails if another thread has popped the same slot and pushed it again
    * in between (the ABA problem). */
   _Atomic uint64_t free;
   _Atomic uint32_t used; /* slots that were ever in use, including the reserved slot 0 */
   _Atomic(struct icd_slot *) chunks[ICD_SLOTS_MAX / ICD_SLOTS_CHUNK]; /* owned */
};

void
icd_ids_init(struct icd_ids *ids);

void
icd_ids_finish(struct icd_ids *ids);

/* Takes over the ids of `from`, which has none then. No other thread may use either. */
void
icd_ids_move(struct icd_ids *ids, struct icd_ids *from);

/* How many ids are in use. No other thread may use them. */
uint32_t
icd_ids_count(struct icd_ids *ids);

/* A new id; 0 if memory or slots are out. */
uint64_t
icd_ids_new(struct icd_ids *ids, uint8_t type);

/* Frees the id. Its slot will be reused with the next generation. `id` may be 0. */
void
icd_ids_free(struct icd_ids *ids, uint64_t id);

#endif
