/* SPDX-License-Identifier: MIT
 *
 * Choosing rows, a process for each, and printing what they said.
 */
#include "bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PATTERNS 64

struct program {
   struct bench_options options;
   bool json;
   bool list;
   bool no_fork;
   int patience_ms;
   const char *patterns[MAX_PATTERNS];
   size_t pattern_count;
};

/* What was printed so far; `device` is the first result that names one. */
struct shown {
   struct bench_result device;
   size_t rows;
   size_t failed;
};

static const struct bench_row *const row_tables[] = {
   bench_sync_rows,   bench_start_rows,  bench_object_rows, bench_descriptor_rows,
   bench_record_rows, bench_thread_rows, bench_memory_rows, bench_pipeline_rows,
   bench_frame_rows,  bench_size_rows,
};

static const char *const unit_names[] = {
   [BENCH_NS] = "ns",   [BENCH_US] = "us",     [BENCH_MS] = "ms",
   [BENCH_RATE] = "/s", [BENCH_GBPS] = "GB/s", [BENCH_MIB] = "MiB",
};

static const char *const status_names[] = {
   [BENCH_OK] = "ok",
   [BENCH_SKIPPED] = "skipped",
   [BENCH_FAILED] = "failed",
};

static bool
higher_is_better(const struct bench_row *row)
{
   return row->unit == BENCH_RATE || row->unit == BENCH_GBPS;
}

/* --- One row --- */

static void
run_row(const struct program *program, const struct bench_row *row, struct bench_result *result)
{
   struct bench b = {.row = row, .options = &program->options, .result = result};
   if (setjmp(b.fail) == 0) {
      if (!(row->flags & BENCH_BARE))
         bench_open(&b);
      if (row->init)
         row->init(&b);
      bench_measure(&b);
      bench_close(&b);
   }
}

/* The whole struct or false: the child ended, or `patience_ms` passed. */
static bool
read_result(int fd, struct bench_result *result, int patience_ms)
{
   size_t have = 0;
   uint64_t end = bench_now() + (uint64_t)patience_ms * 1000000;
   while (have < sizeof(*result)) {
      uint64_t now = bench_now();
      struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
      if (now >= end || poll(&poll_fd, 1, (int)((end - now) / 1000000) + 1) < 0)
         return false;
      if (!poll_fd.revents)
         continue;
      ssize_t got = read(fd, (char *)result + have, sizeof(*result) - have);
      if (got <= 0)
         return false;
      have += (size_t)got;
   }
   return true;
}

static void
explain_end(pid_t pid, struct bench_result *result, int patience_ms, bool complete)
{
   int status = 0;
   /* Without a complete answer it has crashed or hangs; with one it has a second to clean up. */
   for (int i = 0; i < 200; i++) {
      if (waitpid(pid, &status, WNOHANG) == pid) {
         if (WIFSIGNALED(status)) {
            result->status = BENCH_FAILED;
            snprintf(result->reason, sizeof(result->reason), "ended by signal %d (%s)%s",
                     WTERMSIG(status), strsignal(WTERMSIG(status)),
                     complete ? " after it was measured" : "");
         } else if (!complete) {
            result->status = BENCH_FAILED;
            snprintf(result->reason, sizeof(result->reason), "exited with %d and no answer",
                     WEXITSTATUS(status));
         }
         return;
      }
      poll(NULL, 0, 5);
   }
   kill(pid, SIGKILL);
   waitpid(pid, &status, 0);
   result->status = BENCH_FAILED;
   if (complete)
      snprintf(result->reason, sizeof(result->reason), "did not end after it was measured");
   else
      snprintf(result->reason, sizeof(result->reason), "took more than %d s", patience_ms / 1000);
}

static void
fork_row(const struct program *program, const struct bench_row *row, struct bench_result *result)
{
   int fds[2];
   if (pipe2(fds, O_CLOEXEC)) {
      result->status = BENCH_FAILED;
      snprintf(result->reason, sizeof(result->reason), "pipe2: %s", strerror(errno));
      return;
   }
   fflush(NULL);
   pid_t pid = fork();
   if (pid == 0) {
      close(fds[0]);
      /* Drivers that print to stdout shall not spoil the JSON. */
      dup2(STDERR_FILENO, STDOUT_FILENO);
      run_row(program, row, result);
      bool sent = write(fds[1], result, sizeof(*result)) == (ssize_t)sizeof(*result);
      close(fds[1]);
      _exit(sent ? 0 : 1);
   }
   close(fds[1]);
   if (pid < 0) {
      result->status = BENCH_FAILED;
      snprintf(result->reason, sizeof(result->reason), "fork: %s", strerror(errno));
   } else {
      struct bench_result answer;
      bool complete = read_result(fds[0], &answer, program->patience_ms);
      if (complete)
         *result = answer;
      explain_end(pid, result, program->patience_ms, complete);
   }
   close(fds[0]);
}

