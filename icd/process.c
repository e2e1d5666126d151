/* SPDX-License-Identifier: MIT */
#include "icd/process.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

/* The number of this process, or 0 if it is not known yet. The kernel clears the page that holds it
 * in each child of fork(). NULL if the kernel cannot (Linux before 4.14). */
static _Atomic pid_t *id;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
make_page(void)
{
   size_t size = (size_t)sysconf(_SC_PAGESIZE);

   void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
   if (page == MAP_FAILED)
      return;
   if (madvise(page, size, MADV_WIPEONFORK)) {
      munmap(page, size);
      return;
   }
   id = page;
}

pid_t
icd_process_id(void)
{
   pthread_once(&once, make_page);
   if (!id)
      return getpid();
   pid_t known = atomic_load_explicit(id, memory_order_relaxed);
   if (!known) {
      known = getpid();
      atomic_store_explicit(id, known, memory_order_relaxed);
   }
   return known;
}
