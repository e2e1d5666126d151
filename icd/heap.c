/* SPDX-License-Identifier: MIT */
#include "icd/heap.h"

#include "icd/connection.h"
#include "protocol/channel.h"
#include "protocol/frame.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* What a common heap holds; its pages come into being when they are touched. */
#define HEAP_SIZE (UINT64_C(64) << 20)
/* In a virtual machine pages of the client are there from the beginning, and none is given back to
 * the system. */
#define HEAP_SIZE_VIRTGPU (UINT64_C(16) << 20)
/* Freed ranges from this size on give their pages back, but for so many bytes of them: for memory
 * that comes and goes, as that of frames does, the kernel would clear pages anew each time, and
 * client and worker fault them in. */
#define PUNCH_SIZE (UINT64_C(1) << 20)
#define KEPT_MAX (UINT64_C(32) << 20)
#define PAGE UINT64_C(4096)

/* A free range, in a list sorted by offset. Neighbours are two only where one is kept and one is
 * not. */
struct hole {
   uint64_t offset;
   uint64_t size;
   bool kept; /* its pages count for KEPT_MAX */
   struct hole *next;
};

struct icd_heap {
   struct icd_heap *next;
   uint32_t number;
   int fd;                         /* -1 in a virtual machine */
   struct icd_virtgpu_pages pages; /* there */
   uint64_t size;
   uint8_t *data;
   bool own;      /* for one allocation */
   int lent_fd;   /* whose memory it is, -1: its own */
   uint32_t lent; /* ranges of such */
   struct hole *holes;
};

void
icd_heaps_init(struct icd_heaps *heaps, struct icd_connection *connection, uint64_t device)
{
   *heaps = (struct icd_heaps){.connection = connection, .device = device, .next_number = 1};
   pthread_mutex_init(&heaps->lock, NULL);
}

/* NULL is fine. */
static void
destroy_heap(struct icd_heaps *heaps, struct icd_heap *heap)
{
   if (!heap)
      return;
   while (heap->holes) {
      struct hole *next = heap->holes->next;
      free(heap->holes);
      heap->holes = next;
   }
   /* A fork's child has the mapping; the handle of the pages is its parent's. */
   if (heap->pages.data && heaps->connection->pid != getpid())
      munmap(heap->pages.data, heap->pages.size);
   else if (heap->pages.data)
      icd_virtgpu_pages_destroy(heaps->connection->virtgpu, &heap->pages);
   else if (heap->data)
      munmap(heap->data, heap->size);
   if (heap->fd >= 0)
      close(heap->fd);
   free(heap);
}

void
icd_heaps_finish(struct icd_heaps *heaps)
{
   if (heaps->first && heaps->connection->virtgpu) /* as in drop_heap_locked */
      icd_flush(heaps->connection);
   while (heaps->first) {
      struct icd_heap *next = heaps->first->next;
      destroy_heap(heaps, heaps->first);
      heaps->first = next;
   }
   pthread_mutex_destroy(&heaps->lock);
}

/* Tells the worker, which maps it too. */
static bool
announce(struct icd_heaps *heaps, const struct icd_heap *heap)
{
   struct tongs_encoder e;

   tongs_encoder_init(&e);
   size_t offset = tongs_encode_op_begin(&e, TONGS_OP_tongsHeapCreate, TONGS_OP_FLAG_FD);
   tongs_encode_u32(&e, heap->number);
   tongs_encode_u32(&e, 0);
   tongs_encode_u64(&e, heaps->device);
   tongs_encode_u64(&e, heap->size);
   bool ok = tongs_encode_op_end(&e, offset);
   if (ok && heap->pages.data)
      ok = icd_send_with_pages(heaps->connection, e.base, tongs_encoder_size(&e), &heap->pages);
   else if (ok)
      ok = icd_send_with_fd(heaps->connection, e.base, tongs_encoder_size(&e), heap->fd);
   tongs_encoder_finish(&e);
   return ok;
}

static bool
make_memory(struct icd_heap *heap)
{
   heap->fd = tongs_sealed_memory("tongs-heap", heap->size);
   if (heap->fd < 0)
      return false;
   void *data =
      mmap(NULL, heap->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, heap->fd, 0);
   if (data == MAP_FAILED)
      return false;
   heap->data = data;
   return true;
}

static bool
make_pages(struct icd_heaps *heaps, struct icd_heap *heap)
{
   if (!icd_virtgpu_heap_create(heaps->connection->virtgpu, heap->size, &heap->pages))
      return false;
   heap->data = heap->pages.data;
   return true;
}

static struct icd_heap *
create_heap_locked(struct icd_heaps *heaps, uint64_t size, bool own)
{
   struct icd_heap *heap = calloc(1, sizeof(*heap));
   if (!heap)
      return NULL;

   heap->number = heaps->next_number;
   heap->size = size;
   heap->own = own;
   heap->fd = heap->lent_fd = -1;
   if (heaps->connection->virtgpu ? !make_pages(heaps, heap) : !make_memory(heap))
      goto fail;
   heap->holes = calloc(1, sizeof(*heap->holes));
   if (!heap->holes)
      goto fail;
   heap->holes->size = size;
   if (!announce(heaps, heap))
      goto fail;
   heaps->next_number++;
   heap->next = heaps->first;
   heaps->first = heap;
   return heap;

fail:
   destroy_heap(heaps, heap);
   return NULL;
}

