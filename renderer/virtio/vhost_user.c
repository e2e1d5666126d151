/* SPDX-License-Identifier: MIT */
#include "renderer/virtio/vhost_user.h"

#include "protocol/clock.h"
#include "protocol/socket.h"
#include "renderer/virtio/vhost_protocol.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long the monitor may take to answer one of our requests. */
#define BACKEND_TIMEOUT_MS 10000

/* One message with its descriptors. Handlers take the descriptors that they keep; the others are
 * closed. */
struct message {
   struct header header;
   union {
      uint64_t number;
      struct table table;
      struct single_region single;
      struct vring_state state;
      struct vring_address address;
      struct config config;
      struct shmem_config shmem;
   };
   int fds[TABLE_REGIONS_MAX];
   size_t fd_count;
   bool answered;
};

void
rdr_vhost_init(struct rdr_vhost *v, int fd, uint64_t offered)
{
   *v = (struct rdr_vhost){.fd = fd, .backend_fd = -1, .gpu_fd = -1, .offered = offered};
   for (unsigned i = 0; i < RDR_VHOST_QUEUES; i++)
      rdr_queue_init(&v->queues[i], &v->memory);
}

static void
replace_fd(int *fd, int with)
{
   if (*fd >= 0)
      close(*fd);
   *fd = with;
}

void
rdr_vhost_finish(struct rdr_vhost *v)
{
   for (unsigned i = 0; i < RDR_VHOST_QUEUES; i++)
      rdr_queue_finish(&v->queues[i]);
   rdr_guest_memory_clear(&v->memory);
   replace_fd(&v->fd, -1);
   replace_fd(&v->backend_fd, -1);
   replace_fd(&v->gpu_fd, -1);
}

/* --- Messages --- */

static int
take_fd(struct message *m)
{
   if (!m->fd_count)
      return -1;
   int fd = m->fds[0];
   memmove(m->fds, m->fds + 1, --m->fd_count * sizeof(m->fds[0]));
   return fd;
}

static void
close_fds(struct message *m)
{
   while (m->fd_count)
      close(take_fd(m));
}

static int
receive_rest(int fd, void *data, size_t size)
{
   uint8_t *p = data;

   while (size) {
      ssize_t n = tongs_socket_recv(fd, p, size, NULL, NULL);
      if (n <= 0)
         return n < 0 ? (int)n : -EPROTO;
      p += n;
      size -= (size_t)n;
   }
   return 0;
}

/* Receives `size` bytes. 0; 1 at EOF; -errno. */
static int
receive(struct rdr_vhost *v, struct message *m)
{
   size_t room = sizeof(*m) - offsetof(struct message, number);

   *m = (struct message){.fd_count = TABLE_REGIONS_MAX};
   ssize_t n = tongs_socket_recv(v->fd, &m->header, sizeof(m->header), m->fds, &m->fd_count);
   if (n == 0)
      return 1;
   if (n < 0)
      return n == -ECONNRESET ? 1 : (int)n;
   int error = receive_rest(v->fd, (uint8_t *)&m->header + n, sizeof(m->header) - (size_t)n);
   if (error)
      return error;
   room = offsetof(struct message, fds) - offsetof(struct message, number);
   if ((m->header.flags & FLAG_VERSION_MASK) != FLAG_VERSION || m->header.size > room)
      return -EPROTO;
   return receive_rest(v->fd, &m->number, m->header.size);
}

static int
answer(struct rdr_vhost *v, struct message *m, uint32_t size)
{
   struct iovec iov[] = {
      {.iov_base = &m->header, .iov_len = sizeof(m->header)},
      {.iov_base = &m->number, .iov_len = size},
   };

   m->header.flags = FLAG_VERSION | FLAG_REPLY;
   m->header.size = size;
   m->answered = true;
   return tongs_socket_send_all(v->fd, iov, 2, NULL, 0);
}

static int
answer_number(struct rdr_vhost *v, struct message *m, uint64_t number)
{
   m->number = number;
   return answer(v, m, sizeof(m->number));
}

/* --- Memory --- */

static int
add_region(struct rdr_vhost *v, const struct region *r, int fd)
{
   if (fd < 0)
      return -EPROTO;
   return rdr_guest_memory_add(&v->memory,
                               &(struct rdr_guest_region){
                                  .address = r->address,
                                  .size = r->size,
                                  .user = r->user,
                                  .file_offset = r->file_offset,
                               },
                               fd);
}

static int
set_memory_table(struct rdr_vhost *v, struct message *m)
{
   if (m->table.count > TABLE_REGIONS_MAX || m->table.count != m->fd_count)
      return -EPROTO;
   rdr_guest_memory_clear(&v->memory);
   for (uint32_t i = 0; i < m->table.count; i++) {
      int error = add_region(v, &m->table.regions[i], take_fd(m));
      if (error)
         return error;
   }
   return 0;
}

