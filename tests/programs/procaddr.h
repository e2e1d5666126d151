/* SPDX-License-Identifier: MIT */
/*
 * Names of commands, by what they are dispatched on and by the version that made them core:
 * the index is the minor version, 0 to 3.
 */
#ifndef PROG_PROCADDR_H
#define PROG_PROCADDR_H

#include "tests/programs/common.h"

struct procaddr_names {
   const char *const *names;
   size_t count;
};

struct procaddr_extension {
   const char *name;    /* a device extension */
   const char *command; /* one of its commands, dispatched on the device or its children */
};

struct procaddr_pair {
   const char *enabled; /* a device extension */
   const char *beside;  /* the other one, which need not be enabled */
   const char *command;
};

extern const struct procaddr_names procaddr_global[4];
extern const struct procaddr_names procaddr_instance[4];
extern const struct procaddr_names procaddr_device[4];
extern const struct procaddr_extension procaddr_extensions[];
extern const size_t procaddr_extension_count;
extern const struct procaddr_pair procaddr_pairs[];
extern const size_t procaddr_pair_count;

#endif
