/* SPDX-License-Identifier: MIT */

/* Private data never leaves the client: each slot is a hash table from an object's id to the value.
 * The key is not the object's address, because a new object may get the address of a destroyed one,
 * but must start without a value. */

#include "icd/object.h"

#include "icd/connection.h"
#include "icd/fence.h"
#include "icd/memory.h"

#include "icd_gen_entry.h"

#include <pthread.h>

struct cell {
   uint64_t id; /* of the object; 0: free. Ids that differ only in the generation share a cell. */
   uint64_t value;
};

struct private_data_slot {
   struct tongs_object base;
   VkAllocationCallbacks alloc;
   pthread_mutex_t lock; /* protects the table */
   uint32_t used;
   uint32_t size; /* a power of two, or 0 */
   struct cell *cells;
};

static struct private_data_slot *
slot_from(VkPrivateDataSlot handle)
{
   return (struct private_data_slot *)(uintptr_t)handle;
}

/* The cell of an id's slot, or the free cell for it. The table must not be full. */
static struct cell *
find(struct cell *cells, uint32_t size, uint64_t id)
{
   uint32_t at = (uint32_t)(tongs_id_slot(id) * UINT64_C(0x9e3779b97f4a7c15) >> 32);

   while (cells[at & (size - 1)].id &&
          tongs_id_slot(cells[at & (size - 1)].id) != tongs_id_slot(id))
      at++;
   return &cells[at & (size - 1)];
}

static uint64_t
id_of(VkDevice device, VkObjectType type, uint64_t handle)
{
   if (type == VK_OBJECT_TYPE_FENCE)
      return icd_fence_id(device, (VkFence)(uintptr_t)handle);
   return ((const struct tongs_object *)(uintptr_t)handle)->id;
}

static bool
grow_locked(struct private_data_slot *slot)
{
   uint32_t size = slot->size ? slot->size * 2 : 64;
   struct cell *cells =
      icd_alloc(NULL, &slot->alloc, size * sizeof(*cells), VK_SYSTEM_ALLOCATION_SCOPE_OBJECT);

   if (!cells)
      return false;
   for (uint32_t i = 0; i < slot->size; i++) {
      if (slot->cells[i].id)
         *find(cells, size, slot->cells[i].id) = slot->cells[i];
   }
   icd_free(NULL, &slot->alloc, slot->cells);
   slot->cells = cells;
   slot->size = size;
   return true;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreatePrivateDataSlot(VkDevice device, const VkPrivateDataSlotCreateInfo *pCreateInfo,
                          const VkAllocationCallbacks *pAllocator,
                          VkPrivateDataSlot *pPrivateDataSlot)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct private_data_slot *slot =
      icd_object_create_sized(dev, pAllocator, TONGS_TYPE_VkPrivateDataSlot, sizeof(*slot));

   (void)pCreateInfo;
   if (!slot)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   slot->alloc = pAllocator ? *pAllocator : dev->alloc;
   pthread_mutex_init(&slot->lock, NULL);
   *pPrivateDataSlot = (VkPrivateDataSlot)(uintptr_t)slot;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyPrivateDataSlot(VkDevice device, VkPrivateDataSlot privateDataSlot,
                           const VkAllocationCallbacks *pAllocator)
{
   struct private_data_slot *slot = slot_from(privateDataSlot);
   if (!slot)
      return;
   pthread_mutex_destroy(&slot->lock);
   icd_free(NULL, &slot->alloc, slot->cells);
   icd_object_destroy(icd_dispatchable_from(device), pAllocator, &slot->base);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_SetPrivateData(VkDevice device, VkObjectType objectType, uint64_t objectHandle,
                   VkPrivateDataSlot privateDataSlot, uint64_t data)
{
   struct private_data_slot *slot = slot_from(privateDataSlot);
   VkResult result = VK_SUCCESS;

   uint64_t id = id_of(device, objectType, objectHandle);

   /* The next memory with this id must start without a value. */
   if (objectType == VK_OBJECT_TYPE_DEVICE_MEMORY)
      icd_spare_refuse((VkDeviceMemory)(uintptr_t)objectHandle);
   pthread_mutex_lock(&slot->lock);
   if (slot->used * 2 >= slot->size && !grow_locked(slot)) {
      result = VK_ERROR_OUT_OF_HOST_MEMORY;
   } else {
      struct cell *cell = find(slot->cells, slot->size, id);
      slot->used += !cell->id;
      *cell = (struct cell){.id = id, .value = data};
   }
   pthread_mutex_unlock(&slot->lock);
   return result;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetPrivateData(VkDevice device, VkObjectType objectType, uint64_t objectHandle,
                   VkPrivateDataSlot privateDataSlot, uint64_t *pData)
{
   struct private_data_slot *slot = slot_from(privateDataSlot);

   uint64_t id = id_of(device, objectType, objectHandle);

   pthread_mutex_lock(&slot->lock);
   const struct cell *cell = slot->size ? find(slot->cells, slot->size, id) : NULL;
   *pData = cell && cell->id == id ? cell->value : 0;
   pthread_mutex_unlock(&slot->lock);
}
