/* SPDX-License-Identifier: MIT */

/* The pages of a resource, as they lie scattered in a virtual machine's memory, on their way to a
 * worker as file descriptors (tongs/virtgpu.h, "Pages as file descriptors"), and mapped there as
 * one contiguous range. */

#ifndef RDR_VIRTIO_GUEST_PAGES_H
#define RDR_VIRTIO_GUEST_PAGES_H

#include "renderer/virtio/guest_memory.h"

/* The device's end: the guest-physical addresses of the first `count` pages. False where there are
 * fewer, or ranges are no whole pages of the machine's memory. */
bool
rdr_guest_pages_split(const struct rdr_guest_memory *memory, const struct rdr_guest_range *ranges,
                      uint32_t range_count, uint64_t *pages, size_t count);

/* The device's end: writes the table, `lease`, and copies of the files' descriptors into
 * fds[TONGS_PAGES_FILES_MAX + 2] and returns how many there are; the caller owns them then, `lease`
 * with them. 0 on failure. */
unsigned
rdr_guest_pages_export(const struct rdr_guest_memory *memory, const struct rdr_guest_range *ranges,
                       uint32_t range_count, int lease, int *fds);

/* As rdr_guest_pages_export, of `size` bytes of our own memory, whole pages. */
unsigned
rdr_host_pages_export(int file, uint64_t size, int lease, int *fds);

/* What a worker has mapped. */
struct rdr_pages {
   uint8_t *data;
   uint64_t size;
   int lease; /* owned */
};

/* The worker's end: maps what the descriptors at fds[] describe, as one range, and takes those that
 * it used: *used is their number, also on failure. Returns NULL or why not. */
const char *
rdr_pages_map(struct rdr_pages *pages, const int *fds, unsigned fd_count, unsigned *used);

void
rdr_pages_unmap(struct rdr_pages *pages);

#endif
