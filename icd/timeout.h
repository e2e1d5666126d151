/* SPDX-License-Identifier: MIT */

#ifndef ICD_TIMEOUT_H
#define ICD_TIMEOUT_H

#include <stddef.h>
#include <stdint.h>

/* How long, in nanoseconds, the driver waits for a server in all until the first instance is there:
 * TONGS_TIMEOUT in seconds, 5 by default; INT64_MAX if that is 0. The time between the driver's
 * load and vkCreateInstance does not count. The variable is read once. */
int64_t
icd_timeout_ns(void);

/* The same in milliseconds, for poll(2) and the like; -1: without a limit. */
int
icd_timeout_ms(void);

/* Writes the sentence that says that a server did not answer in time, and what to do. */
void
icd_timeout_explain(char *why, size_t why_size);

#endif
