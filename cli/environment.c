/* SPDX-License-Identifier: MIT */

#include "cli/environment.h"

#include "cli/cli.h"
#include "protocol/environment.h"
#include "protocol/url.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY_NAME "libvulkan_tongs.so"

/* Our manifests are a few hundred bytes long. */
#define MANIFEST_MAX 65536

static bool
set(const char *command, const char *name, const char *value)
{
   if (setenv(name, value, 1) == 0)
      return true;
   cli_error(command, "cannot set %s: %s", name, strerror(errno));
   return false;
}

/* Whether the file at `path` contains `needle`. Suffices for the loader's manifests, which are JSON
 * text. */
static bool
file_contains(const char *path, const char *needle)
{
   FILE *file = fopen(path, "re");
   char *text = file ? calloc(1, MANIFEST_MAX + 1) : NULL;
   bool found = false;

   if (text) {
      size_t size = fread(text, 1, MANIFEST_MAX, file);

      found = memmem(text, size, needle, strlen(needle)) != NULL;
   }
   free(text);
   if (file)
      fclose(file);
   return found;
}

/* In the build tree, the program is cli/tongs, the library is icd/libvulkan_tongs.so, and a
 * manifest in icd/ names that library. */
static bool
find_in_build_tree(struct cli_paths *paths)
{
   char dir[PATH_MAX], pattern[PATH_MAX], library[PATH_MAX];
   char *slash;
   glob_t found;
   bool ok = false;

   snprintf(dir, sizeof(dir), "%s", paths->program);
   for (int i = 0; i < 2; i++) {
      slash = strrchr(dir, '/');
      if (!slash)
         return false;
      *slash = '\0';
   }
   if (snprintf(library, sizeof(library), "%s/icd/" LIBRARY_NAME, dir) >= (int)sizeof(library) ||
       snprintf(pattern, sizeof(pattern), "%s/icd/*.json", dir) >= (int)sizeof(pattern) ||
       access(library, R_OK) < 0 || glob(pattern, 0, NULL, &found) != 0)
      return false;
   for (size_t i = 0; i < found.gl_pathc && !ok; i++) {
      /* Skip the manifest that will be installed: it is there too, but names the installed
       * library. */
      if (!file_contains(found.gl_pathv[i], library))
         continue;
      ok = snprintf(paths->manifest, sizeof(paths->manifest), "%s", found.gl_pathv[i]) <
           (int)sizeof(paths->manifest);
      snprintf(paths->library, sizeof(paths->library), "%s", library);
   }
   globfree(&found);
   return ok;
}

static bool
find_paths(const char *command, struct cli_paths *paths)
{
   const char *manifest = tongs_getenv("TONGS_MANIFEST");
   const char *library = tongs_getenv("TONGS_LIBRARY");
   ssize_t n = readlink("/proc/self/exe", paths->program, sizeof(paths->program) - 1);

   if (n < 0) {
      cli_error(command, "cannot read /proc/self/exe: %s; is /proc mounted?", strerror(errno));
      return false;
   }
   paths->program[n] = '\0';
   if (!find_in_build_tree(paths)) {
      snprintf(paths->manifest, sizeof(paths->manifest), "%s", TONGS_MANIFEST_PATH);
      snprintf(paths->library, sizeof(paths->library), "%s", TONGS_LIBRARY_PATH);
   }
   if (manifest && !realpath(manifest, paths->manifest)) {
      cli_error(command, "TONGS_MANIFEST names \"%s\": %s", manifest, strerror(errno));
      return false;
   }
   if (library && !realpath(library, paths->library)) {
      cli_error(command, "TONGS_LIBRARY names \"%s\": %s", library, strerror(errno));
      return false;
   }
   if (access(paths->manifest, R_OK) < 0) {
      cli_error(command,
                "the driver's manifest %s: %s; install Tongs (meson install) or name it in "
                "TONGS_MANIFEST",
                paths->manifest, strerror(errno));
      return false;
   }
   return true;
}

/* Copies the entries of the list that do not name our library; NULL if there are none. */
static char *
without_ours(const char *list)
{
   char *rest = calloc(1, strlen(list) + 1);
   char *copy = strdup(list);
   char *state = NULL, *end = rest;

   if (rest && copy) {
      for (char *e = strtok_r(copy, ":", &state); e; e = strtok_r(NULL, ":", &state)) {
         if (!file_contains(e, LIBRARY_NAME))
            end += sprintf(end, "%s%s", end > rest ? ":" : "", e);
      }
   }
   free(copy);
   if (rest && !*rest) {
      free(rest);
      return NULL;
   }
   return rest;
}

