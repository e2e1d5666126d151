/* SPDX-License-Identifier: MIT */
#include "renderer/broker/lobby.h"

#include "tongs/wire.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 64

int
rdr_lobby_init(struct rdr_lobby *l, const struct rdr_lobby_options *options)
{
   *l = (struct rdr_lobby){.options = *options};
   for (unsigned i = 0; i < RDR_LOBBY_SIZE; i++)
      l->entries[i].client.fd = -1;
   l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
   return l->epoll_fd < 0 ? -errno : 0;
}

/* Frees the entry. Returns the client, whose socket is no longer watched and now the caller's. */
static struct rdr_client
take_out(struct rdr_lobby *l, struct rdr_lobby_entry *entry)
{
   struct rdr_client client = entry->client;

   epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, client.fd, NULL);
   l->count--;
   l->ready_count -= entry->is_ready;
   *entry = (struct rdr_lobby_entry){.client.fd = -1};
   return client;
}

static void
leave(struct rdr_lobby *l, struct rdr_lobby_entry *entry, const char *why)
{
   struct rdr_client client = take_out(l, entry);

   l->options.leave(l->options.owner, &client, why);
   close(client.fd);
}

void
rdr_lobby_finish(struct rdr_lobby *l)
{
   for (unsigned i = 0; i < RDR_LOBBY_SIZE && l->count; i++) {
      if (l->entries[i].client.fd >= 0)
         close(l->entries[i].client.fd);
   }
   if (l->epoll_fd >= 0)
      close(l->epoll_fd);
   *l = (struct rdr_lobby){.epoll_fd = -1};
}

/* --- Arrivals --- */

/* The number of bytes that can be received, as far as TONGS_HELLO_SIZE. */
static size_t
received_bytes(int fd)
{
   uint8_t bytes[TONGS_HELLO_SIZE];
   int size;

   if (ioctl(fd, FIONREAD, &size) == 0)
      return size > 0 ? (size_t)size : 0;
   /* Sockets of virtual machines know no FIONREAD in older kernels. */
   ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
   return n > 0 ? (size_t)n : 0;
}

/* Acts on poll(2)'s or epoll(7)'s events of the entry's socket: their numbers are the same. */
static void
handle(struct rdr_lobby *l, struct rdr_lobby_entry *entry, uint32_t events)
{
   size_t bytes = received_bytes(entry->client.fd);

   if (events & (EPOLLHUP | EPOLLERR)) {
      leave(l, entry, NULL);
      return;
   }
   if (bytes >= TONGS_HELLO_SIZE) {
      l->ready_count += !entry->is_ready;
      entry->is_ready = true;
   } else if (events & EPOLLRDHUP) {
      leave(l, entry, bytes ? "it left in the middle of its hello" : NULL);
   }
}

/* The clients of that process among those that wait. */
static unsigned
count_process(const struct rdr_lobby *l, const struct rdr_client *client)
{
   return rdr_lobby_share(l, client).process;
}

/* Makes room: lets the latest client of the process go that has the most clients here. */
static void
make_room(struct rdr_lobby *l)
{
   struct rdr_lobby_entry *victim = NULL;
   unsigned most = 0;

   for (unsigned i = 0; i < RDR_LOBBY_SIZE; i++) {
      struct rdr_lobby_entry *entry = &l->entries[i];
      unsigned count = count_process(l, &entry->client);

      if (count > most || (count == most && victim && entry->order > victim->order)) {
         victim = entry;
         most = count;
      }
   }
   if (victim)
      leave(l, victim, "too many clients wait for a worker");
}

static struct rdr_lobby_entry *
find_free(struct rdr_lobby *l)
{
   for (unsigned i = 0; i < RDR_LOBBY_SIZE; i++) {
      if (l->entries[i].client.fd < 0)
         return &l->entries[i];
   }
   return NULL;
}

