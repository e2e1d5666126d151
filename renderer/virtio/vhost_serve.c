/* SPDX-License-Identifier: MIT */
#include "renderer/virtio/vhost_serve.h"

#include "renderer/broker/launch.h"
#include "renderer/broker/peer_log.h"
#include "renderer/broker/signals.h"
#include "renderer/broker/worker_log.h"
#include "renderer/virtio/control_queue.h"
#include "renderer/virtio/device.h"
#include "renderer/virtio/vhost_user.h"

#include "protocol/clock.h"
#include "protocol/socket.h"

#include <errno.h>
#include <linux/virtio_gpu.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The features that the device offers. Each monitor and each guest acknowledges the ones that it
 * supports. */
#define FEATURES \
   (UINT64_C(1) << VIRTIO_GPU_F_VIRGL | UINT64_C(1) << VIRTIO_GPU_F_RESOURCE_BLOB | \
    UINT64_C(1) << VIRTIO_GPU_F_CONTEXT_INIT)

#define GUESTS_MAX 256

/* How long the output of a guest is not read that has used up its lines. */
#define LOG_PAUSE_MS 500

/* Descriptors that the device process itself needs: regions of guest memory, queues, sockets, and
 * temporary ones. */
#define OWN_DESCRIPTORS (RDR_GUEST_REGIONS_MAX + 128)

/* How many requests a device handles before it polls again. */
#define BATCH 256

/* A guest, as the process sees it that started its device. */
struct guest {
   pid_t pid; /* of the device process; 0: a free slot */

   /* What the device process and its workers print. A guest can make them print as much as it
    * likes.
    */
   struct rdr_worker_log log;
   struct rdr_peer_log *peer_log; /* the server's */
   int64_t log_after_ms;          /* the guest has used up its lines: read on then */
};

struct server {
   const struct rdr_vhost_serve_options *options;
   struct rdr_launcher launcher;
   int signal_fd; /* owned */
   struct guest guests[GUESTS_MAX];
   struct rdr_peer_log peer_log;
   bool ending;
};

/* The device process of one guest. */
struct device_process {
   struct server *server;
   struct rdr_vhost vhost;
   struct rdr_virtio_device *device;
   struct rdr_virtio_control_queue control;
   struct rdr_element element; /* of the cursor queue */
   struct pollfd *polls;
   unsigned poll_room;
   uint64_t features;
};

/* --- Workers --- */

static pid_t
start_worker(void *owner, int fd)
{
   return rdr_launch(&((struct device_process *)owner)->server->launcher, RDR_LAUNCH_GUEST, fd, -1);
}

static void
kill_worker(void *owner, pid_t pid)
{
   (void)owner;
   kill(pid, SIGKILL);
}

/* True if the process is stopped or gone. */
static bool
is_held(pid_t pid)
{
   siginfo_t info = {0};

   return waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOHANG | WNOWAIT) < 0 ||
          info.si_pid == pid;
}

/* Stops a worker by SIGSTOP. kill(2) returns before all threads have stopped, so this function
 * waits until they have. */
static void
hold_worker(void *owner, pid_t pid, bool hold)
{
   const struct timespec moment = {.tv_nsec = 500000};

   (void)owner;
   kill(pid, hold ? SIGSTOP : SIGCONT);
   for (int i = 0; hold && i < 2000 && !is_held(pid); i++)
      nanosleep(&moment, NULL);
}

/* --- Host memory --- */

static uint64_t
host_window_size(void *owner)
{
   const struct rdr_vhost *v = &((struct device_process *)owner)->vhost;

   return v->has_host_window ? v->host_window_size : 0;
}

static int
map_into_window(void *owner, int file, uint64_t offset, uint64_t size)
{
   return rdr_vhost_map(&((struct device_process *)owner)->vhost, file, offset, size);
}

static int
unmap_from_window(void *owner, uint64_t offset, uint64_t size)
{
   return rdr_vhost_unmap(&((struct device_process *)owner)->vhost, offset, size);
}

/* --- Queues --- */

static void
give_answer(void *owner, const struct rdr_virtio_request *request, const void *data, size_t size)
{
   rdr_virtio_control_queue_answer(&((struct device_process *)owner)->control, request, data, size);
}

/* Called before the control queue stops. This is the last moment at which the guest can be
 * notified. */
static void
pause_device(void *owner)
{
   struct device_process *d = owner;

   rdr_virtio_device_pause(d->device);
   rdr_queue_notify(&d->vhost.queues[0]);
}

/* Returns the requests of the cursor queue unanswered, because there is no cursor. True if more may
 * be pending: a guest can add requests faster than this function returns them. */
