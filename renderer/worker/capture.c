/* SPDX-License-Identifier: MIT */
#include "renderer/worker/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NUMBER_MAX 10000

enum attempt {
   HAVE,
   TAKEN,
   FAILED
};

/* Opens one file for a capture. A pipe or device is not locked: several workers may write to it. */
static enum attempt
attempt(const char *path, int *fd)
{
   struct stat st;

   *fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
   if (*fd < 0)
      return FAILED;
   if (fstat(*fd, &st) == 0 && !S_ISREG(st.st_mode))
      return HAVE;
   /* The lock prevents two workers that start at the same time from both finding the file empty. */
   if (flock(*fd, LOCK_EX | LOCK_NB) == 0 && fstat(*fd, &st) == 0 && st.st_size == 0)
      return HAVE;
   close(*fd);
   return TAKEN;
}

FILE *
rdr_capture_open(const char *path)
{
   char name[PATH_MAX];
   int fd;

   snprintf(name, sizeof(name), "%s", path);
   enum attempt result = attempt(name, &fd);
   for (int number = 2; result == TAKEN && number <= NUMBER_MAX; number++) {
      if (snprintf(name, sizeof(name), "%s.%d", path, number) >= (int)sizeof(name))
         break;
      result = attempt(name, &fd);
   }
   FILE *file = result == HAVE ? fdopen(fd, "wb") : NULL;
   if (!file)
      fprintf(stderr, "tongs worker %d: cannot write the capture %s: %s\n", (int)getpid(), name,
              result == TAKEN ? "there are too many of them" : strerror(errno));
   else if (strcmp(name, path) != 0)
      fprintf(stderr, "tongs worker %d: %s has a capture already: this one goes to %s\n",
              (int)getpid(), path, name);
   return file;
}
