/* SPDX-License-Identifier: MIT */

/* The mappings of this process, read from /proc. No function here writes to the heap, so that a
 * child of fork() may call them while it copies pages (app_pages.c). */

#ifndef ICD_APP_MAPPING_H
#define ICD_APP_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

struct icd_app_region;

/* A line of /proc/self/maps. */
struct icd_mapping {
   uint64_t start;
   uint64_t end;
   char access[5];
   uint64_t offset;
   unsigned major, minor;
   uint64_t inode;
   const char *name;
   char line[256]; /* long names are truncated */
};

static inline uint64_t
icd_address(const void *p)
{
   return (uintptr_t)p;
}

/* Finds the first mapping that ends after `at`, and clips it to the range from `at` to `end`. False
 * if there is none. */
bool
icd_mapping_find_piece(uint64_t at, uint64_t end, struct icd_mapping *m);

/* Whether a mapping is of the region's memfd, with each page at its offset in the region. False if
 * `region` is NULL. */
bool
icd_mapping_is_of(const struct icd_mapping *m, const struct icd_app_region *region);

/* The reason why the pages of a range cannot be made shared, as a clause in English; NULL if they
 * can. `region`: the region of the range; may be NULL. */
const char *
icd_mapping_why_not(uint64_t start, uint64_t end, const struct icd_app_region *region);

/* Whether the process has, or may have, a seccomp filter. */
bool
icd_is_behind_seccomp(void);

#endif
