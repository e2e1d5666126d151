/* SPDX-License-Identifier: MIT */
#include "renderer/broker/listener.h"

#include "protocol/socket.h"
#include "protocol/url.h"
#include "renderer/broker/log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void
rdr_listener_init(struct rdr_listener *l, const struct tongs_url *url)
{
   *l = (struct rdr_listener){.url = url, .fd = -1};
}

static bool
open_vsock(struct rdr_listener *l)
{
   int fd = tongs_socket_listen_vsock(l->url->cid, l->url->port);

   if (fd < 0) {
      rdr_broker_log("cannot listen on vsock:%u:%u: %s", l->url->cid, l->url->port, strerror(-fd));
      return false;
   }
   l->fd = fd;
   return true;
}

static bool
open_unix(struct rdr_listener *l, mode_t mode)
{
   const char *path = l->url->path;
   mode_t inherited = umask(~mode & 0777);
   struct stat st;
   int fd = tongs_socket_listen_unix(path, mode);

   umask(inherited);
   if (fd == -EADDRINUSE) {
      rdr_broker_log("cannot listen on unix:%s: another server answers there; stop it or give "
                     "another path with --listen",
                     path);
      return false;
   }
   if (fd < 0) {
      rdr_broker_log("cannot listen on unix:%s: %s", path,
                     fd == -EEXIST ? "there is a file that is no socket" : strerror(-fd));
      return false;
   }
   l->fd = fd;
   if (lstat(path, &st) == 0) {
      l->dev = st.st_dev;
      l->ino = st.st_ino;
   }
   return true;
}

bool
rdr_listener_open(struct rdr_listener *l, mode_t mode)
{
   return l->url->transport == TONGS_TRANSPORT_VSOCK ? open_vsock(l) : open_unix(l, mode);
}

int
rdr_listener_accept(const struct rdr_listener *l)
{
   int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);

   if (fd >= 0)
      return fd;
   return errno == EINTR || errno == ECONNABORTED ? -EAGAIN : -errno;
}

void
rdr_listener_finish(struct rdr_listener *l)
{
   struct stat st;

   if (l->fd < 0)
      return;
   /* Remove the file before closing the socket. Otherwise a server that starts in between would
    * find a stale socket file and replace it, and we would then remove that server's file. */
   if (l->url->transport == TONGS_TRANSPORT_UNIX && lstat(l->url->path, &st) == 0 &&
       st.st_dev == l->dev && st.st_ino == l->ino)
      unlink(l->url->path);
   close(l->fd);
   l->fd = -1;
}
