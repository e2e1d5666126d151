/* SPDX-License-Identifier: MIT */

/* Memory that the worker shares with its client, mapped here. */

#ifndef RDR_WORKER_SHARED_MEMORY_H
#define RDR_WORKER_SHARED_MEMORY_H

#include <stdint.h>

struct rdr_shared_memory {
   uint8_t *data; /* NULL: nothing is mapped */
   uint64_t size;
   /* Of a guest's pages, owned, else -1. The device process sees it close, and then gives the pages
    * back to the guest. */
   int lease;
};

/* Maps a memfd that is sealed and has exactly `size` bytes (R14). Closes `fd`, also on failure; -1:
 * none came. Returns NULL, or why it failed. */
const char *
rdr_shared_memory_map(struct rdr_shared_memory *memory, int fd, uint64_t size);

/* Nothing mapped is fine. */
void
rdr_shared_memory_unmap(struct rdr_shared_memory *memory);

#endif
