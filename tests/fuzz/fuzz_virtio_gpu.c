/* SPDX-License-Identifier: MIT */

/* Whatever a guest writes into its control queue, the device touches only what is its own, answers
 * each command at most once, and leaves nothing behind. The first byte says what the rest is: 0 the
 * guest's memory, queue and all, from its first byte on; else commands, each behind its size in 2
 * bytes, or a size that stands for something else. */

#include "renderer/virtio/control_queue.h"

#include "tongs/virtgpu.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY_SIZE ((size_t)1 << 20)
#define QUEUE_SIZE 64u
#define AVAIL_AT UINT64_C(1024)
#define USED_AT UINT64_C(2048)
#define USER_BASE UINT64_C(0x7f0000000000)
#define WORKERS 4
/* Instead of a size. */
#define PAUSE 0xfffeu
#define REBOOT 0xffffu

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct machine {
   struct rdr_guest_memory memory;
   struct rdr_queue queue;
   struct rdr_virtio_control_queue commands;
   bool by_queue;
   unsigned given;
   unsigned answered;
   int workers[WORKERS]; /* their ends; -1: none */
};

static void
fail(const char *what)
{
   fprintf(stderr, "fuzz_virtio_gpu: %s\n", what);
   abort();
}

static void
on_answer(void *owner, const struct rdr_virtio_request *request, const void *answer, size_t size)
{
   struct machine *m = owner;

   if (size < sizeof(struct virtio_gpu_ctrl_hdr))
      fail("an answer without a header");
   m->answered++;
   if (m->by_queue)
      rdr_virtio_control_queue_answer(&m->commands, request, answer, size);
}

/* A worker that says something, and nothing more. Its number is no process's. */
static pid_t
start_worker(void *owner, int fd)
{
   struct machine *m = owner;

   for (int i = 0; i < WORKERS; i++) {
      if (m->workers[i] >= 0)
         continue;
      m->workers[i] = dup(fd);
      if (m->workers[i] < 0 || write(m->workers[i], "hello", 5) != 5)
         fail("no worker");
      return INT32_MAX - i;
   }
   return -1;
}

static void
kill_worker(void *owner, pid_t pid)
{
   struct machine *m = owner;
   int *fd = &m->workers[INT32_MAX - pid];

   if (*fd >= 0)
      close(*fd);
   *fd = -1;
}

static void
hold_worker(void *owner, pid_t pid, bool hold)
{
   (void)owner;
   (void)hold;
   if (pid <= 0 || INT32_MAX - pid >= WORKERS)
      fail("somebody else is held");
}

static uint64_t
host_window_size(void *owner)
{
   (void)owner;
   return 64 << 20;
}

static int
map(void *owner, int file, uint64_t offset, uint64_t size)
{
   (void)owner;
   if (file < 0 || !size || offset > host_window_size(owner) ||
       size > host_window_size(owner) - offset)
      fail("something beside the window");
   return 0;
}

static int
unmap(void *owner, uint64_t offset, uint64_t size)
{
   return map(owner, 0, offset, size);
}

static void
init(struct machine *m)
{
   int fd = memfd_create("guest", MFD_CLOEXEC);

   *m = (struct machine){.workers = {-1, -1, -1, -1}};
   if (fd < 0 || ftruncate(fd, (off_t)MEMORY_SIZE) < 0)
      fail("no memory");
   const struct rdr_guest_region region = {.size = MEMORY_SIZE, .user = USER_BASE};
   if (rdr_guest_memory_add(&m->memory, &region, fd) < 0)
      fail("no region");
   rdr_queue_init(&m->queue, &m->memory);
   m->queue.size = QUEUE_SIZE;
   m->queue.desc_user = USER_BASE;
   m->queue.avail_user = USER_BASE + AVAIL_AT;
   m->queue.used_user = USER_BASE + USED_AT;
   m->queue.started = true;
   m->queue.enabled = true;
   m->queue.event_idx = true;
   rdr_virtio_control_queue_init(&m->commands, &m->queue, &m->memory);
}

/* One turn of the device's loop. */
static void
turn(struct rdr_virtio_device *device)
{
   unsigned count = rdr_virtio_device_poll_count(device);
   struct pollfd *polls = calloc(count + 1, sizeof(*polls));

   if (!polls)
      fail("out of memory");
   rdr_virtio_device_poll_fill(device, polls);
   if (poll(polls, count, 0) > 0)
      rdr_virtio_device_poll_done(device, polls, count);
   free(polls);
   rdr_virtio_device_tick(device);
}

/* The machine is paused, and goes on or boots again. */
static void
pause_machine(struct machine *m, struct rdr_virtio_device *device, bool reboot)
{
   rdr_virtio_device_pause(device);
   uint8_t *before = malloc(MEMORY_SIZE);
   if (!before)
      fail("out of memory");
   memcpy(before, m->memory.regions[0].data, MEMORY_SIZE);
   turn(device);
   if (reboot)
      rdr_virtio_device_reset(device);
   if (memcmp(before, m->memory.regions[0].data, MEMORY_SIZE) != 0)
      fail("memory of a machine that stands still is written");
   free(before);
   if (!reboot)
      rdr_virtio_device_resume(device);
}

static void
run_commands(struct machine *m, struct rdr_virtio_device *device, const uint8_t *data, size_t size)
{
   while (size > 2) {
      size_t part = data[0] | (size_t)data[1] << 8;
      data += 2;
      size -= 2;
      if (part >= PAUSE) {
         pause_machine(m, device, part == REBOOT);
         continue;
      }
      if (part > size)
         part = size;
      /* A copy of its own size: what is read beyond it is seen by the sanitizer. */
      uint8_t *command = malloc(part ? part : 1);
      struct rdr_virtio_request *request = calloc(1, sizeof(*request));
      if (!command || !request)
         fail("out of memory");
      memcpy(command, data, part);
      m->given++;
      rdr_virtio_device_execute(device, request, command, part);
      free(command);
      turn(device);
      data += part;
      size -= part;
   }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
   struct machine m;

   if (!size)
      return 0;
   init(&m);
   m.by_queue = data[0] == 0;
   struct rdr_virtio_device *device = rdr_virtio_device_create(&(struct rdr_virtio_device_options){
      .memory = &m.memory,
      .answer = on_answer,
      .owner = &m,
      .start_worker = start_worker,
      .kill_worker = kill_worker,
      .hold_worker = hold_worker,
      .host_window_size = host_window_size,
      .map = map,
      .unmap = unmap,
      .max_workers = WORKERS,
      .limits = rdr_guest_limits_default(),
      .max_descriptors = 100,
   });
   if (!device)
      fail("out of memory");
   if (m.by_queue) {
      memcpy(m.memory.regions[0].data, data + 1, size - 1 < MEMORY_SIZE ? size - 1 : MEMORY_SIZE);
      for (int i = 0; i < 4; i++) {
         rdr_virtio_control_queue_serve(&m.commands, device, 2 * QUEUE_SIZE);
         turn(device);
         rdr_queue_notify(&m.queue);
      }
   } else {
      run_commands(&m, device, data + 1, size - 1);
      if (m.answered > m.given)
         fail("a command was answered twice");
   }
   rdr_virtio_device_destroy(device);
   rdr_virtio_control_queue_finish(&m.commands);
   rdr_queue_finish(&m.queue);
   rdr_guest_memory_clear(&m.memory);
   for (int i = 0; i < WORKERS; i++) {
      if (m.workers[i] >= 0)
         fail("a worker is left over");
   }
   return 0;
}
