/* SPDX-License-Identifier: MIT */

/* `tongs dump`: prints a captured stream as Vulkan calls. */

#include "protocol/dump.h"
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct option options[] = {
   CLI_HELP_ROW,
   CLI_VERSION_ROW,
   {0},
};

static int
dump(const struct cli_command *self, int argc, char **argv)
{
   const char *name;
   FILE *in = stdin;
   int option, ret;

   option = getopt_long(argc, argv, ":", options, NULL);
   if (option != -1)
      return cli_common_option(self, option, argv);
   if (argc - optind > 1)
      return cli_usage_error(self->name, "one FILE at a time");

   name = optind < argc ? argv[optind] : "-";
   if (strcmp(name, "-") != 0) {
      in = fopen(name, "rbe");
      if (!in) {
         cli_error(self->name, "%s: %s", name, strerror(errno));
         return CLI_EXIT_FAILURE;
      }
   }
   ret = tongs_dump_stream(in, stdout);
   if (in != stdin)
      fclose(in);
   if (fflush(stdout) != 0 || ferror(stdout)) {
      cli_error(self->name, "cannot write to the standard output: %s", strerror(errno));
      return CLI_EXIT_FAILURE;
   }
   if (ret != 0) {
      cli_error(self->name, "%s breaks off or is damaged where the last line says",
                strcmp(name, "-") ? name : "the standard input");
      return CLI_EXIT_FAILURE;
   }
   return 0;
}

const struct cli_command cli_command_dump = {
   .name = "dump",
   .summary = "print a captured stream as Vulkan calls",
   .help =
      "Usage: tongs dump [FILE|-]\n"
      "\n"
      "Prints what `tongs run --capture FILE` kept as Vulkan calls, one after the other. Without\n"
      "a FILE, or with -, reads the standard input. A stream that breaks off or is damaged is\n"
      "printed up to there, with the offset; the exit status is then 1.\n"
      "\n"
      "Options:\n"
      "  --help     print this\n"
      "  --version  print the version\n"
      "\n"
      "Example: tongs run --capture calls -- vkcube --c 1 && tongs dump calls\n",
   .run = dump,
};
