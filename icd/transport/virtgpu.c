/* SPDX-License-Identifier: MIT */

/* The guest's end of a virtio stream (tongs/virtgpu.h): a transport through a Tongs virtio-gpu
 * device. */

#include "tongs/virtgpu.h"
#include "icd/transport/forks.h"
#include "icd/transport/transport.h"
#include "icd/transport/virtgpu_kernel.h"
#include "protocol/clock.h"
#include "protocol/url.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The largest number of bytes that one command carries. */
#define SEND_SIZE ((size_t)32 * 1024)

struct icd_virtgpu {
   struct icd_transport base;
   struct icd_virtgpu_node node;
   struct icd_forked forked;
   char name[32];                  /* of the transport, with the device's tier */
   struct tongs_bell bell;         /* of the channel */
   struct icd_shared_memory pages; /* the virtio stream's */
   struct tongs_virtgpu_stream *words;
   uint8_t *data;
   uint32_t sent;                    /* bytes; for the sending thread */
   uint32_t consumed;                /* bytes; for the receiving thread */
   struct icd_shared_memory channel; /* a copy; .data NULL: there is none yet */
};

static struct icd_virtgpu *
virtgpu_from(struct icd_transport *t)
{
   return (struct icd_virtgpu *)t;
}

/* --- Memory --- */

static int
virtgpu_create_memory(struct icd_transport *t, enum icd_memory_use use, uint64_t size,
                      struct icd_shared_memory *memory)
{
   struct icd_virtgpu *v = virtgpu_from(t);

   if (use == ICD_MEMORY_FOR_HEAP && v->node.has_host_window &&
       icd_virtgpu_create_host_memory(&v->node, size, memory))
      return 0;
   if (icd_virtgpu_create_pages(&v->node, size, memory))
      return 0;
   *memory = (struct icd_shared_memory){.fd = -1};
   return -ENOMEM;
}

static void
virtgpu_destroy_memory(struct icd_transport *t, struct icd_shared_memory *memory, bool inherited)
{
   icd_virtgpu_destroy_pages(&virtgpu_from(t)->node, memory, inherited);
}

/* --- Opening and closing --- */

static bool
open_stream(struct icd_virtgpu *v, char *why, size_t why_size)
{
   struct tongs_virtgpu_command open = {.op = TONGS_VIRTGPU_OPEN};
   int fence = -1;

   int error = icd_virtgpu_init_context(&v->node);
   if (error) {
      snprintf(why, why_size, "the kernel gives no context for virtio-gpu: %s", strerror(-error));
      return false;
   }
   if (!icd_virtgpu_create_pages(&v->node, TONGS_VIRTGPU_STREAM_SIZE, &v->pages)) {
      snprintf(why, why_size, "the kernel gives no memory for virtio-gpu: %s", strerror(errno));
      return false;
   }
   v->words = v->pages.data;
   v->data = (uint8_t *)v->pages.data + TONGS_VIRTGPU_PAGE;
   open.resource = v->pages.resource;
   error = icd_virtgpu_submit(&v->node, &open, 0, &fence);
   if (error) {
      snprintf(why, why_size, "virtio-gpu takes no command: %s", strerror(-error));
      return false;
   }
   struct pollfd p = {.fd = fence, .events = POLLIN};
   poll(&p, 1, 5000);
   close(fence);
   if (atomic_load((_Atomic uint32_t *)&v->words->state) != TONGS_VIRTGPU_STREAM_NEW)
      return true;
   snprintf(why, why_size, "the host's device started no worker; its log says why");
   return false;
}

static void
virtgpu_close(struct icd_transport *t, bool inherited)
{
   struct icd_virtgpu *v = virtgpu_from(t);

   icd_forks_unwatch(&v->forked);
   icd_virtgpu_destroy_pages(&v->node, &v->pages, inherited);
   icd_virtgpu_node_close(&v->node);
   free(v);
}

static void
leave(struct icd_forked *f)
{
   icd_virtgpu_node_leave(
      &((struct icd_virtgpu *)((uint8_t *)f - offsetof(struct icd_virtgpu, forked)))->node);
}

static void
virtgpu_shutdown(struct icd_transport *t)
{
   icd_virtgpu_submit(&virtgpu_from(t)->node,
                      &(struct tongs_virtgpu_command){.op = TONGS_VIRTGPU_CLOSE}, 0, NULL);
}

/* --- Waiting --- */

/* Loads a word that the device writes. Acquire: pairs with the device's releasing stores. */
static uint32_t
load(const uint32_t *word)
{
   return atomic_load_explicit((const _Atomic uint32_t *)word, memory_order_acquire);
}

static bool
has_ended(const struct icd_virtgpu *v)
{
   return load(&v->words->state) != TONGS_VIRTGPU_STREAM_OPEN;
}

