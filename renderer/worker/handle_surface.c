/* SPDX-License-Identifier: MIT */

/* Surfaces. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/object.h"
#include "renderer/worker/swapchain.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

/* The host's surface must outlive its swapchains, in whatever order the client destroys them. */
void
rdr_handle_DestroySurfaceKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkDestroySurfaceKHR *a = args;
   struct rdr_instance *instance = op->owner;
   bool used = rdr_surface_is_used(ctx, rdr_args_id(&a->base, 0));

   if (rdr_object_release(ctx, op, &a->base) && !used)
      instance->vk.DestroySurfaceKHR(a->instance, a->surface, NULL);
}

void
rdr_surfaces_destroy(struct rdr_context *ctx)
{
   const struct rdr_instance *instance = &ctx->instance;

   for (uint32_t slot = 1; slot < ctx->slot_count; slot++) {
      if (ctx->slots[slot].id && tongs_id_type(ctx->slots[slot].id) == TONGS_TYPE_VkSurfaceKHR)
         instance->vk.DestroySurfaceKHR(instance->handle, (VkSurfaceKHR)ctx->slots[slot].handle,
                                        NULL);
   }
}