static bool
serve_cursor(struct device_process *d)
{
   struct rdr_queue *q = &d->vhost.queues[1];

   for (unsigned i = 0; i < BATCH; i++) {
      if (!rdr_queue_pop(q, &d->element))
         return false;
      rdr_queue_push(q, d->element.head, 0);
   }
   return true;
}

/* --- One device --- */

static void
drain_kick(const struct rdr_queue *q)
{
   uint64_t count;

   if (q->kick_fd >= 0 && read(q->kick_fd, &count, sizeof(count)) < 0)
      return;
}

static void
take_signals(struct device_process *d)
{
   struct signalfd_siginfo info;
   int status;
   pid_t pid;

   while (read(d->server->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
      if (info.ssi_signo != SIGCHLD)
         d->server->ending = true;
   }
   while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
      rdr_virtio_device_reap(d->device, pid, status);
}

/* The entries of `polls`: signals, the monitor, two queues, then those of the device. */
enum {
   POLL_SIGNALS,
   POLL_MONITOR,
   POLL_QUEUES,
   POLL_DEVICE = POLL_QUEUES + RDR_VHOST_QUEUES,
};

/* Returns how many entries there are; 0 if memory is out. */
static unsigned
fill_polls(struct device_process *d)
{
   unsigned count = POLL_DEVICE + rdr_virtio_device_poll_count(d->device);

   if (count > d->poll_room) {
      struct pollfd *grown = realloc(d->polls, (count + 16) * sizeof(*grown));
      if (!grown)
         return 0;
      d->polls = grown;
      d->poll_room = count + 16;
   }
   d->polls[POLL_SIGNALS] = (struct pollfd){.fd = d->server->signal_fd, .events = POLLIN};
   d->polls[POLL_MONITOR] = (struct pollfd){.fd = d->vhost.fd, .events = POLLIN};
   for (unsigned i = 0; i < RDR_VHOST_QUEUES; i++)
      d->polls[POLL_QUEUES + i] =
         (struct pollfd){.fd = d->vhost.queues[i].kick_fd, .events = POLLIN};
   rdr_virtio_device_poll_fill(d->device, d->polls + POLL_DEVICE);
   return count;
}

/* False if the monitor has disconnected. */
static bool
talk_to_monitor(struct device_process *d)
{
   if (rdr_vhost_handle(&d->vhost))
      return false;
   if (d->features != d->vhost.features) {
      d->features = d->vhost.features;
      rdr_virtio_device_set_features(d->device, d->features);
   }
   return true;
}

/* Handles a stop and a restart of the control queue. The monitor may have sent those messages while
 * a command was waiting for the monitor, so they are handled here, where no command is in
 * progress. */
static void
follow_restart(struct device_process *d)
{
   struct rdr_queue *q = &d->vhost.queues[0];

   if (d->vhost.stopped && d->vhost.was_reset)
      rdr_virtio_device_reset(d->device);
   if (d->vhost.restart == RDR_VHOST_NOT_RESTARTED)
      return;
   if (d->vhost.restart == RDR_VHOST_REBOOTED) {
      fprintf(stderr, "tongs: device %d: the virtual machine has booted again\n", (int)getpid());
      rdr_virtio_device_reset(d->device);
   } else {
      rdr_virtio_device_resume(d->device);
   }
   rdr_virtio_control_queue_restart(&d->control);
   d->vhost.restart = RDR_VHOST_NOT_RESTARTED;
   q->held = false;
}

static void
run_device(struct device_process *d)
{
   bool more = false;

   while (!d->server->ending) {
      int timeout = rdr_virtio_device_tick(d->device);
      unsigned count = fill_polls(d);
      if (!count)
         return;
      more |= d->vhost.restart != RDR_VHOST_NOT_RESTARTED;
      int ready = poll(d->polls, count, more ? 0 : timeout);
      if (ready < 0 && errno != EINTR)
         return;
      if (ready > 0) {
         for (unsigned i = 0; i < RDR_VHOST_QUEUES; i++) {
            if (d->polls[POLL_QUEUES + i].revents)
               drain_kick(&d->vhost.queues[i]);
         }
         if (d->polls[POLL_SIGNALS].revents)
            take_signals(d);
         if (d->polls[POLL_MONITOR].revents && !talk_to_monitor(d))
            return;
         /* The device comes last: it may send the monitor a request and handle messages of the
          * monitor until the answer comes. */
         rdr_virtio_device_poll_done(d->device, d->polls + POLL_DEVICE, count - POLL_DEVICE);
      }
      follow_restart(d);
      /* Serve even without a kick, because a ring may already hold requests when it is enabled. */
      more = rdr_virtio_control_queue_serve(&d->control, d->device, BATCH);
      more |= serve_cursor(d);
      rdr_queue_notify(&d->vhost.queues[0]);
      rdr_queue_notify(&d->vhost.queues[1]);
   }
}

/* Raises the limit of descriptors, because each lease takes one. Returns the number that the
 * guest's contexts may use. */
static unsigned
raise_descriptor_limit(void)
{
   struct rlimit limit = {.rlim_cur = 1024};

   if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
      const struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
      if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
         limit = raised;
   }
   rlim_t most = limit.rlim_cur < 1 << 20 ? limit.rlim_cur : 1 << 20;
   /* If the limit is low, the contexts get half of it. */
   return (unsigned)(most > 2 * OWN_DESCRIPTORS ? most - OWN_DESCRIPTORS : most / 2);
}

