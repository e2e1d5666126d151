/* SPDX-License-Identifier: MIT */

/* What the transports over a stream socket have in common. Only the transport_*.c files include
 * this. */

#ifndef RDR_WORKER_TRANSPORT_SOCKET_H
#define RDR_WORKER_TRANSPORT_SOCKET_H

#include "renderer/worker/transport.h"

#include "tongs_gen_wire.h"

struct rdr_socket {
   struct rdr_transport base;
   int fd;
   bool has_channel;
   int fds[TONGS_FDS_MAX]; /* owned; received and not taken yet */
   unsigned fd_count;
};

/* NULL if memory is out; `fd` is closed then. */
struct rdr_socket *
rdr_socket_create(size_t size, int fd, const struct rdr_transport_ops *ops, uint32_t capabilities);

/* Receives descriptors if none wait: once there is a channel, they come with a byte that means
 * nothing. */
void
rdr_socket_await_fds(struct rdr_socket *s, int timeout_ms);

/* Forgets the first `count` descriptors, which have been taken. */
void
rdr_socket_drop_fds(struct rdr_socket *s, unsigned count);

void
rdr_socket_close(struct rdr_transport *t);
void
rdr_socket_shutdown(struct rdr_transport *t);
ssize_t
rdr_socket_send(struct rdr_transport *t, const void *data, size_t size, int fd);
void
rdr_socket_wait_writable(struct rdr_transport *t);
ssize_t
rdr_socket_receive(struct rdr_transport *t, void *data, size_t size, int timeout_ms);
void
rdr_socket_wait_for_hang_up(struct rdr_transport *t);

#endif
