/* SPDX-License-Identifier: MIT */
#include "protocol/print.h"

#include "protocol/id.h"
#include "protocol/info.h"

#include <inttypes.h>

void
tongs_print_id(FILE *out, uint64_t id)
{
   const char *type = tongs_info_type_name(tongs_id_type(id));

   if (!id)
      fputs("VK_NULL_HANDLE", out);
   else if (type)
      fprintf(out, "%s#%" PRIu32 ".%" PRIu32, type, tongs_id_slot(id), tongs_id_generation(id));
   else
      fprintf(out, "0x%016" PRIx64, id);
}

void
tongs_print_text(FILE *out, const char *s, size_t max)
{
   size_t n = 0;

   fputc('"', out);
   for (; n < max && n < TONGS_PRINT_CHARACTERS && s[n]; n++) {
      unsigned char c = (unsigned char)s[n];
      if (c < ' ' || c >= 0x7f || c == '"' || c == '\\')
         fprintf(out, "\\x%02x", c);
      else
         fputc(c, out);
   }
   fputs(n == TONGS_PRINT_CHARACTERS && s[n] ? "\"..." : "\"", out);
}

void
tongs_print_bytes(FILE *out, const uint8_t *bytes, uint64_t size)
{
   fprintf(out, "%" PRIu64 " bytes", size);
   for (uint64_t i = 0; i < size && i < TONGS_PRINT_BYTES; i++)
      fprintf(out, "%s%02x", i ? " " : ": ", bytes[i]);
   if (size > TONGS_PRINT_BYTES)
      fputs(" ...", out);
}
