/* SPDX-License-Identifier: MIT */

#include "protocol/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Aligned as sendmsg() and recvmsg() want their control data. */
union control {
   struct cmsghdr header;
   char space[CMSG_SPACE(TONGS_FDS_MAX * sizeof(int))];
};

static int
make_address(const char *path, struct sockaddr_un *address)
{
   size_t len = strlen(path);

   if (len == 0)
      return -EINVAL;
   if (len >= sizeof(address->sun_path))
      return -ENAMETOOLONG;
   *address = (struct sockaddr_un){.sun_family = AF_UNIX};
   memcpy(address->sun_path, path, len + 1);
   return 0;
}

static int
make_socket(int flags)
{
   int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

   return fd < 0 ? -errno : fd;
}

/* Locks the directory of `path`, so that of two servers that find the same stale file only one
 * replaces it. Anyone who may read the directory can hold such a lock, so after a second this
 * goes on without: the lock is a courtesy between servers, not a guard. Returns a descriptor
 * whose closing unlocks, or -1.
 */
static int
lock_directory(const char *path)
{
   char dir[sizeof(((struct sockaddr_un *)0)->sun_path)] = ".";
   const char *slash = strrchr(path, '/');
   int fd;

   if (slash)
      snprintf(dir, sizeof(dir), "%.*s", (int)(slash == path ? 1 : slash - path), path);
   fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
   if (fd < 0)
      return -1;
   for (int i = 0; i < 100; i++) {
      if (flock(fd, LOCK_EX | LOCK_NB) == 0)
         break;
      nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
   }
   return fd;
}

/* 0 when the file at `address` is a socket that nobody listens at, and is now gone. */
static int
remove_stale(const struct sockaddr_un *address)
{
   struct stat st;
   int fd, ret;

   if (lstat(address->sun_path, &st) < 0)
      return errno == ENOENT ? 0 : -errno;
   if (!S_ISSOCK(st.st_mode))
      return -EEXIST;

   fd = make_socket(SOCK_NONBLOCK);
   if (fd < 0)
      return fd;
   /* A live server whose backlog is full answers EAGAIN: only a refusal means that none is left. */
   ret = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
   close(fd);
   if (ret != -ECONNREFUSED)
      return ret == -ENOENT ? 0 : -EADDRINUSE;
   return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int
bind_and_listen(int fd, const struct sockaddr_un *address)
{
   if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
      return -errno;
   if (listen(fd, SOMAXCONN) < 0) {
      int ret = -errno;

      unlink(address->sun_path);
      return ret;
   }
   return 0;
}

int
tongs_socket_listen_unix(const char *path, mode_t mode)
{
   struct sockaddr_un address;
   int fd = -1, lock = -1, ret;

   ret = make_address(path, &address);
   if (ret < 0)
      return ret;
   fd = make_socket(SOCK_NONBLOCK);
   if (fd < 0)
      return fd;

   /* Linux gives the file the mode of the unbound socket: no moment with a wider one. */
   if (fchmod(fd, mode) < 0) {
      ret = -errno;
      goto out;
   }
   lock = lock_directory(path);
   ret = bind_and_listen(fd, &address);
   if (ret == -EADDRINUSE) {
      ret = remove_stale(&address);
      if (ret == 0)
         ret = bind_and_listen(fd, &address);
   }
out:
   if (lock >= 0)
      close(lock);
   if (ret < 0) {
      close(fd);
      return ret;
   }
   return fd;
}

int
tongs_fd_above_stdio(int fd)
{
   int moved;

   if (fd < 0 || fd > STDERR_FILENO)
      return fd;
   moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
   close(fd);
   return moved;
}

/* Sets SO_SNDTIMEO or SO_RCVTIMEO. */
static void
limit_time(int fd, int option, int timeout_ms)
{
   const struct timeval limit = {
      .tv_sec = timeout_ms / 1000,
      .tv_usec = timeout_ms % 1000 * 1000,
   };

   if (timeout_ms > 0)
      setsockopt(fd, SOL_SOCKET, option, &limit, sizeof(limit));
}

int
tongs_socket_connect_unix(const char *path, int timeout_ms)
{
   const struct timeval none = {0};
   struct sockaddr_un address;
   int fd, ret;

   ret = make_address(path, &address);
   if (ret < 0)
      return ret;
   fd = make_socket(0);
   if (fd < 0)
      return fd;
   /* connect(2) waits while the server's backlog is full. */
   limit_time(fd, SO_SNDTIMEO, timeout_ms);
   /* On a unix socket an interrupted connect() has done nothing, so it can be repeated. */
   do {
      ret = connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
   } while (ret == -EINTR);
   setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof(none));
   if (ret < 0) {
      close(fd);
      return ret == -EAGAIN ? -ETIMEDOUT : ret;
   }
   return fd;
}

