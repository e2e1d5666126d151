/* SPDX-License-Identifier: MIT */

/* The shared memory of one connection on one machine: a ring of ops, a ring of replies, and the
 * status page, where the worker says what it has completed. The client makes the memory and both
 * sides map all of it, once.
 *
 *    0         words of the rings
 *    4096      struct tongs_status
 *    32 KiB    the ops' bytes, then the replies'
 */

#ifndef TONGS_CHANNEL_H
#define TONGS_CHANNEL_H

#include "protocol/ring.h"

#define TONGS_CHANNEL_OPS_SIZE (UINT32_C(512) << 10)
#define TONGS_CHANNEL_REPLIES_SIZE (UINT32_C(256) << 10)

struct tongs_channel {
   uint8_t *base; /* owned; NULL: there is no channel */
   size_t size;
   struct tongs_ring ops;
   struct tongs_ring replies;
   struct tongs_status *status;
};

/* The bytes that a channel with rings of these sizes takes; 0 if no ring can have such a size.
 */
size_t
tongs_channel_size(uint32_t ops_size, uint32_t replies_size);

/* Makes one and maps it. Returns the sealed memfd, which is the caller's, or -errno. */
int
tongs_channel_create(struct tongs_channel *ch);

/* Maps a channel that the peer has made, if it is sealed and of the right size. 0 or -errno. `fd`
 * stays the caller's. */
int
tongs_channel_map(struct tongs_channel *ch, int fd, uint32_t ops_size, uint32_t replies_size);

/* Uses memory that is mapped already and becomes the channel's. The sizes have been checked. */
void
tongs_channel_init(struct tongs_channel *ch, void *base, uint32_t ops_size, uint32_t replies_size,
                   const struct tongs_bell *bell);

void
tongs_channel_finish(struct tongs_channel *ch);

/* Whether `fd` is memory of this size that cannot shrink under us (security.md, R14). */
bool
tongs_is_sealed(int fd, uint64_t size);

/* Fresh memory that no process can resize. A close-on-exec descriptor above the standard
 * streams, or -errno; -EFBIG if a limit of file sizes does not allow it. */
int
tongs_sealed_memory(const char *name, uint64_t size);

#endif
