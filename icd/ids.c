/* SPDX-License-Identifier: MIT */
#include "icd/ids.h"

#include "protocol/id.h"

#include <stdbool.h>
#include <stdlib.h>

void
icd_ids_init(struct icd_ids *ids)
{
   atomic_init(&ids->free, 0);
   atomic_init(&ids->used, 1);
   for (uint32_t i = 0; i < ICD_SLOTS_MAX / ICD_SLOTS_CHUNK; i++)
      atomic_init(&ids->chunks[i], NULL);
}

void
icd_ids_finish(struct icd_ids *ids)
{
   for (uint32_t i = 0; i < ICD_SLOTS_MAX / ICD_SLOTS_CHUNK; i++)
      free(ids->chunks[i]);
}

/* The slot must have been in use before. */
static struct icd_slot *
slot_of(struct icd_ids *ids, uint32_t slot)
{
   struct icd_slot *chunk =
      atomic_load_explicit(&ids->chunks[slot / ICD_SLOTS_CHUNK], memory_order_acquire);
   return &chunk[slot % ICD_SLOTS_CHUNK];
}

void
icd_ids_move(struct icd_ids *ids, struct icd_ids *from)
{
   icd_ids_finish(ids);
   atomic_store(&ids->free, atomic_load(&from->free));
   atomic_store(&ids->used, atomic_load(&from->used));
   for (uint32_t i = 0; i < ICD_SLOTS_MAX / ICD_SLOTS_CHUNK; i++)
      atomic_store(&ids->chunks[i], atomic_load(&from->chunks[i]));
   icd_ids_init(from);
}

uint32_t
icd_ids_count(struct icd_ids *ids)
{
   uint32_t count = atomic_load(&ids->used) - 1;

   for (uint32_t slot = (uint32_t)atomic_load(&ids->free); slot;
        slot = atomic_load(&slot_of(ids, slot)->next))
      count--;
   return count;
}

/* Allocates the chunk that holds the slot, if that has not happened. False if memory is out. */
static bool
make_slot(struct icd_ids *ids, uint32_t slot)
{
   _Atomic(struct icd_slot *) *place = &ids->chunks[slot / ICD_SLOTS_CHUNK];
   struct icd_slot *none = NULL;

   if (atomic_load_explicit(place, memory_order_acquire))
      return true;
   struct icd_slot *chunk = calloc(ICD_SLOTS_CHUNK, sizeof(*chunk));
   if (!chunk)
      return false;
   if (!atomic_compare_exchange_strong(place, &none, chunk))
      free(chunk); /* another thread was quicker */
   return true;
}

/* Takes a slot that was never used; 0 if there is none. */
static uint32_t
use_new_slot(struct icd_ids *ids)
{
   uint32_t slot = atomic_load_explicit(&ids->used, memory_order_relaxed);

   do {
      if (slot >= ICD_SLOTS_MAX || !make_slot(ids, slot))
         return 0;
   } while (!atomic_compare_exchange_weak(&ids->used, &slot, slot + 1));
   return slot;
}

uint64_t
icd_ids_new(struct icd_ids *ids, uint8_t type)
{
   uint64_t head = atomic_load_explicit(&ids->free, memory_order_acquire);
   uint32_t slot;

   while ((slot = (uint32_t)head)) {
      uint32_t next = atomic_load_explicit(&slot_of(ids, slot)->next, memory_order_relaxed);
      uint64_t taken = (head >> 32) + 1;
      if (atomic_compare_exchange_weak_explicit(&ids->free, &head, taken << 32 | next,
                                                memory_order_acquire, memory_order_acquire))
         return tongs_id(type, slot_of(ids, slot)->generation, slot);
   }
   slot = use_new_slot(ids);
   return slot ? tongs_id(type, 0, slot) : 0;
}

void
icd_ids_free(struct icd_ids *ids, uint64_t id)
{
   uint32_t index = tongs_id_slot(id);
   if (!index)
      return;
   struct icd_slot *slot = slot_of(ids, index);
   uint64_t head = atomic_load_explicit(&ids->free, memory_order_relaxed);

   slot->generation = (tongs_id_generation(id) + 1) & TONGS_ID_GENERATION_MASK;
   do {
      atomic_store_explicit(&slot->next, (uint32_t)head, memory_order_relaxed);
   } while (!atomic_compare_exchange_weak_explicit(&ids->free, &head,
                                                   (head & ~(uint64_t)UINT32_MAX) | index,
                                                   memory_order_release, memory_order_relaxed));
}
