/* SPDX-License-Identifier: MIT */
#include "renderer/worker/sandbox_check.h"

#include "renderer/worker/worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The exit status of an attempt: 0 if it worked, else the errno; or one of these. */
#define STATUS_NO_SANDBOX 254

/* --- Attempts --- */

/* Each returns 0 if it worked, else an errno. `parent`: the process that started this one, as the
 * broker does; it stops nothing of this. */

static int
result_of(long value)
{
   return value < 0 ? errno : 0;
}

static int
read_password_file(pid_t parent)
{
   (void)parent;
   return result_of(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int
list_root(pid_t parent)
{
   (void)parent;
   return result_of(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int
write_tmp(pid_t parent)
{
   char path[64];

   (void)parent;
   snprintf(path, sizeof(path), "/tmp/tongs-sandbox-%d", (int)getpid());
   int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
   if (fd >= 0)
      unlink(path);
   return result_of(fd);
}

static int
make_unix_socket(pid_t parent)
{
   (void)parent;
   return result_of(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
make_tcp_socket(pid_t parent)
{
   (void)parent;
   return result_of(socket(AF_INET, SOCK_STREAM, 0));
}

/* On a number that is no socket: what matters is whether the call is stopped before it looks. */
static int
call_connect(pid_t parent)
{
   const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};

   (void)parent;
   return result_of(connect(-1, (const struct sockaddr *)&address, sizeof(address)));
}

static int
run_program(pid_t parent)
{
   char *const argv[] = {"true", NULL};

   (void)parent;
   return result_of(execv("/bin/true", argv));
}

static int
fork_process(pid_t parent)
{
   (void)parent;
   pid_t pid = fork();
   if (!pid)
      _exit(0);
   return result_of(pid);
}

static int
trace_parent(pid_t parent)
{
   long value = ptrace(PTRACE_SEIZE, parent, NULL, NULL);

   if (!value)
      ptrace(PTRACE_DETACH, parent, NULL, NULL);
   return result_of(value);
}

static int
read_memory_of_parent(pid_t parent)
{
   char there[8];
   const struct iovec local = {.iov_base = there, .iov_len = sizeof(there)};
   const struct iovec remote = {.iov_base = (void *)environ, .iov_len = sizeof(there)};

   return result_of(process_vm_readv(parent, &local, 1, &remote, 1, 0));
}

static int
open_memory_of_parent(pid_t parent)
{
   char path[64];

   snprintf(path, sizeof(path), "/proc/%d/mem", (int)parent);
   return result_of(open(path, O_RDONLY | O_CLOEXEC));
}

static int
open_descriptors_of_parent(pid_t parent)
{
   char path[64];

   snprintf(path, sizeof(path), "/proc/%d/fd", (int)parent);
   return result_of(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int
take_descriptor_of_parent(pid_t parent)
{
   long pidfd = syscall(SYS_pidfd_open, parent, 0);

   return result_of(syscall(SYS_pidfd_getfd, pidfd, 0, 0));
}

static int
signal_parent(pid_t parent)
{
   return result_of(kill(parent, 0));
}

static int
write_and_execute(pid_t parent)
{
   (void)parent;
   void *p =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
   return p == MAP_FAILED ? errno : 0;
}

static int
catch_page_faults(pid_t parent)
{
   (void)parent;
   return result_of(syscall(SYS_userfaultfd, O_CLOEXEC | 1));
}

static int
make_io_uring(pid_t parent)
{
   uint8_t parameters[120] = {0};

   (void)parent;
   return result_of(syscall(SYS_io_uring_setup, 4, parameters));
}

static int
ask_keyring(pid_t parent)
{
   (void)parent;
   return result_of(syscall(SYS_keyctl, 0, -3, 0)); /* KEYCTL_GET_KEYRING_ID of the session */
}

static int
load_bpf(pid_t parent)
{
   uint8_t attributes[64] = {0};

   (void)parent;
   return result_of(syscall(SYS_bpf, 0, attributes, sizeof(attributes)));
}

static int
make_user_namespace(pid_t parent)
{
   (void)parent;
   return result_of(unshare(CLONE_NEWUSER));
}

static int
regain_privileges(pid_t parent)
{
   (void)parent;
   return result_of(setresuid(0, 0, 0));
}

static const struct {
   const char *name;
   int (*attempt)(pid_t parent);
} attempts[] = {
   {"read /etc/passwd", read_password_file},
   {"list the root directory", list_root},
   {"write a file in /tmp", write_tmp},
   {"make a unix socket", make_unix_socket},
   {"make a TCP socket", make_tcp_socket},
   {"call connect()", call_connect},
   {"run a program", run_program},
   {"fork", fork_process},
   {"trace the process that started it", trace_parent},
   {"read that process's memory", read_memory_of_parent},
   {"open that process's memory in /proc", open_memory_of_parent},
   {"list that process's descriptors", open_descriptors_of_parent},
   {"take one of that process's descriptors", take_descriptor_of_parent},
   {"send that process a signal", signal_parent},
   {"map memory that is writable and executable", write_and_execute},
   {"handle page faults (userfaultfd)", catch_page_faults},
   {"make an io_uring", make_io_uring},
   {"read the session's keyring", ask_keyring},
   {"use bpf()", load_bpf},
   {"make a user namespace", make_user_namespace},
   {"become root", regain_privileges},
};

size_t
rdr_sandbox_attempt_count(void)
{
   return sizeof(attempts) / sizeof(attempts[0]);
}

const char *
rdr_sandbox_attempt_name(size_t index)
{
   return attempts[index].name;
}

/* --- Children --- */

static void __attribute__((noreturn))
run_child(size_t index, const struct rdr_worker_options *options, pid_t parent)
{
   int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

   if (null >= 0)
      dup2(null, STDERR_FILENO); /* the sandbox's own line, and a library's complaints */
   if (!rdr_sandbox_limit_files(options) || !rdr_sandbox_limit_calls(options))
      _exit(STATUS_NO_SANDBOX);
   int error = attempts[index].attempt(parent);
   _exit(error < STATUS_NO_SANDBOX ? error : EPERM);
}

enum rdr_attempt
rdr_sandbox_attempt(size_t index, const struct rdr_worker_options *options, const char **why)
{
   int status = 0;
   pid_t parent = getpid(), pid = fork();

   *why = "";
   if (!pid)
      run_child(index, options, parent);
   if (pid < 0 || waitpid(pid, &status, 0) != pid) {
      *why = strerror(errno);
      return RDR_ATTEMPT_UNKNOWN;
   }
   if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
      return RDR_ATTEMPT_STOPPED;
   if (!WIFEXITED(status) || WEXITSTATUS(status) == STATUS_NO_SANDBOX) {
      *why = WIFEXITED(status) ? "the sandbox cannot be set up" : strsignal(WTERMSIG(status));
      return RDR_ATTEMPT_UNKNOWN;
   }
   if (!WEXITSTATUS(status))
      return RDR_ATTEMPT_WORKED;
   *why = strerror(WEXITSTATUS(status));
   return RDR_ATTEMPT_REFUSED;
}
