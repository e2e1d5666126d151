/* SPDX-License-Identifier: MIT */
#include "icd/heap.h"

#include "icd/connection.h"
#include "protocol/tongs_list.h"

#include "tongs_gen_own.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The size of a common heap. Its pages are allocated when they are first touched. */
#define HEAP_SIZE (UINT64_C(64) << 20)
/* The size of a common heap if the worker runs under the same kernel. */
#define HEAP_SIZE_LOCAL (UINT64_C(128) << 20)
/* The size of a common heap over a transport whose pages are allocated at once and never freed. */
#define HEAP_SIZE_RESIDENT (UINT64_C(16) << 20)
/* The pages of freed ranges of at least this size are returned to the kernel, except for KEPT_MAX
 * bytes. Memory that is allocated and freed in each frame keeps its pages; otherwise the kernel
 * would clear them, and client and worker would fault them in, each time. */
#define PUNCH_SIZE (UINT64_C(1) << 20)
#define KEPT_MAX (UINT64_C(16) << 20)
#define PAGE UINT64_C(4096)

/* A free range, in a list sorted by offset. Adjacent holes merge unless exactly one of them is
 * kept. */
struct hole {
   struct tongs_list link;
   uint64_t offset;
   uint64_t size;
   bool kept; /* its pages count for KEPT_MAX */
};

struct icd_heap {
   struct tongs_list link;
   uint32_t number;
   struct icd_shared_memory memory; /* owned; .data NULL: a lent heap */
   uint64_t size;
   bool own;                /* for one allocation */
   bool gives_back;         /* its pages can be returned to the kernel */
   int lent_fd;             /* not owned: the caller's memory of a lent heap; -1: not lent */
   uint32_t lent;           /* ranges of a lent heap that are in use */
   struct tongs_list holes; /* of struct hole.link; owned */
};

/* Gives the pages back to the system at once, although the worker has them mapped as well. */
static void
punch(const struct icd_heap *heap, uint64_t offset, uint64_t size)
{
   if (heap->gives_back)
      madvise((uint8_t *)heap->memory.data + offset, size, MADV_REMOVE);
}

static struct icd_transport *
transport_of(const struct icd_heaps *heaps)
{
   return heaps->connection->transport;
}

void
icd_heaps_init(struct icd_heaps *heaps, struct icd_connection *connection, uint64_t device)
{
   *heaps = (struct icd_heaps){.connection = connection, .device = device, .next_number = 1};
   pthread_mutex_init(&heaps->lock, NULL);
   tongs_list_init(&heaps->heaps);
}

/* NULL is fine. */
static void
destroy_heap(struct icd_heaps *heaps, struct icd_heap *heap)
{
   if (!heap)
      return;
   tongs_list_for_each_safe(struct hole, hole, &heap->holes, link)
      free(hole);
   if (heap->memory.data && icd_connection_is_ours(heaps->connection))
      punch(heap, 0, heap->size);
   if (heap->memory.data)
      transport_of(heaps)->ops->destroy_memory(transport_of(heaps), &heap->memory,
                                               !icd_connection_is_ours(heaps->connection));
   tongs_list_remove(&heap->link);
   free(heap);
}

/* Called before memory is destroyed. If the transport keeps memory, sends the posted ops, which
 * tell the worker to unmap it. */
static void
flush_for_memory(struct icd_heaps *heaps)
{
   if (icd_connection_can(heaps->connection, ICD_TRANSPORT_KEEPS_MEMORY))
      icd_flush(heaps->connection);
}

void
icd_heaps_finish(struct icd_heaps *heaps)
{
   if (!tongs_list_is_empty(&heaps->heaps))
      flush_for_memory(heaps);
   tongs_list_for_each_safe(struct icd_heap, heap, &heaps->heaps, link)
      destroy_heap(heaps, heap);
   pthread_mutex_destroy(&heaps->lock);
}

/* Tells the worker to map the heap's memory, too. */
static bool
announce(struct icd_heaps *heaps, const struct icd_heap *heap)
{
   struct tongs_encoder e;

   tongs_encoder_init(&e);
   size_t offset = tongs_encode_op_begin(&e, TONGS_OP_tongsHeapCreate, TONGS_OP_FLAG_FD);
   tongs_encode_tongsHeapCreate(&e, &(struct tongs_args_tongsHeapCreate){.number = heap->number,
                                                                         .device = heaps->device,
                                                                         .size = heap->size});
   bool ok = tongs_encode_op_end(&e, offset);
   if (ok && heap->memory.data)
      ok = icd_send_attached(heaps->connection, e.base, tongs_encoder_size(&e), &heap->memory);
   else if (ok)
      ok = icd_send_with_fd(heaps->connection, e.base, tongs_encoder_size(&e), heap->lent_fd);
   tongs_encoder_finish(&e);
   return ok;
}

