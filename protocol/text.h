/* SPDX-License-Identifier: MIT */
#ifndef TONGS_TEXT_H
#define TONGS_TEXT_H

#include <stddef.h>

/* Copies a peer's text for a log, as one line. Characters that are not printable ASCII become \n or
 * \xNN, so that the text can neither move a terminal's cursor nor look like another line. The text
 * is cut off if there is no room. `out` ends with a NUL; `size` is not 0. */
void
tongs_text_clean(char *out, size_t size, const char *text, size_t length);

#endif
