/* SPDX-License-Identifier: MIT */

/* Runs a fuzz target over files and over every file of directories: what has been found once is
 * tried in every test run, whatever the compiler. */

#include "tests/check.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECONDS_MAX 100

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned files;

static void
replay_file(const char *path)
{
   FILE *f = fopen(path, "rbe");
   struct stat st;

   if (!f || fstat(fileno(f), &st) < 0) {
      perror(path);
      exit(1);
   }
   uint8_t *data = malloc((size_t)st.st_size + 1);
   size_t size = data ? fread(data, 1, (size_t)st.st_size, f) : 0;
   fclose(f);
   printf("# %s\n", path);
   fflush(stdout);
   LLVMFuzzerTestOneInput(data, size);
   free(data);
   files++;
}

static void
replay(const char *path)
{
   char inner[4096];
   DIR *dir = opendir(path);

   if (!dir) {
      replay_file(path);
      return;
   }
   for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
      if (e->d_name[0] == '.')
         continue;
      snprintf(inner, sizeof(inner), "%s/%s", path, e->d_name);
      replay(inner);
   }
   closedir(dir);
}

int
main(int argc, char **argv)
{
   alarm(SECONDS_MAX);
   for (int i = 1; i < argc; i++)
      replay(argv[i]);
   printf("# %u inputs\n", files);
   fact(files > 0, "no input does harm");
   return check_end();
}
