/* SPDX-License-Identifier: MIT */

/* The pages of a resource, as they lie scattered in a virtual machine's memory, on their way to a
 * worker as file descriptors (tongs/virtgpu.h, "Pages as file descriptors"). The worker maps them
 * (renderer/worker/guest_pages.h). */

#ifndef RDR_VIRTIO_GUEST_PAGES_H
#define RDR_VIRTIO_GUEST_PAGES_H

#include "renderer/virtio/guest_memory.h"

/* The guest-physical addresses of the first `count` pages. False where there are
 * fewer, or ranges are no whole pages of the machine's memory. */
bool
rdr_guest_pages_split(const struct rdr_guest_memory *memory, const struct rdr_guest_range *ranges,
                      uint32_t range_count, uint64_t *pages, size_t count);

/* Writes the table, `lease`, and copies of the files' descriptors into
 * fds[TONGS_PAGES_FILES_MAX + 2] and returns how many there are; the caller owns them then, `lease`
 * with them. 0 on failure. */
unsigned
rdr_guest_pages_export(const struct rdr_guest_memory *memory, const struct rdr_guest_range *ranges,
                       uint32_t range_count, int lease, int *fds);

/* As rdr_guest_pages_export, of `size` bytes of our own memory, whole pages. */
unsigned
rdr_host_pages_export(int file, uint64_t size, int lease, int *fds);

#endif
