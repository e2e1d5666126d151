/* SPDX-License-Identifier: MIT */
#include "icd/object.h"

#include "icd/connection.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_icd.h>

#define ALIGNMENT 16

static VKAPI_ATTR void *VKAPI_CALL
default_alloc(void *user, size_t size, size_t alignment, VkSystemAllocationScope scope)
{
   (void)user, (void)alignment, (void)scope;
   return malloc(size);
}

static VKAPI_ATTR void *VKAPI_CALL
default_realloc(void *user, void *mem, size_t size, size_t alignment, VkSystemAllocationScope scope)
{
   (void)user, (void)alignment, (void)scope;
   return realloc(mem, size);
}

static VKAPI_ATTR void VKAPI_CALL
default_free(void *user, void *mem)
{
   (void)user;
   free(mem);
}

const VkAllocationCallbacks icd_default_alloc = {
   .pfnAllocation = default_alloc,
   .pfnReallocation = default_realloc,
   .pfnFree = default_free,
};

static const VkAllocationCallbacks *
choose(const struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc)
{
   if (alloc)
      return alloc;
   return parent ? &parent->alloc : &icd_default_alloc;
}

void *
icd_alloc(const struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc, size_t size,
          VkSystemAllocationScope scope)
{
   const VkAllocationCallbacks *a = choose(parent, alloc);
   void *mem = a->pfnAllocation(a->pUserData, size, ALIGNMENT, scope);

   return mem ? memset(mem, 0, size) : NULL;
}

void
icd_free(const struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc, void *mem)
{
   const VkAllocationCallbacks *a = choose(parent, alloc);

   if (mem)
      a->pfnFree(a->pUserData, mem);
}

void *
icd_object_create_sized(struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc,
                        uint8_t type, size_t size)
{
   struct tongs_object *object = icd_alloc(parent, alloc, size, VK_SYSTEM_ALLOCATION_SCOPE_OBJECT);
   if (!object)
      return NULL;

   object->id = icd_id_new(parent->connection, type);
   if (!object->id) {
      icd_free(parent, alloc, object);
      return NULL;
   }
   return object;
}

struct tongs_object *
icd_object_create(struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc, uint8_t type)
{
   const VkAllocationCallbacks *a = choose(parent, alloc);
   struct tongs_object *object =
      a->pfnAllocation(a->pUserData, sizeof(*object), ALIGNMENT, VK_SYSTEM_ALLOCATION_SCOPE_OBJECT);
   if (!object)
      return NULL;

   *object = (struct tongs_object){.id = icd_id_new(parent->connection, type)};
   if (!object->id) {
      icd_free(parent, alloc, object);
      return NULL;
   }
   return object;
}

void
icd_object_destroy(struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc,
                   struct tongs_object *object)
{
   if (!object)
      return;
   icd_id_free(parent->connection, object->id);
   icd_free(parent, alloc, object);
}

/* The handles are of any non-dispatchable type, 8 bytes each. */
static bool
is_null(const void *handles, uint32_t i)
{
   uint64_t handle;

   memcpy(&handle, (const uint8_t *)handles + i * sizeof(handle), sizeof(handle));
   return !handle;
}

struct tongs_object **
icd_objects_create(struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc,
                   uint8_t type, uint32_t count, void *handles)
{
   struct tongs_object **objects =
      icd_alloc(parent, alloc, (count ? count : 1) * sizeof(struct tongs_object *),
                VK_SYSTEM_ALLOCATION_SCOPE_COMMAND);

   memset(handles, 0, count * sizeof(uint64_t));
   if (!objects)
      return NULL;
   for (uint32_t i = 0; i < count; i++) {
      objects[i] = icd_object_create(parent, alloc, type);
      if (!objects[i]) {
         icd_objects_settle(parent, alloc, objects, count, handles);
         return NULL;
      }
   }
   for (uint32_t i = 0; i < count; i++) {
      uint64_t handle = (uintptr_t)objects[i];
      memcpy((uint8_t *)handles + i * sizeof(handle), &handle, sizeof(handle));
   }
   return objects;
}

void
icd_objects_settle(struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc,
                   struct tongs_object **objects, uint32_t count, const void *handles)
{
   for (uint32_t i = 0; i < count; i++) {
      if (is_null(handles, i))
         icd_object_destroy(parent, alloc, objects[i]);
   }
   icd_free(parent, alloc, objects);
}

void
icd_object_init_dispatchable(struct tongs_object *object)
{
   object->loader_data = ICD_LOADER_MAGIC;
}