/* --- Output --- */

static void
print_string(const char *text)
{
   putchar('"');
   for (; *text; text++) {
      if (*text == '"' || *text == '\\')
         printf("\\%c", *text);
      else if ((unsigned char)*text < 0x20)
         printf("\\u%04x", *text);
      else
         putchar(*text);
   }
   putchar('"');
}

static double
row_value(const struct bench_result *result)
{
   double values[BENCH_MAX_ROUNDS];
   memcpy(values, result->value, sizeof(values));
   return bench_median(values, result->rounds);
}

static void
print_json_row(const struct bench_row *row, const struct bench_result *result, bool first)
{
   printf("%s\n    {\"name\": \"%s\", \"unit\": \"%s\", \"better\": \"%s\", \"status\": \"%s\"",
          first ? "" : ",", row->name, unit_names[row->unit],
          higher_is_better(row) ? "higher" : "lower", status_names[result->status]);
   if (result->status != BENCH_OK) {
      printf(", \"reason\": ");
      print_string(result->reason);
   }
   if (result->rounds) {
      printf(", \"value\": %.6g, \"turns\": %llu, \"rounds\": [", row_value(result),
             (unsigned long long)result->turns);
      for (uint32_t i = 0; i < result->rounds; i++)
         printf("%s%.6g", i ? ", " : "", result->value[i]);
      printf("]");
      if (row->flags & BENCH_SAMPLED)
         printf(", \"p95\": %.6g", result->tail);
   }
   printf("}");
}

static void
print_json_device(const struct bench_result *result)
{
   printf("\n  ],\n  \"device\": {\"name\": ");
   print_string(result->device);
   printf(", \"driver\": ");
   print_string(result->driver);
   printf(", \"info\": ");
   print_string(result->driver_info);
   printf(", \"api\": \"%u.%u.%u\"}\n}\n", VK_API_VERSION_MAJOR(result->api_version),
          VK_API_VERSION_MINOR(result->api_version), VK_API_VERSION_PATCH(result->api_version));
}

static void
print_row(const struct bench_row *row, const struct bench_result *result)
{
   if (result->status != BENCH_OK) {
      printf("%-22s %12s         %s\n", row->name, status_names[result->status], result->reason);
      return;
   }
   double spread[BENCH_MAX_ROUNDS];
   memcpy(spread, result->value, sizeof(spread));
   double value = bench_median(spread, result->rounds);
   printf("%-22s %12.5g %-4s %s  %.4g..%.4g in %u x %llu", row->name, value, unit_names[row->unit],
          higher_is_better(row) ? "^" : "v", spread[0], spread[result->rounds - 1], result->rounds,
          (unsigned long long)result->turns);
   if (row->flags & BENCH_SAMPLED)
      printf(", p95 %.4g", result->tail);
   printf("\n");
}

static void
print_list(const struct bench_row *row)
{
   printf("%-22s %-4s %-6s  %s\n", row->name, unit_names[row->unit],
          higher_is_better(row) ? "higher" : "lower", row->what);
}

/* --- Options --- */

static const char usage[] =
   "Usage: tongs-bench [OPTIONS]\n"
   "\n"
   "Measures what single habits of Vulkan programs cost on the driver that the loader finds.\n"
   "\n"
   "  --row NAME...   only the rows that match these names or patterns (*, ?)\n"
   "  --list          print the rows: name, unit, what is better, what is timed\n"
   "  --rounds N      rounds of each row; its median is printed (default 7, --quick 3)\n"
   "  --quick         short rounds: everything in less than 20 s, figures for orientation only\n"
   "  --device N      the N-th physical device (default 0)\n"
   "  --timeout S     a row that takes longer has failed (default 120, --quick 20)\n"
   "  --no-fork       all in this process: for debuggers and valgrind\n"
   "  --json          print JSON\n"
   "  --help          print this\n"
   "\n"
   "In the output ^ marks rows where more is better, v those where less is. A row that the device\n"
   "cannot do is skipped; one that fails makes the exit status 1.\n";

