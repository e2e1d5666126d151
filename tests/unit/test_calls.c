/* SPDX-License-Identifier: MIT */

/* Calls and the receiving end of a connection, over transports of the test's: one without any file,
 * one that buffers what its socket has brought, a socket pair, and a channel. The test plays the
 * worker, so it chooses the order and the pieces in which bytes come. */

#include "icd/calls.h"
#include "icd/channel.h"
#include "icd/completion.h"
#include "icd/connection.h"
#include "icd/table.h"
#include "icd/transport/transport.h"
#include "protocol/encoder.h"
#include "protocol/frame.h"
#include "protocol/hello.h"
#include "protocol/socket.h"
#include "tests/check.h"
#include "tests/unit/fake_transport.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* No command is tried here, so the handshake compares none. */
const struct icd_entry_point icd_entry_points[1];
const uint32_t icd_entry_point_count = 0;

/* Any call of ours: the test gives its replies their bodies. */
#define OP TONGS_OP_tongsSync

#define THREADS 4u

/* --- What the worker says --- */

static void
put_hello(struct tongs_encoder *e)
{
   tongs_hello_encode(e, false, NULL);
}

/* The reply's body is the one number. */
static void
put_reply(struct tongs_encoder *e, uint16_t op, uint32_t tag, uint32_t number, uint16_t flags)
{
   size_t offset = tongs_encode_op_begin(e, op, TONGS_OP_FLAG_REPLY | flags);
   tongs_encode_u32(e, tag);
   tongs_encode_u32(e, number);
   tongs_encode_op_end(e, offset);
}

static void
put_header(struct tongs_encoder *e, uint16_t op, uint16_t flags, uint32_t size)
{
   const struct tongs_op_header header = {.op = op, .flags = flags, .size = size};
   tongs_encode_fixed(e, &header, sizeof(header));
}

/* --- Connections over it --- */

static struct icd_connection *
connect_over(struct icd_transport *t)
{
   char why[256] = "";
   struct icd_connection *c = icd_connection_create_over(t, why, sizeof(why));

   CHECK_STRING(why, "");
   REQUIRE(c);
   return c;
}

static struct icd_connection *
connect_memory(struct memory_transport *m, size_t segment)
{
   memory_init(m, segment);
   return connect_over(&m->base);
}

static void
disconnect_memory(struct icd_connection *c, struct memory_transport *m)
{
   icd_connection_destroy(c);
   CHECK(m->closed);
   memory_finish(m);
}

static void
begin(struct icd_connection *c, struct icd_pending_call *call)
{
   size_t offset;

   icd_own_call_begin(c, call, OP, &offset);
   icd_own_call_end(c, call, offset);
}

/* The reply's number; -1: the connection was lost. */
static int64_t
finish(struct icd_connection *c, struct icd_pending_call *call)
{
   uint32_t number;
   size_t size;
   const uint8_t *body = icd_own_call_reply(c, call, &size);

   if (!body)
      return -1;
   CHECK(size >= sizeof(number));
   memcpy(&number, body, sizeof(number));
   free(call->reply);
   return number;
}

static enum icd_connection_state
state_of(const struct icd_connection *c)
{
   return atomic_load(&c->state);
}

/* --- Replies --- */

static void
a_handshake_and_a_call_need_no_file(void)
{
   struct memory_transport m;
   struct icd_connection *c = connect_memory(&m, SIZE_MAX);
   struct icd_pending_call call;

   CHECK_EQUAL(state_of(c), ICD_CONNECTION_OPEN);
   begin(c, &call);
   put_reply(&m.out, OP, call.tag, 7, 0);
   CHECK_EQUAL(finish(c, &call), 7);
   CHECK_EQUAL(m.call_count, 1);
   CHECK_EQUAL(m.calls[0].op, OP);
   CHECK_EQUAL(m.calls[0].tag, call.tag);
   disconnect_memory(c, &m);
}

