/* SPDX-License-Identifier: MIT */

/* The application's own pages, made shared with a worker while they stay where they are
 * (VK_EXT_external_memory_host), and private again. See docs/design/host-pages.md. */

#ifndef ICD_HOST_PAGES_H
#define ICD_HOST_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/* What of the application's address space one sealed memfd stands for, each page at its own offset:
 * so pages of ranges that overlap, as those of a heap's blocks do that were made larger to be whole
 * pages, are the same. */
#define ICD_HOST_REGION_SIZE (UINT64_C(64) << 30)

struct icd_host_region {
   struct icd_host_region *next;
   uint64_t start; /* the address of its first byte */
   int fd;
   uint32_t uses;
};

/* A range of the application's pages that is shared meanwhile. */
struct icd_host_pages {
   struct icd_host_pages *next;
   struct icd_host_region *region;
   uint8_t *start;
   uint64_t size;
};

/* Whether the kernel lets us, tried once per process; every time it looks whether the process has
 * been put behind a seccomp filter, as such may kill who tries. */
bool
icd_host_pages_work(void);

/* Whether a range from here on can be imported: the pages that are looked at are the one at
 * `start`. */
bool
icd_host_pages_accept(void *start);

/* Makes pages shared that are not. NULL where they cannot be: all are as they were. */
struct icd_host_pages *
icd_host_pages_take(void *start, uint64_t size);

/* Makes pages private again that no other range has, with their contents, as far as they are still
 * there. The device must not write to them any more; where that is not known as the connection is
 * `lost`, nothing new gets a place in the same memfd. */
void
icd_host_pages_release(struct icd_host_pages *pages, bool lost);

#endif
