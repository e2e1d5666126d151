/* SPDX-License-Identifier: MIT */

/* File descriptors of this process. */

#ifndef TONGS_DESCRIPTORS_H
#define TONGS_DESCRIPTORS_H

/* Closes the descriptors from `first` to `last`, both included. */
void
tongs_close_range(unsigned first, unsigned last);

/* Lets execve(2) close the descriptors from `first` on. */
void
tongs_close_on_exec(unsigned first);

#endif
