/* SPDX-License-Identifier: MIT */
#include "renderer/virtio/virtgpu_link.h"

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

/* Bytes to the worker, and the descriptors that go with the first one. */
struct rdr_link_chunk {
   struct rdr_link_chunk *next;
   size_t size;
   size_t sent;
   unsigned fd_count;
   int fds[RDR_LINK_FDS_MAX];
   uint8_t data[];
};

/* --- The words in the pages --- */

/* NULL when the monitor took the memory away. */
static struct tongs_virtgpu_link *
words(const struct rdr_link *link)
{
   return rdr_guest_memory_at(link->memory, link->pages[0], PAGE);
}

static void
publish(const uint32_t *word, uint32_t value)
{
   /* With the acquiring loads of icd/virtgpu.c. */
   atomic_store_explicit((_Atomic uint32_t *)word, value, memory_order_release);
}

/* Room for bytes to the guest. One that says nonsense has none. */
static uint32_t
room(const struct rdr_link *link, const struct tongs_virtgpu_link *w)
{
   /* With the releasing store of icd/virtgpu.c. */
   uint32_t consumed =
      atomic_load_explicit((const _Atomic uint32_t *)&w->consumed, memory_order_seq_cst);
   uint32_t used = link->produced - consumed;

   return used > TONGS_VIRTGPU_DATA ? 0 : TONGS_VIRTGPU_DATA - used;
}

/* --- Life --- */

struct rdr_link *
rdr_link_create(const struct rdr_guest_memory *memory, uint32_t resource, const uint64_t *pages,
                int fd)
{
   struct rdr_link *link = calloc(1, sizeof(*link));

   if (!link)
      return NULL;
   link->fd = fd;
   link->memory = memory;
   link->resource = resource;
   link->last = &link->first;
   link->state = TONGS_VIRTGPU_LINK_OPEN;
   memcpy(link->pages, pages, sizeof(link->pages));
   struct tongs_virtgpu_link *w = words(link);
   if (w)
      publish(&w->state, TONGS_VIRTGPU_LINK_OPEN);
   return link;
}

static void
drop_first(struct rdr_link *link)
{
   struct rdr_link_chunk *chunk = link->first;

   link->first = chunk->next;
   if (!link->first)
      link->last = &link->first;
   link->queued_fds -= chunk->fd_count;
   for (unsigned i = 0; i < chunk->fd_count; i++)
      close(chunk->fds[i]);
   free(chunk);
}

void
rdr_link_close(struct rdr_link *link)
{
   struct tongs_virtgpu_link *w = words(link);
   bool was_open = link->state != TONGS_VIRTGPU_LINK_CLOSED;

   if (link->fd >= 0)
      close(link->fd);
   link->fd = -1;
   while (link->first)
      drop_first(link);
   link->state = TONGS_VIRTGPU_LINK_CLOSED;
   /* Once: the pages may be the guest's again, for something else. */
   if (w && was_open)
      publish(&w->state, TONGS_VIRTGPU_LINK_CLOSED);
}

void
rdr_link_abandon(struct rdr_link *link)
{
   link->state = TONGS_VIRTGPU_LINK_CLOSED;
   rdr_link_close(link);
}

void
rdr_link_destroy(struct rdr_link *link)
{
   if (!link)
      return;
   rdr_link_close(link);
   free(link);
}

/* --- To the worker --- */

bool
rdr_link_send(struct rdr_link *link, const void *data, size_t size, const int *fds,
              unsigned fd_count)
{
   struct rdr_link_chunk *chunk = NULL;

   bool fits = size <= TONGS_VIRTGPU_CREDIT - link->queued && (size || !fd_count);
   /* A chunk of no bytes would count for nothing in the window. */
   if (fits && !size && link->fd >= 0)
      return true;
   if (fits && !link->deaf && link->fd >= 0)
      chunk = malloc(sizeof(*chunk) + size);
   if (!chunk) {
      for (unsigned i = 0; i < fd_count; i++)
         close(fds[i]);
      if (!link->deaf)
         rdr_link_close(link);
      return fits && link->deaf;
   }
   *chunk = (struct rdr_link_chunk){.size = size, .fd_count = fd_count};
   if (fd_count)
      memcpy(chunk->fds, fds, fd_count * sizeof(*fds));
   if (size)
      memcpy(chunk->data, data, size);
   *link->last = chunk;
   link->last = &chunk->next;
   link->queued += size;
   link->queued_fds += fd_count;
   return true;
}

