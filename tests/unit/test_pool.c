/* SPDX-License-Identifier: MIT */

/* The broker's pool of workers, with a clock that the test sets and workers that are only sockets.
 */

#include "tests/check.h"

#include "renderer/broker/pool.h"
#include "renderer/worker/warm_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* As in renderer/broker/pool.c. */
#define REFILL_PAUSE_MS 10000
#define SETTLE_MS 50

#define WORKERS_MAX 32
#define FIRST_PID 1000

#define EXITED 0

struct worker {
   bool for_client; /* it was started for a client, and has no socket to the pool */
   int fd;          /* the worker's end; -1: closed */
   int control_fd;  /* the pool's end */
   unsigned clients;
   int signal_number; /* the last one that it got; 0: none */
};

/* What the pool sees of the world. Workers are numbered in the order of their start. */
struct world {
   struct rdr_pool pool;
   int64_t now;
   bool is_fast;
   bool cannot_start; /* as where fork() fails */
   struct worker workers[WORKERS_MAX];
   unsigned started;
   unsigned lost;
};

static int64_t
now_ms(void *owner)
{
   return ((struct world *)owner)->now;
}

static pid_t
add_worker(struct world *w, struct worker worker)
{
   if (w->started == WORKERS_MAX)
      abort();
   w->workers[w->started] = worker;
   return FIRST_PID + (pid_t)w->started++;
}

static pid_t
start_warm(void *owner, int *control_fd)
{
   struct world *w = owner;
   int ends[2];

   errno = EAGAIN;
   if (w->cannot_start)
      return -1;
   if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
      abort();
   *control_fd = ends[0];
   return add_worker(w, (struct worker){.fd = ends[1], .control_fd = ends[0]});
}

static bool
starts_fast(void *owner)
{
   return ((struct world *)owner)->is_fast;
}

static pid_t
start_for_client(void *owner, int client_fd, int log_fd)
{
   struct world *w = owner;

   (void)client_fd;
   (void)log_fd;
   errno = EAGAIN;
   return w->cannot_start
             ? -1
             : add_worker(
                  w, (struct worker){.for_client = true, .fd = -1, .control_fd = -1, .clients = 1});
}

static bool
send_client(void *owner, int control_fd, int client_fd, int log_fd)
{
   struct world *w = owner;

   (void)client_fd;
   (void)log_fd;
   for (unsigned i = 0; i < w->started; i++) {
      if (w->workers[i].control_fd == control_fd && w->workers[i].fd >= 0) {
         w->workers[i].clients++;
         return true;
      }
   }
   return false;
}

static void
kill_worker(void *owner, pid_t pid, int signal_number)
{
   ((struct world *)owner)->workers[pid - FIRST_PID].signal_number = signal_number;
}

static void
lose_client(void *owner, const struct rdr_client *client, int error)
{
   (void)client;
   (void)error;
   ((struct world *)owner)->lost++;
}

static void __attribute__((format(printf, 1, 2))) be_silent(const char *format, ...)
{
   (void)format;
}

static void __attribute__((format(printf, 3, 4)))
be_silent_too(void *owner, const struct rdr_client *client, const char *format, ...)
{
   (void)owner;
   (void)client;
   (void)format;
}

static bool
log_worker(void *owner, const struct rdr_client *client, pid_t worker, const char *line)
{
   (void)owner;
   (void)client;
   (void)worker;
   (void)line;
   return true;
}

static const struct rdr_pool_ops ops = {
   .now_ms = now_ms,
   .start_warm = start_warm,
   .starts_fast = starts_fast,
   .start_for_client = start_for_client,
   .send_client = send_client,
   .kill = kill_worker,
   .lose_client = lose_client,
   .log_client = be_silent_too,
   .log_worker = log_worker,
   .log = be_silent,
};

static void
begin(struct world *w, unsigned max_clients, unsigned warm)
{
   *w = (struct world){.now = 1000000};
   if (!rdr_pool_init(&w->pool, &(struct rdr_pool_options){
                                   .ops = &ops,
                                   .owner = w,
                                   .max_clients = max_clients,
                                   .warm = warm,
                                }))
      abort();
   rdr_pool_refill(&w->pool);
}

static void
finish(struct world *w)
{
   rdr_pool_finish(&w->pool);
   for (unsigned i = 0; i < w->started; i++) {
      if (w->workers[i].fd >= 0)
         close(w->workers[i].fd);
   }
}

/* One turn of the broker's loop, `ms` later. */
static void
turn(struct world *w, int64_t ms)
{
   struct pollfd polls[1 + 2 * WORKERS_MAX] = {{.fd = -1}};

   w->now += ms;
   nfds_t count = rdr_pool_fill_polls(&w->pool, polls, 1);
   if (poll(polls, count, 0) > 0)
      rdr_pool_handle_polls(&w->pool, polls);
   rdr_pool_refill(&w->pool);
}