static void
replies_may_come_out_of_order(void)
{
   struct memory_transport m;
   struct icd_connection *c = connect_memory(&m, SIZE_MAX);
   struct icd_pending_call calls[5];

   for (unsigned i = 0; i < 5; i++)
      begin(c, &calls[i]);
   for (unsigned i = 0; i < 5; i++) {
      unsigned which = (2 + 3 * i) % 5;
      put_reply(&m.out, OP, calls[which].tag, which, 0);
   }
   for (unsigned i = 0; i < 5; i++)
      CHECK_EQUAL(finish(c, &calls[i]), i);
   CHECK(tongs_list_is_empty(&c->calls));
   disconnect_memory(c, &m);
}

static void
bytes_may_come_one_by_one(void)
{
   struct memory_transport m;
   struct icd_connection *c = connect_memory(&m, 1);
   struct icd_pending_call calls[2];

   begin(c, &calls[0]);
   begin(c, &calls[1]);
   put_reply(&m.out, OP, calls[0].tag, 10, 0);
   put_reply(&m.out, OP, calls[1].tag, 11, 0);
   CHECK_EQUAL(finish(c, &calls[0]), 10);
   CHECK_EQUAL(finish(c, &calls[1]), 11);
   disconnect_memory(c, &m);
}

static void
an_event_may_come_between_replies(void)
{
   struct memory_transport m;
   struct icd_connection *c = connect_memory(&m, SIZE_MAX);
   struct icd_pending_call calls[2];

   begin(c, &calls[0]);
   begin(c, &calls[1]);
   put_reply(&m.out, OP, calls[0].tag, 10, 0);
   put_header(&m.out, TONGS_OP_COUNT + 1, TONGS_OP_FLAG_EVENT, 16); /* of a later version */
   tongs_encode_u64(&m.out, 0);
   put_header(&m.out, TONGS_OP_tongsCompletion, TONGS_OP_FLAG_EVENT, 24);
   tongs_encode_u32(&m.out, 3); /* the slot */
   tongs_encode_u32(&m.out, 0);
   tongs_encode_u64(&m.out, 41);
   put_reply(&m.out, OP, calls[1].tag, 11, 0);
   CHECK_EQUAL(finish(c, &calls[1]), 11);
   CHECK_EQUAL(finish(c, &calls[0]), 10);
   CHECK(icd_is_complete(c, 3, 41));
   CHECK(!icd_is_complete(c, 3, 42));
   disconnect_memory(c, &m);
}

/* --- What ends a connection --- */

/* Lets the worker answer one call with the bytes in `m->out`, and expects the end. */
static void
expect_loss(struct icd_connection *c, struct memory_transport *m, struct icd_pending_call *call)
{
   CHECK_EQUAL(finish(c, call), -1);
   CHECK_EQUAL(state_of(c), ICD_CONNECTION_LOST);
   CHECK(m->ended);
   CHECK(tongs_list_is_empty(&c->calls));
   disconnect_memory(c, m);
}

static void
a_reply_to_nobody_ends_the_connection(void)
{
   struct memory_transport m;
   struct icd_pending_call call;

   struct icd_connection *c = connect_memory(&m, SIZE_MAX);
   begin(c, &call);
   put_reply(&m.out, OP, call.tag + 1, 7, 0);
   expect_loss(c, &m, &call);

   c = connect_memory(&m, SIZE_MAX);
   begin(c, &call);
   put_reply(&m.out, OP + 1, call.tag, 7, 0);
   expect_loss(c, &m, &call);
}

static void
a_second_reply_ends_the_connection(void)
{
   struct memory_transport m;
   struct icd_connection *c = connect_memory(&m, SIZE_MAX);
   struct icd_pending_call call;

   begin(c, &call);
   put_reply(&m.out, OP, call.tag, 7, 0);
   put_reply(&m.out, OP, call.tag, 8, 0);
   CHECK_EQUAL(finish(c, &call), 7); /* the first one counts */
   CHECK_EQUAL(state_of(c), ICD_CONNECTION_LOST);
   disconnect_memory(c, &m);
}

