/* SPDX-License-Identifier: MIT */

/* `tongs run`: becomes the given program, with the environment that makes it use our driver. */

#include "cli/cli.h"
#include "cli/environment.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The exit statuses of shells. */
#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND 127

enum {
   OPTION_SERVER = CLI_OPTION_FIRST_OWN,
   OPTION_HOST_DRIVER,
   OPTION_VALIDATE,
   OPTION_CAPTURE,
};

static const struct option options[] = {
   CLI_HELP_ROW,
   CLI_VERSION_ROW,
   {"server", required_argument, NULL, OPTION_SERVER},
   {"host-driver", required_argument, NULL, OPTION_HOST_DRIVER},
   {"validate", no_argument, NULL, OPTION_VALIDATE},
   {"capture", required_argument, NULL, OPTION_CAPTURE},
   {0},
};

static int
run(const struct cli_command *self, int argc, char **argv)
{
   struct cli_environment environment = {0};
   struct cli_paths paths = {0};
   int option, status;

   /* '+': options after the program's name belong to the program, even without "--". */
   while ((option = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
      switch (option) {
      case OPTION_SERVER:
         environment.server = optarg;
         break;
      case OPTION_HOST_DRIVER:
         environment.host_driver = optarg;
         break;
      case OPTION_VALIDATE:
         environment.validate = true;
         break;
      case OPTION_CAPTURE:
         environment.capture = optarg;
         break;
      default:
         return cli_common_option(self, option, argv);
      }
   }
   if (optind == argc)
      return cli_usage_error(self->name, "a program to run is missing");

   status = cli_environment_apply(self->name, &environment, &paths);
   if (status != 0)
      return status;

   execvp(argv[optind], argv + optind);
   status = errno == ENOENT || errno == ENOTDIR ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
   cli_error(self->name, "%s: %s", argv[optind],
             status == EXIT_NOT_FOUND ? "program not found" : strerror(errno));
   return status;
}

const struct cli_command cli_command_run = {
   .name = "run",
   .summary = "run a program on this driver",
   .help =
      "Usage: tongs run [OPTIONS] [--] PROGRAM [ARGUMENTS...]\n"
      "\n"
      "Runs PROGRAM so that the Vulkan loader offers it only the Tongs driver. If neither\n"
      "--server nor TONGS_SERVER names a server, the driver starts a private worker.\n"
      "\n"
      "Options:\n"
      "  --server URL        use this server: unix:PATH or spawn\n"
      "  --host-driver FILE  for a private worker: use the host driver of this manifest; by default\n"
      "                      that of VK_DRIVER_FILES, else the drivers that the loader finds\n"
      "  --validate          for a private worker: load the Khronos validation layer\n"
      "  --capture FILE      for a private worker: keep what PROGRAM sends in FILE, for\n"
      "                      `tongs dump`\n"
      "  --help              print this\n"
      "  --version           print the version\n"
      "\n"
      "Exit status: that of PROGRAM; 127 if PROGRAM is not found, 126 if it cannot be run, 2 if\n"
      "the command line is wrong, 1 if something else failed before PROGRAM ran.\n"
      "\n"
      "Example: tongs run --server unix:/run/user/1000/tongs.sock -- vulkaninfo --summary\n",
   .run = run,
};
