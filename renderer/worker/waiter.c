/* SPDX-License-Identifier: MIT */
#include "renderer/worker/waiter.h"

#include "renderer/worker/context.h"
#include "renderer/worker/replies.h"

#include "tongs_gen_types.h"

#include <pthread.h>
#include <stdlib.h>

#define STACK_SIZE ((size_t)256 * 1024)
/* A wait asks so often whether the device has been lost meanwhile, nanoseconds. */
#define SLICE_NS UINT64_C(100000000)

struct submission {
   VkFence fence;
   uint64_t number;
};

struct rdr_waiter {
   struct rdr_waiter *next; /* of the same device */
   struct rdr_context *ctx;
   struct rdr_device *dev;
   VkQueue queue;
   uint32_t slot;
   uint32_t epoch;
   pthread_t thread;
   bool has_thread;

   pthread_mutex_t lock; /* protects the rest */
   pthread_cond_t wake;
   pthread_cond_t room;
   bool ending;
   bool watched;                   /* by the decoder's thread: the waiter's own sleeps */
   struct submission *submissions; /* a circle; owned */
   uint32_t capacity;              /* a power of two, or 0 */
   uint32_t first;                 /* runs freely */
   uint32_t count;
   VkFence *fences; /* unsignalled ones in no use; owned, with room for `fence_count` */
   uint32_t free_count;
   uint32_t fence_count; /* that were ever made */
   bool spoiled; /* some of those in no use may be in use all the same: the device is lost */
};

/* --- Publishing --- */

/* After something in the status page has changed. */
static void
tell(const struct tongs_channel *ch)
{
   struct tongs_status *status = ch->status;
   const struct tongs_bell *bell = ch->replies.bell;

   /* Before the sleepers are looked for: a partner of sleep_on_events() in the client. */
   atomic_fetch_add(&status->events, 1);
   if (atomic_load(&status->sleepers))
      bell->ring(bell->data, &status->events);
}

/* Where there is no shared memory: the same as an event. */
static void
send_event(struct rdr_waiter *w, uint64_t number, bool lost)
{
   struct rdr_context *ctx = w->ctx;
   size_t offset;

   pthread_mutex_lock(&ctx->reply_lock);
   offset = tongs_encode_op_begin(&ctx->replies, TONGS_OP_tongsCompletion, TONGS_OP_FLAG_EVENT);
   tongs_encode_u32(&ctx->replies, w->slot);
   tongs_encode_u32(&ctx->replies, lost ? w->epoch : 0);
   tongs_encode_u64(&ctx->replies, number);
   bool ok = tongs_encode_op_end(&ctx->replies, offset);
   pthread_mutex_unlock(&ctx->reply_lock);
   if (!ok)
      rdr_end(ctx, "out of memory for an event");
   rdr_replies_flush(ctx);
}

static void
publish_completion(struct rdr_waiter *w, uint64_t number)
{
   struct tongs_status *status = w->ctx->channel.status;

   if (!status) {
      send_event(w, number, false);
      return;
   }
   /* Release: what the GPU wrote before. Partner: the load with which the client looks at the page.
    */
   atomic_store_explicit(&status->queues[w->slot].completed, number, memory_order_release);
   tell(&w->ctx->channel);
}

static void
publish_loss(struct rdr_waiter *w)
{
   struct tongs_status *status = w->ctx->channel.status;

   if (!status) {
      send_event(w, 0, true);
      return;
   }
   atomic_store_explicit(&status->queues[w->slot].lost_epoch, w->epoch, memory_order_release);
   tell(&w->ctx->channel);
}

void
rdr_waiters_lose(struct rdr_device *dev)
{
   if (atomic_exchange(&dev->lost, true))
      return;
   for (struct rdr_waiter *w = dev->waiters; w; w = w->next)
      publish_loss(w);
}

/* --- Waiting --- */

/* The first of the submissions is at its end, and its fence in no use any more. */
static void
drop_first_locked(struct rdr_waiter *w, bool reset)
{
   w->fences[w->free_count++] = w->submissions[w->first++ & (w->capacity - 1)].fence;
   if (w->count-- == w->ctx->limits.submissions)
      pthread_cond_signal(&w->room);
   w->spoiled |= !reset;
}

