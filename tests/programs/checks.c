/* SPDX-License-Identifier: MIT */
#include "tests/programs/checks.h"

#include "tests/check.h"

static bool
chosen(int argc, char **argv, const char *name)
{
   for (int i = 1; i < argc; i++) {
      if (strcmp(argv[i], name) == 0)
         return true;
   }
   return argc == 1;
}

static bool
known(const struct prog_check *checks, size_t count, const char *name)
{
   for (size_t i = 0; i < count; i++) {
      if (strcmp(checks[i].name, name) == 0)
         return true;
   }
   fprintf(stderr, "there is no check \"%s\"; --list shows them\n", name);
   return false;
}

static enum prog_status
run_one(const struct prog_check *check, struct prog *p, enum prog_checks_device device)
{
   if (device == PROG_CHECKS_WITH_DEVICE && !p->device)
      PROG_STEP(prog_init(p));
   p->why[0] = '\0';
   return check->run(p);
}

static void
report_one(const char *name, enum prog_status status, const char *why)
{
   if (status == PROG_RIGHT) {
      check_report(true, "%s", name);
   } else if (status == PROG_SKIPPED) {
      fact_skipped(name, why);
   } else {
      check_report(false, "%s: %s", name, why);
      fprintf(stderr, "FAILED %s: %s\n", name, why);
   }
}

int
prog_checks_main(int argc, char **argv, const struct prog_check *checks, size_t count,
                 enum prog_checks_device device)
{
   if (argc == 2 && strcmp(argv[1], "--list") == 0) {
      for (size_t i = 0; i < count; i++)
         puts(checks[i].name);
      return PROG_RIGHT;
   }
   for (int i = 1; i < argc; i++) {
      if (!known(checks, count, argv[i]))
         return PROG_WRONG;
   }

   unsigned total = 0, right = 0, wrong = 0;
   for (size_t i = 0; i < count; i++)
      total += chosen(argc, argv, checks[i].name);
   check_plan(total);

   struct prog p = {0};
   for (size_t i = 0; i < count; i++) {
      if (!chosen(argc, argv, checks[i].name))
         continue;
      const enum prog_status status = run_one(&checks[i], &p, device);
      report_one(checks[i].name, status, p.why);
      right += status == PROG_RIGHT;
      wrong += status == PROG_WRONG;
      /* Objects of a check that ended early are still there: leave them, and start afresh. */
      if (status != PROG_RIGHT || device == PROG_CHECKS_BARE)
         p = (struct prog){0};
   }
   if (device == PROG_CHECKS_WITH_DEVICE)
      prog_finish(&p);
   return wrong ? PROG_WRONG : right ? PROG_RIGHT : PROG_SKIPPED;
}
