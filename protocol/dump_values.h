/* SPDX-License-Identifier: MIT */

/* The text of decoded arguments and structs in `tongs dump`. */

#ifndef TONGS_DUMP_VALUES_H
#define TONGS_DUMP_VALUES_H

#include "protocol/args.h"
#include "protocol/info.h"

#include <stdint.h>
#include <stdio.h>

/* Prints "name=value, ..." for the members of the decoded arguments `args`, which are at `v`. */
void
tongs_dump_members(FILE *out, const struct tongs_info_member *members, uint32_t count,
                   const void *v, const struct tongs_args *args);

#endif
