/* SPDX-License-Identifier: MIT */

/* `tongs serve`: the command line of the broker and of the virtio-gpu device. */

#include "cli/cli.h"
#include "protocol/environment.h"
#include "protocol/url.h"
#include "renderer/broker/broker.h"
#include "renderer/broker/peer_log.h"
#include "renderer/virtio/vhost_serve.h"
#include "renderer/worker/sandbox.h"
#include "renderer/worker/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_WORKERS_LIMIT 65536
#define MAX_WARM 1024
#define MAX_LOG_LINES 1000000
#define MAX_WORKER_ARGS 16
/* Arguments that the command line does not give one by one: --sandbox, --watchdog,
 * --no-shader-cache, and the NULL at the end. */
#define OWN_WORKER_ARGS 6
/* The size of the host window in MiB: a power of two, because it is a range of addresses that the
 * guest's PCI code aligns to its size. */
#define DEFAULT_WINDOW 4096
#define MAX_WINDOW (1024 * 1024)

enum {
   OPTION_LISTEN = CLI_OPTION_FIRST_OWN,
   OPTION_MAX_WORKERS,
   OPTION_MAX_PER_PROCESS,
   OPTION_MAX_PER_USER,
   OPTION_MAX_PER_MACHINE,
   OPTION_LOG_LINES,
   OPTION_WATCHDOG,
   OPTION_WARM,
   OPTION_HOST_DRIVER,
   OPTION_VALIDATE,
   OPTION_ALLOW_UID,
   OPTION_READY_FD,
   OPTION_IDLE_EXIT,
   OPTION_VHOST_USER_GPU,
   OPTION_WINDOW,
   OPTION_LIMIT,
   OPTION_SANDBOX,
};

static const struct option options[] = {
   CLI_HELP_ROW,
   CLI_VERSION_ROW,
   {"listen", required_argument, NULL, OPTION_LISTEN},
   {"max-workers", required_argument, NULL, OPTION_MAX_WORKERS},
   {"max-per-process", required_argument, NULL, OPTION_MAX_PER_PROCESS},
   {"max-per-user", required_argument, NULL, OPTION_MAX_PER_USER},
   {"max-per-machine", required_argument, NULL, OPTION_MAX_PER_MACHINE},
   {"watchdog", required_argument, NULL, OPTION_WATCHDOG},
   {"log-lines", required_argument, NULL, OPTION_LOG_LINES},
   {"warm", required_argument, NULL, OPTION_WARM},
   {"host-driver", required_argument, NULL, OPTION_HOST_DRIVER},
   {"validate", no_argument, NULL, OPTION_VALIDATE},
   {"allow-uid", required_argument, NULL, OPTION_ALLOW_UID},
   {"ready-fd", required_argument, NULL, OPTION_READY_FD},
   {"idle-exit", required_argument, NULL, OPTION_IDLE_EXIT},
   {"vhost-user-gpu", required_argument, NULL, OPTION_VHOST_USER_GPU},
   {"window", required_argument, NULL, OPTION_WINDOW},
   {"limit", required_argument, NULL, OPTION_LIMIT},
   {"sandbox", required_argument, NULL, OPTION_SANDBOX},
   {0},
};

/* The parsed command line. Each array has room for one entry per word. */
struct arguments {
   const struct cli_command *command;
   struct tongs_url *listen;
   uid_t *uids;
   const char *worker_args[MAX_WORKER_ARGS];
   size_t worker_arg_count;
   const char *vhost_path; /* NULL: be the broker; else: be the virtio-gpu device */
   enum rdr_sandbox_mode sandbox;
   unsigned watchdog;
   char watchdog_text[12]; /* for the workers */
   char notice[500];       /* the line that says what is in force */
   uint32_t window;        /* the size of the host window, MiB */
   struct rdr_broker_options broker;
};

static void
arguments_finish(struct arguments *a)
{
   free(a->listen);
   free(a->uids);
}