static int
remove_region(struct rdr_vhost *v, struct message *m)
{
   return rdr_guest_memory_remove(&v->memory, m->single.region.address, m->single.region.size)
             ? 0
             : -EPROTO;
}

/* --- Queues --- */

static struct rdr_queue *
queue_at(struct rdr_vhost *v, uint64_t index)
{
   return index < RDR_VHOST_QUEUES ? &v->queues[index] : NULL;
}

static int
set_vring_size(struct rdr_queue *q, uint32_t size)
{
   if (!q || !size || size > RDR_QUEUE_SIZE_MAX || (size & (size - 1)))
      return -EPROTO;
   q->size = size;
   return 0;
}

static int
set_vring_address(struct rdr_queue *q, const struct vring_address *a)
{
   if (!q || a->desc % 16 || a->avail % 2 || a->used % 4)
      return -EPROTO;
   q->desc_user = a->desc;
   q->avail_user = a->avail;
   q->used_user = a->used;
   return 0;
}

/* Decides whether a restarted control queue belongs to the same guest. A monitor uses the same
 * messages to pause a guest and to reset it: only QEMU's vhost-user-gpu-pci sends RESET_DEVICE, and
 * SET_STATUS is no help, because some monitors send 0 for a pause. But the queue of a paused guest
 * continues at the index at which it stopped, and the queue of a rebooted guest starts at 0. If the
 * queue had stopped at 0, the index does not distinguish the two; but a guest that boots reads the
 * configuration space. */
static enum rdr_vhost_restart
tell_restart(const struct rdr_vhost *v, const struct rdr_queue *q)
{
   if (v->was_reset || q->next_avail != v->stopped_at)
      return RDR_VHOST_REBOOTED;
   return !q->next_avail && v->config_was_read ? RDR_VHOST_REBOOTED : RDR_VHOST_RESUMED;
}

/* Reads the used index from guest memory after a restart of the ring, because only the device
 * writes it. */
static void
start(struct rdr_vhost *v, struct rdr_queue *q)
{
   uint16_t *used = rdr_guest_memory_at_user(&v->memory, q->used_user, 2 * sizeof(uint16_t));

   if (q == &v->queues[0] && v->stopped) {
      v->restart = tell_restart(v, q);
      v->stopped = false;
      q->held = true;
      q->generation += v->restart == RDR_VHOST_REBOOTED;
   }
   q->started = true;
   q->broken = !used || !q->size;
   q->next_used = used ? used[1] : 0;
   q->signalled_valid = false;
   q->event_idx = v->features >> VIRTIO_RING_F_EVENT_IDX & 1;
   if (!(v->features & F_PROTOCOL_FEATURES))
      q->enabled = true;
}

static int
set_vring_fd(struct rdr_vhost *v, struct message *m)
{
   struct rdr_queue *q = queue_at(v, m->number & VRING_INDEX_MASK);
   int fd = m->number & VRING_NO_FD ? -1 : take_fd(m);

   if (!q || (fd < 0 && !(m->number & VRING_NO_FD))) {
      replace_fd(&fd, -1);
      return -EPROTO;
   }
   if (m->header.request == SET_VRING_CALL) {
      replace_fd(&q->call_fd, fd);
   } else if (m->header.request == SET_VRING_ERR) {
      replace_fd(&q->err_fd, fd);
   } else {
      replace_fd(&q->kick_fd, fd);
      start(v, q);
   }
   return 0;
}

static void
stop(struct rdr_vhost *v, struct rdr_queue *q)
{
   if (q == &v->queues[0] && q->started) {
      if (v->stopping)
         v->stopping(v->owner);
      /* The owner may not have read `restart` yet. */
      v->was_reset = v->restart == RDR_VHOST_REBOOTED;
      v->restart = RDR_VHOST_NOT_RESTARTED;
      v->config_was_read = false;
      v->stopped_at = q->next_avail;
      v->stopped = true;
   }
   q->started = false;
}

static int
get_vring_base(struct rdr_vhost *v, struct message *m)
{
   struct rdr_queue *q = queue_at(v, m->state.index);

   if (!q)
      return -EPROTO;
   stop(v, q);
   m->state.value = q->next_avail;
   return answer(v, m, sizeof(m->state));
}

static void
reset(struct rdr_vhost *v)
{
   for (unsigned i = 0; i < RDR_VHOST_QUEUES; i++) {
      stop(v, &v->queues[i]);
      v->queues[i].enabled = false;
   }
   v->was_reset = true;
}

