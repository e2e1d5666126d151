/* SPDX-License-Identifier: MIT */

/* Open transports and fork(). The worker ends when the last copy of its client's socket or device
 * file is closed. A child that outlives its parent must not keep such a copy, so the child closes
 * all of them at once. Any thread. */

#ifndef ICD_FORKS_H
#define ICD_FORKS_H

#include "protocol/tongs_list.h"

#include <stdbool.h>

/* A member of each transport. */
struct icd_forked {
   struct tongs_list link;
   /* Closes the copies that a child of fork() has. Runs in the child's only thread, with the lock
    * held. */
   void (*leave)(struct icd_forked *f);
};

/* Has `leave` called in each child until icd_forks_unwatch(). False if forks cannot be noticed. */
bool
icd_forks_watch(struct icd_forked *f, void (*leave)(struct icd_forked *f));

void
icd_forks_unwatch(struct icd_forked *f);

/* While a thread holds this lock, no thread forks. A leaf. */
void
icd_forks_lock(void);

void
icd_forks_unlock(void);

#endif
