/* SPDX-License-Identifier: MIT */
#ifndef TONGS_TEXT_H
#define TONGS_TEXT_H

#include <stddef.h>

/* Copies a peer's text for a log, as one line: what is no printable ASCII becomes \n or \xNN, so
 * that it can neither move a terminal's cursor nor pass for another line. What has no room is cut
 * off. `out` ends with a NUL; `size` is not 0. */
void
tongs_text_clean(char *out, size_t size, const char *text, size_t length);

#endif
