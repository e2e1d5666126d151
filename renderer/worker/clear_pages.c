/* SPDX-License-Identifier: MIT */
#include "renderer/worker/clear_pages.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* /proc/PID/pagemap has a word for each page, see pagemap(5). */
#define PAGE_PRESENT (UINT64_C(1) << 63)
#define PAGE_SWAPPED (UINT64_C(1) << 62)
#define WORDS 512u

/* The bytes of the page at `page` that lie in [start, end). */
static void
clear_page(uintptr_t page, size_t page_size, uintptr_t start, uintptr_t end)
{
   uintptr_t from = page < start ? start : page;
   uintptr_t to = page + page_size > end ? end : page + page_size;

   memset((void *)from, 0, to - from);
}

/* False if the page map does not tell. */
static bool
clear_by_page_map(int page_map, uintptr_t start, uintptr_t end)
{
   const size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
   uint64_t words[WORDS];

   for (uintptr_t page = start & ~(page_size - 1); page < end;) {
      size_t count = (end - page + page_size - 1) / page_size;
      if (count > WORDS)
         count = WORDS;
      const off_t at = (off_t)(page / page_size * sizeof(words[0]));
      if (pread(page_map, words, count * sizeof(words[0]), at) !=
          (ssize_t)(count * sizeof(words[0])))
         return false;
      for (size_t i = 0; i < count; i++, page += page_size) {
         if (words[i] & (PAGE_PRESENT | PAGE_SWAPPED))
            clear_page(page, page_size, start, end);
      }
   }
   return true;
}

void
rdr_clear_used_pages(void *data, size_t size)
{
   const uintptr_t start = (uintptr_t)data;
   int page_map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

   if (page_map < 0 || !clear_by_page_map(page_map, start, start + size))
      memset(data, 0, size);
   if (page_map >= 0)
      close(page_map);
}
