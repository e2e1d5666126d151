/* SPDX-License-Identifier: MIT */
#include "icd/connection.h"

#include "icd/connect.h"
#include "icd/debug.h"
#include "icd/virtgpu.h"
#include "protocol/args.h"
#include "protocol/clock.h"
#include "protocol/decoder.h"
#include "protocol/frame.h"
#include "protocol/socket.h"

#include "tongs_gen_types.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Posts wait for company up to this many bytes: on a socket for the sake of system calls; for a
 * ring no more than lies, twice, in the cache nearest to the core. */
#define FLUSH_SIZE ((size_t)32 * 1024)
#define RING_FLUSH_SIZE ((size_t)8 * 1024)
#define RECEIVE_SIZE ((size_t)64 * 1024)

/* What TONGS_DEBUG=stats counts. */
struct icd_stats {
   atomic_ullong posts[TONGS_OP_COUNT];
   atomic_ullong calls[TONGS_OP_COUNT];
   atomic_ullong sends;
   atomic_ullong wakes;
   atomic_ullong bytes_sent;
   atomic_ullong bytes_received;
};

static void
print_stats(const struct icd_connection *c)
{
   unsigned long long posts = 0, calls = 0;

   for (uint32_t op = 0; op < TONGS_OP_COUNT; op++) {
      posts += c->stats->posts[op];
      calls += c->stats->calls[op];
   }
   fprintf(
      stderr,
      "tongs: stats: ops %llu, round trips %llu, sends %llu, wakes %llu, bytes sent %llu, bytes received %llu\n",
      posts + calls, calls, c->stats->sends, c->stats->wakes, c->stats->bytes_sent,
      c->stats->bytes_received);
   for (uint32_t op = 0; op < TONGS_OP_COUNT; op++) {
      unsigned long long n = c->stats->posts[op] + c->stats->calls[op];
      if (!n)
         continue;
      fprintf(stderr, "tongs: stats: %8llu ops %8llu round trips  %s\n", n, c->stats->calls[op],
              tongs_ops[op].name ? tongs_ops[op].name : "(Tongs' own)");
   }
}

/* --- The channel --- */

/* Nobody sleeps for longer without asking whether the worker lives, nanoseconds. */
#define SLEEP_NS INT64_C(100000000)

static void
ring_bell(void *data, _Atomic uint32_t *word)
{
   struct icd_connection *c = data;

   if (c->stats)
      c->stats->wakes++;
   if (c->virtgpu)
      icd_virtgpu_ring(c->virtgpu, word);
   else
      tongs_futex_bell.ring(NULL, word);
}

static void
sleep_on_bell(void *data, _Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
   struct icd_connection *c = data;

   if (c->virtgpu)
      icd_virtgpu_sleep(c->virtgpu, word, value, timeout_ns);
   else
      tongs_futex_bell.sleep(NULL, word, value, timeout_ns);
}

static bool
has_channel(const struct icd_connection *c)
{
   return c->channel.base != NULL;
}

/* Whether the worker has ended its side of the socket: nothing but that is news there. */
static bool
has_hung_up(const struct icd_connection *c)
{
   struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};

   if (c->virtgpu)
      return icd_virtgpu_has_hung_up(c->virtgpu);
   return poll(&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLHUP | POLLERR);
}

/* Not in a child of fork(): the socket is its parent's too, and what it sent would come in between.
 */
static bool
is_ours(const struct icd_connection *c)
{
   return c->pid == getpid();
}

/* --- Receiving --- */

/* Becomes the one that receives, if there is none. */
static bool
start_receiving(struct icd_connection *c)
{
   pthread_mutex_lock(&c->receive_lock);
   bool started = !c->receiving;
   c->receiving = true;
   pthread_mutex_unlock(&c->receive_lock);
   return started;
}

/* Lets others receive. Whoever comes here first after the connection was lost has read the server's
 * last words, or knows that there are none. */
static void
stop_receiving(struct icd_connection *c)
{
   pthread_mutex_lock(&c->receive_lock);
   bool tell = icd_connection_is_lost(c) && c->in_use && !c->loss_told;
   c->loss_told |= tell;
   c->receiving = false;
   pthread_cond_broadcast(&c->received);
   pthread_mutex_unlock(&c->receive_lock);
   if (!tell)
      return;
   const char *reason = c->messages.reason;
   fprintf(stderr, "tongs: the connection to the server is lost, and with it the device%s%s\n",
           reason[0] ? ": " : "; the server's log says why", reason);
}

