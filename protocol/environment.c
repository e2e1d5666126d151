/* SPDX-License-Identifier: MIT */
#include "protocol/environment.h"

#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

bool
tongs_is_privileged(void)
{
   return getauxval(AT_SECURE) || geteuid() != getuid() || getegid() != getgid();
}

const char *
tongs_getenv(const char *name)
{
   const char *value = tongs_is_privileged() ? NULL : getenv(name);

   return value && *value ? value : NULL;
}