/* Connects two sockets through a listener whose name the kernel chooses, in the abstract namespace.
 * 0 or -errno. */
static int
connect_pair(int fds[2])
{
   struct sockaddr_un address = {.sun_family = AF_UNIX};
   socklen_t size = sizeof(address), peer_size = sizeof(struct ucred);
   struct ucred peer = {0};
   int listener = make_socket(0);

   fds[1] = -1;
   fds[0] = make_socket(0);
   if (listener < 0 || fds[0] < 0 ||
       bind(listener, (const struct sockaddr *)&address, sizeof(sa_family_t)) < 0 ||
       listen(listener, SOMAXCONN) < 0 ||
       getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
       connect(fds[0], (const struct sockaddr *)&address, size) < 0)
      goto fail;
   do { /* another process may have connected before us */
      if (fds[1] >= 0)
         close(fds[1]);
      fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
      if (fds[1] < 0 || getsockopt(fds[1], SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) < 0)
         goto fail;
   } while (peer.pid != getpid());
   close(listener);
   return 0;

fail:;
   int error = -errno;
   for (int i = 0; i < 2; i++) {
      if (fds[i] >= 0)
         close(fds[i]);
   }
   if (listener >= 0)
      close(listener);
   return error ? error : -EIO;
}

int
tongs_socket_pair(int fds[2])
{
   /* Some filters of system calls allow sockets, but no pairs. */
   if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
      int error = -errno;
      if (connect_pair(fds) < 0)
         return error;
   }
   for (int i = 0; i < 2; i++)
      fds[i] = tongs_fd_above_stdio(fds[i]);
   if (fds[0] >= 0 && fds[1] >= 0)
      return 0;
   int error = -errno;
   for (int i = 0; i < 2; i++) {
      if (fds[i] >= 0)
         close(fds[i]);
   }
   return error;
}

/* --- Vsock --- */

static int
open_vsock(unsigned cid, unsigned port, int flags, struct sockaddr_vm *address)
{
   int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

   *address = (struct sockaddr_vm){.svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port};
   return fd < 0 ? -errno : fd;
}

int
tongs_socket_listen_vsock(unsigned cid, unsigned port)
{
   struct sockaddr_vm address;
   int fd = open_vsock(cid, port, SOCK_NONBLOCK, &address);

   if (fd < 0)
      return fd;
   if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
       listen(fd, SOMAXCONN) == 0)
      return fd;
   int error = -errno;
   close(fd);
   return error;
}

int
tongs_socket_connect_vsock(unsigned cid, unsigned port)
{
   struct sockaddr_vm address;
   int fd = open_vsock(cid, port, 0, &address);

   if (fd < 0)
      return fd;
   if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
      return fd;
   int error = -errno;
   close(fd);
   return error;
}

/* The answer is a line "OK NUMBER"; what comes after it is the stream's. */
static int
hear_monitor(int fd)
{
   char line[32];
   size_t length = 0;

   do {
      ssize_t n = length < sizeof(line) ? recv(fd, line + length, 1, 0) : 0;
      if (n < 0 && errno == EINTR)
         continue;
      if (n <= 0)
         return n < 0 ? -errno : -EPROTO;
      length++;
   } while (!length || line[length - 1] != '\n');
   return length > 3 && !memcmp(line, "OK ", 3) ? 0 : -EPROTO;
}

int
tongs_socket_connect_monitor(const char *path, unsigned port, int timeout_ms)
{
   const struct timeval none = {0};
   char line[32];
   int fd = tongs_socket_connect_unix(path, timeout_ms);

   if (fd < 0)
      return fd;
   struct iovec iov = {
      .iov_base = line,
      .iov_len = (size_t)snprintf(line, sizeof(line), "CONNECT %u\n", port),
   };
   limit_time(fd, SO_RCVTIMEO, timeout_ms);
   int error = tongs_socket_send_all(fd, &iov, 1, NULL, 0);
   if (!error)
      error = hear_monitor(fd);
   setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
   if (!error)
      return fd;
   close(fd);
   return error;
}

