/* SPDX-License-Identifier: MIT */

/* The worker's transports (renderer/worker/transport.h), and that the worker needs nothing of a
 * transport but its functions: one that holds bytes back and takes a few at a time, as TLS may,
 * will do (rules R1, R14). */

#include "renderer/worker/transport.h"

#include "protocol/channel.h"
#include "protocol/frame.h"
#include "protocol/ring.h"
#include "protocol/socket.h"
#include "renderer/virtio/guest_pages.h"
#include "renderer/worker/context.h"
#include "renderer/worker/input.h"
#include "renderer/worker/replies.h"
#include "tests/check.h"
#include "tongs/virtgpu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096u

/* The client's end of the transport in `t`. */
static int peer;

static struct rdr_transport *
start(struct rdr_transport *(*open_transport)(int fd))
{
   int ends[2];

   if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
      abort();
   peer = ends[1];
   return open_transport(ends[0]);
}

static void
stop(struct rdr_transport *t)
{
   t->ops->close(t);
   close(peer);
}

static void
send_from_peer(const char *byte, const int *fds, unsigned count)
{
   struct iovec iov = {.iov_base = (void *)byte, .iov_len = 1};

   CHECK_EQUAL(tongs_socket_send_all(peer, &iov, 1, fds, count), 0);
}

static int
sealed_memory(uint64_t size)
{
   int fd = tongs_sealed_memory("test", size);

   CHECK(fd >= 0);
   return fd;
}

static bool
is_same_file(int a, int b)
{
   struct stat x = {0}, y = {0};

   return a >= 0 && b >= 0 && fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino;
}

/* --- Sockets --- */

static void
a_socket_gives_descriptors_in_the_order_in_which_they_came(void)
{
   struct rdr_transport *t = start(rdr_transport_open_socket);
   int fds[2] = {sealed_memory(PAGE), sealed_memory(PAGE)};
   char bytes[2];

   CHECK_EQUAL(t->ops->receive_fd(t), -1);
   send_from_peer("a", &fds[0], 1);
   send_from_peer("b", &fds[1], 1);
   CHECK_EQUAL(t->ops->receive(t, bytes, 1, -1), 1);
   CHECK_EQUAL(t->ops->receive(t, bytes, 1, -1), 1);
   for (int i = 0; i < 2; i++) {
      int fd = t->ops->receive_fd(t);
      CHECK(is_same_file(fd, fds[i]));
      close(fd);
      close(fds[i]);
   }
   CHECK_EQUAL(t->ops->receive_fd(t), -1);
   stop(t);
}

static void
with_a_channel_a_socket_finds_the_descriptor_by_itself(void)
{
   struct rdr_transport *t = start(rdr_transport_open_socket);
   int sent = sealed_memory(PAGE);

   CHECK(t->ops->start_channel(t) == &tongs_futex_bell);
   CHECK_EQUAL(t->ops->receive_fd(t), -1); /* does not wait */
   send_from_peer("", &sent, 1);
   int fd = t->ops->receive_fd(t);
   CHECK(is_same_file(fd, sent));
   close(fd);
   close(sent);
   stop(t);
}

static void
more_descriptors_than_any_op_takes_are_an_error(void)
{
   struct rdr_transport *t = start(rdr_transport_open_socket);
   int fd = sealed_memory(PAGE), fds[TONGS_FDS_MAX];
   char byte;

   for (unsigned i = 0; i < TONGS_FDS_MAX; i++)
      fds[i] = fd;
   send_from_peer("", fds, TONGS_FDS_MAX);
   CHECK_EQUAL(t->ops->receive(t, &byte, 1, -1), 1);
   send_from_peer("", fds, 1);
   CHECK_EQUAL(t->ops->receive(t, &byte, 1, -1), -EPROTO);
   close(fd);
   stop(t);
}

static void
a_receive_ends_with_its_time_limit_and_with_the_stream(void)
{
   struct rdr_transport *t = start(rdr_transport_open_socket);
   char byte;

   CHECK_EQUAL(t->ops->receive(t, &byte, 1, 0), 0);
   send_from_peer("x", NULL, 0);
   shutdown(peer, SHUT_WR);
   t->ops->wait_for_hang_up(t); /* although a byte still waits */
   CHECK_EQUAL(t->ops->receive(t, &byte, 1, 0), 1);
   CHECK_EQUAL(t->ops->receive(t, &byte, 1, 0), -EPIPE);
   stop(t);
}

