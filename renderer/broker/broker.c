/* SPDX-License-Identifier: MIT */
#include "renderer/broker/broker.h"

#include "protocol/clock.h"
#include "protocol/socket.h"
#include "renderer/broker/admission.h"
#include "renderer/broker/launch.h"
#include "renderer/broker/listener.h"
#include "renderer/broker/log.h"
#include "renderer/broker/peer_log.h"
#include "renderer/broker/pool.h"
#include "renderer/broker/signals.h"
#include "renderer/broker/zygote_client.h"
#include "renderer/limits.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long the broker accepts no client after accept(2) ran out of descriptors or memory. The end
 * of a worker ends the pause. */
#define ACCEPT_PAUSE_MS 1000

/* How many clients are accepted in a row. Clients that connect in a storm then hold up neither
 * signals nor workers. */
#define ACCEPT_MAX 64

/* Descriptors of the broker besides those of its clients and workers: more than it has. */
#define OWN_DESCRIPTORS 64

/* How long the broker waits between SIGTERM and SIGKILL for workers to end, and how long it then
 * lets a worker stay in one system call before it leaves that worker behind. */
#define TERMINATE_MS 2000

/* How long the broker waits for killed workers in all. On a busy machine, the kernel takes its time
 * to free a large process. */
#define KILL_MS 30000
#define KILL_CHECK_MS 100

struct broker {
   const struct rdr_broker_options *options;

   struct rdr_listener *listeners; /* owned; options->listen_count of them */
   /* Owned; [0] signal_fd, [1] the lobby, then the listeners, the pool, the zygote. */
   struct pollfd *polls;

   struct rdr_admission admission;
   struct rdr_peer_log peer_log;
   struct rdr_pool pool;
   struct rdr_launcher launcher;
   struct rdr_zygote_client zygote;
   int signal_fd; /* owned */

   int64_t accept_after_ms;
   bool ending;
};

/* --- The pool's functions --- */

static int64_t
read_clock(void *owner)
{
   (void)owner;
   return tongs_now_ms();
}

static pid_t
start_warm(void *owner, int *control_fd)
{
   return rdr_launch_with_socket(&((struct broker *)owner)->launcher, RDR_LAUNCH_WARM, control_fd);
}

static bool
starts_fast(void *owner)
{
   return rdr_zygote_client_can_fork(&((struct broker *)owner)->zygote);
}

static pid_t
start_for_client(void *owner, int client_fd, int log_fd)
{
   return rdr_launch(&((struct broker *)owner)->launcher, RDR_LAUNCH_CLIENT, client_fd, log_fd);
}

static bool
send_client(void *owner, int control_fd, int client_fd, int log_fd)
{
   const int fds[] = {client_fd, log_fd};
   uint8_t message[RDR_LIMITS_MESSAGE_SIZE];
   struct iovec iov = {.iov_base = message, .iov_len = sizeof(message)};

   rdr_limits_encode(&((struct broker *)owner)->launcher.limits, message);
   return tongs_socket_send_all(control_fd, &iov, 1, fds, log_fd >= 0 ? 2 : 1) == 0;
}

static void
kill_worker(void *owner, pid_t pid, int signal_number)
{
   (void)owner;
   kill(pid, signal_number);
}

static void
lose_client(void *owner, const struct rdr_client *client, int error)
{
   rdr_admission_log_loss(&((struct broker *)owner)->admission, client, error, tongs_now_ms());
}

static void __attribute__((format(printf, 3, 4)))
log_client(void *owner, const struct rdr_client *client, const char *format, ...)
{
   struct broker *b = owner;
   char text[400];
   va_list args;

   va_start(args, format);
   vsnprintf(text, sizeof(text), format, args);
   va_end(args);
   rdr_peer_log_write(&b->peer_log, client, tongs_now_ms(), "%s", text);
}

static bool
log_worker(void *owner, const struct rdr_client *client, pid_t worker, const char *line)
{
   if (!rdr_peer_log_may(&((struct broker *)owner)->peer_log, client, tongs_now_ms()))
      return false;
   rdr_worker_log_write(worker, line);
   return true;
}

static const struct rdr_pool_ops pool_ops = {
   .now_ms = read_clock,
   .start_warm = start_warm,
   .starts_fast = starts_fast,
   .start_for_client = start_for_client,
   .send_client = send_client,
   .kill = kill_worker,
   .lose_client = lose_client,
   .log_client = log_client,
   .log_worker = log_worker,
   .log = rdr_broker_log,
};

/* --- Life --- */

static void
stop_listening(struct broker *b)
{
   for (size_t i = 0; b->listeners && i < b->options->listen_count; i++)
      rdr_listener_finish(&b->listeners[i]);
}

