/* SPDX-License-Identifier: MIT */
#include "renderer/worker/worker.h"

#include "protocol/args.h"
#include "protocol/clock.h"
#include "protocol/frame.h"
#include "protocol/socket.h"
#include "renderer/worker/capture.h"
#include "renderer/worker/compile.h"
#include "renderer/worker/context.h"
#include "renderer/worker/execute.h"
#include "renderer/worker/host.h"
#include "renderer/worker/jobs.h"
#include "renderer/worker/op.h"
#include "renderer/worker/validation.h"
#include "renderer/worker/waiter.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define RECEIVE_SIZE ((size_t)256 * 1024)
/* Replies wait for company up to this many bytes. */
#define REPLY_SIZE ((size_t)64 * 1024)

/* Tells the client why its connection ends, if it is at hand: nobody waits for a client that does
 * not read, nor for a thread that waits for it. */
static void
tell_client(struct rdr_context *ctx, const char *why)
{
   if (!ctx->greeted || pthread_mutex_trylock(&ctx->reply_lock))
      return;
   rdr_validation_drain(ctx, &ctx->replies);
   size_t offset = tongs_encode_op_begin(&ctx->replies, TONGS_OP_tongsLost, TONGS_OP_FLAG_EVENT);
   tongs_encode_string(&ctx->replies, why);
   bool ok = tongs_encode_op_end(&ctx->replies, offset);
   const size_t size = tongs_encoder_size(&ctx->replies);
   if (ok && ctx->channel.base)
      tongs_ring_write(&ctx->channel.replies, ctx->replies.base, size);
   else if (ok)
      send(ctx->fd, ctx->replies.base, size, MSG_DONTWAIT | MSG_NOSIGNAL);
   tongs_encoder_reset(&ctx->replies);
   pthread_mutex_unlock(&ctx->reply_lock);
}

void
rdr_end(struct rdr_context *ctx, const char *format, ...)
{
   char text[400];
   va_list args;
   int running = 0;

   if (!atomic_compare_exchange_strong(&ctx->ended, &running, RDR_RULE_BROKEN))
      return;
   va_start(args, format);
   vsnprintf(text, sizeof(text), format, args);
   va_end(args);
   fprintf(stderr, "tongs worker %d: connection ended: %s\n", (int)getpid(), text);
   tell_client(ctx, text);
   shutdown(ctx->fd, SHUT_RDWR);
}

void
rdr_refuse_command(struct rdr_context *ctx, const char *name)
{
   rdr_end(ctx, "%s was called, which the host's driver does not have", name);
}

void
rdr_post_failed(struct rdr_context *ctx, const struct rdr_op *op, void *host, const char *name,
                VkResult result)
{
   struct rdr_device *dev = host;

   if (ctx->post_result == VK_SUCCESS)
      ctx->post_result = result;
   if (tongs_ops[op->number].kind == TONGS_OP_RECORD) /* the parent is the command buffer */
      ctx->slots[op->parent].result = result;
   if (!dev->lost)
      fprintf(stderr, "tongs worker %d: %s failed with %d; the device is lost to its application\n",
              (int)getpid(), name, result);
   rdr_waiters_lose(dev);
}

/* --- Replies --- */

/* False when the client is gone. One that does not read is waited for: it keeps nobody but itself.
 */
static bool
send_by_ring(struct rdr_context *ctx, const uint8_t *data, size_t size)
{
   struct tongs_ring *ring = &ctx->channel.replies;

   while (size && !ctx->ended) {
      ssize_t n = tongs_ring_write(ring, data, size);
      if (n < 0) {
         rdr_end(ctx, "the client says that it has read more replies than there were");
         return true;
      }
      data += n;
      size -= (size_t)n;
      if (n)
         continue;
      if (ctx->client_left)
         return false;
      tongs_ring_wait_for_room(ring, -1);
   }
   return true;
}

/* The socket carries the descriptor, before the reply that brings it, with a byte that nobody looks
 * at. */
static bool
send_fd(struct rdr_context *ctx, int fd)
{
   struct iovec iov = {.iov_base = "", .iov_len = 1};

   return !ctx->ended && tongs_socket_send_all(ctx->fd, &iov, 1, &fd, 1) == 0;
}

