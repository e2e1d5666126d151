/* SPDX-License-Identifier: MIT */
#include "renderer/broker/zygote.h"

#include "protocol/socket.h"
#include "renderer/worker/host.h"
#include "renderer/worker/warm_worker.h"

#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANIFEST_SIZE_MAX (64 * 1024)

/* --- The driver's libraries --- */

/* Reads the JSON string that follows a colon. False if there is none. */
static bool
read_value(const char *text, char *value, size_t size)
{
   size_t used = 0;

   while (isspace((unsigned char)*text))
      text++;
   if (*text++ != ':')
      return false;
   while (isspace((unsigned char)*text))
      text++;
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

/* Loads the library that a manifest names, and never unloads it. Errors are ignored, because the
 * Vulkan loader of each worker finds and reports the same ones. */
static void
load_driver(const char *manifest)
{
   static const char key[] = "\"library_path\"";
   char text[MANIFEST_SIZE_MAX], library[PATH_MAX], path[2 * PATH_MAX];
   int fd = open(manifest, O_RDONLY | O_CLOEXEC);
   ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

   if (fd >= 0)
      close(fd);
   if (n < 0)
      return;
   text[n] = '\0';
   const char *found = strstr(text, key);
   if (!found || !read_value(found + strlen(key), library, sizeof(library)))
      return;
   const char *slash = strrchr(manifest, '/');
   if (library[0] != '/' && strchr(library, '/') && slash)
      snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - manifest), manifest, library);
   else
      snprintf(path, sizeof(path), "%s", library);
   dlopen(path, RTLD_LAZY | RTLD_LOCAL); /* as the loader does */
}

/* `manifests`: file names separated by colons, as in VK_DRIVER_FILES; NULL: the manifests in the
 * directories where the Vulkan loader looks for them. */
static void
load_drivers(const char *manifests)
{
   static const char *const patterns[] = {
      "/usr/local/etc/vulkan/icd.d/*.json",
      "/etc/vulkan/icd.d/*.json",
      "/usr/local/share/vulkan/icd.d/*.json",
      "/usr/share/vulkan/icd.d/*.json",
   };
   glob_t found = {0};

   if (manifests) {
      char *list = strdup(manifests), *rest = list;
      for (char *one = list ? strtok_r(list, ":", &rest) : NULL; one;
           one = strtok_r(NULL, ":", &rest))
         load_driver(one);
      free(list);
      return;
   }
   for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
      glob(patterns[i], i ? GLOB_APPEND : 0, NULL, &found);
   for (size_t i = 0; i < found.gl_pathc; i++)
      load_driver(found.gl_pathv[i]);
   globfree(&found);
}

/* --- Workers --- */

/* Whether this process has only one thread. fork(2) copies only the calling thread, and a lock that
 * another thread held would stay locked in the child. */
static bool
is_alone(void)
{
   DIR *tasks = opendir("/proc/self/task");
   unsigned count = 0;

   if (!tasks)
      return false;
   for (const struct dirent *entry; (entry = readdir(tasks));)
      count += entry->d_name[0] != '.';
   closedir(tasks);
   return count == 1;
}

/* Sends one word to the broker. Errors are ignored: if the broker is gone, the next
 * receive_socket() fails. */
static void
tell(int control, int32_t word)
{
   send(control, &word, sizeof(word), MSG_NOSIGNAL);
}

/* Forks twice. Returns true in the grandchild, which is the worker. Its parent exits at once, so
 * that the worker becomes a child of the subreaper. */
static bool
fork_worker(int control)
{
   pid_t parent = fork();

   if (parent < 0) {
      tell(control, -errno);
   } else if (parent > 0) {
      waitpid(parent, NULL, 0);
   } else {
      pid_t worker = fork();
      if (worker == 0)
         return true;
      if (worker < 0)
         tell(control, -errno);
      _exit(0);
   }
   return false;
}

/* Returns the socket for the next worker; -1 if the broker is gone. */
static int
receive_socket(int control)
{
   uint8_t byte;
   size_t count = 1;
   int fd = -1;

   if (tongs_socket_recv(control, &byte, sizeof(byte), &fd, &count) <= 0 || count < 1)
      return -1;
   return fd;
}

int
rdr_zygote_run(int control, const struct rdr_worker_options *options)
{
   struct rdr_host host = {0};
   char why[200];
   int fd;

   prctl(PR_SET_NAME, "tongs-zygote");
   rdr_host_set_environment(options);
   if (rdr_host_load(&host, why, sizeof(why)))
      load_drivers(options->host_driver);
   if (!is_alone()) {
      fprintf(
         stderr,
         "tongs zygote %d: the host driver starts threads when it is loaded: each worker loads it for itself\n",
         (int)getpid());
      _exit(0);
   }
   tell(control, RDR_ZYGOTE_LOADED);
   while ((fd = receive_socket(control)) >= 0) {
      if (fork_worker(control)) {
         tell(control, (int32_t)getpid());
         close(control);
         return rdr_warm_worker_run(fd, options);
      }
      close(fd);
   }
   _exit(0); /* not exit(3): the exit handlers of some drivers hang */
}
