/* SPDX-License-Identifier: MIT */
#include "renderer/worker/object.h"

#include "renderer/worker/compile.h"
#include "renderer/worker/heap.h"
#include "renderer/worker/jobs.h"

#include "tongs_gen_types.h"

#include <stdlib.h>
#include <string.h>

/* A host object whose id the client has destroyed while a wait still uses the object. It is
 * destroyed with its device. */
struct rdr_orphan {
   struct tongs_list link; /* in rdr_device.orphans */
   uint8_t type;
   uint64_t handle;
};

static bool
grow(struct rdr_context *ctx, uint32_t slot)
{
   uint32_t count = ctx->slot_count ? ctx->slot_count : 256;

   while (count <= slot)
      count *= 2;
   struct tongs_slot *slots = realloc(ctx->slots, count * sizeof(*slots));
   if (!slots)
      return false;
   ctx->slots = slots;
   struct rdr_node *nodes = realloc(ctx->nodes, count * sizeof(*nodes));
   if (!nodes)
      return false;
   ctx->nodes = nodes;

   memset(nodes + ctx->slot_count, 0, (count - ctx->slot_count) * sizeof(*nodes));
   memset(slots + ctx->slot_count, 0, (count - ctx->slot_count) * sizeof(*slots));
   ctx->slot_count = count;
   return true;
}

static void
link_child(struct rdr_context *ctx, uint32_t slot, uint32_t parent)
{
   struct rdr_node *node = &ctx->nodes[slot];

   *node = (struct rdr_node){.parent = parent, .next = ctx->nodes[parent].first_child};
   if (node->next)
      ctx->nodes[node->next].prev = slot;
   ctx->nodes[parent].first_child = slot;
}

static void
unlink_child(struct rdr_context *ctx, uint32_t slot)
{
   struct rdr_node *node = &ctx->nodes[slot];

   if (node->prev)
      ctx->nodes[node->prev].next = node->next;
   else
      ctx->nodes[node->parent].first_child = node->next;
   if (node->next)
      ctx->nodes[node->next].prev = node->prev;
}

VkResult
rdr_object_room(const struct rdr_context *ctx, uint8_t type, uint32_t count)
{
   const struct rdr_limits *limits = &ctx->limits;
   uint64_t most = type == TONGS_TYPE_VkDevice     ? limits->devices
                   : type == TONGS_TYPE_VkPipeline ? limits->pipelines
                                                   : limits->objects_of_type;

   if (ctx->type_counts[type] + (uint64_t)count <= most)
      return VK_SUCCESS;
   return type == TONGS_TYPE_VkDevice ? VK_ERROR_TOO_MANY_OBJECTS : VK_ERROR_OUT_OF_HOST_MEMORY;
}

bool
rdr_object_add(struct rdr_context *ctx, uint8_t type, uint64_t id, uint64_t handle, VkResult result,
               uint32_t parent, void *data)
{
   uint32_t slot = tongs_id_slot(id);

   if (tongs_id_type(id) != type || !slot || slot >= ctx->limits.objects) {
      rdr_end(ctx, "the id %#llx of a new object is malformed", (unsigned long long)id);
      return false;
   }
   if (slot >= ctx->slot_count && !grow(ctx, slot)) {
      rdr_end(ctx, "out of memory for the object table");
      return false;
   }
   if (ctx->slots[slot].id) {
      rdr_end(ctx, "the id %#llx of a new object is in use", (unsigned long long)id);
      return false;
   }

   uint32_t device = 0;
   if (parent)
      device = tongs_id_type(ctx->slots[parent].id) == TONGS_TYPE_VkDevice
                  ? parent
                  : ctx->slots[parent].device;
   ctx->slots[slot] = (struct tongs_slot){
      .id = id,
      .handle = handle,
      .device = device,
      .result = handle ? VK_SUCCESS : result,
      .data = data,
   };
   ctx->type_counts[type]++;
   link_child(ctx, slot, parent);
   return true;
}

void
rdr_objects_add_with_data(struct rdr_context *ctx, const struct rdr_op *op, uint8_t type,
                          const struct tongs_args *args, void *handles, VkResult result, void *data)
{
   uint64_t *list = handles; /* all handles have 64 bits: the worker is a 64-bit program */

   _Static_assert(sizeof(VkDevice) == 8 && sizeof(VkBuffer) == 8, "the worker is a 64-bit program");
   /* If a call for several objects fails, some of them may exist. If a call for one object fails,
    * its handle is invalid, even if the driver has written one. */
   if (result < 0 && args->new_count == 1)
      list[0] = 0;
   for (uint32_t i = 0; i < args->new_count; i++) {
      uint64_t handle = list[i];
      /* VK_PIPELINE_COMPILE_REQUIRED is no error, but leaves pipelines without a handle. */
      if (!handle && op->is_call)
         continue;
      if (result < 0 && ctx->post_result == VK_SUCCESS)
         ctx->post_result = result;
      rdr_object_add(ctx, type, args->new_ids[i], handle, result, op->parent, data);
   }
}

void
rdr_objects_add(struct rdr_context *ctx, const struct rdr_op *op, uint8_t type,
                const struct tongs_args *args, void *handles, VkResult result)
{
   rdr_objects_add_with_data(ctx, op, type, args, handles, result, op->owner);
}

uint64_t
rdr_args_id(const struct tongs_args *args, uint32_t i)
{
   uint64_t id;
   memcpy(&id, args->ids + (size_t)i * sizeof(id), sizeof(id));
   return id;
}

