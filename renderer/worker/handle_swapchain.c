/* SPDX-License-Identifier: MIT */

/* Surfaces and swapchains. Drivers index with image numbers and trust that nobody uses a swapchain
 * beside them. */

#include "renderer/worker/handlers.h"

#include "renderer/worker/jobs.h"
#include "renderer/worker/object.h"
#include "renderer/worker/replies.h"
#include "renderer/worker/swapchain.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#include <stdlib.h>

struct swapchain {
   struct swapchain *next;
   VkSwapchainKHR handle;
   uint64_t id;
   uint64_t surface; /* its id */
   uint32_t count;
   VkImage *images; /* owned */
   bool entered;    /* the images have ids */
   bool presenting; /* the decoder's thread's: the presentation at hand names it */

   pthread_mutex_t lock; /* protects the next two */
   pthread_cond_t changed;
   uint64_t next_turn, turn;
   /* Whose turn it is has these, and is the only one to use the host's swapchain. */
   bool *acquired; /* owned; by image */
   VkResult late;  /* how presentations went, as far as the client has not been told */
   /* The next image may be acquired before the client asks for it: with a semaphore of the worker's
    * own, which then changes places with the client's. */
   bool is_ahead;
   uint32_t ahead;        /* the image */
   VkSemaphore semaphore; /* owned; signalled with the image where there is one; may be null */
};

/* The swapchains of a device. Those destroyed while an acquisition went on stay, as their host's
 * ones do. */
struct rdr_swapchains {
   pthread_mutex_t lock; /* protects the list: acquisitions look there too */
   struct swapchain *first;
};

/* --- What is kept --- */

/* The host's swapchain is gone, or never was. */
static void
swapchain_destroy(const struct rdr_device *dev, struct swapchain *s)
{
   if (s->semaphore)
      dev->vk.DestroySemaphore(dev->handle, s->semaphore, NULL);
   pthread_cond_destroy(&s->changed);
   pthread_mutex_destroy(&s->lock);
   free(s->acquired);
   free(s->images);
   free(s);
}

static struct rdr_swapchains *
swapchains_of(struct rdr_device *dev)
{
   if (!dev->swapchains && (dev->swapchains = calloc(1, sizeof(*dev->swapchains))))
      pthread_mutex_init(&dev->swapchains->lock, NULL);
   return dev->swapchains;
}

/* NULL where the device has none of that handle. Any thread, while the id is in use by its op. */
static struct swapchain *
find(const struct rdr_device *dev, VkSwapchainKHR handle)
{
   struct rdr_swapchains *all = dev->swapchains;

   if (!all || !handle)
      return NULL;
   pthread_mutex_lock(&all->lock);
   struct swapchain *s = all->first;
   while (s && s->handle != handle)
      s = s->next;
   pthread_mutex_unlock(&all->lock);
   return s;
}

static void
unlink_swapchain(struct rdr_swapchains *all, struct swapchain *s)
{
   pthread_mutex_lock(&all->lock);
   struct swapchain **link = &all->first;
   while (*link != s)
      link = &(*link)->next;
   *link = s->next;
   pthread_mutex_unlock(&all->lock);
}

/* Turns come in the order in which they were asked for: an acquisition without end, which asks anew
 * for each slice of its wait, does not keep the decoder's thread out. */
static void
take_turn(struct swapchain *s)
{
   pthread_mutex_lock(&s->lock);
   const uint64_t mine = s->next_turn++;
   while (s->turn != mine)
      pthread_cond_wait(&s->changed, &s->lock);
   pthread_mutex_unlock(&s->lock);
}

static void
end_turn(struct swapchain *s)
{
   pthread_mutex_lock(&s->lock);
   s->turn++;
   pthread_cond_broadcast(&s->changed);
   pthread_mutex_unlock(&s->lock);
}

void
rdr_swapchains_finish(struct rdr_device *dev)
{
   struct rdr_swapchains *all = dev->swapchains;

   if (!all)
      return;
   while (all->first) {
      struct swapchain *next = all->first->next;
      swapchain_destroy(dev, all->first);
      all->first = next;
   }
   pthread_mutex_destroy(&all->lock);
   free(all);
   dev->swapchains = NULL;
}

/* --- Surfaces --- */

