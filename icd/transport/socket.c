/* SPDX-License-Identifier: MIT */

/* Stream sockets as a transport: a unix socket, a private worker's socket pair, vsock. */

#include "protocol/socket.h"
#include "icd/timeout.h"
#include "icd/transport/forks.h"
#include "icd/transport/transport.h"
#include "protocol/apart.h"
#include "protocol/channel.h"
#include "protocol/environment.h"
#include "protocol/url.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The capabilities of a socket to a worker on the same kernel. */
#define LOCAL_CAPABILITIES \
   (ICD_TRANSPORT_PASSES_FDS | ICD_TRANSPORT_SHARES_MEMORY | ICD_TRANSPORT_SHARES_HEAPS | \
    ICD_TRANSPORT_IS_LOCAL)

struct icd_socket {
   struct icd_transport base;
   struct icd_forked forked;
   int fd;                 /* -1 in a child of fork() */
   int worker;             /* a pidfd: the worker is this process's child; -1: it is not */
   int fds[TONGS_FDS_MAX]; /* owned; received and not taken yet */
   size_t fd_count;
};

static struct icd_socket *
socket_from(struct icd_transport *t)
{
   return (struct icd_socket *)t;
}

/* --- Bytes --- */

static int
socket_wait(struct icd_transport *t, unsigned events, int timeout_ms)
{
   struct pollfd p = {.fd = socket_from(t)->fd};
   int ready = 0;

   if (events & ICD_TRANSPORT_READABLE)
      p.events |= POLLIN;
   if (events & ICD_TRANSPORT_WRITABLE)
      p.events |= POLLOUT;
   if (poll(&p, 1, timeout_ms) <= 0)
      return 0;
   if (p.revents & (POLLIN | POLLHUP | POLLERR))
      ready |= ICD_TRANSPORT_READABLE;
   if (p.revents & (POLLOUT | POLLHUP | POLLERR))
      ready |= ICD_TRANSPORT_WRITABLE;
   return ready & (int)events;
}

static ssize_t
socket_send(struct icd_transport *t, const void *data, size_t size,
            const struct icd_shared_memory *attached)
{
   return tongs_socket_send(socket_from(t)->fd, data, size, attached ? &attached->fd : NULL,
                            attached ? 1 : 0);
}

static ssize_t
socket_receive(struct icd_transport *t, void *data, size_t size, int timeout_ms)
{
   struct icd_socket *s = socket_from(t);
   size_t count = TONGS_FDS_MAX - s->fd_count;

   if (timeout_ms >= 0 && !socket_wait(t, ICD_TRANSPORT_READABLE, timeout_ms))
      return 0;
   ssize_t n = tongs_socket_recv(s->fd, data, size, s->fds + s->fd_count, &count);
   s->fd_count += count;
   return n ? n : -EPIPE;
}

static int
socket_receive_fd(struct icd_transport *t)
{
   struct icd_socket *s = socket_from(t);

   if (!s->fd_count)
      return -1;
   int fd = s->fds[0];
   s->fd_count--;
   memmove(s->fds, s->fds + 1, s->fd_count * sizeof(s->fds[0]));
   return fd;
}

static bool
socket_has_hung_up(struct icd_transport *t)
{
   struct pollfd p = {.fd = socket_from(t)->fd, .events = POLLRDHUP};

   return poll(&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLHUP | POLLERR);
}

/* --- Closing --- */

/* How long we wait for a worker that is our child, milliseconds. A worker that takes longer stays a
 * zombie until this process ends. */
#define WORKER_END_MS 2000

static void
close_descriptors(struct icd_socket *s)
{
   for (size_t i = 0; i < s->fd_count; i++)
      close(s->fds[i]);
   s->fd_count = 0;
   if (s->fd >= 0)
      close(s->fd);
   s->fd = -1;
   if (s->worker >= 0) {
      struct pollfd p = {.fd = s->worker, .events = POLLIN};
      siginfo_t info;

      if (poll(&p, 1, WORKER_END_MS) > 0)
         waitid((idtype_t)P_PIDFD, (id_t)s->worker, &info, WEXITED | WNOHANG);
      close(s->worker);
      s->worker = -1;
   }
}

static void
leave(struct icd_forked *f)
{
   struct icd_socket *s = (struct icd_socket *)((uint8_t *)f - offsetof(struct icd_socket, forked));

   if (s->worker >= 0)
      close(s->worker);
   s->worker = -1; /* the parent's child */
   close_descriptors(s);
}

static void
socket_shutdown(struct icd_transport *t)
{
   shutdown(socket_from(t)->fd, SHUT_RDWR);
}

static void
socket_close(struct icd_transport *t, bool inherited)
{
   struct icd_socket *s = socket_from(t);

   (void)inherited; /* a child has no descriptors: leave() */
   icd_forks_unwatch(&s->forked);
   close_descriptors(s);
   free(s);
}

/* --- Memory --- */

