/* SPDX-License-Identifier: MIT */
#include "icd/host_pages.h"

#include "protocol/channel.h"
#include "protocol/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* For headers of older kernels. */
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif

/* Of the C library, relative to the thread's control block; from glibc 2.35 on. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));

/* Pages whose state is looked at with one system call. */
#define LOOK_PAGES 256u

static struct {
   pthread_mutex_t lock; /* protects the rest, and everything that is made shared or private */
   struct icd_host_pages *first;
   struct icd_host_region *regions;
   bool refused;  /* and said so */
   int copied[2]; /* during a fork: the pipe by which the child says that it has its copies; -1:
                     none */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t
address(const void *p)
{
   return (uintptr_t)p;
}

static void
refuse(const void *start, uint64_t size, const char *why)
{
   if (!state.refused)
      fprintf(stderr,
              "tongs: %llu bytes at %p cannot be imported: %s (no more is said of others)\n",
              (unsigned long long)size, start, why);
   state.refused = true;
}

/* --- What lies where --- */

/* A line of /proc/self/maps. */
struct mapping {
   uint64_t start;
   uint64_t end;
   char access[5];
   uint64_t offset;
   unsigned major, minor;
   uint64_t inode;
   const char *name;
   char line[256]; /* long names are cut off */
};

/* Reads the next line, through a buffer of its own: stdio allocates, and a fork's child must not
 * write to its parent's heap (take_copies). */
struct lines {
   int fd;
   size_t at, size;
   char data[4096];
};

static bool
next_line(struct lines *l, char *line, size_t room)
{
   for (size_t n = 0;;) {
      if (l->at == l->size) {
         ssize_t size = read(l->fd, l->data, sizeof(l->data));
         if (size <= 0)
            return false;
         l->at = 0;
         l->size = (size_t)size;
      }
      const char c = l->data[l->at++];
      if (c == '\n') {
         line[n] = '\0';
         return true;
      }
      if (n < room - 1)
         line[n++] = c;
   }
}

/* "55a0c0de1000-55a0c0de3000 rw-p 00000000 00:00 0    [heap]" */
static bool
parse_mapping(struct mapping *m)
{
   char *at = m->line;

   m->start = strtoull(at, &at, 16);
   m->end = strtoull(at + (*at == '-'), &at, 16);
   if (*at != ' ' || strnlen(at, 6) < 6 || at[5] != ' ')
      return false;
   memcpy(m->access, at + 1, 4);
   m->access[4] = '\0';
   m->offset = strtoull(at + 5, &at, 16);
   m->major = (unsigned)strtoul(at, &at, 16);
   m->minor = (unsigned)strtoul(at + (*at == ':'), &at, 16);
   m->inode = strtoull(at, &at, 10);
   m->name = at + strspn(at, " ");
   return true;
}

/* Finds the first mapping that ends behind `at`. */
static bool
find_mapping(uint64_t at, struct mapping *m)
{
   struct lines l;
   bool found = false;

   l.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
   l.at = l.size = 0;
   if (l.fd < 0)
      return false;
   while (!found && next_line(&l, m->line, sizeof(m->line)))
      found = parse_mapping(m) && m->end > at;
   close(l.fd);
   return found;
}

/* Why a mapping cannot be replaced, or NULL. A stack that grows may be the caller's own alone: the
 * kernel writes to others when signals come. */
static const char *
why_not(const struct mapping *m)
{
   const uint64_t here = address(__builtin_frame_address(0));

   if (strcmp(m->access, "rw-p") != 0)
      return "they are not private and writable";
   if (m->inode)
      return "they are a file's, or huge pages";
   if (m->name[0] == '\0' || strcmp(m->name, "[heap]") == 0 || strncmp(m->name, "[anon:", 6) == 0)
      return NULL;
   if (strcmp(m->name, "[stack]") == 0)
      return here >= m->start && here < m->end
                ? NULL
                : "they are a stack that this thread does not run on";
   return "they are not plain memory";
}

/* Whether a mapping is the memfd's pages, at their place. */
static bool
is_of(const struct mapping *m, const struct icd_host_region *region)
{
   struct stat st;

   return region && fstat(region->fd, &st) == 0 && m->inode == st.st_ino &&
          m->major == major(st.st_dev) && m->minor == minor(st.st_dev) &&
          m->start >= region->start && m->offset == m->start - region->start;
}

/* What of the first mapping that ends behind `at` lies from there on, before `end`. */
static bool
find_piece(uint64_t at, uint64_t end, struct mapping *m)
{
   if (!find_mapping(at, m) || m->start >= end)
      return false;
   if (m->start < at) {
      m->offset += at - m->start;
      m->start = at;
   }
   if (m->end > end)
      m->end = end;
   return true;
}

/* `region`: where the range is to be shared; may be NULL. */
static const char *
why_not_range(uint64_t start, uint64_t end, const struct icd_host_region *region)
{
   struct mapping m;

   for (uint64_t at = start; at < end; at = m.end) {
      if (!find_mapping(at, &m) || m.start > at)
         return "they are not all there";
      const char *why = is_of(&m, region) ? NULL : why_not(&m);
      if (why)
         return why;
   }
   return NULL;
}

static bool
is_behind_seccomp(void)
{
   FILE *status = fopen("/proc/self/status", "re");
   char line[256];
   unsigned mode = 1;

   if (!status)
      return true;
   while (fgets(line, sizeof(line), status)) {
      if (sscanf(line, "Seccomp: %u", &mode) == 1)
         break;
      mode = 0; /* kernels without seccomp say nothing */
   }
   fclose(status);
   return mode != 0;
}

/* --- The window --- */

/* While a window is open, whoever writes to a range waits in the kernel; a thread that opens one
 * writes to nothing but its stack and errno, takes no lock, allocates nothing and gets no signal.
 */
struct window {
   int fd;
   struct uffdio_range range;
   sigset_t signals;
};

static bool
overlap(uint64_t start, uint64_t end, uint64_t other, uint64_t other_end)
{
   return start < other_end && other < end;
}

/* Where the kernel tells this thread, when it comes back from a system call, on which processor it
 * runs. */
static uint64_t
rseq_area(void)
{
   return &__rseq_offset ? (uint64_t)pthread_self() + (uint64_t)__rseq_offset : 0;
}

/* Whether this thread writes to the range while a window is open: it would wait for itself.
 * `frame`: what lies above, but for the return address, is not in use before the window is closed.
 */
static bool
is_ours(uint64_t start, uint64_t size, const void *frame)
{
   const uint64_t end = start + size, here = address(__builtin_frame_address(0));
   const uint64_t self = (uint64_t)pthread_self(), rseq = rseq_area(), number = address(&errno);

   return overlap(start, end, here - (64 << 10), address(frame) + 2 * sizeof(void *)) ||
          overlap(start, end, self, self + 64) || overlap(start, end, rseq, rseq + 32) ||
          overlap(start, end, number, number + sizeof(errno)) ||
          overlap(start, end, address(&state), address(&state + 1));
}

/* One with which system calls that touch the pages wait as well. With UFFD_USER_MODE_ONLY, which
 * everybody gets, those of other threads fail with EFAULT: what a program has in the same pages, a
 * futex for one, would break under its feet. */
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

static void
window_close(struct window *w, bool replaced)
{
   /* Said, and not left to the close: a fork's child may have the descriptor, too. */
   if (!replaced)
      ioctl(w->fd, UFFDIO_UNREGISTER, &w->range);
   ioctl(w->fd, UFFDIO_WAKE, &w->range);
   close(w->fd);
   pthread_sigmask(SIG_SETMASK, &w->signals, NULL);
}

/* `anonymous`: pages that are not there yet wait for readers, too. */
static bool
window_open(struct window *w, uint64_t start, uint64_t size, bool anonymous)
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