static void
say(struct world *w, unsigned worker, enum rdr_warm_word word)
{
   const uint8_t byte = (uint8_t)word;

   if (send(w->workers[worker].fd, &byte, sizeof(byte), MSG_NOSIGNAL) != sizeof(byte))
      abort();
   turn(w, 0);
}

static void
become_warm(struct world *w, unsigned worker)
{
   say(w, worker, RDR_WARM_WAITS);
   say(w, worker, RDR_WARM_WARM);
}

static void
close_socket(struct world *w, unsigned worker)
{
   if (w->workers[worker].fd >= 0)
      close(w->workers[worker].fd);
   w->workers[worker].fd = -1;
}

/* The worker ends, and the broker learns it from waitpid(). */
static void
die(struct world *w, unsigned worker)
{
   close_socket(w, worker);
   rdr_pool_reap(&w->pool, FIRST_PID + (pid_t)worker, EXITED);
   turn(w, 0);
}

static int
come(struct world *w)
{
   int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
   int error = rdr_pool_serve(&w->pool, &(struct rdr_client){.fd = fd, .pid = 1, .uid = 1});

   close(fd);
   turn(w, 0);
   return error;
}

static unsigned
open_descriptors(void)
{
   unsigned count = 0;

   for (int fd = 0; fd < 256; fd++)
      count += fcntl(fd, F_GETFD) >= 0;
   return count;
}

/* --- The sentences --- */

static void
clients_take_warm_workers(void)
{
   struct world w;

   begin(&w, 8, 2);
   fact(w.started == 2, "as many workers are started as are to be kept warm");
   say(&w, 0, RDR_WARM_WAITS);
   become_warm(&w, 1);
   fact(come(&w) == 0 && w.workers[1].clients == 1 && w.workers[0].clients == 0,
        "a client takes the worker that is warm, not the one that is only on its way");
   fact(w.pool.client_count == 1, "from then on it has a place");
   fact(come(&w) == 0 && w.workers[0].clients == 1, "the next takes the one that is on its way");
   say(&w, 1, RDR_WARM_TAKEN);
   fact(w.pool.slots[1].state == RDR_SLOT_SERVING && w.pool.slots[1].control_fd < 0,
        "a worker that has taken its client has no socket to the broker any more");
   die(&w, 1);
   fact(w.pool.client_count == 1, "its end frees its client's place");
   finish(&w);
}

static void
successors_come_later(void)
{
   struct world w;

   begin(&w, 8, 2);
   become_warm(&w, 0);
   become_warm(&w, 1);
   come(&w);
   fact(w.started == 2, "no successor is started while a client starts and another worker waits");
   fact(rdr_pool_wakeup_ms(&w.pool) == w.now + SETTLE_MS, "the pool asks to be called after it");
   turn(&w, SETTLE_MS - 1);
   fact(w.started == 2, "not even a millisecond too early");
   turn(&w, 1);
   fact(w.started == 3, "after that a successor is started");
   become_warm(&w, 2);
   come(&w);
   come(&w);
   fact(w.started == 4, "it is started at once if no worker waits");
   finish(&w);
}

static void
early_ends_make_a_pause(void)
{
   struct world w;

   begin(&w, 8, 1);
   say(&w, 0, RDR_WARM_WAITS);
   die(&w, 0);
   fact(w.started == 1, "a worker that ends before it is warm is not replaced at once");
   fact(rdr_pool_wakeup_ms(&w.pool) == w.now + REFILL_PAUSE_MS, "the pool knows until when");
   turn(&w, REFILL_PAUSE_MS - 1);
   fact(w.started == 1, "nor before the pause is over");
   turn(&w, 1);
   fact(w.started == 2, "but then");
   become_warm(&w, 1);
   die(&w, 1);
   fact(w.started == 3, "a worker that ends after it was warm is replaced at once");
   become_warm(&w, 2);
   come(&w);
   say(&w, 2, RDR_WARM_TAKEN);
   turn(&w, SETTLE_MS);
   become_warm(&w, 3);
   die(&w, 2);
   fact(w.pool.refill_after_ms <= w.now, "the end of a worker with a client makes no pause");
   finish(&w);

   begin(&w, 8, 1);
   w.cannot_start = true;
   become_warm(&w, 0);
   die(&w, 0);
   w.cannot_start = false;
   turn(&w, REFILL_PAUSE_MS - 1);
   fact(w.started == 1, "nor is one started for a while after the start of one has failed");
   turn(&w, 1);
   fact(w.started == 2, "and it is tried again then");
   finish(&w);
}

static void
places_are_counted(void)
{
   struct world w;

   begin(&w, 2, 2);
   become_warm(&w, 0);
   come(&w);
   say(&w, 0, RDR_WARM_TAKEN);
   fact(!rdr_pool_is_full(&w.pool), "a pool with a place left is not full");
   turn(&w, SETTLE_MS);
   fact(w.started == 2, "no worker waits for a client that would get no place");
   come(&w);
   turn(&w, SETTLE_MS);
   fact(rdr_pool_is_full(&w.pool) && w.started == 2, "a pool without a place left is full");
   w.now += 100;
   die(&w, 0);
   fact(!rdr_pool_is_full(&w.pool), "a worker's end makes a place");
   fact(w.pool.idle_since_ms == w.now, "and the pool notes when a client left last");
   finish(&w);

   begin(&w, 1, 0);
   come(&w);
   fact(w.started == 1 && w.workers[0].for_client && w.workers[0].clients == 1,
        "without warm workers, one is started for each client");
   fact(rdr_pool_is_full(&w.pool), "which takes a place");
   finish(&w);
}

