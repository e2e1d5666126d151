/* SPDX-License-Identifier: MIT */
#include "renderer/worker/heap.h"

#include "renderer/worker/handlers.h"
#include "renderer/worker/input.h"

#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

#include <stdlib.h>
#include <unistd.h>

struct rdr_heap {
   struct tongs_list link; /* in rdr_context.heaps */
   const struct rdr_device *device;
   uint32_t number; /* 0: the client has destroyed the heap, and a memory still uses it */
   uint32_t uses;   /* memories imported from it: the host driver uses its address */
   uint64_t size;
   struct rdr_shared_memory memory;
};

/* NULL if there is none. */
static struct rdr_heap *
find(struct rdr_context *ctx, const struct rdr_device *dev, uint32_t number)
{
   tongs_list_for_each(struct rdr_heap, heap, &ctx->heaps, link) {
      if (heap->number == number && heap->device == dev)
         return heap;
   }
   return NULL;
}

bool
rdr_heap_range(struct rdr_context *ctx, const struct rdr_device *dev, uint32_t number,
               uint64_t offset, uint64_t size, struct rdr_heap **heap, void **data)
{
   struct rdr_heap *h = number ? find(ctx, dev, number) : NULL;

   if (!h || size > h->size || offset > h->size - size || offset % TONGS_HEAP_PAGE)
      return false;
   *heap = h;
   *data = h->memory.data ? h->memory.data + offset : NULL;
   return true;
}

static void
destroy(struct rdr_heap *heap)
{
   tongs_list_remove(&heap->link);
   rdr_shared_memory_unmap(&heap->memory);
   free(heap);
}

/* --- Memories --- */

struct rdr_memory *
rdr_memory_create(uint64_t size, bool mappable, struct rdr_heap *heap)
{
   struct rdr_memory *memory = malloc(sizeof(*memory));

   if (!memory)
      return NULL;
   *memory =
      (struct rdr_memory){.size = size, .mappable = mappable, .heap = heap, .imported_fd = -1};
   if (heap)
      heap->uses++;
   return memory;
}

void
rdr_memory_destroy(struct rdr_memory *memory)
{
   struct rdr_heap *heap = memory ? memory->heap : NULL;

   if (memory && memory->imported_fd >= 0)
      close(memory->imported_fd);
   free(memory);
   if (heap && !--heap->uses && !heap->number)
      destroy(heap);
}

/* --- Ops --- */

/* The reason to refuse a new heap; NULL: there is none. */
static const char *
refusal(struct rdr_context *ctx, const struct rdr_device *dev, uint32_t number, uint64_t size)
{
   uint64_t count = 0;

   if (find(ctx, dev, number))
      return "its number is taken";
   tongs_list_for_each(struct rdr_heap, heap, &ctx->heaps, link)
      count++;
   if (count >= ctx->limits.heaps || !size || size > ctx->limits.heap_bytes)
      return "it is one too many, or of an impossible size";
   return NULL;
}

void
rdr_own_heap_create(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct tongs_args_tongsHeapCreate a = {0};

   tongs_decode_tongsHeapCreate(d, &a);
   if (d->error || !a.number || !d->target) {
      rdr_end(ctx, "a tongsHeapCreate is malformed");
      return;
   }
   const struct rdr_device *dev = d->target->data;
   const char *why = refusal(ctx, dev, a.number, a.size);
   struct rdr_heap *heap = why ? NULL : calloc(1, sizeof(*heap));
   if (heap) {
      heap->device = dev;
      heap->number = a.number;
      heap->size = a.size;
      why = rdr_op_map_memory(ctx, op, a.size, &heap->memory);
      if (why && heap->memory.no_room) /* then no memory can be made of the heap */
         why = NULL;
   } else if (!why) {
      why = "out of memory";
   }
   if (why) {
      rdr_end(ctx, "a shared heap of %llu bytes was refused: %s", (unsigned long long)a.size, why);
      free(heap);
      return;
   }
   tongs_list_append(&ctx->heaps, &heap->link);
}

void
rdr_own_heap_destroy(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct tongs_args_tongsHeapDestroy a = {0};

   (void)op;
   tongs_decode_tongsHeapDestroy(d, &a);
   struct rdr_heap *heap = d->error || !a.number ? NULL : find(ctx, d->target->data, a.number);
   if (!heap)
      rdr_end(ctx, "a tongsHeapDestroy names no heap");
   else if (heap->uses)
      heap->number = 0;
   else
      destroy(heap);
}

void
rdr_heaps_release(struct rdr_context *ctx, const struct rdr_device *dev)
{
   tongs_list_for_each_safe(struct rdr_heap, heap, &ctx->heaps, link) {
      if (heap->device == dev)
         destroy(heap);
   }
}