/* The main function of a device process. */
static int
serve_guest(struct server *s, int fd)
{
   struct device_process *d = calloc(1, sizeof(*d));
   int status = 1;

   if (!d)
      return 1;
   prctl(PR_SET_NAME, "tongs-device");
   d->server = s;
   rdr_vhost_init(&d->vhost, fd, FEATURES);
   rdr_virtio_control_queue_init(&d->control, &d->vhost.queues[0], &d->vhost.memory);
   d->vhost.host_window_size = s->options->host_window_size;
   d->vhost.stopping = pause_device;
   d->vhost.owner = d;
   struct virtio_gpu_config config = {.num_scanouts = 1, .num_capsets = 1};
   memcpy(d->vhost.config, &config, sizeof(config));
   const unsigned descriptors = raise_descriptor_limit();
   d->device = rdr_virtio_device_create(&(struct rdr_virtio_device_options){
      .memory = &d->vhost.memory,
      .answer = give_answer,
      .owner = d,
      .start_worker = start_worker,
      .kill_worker = kill_worker,
      .hold_worker = hold_worker,
      .host_window_size = host_window_size,
      .map = map_into_window,
      .unmap = unmap_from_window,
      .max_workers = s->options->max_workers,
      .max_descriptors = descriptors,
      .limits = rdr_guest_limits_default(),
   });
   if (d->device) {
      fprintf(stderr, "tongs: device %d: a virtual machine has connected\n", (int)getpid());
      run_device(d);
      fprintf(stderr, "tongs: device %d: the virtual machine is gone\n", (int)getpid());
      status = 0;
   }
   rdr_virtio_device_destroy(d->device);
   rdr_vhost_finish(&d->vhost);
   rdr_element_finish(&d->element);
   rdr_virtio_control_queue_finish(&d->control);
   free(d->polls);
   free(d);
   while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
      ;
   return status;
}

/* --- The server --- */

static struct guest *
find_guest(struct server *s, pid_t pid)
{
   for (unsigned i = 0; i < GUESTS_MAX; i++) {
      if (s->guests[i].pid == pid)
         return &s->guests[i];
   }
   return NULL;
}

/* In a device process: closes the logs of the other guests. */
static void
close_logs(struct server *s)
{
   for (unsigned i = 0; i < GUESTS_MAX; i++)
      rdr_worker_log_close(&s->guests[i].log);
}

/* Logs a line of a guest, if the guest may cause one more. */
static void
take_line(void *data, const char *line)
{
   struct guest *guest = data;
   const struct rdr_client who = {.fd = -1, .uid = (uid_t)-1, .cid = (uint32_t)guest->pid};

   if (rdr_peer_log_may(guest->peer_log, &who, tongs_now_ms()))
      fprintf(stderr, "%s\n", line);
   else
      guest->log_after_ms = tongs_now_ms() + LOG_PAUSE_MS;
}

/* Fills GUESTS_MAX entries. Returns how long poll(2) may sleep; -1: until something happens. */
static int
fill_log_polls(struct server *s, struct pollfd *polls)
{
   int64_t now = tongs_now_ms(), until = rdr_peer_log_wakeup_ms(&s->peer_log);

   for (unsigned i = 0; i < GUESTS_MAX; i++) {
      const struct guest *guest = &s->guests[i];
      bool is_paused = guest->log_after_ms > now;

      polls[i] = (struct pollfd){.fd = is_paused ? -1 : guest->log.fd, .events = POLLIN};
      if (is_paused && guest->log_after_ms < until)
         until = guest->log_after_ms;
   }
   if (until == INT64_MAX)
      return -1;
   return until <= now ? 0 : (int)(until - now);
}

