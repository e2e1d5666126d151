/* SPDX-License-Identifier: MIT */

/* Write-protected ranges, and the two replacements of pages that need them: private pages by shared
 * ones with the same contents, and the reverse.
 *
 * While a range is protected, every other thread that writes to it waits in the kernel. The thread
 * that protects it writes only to its stack and errno, takes no lock, allocates nothing and has its
 * signals blocked. The caller holds the lock of app_pages.c, unless no other thread knows the
 * range.
 */

#ifndef ICD_APP_PROTECT_H
#define ICD_APP_PROTECT_H

#include <stdbool.h>
#include <stdint.h>

struct icd_app_region;
struct icd_mapping;

/* Replaces a range of private pages by the region's shared pages. On failure the range is
 * unchanged. */
bool
icd_pages_make_shared(const struct icd_app_region *region, uint64_t start, uint64_t size);

/* Replaces the mapping `m`, which contains only pages of the region, by private pages. On failure
 * the range is unchanged. */
bool
icd_pages_make_private(const struct icd_app_region *region, const struct icd_mapping *m);

#endif
