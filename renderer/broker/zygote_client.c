/* SPDX-License-Identifier: MIT */
#include "renderer/broker/zygote_client.h"

#include "protocol/socket.h"
#include "renderer/broker/launch.h"
#include "renderer/broker/log.h"
#include "renderer/broker/zygote.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long the zygote may take to fork. The broker blocks during that time. */
#define FORK_MS 1000

/* How long the broker starts no zygote after one has ended, because the next one would probably end
 * in the same way. */
#define RESTART_PAUSE_MS 10000

void
rdr_zygote_client_init(struct rdr_zygote_client *z)
{
   *z = (struct rdr_zygote_client){.fd = -1};
}

void
rdr_zygote_client_start(struct rdr_zygote_client *z, const struct rdr_launcher *l, int64_t now_ms)
{
   if (z->state != RDR_ZYGOTE_NONE || z->useless || z->after_ms > now_ms)
      return;
   z->pid = rdr_launch_with_socket(l, RDR_LAUNCH_ZYGOTE, &z->fd);
   if (z->pid > 0) {
      z->state = RDR_ZYGOTE_LOADING;
      return;
   }
   rdr_broker_log("cannot start the zygote, which forks workers: %s; trying again later",
                  strerror(errno));
   z->after_ms = now_ms + RESTART_PAUSE_MS;
}

int
rdr_zygote_client_poll_fd(const struct rdr_zygote_client *z)
{
   return z->state == RDR_ZYGOTE_LOADING ? z->fd : -1;
}

/* Receives one word within FORK_MS. False if none came. */
static bool
receive_word(const struct rdr_zygote_client *z, int32_t *word)
{
   struct pollfd p = {.fd = z->fd, .events = POLLIN};
   int n;

   do {
      n = poll(&p, 1, FORK_MS);
   } while (n < 0 && errno == EINTR);
   return n > 0 && recv(z->fd, word, sizeof(*word), MSG_DONTWAIT) == (ssize_t)sizeof(*word);
}

void
rdr_zygote_client_hear(struct rdr_zygote_client *z)
{
   int32_t word;

   if (receive_word(z, &word) && word == RDR_ZYGOTE_LOADED)
      z->state = RDR_ZYGOTE_READY;
   else
      rdr_zygote_client_drop(z);
}

bool
rdr_zygote_client_can_fork(const struct rdr_zygote_client *z)
{
   return z->state == RDR_ZYGOTE_READY;
}

pid_t
rdr_zygote_client_fork(struct rdr_zygote_client *z, int fd)
{
   struct iovec iov = {.iov_base = "", .iov_len = 1};
   int32_t word;

   if (tongs_socket_send_all(z->fd, &iov, 1, &fd, 1) < 0 || !receive_word(z, &word)) {
      rdr_zygote_client_drop(z);
      errno = EIO;
      return -1;
   }
   if (word > 0)
      return word;
   errno = word < 0 ? -word : EIO;
   return -1;
}

void
rdr_zygote_client_drop(struct rdr_zygote_client *z)
{
   if (z->state != RDR_ZYGOTE_LOADING && z->state != RDR_ZYGOTE_READY)
      return;
   kill(z->pid, SIGKILL);
   close(z->fd);
   z->fd = -1;
   z->state = RDR_ZYGOTE_ENDING;
}

bool
rdr_zygote_client_reap(struct rdr_zygote_client *z, pid_t pid, int status, int64_t now_ms,
                       bool quiet)
{
   if (z->state == RDR_ZYGOTE_NONE || pid != z->pid)
      return false;
   if (z->state != RDR_ZYGOTE_ENDING)
      close(z->fd);
   z->fd = -1;
   z->state = RDR_ZYGOTE_NONE;
   z->after_ms = now_ms + RESTART_PAUSE_MS;
   z->useless = WIFEXITED(status);
   if (WIFSIGNALED(status) && !quiet)
      rdr_broker_log(
         "the zygote, process %d, ended by signal %d (%s); each worker loads the driver "
         "for itself for a while",
         (int)pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
   return true;
}
