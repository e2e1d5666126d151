/* SPDX-License-Identifier: MIT */

/* The worker's filter of system calls. A call that is in no list fails with ENOSYS, so that
 * libraries fall back to an older call. */

#include "renderer/worker/sandbox.h"

#include <errno.h>

#if TONGS_HAS_SECCOMP

#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* --- Allowed --- */

static const int allowed[] = {
   /* files: Landlock says which; descriptors that the client sends are open already */
   SCMP_SYS(read),
   SCMP_SYS(write),
   SCMP_SYS(readv),
   SCMP_SYS(writev),
   SCMP_SYS(pread64),
   SCMP_SYS(pwrite64),
   SCMP_SYS(preadv),
   SCMP_SYS(pwritev),
   SCMP_SYS(close),
   SCMP_SYS(openat),
   SCMP_SYS(open),
   SCMP_SYS(fstat),
   SCMP_SYS(stat),
   SCMP_SYS(lstat),
   SCMP_SYS(newfstatat),
   SCMP_SYS(statx),
   SCMP_SYS(statfs),
   SCMP_SYS(fstatfs),
   SCMP_SYS(access),
   SCMP_SYS(faccessat),
   SCMP_SYS(faccessat2),
   SCMP_SYS(readlink),
   SCMP_SYS(readlinkat),
   SCMP_SYS(getdents64),
   SCMP_SYS(getcwd),
   SCMP_SYS(lseek),
   SCMP_SYS(dup),
   SCMP_SYS(dup2),
   SCMP_SYS(dup3),
   SCMP_SYS(fcntl),
   SCMP_SYS(flock),
   SCMP_SYS(fsync),
   SCMP_SYS(fdatasync),
   SCMP_SYS(fadvise64),
   SCMP_SYS(ftruncate),
   SCMP_SYS(fallocate),
   SCMP_SYS(memfd_create),
   SCMP_SYS(pipe2),
   /* a shader cache, if the worker has one */
   SCMP_SYS(unlink),
   SCMP_SYS(unlinkat),
   SCMP_SYS(rename),
   SCMP_SYS(renameat),
   SCMP_SYS(renameat2),
   SCMP_SYS(mkdir),
   SCMP_SYS(mkdirat),
   SCMP_SYS(utimensat),
   /* memory */
   SCMP_SYS(munmap),
   SCMP_SYS(mremap),
   SCMP_SYS(madvise),
   SCMP_SYS(brk),
   SCMP_SYS(msync),
   SCMP_SYS(mincore),
   SCMP_SYS(mlock),
   SCMP_SYS(munlock),
   SCMP_SYS(membarrier),
   /* threads and time */
   SCMP_SYS(futex),
   SCMP_SYS(futex_waitv),
   SCMP_SYS(set_robust_list),
   SCMP_SYS(get_robust_list),
   SCMP_SYS(rseq),
   SCMP_SYS(set_tid_address),
   SCMP_SYS(arch_prctl),
   SCMP_SYS(exit),
   SCMP_SYS(exit_group),
   SCMP_SYS(sched_yield),
   SCMP_SYS(sched_getaffinity),
   SCMP_SYS(sched_setaffinity),
   SCMP_SYS(sched_getparam),
   SCMP_SYS(sched_getscheduler),
   SCMP_SYS(sched_setscheduler),
   SCMP_SYS(sched_get_priority_max),
   SCMP_SYS(sched_get_priority_min),
   SCMP_SYS(getpriority),
   SCMP_SYS(setpriority),
   SCMP_SYS(getcpu),
   SCMP_SYS(clock_gettime),
   SCMP_SYS(clock_getres),
   SCMP_SYS(clock_nanosleep),
   SCMP_SYS(nanosleep),
   SCMP_SYS(gettimeofday),
   SCMP_SYS(time),
   SCMP_SYS(timerfd_create),
   SCMP_SYS(timerfd_settime),
   SCMP_SYS(timerfd_gettime),
   SCMP_SYS(restart_syscall),
   /* signals, of this process's own */
   SCMP_SYS(rt_sigaction),
   SCMP_SYS(rt_sigprocmask),
   SCMP_SYS(rt_sigreturn),
   SCMP_SYS(rt_sigpending),
   SCMP_SYS(rt_sigtimedwait),
   SCMP_SYS(sigaltstack),
   /* waiting, and the sockets that are open already */
   SCMP_SYS(poll),
   SCMP_SYS(ppoll),
   SCMP_SYS(select),
   SCMP_SYS(pselect6),
   SCMP_SYS(epoll_create1),
   SCMP_SYS(epoll_ctl),
   SCMP_SYS(epoll_wait),
   SCMP_SYS(epoll_pwait),
   SCMP_SYS(eventfd2),
   SCMP_SYS(sendmsg),
   SCMP_SYS(recvmsg),
   SCMP_SYS(recvfrom),
   SCMP_SYS(shutdown),
   SCMP_SYS(getsockopt),
   SCMP_SYS(setsockopt),
   SCMP_SYS(getsockname),
   SCMP_SYS(getpeername),
   /* questions */
   SCMP_SYS(getpid),
   SCMP_SYS(gettid),
   SCMP_SYS(getppid),
   SCMP_SYS(getuid),
   SCMP_SYS(geteuid),
   SCMP_SYS(getgid),
   SCMP_SYS(getegid),
   SCMP_SYS(getresuid),
   SCMP_SYS(getresgid),
   SCMP_SYS(getgroups),
   SCMP_SYS(getrandom),
   SCMP_SYS(sysinfo),
   SCMP_SYS(uname),
   SCMP_SYS(getrusage),
   SCMP_SYS(getrlimit),
   SCMP_SYS(times),
};

