/* SPDX-License-Identifier: MIT */
#include "renderer/virtio/stream.h"

#include "protocol/socket.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE TONGS_VIRTGPU_PAGE

/* Bytes for the worker, and the descriptors to send with the first byte. */
struct chunk {
   struct tongs_list link; /* in rdr_virtio_stream.chunks */
   size_t size;
   size_t sent;
   unsigned fd_count;
   int fds[RDR_VIRTIO_STREAM_FDS_MAX];
   uint8_t data[];
};

/* --- The words in the pages --- */

/* The words at the start of the pages; NULL if the monitor has removed the memory. */
static struct tongs_virtgpu_stream *
words(const struct rdr_virtio_stream *stream)
{
   return rdr_guest_memory_at(stream->memory, stream->pages[0], PAGE);
}

static void
publish(const uint32_t *word, uint32_t value)
{
   /* Pairs with the acquiring loads of the driver (icd/transport/virtgpu.c). */
   atomic_store_explicit((_Atomic uint32_t *)word, value, memory_order_release);
}

/* How many bytes the pages have room for; 0 if the client has written an impossible count. */
static uint32_t
room(const struct rdr_virtio_stream *stream, const struct tongs_virtgpu_stream *w)
{
   /* Pairs with the releasing store of the driver (icd/transport/virtgpu.c). */
   uint32_t consumed =
      atomic_load_explicit((const _Atomic uint32_t *)&w->consumed, memory_order_seq_cst);
   uint32_t used = stream->produced - consumed;

   return used > TONGS_VIRTGPU_DATA ? 0 : TONGS_VIRTGPU_DATA - used;
}

/* --- Life --- */

struct rdr_virtio_stream *
rdr_virtio_stream_create(const struct rdr_guest_memory *memory, uint32_t resource,
                         const uint64_t *pages, int fd)
{
   struct rdr_virtio_stream *stream = calloc(1, sizeof(*stream));

   if (!stream)
      return NULL;
   stream->fd = fd;
   stream->memory = memory;
   stream->resource = resource;
   tongs_list_init(&stream->chunks);
   stream->state = TONGS_VIRTGPU_STREAM_OPEN;
   memcpy(stream->pages, pages, sizeof(stream->pages));
   struct tongs_virtgpu_stream *w = words(stream);
   if (w)
      publish(&w->state, TONGS_VIRTGPU_STREAM_OPEN);
   return stream;
}

static void
drop_chunk(struct rdr_virtio_stream *stream, struct chunk *chunk)
{
   tongs_list_remove(&chunk->link);
   stream->queued_fds -= chunk->fd_count;
   for (unsigned i = 0; i < chunk->fd_count; i++)
      close(chunk->fds[i]);
   free(chunk);
}

static void
drop_chunks(struct rdr_virtio_stream *stream)
{
   tongs_list_for_each_safe(struct chunk, chunk, &stream->chunks, link)
      drop_chunk(stream, chunk);
}

void
rdr_virtio_stream_close(struct rdr_virtio_stream *stream)
{
   struct tongs_virtgpu_stream *w = words(stream);
   bool was_open = stream->state != TONGS_VIRTGPU_STREAM_CLOSED;

   if (stream->fd >= 0)
      close(stream->fd);
   stream->fd = -1;
   drop_chunks(stream);
   stream->state = TONGS_VIRTGPU_STREAM_CLOSED;
   /* Write the words only the first time: after that, the guest may reuse the pages. */
   if (w && was_open)
      publish(&w->state, TONGS_VIRTGPU_STREAM_CLOSED);
}

void
rdr_virtio_stream_abandon(struct rdr_virtio_stream *stream)
{
   stream->state = TONGS_VIRTGPU_STREAM_CLOSED;
   rdr_virtio_stream_close(stream);
}

void
rdr_virtio_stream_destroy(struct rdr_virtio_stream *stream)
{
   if (!stream)
      return;
   rdr_virtio_stream_close(stream);
   free(stream);
}

/* --- To the worker --- */

bool
rdr_virtio_stream_send(struct rdr_virtio_stream *stream, const void *data, size_t size,
                       const int *fds, unsigned fd_count)
{
   struct chunk *chunk = NULL;

   bool fits = size <= TONGS_VIRTGPU_CREDIT - stream->queued && (size || !fd_count);
   /* Do not queue an empty chunk. It would take memory but no credit, so the client could queue any
    * number. */
   if (fits && !size && stream->fd >= 0)
      return true;
   if (fits && !stream->deaf && stream->fd >= 0)
      chunk = malloc(sizeof(*chunk) + size);
   if (!chunk) {
      for (unsigned i = 0; i < fd_count; i++)
         close(fds[i]);
      if (!stream->deaf)
         rdr_virtio_stream_close(stream);
      return fits && stream->deaf;
   }
   *chunk = (struct chunk){.size = size, .fd_count = fd_count};
   if (fd_count)
      memcpy(chunk->fds, fds, fd_count * sizeof(*fds));
   if (size)
      memcpy(chunk->data, data, size);
   tongs_list_append(&stream->chunks, &chunk->link);
   stream->queued += size;
   stream->queued_fds += fd_count;
   return true;
}

