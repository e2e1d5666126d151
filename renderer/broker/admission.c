/* SPDX-License-Identifier: MIT */
#include "renderer/broker/admission.h"

#include "protocol/clock.h"
#include "renderer/broker/pool.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

/* How many workers may be on their way to clients at a time. The others wait, so that many clients
 * of one process do not delay that of another by more than this. */
#define STARTING_MAX 8

static void
leave(void *owner, const struct rdr_client *client, const char *why)
{
   struct rdr_admission *a = owner;
   char name[RDR_CLIENT_NAME_SIZE];

   if (why)
      rdr_peer_log_write(a->log, client, tongs_now_ms(), "turned %s away: %s",
                         rdr_client_name(client, name), why);
}

int
rdr_admission_init(struct rdr_admission *a, const struct rdr_admission_options *options,
                   struct rdr_pool *pool, struct rdr_peer_log *log)
{
   const struct rdr_lobby_options lobby = {.leave = leave, .owner = a};

   *a = (struct rdr_admission){.options = *options, .pool = pool, .log = log};
   return rdr_lobby_init(&a->lobby, &lobby);
}

void
rdr_admission_finish(struct rdr_admission *a)
{
   rdr_lobby_finish(&a->lobby);
}

/* --- Who it is --- */

static bool
is_allowed(const struct rdr_admission *a, uid_t uid)
{
   if (uid == 0 || uid == geteuid())
      return true;
   for (size_t i = 0; i < a->options.allowed_uid_count; i++) {
      if (a->options.allowed_uids[i] == uid)
         return true;
   }
   return false;
}

/* Reads the machine that the client runs on, if it is a guest. */
static bool
is_in_guest(struct rdr_client *client)
{
   union {
      struct sockaddr any;
      struct sockaddr_vm vm;
   } address = {0};
   socklen_t size = sizeof(address);

   if (getpeername(client->fd, &address.any, &size) < 0 || address.any.sa_family != AF_VSOCK)
      return false;
   client->cid = address.vm.svm_cid;
   return true;
}

/* Reads the client's pid and uid, and checks that the uid is allowed. A client over vsock has
 * neither: it is always allowed, because reaching the port is the only check that we can make. */
static bool
identify(struct rdr_admission *a, struct rdr_client *client, int64_t now_ms)
{
   struct ucred peer;
   socklen_t size = sizeof(peer);

   if (is_in_guest(client))
      return true;
   if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
      rdr_peer_log_write(a->log, client, now_ms, "turned a client away: SO_PEERCRED: %s",
                         strerror(errno));
      return false;
   }
   client->pid = peer.pid;
   client->uid = peer.uid;
   if (is_allowed(a, peer.uid))
      return true;
   rdr_peer_log_write(a->log, client, now_ms,
                      "turned pid %d away: uid %u is not allowed here (--allow-uid %u would do so)",
                      (int)peer.pid, (unsigned)peer.uid, (unsigned)peer.uid);
   return false;
}

/* Whether one more client of the same process, user or guest is allowed. */
static bool
has_share(struct rdr_admission *a, const struct rdr_client *client, int64_t now_ms)
{
   struct rdr_share used = rdr_pool_share(a->pool, client);
   struct rdr_share waiting = rdr_lobby_share(&a->lobby, client);
   unsigned process = used.process + waiting.process, group = used.group + waiting.group;
   unsigned max = client->cid ? a->options.max_per_machine : a->options.max_per_user;
   char name[RDR_CLIENT_NAME_SIZE];

   if (client->pid && process >= a->options.max_per_process) {
      rdr_peer_log_write(a->log, client, now_ms,
                         "turned pid %d away: it has %u connections already, the most that "
                         "--max-per-process allows",
                         (int)client->pid, process);
      return false;
   }
   if (group < max)
      return true;
   rdr_peer_log_write(a->log, client, now_ms,
                      "turned %s away: %s has %u connections already, the most that %s allows",
                      rdr_client_name(client, name), client->cid ? "the machine" : "the user",
                      group, client->cid ? "--max-per-machine" : "--max-per-user");
   return false;
}

void
rdr_admission_admit(struct rdr_admission *a, int fd, int64_t now_ms)
{
   struct rdr_client client = {.fd = fd, .uid = (uid_t)-1};

   if (identify(a, &client, now_ms) && has_share(a, &client, now_ms))
      rdr_lobby_add(&a->lobby, &client, now_ms);
   else
      close(fd);
}

/* --- Workers --- */

static void
serve_client(struct rdr_admission *a, const struct rdr_client *client, int64_t now_ms)
{
   char name[RDR_CLIENT_NAME_SIZE];

   if (rdr_pool_is_full(a->pool)) {
      rdr_peer_log_write(a->log, client, now_ms,
                         "turned %s away: %u workers run already, the most that --max-workers "
                         "allows",
                         rdr_client_name(client, name), a->pool->client_count);
      return;
   }
   int error = rdr_pool_serve(a->pool, client);
   if (error)
      rdr_admission_log_loss(a, client, -error, now_ms);
}

void
rdr_admission_serve(struct rdr_admission *a, int64_t now_ms)
{
   struct rdr_client client;

   rdr_lobby_expire(&a->lobby, now_ms);
   while (a->lobby.ready_count && rdr_pool_starting_count(a->pool) < STARTING_MAX &&
          rdr_lobby_take(&a->lobby, &client)) {
      serve_client(a, &client, now_ms);
      close(client.fd);
   }
}

void
rdr_admission_log_loss(struct rdr_admission *a, const struct rdr_client *client, int error,
                       int64_t now_ms)
{
   char name[RDR_CLIENT_NAME_SIZE];

   rdr_peer_log_write(a->log, client, now_ms, "turned %s away: cannot start a worker: %s",
                      rdr_client_name(client, name), strerror(error));
}
