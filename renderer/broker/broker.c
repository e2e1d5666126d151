/* SPDX-License-Identifier: MIT */

#include "renderer/broker/broker.h"

#include "protocol/clock.h"
#include "protocol/socket.h"
#include "renderer/broker/signals.h"
#include "renderer/broker/zygote.h"
#include "renderer/worker/warm_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* The descriptor that a worker finds its client at, or us, as long as it has none. */
#define WORKER_FD 3

/* How long no worker is kept ready after one ended before it was: the next would end likewise. */
#define REFILL_PAUSE_MS 10000

/* How long a client has the processors for its own start: only one worker is made meanwhile, if
 * none waits. */
#define SETTLE_MS 50

/* How long the zygote may take to fork. Nothing else is done meanwhile. */
#define FORK_MS 1000

/* How long nothing is accepted after a lack of descriptors or memory, unless a worker ends. */
#define ACCEPT_PAUSE_MS 1000

/* What workers have to end in after SIGTERM, before SIGKILL. */
#define TERMINATE_MS 2000

/* Refusals beyond so many in a second are counted, not logged: any user may cause them. */
#define REFUSALS_LOGGED_PER_SECOND 10

struct listener {
   const struct tongs_url *url;
   int fd; /* -1 when closed */

   /* The socket file, so that only our own is removed in the end. */
   dev_t dev;
   ino_t ino;
};

enum worker_state {
   WORKER_NONE = 0,
   WORKER_STARTING, /* without a client, or not yet with the driver at hand */
   WORKER_READY,
   WORKER_SERVING,
};

enum zygote_state {
   ZYGOTE_NONE = 0,
   ZYGOTE_LOADING,
   ZYGOTE_READY,
   ZYGOTE_ENDING, /* its end is reap()'s to note */
};

struct worker {
   enum worker_state state;
   pid_t pid;
   int control_fd; /* until it has taken its client, else -1 */
   int client_fd;  /* one that it may not have taken yet, else -1 */
   bool is_warm;   /* has done all that it does before a client comes */
   nfds_t polled;  /* where in `polls` its control_fd is; 0: nowhere */
   pid_t client_pid;
   uid_t client_uid;
   int64_t started_ms;
};

static const struct worker no_worker = {.control_fd = -1, .client_fd = -1};

struct broker {
   const struct rdr_broker_options *options;

   struct listener *listeners;
   struct pollfd *polls; /* [0] the signals, then the listeners, then the zygote, the slots */

   struct worker *workers;
   unsigned slot_count; /* for max_workers with a client and `warm` without */
   unsigned client_count;
   unsigned waiting_count; /* that have no client yet */

   enum zygote_state zygote;
   bool zygote_useless; /* its kind of driver cannot be forked */
   pid_t zygote_pid;
   int zygote_fd; /* from ZYGOTE_LOADING to ZYGOTE_READY */
   int64_t zygote_after_ms;

   const char **worker_argv;
   const char **waiting_argv;
   const char **zygote_argv;
   sigset_t inherited_mask;
   int signal_fd;
   int exe_fd;

   int64_t accept_after_ms;
   int64_t refill_after_ms;
   int64_t settled_ms; /* when the last client has started */
   int64_t idle_since_ms;
   int64_t refusal_second;
   unsigned refusals;
   bool ending;
};

static void __attribute__((format(printf, 1, 2))) broker_log(const char *format, ...)
{
   char line[512] = "tongs: ";
   size_t used = strlen(line);
   va_list args;

   va_start(args, format);
   vsnprintf(line + used, sizeof(line) - used - 1, format, args);
   va_end(args);
   used = strlen(line);
   line[used++] = '\n';
   /* One write: lines of workers, which share stderr, stay whole. There is nobody to tell when it
    * fails.
    */
   if (write(STDERR_FILENO, line, used) < 0)
      return;
}