/* Bytes, and descriptors for the replies that bring them. */
static ssize_t
receive_from_socket(struct icd_connection *c, void *data, size_t size, bool nonblocking)
{
   struct pollfd p = {.fd = c->fd, .events = POLLIN};
   size_t fd_count = ICD_FDS_MAX - c->fd_count;

   if (c->virtgpu) {
      ssize_t n = icd_virtgpu_recv(c->virtgpu, data, size, nonblocking ? 0 : c->receive_timeout_ms);
      return n || nonblocking ? n : -ETIMEDOUT;
   }
   if (nonblocking && poll(&p, 1, 0) <= 0) /* nobody else reads */
      return 0;
   ssize_t n = tongs_socket_recv(c->fd, data, size, c->fds + c->fd_count, &fd_count);
   c->fd_count += (uint32_t)fd_count;
   return n ? n : -EPIPE;
}

/* Gives the call the descriptor that came for it. False where none came, or none was asked for. */
static bool
deliver_fd(struct icd_connection *c, struct icd_pending_call *call)
{
   uint8_t byte;

   /* The worker sends it before the reply. */
   if (!c->fd_count && has_channel(c) && !c->virtgpu)
      receive_from_socket(c, &byte, sizeof(byte), true);
   if (!c->fd_count || !call->wants_fd)
      return false;
   call->fd = c->fds[0];
   c->fd_count--;
   memmove(c->fds, c->fds + 1, c->fd_count * sizeof(c->fds[0]));
   return true;
}

/* What the status page would say, where there is none. */
static bool
note_completion(struct icd_connection *c, const uint8_t *op, uint32_t size)
{
   struct tongs_decoder d;

   tongs_decoder_init(&d, op, size, NULL);
   d.cur += sizeof(struct tongs_op_header);
   uint32_t slot = tongs_decode_u32(&d);
   uint32_t lost_epoch = tongs_decode_u32(&d);
   uint64_t number = tongs_decode_u64(&d);
   if (d.error || slot > TONGS_STATUS_QUEUES)
      return false;
   if (lost_epoch)
      atomic_store_explicit(&c->status->queues[slot].lost_epoch, lost_epoch, memory_order_release);
   else
      atomic_store_explicit(&c->status->queues[slot].completed, number, memory_order_release);
   return true;
}

/* Hands one whole op to the call that waits for it. False where it is no reply to any. */
static bool
deliver(struct icd_connection *c, const uint8_t *op, uint32_t size)
{
   struct tongs_op_header header = tongs_op_header_read(op);
   uint32_t tag;

   if (header.flags & TONGS_OP_FLAG_EVENT && header.op == TONGS_OP_tongsCompletion)
      return note_completion(c, op, size);
   if (header.flags & TONGS_OP_FLAG_EVENT)
      return icd_messages_receive(&c->messages, op, size);
   if (!(header.flags & TONGS_OP_FLAG_REPLY) || size < sizeof(header) + sizeof(tag))
      return false;
   memcpy(&tag, op + sizeof(header), sizeof(tag));

   for (struct icd_pending_call **link = &c->calls; *link; link = &(*link)->next) {
      struct icd_pending_call *call = *link;
      if (call->tag != tag || call->op != header.op)
         continue;
      uint8_t *copy = malloc(size);
      if (!copy)
         return false;
      if (header.flags & TONGS_OP_FLAG_FD && !deliver_fd(c, call)) {
         free(copy);
         return false;
      }
      call->reply = memcpy(copy, op, size);
      call->done = true;
      *link = call->next;
      return true;
   }
   return false;
}

/* Takes whole ops out of the input. False when the server breaks the protocol. */
static bool
deliver_all_locked(struct icd_connection *c)
{
   size_t at = 0;

   while (c->in_used - at >= sizeof(struct tongs_op_header)) {
      struct tongs_op_header header = tongs_op_header_read(c->in + at);
      if (header.size < TONGS_OP_SIZE_MIN || header.size > TONGS_OP_SIZE_MAX || header.size % 8)
         return false;
      if (header.size > c->in_used - at)
         break;
      if (!deliver(c, c->in + at, header.size))
         return false;
      at += header.size;
   }
   if (at)
      memmove(c->in, c->in + at, c->in_used - at);
   c->in_used -= at;
   if (!c->in_used && c->in_size > 4 * RECEIVE_SIZE) { /* what one huge reply needed */
      free(c->in);
      c->in = NULL;
      c->in_size = 0;
   }
   return true;
}

