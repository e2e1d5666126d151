/* SPDX-License-Identifier: MIT */

/* The ids of one connection's objects. Any thread, without a lock: objects come and go by the
 * thousand. */

#ifndef ICD_IDS_H
#define ICD_IDS_H

#include <stdatomic.h>
#include <stdint.h>

/* The worker's limit: slots are below it. */
#define ICD_SLOTS_MAX (UINT32_C(1) << 22)
#define ICD_SLOTS_CHUNK UINT32_C(2048)

struct icd_slot {
   _Atomic uint32_t next; /* while it is free: the next free one, 0: none */
   uint32_t generation;   /* of its next id */
};

struct icd_ids {
   /* A stack of free slots: the first one, and above it a count of those taken, by which a thread
    * that takes one notices that others have taken it and put it back. */
   _Atomic uint64_t free;
   _Atomic uint32_t used; /* slots that were ever in use, with the reserved slot 0 */
   _Atomic(struct icd_slot *) chunks[ICD_SLOTS_MAX / ICD_SLOTS_CHUNK]; /* owned */
};

void
icd_ids_init(struct icd_ids *ids);

void
icd_ids_finish(struct icd_ids *ids);

/* A fresh id; 0 when memory or slots are out. */
uint64_t
icd_ids_new(struct icd_ids *ids, uint8_t type);

/* The id names nothing any more; its slot will be used again. 0 is fine. */
void
icd_ids_free(struct icd_ids *ids, uint64_t id);

#endif