static int
socket_create_memory(struct icd_transport *t, enum icd_memory_use use, uint64_t size,
                     struct icd_shared_memory *memory)
{
   (void)t;
   *memory = (struct icd_shared_memory){.fd = -1};
   int fd =
      tongs_sealed_memory(use == ICD_MEMORY_FOR_CHANNEL ? "tongs-channel" : "tongs-heap", size);
   if (fd < 0)
      return fd;
   void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
   if (data == MAP_FAILED) {
      int error = errno;
      close(fd);
      return -error;
   }
   *memory = (struct icd_shared_memory){.data = data, .size = size, .fd = fd};
   return 0;
}

static void
socket_destroy_memory(struct icd_transport *t, struct icd_shared_memory *memory, bool inherited)
{
   (void)t;
   (void)inherited;
   if (memory->data) {
      munmap(memory->data, memory->size);
      if (memory->fd >= 0)
         close(memory->fd);
   }
   *memory = (struct icd_shared_memory){.fd = -1};
}

static const struct tongs_bell *
socket_start_channel(struct icd_transport *t, const struct icd_shared_memory *memory)
{
   (void)t;
   (void)memory;
   return &tongs_futex_bell;
}

static void
socket_wake(struct icd_transport *t, _Atomic uint32_t *word)
{
   (void)t;
   tongs_futex_bell.ring(NULL, word);
}

static const struct icd_transport_ops socket_ops = {
   .close = socket_close,
   .shutdown = socket_shutdown,
   .send = socket_send,
   .receive = socket_receive,
   .receive_fd = socket_receive_fd,
   .wait = socket_wait,
   .has_hung_up = socket_has_hung_up,
   .create_memory = socket_create_memory,
   .destroy_memory = socket_destroy_memory,
   .start_channel = socket_start_channel,
   .wake = socket_wake,
};

struct icd_transport *
icd_transport_from_socket(int fd, const char *name, uint32_t capabilities)
{
   struct icd_socket *s = calloc(1, sizeof(*s));

   if (!s) {
      free(s);
      close(fd);
      return NULL;
   }
   s->base = (struct icd_transport){
      .ops = &socket_ops,
      .name = name,
      .capabilities = capabilities,
      .flush_size = ICD_FLUSH_SIZE,
   };
   s->fd = fd;
   s->worker = -1;
   if (icd_forks_watch(&s->forked, leave))
      return &s->base;
   close(fd);
   free(s);
   return NULL;
}

/* --- A private worker --- */

/* Finds the `tongs` program: the one that TONGS_BIN names, else the one next to this library in the
 * build tree, else the installed one. A privileged process uses no path that depends on the current
 * directory. */
static bool
find_program(char *path, size_t size)
{
   const char *named = tongs_getenv("TONGS_BIN");
   Dl_info info;

   if (named) {
      snprintf(path, size, "%s", named);
      return true;
   }
   if (dladdr((void *)find_program, &info) && info.dli_fname &&
       (info.dli_fname[0] == '/' || !tongs_is_privileged())) {
      const char *slash = strrchr(info.dli_fname, '/');
      int dir = slash ? (int)(slash - info.dli_fname) : 1;
      const char *name = slash ? info.dli_fname : ".";
      snprintf(path, size, "%.*s/../cli/tongs", dir, name);
      if (access(path, X_OK) == 0)
         return true;
   }
   snprintf(path, size, "%s", TONGS_PROGRAM_PATH);
   return access(path, X_OK) == 0;
}

/* The input and output of the intermediate process that starts the worker. */
struct start {
   const char *path;
   char *const *argv;
   char **environment;
   int fd; /* the worker's end of the socket pair */
   pid_t worker;
   int error;
};

/* Starts the worker from an intermediate process, so that the worker is a grandchild: the
 * application must not find a child that it did not start. The worker gets a session of its own, so
 * that a terminal's Ctrl-C does not reach it: the application may handle that signal and still need
 * its worker. */
static int
start_worker(void *data)
{
   struct start *s = data;
   posix_spawn_file_actions_t actions;
   posix_spawnattr_t attributes;
   sigset_t none;

   sigemptyset(&none);
   posix_spawnattr_init(&attributes);
   posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
   posix_spawnattr_setsigmask(&attributes, &none);
   posix_spawn_file_actions_init(&actions);
   /* dup2 onto itself clears close-on-exec, which posix_spawn promises since glibc 2.29. */
   posix_spawn_file_actions_adddup2(&actions, s->fd, s->fd);
   s->error = posix_spawn(&s->worker, s->path, &actions, &attributes, s->argv, s->environment);
   posix_spawn_file_actions_destroy(&actions);
   posix_spawnattr_destroy(&attributes);
   return 0;
}

/* Returns a pidfd of the worker if it has become a child of this process, else -1. That happens if
 * this process adopts orphans (process 1 of a container, or a subreaper). Such a process must reap
 * the worker. Kernels before 5.4 cannot detect it. */
