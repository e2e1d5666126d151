/* SPDX-License-Identifier: MIT */

#ifndef RDR_BROKER_LOG_H
#define RDR_BROKER_LOG_H

/* Writes "tongs: ", the text and a newline to stderr in one write(2), so that lines of workers,
 * which share this stderr, are not mixed into it. A failure to write is ignored, because it can be
 * reported nowhere. */
void __attribute__((format(printf, 1, 2))) rdr_broker_log(const char *format, ...);

#endif
