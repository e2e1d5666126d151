/* SPDX-License-Identifier: MIT */
#include "renderer/broker/launch.h"

#include "protocol/descriptors.h"
#include "protocol/socket.h"
#include "renderer/broker/log.h"
#include "renderer/broker/zygote_client.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The number of the descriptor at which a worker finds its socket. */
#define WORKER_FD 3

/* The descriptor of the executable must not be one of those that a worker gets. */
#define EXE_FD_MIN 10

#define ARGUMENTS_MAX 64
/* NAME=VALUE */
#define LIMIT_TEXT_SIZE 64

static const char *const kind_options[] = {
   [RDR_LAUNCH_CLIENT] = NULL,
   [RDR_LAUNCH_WARM] = "--wait",
   [RDR_LAUNCH_ZYGOTE] = "--zygote",
   [RDR_LAUNCH_GUEST] = "--pages",
};

int
rdr_launcher_init(struct rdr_launcher *l, const char *const *worker_args,
                  const struct rdr_limits *limits, const sigset_t *mask)
{
   *l = (struct rdr_launcher){
      .exe_fd = -1,
      .worker_args = worker_args,
      .limits = *limits,
      .mask = *mask,
   };
   if (getrlimit(RLIMIT_NOFILE, &l->descriptors) < 0)
      return -errno;

   int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
   if (fd < 0)
      return -errno;
   l->exe_fd = fcntl(fd, F_DUPFD_CLOEXEC, EXE_FD_MIN);
   int error = l->exe_fd < 0 ? -errno : 0;
   close(fd);
   return error;
}

void
rdr_launcher_finish(struct rdr_launcher *l)
{
   if (l->exe_fd >= 0)
      close(l->exe_fd);
   l->exe_fd = -1;
}

struct arguments {
   const char *argv[ARGUMENTS_MAX + 1];
   size_t count;
   char limits[RDR_LIMIT_COUNT][LIMIT_TEXT_SIZE];
};

/* False if there are too many arguments. */
static bool
add_argument(struct arguments *a, const char *text)
{
   if (a->count == ARGUMENTS_MAX)
      return false;
   a->argv[a->count++] = text;
   return true;
}

static bool
add_limits(struct arguments *a, const struct rdr_limits *limits)
{
   const struct rdr_limits defaults = rdr_limits_default();

   for (size_t i = 0; i < RDR_LIMIT_COUNT; i++) {
      uint64_t value = rdr_limits_value(limits, i);

      if (value == rdr_limits_value(&defaults, i))
         continue;
      snprintf(a->limits[i], sizeof(a->limits[i]), "%s=%" PRIu64, rdr_limit_names[i], value);
      if (!add_argument(a, "--limit") || !add_argument(a, a->limits[i]))
         return false;
   }
   return true;
}

static bool
make_arguments(const struct rdr_launcher *l, enum rdr_launch_kind kind, struct arguments *a)
{
   const char *const head[] = {"tongs", "worker", "--fd", "3"};
   bool ok = true;

   *a = (struct arguments){0};
   for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
      ok &= add_argument(a, head[i]);
   if (kind_options[kind])
      ok &= add_argument(a, kind_options[kind]);
   for (size_t i = 0; l->worker_args && l->worker_args[i]; i++)
      ok &= add_argument(a, l->worker_args[i]);
   if (kind == RDR_LAUNCH_CLIENT || kind == RDR_LAUNCH_GUEST)
      ok &= add_limits(a, &l->limits);
   return ok;
}

/* In the child: becomes the worker. */
static void __attribute__((noreturn))
run_worker(const struct rdr_launcher *l, const char *const *argv, int fd, int stderr_fd)
{
   extern char **environ;

   signal(SIGPIPE, SIG_DFL);
   sigprocmask(SIG_SETMASK, &l->mask, NULL);
   setrlimit(RLIMIT_NOFILE, &l->descriptors);
   if (stderr_fd >= 0)
      dup2(stderr_fd, STDERR_FILENO);

   /* dup2() of a descriptor to itself would leave it close-on-exec. */
   if (fd == WORKER_FD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, WORKER_FD) < 0) {
      rdr_broker_log("cannot hand a socket over to a worker: %s", strerror(errno));
      _exit(127);
   }
   /* The process that started the broker may have left descriptors open, and a worker must not
    * inherit them. */
   tongs_close_on_exec(WORKER_FD + 1);
   fexecve(l->exe_fd, (char *const *)argv, environ);
   rdr_broker_log("cannot run a worker: %s", strerror(errno));
   _exit(127);
}

pid_t
rdr_launch(const struct rdr_launcher *l, enum rdr_launch_kind kind, int fd, int stderr_fd)
{
   struct arguments a;

   if (!make_arguments(l, kind, &a)) {
      errno = E2BIG;
      return -1;
   }
   pid_t pid = fork();
   if (pid == 0)
      run_worker(l, a.argv, fd, stderr_fd);
   return pid;
}

pid_t
rdr_launch_with_socket(const struct rdr_launcher *l, enum rdr_launch_kind kind, int *control_fd)
{
   int ends[2], error = -tongs_socket_pair(ends);

   if (error) {
      errno = error;
      return -1;
   }
   bool forks = kind == RDR_LAUNCH_WARM && l->zygote && rdr_zygote_client_can_fork(l->zygote);
   pid_t pid =
      forks ? rdr_zygote_client_fork(l->zygote, ends[1]) : rdr_launch(l, kind, ends[1], -1);
   error = errno;
   close(ends[1]);
   if (pid > 0) {
      *control_fd = ends[0];
      return pid;
   }
   close(ends[0]);
   errno = error;
   return -1;
}