   w->range = reg.range;
   w->fd = open_userfaultfd();
   if (w->fd < 0)
      return false;
   sigfillset(&all);
   pthread_sigmask(SIG_SETMASK, &all, &w->signals);
   if (ioctl(w->fd, UFFDIO_API, &api) == 0 && ioctl(w->fd, UFFDIO_REGISTER, &reg) == 0 &&
       ioctl(w->fd, UFFDIO_WRITEPROTECT, &protect) == 0)
      return true;
   window_close(w, false);
   return false;
}

/* Puts the pages that are mapped at `from` in the place of those at `to`, at once for all who look.
 */
static bool
replace(void *from, uint64_t size, uint64_t to)
{
   return syscall(SYS_mremap, from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == (long)to;
}

/* --- Private to shared --- */

/* What a copy needs, made before the window is open. */
struct copy {
   uint64_t start;
   uint64_t size;
   uint8_t *to;
   int
      mem; /* /proc/self/mem: reading by it fails where reading the page would wait for ourselves */
   int pagemap; /* /proc/self/pagemap: says which pages there are */
   uint64_t page_size;
};

/* Whether there is a page, in memory or swapped out. */
static bool
is_there(uint64_t entry)
{
   return entry >> 62;
}

static bool
look(const struct copy *c, uint64_t at, uint64_t *entries, uint32_t count)
{
   const long size = (long)(count * sizeof(*entries));

   return syscall(SYS_pread64, c->pagemap, entries, size,
                  (c->start + at) / c->page_size * sizeof(*entries)) == size;
}

/* Copies a few pages that are there. One that the kernel drops meanwhile, as after MADV_FREE, is
 * zeros. */
static bool
copy_run(const struct copy *c, uint64_t at, uint64_t size)
{
   uint64_t entry;

   while (size) {
      long n = syscall(SYS_pread64, c->mem, c->to + at, size, c->start + at);
      if (n <= 0) {
         if (!look(c, at, &entry, 1) || is_there(entry))
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
   uint64_t entries[LOOK_PAGES];

   for (uint64_t at = 0; at < c->size; at += LOOK_PAGES * c->page_size) {
      uint64_t left = (c->size - at) / c->page_size;
      uint32_t count = left < LOOK_PAGES ? (uint32_t)left : LOOK_PAGES;
      if (!look(c, at, entries, count))
         return false;
      for (uint32_t i = 0, end; i < count; i = end + 1) {
         for (end = i; end < count && is_there(entries[end]); end++)
            ;
         if (!copy_run(c, at + i * c->page_size, (end - i) * c->page_size))
            return false;
      }
   }
   return true;
}

static bool
open_copy(struct copy *c, const struct icd_host_region *region, uint64_t start, uint64_t size)
{
   const off_t offset = (off_t)(start - region->start);

   *c = (struct copy){
      .start = start,
      .size = size,
      .page_size = (uint64_t)sysconf(_SC_PAGESIZE),
      .mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC),
      .pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC),
   };
   /* What an earlier import left there, if its pages were not made private. */
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

static bool
make_shared(const struct icd_host_region *region, uint64_t start, uint64_t size)
{
   struct window window;
   struct copy copy;
   bool done = false;

   if (open_copy(&copy, region, start, size) && window_open(&window, copy.start, copy.size, true)) {
      done = copy_pages(&copy) && replace(copy.to, copy.size, copy.start);
      window_close(&window, done);
   }
   close_copy(&copy, done);
   return done;
}

/* --- Shared to private --- */

/* Reads what there is of a range of the memfd, and leaves the rest as untouched as it is there. */
static bool
read_data(int fd, uint64_t offset, uint64_t size, uint8_t *to)
{
   const long end = (long)(offset + size);

   for (long at = (long)offset, hole; at < end; at = hole) {
      at = syscall(SYS_lseek, fd, at, SEEK_DATA);
      if (at < 0)
         return errno == ENXIO; /* none from here on */
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

/* `m`: a mapping of the memfd's, and nothing else. */
static bool
make_private(const struct icd_host_region *region, const struct mapping *m)
{
   const uint64_t size = m->end - m->start;
   const int access = (m->access[0] == 'r' ? PROT_READ : 0) |
                      (m->access[1] == 'w' ? PROT_WRITE : 0) |
                      (m->access[2] == 'x' ? PROT_EXEC : 0);
   struct window window;
   bool done = false;

   void *to =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
   if (to == MAP_FAILED)
      return false;
   if (window_open(&window, m->start, size, false)) {
      done = read_data(region->fd, m->offset, size, to) &&
             syscall(SYS_mprotect, to, size, access) == 0 && replace(to, size, m->start);
      window_close(&window, done);
   }
   if (!done)
      munmap(to, size);
   return done;
}

/* The application may have unmapped pages, or put others there. `last`: nobody else needs them, and
 * their memory is given back. */
static void
restore_locked(const struct icd_host_region *region, uint64_t start, uint64_t end, bool last,
               const void *frame)
{
   struct mapping m;

   for (uint64_t at = start; at < end && find_piece(at, end, &m); at = m.end) {
      const uint64_t size = m.end - m.start;
      if (!is_of(&m, region))
         continue;
      if (is_ours(m.start, size, frame) || !make_private(region, &m))
         fprintf(stderr, "tongs: %llu bytes at %llx, that were imported, stay shared memory\n",
                 (unsigned long long)size, (unsigned long long)m.start);
      else if (last)
         fallocate(region->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)m.offset,
                   (off_t)size);
   }
}

/* --- The ranges --- */

/* NULL: nothing is imported there. */
static struct icd_host_region *
find_region_locked(uint64_t start)
{
   struct icd_host_region *region = state.regions;

   while (region && region->start != (start & ~(ICD_HOST_REGION_SIZE - 1)))
      region = region->next;
   return region;
}

static struct icd_host_region *
get_region_locked(uint64_t start)
{
   struct icd_host_region *region = find_region_locked(start);

   if (region)
      return region;
   region = malloc(sizeof(*region));
   if (!region)
      return NULL;
   *region = (struct icd_host_region){
      .next = state.regions,
      .start = start & ~(ICD_HOST_REGION_SIZE - 1),
      .fd = tongs_sealed_memory("tongs-host-pages", ICD_HOST_REGION_SIZE),
   };
   if (region->fd < 0) {
      free(region);
      return NULL;
   }
   return state.regions = region;
}

/* Nothing more is imported in the region. */
static void
retire_region_locked(struct icd_host_region *region)
{
   for (struct icd_host_region **link = &state.regions; *link; link = &(*link)->next) {
      if (*link == region) {
         *link = region->next;
         break;
      }
   }
}

/* Ends a region that nothing is imported in. */
static void
drop_region_locked(struct icd_host_region *region)
{
   if (region->uses)
      return;
   retire_region_locked(region);
   close(region->fd);
   free(region);
}

/* Makes private what of a range no import has. */
static void
release_range_locked(const struct icd_host_region *region, uint64_t start, uint64_t end,
                     const void *frame)
{
   for (uint64_t at = start, until; at < end; at = until) {
      bool taken = false;
      until = end;
      for (const struct icd_host_pages *p = state.first; p; p = p->next) {
         const uint64_t from = address(p->start), to = from + p->size;
         if (from <= at && at < to) { /* so far it is somebody else's */
            until = taken && until > to ? until : to;
            taken = true;
         } else if (!taken && from > at && from < until) {
            until = from;
         }
      }
      if (!taken)
         restore_locked(region, at, until, true, frame);
   }
}

/* Makes shared what of a range is not, all or nothing. */
static bool
share_range_locked(const struct icd_host_region *region, uint64_t start, uint64_t end,
                   const void *frame)
{
   struct mapping m;

   for (uint64_t at = start; at < end; at = m.end) {
      if (!find_piece(at, end, &m) ||
          (!is_of(&m, region) && !make_shared(region, m.start, m.end - m.start))) {
         release_range_locked(region, start, at, frame);
         return false;
      }
   }
   return true;
}

/* Why a range cannot be taken whatever lies there. */
static const char *
why_not_at(uint64_t start, uint64_t size, const void *frame)
{
   const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

   if (!size || start % page || size % page || size > UINT64_MAX / 2 - start)
      return "they are not whole pages";
   if (start / ICD_HOST_REGION_SIZE != (start + size - 1) / ICD_HOST_REGION_SIZE)
      return "they lie on both sides of an address that is a multiple of 64 GiB";
   if (!icd_host_pages_work())
      return "the kernel refuses";
   return is_ours(start, size, frame) ? "this thread runs on them" : NULL;
}

static struct icd_host_pages *
take_locked(void *start, uint64_t size, const char **why, const void *frame)
{
   const uint64_t from = address(start);

   *why = why_not_at(from, size, frame);
   if (*why)
      return NULL;
   *why = "out of memory";
   struct icd_host_pages *pages = malloc(sizeof(*pages));
   struct icd_host_region *region = pages ? get_region_locked(from) : NULL;
   if (region) {
      *why = why_not_range(from, from + size, region);
      if (!*why && !share_range_locked(region, from, from + size, frame))
         *why = "the kernel refuses";
   }
   if (*why) {
      if (region)
         drop_region_locked(region);
      free(pages);
      return NULL;
   }
   *pages =
      (struct icd_host_pages){.next = state.first, .region = region, .start = start, .size = size};
   region->uses++;
   return state.first = pages;
}

struct icd_host_pages *
icd_host_pages_take(void *start, uint64_t size)
{
   const char *why;

   pthread_mutex_lock(&state.lock);
   struct icd_host_pages *pages = take_locked(start, size, &why, __builtin_frame_address(0));
   if (!pages)
      refuse(start, size, why);
   pthread_mutex_unlock(&state.lock);
   return pages;
}

void
icd_host_pages_release(struct icd_host_pages *pages, bool lost)
{
   if (!pages)
      return;
   pthread_mutex_lock(&state.lock);
   for (struct icd_host_pages **link = &state.first; *link; link = &(*link)->next) {
      if (*link == pages) {
         *link = pages->next;
         break;
      }
   }
   const uint64_t start = address(pages->start);
   release_range_locked(pages->region, start, start + pages->size, __builtin_frame_address(0));
   if (lost)
      retire_region_locked(pages->region);
   pages->region->uses--;
   drop_region_locked(pages->region);
   free(pages);
   pthread_mutex_unlock(&state.lock);
}

bool
icd_host_pages_accept(void *start)
{
   const uint64_t from = address(start), page = (uint64_t)sysconf(_SC_PAGESIZE);
   const char *why = NULL;

   pthread_mutex_lock(&state.lock);
   if (from % page)
      why = "they are not whole pages";
   else
      why = why_not_range(from, from + page, find_region_locked(from));
   if (why)
      refuse(start, page, why);
   pthread_mutex_unlock(&state.lock);
   return !why;
}

/* --- A fork's child --- */

static void
before_fork(void)
{
   pthread_mutex_lock(&state.lock);
   if (!state.first || pipe2(state.copied, O_CLOEXEC) < 0)
      state.copied[0] = state.copied[1] = -1;
}

/* Nothing is made private and forgotten before the child has read it. */
static void
wait_for_child(void)
{
   char byte;

   if (state.copied[0] >= 0) {
      close(state.copied[1]);
      while (read(state.copied[0], &byte, 1) < 0 && errno == EINTR)
         ;
      close(state.copied[0]);
   }
   pthread_mutex_unlock(&state.lock);
}

/* The child has copies, as it would have had without us. Its uses of the ranges end when it frees
 * its parent's memories. The heap's own data may lie beside the application's in the pages: nothing
 * here writes to the heap. */
static void
take_copies(void)
{
   for (struct icd_host_pages *pages = state.first; pages; pages = pages->next) {
      const uint64_t start = address(pages->start);
      restore_locked(pages->region, start, start + pages->size, false, __builtin_frame_address(0));
   }
   state.regions = NULL; /* which are the parent's */
   state.first = NULL;
   if (state.copied[0] >= 0) {
      if (write(state.copied[1], "", 1) < 0) /* the end of the pipe says it, too */
         errno = 0;
      close(state.copied[0]);
      close(state.copied[1]);
   }
   pthread_mutex_unlock(&state.lock);
}

/* --- Whether it works --- */

static bool works;

/* There and back with two pages, one of which is not there. */
static void
try_once(void)
{
   const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), size = 2 * page;
   struct mapping m;

   /* Where an address has 32 bits, an offset of a system call is in two. */
   if (sizeof(void *) < 8 || sizeof(long) < 8)
      return;
   uint8_t *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
   if (data == MAP_FAILED)
      return;
   const uint64_t start = address(data);
   struct icd_host_region region = {.start = start,
                                    .fd = tongs_sealed_memory("tongs-host-pages", size)};
   data[0] = 1;
   if (region.fd >= 0) {
      works = make_shared(&region, start, size) && find_piece(start, start + size, &m) &&
              is_of(&m, &region) && m.end == start + size && make_private(&region, &m) &&
              data[0] == 1 && data[page] == 0;
      close(region.fd);
   }
   munmap(data, size);
   works &= pthread_atfork(before_fork, wait_for_child, take_copies) == 0;
}

bool
icd_host_pages_work(void)
{
   static pthread_once_t once = PTHREAD_ONCE_INIT;

   if (is_behind_seccomp())
      return false;
   pthread_once(&once, try_once);
   return works;
}