static bool
arguments_init(struct arguments *a, const struct cli_command *command, int argc)
{
   size_t room = (size_t)argc + 1;

   *a = (struct arguments){
      .command = command,
      .window = DEFAULT_WINDOW,
      .watchdog = RDR_WATCHDOG_DEFAULT,
      .listen = calloc(room, sizeof(*a->listen)),
      .uids = calloc(room, sizeof(*a->uids)),
      .broker =
         {
            .limits = rdr_limits_default(),
            .max_workers = RDR_BROKER_DEFAULT_MAX_WORKERS,
            .warm = RDR_BROKER_DEFAULT_WARM,
            .log_lines = RDR_PEER_LOG_DEFAULT,
            .ready_fd = -1,
         },
   };
   if (a->listen && a->uids)
      return true;
   cli_error(command->name, "%s", strerror(ENOMEM));
   arguments_finish(a);
   return false;
}

/* Returns 0 or the exit status. */
static int
add_listen(struct arguments *a, const char *text)
{
   struct tongs_url *url = &a->listen[a->broker.listen_count];
   char why[400];

   if (tongs_url_parse(text, url, why, sizeof(why)) < 0)
      return cli_usage_error(a->command->name, "--listen: %s", why);
   if (url->transport == TONGS_TRANSPORT_SPAWN)
      return cli_usage_error(a->command->name,
                             "--listen: \"spawn\" is for a driver that starts its "
                             "own worker; write unix:PATH");
   if (url->transport == TONGS_TRANSPORT_VIRTGPU)
      return cli_usage_error(a->command->name, "--listen: virtual machines are served by "
                                               "--vhost-user-gpu PATH");
   if (tongs_url_check_carried(url, why, sizeof(why)) < 0) {
      cli_error(a->command->name, "--listen: %s", why);
      return CLI_EXIT_FAILURE;
   }
   if (url->transport == TONGS_TRANSPORT_VSOCK && url->path[0])
      return cli_usage_error(a->command->name,
                             "--listen: \"%s\" is a monitor's socket, for drivers; write "
                             "vsock:CID:PORT",
                             text);
   a->broker.listen_count++;
   return 0;
}

static int
add_default_listen(struct arguments *a)
{
   const char *dir = tongs_getenv("XDG_RUNTIME_DIR");
   char text[PATH_MAX];

   if (!dir)
      return cli_usage_error(a->command->name, "XDG_RUNTIME_DIR is not set, so say where to listen "
                                               "with --listen unix:PATH");
   snprintf(text, sizeof(text), "unix:%s/tongs.sock", dir);
   return add_listen(a, text);
}

/* Checks the descriptor now, because the broker would find a mistake only after it has started. */
static int
set_ready_fd(struct arguments *a, const char *text)
{
   uint32_t fd;

   if (!cli_parse_number(text, 0, INT_MAX, &fd) || fcntl((int)fd, F_GETFD) < 0)
      return cli_usage_error(a->command->name, "--ready-fd: \"%s\" is no open descriptor", text);
   a->broker.ready_fd = (int)fd;
   return 0;
}

/* A worker has this process's directory, so a relative name works. */
static int
set_host_driver(struct arguments *a, const char *text)
{
   if (access(text, R_OK) < 0) {
      cli_error(a->command->name, "--host-driver: %s: %s", text, strerror(errno));
      return CLI_EXIT_FAILURE;
   }
   a->worker_args[a->worker_arg_count++] = "--host-driver";
   a->worker_args[a->worker_arg_count++] = text;
   return 0;
}

