/* SPDX-License-Identifier: MIT */

/* The text of Tongs' own ops in `tongs dump`. */

#ifndef TONGS_DUMP_OWN_H
#define TONGS_DUMP_OWN_H

#include "protocol/own_info.h"

#include <stdio.h>

/* Prints "name=value, ..." for a decoded struct. Members that are not in it are left out. */
void
tongs_dump_own_members(FILE *out, const struct tongs_own_members *members, const void *v);

#endif