static void
clients_that_find_no_worker(void)
{
   struct world w;

   begin(&w, 8, 1);
   rdr_pool_serve(&w.pool, &(struct rdr_client){.fd = -1});
   rdr_pool_serve(&w.pool, &(struct rdr_client){.fd = -1});
   fact(w.started == 2 && w.workers[1].for_client,
        "a client gets a worker of its own if none waits");
   finish(&w);

   begin(&w, 8, 1);
   w.is_fast = true;
   rdr_pool_serve(&w.pool, &(struct rdr_client){.fd = -1});
   rdr_pool_serve(&w.pool, &(struct rdr_client){.fd = -1});
   fact(w.started == 2 && !w.workers[1].for_client && w.workers[1].clients == 1,
        "or one that waits and is started for it, if that is fast");
   w.pool.refill_after_ms = w.now + 1;
   rdr_pool_serve(&w.pool, &(struct rdr_client){.fd = -1});
   fact(w.started == 3 && w.workers[2].for_client, "but not while warm workers are known to fail");
   w.cannot_start = true;
   fact(come(&w) == -EAGAIN && w.pool.client_count == 3,
        "a client for which none can be started is told why, and has no place");
   finish(&w);
}

static void
workers_that_end_with_a_client(void)
{
   struct world w;

   begin(&w, 8, 2);
   become_warm(&w, 0);
   become_warm(&w, 1);
   come(&w);
   unsigned first = w.workers[0].clients ? 0 : 1;
   close_socket(&w, first);
   turn(&w, 0);
   fact(w.workers[1 - first].clients == 1 && w.pool.client_count == 1,
        "a client that was not taken goes to another worker when its own ends");
   fact(w.workers[first].signal_number == SIGKILL, "the one that let go is killed");
   die(&w, first);
   say(&w, 1 - first, RDR_WARM_TAKEN);
   die(&w, 1 - first);
   fact(w.pool.client_count == 0 && !w.lost, "a client that was taken ends with its worker");
   finish(&w);

   begin(&w, 8, 1);
   become_warm(&w, 0);
   close_socket(&w, 0);
   come(&w);
   fact(w.workers[0].signal_number == SIGKILL && w.pool.client_count == 1 &&
           w.workers[1].clients == 1,
        "a worker that is found to be gone is passed over");
   finish(&w);

   begin(&w, 1, 1);
   become_warm(&w, 0);
   come(&w);
   w.cannot_start = true;
   die(&w, 0);
   fact(w.lost == 1 && w.pool.client_count == 0,
        "a client that gets no other worker is reported, and its place is free");
   finish(&w);

   begin(&w, 8, 1);
   become_warm(&w, 0);
   come(&w);
   const uint8_t taken = RDR_WARM_TAKEN;
   send(w.workers[0].fd, &taken, sizeof(taken), MSG_NOSIGNAL);
   unsigned started = w.started;
   close_socket(&w, 0);
   rdr_pool_reap(&w.pool, FIRST_PID, EXITED);
   fact(w.pool.client_count == 0 && w.started == started && !w.lost,
        "what a worker said before it ended is read before its client is given to another");
   finish(&w);
}

static void
the_pool_ends(void)
{
   struct world w;

   begin(&w, 8, 2);
   become_warm(&w, 0);
   become_warm(&w, 1);
   come(&w);
   rdr_pool_end(&w.pool);
   turn(&w, REFILL_PAUSE_MS);
   fact(w.started == 2, "a pool that ends starts no worker");
   rdr_pool_kill(&w.pool, SIGTERM);
   fact(w.workers[0].signal_number == SIGTERM && w.workers[1].signal_number == SIGTERM,
        "its workers are asked to end, with a client or without");
   fact(rdr_pool_count(&w.pool) == 2, "they count until they have ended");
   die(&w, 0);
   die(&w, 1);
   fact(rdr_pool_count(&w.pool) == 0 && w.started == 2 && !w.lost,
        "a client that was not taken ends with its worker then");
   fact(!rdr_pool_reap(&w.pool, FIRST_PID, EXITED),
        "a child that is no worker is none of the pool's");
   finish(&w);
}

int
main(void)
{
   unsigned before = open_descriptors();

   clients_take_warm_workers();
   successors_come_later();
   early_ends_make_a_pause();
   places_are_counted();
   clients_that_find_no_worker();
   workers_that_end_with_a_client();
   the_pool_ends();
   fact(open_descriptors() == before, "the pool closes what it was given");
   return check_end();
}
