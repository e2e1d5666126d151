/* SPDX-License-Identifier: MIT */
#ifndef TONGS_DUMP_H
#define TONGS_DUMP_H
#include <stdio.h>
int tongs_dump_stream(FILE *in, FILE *out);
#endif
