/* SPDX-License-Identifier: MIT */

/* `tongs worker`: what the broker and the ICD start. Not for users, but it explains itself. */

#include "renderer/worker/worker.h"
#include "cli/cli.h"
#include "renderer/broker/zygote.h"
#include "renderer/worker/warm_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
   OPTION_FD = CLI_OPTION_FIRST_OWN,
   OPTION_DETACH,
   OPTION_WAIT,
   OPTION_ZYGOTE,
   OPTION_HOST_DRIVER,
   OPTION_VALIDATE,
   OPTION_CAPTURE,
   OPTION_PAGES,
};

static const struct option options[] = {
   CLI_HELP_ROW,
   CLI_VERSION_ROW,
   {"fd", required_argument, NULL, OPTION_FD},
   {"detach", no_argument, NULL, OPTION_DETACH},
   {"wait", no_argument, NULL, OPTION_WAIT},
   {"zygote", no_argument, NULL, OPTION_ZYGOTE},
   {"host-driver", required_argument, NULL, OPTION_HOST_DRIVER},
   {"validate", no_argument, NULL, OPTION_VALIDATE},
   {"capture", required_argument, NULL, OPTION_CAPTURE},
   {"pages", no_argument, NULL, OPTION_PAGES},
   {0},
};

static const char *
get_nonempty(const char *name)
{
   const char *value = getenv(name);

   return value && *value ? value : NULL;
}

/* Goes on in a grandchild; the process that was started ends at once, so that whoever started it
 * can wait for it and never has a child that it does not know. The new session keeps a terminal's
 * Ctrl-C away: the program may want to end its work in its own way.
 */
static bool
detach(const struct cli_command *self)
{
   pid_t pid = fork();

   if (pid > 0)
      _exit(0);
   if (pid < 0) {
      cli_error(self->name, "fork: %s", strerror(errno));
      return false;
   }
   setsid();
   return true;
}

/* Lets go of what the program that started us had open: whoever reads from its pipes would wait for
 * us too. stderr stays, for what there is to log.
 */
static void
drop_inherited_descriptors(unsigned keep)
{
   int null = open("/dev/null", O_RDWR);

   if (null >= 0) {
      dup2(null, STDIN_FILENO);
      dup2(null, STDOUT_FILENO);
      /* Else the log would go to whatever is opened next. */
      if (fcntl(STDERR_FILENO, F_GETFD) < 0)
         dup2(null, STDERR_FILENO);
   }
   if (keep > STDERR_FILENO + 1)
      close_range(STDERR_FILENO + 1, keep - 1, 0);
   close_range(keep + 1, UINT_MAX, 0);
}

/* A driver's compiler takes and frees some MiB for each pipeline. The C library would give them
 * back to the kernel every time, which clears them anew: more work than the compiling. */
static void
keep_freed_memory(void)
{
   mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
   mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
   mallopt(M_TOP_PAD, 256 * 1024);
}

static int
worker(const struct cli_command *self, int argc, char **argv)
{
   struct rdr_worker_options worker_options = {
      .host_driver = get_nonempty("TONGS_HOST_DRIVER"),
      .capture = get_nonempty("TONGS_CAPTURE"),
      .validate = get_nonempty("TONGS_VALIDATE"),
      .limits = rdr_limits_default(),
   };
   bool detached = false, waits = false, zygote = false;
   uint32_t fd = UINT32_MAX;
   int option;

   while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
      switch (option) {
      case OPTION_FD:
         if (!cli_parse_number(optarg, STDERR_FILENO + 1, INT_MAX, &fd) ||
             fcntl((int)fd, F_GETFD) < 0)
            return cli_usage_error(self->name, "--fd: \"%s\" is no open descriptor", optarg);
         break;
      case OPTION_DETACH:
         detached = true;
         break;
      case OPTION_WAIT:
         waits = true;
         break;
      case OPTION_ZYGOTE:
         zygote = true;
         break;
      case OPTION_HOST_DRIVER:
         worker_options.host_driver = optarg;
         break;
      case OPTION_VALIDATE:
         worker_options.validate = true;
         break;
      case OPTION_CAPTURE:
         worker_options.capture = optarg;
         break;
      case OPTION_PAGES:
         worker_options.pages = true;
         break;
      default:
         return cli_common_option(self, option, argv);
      }
   }
   if (optind < argc)
      return cli_usage_error(self->name, "unexpected argument '%s'", argv[optind]);
   if (fd == UINT32_MAX)
      return cli_usage_error(self->name, "--fd is missing");

   /* The broker runs us by a descriptor, which would be the name that ps shows. */
   prctl(PR_SET_NAME, "tongs-worker");
   if (detached && !detach(self))
      return CLI_EXIT_FAILURE;
   drop_inherited_descriptors(fd);
   fcntl((int)fd, F_SETFD, FD_CLOEXEC);
   keep_freed_memory();
   if (zygote)
      return rdr_zygote_run((int)fd, &worker_options);
   if (waits)
      return rdr_warm_worker_run((int)fd, &worker_options);
   return rdr_worker_run((int)fd, &worker_options);
}

const struct cli_command cli_command_worker = {
   .name = "worker",
   .help =
      "Usage: tongs worker --fd N [OPTIONS]\n"
      "\n"
      "Serves the one client at the other end of the stream socket N. Started by `tongs serve` and\n"
      "by the driver; there is no need to type it.\n"
      "\n"
      "Options (each with the variable that stands for it):\n"
      "  --fd N              the socket\n"
      "  --detach            go on in the background; the process that was started ends at once\n"
      "  --wait              load the host driver first; the client comes through the socket\n"
      "  --zygote            load the host driver, and fork a worker for each socket that comes\n"
      "                      through the socket\n"
      "  --host-driver FILE  the manifest of the host driver to use (TONGS_HOST_DRIVER)\n"
      "  --validate          load the Khronos validation layer (TONGS_VALIDATE=1)\n"
      "  --capture FILE      keep what the client sends in FILE, for `tongs dump` (TONGS_CAPTURE)\n"
      "  --pages             the socket is the device's of a virtual machine, whose memory comes\n"
      "                      as pages\n"
      "  --help              print this\n"
      "  --version           print the version\n",
   .run = worker,
};