/* Sets a limit from `text`. If that fails, prints the names of the limits. */
static int
set_limit(struct arguments *a, const char *text)
{
   char names[400] = "";
   size_t used = 0;

   if (rdr_limits_set(&a->broker.limits, text))
      return 0;
   for (size_t i = 0; i < RDR_LIMIT_COUNT && used < sizeof(names); i++)
      used += (size_t)snprintf(names + used, sizeof(names) - used, " %s", rdr_limit_names[i]);
   return cli_usage_error(a->command->name,
                          "--limit: \"%s\" is no NAME=VALUE, or the value is out of range; the "
                          "names are%s",
                          text, names);
}

/* The workers get the option; this process checks that it can be kept, and says what is in force.
 */
static int
set_sandbox(struct arguments *a, const char *text)
{
   if (!rdr_sandbox_parse_mode(text, &a->sandbox))
      return cli_usage_error(a->command->name, CLI_SANDBOX_ERROR, "--sandbox", text);
   return 0;
}

/* Makes the workers' option, and the line that says what is in force. False if the sandbox is
 * required and something is missing. */
static bool
check_sandbox(struct arguments *a)
{
   static const char *const names[] = {
      [RDR_SANDBOX_BEST] = "best",
      [RDR_SANDBOX_REQUIRED] = "required",
      [RDR_SANDBOX_OFF] = "off",
   };
   char in_force[100], missing[300];

   a->worker_args[a->worker_arg_count++] = "--sandbox";
   a->worker_args[a->worker_arg_count++] = names[a->sandbox];
   rdr_sandbox_describe(in_force, sizeof(in_force), missing, sizeof(missing));
   if (a->sandbox == RDR_SANDBOX_REQUIRED && missing[0]) {
      cli_error(a->command->name, "--sandbox=required, but this machine lacks %s", missing);
      return false;
   }
   if (a->sandbox == RDR_SANDBOX_OFF)
      snprintf(a->notice, sizeof(a->notice), "the workers have no sandbox: --sandbox=off");
   else
      snprintf(a->notice, sizeof(a->notice), "sandbox of the workers: %s%s%s", in_force,
               missing[0] ? "; missing: " : "", missing);
   return true;
}

/* Clients of several users, or of a virtual machine, must not share a shader cache. */
static void
choose_shader_cache(struct arguments *a)
{
   bool shared = a->broker.allowed_uid_count || a->vhost_path;

   for (size_t i = 0; i < a->broker.listen_count; i++)
      shared |= a->listen[i].transport == TONGS_TRANSPORT_VSOCK;
   if (shared)
      a->worker_args[a->worker_arg_count++] = "--no-shader-cache";
}

static int
set_window(struct arguments *a, const char *text)
{
   if (!cli_parse_number(text, 0, MAX_WINDOW, &a->window) || (a->window & (a->window - 1)))
      return cli_usage_error(a->command->name,
                             "--window: \"%s\" is neither 0 nor a power of two up to %d", text,
                             MAX_WINDOW);
   return 0;
}

/* Sets one of the options that are only a number. */
static int
set_number(struct arguments *a, int option)
{
   const struct {
      const char *name;
      unsigned *value;
      unsigned min, max;
   } numbers[] = {
      [OPTION_MAX_WORKERS - OPTION_LISTEN] = {"--max-workers", &a->broker.max_workers, 1,
                                              MAX_WORKERS_LIMIT},
      [OPTION_MAX_PER_PROCESS -
         OPTION_LISTEN] = {"--max-per-process", &a->broker.max_per_process, 1, MAX_WORKERS_LIMIT},
      [OPTION_MAX_PER_USER -
         OPTION_LISTEN] = {"--max-per-user", &a->broker.max_per_user, 1, MAX_WORKERS_LIMIT},
      [OPTION_MAX_PER_MACHINE -
         OPTION_LISTEN] = {"--max-per-machine", &a->broker.max_per_machine, 1, MAX_WORKERS_LIMIT},
      [OPTION_LOG_LINES - OPTION_LISTEN] = {"--log-lines", &a->broker.log_lines, 0, MAX_LOG_LINES},
      [OPTION_WATCHDOG - OPTION_LISTEN] = {"--watchdog", &a->watchdog, 0, RDR_WATCHDOG_MAX},
      [OPTION_WARM - OPTION_LISTEN] = {"--warm", &a->broker.warm, 0, MAX_WARM},
   };
   uint32_t number;

   const unsigned i = (unsigned)(option - OPTION_LISTEN);
   if (!cli_parse_number(optarg, numbers[i].min, numbers[i].max, &number))
      return cli_usage_error(a->command->name, "%s: \"%s\" is no number from %u to %u",
                             numbers[i].name, optarg, numbers[i].min, numbers[i].max);
   *numbers[i].value = number;
   return 0;
}