static void
accept_monitor(struct server *s, int listener)
{
   int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
   struct guest *slot = find_guest(s, 0);

   if (fd < 0)
      return;
   int log_end = -1;
   if (slot)
      rdr_worker_log_open(&slot->log, &log_end);
   pid_t pid = slot ? fork() : -1;
   if (pid == 0) {
      close(listener);
      close(s->signal_fd);
      close_logs(s);
      if (log_end >= 0) {
         dup2(log_end, STDERR_FILENO);
         close(log_end);
      }
      s->signal_fd = rdr_signals_open(NULL);
      if (s->signal_fd < 0)
         _exit(1);
      _exit(serve_guest(s, fd));
   }
   if (pid < 0)
      fprintf(stderr, "tongs: cannot start a device: %s\n",
              slot ? strerror(errno) : "there are too many");
   else
      slot->pid = pid;
   if (log_end >= 0)
      close(log_end);
   if (pid < 0 && slot)
      rdr_worker_log_close(&slot->log);
   close(fd);
}

static void
reap_guests(struct server *s, int options)
{
   pid_t pid;

   while ((pid = waitpid(-1, NULL, options)) > 0 || (pid < 0 && errno == EINTR)) {
      struct guest *guest = pid > 0 ? find_guest(s, pid) : NULL;
      if (!guest)
         continue;
      rdr_worker_log_read(&guest->log, true, take_line, guest);
      rdr_worker_log_close(&guest->log);
      *guest = (struct guest){.peer_log = &s->peer_log, .log.fd = -1};
   }
}

/* Each device process ends its workers. */
static void
end_guests(struct server *s)
{
   for (unsigned i = 0; i < GUESTS_MAX; i++) {
      if (s->guests[i].pid)
         kill(s->guests[i].pid, SIGTERM);
   }
   reap_guests(s, 0);
}

static void
serve(struct server *s, int listener)
{
   struct signalfd_siginfo info;

   while (!s->ending) {
      struct pollfd polls[2 + GUESTS_MAX] = {
         {.fd = s->signal_fd, .events = POLLIN},
         {.fd = listener, .events = POLLIN},
      };
      int timeout = fill_log_polls(s, polls + 2);
      if (poll(polls, 2 + GUESTS_MAX, timeout) < 0)
         continue;
      for (unsigned i = 0; i < GUESTS_MAX; i++) {
         if (polls[2 + i].revents)
            rdr_worker_log_read(&s->guests[i].log, false, take_line, &s->guests[i]);
      }
      rdr_peer_log_expire(&s->peer_log, tongs_now_ms());
      while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
         if (info.ssi_signo != SIGCHLD)
            s->ending = true;
      }
      reap_guests(s, WNOHANG);
      if (polls[1].revents && !s->ending)
         accept_monitor(s, listener);
   }
   fprintf(stderr, "tongs: ending\n");
   end_guests(s);
   rdr_peer_log_expire(&s->peer_log, INT64_MAX);
}

/* Returns the listening socket, or -1 after the reason was logged. */
static int
begin_listening(const struct rdr_vhost_serve_options *options)
{
   mode_t inherited = umask(077);
   int listener = tongs_socket_listen_unix(options->path, 0600);

   umask(inherited);
   if (listener >= 0)
      return listener;
   fprintf(stderr, "tongs: cannot listen on %s: %s\n", options->path, strerror(-listener));
   return -1;
}

static void
announce(const struct rdr_vhost_serve_options *options)
{
   fprintf(stderr, "tongs: %s\n", options->notice);
   fprintf(stderr, "tongs: a virtio-gpu device is at %s\n", options->path);
   if (options->ready_fd < 0)
      return;
   if (write(options->ready_fd, "\n", 1) != 1)
      fprintf(stderr, "tongs: cannot write to descriptor %d\n", options->ready_fd);
   close(options->ready_fd);
}

/* 0 or -errno. */
static int
server_init(struct server *s, const struct rdr_vhost_serve_options *options)
{
   sigset_t inherited_mask;

   *s = (struct server){
      .options = options,
      .launcher.exe_fd = -1,
      .peer_log.lines_max = options->log_lines,
   };
   for (unsigned i = 0; i < GUESTS_MAX; i++)
      s->guests[i] = (struct guest){.peer_log = &s->peer_log, .log.fd = -1};
   s->signal_fd = rdr_signals_open(&inherited_mask);
   if (s->signal_fd < 0)
      return -errno;
   return rdr_launcher_init(&s->launcher, options->worker_args, &options->limits, &inherited_mask);
}

static void
server_finish(struct server *s)
{
   rdr_launcher_finish(&s->launcher);
   if (s->signal_fd >= 0)
      close(s->signal_fd);
}

int
rdr_vhost_serve(const struct rdr_vhost_serve_options *options)
{
   struct server s;
   int listener = begin_listening(options);

   if (listener < 0)
      return 1;
   int error = server_init(&s, options);
   if (error) {
      fprintf(stderr, "tongs: cannot start: %s\n", strerror(-error));
   } else {
      announce(options);
      serve(&s, listener);
   }
   unlink(options->path);
   close(listener);
   server_finish(&s);
   return error ? 1 : 0;
}