static ssize_t
send_some(int fd, const struct rdr_link_chunk *chunk)
{
   union {
      struct cmsghdr header;
      char space[CMSG_SPACE(RDR_LINK_FDS_MAX * sizeof(int))];
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

/* False when the worker is gone. */
static bool
pump_out(struct rdr_link *link)
{
   while (link->first) {
      struct rdr_link_chunk *chunk = link->first;
      ssize_t n = chunk->size > chunk->sent ? send_some(link->fd, chunk) : 0;
      if (n < 0 && errno == EINTR)
         continue;
      /* All but the first are no matter of this socket, which would be found writable at once. */
      link->crowded = n < 0 && (errno == ETOOMANYREFS || errno == ENOBUFS || errno == ENOMEM);
      if (n < 0)
         return errno == EAGAIN || link->crowded;
      if (n) {
         link->queued_fds -= chunk->fd_count;
         while (chunk->fd_count)
            close(chunk->fds[--chunk->fd_count]);
      }
      chunk->sent += (size_t)n;
      link->queued -= (size_t)n;
      link->taken += (uint32_t)n;
      if (chunk->sent == chunk->size)
         drop_first(link);
   }
   return true;
}

/* --- To the guest --- */

/* Receives straight into the pages, page by page as they lie. */
static ssize_t
receive_some(struct rdr_link *link, uint32_t size)
{
   uint32_t at = link->produced % TONGS_VIRTGPU_DATA;
   uint32_t in_page = PAGE - at % PAGE;
   uint8_t *page = rdr_guest_memory_at(link->memory, link->pages[1 + at / PAGE], PAGE);
   int fds[TONGS_SOCKET_MAX_FDS];
   size_t fd_count = TONGS_SOCKET_MAX_FDS;

   if (!page)
      return 0;
   ssize_t n = tongs_socket_recv(link->fd, page + at % PAGE, size < in_page ? size : in_page, fds,
                                 &fd_count);
   /* Descriptors do not cross into a virtual machine. */
   for (size_t i = 0; n >= 0 && i < fd_count; i++)
      close(fds[i]);
   return n;
}

static void
set_full(struct rdr_link *link, struct tongs_virtgpu_link *w, bool full)
{
   link->full = full;
   /* Before `consumed` is looked at again; the guest writes that one, then looks at this one. */
   atomic_store_explicit((_Atomic uint32_t *)&w->full, full, memory_order_seq_cst);
}

/* As much as the pages hold, as a guest that reads along makes room for ever. False when the worker
 * is gone. */
static bool
pump_in(struct rdr_link *link, struct tongs_virtgpu_link *w)
{
   for (uint32_t begin = link->produced; link->produced - begin < TONGS_VIRTGPU_DATA;) {
      uint32_t free_bytes = room(link, w);
      if (!free_bytes && !link->full) {
         set_full(link, w, true);
         free_bytes = room(link, w);
      }
      if (!free_bytes)
         return true;
      if (link->full)
         set_full(link, w, false);
      ssize_t n = receive_some(link, free_bytes);
      if (n == -EAGAIN)
         return true;
      if (n <= 0)
         return false;
      link->produced += (uint32_t)n;
   }
   return true;
}

short
rdr_link_events(const struct rdr_link *link)
{
   return (short)((link->full ? 0 : POLLIN) | (link->first && !link->crowded ? POLLOUT : 0));
}

bool
rdr_link_pump(struct rdr_link *link)
{
   struct tongs_virtgpu_link *w = words(link);
   uint32_t produced = link->produced, taken = link->taken, state = link->state;

   if (link->fd < 0)
      return false;
   if (w && !link->deaf && !pump_out(link)) {
      link->deaf = true;
      while (link->first)
         drop_first(link);
   }
   /* Also from a worker that takes no more: what it has said still counts. */
   bool there = w && pump_in(link, w);
   if (w && produced != link->produced)
      publish(&w->produced, link->produced);
   if (w && taken != link->taken)
      publish(&w->taken, link->taken);
   if (!there)
      rdr_link_close(link);
   return produced != link->produced || taken != link->taken || state != link->state;
}

bool
rdr_link_is_seen(const struct rdr_link *link, const uint32_t seen[2])
{
   return link->state == TONGS_VIRTGPU_LINK_OPEN && link->produced == seen[0] &&
          link->taken == seen[1];
}
