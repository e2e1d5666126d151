/* SPDX-License-Identifier: MIT */
#include "renderer/broker/pool.h"

#include "renderer/worker/warm_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long the pool starts no warm worker after one ended before it was warm, because the next one
 * would probably end in the same way. */
#define REFILL_PAUSE_MS 10000

/* How long after a client's arrival the pool starts a warm worker only if none is left, so that the
 * new worker does not compete with the client's start for the processors. */
#define SETTLE_MS 50

/* How long the pool does not read what a worker prints whose client has used up its lines. */
#define LOG_PAUSE_MS 500

static const struct rdr_pool_slot free_slot = {.control_fd = -1, .client.fd = -1, .log.fd = -1};

static int64_t
now_ms(const struct rdr_pool *p)
{
   return p->options.ops->now_ms(p->options.owner);
}

bool
rdr_pool_init(struct rdr_pool *p, const struct rdr_pool_options *options)
{
   *p = (struct rdr_pool){
      .options = *options,
      .slot_count = options->max_clients + options->warm,
   };
   p->slots = calloc(p->slot_count, sizeof(*p->slots));
   if (!p->slots)
      return false;
   for (unsigned i = 0; i < p->slot_count; i++)
      p->slots[i] = free_slot;
   p->idle_since_ms = now_ms(p);
   return true;
}

static void
close_slot(struct rdr_pool_slot *slot)
{
   if (slot->control_fd >= 0)
      close(slot->control_fd);
   if (slot->client.fd >= 0)
      close(slot->client.fd);
   slot->control_fd = -1;
   slot->client.fd = -1;
}

void
rdr_pool_finish(struct rdr_pool *p)
{
   for (unsigned i = 0; p->slots && i < p->slot_count; i++) {
      close_slot(&p->slots[i]);
      rdr_worker_log_close(&p->slots[i].log);
   }
   free(p->slots);
   *p = (struct rdr_pool){0};
}

/* --- Slots --- */

static bool
has_client(const struct rdr_pool_slot *slot)
{
   return slot->state == RDR_SLOT_OFFERED_EARLY || slot->state == RDR_SLOT_OFFERED ||
          slot->state == RDR_SLOT_SERVING;
}

/* Whether the slot's worker is not warm yet. */
static bool
is_early(const struct rdr_pool_slot *slot)
{
   return slot->state == RDR_SLOT_LOADING || slot->state == RDR_SLOT_WAITING ||
          slot->state == RDR_SLOT_OFFERED_EARLY;
}

/* NULL if there is none. */
static struct rdr_pool_slot *
find_state(struct rdr_pool *p, enum rdr_slot_state state)
{
   for (unsigned i = 0; i < p->slot_count; i++) {
      if (p->slots[i].state == state)
         return &p->slots[i];
   }
   return NULL;
}

static struct rdr_pool_slot *
find_pid(struct rdr_pool *p, pid_t pid)
{
   for (unsigned i = 0; i < p->slot_count; i++) {
      if (p->slots[i].state != RDR_SLOT_FREE && p->slots[i].pid == pid)
         return &p->slots[i];
   }
   return NULL;
}

/* Moves a slot to ENDING: the worker has been killed or has ended. If the slot still has a client,
 * that client is lost. */
static void
begin_ending(struct rdr_pool *p, struct rdr_pool_slot *slot)
{
   if (is_early(slot))
      p->refill_after_ms = now_ms(p) + REFILL_PAUSE_MS;
   if (has_client(slot)) {
      p->client_count--;
      p->idle_since_ms = now_ms(p);
   } else {
      p->waiting_count--;
   }
   close_slot(slot);
   slot->state = RDR_SLOT_ENDING;
   p->waiting_count++;
}

/* --- Warm workers --- */

/* 0 or -errno. */
static int
start_warm(struct rdr_pool *p)
{
   struct rdr_pool_slot *slot = find_state(p, RDR_SLOT_FREE);
   int control_fd;

   if (!slot)
      return -EAGAIN;
   pid_t pid = p->options.ops->start_warm(p->options.owner, &control_fd);
   if (pid < 0)
      return -errno;
   *slot = free_slot;
   slot->state = RDR_SLOT_LOADING;
   slot->pid = pid;
   slot->control_fd = control_fd;
   slot->started_ms = now_ms(p);
   p->waiting_count++;
   return 0;
}