static void __attribute__((format(printf, 2, 3)))
log_refusal(struct broker *b, const char *format, ...)
{
   int64_t second = tongs_now_ms() / 1000;
   char text[256];
   va_list args;

   if (second != b->refusal_second) {
      if (b->refusals > REFUSALS_LOGGED_PER_SECOND)
         broker_log("turned away %u more", b->refusals - REFUSALS_LOGGED_PER_SECOND);
      b->refusal_second = second;
      b->refusals = 0;
   }
   if (++b->refusals > REFUSALS_LOGGED_PER_SECOND)
      return;
   va_start(args, format);
   vsnprintf(text, sizeof(text), format, args);
   va_end(args);
   broker_log("%s", text);
}

/* The argument list of a worker: `tongs worker --fd 3`, `how`, then what the options say. */
static const char **
make_argv(const struct broker *b, const char *how)
{
   const char *const head[] = {"tongs", "worker", "--fd", "3", how};
   const size_t head_count = sizeof(head) / sizeof(head[0]) - (how ? 0 : 1);
   size_t count = 0;

   while (b->options->worker_args && b->options->worker_args[count])
      count++;
   const char **argv = calloc(head_count + count + 1, sizeof(*argv));
   if (!argv)
      return NULL;
   memcpy(argv, head, head_count * sizeof(*argv));
   if (count > 0)
      memcpy(argv + head_count, b->options->worker_args, count * sizeof(*argv));
   return argv;
}

/* The file that runs now, above the descriptors that a worker gets. */
static int
open_executable(void)
{
   int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
   int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);

   if (fd >= 0)
      close(fd);
   return high;
}

static bool
listen_at_vsock(struct listener *l, const struct tongs_url *url)
{
   int fd = tongs_socket_listen_vsock(url->cid, url->port);

   if (fd < 0) {
      broker_log("cannot listen on vsock:%u:%u: %s", url->cid, url->port, strerror(-fd));
      return false;
   }
   l->url = url;
   l->fd = fd;
   return true;
}

static bool
listen_at(struct broker *b, struct listener *l, const struct tongs_url *url)
{
   const char *path = url->path;
   mode_t mode = b->options->allowed_uid_count > 0 ? 0666 : 0600;
   mode_t inherited = umask(mode == 0666 ? 0 : 077);
   struct stat st;
   int fd;

   if (url->transport == TONGS_TRANSPORT_VSOCK) {
      umask(inherited);
      return listen_at_vsock(l, url);
   }
   fd = tongs_socket_listen_unix(path, mode);
   umask(inherited);
   if (fd == -EADDRINUSE) {
      broker_log("cannot listen on unix:%s: another server answers there; stop it or give another "
                 "path with --listen",
                 path);
      return false;
   }
   if (fd < 0) {
      broker_log("cannot listen on unix:%s: %s", path,
                 fd == -EEXIST ? "there is a file that is no socket" : strerror(-fd));
      return false;
   }
   l->url = url;
   l->fd = fd;
   if (lstat(path, &st) == 0) {
      l->dev = st.st_dev;
      l->ino = st.st_ino;
   }
   return true;
}

static void
stop_listening(struct broker *b)
{
   for (size_t i = 0; i < b->options->listen_count; i++) {
      struct listener *l = &b->listeners[i];
      struct stat st;

      if (l->fd < 0)
         continue;
      /* Before the close: a server that starts now sees a live socket or none, never a stale one
       * that it would replace and we then remove.
       */
      if (l->url->transport == TONGS_TRANSPORT_UNIX && lstat(l->url->path, &st) == 0 &&
          st.st_dev == l->dev && st.st_ino == l->ino)
         unlink(l->url->path);
      close(l->fd);
      l->fd = -1;
   }
}