static void
a_send_that_would_block_sends_nothing_and_says_so(void)
{
   struct rdr_transport *t = start(rdr_transport_open_socket);
   static const char data[1 << 16];
   char room[4096];
   ssize_t n;

   do {
      n = t->ops->send(t, data, sizeof(data), -1);
   } while (n > 0);
   CHECK_EQUAL(n, 0);
   while (recv(peer, room, sizeof(room), MSG_DONTWAIT) > 0)
      ;
   t->ops->wait_writable(t);
   CHECK(t->ops->send(t, data, sizeof(data), -1) > 0);
   close(peer);
   CHECK_EQUAL(t->ops->send(t, data, sizeof(data), -1), -EPIPE);
   t->ops->close(t);
}

static void
only_sealed_memory_of_the_right_size_is_mapped(void)
{
   struct rdr_transport *t = start(rdr_transport_open_socket);
   struct rdr_shared_memory memory;
   int unsealed = memfd_create("test", MFD_CLOEXEC);

   CHECK_EQUAL(ftruncate(unsealed, PAGE), 0);
   CHECK(t->ops->map_memory(t, -1, PAGE, &memory) != NULL);
   CHECK(t->ops->map_memory(t, unsealed, PAGE, &memory) != NULL);
   CHECK(t->ops->map_memory(t, sealed_memory(PAGE), 2 * PAGE, &memory) != NULL);
   CHECK(!memory.data);
   CHECK(t->ops->map_memory(t, sealed_memory(PAGE), PAGE, &memory) == NULL);
   if (CHECK(memory.data))
      memory.data[PAGE - 1] = 1;
   rdr_shared_memory_unmap(&memory);
   CHECK(!memory.data);
   stop(t);
}

/* --- The virtio stream --- */

/* Sends `size` bytes of `file` as the device process does. Returns the read end of the lease. */
static int
send_pages(int file, uint64_t size)
{
   int lease[2], fds[TONGS_PAGES_FILES_MAX + 2];

   if (!CHECK_EQUAL(pipe2(lease, O_CLOEXEC), 0))
      abort();
   unsigned count = rdr_host_pages_export(file, size, lease[1], fds);
   CHECK_EQUAL(count, 3);
   send_from_peer("", fds, count);
   for (unsigned i = 0; i < count; i++)
      close(fds[i]);
   return lease[0];
}

static bool
has_hung_up(int lease)
{
   struct pollfd p = {.fd = lease};

   return poll(&p, 1, 0) > 0 && p.revents & POLLHUP;
}

static void
pages_that_come_behind_their_op_are_mapped_until_the_lease_closes(void)
{
   struct rdr_transport *t = start(rdr_transport_open_virtio);
   struct rdr_shared_memory memory;
   int file = sealed_memory(2 * PAGE);
   char byte = 0;

   CHECK(!(t->capabilities & RDR_TRANSPORT_PASSES_FDS));
   CHECK_EQUAL(t->ops->receive_fd(t), -1);
   t->ops->start_channel(t);
   int lease = send_pages(file, 2 * PAGE);
   if (CHECK(t->ops->map_memory(t, -1, PAGE, &memory) == NULL)) {
      CHECK_EQUAL(memory.size, 2 * PAGE);
      memory.data[PAGE] = 7;
      CHECK_EQUAL(pread(file, &byte, 1, PAGE), 1);
      CHECK_EQUAL(byte, 7);
      CHECK(!has_hung_up(lease));
      rdr_shared_memory_unmap(&memory);
   }
   CHECK(has_hung_up(lease));
   close(lease);
   close(file);
   stop(t);
}

static void
too_few_pages_are_refused_and_given_back(void)
{
   struct rdr_transport *t = start(rdr_transport_open_virtio);
   struct rdr_shared_memory memory;
   int file = sealed_memory(PAGE);

   t->ops->start_channel(t);
   int lease = send_pages(file, PAGE);
   CHECK_SAYS(t->ops->map_memory(t, -1, 2 * PAGE, &memory), "too few pages");
   CHECK(!memory.data);
   CHECK(has_hung_up(lease));
   close(lease);
   close(file);
   stop(t);
}

static void
pages_without_room_are_given_back_and_the_next_ones_are_mapped(void)
{
   struct rdr_transport *t = start(rdr_transport_open_virtio);
   struct rdr_shared_memory memory;
   int file = sealed_memory(PAGE);
   struct rlimit before, none;

   getrlimit(RLIMIT_AS, &before);
   none = (struct rlimit){.rlim_cur = PAGE, .rlim_max = before.rlim_max};
   t->ops->start_channel(t);
   int lease = send_pages(file, PAGE);
   setrlimit(RLIMIT_AS, &none);
   const char *why = t->ops->map_memory(t, -1, PAGE, &memory);
   setrlimit(RLIMIT_AS, &before);
   CHECK_SAYS(why, "no room");
   CHECK(memory.no_room && !memory.data);
   CHECK(has_hung_up(lease));
   close(lease);
   lease = send_pages(file, PAGE);
   if (CHECK(t->ops->map_memory(t, -1, PAGE, &memory) == NULL))
      rdr_shared_memory_unmap(&memory);
   close(lease);
   close(file);
   stop(t);
}