static void
an_op_of_an_impossible_size_ends_the_connection(void)
{
   static const uint32_t sizes[] = {0, 4, 20, TONGS_OP_SIZE_MAX + 8, UINT32_MAX - 7};
   struct memory_transport m;
   struct icd_pending_call call;

   for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
      struct icd_connection *c = connect_memory(&m, SIZE_MAX);
      begin(c, &call);
      put_header(&m.out, OP, TONGS_OP_FLAG_REPLY, sizes[i]);
      tongs_encode_u64(&m.out, call.tag);
      expect_loss(c, &m, &call);
   }
}

static void
a_reply_without_room_for_a_tag_ends_the_connection(void)
{
   struct memory_transport m;
   struct icd_connection *c = connect_memory(&m, SIZE_MAX);
   struct icd_pending_call call;

   begin(c, &call);
   put_header(&m.out, OP, TONGS_OP_FLAG_REPLY, sizeof(struct tongs_op_header));
   expect_loss(c, &m, &call);
}

static void
an_end_within_a_reply_ends_the_connection(void)
{
   struct tongs_encoder reply;
   struct memory_transport m;
   struct icd_pending_call call;

   for (size_t size = 0; size < 16; size += 4) {
      struct icd_connection *c = connect_memory(&m, SIZE_MAX);
      begin(c, &call);
      icd_flush(c);
      tongs_encoder_init(&reply);
      put_reply(&reply, OP, call.tag, 7, 0);
      REQUIRE(tongs_encoder_size(&reply) == 16);
      tongs_encode_fixed(&m.out, reply.base, size);
      m.base.ops->shutdown(&m.base);
      expect_loss(c, &m, &call);
      tongs_encoder_finish(&reply);
   }
}

static void
an_unasked_descriptor_ends_the_connection(void)
{
   struct memory_transport m;
   struct icd_connection *c = connect_memory(&m, SIZE_MAX);
   struct icd_pending_call call;

   begin(c, &call);
   put_reply(&m.out, OP, call.tag, 7, TONGS_OP_FLAG_FD);
   expect_loss(c, &m, &call);
}

static void
a_silent_worker_is_given_up_after_the_time_for_replies(void)
{
   struct memory_transport m;
   struct icd_connection *c = connect_memory(&m, SIZE_MAX);
   struct icd_pending_call call;

   c->setup_ns = 1000000;
   icd_connection_begin_setup(c);
   begin(c, &call);
   expect_loss(c, &m, &call);
}

static void
a_post_after_the_loss_does_nothing_and_a_call_fails(void)
{
   struct memory_transport m;
   struct icd_connection *c = connect_memory(&m, SIZE_MAX);
   struct icd_pending_call call;

   icd_connection_use(c);
   CHECK_EQUAL(state_of(c), ICD_CONNECTION_IN_USE);
   icd_connection_lose(c); /* prints that */
   CHECK_EQUAL(state_of(c), ICD_CONNECTION_LOST);
   begin(c, &call);
   CHECK_EQUAL(finish(c, &call), -1);
   CHECK_EQUAL(m.call_count, 0);
   icd_connection_lose(c);
   CHECK_EQUAL(state_of(c), ICD_CONNECTION_LOST);
   disconnect_memory(c, &m);
}

static void
a_forks_child_inherits_nothing_but_the_loss(void)
{
   struct memory_transport m;
   struct icd_connection *c = connect_memory(&m, SIZE_MAX);
   struct icd_pending_call call;
   int status;

   pid_t pid = fork();
   REQUIRE(pid >= 0);
   if (pid == 0) {
      begin(c, &call);
      _exit(finish(c, &call) == -1 && state_of(c) == ICD_CONNECTION_INHERITED && !m.ended &&
                  !m.call_count
               ? 0
               : 1);
   }
   REQUIRE(waitpid(pid, &status, 0) == pid);
   CHECK_EQUAL(status, 0);
   begin(c, &call);
   put_reply(&m.out, OP, call.tag, 7, 0);
   CHECK_EQUAL(finish(c, &call), 7);
   disconnect_memory(c, &m);
}

