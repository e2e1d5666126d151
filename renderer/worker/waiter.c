/* SPDX-License-Identifier: MIT */
#include "renderer/worker/waiter.h"

#include "renderer/worker/context.h"
#include "renderer/worker/replies.h"

#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

#include <pthread.h>
#include <stdlib.h>

#define STACK_SIZE ((size_t)256 * 1024)
/* Nanoseconds. A wait checks after each slice of this length whether the device is lost. */
#define SLICE_NS UINT64_C(100000000)

struct submission {
   VkFence fence;
   uint64_t number;
};

struct rdr_waiter {
   struct rdr_waiter *next; /* of the same device; set before other threads can see the waiter */
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
   bool polled; /* the decoder's thread polls the submissions, and our own thread sleeps */
   struct submission *submissions; /* a circular buffer; owned */
   uint32_t capacity;              /* a power of two, or 0 */
   uint32_t first;                 /* modulo 2^32; the index is `first & (capacity - 1)` */
   uint32_t count;
   VkFence *fences; /* unsignalled and free; owned, with room for `fence_count` */
   uint32_t free_count;
   uint32_t fence_count; /* that were made so far */
   bool spoiled;         /* the device is lost, and some of `fences` may still be in use */
};

/* --- Publishing --- */

/* Wakes the client's sleepers after a change of the status page. */
static void
tell(const struct tongs_channel *ch)
{
   struct tongs_status *status = ch->status;
   const struct tongs_bell *bell = ch->replies.bell;

   /* This comes before the check for sleepers. Pairs with sleep_on_events() in the client. */
   atomic_fetch_add(&status->events, 1);
   if (atomic_load(&status->sleepers))
      bell->ring(bell->data, &status->events);
}

/* Publishes the number by an event, if there is no channel. */
static void
send_event(struct rdr_waiter *w, uint64_t number, bool lost)
{
   struct rdr_context *ctx = w->ctx;
   size_t offset;

   pthread_mutex_lock(&ctx->reply_lock);
   offset = tongs_encode_op_begin(&ctx->replies, TONGS_OP_tongsCompletion, TONGS_OP_FLAG_EVENT);
   tongs_encode_tongsCompletion(
      &ctx->replies, &(struct tongs_args_tongsCompletion){
                        .slot = w->slot, .lost_epoch = lost ? w->epoch : 0, .completed = number});
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
   /* Release: the GPU's writes become visible first. Pairs with the client's load from the status
    * page. */
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

/* Removes the first submission, which is complete. `reset`: its fence has been reset and can be
 * reused. */
static void
drop_first_locked(struct rdr_waiter *w, bool reset)
{
   w->fences[w->free_count++] = w->submissions[w->first++ & (w->capacity - 1)].fence;
   atomic_fetch_sub_explicit(&w->ctx->progress.queued, 1, memory_order_relaxed);
   atomic_fetch_add_explicit(&w->ctx->progress.done, 1, memory_order_relaxed);
   if (w->count-- == w->ctx->limits.submissions)
      pthread_cond_signal(&w->room);
   w->spoiled |= !reset;
}

/* Waits for the first submission. Releases the lock while it waits. */
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
      if (w->count && !w->polled)
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
rdr_waiter_poll(struct rdr_context *ctx)
{
   struct rdr_waiter *w = ctx->polled;
   const struct rdr_vk_device *vk = &w->dev->vk;

   /* While `polled` is set, only this thread changes the submissions. */
   while (w->count) {
      struct submission s = w->submissions[w->first & (w->capacity - 1)];
      VkResult result = vk->GetFenceStatus(w->dev->handle, s.fence);
      if (result != VK_SUCCESS) {
         if (result != VK_NOT_READY) /* the waiter's thread handles the error */
            rdr_waiter_poll_end(ctx);
         return;
      }
      publish_completion(w, s.number);
      bool reset = vk->ResetFences(w->dev->handle, 1, &s.fence) == VK_SUCCESS;
      pthread_mutex_lock(&w->lock);
      drop_first_locked(w, reset);
      pthread_mutex_unlock(&w->lock);
   }
   rdr_waiter_poll_end(ctx);
}

void
rdr_waiter_poll_end(struct rdr_context *ctx)
{
   struct rdr_waiter *w = ctx->polled;

   if (!w)
      return;
   ctx->polled = NULL;
   pthread_mutex_lock(&w->lock);
   w->polled = false;
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

/* Makes another fence, and room for all fences in `fences`. */
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

/* Starts waiting for the first submission. With a channel, the decoder's thread polls it while it
 * has no ops to carry out, which saves waking the waiter's thread. */
static void
begin_waiting_locked(struct rdr_waiter *w)
{
   if (w->ctx->channel.status && !w->ctx->polled) {
      w->polled = true;
      w->ctx->polled = w;
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
      atomic_fetch_add_explicit(&w->ctx->progress.queued, 1, memory_order_relaxed);
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
   if (dev->waiters && dev->waiters->ctx->polled && dev->waiters->ctx->polled->dev == dev)
      rdr_waiter_poll_end(dev->waiters->ctx);
   for (struct rdr_waiter *w = dev->waiters; w; w = w->next) {
      pthread_mutex_lock(&w->lock);
      w->ending = true;
      pthread_cond_signal(&w->wake);
      pthread_mutex_unlock(&w->lock);
      if (w->has_thread) /* the thread may walk the list */
         pthread_join(w->thread, NULL);
   }
   while (dev->waiters) {
      struct rdr_waiter *w = dev->waiters;
      dev->waiters = w->next;
      destroy_waiter(w);
   }
}
