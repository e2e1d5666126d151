/* SPDX-License-Identifier: MIT */

/* The number of this process, which children of every kind of fork must not keep. */

#include "icd/process.h"
#include "tests/check.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends the process: 0 if it knows its own number, at the first and the second question. */
static void
end_child(void)
{
   bool first = icd_process_id() == (pid_t)syscall(SYS_getpid);
   bool second = icd_process_id() == (pid_t)syscall(SYS_getpid);

   _exit(first && second ? 0 : 1);
}

static bool
is_right_in(pid_t child)
{
   int status = -1;

   if (!child)
      end_child();
   return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int
main(void)
{
   fact(icd_process_id() == getpid(), "a process knows its number");
   fact(is_right_in(fork()), "a child of fork() knows its own");
#ifdef SYS_fork
   fact(is_right_in((pid_t)syscall(SYS_fork)),
        "so does a child that was made without fork()'s handlers");
#endif
   fact(icd_process_id() == getpid(), "the parent's number stays");
   return check_end();
}
