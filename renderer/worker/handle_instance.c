/* SPDX-License-Identifier: MIT */

/* The instance, and the queries that precede its creation. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/device.h"
#include "renderer/worker/host.h"
#include "renderer/worker/jobs.h"
#include "renderer/worker/object.h"
#include "renderer/worker/physical_device.h"
#include "renderer/worker/replies.h"
#include "renderer/worker/swapchain.h"
#include "renderer/worker/validation.h"

#include "tongs_gen_args.h"
#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void
rdr_own_instance_facts(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   uint32_t count = 0;
   size_t offset;

   if (ctx->host.EnumerateInstanceExtensionProperties(NULL, &count, NULL) != VK_SUCCESS)
      count = 0;
   VkExtensionProperties *list = tongs_decode_alloc(d, count, sizeof(*list));
   if (!list || ctx->host.EnumerateInstanceExtensionProperties(NULL, &count, list) != VK_SUCCESS)
      count = 0;

   struct tongs_reply_tongsInstanceFacts reply = {
      .api_version = rdr_host_version(&ctx->host),
      .extensions = rdr_describe_extensions(d, list, count),
   };
   reply.extensions_count = reply.extensions ? count : 0;
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &offset);
   tongs_encode_reply_tongsInstanceFacts(e, &reply);
   rdr_reply_end(ctx, offset);
}

static void
log_no_driver(void)
{
   const char *files = getenv("VK_DRIVER_FILES"); /* set by rdr_host_set_environment() */

   fprintf(
      stderr,
      "tongs worker %d: the host has no driver to serve (%s%s): name another with TONGS_HOST_DRIVER or "
      "--host-driver; Tongs' own is none\n",
      (int)getpid(), files ? "looked for in " : "none is installed", files ? files : "");
}

void
rdr_handle_CreateInstance(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkCreateInstance *a = args;
   struct rdr_instance *instance = &ctx->instance;

   (void)op;
   if (instance->handle) {
      rdr_end(ctx, "a second instance was asked of one connection");
      return;
   }
   /* The application's apiVersion is the highest version that it uses. We raise it, because the
    * worker itself calls functions of later versions. */
   VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO};
   VkInstanceCreateInfo info = *a->pCreateInfo;
   if (info.pApplicationInfo)
      app = *info.pApplicationInfo;
   if (app.apiVersion < rdr_host_version(&ctx->host))
      app.apiVersion = rdr_host_version(&ctx->host);
   info.pApplicationInfo = &app;
   a->ret = VK_ERROR_OUT_OF_HOST_MEMORY;
   if (!rdr_validation_extend(ctx, &info))
      return;

   a->ret = ctx->host.CreateInstance(&info, NULL, &instance->handle);
   if (a->ret < 0) {
      instance->handle = VK_NULL_HANDLE;
      if (a->ret == VK_ERROR_INCOMPATIBLE_DRIVER)
         log_no_driver();
      return;
   }
   rdr_vk_instance_load(&instance->vk, ctx->host.GetInstanceProcAddr, instance->handle);
   instance->GetDeviceProcAddr = (PFN_vkGetDeviceProcAddr)ctx->host.GetInstanceProcAddr(
      instance->handle, "vkGetDeviceProcAddr");
   rdr_validation_start(ctx);
   *a->pInstance = instance->handle;
   rdr_object_add(ctx, TONGS_TYPE_VkInstance, a->base.new_ids[0], (uintptr_t)instance->handle,
                  a->ret, 0, instance);
}

void
rdr_handle_DestroyInstance(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct rdr_instance *instance = op->owner;

   (void)args;
   if (rdr_jobs_any(ctx->jobs, NULL)) {
      rdr_end(ctx, "vkDestroyInstance came while a wait was going on");
      return;
   }
   for (uint32_t slot = 1; slot < ctx->slot_count; slot++) {
      if (ctx->slots[slot].id && tongs_id_type(ctx->slots[slot].id) == TONGS_TYPE_VkDevice)
         rdr_device_destroy(ctx, slot);
   }
   rdr_surfaces_destroy(ctx);
   rdr_validation_stop(ctx);
   rdr_host_pin_drivers();
   instance->vk.DestroyInstance(instance->handle, NULL);
   instance->handle = VK_NULL_HANDLE;
   instance->physical_count = 0;
   rdr_object_remove(ctx, tongs_id_slot(op->used[0]));
}

/* TONGS_DEBUG=sync. When this op is reached, all earlier ops have been carried out. Replies with
 * the first failure of a post. */
void
rdr_own_sync(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   size_t offset;
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &offset);

   (void)d;
   tongs_encode_reply_tongsSync(e, &(struct tongs_reply_tongsSync){.result = ctx->post_result});
   rdr_reply_end(ctx, offset);
   ctx->post_result = VK_SUCCESS;
}
