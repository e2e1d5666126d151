/* SPDX-License-Identifier: MIT */
#include "renderer/virtio/virtio_queue.h"

#include <linux/virtio_ring.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The longest table of indirect descriptors. A list of 1 GiB of scattered pages takes 1,024 pages.
 */
#define INDIRECT_MAX 65536u

void
rdr_queue_init(struct rdr_queue *q, const struct rdr_guest_memory *memory)
{
   *q = (struct rdr_queue){.memory = memory, .kick_fd = -1, .call_fd = -1, .err_fd = -1};
}

static void
close_fd(int *fd)
{
   if (*fd >= 0)
      close(*fd);
   *fd = -1;
}

void
rdr_queue_finish(struct rdr_queue *q)
{
   close_fd(&q->kick_fd);
   close_fd(&q->call_fd);
   close_fd(&q->err_fd);
}

void
rdr_element_finish(struct rdr_element *element)
{
   free(element->out);
   free(element->in);
   *element = (struct rdr_element){0};
}

/* --- The three rings --- */

/* Each ring is looked up at each use, because the monitor may have replaced the regions. */
static struct vring_desc *
descriptors(const struct rdr_queue *q)
{
   return rdr_guest_memory_at_user(q->memory, q->desc_user, q->size * sizeof(struct vring_desc));
}

static struct vring_avail *
available(const struct rdr_queue *q)
{
   return rdr_guest_memory_at_user(q->memory, q->avail_user,
                                   sizeof(struct vring_avail) + (q->size + 1) * sizeof(uint16_t));
}

static struct vring_used *
used(const struct rdr_queue *q)
{
   return rdr_guest_memory_at_user(q->memory, q->used_user,
                                   sizeof(struct vring_used) +
                                      q->size * sizeof(struct vring_used_elem) + sizeof(uint16_t));
}

static uint16_t
load(const void *word, memory_order order)
{
   return atomic_load_explicit((const _Atomic uint16_t *)word, order);
}

static void
store(void *word, uint16_t value, memory_order order)
{
   atomic_store_explicit((_Atomic uint16_t *)word, value, order);
}

static bool
fail(struct rdr_queue *q, const char *what)
{
   uint64_t one = 1;

   fprintf(stderr, "tongs: a virtual machine's queue is broken: %s\n", what);
   q->broken = true;
   if (q->err_fd >= 0 && write(q->err_fd, &one, sizeof(one)) < 0)
      return false;
   return false;
}

/* --- Taking --- */

static bool
append(struct rdr_guest_range **ranges, uint32_t *count, uint32_t *room,
       const struct vring_desc *desc)
{
   if (*count == *room) {
      uint32_t more = *room ? *room * 2 : 16;
      struct rdr_guest_range *grown = realloc(*ranges, more * sizeof(*grown));
      if (!grown)
         return false;
      *ranges = grown;
      *room = more;
   }
   (*ranges)[(*count)++] = (struct rdr_guest_range){.address = desc->addr, .size = desc->len};
   return true;
}

static bool
add(struct rdr_queue *q, struct rdr_element *element, const struct vring_desc *desc)
{
   bool writable = desc->flags & VRING_DESC_F_WRITE;

   if (!writable && element->in_count)
      return fail(q, "it has a descriptor to read after one to write");
   if (writable ? append(&element->in, &element->in_count, &element->in_room, desc)
                : append(&element->out, &element->out_count, &element->out_room, desc))
      return true;
   return fail(q, "out of memory");
}

/* Walks a chain of descriptors in `table`. A chain must not be longer than the table. */
static bool
walk(struct rdr_queue *q, struct rdr_element *element, const struct vring_desc *table,
     uint32_t count, uint32_t at, bool may_be_indirect)
{
   for (uint32_t steps = 0; steps < count; steps++) {
      if (at >= count)
         return fail(q, "it has a descriptor out of its table");
      struct vring_desc desc;
      memcpy(&desc, &table[at], sizeof(desc)); /* R1: it is read once */

      if (desc.flags & VRING_DESC_F_INDIRECT) {
         uint32_t inner = desc.len / sizeof(desc);
         if (!may_be_indirect || (desc.flags & VRING_DESC_F_NEXT) || !inner ||
             inner > INDIRECT_MAX || desc.len % sizeof(desc))
            return fail(q, "it has an impossible table of indirect descriptors");
         const struct vring_desc *inner_table = rdr_guest_memory_at(q->memory, desc.addr, desc.len);
         if (!inner_table)
            return fail(q, "it has a table of indirect descriptors out of memory");
         return walk(q, element, inner_table, inner, 0, false);
      }
      if (!add(q, element, &desc))
         return false;
      if (!(desc.flags & VRING_DESC_F_NEXT))
         return true;
      at = desc.next;
   }
   return fail(q, "it has an endless chain of descriptors");
}

bool
rdr_queue_pop(struct rdr_queue *q, struct rdr_element *element)
{
   if (!q->started || !q->enabled || q->held || q->broken)
      return false;
   const struct vring_desc *table = descriptors(q);
   struct vring_avail *avail = available(q);
   struct vring_used *done = used(q);
   if (!table || !avail || !done)
      return fail(q, "its rings are out of memory");

   uint16_t end =
      load(&avail->idx, memory_order_acquire); /* pairs with the guest's write barrier */
   if (end == q->next_avail && q->event_idx) {
      /* Asks the guest to kick at the next request. The guest may have added one before it read
       * this, so read the index again. */
      store(&done->ring[q->size], q->next_avail, memory_order_seq_cst);
      atomic_thread_fence(memory_order_seq_cst);
      end = load(&avail->idx, memory_order_acquire);
   }
   if (end == q->next_avail)
      return false;
   if ((uint16_t)(end - q->next_avail) > q->size)
      return fail(q, "it has more requests than room for them");

   uint16_t head = load(&avail->ring[q->next_avail & (q->size - 1)], memory_order_relaxed);
   q->next_avail++;
   element->head = head;
   element->out_count = 0;
   element->in_count = 0;
   return walk(q, element, table, q->size, head, true);
}

/* --- Giving back --- */

void
rdr_queue_push(struct rdr_queue *q, uint16_t head, uint32_t written)
{
   struct vring_used *done = q->started ? used(q) : NULL;

   if (!done)
      return;
   struct vring_used_elem *entry = &done->ring[q->next_used & (q->size - 1)];
   entry->id = head;
   entry->len = written;
   q->next_used++;
   store(&done->idx, q->next_used, memory_order_release); /* pairs with the guest's read barrier */
}

static bool
wants_notification(struct rdr_queue *q)
{
   struct vring_avail *avail = available(q);
   uint16_t before = q->signalled;
   bool valid = q->signalled_valid;

   if (!avail)
      return false;
   /* The guest writes the event index, then reads the used index. We do the reverse: we have
    * written the used index and now read the event index. So one of the two sees the other. */
   atomic_thread_fence(memory_order_seq_cst);
   if (!q->event_idx)
      return !(load(&avail->flags, memory_order_relaxed) & VRING_AVAIL_F_NO_INTERRUPT);
   q->signalled = q->next_used;
   q->signalled_valid = true;
   uint16_t wish = load(&avail->ring[q->size], memory_order_relaxed);
   return !valid || vring_need_event(wish, q->next_used, before);
}

void
rdr_queue_notify(struct rdr_queue *q)
{
   uint64_t one = 1;

   if (!q->started || q->call_fd < 0 || !wants_notification(q))
      return;
   /* A failure means that the counter is full, so a notification is pending already. */
   if (write(q->call_fd, &one, sizeof(one)) < 0)
      return;
}