static bool
virtgpu_has_hung_up(struct icd_transport *t)
{
   return has_ended(virtgpu_from(t));
}

/* Sleeps until the device's words differ from `seen`. */
static void
wait_beyond(struct icd_virtgpu *v, const uint32_t seen[2], int64_t timeout_ns)
{
   struct tongs_virtgpu_command wait = {.op = TONGS_VIRTGPU_WAIT, .seen = {seen[0], seen[1]}};
   struct timespec t = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
   int fence = -1;

   if (icd_virtgpu_submit(&v->node, &wait, 0, &fence) == 0) {
      struct pollfd p = {.fd = fence, .events = POLLIN};
      ppoll(&p, 1, timeout_ns < 0 ? NULL : &t, NULL);
      close(fence);
   } else { /* for example no memory for a fence: check again a little later */
      t = (struct timespec){.tv_nsec = 1000000};
      nanosleep(&t, NULL);
   }
}

static void
look(const struct icd_virtgpu *v, uint32_t seen[2])
{
   seen[0] = load(&v->words->produced);
   seen[1] = load(&v->words->taken);
}

static int
virtgpu_wait(struct icd_transport *t, unsigned events, int timeout_ms)
{
   struct icd_virtgpu *v = virtgpu_from(t);
   int64_t deadline = tongs_now_ms() + timeout_ms;

   for (;;) {
      bool ended = has_ended(v);
      uint32_t seen[2];
      unsigned ready = 0;
      look(v, seen);
      /* Each counter is one thread's: look only at that of the caller. */
      if (events & ICD_TRANSPORT_READABLE && (ended || seen[0] != v->consumed))
         ready |= ICD_TRANSPORT_READABLE;
      if (events & ICD_TRANSPORT_WRITABLE && (ended || v->sent - seen[1] < v->node.caps.credit))
         ready |= ICD_TRANSPORT_WRITABLE;
      if (ready)
         return (int)ready;
      int64_t left = timeout_ms < 0 ? -1 : deadline - tongs_now_ms();
      if (timeout_ms >= 0 && left <= 0)
         return 0;
      wait_beyond(v, seen, left < 0 ? -1 : left * 1000000);
   }
}

/* --- Bytes --- */

/* Stores how many bytes were read. If the device waits for room, tells it. */
static void
set_consumed(struct icd_virtgpu *v, uint32_t consumed)
{
   /* The device stores `full`, then loads `consumed`. We do the reverse, so one of the two sees the
    * other. */
   atomic_store_explicit((_Atomic uint32_t *)&v->words->consumed, consumed, memory_order_seq_cst);
   if (atomic_load_explicit((_Atomic uint32_t *)&v->words->full, memory_order_seq_cst))
      icd_virtgpu_submit(&v->node, &(struct tongs_virtgpu_command){.op = TONGS_VIRTGPU_SEND}, 0,
                         NULL);
}

static ssize_t
take_bytes(struct icd_virtgpu *v, uint32_t produced, uint8_t *data, size_t size)
{
   uint32_t there = produced - v->consumed, at = v->consumed % TONGS_VIRTGPU_DATA;

   if (there > TONGS_VIRTGPU_DATA)
      return -EPROTO;
   if (size > there)
      size = there;
   size_t first = TONGS_VIRTGPU_DATA - at < size ? TONGS_VIRTGPU_DATA - at : size;
   memcpy(data, v->data + at, first);
   memcpy(data + first, v->data, size - first);
   v->consumed += (uint32_t)size;
   set_consumed(v, v->consumed);
   return (ssize_t)size;
}

static ssize_t
virtgpu_receive(struct icd_transport *t, void *data, size_t size, int timeout_ms)
{
   struct icd_virtgpu *v = virtgpu_from(t);

   if (!virtgpu_wait(t, ICD_TRANSPORT_READABLE, timeout_ms))
      return 0;
   /* The pages contain all bytes that the worker sent before it ended. */
   uint32_t produced = load(&v->words->produced);
   return produced == v->consumed ? -EPIPE : take_bytes(v, produced, data, size);
}

static int
virtgpu_receive_fd(struct icd_transport *t)
{
   (void)t;
   return -1;
}

static ssize_t
virtgpu_send(struct icd_transport *t, const void *data, size_t size,
             const struct icd_shared_memory *attached)
{
   struct {
      struct tongs_virtgpu_command command;
      uint8_t bytes[SEND_SIZE];
   } message;
   struct icd_virtgpu *v = virtgpu_from(t);
   uint32_t on_way = v->sent - load(&v->words->taken);
   size_t room = on_way < v->node.caps.credit ? v->node.caps.credit - on_way : 0;

   if (has_ended(v))
      return -EPIPE;
   if (size > room)
      size = room;
   if (size > SEND_SIZE)
      size = SEND_SIZE;
   if (!size)
      return 0;
   message.command = (struct tongs_virtgpu_command){
      .op = TONGS_VIRTGPU_SEND,
      .resource = attached ? attached->resource : 0,
   };
   memcpy(message.bytes, data, size);
   int error = icd_virtgpu_submit(&v->node, &message.command, size, NULL);
   if (error)
      return error;
   v->sent += (uint32_t)size;
   return (ssize_t)size;
}

