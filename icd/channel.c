/* SPDX-License-Identifier: MIT */
#include "icd/channel.h"

#include "icd/connection.h"
#include "icd/statistics.h"
#include "protocol/encoder.h"

#include "tongs_gen_own.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Posts are collected up to this many bytes, so that they and their copy in the ring fit into the
 * L1 cache. */
#define RING_FLUSH_SIZE ((size_t)8 * 1024)

/* The longest time, in nanoseconds, that a thread sleeps for replies before it checks that the
 * worker is alive. */
#define SLEEP_NS INT64_C(100000000)

/* How long, in milliseconds, a thread waits for room in the ring before it returns, so that its
 * caller can receive replies. */
#define ROOM_MS 5

static struct icd_channel *
channel_from(struct icd_transport *t)
{
   return (struct icd_channel *)t;
}

static int64_t
shorter_ns(int timeout_ms, int64_t limit_ns)
{
   int64_t ns = (int64_t)timeout_ms * 1000000;

   return timeout_ms < 0 || ns > limit_ns ? limit_ns : ns;
}

/* --- Sending --- */

/* Sends the attachment over the transport below, before the op, with one byte that has no meaning.
 * When the worker reads the op from the ring, it takes the descriptor or memory from that
 * transport. */
static ssize_t
send_attachment(struct icd_channel *ch, const struct icd_shared_memory *attached)
{
   const uint8_t byte = 0;
   ssize_t n = ch->below->ops->send(ch->below, &byte, sizeof(byte), attached);

   ch->attachment = n > 0 ? ICD_ATTACHMENT_GONE : ICD_ATTACHMENT_WAITS;
   return n;
}

static ssize_t
channel_send(struct icd_transport *t, const void *data, size_t size,
             const struct icd_shared_memory *attached)
{
   struct icd_channel *ch = channel_from(t);

   if (attached && ch->attachment != ICD_ATTACHMENT_GONE) {
      ssize_t n = send_attachment(ch, attached);
      if (n <= 0)
         return n;
   }
   ssize_t n = tongs_ring_write(&ch->rings.ops, data, size);
   if (n)
      ch->attachment = ICD_ATTACHMENT_NONE;
   return n;
}

static bool
channel_has_hung_up(struct icd_transport *t)
{
   struct icd_channel *ch = channel_from(t);

   return ch->below->ops->has_hung_up(ch->below);
}

/* If both events are requested, waits for room only. The wait is short, so replies that come during
 * it are read soon enough. */
static int
channel_wait(struct icd_transport *t, unsigned events, int timeout_ms)
{
   struct icd_channel *ch = channel_from(t);
   int64_t timeout_ns = shorter_ns(timeout_ms, (int64_t)ROOM_MS * 1000000);
   int ready = 0;

   if (ch->attachment == ICD_ATTACHMENT_WAITS && events & ICD_TRANSPORT_WRITABLE)
      ch->below->ops->wait(ch->below, ICD_TRANSPORT_WRITABLE, (int)(timeout_ns / 1000000));
   else if (events & ICD_TRANSPORT_WRITABLE)
      tongs_ring_wait_for_room(&ch->rings.ops, timeout_ns);
   else
      tongs_ring_wait_for_bytes(&ch->rings.replies, timeout_ns);
   if (channel_has_hung_up(t))
      return -EPIPE;
   if (tongs_ring_is_readable(&ch->rings.replies))
      ready |= ICD_TRANSPORT_READABLE;
   return (ready | ICD_TRANSPORT_WRITABLE) & (int)events;
}

/* --- Receiving --- */

static bool
replies_wait(void *data)
{
   return tongs_ring_is_readable(data);
}

/* Waits for bytes in the reply ring, for a limited time: spins first, then sleeps. */
static ssize_t
channel_receive(struct icd_transport *t, void *data, size_t size, int timeout_ms)
{
   struct icd_channel *ch = channel_from(t);
   struct tongs_ring *ring = &ch->rings.replies;
   ssize_t n = tongs_ring_read(ring, data, size);
   struct tongs_spin_wait w;

   if (n || !timeout_ms)
      return n;
   if (!tongs_spin(&ch->spinner, replies_wait, ring, &w))
      tongs_ring_wait_for_bytes(ring, shorter_ns(timeout_ms, SLEEP_NS));
   tongs_spinner_note(&ch->spinner, &w);
   n = tongs_ring_read(ring, data, size);
   if (n || !channel_has_hung_up(t))
      return n;
   n = tongs_ring_read(ring, data, size); /* the last bytes before the end */
   return n ? n : -EPIPE;
}

static int
channel_receive_fd(struct icd_transport *t)
{
   struct icd_channel *ch = channel_from(t);
   int fd = ch->below->ops->receive_fd(ch->below);
   uint8_t byte;

   /* The worker sends the descriptor before the reply, with one byte that has no meaning. */
   if (fd < 0 && ch->base.capabilities & ICD_TRANSPORT_PASSES_FDS &&
       ch->below->ops->receive(ch->below, &byte, sizeof(byte), 0) > 0)
      fd = ch->below->ops->receive_fd(ch->below);
   return fd;
}

/* --- The rest --- */

static void
channel_shutdown(struct icd_transport *t)
{
   struct icd_channel *ch = channel_from(t);

   ch->below->ops->shutdown(ch->below);
   /* Wakes the threads that sleep on a futex. If the bell belongs to the transport, its shutdown()
    * wakes them. */
   tongs_futex_bell.ring(NULL, &ch->rings.replies.words->consumer_sleeps);
   tongs_futex_bell.ring(NULL, &ch->rings.status->events);
}

static void
channel_close(struct icd_transport *t, bool inherited)
{
   struct icd_channel *ch = channel_from(t);

   ch->below->ops->destroy_memory(ch->below, &ch->memory, inherited);
   ch->below->ops->close(ch->below, inherited);
   free(ch);
}

