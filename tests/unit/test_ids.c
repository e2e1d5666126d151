/* SPDX-License-Identifier: MIT */

/* The client's ids: that no two objects have the same one, whoever makes them. */

#include "icd/ids.h"
#include "protocol/id.h"
#include "tests/check.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS 4
#define TURNS 200000
#define HELD 8

static struct icd_ids ids;

static void
test_reuse(void)
{
   icd_ids_init(&ids);
   uint64_t a = icd_ids_new(&ids, 7);
   uint64_t b = icd_ids_new(&ids, 9);
   fact(tongs_id_type(a) == 7 && tongs_id_type(b) == 9, "an id tells the type of its object");
   fact(tongs_id_slot(a) && tongs_id_slot(b) && tongs_id_slot(a) != tongs_id_slot(b),
        "objects that live have slots of their own, and not 0");

   icd_ids_free(&ids, a);
   icd_ids_free(&ids, 0);
   uint64_t c = icd_ids_new(&ids, 7);
   fact(tongs_id_slot(c) == tongs_id_slot(a), "a slot that is free is used again");
   fact(c == tongs_id(7, tongs_id_generation(a) + 1, tongs_id_slot(a)), "by the next generation");

   uint64_t last = tongs_id(7, TONGS_ID_GENERATION_MASK, tongs_id_slot(c));
   icd_ids_free(&ids, last); /* as if it had been used so often */
   fact(tongs_id_generation(icd_ids_new(&ids, 7)) == 0,
        "the last generation is followed by the first");
   icd_ids_finish(&ids);
}

static void
test_limit(void)
{
   uint64_t id = 1, last = 0;
   uint32_t count = 0;

   icd_ids_init(&ids);
   while ((id = icd_ids_new(&ids, 1))) {
      last = id;
      count++;
   }
   fact(count == ICD_SLOTS_MAX - 1, "there are as many ids as the worker has slots");
   icd_ids_free(&ids, last);
   fact(icd_ids_new(&ids, 1) && !icd_ids_new(&ids, 1),
        "one that is given back is the only one left");
   icd_ids_finish(&ids);
}

/* By slot: 1 while a thread holds it. */
static _Atomic uint8_t owned[THREADS * HELD * 2];
static atomic_bool clash;

static void
take(uint64_t *id)
{
   *id = icd_ids_new(&ids, 1);
   uint32_t slot = tongs_id_slot(*id);
   if (!slot || slot >= sizeof(owned) || atomic_exchange(&owned[slot], 1))
      clash = true;
}

static void
give(uint64_t id)
{
   if (tongs_id_slot(id) < sizeof(owned))
      owned[tongs_id_slot(id)] = 0;
   icd_ids_free(&ids, id);
}

static void *
churn(void *data)
{
   uint64_t held[HELD] = {0};
   uint32_t random = (uint32_t)(uintptr_t)data;

   for (int i = 0; i < TURNS; i++) {
      random = random * 1664525 + 1013904223;
      uint64_t *id = &held[random >> 29];
      if (*id) {
         give(*id);
         *id = 0;
      } else {
         take(id);
      }
   }
   for (int i = 0; i < HELD; i++)
      if (held[i])
         give(held[i]);
   return NULL;
}

static void
test_threads(void)
{
   pthread_t threads[THREADS];

   icd_ids_init(&ids);
   for (uintptr_t i = 0; i < THREADS; i++)
      pthread_create(&threads[i], NULL, churn, (void *)(i + 1));
   for (int i = 0; i < THREADS; i++)
      pthread_join(threads[i], NULL);
   fact(!clash, "threads that take and give at once never hold the same slot");
   fact(ids.used <= THREADS * HELD + 1, "and need no more slots than they hold");
   icd_ids_finish(&ids);
}

int
main(void)
{
   test_reuse();
   test_limit();
   test_threads();
   return check_end();
}