bool
rdr_surface_is_used(const struct rdr_context *ctx, uint64_t surface)
{
   for (uint32_t slot = 1; slot < ctx->slot_count; slot++) {
      const struct rdr_device *dev = ctx->slots[slot].data;
      if (!ctx->slots[slot].id || tongs_id_type(ctx->slots[slot].id) != TONGS_TYPE_VkDevice ||
          !dev || !dev->swapchains)
         continue;
      for (const struct swapchain *s = dev->swapchains->first; s; s = s->next) {
         if (s->surface == surface)
            return true;
      }
   }
   return false;
}

/* A host's surface outlives its swapchains whatever the client says. */
void
rdr_handle_DestroySurfaceKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkDestroySurfaceKHR *a = args;
   struct rdr_instance *instance = op->host;
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

/* --- Swapchains --- */

/* Asks for the images. False when memory is out. */
static bool
fill_in(struct swapchain *s, const struct rdr_device *dev)
{
   if (dev->vk.GetSwapchainImagesKHR(dev->handle, s->handle, &s->count, NULL) != VK_SUCCESS)
      return false;
   s->images = calloc(s->count + (size_t)1, sizeof(*s->images));
   s->acquired = calloc(s->count + (size_t)1, sizeof(*s->acquired));
   return s->images && s->acquired &&
          dev->vk.GetSwapchainImagesKHR(dev->handle, s->handle, &s->count, s->images) == VK_SUCCESS;
}

static VkResult
create(const struct rdr_op *op, struct rdr_device *dev, const VkSwapchainCreateInfoKHR *info,
       struct swapchain **created)
{
   struct swapchain *old = find(dev, info->oldSwapchain);
   struct rdr_swapchains *all = swapchains_of(dev);
   struct swapchain *s = calloc(1, sizeof(*s));

   if (!all || !s) {
      free(s);
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   }
   pthread_mutex_init(&s->lock, NULL);
   pthread_cond_init(&s->changed, NULL);
   s->surface = op->used[1];
   if (old)
      take_turn(old);
   VkResult result = dev->vk.CreateSwapchainKHR(dev->handle, info, NULL, &s->handle);
   if (old)
      end_turn(old);
   if (result == VK_SUCCESS && !fill_in(s, dev)) {
      dev->vk.DestroySwapchainKHR(dev->handle, s->handle, NULL);
      result = VK_ERROR_OUT_OF_HOST_MEMORY;
   }
   if (result != VK_SUCCESS) {
      swapchain_destroy(dev, s);
      return result;
   }
   pthread_mutex_lock(&all->lock);
   s->next = all->first;
   all->first = s;
   pthread_mutex_unlock(&all->lock);
   *created = s;
   return VK_SUCCESS;
}

void
rdr_handle_CreateSwapchainKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkCreateSwapchainKHR *a = args;
   struct rdr_device *dev = op->host;
   const struct swapchain *old = find(dev, a->pCreateInfo->oldSwapchain);
   struct swapchain *s = NULL;

   if (!dev->vk.CreateSwapchainKHR) {
      rdr_refuse_command(ctx, "vkCreateSwapchainKHR");
      return;
   }
   if (tongs_id_type(op->used[1]) != TONGS_TYPE_VkSurfaceKHR ||
       (old && old->surface != op->used[1])) {
      rdr_end(ctx, "a vkCreateSwapchainKHR names no surface, or a swapchain of another one");
      return;
   }
   a->ret = create(op, dev, a->pCreateInfo, &s);
   if (!s)
      return;
   s->id = a->base.new_ids[0];
   *a->pSwapchain = s->handle;
   /* The slots of its images hold their format (handle_image.c), and take it from here. */
   rdr_objects_add_with_data(ctx, op, TONGS_TYPE_VkSwapchainKHR, &a->base, a->pSwapchain, a->ret,
                             (void *)(uintptr_t)a->pCreateInfo->imageFormat);
}

void
rdr_handle_DestroySwapchainKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkDestroySwapchainKHR *a = args;
   struct rdr_device *dev = op->host;
   struct swapchain *s = find(dev, a->swapchain);

   if (!rdr_object_release(ctx, op, &a->base))
      return;
   dev->vk.DestroySwapchainKHR(a->device, a->swapchain, NULL);
   if (s) {
      unlink_swapchain(dev->swapchains, s);
      swapchain_destroy(dev, s);
   }
}

/* The images of a swapchain get their ids, once. They are its children: they go with it, and cannot
 * be destroyed. */
