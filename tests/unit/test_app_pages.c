/* SPDX-License-Identifier: MIT */

/* The application's pages become shared and private again, and nobody notices but by what others
 * see. */

#include "icd/app_pages.h"
#include "tests/check.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define PAGES ((size_t)64)
#define SIZE (PAGES * PAGE)

static uint8_t *
map(size_t size, int access, int flags, int fd)
{
   void *data = mmap(NULL, size, access, flags, fd, 0);
   return data == MAP_FAILED ? NULL : data;
}

static uint8_t *
plain(size_t size)
{
   return map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void
fill(uint8_t *data, size_t size, uint8_t seed)
{
   for (size_t i = 0; i < size; i++)
      data[i] = (uint8_t)(i * 7 + i / PAGE + seed);
}

static bool
is_filled(const uint8_t *data, size_t size, uint8_t seed)
{
   for (size_t i = 0; i < size; i++) {
      if (data[i] != (uint8_t)(i * 7 + i / PAGE + seed))
         return false;
   }
   return true;
}

static bool
refuses(void *start, size_t size)
{
   struct icd_app_pages *pages = icd_app_pages_take(start, size);

   icd_app_pages_release(pages, false);
   return !pages;
}

/* The offset of a byte of the pages in the memfd. */
static off_t
offset_of(const struct icd_app_pages *pages, const void *byte)
{
   return (off_t)((uintptr_t)byte - pages->region->start);
}

/* Whether what a fork's child writes is seen here. */
static bool
is_shared_with_child(volatile uint8_t *byte)
{
   *byte = 1;
   pid_t pid = fork();
   if (!pid) {
      *byte = 2;
      _exit(0);
   }
   waitpid(pid, NULL, 0);
   return *byte == 2;
}

static void
test_there_and_back(void)
{
   uint8_t *data = plain(SIZE);
   uint8_t seen[PAGE];

   fill(data, SIZE, 1);
   fact(icd_app_pages_accept(data), "private anonymous pages are accepted");
   struct icd_app_pages *pages = icd_app_pages_take(data, SIZE);
   fact(pages && is_filled(data, SIZE, 1), "pages that become shared keep their contents");
   if (!pages)
      return;
   fact(pread(pages->region->fd, seen, PAGE, offset_of(pages, data + 5 * PAGE)) == (ssize_t)PAGE &&
           memcmp(seen, data + 5 * PAGE, PAGE) == 0,
        "the memfd has the contents");
   fill(data, SIZE, 2);
   fact(pread(pages->region->fd, seen, PAGE, offset_of(pages, data + 5 * PAGE)) == (ssize_t)PAGE &&
           memcmp(seen, data + 5 * PAGE, PAGE) == 0,
        "what is written to the pages is in the memfd");
   const uint8_t nine = 9;
   fact(pwrite(pages->region->fd, &nine, 1, offset_of(pages, data + 12345)) == 1 &&
           data[12345] == 9,
        "what is written to the memfd is in the pages");
   int fd = dup(pages->region->fd);
   const off_t first = offset_of(pages, data);
   fill(data, SIZE, 3);
   icd_app_pages_release(pages, false);
   fact(is_filled(data, SIZE, 3), "pages that become private keep their contents");
   data[0] = 0xaa;
   fact(pread(fd, seen, 1, first) == 1 && seen[0] != 0xaa, "then they are no longer the memfd's");
   fact(!is_shared_with_child(data), "then a fork's child has a copy of them");
   fact(madvise(data, PAGE, MADV_DONTNEED) == 0 && data[0] == 0, "then MADV_DONTNEED empties them");
   close(fd);
   munmap(data, SIZE);
}

static void
test_heap_and_stack(void)
{
   uint8_t *data = aligned_alloc(PAGE, SIZE);
   _Alignas(4096) uint8_t local[4 * PAGE];
   static _Alignas(4096) uint8_t zeros[4 * PAGE];

   fill(data, SIZE, 4);
   struct icd_app_pages *pages = icd_app_pages_take(data, SIZE);
   fact(pages && is_filled(data, SIZE, 4), "the heap's pages can be taken");
   icd_app_pages_release(pages, false);
   fact(is_filled(data, SIZE, 4), "they come back");
   free(data);
   fill(local, sizeof(local), 5);
   pages = icd_app_pages_take(local, sizeof(local));
   fact(pages && is_filled(local, sizeof(local), 5), "pages of a caller's frame can be taken");
   icd_app_pages_release(pages, false);
   fact(is_filled(local, sizeof(local), 5), "they come back");
   fill(zeros, sizeof(zeros), 6);
   pages = icd_app_pages_take(zeros, sizeof(zeros));
   if (!pages) /* the program's data may be in one mapping with the file's last page */
      printf("# a program's own data was refused\n");
   icd_app_pages_release(pages, false);
   fact(is_filled(zeros, sizeof(zeros), 6), "a program's own data keeps its contents");
}

static void *
refuse_own(void *nothing)
{
   const uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~(PAGE - 1);
   const uintptr_t self = (uintptr_t)pthread_self() & ~(PAGE - 1);

   fact(refuses((void *)(here - PAGE), 2 * PAGE), "the frames that are running are refused");
   fact(refuses((void *)self, PAGE), "a thread's own control block is refused");
   return nothing;
}

static void
test_refusals(void)
{
   FILE *file = tmpfile();
   uint8_t *of_file, *data;

   if (!file || ftruncate(fileno(file), (off_t)SIZE) < 0)
      return;
   of_file = map(SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(file));
   fact(refuses(of_file, SIZE) && !icd_app_pages_accept(of_file), "a file's pages are refused");
   munmap(of_file, SIZE);
   fclose(file);
   data = map(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
   fact(refuses(data, SIZE) && !icd_app_pages_accept(data), "shared pages are refused");
   munmap(data, SIZE);
   data = plain(SIZE);
   fill(data, SIZE, 7);
   mprotect(data + 8 * PAGE, PAGE, PROT_READ);
   fact(refuses(data, SIZE), "a range with a page that cannot be written to is refused");
   fact(icd_app_pages_accept(data) && !icd_app_pages_accept(data + 8 * PAGE),
        "only that page is not accepted");
   munmap(data + 8 * PAGE, PAGE);
   fact(refuses(data, SIZE), "a range with a hole is refused");
   fact(!icd_app_pages_accept(data + 8 * PAGE), "a hole is not accepted");
   fact(refuses(data + 1, PAGE) && refuses(data, PAGE + 1) && refuses(data, 0),
        "what is no whole pages is refused");
   fact(refuses(data, SIZE_MAX & ~(PAGE - 1)) && refuses(NULL, PAGE), "nonsense is refused");
   fact(is_filled(data, 8 * PAGE, 7), "what is refused is as it was");
   munmap(data, SIZE);
}

/* Whether the memfd has what is in the range's pages. */
static bool
is_in_memfd(const struct icd_app_pages *pages, const uint8_t *data, uint8_t seed)
{
   uint8_t *copy = malloc(pages->size);
   const bool same = pread(pages->region->fd, copy, pages->size, offset_of(pages, pages->start)) ==
                        (ssize_t)pages->size &&
                     memcmp(copy, pages->start, pages->size) == 0;

   free(copy);
   return same && is_filled(data, SIZE, seed);
}

static void
test_overlaps(void)
{
   uint8_t *data = plain(SIZE);

   fill(data, SIZE, 8);
   struct icd_app_pages *outer = icd_app_pages_take(data + 8 * PAGE, 16 * PAGE);
   struct icd_app_pages *again = icd_app_pages_take(data + 8 * PAGE, 16 * PAGE);
   struct icd_app_pages *inner = icd_app_pages_take(data + 12 * PAGE, PAGE);
   struct icd_app_pages *left = icd_app_pages_take(data, 9 * PAGE);
   struct icd_app_pages *right = icd_app_pages_take(data + 23 * PAGE, 4 * PAGE);
   fact(outer && again && inner && left && right && outer->region == right->region &&
           outer->region == left->region,
        "ranges that are the same, in another one or overlap can be taken");
   fact(is_filled(data, SIZE, 8), "and nothing is lost");
   fact(icd_app_pages_accept(data + 9 * PAGE), "shared pages are accepted again");
   fill(data, SIZE, 9);
   fact(is_in_memfd(left, data, 9) && is_in_memfd(outer, data, 9) && is_in_memfd(right, data, 9),
        "each of them has the pages");
   icd_app_pages_release(outer, false);
   icd_app_pages_release(left, false);
   fact(is_in_memfd(again, data, 9) && !is_shared_with_child(data),
        "pages are shared while a range has them");
   data[0] = 9;
   struct icd_app_pages *whole = icd_app_pages_take(data, SIZE);
   fact(whole && is_filled(data, SIZE, 9) && is_in_memfd(whole, data, 9),
        "all of them can be taken");
   icd_app_pages_release(again, false);
   icd_app_pages_release(inner, false);
   icd_app_pages_release(right, false);
   icd_app_pages_release(whole, false);
   fact(is_filled(data, SIZE, 9) && !refuses(data, SIZE), "and in the end they are private");
   fact(!is_shared_with_child(data + 8 * PAGE) && !is_shared_with_child(data + 23 * PAGE),
        "all of them");
   data[0] = 9;
   left = icd_app_pages_take(data, PAGE);
   right = icd_app_pages_take(data + 40 * PAGE, PAGE);
   icd_app_pages_release(left, true);
   left = icd_app_pages_take(data, PAGE);
   fact(left && right && left->region != right->region && is_filled(data, PAGE, 9),
        "where a device may write on, new ranges have another memfd");
   icd_app_pages_release(left, false);
   icd_app_pages_release(right, false);
   mprotect(data + 30 * PAGE, PAGE, PROT_READ);
   inner = icd_app_pages_take(data + 20 * PAGE, 2 * PAGE);
   fact(refuses(data + 18 * PAGE, 20 * PAGE) && !is_shared_with_child(data + 25 * PAGE),
        "what cannot all be taken is left alone");
   icd_app_pages_release(inner, false);
   munmap(data, SIZE);
}

static void
test_what_applications_do_meanwhile(void)
{
   uint8_t *data = plain(SIZE);

   fill(data, SIZE, 9);
   struct icd_app_pages *pages = icd_app_pages_take(data, SIZE);
   munmap(data + 4 * PAGE, 4 * PAGE);
   mprotect(data + 8 * PAGE, 8 * PAGE, PROT_READ);
   uint8_t *other = mmap(data + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
   other[0] = 42;
   icd_app_pages_release(pages, false);
   fact(is_filled(data, 4 * PAGE, 9), "what is left of the pages becomes private");
   fact(other[0] == 42, "what the application put there stays");
   fact(msync(data + 5 * PAGE, PAGE, MS_ASYNC) < 0, "what it unmapped stays so");
   fact(memcmp(data + 8 * PAGE, data + 8 * PAGE, PAGE) == 0 &&
           mprotect(data + 8 * PAGE, 8 * PAGE, PROT_READ | PROT_WRITE) == 0,
        "what it protected is there");
   fill(data + 8 * PAGE, PAGE, 1);
   fact(!is_shared_with_child(data + 9 * PAGE), "and private");
   munmap(data, SIZE);
}

static uint64_t
resident(void)
{
   unsigned long long pages = 0, all = 0;
   FILE *file = fopen("/proc/self/statm", "re");

   if (!file || fscanf(file, "%llu %llu", &all, &pages) != 2)
      pages = 0;
   if (file)
      fclose(file);
   return pages * PAGE;
}

static void
test_sparse(void)
{
   const size_t size = (size_t)512 << 20;
   uint8_t *data =
      map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
   struct stat st = {0};

   madvise(data, size, MADV_NOHUGEPAGE);
   data[size / 2] = 1;
   data[size - 1] = 2;
   const uint64_t before = resident();
   struct icd_app_pages *pages = icd_app_pages_take(data, size);
   fact(pages && fstat(pages->region->fd, &st) == 0 && st.st_blocks * 512 < (1 << 20) &&
           resident() < before + (8 << 20),
        "pages that were never touched do not come into being when the rest is shared");
   fact(data[size / 2] == 1 && data[size - 1] == 2, "the rest is");
   data[size / 4] = 3;
   icd_app_pages_release(pages, false);
   fact(resident() < before + (8 << 20), "nor when it becomes private");
   fact(data[size / 2] == 1 && data[size - 1] == 2 && data[size / 4] == 3 && data[0] == 0,
        "with what was touched in between");
   munmap(data, size);
}

/* --- Others --- */

struct counting {
   _Atomic uint64_t *counters; /* one a page */
   uint64_t sum;
   atomic_bool stop;
   int zeros;                        /* /dev/zero */
   uint64_t bad;                     /* values that had not been written */
   uint64_t refused;                 /* system calls that failed */
   _Atomic(_Atomic uint64_t *) next; /* new pages to write to */
   atomic_bool done;
};

static void *
count(void *data)
{
   struct counting *c = data;

   for (uint64_t i = 0; !atomic_load_explicit(&c->stop, memory_order_relaxed); i++) {
      atomic_fetch_add_explicit(&c->counters[i % PAGES * (PAGE / 8)], 1, memory_order_relaxed);
      c->sum++;
   }
   return NULL;
}

/* Plain stores that are looked at at once, by the kernel as well. */
static void *
write_and_look(void *data)
{
   struct counting *c = data;
   volatile uint64_t *words = (volatile uint64_t *)c->counters + 1;

   for (uint64_t i = 1; !atomic_load_explicit(&c->stop, memory_order_relaxed); i++) {
      volatile uint64_t *word = &words[i % PAGES * (PAGE / 8)];
      *word = i;
      c->bad += *word != i;
      if (read(c->zeros, (void *)word, 8) == 8)
         c->bad += *word != 0;
      else
         c->refused++;
   }
   return NULL;
}

static void
test_writers(void)
{
   struct counting c = {.zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC)};
   struct counting d = c;
   pthread_t threads[2];
   uint64_t sum = 0;
   bool took = true;

   c.counters = (_Atomic uint64_t *)plain(SIZE);
   d.counters = c.counters;
   pthread_create(&threads[0], NULL, count, &c);
   pthread_create(&threads[1], NULL, write_and_look, &d);
   while (!c.counters[0]) /* they have begun */
      sched_yield();
   for (int i = 0; i < 300 && took; i++) {
      struct icd_app_pages *pages = icd_app_pages_take(c.counters, SIZE);
      took = pages;
      icd_app_pages_release(pages, false);
   }
   atomic_store(&c.stop, true);
   atomic_store(&d.stop, true);
   pthread_join(threads[0], NULL);
   pthread_join(threads[1], NULL);
   for (size_t i = 0; i < PAGES; i++)
      sum += c.counters[i * (PAGE / 8)];
   fact(took && sum == c.sum && sum > 0, "no increment of another thread is lost in 300 rounds");
   fact(d.bad == 0, "what another thread or the kernel wrote is there at once");
   printf("# %llu increments, %llu system calls refused\n", (unsigned long long)sum,
          (unsigned long long)d.refused);
   fact(d.refused == 0 || geteuid() != 0, "where the kernel lets us, system calls wait, too");
   munmap((void *)c.counters, SIZE);
   close(c.zeros);
}

/* A thread writes to pages for the first time, in each round to new ones. */
static void *
write_first(void *data)
{
   struct counting *c = data;

   for (;;) {
      _Atomic uint64_t *words = NULL;
      while (!(words = atomic_exchange(&c->next, NULL)) && !atomic_load(&c->stop))
         sched_yield();
      if (!words)
         return NULL;
      for (size_t i = 0; i < PAGES; i++)
         words[i * (PAGE / 8)] = i + 1;
      for (size_t i = 0; i < PAGES; i++)
         c->bad += words[i * (PAGE / 8)] != i + 1;
      atomic_store(&c->done, true);
   }
}

static void
test_first_writes(void)
{
   struct counting c = {0};
   pthread_t thread;
   uint64_t lost = 0;

   pthread_create(&thread, NULL, write_first, &c);
   for (int i = 0; i < 400; i++) {
      _Atomic uint64_t *words = (_Atomic uint64_t *)plain(SIZE);
      atomic_store(&c.done, false);
      atomic_store(&c.next, words);
      while (i % 2 && atomic_load(&c.next)) /* it is about to begin */
         sched_yield();
      struct icd_app_pages *pages = icd_app_pages_take(words, SIZE);
      if (i % 4 < 2) {
         while (!atomic_load(&c.done))
            sched_yield();
      }
      icd_app_pages_release(pages, false);
      while (!atomic_load(&c.done))
         sched_yield();
      for (size_t j = 0; j < PAGES; j++)
         lost += words[j * (PAGE / 8)] != j + 1;
      munmap((void *)words, SIZE);
   }
   atomic_store(&c.stop, true);
   pthread_join(thread, NULL);
   fact(lost == 0 && c.bad == 0, "no first write to a page is lost in 400 rounds");
}

/* Another thread forks all the time: no child may keep anyone waiting, or find pages empty. */
static void *
fork_often(void *data)
{
   struct counting *c = data;

   while (!atomic_load(&c->stop)) {
      pid_t pid = fork();
      int status = 1;
      if (!pid)
         _exit(c->counters[3] == 77 && c->counters[SIZE / 8 - 1] == 78 ? 0 : 1);
      c->bad += waitpid(pid, &status, 0) != pid || status != 0;
      c->sum++;
   }
   return NULL;
}

static void
test_forks(void)
{
   struct counting c = {.counters = (_Atomic uint64_t *)plain(SIZE)};
   pthread_t thread;
   bool took = true;

   c.counters[3] = 77;
   c.counters[SIZE / 8 - 1] = 78;
   pthread_create(&thread, NULL, fork_often, &c);
   for (int i = 0; i < 300 && took; i++) {
      struct icd_app_pages *pages = icd_app_pages_take(c.counters, SIZE);
      took = pages;
      icd_app_pages_release(pages, false);
   }
   atomic_store(&c.stop, true);
   pthread_join(thread, NULL);
   fact(took && c.bad == 0, "a child that is forked at the same time has all contents");
   munmap((void *)c.counters, SIZE);
}

static void
test_a_child_of_shared_pages(void)
{
   uint8_t *data = plain(SIZE);

   fill(data, SIZE, 10);
   struct icd_app_pages *pages = icd_app_pages_take(data, SIZE);
   pid_t pid = fork();
   if (!pid) {
      const bool right = is_filled(data, SIZE, 10);
      fill(data, SIZE, 11);
      icd_app_pages_release(pages, false);
      _exit(right && is_filled(data, SIZE, 11) ? 0 : 1);
   }
   int status = 1;
   waitpid(pid, &status, 0);
   fact(status == 0, "a fork's child has the contents, and may write and release");
   fact(is_filled(data, SIZE, 10), "its parent's pages are its parent's");
   icd_app_pages_release(pages, false);
   fact(is_filled(data, SIZE, 10), "and come back");
   munmap(data, SIZE);
}

/* --- What fails --- */

static void
test_no_room(void)
{
   uint8_t *data = plain(SIZE);
   struct rlimit old, none = {.rlim_cur = 3};

   fill(data, SIZE, 12);
   getrlimit(RLIMIT_NOFILE, &old);
   none.rlim_max = old.rlim_max;
   for (none.rlim_cur = 3; none.rlim_cur < 8; none.rlim_cur++) {
      setrlimit(RLIMIT_NOFILE, &none);
      struct icd_app_pages *pages = icd_app_pages_take(data, SIZE);
      if (pages)
         icd_app_pages_release(pages, false);
   }
   setrlimit(RLIMIT_NOFILE, &old);
   fact(is_filled(data, SIZE, 12), "where descriptors run out nothing is lost");
   fact(!refuses(data, SIZE) && is_filled(data, SIZE, 12),
        "and it works when there are some again");
   munmap(data, SIZE);
}

static void
test_borders(void)
{
   uint8_t *near = plain(PAGE);
   uint8_t *border = (uint8_t *)((uintptr_t)near & ~(ICD_APP_REGION_SIZE - 1));
   uint8_t *data = mmap(border - PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

   if (data != border - PAGE) {
      fact_skipped("a range in two regions is refused",
                   "nothing can be mapped at a region's border");
      return;
   }
   fill(data, 2 * PAGE, 13);
   fact(refuses(data, 2 * PAGE), "a range in two regions is refused");
   fact(!refuses(data, PAGE) && !refuses(data + PAGE, PAGE) && is_filled(data, 2 * PAGE, 13),
        "a page on each side of the border is not");
   munmap(data, 2 * PAGE);
   munmap(near, PAGE);
}

int
main(void)
{
   setvbuf(stdout, NULL, _IOLBF, 0); /* what is not written yet must not be a child's, too */
   if (!icd_app_pages_work())
      return check_skip_all("the kernel has no userfaultfd with write protection for us");
   test_there_and_back();
   test_heap_and_stack();
   refuse_own(NULL);
   pthread_t thread;
   if (pthread_create(&thread, NULL, refuse_own, NULL) == 0)
      pthread_join(thread, NULL);
   test_refusals();
   test_overlaps();
   test_what_applications_do_meanwhile();
   test_sparse();
   test_writers();
   test_first_writes();
   test_forks();
   test_a_child_of_shared_pages();
   test_no_room();
   test_borders();
   return check_end();
}
