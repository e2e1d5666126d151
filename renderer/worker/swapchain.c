/* SPDX-License-Identifier: MIT */

#include "renderer/worker/swapchain.h"

#include "tongs_gen_types.h"

#include <stdlib.h>

/* The swapchains of a device. If the client destroys a swapchain during an acquisition, the struct
 * and the host's swapchain stay until the device is destroyed. */
struct rdr_swapchains {
   pthread_mutex_t lock;   /* protects the list, which acquisitions read on other threads */
   struct tongs_list list; /* of struct rdr_swapchain.link; owned */
};

/* NULL if memory is out. */
static struct rdr_swapchains *
swapchains_of(struct rdr_device *dev)
{
   struct rdr_swapchains *all = dev->swapchains;

   if (all)
      return all;
   all = calloc(1, sizeof(*all));
   if (!all)
      return NULL;
   pthread_mutex_init(&all->lock, NULL);
   tongs_list_init(&all->list);
   dev->swapchains = all;
   return all;
}

struct rdr_swapchain *
rdr_swapchain_create(uint64_t surface)
{
   struct rdr_swapchain *s = calloc(1, sizeof(*s));

   if (!s)
      return NULL;
   tongs_list_init(&s->link);
   pthread_mutex_init(&s->lock, NULL);
   pthread_cond_init(&s->changed, NULL);
   s->surface = surface;
   return s;
}

bool
rdr_swapchain_enter(struct rdr_device *dev, struct rdr_swapchain *s)
{
   struct rdr_swapchains *all = swapchains_of(dev);

   if (!all)
      return false;
   pthread_mutex_lock(&all->lock);
   tongs_list_append(&all->list, &s->link);
   pthread_mutex_unlock(&all->lock);
   return true;
}

void
rdr_swapchain_destroy(struct rdr_device *dev, struct rdr_swapchain *s)
{
   if (!s)
      return;
   if (!tongs_list_is_empty(&s->link)) {
      pthread_mutex_lock(&dev->swapchains->lock);
      tongs_list_remove(&s->link);
      pthread_mutex_unlock(&dev->swapchains->lock);
   }
   if (s->semaphore)
      dev->vk.DestroySemaphore(dev->handle, s->semaphore, NULL);
   pthread_cond_destroy(&s->changed);
   pthread_mutex_destroy(&s->lock);
   free(s->acquired);
   free(s->images);
   free(s);
}

struct rdr_swapchain *
rdr_swapchain_find(const struct rdr_device *dev, VkSwapchainKHR handle)
{
   struct rdr_swapchains *all = dev->swapchains;
   struct rdr_swapchain *found = NULL;

   if (!all || !handle)
      return NULL;
   pthread_mutex_lock(&all->lock);
   tongs_list_for_each(struct rdr_swapchain, s, &all->list, link) {
      if (s->handle == handle)
         found = s;
   }
   pthread_mutex_unlock(&all->lock);
   return found;
}

struct rdr_swapchain *
rdr_swapchain_find_decoded(const struct tongs_decoder *d, uint64_t handle)
{
   return d->error ? NULL : rdr_swapchain_find(d->target->data, (VkSwapchainKHR)handle);
}

void
rdr_swapchain_take_turn(struct rdr_swapchain *s)
{
   pthread_mutex_lock(&s->lock);
   const uint64_t mine = s->next_turn++;
   while (s->turn != mine)
      pthread_cond_wait(&s->changed, &s->lock);
   pthread_mutex_unlock(&s->lock);
}

void
rdr_swapchain_end_turn(struct rdr_swapchain *s)
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
   tongs_list_for_each_safe(struct rdr_swapchain, s, &all->list, link)
      rdr_swapchain_destroy(dev, s);
   pthread_mutex_destroy(&all->lock);
   free(all);
   dev->swapchains = NULL;
}

bool
rdr_surface_is_used(const struct rdr_context *ctx, uint64_t surface)
{
   for (uint32_t slot = 1; slot < ctx->slot_count; slot++) {
      const struct rdr_device *dev = ctx->slots[slot].data;
      if (!ctx->slots[slot].id || tongs_id_type(ctx->slots[slot].id) != TONGS_TYPE_VkDevice ||
          !dev || !dev->swapchains)
         continue;
      tongs_list_for_each(struct rdr_swapchain, s, &dev->swapchains->list, link) {
         if (s->surface == surface)
            return true;
      }
   }
   return false;
}
