/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_transport.h"

#include "protocol/clock.h"
#include "protocol/frame.h"
#include "protocol/hello.h"
#include "tests/check.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- A transport without a file --- */

static struct memory_transport *
memory_from(struct icd_transport *t)
{
   return (struct memory_transport *)t;
}

static void
memory_close(struct icd_transport *t, bool inherited)
{
   (void)inherited;
   memory_from(t)->closed = true;
}

static void
memory_shutdown(struct icd_transport *t)
{
   struct memory_transport *m = memory_from(t);

   pthread_mutex_lock(&m->lock);
   m->ended = true;
   pthread_cond_broadcast(&m->changed);
   pthread_mutex_unlock(&m->lock);
}

/* Notes the calls among the whole ops that have come, and answers the hello. */
static void
take_ops_locked(struct memory_transport *m)
{
   size_t at = 0, size = tongs_encoder_size(&m->in);

   if (!m->greeted && size >= TONGS_HELLO_SIZE) {
      at = TONGS_HELLO_SIZE;
      m->greeted = true;
      tongs_hello_encode(&m->out, false, NULL);
   }
   while (m->greeted && size - at >= sizeof(struct tongs_op_header)) {
      struct tongs_op_header header = tongs_op_header_read(m->in.base + at);
      if (header.size > size - at)
         break;
      if (header.flags & TONGS_OP_FLAG_CALL) {
         REQUIRE(m->call_count < CALLS_MAX);
         m->calls[m->call_count].op = header.op;
         memcpy(&m->calls[m->call_count++].tag, m->in.base + at + sizeof(header), 4);
      }
      at += header.size;
   }
   memmove(m->in.base, m->in.base + at, size - at);
   m->in.cur = m->in.base + size - at;
}

static ssize_t
memory_send(struct icd_transport *t, const void *data, size_t size,
            const struct icd_shared_memory *attached)
{
   struct memory_transport *m = memory_from(t);
   ssize_t n = -EPIPE;

   REQUIRE(!attached);
   pthread_mutex_lock(&m->lock);
   if (!m->ended) {
      tongs_encode_fixed(&m->in, data, size);
      take_ops_locked(m);
      pthread_cond_broadcast(&m->changed);
      n = (ssize_t)size;
   }
   pthread_mutex_unlock(&m->lock);
   return n;
}

static size_t
left_locked(const struct memory_transport *m)
{
   return tongs_encoder_size(&m->out) - m->out_at;
}

static bool
wait_locked(struct memory_transport *m, int timeout_ms)
{
   int64_t end = tongs_now_ns() + (int64_t)timeout_ms * 1000000;
   struct timespec t = {.tv_sec = end / 1000000000, .tv_nsec = end % 1000000000};
   int error = 0;

   while (!left_locked(m) && !m->ended && !error)
      error = timeout_ms < 0 ? pthread_cond_wait(&m->changed, &m->lock)
                             : pthread_cond_timedwait(&m->changed, &m->lock, &t);
   return left_locked(m) || m->ended;
}

static ssize_t
memory_receive(struct icd_transport *t, void *data, size_t size, int timeout_ms)
{
   struct memory_transport *m = memory_from(t);
   ssize_t n = 0;

   pthread_mutex_lock(&m->lock);
   if (++m->receivers > m->receivers_max)
      m->receivers_max = m->receivers;
   pthread_cond_broadcast(&m->changed);
   if (wait_locked(m, timeout_ms)) {
      size_t left = left_locked(m);
      size = size < left ? size : left;
      size = size < m->segment ? size : m->segment;
      memcpy(data, m->out.base + m->out_at, size);
      m->out_at += size;
      n = left ? (ssize_t)size : -EPIPE;
   }
   m->receivers--;
   pthread_mutex_unlock(&m->lock);
   return n;
}

static int
memory_receive_fd(struct icd_transport *t)
{
   (void)t;
   return -1;
}

static int
memory_wait(struct icd_transport *t, unsigned events, int timeout_ms)
{
   struct memory_transport *m = memory_from(t);

   pthread_mutex_lock(&m->lock);
   int ready = ICD_TRANSPORT_WRITABLE & (int)events;
   if (!ready && wait_locked(m, timeout_ms))
      ready = ICD_TRANSPORT_READABLE;
   pthread_mutex_unlock(&m->lock);
   return ready;
}

