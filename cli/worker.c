/* SPDX-License-Identifier: MIT */

/* `tongs worker`: the command that the broker, the device process and the ICD start. Users need not
 * call it. */

#include "renderer/worker/worker.h"
#include "cli/cli.h"
#include "protocol/descriptors.h"
#include "protocol/environment.h"
#include "renderer/broker/zygote.h"
#include "renderer/worker/warm_worker.h"
#include "renderer/worker/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
   OPTION_FD = CLI_OPTION_FIRST_OWN,
   OPTION_WAIT,
   OPTION_ZYGOTE,
   OPTION_HOST_DRIVER,
   OPTION_VALIDATE,
   OPTION_CAPTURE,
   OPTION_PAGES,
   OPTION_LIMIT,
   OPTION_SANDBOX,
   OPTION_NO_SHADER_CACHE,
   OPTION_WATCHDOG,
};

static const struct option options[] = {
   CLI_HELP_ROW,
   CLI_VERSION_ROW,
   {"fd", required_argument, NULL, OPTION_FD},
   {"wait", no_argument, NULL, OPTION_WAIT},
   {"zygote", no_argument, NULL, OPTION_ZYGOTE},
   {"host-driver", required_argument, NULL, OPTION_HOST_DRIVER},
   {"validate", no_argument, NULL, OPTION_VALIDATE},
   {"capture", required_argument, NULL, OPTION_CAPTURE},
   {"pages", no_argument, NULL, OPTION_PAGES},
   {"limit", required_argument, NULL, OPTION_LIMIT},
   {"sandbox", required_argument, NULL, OPTION_SANDBOX},
   {"watchdog", required_argument, NULL, OPTION_WATCHDOG},
   {"no-shader-cache", no_argument, NULL, OPTION_NO_SHADER_CACHE},
   {0},
};

/* Closes the descriptors that the application had open, as a reader of one of its pipes would wait
 * until the worker has closed the pipe too. stderr stays open for the log. */
static void
drop_inherited_descriptors(unsigned keep)
{
   int null = cli_open_null();

   if (null >= 0) {
      dup2(null, STDIN_FILENO);
      dup2(null, STDOUT_FILENO);
      /* If stderr is closed, the next file that is opened would get its number, and the log. */
      if (fcntl(STDERR_FILENO, F_GETFD) < 0)
         dup2(null, STDERR_FILENO);
   }
   tongs_close_range(STDERR_FILENO + 1, keep - 1);
   tongs_close_range(keep + 1, UINT_MAX);
}

/* Makes the paths absolute. Returns `list` itself if there is nothing to do, else memory that stays
 * for the process's life. `separators`: the characters between paths. */
static const char *
make_absolute(const char *list, const char *separators)
{
   char dir[PATH_MAX], *text = NULL;
   size_t size;

   if (!list || !getcwd(dir, sizeof(dir)))
      return list;
   FILE *file = open_memstream(&text, &size);
   if (!file)
      return list;
   while (*list) {
      size_t length = strcspn(list, separators);
      if (length && *list != '/')
         fprintf(file, "%s/", dir);
      fwrite(list, 1, length, file);
      list += length;
      if (*list)
         fputc(*list++, file);
   }
   return fclose(file) == 0 ? text : NULL;
}

/* Changes to another directory, so that the file system of the current one can be unmounted while
 * the worker runs. */
static bool
leave_directory(struct rdr_worker_options *options)
{
   const char *host_driver = make_absolute(options->host_driver, ":");
   const char *capture = make_absolute(options->capture, "");

   if ((options->host_driver && !host_driver) || (options->capture && !capture) || chdir("/") < 0)
      return false;
   options->host_driver = host_driver;
   options->capture = capture;
   return true;
}

/* Makes free(3) keep memory. A host driver's compiler allocates and frees several MiB for each
 * pipeline. By default, the C library returns them to the kernel each time, and the kernel clears
 * them again, which takes longer than the compilation. */
static void
keep_freed_memory(void)
{
   mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
   mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
   mallopt(M_TOP_PAD, 256 * 1024);
}

struct arguments {
   struct rdr_worker_options worker;
   bool waits;
   bool is_zygote;
   uint32_t fd; /* UINT32_MAX: none was given */
};

/* Returns 0 or the exit status. */
static int
set_watchdog(const struct cli_command *self, struct arguments *a, const char *name,
             const char *text)
{
   if (cli_parse_number(text, 0, RDR_WATCHDOG_MAX, &a->worker.watchdog))
      return 0;
   return cli_usage_error(self->name, "%s: \"%s\" is no number of seconds from 0 to %d", name, text,
                          RDR_WATCHDOG_MAX);
}