static void
broker_destroy(struct broker *b)
{
   if (!b)
      return;
   stop_listening(b);
   /* The signals stay blocked: a second SIGTERM must not change the exit status of a broker that is
    * already ending. */
   if (b->signal_fd >= 0)
      close(b->signal_fd);
   rdr_launcher_finish(&b->launcher);
   rdr_admission_finish(&b->admission);
   rdr_pool_finish(&b->pool);
   free(b->listeners);
   free(b->polls);
   free(b);
}

/* Allocates the arrays and the pool. False if memory is out. */
static bool
allocate(struct broker *b)
{
   const struct rdr_broker_options *options = b->options;
   const struct rdr_pool_options pool_options = {
      .ops = &pool_ops,
      .owner = b,
      .max_clients = options->max_workers,
      .warm = options->warm,
   };

   b->listeners = calloc(options->listen_count, sizeof(*b->listeners));
   if (!b->listeners)
      return false;
   for (size_t i = 0; i < options->listen_count; i++)
      rdr_listener_init(&b->listeners[i], &options->listen[i]);
   if (!rdr_pool_init(&b->pool, &pool_options))
      return false;
   b->polls = calloc(3 + options->listen_count + (size_t)b->pool.slot_count * 2, sizeof(*b->polls));
   return b->polls != NULL;
}

/* False if a listener cannot be opened; the reason is logged. */
static bool
open_listeners(struct broker *b)
{
   mode_t mode = b->options->allowed_uid_count > 0 ? 0666 : 0600;

   for (size_t i = 0; i < b->options->listen_count; i++) {
      if (!rdr_listener_open(&b->listeners[i], mode))
         return false;
   }
   return true;
}

static unsigned
max_unsigned(unsigned a, unsigned b)
{
   return a > b ? a : b;
}

/* Works out the shares that the options leave to us. 0 or -errno. */
static int
init_admission(struct broker *b)
{
   const struct rdr_broker_options *o = b->options;
   bool has_many = o->allowed_uid_count > 0;

   for (size_t i = 0; i < o->listen_count; i++)
      has_many |= o->listen[i].transport == TONGS_TRANSPORT_VSOCK;
   unsigned half = max_unsigned((o->max_workers + 1) / 2, RDR_BROKER_MIN_SHARE);
   unsigned group = has_many ? half : UINT_MAX;
   const struct rdr_admission_options options = {
      .allowed_uids = o->allowed_uids,
      .allowed_uid_count = o->allowed_uid_count,
      .max_per_process = o->max_per_process
                            ? o->max_per_process
                            : max_unsigned(o->max_workers / 4, RDR_BROKER_MIN_SHARE),
      .max_per_user = o->max_per_user ? o->max_per_user : group,
      .max_per_machine = o->max_per_machine ? o->max_per_machine : group,
   };

   return rdr_admission_init(&b->admission, &options, &b->pool, &b->peer_log);
}

/* Raises the limit of descriptors: each client in the lobby has one, and each worker up to three.
 */
static void
allow_descriptors(const struct broker *b)
{
   const rlim_t wanted = OWN_DESCRIPTORS + RDR_LOBBY_SIZE + (rlim_t)b->pool.slot_count * 3;
   struct rlimit limit;

   if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
      return;
   limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
   setrlimit(RLIMIT_NOFILE, &limit);
}

static struct broker *
broker_create(const struct rdr_broker_options *options)
{
   struct broker *b = calloc(1, sizeof(*b));
   sigset_t inherited_mask;

   if (!b) {
      rdr_broker_log("cannot start: %s", strerror(errno));
      return NULL;
   }
   b->options = options;
   b->signal_fd = -1;
   b->launcher.exe_fd = -1;
   b->admission.lobby.epoll_fd = -1;
   b->peer_log.lines_max = options->log_lines;
   rdr_zygote_client_init(&b->zygote);
   if (!allocate(b)) {
      rdr_broker_log("cannot start: %s", strerror(ENOMEM));
      goto fail;
   }
   int error = init_admission(b);
   if (error) {
      rdr_broker_log("cannot start: epoll: %s", strerror(-error));
      goto fail;
   }
   /* Makes the workers that the zygote forks children of this process. */
   prctl(PR_SET_CHILD_SUBREAPER, 1);
   b->signal_fd = rdr_signals_open(&inherited_mask);
   if (b->signal_fd < 0) {
      rdr_broker_log("cannot start: signalfd: %s", strerror(errno));
      goto fail;
   }
   error = rdr_launcher_init(&b->launcher, options->worker_args, &options->limits, &inherited_mask);
   if (error) {
      rdr_broker_log("cannot start: opening /proc/self/exe, which the workers run: %s",
                     strerror(-error));
      goto fail;
   }
   b->launcher.zygote = &b->zygote;
   allow_descriptors(b);
   if (!open_listeners(b))
      goto fail;
   return b;

fail:
   broker_destroy(b);
   return NULL;
}

