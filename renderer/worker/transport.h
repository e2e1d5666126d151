/* SPDX-License-Identifier: MIT */

/* A transport: how the bytes of one connection travel between the worker and its client. The
 * client's side has the same seam (icd/transport/transport.h).
 *
 *    input.c (whole ops)    replies.c
 *        |  struct rdr_transport_ops, or channel.c once there is a channel
 *    transport_socket.c    transport_virtio.c    (transport_tls.c)
 *
 * Only the transport_*.c files know a socket. All other code asks for capabilities. To add a
 * transport, write one file with a struct of these functions and an opener.
 *
 * Bytes. Each direction is a stream in order. A transport keeps no message boundaries.
 *
 * Readiness. A transport may hold bytes that its file descriptor does not show, as TLS does. So
 * code outside a transport must not poll its file descriptor. receive() and wait_writable() check
 * the transport's own buffers before they sleep.
 *
 * Threads. At a time, one thread may send (the holder of the context's reply_lock), the decoder's
 * thread receives and maps, one thread waits for the hang-up, and any thread may call shutdown() or
 * ring the bell. After shutdown(), blocked functions of other threads return soon.
 *
 * Errors. Functions return -errno and log nothing. An error of send() or receive() is final. */

#ifndef RDR_WORKER_TRANSPORT_H
#define RDR_WORKER_TRANSPORT_H

#include "renderer/worker/shared_memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tongs_bell;

/* The abilities of a transport. Constant once the transport is open. */
enum rdr_transport_capability {
   /* File descriptors cross in both directions: send() takes one, receive_fd() returns them. */
   RDR_TRANSPORT_PASSES_FDS = 1 << 0,
   /* map_memory() works: the client may share heaps and a channel. */
   RDR_TRANSPORT_SHARES_MEMORY = 1 << 1,
};

struct rdr_transport {
   const struct rdr_transport_ops *ops;
   uint32_t capabilities; /* enum rdr_transport_capability */
};

struct rdr_transport_ops {
   /* Ends the stream and frees the transport. */
   void (*close)(struct rdr_transport *t);

   /* Ends the stream. May be called twice. */
   void (*shutdown)(struct rdr_transport *t);

   /* Sends some of the bytes without waiting, and the descriptor with the first byte. The caller
    * keeps `fd`; -1: none. Returns the number of bytes sent; 0: it would block, and the descriptor
    * was not sent; -errno. */
   ssize_t (*send)(struct rdr_transport *t, const void *data, size_t size, int fd);

   /* Waits, without a time limit, until send() would not return 0. May return spuriously. */
   void (*wait_writable)(struct rdr_transport *t);

   /* Receives the available bytes. If there are none, waits up to `timeout_ms` (negative: without
    * limit). Returns the number of bytes; 0: none came in time; -EPIPE at EOF; -EPROTO: more
    * descriptors came than any op takes; another -errno. */
   ssize_t (*receive)(struct rdr_transport *t, void *data, size_t size, int timeout_ms);

   /* Returns the next descriptor in the order of arrival, which the caller then owns; -1: none has
    * come. Only with RDR_TRANSPORT_PASSES_FDS. */
   int (*receive_fd)(struct rdr_transport *t);

   /* Maps memory that the client shares by an op. `fd` came with the op and is closed in every
    * case; -1: none came. A transport that passes no descriptors finds the memory itself. The
    * memory must have at least `size` bytes. Returns NULL, or the reason of the failure. Only with
    * RDR_TRANSPORT_SHARES_MEMORY. */
   const char *(*map_memory)(struct rdr_transport *t, int fd, uint64_t size,
                             struct rdr_shared_memory *memory);

   /* Tells the transport that a channel carries all bytes from now on; the transport then carries
    * descriptors, memory and wake-ups. Returns the bell with which the rings wake the client; it
    * lives as long as the transport. Only with RDR_TRANSPORT_SHARES_MEMORY. */
   const struct tongs_bell *(*start_channel)(struct rdr_transport *t);

   /* Blocks until the client has shut down its direction of the stream or the stream is over. Bytes
    * that the client sent before may not have been received yet. */
   void (*wait_for_hang_up)(struct rdr_transport *t);
};

/* Opens a transport over a stream socket to a client. It has capabilities only if the client runs
 * on the same kernel. Owns `fd`, also on failure. NULL if memory is out. */
struct rdr_transport *
rdr_transport_open_socket(int fd);

/* Opens a transport over a stream socket to the device process of a virtual machine. The client's
 * memory arrives as guest pages (guest_pages.h), and each byte that we send rings the client's
 * bell. Otherwise as rdr_transport_open_socket(). */
struct rdr_transport *
rdr_transport_open_virtio(int fd);

#endif
