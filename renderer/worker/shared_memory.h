/* SPDX-License-Identifier: MIT */

/* Memory that the worker shares with its client, mapped here. */

#ifndef RDR_WORKER_SHARED_MEMORY_H
#define RDR_WORKER_SHARED_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct rdr_shared_memory {
   uint8_t *data; /* NULL: nothing is mapped */
   uint64_t size;
   /* The lease of a guest's pages, owned; -1: none. The device process polls the other end. When
    * the worker closes the lease, it returns the pages to the guest. */
   int lease;
   /* Nothing is mapped because this process had no room; the peer did nothing wrong. */
   bool no_room;
};

/* Maps a memfd, which must be sealed and have exactly `size` bytes (R14). Closes `fd`, also on
 * failure; -1: none came. Returns NULL, or the reason of the failure. */
const char *
rdr_shared_memory_map(struct rdr_shared_memory *memory, int fd, uint64_t size);

/* Unmaps the memory, if any is mapped. */
void
rdr_shared_memory_unmap(struct rdr_shared_memory *memory);

#endif