static void
announce(const struct broker *b)
{
   int ready_fd = b->options->ready_fd;

   rdr_broker_log("%s", b->options->notice);
   for (size_t i = 0; i < b->options->listen_count; i++) {
      char text[TONGS_URL_TEXT_SIZE];
      tongs_url_format(b->listeners[i].url, text, sizeof(text));
      rdr_broker_log("listening on %s", text);
   }
   if (ready_fd < 0)
      return;
   if (write(ready_fd, "\n", 1) != 1)
      rdr_broker_log("cannot write to descriptor %d of --ready-fd: %s", ready_fd, strerror(errno));
   close(ready_fd);
}

/* --- Events --- */

/* Accepts the clients that wait, ACCEPT_MAX at most. */
static void
accept_clients(struct broker *b, const struct rdr_listener *l)
{
   const struct rdr_client anybody = {.fd = -1, .uid = (uid_t)-1};
   int fd = -EAGAIN;

   for (int i = 0; i < ACCEPT_MAX && (fd = rdr_listener_accept(l)) >= 0; i++)
      rdr_admission_admit(&b->admission, fd, tongs_now_ms());
   if (fd >= 0 || fd == -EAGAIN)
      return;
   char text[TONGS_URL_TEXT_SIZE];
   tongs_url_format(l->url, text, sizeof(text));
   rdr_peer_log_write(&b->peer_log, &anybody, tongs_now_ms(),
                      "cannot accept on %s: %s; trying again in a second", text, strerror(-fd));
   b->accept_after_ms = tongs_now_ms() + ACCEPT_PAUSE_MS;
}

/* Reaps all children that have ended. A child that is neither the zygote nor a worker was started
 * by the program that this process ran before exec(); it is ignored. */
static void
reap(struct broker *b)
{
   int status;
   pid_t pid;

   while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (rdr_zygote_client_reap(&b->zygote, pid, status, tongs_now_ms(), b->ending))
         continue;
      if (rdr_pool_reap(&b->pool, pid, status))
         b->accept_after_ms = 0;
   }
}

static void
begin_ending(struct broker *b)
{
   b->ending = true;
   rdr_pool_end(&b->pool);
}