/* Waits for the first of the submissions, with the lock given up meanwhile. */
static void
wait_for_first_locked(struct rdr_waiter *w)
{
   const struct rdr_vk_device *vk = &w->dev->vk;
   struct submission s = w->submissions[w->first & (w->capacity - 1)];
   VkResult result = VK_TIMEOUT;

   pthread_mutex_unlock(&w->lock);
   while (result == VK_TIMEOUT && !w->dev->lost)
      result = vk->WaitForFences(w->dev->handle, 1, &s.fence, VK_TRUE, SLICE_NS);
   if (result == VK_SUCCESS)
      publish_completion(w, s.number);
   else
      rdr_waiters_lose(w->dev);
   bool reset = result == VK_SUCCESS && vk->ResetFences(w->dev->handle, 1, &s.fence) == VK_SUCCESS;
   pthread_mutex_lock(&w->lock);
   drop_first_locked(w, reset);
}

static void *
run(void *data)
{
   struct rdr_waiter *w = data;

   pthread_mutex_lock(&w->lock);
   while (w->count || !w->ending) {
      if (w->count && !w->watched)
         wait_for_first_locked(w);
      else
         pthread_cond_wait(&w->wake, &w->lock);
   }
   pthread_mutex_unlock(&w->lock);
   return NULL;
}

static bool
start_thread(struct rdr_waiter *w)
{
   pthread_attr_t attributes;

   if (w->has_thread)
      return true;
   pthread_attr_init(&attributes);
   pthread_attr_setstacksize(&attributes, STACK_SIZE);
   w->has_thread = pthread_create(&w->thread, &attributes, run, w) == 0;
   pthread_attr_destroy(&attributes);
   return w->has_thread;
}

/* --- Watching --- */

void
rdr_watch(struct rdr_context *ctx)
{
   struct rdr_waiter *w = ctx->watched;
   const struct rdr_vk_device *vk = &w->dev->vk;

   /* What is watched is changed by this thread alone. */
   while (w->count) {
      struct submission s = w->submissions[w->first & (w->capacity - 1)];
      VkResult result = vk->GetFenceStatus(w->dev->handle, s.fence);
      if (result != VK_SUCCESS) {
         if (result != VK_NOT_READY) /* what has happened is the thread's to find out */
            rdr_watch_end(ctx);
         return;
      }
      publish_completion(w, s.number);
      bool reset = vk->ResetFences(w->dev->handle, 1, &s.fence) == VK_SUCCESS;
      pthread_mutex_lock(&w->lock);
      drop_first_locked(w, reset);
      pthread_mutex_unlock(&w->lock);
   }
   rdr_watch_end(ctx);
}

void
rdr_watch_end(struct rdr_context *ctx)
{
   struct rdr_waiter *w = ctx->watched;

   if (!w)
      return;
   ctx->watched = NULL;
   pthread_mutex_lock(&w->lock);
   w->watched = false;
   if (w->count)
      pthread_cond_signal(&w->wake);
   pthread_mutex_unlock(&w->lock);
}

/* --- Submissions --- */

bool
rdr_waiter_create(struct rdr_context *ctx, struct rdr_device *dev, VkQueue queue, uint32_t slot,
                  uint32_t epoch)
{
   struct rdr_waiter *w = calloc(1, sizeof(*w));

   if (!w)
      return false;
   *w = (struct rdr_waiter){
      .next = dev->waiters, .ctx = ctx, .dev = dev, .queue = queue, .slot = slot, .epoch = epoch};
   pthread_mutex_init(&w->lock, NULL);
   pthread_cond_init(&w->wake, NULL);
   pthread_cond_init(&w->room, NULL);
   dev->waiters = w;
   return true;
}

struct rdr_waiter *
rdr_waiter_find(const struct rdr_device *dev, VkQueue queue)
{
   struct rdr_waiter *w = dev->waiters;

   while (w && w->queue != queue)
      w = w->next;
   return w;
}

