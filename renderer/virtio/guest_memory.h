/* SPDX-License-Identifier: MIT */

/* A virtual machine's memory, as its monitor shares it: regions of guest-physical addresses, each a
 * range of a file that is mapped here. The addresses to be found come from the guest, and none of
 * them is trusted. One thread. */

#ifndef RDR_VIRTIO_GUEST_MEMORY_H
#define RDR_VIRTIO_GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What vhost-user allows in one table is 8; monitors add regions one by one up to what we tell
 * them. */
#define RDR_GUEST_REGIONS_MAX 256

struct rdr_guest_region {
   uint64_t address; /* guest-physical */
   uint64_t size;
   uint64_t user; /* where the monitor has it mapped: the addresses of vrings are of this kind */
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

/* Maps a region of the monitor's and takes `fd`, in any case. 0 or -errno. */
int
rdr_guest_memory_add(struct rdr_guest_memory *m, const struct rdr_guest_region *wanted, int fd);

/* Forgets the region of that address and size; false where there is none. */
bool
rdr_guest_memory_remove(struct rdr_guest_memory *m, uint64_t address, uint64_t size);

void
rdr_guest_memory_clear(struct rdr_guest_memory *m);

/* The bytes of a range, which must lie in one region; NULL where it does not. */
void *
rdr_guest_memory_at(const struct rdr_guest_memory *m, uint64_t address, uint64_t size);

/* The same for an address of the monitor's. */
void *
rdr_guest_memory_at_user(const struct rdr_guest_memory *m, uint64_t user, uint64_t size);

/* The region that a range lies in; NULL where it does not lie in one. */
const struct rdr_guest_region *
rdr_guest_memory_region(const struct rdr_guest_memory *m, uint64_t address, uint64_t size);

#endif
