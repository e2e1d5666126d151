/* SPDX-License-Identifier: MIT */

/* Prints the bytes that a client sent as Vulkan calls. */

#ifndef TONGS_DUMP_H
#define TONGS_DUMP_H

#include <stdio.h>

/* Prints a captured stream, one line per op behind its offset. An op that cannot be decoded is
 * named with the reason and skipped. Returns 0, or 1 when the stream breaks off or something in it
 * was damaged: then the last line says where. It trusts no byte that it reads. */
int
tongs_dump_stream(FILE *in, FILE *out);

#endif
