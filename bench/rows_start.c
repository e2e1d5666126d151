/* SPDX-License-Identifier: MIT
 *
 * From nothing to a queue.
 */
#include "bench/bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Both nanosecond counts may be null. */
static void
start_once(struct bench *b, uint64_t *up, uint64_t *down)
{
   uint64_t start = bench_now();
   VkInstance instance = bench_create_instance(b);
   bench_pick(b, instance);
   VkDevice device = bench_create_device(b);
   VkQueue queue;
   vkGetDeviceQueue(device, b->family, 0, &queue);
   uint64_t ready = bench_now();
   vkDestroyDevice(device, NULL);
   vkDestroyInstance(instance, NULL);
   if (up)
      *up = ready - start;
   if (down)
      *down = bench_now() - ready;
}

static uint64_t
start_warm_run(struct bench *b, uint64_t n)
{
   uint64_t sum = 0;
   for (uint64_t i = 0; i < n; i++) {
      uint64_t up;
      start_once(b, &up, NULL);
      bench_sample(b, up);
      sum += up;
   }
   return sum;
}

static uint64_t
stop_warm_run(struct bench *b, uint64_t n)
{
   uint64_t sum = 0;
   for (uint64_t i = 0; i < n; i++) {
      uint64_t down;
      start_once(b, NULL, &down);
      bench_sample(b, down);
      sum += down;
   }
   return sum;
}

struct cold_answer {
   struct bench_result result;
   uint64_t up;
};

/* In a process that no driver was loaded into before. Linking libvulkan itself is not counted. */
static uint64_t
start_cold_once(struct bench *b)
{
   int fds[2];
   if (pipe(fds))
      bench_fail(b, "pipe failed");
   pid_t pid = fork();
   if (pid == 0) {
      struct cold_answer answer = {.result = *b->result};
      struct bench child = {.row = b->row, .options = b->options, .result = &answer.result};
      if (setjmp(child.fail) == 0)
         start_once(&child, &answer.up, NULL);
      _exit(write(fds[1], &answer, sizeof(answer)) == (ssize_t)sizeof(answer) ? 0 : 1);
   }
   close(fds[1]);
   struct cold_answer answer;
   size_t have = 0;
   ssize_t got = 1;
   while (pid > 0 && have < sizeof(answer) && got > 0) {
      got = read(fds[0], (char *)&answer + have, sizeof(answer) - have);
      have += got > 0 ? (size_t)got : 0;
   }
   close(fds[0]);
   if (pid > 0)
      waitpid(pid, NULL, 0);
   if (have < sizeof(answer))
      bench_fail(b, "the process that starts cold gave no answer");
   if (answer.result.status == BENCH_SKIPPED)
      bench_skip(b, "%s", answer.result.reason);
   if (answer.result.status == BENCH_FAILED)
      bench_fail(b, "%s", answer.result.reason);
   return answer.up;
}

/* The pause between two starts. After a client has connected, the server prepares for the next one;
 * without a pause, the next start would include that work. */
#define PAUSE_NS 150000000

static uint64_t
start_cold_run(struct bench *b, uint64_t n)
{
   uint64_t sum = 0;
   for (uint64_t i = 0; i < n; i++) {
      nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
      uint64_t up = start_cold_once(b);
      bench_sample(b, up);
      sum += up;
   }
   return sum;
}

const struct bench_row bench_start_rows[] = {
   {"start-cold", "vkCreateInstance to vkGetDeviceQueue, first time in its process", BENCH_MS,
    BENCH_BARE | BENCH_SAMPLED, 1, NULL, start_cold_run},
   {"start-warm", "vkCreateInstance to vkGetDeviceQueue, later times", BENCH_MS,
    BENCH_BARE | BENCH_SAMPLED, 1, NULL, start_warm_run},
   {"stop-warm", "vkDestroyDevice and vkDestroyInstance", BENCH_MS, BENCH_BARE | BENCH_SAMPLED, 1,
    NULL, stop_warm_run},
   {0},
};