static int
read_option(struct arguments *a, int option, char **argv)
{
   const char *name = a->command->name;
   uint32_t number = 0;

   switch (option) {
   case OPTION_LISTEN:
      return add_listen(a, optarg);
   case OPTION_MAX_WORKERS:
   case OPTION_MAX_PER_PROCESS:
   case OPTION_MAX_PER_USER:
   case OPTION_MAX_PER_MACHINE:
   case OPTION_WARM:
   case OPTION_LOG_LINES:
   case OPTION_WATCHDOG:
      return set_number(a, option);
   case OPTION_HOST_DRIVER:
      if (a->worker_arg_count + 2 + OWN_WORKER_ARGS > MAX_WORKER_ARGS)
         return cli_usage_error(name, "--host-driver is given too often");
      return set_host_driver(a, optarg);
   case OPTION_VALIDATE:
      if (a->worker_arg_count + 1 + OWN_WORKER_ARGS > MAX_WORKER_ARGS)
         return cli_usage_error(name, "--validate is given too often");
      a->worker_args[a->worker_arg_count++] = "--validate";
      return 0;
   case OPTION_ALLOW_UID:
      if (!cli_parse_number(optarg, 0, UINT32_MAX - 1, &number))
         return cli_usage_error(name, "--allow-uid: \"%s\" is no user id", optarg);
      a->uids[a->broker.allowed_uid_count++] = number;
      return 0;
   case OPTION_READY_FD:
      return set_ready_fd(a, optarg);
   case OPTION_IDLE_EXIT:
      if (!cli_parse_number(optarg, 1, UINT32_MAX, &number))
         return cli_usage_error(name, "--idle-exit: \"%s\" is no number of seconds", optarg);
      a->broker.idle_exit_seconds = number;
      return 0;
   case OPTION_VHOST_USER_GPU:
      if (a->vhost_path)
         return cli_usage_error(name, "--vhost-user-gpu is given twice");
      a->vhost_path = optarg;
      return 0;
   case OPTION_WINDOW:
      return set_window(a, optarg);
   case OPTION_LIMIT:
      return set_limit(a, optarg);
   case OPTION_SANDBOX:
      return set_sandbox(a, optarg);
   default:
      return cli_common_option(a->command, option, argv);
   }
}

static int
serve_machines(struct arguments *a)
{
   if (a->broker.listen_count || a->broker.allowed_uid_count || a->broker.idle_exit_seconds ||
       a->broker.max_per_process || a->broker.max_per_user || a->broker.max_per_machine)
      return cli_usage_error(a->command->name, "--vhost-user-gpu does not go with --listen, "
                                               "--allow-uid, --max-per-... and --idle-exit");
   return rdr_vhost_serve(&(struct rdr_vhost_serve_options){
      .path = a->vhost_path,
      .worker_args = a->worker_args,
      .limits = a->broker.limits,
      .max_workers = a->broker.max_workers,
      .host_window_size = (uint64_t)a->window << 20,
      .log_lines = a->broker.log_lines,
      .notice = a->notice,
      .ready_fd = a->broker.ready_fd,
   });
}

