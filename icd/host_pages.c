/* SPDX-License-Identifier: MIT */
#include "host_pages.h"

#include "channel.h"
#include "socket.h"

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
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

/* Of the C library, relative to the thread's control block; from glibc 2.35 on. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));

/* Each memory that is made of such pages is a heap of the worker's, which bounds those. */
#define USES_MAX 2048
/* Pages whose state is looked at with one system call. */
#define LOOK_PAGES 256u

static struct {
   pthread_mutex_t lock; /* protects the rest, and everything that is made shared or private */
   struct icd_host_pages *first;
   uint32_t uses; /* of all of them */
   bool refused;  /* and said so */
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

/* --- What lies where --------------------------------------------------------------------------------------------------- */

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

/* Reads the next line, through a buffer of its own: stdio allocates, and a fork's child must not write to its parent's
 * heap (take_copies). */
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

/* Why a mapping cannot be replaced, or NULL. A stack that grows may be the caller's own alone: the kernel writes to others
 * when signals come. */
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

static const char *
why_not_range(uint64_t start, uint64_t end)
{
   struct mapping m;

   for (uint64_t at = start; at < end; at = m.end) {
      if (!find_mapping(at, &m))
         return "/proc/self/maps does not have them";
      if (m.start > at)
         return "they are not all there";
      const char *why = why_not(&m);
      if (why)
         return why;
   }
   return NULL;
}

/* Whether a mapping is one of the range's own pages, at their place. */
static bool
is_of(const struct mapping *m, const struct icd_host_pages *pages)
{
   struct stat st;

   return fstat(pages->fd, &st) == 0 && m->inode == st.st_ino && m->major == major(st.st_dev) &&
          m->minor == minor(st.st_dev) && m->start >= address(pages->start) &&
          m->offset == m->start - address(pages->start);
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

/* --- The window -------------------------------------------------------------------------------------------------------- */

/* While a window is open, whoever writes to a range waits in the kernel; a thread that opens one writes to nothing but its
 * stack and errno, takes no lock, allocates nothing and gets no signal. */
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

/* Where the kernel tells this thread, when it comes back from a system call, on which processor it runs. */
static uint64_t
rseq_area(void)
{
   return &__rseq_offset ? (uint64_t)pthread_self() + (uint64_t)__rseq_offset : 0;
}

/* Whether this thread writes to the range while a window is open: it would wait for itself. `frame`: what lies above, but
 * for the return address, is not in use before the window is closed. */
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

/* Where the kernel lets us, a system call that touches the pages waits as well; otherwise it fails with EFAULT. */
static int
open_userfaultfd(void)
{
   int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

   if (fd < 0)
      fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
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

/* Puts the pages that are mapped at `from` in the place of those at `to`, at once for all who look. */
static bool
replace(void *from, uint64_t size, uint64_t to)
{
   return syscall(SYS_mremap, from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == (long)to;
}

/* --- Private to shared ----------------------------------------------------------------------------------------------- */

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

/* Copies a few pages that are there. One that the kernel drops meanwhile, as after MADV_FREE, is zeros. */
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
open_copy(struct copy *c, const struct icd_host_pages *pages)
{
   *c = (struct copy){
      .start = address(pages->start),
      .size = pages->size,
      .page_size = (uint64_t)sysconf(_SC_PAGESIZE),
      .mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC),
      .pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC),
   };
   void *to =
      mmap(NULL, pages->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, pages->fd, 0);
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
make_shared(const struct icd_host_pages *pages)
{
   struct window window;
   struct copy copy;
   bool done = false;

   if (open_copy(&copy, pages) && window_open(&window, copy.start, copy.size, true)) {
      done = copy_pages(&copy) && replace(copy.to, copy.size, copy.start);
      window_close(&window, done);
   }
   close_copy(&copy, done);
   return done;
}

/* --- Shared to private ----------------------------------------------------------------------------------------------- */

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
make_private(const struct icd_host_pages *pages, const struct mapping *m)
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
      done = read_data(pages->fd, m->offset, size, to) &&
             syscall(SYS_mprotect, to, size, access) == 0 && replace(to, size, m->start);
      window_close(&window, done);
   }
   if (!done)
      munmap(to, size);
   return done;
}

/* The application may have unmapped pages, or put others there. */
static void
restore_locked(const struct icd_host_pages *pages, const void *frame)
{
   const uint64_t start = address(pages->start), end = start + pages->size;
   struct mapping m;

   for (uint64_t at = start; at < end && find_mapping(at, &m) && m.start < end; at = m.end) {
      if (!is_of(&m, pages))
         continue;
      if (is_ours(m.start, m.end - m.start, frame) || !make_private(pages, &m))
         fprintf(stderr, "tongs: %llu bytes at %llx, that were imported, stay shared memory\n",
                 (unsigned long long)(m.end - m.start), (unsigned long long)m.start);
   }
}

/* --- The ranges -------------------------------------------------------------------------------------------------------- */

static void
destroy(struct icd_host_pages *pages)
{
   if (pages->fd >= 0)
      close(pages->fd);
   free(pages);
}

static struct icd_host_pages *
create_locked(void *start, uint64_t size, const char **why)
{
   struct icd_host_pages *pages = malloc(sizeof(*pages));

   *why = "out of memory";
   if (!pages)
      return NULL;
   *pages = (struct icd_host_pages){
      .next = state.first,
      .start = start,
      .size = size,
      .fd = tongs_sealed_memory("tongs-host-pages", size),
   };
   if (pages->fd >= 0) {
      *why = "the kernel refuses";
      if (make_shared(pages)) {
         state.first = pages;
         return pages;
      }
   }
   destroy(pages);
   return NULL;
}

/* What there is of a range: the pages that it lies in, or NULL. */
static struct icd_host_pages *
find_locked(uint64_t start, uint64_t end, const char **why)
{
   for (struct icd_host_pages *pages = state.first; pages; pages = pages->next) {
      const uint64_t from = address(pages->start), to = from + pages->size;
      if (start >= from && end <= to)
         return pages;
      if (overlap(start, end, from, to))
         *why = "a part of them is imported already";
   }
   return NULL;
}

struct icd_host_pages *
icd_host_pages_take(void *start, uint64_t size)
{
   const uint64_t from = address(start), page = (uint64_t)sysconf(_SC_PAGESIZE);
   struct icd_host_pages *pages = NULL;
   const char *why = NULL;

   pthread_mutex_lock(&state.lock);
   if (!size || from % page || size % page || size > UINT64_MAX / 2 - from)
      why = "they are not whole pages";
   else if (state.uses >= USES_MAX)
      why = "they are one range too many";
   else
      pages = find_locked(from, from + size, &why);
   if (!pages && !why && !icd_host_pages_work())
      why = "the kernel refuses";
   if (!pages && !why && is_ours(from, size, __builtin_frame_address(0)))
      why = "this thread runs on them";
   if (!pages && !why)
      why = why_not_range(from, from + size);
   if (!pages && !why)
      pages = create_locked(start, size, &why);
   if (pages) {
      pages->uses++;
      state.uses++;
   } else {
      refuse(start, size, why);
   }
   pthread_mutex_unlock(&state.lock);
   return pages;
}

void
icd_host_pages_release(struct icd_host_pages *pages)
{
   if (!pages)
      return;
   pthread_mutex_lock(&state.lock);
   state.uses--;
   if (!--pages->uses) {
      for (struct icd_host_pages **link = &state.first; *link; link = &(*link)->next) {
         if (*link == pages) {
            *link = pages->next;
            break;
         }
      }
      restore_locked(pages, __builtin_frame_address(0));
      destroy(pages);
   }
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
   else if (!find_locked(from, from + page, &why))
      why = why_not_range(from, from + page);
   if (why)
      refuse(start, page, why);
   pthread_mutex_unlock(&state.lock);
   return !why;
}

/* --- A fork's child ------------------------------------------------------------------------------------------------- */

static void
lock(void)
{
   pthread_mutex_lock(&state.lock);
}

static void
unlock(void)
{
   pthread_mutex_unlock(&state.lock);
}

/* The child has copies, as it would have had without us. Its uses of the ranges end when it frees its parent's memories. The
 * heap's own data may lie beside the application's in the pages: nothing here writes to the heap. */
static void
take_copies(void)
{
   for (struct icd_host_pages *pages = state.first; pages; pages = pages->next)
      restore_locked(pages, __builtin_frame_address(0));
   state.first = NULL;
   unlock();
}

/* --- Whether it works ---------------------------------------------------------------------------------------------- */

static bool works;

/* There and back with two pages, one of which is not there. */
static void
try_once(void)
{
   const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
   struct icd_host_pages pages = {.size = 2 * page};
   struct mapping m;

   /* Where an address has 32 bits, an offset of a system call is in two. */
   if (sizeof(void *) < 8 || sizeof(long) < 8)
      return;
   void *start = mmap(NULL, pages.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
   if (start == MAP_FAILED)
      return;
   pages.start = start;
   pages.start[0] = 1;
   pages.fd = tongs_sealed_memory("tongs-host-pages", pages.size);
   if (pages.fd >= 0) {
      works = make_shared(&pages) && find_mapping(address(start), &m) && is_of(&m, &pages) &&
              m.end >= address(start) + pages.size && make_private(&pages, &m) &&
              pages.start[0] == 1 && pages.start[page] == 0;
      close(pages.fd);
   }
   munmap(start, pages.size);
   works &= pthread_atfork(lock, unlock, take_copies) == 0;
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
