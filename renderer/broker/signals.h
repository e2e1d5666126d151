/* SPDX-License-Identifier: MIT */

#ifndef RDR_BROKER_SIGNALS_H
#define RDR_BROKER_SIGNALS_H

#include <signal.h>

/* Blocks SIGCHLD, SIGTERM, SIGINT and SIGHUP, and ignores SIGPIPE. Returns a non-blocking signalfd
 * for the blocked signals, which the caller owns; -1 with errno. *inherited gets the previous mask;
 * NULL: the caller does not need it. Must be called with no other thread running. */
int
rdr_signals_open(sigset_t *inherited);

#endif