/* Drops the first `count` bytes of msg's vector. */
static void
advance(struct msghdr *msg, size_t count)
{
   while (msg->msg_iovlen > 0 && count >= msg->msg_iov->iov_len) {
      count -= msg->msg_iov->iov_len;
      msg->msg_iov++;
      msg->msg_iovlen--;
   }
   if (count > 0) {
      msg->msg_iov->iov_base = (char *)msg->msg_iov->iov_base + count;
      msg->msg_iov->iov_len -= count;
   }
}

static void
attach(struct msghdr *msg, union control *control, const int *fds, size_t fd_count)
{
   if (!fd_count)
      return;
   memset(control, 0, sizeof(*control));
   msg->msg_control = control;
   msg->msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
   control->header.cmsg_level = SOL_SOCKET;
   control->header.cmsg_type = SCM_RIGHTS;
   control->header.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
   memcpy(CMSG_DATA(&control->header), fds, fd_count * sizeof(int));
}

int
tongs_socket_send_all(int fd, struct iovec *iov, size_t iov_count, const int *fds, size_t fd_count)
{
   struct msghdr msg = {.msg_iov = iov, .msg_iovlen = iov_count};
   union control control;

   if (fd_count > TONGS_FDS_MAX)
      return -EINVAL;
   advance(&msg, 0);
   if (msg.msg_iovlen == 0)
      return fd_count > 0 ? -EINVAL : 0;
   attach(&msg, &control, fds, fd_count);

   while (msg.msg_iovlen > 0) {
      ssize_t n = sendmsg(fd, &msg, MSG_NOSIGNAL);

      if (n < 0 && errno == EAGAIN) {
         poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
         continue;
      }
      if (n < 0 && errno == EINTR)
         continue;
      if (n < 0)
         return -errno;
      msg.msg_control = NULL;
      msg.msg_controllen = 0;
      advance(&msg, (size_t)n);
   }
   return 0;
}

ssize_t
tongs_socket_send(int fd, const void *data, size_t size, const int *fds, size_t fd_count)
{
   struct iovec iov = {.iov_base = (void *)data, .iov_len = size};
   struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
   union control control;
   ssize_t n;

   if (fd_count > TONGS_FDS_MAX)
      return -EINVAL;
   attach(&msg, &control, fds, fd_count);
   do {
      n = fd_count ? sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT)
                   : send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
   } while (n < 0 && errno == EINTR);
   if (n >= 0)
      return n;
   /* ETOOMANYREFS: too many descriptors are on their way; the receiver takes them. */
   return errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS ? 0 : -errno;
}

/* Moves the descriptors of one control message to fds[], or closes those without a place. */
static bool
take_fds(const struct cmsghdr *header, int *fds, size_t room, size_t *count)
{
   size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
   bool fit = true;

   for (size_t i = 0; i < n; i++) {
      int received;

      memcpy(&received, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      if (*count < room) {
         fds[(*count)++] = received;
      } else {
         close(received);
         fit = false;
      }
   }
   return fit;
}

ssize_t
tongs_socket_recv(int fd, void *buf, size_t size, int *fds, size_t *fd_count)
{
   struct iovec iov = {.iov_base = buf, .iov_len = size};
   union control control;
   struct msghdr msg = {
      .msg_iov = &iov,
      .msg_iovlen = 1,
      .msg_control = &control,
      .msg_controllen = sizeof(control),
   };
   size_t room = fd_count ? *fd_count : 0, count = 0;
   bool fit = true;
   ssize_t n;

   if (fd_count)
      *fd_count = 0;
   do {
      n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
   } while (n < 0 && errno == EINTR);
   if (n < 0)
      return -errno;

   for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
      if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
         fit = take_fds(c, fds, room, &count) && fit;
   }
   if (!fit || (msg.msg_flags & MSG_CTRUNC)) {
      for (size_t i = 0; i < count; i++)
         close(fds[i]);
      return -EPROTO;
   }
   if (fd_count)
      *fd_count = count;
   return n;
}
