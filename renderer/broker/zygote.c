/* SPDX-License-Identifier: MIT */
#include "renderer/broker/zygote.h"

#include "protocol/socket.h"
#include "renderer/worker/host.h"
#include "renderer/worker/manifests.h"
#include "renderer/worker/warm_worker.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Loads the library that a manifest names, and never unloads it. Errors are ignored, because the
 * Vulkan loader of each worker finds and reports the same ones. */
static void
load_driver(void *data, const char *manifest)
{
   char library[PATH_MAX];

   (void)data;
   if (rdr_manifest_library(manifest, library, sizeof(library)))
      dlopen(library, RTLD_LAZY | RTLD_LOCAL); /* as the loader does */
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
      rdr_manifests_each(options->host_driver, load_driver, NULL);
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
