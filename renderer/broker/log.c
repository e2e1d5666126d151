/* SPDX-License-Identifier: MIT */
#include "renderer/broker/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
rdr_broker_log(const char *format, ...)
{
   char line[512] = "tongs: ";
   size_t used = strlen(line);
   va_list args;

   va_start(args, format);
   vsnprintf(line + used, sizeof(line) - used - 1, format, args);
   va_end(args);
   used = strlen(line);
   line[used++] = '\n';
   if (write(STDERR_FILENO, line, used) < 0)
      return;
}
