/* SPDX-License-Identifier: MIT */
#include "protocol/apart.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define STACK_SIZE ((size_t)64 * 1024)

#if defined(__SANITIZE_THREAD__)
/* The thread sanitizer's clone() prepares the new process as if it had memory of its own. This one
 * shares the memory, so the preparation would end the checks of the calling thread. glibc's second
 * name for clone() goes round the sanitizer. */
int
__clone(int (*function)(void *data), void *stack, int flags, void *data, ...);
#define clone __clone
#endif

int
tongs_run_apart(int (*function)(void *data), void *data)
{
   sigset_t all, before;

   uint8_t *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
   if (stack == MAP_FAILED)
      return -errno;
   /* Block all signals: a signal handler of the application must not run in the other process,
    * which shares this memory. */
   sigfillset(&all);
   pthread_sigmask(SIG_SETMASK, &all, &before);
   pid_t pid = clone(function, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK, data);
   int error = pid < 0 ? errno : 0;
   while (pid > 0 && waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
      ;
   pthread_sigmask(SIG_SETMASK, &before, NULL);
   munmap(stack, STACK_SIZE);
   return -error;
}