/* --- Several threads --- */

struct caller {
   struct icd_connection *c;
   int64_t number;
   uint32_t tag;
};

static void *
call_once(void *data)
{
   struct caller *caller = data;
   struct icd_pending_call call;

   begin(caller->c, &call);
   caller->tag = call.tag;
   caller->number = finish(caller->c, &call);
   return NULL;
}

static void
start_callers(pthread_t *threads, struct caller *callers, struct icd_connection *c)
{
   for (unsigned i = 0; i < THREADS; i++) {
      callers[i] = (struct caller){.c = c};
      REQUIRE(pthread_create(&threads[i], NULL, call_once, &callers[i]) == 0);
   }
}

static void
join_callers(const pthread_t *threads)
{
   for (unsigned i = 0; i < THREADS; i++)
      pthread_join(threads[i], NULL);
}

/* Until all calls have come and a thread receives. */
static void
wait_for_callers_locked(struct memory_transport *m)
{
   while (m->call_count < THREADS || !m->receivers)
      pthread_cond_wait(&m->changed, &m->lock);
}

static void
one_thread_receives_for_all(void)
{
   struct memory_transport m;
   struct icd_connection *c = connect_memory(&m, SIZE_MAX);
   struct caller callers[THREADS];
   pthread_t threads[THREADS];

   start_callers(threads, callers, c);
   pthread_mutex_lock(&m.lock);
   wait_for_callers_locked(&m);
   for (unsigned i = THREADS; i-- > 0;) {
      put_reply(&m.out, OP, m.calls[i].tag, 100 + m.calls[i].tag, 0);
      pthread_cond_broadcast(&m.changed);
   }
   pthread_mutex_unlock(&m.lock);
   join_callers(threads);
   for (unsigned i = 0; i < THREADS; i++)
      CHECK_EQUAL(callers[i].number, 100 + callers[i].tag);
   CHECK_EQUAL(m.receivers_max, 1);
   disconnect_memory(c, &m);
}

static void
a_loss_wakes_every_thread_that_waits(void)
{
   struct memory_transport m;
   struct icd_connection *c = connect_memory(&m, SIZE_MAX);
   struct caller callers[THREADS];
   pthread_t threads[THREADS];

   start_callers(threads, callers, c);
   pthread_mutex_lock(&m.lock);
   wait_for_callers_locked(&m);
   pthread_mutex_unlock(&m.lock);
   icd_connection_lose(c);
   join_callers(threads);
   for (unsigned i = 0; i < THREADS; i++)
      CHECK_EQUAL(callers[i].number, -1);
   CHECK_EQUAL(state_of(c), ICD_CONNECTION_LOST);
   disconnect_memory(c, &m);
}

/* --- A transport that buffers --- */

/* Writes bytes into the worker's end of a socket pair, which holds them. `fd`: goes along; -1:
 * none.
 */
static void
say(int worker, struct tongs_encoder *e, int fd)
{
   struct iovec iov = {.iov_base = e->base, .iov_len = tongs_encoder_size(e)};

   REQUIRE(!e->failed);
   REQUIRE(tongs_socket_send_all(worker, &iov, 1, &fd, fd >= 0 ? 1 : 0) == 0);
   tongs_encoder_reset(e);
}

