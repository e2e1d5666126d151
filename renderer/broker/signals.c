/* SPDX-License-Identifier: MIT */
#include "renderer/broker/signals.h"

#include <stddef.h>
#include <sys/signalfd.h>

int
rdr_signals_open(sigset_t *inherited)
{
   sigset_t set;

   /* This process may have inherited SIG_IGN for SIGCHLD. The kernel would then reap the children,
    * and their exit status would be lost. */
   signal(SIGCHLD, SIG_DFL);
   signal(SIGPIPE, SIG_IGN);
   sigemptyset(&set);
   sigaddset(&set, SIGCHLD);
   sigaddset(&set, SIGTERM);
   sigaddset(&set, SIGINT);
   sigaddset(&set, SIGHUP);
   if (sigprocmask(SIG_BLOCK, &set, inherited) < 0)
      return -1;
   return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
