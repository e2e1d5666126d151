/* SPDX-License-Identifier: MIT */

/* The common code of the transports over a stream socket. Only the transport_*.c files include this
 * header. */

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

/* Owns `fd`. NULL if memory is out, with `fd` closed. */
struct rdr_socket *
rdr_socket_create(size_t size, int fd, const struct rdr_transport_ops *ops, uint32_t capabilities);

/* Receives descriptors unless some are pending. With a channel, descriptors come with a byte that
 * has no meaning. */
void
rdr_socket_await_fds(struct rdr_socket *s, int timeout_ms);

/* Removes the first `count` descriptors from the array; their owner is now the caller. */
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
