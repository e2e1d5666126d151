/* SPDX-License-Identifier: MIT */

/* The ring's protocol, twice: as two tasks that a search switches between at any access to shared
 * memory, and as two threads. */

static void
step(void);
#define TONGS_RING_STEP() step()

#include "protocol/ring.c"

#include "tests/check.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

/* --- Tasks --- */

#define STACK_SIZE (64 * 1024)
#define STEPS_MAX 4096
/* How often a schedule takes the turn from a task that could go on. Nearly all bugs of such
 * protocols need two. */
#define PREEMPTIONS_MAX 3

struct task {
   ucontext_t context;
   char stack[STACK_SIZE];
   bool finished;
   _Atomic uint32_t *sleeps_on; /* NULL: it can go on */
};

static struct task tasks[2];
static ucontext_t search;
static int turn = -1; /* the task that runs; -1: none, the accesses are those of real threads */

static void
step(void)
{
   if (turn >= 0)
      swapcontext(&tasks[turn].context, &search);
}

/* futex(2): looks and falls asleep in one. */
static void
task_sleep(void *data, _Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
   (void)data, (void)timeout_ns;
   if (atomic_load(word) != value)
      return;
   tasks[turn].sleeps_on = word;
   step();
}

static void
task_ring(void *data, _Atomic uint32_t *word)
{
   (void)data;
   for (int i = 0; i < 2; i++) {
      if (tasks[i].sleeps_on == word)
         tasks[i].sleeps_on = NULL;
   }
}

static const struct tongs_bell task_bell = {.sleep = task_sleep, .ring = task_ring};

static struct tongs_ring_words words;
static uint8_t bytes[4];
#define TOTAL 7 /* more than the ring holds, and no multiple of it */

static uint8_t received[TOTAL];

static void
produce(void)
{
   struct tongs_ring r;

   tongs_ring_init(&r, &words, bytes, sizeof(bytes), &task_bell);
   for (uint8_t sent = 0; sent < TOTAL;) {
      const uint8_t next[3] = {sent + 1, sent + 2, sent + 3};
      ssize_t n = tongs_ring_write(&r, next, TOTAL - sent < 3 ? TOTAL - sent : 3);
      if (n < 0)
         abort();
      sent += (uint8_t)n;
      if (!n)
         tongs_ring_wait_for_room(&r, -1);
   }
   tasks[0].finished = true;
   step();
}

static void
consume(void)
{
   struct tongs_ring r;

   tongs_ring_init(&r, &words, bytes, sizeof(bytes), &task_bell);
   for (size_t got = 0; got < TOTAL;) {
      ssize_t n = tongs_ring_read(&r, received + got, TOTAL - got);
      if (n < 0)
         abort();
      got += (size_t)n;
      if (!n)
         tongs_ring_wait_for_bytes(&r, -1);
   }
   tasks[1].finished = true;
   step();
}

static bool
can_go_on(int i)
{
   return !tasks[i].finished && !tasks[i].sleeps_on;
}

/* --- The search --- */

/* One schedule: after which steps the turn goes to the other task although the first could go on.
 */
struct schedule {
   uint32_t switches[PREEMPTIONS_MAX];
   uint32_t count;
};

static void
start_task(int i, void (*function)(void))
{
   tasks[i].finished = false;
   tasks[i].sleeps_on = NULL;
   getcontext(&tasks[i].context);
   tasks[i].context.uc_stack.ss_sp = tasks[i].stack;
   tasks[i].context.uc_stack.ss_size = STACK_SIZE;
   tasks[i].context.uc_link = NULL;
   makecontext(&tasks[i].context, function, 0);
}

/* Runs it; returns the number of its steps, 0 if it ends with a task asleep or the wrong
 * bytes. */
static uint32_t
run_schedule(const struct schedule *s, int first)
{
   uint32_t steps = 0, next = 0;

   memset(&words, 0, sizeof(words));
   memset(received, 0, sizeof(received));
   start_task(0, produce);
   start_task(1, consume);
   turn = first;
   while (can_go_on(0) || can_go_on(1)) {
      bool wanted = next < s->count && s->switches[next] == steps;
      next += wanted;
      if (!can_go_on(turn) || (wanted && can_go_on(1 - turn)))
         turn = 1 - turn;
      swapcontext(&search, &tasks[turn].context);
      if (++steps == STEPS_MAX)
         break;
   }
   turn = -1;
   for (uint8_t i = 0; i < TOTAL; i++) {
      if (received[i] != i + 1)
         return 0;
   }
   return tasks[0].finished && tasks[1].finished ? steps : 0;
}

static uint64_t schedules, failures;

/* All schedules that begin like this one. */
static void
explore(struct schedule *s, int first)
{
   uint32_t steps = run_schedule(s, first);

   schedules++;
   if (!steps) {
      if (!failures++)
         printf("# fails: first %d, switches after %u of: %u %u %u\n", first, s->count,
                s->switches[0], s->switches[1], s->switches[2]);
      return;
   }
   if (s->count == PREEMPTIONS_MAX)
      return;
   uint32_t from = s->count ? s->switches[s->count - 1] + 1 : 1;
   s->count++;
   for (uint32_t at = from; at < steps; at++) {
      s->switches[s->count - 1] = at;
      explore(s, first);
   }
   s->count--;
}

