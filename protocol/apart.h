/* SPDX-License-Identifier: MIT */

/* A short piece of work in a process of its own. */

#ifndef TONGS_APART_H
#define TONGS_APART_H

/* Runs `function` in a process that shares this process's memory, and waits until it has ended.
 * What the function changes of its process is not changed in this one: limits, directory,
 * descriptors; its children are not this process's. All signals are blocked in it.
 *
 * The application does not notice: the process ends without SIGCHLD, and wait() does not find it.
 * The function must not use locks or free memory, and has a stack of 64 KiB. 0 or -errno. */
int
tongs_run_apart(int (*function)(void *data), void *data);

#endif
