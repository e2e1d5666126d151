/* SPDX-License-Identifier: MIT */
#include "renderer/worker/guest_pages.h"

#include "tongs/virtgpu.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE UINT64_C(4096)

static const char *
map_runs(struct rdr_shared_memory *memory, uint8_t *data, const struct tongs_pages_table *table,
         const struct tongs_pages_run *runs, const int *files)
{
   uint64_t at = 0;

   for (uint64_t i = 0; i < table->run_count; i++) {
      const struct tongs_pages_run *run = &runs[i];
      struct stat st;
      if (run->file >= table->file_count || !run->size || run->size % PAGE || run->offset % PAGE ||
          run->size > table->size - at || fstat(files[run->file], &st) < 0 ||
          run->size > (uint64_t)st.st_size || run->offset > (uint64_t)st.st_size - run->size)
         return "it has a run out of its files";
      if (mmap(data + at, run->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE,
               files[run->file], (off_t)run->offset) == MAP_FAILED) {
         memory->no_room = errno == ENOMEM;
         return "its pages cannot be mapped (they may be more pieces than vm.max_map_count allows)";
      }
      at += run->size;
   }
   return at == table->size ? NULL : "its runs are too short";
}

static const char *
map_table(struct rdr_shared_memory *memory, const struct tongs_pages_table *table,
          uint64_t table_size, const int *files, unsigned file_count)
{
   if (table->magic != TONGS_PAGES_MAGIC || table->file_count > file_count || !table->size ||
       table->size % PAGE ||
       table->run_count > (table_size - sizeof(*table)) / sizeof(struct tongs_pages_run))
      return "its table is malformed";
   void *data =
      mmap(NULL, table->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
   memory->no_room = data == MAP_FAILED;
   if (memory->no_room)
      return "there is no room for it";
   const char *why =
      map_runs(memory, data, table, (const struct tongs_pages_run *)(table + 1), files);
   if (why) {
      munmap(data, table->size);
      return why;
   }
   memory->data = data;
   memory->size = table->size;
   return NULL;
}

const char *
rdr_pages_map(struct rdr_shared_memory *memory, const int *fds, unsigned fd_count, unsigned *used)
{
   const int wanted = F_SEAL_SHRINK | F_SEAL_WRITE;
   struct stat st;

   *used = 0;
   *memory = (struct rdr_shared_memory){.lease = -1};
   if (fd_count < 2)
      return "its descriptors are missing";
   *used = 2;
   int seals = fcntl(fds[0], F_GET_SEALS);
   struct tongs_pages_table head;
   const char *why = "its table is malformed";
   /* The table is sealed against writing, so it cannot change after the checks (R1). */
   if (seals >= 0 && (seals & wanted) == wanted && fstat(fds[0], &st) == 0 &&
       pread(fds[0], &head, sizeof(head), 0) == (ssize_t)sizeof(head)) {
      uint64_t size = (uint64_t)st.st_size;
      const struct tongs_pages_table *table = mmap(NULL, size, PROT_READ, MAP_SHARED, fds[0], 0);
      *used += head.file_count < fd_count - 2 ? head.file_count : fd_count - 2;
      memory->no_room = table == MAP_FAILED;
      why = "there is no room for its table";
      if (table != MAP_FAILED) {
         why = map_table(memory, table, size, fds + 2, fd_count - 2);
         munmap((void *)table, size);
      }
   }
   /* Close the files at once, because they give access to all of the guest's memory; the mappings
    * stay valid. */
   for (unsigned i = 0; i < *used; i++) {
      if (i == 1 && !why)
         memory->lease = fds[i];
      else
         close(fds[i]);
   }
   return why;
}
