/* SPDX-License-Identifier: MIT */

/* A transport: how the bytes of one connection travel between the client and its worker.
 *
 *    connection (stream, calls, completion)
 *        |  struct icd_transport_ops
 *    channel.c                      the rings: a layer over a transport that shares memory
 *        |  struct icd_transport_ops
 *    socket.c    virtgpu.c    (tls.c)
 *
 * Only the files in icd/transport/ use sockets, device nodes and names of transports. All other
 * code checks capabilities. To add a transport, write one file with a struct of these functions and
 * an opener, and add the opener to the table in transport.c (and the scheme to protocol/url.c).
 *
 * Bytes. Each direction is a stream in order. A transport keeps no message boundaries: send() may
 * take a part of the bytes, and receive() may return any part of what the peer has sent.
 *
 * Readiness. A transport may hold bytes that its file descriptor does not show: TLS has decrypted
 * bytes in a buffer, virtio-gpu keeps them in shared pages. So code outside a transport must not
 * poll its file descriptor. wait() and receive() check the transport's own buffers before they
 * sleep. send() returns 0 if it "would block", which means that the transport can take no byte now,
 * neither into its own buffers nor to the peer. If a transport must receive before it can send (a
 * TLS handshake), it does that itself, within send(), receive() and wait().
 *
 * The end. has_hung_up() tells whether the peer has shut down its direction of the stream. Bytes
 * that the peer sent before may not have been received yet: receive() returns -EPIPE only after the
 * last of them. If a transport has a closing message and the stream ends without it (TLS without
 * close_notify), receive() returns an error.
 *
 * Threads. One thread at a time sends (the holder of the connection's stream_lock), and one thread
 * at a time receives (see icd_start_receiving()). Only the sending thread calls wait() for
 * ICD_TRANSPORT_WRITABLE, and only the receiving thread calls it for ICD_TRANSPORT_READABLE. Any
 * thread may call the other functions. After shutdown(), blocked functions of all threads return
 * soon.
 *
 * Errors. Functions return -errno and log nothing. An error of send(), receive() or wait() is
 * final: the connection loses the transport. Openers write a sentence into `why`.
 *
 * fork(). A child owns a copy of the transport, but the stream belongs to its parent. In a child,
 * the connection does not send, receive or shut the stream down. It passes `inherited` to close()
 * and destroy_memory(). */

#ifndef ICD_TRANSPORT_H
#define ICD_TRANSPORT_H

#include "protocol/ring.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tongs_url;

/* The abilities of a transport. Constant once the transport is open. */
enum icd_transport_capability {
   /* File descriptors cross in both directions: send() takes one, receive_fd() returns them. */
   ICD_TRANSPORT_PASSES_FDS = 1 << 0,
   /* Memory from create_memory() reaches the worker: the connection opens a channel in it. */
   ICD_TRANSPORT_SHARES_MEMORY = 1 << 1,
   /* The application's memory may be shared as well: host-visible memory types are "shared". */
   ICD_TRANSPORT_SHARES_HEAPS = 1 << 2,
   /* The pages of shared memory are guest pages, which are allocated at once and never returned to
    * the kernel. So heaps are smaller. */
   ICD_TRANSPORT_PAGES_ARE_RESIDENT = 1 << 3,
   /* The memory is an object of the transport: the worker must be told to unmap it before
    * destroy_memory(). */
   ICD_TRANSPORT_KEEPS_MEMORY = 1 << 4,
   /* The worker runs on the same kernel as the client. */
   ICD_TRANSPORT_IS_LOCAL = 1 << 5,
   /* The worker was started for this process and serves it alone. */
   ICD_TRANSPORT_IS_PRIVATE = 1 << 6,
};

/* The events that wait() waits for. */
enum icd_transport_event {
   ICD_TRANSPORT_READABLE = 1 << 0, /* receive() would return something other than 0 */
   ICD_TRANSPORT_WRITABLE = 1 << 1, /* send() would return something other than 0 */
};

/* Memory that can be shared with the worker, mapped in this process. */
struct icd_shared_memory {
   void *data; /* NULL: none */
   uint64_t size;
   int fd;                    /* the sealed memfd that it is; -1: it has no descriptor */
   uint32_t handle, resource; /* the transport's names of it */
};

enum icd_memory_use {
   ICD_MEMORY_FOR_CHANNEL,
   ICD_MEMORY_FOR_HEAP, /* host memory, if the transport has it */
};

struct icd_transport {
   const struct icd_transport_ops *ops;
   const char *name;      /* for messages and driverInfo only */
   uint32_t capabilities; /* enum icd_transport_capability */
   size_t flush_size;     /* bytes: posts are collected up to this size, then sent */
};

