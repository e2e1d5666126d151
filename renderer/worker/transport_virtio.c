/* SPDX-License-Identifier: MIT */

/* The socket to the device process of a virtual machine (renderer/virtio) as a transport: the
 * virtio stream. Descriptors cannot be passed to a client in a guest. The client's shared memory
 * arrives as tables of guest pages, and the device wakes the client by an interrupt. */

#include "renderer/worker/transport_socket.h"

#include "protocol/ring.h"
#include "renderer/worker/guest_pages.h"

/* How long to wait for pages after the op that maps them. Ops travel through the ring in guest
 * memory and pages through the device, so pages may arrive later. */
#define PAGES_MS 5000

struct virtio_stream {
   struct rdr_socket socket;
   struct tongs_bell bell;
};

static int
receive_fd(struct rdr_transport *t)
{
   (void)t;
   return -1;
}

static const char *
map_memory(struct rdr_transport *t, int fd, uint64_t size, struct rdr_shared_memory *memory)
{
   struct rdr_socket *s = (struct rdr_socket *)t;
   unsigned used;

   (void)fd;
   rdr_socket_await_fds(s, PAGES_MS);
   const char *why = rdr_pages_map(memory, s->fds, s->fd_count, &used);
   rdr_socket_drop_fds(s, used);
   if (!why && memory->size < size) {
      rdr_shared_memory_unmap(memory);
      why = "it has too few pages";
   }
   return why;
}

/* The client wakes us through the device process, which maps the same memory. */
static void
sleep_on_futex(void *data, _Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
   (void)data;
   tongs_futex_bell.sleep(NULL, word, value, timeout_ns);
}

/* The device process turns the byte into an interrupt. If the socket has no room for the byte,
 * other bytes are pending in it and cause the interrupt. */
static void
ring_through_device(void *data, _Atomic uint32_t *word)
{
   struct virtio_stream *v = data;

   (void)word;
   rdr_socket_send(&v->socket.base, "", 1, -1);
}

static const struct tongs_bell *
start_channel(struct rdr_transport *t)
{
   struct virtio_stream *v = (struct virtio_stream *)t;

   v->socket.has_channel = true;
   v->bell = (struct tongs_bell){
      .sleep = sleep_on_futex,
      .ring = ring_through_device,
      .data = v,
   };
   return &v->bell;
}

struct rdr_transport *
rdr_transport_open_virtio(int fd)
{
   static const struct rdr_transport_ops ops = {
      .close = rdr_socket_close,
      .shutdown = rdr_socket_shutdown,
      .send = rdr_socket_send,
      .wait_writable = rdr_socket_wait_writable,
      .receive = rdr_socket_receive,
      .receive_fd = receive_fd,
      .map_memory = map_memory,
      .start_channel = start_channel,
      .wait_for_hang_up = rdr_socket_wait_for_hang_up,
   };
   struct rdr_socket *s =
      rdr_socket_create(sizeof(struct virtio_stream), fd, &ops, RDR_TRANSPORT_SHARES_MEMORY);

   return s ? &s->base : NULL;
}