/* Another fence, and room for all of them among those in no use. */
static VkFence
make_fence(struct rdr_waiter *w)
{
   const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   VkFence fence = VK_NULL_HANDLE;

   pthread_mutex_lock(&w->lock);
   VkFence *fences = realloc(w->fences, (w->fence_count + (size_t)1) * sizeof(*fences));
   if (fences) {
      w->fences = fences;
      w->fence_count++;
   }
   pthread_mutex_unlock(&w->lock);
   if (!fences || w->dev->vk.CreateFence(w->dev->handle, &info, NULL, &fence) != VK_SUCCESS)
      return VK_NULL_HANDLE;
   return fence;
}

VkFence
rdr_waiter_fence(struct rdr_waiter *w)
{
   VkFence fence = VK_NULL_HANDLE;

   pthread_mutex_lock(&w->lock);
   if (w->free_count && !w->spoiled)
      fence = w->fences[--w->free_count];
   pthread_mutex_unlock(&w->lock);
   return fence ? fence : make_fence(w);
}

void
rdr_waiter_take_back(struct rdr_waiter *w, VkFence fence)
{
   pthread_mutex_lock(&w->lock);
   w->fences[w->free_count++] = fence;
   pthread_mutex_unlock(&w->lock);
}

static bool
grow_locked(struct rdr_waiter *w)
{
   uint32_t capacity = w->capacity ? 2 * w->capacity : 16;
   struct submission *submissions = malloc(capacity * sizeof(*submissions));

   if (!submissions)
      return false;
   for (uint32_t i = 0; i < w->count; i++)
      submissions[i] = w->submissions[(w->first + i) & (w->capacity - 1)];
   free(w->submissions);
   w->submissions = submissions;
   w->capacity = capacity;
   w->first = 0;
   return true;
}

/* Where the client looks at memory, the decoder's thread is at hand when the client just waits: it
 * need not be woken. */
static void
begin_waiting_locked(struct rdr_waiter *w)
{
   if (w->ctx->channel.status && !w->ctx->watched) {
      w->watched = true;
      w->ctx->watched = w;
   } else {
      pthread_cond_signal(&w->wake);
   }
}

bool
rdr_waiter_add(struct rdr_waiter *w, VkFence fence, uint64_t number)
{
   bool ok = start_thread(w);

   pthread_mutex_lock(&w->lock);
   while (ok && w->count == w->ctx->limits.submissions)
      pthread_cond_wait(&w->room, &w->lock);
   ok = ok && (w->count < w->capacity || grow_locked(w));
   if (ok) {
      w->submissions[(w->first + w->count++) & (w->capacity - 1)] =
         (struct submission){.fence = fence, .number = number};
      if (w->count == 1)
         begin_waiting_locked(w);
   }
   pthread_mutex_unlock(&w->lock);
   if (!ok) {
      w->dev->vk.WaitForFences(w->dev->handle, 1, &fence, VK_TRUE, UINT64_MAX);
      w->dev->vk.DestroyFence(w->dev->handle, fence, NULL);
   }
   return ok;
}

static void
destroy_waiter(struct rdr_waiter *w)
{
   if (w->spoiled)
      w->dev->vk.DeviceWaitIdle(w->dev->handle);
   for (uint32_t i = 0; i < w->free_count; i++)
      w->dev->vk.DestroyFence(w->dev->handle, w->fences[i], NULL);
   pthread_cond_destroy(&w->room);
   pthread_cond_destroy(&w->wake);
   pthread_mutex_destroy(&w->lock);
   free(w->submissions);
   free(w->fences);
   free(w);
}

void
rdr_waiters_destroy(struct rdr_device *dev)
{
   if (dev->waiters && dev->waiters->ctx->watched && dev->waiters->ctx->watched->dev == dev)
      rdr_watch_end(dev->waiters->ctx);
   for (struct rdr_waiter *w = dev->waiters; w; w = w->next) {
      pthread_mutex_lock(&w->lock);
      w->ending = true;
      pthread_cond_signal(&w->wake);
      pthread_mutex_unlock(&w->lock);
      if (w->has_thread) /* which may go through the list */
         pthread_join(w->thread, NULL);
   }
   while (dev->waiters) {
      struct rdr_waiter *w = dev->waiters;
      dev->waiters = w->next;
      destroy_waiter(w);
   }
}