static bool
memory_has_hung_up(struct icd_transport *t)
{
   struct memory_transport *m = memory_from(t);

   pthread_mutex_lock(&m->lock);
   bool ended = m->ended;
   pthread_mutex_unlock(&m->lock);
   return ended;
}

static const struct icd_transport_ops memory_ops = {
   .close = memory_close,
   .shutdown = memory_shutdown,
   .send = memory_send,
   .receive = memory_receive,
   .receive_fd = memory_receive_fd,
   .wait = memory_wait,
   .has_hung_up = memory_has_hung_up,
};

void
memory_init(struct memory_transport *m, size_t segment)
{
   pthread_condattr_t attributes;

   *m = (struct memory_transport){
      .base = {.ops = &memory_ops, .name = "memory", .flush_size = ICD_FLUSH_SIZE},
      .segment = segment,
   };
   pthread_mutex_init(&m->lock, NULL);
   pthread_condattr_init(&attributes);
   pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
   pthread_cond_init(&m->changed, &attributes);
   pthread_condattr_destroy(&attributes);
   tongs_encoder_init(&m->in);
   tongs_encoder_init(&m->out);
}

void
memory_finish(struct memory_transport *m)
{
   tongs_encoder_finish(&m->in);
   tongs_encoder_finish(&m->out);
   pthread_cond_destroy(&m->changed);
   pthread_mutex_destroy(&m->lock);
}

/* --- A transport that buffers --- */

static struct buffering_transport *
buffering_from(struct icd_transport *t)
{
   return (struct buffering_transport *)t;
}

bool
is_readable(int fd, int timeout_ms)
{
   struct pollfd p = {.fd = fd, .events = POLLIN};

   return poll(&p, 1, timeout_ms) > 0;
}

static void
buffering_close(struct icd_transport *t, bool inherited)
{
   (void)inherited;
   close(buffering_from(t)->fd);
}

static void
buffering_shutdown(struct icd_transport *t)
{
   shutdown(buffering_from(t)->fd, SHUT_RDWR);
}

static ssize_t
buffering_send(struct icd_transport *t, const void *data, size_t size,
               const struct icd_shared_memory *attached)
{
   REQUIRE(!attached);
   ssize_t n = send(buffering_from(t)->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
   return n < 0 ? errno == EAGAIN ? 0 : -errno : n;
}

static ssize_t
buffering_receive(struct icd_transport *t, void *data, size_t size, int timeout_ms)
{
   struct buffering_transport *b = buffering_from(t);

   if (b->at == b->size) {
      if (!is_readable(b->fd, timeout_ms))
         return 0;
      ssize_t n = recv(b->fd, b->bytes, sizeof(b->bytes), 0);
      if (n <= 0)
         return n ? -errno : -EPIPE;
      b->at = 0;
      b->size = (size_t)n;
   } else if (!is_readable(b->fd, 0)) {
      b->hidden++;
   }
   size_t left = b->size - b->at;
   size = size < left ? size : left;
   size = size < 16 ? size : 16; /* a record at a time */
   memcpy(data, b->bytes + b->at, size);
   b->at += size;
   return (ssize_t)size;
}

static int
buffering_wait(struct icd_transport *t, unsigned events, int timeout_ms)
{
   struct buffering_transport *b = buffering_from(t);

   if (events & ICD_TRANSPORT_WRITABLE)
      return ICD_TRANSPORT_WRITABLE;
   return b->at < b->size || is_readable(b->fd, timeout_ms) ? ICD_TRANSPORT_READABLE : 0;
}

static bool
buffering_has_hung_up(struct icd_transport *t)
{
   struct pollfd p = {.fd = buffering_from(t)->fd, .events = POLLRDHUP};

   return poll(&p, 1, 0) > 0;
}

static const struct icd_transport_ops buffering_ops = {
   .close = buffering_close,
   .shutdown = buffering_shutdown,
   .send = buffering_send,
   .receive = buffering_receive,
   .receive_fd = memory_receive_fd,
   .wait = buffering_wait,
   .has_hung_up = buffering_has_hung_up,
};

void
buffering_init(struct buffering_transport *b, int fd)
{
   *b = (struct buffering_transport){
      .base = {.ops = &buffering_ops, .name = "buffering", .flush_size = ICD_FLUSH_SIZE},
      .fd = fd,
   };
}
