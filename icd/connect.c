/* SPDX-License-Identifier: MIT */
#include "icd/connect.h"

#include "icd/virtgpu.h"
#include "protocol/clock.h"
#include "protocol/encoder.h"
#include "protocol/hello.h"
#include "protocol/socket.h"
#include "protocol/url.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* --- A private worker --- */

/* The `tongs` program: what TONGS_BIN names, else the one beside this library in the build tree or
 * where it is installed. */
static bool
find_program(char *path, size_t size)
{
   const char *named = getenv("TONGS_BIN");
   Dl_info info;

   if (named && *named) {
      snprintf(path, size, "%s", named);
      return true;
   }
   if (dladdr((void *)find_program, &info) && info.dli_fname) {
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

/* Starts `tongs worker --detach` on one end of a socket pair and returns the other one. The
 * worker's parent ends at once, so that the application has no child to wait for. */
static int
spawn_worker(char *why, size_t why_size)
{
   char path[PATH_MAX];
   int fds[2], status = 0;
   pid_t pid;
   posix_spawn_file_actions_t actions;
   posix_spawnattr_t attributes;
   sigset_t none;

   if (!find_program(path, sizeof(path))) {
      snprintf(
         why, why_size,
         "the program `tongs`, which a private worker runs, is not at %s: name it in TONGS_BIN, "
         "or a server in TONGS_SERVER",
         TONGS_PROGRAM_PATH);
      return -1;
   }
   if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
      snprintf(why, why_size, "cannot make a socket pair for a private worker: %s",
               strerror(errno));
      return -1;
   }
   fds[0] = tongs_fd_above_stdio(fds[0]);
   fds[1] = tongs_fd_above_stdio(fds[1]);

   /* dup2 onto itself clears close-on-exec, which posix_spawn promises since glibc 2.29. */
   char fd_text[16];
   snprintf(fd_text, sizeof(fd_text), "%d", fds[1]);
   char *const argv[] = {path, "worker", "--fd", fd_text, "--detach", NULL};
   sigemptyset(&none);
   posix_spawnattr_init(&attributes);
   posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
   posix_spawnattr_setsigmask(&attributes, &none);
   posix_spawn_file_actions_init(&actions);
   posix_spawn_file_actions_adddup2(&actions, fds[1], fds[1]);
   int error = posix_spawn(&pid, path, &actions, &attributes, argv, environ);
   posix_spawn_file_actions_destroy(&actions);
   posix_spawnattr_destroy(&attributes);
   close(fds[1]);
   if (error) {
      snprintf(why, why_size, "cannot start a private worker with %s: %s", path, strerror(error));
      close(fds[0]);
      return -1;
   }
   while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
      ;
   return fds[0];
}

/* --- The handshake --- */

/* Where the bytes go. */
struct link {
   int fd;
   struct icd_virtgpu *virtgpu; /* NULL: a socket */
};

/* How many bytes; -ETIMEDOUT, -EPIPE at the end, -errno. */
static ssize_t
receive_some(const struct link *link, void *data, size_t size, int64_t deadline)
{
   for (;;) {
      int64_t left = deadline - tongs_now_ms();
      int timeout = left > 0 ? (int)left : 0;
      if (link->virtgpu) {
         ssize_t n = icd_virtgpu_recv(link->virtgpu, data, size, timeout);
         return n ? n : -ETIMEDOUT;
      }
      struct pollfd waiting = {.fd = link->fd, .events = POLLIN};
      int ready = poll(&waiting, 1, timeout);
      if (ready < 0 && errno == EINTR)
         continue;
      if (ready == 0)
         return -ETIMEDOUT;
      ssize_t n = recv(link->fd, data, size, 0);
      if (n < 0 && (errno == EINTR || errno == EAGAIN))
         continue;
      return n > 0 ? n : n < 0 ? -errno : -EPIPE;
   }
}

static bool
receive_exactly(const struct link *link, void *data, size_t size, int64_t deadline, char *why,
                size_t why_size)
{
   uint8_t *p = data;

   while (size) {
      ssize_t n = receive_some(link, p, size, deadline);
      if (n == -ETIMEDOUT) {
         snprintf(why, why_size, "the server did not answer within %d s",
                  TONGS_HELLO_TIMEOUT / 1000);
         return false;
      }
      if (n < 0) {
         snprintf(why, why_size, "the server closed the connection%s%s; its log says why",
                  n != -EPIPE ? ": " : "", n != -EPIPE ? strerror((int)-n) : "");
         return false;
      }
      p += n;
      size -= (size_t)n;
   }
   return true;
}

static bool
send_hello(const struct link *link, char *why, size_t why_size)
{
   struct tongs_encoder e;
   bool ok = false;

   tongs_encoder_init(&e);
   tongs_hello_encode(&e, false, NULL);
   struct iovec iov = {.iov_base = e.base, .iov_len = tongs_encoder_size(&e)};
   int error = e.failed ? -ENOMEM : 0;
   if (!error && link->virtgpu) { /* a hello fits in one command */
      ssize_t n = icd_virtgpu_send(link->virtgpu, iov.iov_base, iov.iov_len, NULL);
      error = n == (ssize_t)iov.iov_len ? 0 : n < 0 ? (int)n : -EMSGSIZE;
   } else if (!error) {
      error = tongs_socket_send_all(link->fd, &iov, 1, NULL, 0);
   }
   /* A server that has closed already may have said why before. */
   if (error && error != -EPIPE && error != -ECONNRESET)
      snprintf(why, why_size, "cannot send to the server: %s", strerror(-error));
   else
      ok = true;
   tongs_encoder_finish(&e);
   return ok;
}

static bool
shake_hands(const struct link *link, struct tongs_peer *peer, char *why, size_t why_size)
{
   int64_t deadline = tongs_now_ms() + TONGS_HELLO_TIMEOUT;
   uint8_t head[TONGS_HELLO_SIZE];
   bool same;

   if (!send_hello(link, why, why_size) ||
       !receive_exactly(link, head, sizeof(head), deadline, why, why_size))
      return false;
   size_t size = tongs_hello_size(head, why, why_size);
   if (!size)
      return false;

   uint8_t *whole = malloc(size);
   if (!whole) {
      snprintf(why, why_size, "out of memory");
      return false;
   }
   memcpy(whole, head, sizeof(head));
   bool ok =
      receive_exactly(link, whole + sizeof(head), size - sizeof(head), deadline, why, why_size) &&
      tongs_hello_decode(whole, size, peer, &same, why, why_size);
   free(whole);
   if (ok && peer->reason[0]) {
      snprintf(why, why_size, "the server refuses: %s", peer->reason);
      return false;
   }
   return ok;
}

bool
icd_is_memory_explicit(const char *transport)
{
   const char *text = getenv("TONGS_MEMORY");

   return !strcmp(transport, tongs_transport_name(TONGS_TRANSPORT_VSOCK)) ||
          (text && !strcmp(text, "explicit"));
}

/* --- All together --- */

static int
open_virtgpu(const char *node, struct icd_virtgpu **virtgpu, const char **transport, char *why,
             size_t why_size)
{
#ifdef TONGS_HAVE_VIRTGPU
   *virtgpu = icd_virtgpu_open(node, why, why_size);
   if (!*virtgpu)
      return -1;
   char tier = icd_virtgpu_tier(*virtgpu);
   *transport = tier == 'A'   ? "virtgpu (tier A)"
                : tier == 'B' ? "virtgpu (tier B)"
                              : "virtgpu (tier C)";
   return icd_virtgpu_fd(*virtgpu);
#else
   (void)node, (void)virtgpu, (void)transport;
   snprintf(why, why_size, "this build was made without virtio-gpu (-Dvirtgpu=)");
   return -1;
#endif
}

static int
open_socket(const struct tongs_url *url)
{
   int fd;

   if (url->transport == TONGS_TRANSPORT_UNIX)
      fd = tongs_socket_connect_unix(url->path);
   else if (url->path[0])
      fd = tongs_socket_connect_monitor(url->path, url->port);
   else
      fd = tongs_socket_connect_vsock(url->cid, url->port);
   if (fd >= 0 && (fd = tongs_fd_above_stdio(fd)) < 0)
      fd = -errno;
   return fd;
}

static int
open_server(const char *text, struct icd_virtgpu **virtgpu, const char **transport, char *why,
            size_t why_size)
{
   struct tongs_url url;

   if (tongs_url_parse(text, &url, why, why_size) < 0 ||
       tongs_url_check_carried(&url, why, why_size) < 0)
      return -1;
   if (url.transport == TONGS_TRANSPORT_SPAWN) {
      *transport = "spawn";
      return spawn_worker(why, why_size);
   }
   if (url.transport == TONGS_TRANSPORT_VIRTGPU)
      return open_virtgpu(url.path, virtgpu, transport, why, why_size);
   *transport = tongs_transport_name(url.transport);
   int fd = open_socket(&url);
   if (fd < 0) {
      snprintf(why, why_size, "cannot connect to %s: %s%s", text, strerror(-fd),
               fd == -ENOENT || fd == -ECONNREFUSED ? "; is `tongs serve` running?" : "");
      return -1;
   }
   return fd;
}

static const char *
default_server(void)
{
#ifdef TONGS_HAVE_VIRTGPU
   if (icd_virtgpu_is_there())
      return "virtgpu";
#endif
   return "spawn";
}

int
icd_connect(struct tongs_peer *peer, struct icd_virtgpu **virtgpu, const char **transport,
            char *why, size_t why_size)
{
   const char *text = getenv("TONGS_SERVER");

   *virtgpu = NULL;
   int fd = open_server(text && *text ? text : default_server(), virtgpu, transport, why, why_size);
   struct link link = {.fd = fd, .virtgpu = *virtgpu};
   if (fd < 0 || shake_hands(&link, peer, why, why_size))
      return fd;
   if (link.virtgpu)
      icd_virtgpu_close(link.virtgpu, true);
   else
      close(fd);
   *virtgpu = NULL;
   return -1;
}
