/* SPDX-License-Identifier: MIT */

/* A ring of bytes in memory that two processes share: one writes, the other one reads, neither
 * trusts the other.
 *
 *      producer's own        shared                       consumer's own
 *      at, size         head ──▶ bytes written ──▶        at, size
 *                       tail ◀── bytes read    ◀──
 *                       consumer_sleeps, producer_sleeps
 *
 * Counters of bytes run freely, modulo 2^32; the size is a power of two of at most 2^30. Each side
 * keeps a private copy of its own counter and reads the other side's once per operation,
 * atomically. An impossible value gives -EPROTO, now and ever after.
 *
 * A side with nothing to do sets its sleep word, reads the other counter once more, and sleeps
 * while the word is set. A side that has moved its counter reads the other side's sleep word. If
 * the word is set, the side clears it and wakes the other: only then does it make a system call. A
 * full fence separates each read from the store before it, so at least one side sees the other's
 * store. The sleep is on the word itself, so a side does not fall asleep on a word that was cleared
 * before. No wake-up is lost (tests/unit/test_ring.c goes through the interleavings).
 *
 * One thread at a time on each side.
 */

#ifndef TONGS_RING_H
#define TONGS_RING_H

#include "tongs_gen_wire.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How a side sleeps on a word and the other one wakes it: futexes, unless the peer is in another
 * machine. */
struct tongs_bell {
   /* Returns when *word is not `value`, when it is rung, after `timeout_ns` (negative: never), or
    * spuriously. */
   void (*sleep)(void *data, _Atomic uint32_t *word, uint32_t value, int64_t timeout_ns);
   /* Wakes the peer if it sleeps on *word. */
   void (*ring)(void *data, _Atomic uint32_t *word);
   void *data;
};

/* One side's view. Both pointers go to shared memory. */
struct tongs_ring {
   struct tongs_ring_words *words;
   uint8_t *data;
   uint32_t size; /* of the data, bytes */
   uint32_t at;   /* this side's counter */
   bool broken;   /* the peer's counter was impossible */
   const struct tongs_bell *bell;
};

/* The bell of processes that share the memory: futex(2). */
extern const struct tongs_bell tongs_futex_bell;

/* A view of a ring whose counters are 0. `size`: a power of two. */
void
tongs_ring_init(struct tongs_ring *r, struct tongs_ring_words *words, void *data, uint32_t size,
                const struct tongs_bell *bell);

/* --- The producer --- */

/* Copies in as much of the bytes as there is room for, lets the consumer see them, and wakes it if
 * it sleeps. Returns how many, or -EPROTO. */
ssize_t
tongs_ring_write(struct tongs_ring *r, const void *data, size_t size);

/* Prefetches the memory for bytes `from` to `to` of the next write from the consumer's cache, while
 * the producer still makes these bytes. This is only a hint. A write mostly waits for these cache
 * lines. */
static inline void
tongs_ring_expect(const struct tongs_ring *r, size_t from, size_t to)
{
#if defined(__x86_64__)
   enum {
      LINE = 64
   };

   for (size_t at = (r->at + from) | (LINE - 1); at < r->at + to; at += LINE)
      __asm__ volatile("prefetchw %0" : : "m"(r->data[(at + 1) & (r->size - 1)]));
#else
   (void)r, (void)from, (void)to;
#endif
}

/* Sleeps until there is room, up to `timeout_ns` (negative: for ever). May return spuriously. */
void
tongs_ring_wait_for_room(struct tongs_ring *r, int64_t timeout_ns);

/* --- The consumer --- */

/* Copies out at most `size` bytes, lets the producer have their room, and wakes it if it sleeps.
 * Returns how many, or -EPROTO. */
ssize_t
tongs_ring_read(struct tongs_ring *r, void *data, size_t size);

/* Whether a read would return anything but 0. */
bool
tongs_ring_is_readable(const struct tongs_ring *r);

/* Sleeps until there are bytes, up to `timeout_ns` (negative: for ever). May return spuriously. */
void
tongs_ring_wait_for_bytes(struct tongs_ring *r, int64_t timeout_ns);

/* --- Spinning before a sleep --- */

/* How long recent waits took: those that began with spinning, and those that slept from the start.
 * They tell whether spinning is worthwhile for the next wait. Zeroed at first. Threads that share a
 * spinner only disturb its prediction. */
struct tongs_spinner {
   _Atomic uint32_t spun_ns;
   _Atomic uint32_t slept_ns;
   _Atomic uint32_t turn;
};

struct tongs_spin_wait {
   int64_t since; /* of tongs_now_ns() */
   bool spun;
};

/* Spins briefly until `ready` returns true, if spinning made recent waits shorter. Returns the last
 * result of `ready`. `w` is for tongs_spinner_note. */
bool
tongs_spin(struct tongs_spinner *s, bool (*ready)(void *data), void *data,
           struct tongs_spin_wait *w);

/* Records the wait after its end, whether it slept or not. */
void
tongs_spinner_note(struct tongs_spinner *s, const struct tongs_spin_wait *w);

#endif
