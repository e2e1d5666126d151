/* SPDX-License-Identifier: MIT */

/* Which process this is, at the cost of a load. */

#ifndef ICD_PROCESS_H
#define ICD_PROCESS_H

#include <sys/types.h>

/* getpid() without its system call. A child of fork() gets its own number, also if the child was
 * made without fork()'s handlers. A child that shares this process's memory, as vfork()'s does,
 * gets this process's number. Any thread may call it. */
pid_t
icd_process_id(void);

#endif