/* --- Threads --- */

#define STREAM_SIZE (UINT32_C(4) << 20)

static struct tongs_ring_words stream_words;
static uint8_t stream_bytes[4096];

/* Sizes and bytes that both sides know. */
static uint32_t
noise(uint32_t *state)
{
   *state = *state * 1664525 + 1013904223;
   return *state >> 8;
}

static void *
produce_stream(void *data)
{
   struct tongs_ring r;
   uint32_t bytes_state = 1, size_state = 2, sent = 0, used = 0, size = 0;
   uint8_t part[6000];

   (void)data;
   tongs_ring_init(&r, &stream_words, stream_bytes, sizeof(stream_bytes), &tongs_futex_bell);
   while (sent < STREAM_SIZE) {
      if (used == size) {
         used = 0;
         size = 1 + noise(&size_state) % sizeof(part);
         size = size < STREAM_SIZE - sent ? size : STREAM_SIZE - sent;
         for (uint32_t i = 0; i < size; i++)
            part[i] = (uint8_t)noise(&bytes_state);
      }
      ssize_t n = tongs_ring_write(&r, part + used, size - used);
      if (n < 0)
         return NULL;
      used += (uint32_t)n;
      sent += (uint32_t)n;
      if (!n)
         tongs_ring_wait_for_room(&r, -1);
   }
   return NULL;
}

static bool
consume_stream(void)
{
   struct tongs_ring r;
   uint32_t bytes_state = 1, size_state = 3, got = 0;
   uint8_t part[5000];

   tongs_ring_init(&r, &stream_words, stream_bytes, sizeof(stream_bytes), &tongs_futex_bell);
   while (got < STREAM_SIZE) {
      ssize_t n = tongs_ring_read(&r, part, 1 + noise(&size_state) % sizeof(part));
      if (n < 0)
         return false;
      for (ssize_t i = 0; i < n; i++) {
         if (part[i] != (uint8_t)noise(&bytes_state))
            return false;
      }
      got += (uint32_t)n;
      if (!n)
         tongs_ring_wait_for_bytes(&r, -1);
   }
   return true;
}

static bool
threads_agree(void)
{
   pthread_t producer;

   if (pthread_create(&producer, NULL, produce_stream, NULL))
      return false;
   bool ok = consume_stream();
   pthread_join(producer, NULL);
   return ok;
}

/* --- Hostile counters --- */

static bool
impossible_counters_are_refused(void)
{
   struct tongs_ring_words w = {0};
   uint8_t data[16] = {0}, out[64];
   struct tongs_ring r;
   bool ok = true;

   const uint32_t heads[] = {17, 0x80000000, 0xffffffff};
   for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
      tongs_ring_init(&r, &w, data, sizeof(data), &tongs_futex_bell);
      atomic_store(&w.head, heads[i]);
      ok &= tongs_ring_read(&r, out, sizeof(out)) == -EPROTO;
      atomic_store(&w.head, 0); /* for good */
      ok &= tongs_ring_read(&r, out, sizeof(out)) == -EPROTO;

      tongs_ring_init(&r, &w, data, sizeof(data), &tongs_futex_bell);
      atomic_store(&w.tail, heads[i] == 17 ? 1 : heads[i] - 20);
      ok &= tongs_ring_write(&r, out, sizeof(out)) == -EPROTO;
      atomic_store(&w.tail, 0);
   }
   return ok;
}

static bool
counters_run_over_their_end(void)
{
   struct tongs_ring_words w = {0};
   uint8_t data[16], in[5] = {1, 2, 3, 4, 5}, out[5];
   struct tongs_ring p, c;

   tongs_ring_init(&p, &w, data, sizeof(data), &tongs_futex_bell);
   tongs_ring_init(&c, &w, data, sizeof(data), &tongs_futex_bell);
   p.at = c.at = UINT32_MAX - 20;
   atomic_store(&w.head, p.at);
   atomic_store(&w.tail, p.at);
   for (int i = 0; i < 20; i++) {
      if (tongs_ring_write(&p, in, 5) != 5 || tongs_ring_read(&c, out, 5) != 5 ||
          memcmp(in, out, 5))
         return false;
   }
   return p.at < 1000;
}

/* The thread sanitizer takes a task for the thread that it runs on, and dies of the first switch.
 */
#ifdef __SANITIZE_THREAD__
#define CAN_SEARCH false
#elif defined(__has_feature)
#define CAN_SEARCH !__has_feature(thread_sanitizer)
#else
#define CAN_SEARCH true
#endif

static bool
all_schedules_agree(void)
{
   struct schedule s = {0};

   for (int first = 0; first < 2; first++) {
      s.count = 0;
      explore(&s, first);
   }
   printf("# %llu schedules\n", (unsigned long long)schedules);
   return !failures;
}

int
main(void)
{
   fact(impossible_counters_are_refused(),
        "a counter that says the impossible is refused, for good (R1)");
   fact(counters_run_over_their_end(), "counters run over the end of their range");
   if (CAN_SEARCH)
      fact(all_schedules_agree(), "in no schedule is a wake-up lost or a byte changed");
   else
      fact_skipped("in no schedule is a wake-up lost or a byte changed",
                   "the thread sanitizer does not follow tasks that change stacks");
   fact(threads_agree(), "two threads see the same bytes");
   return check_end();
}