/* With a descriptor that the last reply brings; -1: without. */
static void
flush_locked(struct rdr_context *ctx, int fd)
{
   int running = 0;
   bool sent = true;

   rdr_validation_drain(ctx, &ctx->replies);
   struct iovec iov = {.iov_base = ctx->replies.base, .iov_len = tongs_encoder_size(&ctx->replies)};

   if (ctx->channel.base)
      sent = (fd < 0 || send_fd(ctx, fd)) && send_by_ring(ctx, iov.iov_base, iov.iov_len);
   else if (iov.iov_len && !ctx->ended)
      sent = tongs_socket_send_all(ctx->fd, &iov, 1, &fd, fd >= 0) == 0;
   if (!sent)
      atomic_compare_exchange_strong(&ctx->ended, &running, RDR_CLIENT_LEFT); /* nobody to tell */
   tongs_encoder_trim(&ctx->replies, 4 * REPLY_SIZE);
}

void
rdr_replies_flush(struct rdr_context *ctx)
{
   pthread_mutex_lock(&ctx->reply_lock);
   flush_locked(ctx, -1);
   pthread_mutex_unlock(&ctx->reply_lock);
}

struct tongs_encoder *
rdr_reply_begin(struct rdr_context *ctx, const struct rdr_op *op, size_t *offset)
{
   pthread_mutex_lock(&ctx->reply_lock);
   rdr_validation_drain(ctx, &ctx->replies); /* before the reply, as it may be about its call */
   *offset = tongs_encode_op_begin(&ctx->replies, (uint16_t)op->number, TONGS_OP_FLAG_REPLY);
   tongs_encode_u32(&ctx->replies, op->tag);
   return &ctx->replies;
}

void
rdr_reply_end(struct rdr_context *ctx, size_t offset)
{
   bool ok = tongs_encode_op_end(&ctx->replies, offset);

   if (tongs_encoder_size(&ctx->replies) >= REPLY_SIZE)
      flush_locked(ctx, -1);
   pthread_mutex_unlock(&ctx->reply_lock);
   if (!ok)
      rdr_end(ctx, "out of memory for a reply");
}

void
rdr_reply_end_with_fd(struct rdr_context *ctx, size_t offset, int fd)
{
   bool ok = tongs_encode_op_end(&ctx->replies, offset);

   if (ok) {
      struct tongs_op_header header = tongs_op_header_read(ctx->replies.base + offset);
      header.flags |= TONGS_OP_FLAG_FD;
      memcpy(ctx->replies.base + offset, &header, sizeof(header));
      flush_locked(ctx, fd);
   }
   pthread_mutex_unlock(&ctx->reply_lock);
   close(fd);
   if (!ok)
      rdr_end(ctx, "out of memory for a reply");
}

/* --- Input --- */

/* Bytes from the client that make no whole op yet. They are private: nobody else writes them (R1).
 */
struct input {
   uint8_t *data; /* owned */
   size_t used;
   size_t size;
};

static bool
input_reserve(struct input *in, size_t size)
{
   if (size <= in->size)
      return true;
   uint8_t *data = realloc(in->data, size);
   if (!data)
      return false;
   in->data = data;
   in->size = size;
   return true;
}

/* Bytes, and descriptors for the ops that take them. 0 at the end of the stream, negative on
 * errors. */
static ssize_t
receive_from_socket(struct rdr_context *ctx, void *data, size_t size)
{
   size_t fd_count = RDR_FDS_MAX - ctx->fd_count;
   ssize_t n = tongs_socket_recv(ctx->fd, data, size, ctx->fds + ctx->fd_count, &fd_count);

   if (n == -EPROTO)
      rdr_end(ctx, "more than %d file descriptors came that no op takes", RDR_FDS_MAX);
   ctx->fd_count += (uint32_t)fd_count;
   return n;
}

static bool
ops_wait(void *data)
{
   return tongs_ring_is_readable(data);
}

/* Ops, or nothing left to watch. */
static bool
watch_is_over(void *data)
{
   struct rdr_context *ctx = data;

   if (ops_wait(&ctx->channel.ops))
      return true;
   rdr_watch(ctx);
   return !ctx->watched;
}

/* Watches what has been submitted while no ops come, or leaves that to the thread that can sleep.
 */
static void
watch(struct rdr_context *ctx)
{
   struct tongs_spin_wait w;

   tongs_spin(&ctx->watch_spinner, watch_is_over, ctx, &w);
   rdr_watch_end(ctx);
   tongs_spinner_note(&ctx->watch_spinner, &w);
}

