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

/* The text of a manifest, which the caller frees; NULL if it cannot be read or is too long. */
static char *
read_text(const char *path)
{
   struct stat st;
   char *text = NULL;

   int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
   if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < SIZE_MAX_READ)
      text = calloc(1, SIZE_MAX_READ);
   if (text && read(fd, text, SIZE_MAX_READ - 1) < 0) {
      free(text);
      text = NULL;
   }
   if (fd >= 0)
      close(fd);
   return text;
}

/* Whether the file can be read and is no JSON. The loader reports all other mistakes in a
 * manifest. */
static bool
is_junk(const char *path)
{
   static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, which the loader skips */
   char *text = read_text(path);
   const char *at = text;

   if (!text)
      return false;
   if (!strncmp(at, mark, strlen(mark)))
      at += strlen(mark);
   skip_space(&at);
   bool junk = *at != '{' || !skip_value(&at, 0);
   free(text);
   return junk;
}

/* Reads the JSON string that follows a colon. False if there is none. */
static bool
read_value(const char *text, char *value, size_t size)
{
   size_t used = 0;

   skip_space(&text);
   if (*text++ != ':')
      return false;
   skip_space(&text);
   if (*text++ != '"')
      return false;
   for (; *text && *text != '"' && used + 1 < size; text++) {
      if (*text == '\\' && text[1])
         text++;
      value[used++] = *text;
   }
   value[used] = '\0';
   return *text == '"';
}

bool
rdr_manifest_library(const char *manifest, char *library, size_t size)
{
   static const char key[] = "\"library_path\"";
   char *text = read_text(manifest), value[PATH_MAX];
   const char *found = text ? strstr(text, key) : NULL, *slash = strrchr(manifest, '/');

   bool ok = found && read_value(found + strlen(key), value, sizeof(value));
   free(text);
   if (!ok)
      return false;
   int length = value[0] != '/' && strchr(value, '/') && slash
                   ? snprintf(library, size, "%.*s/%s", (int)(slash - manifest), manifest, value)
                   : snprintf(library, size, "%s", value);
   return length >= 0 && (size_t)length < size;
}

/* --- Lists --- */

struct walk {
   void (*each)(void *data, const char *manifest);
   void *data;
};

/* Each of the folders, which colons separate, with `inner` behind it. */
static void
walk_folders(const struct walk *walk, const char *folders, const char *inner)
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
            walk->each(walk->data, found.gl_pathv[i]);
         globfree(&found);
      }
      folders += length + (folders[length] == ':');
   }
}

/* The value of `name`, or a folder in the user's home. */
static void
walk_own_folders(const struct walk *walk, const char *name, const char *inner)
{
   const char *folders = tongs_getenv(name);

   if (folders)
      walk_folders(walk, folders, "");
   else
      walk_folders(walk, tongs_getenv("HOME"), inner);
}

static const char *
get_or(const char *name, const char *otherwise)
{
   const char *value = tongs_getenv(name);

   return value ? value : otherwise;
}

/* In the loader's order. */
static void
walk_search(const struct walk *walk)
{
   walk_own_folders(walk, "XDG_CONFIG_HOME", "/.config");
   walk_folders(walk, get_or("XDG_CONFIG_DIRS", "/etc/xdg"), "");
   walk_folders(walk, "/usr/local/etc:/etc", "");
   walk_own_folders(walk, "XDG_DATA_HOME", "/.local/share");
   walk_folders(walk, get_or("XDG_DATA_DIRS", "/usr/local/share:/usr/share"), "");
}

static void
walk_list(const struct walk *walk, const char *files)
{
   char *copy = strdup(files), *rest = NULL;

   for (char *one = copy ? strtok_r(copy, ":", &rest) : NULL; one; one = strtok_r(NULL, ":", &rest))
      walk->each(walk->data, one);
   free(copy);
}

void
rdr_manifests_each(const char *list, void (*each)(void *data, const char *manifest), void *data)
{
   const struct walk walk = {.each = each, .data = data};

   if (list)
      walk_list(&walk, list);
   else
      walk_search(&walk);
}

/* --- Junk --- */

struct good_list {
   FILE *text; /* paths, each with a colon behind it */
   bool has_junk;
};

static void
add_good(void *data, const char *manifest)
{
   struct good_list *list = data;

   if (!is_junk(manifest)) {
      fprintf(list->text, "%s:", manifest);
      return;
   }
   list->has_junk = true;
   fprintf(stderr, "tongs worker %d: the manifest %s is no JSON: it is left out\n", (int)getpid(),
           manifest);
}

char *
rdr_manifests_without_junk(const char *files)
{
   char *text = NULL;
   size_t size;
   struct good_list list = {0};

   if (tongs_is_privileged()) /* its loader takes no list from the environment */
      return NULL;
   list.text = open_memstream(&text, &size);
   if (!list.text)
      return NULL;
   fputc(':', list.text); /* an empty list would let the loader search */
   rdr_manifests_each(files, add_good, &list);
   if (fclose(list.text) == 0 && list.has_junk)
      return text;
   free(text);
   return NULL;
}