static void
bytes_that_a_transport_has_buffered_are_received(void)
{
   struct buffering_transport b;
   struct icd_pending_call calls[2];
   struct tongs_encoder e;
   int fds[2];

   REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
   buffering_init(&b, fds[0]);
   tongs_encoder_init(&e);
   put_hello(&e);
   put_reply(&e, OP, 1, 10, 0); /* tags count from 1 */
   put_reply(&e, OP, 2, 11, 0);
   say(fds[1], &e, -1); /* in one piece: the handshake's first receive takes it all */
   struct icd_connection *c = connect_over(&b.base);
   CHECK(!is_readable(b.fd, 0));
   CHECK(b.at < b.size);
   begin(c, &calls[0]);
   begin(c, &calls[1]);
   CHECK_EQUAL(finish(c, &calls[0]), 10);
   CHECK_EQUAL(finish(c, &calls[1]), 11);
   CHECK(b.hidden >= 2);
   CHECK_EQUAL(b.at, b.size);
   icd_connection_destroy(c);
   tongs_encoder_finish(&e);
   close(fds[1]);
}

/* --- Descriptors --- */

static bool
is_same_file(int a, int b)
{
   struct stat x, y;

   return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static struct icd_connection *
connect_socket(uint32_t capabilities, int *worker)
{
   struct tongs_encoder e;
   int fds[2];

   REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
   *worker = fds[1];
   tongs_encoder_init(&e);
   put_hello(&e);
   if (capabilities & ICD_TRANSPORT_SHARES_MEMORY) {
      put_reply(&e, TONGS_OP_tongsChannel, 1, 0, 0);
   }
   say(*worker, &e, -1);
   tongs_encoder_finish(&e);
   struct icd_transport *t = icd_transport_from_socket(fds[0], "test", capabilities);
   REQUIRE(t);
   return connect_over(t);
}

static void
a_reply_brings_its_descriptor(void)
{
   struct icd_pending_call calls[2];
   struct tongs_encoder e;
   size_t offset;
   int worker;
   struct icd_connection *c = connect_socket(ICD_TRANSPORT_PASSES_FDS, &worker);
   int sent = open("/dev/null", O_RDONLY | O_CLOEXEC);

   tongs_encoder_init(&e);
   begin(c, &calls[0]);
   icd_own_call_begin(c, &calls[1], OP, &offset);
   calls[1].wants_fd = true;
   icd_own_call_end(c, &calls[1], offset);
   put_reply(&e, OP, calls[1].tag, 11, TONGS_OP_FLAG_FD);
   say(worker, &e, sent);
   put_reply(&e, OP, calls[0].tag, 10, 0);
   say(worker, &e, -1);
   CHECK_EQUAL(finish(c, &calls[0]), 10);
   CHECK_EQUAL(calls[0].fd, -1);
   CHECK_EQUAL(finish(c, &calls[1]), 11);
   CHECK(calls[1].fd >= 0 && is_same_file(calls[1].fd, sent));
   close(calls[1].fd);
   close(sent);
   icd_connection_destroy(c);
   tongs_encoder_finish(&e);
   close(worker);
}

static void
a_descriptor_that_did_not_come_ends_the_connection(void)
{
   struct icd_pending_call call;
   struct tongs_encoder e;
   size_t offset;
   int worker;
   struct icd_connection *c = connect_socket(ICD_TRANSPORT_PASSES_FDS, &worker);

   tongs_encoder_init(&e);
   icd_own_call_begin(c, &call, OP, &offset);
   call.wants_fd = true;
   icd_own_call_end(c, &call, offset);
   put_reply(&e, OP, call.tag, 11, TONGS_OP_FLAG_FD);
   say(worker, &e, -1);
   CHECK_EQUAL(finish(c, &call), -1);
   CHECK_EQUAL(state_of(c), ICD_CONNECTION_LOST);
   icd_connection_destroy(c);
   tongs_encoder_finish(&e);
   close(worker);
}

/* Receives what the client has sent by the socket, and the descriptor that comes last. */
static int
take_fd(int worker)
{
   uint8_t bytes[4096];
   int fds[TONGS_FDS_MAX];
   size_t count = TONGS_FDS_MAX;

   for (;;) {
      ssize_t n = tongs_socket_recv(worker, bytes, sizeof(bytes), fds, &count);
      REQUIRE(n > 0);
      if (count)
         return fds[0];
      count = TONGS_FDS_MAX;
   }
}

static void
a_channel_carries_ops_and_the_transport_below_their_descriptors(void)
{
   struct tongs_channel rings;
   struct icd_pending_call call;
   struct tongs_encoder e;
   uint8_t op[64];
   size_t offset;
   int worker;
   struct icd_connection *c =
      connect_socket(ICD_TRANSPORT_PASSES_FDS | ICD_TRANSPORT_SHARES_MEMORY, &worker);
   int sent = open("/dev/null", O_RDONLY | O_CLOEXEC);

   REQUIRE(c->channel);
   int memory = take_fd(worker);
   REQUIRE(tongs_channel_map(&rings, memory, TONGS_CHANNEL_OPS_SIZE, TONGS_CHANNEL_REPLIES_SIZE) ==
           0);
   close(memory);

   tongs_encoder_init(&e);
   icd_own_call_begin(c, &call, OP, &offset);
   call.wants_fd = true;
   icd_own_call_end(c, &call, offset);
   icd_flush(c);
   CHECK_EQUAL(tongs_ring_read(&rings.ops, op, sizeof(op)), 16);
   CHECK_EQUAL(tongs_op_header_read(op).op, OP);

   tongs_encode_u8(&e, 0); /* the byte that a descriptor travels with */
   say(worker, &e, sent);
   put_reply(&e, OP, call.tag, 12, TONGS_OP_FLAG_FD);
   CHECK_EQUAL(tongs_ring_write(&rings.replies, e.base, tongs_encoder_size(&e)), 16);
   CHECK_EQUAL(finish(c, &call), 12);
   CHECK(call.fd >= 0 && is_same_file(call.fd, sent));

   put_header(&e, TONGS_OP_tongsHeapCreate, TONGS_OP_FLAG_FD, 8);
   CHECK(icd_send_with_fd(c, e.base, 8, sent));
   int came = take_fd(worker);
   CHECK(is_same_file(came, sent));
   CHECK_EQUAL(tongs_ring_read(&rings.ops, op, sizeof(op)), 8);

   atomic_store(&rings.status->queues[2].completed, 5);
   CHECK(icd_is_complete(c, 2, 5));
   close(came);
   close(call.fd);
   close(sent);
   icd_connection_destroy(c);
   tongs_channel_finish(&rings);
   tongs_encoder_finish(&e);
   close(worker);
}

int
main(void)
{
   unsetenv("TONGS_DEBUG");
   check_run(a_handshake_and_a_call_need_no_file);
   check_run(replies_may_come_out_of_order);
   check_run(bytes_may_come_one_by_one);
   check_run(an_event_may_come_between_replies);
   check_run(a_reply_to_nobody_ends_the_connection);
   check_run(a_second_reply_ends_the_connection);
   check_run(an_op_of_an_impossible_size_ends_the_connection);
   check_run(a_reply_without_room_for_a_tag_ends_the_connection);
   check_run(an_end_within_a_reply_ends_the_connection);
   check_run(an_unasked_descriptor_ends_the_connection);
   check_run(a_silent_worker_is_given_up_after_the_time_for_replies);
   check_run(a_post_after_the_loss_does_nothing_and_a_call_fails);
   check_run(a_forks_child_inherits_nothing_but_the_loss);
   check_run(one_thread_receives_for_all);
   check_run(a_loss_wakes_every_thread_that_waits);
   check_run(bytes_that_a_transport_has_buffered_are_received);
   check_run(a_reply_brings_its_descriptor);
   check_run(a_descriptor_that_did_not_come_ends_the_connection);
   check_run(a_channel_carries_ops_and_the_transport_below_their_descriptors);
   return check_end();
}