/* How long the pages of a virtual machine may take to come after the op that takes them. */
#define PAGES_MS 5000

static ssize_t
receive_from_ring(struct rdr_context *ctx, void *data, size_t size)
{
   struct tongs_ring *ring = &ctx->channel.ops;

   for (;;) {
      bool left = ctx->client_left;
      ssize_t n = tongs_ring_read(ring, data, size);
      struct tongs_spin_wait w;
      if (n < 0)
         rdr_end(ctx, "the client says that it has written more ops than there is room for");
      if (n || left || ctx->ended)
         return n;
      if (ctx->watched) {
         watch(ctx);
         continue;
      }
      if (!tongs_spin(&ctx->op_spinner, ops_wait, ring, &w))
         tongs_ring_wait_for_bytes(ring, -1);
      tongs_spinner_note(&ctx->op_spinner, &w);
   }
}

/* Receives descriptors, if none are there. The client sends them before the op that takes them,
 * which in a virtual machine may still come earlier, by the ring. */
static void
await_fds(struct rdr_context *ctx)
{
   struct pollfd p = {.fd = ctx->fd, .events = POLLIN};
   uint8_t byte;

   if (!ctx->fd_count && ctx->channel.base && poll(&p, 1, ctx->takes_pages ? PAGES_MS : 0) > 0)
      receive_from_socket(ctx, &byte, sizeof(byte));
}

int
rdr_fd_take(struct rdr_context *ctx)
{
   await_fds(ctx);
   if (!ctx->fd_count)
      return -1;
   int fd = ctx->fds[0];
   ctx->fd_count--;
   memmove(ctx->fds, ctx->fds + 1, ctx->fd_count * sizeof(ctx->fds[0]));
   return fd;
}

const char *
rdr_pages_take(struct rdr_context *ctx, struct rdr_pages *pages, uint64_t size)
{
   unsigned used;

   await_fds(ctx);
   const char *why = rdr_pages_map(pages, ctx->fds, ctx->fd_count, &used);
   ctx->fd_count -= used;
   memmove(ctx->fds, ctx->fds + used, ctx->fd_count * sizeof(ctx->fds[0]));
   if (!why && pages->size < size) {
      rdr_pages_unmap(pages);
      why = "it has too few pages";
   }
   return why;
}

