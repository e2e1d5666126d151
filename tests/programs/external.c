/* SPDX-License-Identifier: MIT */
/*
 * Memory, semaphores and fences that go from one process to another as file descriptors. Each check
 * is two processes with an instance each, and a socket between them: one exports, the other one
 * imports.
 */
#include "tests/programs/external.h"

#include "tests/programs/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- The other process --- */

enum prog_status
peer_send(struct prog *p, int peer, struct message message)
{
   char control[CMSG_SPACE(sizeof(int))] = {0};
   struct iovec iov = {.iov_base = &message, .iov_len = sizeof(message)};
   struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

   if (message.fd >= 0) {
      msg.msg_control = control;
      msg.msg_controllen = sizeof(control);
      struct cmsghdr *header = CMSG_FIRSTHDR(&msg);
      *header = (struct cmsghdr){
         .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
      memcpy(CMSG_DATA(header), &message.fd, sizeof(int));
   }
   PROG_EXPECT(p, sendmsg(peer, &msg, MSG_NOSIGNAL) == sizeof(message), "the peer is gone");
   return PROG_RIGHT;
}

enum prog_status
peer_receive(struct prog *p, int peer, struct message *message)
{
   char control[CMSG_SPACE(sizeof(int))] = {0};
   struct iovec iov = {.iov_base = message, .iov_len = sizeof(*message)};
   struct msghdr msg = {
      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};

   PROG_EXPECT(p, recvmsg(peer, &msg, MSG_WAITALL) == sizeof(*message), "the peer is gone");
   const struct cmsghdr *header = CMSG_FIRSTHDR(&msg);
   message->fd = -1;
   if (header)
      memcpy(&message->fd, CMSG_DATA(header), sizeof(int));
   return PROG_RIGHT;
}

struct outcome {
   enum prog_status status;
   char why[sizeof(((struct prog *)0)->why)];
};

/* One of the two processes. `ends`: sockets and pipes; its own, the other's, the pipe to report to.
 */
static pid_t
start(enum prog_status (*run)(struct prog *p, int peer), int own, int other, int report)
{
   pid_t pid = fork();
   if (pid)
      return pid;

   struct prog p = {0};
   struct outcome outcome = {0};
   close(other);
   outcome.status = run(&p, own);
   memcpy(outcome.why, p.why, sizeof(outcome.why));
   if (write(report, &outcome, sizeof(outcome)) != sizeof(outcome))
      _exit(1);
   _exit(0);
}

static enum prog_status
run_pair(struct prog *p, enum prog_status (*exporter)(struct prog *p, int peer),
         enum prog_status (*importer)(struct prog *p, int peer))
{
   enum prog_status (*const runs[2])(struct prog *, int) = {exporter, importer};
   static const char *const names[2] = {"exporter", "importer"};
   struct outcome outcomes[2] = {{.status = PROG_WRONG, .why = "ended"},
                                 {.status = PROG_WRONG, .why = "ended"}};
   int sockets[2], pipes[2][2];
   pid_t pids[2];

   PROG_EXPECT(p, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0, "sockets");
   for (int i = 0; i < 2; i++) {
      PROG_EXPECT(p, pipe(pipes[i]) == 0, "pipes");
      pids[i] = start(runs[i], sockets[i], sockets[!i], pipes[i][1]);
      close(pipes[i][1]);
   }
   close(sockets[0]);
   close(sockets[1]);
   for (int i = 0; i < 2; i++) {
      struct outcome outcome;
      if (read(pipes[i][0], &outcome, sizeof(outcome)) == sizeof(outcome))
         outcomes[i] = outcome;
      close(pipes[i][0]);
      waitpid(pids[i], NULL, 0);
   }
   for (int i = 0; i < 2; i++) {
      if (outcomes[i].status == PROG_SKIPPED)
         return prog_skipped(p, "%.400s", outcomes[i].why);
   }
   for (int i = 0; i < 2; i++) {
      /* A process that lost its peer is not the one to blame. */
      const bool blame =
         !strstr(outcomes[i].why, "the peer is gone") || outcomes[!i].status == PROG_RIGHT;
      if (outcomes[i].status == PROG_WRONG && blame)
         return prog_wrong(p, "%s: %.400s", names[i], outcomes[i].why);
   }
   return PROG_RIGHT;
}

/* --- The checks --- */

#define PAIR(name, export, import) \
   static enum prog_status check_##name(struct prog *p) \
   { \
      return run_pair(p, export, import); \
   }

PAIR(memory_opaque, memory_opaque_export, memory_opaque_import)
PAIR(memory_dma_buf, memory_dma_buf_export, memory_dma_buf_import)
PAIR(image_opaque, image_opaque_export, image_opaque_import)
PAIR(semaphore_opaque, semaphore_opaque_export, semaphore_opaque_import)
PAIR(semaphore_sync, semaphore_sync_export, semaphore_sync_import)
PAIR(fence_opaque, fence_opaque_export, fence_opaque_import)
PAIR(fence_sync, fence_sync_export, fence_sync_import)

static const struct prog_check checks[] = {
   {"memory as an opaque fd", check_memory_opaque},
   {"memory as a dma-buf", check_memory_dma_buf},
   {"an image's memory as an opaque fd", check_image_opaque},
   {"a semaphore as an opaque fd", check_semaphore_opaque},
   {"a semaphore as a sync fd", check_semaphore_sync},
   {"a fence as an opaque fd", check_fence_opaque},
   {"a fence as a sync fd", check_fence_sync},
   {"bad descriptors are refused", bad_descriptors},
};

/* `external`: the checks. `external --leak`: exports, imports and frees in a loop, twice, and says
 * when each is over, so that somebody can count descriptors; goes on at a line of input. */
int
main(int argc, char **argv)
{
   if (argc == 2 && strcmp(argv[1], "--leak") == 0) {
      struct prog p = {0};
      return prog_report(&p, "external", leak(&p));
   }
   return prog_checks_main(argc, argv, checks, PROG_COUNT(checks), PROG_CHECKS_BARE);
}