/* Types of ioctl: the second lowest byte of the request. */
#define IOCTL_TYPE_MASK 0xff00u

static const struct {
   unsigned profiles;
   char type;
} ioctl_types[] = {
   {RDR_SANDBOX_LAVAPIPE | RDR_SANDBOX_MESA | RDR_SANDBOX_NVIDIA, 'b'}, /* dma-buf */
   {RDR_SANDBOX_LAVAPIPE | RDR_SANDBOX_MESA | RDR_SANDBOX_NVIDIA, 'u'}, /* udmabuf */
   {RDR_SANDBOX_LAVAPIPE | RDR_SANDBOX_MESA | RDR_SANDBOX_NVIDIA, '>'}, /* sync_file */
   {RDR_SANDBOX_LAVAPIPE | RDR_SANDBOX_MESA | RDR_SANDBOX_NVIDIA, 'd'}, /* DRM */
   {RDR_SANDBOX_NVIDIA, 'F'},
   {RDR_SANDBOX_NVIDIA, 'm'},  /* modeset */
   {RDR_SANDBOX_NVIDIA, '\0'}, /* nvidia-uvm numbers its requests from 1 without a type */
};

/* Whole requests. The other ones of a terminal include those that type on it. */
static const unsigned ioctls[] = {FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ};

static const int prctls[] = {PR_SET_NAME,    PR_GET_NAME,     PR_SET_VMA,
                             PR_GET_SECCOMP, PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS};

/* --- Trapped: no driver calls these --- */

/* clang-format off */
#define TRAPPED(call) {SCMP_SYS(call), #call}
/* clang-format on */
static const struct {
   int number;
   const char *name;
} trapped[] = {
   TRAPPED(execve),
   TRAPPED(execveat),
   TRAPPED(ptrace),
   TRAPPED(process_vm_readv),
   TRAPPED(process_vm_writev),
   TRAPPED(process_madvise),
   TRAPPED(pidfd_getfd),
   TRAPPED(pidfd_send_signal),
   TRAPPED(connect),
   TRAPPED(bind),
   TRAPPED(listen),
   TRAPPED(accept),
   TRAPPED(accept4),
   TRAPPED(userfaultfd),
   TRAPPED(io_uring_setup),
   TRAPPED(io_uring_enter),
   TRAPPED(io_uring_register),
   TRAPPED(bpf),
   TRAPPED(perf_event_open),
   TRAPPED(add_key),
   TRAPPED(request_key),
   TRAPPED(keyctl),
   TRAPPED(mount),
   TRAPPED(umount2),
   TRAPPED(move_mount),
   TRAPPED(open_tree),
   TRAPPED(fsopen),
   TRAPPED(fsmount),
   TRAPPED(mount_setattr),
   TRAPPED(pivot_root),
   TRAPPED(chroot),
   TRAPPED(unshare),
   TRAPPED(setns),
   TRAPPED(open_by_handle_at),
   TRAPPED(name_to_handle_at),
   TRAPPED(init_module),
   TRAPPED(finit_module),
   TRAPPED(delete_module),
   TRAPPED(kexec_load),
   TRAPPED(reboot),
   TRAPPED(swapon),
   TRAPPED(swapoff),
   TRAPPED(setuid),
   TRAPPED(setgid),
   TRAPPED(setreuid),
   TRAPPED(setregid),
   TRAPPED(setresuid),
   TRAPPED(setresgid),
   TRAPPED(setgroups),
   TRAPPED(capset),
   TRAPPED(personality),
   TRAPPED(quotactl),
   TRAPPED(sethostname),
   TRAPPED(settimeofday),
   TRAPPED(clock_settime),
   TRAPPED(adjtimex),
   TRAPPED(clock_adjtime),
   TRAPPED(mknod),
   TRAPPED(mknodat),
   TRAPPED(chown),
   TRAPPED(fchown),
   TRAPPED(fchownat),
};

static const char *
name_of(int number)
{
   for (size_t i = 0; i < sizeof(trapped) / sizeof(trapped[0]); i++) {
      if (trapped[i].number == number)
         return trapped[i].name;
   }
   return "a system call";
}

/* Names the call in the log and ends the process by SIGSYS. Only functions that are safe in a
 * handler are called. */