void
rdr_own_swapchain_images(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   size_t at;

   tongs_decode_target(d, TONGS_TYPE_VkDevice);
   VkSwapchainKHR handle = (VkSwapchainKHR)tongs_decode_handle(d, TONGS_TYPE_VkSwapchainKHR);
   uint32_t count = tongs_decode_u32(d);
   struct swapchain *s = d->error ? NULL : find(d->target->data, handle);
   if (!s || (count && (count != s->count || s->entered))) {
      rdr_end(ctx, "a tongsSwapchainImages is malformed");
      return;
   }
   const uint32_t slot = tongs_id_slot(s->id);
   s->entered |= count != 0;
   for (uint32_t i = 0; i < count; i++) {
      uint64_t id = tongs_decode_u64(d);
      if (d->error || !rdr_object_add(ctx, TONGS_TYPE_VkImage, id, (uint64_t)s->images[i],
                                      VK_SUCCESS, slot, ctx->slots[slot].data)) {
         rdr_end(ctx, "a tongsSwapchainImages is malformed");
         return;
      }
   }
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &at);
   tongs_encode_u32(e, s->count);
   rdr_reply_end(ctx, at);
}

/* --- Frames --- */

/* Notes how a presentation went, for the next acquisition to tell. */
static void
note_late(struct swapchain *s, VkResult result)
{
   if (s->late >= 0 && result != VK_SUCCESS)
      s->late = result;
}

/* What is to be told instead of what the host said, and whether there is anything: errors ahead of
 * all, VK_SUBOPTIMAL_KHR with the next image. */
static VkResult
acquire_in_turn(struct swapchain *s, struct rdr_device *dev, const VkAcquireNextImageInfoKHR *info,
                bool by_info, uint32_t *index)
{
   VkResult late = s->late, result;

   if (late < 0) {
      s->late = VK_SUCCESS;
      return late;
   }
   if (by_info)
      result = dev->vk.AcquireNextImage2KHR(dev->handle, info, index);
   else
      result = dev->vk.AcquireNextImageKHR(dev->handle, info->swapchain, info->timeout,
                                           info->semaphore, info->fence, index);
   if (result != VK_SUCCESS && result != VK_SUBOPTIMAL_KHR)
      return result;
   if (*index >= s->count)
      return VK_ERROR_SURFACE_LOST_KHR;
   s->acquired[*index] = true;
   s->late = VK_SUCCESS;
   return late == VK_SUCCESS ? result : late;
}

/* Waits for one slice of the time-out at most (jobs.c). */
static VkResult
acquire(struct rdr_device *dev, const VkAcquireNextImageInfoKHR *info, bool by_info,
        uint32_t *index)
{
   struct swapchain *s = find(dev, info->swapchain);

   if (!s)
      return VK_ERROR_SURFACE_LOST_KHR;
   take_turn(s);
   VkResult result = acquire_in_turn(s, dev, info, by_info, index);
   end_turn(s);
   return result;
}

void
rdr_handle_AcquireNextImageKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkAcquireNextImageKHR *a = args;
   const VkAcquireNextImageInfoKHR info = {
      .swapchain = a->swapchain,
      .timeout = a->timeout,
      .semaphore = a->semaphore,
      .fence = a->fence,
   };

   (void)ctx;
   a->ret = acquire(op->host, &info, false, a->pImageIndex);
}

void
rdr_handle_AcquireNextImage2KHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkAcquireNextImage2KHR *a = args;
   struct rdr_device *dev = op->host;

   if (dev->vk.AcquireNextImage2KHR)
      a->ret = acquire(dev, a->pAcquireInfo, true, a->pImageIndex);
   else
      rdr_refuse_command(ctx, "vkAcquireNextImage2KHR");
}

/* --- Images acquired ahead --- */

/* The swapchain that an op of our own names after its device; NULL where it is malformed. */
static struct swapchain *
decode_swapchain(struct tongs_decoder *d)
{
   tongs_decode_target(d, TONGS_TYPE_VkDevice);
   VkSwapchainKHR handle = (VkSwapchainKHR)tongs_decode_handle(d, TONGS_TYPE_VkSwapchainKHR);

   return d->error ? NULL : find(d->target->data, handle);
}

