/* SPDX-License-Identifier: MIT */
#include "renderer/worker/compile.h"

#include "protocol/frame.h"
#include "protocol/tongs_list.h"
#include "renderer/worker/context.h"
#include "renderer/worker/execute.h"
#include "renderer/worker/handlers.h"
#include "renderer/worker/object.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The limit of threads. It is lower on a machine with fewer processors. */
#define THREADS_MAX 4u

/* The compilation of one op's pipelines. */
struct compilation {
   struct tongs_list waiting_link; /* in rdr_compiles.waiting; protected by the lock */
   struct tongs_list order_link;   /* in rdr_compiles.order */
   struct rdr_compiles *compiles;
   struct tongs_arena arena;
   uint8_t *bytes; /* of the op, owned: its arguments point into them */
   uint32_t op;
   struct tongs_args *args;
   struct rdr_device *dev;
   size_t held;   /* bytes of memory */
   bool entered;  /* the results are in the object table */
   bool unwanted; /* the client has destroyed the only pipeline; protected by the lock */
   bool done;     /* protected by the lock, as are the results until it is set */
   VkResult result;
   uint64_t *handles;
};

/* A host object that the client has destroyed while a compilation may still use it. */
struct deferred_destroy {
   struct tongs_list link;
   uint64_t youngest; /* the number of the youngest compilation at that time */
   struct rdr_device *dev;
   uint8_t type;
   uint64_t handle;
};

struct rdr_compiles {
   struct rdr_context *ctx;

   /* For the decoder's thread only. Compilations are numbered from 1. Those up to `finished` are
    * over; `order` has the others. */
   struct tongs_list order; /* of struct compilation.order_link, oldest first; owned */
   uint64_t finished;
   uint64_t youngest;
   size_t held;                /* bytes that all compilations hold */
   struct tongs_list deferred; /* of struct deferred_destroy.link, oldest first; owned */
   uint32_t threads, threads_max;

   pthread_mutex_t lock;      /* protects the rest */
   pthread_cond_t wake;       /* for the threads */
   pthread_cond_t done;       /* for the decoder's thread */
   struct tongs_list waiting; /* of struct compilation.waiting_link: no thread has begun */
};

struct rdr_compiles *
rdr_compiles_create(struct rdr_context *ctx)
{
   struct rdr_compiles *c = calloc(1, sizeof(*c));
   long processors = sysconf(_SC_NPROCESSORS_ONLN);

   if (!c)
      return NULL;
   c->ctx = ctx;
   c->threads_max = processors > 0 && processors < THREADS_MAX ? (uint32_t)processors : THREADS_MAX;
   tongs_list_init(&c->order);
   tongs_list_init(&c->deferred);
   tongs_list_init(&c->waiting);
   pthread_mutex_init(&c->lock, NULL);
   pthread_cond_init(&c->wake, NULL);
   pthread_cond_init(&c->done, NULL);
   return c;
}

/* --- Compiling --- */

/* Calls the host driver to compile the pipelines. Runs on any thread, once for each compilation. */
static void
run(struct compilation *job)
{
   const struct rdr_vk_device *vk = &job->dev->vk;

   if (job->op == TONGS_OP_vkCreateComputePipelines) {
      struct tongs_args_vkCreateComputePipelines *a = (void *)job->args;
      job->handles = (uint64_t *)a->pPipelines;
      job->result = vk->CreateComputePipelines(a->device, a->pipelineCache, a->createInfoCount,
                                               a->pCreateInfos, NULL, a->pPipelines);
   } else {
      struct tongs_args_vkCreateGraphicsPipelines *a = (void *)job->args;
      job->handles = (uint64_t *)a->pPipelines;
      job->result = vk->CreateGraphicsPipelines(a->device, a->pipelineCache, a->createInfoCount,
                                                a->pCreateInfos, NULL, a->pPipelines);
   }
}

/* Destroys an unwanted pipeline on the thread that created it, whose allocator cache holds the
 * memory. */
static void
drop_unwanted(struct compilation *job)
{
   pthread_mutex_lock(&job->compiles->lock);
   bool unwanted = job->unwanted;
   pthread_mutex_unlock(&job->compiles->lock);
   if (!unwanted || job->result < 0)
      return;
   rdr_vk_destroy(&job->dev->vk, job->dev->handle, TONGS_TYPE_VkPipeline, job->handles[0]);
   job->handles[0] = 0;
}

static void *
thread(void *data)
{
   struct rdr_compiles *c = data;

   pthread_mutex_lock(&c->lock);
   while (!c->ctx->ended) {
      struct compilation *job = tongs_list_first(&c->waiting, struct compilation, waiting_link);
      if (!job) {
         pthread_cond_wait(&c->wake, &c->lock);
         continue;
      }
      tongs_list_remove(&job->waiting_link);
      pthread_mutex_unlock(&c->lock);
      run(job);
      drop_unwanted(job);
      pthread_mutex_lock(&c->lock);
      job->done = true;
      pthread_cond_signal(&c->done);
   }
   pthread_mutex_unlock(&c->lock);
   return NULL;
}

