/* SPDX-License-Identifier: MIT */
#include "protocol/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* If /proc is missing, too, we try all numbers below this one. */
#define NUMBER_MAX (1u << 20)

static void
treat(int fd, bool on_exec)
{
   if (on_exec)
      fcntl(fd, F_SETFD, FD_CLOEXEC);
   else
      close(fd);
}

/* False if /proc does not list the open descriptors. */
static bool
treat_listed(unsigned first, unsigned last, bool on_exec)
{
   DIR *dir = opendir("/proc/self/fd");

   if (!dir)
      return false;
   for (const struct dirent *entry; (entry = readdir(dir));) {
      unsigned long fd = strtoul(entry->d_name, NULL, 10);
      if (entry->d_name[0] != '.' && fd >= first && fd <= last && (int)fd != dirfd(dir))
         treat((int)fd, on_exec);
   }
   closedir(dir);
   return true;
}

static void
treat_range(unsigned first, unsigned last, bool on_exec)
{
   struct rlimit limit;

   /* Kernels before 5.9 do not have the call, those before 5.11 do not know the flag, and some
    * containers' filters of system calls refuse the call. */
   if (first > last || close_range(first, last, on_exec ? CLOSE_RANGE_CLOEXEC : 0) == 0 ||
       treat_listed(first, last, on_exec))
      return;
   unsigned end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < NUMBER_MAX
                     ? limit.rlim_max
                     : NUMBER_MAX;
   for (unsigned fd = first; fd <= last && fd < end; fd++)
      treat((int)fd, on_exec);
}

void
tongs_close_range(unsigned first, unsigned last)
{
   treat_range(first, last, false);
}

void
tongs_close_on_exec(unsigned first)
{
   treat_range(first, UINT_MAX, true);
}
