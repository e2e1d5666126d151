/* SPDX-License-Identifier: MIT */

/* A copy of the bytes that a client sends, kept in a file for `tongs dump`. */

#ifndef RDR_WORKER_CAPTURE_H
#define RDR_WORKER_CAPTURE_H

#include <stdio.h>

/* Opens the file. If another worker has written to it, opens the first of PATH.2, PATH.3, … that is
 * empty, and logs its name. The stream is the caller's. NULL on failure, which has been logged. */
FILE *
rdr_capture_open(const char *path);

#endif
