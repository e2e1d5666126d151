/* SPDX-License-Identifier: MIT */
#include "icd/app_pages.h"

#include "icd/app_mapping.h"
#include "icd/app_protect.h"
#include "protocol/channel.h"
#include "protocol/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The offset of the C library's rseq area from the thread's control block; from glibc 2.35 on. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));

/* Both lists are singly linked, and not struct tongs_list: a child of fork() must not write to the
 * heap at once, so it empties them by writing to the heads only, and frees their elements later. */
static struct {
   /* Protects the rest. Held while pages are made shared or private, and during fork(). A leaf. */
   pthread_mutex_t lock;
   struct icd_app_pages *first;
   struct icd_app_region *regions;
   bool refused; /* an import was refused and the reason printed */
   /* During a fork(): the pipe through which the child reports that it has made its copies; -1:
    * none. */
   int copied[2];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Prints why an import fails, once per process. */
static void
refuse(const void *start, uint64_t size, const char *why)
{
   if (!state.refused)
      fprintf(stderr,
              "tongs: %llu bytes at %p cannot be imported: %s (reported once per process)\n",
              (unsigned long long)size, start, why);
   state.refused = true;
}

/* --- Making pages private --- */

static bool
overlap(uint64_t start, uint64_t end, uint64_t other, uint64_t other_end)
{
   return start < other_end && other < end;
}

/* The address of this thread's rseq area, in which the kernel stores the number of the current
 * processor when a system call returns. 0: none. */
static uint64_t
rseq_area(void)
{
   return &__rseq_offset ? (uint64_t)pthread_self() + (uint64_t)__rseq_offset : 0;
}

/* Whether this thread writes to the range while it is protected, and so would block itself.
 * `frame`: the frame of a caller. This thread does not use the stack above it, except the return
 * address, before the protection ends. */
static bool
is_ours(uint64_t start, uint64_t size, const void *frame)
{
   const uint64_t end = start + size, here = icd_address(__builtin_frame_address(0));
   const uint64_t self = (uint64_t)pthread_self(), rseq = rseq_area(), number = icd_address(&errno);

   return overlap(start, end, here - (64 << 10), icd_address(frame) + 2 * sizeof(void *)) ||
          overlap(start, end, self, self + 64) || overlap(start, end, rseq, rseq + 32) ||
          overlap(start, end, number, number + sizeof(errno)) ||
          overlap(start, end, icd_address(&state), icd_address(&state + 1));
}

/* Makes a range private again, except pages that the application has unmapped or replaced. `last`:
 * no other import uses the region's pages, so their memory is freed. */
static void
restore_locked(const struct icd_app_region *region, uint64_t start, uint64_t end, bool last,
               const void *frame)
{
   struct icd_mapping m;

   for (uint64_t at = start; at < end && icd_mapping_find_piece(at, end, &m); at = m.end) {
      const uint64_t size = m.end - m.start;
      if (!icd_mapping_is_of(&m, region))
         continue;
      if (is_ours(m.start, size, frame) || !icd_pages_make_private(region, &m))
         fprintf(stderr, "tongs: %llu bytes at %llx, that were imported, stay shared memory\n",
                 (unsigned long long)size, (unsigned long long)m.start);
      else if (last)
         fallocate(region->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)m.offset,
                   (off_t)size);
   }
}

/* --- Regions --- */

/* The region that contains an address; NULL if it has no imports. */
static struct icd_app_region *
find_region_locked(uint64_t start)
{
   struct icd_app_region *region = state.regions;

   while (region && region->start != (start & ~(ICD_APP_REGION_SIZE - 1)))
      region = region->next;
   return region;
}

/* Finds or creates the region that contains an address. NULL if memory is out. */
static struct icd_app_region *
get_region_locked(uint64_t start)
{
   struct icd_app_region *region = find_region_locked(start);

   if (region)
      return region;
   region = malloc(sizeof(*region));
   if (!region)
      return NULL;
   *region = (struct icd_app_region){
      .next = state.regions,
      .start = start & ~(ICD_APP_REGION_SIZE - 1),
      .fd = tongs_sealed_memory("tongs-app-pages", ICD_APP_REGION_SIZE),
   };
   if (region->fd < 0) {
      free(region);
      return NULL;
   }
   return state.regions = region;
}

/* Prevents further imports in the region. */
static void
retire_region_locked(struct icd_app_region *region)
{
   for (struct icd_app_region **link = &state.regions; *link; link = &(*link)->next) {
      if (*link == region) {
         *link = region->next;
         break;
      }
   }
}

/* Destroys the region if it has no more imports. */
static void
drop_region_locked(struct icd_app_region *region)
{
   if (region->uses)
      return;
   retire_region_locked(region);
   close(region->fd);
   free(region);
}

/* --- Ranges --- */

