/* SPDX-License-Identifier: MIT */

/* The objects behind the application's handles, and the allocation of their memory. */

#ifndef ICD_OBJECT_H
#define ICD_OBJECT_H

#include "protocol/id.h"

#include <stddef.h>
#include <vulkan/vulkan_core.h>

struct icd_connection;

/* The first member of every dispatchable object. */
struct icd_dispatchable {
   struct tongs_object object;
   struct icd_connection *connection; /* owned by the instance */
   VkAllocationCallbacks alloc;       /* for child objects that are created without callbacks */
};

/* `handle`: a VkInstance, VkPhysicalDevice, VkDevice, VkQueue or VkCommandBuffer. */
static inline struct icd_dispatchable *
icd_dispatchable_from(const void *handle)
{
   return (struct icd_dispatchable *)handle;
}

/* Allocates memory through the application's callbacks: `alloc`, or those of the parent object if
 * `alloc` is NULL. All memory of objects is allocated by this function and icd_object_create().
 * 16-byte aligned and zeroed; NULL on failure. */
void *
icd_alloc(const struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc, size_t size,
          VkSystemAllocationScope scope);

void
icd_free(const struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc, void *mem);

/* Callbacks that call the C library's allocator. */
extern const VkAllocationCallbacks icd_default_alloc;

/* Creates a plain object of the type TONGS_TYPE_*, with a new id. NULL on failure. */
struct tongs_object *
icd_object_create(struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc,
                  uint8_t type);

/* As icd_object_create(), for a struct of `size` bytes that begins with a struct tongs_object. */
void *
icd_object_create_sized(struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc,
                        uint8_t type, size_t size);

/* Frees the id and the memory. The caller must have encoded the op that destroys the worker's
 * object. The object may be NULL. */
void
icd_object_destroy(struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc,
                   struct tongs_object *object);

/* Creates plain objects for a command that creates `count` of them, and writes their handles to the
 * application's array `handles`. On failure, returns NULL, and the handles are VK_NULL_HANDLE. The
 * caller must call icd_objects_settle() after the command. */
struct tongs_object **
icd_objects_create(struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc,
                   uint8_t type, uint32_t count, void *handles);

/* Destroys the objects whose handles the reply has cleared, because the worker could not create
 * them, and frees `objects`. */
void
icd_objects_settle(struct icd_dispatchable *parent, const VkAllocationCallbacks *alloc,
                   struct tongs_object **objects, uint32_t count, const void *handles);

/* Writes the word that the loader expects at the start of a dispatchable object. */
void
icd_object_init_dispatchable(struct tongs_object *object);

#endif