/* --- The channel's bell --- */

static void
bell_sleep(void *data, _Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
   struct icd_virtgpu *v = data;
   uint32_t seen[2];

   /* The worker changes the word, then rings. So any ring that `seen` does not include comes after
    * we check the word. */
   look(v, seen);
   set_consumed(v, seen[0]);
   if (atomic_load_explicit(word, memory_order_seq_cst) == value && !has_ended(v))
      wait_beyond(v, seen, timeout_ns);
}

static void
bell_ring(void *data, _Atomic uint32_t *word)
{
   struct icd_virtgpu *v = data;
   struct tongs_virtgpu_command ring = {
      .op = TONGS_VIRTGPU_RING,
      .resource = v->channel.resource,
      .seen = {(uint32_t)((uint8_t *)word - (uint8_t *)v->channel.data)},
   };

   icd_virtgpu_submit(&v->node, &ring, 0, NULL);
}

/* From now on, each byte from the worker only means that it rings the bell. */
static const struct tongs_bell *
virtgpu_start_channel(struct icd_transport *t, const struct icd_shared_memory *memory)
{
   struct icd_virtgpu *v = virtgpu_from(t);

   v->channel = *memory;
   v->bell = (struct tongs_bell){.sleep = bell_sleep, .ring = bell_ring, .data = v};
   return &v->bell;
}

static void
virtgpu_wake(struct icd_transport *t, _Atomic uint32_t *word)
{
   (void)word; /* the device wakes all sleepers */
   icd_virtgpu_submit(&virtgpu_from(t)->node,
                      &(struct tongs_virtgpu_command){.op = TONGS_VIRTGPU_WAKE}, 0, NULL);
}

/* --- The transport --- */

static const struct icd_transport_ops virtgpu_ops = {
   .close = virtgpu_close,
   .shutdown = virtgpu_shutdown,
   .send = virtgpu_send,
   .receive = virtgpu_receive,
   .receive_fd = virtgpu_receive_fd,
   .wait = virtgpu_wait,
   .has_hung_up = virtgpu_has_hung_up,
   .create_memory = virtgpu_create_memory,
   .destroy_memory = virtgpu_destroy_memory,
   .start_channel = virtgpu_start_channel,
   .wake = virtgpu_wake,
};

static void
describe(struct icd_virtgpu *v, bool shares_nothing)
{
   snprintf(v->name, sizeof(v->name), "virtgpu (tier %c)",
            v->node.caps.tier == 'A' || v->node.caps.tier == 'B' ? (char)v->node.caps.tier : 'C');
   v->base = (struct icd_transport){
      .ops = &virtgpu_ops,
      .name = v->name,
      .capabilities = ICD_TRANSPORT_SHARES_MEMORY | ICD_TRANSPORT_KEEPS_MEMORY |
                      (shares_nothing ? 0 : ICD_TRANSPORT_SHARES_HEAPS) |
                      (v->node.has_host_window ? 0 : ICD_TRANSPORT_PAGES_ARE_RESIDENT),
      .flush_size = ICD_FLUSH_SIZE,
   };
}

struct icd_transport *
icd_transport_open_virtgpu(const struct tongs_url *url, bool shares_nothing, char *why,
                           size_t why_size)
{
   struct icd_virtgpu *v = calloc(1, sizeof(*v));

   if (!v) {
      snprintf(why, why_size, "out of memory");
      return NULL;
   }
   int error = icd_virtgpu_node_open(&v->node, url->path);
   if (error) {
      snprintf(why, why_size, "no virtio-gpu device of Tongs at %s: %s",
               *url->path ? url->path : "/dev/dri/renderD*",
               error == -ENODEV ? "other devices are there" : strerror(-error));
      free(v);
      return NULL;
   }
   if (!icd_forks_watch(&v->forked, leave)) {
      snprintf(why, why_size, "out of memory");
      icd_virtgpu_node_close(&v->node);
      free(v);
      return NULL;
   }
   if (!open_stream(v, why, why_size)) {
      virtgpu_close(&v->base, false);
      return NULL;
   }
   describe(v, shares_nothing);
   return &v->base;
}

bool
icd_transport_finds_virtgpu(void)
{
   struct icd_virtgpu_node node;
   const bool found = icd_virtgpu_node_open(&node, "") == 0;

   icd_virtgpu_node_close(&node);
   return found;
}