static void
handle_signals(struct broker *b)
{
   struct signalfd_siginfo info;

   while (read(b->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
      if (info.ssi_signo == SIGCHLD)
         continue;
      if (b->ending) {
         rdr_pool_kill(&b->pool, SIGKILL);
      } else {
         rdr_broker_log("ending: %s", strsignal((int)info.ssi_signo));
         begin_ending(b);
      }
   }
   /* The kernel merges pending signals with the same number, so one SIGCHLD may stand for several
    * children. */
   reap(b);
}

static int64_t
earlier(int64_t a, int64_t b)
{
   return a < b ? a : b;
}

static void
take_earlier(int64_t *first, int64_t time, int64_t now)
{
   if (time > now && time < *first)
      *first = time;
}

/* The time at which the broker ends because it has been idle for idle_exit_seconds; INT64_MAX:
 * never. */
static int64_t
idle_end_ms(const struct broker *b)
{
   if (b->options->idle_exit_seconds == 0 || b->pool.client_count > 0 ||
       b->admission.lobby.ready_count > 0)
      return INT64_MAX;
   return b->pool.idle_since_ms + (int64_t)b->options->idle_exit_seconds * 1000;
}

/* How long poll() may sleep; -1: until something happens. */
static int
next_timeout(const struct broker *b)
{
   int64_t now = tongs_now_ms(), until = idle_end_ms(b);

   take_earlier(&until, b->accept_after_ms, now);
   take_earlier(&until, b->zygote.after_ms, now);
   until = earlier(until, rdr_pool_wakeup_ms(&b->pool));
   until = earlier(until, rdr_lobby_wakeup_ms(&b->admission.lobby));
   until = earlier(until, rdr_peer_log_wakeup_ms(&b->peer_log));
   if (until == INT64_MAX)
      return -1;
   if (until <= now)
      return 0;
   return until - now > INT32_MAX ? INT32_MAX : (int)(until - now);
}

/* Waits for events and handles those of workers, the zygote and signals. The caller handles those
 * of the listeners, which are in `polls`. Returns the result of poll(2). */
static int
attend(struct broker *b, int timeout_ms)
{
   bool paused = b->accept_after_ms > tongs_now_ms();
   nfds_t count = 0;

   b->polls[count++] = (struct pollfd){.fd = b->signal_fd, .events = POLLIN};
   b->polls[count++] = (struct pollfd){.fd = b->admission.lobby.epoll_fd, .events = POLLIN};
   for (size_t i = 0; i < b->options->listen_count; i++)
      b->polls[count++] = (struct pollfd){
         .fd = paused ? -1 : b->listeners[i].fd,
         .events = POLLIN,
      };
   count = rdr_pool_fill_polls(&b->pool, b->polls, count);
   int zygote_fd = rdr_zygote_client_poll_fd(&b->zygote);
   nfds_t zygote = zygote_fd >= 0 ? count++ : 0;
   if (zygote)
      b->polls[zygote] = (struct pollfd){.fd = zygote_fd, .events = POLLIN};

   int n = poll(b->polls, count, timeout_ms);
   if (n <= 0)
      return n;
   if (zygote && b->polls[zygote].revents)
      rdr_zygote_client_hear(&b->zygote);
   if (b->polls[1].revents)
      rdr_lobby_hear(&b->admission.lobby);
   rdr_pool_handle_polls(&b->pool, b->polls);
   if (b->polls[0].revents)
      handle_signals(b);
   return n;
}

/* Starts missing warm workers. Waits with that while the zygote loads the driver, so that the
 * zygote can fork them. */
static void
refill(struct broker *b)
{
   if (b->options->warm > 0)
      rdr_zygote_client_start(&b->zygote, &b->launcher, tongs_now_ms());
   if (b->zygote.state != RDR_ZYGOTE_LOADING)
      rdr_pool_refill(&b->pool);
}

static void
serve(struct broker *b)
{
   while (!b->ending) {
      refill(b);
      int n = attend(b, next_timeout(b));
      if (n < 0)
         continue;
      for (size_t i = 0; n > 0 && i < b->options->listen_count && !b->ending; i++) {
         if (b->polls[i + 2].revents)
            accept_clients(b, &b->listeners[i]);
      }
      if (!b->ending)
         rdr_admission_serve(&b->admission, tongs_now_ms());
      rdr_peer_log_expire(&b->peer_log, tongs_now_ms());
      if (n == 0 && idle_end_ms(b) <= tongs_now_ms()) {
         rdr_broker_log("ending: no client for %u s", b->options->idle_exit_seconds);
         begin_ending(b);
      }
   }
}

/* Whether a process that was killed hangs in a system call, instead of being about to end. */
static bool
is_stuck(pid_t pid)
{
   char path[32], text[256] = "";

   snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
   FILE *file = fopen(path, "re");
   if (!file)
      return false;
   size_t size = fread(text, 1, sizeof(text) - 1, file);
   fclose(file);
   text[size] = '\0';
   /* The name in parentheses may hold anything. */
   const char *state = strrchr(text, ')');
   return state && strncmp(state, ") D", 3) == 0;
}

/* Kills the workers, and waits until all have ended or the rest hangs in the host driver. */
static void
kill_workers(struct broker *b)
{
   int64_t now = tongs_now_ms(), end = now + KILL_MS, moved = now;

   rdr_broker_log("%u workers did not end in time: killing them", rdr_pool_count(&b->pool));
   rdr_pool_kill(&b->pool, SIGKILL);
   while (rdr_pool_count(&b->pool) > 0 && now < end && now - moved < TERMINATE_MS) {
      attend(b, KILL_CHECK_MS);
      now = tongs_now_ms();
      for (pid_t pid = 0; (pid = rdr_pool_next_pid(&b->pool, pid));) {
         if (!is_stuck(pid))
            moved = now;
      }
   }
   /* init reaps them when their system calls return. */
   for (pid_t pid = 0; (pid = rdr_pool_next_pid(&b->pool, pid));)
      rdr_broker_log("worker %d cannot be killed: leaving it", (int)pid);
}

/* Asks the workers to end by SIGTERM, and kills those that have not ended after TERMINATE_MS. */
static void
end_workers(struct broker *b)
{
   int64_t deadline = tongs_now_ms() + TERMINATE_MS, left;

   rdr_pool_kill(&b->pool, SIGTERM);
   rdr_zygote_client_drop(&b->zygote);
   while (rdr_pool_count(&b->pool) > 0 && (left = deadline - tongs_now_ms()) > 0)
      attend(b, (int)left);
   if (rdr_pool_count(&b->pool) > 0)
      kill_workers(b);
}

int
rdr_broker_run(const struct rdr_broker_options *options)
{
   struct broker *b = broker_create(options);

   if (!b)
      return 1;
   announce(b);
   serve(b);
   stop_listening(b);
   rdr_admission_finish(&b->admission);
   end_workers(b);
   rdr_peer_log_expire(&b->peer_log, INT64_MAX);
   broker_destroy(b);
   return 0;
}
