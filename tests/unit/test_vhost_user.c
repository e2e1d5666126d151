/* SPDX-License-Identifier: MIT */

/* What a monitor's messages mean for the control queue: a machine that was paused goes on, one that
 * boots again begins anew; answers wait for a queue that stands still, and not for another guest's.
 */

#include "tests/check.h"

#include "renderer/virtio/control_queue.h"
#include "renderer/virtio/vhost_user.h"

#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MEMORY_SIZE ((size_t)1 << 20)
#define QUEUE_SIZE 16u
#define AVAIL_AT UINT64_C(1024)
#define USED_AT UINT64_C(2048)
#define ANSWER_AT UINT64_C(4096)

enum {
   SET_FEATURES = 2,
   SET_VRING_NUM = 8,
   SET_VRING_ADDR = 9,
   SET_VRING_BASE = 10,
   GET_VRING_BASE = 11,
   SET_VRING_KICK = 12,
   SET_VRING_ENABLE = 18,
   GET_CONFIG = 24,
   RESET_DEVICE = 34,
   ADD_MEM_REG = 37,
};

struct machine {
   struct rdr_vhost vhost;
   struct rdr_virtio_control_queue control;
   int fd; /* the monitor's end */
   uint8_t *memory;
   unsigned stops;
   bool ran_when_stopping;
};

static void
on_stopping(void *owner)
{
   struct machine *m = owner;

   m->stops++;
   m->ran_when_stopping = m->vhost.queues[0].started;
}

/* Returns the first word of the answer's payload that is not an index, where there is one. */
static uint32_t
say(struct machine *m, uint32_t request, const void *payload, uint32_t size, int fd)
{
   struct {
      uint32_t header[3];
      uint8_t payload[64];
   } message = {.header = {request, 1, size}};
   struct {
      uint32_t header[3];
      uint32_t words[64];
   } answer = {0};
   char control[CMSG_SPACE(sizeof(int))] = {0};
   struct iovec iov = {.iov_base = &message, .iov_len = sizeof(message.header) + size};
   struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

   if (size)
      memcpy(message.payload, payload, size);
   if (fd >= 0) {
      msg.msg_control = control;
      msg.msg_controllen = sizeof(control);
      struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN(sizeof(fd));
      memcpy(CMSG_DATA(c), &fd, sizeof(fd));
   }
   if (sendmsg(m->fd, &msg, 0) < 0 || rdr_vhost_handle(&m->vhost) != 0)
      exit(1);
   if (fd >= 0)
      close(fd);
   return recv(m->fd, &answer, sizeof(answer), MSG_DONTWAIT) > 0 ? answer.words[1] : 0;
}

static void
say_of_queue(struct machine *m, uint32_t request, uint32_t value)
{
   const uint32_t state[] = {0, value};

   say(m, request, state, sizeof(state), -1);
}

static void
start_queue(struct machine *m, uint16_t base)
{
   const uint64_t kick = 0;
   const struct {
      uint32_t index, flags;
      uint64_t desc, used, avail, log;
   } address = {.used = USED_AT, .avail = AVAIL_AT};

   say_of_queue(m, SET_VRING_NUM, QUEUE_SIZE);
   say_of_queue(m, SET_VRING_BASE, base);
   say(m, SET_VRING_ADDR, &address, sizeof(address), -1);
   say(m, SET_VRING_KICK, &kick, sizeof(kick), eventfd(0, EFD_CLOEXEC));
   say_of_queue(m, SET_VRING_ENABLE, 1);
}

static uint16_t
stop_queue(struct machine *m)
{
   const uint32_t state[] = {0, 0};

   say_of_queue(m, SET_VRING_ENABLE, 0);
   return (uint16_t)say(m, GET_VRING_BASE, state, sizeof(state), -1);
}

static void
read_config(struct machine *m)
{
   const uint32_t config[] = {8, 4, 0, 0};

   say(m, GET_CONFIG, config, sizeof(config), -1);
}

/* What the device's loop does when it has seen it. */
static enum rdr_vhost_restart
follow(struct machine *m)
{
   enum rdr_vhost_restart restart = m->vhost.restart;

   m->vhost.restart = RDR_VHOST_NOT_RESTARTED;
   m->vhost.queues[0].held = false;
   rdr_virtio_control_queue_restart(&m->control);
   return restart;
}

