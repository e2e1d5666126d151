/* SPDX-License-Identifier: MIT */
#include "renderer/virtio/guest_memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Checks that the file is large enough: an access beyond its end would raise SIGBUS (R14). */
static int
check_file(int fd, uint64_t end)
{
   struct stat st;

   if (fstat(fd, &st) < 0)
      return -errno;
   return S_ISREG(st.st_mode) && (uint64_t)st.st_size < end ? -EINVAL : 0;
}

int
rdr_guest_memory_add(struct rdr_guest_memory *m, const struct rdr_guest_region *wanted, int fd)
{
   struct rdr_guest_region region = *wanted;
   int error = -EINVAL;

   region.fd = fd;
   if (m->count == RDR_GUEST_REGIONS_MAX) {
      error = -ENOSPC;
      goto fail;
   }
   if (!region.size || region.address + region.size < region.address ||
       region.user + region.size < region.user ||
       __builtin_add_overflow(region.file_offset, region.size, &region.mapping_size))
      goto fail;
   error = check_file(fd, region.mapping_size);
   if (error)
      goto fail;
   /* Maps the file from its start, because for files of huge pages mmap(2) may refuse the region's
    * offset. */
   void *mapping =
      mmap(NULL, region.mapping_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
   if (mapping == MAP_FAILED) {
      error = -errno;
      goto fail;
   }
   region.mapping = mapping;
   region.data = region.mapping + region.file_offset;
   m->regions[m->count++] = region;
   return 0;

fail:
   close(fd);
   return error;
}

static void
drop(struct rdr_guest_memory *m, unsigned index)
{
   munmap(m->regions[index].mapping, m->regions[index].mapping_size);
   close(m->regions[index].fd);
   m->regions[index] = m->regions[--m->count];
}

bool
rdr_guest_memory_remove(struct rdr_guest_memory *m, uint64_t address, uint64_t size)
{
   for (unsigned i = 0; i < m->count; i++) {
      if (m->regions[i].address == address && m->regions[i].size == size) {
         drop(m, i);
         return true;
      }
   }
   return false;
}

void
rdr_guest_memory_clear(struct rdr_guest_memory *m)
{
   while (m->count)
      drop(m, m->count - 1);
}

const struct rdr_guest_region *
rdr_guest_memory_region(const struct rdr_guest_memory *m, uint64_t address, uint64_t size)
{
   for (unsigned i = 0; i < m->count; i++) {
      const struct rdr_guest_region *r = &m->regions[i];
      if (address >= r->address && size <= r->size && address - r->address <= r->size - size)
         return r;
   }
   return NULL;
}

void *
rdr_guest_memory_at(const struct rdr_guest_memory *m, uint64_t address, uint64_t size)
{
   const struct rdr_guest_region *r = rdr_guest_memory_region(m, address, size);

   return r ? r->data + (address - r->address) : NULL;
}

void *
rdr_guest_memory_at_user(const struct rdr_guest_memory *m, uint64_t user, uint64_t size)
{
   for (unsigned i = 0; i < m->count; i++) {
      const struct rdr_guest_region *r = &m->regions[i];
      if (user >= r->user && size <= r->size && user - r->user <= r->size - size)
         return r->data + (user - r->user);
   }
   return NULL;
}