void
rdr_pool_refill(struct rdr_pool *p)
{
   unsigned room = p->options.max_clients - p->client_count;
   unsigned wanted = p->options.warm < room ? p->options.warm : room;
   int64_t now = now_ms(p);

   if (p->ending || p->refill_after_ms > now)
      return;
   if (wanted && p->settled_ms > now)
      wanted = 1;
   while (p->waiting_count < wanted) {
      int error = start_warm(p);
      if (!error)
         continue;
      p->options.ops->log("cannot start a warm worker: %s; trying again later", strerror(-error));
      p->refill_after_ms = now_ms(p) + REFILL_PAUSE_MS;
      return;
   }
}

int64_t
rdr_pool_wakeup_ms(const struct rdr_pool *p)
{
   int64_t now = now_ms(p), next = INT64_MAX;

   if (p->refill_after_ms > now)
      next = p->refill_after_ms;
   if (p->settled_ms > now && p->settled_ms < next)
      next = p->settled_ms;
   for (unsigned i = 0; i < p->slot_count; i++) {
      const struct rdr_pool_slot *slot = &p->slots[i];
      if (slot->log.fd >= 0 && slot->log_after_ms > now && slot->log_after_ms < next)
         next = slot->log_after_ms;
   }
   return next;
}

/* --- Clients --- */

bool
rdr_pool_is_full(const struct rdr_pool *p)
{
   return p->client_count >= p->options.max_clients;
}

unsigned
rdr_pool_starting_count(const struct rdr_pool *p)
{
   unsigned count = 0;

   for (unsigned i = 0; i < p->slot_count; i++)
      count += p->slots[i].state == RDR_SLOT_OFFERED_EARLY || p->slots[i].state == RDR_SLOT_OFFERED;
   return count;
}

struct rdr_share
rdr_pool_share(const struct rdr_pool *p, const struct rdr_client *client)
{
   struct rdr_share share = {0};

   for (unsigned i = 0; i < p->slot_count; i++) {
      if (has_client(&p->slots[i]))
         rdr_share_add(&share, &p->slots[i].client, client);
   }
   return share;
}

/* False if the worker is gone. */
static bool
send_client(struct rdr_pool *p, struct rdr_pool_slot *slot, int client_fd)
{
   int log_fd;

   rdr_worker_log_open(&slot->log, &log_fd);
   bool sent = p->options.ops->send_client(p->options.owner, slot->control_fd, client_fd, log_fd);
   if (log_fd >= 0)
      close(log_fd);
   if (!sent)
      rdr_worker_log_close(&slot->log);
   return sent;
}

/* Hands the client over to the worker that is closest to warm. NULL if no worker waits. */
static struct rdr_pool_slot *
offer(struct rdr_pool *p, const struct rdr_client *client)
{
   for (;;) {
      struct rdr_pool_slot *slot = find_state(p, RDR_SLOT_WARM);

      if (!slot)
         slot = find_state(p, RDR_SLOT_WAITING);
      if (!slot)
         slot = find_state(p, RDR_SLOT_LOADING);
      if (!slot)
         return NULL;
      if (send_client(p, slot, client->fd)) {
         slot->state = is_early(slot) ? RDR_SLOT_OFFERED_EARLY : RDR_SLOT_OFFERED;
         slot->client = *client;
         slot->client.fd = fcntl(client->fd, F_DUPFD_CLOEXEC, 0);
         p->waiting_count--;
         return slot;
      }
      /* The worker has ended, but SIGCHLD has not been handled yet. */
      p->options.ops->kill(p->options.owner, slot->pid, SIGKILL);
      begin_ending(p, slot);
   }
}

static void
log_start(const struct rdr_pool *p, const struct rdr_pool_slot *slot)
{
   char name[RDR_CLIENT_NAME_SIZE];

   p->options.ops->log_client(p->options.owner, &slot->client, "worker %d started for %s",
                              (int)slot->pid, rdr_client_name(&slot->client, name));
}

