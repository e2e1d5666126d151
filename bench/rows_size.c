/* SPDX-License-Identifier: MIT
 *
 * What the driver takes of memory, after a pipeline was made and used.
 */
#include "bench/bench.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Bytes, or 0 when the process or the line is not there. `key` is "Rss:" or "Pss:". */
static uint64_t
rollup(pid_t pid, const char *key)
{
   char path[64];
   char line[256];
   uint64_t bytes = 0;
   snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
   FILE *file = fopen(path, "re");
   if (!file)
      return 0;
   while (fgets(line, sizeof(line), file)) {
      if (strncmp(line, key, strlen(key)) == 0)
         bytes = strtoull(line + strlen(key), NULL, 10) * 1024;
   }
   fclose(file);
   return bytes;
}

static pid_t
parent_of(pid_t pid)
{
   char path[64];
   char line[512];
   snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
   FILE *file = fopen(path, "re");
   if (!file)
      return 0;
   size_t got = fread(line, 1, sizeof(line) - 1, file);
   fclose(file);
   line[got] = 0;
   /* The name may hold anything, so what follows its last bracket counts. */
   const char *end = strrchr(line, ')');
   int parent = 0;
   if (!end || sscanf(end + 1, " %*c %d", &parent) != 1)
      return 0;
   return parent;
}

static bool
descends_from(pid_t pid, pid_t ancestor)
{
   for (int depth = 0; depth < 16 && pid > 1; depth++) {
      pid = parent_of(pid);
      if (pid == ancestor)
         return true;
   }
   return false;
}

static void
use_driver(struct bench *b)
{
   bench_open(b);
   bench_make_compute(b);
   bench_make_fence(b);
   b->cmd = bench_make_command_buffer(b, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
   bench_begin(b, b->cmd);
   vkCmdBindPipeline(b->cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->pipeline);
   vkCmdBindDescriptorSets(b->cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->layout, 0, 1, &b->set, 0,
                           NULL);
   uint32_t push[2] = {1, 64};
   vkCmdPushConstants(b->cmd, b->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
   vkCmdDispatch(b->cmd, 1, 1, 1);
   bench_check(b, vkEndCommandBuffer(b->cmd), "vkEndCommandBuffer");
   bench_submit(b, b->cmd, b->fence);
   bench_wait(b);
}

static uint64_t
client_rss_run(struct bench *b, uint64_t n)
{
   (void)n;
   /* The first turn opens the driver and says how much that took; it stays at that. */
   if (b->host_data)
      return *(uint64_t *)b->host_data;
   uint64_t before = rollup(getpid(), "Rss:");
   if (!before)
      bench_skip(b, "no /proc/self/smaps_rollup");
   use_driver(b);
   uint64_t *taken = malloc(sizeof(*taken));
   if (!taken)
      bench_fail(b, "out of memory");
   uint64_t after = rollup(getpid(), "Rss:");
   *taken = after > before ? after - before : 0;
   b->host_data = taken;
   return *taken;
}

/* Of the processes below `ancestor`. */
static uint64_t
pss_below(struct bench *b, pid_t ancestor)
{
   DIR *dir = opendir("/proc");
   if (!dir)
      bench_skip(b, "no /proc");
   uint64_t sum = 0;
   struct dirent *entry;
   while ((entry = readdir(dir))) {
      pid_t pid = (pid_t)atoi(entry->d_name);
      if (pid > 1 && descends_from(pid, ancestor))
         sum += rollup(pid, "Pss:");
   }
   closedir(dir);
   return sum;
}

/* The memory of the processes below this one (a private worker) or below $TONGS_BENCH_SERVER_PID. A
 * server may also have warm workers for later clients. Those cancel out, because there are as many
 * after the run as before. */
static uint64_t
worker_pss_run(struct bench *b, uint64_t n)
{
   (void)n;
   const char *server = getenv("TONGS_BENCH_SERVER_PID");
   pid_t ancestor = server ? (pid_t)atoi(server) : getpid();
   /* A private worker lets go of its client; its orphan comes here. */
   if (!b->device) {
      prctl(PR_SET_CHILD_SUBREAPER, 1);
      uint64_t *before = malloc(sizeof(*before));
      if (!before)
         bench_fail(b, "out of memory");
      *before = pss_below(b, ancestor);
      b->host_data = before;
      use_driver(b);
   }

   uint64_t before = *(uint64_t *)b->host_data, after = pss_below(b, ancestor);
   if (after <= before)
      bench_skip(b, "no process beside this one works for it");
   return after - before;
}

const struct bench_row bench_size_rows[] = {
   {"client-rss", "what instance, device, a pipeline and a dispatch add to this process", BENCH_MIB,
    BENCH_BARE | BENCH_ONCE, 1, NULL, client_rss_run},
   {"worker-pss", "the processes that work for this one", BENCH_MIB, BENCH_BARE | BENCH_ONCE, 1,
    NULL, worker_pss_run},
   {0},
};
