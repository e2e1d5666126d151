/* SPDX-License-Identifier: MIT */

#ifndef RDR_CLEAR_PAGES_H
#define RDR_CLEAR_PAGES_H

#include <stddef.h>

/* Writes zeros to `size` bytes of this process's memory, but not to pages that the process has not
 * touched yet: the kernel gives these as zeros, and would have to find memory for them now. Any
 * thread. */
void
rdr_clear_used_pages(void *data, size_t size);

#endif
