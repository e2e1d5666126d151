/* SPDX-License-Identifier: MIT */
#include "protocol/ring.h"

#include "protocol/clock.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The interleaving test switches tasks here, between any two accesses to shared memory. */
#ifndef TONGS_RING_STEP
#define TONGS_RING_STEP() ((void)0)
#endif

/* --- Bells --- */

static void
futex_sleep(void *data, _Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
   struct timespec t = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};

   (void)data;
   syscall(SYS_futex, word, FUTEX_WAIT, value, timeout_ns < 0 ? NULL : &t, NULL, 0);
}

static void
futex_ring(void *data, _Atomic uint32_t *word)
{
   (void)data;
   syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

const struct tongs_bell tongs_futex_bell = {.sleep = futex_sleep, .ring = futex_ring};

/* --- Both sides --- */

void
tongs_ring_init(struct tongs_ring *r, struct tongs_ring_words *words, void *data, uint32_t size,
                const struct tongs_bell *bell)
{
   *r = (struct tongs_ring){.words = words, .data = data, .size = size, .bell = bell};
}

/* Called after the counter has moved: wakes the other side if it sleeps. The fence pairs with the
 * one in sleep_while(). */
static void
wake(struct tongs_ring *r, _Atomic uint32_t *sleeps)
{
   atomic_thread_fence(memory_order_seq_cst);
   TONGS_RING_STEP();
   if (!atomic_load_explicit(sleeps, memory_order_relaxed))
      return;
   TONGS_RING_STEP();
   atomic_store_explicit(sleeps, 0, memory_order_relaxed);
   TONGS_RING_STEP();
   r->bell->ring(r->bell->data, sleeps);
}

/* Sleeps while the peer's counter is `seen`. The fence pairs with the one in wake(). */
static void
sleep_while(struct tongs_ring *r, _Atomic uint32_t *sleeps, const _Atomic uint32_t *counter,
            uint32_t seen, int64_t timeout_ns)
{
   TONGS_RING_STEP();
   atomic_store_explicit(sleeps, 1, memory_order_relaxed);
   atomic_thread_fence(memory_order_seq_cst);
   TONGS_RING_STEP();
   if (atomic_load_explicit(counter, memory_order_relaxed) == seen) {
      TONGS_RING_STEP();
      r->bell->sleep(r->bell->data, sleeps, 1, timeout_ns);
   }
   TONGS_RING_STEP();
   atomic_store_explicit(sleeps, 0, memory_order_relaxed);
}

/* --- The producer --- */

/* The number of bytes that the consumer has not read. If it exceeds the size of the ring, the
 * consumer's counter is invalid. */
static uint32_t
unread(const struct tongs_ring *r)
{
   TONGS_RING_STEP();
   /* Acquire: the consumer has read the bytes before we overwrite them. Pairs with the store in
    * tongs_ring_read(). */
   return r->at - atomic_load_explicit(&r->words->tail, memory_order_acquire);
}

ssize_t
tongs_ring_write(struct tongs_ring *r, const void *data, size_t size)
{
   uint32_t used = unread(r);

   r->broken |= used > r->size;
   if (r->broken)
      return -EPROTO;
   if (size > r->size - used)
      size = r->size - used;
   if (!size)
      return 0;
   uint32_t start = r->at & (r->size - 1);
   size_t first = r->size - start < size ? r->size - start : size;
   memcpy(r->data + start, data, first);
   memcpy(r->data, (const uint8_t *)data + first, size - first);
   r->at += (uint32_t)size;
   TONGS_RING_STEP();
   /* Release: the bytes become visible before the counter. Pairs with written() in the consumer. */
   atomic_store_explicit(&r->words->head, r->at, memory_order_release);
   wake(r, &r->words->consumer_sleeps);
   return (ssize_t)size;
}

void
tongs_ring_wait_for_room(struct tongs_ring *r, int64_t timeout_ns)
{
   if (unread(r) == r->size)
      sleep_while(r, &r->words->producer_sleeps, &r->words->tail, r->at - r->size, timeout_ns);
}

/* --- The consumer --- */

/* The number of bytes that can be read. If it exceeds the size of the ring, the producer's counter
 * is invalid. */
static uint32_t
written(const struct tongs_ring *r)
{
   TONGS_RING_STEP();
   /* Acquire: load the counter before the bytes. Pairs with the store in tongs_ring_write(). */
   return atomic_load_explicit(&r->words->head, memory_order_acquire) - r->at;
}

ssize_t
tongs_ring_read(struct tongs_ring *r, void *data, size_t size)
{
   uint32_t used = written(r);

   r->broken |= used > r->size;
   if (r->broken)
      return -EPROTO;
   if (size > used)
      size = used;
   if (!size)
      return 0;
   uint32_t start = r->at & (r->size - 1);
   size_t first = r->size - start < size ? r->size - start : size;
   memcpy(data, r->data + start, first);
   memcpy((uint8_t *)data + first, r->data, size - first);
   r->at += (uint32_t)size;
   TONGS_RING_STEP();
   /* Release: the bytes are copied before the producer may overwrite them. Pairs with unread() in
    * the producer. */
   atomic_store_explicit(&r->words->tail, r->at, memory_order_release);
   wake(r, &r->words->producer_sleeps);
   return (ssize_t)size;
}

bool
tongs_ring_is_readable(const struct tongs_ring *r)
{
   return written(r) != 0;
}

void
tongs_ring_wait_for_bytes(struct tongs_ring *r, int64_t timeout_ns)
{
   if (!written(r))
      sleep_while(r, &r->words->consumer_sleeps, &r->words->head, r->at, timeout_ns);
}

/* --- Spinning --- */

/* The longest time that a thread spins: about twice the time to fall asleep and be woken on a core
 * that halts when it is idle. */
#define SPIN_NS 100000
/* How long a thread spins before it yields the core between two checks, because the thread that it
 * waits for may need the core. */
#define ALONE_NS 5000
/* Longer waits are recorded as this long. */
#define WAIT_MAX_NS (4 * SPIN_NS)
/* While waits sleep, one in TRY_SPIN_EVERY spins; while waits spin, one in TRY_SLEEP_EVERY sleeps.
 * The result shows whether the other method has become better. */
#define TRY_SPIN_EVERY 16
#define TRY_SLEEP_EVERY 64

static bool
shall_spin(struct tongs_spinner *s)
{
   uint32_t spun = atomic_load_explicit(&s->spun_ns, memory_order_relaxed);
   uint32_t slept = atomic_load_explicit(&s->slept_ns, memory_order_relaxed);
   uint32_t turn = atomic_fetch_add_explicit(&s->turn, 1, memory_order_relaxed);
   /* As long as no wait has slept, spin if spinning ends in time. After that, spin only if it is
    * clearly shorter, because it takes processor time from other threads. */
   bool better = slept ? spun < slept - slept / 8 : spun <= SPIN_NS;

   return better ? turn % TRY_SLEEP_EVERY != TRY_SLEEP_EVERY - 1 : turn % TRY_SPIN_EVERY == 0;
}

bool
tongs_spin(struct tongs_spinner *s, bool (*ready)(void *data), void *data,
           struct tongs_spin_wait *w)
{
   int64_t waited = 0;

   *w = (struct tongs_spin_wait){.since = tongs_now_ns(), .spun = shall_spin(s)};
   if (!w->spun)
      return ready(data);
   do {
      if (waited > ALONE_NS)
         sched_yield();
      for (int i = 0; i < 16; i++) {
         if (ready(data))
            return true;
#if defined(__x86_64__) || defined(__i386__)
         __builtin_ia32_pause();
#endif
      }
      waited = tongs_now_ns() - w->since;
   } while (waited < SPIN_NS);
   return ready(data);
}

void
tongs_spinner_note(struct tongs_spinner *s, const struct tongs_spin_wait *w)
{
   _Atomic uint32_t *place = w->spun ? &s->spun_ns : &s->slept_ns;
   int64_t average = atomic_load_explicit(place, memory_order_relaxed);
   int64_t waited = tongs_now_ns() - w->since;

   if (waited > WAIT_MAX_NS)
      waited = WAIT_MAX_NS;
   average = average ? (3 * average + waited) / 4 : waited;
   atomic_store_explicit(place, (uint32_t)average, memory_order_relaxed);
}
