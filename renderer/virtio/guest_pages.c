/* SPDX-License-Identifier: MIT */
#include "renderer/virtio/guest_pages.h"

#include "tongs/virtgpu.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE UINT64_C(4096)

/* A worker cannot map more runs: vm.max_map_count is 65,530 by default. */
#define RUNS_MAX 65536u

bool
rdr_guest_pages_split(const struct rdr_guest_memory *memory, const struct rdr_guest_range *ranges,
                      uint32_t range_count, uint64_t *pages, size_t count)
{
   size_t found = 0;

   for (uint32_t i = 0; i < range_count && found < count; i++) {
      if (ranges[i].address % PAGE || ranges[i].size % PAGE)
         return false;
      for (uint64_t at = 0; at < ranges[i].size && found < count; at += PAGE) {
         if (!rdr_guest_memory_at(memory, ranges[i].address + at, PAGE))
            return false;
         pages[found++] = ranges[i].address + at;
      }
   }
   return found == count;
}

struct export
{
   struct tongs_pages_table table;
   struct tongs_pages_run *runs; /* owned */
   uint64_t room;
   int files[TONGS_PAGES_FILES_MAX]; /* the regions' */
};

static bool
add_run(struct export *e, int file, uint64_t offset, uint64_t size)
{
   struct tongs_pages_run *last = e->table.run_count ? &e->runs[e->table.run_count - 1] : NULL;
   uint32_t index = 0;

   while (index < e->table.file_count && e->files[index] != file)
      index++;
   if (index == TONGS_PAGES_FILES_MAX)
      return false;
   if (index == e->table.file_count)
      e->files[e->table.file_count++] = file;
   e->table.size += size;
   if (last && last->file == index && last->offset + last->size == offset) {
      last->size += size;
      return true;
   }
   if (e->table.run_count == RUNS_MAX)
      return false;
   if (e->table.run_count == e->room) {
      uint64_t more = e->room ? e->room * 2 : 64;
      struct tongs_pages_run *runs = realloc(e->runs, more * sizeof(*runs));
      if (!runs)
         return false;
      e->runs = runs;
      e->room = more;
   }
   e->runs[e->table.run_count++] =
      (struct tongs_pages_run){.file = index, .offset = offset, .size = size};
   return true;
}

/* Adds a range, which may extend into the next region. */
static bool
add_range(struct export *e, const struct rdr_guest_memory *memory, struct rdr_guest_range range)
{
   if (range.address % PAGE || range.size % PAGE)
      return false;
   while (range.size) {
      const struct rdr_guest_region *r = rdr_guest_memory_region(memory, range.address, PAGE);
      if (!r)
         return false;
      uint64_t at = range.address - r->address, offset = r->file_offset + at;
      uint64_t size = r->size - at < range.size ? r->size - at : range.size;
      if (offset % PAGE || size % PAGE || !add_run(e, r->fd, offset, size))
         return false;
      range.address += size;
      range.size -= size;
   }
   return true;
}

static bool
write_all(int fd, const void *data, size_t size)
{
   const uint8_t *p = data;

   while (size) {
      ssize_t n = write(fd, p, size);
      if (n <= 0)
         return false;
      p += n;
      size -= (size_t)n;
   }
   return true;
}

static int
make_table(const struct export *e)
{
   int fd = memfd_create("tongs-pages", MFD_CLOEXEC | MFD_ALLOW_SEALING);

   if (fd < 0)
      return -1;
   if (write_all(fd, &e->table, sizeof(e->table)) &&
       write_all(fd, e->runs, e->table.run_count * sizeof(*e->runs)) &&
       fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
      return fd;
   close(fd);
   return -1;
}

/* If `ok`, makes the descriptors. Frees the runs in every case. Returns what
 * rdr_guest_pages_export() returns. */
static unsigned
write_descriptors(struct export *e, bool ok, int lease, int *fds)
{
   unsigned count = 0;
   int table = ok && e->table.size ? make_table(e) : -1;

   if (table >= 0) {
      fds[count++] = table;
      fds[count++] = lease;
      for (uint32_t i = 0; i < e->table.file_count && ok; i++) {
         fds[count] = fcntl(e->files[i], F_DUPFD_CLOEXEC, 3);
         ok = fds[count] >= 0;
         count += ok;
      }
   }
   free(e->runs);
   if (table < 0 || ok)
      return count;
   close(table);
   while (count > 2)
      close(fds[--count]);
   return 0;
}

unsigned
rdr_guest_pages_export(const struct rdr_guest_memory *memory, const struct rdr_guest_range *ranges,
                       uint32_t range_count, int lease, int *fds)
{
   struct export e = {.table.magic = TONGS_PAGES_MAGIC};
   bool ok = true;

   for (uint32_t i = 0; i < range_count && ok; i++)
      ok = add_range(&e, memory, ranges[i]);
   return write_descriptors(&e, ok, lease, fds);
}

unsigned
rdr_host_pages_export(int file, uint64_t size, int lease, int *fds)
{
   struct export e = {.table.magic = TONGS_PAGES_MAGIC};

   return write_descriptors(&e, add_run(&e, file, 0, size), lease, fds);
}