/* Creates a heap without memory, in no list. NULL if memory is out. */
static struct icd_heap *
new_heap(const struct icd_heaps *heaps, uint64_t size, bool own)
{
   struct icd_heap *heap = calloc(1, sizeof(*heap));

   if (!heap)
      return NULL;
   tongs_list_init(&heap->link);
   tongs_list_init(&heap->holes);
   heap->number = heaps->next_number;
   heap->size = size;
   heap->own = own;
   heap->memory.fd = heap->lent_fd = -1;
   return heap;
}

/* Announces the heap to the worker and adds it to the list. On failure, destroys it and returns
 * false. */
static bool
enter_locked(struct icd_heaps *heaps, struct icd_heap *heap)
{
   heap->gives_back = heap->memory.fd >= 0;
   if (!announce(heaps, heap)) {
      destroy_heap(heaps, heap);
      return false;
   }
   if (heap->memory.fd >= 0) { /* the worker has it; the application may need its number */
      close(heap->memory.fd);
      heap->memory.fd = -1;
   }
   heaps->next_number++;
   tongs_list_insert(&heaps->heaps, &heap->link);
   return true;
}

static struct icd_heap *
create_heap_locked(struct icd_heaps *heaps, uint64_t size, bool own)
{
   struct icd_heap *heap = new_heap(heaps, size, own);
   struct hole *hole = calloc(1, sizeof(*hole));

   if (!heap || !hole)
      goto fail;
   if (transport_of(heaps)->ops->create_memory(transport_of(heaps), ICD_MEMORY_FOR_HEAP, size,
                                               &heap->memory) < 0)
      goto fail;
   hole->size = size;
   tongs_list_append(&heap->holes, &hole->link);
   return enter_locked(heaps, heap) ? heap : NULL;

fail:
   free(hole);
   destroy_heap(heaps, heap);
   return NULL;
}

/* Allocates a range from the first hole that fits. `kept`: searches the kept holes, else the
 * others. */
static bool
take_locked(struct icd_heaps *heaps, struct icd_heap *heap, uint64_t size, bool kept,
            struct icd_heap_range *range)
{
   tongs_list_for_each(struct hole, hole, &heap->holes, link) {
      if (hole->kept != kept || hole->size < size)
         continue;
      *range = (struct icd_heap_range){
         .heap = heap,
         .number = heap->number,
         .offset = hole->offset,
         .size = size,
         .data = (uint8_t *)heap->memory.data + hole->offset,
      };
      if (kept)
         heaps->kept -= size;
      hole->offset += size;
      hole->size -= size;
      if (!hole->size) {
         tongs_list_remove(&hole->link);
         free(hole);
      }
      return true;
   }
   return false;
}

static bool
take_common_locked(struct icd_heaps *heaps, uint64_t size, bool kept, struct icd_heap_range *range)
{
   tongs_list_for_each(struct icd_heap, heap, &heaps->heaps, link) {
      if (!heap->own && take_locked(heaps, heap, size, kept, range))
         return true;
   }
   return false;
}

/* --- Freed ranges --- */

/* Merges the hole with the next one if they are adjacent and alike. */
static void
merge_with_next(struct icd_heap *heap, struct hole *hole)
{
   if (hole->link.next == &heap->holes)
      return;
   struct hole *next = tongs_list_entry(hole->link.next, struct hole, link);
   if (hole->kept != next->kept || hole->offset + hole->size != next->offset)
      return;
   hole->size += next->size;
   tongs_list_remove(&next->link);
   free(next);
}

/* Returns all kept pages to the kernel; their holes are then no longer kept. */
static void
keep_none_locked(struct icd_heaps *heaps)
{
   tongs_list_for_each(struct icd_heap, heap, &heaps->heaps, link) {
      struct hole *before = NULL;
      tongs_list_for_each_safe(struct hole, hole, &heap->holes, link) {
         if (hole->kept) {
            punch(heap, hole->offset, hole->size);
            heaps->kept -= hole->size;
            hole->kept = false;
         }
         uint64_t offset = hole->offset;
         if (before)
            merge_with_next(heap, before); /* may free `hole` */
         if (!before || before->offset + before->size <= offset)
            before = hole;
      }
   }
}

bool
icd_heap_alloc(struct icd_heaps *heaps, uint64_t size, struct icd_heap_range *range)
{
   bool ok = false;

   if (!size || size > (uint64_t)SIZE_MAX / 2)
      return false;
   size = (size + PAGE - 1) & ~(PAGE - 1);

   bool resident = icd_connection_can(heaps->connection, ICD_TRANSPORT_PAGES_ARE_RESIDENT);
   bool local = icd_connection_can(heaps->connection, ICD_TRANSPORT_IS_LOCAL);
   uint64_t common = resident ? HEAP_SIZE_RESIDENT : local ? HEAP_SIZE_LOCAL : HEAP_SIZE;
   pthread_mutex_lock(&heaps->lock);
   if (size >= common / 4) { /* a separate heap */
      struct icd_heap *heap = create_heap_locked(heaps, size, true);
      ok = heap && take_locked(heaps, heap, size, false, range);
   } else {
      ok = take_common_locked(heaps, size, true, range) ||
           take_common_locked(heaps, size, false, range);
      if (!ok && heaps->kept) {
         keep_none_locked(heaps);
         ok = take_common_locked(heaps, size, false, range);
      }
      if (!ok) {
         struct icd_heap *heap = create_heap_locked(heaps, common, false);
         ok = heap && take_locked(heaps, heap, size, false, range);
      }
   }
   pthread_mutex_unlock(&heaps->lock);
   return ok;
}

