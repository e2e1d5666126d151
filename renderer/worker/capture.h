/* SPDX-License-Identifier: MIT */

/* What a client sends, kept in a file for `tongs dump`. */

#ifndef RDR_WORKER_CAPTURE_H
#define RDR_WORKER_CAPTURE_H

#include <stdio.h>

/* Opens the file; where another worker has written there, the first of PATH.2, PATH.3, … in which
 * none has, and says so. The stream is the caller's. NULL where there is none, which is said, too.
 */
FILE *
rdr_capture_open(const char *path);

#endif