static int
serve(const struct cli_command *self, int argc, char **argv)
{
   struct arguments a;
   int option, status = 0;

   if (!arguments_init(&a, self, argc))
      return CLI_EXIT_FAILURE;
   while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
      status = read_option(&a, option, argv);
      if (status != 0 || option < CLI_OPTION_FIRST_OWN)
         goto out;
   }
   if (optind < argc) {
      status = cli_usage_error(self->name, "unexpected argument '%s'", argv[optind]);
      goto out;
   }
   snprintf(a.watchdog_text, sizeof(a.watchdog_text), "%u", a.watchdog);
   a.worker_args[a.worker_arg_count++] = "--watchdog";
   a.worker_args[a.worker_arg_count++] = a.watchdog_text;
   choose_shader_cache(&a);
   if (!check_sandbox(&a)) {
      status = CLI_EXIT_FAILURE;
      goto out;
   }
   if (a.vhost_path) {
      status = serve_machines(&a);
      goto out;
   }
   if (a.broker.listen_count == 0) {
      status = add_default_listen(&a);
      if (status != 0)
         goto out;
   }
   a.broker.listen = a.listen;
   a.broker.allowed_uids = a.uids;
   a.broker.worker_args = a.worker_args;
   a.broker.notice = a.notice;
   status = rdr_broker_run(&a.broker);
out:
   arguments_finish(&a);
   return status;
}

const struct cli_command cli_command_serve = {
   .name = "serve",
   .summary = "let other processes use this machine's Vulkan drivers",
   .help =
      "Usage: tongs serve [OPTIONS]\n"
      "\n"
      "Listens and starts one worker process for each client that connects. On SIGTERM, SIGINT or\n"
      "SIGHUP it ends its workers, removes its socket files and exits.\n"
      "\n"
      "Options:\n"
      "  --listen unix:PATH  listen at this socket; may be given several times; by default\n"
      "                      unix:$XDG_RUNTIME_DIR/tongs.sock; or vsock:CID:PORT, which admits\n"
      "                      every process of a guest that reaches the port\n"
      "  --allow-uid UID     admit this user too, beside root and the user who serves; may be\n"
      "                      given several times; the socket's mode is then 0666, not 0600\n"
      "  --max-workers N     turn clients away while N clients have a worker (default 64)\n"
      "  --max-per-process N, --max-per-user N, --max-per-machine N\n"
      "                      turn further clients of a process, a user or a guest away, which\n"
      "                      have N connections (default: a quarter of --max-workers for a\n"
      "                      process; half for a user or guest if there may be several)\n"
      "  --log-lines N       log N lines in ten seconds that a client's process causes, and then\n"
      "                      how many were left out (default 30; 0: no limit)\n"
      "  --warm N            keep N workers warm for clients to come (default 2)\n"
      "  --limit NAME=VALUE  change a limit of each client; see tongs(1)\n"
      "  --sandbox MODE      limit the workers' files and system calls: best (default), required\n"
      "                      (or do not start), off\n"
      "  --watchdog S        end a worker that has work and makes no progress for S seconds\n"
      "                      (default 15; 0: never)\n"
      "  --host-driver FILE  use the host driver of this manifest; by default the drivers that the\n"
      "                      Vulkan loader finds\n"
      "  --validate          load the Khronos validation layer in the workers\n"
      "  --vhost-user-gpu PATH  instead of listening for clients, be the virtio-gpu device of\n"
      "                      virtual machines, whose monitors connect to this socket\n"
      "  --window MIB        the size of the host window: how much host memory a guest may map, if\n"
      "                      its monitor supports that (default 4096; 0: none)\n"
      "  --idle-exit S       end after S seconds without a client\n"
      "  --ready-fd N        write a newline to descriptor N and close it when all sockets listen\n"
      "  --help              print this\n"
      "  --version           print the version\n"
      "\n"
      "Example: tongs serve --listen unix:/tmp/gpu.sock\n"
      "         tongs run --server unix:/tmp/gpu.sock -- vulkaninfo --summary\n",
   .run = serve,
};
