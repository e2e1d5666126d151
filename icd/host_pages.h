/* SPDX-License-Identifier: MIT */

/* The application's own pages, made shared with a worker while they stay where they are (VK_EXT_external_memory_host), and
 * private again. docs/architecture.md, "The application's own pages". */

#ifndef ICD_HOST_PAGES_H
#define ICD_HOST_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/* A range of the application's pages that is a sealed memfd meanwhile. */
struct icd_host_pages {
   struct icd_host_pages *next;
   uint8_t *start;
   uint64_t size;
   int fd;
   uint32_t uses; /* memories that are made of it */
};

/* Whether the kernel lets us, tried once per process; every time it looks whether the process has been put behind a
 * seccomp filter, as such may kill who tries. */
bool
icd_host_pages_work(void);

/* Whether a range from here on can be imported: the pages that are looked at are the one at `start`. */
bool
icd_host_pages_accept(void *start);

/* Makes pages shared, or finds that they are. NULL where they cannot be: they are as they were. */
struct icd_host_pages *
icd_host_pages_take(void *start, uint64_t size);

/* The last one makes the pages private again, with their contents, as far as they are still there. The device must not
 * write to them any more. */
void
icd_host_pages_release(struct icd_host_pages *pages);

#endif