/* Makes the pages of a range private, except those of other imports. */
static void
release_range_locked(const struct icd_app_region *region, uint64_t start, uint64_t end,
                     const void *frame)
{
   for (uint64_t at = start, until; at < end; at = until) {
      bool taken = false;
      until = end;
      for (const struct icd_app_pages *p = state.first; p; p = p->next) {
         const uint64_t from = icd_address(p->start), to = from + p->size;
         if (from <= at && at < to) { /* an import has this part */
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

/* Makes the private pages of a range shared: all of them, or none on failure. */
static bool
share_range_locked(const struct icd_app_region *region, uint64_t start, uint64_t end,
                   const void *frame)
{
   struct icd_mapping m;

   for (uint64_t at = start; at < end; at = m.end) {
      if (!icd_mapping_find_piece(at, end, &m) ||
          (!icd_mapping_is_of(&m, region) &&
           !icd_pages_make_shared(region, m.start, m.end - m.start))) {
         release_range_locked(region, start, at, frame);
         return false;
      }
   }
   return true;
}

/* The reason why a range cannot be imported, whatever its pages are; NULL: there is none. */
static const char *
why_not_at(uint64_t start, uint64_t size, const void *frame)
{
   const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

   if (!size || start % page || size % page || size > UINT64_MAX / 2 - start)
      return "they are not whole pages";
   if (start / ICD_APP_REGION_SIZE != (start + size - 1) / ICD_APP_REGION_SIZE)
      return "they lie on both sides of an address that is a multiple of 64 GiB";
   if (!icd_app_pages_work())
      return "the kernel refuses";
   return is_ours(start, size, frame) ? "this thread runs on them" : NULL;
}

static struct icd_app_pages *
take_locked(void *start, uint64_t size, const char **why, const void *frame)
{
   const uint64_t from = icd_address(start);

   *why = why_not_at(from, size, frame);
   if (*why)
      return NULL;
   *why = "out of memory";
   struct icd_app_pages *pages = malloc(sizeof(*pages));
   struct icd_app_region *region = pages ? get_region_locked(from) : NULL;
   if (region) {
      *why = icd_mapping_why_not(from, from + size, region);
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
      (struct icd_app_pages){.next = state.first, .region = region, .start = start, .size = size};
   region->uses++;
   return state.first = pages;
}

struct icd_app_pages *
icd_app_pages_take(void *start, uint64_t size)
{
   const char *why;

   pthread_mutex_lock(&state.lock);
   struct icd_app_pages *pages = take_locked(start, size, &why, __builtin_frame_address(0));
   if (!pages)
      refuse(start, size, why);
   pthread_mutex_unlock(&state.lock);
   return pages;
}

void
icd_app_pages_release(struct icd_app_pages *pages, bool lost)
{
   if (!pages)
      return;
   pthread_mutex_lock(&state.lock);
   for (struct icd_app_pages **link = &state.first; *link; link = &(*link)->next) {
      if (*link == pages) {
         *link = pages->next;
         break;
      }
   }
   const uint64_t start = icd_address(pages->start);
   release_range_locked(pages->region, start, start + pages->size, __builtin_frame_address(0));
   if (lost)
      retire_region_locked(pages->region);
   pages->region->uses--;
   drop_region_locked(pages->region);
   free(pages);
   pthread_mutex_unlock(&state.lock);
}

bool
icd_app_pages_accept(void *start)
{
   const uint64_t from = icd_address(start), page = (uint64_t)sysconf(_SC_PAGESIZE);
   const char *why = NULL;

   pthread_mutex_lock(&state.lock);
   if (from % page)
      why = "they are not whole pages";
   else
      why = icd_mapping_why_not(from, from + page, find_region_locked(from));
   if (why)
      refuse(start, page, why);
   pthread_mutex_unlock(&state.lock);
   return !why;
}

/* --- Children of fork() --- */

static void
before_fork(void)
{
   pthread_mutex_lock(&state.lock);
   if (!state.first || pipe2(state.copied, O_CLOEXEC) < 0)
      state.copied[0] = state.copied[1] = -1;
}

/* Waits in the parent of a fork() until the child has made its copies, because the parent must not
 * free pages that the child still reads. */
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

/* Gives the child of a fork() private copies of the shared pages, which fork() would have given it
 * without this driver. The child's imports end when it frees the memories that it inherited. The
 * pages may contain data of malloc(), so this function must not write to the heap. */
static void
take_copies(void)
{
   for (struct icd_app_pages *pages = state.first; pages; pages = pages->next) {
      const uint64_t start = icd_address(pages->start);
      restore_locked(pages->region, start, start + pages->size, false, __builtin_frame_address(0));
   }
   state.regions = NULL; /* they belong to the parent */
   state.first = NULL;
   if (state.copied[0] >= 0) {
      if (write(state.copied[1], "", 1) < 0) /* closing the pipe wakes the parent, too */
         errno = 0;
      close(state.copied[0]);
      close(state.copied[1]);
   }
   pthread_mutex_unlock(&state.lock);
}

/* --- Whether it works --- */

static bool works;

/* Tests both replacements with two pages, one of which is not present. */
static void
try_once(void)
{
   const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), size = 2 * page;
   struct icd_mapping m;

   /* Not for 32-bit programs, whose system calls take an offset in two words. */
   if (sizeof(void *) < 8 || sizeof(long) < 8)
      return;
   uint8_t *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
   if (data == MAP_FAILED)
      return;
   const uint64_t start = icd_address(data);
   struct icd_app_region region = {.start = start,
                                   .fd = tongs_sealed_memory("tongs-app-pages", size)};
   data[0] = 1;
   if (region.fd >= 0) {
      works = icd_pages_make_shared(&region, start, size) &&
              icd_mapping_find_piece(start, start + size, &m) && icd_mapping_is_of(&m, &region) &&
              m.end == start + size && icd_pages_make_private(&region, &m) && data[0] == 1 &&
              data[page] == 0;
      close(region.fd);
   }
   munmap(data, size);
   works &= pthread_atfork(before_fork, wait_for_child, take_copies) == 0;
}

bool
icd_app_pages_work(void)
{
   static pthread_once_t once = PTHREAD_ONCE_INIT;

   if (icd_is_behind_seccomp())
      return false;
   pthread_once(&once, try_once);
   return works;
}