/* NULL with errno. */
static struct rdr_pool_slot *
start_for_client(struct rdr_pool *p, const struct rdr_client *client)
{
   struct rdr_pool_slot *slot = find_state(p, RDR_SLOT_FREE);

   if (!slot) {
      errno = EAGAIN;
      return NULL;
   }
   struct rdr_worker_log log;
   int log_fd;
   rdr_worker_log_open(&log, &log_fd);
   pid_t pid = p->options.ops->start_for_client(p->options.owner, client->fd, log_fd);
   int error = errno;
   if (log_fd >= 0)
      close(log_fd);
   if (pid < 0) {
      rdr_worker_log_close(&log);
      errno = error;
      return NULL;
   }
   *slot = free_slot;
   slot->log = log;
   slot->state = RDR_SLOT_SERVING;
   slot->pid = pid;
   slot->client = *client;
   slot->client.fd = -1;
   log_start(p, slot);
   return slot;
}

int
rdr_pool_serve(struct rdr_pool *p, const struct rdr_client *client)
{
   struct rdr_pool_slot *slot = offer(p, client);

   if (!slot && p->refill_after_ms <= now_ms(p) && p->options.ops->starts_fast(p->options.owner) &&
       start_warm(p) == 0)
      slot = offer(p, client);
   if (!slot)
      slot = start_for_client(p, client);
   if (!slot)
      return -errno;
   slot->started_ms = now_ms(p);
   p->settled_ms = slot->started_ms + SETTLE_MS;
   p->client_count++;
   return 0;
}

/* --- Messages from workers --- */

/* The worker has closed its socket, so it has ended or is about to. If it had been offered a client
 * and had not taken it, the client gets another worker. */
static void
let_go(struct rdr_pool *p, struct rdr_pool_slot *slot)
{
   struct rdr_client client = slot->client;

   /* Without a copy of the client's socket, the client is lost with its worker. */
   if (has_client(slot) && client.fd < 0) {
      slot->state = RDR_SLOT_SERVING;
      close_slot(slot);
      return;
   }
   slot->client.fd = -1;
   begin_ending(p, slot);
   if (client.fd < 0)
      return;
   int error = p->ending ? 0 : rdr_pool_serve(p, &client);
   if (error)
      p->options.ops->lose_client(p->options.owner, &client, -error);
   close(client.fd);
}

/* Reads one byte of a worker that has not taken a client yet. False if the worker has closed its
 * socket. */
static bool
hear(struct rdr_pool *p, struct rdr_pool_slot *slot)
{
   uint8_t word;

   if (recv(slot->control_fd, &word, sizeof(word), MSG_DONTWAIT) != (ssize_t)sizeof(word))
      return false;
   switch (word) {
   case RDR_WARM_WAITS:
      if (slot->state == RDR_SLOT_LOADING)
         slot->state = RDR_SLOT_WAITING;
      break;
   case RDR_WARM_WARM:
      if (slot->state == RDR_SLOT_OFFERED_EARLY)
         slot->state = RDR_SLOT_OFFERED;
      else if (is_early(slot))
         slot->state = RDR_SLOT_WARM;
      break;
   default: /* RDR_WARM_TAKEN */
      if (has_client(slot)) {
         slot->state = RDR_SLOT_SERVING;
         close_slot(slot);
         log_start(p, slot);
      }
      break;
   }
   return true;
}

/* --- What workers print --- */

struct printed {
   struct rdr_pool *pool;
   struct rdr_pool_slot *slot;
};

static void
take_line(void *data, const char *line)
{
   const struct printed *printed = data;
   struct rdr_pool *p = printed->pool;
   struct rdr_pool_slot *slot = printed->slot;

   if (!p->options.ops->log_worker(p->options.owner, &slot->client, slot->pid, line))
      slot->log_after_ms = now_ms(p) + LOG_PAUSE_MS;
}

static void
read_log(struct rdr_pool *p, struct rdr_pool_slot *slot, bool is_last)
{
   struct printed printed = {.pool = p, .slot = slot};

   if (slot->log.fd >= 0)
      rdr_worker_log_read(&slot->log, is_last, take_line, &printed);
}

/* --- Polling --- */

/* A worker in WARM sends nothing, and SIGCHLD reports its end, so it is not polled. The entries are
 * contiguous, because poll(2) accepts no more entries than the process may have descriptors. */
