/* SPDX-License-Identifier: MIT */

/* TONGS_DEBUG: a list of words that change how the driver works or what it prints.
 * docs/debugging.md explains them. */

#ifndef ICD_DEBUG_H
#define ICD_DEBUG_H

#include <stdint.h>

enum icd_debug_flag {
   ICD_DEBUG_SYNC = 1 << 0,   /* every op is a round trip */
   ICD_DEBUG_STATS = 1 << 1,  /* counts, printed when the connection ends */
   ICD_DEBUG_SOCKET = 1 << 2, /* no channel: ops and replies go through the transport */
};

/* The flags that are set. The first call reads them from the environment, prints the table for
 * `help`, and a line for an unknown word. Any thread. */
uint32_t
icd_debug_flags(void);

#endif
