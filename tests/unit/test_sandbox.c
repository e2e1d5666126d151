/* SPDX-License-Identifier: MIT */

/* The filter of system calls: what it leaves to a host driver, and what it does not. */

#include "renderer/worker/sandbox.h"
#include "tests/check.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u

static void *
run_thread(void *argument)
{
   *(bool *)argument = true;
   return NULL;
}

static void
threads_can_be_started(void)
{
   bool ran = false;
   pthread_t thread;

   CHECK_EQUAL(pthread_create(&thread, NULL, run_thread, &ran), 0);
   pthread_join(thread, NULL);
   CHECK(ran);
}

/* As a compiler of shaders does. */
static void
code_can_be_written_and_then_executed(void)
{
   uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

   CHECK(code != MAP_FAILED);
   code[0] = 1;
   CHECK_EQUAL(mprotect(code, PAGE, PROT_READ | PROT_EXEC), 0);
   CHECK_EQUAL(mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), -1);
   CHECK_EQUAL(errno, EACCES);
   munmap(code, PAGE);
}

static void
shared_memory_can_be_made(void)
{
   int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

   CHECK(fd >= 0);
   CHECK_EQUAL(ftruncate(fd, PAGE), 0);
   void *data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
   CHECK(data != MAP_FAILED);
   munmap(data, PAGE);
   close(fd);
}

static void
no_process_and_no_socket_can_be_made(void)
{
   CHECK_EQUAL(fork(), -1);
   CHECK_EQUAL(errno, EPERM);
   CHECK_EQUAL(socket(AF_UNIX, SOCK_STREAM, 0), -1);
   CHECK_EQUAL(errno, EACCES);
   CHECK_EQUAL(kill(getppid(), 0), -1);
}

static void
stop(void)
{
   char *const argv[] = {"true", NULL};

   if (rdr_sandbox_filter(RDR_SANDBOX_LAVAPIPE) == 0)
      execv("/bin/true", argv);
}

int
main(int argc, char **argv)
{
   const char *why;

   if (!rdr_sandbox_can_filter(&why))
      return check_skip_all(why);
   if (argc > 1 && !strcmp(argv[1], "--stopped")) {
      stop();
      return 1;
   }
   fact(rdr_sandbox_filter(RDR_SANDBOX_LAVAPIPE) == 0, "the filter can be installed");
   check_run(threads_can_be_started);
   check_run(code_can_be_written_and_then_executed);
   check_run(shared_memory_can_be_made);
   check_run(no_process_and_no_socket_can_be_made);
   /* Without exit handlers: one of the address sanitizer's starts a process, which the filter
    * forbids. */
   int status = check_end();
   fflush(stdout);
   _exit(status);
}