/* Room for the rest of the op that is coming in, or for a fair read. */
static bool
make_input_room(struct icd_connection *c)
{
   size_t wanted = c->in_used + RECEIVE_SIZE;

   if (c->in_used >= sizeof(struct tongs_op_header)) {
      size_t size = tongs_op_header_read(c->in).size;
      if (size > wanted)
         wanted = size;
   }
   if (wanted <= c->in_size)
      return true;
   uint8_t *in = realloc(c->in, wanted);
   if (!in)
      return false;
   c->in = in;
   c->in_size = wanted;
   return true;
}

static bool
replies_wait(void *data)
{
   return tongs_ring_is_readable(data);
}

/* Reads from the ring; sleeps before, if it may, for a limited time. 0: nothing came. */
static ssize_t
receive_from_ring(struct icd_connection *c, void *data, size_t size, bool nonblocking)
{
   struct tongs_ring *ring = &c->channel.replies;
   ssize_t n = tongs_ring_read(ring, data, size);
   struct tongs_spin_wait w;

   if (n || nonblocking)
      return n;
   if (!tongs_spin(&c->reply_spinner, replies_wait, ring, &w))
      tongs_ring_wait_for_bytes(ring, SLEEP_NS);
   tongs_spinner_note(&c->reply_spinner, &w);
   n = tongs_ring_read(ring, data, size);
   if (n || !has_hung_up(c))
      return n;
   n = tongs_ring_read(ring, data, size); /* its last words */
   return n ? n : -EPIPE;
}

/* Reads once, blocking unless `nonblocking`, and delivers. The caller has entered `receiving`,
 * holds no lock. False where nothing came. */
static bool
receive_once(struct icd_connection *c, bool nonblocking)
{
   ssize_t n = -ENOMEM;

   if (make_input_room(c)) {
      n = (has_channel(c) ? receive_from_ring : receive_from_socket)(
         c, c->in + c->in_used, c->in_size - c->in_used, nonblocking);
      if (!n)
         return false;
   }
   bool good = n > 0;
   if (good && c->stats)
      c->stats->bytes_received += (unsigned long long)n;
   pthread_mutex_lock(&c->receive_lock);
   if (good) {
      c->in_used += (size_t)n;
      good = deliver_all_locked(c);
   }
   pthread_cond_broadcast(&c->received);
   pthread_mutex_unlock(&c->receive_lock);
   if (!good)
      icd_connection_lose(c);
   return good;
}

/* How often a server that is lost is read for its last words. */
#define LAST_READS 64

void
icd_connection_lose(struct icd_connection *c)
{
   if (atomic_exchange_explicit(&c->lost, true, memory_order_acq_rel))
      return;
   if (is_ours(c) && c->virtgpu)
      icd_virtgpu_shutdown(c->virtgpu);
   else if (is_ours(c))
      shutdown(c->fd, SHUT_RDWR);
   if (has_channel(c)) {
      tongs_futex_bell.ring(NULL, &c->channel.replies.words->consumer_sleeps);
      tongs_futex_bell.ring(NULL, &c->status->events);
   }
   if (start_receiving(c)) {
      for (int i = 0; is_ours(c) && i < LAST_READS && receive_once(c, true); i++)
         ;
      stop_receiving(c);
   }
   pthread_mutex_lock(&c->receive_lock);
   pthread_cond_broadcast(&c->received);
   pthread_mutex_unlock(&c->receive_lock);
}

/* Takes in what the server has sent unasked. */
static void
receive_messages(struct icd_connection *c)
{
   if (atomic_load_explicit(&c->messages.expected, memory_order_relaxed) && is_ours(c) &&
       !icd_connection_is_lost(c) && start_receiving(c)) {
      receive_once(c, true);
      stop_receiving(c);
   }
   icd_messages_tell(&c->messages);
}

static bool
is_answered(void *data)
{
   return ((struct icd_pending_call *)data)->done;
}

/* What a thread that receives for all sleeps before it asks whether another thread has done what it
 * waits for. */
#define TELL_MS 10

static bool
has_bytes(struct icd_connection *c, int64_t deadline)
{
   struct pollfd p = {.fd = c->fd, .events = POLLIN};
   int64_t left = (deadline - tongs_now_ns()) / 1000000 + 1;
   int timeout = left < 0 ? 0 : left < TELL_MS ? (int)left : TELL_MS;

   if (c->virtgpu)
      return icd_virtgpu_has_bytes(c->virtgpu, timeout);
   return poll(&p, 1, timeout) > 0;
}

