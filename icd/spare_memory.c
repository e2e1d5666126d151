/* SPDX-License-Identifier: MIT */
#include "icd/spare_memory.h"

#include "icd/connection.h"
#include "icd/device.h"
#include "icd/memory.h"
#include "icd/physical_device.h"

#include "tongs_gen_args.h"

#include <string.h>

/* The most that the spares of a device hold, in bytes. Their pages are not returned to the kernel,
 * as those of freed ranges of heaps are not (KEPT_MAX in heap.c). Together, both are 32 MiB. */
#define SPARE_BYTES_MAX (UINT64_C(16) << 20)

void
icd_spares_init(struct icd_spares *spares)
{
   *spares = (struct icd_spares){0};
   pthread_mutex_init(&spares->lock, NULL);
}

void
icd_spares_finish(struct icd_device *dev)
{
   struct icd_spares *spares = &dev->spares;

   for (uint32_t i = 0; i < spares->count; i++)
      icd_id_free(dev->base.connection, spares->list[i].id);
   pthread_mutex_destroy(&spares->lock);
}

void
icd_spare_describe(struct icd_memory *mem, const VkMemoryAllocateInfo *info)
{
   const VkMemoryAllocateFlagsInfo *flags = info->pNext;

   mem->type = info->memoryTypeIndex;
   mem->flags = 0;
   mem->may_be_spare = mem->strategy == ICD_MEMORY_SHARED && mem->size <= SPARE_BYTES_MAX;
   if (!flags || !mem->may_be_spare)
      return;
   mem->may_be_spare = flags->sType == VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO &&
                       !flags->pNext && flags->flags == VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT;
   mem->flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT;
}

/* Removes a spare from the list and returns it. */
static struct icd_spare
remove_locked(struct icd_spares *spares, uint32_t i)
{
   const struct icd_spare spare = spares->list[i];

   spares->count--;
   memmove(&spares->list[i], &spares->list[i + 1], (spares->count - i) * sizeof(spares->list[0]));
   spares->bytes -= spare.size;
   return spare;
}

bool
icd_spare_take(struct icd_device *dev, struct icd_memory *mem)
{
   struct icd_spares *spares = &dev->spares;
   struct icd_spare spare = {0};

   if (!mem->may_be_spare || icd_connection_is_lost(dev->base.connection))
      return false;
   pthread_mutex_lock(&spares->lock);
   for (uint32_t i = spares->count; i-- && !spare.id;) {
      const struct icd_spare *s = &spares->list[i];
      if (s->size == mem->size && s->type == mem->type && s->flags == mem->flags)
         spare = remove_locked(spares, i);
   }
   pthread_mutex_unlock(&spares->lock);
   if (!spare.id)
      return false;
   icd_id_free(dev->base.connection, mem->base.id);
   mem->base.id = spare.id;
   mem->range = spare.range;
   return true;
}

/* Frees what icd_spare_keep() has kept. */
static void
free_spare(struct icd_device *dev, const struct icd_spare *spare)
{
   struct icd_connection *c = dev->base.connection;
   struct tongs_object object = {.id = spare->id};
   struct tongs_args_vkFreeMemory args = {.device = (VkDevice)dev,
                                          .memory = (VkDeviceMemory)(uintptr_t)&object};

   icd_post(c, TONGS_OP_vkFreeMemory, &args);
   icd_heap_free(&dev->heaps, &spare->range);
   icd_note_freed(c, spare->size);
   icd_id_free(c, spare->id);
}

bool
icd_spare_keep(struct icd_device *dev, struct icd_memory *mem)
{
   struct icd_spares *spares = &dev->spares;
   struct icd_spare old[ICD_SPARES_MAX];
   uint32_t count = 0;

   if (!mem->may_be_spare || !mem->range.heap)
      return false;
   pthread_mutex_lock(&spares->lock);
   while (spares->count == ICD_SPARES_MAX || spares->bytes + mem->size > SPARE_BYTES_MAX)
      old[count++] = remove_locked(spares, 0);
   spares->list[spares->count++] = (struct icd_spare){
      .id = mem->base.id,
      .size = mem->size,
      .type = mem->type,
      .flags = mem->flags,
      .range = mem->range,
   };
   spares->bytes += mem->size;
   pthread_mutex_unlock(&spares->lock);
   mem->base.id = 0; /* the spare's now */
   for (uint32_t i = 0; i < count; i++)
      free_spare(dev, &old[i]);
   return true;
}

bool
icd_spares_free(struct icd_device *dev)
{
   struct icd_spares *spares = &dev->spares;
   struct icd_spare old[ICD_SPARES_MAX];
   uint32_t count = 0;

   pthread_mutex_lock(&spares->lock);
   while (spares->count)
      old[count++] = remove_locked(spares, 0);
   pthread_mutex_unlock(&spares->lock);
   for (uint32_t i = 0; i < count; i++)
      free_spare(dev, &old[i]);
   return count;
}