static int
handle_vring(struct rdr_vhost *v, struct message *m)
{
   struct rdr_queue *q = queue_at(v, m->state.index);

   switch (m->header.request) {
   case SET_VRING_NUM:
      return set_vring_size(q, m->state.value);
   case SET_VRING_ADDR:
      return set_vring_address(q, &m->address);
   case GET_VRING_BASE:
      return get_vring_base(v, m);
   case SET_VRING_BASE:
      if (q)
         q->next_avail = (uint16_t)m->state.value;
      return q ? 0 : -EPROTO;
   case SET_VRING_ENABLE:
      if (q)
         q->enabled = m->state.value;
      return q ? 0 : -EPROTO;
   default:
      return set_vring_fd(v, m);
   }
}

/* --- The rest --- */

static int
get_config(struct rdr_vhost *v, struct message *m)
{
   struct config *c = &m->config;

   v->config_was_read = true;
   /* An answer without bytes tells the monitor that the request has failed. */
   if (c->size > sizeof(c->bytes) || c->offset > sizeof(v->config) - c->size)
      return answer(v, m, 0);
   memcpy(c->bytes, v->config + c->offset, c->size);
   return answer(v, m, (uint32_t)offsetof(struct config, bytes) + c->size);
}

static int
get_shmem_config(struct rdr_vhost *v, struct message *m)
{
   m->shmem = (struct shmem_config){0};
   if (v->host_window_size &&
       (v->protocol_features & PROTOCOL_HOST_WINDOW) == PROTOCOL_HOST_WINDOW) {
      m->shmem.count = 1;
      m->shmem.sizes[VIRTIO_GPU_SHM_ID_HOST_VISIBLE] = v->host_window_size;
      v->has_host_window = true;
   }
   return answer(v, m, sizeof(m->shmem));
}

/* Keeps the descriptor of a request. */
static int
keep_fd(struct message *m, int *fd)
{
   if (!m->fd_count)
      return -EPROTO;
   replace_fd(fd, take_fd(m));
   return 0;
}

static int
handle_other(struct rdr_vhost *v, struct message *m)
{
   const uint64_t ours = UINT64_C(1) << VIRTIO_F_VERSION_1 |
                         UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX |
                         UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC | F_PROTOCOL_FEATURES;

   switch (m->header.request) {
   case GET_FEATURES:
      return answer_number(v, m, v->offered | ours);
   case SET_FEATURES:
      v->features = m->number & (v->offered | ours);
      return 0;
   case GET_PROTOCOL_FEATURES:
      return answer_number(v, m, PROTOCOL_FEATURES);
   case SET_PROTOCOL_FEATURES:
      v->protocol_features = m->number & PROTOCOL_FEATURES;
      return 0;
   case GET_QUEUE_NUM:
      return answer_number(v, m, RDR_VHOST_QUEUES);
   case GET_MAX_MEM_SLOTS:
      return answer_number(v, m, RDR_GUEST_REGIONS_MAX);
   case GET_STATUS:
      return answer_number(v, m, 0);
   case GET_CONFIG:
      return get_config(v, m);
   case GET_SHMEM_CONFIG:
      return get_shmem_config(v, m);
   case SET_MEM_TABLE:
      return set_memory_table(v, m);
   case ADD_MEM_REG:
      return add_region(v, &m->single.region, take_fd(m));
   case REM_MEM_REG:
      return remove_region(v, m);
   case SET_BACKEND_REQ_FD:
      return keep_fd(m, &v->backend_fd);
   case GPU_SET_SOCKET:
      return keep_fd(m, &v->gpu_fd);
   case RESET_OWNER:
   case RESET_DEVICE:
      reset(v);
      return 0;
   default: /* SET_OWNER, SET_STATUS, SET_CONFIG (events that we never raise): nothing to do */
      return 0;
   }
}

/* The least size of a request's payload; -1: the request is unknown. */
static int
payload_of(uint32_t request)
{
   static const int sizes[REQUEST_COUNT] = {
      [SET_FEATURES] = sizeof(uint64_t),
      [SET_PROTOCOL_FEATURES] = sizeof(uint64_t),
      [SET_MEM_TABLE] = offsetof(struct table, regions),
      [ADD_MEM_REG] = sizeof(struct single_region),
      [REM_MEM_REG] = sizeof(struct single_region),
      [SET_VRING_NUM] = sizeof(struct vring_state),
      [SET_VRING_BASE] = sizeof(struct vring_state),
      [GET_VRING_BASE] = sizeof(struct vring_state),
      [SET_VRING_ENABLE] = sizeof(struct vring_state),
      [SET_VRING_ADDR] = sizeof(struct vring_address),
      [SET_VRING_KICK] = sizeof(uint64_t),
      [SET_VRING_CALL] = sizeof(uint64_t),
      [SET_VRING_ERR] = sizeof(uint64_t),
      [GET_CONFIG] = offsetof(struct config, bytes),
      [SET_CONFIG] = offsetof(struct config, bytes),
   };
   static const uint8_t without[] = {
      GET_FEATURES,      SET_OWNER,          RESET_OWNER,    GET_PROTOCOL_FEATURES,
      GET_QUEUE_NUM,     SET_BACKEND_REQ_FD, GPU_SET_SOCKET, RESET_DEVICE,
      GET_MAX_MEM_SLOTS, SET_STATUS,         GET_STATUS,     GET_SHMEM_CONFIG,
   };

   if (request < REQUEST_COUNT && sizes[request])
      return sizes[request];
   return memchr(without, (int)request, sizeof(without)) && request < REQUEST_COUNT ? 0 : -1;
}

