/* SPDX-License-Identifier: MIT */
#include "renderer/broker/admission.h"

#include "renderer/broker/log.h"
#include "renderer/broker/pool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REFUSALS_LOGGED_PER_SECOND 10

void
rdr_admission_log(struct rdr_admission *a, int64_t now_ms, const char *format, ...)
{
   int64_t second = now_ms / 1000;
   char text[256];
   va_list args;

   if (second != a->second) {
      if (a->refusals > REFUSALS_LOGGED_PER_SECOND)
         rdr_broker_log("turned away %u more", a->refusals - REFUSALS_LOGGED_PER_SECOND);
      a->second = second;
      a->refusals = 0;
   }
   if (++a->refusals > REFUSALS_LOGGED_PER_SECOND)
      return;
   va_start(args, format);
   vsnprintf(text, sizeof(text), format, args);
   va_end(args);
   rdr_broker_log("%s", text);
}

static bool
is_allowed(const struct rdr_admission *a, uid_t uid)
{
   if (uid == 0 || uid == geteuid())
      return true;
   for (size_t i = 0; i < a->allowed_uid_count; i++) {
      if (a->allowed_uids[i] == uid)
         return true;
   }
   return false;
}

/* Whether the peer runs on this kernel, so that SO_PEERCRED identifies it. */
static bool
is_of_this_machine(int fd)
{
   int domain = AF_UNIX;
   socklen_t size = sizeof(domain);

   getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
   return domain == AF_UNIX;
}

/* Reads the client's pid and uid, and checks that the uid is allowed. A client over vsock has
 * neither: it is always allowed, because reaching the port is the only check that we can make. */
static bool
identify(struct rdr_admission *a, struct rdr_client *client, int64_t now_ms)
{
   struct ucred peer;
   socklen_t size = sizeof(peer);

   if (!is_of_this_machine(client->fd))
      return true;
   if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
      rdr_admission_log(a, now_ms, "turned a client away: SO_PEERCRED: %s", strerror(errno));
      return false;
   }
   client->pid = peer.pid;
   client->uid = peer.uid;
   if (is_allowed(a, peer.uid))
      return true;
   rdr_admission_log(a, now_ms,
                     "turned pid %d away: uid %u is not allowed here (--allow-uid %u would do so)",
                     (int)peer.pid, (unsigned)peer.uid, (unsigned)peer.uid);
   return false;
}

void
rdr_admission_admit(struct rdr_admission *a, struct rdr_pool *pool, int fd, int64_t now_ms)
{
   struct rdr_client client = {.fd = fd, .uid = (uid_t)-1};

   if (!identify(a, &client, now_ms))
      return;
   if (rdr_pool_is_full(pool)) {
      rdr_admission_log(a, now_ms,
                        "turned pid %d away: %u workers run already, the most that --max-workers "
                        "allows",
                        (int)client.pid, pool->client_count);
      return;
   }
   int error = rdr_pool_serve(pool, &client);
   if (error)
      rdr_admission_log_loss(a, &client, -error, now_ms);
}

void
rdr_admission_log_loss(struct rdr_admission *a, const struct rdr_client *client, int error,
                       int64_t now_ms)
{
   rdr_admission_log(a, now_ms, "turned pid %d away: cannot start a worker: %s", (int)client->pid,
                     strerror(error));
}