static void
begin(struct machine *m)
{
   const uint64_t features = UINT64_C(1) << 30;
   const uint64_t region[] = {0, 0, MEMORY_SIZE, 0, 0};
   int fds[2], file = memfd_create("guest", MFD_CLOEXEC);

   *m = (struct machine){0};
   if (file < 0 || ftruncate(file, (off_t)MEMORY_SIZE) < 0 ||
       socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
      exit(1);
   m->memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
   rdr_vhost_init(&m->vhost, fds[1], 0);
   m->fd = fds[0];
   m->vhost.stopping = on_stopping;
   m->vhost.owner = m;
   rdr_virtio_control_queue_init(&m->control, &m->vhost.queues[0], &m->vhost.memory);
   say(m, SET_FEATURES, &features, sizeof(features), -1);
   say(m, ADD_MEM_REG, region, sizeof(region), file);
}

static void
finish(struct machine *m)
{
   rdr_virtio_control_queue_finish(&m->control);
   rdr_vhost_finish(&m->vhost);
   munmap(m->memory, MEMORY_SIZE);
   close(m->fd);
}

/* The guest makes a request available, which the device takes. */
static bool
take_one(struct machine *m)
{
   struct vring_desc *desc = (void *)m->memory;
   struct vring_avail *avail = (void *)(m->memory + AVAIL_AT);

   desc[0] = (struct vring_desc){.addr = ANSWER_AT, .len = 64, .flags = VRING_DESC_F_WRITE};
   avail->ring[avail->idx % QUEUE_SIZE] = 0;
   avail->idx++;
   return rdr_queue_pop(&m->vhost.queues[0], &m->control.element);
}

static void
queues_go_on_or_begin_anew(void)
{
   struct machine m;

   begin(&m);
   start_queue(&m, 0);
   fact(follow(&m) == RDR_VHOST_NOT_RESTARTED && !m.stops, "the first start is none of another");
   fact(take_one(&m) && stop_queue(&m) == 1 && m.stops == 1 && m.ran_when_stopping,
        "the queue stops after the device was told");
   start_queue(&m, 1);
   fact(!take_one(&m) && follow(&m) == RDR_VHOST_RESUMED,
        "a queue that starts where it stopped goes on, when the device has seen it");
   fact(rdr_queue_pop(&m.vhost.queues[0], &m.control.element), "then requests are taken");
   read_config(&m);
   fact(stop_queue(&m) == 2, "it stops again");
   read_config(&m);
   start_queue(&m, 2);
   fact(follow(&m) == RDR_VHOST_RESUMED, "also where the monitor has asked for the configuration");
   stop_queue(&m);
   start_queue(&m, 0);
   fact(follow(&m) == RDR_VHOST_REBOOTED, "a queue that starts elsewhere is a new guest's");
   finish(&m);
}

static void
queues_at_their_beginning(void)
{
   struct machine m;

   begin(&m);
   start_queue(&m, 0);
   read_config(&m);
   stop_queue(&m);
   start_queue(&m, 0);
   fact(follow(&m) == RDR_VHOST_RESUMED, "a queue that was not used yet goes on, too");
   stop_queue(&m);
   read_config(&m);
   start_queue(&m, 0);
   fact(follow(&m) == RDR_VHOST_REBOOTED,
        "unless a guest has looked for its devices while it stood still");
   finish(&m);
}

static void
resets_are_believed(void)
{
   struct machine m;

   begin(&m);
   start_queue(&m, 0);
   take_one(&m);
   stop_queue(&m);
   say(&m, RESET_DEVICE, NULL, 0, -1);
   fact(m.vhost.stopped && m.vhost.was_reset && m.stops == 1, "a reset after a stop is seen");
   start_queue(&m, 1);
   fact(follow(&m) == RDR_VHOST_REBOOTED, "what starts then is a new guest's, wherever it starts");
   say(&m, RESET_DEVICE, NULL, 0, -1);
   fact(m.stops == 2 && !m.vhost.queues[0].started, "a reset stops what runs");
   start_queue(&m, 0);
   follow(&m);
   stop_queue(&m);
   fact(!m.vhost.was_reset, "it holds for one start");
   finish(&m);
}

static void
answers_wait(void)
{
   struct machine m;
   const struct rdr_virtio_request request = {
      .range_count = 1,
      .ranges = {{.address = ANSWER_AT, .size = 64}},
   };

   begin(&m);
   start_queue(&m, 0);
   take_one(&m);
   take_one(&m);
   stop_queue(&m);
   uint8_t *before = malloc(MEMORY_SIZE);
   if (!before)
      exit(1);
   memcpy(before, m.memory, MEMORY_SIZE);
   rdr_virtio_control_queue_answer(&m.control, &request, "late", 5);
   fact(memcmp(before, m.memory, MEMORY_SIZE) == 0,
        "no answer is written while the queue stands still");
   free(before);
   start_queue(&m, 2);
   follow(&m);
   const struct vring_used *used = (const void *)(m.memory + USED_AT);
   fact(used->idx == 1 && strcmp((const char *)m.memory + ANSWER_AT, "late") == 0,
        "it is given when the queue goes on");
   stop_queue(&m);
   rdr_virtio_control_queue_answer(&m.control, &request, "none", 5);
   memset(m.memory, 0, MEMORY_SIZE);
   start_queue(&m, 0);
   rdr_virtio_control_queue_answer(&m.control, &request, "none", 5);
   follow(&m);
   fact(used->idx == 0 && m.memory[ANSWER_AT] == 0, "a new guest gets no answer to the one before");
   finish(&m);
}

int
main(void)
{
   queues_go_on_or_begin_anew();
   queues_at_their_beginning();
   resets_are_believed();
   answers_wait();
   return check_end();
}