/* Returns 0 or the exit status. */
static int
read_option(const struct cli_command *self, struct arguments *a, int option, char **argv)
{
   switch (option) {
   case OPTION_FD:
      if (!cli_parse_number(optarg, STDERR_FILENO + 1, INT_MAX, &a->fd) ||
          fcntl((int)a->fd, F_GETFD) < 0)
         return cli_usage_error(self->name, "--fd: \"%s\" is no open descriptor", optarg);
      return 0;
   case OPTION_WAIT:
      a->waits = true;
      return 0;
   case OPTION_ZYGOTE:
      a->is_zygote = true;
      return 0;
   case OPTION_HOST_DRIVER:
      a->worker.host_driver = optarg;
      return 0;
   case OPTION_VALIDATE:
      a->worker.validate = true;
      return 0;
   case OPTION_CAPTURE:
      a->worker.capture = optarg;
      return 0;
   case OPTION_PAGES:
      a->worker.pages = true;
      return 0;
   case OPTION_LIMIT:
      if (!rdr_limits_set(&a->worker.limits, optarg))
         return cli_usage_error(self->name, "--limit: \"%s\" is no limit", optarg);
      return 0;
   case OPTION_WATCHDOG:
      return set_watchdog(self, a, "--watchdog", optarg);
   case OPTION_NO_SHADER_CACHE:
      a->worker.no_shader_cache = true;
      return 0;
   case OPTION_SANDBOX:
      if (!rdr_sandbox_parse_mode(optarg, &a->worker.sandbox))
         return cli_usage_error(self->name, CLI_SANDBOX_ERROR, "--sandbox", optarg);
      return 0;
   default:
      return cli_common_option(self, option, argv);
   }
}

static int
worker(const struct cli_command *self, int argc, char **argv)
{
   struct arguments a = {
      .worker =
         {
            .host_driver = tongs_getenv("TONGS_HOST_DRIVER"),
            .capture = tongs_getenv("TONGS_CAPTURE"),
            .validate = tongs_getenv("TONGS_VALIDATE"),
            .limits = rdr_limits_default(),
            .watchdog = RDR_WATCHDOG_DEFAULT,
         },
      .fd = UINT32_MAX,
   };
   const char *sandbox = tongs_getenv("TONGS_SANDBOX");
   const char *watchdog = tongs_getenv("TONGS_WATCHDOG");
   int option;

   if (sandbox && !rdr_sandbox_parse_mode(sandbox, &a.worker.sandbox))
      return cli_usage_error(self->name, CLI_SANDBOX_ERROR, "TONGS_SANDBOX", sandbox);
   if (watchdog && set_watchdog(self, &a, "TONGS_WATCHDOG", watchdog))
      return CLI_EXIT_USAGE;
   while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
      int status = read_option(self, &a, option, argv);
      if (status != 0 || option < CLI_OPTION_FIRST_OWN)
         return status;
   }
   if (optind < argc)
      return cli_usage_error(self->name, "unexpected argument '%s'", argv[optind]);
   if (a.fd == UINT32_MAX)
      return cli_usage_error(self->name, "--fd is missing");

   /* The broker runs this program by a descriptor, and ps would show its number as the name. */
   prctl(PR_SET_NAME, "tongs-worker");
   drop_inherited_descriptors(a.fd);
   if (!leave_directory(&a.worker)) {
      cli_error(self->name, "cannot leave the current directory: %s", strerror(errno));
      return CLI_EXIT_FAILURE;
   }
   fcntl((int)a.fd, F_SETFD, FD_CLOEXEC);
   keep_freed_memory();
   if (a.is_zygote)
      return rdr_zygote_run((int)a.fd, &a.worker);
   if (a.waits)
      return rdr_warm_worker_run((int)a.fd, &a.worker);
   return rdr_worker_run((int)a.fd, &a.worker);
}

const struct cli_command cli_command_worker = {
   .name = "worker",
   .help =
      "Usage: tongs worker --fd N [OPTIONS]\n"
      "\n"
      "Serves one client, whose connection is the stream socket N. `tongs serve` and the driver\n"
      "start this command; there is no need to type it.\n"
      "\n"
      "Options (the variable in parentheses does the same):\n"
      "  --fd N              the socket\n"
      "  --wait              load the host driver first, then receive the client and its limits\n"
      "                      through the socket\n"
      "  --zygote            load the host driver, then fork a worker for each socket that is\n"
      "                      received through the socket\n"
      "  --host-driver FILE  use the host driver of this manifest (TONGS_HOST_DRIVER)\n"
      "  --validate          load the Khronos validation layer (TONGS_VALIDATE=1)\n"
      "  --capture FILE      keep what the client sends in FILE, for `tongs dump` (TONGS_CAPTURE)\n"
      "  --pages             the socket leads to the virtio-gpu device of a guest, which sends the\n"
      "                      guest's pages as shared memory\n"
      "  --limit NAME=VALUE  change a limit of the client; see tongs(1)\n"
      "  --sandbox MODE      best, required or off (TONGS_SANDBOX); see tongs(1)\n"
      "  --watchdog S        end after S seconds without progress (TONGS_WATCHDOG); see tongs(1)\n"
      "  --no-shader-cache   the host driver keeps no shader cache on disk\n"
      "  --help              print this\n"
      "  --version           print the version\n",
   .run = worker,
};
