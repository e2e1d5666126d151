/* SPDX-License-Identifier: MIT */
/*
 * alloc_fail: each way to create an object, with an allocator that fails at allocation 0, 1, 2 ...
 * until the creation succeeds: once so that only this one fails, and once so that all later ones
 * fail too. A failed creation has to say VK_ERROR_OUT_OF_HOST_MEMORY and to leave nothing behind.
 *
 * Each path runs in its own process: a driver that crashes shows in its own line.
 *
 * Usage: alloc_fail [--list | --all | PATH...]
 */
#include "tests/programs/alloc_fail.h"

#include "tests/check.h"
#include "tests/programs/counting_allocator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* No create takes so many allocations; more are a loop that never ends. */
#define MAX_FAILURES 10000

static enum prog_status
check_attempt(struct prog *p, const struct alloc_path *path, const struct counting_allocator *a,
              VkResult result, const char *when)
{
   PROG_EXPECT(p, !a->wrong[0], "%s: %s", when, a->wrong);
   PROG_EXPECT(p, a->live == 0, "%s (%s): %zu allocations are left, the first of %zu bytes", when,
               prog_result_name(result), a->live, a->blocks[0].size);
   if (a->failed && path->loader && result == VK_SUCCESS)
      return PROG_RIGHT;
   if (a->failed)
      PROG_EXPECT(p, result == VK_ERROR_OUT_OF_HOST_MEMORY, "%s gave %s", when,
                  prog_result_name(result));
   else
      PROG_EXPECT(p, result == VK_SUCCESS, "with no allocation failing, it gave %s",
                  prog_result_name(result));
   return PROG_RIGHT;
}

static enum prog_status
attempt(struct alloc_fixture *f, const struct alloc_path *path, struct counting_allocator *a,
        enum counting_failure failure, size_t n)
{
   struct alloc_made made = {0};
   counting_begin(a, failure, n);
   const VkResult result = path->create(f, &a->callbacks, &made);
   /* Destruction may not need memory, so it goes on failing. */
   path->destroy(f, &a->callbacks, &made);
   counting_end(a);

   char when[96];
   snprintf(when, sizeof(when), "%s %zu failing",
            failure == COUNTING_FAIL_ONCE ? "allocation" : "all allocations from", n);
   return check_attempt(&f->p, path, a, result, when);
}

static enum prog_status
run_path(struct alloc_fixture *f, const struct alloc_path *path, size_t *most)
{
   struct prog *p = &f->p;
   PROG_STEP(alloc_fixture_init(f));
   if (path->graphics && !p->graphics)
      return prog_skipped(p, "the device has no graphics queue");
   if (p->api < path->api)
      return prog_skipped(p, "the device has no Vulkan 1.%u", VK_API_VERSION_MINOR(path->api));

   struct counting_allocator *a = malloc(sizeof(*a));
   PROG_EXPECT(p, a, "no memory");
   counting_allocator_init(a);
   static const enum counting_failure kinds[] = {COUNTING_FAIL_ONCE, COUNTING_FAIL_ON};
   for (size_t k = 0; k < PROG_COUNT(kinds); k++) {
      size_t n = 0;
      do {
         PROG_EXPECT(p, n < MAX_FAILURES, "it still fails after %d allocations", MAX_FAILURES);
         PROG_STEP(attempt(f, path, a, kinds[k], n++));
      } while (a->failed);
      *most = n - 1;
   }
   free(a);
   alloc_fixture_finish(f);
   return PROG_RIGHT;
}

/* In the child: tells the parent the reason, or the number of allocations, through the pipe. */
static int
child_main(const struct alloc_path *path, int out)
{
   struct alloc_fixture f = {0};
   size_t most = 0;
   const enum prog_status status = run_path(&f, path, &most);
   if (status == PROG_RIGHT)
      snprintf(f.p.why, sizeof(f.p.why), "%zu allocations", most);
   if (write(out, f.p.why, strlen(f.p.why)) < 0)
      return PROG_WRONG;
   return status;
}

static enum prog_status
run_child(const struct alloc_path *path, char why[512])
{
   int ends[2];
   if (pipe(ends) != 0) {
      snprintf(why, 512, "no pipe");
      return PROG_WRONG;
   }
   fflush(stdout);
   const pid_t pid = fork();
   if (pid == 0) {
      close(ends[0]);
      exit(child_main(path, ends[1]));
   }
   close(ends[1]);

   size_t length = 0;
   ssize_t got = 0;
   while (pid > 0 && length < 511 && (got = read(ends[0], why + length, 511 - length)) > 0)
      length += (size_t)got;
   why[length] = '\0';
   close(ends[0]);

   int status = -1;
   if (pid < 0 || waitpid(pid, &status, 0) != pid) {
      snprintf(why, 512, "no child process");
      return PROG_WRONG;
   }
   if (WIFSIGNALED(status)) {
      snprintf(why, 512, "ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
      return PROG_WRONG;
   }
   const int code = WEXITSTATUS(status);
   if (code != PROG_RIGHT && !why[0])
      snprintf(why, 512, "exit status %d", code);
   return code == PROG_RIGHT || code == PROG_SKIPPED ? (enum prog_status)code : PROG_WRONG;
}

static bool
chosen(int argc, char **argv, const struct alloc_path *path)
{
   for (int i = 1; i < argc; i++) {
      if (strcmp(argv[i], path->name) == 0 || strcmp(argv[i], "--all") == 0)
         return true;
   }
   return argc == 1 && !path->harsh;
}

int
main(int argc, char **argv)
{
   const bool list = argc == 2 && strcmp(argv[1], "--list") == 0;
   unsigned total = 0, right = 0, wrong = 0;
   for (size_t i = 0; i < alloc_path_count; i++) {
      if (list)
         puts(alloc_paths[i].name);
      total += chosen(argc, argv, &alloc_paths[i]);
   }
   if (list)
      return PROG_RIGHT;
   if (total == 0) {
      fprintf(stderr, "usage: %s [--list | --all | PATH...]\n", argv[0]);
      return PROG_WRONG;
   }

   check_plan(total);
   for (size_t i = 0; i < alloc_path_count; i++) {
      const char *name = alloc_paths[i].name;
      if (!chosen(argc, argv, &alloc_paths[i]))
         continue;
      char why[512];
      const enum prog_status status = run_child(&alloc_paths[i], why);
      right += status == PROG_RIGHT;
      wrong += status == PROG_WRONG;
      if (status == PROG_RIGHT)
         check_report(true, "%s: %s", name, why);
      else if (status == PROG_SKIPPED)
         fact_skipped(name, why);
      else
         check_report(false, "%s: %s", name, why);
      if (status == PROG_WRONG)
         fprintf(stderr, "FAILED %s: %s\n", name, why);
   }
   return wrong ? PROG_WRONG : right ? PROG_RIGHT : PROG_SKIPPED;
}