void
rdr_lobby_add(struct rdr_lobby *l, const struct rdr_client *client, int64_t now_ms)
{
   struct pollfd p = {.fd = client->fd, .events = POLLIN | POLLRDHUP};

   if (l->count == RDR_LOBBY_SIZE)
      make_room(l);
   struct rdr_lobby_entry *entry = find_free(l);
   *entry = (struct rdr_lobby_entry){
      .client = *client,
      .since_ms = now_ms,
      .order = ++l->arrivals,
   };
   l->count++;
   struct epoll_event event = {
      .events = EPOLLIN | EPOLLRDHUP | EPOLLET,
      .data.u64 = (uint64_t)(entry - l->entries),
   };
   /* Most clients speak at once, or have gone already. */
   if (poll(&p, 1, 0) > 0)
      handle(l, entry, (uint32_t)p.revents);
   if (entry->client.fd >= 0 && epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0)
      leave(l, entry, "it cannot be watched");
}

void
rdr_lobby_hear(struct rdr_lobby *l)
{
   struct epoll_event events[EVENTS_MAX];
   int n = epoll_wait(l->epoll_fd, events, EVENTS_MAX, 0);

   for (int i = 0; i < n; i++) {
      struct rdr_lobby_entry *entry = &l->entries[events[i].data.u64];
      if (entry->client.fd >= 0)
         handle(l, entry, events[i].events);
   }
}

/* --- Time --- */

void
rdr_lobby_expire(struct rdr_lobby *l, int64_t now_ms)
{
   for (unsigned i = 0; i < RDR_LOBBY_SIZE && l->count > l->ready_count; i++) {
      struct rdr_lobby_entry *entry = &l->entries[i];

      if (entry->client.fd >= 0 && !entry->is_ready &&
          now_ms - entry->since_ms >= RDR_LOBBY_HELLO_MS)
         leave(l, entry, "no hello came within 5 s");
   }
}

int64_t
rdr_lobby_wakeup_ms(const struct rdr_lobby *l)
{
   int64_t first = INT64_MAX;

   for (unsigned i = 0; i < RDR_LOBBY_SIZE && l->count > l->ready_count; i++) {
      const struct rdr_lobby_entry *entry = &l->entries[i];

      if (entry->client.fd >= 0 && !entry->is_ready && entry->since_ms + RDR_LOBBY_HELLO_MS < first)
         first = entry->since_ms + RDR_LOBBY_HELLO_MS;
   }
   return first;
}

/* --- Turns --- */

/* When the client's user or machine had its latest turn, and its process; 0: long ago. */
static void
find_turns(const struct rdr_lobby *l, const struct rdr_client *client, uint64_t *group,
           uint64_t *process)
{
   *group = *process = 0;
   for (unsigned i = 0; i < RDR_LOBBY_TURNS; i++) {
      const struct rdr_lobby_turn *turn = &l->turns[i];

      if (!turn->number || !rdr_client_same_group(&turn->client, client))
         continue;
      if (turn->number > *group)
         *group = turn->number;
      if (turn->client.pid == client->pid && turn->number > *process)
         *process = turn->number;
   }
}

bool
rdr_lobby_take(struct rdr_lobby *l, struct rdr_client *client)
{
   struct rdr_lobby_entry *best = NULL;
   uint64_t best_group = 0, best_process = 0;

   for (unsigned i = 0; i < RDR_LOBBY_SIZE && l->ready_count; i++) {
      struct rdr_lobby_entry *entry = &l->entries[i];
      uint64_t group, process;

      if (!entry->is_ready)
         continue;
      find_turns(l, &entry->client, &group, &process);
      bool is_first =
         !best || group < best_group ||
         (group == best_group &&
          (process < best_process || (process == best_process && entry->order < best->order)));
      if (!is_first)
         continue;
      best = entry;
      best_group = group;
      best_process = process;
   }
   if (!best)
      return false;
   *client = take_out(l, best);
   l->turns[l->turn % RDR_LOBBY_TURNS] = (struct rdr_lobby_turn){
      .client = *client,
      .number = l->turn + 1,
   };
   l->turn++;
   return true;
}

struct rdr_share
rdr_lobby_share(const struct rdr_lobby *l, const struct rdr_client *client)
{
   struct rdr_share share = {0};

   for (unsigned i = 0; i < RDR_LOBBY_SIZE && l->count; i++) {
      if (l->entries[i].client.fd >= 0)
         rdr_share_add(&share, &l->entries[i].client, client);
   }
   return share;
}
