/* SPDX-License-Identifier: MIT */

/* The memory of a guest, which the guest's monitor shares: regions of guest-physical addresses,
 * each a range of a file that is mapped here. Addresses to look up come from the guest and are not
 * trusted. One thread. */

#ifndef RDR_VIRTIO_GUEST_MEMORY_H
#define RDR_VIRTIO_GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A vhost-user table has at most 8 regions. Monitors add further regions one by one, up to this
 * number, which we report to them. */
#define RDR_GUEST_REGIONS_MAX 256

struct rdr_guest_region {
   uint64_t address; /* guest-physical */
   uint64_t size;
   uint64_t user; /* the region's address in the monitor; vring addresses are of this kind */
   uint64_t file_offset;
   int fd; /* owned */
   uint8_t *data;
   uint8_t *mapping;
   uint64_t mapping_size;
};

struct rdr_guest_memory {
   struct rdr_guest_region regions[RDR_GUEST_REGIONS_MAX];
   unsigned count;
};

/* A range of guest-physical addresses. */
struct rdr_guest_range {
   uint64_t address;
   uint64_t size;
};

/* Maps a region. Owns `fd` in every case. 0 or -errno. */
int
rdr_guest_memory_add(struct rdr_guest_memory *m, const struct rdr_guest_region *wanted, int fd);

/* Unmaps the region of that address and size. False if there is none. */
bool
rdr_guest_memory_remove(struct rdr_guest_memory *m, uint64_t address, uint64_t size);

void
rdr_guest_memory_clear(struct rdr_guest_memory *m);

/* Returns the bytes of a range; NULL if the range does not lie in one region. */
void *
rdr_guest_memory_at(const struct rdr_guest_memory *m, uint64_t address, uint64_t size);

/* As rdr_guest_memory_at(), for an address in the monitor's process. */
void *
rdr_guest_memory_at_user(const struct rdr_guest_memory *m, uint64_t user, uint64_t size);

/* Returns the region that contains a range; NULL if there is none. */
const struct rdr_guest_region *
rdr_guest_memory_region(const struct rdr_guest_memory *m, uint64_t address, uint64_t size);

#endif