static void
broker_destroy(struct broker *b)
{
   if (!b)
      return;
   if (b->listeners)
      stop_listening(b);
   /* The signals stay blocked: a second SIGTERM must not change the exit status of an end that is
    * under way.
    */
   if (b->signal_fd >= 0)
      close(b->signal_fd);
   if (b->exe_fd >= 0)
      close(b->exe_fd);
   free(b->listeners);
   free(b->polls);
   free(b->workers);
   free(b->worker_argv);
   free(b->waiting_argv);
   free(b->zygote_argv);
   free(b);
}

static struct broker *
broker_create(const struct rdr_broker_options *options)
{
   struct broker *b = calloc(1, sizeof(*b));

   if (!b) {
      broker_log("cannot start: %s", strerror(errno));
      return NULL;
   }
   b->options = options;
   b->signal_fd = -1;
   b->exe_fd = -1;
   b->slot_count = options->max_workers + options->warm;
   b->listeners = calloc(options->listen_count, sizeof(*b->listeners));
   b->polls = calloc(2 + options->listen_count + b->slot_count, sizeof(*b->polls));
   b->workers = calloc(b->slot_count, sizeof(*b->workers));
   b->worker_argv = make_argv(b, NULL);
   b->waiting_argv = make_argv(b, "--wait");
   b->zygote_argv = make_argv(b, "--zygote");
   for (size_t i = 0; b->listeners && i < options->listen_count; i++)
      b->listeners[i].fd = -1;
   for (unsigned i = 0; b->workers && i < b->slot_count; i++)
      b->workers[i] = no_worker;
   if (!b->listeners || !b->polls || !b->workers || !b->worker_argv || !b->waiting_argv ||
       !b->zygote_argv) {
      broker_log("cannot start: %s", strerror(ENOMEM));
      goto fail;
   }

   b->exe_fd = open_executable();
   if (b->exe_fd < 0) {
      broker_log("cannot start: opening /proc/self/exe, which the workers run: %s",
                 strerror(errno));
      goto fail;
   }
   /* Workers that the zygote forks are our children, too. */
   prctl(PR_SET_CHILD_SUBREAPER, 1);
   b->signal_fd = rdr_signals_open(&b->inherited_mask);
   if (b->signal_fd < 0) {
      broker_log("cannot start: signalfd: %s", strerror(errno));
      goto fail;
   }
   for (size_t i = 0; i < options->listen_count; i++) {
      if (!listen_at(b, &b->listeners[i], &options->listen[i]))
         goto fail;
   }
   return b;

fail:
   broker_destroy(b);
   return NULL;
}

static void
announce(const struct broker *b)
{
   int ready_fd = b->options->ready_fd;

   for (size_t i = 0; i < b->options->listen_count; i++) {
      char text[TONGS_URL_TEXT_SIZE];
      tongs_url_format(b->listeners[i].url, text, sizeof(text));
      broker_log("listening on %s", text);
   }
   if (ready_fd < 0)
      return;
   if (write(ready_fd, "\n", 1) != 1)
      broker_log("cannot write to descriptor %d of --ready-fd: %s", ready_fd, strerror(errno));
   close(ready_fd);
}

/* In the child: becomes the worker that has `fd` as its own. */
static void __attribute__((noreturn)) run_worker(const struct broker *b, const char **argv, int fd)
{
   extern char **environ;

   signal(SIGPIPE, SIG_DFL);
   sigprocmask(SIG_SETMASK, &b->inherited_mask, NULL);

   /* dup2() of a descriptor to itself would leave it close-on-exec. */
   if (fd == WORKER_FD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, WORKER_FD) < 0) {
      broker_log("cannot hand a client over to its worker: %s", strerror(errno));
      _exit(127);
   }
   /* What our own parent left open is not for a worker. Kernels before 5.11 cannot do this. */
   close_range(WORKER_FD + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
   fexecve(b->exe_fd, (char *const *)argv, environ);
   broker_log("cannot run a worker: %s", strerror(errno));
   _exit(127);
}