static void
the_bell_of_a_virtio_stream_is_a_byte(void)
{
   struct rdr_transport *t = start(rdr_transport_open_virtio);
   const struct tongs_bell *bell = t->ops->start_channel(t);
   _Atomic uint32_t word = 0;
   char byte;

   bell->ring(bell->data, &word);
   CHECK_EQUAL(recv(peer, &byte, 1, MSG_DONTWAIT), 1);
   CHECK_EQUAL(recv(peer, &byte, 1, MSG_DONTWAIT), -1);
   stop(t);
}

/* --- Any transport --- */

/* Takes and gives at most three bytes at a time, and every other time none. */
struct slow {
   struct rdr_transport base;
   uint8_t sent[256], received[256];
   size_t sent_size, received_at;
   unsigned turns, waits;
};

static ssize_t
slow_send(struct rdr_transport *t, const void *data, size_t size, int fd)
{
   struct slow *s = (struct slow *)t;
   size_t n = s->turns++ % 2 ? size < 3 ? size : 3 : 0;

   CHECK_EQUAL(fd, -1);
   memcpy(s->sent + s->sent_size, data, n);
   s->sent_size += n;
   return (ssize_t)n;
}

static void
slow_wait_writable(struct rdr_transport *t)
{
   ((struct slow *)t)->waits++;
}

static ssize_t
slow_receive(struct rdr_transport *t, void *data, size_t size, int timeout_ms)
{
   struct slow *s = (struct slow *)t;

   CHECK(size >= 3);
   CHECK_EQUAL(timeout_ms, 5);
   memcpy(data, s->received + s->received_at, 3);
   s->received_at += 3;
   return 3;
}

static void
slow_shutdown(struct rdr_transport *t)
{
   (void)t;
}

static void
a_transport_may_take_and_give_a_few_bytes_at_a_time(void)
{
   static const struct rdr_transport_ops ops = {
      .send = slow_send,
      .wait_writable = slow_wait_writable,
      .receive = slow_receive,
      .shutdown = slow_shutdown,
   };
   static struct rdr_context the_context; /* its threads' state is never freed */
   static struct slow the_transport;
   struct rdr_context *ctx = &the_context;
   struct slow *s = &the_transport;
   const struct rdr_limits limits = rdr_limits_default();
   const struct rdr_op op = {.number = 7, .tag = 42, .is_call = true};
   struct rdr_shared_memory memory = {.lease = -1};
   struct rdr_op bare = {.fd = -1};
   size_t offset;

   s->base.ops = &ops;
   for (size_t i = 0; i < sizeof(s->received); i++)
      s->received[i] = (uint8_t)i;
   CHECK(rdr_context_init(ctx, &s->base, &limits));
   CHECK(rdr_input_init(&ctx->in));

   rdr_reply_begin(ctx, &op, &offset);
   rdr_reply_end(ctx, offset);
   rdr_replies_flush(ctx);
   struct tongs_op_header header = tongs_op_header_read(s->sent);
   CHECK_EQUAL(header.op, 7);
   CHECK_EQUAL(header.size, s->sent_size);
   CHECK(s->waits > 0);

   for (int i = 0; i < 4; i++)
      CHECK_EQUAL(rdr_input_receive(ctx, 5), 3);
   CHECK_EQUAL(ctx->in.used, 12);
   rdr_input_drop(&ctx->in, 10);
   CHECK_EQUAL(ctx->in.used, 2);
   CHECK_EQUAL(ctx->in.data[0], 10);

   CHECK_SAYS(rdr_op_map_memory(ctx, &bare, PAGE, &memory), "shares no memory");
   rdr_input_finish(&ctx->in);
}

int
main(void)
{
   check_run(a_socket_gives_descriptors_in_the_order_in_which_they_came);
   check_run(with_a_channel_a_socket_finds_the_descriptor_by_itself);
   check_run(more_descriptors_than_any_op_takes_are_an_error);
   check_run(a_receive_ends_with_its_time_limit_and_with_the_stream);
   check_run(a_send_that_would_block_sends_nothing_and_says_so);
   check_run(only_sealed_memory_of_the_right_size_is_mapped);
   check_run(pages_that_come_behind_their_op_are_mapped_until_the_lease_closes);
   check_run(pages_without_room_are_given_back_and_the_next_ones_are_mapped);
   check_run(too_few_pages_are_refused_and_given_back);
   check_run(the_bell_of_a_virtio_stream_is_a_byte);
   check_run(a_transport_may_take_and_give_a_few_bytes_at_a_time);
   return check_end();
}