/* The heap of the caller's memory `fd`. NULL: there is none. */
static struct icd_heap *
find_lent_locked(struct icd_heaps *heaps, int fd)
{
   tongs_list_for_each(struct icd_heap, heap, &heaps->heaps, link) {
      if (heap->lent_fd == fd)
         return heap;
   }
   return NULL;
}

bool
icd_heap_borrow(struct icd_heaps *heaps, int fd, uint64_t fd_size, uint64_t offset, uint64_t size,
                void *data, struct icd_heap_range *range)
{
   pthread_mutex_lock(&heaps->lock);
   struct icd_heap *heap = find_lent_locked(heaps, fd);
   if (!heap && (heap = new_heap(heaps, fd_size, true))) {
      heap->lent_fd = fd;
      if (!enter_locked(heaps, heap))
         heap = NULL;
   }
   if (heap) {
      heap->lent++;
      *range = (struct icd_heap_range){
         .heap = heap, .number = heap->number, .offset = offset, .size = size, .data = data};
   }
   pthread_mutex_unlock(&heaps->lock);
   return heap != NULL;
}

/* Adds the range to the holes and merges it with its neighbours. If memory is out, the range is not
 * reused. */
static void
give_back_locked(struct icd_heaps *heaps, const struct icd_heap_range *range, bool kept)
{
   struct icd_heap *heap = range->heap;
   struct tongs_list *before = &heap->holes;

   struct hole *hole = malloc(sizeof(*hole));
   if (!hole)
      return;
   *hole = (struct hole){.offset = range->offset, .size = range->size, .kept = kept};
   if (kept)
      heaps->kept += range->size;
   tongs_list_for_each(struct hole, other, &heap->holes, link) {
      if (other->offset > hole->offset)
         break;
      before = &other->link;
   }
   tongs_list_insert(before, &hole->link);
   merge_with_next(heap, hole);
   if (before != &heap->holes)
      merge_with_next(heap, tongs_list_entry(before, struct hole, link));
}

static void
drop_heap_locked(struct icd_heaps *heaps, struct icd_heap *heap)
{
   size_t offset;

   struct tongs_encoder *e = icd_op_begin(heaps->connection, TONGS_OP_tongsHeapDestroy, 0, &offset);
   tongs_encode_tongsHeapDestroy(
      e, &(struct tongs_args_tongsHeapDestroy){.number = heap->number, .device = heaps->device});
   icd_op_end(heaps->connection, offset);
   if (heap->memory.data)
      flush_for_memory(heaps);
   destroy_heap(heaps, heap);
}

static void
free_locked(struct icd_heaps *heaps, const struct icd_heap_range *range)
{
   if (range->heap->lent > 1) {
      range->heap->lent--;
   } else if (range->heap->own) {
      drop_heap_locked(heaps, range->heap);
   } else {
      const bool large = range->size >= PUNCH_SIZE && range->heap->gives_back;
      const bool kept = large && range->size <= KEPT_MAX - heaps->kept;
      if (large && !kept)
         punch(range->heap, range->offset, range->size);
      give_back_locked(heaps, range, kept);
   }
}

void
icd_heap_free(struct icd_heaps *heaps, const struct icd_heap_range *range)
{
   if (!range->heap)
      return;
   pthread_mutex_lock(&heaps->lock);
   free_locked(heaps, range);
   pthread_mutex_unlock(&heaps->lock);
}

/* Whether no range of a common heap is in use. */
static bool
is_unused(const struct icd_heap *heap)
{
   uint64_t unused = 0;

   tongs_list_for_each(struct hole, hole, &heap->holes, link)
      unused += hole->size;
   return unused == heap->size;
}

void
icd_heap_free_refused(struct icd_heaps *heaps, const struct icd_heap_range *range)
{
   struct icd_heap *heap = range->heap;
   if (!heap)
      return;
   const bool common = !heap->own; /* a heap of its own is gone with the range */

   pthread_mutex_lock(&heaps->lock);
   free_locked(heaps, range);
   if (common && is_unused(heap)) {
      tongs_list_for_each(struct hole, hole, &heap->holes, link)
         heaps->kept -= hole->kept ? hole->size : 0;
      drop_heap_locked(heaps, heap);
   }
   pthread_mutex_unlock(&heaps->lock);
}
