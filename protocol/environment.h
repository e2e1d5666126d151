/* SPDX-License-Identifier: MIT */

/* Variables of the environment. Everything that Tongs reads from the environment comes through this
 * file, except for TONGS_WORKER_PROCESS, which only makes the driver do less. */

#ifndef TONGS_ENVIRONMENT_H
#define TONGS_ENVIRONMENT_H

#include <stdbool.h>

/* Whether the process has rights that the user who started it may not have: the program is
 * set-user-ID or set-group-ID, or has file capabilities, or the effective ids are not the real
 * ones. That user chose the environment, so the process must not obey it. The Vulkan loader decides
 * in the same way. */
bool
tongs_is_privileged(void);

/* The value of a variable. NULL if it is not set, if it is empty, or if the process is privileged.
 * The environment owns the value. */
const char *
tongs_getenv(const char *name);

#endif
