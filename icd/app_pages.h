/* SPDX-License-Identifier: MIT */

/* The application's own pages, made shared with a worker while they stay where they are
 * (VK_EXT_external_memory_host), and private again. See docs/design/host-pages.md. */

#ifndef ICD_APP_PAGES_H
#define ICD_APP_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/* The part of the application's address space that one sealed memfd stands for, bytes. Each page
 * has its own offset in it, so ranges that overlap share their common pages. Blocks of malloc()
 * that are extended to whole pages overlap. */
#define ICD_APP_REGION_SIZE (UINT64_C(64) << 30)

struct icd_app_region {
   struct icd_app_region *next;
   uint64_t start; /* the address of its first byte */
   int fd;
   uint32_t uses; /* ranges that are imported in it */
};

/* A range of the application's pages that an import has made shared. */
struct icd_app_pages {
   struct icd_app_pages *next;
   struct icd_app_region *region;
   uint8_t *start;
   uint64_t size;
};

/* Whether the kernel allows it. Tries once per process. Each call looks for a seccomp filter: then
 * it is not tried and not allowed, because a filter may kill the process. Any thread. */
bool
icd_app_pages_work(void);

/* Whether a range that begins at `start` may be imported. Looks at the first page only. */
bool
icd_app_pages_accept(void *start);

/* Imports a range: makes its pages shared. On failure, NULL, all pages are as they were and the
 * reason is printed. Any thread. */
struct icd_app_pages *
icd_app_pages_take(void *start, uint64_t size);

/* Ends an import: makes the pages private again that no other import has, with their contents,
 * unless the application has unmapped them. The GPU must have stopped using them. If the connection
 * is `lost`, nobody knows whether it has: then the memfd is not used for new imports. NULL is fine.
 */
void
icd_app_pages_release(struct icd_app_pages *pages, bool lost);

#endif