nfds_t
rdr_pool_fill_polls(struct rdr_pool *p, struct pollfd *polls, nfds_t at)
{
   int64_t now = now_ms(p);

   for (unsigned i = 0; i < p->slot_count; i++) {
      struct rdr_pool_slot *slot = &p->slots[i];
      bool listens = slot->control_fd >= 0 && slot->state != RDR_SLOT_WARM;
      bool reads = slot->log.fd >= 0 && slot->log_after_ms <= now;

      slot->polled = listens ? at : 0;
      if (listens)
         polls[at++] = (struct pollfd){.fd = slot->control_fd, .events = POLLIN};
      slot->log_polled = reads ? at : 0;
      if (reads)
         polls[at++] = (struct pollfd){.fd = slot->log.fd, .events = POLLIN};
   }
   return at;
}

void
rdr_pool_handle_polls(struct rdr_pool *p, const struct pollfd *polls)
{
   for (unsigned i = 0; i < p->slot_count; i++) {
      struct rdr_pool_slot *slot = &p->slots[i];
      nfds_t polled = slot->polled;

      if (slot->log_polled && polls[slot->log_polled].revents)
         read_log(p, slot, false);
      slot->polled = slot->log_polled = 0;
      if (!polled || !polls[polled].revents || slot->control_fd < 0 || hear(p, slot))
         continue;
      p->options.ops->kill(p->options.owner, slot->pid, SIGKILL);
      let_go(p, slot);
   }
}

/* --- Ends --- */

static void
log_end(const struct rdr_pool *p, const struct rdr_pool_slot *slot, int status)
{
   double seconds = (double)(now_ms(p) - slot->started_ms) / 1000.0;
   char how[80] = "in a way that waitpid() cannot tell", name[RDR_CLIENT_NAME_SIZE];

   if (WIFEXITED(status))
      snprintf(how, sizeof(how), "with exit status %d", WEXITSTATUS(status));
   else if (WIFSIGNALED(status))
      snprintf(how, sizeof(how), "by signal %d (%s)%s", WTERMSIG(status),
               strsignal(WTERMSIG(status)), WCOREDUMP(status) ? ", core dumped" : "");
   if (has_client(slot))
      p->options.ops->log_client(p->options.owner, &slot->client,
                                 "worker %d for %s ended %s after %.1f s", (int)slot->pid,
                                 rdr_client_name(&slot->client, name), how, seconds);
   else if (!p->ending)
      p->options.ops->log("worker %d, which had no client yet, ended %s", (int)slot->pid, how);
}

bool
rdr_pool_reap(struct rdr_pool *p, pid_t pid, int status)
{
   struct rdr_pool_slot *slot = find_pid(p, pid);

   if (!slot)
      return false;
   /* The worker may have taken its client before it ended: read all of its messages. */
   while (slot->state == RDR_SLOT_OFFERED_EARLY || slot->state == RDR_SLOT_OFFERED) {
      if (!hear(p, slot))
         let_go(p, slot);
   }
   read_log(p, slot, true);
   log_end(p, slot, status);
   if (slot->state != RDR_SLOT_ENDING)
      begin_ending(p, slot);
   p->waiting_count--;
   rdr_worker_log_close(&slot->log);
   *slot = free_slot;
   return true;
}

void
rdr_pool_end(struct rdr_pool *p)
{
   p->ending = true;
}

void
rdr_pool_kill(const struct rdr_pool *p, int signal_number)
{
   for (unsigned i = 0; i < p->slot_count; i++) {
      if (p->slots[i].state != RDR_SLOT_FREE)
         p->options.ops->kill(p->options.owner, p->slots[i].pid, signal_number);
   }
}

unsigned
rdr_pool_count(const struct rdr_pool *p)
{
   return p->client_count + p->waiting_count;
}

pid_t
rdr_pool_next_pid(const struct rdr_pool *p, pid_t pid)
{
   bool is_found = pid == 0;

   for (unsigned i = 0; i < p->slot_count; i++) {
      const struct rdr_pool_slot *slot = &p->slots[i];

      if (slot->state == RDR_SLOT_FREE)
         continue;
      if (is_found)
         return slot->pid;
      is_found = slot->pid == pid;
   }
   return 0;
}
