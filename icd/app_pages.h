/* SPDX-License-Identifier: MIT */

/* Makes pages of the application shared with a worker, at the same address
 * (VK_EXT_external_memory_host), and private again. See docs/design/app-pages.md. */

#ifndef ICD_APP_PAGES_H
#define ICD_APP_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/* The size, in bytes, of the part of the application's address space that one sealed memfd covers.
 * Each page of that part has a fixed offset in the memfd, so overlapping ranges share their common
 * pages. Ranges do overlap if applications extend blocks of malloc() to whole pages. */
#define ICD_APP_REGION_SIZE (UINT64_C(64) << 30)

struct icd_app_region {
   struct icd_app_region *next;
   uint64_t start; /* the address of its first byte */
   int fd;
   uint32_t uses; /* the number of its imported ranges */
};

/* A range of the application's pages that an import has made shared. */
struct icd_app_pages {
   struct icd_app_pages *next;
   struct icd_app_region *region;
   uint8_t *start;
   uint64_t size;
};

/* Whether pages can be imported. Tries it once per process. Returns false without trying if the
 * process has a seccomp filter, because a filter may kill the process; each call checks for a
 * filter. Any thread. */
bool
icd_app_pages_work(void);

/* Whether a range that begins at `start` may be imported. Checks only the first page. */
bool
icd_app_pages_accept(void *start);

/* Imports a range: makes its pages shared. On failure, returns NULL, leaves all pages unchanged and
 * prints the reason. Any thread. */
struct icd_app_pages *
icd_app_pages_take(void *start, uint64_t size);

/* Ends an import. Pages that belong to no other import become private again and keep their
 * contents; pages that the application has unmapped are skipped. The GPU must no longer use the
 * pages. If the connection is `lost`, the GPU may still use them; then the memfd is not used for
 * new imports. `pages` may be NULL. */
void
icd_app_pages_release(struct icd_app_pages *pages, bool lost);

#endif