/* Does not wait for an image. */
static VkResult
acquire_ahead(struct swapchain *s, struct rdr_device *dev)
{
   const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
   VkAcquireNextImageInfoKHR next = {.swapchain = s->handle};
   VkResult result = VK_SUCCESS;

   if (dev->lost)
      return VK_ERROR_DEVICE_LOST;
   if (!s->semaphore)
      result = dev->vk.CreateSemaphore(dev->handle, &info, NULL, &s->semaphore);
   if (result < 0) {
      s->semaphore = VK_NULL_HANDLE;
      return result;
   }
   next.semaphore = s->semaphore;
   take_turn(s);
   result = acquire_in_turn(s, dev, &next, false, &s->ahead);
   s->is_ahead = result == VK_SUCCESS || result == VK_SUBOPTIMAL_KHR;
   if (s->is_ahead)
      s->acquired[s->ahead] = false; /* the client has not taken it yet */
   end_turn(s);
   return result;
}

void
rdr_own_acquire_ahead(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct swapchain *s = decode_swapchain(d);
   size_t at;

   if (!s || s->is_ahead) {
      rdr_end(ctx, "a tongsAcquireAhead is malformed");
      return;
   }
   VkResult result = acquire_ahead(s, d->target->data);
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &at);
   tongs_encode_i32(e, result);
   tongs_encode_u32(e, s->ahead);
   rdr_reply_end(ctx, at);
}

/* Signals what the client wants by a submission of nothing. */
static VkResult
pass_on(struct swapchain *s, struct rdr_device *dev, VkSemaphore semaphore, VkFence fence)
{
   const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   const VkSubmitInfo submit = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .waitSemaphoreCount = 1,
      .pWaitSemaphores = &s->semaphore,
      .pWaitDstStageMask = &stage,
      .signalSemaphoreCount = semaphore != VK_NULL_HANDLE,
      .pSignalSemaphores = &semaphore,
   };
   const VkDeviceQueueInfo2 first = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2,
      .flags = dev->queues[0].flags,
      .queueFamilyIndex = dev->queues[0].family,
   };
   VkQueue queue;

   if (first.flags)
      dev->vk.GetDeviceQueue2(dev->handle, &first, &queue);
   else
      dev->vk.GetDeviceQueue(dev->handle, first.queueFamilyIndex, 0, &queue);
   VkResult result = dev->vk.QueueSubmit(queue, 1, &submit, fence);
   /* Nobody tells when it has been waited for. This is rare: the next one is a new one, and this
    * one goes last. */
   rdr_object_keep(dev, TONGS_TYPE_VkSemaphore, (uint64_t)s->semaphore);
   s->semaphore = VK_NULL_HANDLE;
   return result;
}

/* The client takes the image that was acquired ahead. Its semaphore becomes the one that is
 * signalled with the image: neither of the two is waited for by anything, and they are alike (the
 * client sees to that). */
void
rdr_own_take_image(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct swapchain *s = decode_swapchain(d);
   struct rdr_device *dev = s ? d->target->data : NULL;
   const bool alike = tongs_decode_u32(d);
   const uint64_t id = tongs_decode_u64(d);
   const struct tongs_slot *slot = rdr_object_find(ctx, id, TONGS_TYPE_VkSemaphore);
   const VkFence fence = (VkFence)tongs_decode_handle(d, TONGS_TYPE_VkFence);
   VkResult result = VK_SUCCESS;

   if (d->error || !s || !s->is_ahead || (id && (!slot || slot->device != d->device)) ||
       (alike && (!slot || rdr_jobs_use(ctx->jobs, id)))) {
      rdr_end(ctx, "a tongsTakeImage is malformed");
      return;
   }
   s->is_ahead = false;
   s->acquired[s->ahead] = true;
   if (d->failed || (slot && !slot->handle)) {
      rdr_post_failed(ctx, op, dev, "vkAcquireNextImageKHR",
                      d->failed ? d->failed->result : slot->result);
   } else if (alike) {
      const VkSemaphore other = (VkSemaphore)slot->handle;
      ctx->slots[tongs_id_slot(id)].handle = (uint64_t)s->semaphore;
      s->semaphore = other;
   } else {
      result = pass_on(s, dev, slot ? (VkSemaphore)slot->handle : VK_NULL_HANDLE, fence);
   }
   if (result < 0)
      rdr_post_failed(ctx, op, dev, "vkAcquireNextImageKHR", result);
}

