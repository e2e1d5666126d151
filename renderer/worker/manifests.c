/* SPDX-License-Identifier: MIT */
#include "renderer/worker/manifests.h"

#include "protocol/environment.h"

#include <ctype.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_MAX_READ (64 * 1024)
#define DEPTH_MAX 64

/* --- JSON --- */

static void
skip_space(const char **at)
{
   while (isspace((unsigned char)**at))
      (*at)++;
}

static bool
skip_string(const char **at)
{
   if (*(*at)++ != '"')
      return false;
   for (; **at != '"'; (*at)++) {
      if (**at == '\\')
         (*at)++;
      if (!**at)
         return false;
   }
   (*at)++;
   return true;
}

static bool
skip_scalar(const char **at)
{
   static const char *const words[] = {"true", "false", "null"};

   if (**at == '"')
      return skip_string(at);
   for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
      if (!strncmp(*at, words[i], strlen(words[i]))) {
         *at += strlen(words[i]);
         return true;
      }
   }
   size_t length = strspn(*at, "+-.0123456789eE");
   *at += length;
   return length > 0;
}

static bool
skip_value(const char **at, unsigned depth)
{
   const char open = **at, end = open == '{' ? '}' : ']';

   if (open != '{' && open != '[')
      return skip_scalar(at);
   if (depth == DEPTH_MAX)
      return false;
   (*at)++;
   skip_space(at);
   while (**at != end) {
      if (open == '{') {
         if (!skip_string(at))
            return false;
         skip_space(at);
         if (*(*at)++ != ':')
            return false;
         skip_space(at);
      }
      if (!skip_value(at, depth + 1))
         return false;
      skip_space(at);
      if (**at != ',')
         break;
      (*at)++;
      skip_space(at);
   }
   return *(*at)++ == end;
}

/* Whether the file can be read and is no JSON. What else is wrong with a manifest, the loader says.
 */
static bool
is_junk(const char *path)
{
   static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, which the loader skips */
   struct stat st;
   bool junk = false;

   int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
   if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < SIZE_MAX_READ) {
      char *text = calloc(1, SIZE_MAX_READ);
      if (text && read(fd, text, SIZE_MAX_READ - 1) >= 0) {
         const char *at = text;
         if (!strncmp(at, mark, strlen(mark)))
            at += strlen(mark);
         skip_space(&at);
         junk = *at != '{' || !skip_value(&at, 0);
      }
      free(text);
   }
   if (fd >= 0)
      close(fd);
   return junk;
}

/* --- Lists --- */

struct list {
   FILE *good; /* paths, each with a colon behind it */
   bool has_junk;
};

static void
add(struct list *list, const char *path)
{
   if (!is_junk(path)) {
      fprintf(list->good, "%s:", path);
      return;
   }
   list->has_junk = true;
   fprintf(stderr, "tongs worker %d: the manifest %s is no JSON: it is left out\n", (int)getpid(),
           path);
}

/* Each of the folders, which colons separate, with `inner` behind it. */
static void
add_folders(struct list *list, const char *folders, const char *inner)
{
   while (folders && *folders) {
      int length = (int)strcspn(folders, ":");
      char pattern[PATH_MAX];
      glob_t found;

      if (length &&
          snprintf(pattern, sizeof(pattern), "%.*s%s/vulkan/icd.d/*.json", length, folders, inner) <
             (int)sizeof(pattern) &&
          glob(pattern, 0, NULL, &found) == 0) {
         for (size_t i = 0; i < found.gl_pathc; i++)
            add(list, found.gl_pathv[i]);
         globfree(&found);
      }
      folders += length + (folders[length] == ':');
   }
}

/* The value of `name`, or a folder in the user's home. */
static void
add_own_folders(struct list *list, const char *name, const char *inner)
{
   const char *folders = tongs_getenv(name);

   if (folders)
      add_folders(list, folders, "");
   else
      add_folders(list, tongs_getenv("HOME"), inner);
}

static const char *
get_or(const char *name, const char *otherwise)
{
   const char *value = tongs_getenv(name);

   return value ? value : otherwise;
}

/* In the loader's order. */
static void
add_search(struct list *list)
{
   add_own_folders(list, "XDG_CONFIG_HOME", "/.config");
   add_folders(list, get_or("XDG_CONFIG_DIRS", "/etc/xdg"), "");
   add_folders(list, "/usr/local/etc:/etc", "");
   add_own_folders(list, "XDG_DATA_HOME", "/.local/share");
   add_folders(list, get_or("XDG_DATA_DIRS", "/usr/local/share:/usr/share"), "");
}

static void
add_list(struct list *list, const char *files)
{
   char *copy = strdup(files), *rest = NULL;

   for (char *one = copy ? strtok_r(copy, ":", &rest) : NULL; one; one = strtok_r(NULL, ":", &rest))
      add(list, one);
   free(copy);
}

char *
rdr_manifests_without_junk(const char *files)
{
   char *text = NULL;
   size_t size;
   struct list list = {0};

   if (tongs_is_privileged()) /* its loader takes no list from the environment */
      return NULL;
   list.good = open_memstream(&text, &size);
   if (!list.good)
      return NULL;
   fputc(':', list.good); /* an empty list would let the loader search */
   if (files)
      add_list(&list, files);
   else
      add_search(&list);
   if (fclose(list.good) == 0 && list.has_junk)
      return text;
   free(text);
   return NULL;
}