/* Wakes a client in a virtual machine: the device makes an interrupt of it. */
static void
ring_through_device(void *data, _Atomic uint32_t *word)
{
   const struct rdr_context *ctx = data;

   (void)word;
   /* Where there is no room for the byte, enough others are on their way. */
   send(ctx->fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* The client wakes us through the device, which has the same memory. */
static void
sleep_on_futex(void *data, _Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
   (void)data;
   tongs_futex_bell.sleep(NULL, word, value, timeout_ns);
}

/* Returns why not, or NULL. */
static const char *
map_channel(struct rdr_context *ctx, struct rdr_op *op, struct tongs_channel *ch, uint32_t ops_size,
            uint32_t replies_size)
{
   if (!ctx->takes_pages) {
      int fd = rdr_op_take_fd(op);
      int error = fd < 0 ? -EBADF : tongs_channel_map(ch, fd, ops_size, replies_size);
      if (fd >= 0)
         close(fd);
      return error ? strerror(-error) : NULL;
   }
   size_t size = tongs_channel_size(ops_size, replies_size);
   if (!size)
      return "its rings have impossible sizes";
   const char *why = rdr_pages_take(ctx, &ctx->channel_pages, size);
   if (why)
      return why;
   ctx->pages_bell = (struct tongs_bell){
      .sleep = sleep_on_futex,
      .ring = ring_through_device,
      .data = ctx,
   };
   tongs_channel_init(ch, ctx->channel_pages.data, ops_size, replies_size, &ctx->pages_bell);
   return NULL;
}

void
rdr_own_channel(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct tongs_channel ch = {0};
   size_t offset;
   uint32_t ops_size = tongs_decode_u32(d);
   uint32_t replies_size = tongs_decode_u32(d);

   if (d->error || ctx->channel.base) {
      rdr_end(ctx, "a tongsChannel is malformed, or not the only one");
      return;
   }
   const char *why = map_channel(ctx, op, &ch, ops_size, replies_size);
   if (why) {
      rdr_end(ctx, "the memory of a tongsChannel was refused: %s", why);
      return;
   }
   rdr_reply_begin(ctx, op, &offset);
   rdr_reply_end(ctx, offset);
   rdr_replies_flush(ctx);
   pthread_mutex_lock(&ctx->reply_lock);
   ctx->channel = ch;
   pthread_mutex_unlock(&ctx->reply_lock);
   ctx->has_channel = true;
}

/* Receives once. False at the end of the stream. */
static bool
receive(struct rdr_context *ctx, struct input *in)
{
   ssize_t n = (ctx->channel.base ? receive_from_ring : receive_from_socket)(
      ctx, in->data + in->used, in->size - in->used);

   if (n <= 0)
      return false;
   if (ctx->capture) {
      fwrite(in->data + in->used, 1, (size_t)n, ctx->capture);
      fflush(ctx->capture);
   }
   in->used += (size_t)n;
   return true;
}

/* Carries out all whole ops and makes room for more. */
static void
consume(struct rdr_context *ctx, struct input *in)
{
   size_t at = 0, wanted = RECEIVE_SIZE;

   while (!ctx->ended && in->used - at >= sizeof(struct tongs_op_header)) {
      struct tongs_op_header header = tongs_op_header_read(in->data + at);
      if (header.size < TONGS_OP_SIZE_MIN || header.size > TONGS_OP_SIZE_MAX || header.size % 8) {
         rdr_end(ctx, "an op has an impossible size");
         return;
      }
      if (header.size > in->used - at) {
         wanted = header.size + RECEIVE_SIZE;
         break;
      }
      rdr_execute(ctx, in->data + at, header.size);
      at += header.size;
   }
   if (at)
      memmove(in->data, in->data + at, in->used - at);
   in->used -= at;
   if (!input_reserve(in, wanted))
      rdr_end(ctx, "out of memory for an op of %zu bytes", wanted);
}

/* Memory that one huge op needed is given back when it is over. */
static void
input_trim(struct input *in)
{
   if (in->size > 4 * RECEIVE_SIZE && !in->used) {
      uint8_t *data = realloc(in->data, RECEIVE_SIZE);
      if (data) {
         in->data = data;
         in->size = RECEIVE_SIZE;
      }
   }
}

/* --- The handshake --- */

static bool
receive_until(struct rdr_context *ctx, struct input *in, size_t size, int64_t deadline)
{
   while (in->used < size) {
      struct pollfd p = {.fd = ctx->fd, .events = POLLIN};
      int64_t left = deadline - tongs_now_ms();
      int ready = poll(&p, 1, left > 0 ? (int)left : 0);
      if (ready < 0 && errno == EINTR)
         continue;
      if (ready == 0) {
         rdr_end(ctx, "no hello came within %d s", TONGS_HELLO_TIMEOUT / 1000);
         return false;
      }
      if (!receive(ctx, in)) {
         if (in->used)
            rdr_end(ctx, "the client left in the middle of its hello");
         return false;
      }
   }
   return true;
}

static void
answer_hello(struct rdr_context *ctx, bool tables, const char *reason)
{
   pthread_mutex_lock(&ctx->reply_lock);
   tongs_hello_encode(&ctx->replies, tables, reason);
   flush_locked(ctx, -1);
   pthread_mutex_unlock(&ctx->reply_lock);
}

static bool
shake_hands(struct rdr_context *ctx, struct input *in)
{
   int64_t deadline = tongs_now_ms() + TONGS_HELLO_TIMEOUT;
   char why[200];
   bool same = false;

   if (!receive_until(ctx, in, TONGS_HELLO_SIZE, deadline))
      return false;
   size_t size = tongs_hello_size(in->data, why, sizeof(why));
   if (!size) {
      answer_hello(ctx, false, why);
      rdr_end(ctx, "%s", why);
      return false;
   }
   if (!receive_until(ctx, in, size, deadline))
      return false;
   if (!tongs_hello_decode(in->data, size, &ctx->peer, &same, why, sizeof(why))) {
      answer_hello(ctx, false, why);
      rdr_end(ctx, "%s", why);
      return false;
   }
   if (!rdr_host_load(&ctx->host, why, sizeof(why)) ||
       (ctx->validation && !rdr_validation_is_possible(&ctx->host, why, sizeof(why)))) {
      answer_hello(ctx, false, why);
      rdr_end(ctx, "%s", why);
      return false;
   }
   memmove(in->data, in->data + size, in->used - size);
   in->used -= size;
   answer_hello(ctx, !same, NULL);
   ctx->greeted = true;
   return true;
}

/* --- The end of the client --- */

/* What the decoder has left to do when the client is gone. */
#define LAST_WORDS_MS 2000
#define BELL_MS 10

static void
wake_all(struct rdr_context *ctx)
{
   if (!ctx->has_channel)
      return;
   tongs_futex_bell.ring(NULL, &ctx->channel.ops.words->consumer_sleeps);
   tongs_futex_bell.ring(NULL, &ctx->channel.replies.words->producer_sleeps);
}

/* Ends the process when the client is gone and the decoder does not notice: the host's driver may
 * never return. */
static void *
watch_client(void *data)
{
   struct rdr_context *ctx = data;
   struct pollfd p = {.fd = ctx->fd, .events = POLLRDHUP};

   while (poll(&p, 1, -1) < 0 && errno == EINTR)
      ;
   ctx->client_left = true;
   for (int i = 0; i < LAST_WORDS_MS / BELL_MS; i++) {
      /* Who was about to sleep when this was set has not seen it: hence more than once. */
      wake_all(ctx);
      struct timespec left = {.tv_nsec = BELL_MS * 1000000};
      while (nanosleep(&left, &left) < 0 && errno == EINTR)
         ;
   }
   fprintf(stderr,
           "tongs worker %d: the client is gone and the host's driver does not return: ending\n",
           (int)getpid());
   _exit(1);
}

static void
start_watching(struct rdr_context *ctx)
{
   pthread_attr_t attributes;
   pthread_t id;

   pthread_attr_init(&attributes);
   pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
   pthread_attr_setstacksize(&attributes, (size_t)64 * 1024);
   if (pthread_create(&id, &attributes, watch_client, ctx))
      rdr_end(ctx, "cannot start a thread");
   pthread_attr_destroy(&attributes);
}

/* --- The whole --- */

static void
serve(struct rdr_context *ctx)
{
   struct input in = {0};

   if (!input_reserve(&in, RECEIVE_SIZE)) {
      rdr_end(ctx, "out of memory");
      return;
   }
   if (shake_hands(ctx, &in)) {
      for (;;) {
         consume(ctx, &in);
         rdr_replies_flush(ctx);
         input_trim(&in);
         if (ctx->ended || !receive(ctx, &in))
            break;
      }
      if (in.used && !ctx->ended)
         rdr_end(ctx, "the client left in the middle of an op");
   }
   free(in.data);
}

/* A client may have many memories that hold a descriptor each. */
static void
allow_descriptors(rlim_t count)
{
   struct rlimit limit;

   if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
      return;
   if (limit.rlim_cur < count)
      limit.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
   setrlimit(RLIMIT_NOFILE, &limit);
}

int
rdr_worker_run(int fd, const struct rdr_worker_options *options)
{
   struct rdr_context *ctx = calloc(1, sizeof(*ctx));

   if (!ctx || !(ctx->jobs = rdr_jobs_create(ctx)) || !(ctx->compiles = rdr_compiles_create(ctx)) ||
       (options->validate && !(ctx->validation = rdr_validation_create()))) {
      fprintf(stderr, "tongs worker %d: out of memory\n", (int)getpid());
      return 1;
   }
   signal(SIGPIPE, SIG_IGN);
   ctx->fd = fd;
   ctx->takes_pages = options->pages;
   ctx->limits = options->limits;
   pthread_mutex_init(&ctx->reply_lock, NULL);
   tongs_arena_init(&ctx->arena, ctx->limits.op_bytes);
   tongs_encoder_init(&ctx->replies);
   allow_descriptors(ctx->limits.descriptors);
   rdr_host_set_environment(options);
   if (options->capture)
      ctx->capture = rdr_capture_open(options->capture);

   start_watching(ctx);
   serve(ctx);
   if (ctx->capture)
      fclose(ctx->capture);
   int status = ctx->ended == RDR_RULE_BROKEN ? 1 : 0;
   /* Whatever the client left on the device goes with the process: waiting for a GPU that may never
    * finish is nobody's gain. Exit handlers of drivers have been seen to wait, too. */
   fflush(stderr);
   _exit(status);
}
