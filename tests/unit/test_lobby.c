/* SPDX-License-Identifier: MIT */

/* The clients of a broker that have no worker yet, and the lines of the log that clients cause. */

#include "tests/check.h"

#include "renderer/broker/lobby.h"
#include "renderer/broker/peer_log.h"
#include "tongs/wire.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX (RDR_LOBBY_SIZE + 8)

struct world {
   struct rdr_lobby lobby;
   int fds[CLIENTS_MAX]; /* the clients' ends; their index is the client's number */
   unsigned clients;
   unsigned left;
   const char *why; /* of the latest that left */
   pid_t left_pid;
};

static void
leave(void *owner, const struct rdr_client *client, const char *why)
{
   struct world *w = owner;

   w->left++;
   w->why = why;
   w->left_pid = client->pid;
}

static void
begin(struct world *w)
{
   memset(w, 0, sizeof(*w));
   if (rdr_lobby_init(&w->lobby, &(struct rdr_lobby_options){.leave = leave, .owner = w}))
      abort();
}

static void
finish(struct world *w)
{
   rdr_lobby_finish(&w->lobby);
   for (unsigned i = 0; i < w->clients; i++) {
      if (w->fds[i] >= 0)
         close(w->fds[i]);
   }
}

/* A client that sends `bytes` bytes comes. Returns its number. */
static unsigned
come(struct world *w, pid_t pid, uid_t uid, size_t bytes)
{
   const uint8_t hello[TONGS_HELLO_SIZE] = {0};
   int ends[2];

   if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ||
       (bytes && send(ends[1], hello, bytes, 0) != (ssize_t)bytes))
      abort();
   w->fds[w->clients] = ends[1];
   rdr_lobby_add(&w->lobby, &(struct rdr_client){.fd = ends[0], .pid = pid, .uid = uid}, 0);
   return w->clients++;
}

static void
hang_up(struct world *w, unsigned number)
{
   close(w->fds[number]);
   w->fds[number] = -1;
   rdr_lobby_hear(&w->lobby);
}

/* The pid of the client whose turn it is; 0: none. */
static pid_t
take(struct world *w)
{
   struct rdr_client client;

   if (!rdr_lobby_take(&w->lobby, &client))
      return 0;
   close(client.fd);
   return client.pid;
}

/* --- The sentences --- */

static void
hellos_come_first(void)
{
   struct world w;

   begin(&w);
   unsigned slow = come(&w, 1, 0, 10);
   come(&w, 2, 0, TONGS_HELLO_SIZE);
   fact(take(&w) == 2 && take(&w) == 0, "a client is ready when it has sent its whole hello");
   const uint8_t rest[TONGS_HELLO_SIZE - 10] = {0};
   fact(send(w.fds[slow], rest, sizeof(rest), 0) == sizeof(rest), "the rest of a hello");
   rdr_lobby_hear(&w.lobby);
   fact(take(&w) == 1, "makes the slow one ready, too");

   unsigned gone = come(&w, 3, 0, TONGS_HELLO_SIZE);
   hang_up(&w, gone);
   fact(take(&w) == 0 && w.left == 1 && !w.why, "a client that has gone gets no turn");
   come(&w, 4, 0, 0);
   fact(rdr_lobby_wakeup_ms(&w.lobby) == RDR_LOBBY_HELLO_MS, "a silent client has five seconds");
   rdr_lobby_expire(&w.lobby, RDR_LOBBY_HELLO_MS - 1);
   fact(w.left == 1, "until then it stays");
   rdr_lobby_expire(&w.lobby, RDR_LOBBY_HELLO_MS);
   fact(w.left == 2 && w.left_pid == 4 && w.why, "then it leaves, with a reason");
   fact(w.lobby.count == 0 && rdr_lobby_wakeup_ms(&w.lobby) == INT64_MAX, "nobody is left");
   finish(&w);
}

static void
turns_are_fair(void)
{
   struct world w;

   begin(&w);
   for (unsigned i = 0; i < 4; i++)
      come(&w, 1, 100, TONGS_HELLO_SIZE);
   come(&w, 2, 100, TONGS_HELLO_SIZE);
   come(&w, 3, 200, TONGS_HELLO_SIZE);
   fact(take(&w) == 1 && take(&w) == 3 && take(&w) == 2 && take(&w) == 1,
        "users take turns, and the processes of a user do");
   come(&w, 3, 200, TONGS_HELLO_SIZE);
   fact(take(&w) == 3, "a user that had no turn for longer is first");
   finish(&w);
}

static void
a_full_lobby_is_shared(void)
{
   struct world w;

   begin(&w);
   come(&w, 1, 100, TONGS_HELLO_SIZE);
   for (unsigned i = 1; i < RDR_LOBBY_SIZE; i++)
      come(&w, 2, 100, TONGS_HELLO_SIZE);
   come(&w, 3, 100, TONGS_HELLO_SIZE);
   fact(w.left == 1 && w.left_pid == 2, "the process with the most clients loses one");
   fact(w.lobby.count == RDR_LOBBY_SIZE, "and the newcomer has its place");
   finish(&w);
}

static void
lines_are_counted(void)
{
   struct rdr_peer_log log = {.lines_max = 3};
   const struct rdr_client one = {.pid = 1, .uid = 7}, other = {.pid = 2, .uid = 7};
   unsigned allowed = 0;

   for (unsigned i = 0; i < 10; i++)
      allowed += rdr_peer_log_may(&log, &one, 1000);
   fact(allowed == 3, "a process may cause so many lines");
   fact(rdr_peer_log_may(&log, &other, 1000), "another one of the same user may, too");
   fact(rdr_peer_log_wakeup_ms(&log) == 1000 + RDR_PEER_LOG_PERIOD_MS,
        "the number of lines that were left out is told at the period's end");
   for (pid_t pid = 10; pid < 40; pid++)
      allowed += rdr_peer_log_may(&log, &(struct rdr_client){.pid = pid, .uid = 7}, 1000);
   fact(allowed == 3 + 3 * RDR_PEER_LOG_GROUP - 4, "all processes of a user share a number");
   fact(rdr_peer_log_may(&log, &one, 1000 + RDR_PEER_LOG_PERIOD_MS), "the next period is new");
}

int
main(void)
{
   hellos_come_first();
   turns_are_fair();
   a_full_lobby_is_shared();
   lines_are_counted();
   return check_end();
}
