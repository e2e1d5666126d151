/* SPDX-License-Identifier: MIT */
#include "heap.h"

#include "channel.h"
#include "handlers.h"

#include "tongs_gen_types.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct rdr_heap {
   struct rdr_heap *next;
   const struct rdr_device *device;
   uint32_t number; /* 0: the guest has destroyed it, and a memory still uses it */
   uint32_t uses;   /* memories that are made of it: the host's driver holds the address */
   uint64_t size;
   uint8_t *data;
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
   return h->data + offset;
}

static void
drop(struct rdr_heap **link)
{
   struct rdr_heap *heap = *link;

   *link = heap->next;
   munmap(heap->data, heap->size);
   free(heap);
}

/* --- Memories ------------------------------------------------------------------------------------------------------ */

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

/* --- Ops ------------------------------------------------------------------------------------------------------------ */

void
rdr_own_heap_create(struct rdr_context *ctx, struct tongs_decoder *d)
{
   uint32_t number = tongs_decode_u32(d), count = 0;
   tongs_decode_u32(d);
   tongs_decode_target(d, TONGS_TYPE_VkDevice);
   uint64_t size = tongs_decode_u64(d);

   if (d->error || !number || !d->target || ctx->op_fd < 0) {
      rdr_end(ctx, "a tongsHeapCreate is malformed or came without its file descriptor");
      return;
   }
   int fd = rdr_take_op_fd(ctx);
   const struct rdr_device *dev = d->target->data;
   bool taken = *find(ctx, dev, number) != NULL;
   for (const struct rdr_heap *other = ctx->heaps; other; other = other->next)
      count++;
   struct rdr_heap *heap = calloc(1, sizeof(*heap));
   if (!heap || taken || count >= RDR_HEAPS_MAX || !size || size > RDR_HEAP_SIZE_MAX ||
       !tongs_is_sealed(fd, size)) {
      rdr_end(ctx, "a shared heap of %llu bytes was refused: %s", (unsigned long long)size,
              taken ? "its number is taken"
                    : "it is no sealed memory of that size, or one too many");
      goto fail;
   }
   void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
   if (data == MAP_FAILED) {
      rdr_end(ctx, "a shared heap of %llu bytes cannot be mapped", (unsigned long long)size);
      goto fail;
   }
   close(fd);
   *heap = (struct rdr_heap){
      .next = ctx->heaps, .device = dev, .number = number, .size = size, .data = data};
   ctx->heaps = heap;
   return;

fail:
   close(fd);
   free(heap);
}

void
rdr_own_heap_destroy(struct rdr_context *ctx, struct tongs_decoder *d)
{
   uint32_t number = tongs_decode_u32(d);
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
