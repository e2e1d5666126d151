/* SPDX-License-Identifier: MIT */

/* One context's link to its worker (tongs/virtgpu.h): the socket, what waits to go there, and the
 * pages through which bytes come to the guest. One thread. */

#ifndef RDR_VIRTIO_VIRTGPU_LINK_H
#define RDR_VIRTIO_VIRTGPU_LINK_H

#include "renderer/virtio/guest_memory.h"

#include "tongs/virtgpu.h"

/* How many commands of a link may wait; older ones are woken. */
#define RDR_LINK_WAITS_MAX 8
#define RDR_LINK_FDS_MAX (TONGS_PAGES_FILES_MAX + 2)

struct rdr_virtio_request;

struct rdr_link {
   int fd; /* to the worker; owned, -1: the worker is gone */
   const struct rdr_guest_memory *memory;

   /* The link's pages, each as the guest's kernel gave it. */
   uint64_t pages[TONGS_VIRTGPU_LINK_SIZE / TONGS_VIRTGPU_PAGE];
   uint32_t resource;

   /* Kept here, as what is in the guest's pages may be scribbled over. */
   uint32_t state;
   uint32_t produced;
   uint32_t taken;
   bool full;
   bool deaf; /* the worker takes no more; what it has sent may still be on its way */

   struct rdr_link_chunk *first; /* bytes to the worker */
   struct rdr_link_chunk **last;
   size_t queued;
   unsigned queued_fds;
   bool crowded; /* the kernel has no room for bytes or descriptors on their way: to be pumped again
                    in a while */
};

/* `fd` stays the caller's when this fails. */
struct rdr_link *
rdr_link_create(const struct rdr_guest_memory *memory, uint32_t resource, const uint64_t *pages,
                int fd);

/* Closes the socket. NULL is fine. */
void
rdr_link_destroy(struct rdr_link *link);

/* The worker is gone, or has to. */
void
rdr_link_close(struct rdr_link *link);

/* As rdr_link_close, where the pages are the guest's no more: nothing is written to them. */
void
rdr_link_abandon(struct rdr_link *link);

/* Sends bytes, and with the first one descriptors, which are taken in any case. False where the
 * guest goes past its window, or memory is out: the link is closed then. */
bool
rdr_link_send(struct rdr_link *link, const void *data, size_t size, const int *fds,
              unsigned fd_count);

/* The events to poll the socket for. */
short
rdr_link_events(const struct rdr_link *link);

/* Moves bytes both ways as far as they go. True when a word of the pages has changed. */
bool
rdr_link_pump(struct rdr_link *link);

/* Whether a guest that has seen these words has seen all. */
bool
rdr_link_is_seen(const struct rdr_link *link, const uint32_t seen[2]);

#endif
