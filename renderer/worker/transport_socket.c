/* SPDX-License-Identifier: MIT */

/* Stream sockets as a transport: a unix socket, a private worker's socket pair, vsock. */

#include "renderer/worker/transport_socket.h"

#include "protocol/ring.h"
#include "protocol/socket.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rdr_socket *
socket_from(struct rdr_transport *t)
{
   return (struct rdr_socket *)t;
}

struct rdr_socket *
rdr_socket_create(size_t size, int fd, const struct rdr_transport_ops *ops, uint32_t capabilities)
{
   struct rdr_socket *s = calloc(1, size);

   if (!s) {
      close(fd);
      return NULL;
   }
   s->base = (struct rdr_transport){.ops = ops, .capabilities = capabilities};
   s->fd = fd;
   return s;
}

void
rdr_socket_close(struct rdr_transport *t)
{
   struct rdr_socket *s = socket_from(t);

   for (unsigned i = 0; i < s->fd_count; i++)
      close(s->fds[i]);
   close(s->fd);
   free(s);
}

void
rdr_socket_shutdown(struct rdr_transport *t)
{
   shutdown(socket_from(t)->fd, SHUT_RDWR);
}

/* --- Bytes --- */

ssize_t
rdr_socket_send(struct rdr_transport *t, const void *data, size_t size, int fd)
{
   return tongs_socket_send(socket_from(t)->fd, data, size, &fd, fd >= 0 ? 1 : 0);
}

void
rdr_socket_wait_writable(struct rdr_transport *t)
{
   struct pollfd p = {.fd = socket_from(t)->fd, .events = POLLOUT};

   poll(&p, 1, -1);
}

ssize_t
rdr_socket_receive(struct rdr_transport *t, void *data, size_t size, int timeout_ms)
{
   struct rdr_socket *s = socket_from(t);
   struct pollfd p = {.fd = s->fd, .events = POLLIN};
   size_t count = TONGS_FDS_MAX - s->fd_count;

   if (timeout_ms >= 0 && poll(&p, 1, timeout_ms) <= 0)
      return 0;
   ssize_t n = tongs_socket_recv(s->fd, data, size, s->fds + s->fd_count, &count);
   s->fd_count += (unsigned)count;
   return n ? n : -EPIPE;
}

void
rdr_socket_wait_for_hang_up(struct rdr_transport *t)
{
   struct pollfd p = {.fd = socket_from(t)->fd, .events = POLLRDHUP};

   while (poll(&p, 1, -1) < 0 && errno == EINTR)
      ;
}

/* --- Descriptors and memory --- */

void
rdr_socket_await_fds(struct rdr_socket *s, int timeout_ms)
{
   uint8_t byte;

   if (!s->fd_count && s->has_channel)
      rdr_socket_receive(&s->base, &byte, sizeof(byte), timeout_ms);
}

void
rdr_socket_drop_fds(struct rdr_socket *s, unsigned count)
{
   s->fd_count -= count;
   memmove(s->fds, s->fds + count, s->fd_count * sizeof(s->fds[0]));
}

/* The client sends a descriptor before it puts the op into the ring, so we need not wait. */
static int
receive_fd(struct rdr_transport *t)
{
   struct rdr_socket *s = socket_from(t);

   rdr_socket_await_fds(s, 0);
   if (!s->fd_count)
      return -1;
   int fd = s->fds[0];
   rdr_socket_drop_fds(s, 1);
   return fd;
}

static const char *
map_memory(struct rdr_transport *t, int fd, uint64_t size, struct rdr_shared_memory *memory)
{
   (void)t;
   return rdr_shared_memory_map(memory, fd, size);
}

static const struct tongs_bell *
start_channel(struct rdr_transport *t)
{
   socket_from(t)->has_channel = true;
   return &tongs_futex_bell;
}

struct rdr_transport *
rdr_transport_open_socket(int fd)
{
   static const struct rdr_transport_ops ops = {
      .close = rdr_socket_close,
      .shutdown = rdr_socket_shutdown,
      .send = rdr_socket_send,
      .wait_writable = rdr_socket_wait_writable,
      .receive = rdr_socket_receive,
      .receive_fd = receive_fd,
      .map_memory = map_memory,
      .start_channel = start_channel,
      .wait_for_hang_up = rdr_socket_wait_for_hang_up,
   };
   struct rdr_socket *s = rdr_socket_create(sizeof(*s), fd, &ops,
                                            RDR_TRANSPORT_PASSES_FDS | RDR_TRANSPORT_SHARES_MEMORY);

   return s ? &s->base : NULL;
}
