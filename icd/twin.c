/* SPDX-License-Identifier: MIT */
#include "icd/twin.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE UINT64_C(4096)
/* The size, in bytes, of the blocks that are compared. An op adds about as many bytes, so a finer
 * look would not pay. */
#define PIECE UINT64_C(64)

struct icd_twin {
   uint64_t size;
   uint8_t *bytes;        /* owned, mapped */
   atomic_uchar *is_sent; /* owned; by page: the worker has what `bytes` has */
};

struct icd_twin *
icd_twin_create(uint64_t size)
{
   struct icd_twin *twin = calloc(1, sizeof(*twin));

   if (!twin)
      return NULL;
   twin->size = size;
   twin->is_sent = calloc((size + PAGE - 1) / PAGE, 1);
   twin->bytes =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
   if (twin->is_sent && twin->bytes != MAP_FAILED)
      return twin;
   if (twin->bytes == MAP_FAILED)
      twin->bytes = NULL;
   icd_twin_destroy(twin);
   return NULL;
}

void
icd_twin_destroy(struct icd_twin *twin)
{
   if (!twin)
      return;
   if (twin->bytes)
      munmap(twin->bytes, twin->size);
   free(twin->is_sent);
   free(twin);
}

/* The end of the block of `size` bytes that holds `at`, or `end` if that comes before. */
static uint64_t
block_end(uint64_t at, uint64_t size, uint64_t end)
{
   const uint64_t next = (at / size + 1) * size;

   return next < end ? next : end;
}

static bool
differs(const struct icd_twin *twin, const uint8_t *data, uint64_t from, uint64_t to)
{
   return !atomic_load_explicit(&twin->is_sent[from / PAGE], memory_order_relaxed) ||
          memcmp(twin->bytes + from, data + from, to - from) != 0;
}

/* Notes the pages that lie in the run as a whole. */
static void
note_sent(struct icd_twin *twin, uint64_t start, uint64_t end)
{
   for (uint64_t at = (start + PAGE - 1) / PAGE * PAGE; at < end; at += PAGE) {
      if (block_end(at, PAGE, twin->size) <= end)
         atomic_store_explicit(&twin->is_sent[at / PAGE], 1, memory_order_relaxed);
   }
}

const uint8_t *
icd_twin_next(struct icd_twin *twin, const uint8_t *data, uint64_t *at, uint64_t end,
              uint64_t *start)
{
   uint64_t from = *at;

   /* Pages first: memcmp() is fastest on long blocks. */
   while (from < end && !differs(twin, data, from, block_end(from, PAGE, end)))
      from = block_end(from, PAGE, end);
   while (from < end && !differs(twin, data, from, block_end(from, PIECE, end)))
      from = block_end(from, PIECE, end);
   if (from >= end)
      return NULL;
   *start = from;
   while (from < end && differs(twin, data, from, block_end(from, PIECE, end)))
      from = block_end(from, PIECE, end);
   memcpy(twin->bytes + *start, data + *start, from - *start);
   note_sent(twin, *start, from);
   *at = from;
   return twin->bytes + *start;
}