/* Waits, as another thread is receiving, until it has. */
static void
follow_locked(struct icd_connection *c, int64_t deadline)
{
   struct timespec t = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};

   if (deadline == INT64_MAX)
      pthread_cond_wait(&c->received, &c->receive_lock);
   else
      pthread_cond_timedwait(&c->received, &c->receive_lock, &t);
}

/* What comes on a socket is its owner's: a fork's child has nothing to receive. */
static void
leave_to_parent(struct icd_connection *c)
{
   if (!has_channel(c) && !is_ours(c))
      icd_connection_lose(c);
}

bool
icd_receive_until(struct icd_connection *c, bool (*done)(void *data), void *data, int64_t deadline)
{
   bool is_done;

   leave_to_parent(c);
   pthread_mutex_lock(&c->receive_lock);
   while (!(is_done = done(data)) && !icd_connection_is_lost(c) &&
          (deadline == INT64_MAX || tongs_now_ns() < deadline)) {
      if (c->receiving) {
         follow_locked(c, deadline);
         continue;
      }
      c->receiving = true;
      pthread_mutex_unlock(&c->receive_lock);
      if (has_channel(c) || done == is_answered || has_bytes(c, deadline))
         receive_once(c, false);
      stop_receiving(c);
      pthread_mutex_lock(&c->receive_lock);
   }
   pthread_mutex_unlock(&c->receive_lock);
   return is_done;
}

void
icd_receive_pending(struct icd_connection *c)
{
   leave_to_parent(c);
   if (icd_connection_is_lost(c) || !start_receiving(c))
      return;
   receive_once(c, true);
   stop_receiving(c);
}

/* Waits until the call is done or the connection lost. */
static void
wait_for(struct icd_connection *c, struct icd_pending_call *call)
{
   icd_receive_until(c, is_answered, call, INT64_MAX);
   pthread_mutex_lock(&c->receive_lock);
   for (struct icd_pending_call **link = &c->calls; *link; link = &(*link)->next) {
      if (*link == call) {
         *link = call->next;
         break;
      }
   }
   pthread_mutex_unlock(&c->receive_lock);
}

/* --- Sending --- */

/* How old the last answer to whether the worker lives may be, milliseconds. */
#define LOOK_MS 10

/* What a sender sleeps while others may have to be served, nanoseconds. */
#define ROOM_NS INT64_C(5000000)

static void
wait_for_room(struct icd_connection *c)
{
   tongs_ring_wait_for_room(&c->channel.ops, ROOM_NS);
   if (has_hung_up(c))
      icd_connection_lose(c);
}

/* Waits until more bytes can be sent. Replies that come meanwhile are read, so that the worker,
 * which may be stuck on sending them, goes on. */
static void
wait_writable(struct icd_connection *c)
{
   struct pollfd p = {.fd = c->fd, .events = POLLOUT | POLLIN};

   bool receive = start_receiving(c);
   if (!receive)
      p.events = POLLOUT;

   if (has_channel(c))
      wait_for_room(c);
   else if (c->virtgpu)
      icd_virtgpu_wait(c->virtgpu, 1000);
   else
      poll(&p, 1, 1000);
   if (receive) {
      if (has_channel(c) || c->virtgpu || p.revents & POLLIN)
         receive_once(c, true);
      stop_receiving(c);
   }
}