static struct worker *
find_worker(struct broker *b, pid_t pid)
{
   for (unsigned i = 0; i < b->slot_count; i++) {
      if (b->workers[i].state != WORKER_NONE && b->workers[i].pid == pid)
         return &b->workers[i];
   }
   return NULL;
}

static struct worker *
find_state(struct broker *b, enum worker_state state)
{
   for (unsigned i = 0; i < b->slot_count; i++) {
      if (b->workers[i].state == state)
         return &b->workers[i];
   }
   return NULL;
}

/* Makes the slot a free one. */
static void
forget_worker(struct broker *b, struct worker *w)
{
   if (w->state == WORKER_SERVING) {
      b->client_count--;
      b->idle_since_ms = tongs_now_ms();
   } else {
      b->waiting_count--;
   }
   if (w->control_fd >= 0)
      close(w->control_fd);
   if (w->client_fd >= 0)
      close(w->client_fd);
   *w = no_worker;
   b->accept_after_ms = 0;
}

/* --- Workers that wait for a client ------------------------------------------------------------
 */

/* Runs one, and the zygote: a child with the other end of a socket as its own. Its pid, or -1 with
 * errno. */
static pid_t
run_child(const struct broker *b, const char **argv, int *fd)
{
   int ends[2];

   if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
      return -1;
   pid_t pid = fork();
   if (pid == 0)
      run_worker(b, argv, ends[1]);
   close(ends[1]);
   if (pid < 0)
      close(ends[0]);
   else
      *fd = ends[0];
   return pid;
}

/* Does without the zygote, whatever it is at. */
static void
drop_zygote(struct broker *b)
{
   kill(b->zygote_pid, SIGKILL);
   close(b->zygote_fd);
   b->zygote = ZYGOTE_ENDING;
}

/* Of the zygote, within FORK_MS. False when none came. */
static bool
hear_zygote(const struct broker *b, int32_t *word)
{
   struct pollfd p = {.fd = b->zygote_fd, .events = POLLIN};
   int n;

   do {
      n = poll(&p, 1, FORK_MS);
   } while (n < 0 && errno == EINTR);
   return n > 0 && recv(b->zygote_fd, word, sizeof(*word), MSG_DONTWAIT) == (ssize_t)sizeof(*word);
}

/* The same of a worker that the zygote forks. */
static pid_t
fork_child(struct broker *b, int *fd)
{
   struct iovec iov = {.iov_base = "", .iov_len = 1};
   int ends[2];
   int32_t pid = -EIO;

   if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
      return -1;
   bool asked = tongs_socket_send_all(b->zygote_fd, &iov, 1, &ends[1], 1) == 0;
   close(ends[1]);
   if (!asked || !hear_zygote(b, &pid))
      drop_zygote(b);
   if (pid > 0) {
      *fd = ends[0];
      return pid;
   }
   close(ends[0]);
   errno = -pid;
   return -1;
}

/* Starts one; false, with errno, when that failed. */
static bool
start_waiting(struct broker *b)
{
   int fd;
   pid_t pid = b->zygote == ZYGOTE_READY ? fork_child(b, &fd) : run_child(b, b->waiting_argv, &fd);

   if (pid < 0)
      return false;
   *find_state(b, WORKER_NONE) = (struct worker){
      .state = WORKER_STARTING,
      .pid = pid,
      .control_fd = fd,
      .client_fd = -1,
      .started_ms = tongs_now_ms(),
   };
   b->waiting_count++;
   return true;
}

/* Sees to it that there is one, if workers are kept ready at all. */
static void
keep_zygote(struct broker *b)
{
   if (!b->options->warm || b->zygote_useless || b->zygote != ZYGOTE_NONE ||
       b->zygote_after_ms > tongs_now_ms())
      return;
   b->zygote_pid = run_child(b, b->zygote_argv, &b->zygote_fd);
   if (b->zygote_pid > 0) {
      b->zygote = ZYGOTE_LOADING;
   } else {
      broker_log("cannot start what forks workers: %s; trying again later", strerror(errno));
      b->zygote_after_ms = tongs_now_ms() + REFILL_PAUSE_MS;
   }
}

