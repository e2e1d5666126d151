/* SPDX-License-Identifier: MIT */

/* Exports pages to a worker as descriptors (tongs/virtgpu.h, "Pages as file descriptors"). The
 * pages of a resource lie scattered in guest memory. The worker maps them as one range
 * (renderer/worker/guest_pages.h). */

#ifndef RDR_VIRTIO_GUEST_PAGES_H
#define RDR_VIRTIO_GUEST_PAGES_H

#include "renderer/virtio/guest_memory.h"

/* Writes the guest-physical addresses of the first `count` pages. False if there are fewer pages,
 * or if the ranges are not whole pages of guest memory. */
bool
rdr_guest_pages_split(const struct rdr_guest_memory *memory, const struct rdr_guest_range *ranges,
                      uint32_t range_count, uint64_t *pages, size_t count);

/* Writes the descriptors of the table, of the lease's other end (`lease`), and of the files that
 * hold the pages into fds[TONGS_PAGES_FILES_MAX + 2]. Returns the number of descriptors, which the
 * caller then owns. Returns 0 on failure; then the caller keeps `lease`. */
unsigned
rdr_guest_pages_export(const struct rdr_guest_memory *memory, const struct rdr_guest_range *ranges,
                       uint32_t range_count, int lease, int *fds);

/* As rdr_guest_pages_export(), for the first `size` bytes (whole pages) of a file of host
 * memory. */
unsigned
rdr_host_pages_export(int file, uint64_t size, int lease, int *fds);

#endif
