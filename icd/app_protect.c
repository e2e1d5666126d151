/* SPDX-License-Identifier: MIT */
#include "icd/app_protect.h"

#include "icd/app_mapping.h"
#include "icd/app_pages.h"
#include "protocol/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* For headers of older kernels. */
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif

/* Entries of /proc/self/pagemap that one system call reads. */
#define PAGEMAP_ENTRIES 256u

/* --- Protection --- */

/* A range that is write-protected. */
struct protection {
   int fd; /* the userfaultfd that it is registered with */
   struct uffdio_range range;
   sigset_t signals; /* the thread's mask before */
};

/* Opens a userfaultfd that also blocks system calls that write to the pages. A descriptor with
 * UFFD_USER_MODE_ONLY needs no privilege, but such calls of other threads would then fail with
 * EFAULT, which would break a futex in the same pages. */
static int
open_userfaultfd(void)
{
   int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

   if (fd < 0) {
      int dev = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
      if (dev >= 0) {
         fd = ioctl(dev, USERFAULTFD_IOC_NEW, O_CLOEXEC);
         close(dev);
      }
   }
   return tongs_fd_above_stdio(fd);
}

/* Ends the protection. `replaced`: the registered pages have been replaced by others. */
static void
protect_end(struct protection *p, bool replaced)
{
   /* Unregister explicitly: closing is not enough, because a child of fork() may hold the
    * descriptor, too. */
   if (!replaced)
      ioctl(p->fd, UFFDIO_UNREGISTER, &p->range);
   ioctl(p->fd, UFFDIO_WAKE, &p->range);
   close(p->fd);
   pthread_sigmask(SIG_SETMASK, &p->signals, NULL);
}

/* Starts the protection. `anonymous`: also blocks readers of pages that are not present. */
static bool
protect_begin(struct protection *p, uint64_t start, uint64_t size, bool anonymous)
{
   struct uffdio_api api = {
      .api = UFFD_API,
      .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
   };
   struct uffdio_register reg = {
      .range = {.start = start, .len = size},
      .mode = UFFDIO_REGISTER_MODE_WP | (anonymous ? UFFDIO_REGISTER_MODE_MISSING : 0),
   };
   struct uffdio_writeprotect protect = {
      .range = reg.range,
      .mode = UFFDIO_WRITEPROTECT_MODE_WP,
   };
   sigset_t all;

   p->range = reg.range;
   p->fd = open_userfaultfd();
   if (p->fd < 0)
      return false;
   sigfillset(&all);
   pthread_sigmask(SIG_SETMASK, &all, &p->signals);
   if (ioctl(p->fd, UFFDIO_API, &api) == 0 && ioctl(p->fd, UFFDIO_REGISTER, &reg) == 0 &&
       ioctl(p->fd, UFFDIO_WRITEPROTECT, &protect) == 0)
      return true;
   protect_end(p, false);
   return false;
}

/* Replaces the pages at `to` by those at `from`. Other threads see either the old pages or the new
 * ones, never a hole. */
