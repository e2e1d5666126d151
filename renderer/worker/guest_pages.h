/* SPDX-License-Identifier: MIT */

/* Pages of a guest, which lie scattered in the memory of the virtual machine, mapped in the worker
 * as one contiguous range. The device process sends them as file descriptors (tongs/virtgpu.h,
 * "Pages as file descriptors"; renderer/virtio/guest_pages.h writes them). */

#ifndef RDR_WORKER_GUEST_PAGES_H
#define RDR_WORKER_GUEST_PAGES_H

#include "renderer/worker/shared_memory.h"

/* Maps the pages that the descriptors in fds[] describe. Takes over the first *used descriptors,
 * also on failure; the caller must remove them from its array. Returns NULL, or the reason of the
 * failure. */
const char *
rdr_pages_map(struct rdr_shared_memory *memory, const int *fds, unsigned fd_count, unsigned *used);

#endif