/* Starts one more thread, up to the limit. If no thread can be started, the decoder's thread
 * compiles each pipeline when an op uses it. */
static void
start_thread(struct rdr_compiles *c)
{
   pthread_attr_t attributes;
   pthread_t id;

   if (c->threads == c->threads_max)
      return;
   pthread_attr_init(&attributes);
   pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
   c->threads += !pthread_create(&id, &attributes, thread, c);
   pthread_attr_destroy(&attributes);
}

/* --- The end of compilations --- */

/* NULL is fine. */
static void
destroy(struct compilation *job)
{
   if (!job)
      return;
   tongs_arena_finish(&job->arena);
   free(job->bytes);
   free(job);
}

/* Destroys the host objects that no compilation can use any more. */
static void
destroy_deferred(struct rdr_compiles *c)
{
   tongs_list_for_each_safe(struct deferred_destroy, d, &c->deferred, link) {
      if (d->youngest > c->finished)
         return;
      tongs_list_remove(&d->link);
      rdr_vk_destroy(&d->dev->vk, d->dev->handle, d->type, d->handle);
      free(d);
   }
}

/* Enters the pipelines of a finished compilation into the object table. */
static void
enter_results(struct rdr_context *ctx, struct compilation *job)
{
   if (job->entered)
      return;
   job->entered = true;
   /* If a call for several pipelines fails, some of them may exist. If a call for one pipeline
    * fails, its handle is invalid, even if the driver has written one. */
   if (job->result < 0 && job->args->new_count == 1)
      job->handles[0] = 0;
   if (job->result < 0 && ctx->post_result == VK_SUCCESS)
      ctx->post_result = job->result;
   for (uint32_t i = 0; i < job->args->new_count; i++) {
      uint64_t id = job->args->new_ids[i];
      struct tongs_slot *slot = &ctx->slots[tongs_id_slot(id)];
      if (slot->id != id || slot->data != job) { /* the client has destroyed it already */
         if (job->handles[i])
            rdr_vk_destroy(&job->dev->vk, job->dev->handle, TONGS_TYPE_VkPipeline, job->handles[i]);
         continue;
      }
      slot->handle = job->handles[i];
      slot->data = job->dev;
      slot->result = VK_SUCCESS;
      if (!slot->handle)
         slot->result = job->result < 0 ? job->result : VK_ERROR_INITIALIZATION_FAILED;
   }
}

/* Waits for the compilation. Compiles on this thread if no other thread has begun. */
static void
finish(struct compilation *job)
{
   struct rdr_compiles *c = job->compiles;

   atomic_store_explicit(&c->ctx->progress.compiles, true, memory_order_relaxed);
   pthread_mutex_lock(&c->lock);
   if (!tongs_list_is_empty(&job->waiting_link)) {
      tongs_list_remove(&job->waiting_link);
      pthread_mutex_unlock(&c->lock);
      run(job);
      job->done = true;
   } else {
      while (!job->done)
         pthread_cond_wait(&c->done, &c->lock);
      pthread_mutex_unlock(&c->lock);
   }
   atomic_store_explicit(&c->ctx->progress.compiles, false, memory_order_relaxed);
}

static struct compilation *
oldest_of(struct rdr_compiles *c)
{
   return tongs_list_first(&c->order, struct compilation, order_link);
}

static void
finish_oldest(struct rdr_compiles *c)
{
   struct compilation *job = oldest_of(c);

   finish(job);
   enter_results(c->ctx, job);
   tongs_list_remove(&job->order_link);
   c->finished++;
   c->held -= job->held;
   destroy(job);
}

void
rdr_wait_compiled(const struct tongs_slot *slot)
{
   if (slot->result != VK_NOT_READY || tongs_id_type(slot->id) != TONGS_TYPE_VkPipeline)
      return;
   struct compilation *job = slot->data;
   finish(job);
   enter_results(job->compiles->ctx, job);
}

static bool
oldest_is_done(struct rdr_compiles *c)
{
   const struct compilation *job = oldest_of(c);

   if (!job)
      return false;
   pthread_mutex_lock(&c->lock);
   bool done = job->done;
   pthread_mutex_unlock(&c->lock);
   return done;
}

void
rdr_wait_all_compiled(struct rdr_compiles *c)
{
   while (oldest_of(c))
      finish_oldest(c);
   destroy_deferred(c);
}