void
rdr_object_remove(struct rdr_context *ctx, uint32_t slot)
{
   rdr_object_remove_children(ctx, slot);
   unlink_child(ctx, slot);
   const uint8_t type = tongs_id_type(ctx->slots[slot].id);
   ctx->type_counts[type]--;
   if (type == TONGS_TYPE_VkDeviceMemory) {
      const struct rdr_memory *memory = ctx->slots[slot].data;
      ctx->memory_bytes -= memory ? memory->size : 0;
      rdr_memory_destroy(ctx->slots[slot].data);
   }
   ctx->slots[slot] = (struct tongs_slot){0};
   ctx->nodes[slot] = (struct rdr_node){0};
}

uint32_t
rdr_objects_remove(struct rdr_context *ctx, const struct rdr_op *op, const struct tongs_args *args)
{
   uint32_t count = 0;

   for (uint32_t i = 0; i < args->id_count; i++) {
      uint64_t id = rdr_args_id(args, i);
      if (!id)
         continue;
      if (ctx->slots[tongs_id_slot(id)].id != id) { /* when the op was decoded, it still existed */
         rdr_end(ctx, "a %s names an object twice", tongs_ops[op->number].name);
         return 0;
      }
      rdr_object_remove(ctx, tongs_id_slot(id));
      count++;
   }
   return count;
}

uint32_t
rdr_pool_slot(struct rdr_context *ctx, const struct rdr_op *op, uint8_t type)
{
   if (tongs_id_type(op->used[1]) == type)
      return tongs_id_slot(op->used[1]);
   rdr_end(ctx, "a %s names no pool", tongs_ops[op->number].name);
   return 0;
}

bool
rdr_objects_return(struct rdr_context *ctx, const struct rdr_op *op, uint8_t pool_type,
                   const struct tongs_args *args)
{
   uint32_t pool = rdr_pool_slot(ctx, op, pool_type);

   for (uint32_t i = 0; pool && i < args->id_count; i++) {
      uint64_t id = rdr_args_id(args, i);
      if (id && ctx->nodes[tongs_id_slot(id)].parent != pool) {
         rdr_end(ctx, "a %s names an object of another pool", tongs_ops[op->number].name);
         return false;
      }
   }
   return pool && rdr_objects_remove(ctx, op, args);
}

void
rdr_object_keep(struct rdr_device *dev, uint8_t type, uint64_t handle)
{
   struct rdr_orphan *orphan = malloc(sizeof(*orphan));

   if (!orphan)
      return; /* the object stays until the process ends */
   *orphan = (struct rdr_orphan){.type = type, .handle = handle};
   tongs_list_append(&dev->orphans, &orphan->link);
}

/* Keeps the host object of a slot as an orphan because a wait uses it. */
static void
make_orphan(struct rdr_context *ctx, uint32_t slot)
{
   uint32_t device = ctx->slots[slot].device;

   if (device)
      rdr_object_keep(ctx->slots[device].data, tongs_id_type(ctx->slots[slot].id),
                      ctx->slots[slot].handle);
}

bool
rdr_object_release(struct rdr_context *ctx, const struct rdr_op *op, const struct tongs_args *args)
{
   uint64_t id = rdr_args_id(args, 0);

   if (!id)
      return false;
   uint32_t slot = tongs_id_slot(id);
   if (ctx->nodes[slot].parent != op->parent) { /* an image of a swapchain */
      rdr_end(ctx, "a %s names an object that goes with another", tongs_ops[op->number].name);
      return false;
   }
   bool exists = ctx->slots[slot].handle != 0;
   bool pinned = rdr_jobs_use(ctx->jobs, id);
   if (exists && pinned)
      make_orphan(ctx, slot);
   bool later = exists && !pinned && ctx->slots[slot].device &&
                rdr_compile_defers(ctx->compiles, ctx->slots[ctx->slots[slot].device].data,
                                   tongs_id_type(id), ctx->slots[slot].handle);
   rdr_object_remove(ctx, slot);
   return exists && !pinned && !later;
}

void
rdr_object_remove_children(struct rdr_context *ctx, uint32_t slot)
{
   while (ctx->nodes[slot].first_child)
      rdr_object_remove(ctx, ctx->nodes[slot].first_child);
}

void
rdr_object_destroy_children(struct rdr_context *ctx, uint32_t device)
{
   struct rdr_device *dev = ctx->slots[device].data;

   tongs_list_for_each_safe(struct rdr_orphan, orphan, &dev->orphans, link) {
      tongs_list_remove(&orphan->link);
      rdr_vk_destroy(&dev->vk, dev->handle, orphan->type, orphan->handle);
      free(orphan);
   }
   for (int late = 0; late < 2; late++) {
      uint32_t slot = ctx->nodes[device].first_child;
      while (slot) {
         uint32_t next = ctx->nodes[slot].next;
         uint8_t type = tongs_id_type(ctx->slots[slot].id);
         if (late || !rdr_vk_is_destroyed_last(type)) {
            if (ctx->slots[slot].handle)
               rdr_vk_destroy(&dev->vk, dev->handle, type, ctx->slots[slot].handle);
            rdr_object_remove(ctx, slot);
         }
         slot = next;
      }
   }
}

const struct tongs_slot *
rdr_object_find(const struct rdr_context *ctx, uint64_t id, uint8_t type)
{
   uint32_t slot = tongs_id_slot(id);

   if (!id || slot >= ctx->slot_count || ctx->slots[slot].id != id || tongs_id_type(id) != type)
      return NULL;
   return &ctx->slots[slot];
}