static ssize_t
send_some(int fd, const struct chunk *chunk)
{
   union {
      struct cmsghdr header;
      char space[CMSG_SPACE(RDR_VIRTIO_STREAM_FDS_MAX * sizeof(int))];
   } control;
   struct iovec iov = {
      .iov_base = (void *)(chunk->data + chunk->sent),
      .iov_len = chunk->size - chunk->sent,
   };
   struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

   if (chunk->fd_count) {
      memset(&control, 0, sizeof(control));
      msg.msg_control = &control;
      msg.msg_controllen = CMSG_SPACE(chunk->fd_count * sizeof(int));
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN(chunk->fd_count * sizeof(int));
      memcpy(CMSG_DATA(&control.header), chunk->fds, chunk->fd_count * sizeof(int));
   }
   return sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Sends what is queued. False if the worker is gone. */
static bool
pump_out(struct rdr_virtio_stream *stream)
{
   struct chunk *chunk;

   while ((chunk = tongs_list_first(&stream->chunks, struct chunk, link))) {
      ssize_t n = chunk->size > chunk->sent ? send_some(stream->fd, chunk) : 0;
      if (n < 0 && errno == EINTR)
         continue;
      /* These errors do not concern this socket: poll(2) would report it as writable at once. */
      stream->crowded = n < 0 && (errno == ETOOMANYREFS || errno == ENOBUFS || errno == ENOMEM);
      if (n < 0)
         return errno == EAGAIN || stream->crowded;
      if (n) {
         stream->queued_fds -= chunk->fd_count;
         while (chunk->fd_count)
            close(chunk->fds[--chunk->fd_count]);
      }
      chunk->sent += (size_t)n;
      stream->queued -= (size_t)n;
      stream->taken += (uint32_t)n;
      if (chunk->sent == chunk->size)
         drop_chunk(stream, chunk);
   }
   return true;
}

/* --- To the client --- */

/* Receives into the pages. Because they are not contiguous, receives at most to the end of one
 * page. */
static ssize_t
receive_some(struct rdr_virtio_stream *stream, uint32_t size)
{
   uint32_t at = stream->produced % TONGS_VIRTGPU_DATA;
   uint32_t in_page = PAGE - at % PAGE;
   uint8_t *page = rdr_guest_memory_at(stream->memory, stream->pages[1 + at / PAGE], PAGE);
   int fds[TONGS_FDS_MAX];
   size_t fd_count = TONGS_FDS_MAX;

   if (!page)
      return 0;
   ssize_t n = tongs_socket_recv(stream->fd, page + at % PAGE, size < in_page ? size : in_page, fds,
                                 &fd_count);
   /* Close descriptors that the worker sends, because they cannot be passed into a guest. */
   for (size_t i = 0; n >= 0 && i < fd_count; i++)
      close(fds[i]);
   return n;
}

static void
set_full(struct rdr_virtio_stream *stream, struct tongs_virtgpu_stream *w, bool full)
{
   stream->full = full;
   /* The store comes before the next load of `consumed`. The client does the reverse: it stores
    * `consumed`, then loads `full`. So one of the two sees the other. */
   atomic_store_explicit((_Atomic uint32_t *)&w->full, full, memory_order_seq_cst);
}

/* Receives at most as many bytes as the pages hold; without that limit, a client that reads at the
 * same time could keep this loop running forever. False if the worker is gone. */
static bool
pump_in(struct rdr_virtio_stream *stream, struct tongs_virtgpu_stream *w)
{
   for (uint32_t begin = stream->produced; stream->produced - begin < TONGS_VIRTGPU_DATA;) {
      uint32_t free_bytes = room(stream, w);
      if (!free_bytes && !stream->full) {
         set_full(stream, w, true);
         free_bytes = room(stream, w);
      }
      if (!free_bytes)
         return true;
      if (stream->full)
         set_full(stream, w, false);
      ssize_t n = receive_some(stream, free_bytes);
      if (n == -EAGAIN)
         return true;
      if (n <= 0)
         return false;
      stream->produced += (uint32_t)n;
   }
   return true;
}

short
rdr_virtio_stream_events(const struct rdr_virtio_stream *stream)
{
   return (short)((stream->full ? 0 : POLLIN) |
                  (!tongs_list_is_empty(&stream->chunks) && !stream->crowded ? POLLOUT : 0));
}

bool
rdr_virtio_stream_pump(struct rdr_virtio_stream *stream)
{
   struct tongs_virtgpu_stream *w = words(stream);
   uint32_t produced = stream->produced, taken = stream->taken, state = stream->state;

   if (stream->fd < 0)
      return false;
   if (w && !stream->deaf && !pump_out(stream)) {
      stream->deaf = true;
      drop_chunks(stream);
   }
   /* Receives from a deaf worker too, because the client must get the bytes that the worker has
    * sent. */
   bool there = w && pump_in(stream, w);
   if (w && produced != stream->produced)
      publish(&w->produced, stream->produced);
   if (w && taken != stream->taken)
      publish(&w->taken, stream->taken);
   if (!there)
      rdr_virtio_stream_close(stream);
   return produced != stream->produced || taken != stream->taken || state != stream->state;
}

bool
rdr_virtio_stream_is_seen(const struct rdr_virtio_stream *stream, const uint32_t seen[2])
{
   return stream->state == TONGS_VIRTGPU_STREAM_OPEN && stream->produced == seen[0] &&
          stream->taken == seen[1];
}