bool
rdr_compile_defers(struct rdr_compiles *c, struct rdr_device *dev, uint8_t type, uint64_t handle)
{
   if (!rdr_is_used_by_compilations(type))
      return false;
   while (oldest_is_done(c))
      finish_oldest(c);
   destroy_deferred(c);
   if (!oldest_of(c))
      return false;
   struct deferred_destroy *d = malloc(sizeof(*d));
   if (!d) {
      rdr_wait_all_compiled(c);
      return false;
   }
   *d = (struct deferred_destroy){
      .youngest = c->youngest,
      .dev = dev,
      .type = type,
      .handle = handle,
   };
   tongs_list_append(&c->deferred, &d->link);
   return true;
}

bool
rdr_compile_forgets(struct rdr_compiles *c, const uint8_t *bytes, size_t size)
{
   struct rdr_context *ctx = c->ctx;
   struct tongs_decoder d;

   if (!oldest_of(c))
      return false;
   rdr_decoder_init(ctx, &d, bytes, size, NULL);
   tongs_decode_target(&d, TONGS_TYPE_VkDevice);
   uint64_t id = tongs_decode_u64(&d);
   tongs_decoder_expect_end(&d);
   const struct tongs_slot *slot = rdr_object_find(ctx, id, TONGS_TYPE_VkPipeline);
   if (d.error || !slot || slot->result != VK_NOT_READY || slot->handle || slot->device != d.device)
      return false;
   struct compilation *job = slot->data;
   rdr_object_remove(ctx, tongs_id_slot(id));
   pthread_mutex_lock(&c->lock);
   job->unwanted = job->args->new_count == 1;
   pthread_mutex_unlock(&c->lock);
   return true;
}

/* --- Ops --- */

/* Allocates a compilation with a copy of the op and memory for its arguments. NULL if memory is
 * out. */
static struct compilation *
create(struct rdr_compiles *c, const uint8_t *bytes, size_t size)
{
   struct compilation *job = calloc(1, sizeof(*job));
   if (!job)
      return NULL;
   tongs_list_init(&job->waiting_link);
   tongs_list_init(&job->order_link);
   tongs_arena_init(&job->arena, c->ctx->limits.op_bytes);
   job->compiles = c;
   job->op = tongs_op_header_read(bytes).op;
   job->bytes = malloc(size);
   job->args = tongs_arena_alloc(&job->arena, tongs_ops[job->op].args_size);
   if (!job->bytes || !job->args) {
      destroy(job);
      return NULL;
   }
   memcpy(job->bytes, bytes, size);
   return job;
}

/* Decodes the op and enters its new objects into the object table. False if there is nothing to
 * compile. */
static bool
decode(struct rdr_context *ctx, struct compilation *job, size_t size)
{
   struct tongs_decoder d;

   rdr_decoder_init(ctx, &d, job->bytes, size, &job->arena);
   tongs_ops[job->op].decode(&d, job->args);
   tongs_decoder_expect_end(&d);
   if (d.error) {
      rdr_end_malformed(ctx, job->op, &d);
      return false;
   }
   job->dev = d.target->data;
   job->held = size + job->arena.total;
   bool good = !d.failed && !job->dev->lost;
   VkResult result = VK_NOT_READY;
   if (!good)
      result = d.failed ? d.failed->result : VK_ERROR_DEVICE_LOST;
   for (uint32_t i = 0; i < job->args->new_count; i++) {
      if (!rdr_object_add(ctx, TONGS_TYPE_VkPipeline, job->args->new_ids[i], 0, result,
                          tongs_id_slot(d.target->id), good ? (void *)job : job->dev))
         return false;
   }
   return good && job->args->new_count;
}

static bool
is_over_limit(const struct rdr_compiles *c)
{
   const struct rdr_limits *limits = &c->ctx->limits;

   return c->held > limits->compilation_bytes || c->youngest - c->finished > limits->compilations;
}

void
rdr_compile(struct rdr_compiles *c, const uint8_t *bytes, size_t size)
{
   struct rdr_context *ctx = c->ctx;
   struct compilation *job = create(c, bytes, size);

   if (!job) {
      rdr_end(ctx, "out of memory for a %s", tongs_ops[tongs_op_header_read(bytes).op].name);
      return;
   }
   if (!decode(ctx, job, size)) {
      destroy(job);
      return;
   }
   c->held += job->held;
   c->youngest++;
   tongs_list_append(&c->order, &job->order_link);

   start_thread(c);
   pthread_mutex_lock(&c->lock);
   tongs_list_append(&c->waiting, &job->waiting_link);
   pthread_cond_signal(&c->wake);
   pthread_mutex_unlock(&c->lock);
   while (oldest_of(c) && (is_over_limit(c) || oldest_is_done(c)))
      finish_oldest(c);
   destroy_deferred(c);
}