/* Sends what can be sent now. 0: nothing can; negative: nothing ever will. */
static ssize_t
send_some(struct icd_connection *c, const uint8_t *data, size_t size)
{
   ssize_t n;

   if (has_channel(c))
      return tongs_ring_write(&c->channel.ops, data, size);
   if (c->virtgpu)
      return icd_virtgpu_send(c->virtgpu, data, size, NULL);
   do {
      n = send(c->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
   } while (n < 0 && errno == EINTR);
   if (n < 0)
      return errno == EAGAIN || errno == ENOBUFS ? 0 : -errno;
   return n;
}

static void
send_bytes_locked(struct icd_connection *c, const uint8_t *data, size_t size)
{
   if (c->stats) {
      c->stats->sends++;
      c->stats->bytes_sent += size;
   }
   if (!is_ours(c))
      icd_connection_lose(c);
   while (size && !icd_connection_is_lost(c)) {
      ssize_t n = send_some(c, data, size);
      if (n > 0) {
         data += n;
         size -= (size_t)n;
      } else if (!n) {
         wait_writable(c);
      } else {
         icd_connection_lose(c);
      }
   }
}

void
icd_connection_check_alive(struct icd_connection *c)
{
   struct timespec t;

   clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
   int64_t now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
   int64_t before = atomic_load_explicit(&c->looked_ms, memory_order_relaxed);
   if (now - before < LOOK_MS)
      return;
   atomic_store_explicit(&c->looked_ms, now, memory_order_relaxed);
   if (has_channel(c) && is_ours(c) && has_hung_up(c))
      icd_connection_lose(c);
}

static size_t
flush_size(const struct icd_connection *c)
{
   return has_channel(c) ? RING_FLUSH_SIZE : FLUSH_SIZE;
}

static void
flush_locked(struct icd_connection *c)
{
   atomic_store_explicit(&c->unsent, false, memory_order_relaxed);
   icd_connection_check_alive(c);
   if (tongs_encoder_size(&c->stream))
      send_bytes_locked(c, c->stream.base, tongs_encoder_size(&c->stream));
   tongs_encoder_trim(&c->stream, 4 * FLUSH_SIZE);
   c->expected = c->update_tail = 0;
}

void
icd_flush(struct icd_connection *c)
{
   pthread_mutex_lock(&c->stream_lock);
   flush_locked(c);
   pthread_mutex_unlock(&c->stream_lock);
   receive_messages(c);
}

struct tongs_encoder *
icd_op_begin(struct icd_connection *c, uint16_t op, uint16_t flags, size_t *offset)
{
   pthread_mutex_lock(&c->stream_lock);
   *offset = tongs_encode_op_begin(&c->stream, op, flags);
   return &c->stream;
}

void
icd_stream_grown(struct icd_connection *c)
{
   size_t size = tongs_encoder_size(&c->stream);

   if (has_channel(c))
      tongs_ring_expect(&c->channel.ops, c->expected, size);
   c->expected = size;
   if (size >= flush_size(c))
      flush_locked(c);
   else
      atomic_store_explicit(&c->unsent, true, memory_order_relaxed);
   pthread_mutex_unlock(&c->stream_lock);
}

bool
icd_op_end(struct icd_connection *c, size_t offset)
{
   bool ok = tongs_encode_op_end(&c->stream, offset);

   icd_stream_grown(c);
   return ok;
}

/* Waits until the worker has carried out everything, and asks how the last post went. */
static VkResult
synchronise(struct icd_connection *c, uint32_t op)
{
   struct icd_pending_call call;
   size_t offset, size;
   int32_t result = tongs_ops[op].lost;

   icd_own_call_begin(c, &call, TONGS_OP_tongsSync, &offset);
   const uint8_t *body = icd_own_call_wait(c, &call, offset, &size);
   if (body && size >= sizeof(result))
      memcpy(&result, body, sizeof(result));
   free(call.reply);
   return result;
}

VkResult
icd_post(struct icd_connection *c, uint32_t op, const void *args)
{
   size_t offset;

   if (icd_connection_is_lost(c))
      return tongs_ops[op].lost;
   struct tongs_encoder *e = icd_op_begin(c, (uint16_t)op, 0, &offset);
   tongs_ops[op].encode(e, args);
   return icd_post_end(c, op, offset);
}

VkResult
icd_post_end(struct icd_connection *c, uint32_t op, size_t offset)
{
   if (c->stats)
      c->stats->posts[op]++;
   if (!icd_op_end(c, offset))
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   return c->debug & ICD_DEBUG_SYNC ? synchronise(c, op) : VK_SUCCESS;
}

static void
register_call(struct icd_connection *c, struct icd_pending_call *call, uint32_t op, void *args,
              bool wants_fd)
{
   *call = (struct icd_pending_call){.op = op, .args = args, .wants_fd = wants_fd, .fd = -1};
   pthread_mutex_lock(&c->receive_lock);
   if (c->stats)
      c->stats->calls[op]++;
   call->tag = ++c->next_tag;
   call->next = c->calls;
   c->calls = call;
   pthread_mutex_unlock(&c->receive_lock);
}

/* A call that cannot be sent is over. */
static void
give_up_call(struct icd_connection *c, struct icd_pending_call *call)
{
   pthread_mutex_lock(&c->receive_lock);
   call->done = true;
   pthread_mutex_unlock(&c->receive_lock);
}

static void
encode_call(struct icd_connection *c, struct icd_pending_call *call)
{
   size_t offset;
   struct tongs_encoder *e = icd_op_begin(c, (uint16_t)call->op, TONGS_OP_FLAG_CALL, &offset);

   tongs_encode_u32(e, call->tag);
   tongs_ops[call->op].encode(e, call->args);
   if (!icd_op_end(c, offset))
      give_up_call(c, call);
}

void
icd_call_begin(struct icd_connection *c, struct icd_pending_call *call, uint32_t op, void *args)
{
   register_call(c, call, op, args, false);
   encode_call(c, call);
}

/* Reads the reply into the arguments. An empty one reads as zeros. */
static bool
read_reply(struct icd_pending_call *call)
{
   const size_t head = sizeof(struct tongs_op_header) + sizeof(call->tag);
   struct tongs_decoder d;

   if (!call->reply) {
      tongs_decoder_init(&d, NULL, 0, NULL);
      tongs_decoder_fail(&d, TONGS_DECODE_SHORT);
   } else {
      tongs_decoder_init(&d, call->reply, tongs_op_header_read(call->reply).size, NULL);
      d.cur += head;
   }
   tongs_ops[call->op].decode_reply(&d, call->args);
   tongs_decoder_expect_end(&d);
   return d.error == TONGS_DECODE_OK;
}

VkResult
icd_call_finish(struct icd_connection *c, struct icd_pending_call *call)
{
   const struct tongs_op_info *info = &tongs_ops[call->op];
   VkResult *ret =
      info->returns_result ? (VkResult *)((uint8_t *)call->args + info->ret_offset) : NULL;

   icd_flush(c);
   wait_for(c, call);
   bool answered = call->reply != NULL;
   bool ok = read_reply(call);
   free(call->reply);
   call->reply = NULL;
   if (answered && !ok)
      icd_connection_lose(c);
   icd_messages_tell(&c->messages);
   if (!ok && ret)
      *ret = icd_connection_is_lost(c) ? info->lost : VK_ERROR_OUT_OF_HOST_MEMORY;
   return ret ? *ret : VK_SUCCESS;
}

VkResult
icd_call(struct icd_connection *c, uint32_t op, void *args)
{
   struct icd_pending_call call;

   icd_call_begin(c, &call, op, args);
   return icd_call_finish(c, &call);
}

static void
send_call_with_fd(struct icd_connection *c, struct icd_pending_call *call, int fd)
{
   struct tongs_encoder e;

   tongs_encoder_init(&e);
   e.peer_structs = c->stream.peer_structs;
   size_t offset =
      tongs_encode_op_begin(&e, (uint16_t)call->op, TONGS_OP_FLAG_CALL | TONGS_OP_FLAG_FD);
   tongs_encode_u32(&e, call->tag);
   tongs_ops[call->op].encode(&e, call->args);
   if (!tongs_encode_op_end(&e, offset) || !icd_send_with_fd(c, e.base, tongs_encoder_size(&e), fd))
      give_up_call(c, call);
   tongs_encoder_finish(&e);
}

VkResult
icd_call_with_fds(struct icd_connection *c, uint32_t op, void *args, int sent, int *received)
{
   struct icd_pending_call call;

   register_call(c, &call, op, args, received != NULL);
   if (sent >= 0)
      send_call_with_fd(c, &call, sent);
   else
      encode_call(c, &call);
   VkResult result = icd_call_finish(c, &call);
   if (received)
      *received = call.fd;
   return result;
}

struct tongs_encoder *
icd_own_call_begin(struct icd_connection *c, struct icd_pending_call *call, uint16_t op,
                   size_t *offset)
{
   register_call(c, call, op, NULL, false);
   struct tongs_encoder *e = icd_op_begin(c, op, TONGS_OP_FLAG_CALL, offset);
   tongs_encode_u32(e, call->tag);
   return e;
}

void
icd_own_call_end(struct icd_connection *c, struct icd_pending_call *call, size_t offset)
{
   if (!icd_op_end(c, offset))
      give_up_call(c, call);
}

const uint8_t *
icd_own_call_wait(struct icd_connection *c, struct icd_pending_call *call, size_t offset,
                  size_t *size)
{
   icd_own_call_end(c, call, offset);
   return icd_own_call_reply(c, call, size);
}

const uint8_t *
icd_own_call_reply(struct icd_connection *c, struct icd_pending_call *call, size_t *size)
{
   const size_t head = sizeof(struct tongs_op_header) + sizeof(call->tag);

   icd_flush(c);
   wait_for(c, call);
   icd_messages_tell(&c->messages);
   if (!call->reply)
      return NULL;
   *size = tongs_op_header_read(call->reply).size - head;
   return call->reply + head;
}

bool
icd_append(struct icd_connection *c, const struct tongs_encoder *e)
{
   size_t size = tongs_encoder_size(e);

   pthread_mutex_lock(&c->stream_lock);
   if (size >= flush_size(c)) {
      flush_locked(c);
      send_bytes_locked(c, e->base, size);
      pthread_mutex_unlock(&c->stream_lock);
      return true;
   }
   bool ok = tongs_encoder_reserve(&c->stream, size);
   if (ok)
      tongs_encode_fixed(&c->stream, e->base, size);
   c->stream.failed = false;
   if (tongs_encoder_size(&c->stream) >= flush_size(c))
      flush_locked(c);
   else
      atomic_store_explicit(&c->unsent, true, memory_order_relaxed);
   pthread_mutex_unlock(&c->stream_lock);
   return ok;
}

static bool
is_writable(const struct icd_connection *c)
{
   struct pollfd p = {.fd = c->fd, .events = POLLOUT};
   return poll(&p, 1, 0) > 0;
}

bool
icd_send_with_pages(struct icd_connection *c, const void *op, size_t size,
                    const struct icd_virtgpu_pages *pages)
{
   size_t first = has_channel(c) ? 1 : size; /* as with a descriptor */
   ssize_t n = 0;

   pthread_mutex_lock(&c->stream_lock);
   flush_locked(c);
   if (!is_ours(c))
      icd_connection_lose(c);
   while (!icd_connection_is_lost(c) && !n) {
      n = icd_virtgpu_send(c->virtgpu, op, first, pages);
      if (!n && has_channel(c))
         icd_virtgpu_wait(c->virtgpu, 100);
      else if (!n)
         wait_writable(c);
   }
   if (n < 0)
      icd_connection_lose(c);
   else if (has_channel(c))
      send_bytes_locked(c, op, size);
   else
      send_bytes_locked(c, (const uint8_t *)op + n, size - (size_t)n);
   pthread_mutex_unlock(&c->stream_lock);
   return !icd_connection_is_lost(c);
}

bool
icd_send_with_fd(struct icd_connection *c, const void *op, size_t size, int fd)
{
   struct iovec iov = {.iov_base = (void *)op, .iov_len = size};

   if (has_channel(c)) /* the socket carries the descriptor, with a byte that nobody looks at */
      iov.iov_len = 1;
   pthread_mutex_lock(&c->stream_lock);
   flush_locked(c);
   if (!is_ours(c))
      icd_connection_lose(c);
   while (!icd_connection_is_lost(c) && !is_writable(c)) /* there is room for a small op then */
      wait_writable(c);
   if (!icd_connection_is_lost(c) && tongs_socket_send_all(c->fd, &iov, 1, &fd, 1) < 0)
      icd_connection_lose(c);
   if (has_channel(c))
      send_bytes_locked(c, op, size);
   pthread_mutex_unlock(&c->stream_lock);
   return !icd_connection_is_lost(c);
}

/* --- The whole --- */

/* In a virtual machine the channel lies in pages that the device hands on. 0 or -errno. */
static int
create_channel_pages(struct icd_connection *c, struct tongs_channel *ch)
{
   size_t size = tongs_channel_size(TONGS_CHANNEL_OPS_SIZE, TONGS_CHANNEL_REPLIES_SIZE);

   if (!icd_virtgpu_pages_create(c->virtgpu, size, &c->channel_pages))
      return -ENOMEM;
   tongs_channel_init(ch, c->channel_pages.data, TONGS_CHANNEL_OPS_SIZE, TONGS_CHANNEL_REPLIES_SIZE,
                      &tongs_futex_bell);
   return 0;
}

/* Makes the shared memory and hands it to the worker, which answers by the socket; from then on it
 * carries all bytes. */
static bool
open_channel(struct icd_connection *c, char *why, size_t why_size)
{
   struct tongs_channel ch = {0};
   struct icd_pending_call call;
   struct tongs_encoder e;

   int fd = c->virtgpu ? create_channel_pages(c, &ch) : tongs_channel_create(&ch);
   if (fd < 0) {
      snprintf(why, why_size, "cannot make the memory that is shared with the server: %s",
               strerror(-fd));
      return false;
   }
   tongs_encoder_init(&e);
   register_call(c, &call, TONGS_OP_tongsChannel, NULL, false);
   size_t offset =
      tongs_encode_op_begin(&e, TONGS_OP_tongsChannel, TONGS_OP_FLAG_FD | TONGS_OP_FLAG_CALL);
   tongs_encode_u32(&e, call.tag);
   tongs_encode_u32(&e, ch.ops.size);
   tongs_encode_u32(&e, ch.replies.size);
   bool ok = tongs_encode_op_end(&e, offset);
   if (ok && c->virtgpu)
      ok = icd_send_with_pages(c, e.base, tongs_encoder_size(&e), &c->channel_pages);
   else if (ok)
      ok = icd_send_with_fd(c, e.base, tongs_encoder_size(&e), fd);
   tongs_encoder_finish(&e);
   if (!c->virtgpu)
      close(fd);
   wait_for(c, &call);
   ok = ok && call.reply;
   free(call.reply);
   c->bell = (struct tongs_bell){.sleep = sleep_on_bell, .ring = ring_bell, .data = c};
   if (c->virtgpu)
      icd_virtgpu_use_channel(c->virtgpu, &c->channel_pages);
   ch.ops.bell = &c->bell;
   ch.replies.bell = &c->bell;
   c->channel = ch;
   free(c->status);
   c->status = ch.status;
   if (!ok)
      snprintf(
         why, why_size,
         "the server did not tell what it can do when it was offered shared memory; its log says why "
         "(where file descriptors do not cross, as through SSH, set TONGS_MEMORY=explicit)");
   return ok;
}

/* On the clock of tongs_now_ns(). */
static void
init_condition(pthread_cond_t *condition)
{
   pthread_condattr_t attributes;

   pthread_condattr_init(&attributes);
   pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
   pthread_cond_init(condition, &attributes);
   pthread_condattr_destroy(&attributes);
}

struct icd_connection *
icd_connection_create(char *why, size_t why_size)
{
   struct icd_connection *c = calloc(1, sizeof(*c));
   if (!c) {
      snprintf(why, why_size, "out of memory");
      return NULL;
   }
   c->pid = getpid();
   icd_ids_init(&c->ids);
   pthread_mutex_init(&c->stream_lock, NULL);
   pthread_mutex_init(&c->receive_lock, NULL);
   pthread_mutex_init(&c->queue_lock, NULL);
   init_condition(&c->received);
   tongs_encoder_init(&c->stream);
   icd_messages_init(&c->messages);

   c->receive_timeout_ms = -1;
   c->fd = icd_connect(&c->peer, &c->virtgpu, &c->transport, why, why_size);
   if (c->fd < 0) {
      icd_connection_destroy(c);
      return NULL;
   }
   c->passes_fds = !c->virtgpu && !icd_is_memory_explicit(c->transport);
   c->status = calloc(1, sizeof(*c->status));
   if (!c->status) {
      snprintf(why, why_size, "out of memory");
      icd_connection_destroy(c);
      return NULL;
   }
   c->debug = icd_debug_flags();
   if (c->debug & ICD_DEBUG_STATS)
      c->stats = calloc(1, sizeof(*c->stats));
   if (!c->peer.identical)
      c->stream.peer_structs = c->peer.structs;
   bool has_shared_memory = c->passes_fds || c->virtgpu;
   if (has_shared_memory && !(c->debug & ICD_DEBUG_SOCKET) && !open_channel(c, why, why_size)) {
      icd_connection_destroy(c);
      return NULL;
   }
   return c;
}

void
icd_connection_destroy(struct icd_connection *c)
{
   if (!c)
      return;
   if (c->fd >= 0) {
      if (is_ours(c))
         icd_flush(c);
      if (!c->virtgpu)
         close(c->fd);
   }
   if (!has_channel(c))
      free(c->status);
   if (!c->virtgpu)
      tongs_channel_finish(&c->channel);
   else if (is_ours(c))
      icd_virtgpu_pages_destroy(c->virtgpu, &c->channel_pages);
   icd_virtgpu_close(c->virtgpu, is_ours(c));
   for (uint32_t i = 0; i < c->fd_count; i++)
      close(c->fds[i]);
   if (c->stats)
      print_stats(c);
   free(c->stats);
   icd_messages_finish(&c->messages);
   tongs_encoder_finish(&c->stream);
   pthread_cond_destroy(&c->received);
   pthread_mutex_destroy(&c->queue_lock);
   pthread_mutex_destroy(&c->receive_lock);
   pthread_mutex_destroy(&c->stream_lock);
   free(c->in);
   icd_ids_finish(&c->ids);
   free(c);
}
