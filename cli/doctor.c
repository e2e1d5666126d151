/* SPDX-License-Identifier: MIT */

/* `tongs doctor`: checks of this machine. */

#include "cli/cli.h"
#include "protocol/environment.h"
#include "renderer/worker/sandbox_check.h"
#include "renderer/worker/worker.h"

#include <getopt.h>
#include <stdio.h>

enum {
   OPTION_SANDBOX = CLI_OPTION_FIRST_OWN,
};

static const struct option options[] = {
   CLI_HELP_ROW,
   CLI_VERSION_ROW,
   {"sandbox", no_argument, NULL, OPTION_SANDBOX},
   {0},
};

/* Prints one line. Returns whether the sandbox held. */
static bool
check_attempt(size_t index, const struct rdr_worker_options *worker)
{
   const char *name = rdr_sandbox_attempt_name(index), *why;

   switch (rdr_sandbox_attempt(index, worker, &why)) {
   case RDR_ATTEMPT_REFUSED:
      printf("ok       %s: refused (%s)\n", name, why);
      return true;
   case RDR_ATTEMPT_STOPPED:
      printf("ok       %s: the worker was ended\n", name);
      return true;
   case RDR_ATTEMPT_WORKED:
      printf("FAILURE  %s: this worked\n", name);
      return false;
   default:
      printf("FAILURE  %s: cannot be tried: %s\n", name, why);
      return false;
   }
}

static int
check_sandbox(const struct cli_command *self)
{
   const char *mode = tongs_getenv("TONGS_SANDBOX");
   struct rdr_worker_options worker = {
      .host_driver = tongs_getenv("TONGS_HOST_DRIVER"),
      .limits = rdr_limits_default(),
   };
   char in_force[100], missing[300];
   size_t failures = 0;

   if (mode && !rdr_sandbox_parse_mode(mode, &worker.sandbox))
      return cli_usage_error(self->name, CLI_SANDBOX_ERROR, "TONGS_SANDBOX", mode);
   rdr_sandbox_describe(in_force, sizeof(in_force), missing, sizeof(missing));
   printf("in force: %s\n",
          worker.sandbox == RDR_SANDBOX_OFF ? "nothing: TONGS_SANDBOX=off" : in_force);
   if (missing[0])
      printf("missing:  %s\n", missing);
   for (size_t i = 0; i < rdr_sandbox_attempt_count(); i++) {
      fflush(stdout); /* the child must not print it again */
      failures += !check_attempt(i, &worker);
   }
   printf("%zu attempts, %zu failures\n", rdr_sandbox_attempt_count(), failures);
   return failures ? CLI_EXIT_FAILURE : 0;
}

static int
doctor(const struct cli_command *self, int argc, char **argv)
{
   bool sandbox = false;
   int option;

   while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
      if (option != OPTION_SANDBOX)
         return cli_common_option(self, option, argv);
      sandbox = true;
   }
   if (optind < argc)
      return cli_usage_error(self->name, "unexpected argument '%s'", argv[optind]);
   if (!sandbox)
      return cli_usage_error(self->name, "say what to check: --sandbox");
   return check_sandbox(self);
}

const struct cli_command cli_command_doctor = {
   .name = "doctor",
   .summary = "check that workers are contained on this machine",
   .help =
      "Usage: tongs doctor --sandbox\n"
      "\n"
      "Starts processes with a worker's sandbox. Each tries one thing that a worker must not be\n"
      "able to do, such as to open a file or to read another process's memory. Prints a line\n"
      "for each attempt. The exit status is 0 if all attempts failed.\n"
      "\n"
      "Options:\n"
      "  --sandbox           check the sandbox of workers; see tongs(1)\n"
      "  --help              print this\n"
      "  --version           print the version\n",
   .run = doctor,
};