struct icd_transport_ops {
   /* Closes the transport and frees it. `inherited`: called in a child of fork(), which frees its
    * copies without affecting the peer. */
   void (*close)(struct icd_transport *t, bool inherited);

   /* Ends the stream. Every thread that sends, receives or waits returns. Bytes that have arrived
    * can still be received without waiting. May be called twice. */
   void (*shutdown)(struct icd_transport *t);

   /* Sends some of the bytes without waiting. `attached` is sent with the first byte; NULL:
    * nothing. It is memory of create_memory(), or, on a transport that passes descriptors, any
    * struct with an `fd`, which the caller keeps. Returns the number of bytes sent; 0: it would
    * block, and `attached` was not sent; -errno. */
   ssize_t (*send)(struct icd_transport *t, const void *data, size_t size,
                   const struct icd_shared_memory *attached);

   /* Receives the available bytes. If there are none, waits up to `timeout_ms` (negative: without
    * limit). Returns the number of bytes; 0: none came in time (0 may also be returned spuriously);
    * -EPIPE at EOF; another -errno. */
   ssize_t (*receive)(struct icd_transport *t, void *data, size_t size, int timeout_ms);

   /* Returns the next descriptor in the order of arrival, which the caller then owns; -1: none has
    * come. Called by the receiving thread. */
   int (*receive_fd)(struct icd_transport *t);

   /* Waits up to `timeout_ms` (negative: without limit) for one of the events. Returns the events
    * that have occurred; 0: none (0 may also be returned spuriously); -errno: the transport has
    * ended. An end counts as both events unless the transport returns an error for it. */
   int (*wait)(struct icd_transport *t, unsigned events, int timeout_ms);

   bool (*has_hung_up)(struct icd_transport *t);

   /* Allocates zeroed memory and maps it. Returns 0; or -errno, with *memory zeroed. Only with
    * ICD_TRANSPORT_SHARES_MEMORY. */
   int (*create_memory)(struct icd_transport *t, enum icd_memory_use use, uint64_t size,
                        struct icd_shared_memory *memory);

   /* Unmaps and frees the memory. *memory may be zeroed. */
   void (*destroy_memory)(struct icd_transport *t, struct icd_shared_memory *memory,
                          bool inherited);

   /* Tells the transport that a channel in `memory` carries all bytes from now on; the transport
    * then carries descriptors, memory and wake-ups. Returns the bell with which the rings wake the
    * worker; it lives as long as the transport. Only with ICD_TRANSPORT_SHARES_MEMORY. */
   const struct tongs_bell *(*start_channel)(struct icd_transport *t,
                                             const struct icd_shared_memory *memory);

   /* Wakes the threads of this process that sleep on a word of the channel by the bell of
    * start_channel(). */
   void (*wake)(struct icd_transport *t, _Atomic uint32_t *word);
};

/* Opens a transport to the server that TONGS_SERVER names. If the variable is not set, opens the
 * first default transport in the table that finds its device, else starts a private worker. NULL on
 * failure, with a sentence in `why`. The caller closes the transport with close(). */
struct icd_transport *
icd_transport_open(char *why, size_t why_size);

/* How many forks, since the library was loaded, lie behind this process, as far as transports were
 * open. It differs between a parent and its child. */
uint32_t
icd_transport_forks(void);

/* --- For the files in icd/transport/ --- */

/* Opens the transport that `url` names. `shares_nothing`: TONGS_MEMORY=explicit is set, because the
 * server is on another machine (for example behind ssh), which the URL does not show. Then
 * descriptors are not passed and heaps are not shared. */
typedef struct icd_transport *(*icd_transport_opener)(const struct tongs_url *url,
                                                      bool shares_nothing, char *why,
                                                      size_t why_size);

struct icd_transport *
icd_transport_open_unix(const struct tongs_url *url, bool shares_nothing, char *why,
                        size_t why_size);

struct icd_transport *
icd_transport_open_vsock(const struct tongs_url *url, bool shares_nothing, char *why,
                         size_t why_size);

/* Starts a private worker. */
struct icd_transport *
icd_transport_open_spawn(const struct tongs_url *url, bool shares_nothing, char *why,
                         size_t why_size);

/* Makes a transport over a connected stream socket, which it owns, also on failure. NULL if memory
 * is out. */
struct icd_transport *
icd_transport_from_socket(int fd, const char *name, uint32_t capabilities);

struct icd_transport *
icd_transport_open_virtgpu(const struct tongs_url *url, bool shares_nothing, char *why,
                           size_t why_size);

/* Whether there is a render node of a Tongs device. */
bool
icd_transport_finds_virtgpu(void);

/* Posts are collected up to this many bytes on transports on which sending takes a system call. */
#define ICD_FLUSH_SIZE ((size_t)32 * 1024)

#endif
