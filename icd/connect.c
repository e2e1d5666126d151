/* SPDX-License-Identifier: MIT */
#include "connect.h"

#include "clock.h"
#include "encoder.h"
#include "hello.h"
#include "socket.h"
#include "url.h"

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

/* --- A private worker ------------------------------------------------------------------------------------ */

/* The `tongs` program: what TONGS_BIN names, else the one beside this library in the build tree or where it is
 * installed. */
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

/* Starts `tongs worker --detach` on one end of a socket pair and returns the other one. The worker's parent ends at
 * once, so that the application has no child to wait for. */
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

/* --- The handshake ------------------------------------------------------------------------------------------- */

static bool
receive_exactly(int fd, void *data, size_t size, int64_t deadline, char *why, size_t why_size)
{
   uint8_t *p = data;

   while (size) {
      struct pollfd waiting = {.fd = fd, .events = POLLIN};
      int64_t left = deadline - tongs_now_ms();
      int ready = poll(&waiting, 1, left > 0 ? (int)left : 0);
      if (ready < 0 && errno == EINTR)
         continue;
      if (ready == 0) {
         snprintf(why, why_size, "the server did not answer within %d s",
                  TONGS_HELLO_TIMEOUT / 1000);
         return false;
      }
      ssize_t n = recv(fd, p, size, 0);
      if (n < 0 && (errno == EINTR || errno == EAGAIN))
         continue;
      if (n <= 0) {
         snprintf(why, why_size, "the server closed the connection%s%s; its log says why",
                  n < 0 ? ": " : "", n < 0 ? strerror(errno) : "");
         return false;
      }
      p += n;
      size -= (size_t)n;
   }
   return true;
}

static bool
send_hello(int fd, char *why, size_t why_size)
{
   struct tongs_encoder e;
   bool ok = false;

   tongs_encoder_init(&e);
   tongs_hello_encode(&e, false, NULL);
   struct iovec iov = {.iov_base = e.base, .iov_len = tongs_encoder_size(&e)};
   int error = e.failed ? -ENOMEM : tongs_socket_send_all(fd, &iov, 1, NULL, 0);
   /* A server that has closed already may have said why before. */
   if (error && error != -EPIPE && error != -ECONNRESET)
      snprintf(why, why_size, "cannot send to the server: %s", strerror(-error));
   else
      ok = true;
   tongs_encoder_finish(&e);
   return ok;
}

static bool
shake_hands(int fd, struct tongs_peer *peer, char *why, size_t why_size)
{
   int64_t deadline = tongs_now_ms() + TONGS_HELLO_TIMEOUT;
   uint8_t head[TONGS_HELLO_SIZE];
   bool same;

   if (!send_hello(fd, why, why_size) ||
       !receive_exactly(fd, head, sizeof(head), deadline, why, why_size))
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
      receive_exactly(fd, whole + sizeof(head), size - sizeof(head), deadline, why, why_size) &&
      tongs_hello_decode(whole, size, peer, &same, why, why_size);
   free(whole);
   if (ok && peer->reason[0]) {
      snprintf(why, why_size, "the server refuses: %s", peer->reason);
      return false;
   }
   return ok;
}

bool
icd_is_explicit_wanted(void)
{
   const char *text = getenv("TONGS_MEMORY");
   return text && !strcmp(text, "explicit");
}

/* --- All together ---------------------------------------------------------------------------------------------- */

static int
open_server(const char *text, const char **transport, char *why, size_t why_size)
{
   struct tongs_url url;

   if (tongs_url_parse(text, &url, why, why_size) < 0 ||
       tongs_url_check_carried(&url, why, why_size) < 0)
      return -1;
   if (url.transport == TONGS_TRANSPORT_SPAWN) {
      *transport = "spawn";
      return spawn_worker(why, why_size);
   }
   *transport = "unix";
   int fd = tongs_socket_connect_unix(url.path);
   if (fd >= 0 && (fd = tongs_fd_above_stdio(fd)) < 0)
      fd = -errno;
   if (fd < 0) {
      snprintf(why, why_size, "cannot connect to %s: %s%s", text, strerror(-fd),
               fd == -ENOENT || fd == -ECONNREFUSED ? "; is `tongs serve` running?" : "");
      return -1;
   }
   return fd;
}

int
icd_connect(struct tongs_peer *peer, const char **transport, char *why, size_t why_size)
{
   const char *text = getenv("TONGS_SERVER");
   int fd = open_server(text && *text ? text : "spawn", transport, why, why_size);

   if (fd >= 0 && !shake_hands(fd, peer, why, why_size)) {
      close(fd);
      return -1;
   }
   return fd;
}
