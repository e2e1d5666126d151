/* SPDX-License-Identifier: MIT */

#ifndef RDR_BROKER_SIGNALS_H
#define RDR_BROKER_SIGNALS_H

#include <signal.h>

/* Makes the end of children and the wishes that the process should end (SIGTERM, SIGINT, SIGHUP)
 * readable: the signalfd, not blocking, the caller's to close; -1 with errno. They stay blocked;
 * `inherited` gets what was before, and may be NULL. SIGPIPE is ignored. Called with no other
 * thread running. */
int
rdr_signals_open(sigset_t *inherited);

#endif