/* Unless TONGS_HOST_DRIVER is set, makes the driver that the user has chosen for the loader the
 * worker's host driver. Like the loader, prefers VK_DRIVER_FILES to VK_ICD_FILENAMES. */
static bool
keep_host_driver(const char *command)
{
   const char *list = tongs_getenv("VK_DRIVER_FILES");
   char *rest;
   bool ok = true;

   if (!list)
      list = tongs_getenv("VK_ICD_FILENAMES");
   if (!list || tongs_getenv("TONGS_HOST_DRIVER"))
      return true;
   rest = without_ours(list);
   if (rest)
      ok = set(command, "TONGS_HOST_DRIVER", rest);
   free(rest);
   return ok;
}

/* Writes the absolute name of a file, which need not exist. */
static bool
make_absolute(const char *command, const char *path, char full[PATH_MAX])
{
   size_t used = 0;

   if (path[0] != '/') {
      if (!getcwd(full, PATH_MAX - 1)) {
         cli_error(command, "cannot tell the current directory: %s", strerror(errno));
         return false;
      }
      used = strlen(full);
      full[used++] = '/';
   }
   if (used + strlen(path) >= PATH_MAX) {
      cli_error(command, "%s: %s", path, strerror(ENAMETOOLONG));
      return false;
   }
   strcpy(full + used, path);
   return true;
}

/* Checks the server that the option, or else the environment, names. */
static int
apply_server(const char *command, const char *option)
{
   const char *text = option ? option : tongs_getenv("TONGS_SERVER");
   char why[400], path[PATH_MAX], full[PATH_MAX + sizeof("unix:")];
   struct tongs_url url;

   if (!text)
      return 0;
   if (tongs_url_parse(text, &url, why, sizeof(why)) < 0)
      return cli_usage_error(command, "%s: %s", option ? "--server" : "TONGS_SERVER", why);
   if (tongs_url_check_carried(&url, why, sizeof(why)) < 0) {
      cli_error(command, "%s: %s", option ? "--server" : "TONGS_SERVER", why);
      return CLI_EXIT_FAILURE;
   }
   if (url.transport == TONGS_TRANSPORT_UNIX && url.path[0] != '/') {
      if (!make_absolute(command, url.path, path))
         return CLI_EXIT_FAILURE;
      snprintf(full, sizeof(full), "unix:%s", path);
      if (tongs_url_parse(full, &url, why, sizeof(why)) < 0)
         return cli_usage_error(command, "%s", why);
      text = full;
   }
   return set(command, "TONGS_SERVER", text) ? 0 : CLI_EXIT_FAILURE;
}

static bool
apply_host_driver(const char *command, const char *option)
{
   char full[PATH_MAX];

   if (!option)
      return keep_host_driver(command);
   if (!realpath(option, full)) {
      cli_error(command, "--host-driver: %s: %s", option, strerror(errno));
      return false;
   }
   return set(command, "TONGS_HOST_DRIVER", full);
}

static bool
apply_capture(const char *command, const char *option)
{
   char full[PATH_MAX];

   return !option || (make_absolute(command, option, full) && set(command, "TONGS_CAPTURE", full));
}

/* Truncates the file, because a worker does not overwrite a file that is not empty. A pipe or a
 * device is left as it is. */
static bool
empty_capture(const char *command, const char *option)
{
   if (!option || truncate(option, 0) == 0 || errno == ENOENT || errno == EINVAL)
      return true;
   cli_error(command, "--capture: %s: %s", option, strerror(errno));
   return false;
}

int
cli_environment_apply(const char *command, const struct cli_environment *environment,
                      struct cli_paths *paths)
{
   int status = apply_server(command, environment->server);

   if (status != 0)
      return status;
   if (!find_paths(command, paths) || !apply_host_driver(command, environment->host_driver) ||
       !apply_capture(command, environment->capture) ||
       (environment->validate && !set(command, "TONGS_VALIDATE", "1")) ||
       !set(command, "TONGS_BIN", paths->program) ||
       !set(command, "VK_DRIVER_FILES", paths->manifest) ||
       !set(command, "VK_ICD_FILENAMES", paths->manifest) ||
       !empty_capture(command, environment->capture))
      return CLI_EXIT_FAILURE;
   return 0;
}
