/* SPDX-License-Identifier: MIT */
/*
 * Runs named checks and reports them as TAP (the Test Anything Protocol) on stdout. Why a check
 * failed is said there and on stderr.
 */
#ifndef PROG_CHECKS_H
#define PROG_CHECKS_H

#include "tests/programs/common.h"

struct prog_check {
   const char *name;
   enum prog_status (*run)(struct prog *p);
};

enum prog_checks_device {
   PROG_CHECKS_WITH_DEVICE, /* p has gone through prog_init, once for all checks */
   PROG_CHECKS_BARE,        /* p is zero; what the check makes there is its own to finish */
};

/*
 * The whole of main: `PROGRAM [--list | NAME...]`. Gives the exit status: PROG_WRONG if a check
 * was wrong, PROG_SKIPPED if all were skipped.
 */
int
prog_checks_main(int argc, char **argv, const struct prog_check *checks, size_t count,
                 enum prog_checks_device device);

#endif
