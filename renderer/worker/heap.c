/* SPDX-License-Identifier: MIT */
#include "renderer/worker/heap.h"

#include "renderer/worker/handlers.h"
#include "renderer/worker/input.h"

#include "tongs_gen_types.h"

#include <stdlib.h>
#include <unistd.h>

struct rdr_heap {
   struct rdr_heap *next;
   const struct rdr_device *device;
   uint32_t number; /* 0: the client has destroyed it, and a memory still uses it */
   uint32_t uses;   /* memories that are made of it: the host's driver holds the address */
   uint64_t size;
   struct rdr_shared_memory memory;
};

static struct rdr_heap **
find(struct rdr_context *ctx, const struct rdr_device *dev, uint32_t number)
{
   struct rdr_heap **link = &ctx->heaps;

   while (*link && ((*link)->number != number || (*link)->device != dev))
      link = &(*link)->next;
   return link;
}

void *
rdr_heap_range(struct rdr_context *ctx, const struct rdr_device *dev, uint32_t number,
               uint64_t offset, uint64_t size, struct rdr_heap **heap)
{
   struct rdr_heap *h = number ? *find(ctx, dev, number) : NULL;

   if (!h || size > h->size || offset > h->size - size || offset % RDR_HEAP_PAGE)
      return NULL;
   *heap = h;
   return h->memory.data + offset;
}

static void
drop(struct rdr_heap **link)
{
   struct rdr_heap *heap = *link;

   *link = heap->next;
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
rdr_memory_destroy(struct rdr_context *ctx, struct rdr_memory *memory)
{
   struct rdr_heap *heap = memory ? memory->heap : NULL;

   if (memory && memory->imported_fd >= 0)
      close(memory->imported_fd);
   free(memory);
   if (!heap || --heap->uses || heap->number)
      return;
   struct rdr_heap **link = &ctx->heaps;
   while (*link != heap)
      link = &(*link)->next;
   drop(link);
}

/* --- Ops --- */

void
rdr_own_heap_create(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   uint32_t number = tongs_decode_u32(d), count = 0;
   tongs_decode_u32(d);
   tongs_decode_target(d, TONGS_TYPE_VkDevice);
   uint64_t size = tongs_decode_u64(d);

   if (d->error || !number || !d->target) {
      rdr_end(ctx, "a tongsHeapCreate is malformed");
      return;
   }
   const struct rdr_device *dev = d->target->data;
   const char *why = *find(ctx, dev, number) ? "its number is taken" : NULL;
   for (const struct rdr_heap *other = ctx->heaps; other; other = other->next)
      count++;
   if (count >= ctx->limits.heaps || !size || size > ctx->limits.heap_bytes)
      why = "it is one too many, or of an impossible size";
   struct rdr_heap *heap = why ? NULL : calloc(1, sizeof(*heap));
   if (heap) {
      *heap = (struct rdr_heap){.next = ctx->heaps, .device = dev, .number = number, .size = size};
      why = rdr_op_map_memory(ctx, op, size, &heap->memory);
   } else if (!why) {
      why = "out of memory";
   }
   if (why) {
      rdr_end(ctx, "a shared heap of %llu bytes was refused: %s", (unsigned long long)size, why);
      free(heap);
      return;
   }
   ctx->heaps = heap;
}

void
rdr_own_heap_destroy(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   uint32_t number = tongs_decode_u32(d);

   (void)op;
   tongs_decode_u32(d);
   tongs_decode_target(d, TONGS_TYPE_VkDevice);

   struct rdr_heap **link = d->error || !number ? NULL : find(ctx, d->target->data, number);
   if (!link || !*link)
      rdr_end(ctx, "a tongsHeapDestroy names no heap");
   else if ((*link)->uses)
      (*link)->number = 0;
   else
      drop(link);
}

void
rdr_heaps_release(struct rdr_context *ctx, const struct rdr_device *dev)
{
   struct rdr_heap **link = &ctx->heaps;

   while (*link) {
      if ((*link)->device == dev)
         drop(link);
      else
         link = &(*link)->next;
   }
}
