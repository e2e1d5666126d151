/* SPDX-License-Identifier: MIT */

/* The virtio stream of one context (tongs/virtgpu.h): the bytes between a client in a guest and its
 * worker. The stream has the socket to the worker, a queue of bytes for it, and the guest pages
 * through which the worker's bytes reach the client. One thread. */

#ifndef RDR_VIRTIO_STREAM_H
#define RDR_VIRTIO_STREAM_H

#include "protocol/tongs_list.h"
#include "renderer/virtio/guest_memory.h"
#include "tongs/virtgpu.h"

/* How many WAIT commands of one stream may be pending. On a further one, the device answers the
 * oldest. */
#define RDR_VIRTIO_STREAM_WAITS_MAX 8
/* The largest number of descriptors that are sent for one resource's pages. */
#define RDR_VIRTIO_STREAM_FDS_MAX (TONGS_PAGES_FILES_MAX + 2)

struct rdr_virtio_request;

struct rdr_virtio_stream {
   int fd; /* the socket to the worker; owned; -1: the worker is gone */
   const struct rdr_guest_memory *memory;

   /* The guest-physical addresses of the stream's pages, and the resource that they belong to. */
   uint64_t pages[TONGS_VIRTGPU_STREAM_SIZE / TONGS_VIRTGPU_PAGE];
   uint32_t resource;

   /* Private copies of the words of struct tongs_virtgpu_stream. The device uses these, because the
    * guest can overwrite the ones in its pages. */
   uint32_t state;
   uint32_t produced;
   uint32_t taken;
   bool full;

   bool deaf; /* the worker no longer receives; bytes that it has sent may still arrive */

   struct tongs_list chunks; /* of struct chunk.link: bytes for the worker, oldest first; owned */
   size_t queued;            /* bytes in the chunks that are not sent */
   unsigned queued_fds;

   /* The kernel has no room for more bytes or descriptors in flight. rdr_virtio_stream_pump() must
    * be called again after a while, because poll(2) does not report when there is room. */
   bool crowded;
};

/* Owns `fd` if it succeeds. NULL if memory is out. */
struct rdr_virtio_stream *
rdr_virtio_stream_create(const struct rdr_guest_memory *memory, uint32_t resource,
                         const uint64_t *pages, int fd);

/* Closes the stream. NULL is fine. */
void
rdr_virtio_stream_destroy(struct rdr_virtio_stream *stream);

/* Closes the socket and sets the word in the pages that tells the client that the worker is
 * gone. */
void
rdr_virtio_stream_close(struct rdr_virtio_stream *stream);

/* Closes the socket without writing to the pages, which the guest may have reused. */
void
rdr_virtio_stream_abandon(struct rdr_virtio_stream *stream);

/* Queues bytes for the worker, and descriptors to send with the first byte. Owns the descriptors in
 * every case. False, with the stream closed, if the client exceeds its credit or memory is out. */
bool
rdr_virtio_stream_send(struct rdr_virtio_stream *stream, const void *data, size_t size,
                       const int *fds, unsigned fd_count);

/* The events to poll the socket for. */
short
rdr_virtio_stream_events(const struct rdr_virtio_stream *stream);

/* Moves as many bytes in both directions as possible without blocking. True if a word of the pages
 * has changed. */
bool
rdr_virtio_stream_pump(struct rdr_virtio_stream *stream);

/* Whether `produced` and `taken` still have the values that the client has seen. */
bool
rdr_virtio_stream_is_seen(const struct rdr_virtio_stream *stream, const uint32_t seen[2]);

#endif