static int
channel_create_memory(struct icd_transport *t, enum icd_memory_use use, uint64_t size,
                      struct icd_shared_memory *memory)
{
   struct icd_channel *ch = channel_from(t);

   return ch->below->ops->create_memory(ch->below, use, size, memory);
}

static void
channel_destroy_memory(struct icd_transport *t, struct icd_shared_memory *memory, bool inherited)
{
   struct icd_channel *ch = channel_from(t);

   ch->below->ops->destroy_memory(ch->below, memory, inherited);
}

static void
channel_wake(struct icd_transport *t, _Atomic uint32_t *word)
{
   struct icd_channel *ch = channel_from(t);

   ch->below->ops->wake(ch->below, word);
}

static void
count_and_ring(void *data, _Atomic uint32_t *word)
{
   struct icd_channel *ch = data;

   if (ch->stats)
      ch->stats->wakes++;
   ch->below_bell->ring(ch->below_bell->data, word);
}

static void
sleep_below(void *data, _Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
   struct icd_channel *ch = data;

   ch->below_bell->sleep(ch->below_bell->data, word, value, timeout_ns);
}

static const struct icd_transport_ops channel_ops = {
   .close = channel_close,
   .shutdown = channel_shutdown,
   .send = channel_send,
   .receive = channel_receive,
   .receive_fd = channel_receive_fd,
   .wait = channel_wait,
   .has_hung_up = channel_has_hung_up,
   .create_memory = channel_create_memory,
   .destroy_memory = channel_destroy_memory,
   /* start_channel: there is one. */
   .wake = channel_wake,
};

/* --- Opening --- */

/* Sends the memory to the worker. False if the worker does not answer. */
static bool
announce(struct icd_connection *c, const struct icd_shared_memory *memory)
{
   struct icd_pending_call call;
   struct tongs_encoder e;
   size_t size;

   tongs_encoder_init(&e);
   icd_call_register(c, &call, TONGS_OP_tongsChannel, NULL);
   size_t offset =
      tongs_encode_op_begin(&e, TONGS_OP_tongsChannel, TONGS_OP_FLAG_FD | TONGS_OP_FLAG_CALL);
   tongs_encode_u32(&e, call.tag);
   tongs_encode_tongsChannel(
      &e, &(struct tongs_args_tongsChannel){.ops_size = TONGS_CHANNEL_OPS_SIZE,
                                            .replies_size = TONGS_CHANNEL_REPLIES_SIZE});
   if (!tongs_encode_op_end(&e, offset) ||
       !icd_send_attached(c, e.base, tongs_encoder_size(&e), memory))
      icd_call_give_up(c, &call);
   tongs_encoder_finish(&e);
   bool ok = icd_own_call_reply(c, &call, &size) != NULL;
   free(call.reply);
   return ok;
}

/* Replaces the connection's transport by the channel. */
static void
use_channel(struct icd_connection *c, struct icd_channel *ch)
{
   ch->below = c->transport;
   ch->base = *ch->below;
   ch->base.ops = &channel_ops;
   ch->base.flush_size = RING_FLUSH_SIZE;
   ch->below_bell = ch->below->ops->start_channel(ch->below, &ch->memory);
   ch->bell = (struct tongs_bell){.sleep = sleep_below, .ring = count_and_ring, .data = ch};
   tongs_channel_init(&ch->rings, ch->memory.data, TONGS_CHANNEL_OPS_SIZE,
                      TONGS_CHANNEL_REPLIES_SIZE, &ch->bell);
   c->transport = &ch->base;
   c->channel = ch;
   free(c->status);
   c->status = ch->rings.status;
}

/* Without shared memory, all bytes go through the transport itself. */
static void
do_without(struct icd_connection *c, int error)
{
   c->transport->capabilities &=
      ~(uint32_t)(ICD_TRANSPORT_SHARES_MEMORY | ICD_TRANSPORT_SHARES_HEAPS);
   fprintf(
      stderr,
      "tongs: no memory can be shared with the server (%s): calls go through the socket, and mapped "
      "memory is copied\n",
      strerror(error));
}

/* Whether shared memory cannot be had at all, as behind a filter of system calls, rather than not
 * at the moment. */
static bool
is_refused(int error)
{
   return error == EPERM || error == ENOSYS || error == EACCES || error == EFBIG;
}

bool
icd_channel_open(struct icd_connection *c, char *why, size_t why_size)
{
   struct icd_channel *ch = calloc(1, sizeof(*ch));
   if (!ch) {
      snprintf(why, why_size, "out of memory");
      return false;
   }
   ch->stats = c->stats;
   int error = c->transport->ops->create_memory(
      c->transport, ICD_MEMORY_FOR_CHANNEL,
      tongs_channel_size(TONGS_CHANNEL_OPS_SIZE, TONGS_CHANNEL_REPLIES_SIZE), &ch->memory);
   if (is_refused(-error)) {
      do_without(c, -error);
      free(ch);
      return true;
   }
   if (error) {
      snprintf(why, why_size, "cannot make the memory that is shared with the server: %s",
               strerror(-error));
      free(ch);
      return false;
   }
   if (!announce(c, &ch->memory)) {
      snprintf(why, why_size,
               "the server did not tell what it can do when it was offered shared memory; its log "
               "says why (where file descriptors do not cross, as through SSH, set "
               "TONGS_MEMORY=explicit)");
      c->transport->ops->destroy_memory(c->transport, &ch->memory, false);
      free(ch);
      return false;
   }
   if (ch->memory.fd >= 0) { /* the worker has it */
      close(ch->memory.fd);
      ch->memory.fd = -1;
   }
   use_channel(c, ch);
   return true;
}
