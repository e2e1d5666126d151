/* SPDX-License-Identifier: MIT */

#ifndef RDR_BROKER_LOG_H
#define RDR_BROKER_LOG_H

/* Writes "tongs: ", the text and a newline to stderr in one write(2), so that lines of workers,
 * which have the same stderr, do not break into it. A failure is ignored: nobody is left to be told
 * of it. */
void __attribute__((format(printf, 1, 2))) rdr_broker_log(const char *format, ...);

#endif
