/* SPDX-License-Identifier: MIT */

/* Runs a function in a process of its own. */

#ifndef TONGS_APART_H
#define TONGS_APART_H

/* Runs `function` in a process that shares this process's memory, and waits until it has ended. The
 * function may change limits, the directory and descriptors of that process without affecting this
 * one, and its children are not children of this process. All signals are blocked in it.
 *
 * The application does not notice: the process ends without SIGCHLD, and wait() does not find it.
 * The function must not use locks or free memory, and has a stack of 64 KiB. 0 or -errno. */
int
tongs_run_apart(int (*function)(void *data), void *data);

#endif
