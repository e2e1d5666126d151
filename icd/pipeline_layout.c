/* SPDX-License-Identifier: MIT */
#include "icd/pipeline_layout.h"

#include "icd/command_buffer.h"
#include "icd/connection.h"
#include "icd/descriptor.h"
#include "icd/device.h"

#include "icd_gen_bounds.h"
#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <stdlib.h>

struct pipeline_layout {
   struct tongs_object base;
   uint32_t count;
   struct icd_layout_info *infos[]; /* references, by set; NULL if the layout names none there */
};

static struct pipeline_layout *
layout_from(VkPipelineLayout handle)
{
   return (struct pipeline_layout *)(uintptr_t)handle;
}

/* --- Deferred destruction --- */

/* A layout whose destruction is deferred until all command buffers that were open when the device's
 * clock reached `since` have shipped their commands. */
struct icd_deferred_destroy {
   struct tongs_list link;
   uint64_t since;
   uint64_t id;
};

static void
destroy_layout(struct icd_device *dev, uint64_t id)
{
   struct icd_connection *c = dev->base.connection;
   size_t offset;

   struct tongs_encoder *e = icd_op_begin(c, TONGS_OP_vkDestroyPipelineLayout, 0, &offset);
   tongs_encode_u64(e, dev->base.object.id);
   tongs_encode_u64(e, id);
   icd_op_end(c, offset);
   icd_id_free(c, id);
}

/* Whether any command buffer has unshipped commands that were recorded before the device's clock
 * reached `clock`. */
static bool
is_any_open_locked(const struct icd_deferred_destroys *d, uint64_t clock)
{
   tongs_list_for_each(struct icd_command_buffer, cb, &d->command_buffers, device_link) {
      uint64_t since = cb->open_since;
      if (since && since <= clock)
         return true;
   }
   return false;
}

static void
run_locked(struct icd_device *dev)
{
   struct icd_deferred_destroys *d = &dev->deferred;

   tongs_list_for_each_safe(struct icd_deferred_destroy, deferred, &d->layouts, link) {
      if (is_any_open_locked(d, deferred->since))
         return;
      tongs_list_remove(&deferred->link);
      destroy_layout(dev, deferred->id);
      free(deferred);
   }
}

void
icd_run_deferred_destroys(struct icd_device *dev)
{
   pthread_mutex_lock(&dev->deferred.lock);
   run_locked(dev);
   pthread_mutex_unlock(&dev->deferred.lock);
}

void
icd_destroy_layout_when_shipped(struct icd_device *dev, uint64_t id)
{
   struct icd_deferred_destroys *d = &dev->deferred;

   pthread_mutex_lock(&d->lock);
   struct icd_deferred_destroy *deferred = malloc(sizeof(*deferred));
   if (deferred) {
      /* Advance the clock before scanning the command buffers. leave_open() in command_buffer.c
       * does the reverse, so one of the two sees the other. */
      deferred->since = ++d->clock;
      deferred->id = id;
      tongs_list_append(&d->layouts, &deferred->link);
      run_locked(dev);
   } else {
      destroy_layout(dev, id);
   }
   pthread_mutex_unlock(&d->lock);
}

void
icd_deferred_destroys_init(struct icd_deferred_destroys *d)
{
   pthread_mutex_init(&d->lock, NULL);
   tongs_list_init(&d->layouts);
   tongs_list_init(&d->command_buffers);
}

void
icd_deferred_destroys_finish(struct icd_device *dev)
{
   tongs_list_for_each_safe(struct icd_deferred_destroy, deferred, &dev->deferred.layouts, link) {
      icd_id_free(dev->base.connection, deferred->id);
      free(deferred);
   }
   pthread_mutex_destroy(&dev->deferred.lock);
}

/* --- Entry points --- */

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreatePipelineLayout(VkDevice device, const VkPipelineLayoutCreateInfo *pCreateInfo,
                         const VkAllocationCallbacks *pAllocator, VkPipelineLayout *pPipelineLayout)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   uint32_t count = pCreateInfo->setLayoutCount;
   struct pipeline_layout *layout =
      icd_object_create_sized(dev, pAllocator, TONGS_TYPE_VkPipelineLayout,
                              sizeof(*layout) + count * sizeof(layout->infos[0]));
   if (!layout)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   VkPipelineLayout created = (VkPipelineLayout)(uintptr_t)layout;
   struct tongs_args_vkCreatePipelineLayout args = {
      .device = device,
      .pCreateInfo = pCreateInfo,
      .pPipelineLayout = &created,
   };
   VkResult result = icd_create(dev->connection, TONGS_OP_vkCreatePipelineLayout, &args,
                                icd_way_of_CreatePipelineLayout(&args));
   if (result != VK_SUCCESS) {
      icd_object_destroy(dev, pAllocator, &layout->base);
      return result;
   }
   layout->count = count;
   for (uint32_t i = 0; i < count; i++) {
      struct icd_set_layout *set = icd_set_layout_from(pCreateInfo->pSetLayouts[i]);
      layout->infos[i] = set ? icd_layout_info_ref(set->info) : NULL;
   }
   *pPipelineLayout = created;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyPipelineLayout(VkDevice device, VkPipelineLayout pipelineLayout,
                          const VkAllocationCallbacks *pAllocator)
{
   struct icd_device *dev = icd_device_from(device);
   struct pipeline_layout *layout = layout_from(pipelineLayout);
   if (!layout)
      return;

   uint64_t id = layout->base.id;
   for (uint32_t i = 0; i < layout->count; i++)
      icd_layout_info_unref(&dev->base, layout->infos[i]);
   icd_free(&dev->base, pAllocator, layout);
   icd_destroy_layout_when_shipped(dev, id);
}

const struct icd_layout_info *
icd_layout_info_of(VkPipelineLayout handle, uint32_t set)
{
   const struct pipeline_layout *layout = layout_from(handle);
   return layout && set < layout->count ? layout->infos[set] : NULL;
}