static int
find_orphan(pid_t worker)
{
   siginfo_t info;

   int fd = (int)syscall(SYS_pidfd_open, worker, 0);
   if (fd >= 0 && waitid((idtype_t)P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
      return fd;
   if (fd >= 0)
      close(fd);
   return -1;
}

/* Whether orphans become children of this process. */
static bool
takes_in_orphans(void)
{
   int subreaper = 0;

   prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
   return subreaper || getpid() == 1;
}

/* Starts `tongs worker` on one end of a socket pair. Returns the other end, and a pidfd of the
 * worker or -1 in *worker; -1 on failure. */
static int
spawn_worker(int *worker, char *why, size_t why_size)
{
   char path[PATH_MAX], fd_text[16];
   int fds[2];
   /* The worker of a privileged process has the same privileges, and its libraries read the
    * environment, which the user controls. So such a worker gets an empty environment. */
   char *no_environment[] = {NULL};

   *worker = -1;
   if (!find_program(path, sizeof(path))) {
      snprintf(
         why, why_size,
         "the program `tongs`, which a private worker runs, is not at %s: name it in TONGS_BIN, "
         "or a server in TONGS_SERVER",
         TONGS_PROGRAM_PATH);
      return -1;
   }
   int error = -tongs_socket_pair(fds);
   if (error) {
      snprintf(why, why_size, "cannot make a socket pair for a private worker: %s",
               strerror(error));
      return -1;
   }
   snprintf(fd_text, sizeof(fd_text), "%d", fds[1]);
   char *const argv[] = {path, "worker", "--fd", fd_text, NULL};
   struct start start = {
      .path = path,
      .argv = argv,
      .environment = tongs_is_privileged() ? no_environment : environ,
      .fd = fds[1],
   };
   error = -tongs_run_apart(start_worker, &start);
   if (!error)
      error = start.error;
   close(fds[1]);
   if (error) {
      snprintf(why, why_size, "cannot start a private worker with %s: %s", path, strerror(error));
      close(fds[0]);
      return -1;
   }
   if (takes_in_orphans())
      *worker = find_orphan(start.worker);
   return fds[0];
}

/* --- Openers --- */

/* Whether memory of any size can be shared. The limit of file sizes (RLIMIT_FSIZE) applies to
 * shared memory, too. */
static bool
can_share_heaps(void)
{
   const uint64_t large = UINT64_C(1) << 40;
   struct rlimit limit;

   if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
      return true;
   int fd = tongs_sealed_memory("tongs-heap", large);
   if (fd >= 0)
      close(fd);
   return fd != -EFBIG;
}

/* Makes the transport of a connection to `url`. `fd`: a socket or -errno. */
static struct icd_transport *
open_socket(const struct tongs_url *url, int fd, uint32_t capabilities, char *why, size_t why_size)
{
   char text[TONGS_URL_TEXT_SIZE];

   if (fd >= 0 && (fd = tongs_fd_above_stdio(fd)) < 0)
      fd = -errno;
   if (fd < 0) {
      tongs_url_format(url, text, sizeof(text));
      snprintf(why, why_size, "cannot connect to %s: %s%s", text, strerror(-fd),
               fd == -ENOENT || fd == -ECONNREFUSED ? "; is `tongs serve` running?"
               : fd == -ETIMEDOUT ? "; the server accepts no clients: start it again"
                                  : "");
      return NULL;
   }
   if (capabilities & ICD_TRANSPORT_SHARES_HEAPS && !can_share_heaps()) {
      fprintf(stderr, "tongs: the limit of file sizes (ulimit -f) allows no shared memory: mapped "
                      "memory is copied, and there is no coherent memory\n");
      capabilities &= ~(uint32_t)ICD_TRANSPORT_SHARES_HEAPS;
   }
   struct icd_transport *t =
      icd_transport_from_socket(fd, tongs_transport_name(url->transport), capabilities);
   if (!t)
      snprintf(why, why_size, "out of memory");
   return t;
}

struct icd_transport *
icd_transport_open_unix(const struct tongs_url *url, bool shares_nothing, char *why,
                        size_t why_size)
{
   return open_socket(url, tongs_socket_connect_unix(url->path, icd_timeout_ms()),
                      shares_nothing ? 0 : LOCAL_CAPABILITIES, why, why_size);
}

struct icd_transport *
icd_transport_open_vsock(const struct tongs_url *url, bool shares_nothing, char *why,
                         size_t why_size)
{
   (void)shares_nothing; /* vsock never shares memory */
   int fd = url->path[0] ? tongs_socket_connect_monitor(url->path, url->port, icd_timeout_ms())
                         : tongs_socket_connect_vsock(url->cid, url->port);
   return open_socket(url, fd, 0, why, why_size);
}

struct icd_transport *
icd_transport_open_spawn(const struct tongs_url *url, bool shares_nothing, char *why,
                         size_t why_size)
{
   int worker, fd = spawn_worker(&worker, why, why_size);

   if (fd < 0)
      return NULL;
   uint32_t capabilities = shares_nothing ? ICD_TRANSPORT_IS_LOCAL : LOCAL_CAPABILITIES;
   /* A worker that is our child must not outlive its instance: the application would find it. */
   if (worker < 0)
      capabilities |= ICD_TRANSPORT_IS_PRIVATE;
   struct icd_transport *t = open_socket(url, fd, capabilities, why, why_size);
   if (t)
      socket_from(t)->worker = worker;
   else if (worker >= 0)
      close(worker);
   return t;
}