/* --- Presentation --- */

/* Takes the image back from the client. False, with the connection ended, where it has not got it
 * (R5). */
static bool
give_back(struct rdr_context *ctx, const struct rdr_op *op, struct swapchain *s, uint32_t index)
{
   if (s && index < s->count && s->acquired[index]) {
      s->acquired[index] = false;
      return true;
   }
   rdr_end(ctx, "a %s names an image that the client has not acquired", tongs_ops[op->number].name);
   return false;
}

/* Takes the swapchain's turn. False, with the connection ended, where it may not be presented to.
 */
static bool
begin_present(struct rdr_context *ctx, const struct rdr_op *op, struct swapchain *s, uint32_t index)
{
   if (!s || s->presenting) {
      rdr_end(ctx, "a vkQueuePresentKHR names a swapchain twice, or none");
      return false;
   }
   s->presenting = true;
   take_turn(s);
   return give_back(ctx, op, s, index);
}

void
rdr_handle_QueuePresentKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkQueuePresentKHR *a = args;
   struct rdr_device *dev = op->host;
   VkPresentInfoKHR info = *a->pPresentInfo;
   const uint32_t count = info.swapchainCount;
   struct swapchain **all = tongs_arena_alloc(&ctx->arena, count * sizeof(*all));

   info.pResults = tongs_arena_alloc(&ctx->arena, count * sizeof(*info.pResults));
   if (!all || !info.pResults || !dev->vk.QueuePresentKHR) {
      rdr_end(ctx, "no vkQueuePresentKHR, or no memory for one");
      return;
   }
   for (uint32_t i = 0; i < count; i++) {
      all[i] = find(dev, info.pSwapchains[i]);
      if (!begin_present(ctx, op, all[i], info.pImageIndices[i]))
         return;
   }
   a->ret = dev->vk.QueuePresentKHR(a->queue, &info);
   bool told = false;
   for (uint32_t i = 0; i < count; i++)
      told |= info.pResults[i] != VK_SUCCESS;
   for (uint32_t i = 0; i < count; i++) {
      note_late(all[i], told ? info.pResults[i] : a->ret);
      all[i]->presenting = false;
      end_turn(all[i]);
   }
   if (a->ret == VK_ERROR_DEVICE_LOST)
      rdr_post_failed(ctx, op, dev, "vkQueuePresentKHR", a->ret);
}

#ifdef VK_EXT_swapchain_maintenance1
void
rdr_handle_ReleaseSwapchainImagesKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkReleaseSwapchainImagesKHR *a = args;
   struct rdr_device *dev = op->host;
   struct swapchain *s = find(dev, a->pReleaseInfo->swapchain);
   bool ok = s && dev->vk.ReleaseSwapchainImagesKHR;

   if (!ok) {
      rdr_refuse_command(ctx, "vkReleaseSwapchainImagesKHR");
      return;
   }
   take_turn(s);
   for (uint32_t i = 0; ok && i < a->pReleaseInfo->imageIndexCount; i++)
      ok = give_back(ctx, op, s, a->pReleaseInfo->pImageIndices[i]);
   if (ok)
      note_late(s, dev->vk.ReleaseSwapchainImagesKHR(a->device, a->pReleaseInfo));
   end_turn(s);
}
#endif

/* Drivers go by the number of the image to its memory (R5). */
void
rdr_handle_BindImageMemory2(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkBindImageMemory2 *a = args;
   struct rdr_device *dev = op->host;

   if (!dev->vk.BindImageMemory2) {
      rdr_refuse_command(ctx, "vkBindImageMemory2");
      return;
   }
   for (uint32_t i = 0; i < a->bindInfoCount; i++) {
      const VkBindImageMemorySwapchainInfoKHR *to = tongs_find_in_chain(
         a->pBindInfos[i].pNext, VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_SWAPCHAIN_INFO_KHR);
      const struct swapchain *s = to ? find(dev, to->swapchain) : NULL;
      if (s && to->imageIndex >= s->count) {
         rdr_end(ctx, "a vkBindImageMemory2 names an image that is not in its swapchain");
         return;
      }
   }
   a->ret = dev->vk.BindImageMemory2(a->device, a->bindInfoCount, a->pBindInfos);
   if (a->ret < 0)
      rdr_post_failed(ctx, op, dev, "vkBindImageMemory2", a->ret);
}