static void
tell_and_end(int number, siginfo_t *info, void *context)
{
   const char *parts[] = {"tongs worker: the sandbox stopped ", name_of(info->si_syscall),
                          ": the worker ends\n"};
   char text[200];
   size_t used = 0;

   (void)context;
   for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
      size_t length = strlen(parts[i]);
      if (used + length <= sizeof(text))
         memcpy(text + used, parts[i], length);
      used += length;
   }
   ssize_t n = write(STDERR_FILENO, text, used < sizeof(text) ? used : sizeof(text));
   (void)n;
   signal(number, SIG_DFL);
   raise(number);
}

/* --- Building the filter --- */

/* Calls that this kernel's libseccomp does not know for this architecture are left out: the default
 * refuses them. */
static bool
add(scmp_filter_ctx filter, uint32_t action, int call)
{
   int error = seccomp_rule_add(filter, action, call, 0);

   return !error || error == -EDOM || error == -EOPNOTSUPP;
}

static bool
allow_if(scmp_filter_ctx filter, int call, struct scmp_arg_cmp condition)
{
   return !seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &condition);
}

/* No memory is writable and executable at a time. */
static bool
add_memory(scmp_filter_ctx filter)
{
   const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
   const unsigned both = PROT_WRITE | PROT_EXEC;
   bool ok = true;

   for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
      ok &= allow_if(filter, calls[i], SCMP_A2(SCMP_CMP_MASKED_EQ, both, 0));
      ok &= allow_if(filter, calls[i], SCMP_A2(SCMP_CMP_MASKED_EQ, both, PROT_WRITE));
      ok &= allow_if(filter, calls[i], SCMP_A2(SCMP_CMP_MASKED_EQ, both, PROT_EXEC));
      ok &= !seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), calls[i], 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, both, both));
   }
   return ok;
}

/* New threads, but no new processes; signals to this process alone. */
static bool
add_processes(scmp_filter_ctx filter)
{
   const scmp_datum_t self = (scmp_datum_t)getpid();
   bool ok =
      allow_if(filter, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

   ok &= !seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                           SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
   ok &= add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(fork));
   ok &= add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(vfork));
   ok &= allow_if(filter, SCMP_SYS(kill), SCMP_A0(SCMP_CMP_EQ, self));
   ok &= allow_if(filter, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, self));
   /* Asks for a limit, and sets none. */
   ok &= allow_if(filter, SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0));
   return ok;
}

static bool
add_requests(scmp_filter_ctx filter, unsigned profiles)
{
   bool ok = true;

   for (size_t i = 0; i < sizeof(ioctl_types) / sizeof(ioctl_types[0]); i++) {
      const scmp_datum_t type = (scmp_datum_t)ioctl_types[i].type << 8;
      if (ioctl_types[i].profiles & profiles)
         ok &=
            allow_if(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, IOCTL_TYPE_MASK, type));
   }
   for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
      ok &= allow_if(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, ioctls[i]));
   for (size_t i = 0; i < sizeof(prctls) / sizeof(prctls[0]); i++)
      ok &= allow_if(filter, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)prctls[i]));
   if (profiles & RDR_SANDBOX_MESA) /* whether two descriptors are one DRM file */
      ok &= add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kcmp));
   /* Drivers look for a display. */
   ok &= add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket));
   ok &= add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socketpair));
   return ok;
}

/* sendto() on the sockets that are open already, but to no address. */
static bool
add_all(scmp_filter_ctx filter, unsigned profiles)
{
   bool ok = allow_if(filter, SCMP_SYS(sendto), SCMP_A4(SCMP_CMP_EQ, 0));

   for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
      ok &= add(filter, SCMP_ACT_ALLOW, allowed[i]);
   for (size_t i = 0; i < sizeof(trapped) / sizeof(trapped[0]); i++)
      ok &= add(filter, SCMP_ACT_TRAP, trapped[i].number);
   ok &= add_memory(filter);
   ok &= add_processes(filter);
   return add_requests(filter, profiles) && ok;
}

int
rdr_sandbox_filter(unsigned profiles)
{
   const struct sigaction action = {.sa_sigaction = tell_and_end, .sa_flags = SA_SIGINFO};
   scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));

   if (!filter)
      return -ENOMEM;
   seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
   seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB,
                    1); /* no slower speculation for the filter's sake */
   sigaction(SIGSYS, &action, NULL);
   int error = add_all(filter, profiles) ? seccomp_load(filter) : -EINVAL;
   seccomp_release(filter);
   return error;
}

bool
rdr_sandbox_can_filter(const char **why)
{
   *why = "the kernel has no seccomp filters";
   return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 &&
          seccomp_api_get() >= 2; /* 2: a filter for all threads */
}

#else

int
rdr_sandbox_filter(unsigned profiles)
{
   (void)profiles;
   return -ENOSYS;
}

bool
rdr_sandbox_can_filter(const char **why)
{
   *why = "this build has no libseccomp";
   return false;
}

#endif
