/* SPDX-License-Identifier: MIT */

/* Write-protected ranges, and the two replacements of pages that need them: private pages by shared
 * ones with the same contents, and the reverse.
 *
 * While a range is protected, every other thread that writes to it waits in the kernel. The thread
 * that protects it writes to nothing but its stack and errno, takes no lock, allocates nothing and
 * gets no signal. The caller holds the lock of app_pages.c, unless no other thread knows the range.
 */

#ifndef ICD_APP_PROTECT_H
#define ICD_APP_PROTECT_H

#include <stdbool.h>
#include <stdint.h>

struct icd_app_region;
struct icd_mapping;

/* Replaces a range of private pages by the region's shared pages. On failure the range is as it
 * was. */
bool
icd_pages_make_shared(const struct icd_app_region *region, uint64_t start, uint64_t size);

/* Replaces `m`, which maps the region's pages and nothing else, by private pages. On failure the
 * range is as it was. */
bool
icd_pages_make_private(const struct icd_app_region *region, const struct icd_mapping *m);

#endif