int
rdr_vhost_handle(struct rdr_vhost *v)
{
   struct message m;
   int error = receive(v, &m);

   if (error == 1) {
      close_fds(&m);
      return 1;
   }
   uint32_t request = m.header.request;
   bool need_reply = m.header.flags & FLAG_NEED_REPLY;
   int payload = payload_of(request);
   if (!error)
      error = payload < 0 || m.header.size < (uint32_t)payload ? -EPROTO : 0;
   if (!error && request >= SET_VRING_NUM && request <= SET_VRING_ERR)
      error = handle_vring(v, &m);
   else if (!error && request == SET_VRING_ENABLE)
      error = handle_vring(v, &m);
   else if (!error)
      error = handle_other(v, &m);
   if (!m.answered && need_reply && (v->protocol_features & PROTOCOL_REPLY_ACK) &&
       error != -EPIPE) {
      int sent = answer_number(v, &m, error != 0);
      error = sent < 0 ? sent : 0;
   }
   close_fds(&m);
   if (error)
      fprintf(stderr, "tongs: a monitor's vhost-user request %u of %u bytes failed: %s\n", request,
              m.header.size, strerror(-error));
   return error;
}

/* --- Our requests --- */

/* Waits for the monitor's answer. Our request may cause a change of guest memory; then the monitor
 * reports that change first and waits for our answer to it. */
static int
wait_for_monitor(struct rdr_vhost *v)
{
   int64_t deadline = tongs_now_ms() + BACKEND_TIMEOUT_MS;

   for (;;) {
      struct pollfd polls[] = {
         {.fd = v->backend_fd, .events = POLLIN},
         {.fd = v->fd, .events = POLLIN},
      };
      int64_t left = deadline - tongs_now_ms();
      int ready = left > 0 ? poll(polls, 2, (int)left) : 0;
      if (ready == 0)
         return -ETIMEDOUT;
      if (ready < 0 && errno != EINTR)
         return -errno;
      if (ready < 0)
         continue;
      if (polls[0].revents)
         return 0;
      if (rdr_vhost_handle(v)) /* the loop of the device process finds the EOF too */
         return -EPIPE;
   }
}

static int
ask_monitor(struct rdr_vhost *v, uint32_t request, const struct shmem_map *map, int file)
{
   struct header header = {request, FLAG_VERSION | FLAG_NEED_REPLY, sizeof(*map)};
   struct iovec iov[] = {
      {.iov_base = &header, .iov_len = sizeof(header)},
      {.iov_base = (void *)map, .iov_len = sizeof(*map)},
   };
   struct {
      struct header header;
      uint64_t result;
   } __attribute__((packed)) reply;

   int error = tongs_socket_send_all(v->backend_fd, iov, 2, &file, file >= 0);
   if (!error)
      error = wait_for_monitor(v);
   if (!error)
      error = receive_rest(v->backend_fd, &reply, sizeof(reply));
   if (!error && (reply.header.request != request || reply.header.size != sizeof(reply.result)))
      error = -EPROTO;
   if (!error)
      return reply.result ? -EIO : 0;
   /* Close the descriptor: otherwise a late answer would be taken for the answer to the next
    * request. */
   fprintf(stderr, "tongs: a monitor does not answer request %u: %s\n", request, strerror(-error));
   replace_fd(&v->backend_fd, -1);
   v->has_host_window = false;
   return error;
}

int
rdr_vhost_map(struct rdr_vhost *v, int file, uint64_t offset, uint64_t size)
{
   const struct shmem_map map = {
      .region = VIRTIO_GPU_SHM_ID_HOST_VISIBLE,
      .offset = offset,
      .size = size,
      .flags = 1,
   };

   return v->has_host_window && v->backend_fd >= 0 ? ask_monitor(v, BACKEND_SHMEM_MAP, &map, file)
                                                   : -ENODEV;
}

int
rdr_vhost_unmap(struct rdr_vhost *v, uint64_t offset, uint64_t size)
{
   const struct shmem_map map = {
      .region = VIRTIO_GPU_SHM_ID_HOST_VISIBLE,
      .offset = offset,
      .size = size,
   };

   return v->has_host_window && v->backend_fd >= 0 ? ask_monitor(v, BACKEND_SHMEM_UNMAP, &map, -1)
                                                   : -ENODEV;
}
