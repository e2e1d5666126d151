/* SPDX-License-Identifier: MIT */
#include "protocol/text.h"

#include <stdio.h>

void
tongs_text_clean(char *out, size_t size, const char *text, size_t length)
{
   size_t at = 0;

   for (size_t i = 0; i < length && text[i]; i++) {
      unsigned char byte = (unsigned char)text[i];
      char piece[8] = {(char)byte};
      if (byte == '\n')
         snprintf(piece, sizeof(piece), "\\n");
      else if (byte < 0x20 || byte > 0x7e)
         snprintf(piece, sizeof(piece), "\\x%02x", byte);
      int n = snprintf(out + at, size - at, "%s", piece);
      if (n < 0 || (size_t)n >= size - at)
         break;
      at += (size_t)n;
   }
   out[at] = 0;
}
