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

/* Reads the string that a colon leads to. False where there is none. */
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

/* Loads what a manifest names, for good. Whatever is wrong with it is the Vulkan loader's to say,
 * in the worker: here it costs time and nothing else. */
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

/* `manifests`: separated by colons, as in VK_DRIVER_FILES; NULL: those that the Vulkan loader finds
 * where systems have them. */
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

/* Whether this is the process's only thread; a fork would leave others, and the locks that they
 * hold, behind. */
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

/* Who does not listen any more is gone, and that shows at the next receiving. */
static void
tell(int control, int32_t word)
{
   send(control, &word, sizeof(word), MSG_NOSIGNAL);
}

/* True in the worker. Its parent ends at once, so that it is the subreaper's child. */
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

/* The socket of a worker to be; -1 when the other end is gone. */
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
         "tongs zygote %d: the host's driver starts threads when it is loaded: each worker loads it for itself\n",
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
   _exit(0); /* exit handlers of drivers have been seen to wait */
}
