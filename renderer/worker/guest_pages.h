/* SPDX-License-Identifier: MIT */

/* Pages of a guest, which lie scattered in the memory of the virtual machine, mapped in the worker
 * as one contiguous range. The device process sends them as file descriptors (tongs/virtgpu.h,
 * "Pages as file descriptors"; renderer/virtio/guest_pages.h writes them). */

#ifndef RDR_WORKER_GUEST_PAGES_H
#define RDR_WORKER_GUEST_PAGES_H

#include "renderer/worker/shared_memory.h"

/* Maps what the descriptors at fds[] describe. Takes the first *used of them, also on failure: the
 * caller has no use for them any more. Returns NULL, or why it failed. */
const char *
rdr_pages_map(struct rdr_shared_memory *memory, const int *fds, unsigned fd_count, unsigned *used);

#endif
