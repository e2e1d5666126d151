/* SPDX-License-Identifier: MIT */

/* Values as `tongs dump` shows them. Long ones are cut. */

#ifndef TONGS_PRINT_H
#define TONGS_PRINT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* How many elements of an array, and how many bytes, are shown. */
#define TONGS_PRINT_ELEMENTS 16u
#define TONGS_PRINT_BYTES 16u
#define TONGS_PRINT_CHARACTERS 200u

/* "VkBuffer#7.1": type, slot, generation. */
void
tongs_print_id(FILE *out, uint64_t id);

/* At most `max` characters of a string, quoted; characters that are not printable ASCII as \xNN. */
void
tongs_print_text(FILE *out, const char *s, size_t max);

void
tongs_print_bytes(FILE *out, const uint8_t *bytes, uint64_t size);

#endif