static bool
replace(void *from, uint64_t size, uint64_t to)
{
   return syscall(SYS_mremap, from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == (long)to;
}

/* --- Private to shared --- */

/* The files that a copy uses, opened before the range is protected. */
struct copy {
   uint64_t start;
   uint64_t size;
   uint8_t *to;
   /* /proc/self/mem. Through this file, reading a page that the kernel has dropped fails; a load
    * from the page would block forever, because this thread would have to resolve the fault. */
   int mem;
   int pagemap; /* /proc/self/pagemap: which pages are present */
   uint64_t page_size;
};

/* Whether the page exists, in memory or swapped out. */
static bool
is_present(uint64_t entry)
{
   return entry >> 62;
}

/* Reads `count` entries of the pagemap, starting at the offset `at`. */
static bool
read_pagemap(const struct copy *c, uint64_t at, uint64_t *entries, uint32_t count)
{
   const long size = (long)(count * sizeof(*entries));

   return syscall(SYS_pread64, c->pagemap, entries, size,
                  (c->start + at) / c->page_size * sizeof(*entries)) == size;
}

/* Copies pages that are present. A page that the kernel drops before it is read (after MADV_FREE)
 * becomes zeros. */
static bool
copy_run(const struct copy *c, uint64_t at, uint64_t size)
{
   uint64_t entry;

   while (size) {
      long n = syscall(SYS_pread64, c->mem, c->to + at, size, c->start + at);
      if (n <= 0) {
         if (!read_pagemap(c, at, &entry, 1) || is_present(entry))
            return false;
         n = (long)c->page_size;
      }
      at += (uint64_t)n;
      size -= (uint64_t)n;
   }
   return true;
}

static bool
copy_pages(const struct copy *c)
{
   uint64_t entries[PAGEMAP_ENTRIES];

   for (uint64_t at = 0; at < c->size; at += PAGEMAP_ENTRIES * c->page_size) {
      uint64_t left = (c->size - at) / c->page_size;
      uint32_t count = left < PAGEMAP_ENTRIES ? (uint32_t)left : PAGEMAP_ENTRIES;
      if (!read_pagemap(c, at, entries, count))
         return false;
      for (uint32_t i = 0, end; i < count; i = end + 1) {
         for (end = i; end < count && is_present(entries[end]); end++)
            ;
         if (!copy_run(c, at + i * c->page_size, (end - i) * c->page_size))
            return false;
      }
   }
   return true;
}

static bool
open_copy(struct copy *c, const struct icd_app_region *region, uint64_t start, uint64_t size)
{
   const off_t offset = (off_t)(start - region->start);

   *c = (struct copy){
      .start = start,
      .size = size,
      .page_size = (uint64_t)sysconf(_SC_PAGESIZE),
      .mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC),
      .pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC),
   };
   /* Free the pages that an earlier import left in the memfd because it could not make them
    * private. */
   if (fallocate(region->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, (off_t)size) < 0)
      return false;
   void *to =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, region->fd, offset);
   if (to != MAP_FAILED)
      c->to = to;
   return c->to && c->mem >= 0 && c->pagemap >= 0;
}

static void
close_copy(struct copy *c, bool replaced)
{
   if (c->to && !replaced)
      munmap(c->to, c->size);
   if (c->mem >= 0)
      close(c->mem);
   if (c->pagemap >= 0)
      close(c->pagemap);
}

bool
icd_pages_make_shared(const struct icd_app_region *region, uint64_t start, uint64_t size)
{
   struct protection protection;
   struct copy copy;
   bool done = false;

   if (open_copy(&copy, region, start, size) &&
       protect_begin(&protection, copy.start, copy.size, true)) {
      done = copy_pages(&copy) && replace(copy.to, copy.size, copy.start);
      protect_end(&protection, done);
   }
   close_copy(&copy, done);
   return done;
}

/* --- Shared to private --- */

/* Reads a range of the memfd to `to`. Skips holes, so that the pages there are not touched. */
static bool
read_data(int fd, uint64_t offset, uint64_t size, uint8_t *to)
{
   const long end = (long)(offset + size);

   for (long at = (long)offset, hole; at < end; at = hole) {
      at = syscall(SYS_lseek, fd, at, SEEK_DATA);
      if (at < 0)
         return errno == ENXIO; /* no data from here on */
      if (at >= end)
         return true;
      hole = syscall(SYS_lseek, fd, at, SEEK_HOLE);
      if (hole < 0)
         return false;
      hole = hole < end ? hole : end;
      for (long n; at < hole; at += n) {
         n = syscall(SYS_pread64, fd, to + at - offset, hole - at, at);
         if (n <= 0)
            return false;
      }
   }
   return true;
}

bool
icd_pages_make_private(const struct icd_app_region *region, const struct icd_mapping *m)
{
   const uint64_t size = m->end - m->start;
   const int access = (m->access[0] == 'r' ? PROT_READ : 0) |
                      (m->access[1] == 'w' ? PROT_WRITE : 0) |
                      (m->access[2] == 'x' ? PROT_EXEC : 0);
   struct protection protection;
   bool done = false;

   void *to =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
   if (to == MAP_FAILED)
      return false;
   if (protect_begin(&protection, m->start, size, false)) {
      done = read_data(region->fd, m->offset, size, to) &&
             syscall(SYS_mprotect, to, size, access) == 0 && replace(to, size, m->start);
      protect_end(&protection, done);
   }
   if (!done)
      munmap(to, size);
   return done;
}