static uint32_t
parse_number(const char *text, uint32_t low, uint32_t high, const char *what)
{
   char *end;
   errno = 0;
   unsigned long value = strtoul(text, &end, 10);
   if (errno || *end || end == text || value < low || value > high) {
      fprintf(stderr, "tongs-bench: %s takes a number from %u to %u, not '%s'\n", what, low, high,
              text);
      exit(2);
   }
   return (uint32_t)value;
}

static void
add_pattern(struct program *program, const char *pattern)
{
   if (program->pattern_count == MAX_PATTERNS) {
      fprintf(stderr, "tongs-bench: more than %d patterns\n", MAX_PATTERNS);
      exit(2);
   }
   program->patterns[program->pattern_count++] = pattern;
}

static void
parse(struct program *program, int argc, char **argv)
{
   static const struct option options[] = {
      {"row", required_argument, NULL, 'r'},    {"list", no_argument, NULL, 'l'},
      {"rounds", required_argument, NULL, 'n'}, {"quick", no_argument, NULL, 'q'},
      {"device", required_argument, NULL, 'd'}, {"timeout", required_argument, NULL, 't'},
      {"no-fork", no_argument, NULL, 'f'},      {"json", no_argument, NULL, 'j'},
      {"help", no_argument, NULL, 'h'},         {0},
   };
   uint32_t patience = 0;
   int c;
   while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
      switch (c) {
      case 'r':
         add_pattern(program, optarg);
         break;
      case 'l':
         program->list = true;
         break;
      case 'n':
         program->options.rounds = parse_number(optarg, 1, BENCH_MAX_ROUNDS, "--rounds");
         break;
      case 'q':
         program->options.quick = true;
         break;
      case 'd':
         program->options.device_index = parse_number(optarg, 0, 15, "--device");
         break;
      case 't':
         patience = parse_number(optarg, 1, 3600, "--timeout");
         break;
      case 'f':
         program->no_fork = true;
         break;
      case 'j':
         program->json = true;
         break;
      case 'h':
         fputs(usage, stdout);
         exit(0);
      default:
         fputs("Try: tongs-bench --help\n", stderr);
         exit(2);
      }
   }
   /* `--row NAME NAME`: what is left over are names as well. */
   for (int i = optind; i < argc; i++)
      add_pattern(program, argv[i]);
   if (!program->options.rounds)
      program->options.rounds = program->options.quick ? 3 : 7;
   program->patience_ms = (int)(patience ? patience : program->options.quick ? 20 : 120) * 1000;
}

static bool
wanted(const struct program *program, const struct bench_row *row)
{
   for (size_t i = 0; i < program->pattern_count; i++) {
      if (fnmatch(program->patterns[i], row->name, 0) == 0)
         return true;
   }
   return program->pattern_count == 0;
}

static void
run_and_print(const struct program *program, const struct bench_row *row, struct shown *shown)
{
   struct bench_result result = {0};
   if (program->no_fork)
      run_row(program, row, &result);
   else
      fork_row(program, row, &result);

   if (program->json)
      print_json_row(row, &result, shown->rows == 0);
   else if (!shown->device.device[0] && result.device[0])
      printf("# %s: %s, %s\n", result.device, result.driver, result.driver_info);
   if (!program->json)
      print_row(row, &result);
   fflush(stdout);
   if (!shown->device.device[0])
      shown->device = result;
   shown->failed += result.status == BENCH_FAILED;
}

int
main(int argc, char **argv)
{
   struct program program = {0};
   struct shown shown = {0};
   parse(&program, argc, argv);
   bool json = program.json && !program.list;

   if (json)
      printf("{\n  \"quick\": %s,\n  \"rows\": [", program.options.quick ? "true" : "false");
   for (size_t i = 0; i < sizeof(row_tables) / sizeof(row_tables[0]); i++) {
      for (const struct bench_row *row = row_tables[i]; row->name; row++) {
         if (!wanted(&program, row))
            continue;
         if (program.list)
            print_list(row);
         else
            run_and_print(&program, row, &shown);
         shown.rows++;
      }
   }
   if (json)
      print_json_device(&shown.device);
   if (!shown.rows) {
      fprintf(stderr, "tongs-bench: no row has that name; see --list\n");
      return 2;
   }
   return shown.failed ? 1 : 0;
}