/* It has loaded the driver, or cannot do what it is for. */
static void
hear_zygote_load(struct broker *b)
{
   int32_t word;

   if (hear_zygote(b, &word) && word == RDR_ZYGOTE_LOADED)
      b->zygote = ZYGOTE_READY;
   else
      drop_zygote(b);
}

/* Notes the end of the zygote. */
static void
forget_zygote(struct broker *b, int status)
{
   if (b->zygote != ZYGOTE_ENDING)
      close(b->zygote_fd);
   b->zygote = ZYGOTE_NONE;
   b->zygote_after_ms = tongs_now_ms() + REFILL_PAUSE_MS;
   b->zygote_useless = WIFEXITED(status);
   if (WIFSIGNALED(status) && !b->ending)
      broker_log(
         "what forks workers, process %d, ended by signal %d (%s); each worker loads the driver for itself "
         "for a while",
         (int)b->zygote_pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
}

/* Sees to it that as many wait as are wanted, and as may have a client. */
static void
refill(struct broker *b)
{
   unsigned room = b->options->max_workers - b->client_count;
   unsigned wanted = b->options->warm < room ? b->options->warm : room;

   keep_zygote(b);
   if (b->zygote == ZYGOTE_LOADING || b->refill_after_ms > tongs_now_ms())
      return;
   if (wanted && b->settled_ms > tongs_now_ms())
      wanted = 1;
   while (b->waiting_count < wanted) {
      if (start_waiting(b))
         continue;
      broker_log("cannot keep a worker ready: %s; trying again later", strerror(errno));
      b->refill_after_ms = tongs_now_ms() + REFILL_PAUSE_MS;
      return;
   }
}

static struct worker *
find_waiting(struct broker *b, enum worker_state state)
{
   for (unsigned i = 0; i < b->slot_count; i++) {
      if (b->workers[i].state == state && b->workers[i].control_fd >= 0)
         return &b->workers[i];
   }
   return NULL;
}

/* For as long as its worker may end without having taken it; -1 is borne. */
static int
dup_client(int client_fd)
{
   return fcntl(client_fd, F_DUPFD_CLOEXEC, 0);
}

/* Hands a client over to a worker that waits, at best to one that is ready; NULL: there is none. */
static struct worker *
hand_over(struct broker *b, int client_fd)
{
   const struct rdr_limits limits = rdr_limits_default();
   uint8_t message[RDR_LIMITS_MESSAGE_SIZE];

   rdr_limits_encode(&limits, message);
   for (;;) {
      struct iovec iov = {.iov_base = message, .iov_len = sizeof(message)};
      struct worker *w = find_waiting(b, WORKER_READY);

      if (!w)
         w = find_waiting(b, WORKER_STARTING);
      if (!w)
         return NULL;
      if (tongs_socket_send_all(w->control_fd, &iov, 1, &client_fd, 1) == 0) {
         w->client_fd = dup_client(client_fd);
         b->waiting_count--;
         return w;
      }
      /* It has ended, and nobody was told yet. */
      kill(w->pid, SIGKILL);
      forget_worker(b, w);
   }
}

/* --- Clients -------------------------------------------------------------------------------------
 */

static bool
is_allowed(const struct broker *b, uid_t uid)
{
   if (uid == 0 || uid == geteuid())
      return true;
   for (size_t i = 0; i < b->options->allowed_uid_count; i++) {
      if (b->options->allowed_uids[i] == uid)
         return true;
   }
   return false;
}

/* Starts a worker for a client; NULL with errno. */
static struct worker *
start_serving(struct broker *b, int client_fd)
{
   pid_t pid = fork();
   struct worker *w;

   if (pid == 0)
      run_worker(b, b->worker_argv, client_fd);
   if (pid < 0)
      return NULL;
   w = find_state(b, WORKER_NONE);
   *w = (struct worker){.pid = pid, .control_fd = -1, .client_fd = -1};
   return w;
}

static void
log_start(const struct worker *w)
{
   broker_log("worker %d started for pid %d, uid %u", (int)w->pid, (int)w->client_pid,
              (unsigned)w->client_uid);
}

/* Whether the kernel knows who is at the other end. */
static bool
is_of_this_machine(int client_fd)
{
   int domain = AF_UNIX;
   socklen_t size = sizeof(domain);

   getsockopt(client_fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
   return domain == AF_UNIX;
}

/* Finds a worker for a new client, or says why not; the caller closes client_fd in any case. */
static void
admit(struct broker *b, int client_fd)
{
   bool is_known = is_of_this_machine(client_fd); /* else: whoever reaches the port may come */
   struct ucred peer = {.uid = (uid_t)-1};
   socklen_t size = sizeof(peer);
   struct worker *w;

   if (is_known && getsockopt(client_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
      log_refusal(b, "turned a client away: SO_PEERCRED: %s", strerror(errno));
      return;
   }
   if (is_known && !is_allowed(b, peer.uid)) {
      log_refusal(b, "turned pid %d away: uid %u is not allowed here (--allow-uid %u would do so)",
                  (int)peer.pid, (unsigned)peer.uid, (unsigned)peer.uid);
      return;
   }
   if (b->client_count == b->options->max_workers) {
      log_refusal(b,
                  "turned pid %d away: %u workers run already, the most that --max-workers "
                  "allows",
                  (int)peer.pid, b->client_count);
      return;
   }

   w = hand_over(b, client_fd);
   if (!w && b->zygote == ZYGOTE_READY && b->refill_after_ms <= tongs_now_ms() && start_waiting(b))
      w = hand_over(b, client_fd);
   if (!w)
      w = start_serving(b, client_fd);
   if (!w) {
      log_refusal(b, "turned pid %d away: cannot start a worker: %s", (int)peer.pid,
                  strerror(errno));
      return;
   }
   w->state = WORKER_SERVING;
   w->client_pid = peer.pid;
   w->client_uid = peer.uid;
   w->started_ms = tongs_now_ms();
   b->settled_ms = w->started_ms + SETTLE_MS;
   b->client_count++;
   if (w->control_fd < 0)
      log_start(w);
}

/* The worker did not live to take its client, which gets another one. */
static void
take_client_back(struct broker *b, struct worker *w)
{
   int client_fd = w->client_fd;

   w->client_fd = -1;
   w->state = WORKER_READY;
   if (!w->is_warm)
      b->refill_after_ms = tongs_now_ms() + REFILL_PAUSE_MS;
   b->client_count--;
   b->waiting_count++;
   if (!b->ending)
      admit(b, client_fd);
   close(client_fd);
}

/* A worker has told that it is ready or has taken its client, or has let go of us; its end is
 * reap()'s to note. */
static void
hear_worker(struct broker *b, struct worker *w)
{
   uint8_t word;

   if (recv(w->control_fd, &word, sizeof(word), MSG_DONTWAIT) != (ssize_t)sizeof(word)) {
      kill(w->pid, SIGKILL);
      close(w->control_fd);
      w->control_fd = -1;
      if (w->client_fd >= 0)
         take_client_back(b, w);
   } else if (word == RDR_WARM_WARM) {
      w->is_warm = true;
   } else if (word == RDR_WARM_WAITS) {
      if (w->state == WORKER_STARTING)
         w->state = WORKER_READY;
   } else if (w->state == WORKER_SERVING) {
      log_start(w);
      close(w->control_fd);
      w->control_fd = -1;
      if (w->client_fd >= 0)
         close(w->client_fd);
      w->client_fd = -1;
   }
}

static void
accept_client(struct broker *b, const struct listener *l)
{
   int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);

   if (fd >= 0) {
      admit(b, fd);
      close(fd);
      return;
   }
   if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
      return;
   int error = errno;
   char text[TONGS_URL_TEXT_SIZE];
   tongs_url_format(l->url, text, sizeof(text));
   log_refusal(b, "cannot accept on %s: %s; trying again in a second", text, strerror(error));
   b->accept_after_ms = tongs_now_ms() + ACCEPT_PAUSE_MS;
}

/* One line about how a worker ended. */
static void
log_end(const struct worker *w, int status)
{
   double seconds = (double)(tongs_now_ms() - w->started_ms) / 1000.0;
   char how[80] = "in a way that waitpid() cannot tell";

   if (WIFEXITED(status))
      snprintf(how, sizeof(how), "with exit status %d", WEXITSTATUS(status));
   else if (WIFSIGNALED(status))
      snprintf(how, sizeof(how), "by signal %d (%s)%s", WTERMSIG(status),
               strsignal(WTERMSIG(status)), WCOREDUMP(status) ? ", core dumped" : "");
   if (w->state == WORKER_SERVING)
      broker_log("worker %d for pid %d, uid %u ended %s after %.1f s", (int)w->pid,
                 (int)w->client_pid, (unsigned)w->client_uid, how, seconds);
   else
      broker_log("worker %d, which had no client yet, ended %s", (int)w->pid, how);
}

static void
reap(struct broker *b)
{
   int status;
   pid_t pid;

   while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      /* A child that we did not start may come from whoever ran exec() to become us. */
      struct worker *w = find_worker(b, pid);

      if (b->zygote != ZYGOTE_NONE && pid == b->zygote_pid)
         forget_zygote(b, status);
      if (!w)
         continue;
      while (w->client_fd >= 0 && w->control_fd >= 0)
         hear_worker(b, w);
      if (w->state == WORKER_SERVING || !b->ending)
         log_end(w, status);
      if (w->state != WORKER_SERVING && !w->is_warm)
         b->refill_after_ms = tongs_now_ms() + REFILL_PAUSE_MS;
      forget_worker(b, w);
   }
}

static void
kill_workers(const struct broker *b, int signal_number)
{
   for (unsigned i = 0; i < b->slot_count; i++) {
      if (b->workers[i].state != WORKER_NONE)
         kill(b->workers[i].pid, signal_number);
   }
}

static void
handle_signals(struct broker *b)
{
   struct signalfd_siginfo info;

   while (read(b->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
      if (info.ssi_signo == SIGCHLD)
         continue;
      if (b->ending) {
         kill_workers(b, SIGKILL);
      } else {
         broker_log("ending: %s", strsignal((int)info.ssi_signo));
         b->ending = true;
      }
   }
   /* Signals of one kind are merged, so one SIGCHLD may stand for several children. */
   reap(b);
}

/* How long poll() may sleep; -1: until something happens. */
static int
next_timeout(const struct broker *b, int64_t now)
{
   int64_t until = INT64_MAX;

   if (b->accept_after_ms > now)
      until = b->accept_after_ms;
   if (b->refill_after_ms > now && b->refill_after_ms < until)
      until = b->refill_after_ms;
   if (b->zygote_after_ms > now && b->zygote_after_ms < until)
      until = b->zygote_after_ms;
   if (b->settled_ms > now && b->settled_ms < until)
      until = b->settled_ms;
   if (b->options->idle_exit_seconds > 0 && b->client_count == 0) {
      int64_t end = b->idle_since_ms + (int64_t)b->options->idle_exit_seconds * 1000;

      if (end < until)
         until = end;
   }
   if (until == INT64_MAX)
      return -1;
   if (until <= now)
      return 0;
   return until - now > INT32_MAX ? INT32_MAX : (int)(until - now);
}

static bool
is_idle_too_long(const struct broker *b)
{
   return b->options->idle_exit_seconds > 0 && b->client_count == 0 &&
          tongs_now_ms() - b->idle_since_ms >= (int64_t)b->options->idle_exit_seconds * 1000;
}

/* Waits for something to happen and sees to it, but for what listeners have. As poll(). */
static int
attend(struct broker *b, int timeout_ms)
{
   bool paused = b->accept_after_ms > tongs_now_ms();
   size_t listen_count = b->options->listen_count;
   nfds_t count = 1 + listen_count;
   int n;

   b->polls[0] = (struct pollfd){.fd = b->signal_fd, .events = POLLIN};
   for (size_t i = 0; i < listen_count; i++)
      b->polls[1 + i] = (struct pollfd){
         .fd = paused ? -1 : b->listeners[i].fd,
         .events = POLLIN,
      };
   /* One that is warm has nothing more to say: SIGCHLD tells when it has ended. No entries are left
    * empty: poll() takes no more of them than the limit of descriptors. */
   for (unsigned i = 0; i < b->slot_count; i++) {
      struct worker *w = &b->workers[i];
      bool listens = w->state != WORKER_NONE && w->control_fd >= 0 &&
                     (w->state == WORKER_SERVING || !w->is_warm);

      w->polled = listens ? count : 0;
      if (listens)
         b->polls[count++] = (struct pollfd){.fd = w->control_fd, .events = POLLIN};
   }
   nfds_t zygote = b->zygote == ZYGOTE_LOADING ? count++ : 0;
   if (zygote)
      b->polls[zygote] = (struct pollfd){.fd = b->zygote_fd, .events = POLLIN};
   n = poll(b->polls, count, timeout_ms);
   if (zygote && n > 0 && b->polls[zygote].revents)
      hear_zygote_load(b);
   for (unsigned i = 0; n > 0 && i < b->slot_count; i++) {
      struct worker *w = &b->workers[i];

      if (w->polled && b->polls[w->polled].revents)
         hear_worker(b, w);
   }
   if (n > 0 && b->polls[0].revents)
      handle_signals(b);
   return n;
}

static void
serve(struct broker *b)
{
   size_t count = b->options->listen_count;

   b->idle_since_ms = tongs_now_ms();
   while (!b->ending) {
      int n;

      refill(b);
      n = attend(b, next_timeout(b, tongs_now_ms()));
      if (n < 0)
         continue;
      for (size_t i = 0; n > 0 && i < count && !b->ending; i++) {
         if (b->polls[i + 1].revents)
            accept_client(b, &b->listeners[i]);
      }
      if (n == 0 && is_idle_too_long(b)) {
         broker_log("ending: no client for %u s", b->options->idle_exit_seconds);
         b->ending = true;
      }
   }
}

/* Asks the workers to end, then makes them. */
static void
end_workers(struct broker *b)
{
   int64_t deadline = tongs_now_ms() + TERMINATE_MS;
   bool killed = false;

   kill_workers(b, SIGTERM);
   if (b->zygote == ZYGOTE_LOADING || b->zygote == ZYGOTE_READY)
      drop_zygote(b);
   while (b->client_count + b->waiting_count > 0) {
      int64_t left = deadline - tongs_now_ms();
      unsigned count = b->client_count + b->waiting_count;

      if (left <= 0 && !killed) {
         broker_log("%u workers did not end in time: killing them", count);
         kill_workers(b, SIGKILL);
         killed = true;
         deadline = tongs_now_ms() + TERMINATE_MS;
         continue;
      }
      if (left <= 0) {
         /* Stuck in the kernel, in a driver's call: init reaps them when they come out. */
         broker_log("%u workers cannot be killed: leaving them", count);
         break;
      }
      attend(b, (int)left);
   }
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
   end_workers(b);
   broker_destroy(b);
   return 0;
}