/* First fit among the holes that are kept, or among the others. */
static bool
take_locked(struct icd_heaps *heaps, struct icd_heap *heap, uint64_t size, bool kept,
            struct icd_heap_range *range)
{
   for (struct hole **link = &heap->holes; *link; link = &(*link)->next) {
      struct hole *hole = *link;
      if (hole->kept != kept || hole->size < size)
         continue;
      *range = (struct icd_heap_range){
         .heap = heap,
         .number = heap->number,
         .offset = hole->offset,
         .size = size,
         .data = heap->data + hole->offset,
      };
      if (kept)
         heaps->kept -= size;
      hole->offset += size;
      hole->size -= size;
      if (!hole->size) {
         *link = hole->next;
         free(hole);
      }
      return true;
   }
   return false;
}

static bool
take_common_locked(struct icd_heaps *heaps, uint64_t size, bool kept, struct icd_heap_range *range)
{
   for (struct icd_heap *heap = heaps->first; heap; heap = heap->next) {
      if (!heap->own && take_locked(heaps, heap, size, kept, range))
         return true;
   }
   return false;
}

static void
punch(const struct icd_heap *heap, uint64_t offset, uint64_t size)
{
   fallocate(heap->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size);
}

/* Gives all kept pages back, so that their holes are as others. */
static void
keep_none_locked(struct icd_heaps *heaps)
{
   for (struct icd_heap *heap = heaps->first; heap && heaps->kept; heap = heap->next) {
      for (struct hole *hole = heap->holes; hole; hole = hole->next) {
         if (hole->kept) {
            punch(heap, hole->offset, hole->size);
            heaps->kept -= hole->size;
            hole->kept = false;
         }
      }
      for (struct hole *hole = heap->holes; hole; hole = hole->next) {
         for (struct hole *next;
              (next = hole->next) && hole->offset + hole->size == next->offset;) {
            hole->size += next->size;
            hole->next = next->next;
            free(next);
         }
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

   /* An allocation of a quarter has a heap to itself. */
   struct icd_virtgpu *v = heaps->connection->virtgpu;
   uint64_t common = v && !icd_virtgpu_has_window(v) ? HEAP_SIZE_VIRTGPU : HEAP_SIZE;
   pthread_mutex_lock(&heaps->lock);
   if (size >= common / 4) {
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

bool
icd_heap_borrow(struct icd_heaps *heaps, int fd, uint64_t fd_size, uint64_t offset, uint64_t size,
                void *data, struct icd_heap_range *range)
{
   bool ok = true;

   pthread_mutex_lock(&heaps->lock);
   struct icd_heap *heap = heaps->first;
   while (heap && heap->lent_fd != fd)
      heap = heap->next;
   if (!heap) {
      heap = calloc(1, sizeof(*heap));
      if (heap) {
         heap->number = heaps->next_number;
         heap->size = fd_size;
         heap->own = true;
         heap->fd = heap->lent_fd = fd;
      }
      ok = heap && announce(heaps, heap);
      if (heap)
         heap->fd = -1;
      if (ok) {
         heaps->next_number++;
         heap->next = heaps->first;
         heaps->first = heap;
      } else if (heap) {
         destroy_heap(heaps, heap);
      }
   }
   if (ok) {
      heap->lent++;
      *range = (struct icd_heap_range){
         .heap = heap, .number = heap->number, .offset = offset, .size = size, .data = data};
   }
   pthread_mutex_unlock(&heaps->lock);
   return ok;
}

/* Enters the range among the holes, joined with its neighbours of the same kind. When memory is out
 * the range stays unused. */
static void
give_back_locked(struct icd_heaps *heaps, const struct icd_heap_range *range, bool kept)
{
   struct icd_heap *heap = range->heap;
   struct hole *before = NULL, *after = heap->holes;

   while (after && after->offset < range->offset) {
      before = after;
      after = after->next;
   }
   struct hole *hole = malloc(sizeof(*hole));
   if (!hole)
      return;
   *hole = (struct hole){.offset = range->offset, .size = range->size, .kept = kept, .next = after};
   if (kept)
      heaps->kept += range->size;
   if (after && after->kept == kept && hole->offset + hole->size == after->offset) {
      hole->size += after->size;
      hole->next = after->next;
      free(after);
   }
   if (before && before->kept == kept && before->offset + before->size == hole->offset) {
      before->size += hole->size;
      before->next = hole->next;
      free(hole);
   } else {
      *(before ? &before->next : &heap->holes) = hole;
   }
}

static void
drop_heap_locked(struct icd_heaps *heaps, struct icd_heap *heap)
{
   size_t offset;

   for (struct icd_heap **link = &heaps->first; *link; link = &(*link)->next) {
      if (*link == heap) {
         *link = heap->next;
         break;
      }
   }
   struct tongs_encoder *e = icd_op_begin(heaps->connection, TONGS_OP_tongsHeapDestroy, 0, &offset);
   tongs_encode_u32(e, heap->number);
   tongs_encode_u32(e, 0);
   tongs_encode_u64(e, heaps->device);
   icd_op_end(heaps->connection, offset);
   if (heap->pages.data) /* the client's kernel has them back when the worker has let go */
      icd_flush(heaps->connection);
   destroy_heap(heaps, heap);
}

void
icd_heap_free(struct icd_heaps *heaps, const struct icd_heap_range *range)
{
   if (!range->heap)
      return;
   pthread_mutex_lock(&heaps->lock);
   if (range->heap->lent > 1) {
      range->heap->lent--;
   } else if (range->heap->own) {
      drop_heap_locked(heaps, range->heap);
   } else {
      const bool large = range->size >= PUNCH_SIZE && range->heap->fd >= 0;
      const bool kept = large && range->size <= KEPT_MAX - heaps->kept;
      if (large && !kept)
         punch(range->heap, range->offset, range->size);
      give_back_locked(heaps, range, kept);
   }
   pthread_mutex_unlock(&heaps->lock);
}
