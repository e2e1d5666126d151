/* SPDX-License-Identifier: MIT */
#include "renderer/worker/compile.h"

#include "protocol/frame.h"
#include "renderer/worker/context.h"
#include "renderer/worker/execute.h"
#include "renderer/worker/object.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Threads, where there are as many processors. */
#define THREADS_MAX 4u

struct compile {
   struct compile *next;    /* in `waiting` */
   struct compile *younger; /* in the order of the ops */
   struct rdr_compiles *compiles;
   struct tongs_arena arena;
   uint8_t *bytes; /* the op's, owned: its arguments point into them */
   uint32_t op;
   struct tongs_args *args;
   struct rdr_device *dev;
   size_t held;   /* bytes of memory */
   bool entered;  /* its results are in the table */
   bool unwanted; /* its only pipeline is not in the table any more; protected by the lock */
   bool done;     /* protected by the lock, as are the results until it is set */
   VkResult result;
   uint64_t *handles;
};

/* What the decoder has taken out of the table and a compilation may use. */
struct grave {
   struct grave *next;
   uint64_t since; /* the youngest compilation at that time */
   struct rdr_device *dev;
   uint8_t type;
   uint64_t handle;
};

struct rdr_compiles {
   struct rdr_context *ctx;

   /* The decoder's thread's own. Compilations are counted from 1 on; those up to `oldest_number`
    * are over. */
   struct compile *oldest, *youngest;
   uint64_t oldest_number, youngest_number;
   size_t held;
   struct grave *graves, *last_grave; /* owned, in the order of `since` */
   uint32_t threads, threads_max;

   pthread_mutex_t lock;    /* protects the rest */
   pthread_cond_t wake;     /* for the threads */
   pthread_cond_t done;     /* for the decoder */
   struct compile *waiting; /* for a thread, the first to be next */
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
   pthread_mutex_init(&c->lock, NULL);
   pthread_cond_init(&c->wake, NULL);
   pthread_cond_init(&c->done, NULL);
   return c;
}

/* --- Compiling --- */

/* Any thread. */
static void
run(struct compile *job)
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

/* Destroys what nobody wants any more where it was made: that thread's allocator has the memory at
 * hand. */
static void
drop_unwanted(struct compile *job)
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
      if (!c->waiting) {
         pthread_cond_wait(&c->wake, &c->lock);
         continue;
      }
      struct compile *job = c->waiting;
      c->waiting = job->next;
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

/* One more, where there may be. None at all is no harm: then the decoder compiles what it needs. */
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

/* --- What is over --- */

/* NULL is fine. */
static void
destroy(struct compile *job)
{
   if (!job)
      return;
   tongs_arena_finish(&job->arena);
   free(job->bytes);
   free(job);
}

static void
empty_graves(struct rdr_compiles *c)
{
   while (c->graves && c->graves->since <= c->oldest_number) {
      struct grave *grave = c->graves;
      c->graves = grave->next;
      rdr_vk_destroy(&grave->dev->vk, grave->dev->handle, grave->type, grave->handle);
      free(grave);
   }
   if (!c->graves)
      c->last_grave = NULL;
}

/* Enters what came of a compilation. */
static void
enter_results(struct rdr_context *ctx, struct compile *job)
{
   if (job->entered)
      return;
   job->entered = true;
   /* Of several, some may exist. A single one does not, whatever the driver left in its place. */
   if (job->result < 0 && job->args->new_count == 1)
      job->handles[0] = 0;
   if (job->result < 0 && ctx->post_result == VK_SUCCESS)
      ctx->post_result = job->result;
   for (uint32_t i = 0; i < job->args->new_count; i++) {
      uint64_t id = job->args->new_ids[i];
      struct tongs_slot *slot = &ctx->slots[tongs_id_slot(id)];
      if (slot->id != id || slot->data != job) { /* destroyed meanwhile */
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

/* Waits for the compilation, or does it where no thread has begun. */
static void
finish(struct compile *job)
{
   struct rdr_compiles *c = job->compiles;
   struct compile **link = &c->waiting;

   pthread_mutex_lock(&c->lock);
   while (*link && *link != job)
      link = &(*link)->next;
   if (*link) {
      *link = job->next;
      pthread_mutex_unlock(&c->lock);
      run(job);
      job->done = true;
   } else {
      while (!job->done)
         pthread_cond_wait(&c->done, &c->lock);
      pthread_mutex_unlock(&c->lock);
   }
}

static void
retire_oldest(struct rdr_compiles *c)
{
   struct compile *job = c->oldest;

   finish(job);
   enter_results(c->ctx, job);
   c->oldest = job->younger;
   if (!c->oldest)
      c->youngest = NULL;
   c->oldest_number++;
   c->held -= job->held;
   destroy(job);
}

void
rdr_wait_compiled(const struct tongs_slot *slot)
{
   if (slot->result != VK_NOT_READY || tongs_id_type(slot->id) != TONGS_TYPE_VkPipeline)
      return;
   struct compile *job = slot->data;
   finish(job);
   enter_results(job->compiles->ctx, job);
}

static bool
is_done(struct rdr_compiles *c, const struct compile *job)
{
   pthread_mutex_lock(&c->lock);
   bool done = job->done;
   pthread_mutex_unlock(&c->lock);
   return done;
}

void
rdr_wait_all_compiled(struct rdr_compiles *c)
{
   while (c->oldest)
      retire_oldest(c);
   empty_graves(c);
}

bool
rdr_compile_defers(struct rdr_compiles *c, struct rdr_device *dev, uint8_t type, uint64_t handle)
{
   switch (type) {
   case TONGS_TYPE_VkShaderModule:
   case TONGS_TYPE_VkPipeline:
   case TONGS_TYPE_VkPipelineCache:
   case TONGS_TYPE_VkPipelineLayout:
   case TONGS_TYPE_VkRenderPass:
   case TONGS_TYPE_VkDescriptorSetLayout:
   case TONGS_TYPE_VkSampler:
   case TONGS_TYPE_VkSamplerYcbcrConversion:
      break;
   default:
      return false;
   }
   while (c->oldest && is_done(c, c->oldest))
      retire_oldest(c);
   empty_graves(c);
   if (!c->oldest)
      return false;
   struct grave *grave = malloc(sizeof(*grave));
   if (!grave) {
      rdr_wait_all_compiled(c);
      return false;
   }
   *grave = (struct grave){
      .since = c->youngest_number,
      .dev = dev,
      .type = type,
      .handle = handle,
   };
   *(c->last_grave ? &c->last_grave->next : &c->graves) = grave;
   c->last_grave = grave;
   return true;
}

bool
rdr_compile_forgets(struct rdr_compiles *c, const uint8_t *bytes, size_t size)
{
   struct rdr_context *ctx = c->ctx;
   struct tongs_decoder d;

   if (!c->oldest)
      return false;
   rdr_decoder_init(ctx, &d, bytes, size, NULL);
   tongs_decode_target(&d, TONGS_TYPE_VkDevice);
   uint64_t id = tongs_decode_u64(&d);
   tongs_decoder_expect_end(&d);
   const struct tongs_slot *slot = rdr_object_find(ctx, id, TONGS_TYPE_VkPipeline);
   if (d.error || !slot || slot->result != VK_NOT_READY || slot->handle || slot->device != d.device)
      return false;
   struct compile *job = slot->data;
   rdr_object_remove(ctx, tongs_id_slot(id));
   pthread_mutex_lock(&c->lock);
   job->unwanted = job->args->new_count == 1;
   pthread_mutex_unlock(&c->lock);
   return true;
}

/* --- Ops --- */

/* Room for the op and what it decodes into. NULL when memory is out. */
static struct compile *
create(struct rdr_compiles *c, const uint8_t *bytes, size_t size)
{
   struct compile *job = calloc(1, sizeof(*job));
   if (!job)
      return NULL;
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

/* Decodes and enters the new objects. False where there is nothing to compile. */
static bool
decode(struct rdr_context *ctx, struct compile *job, size_t size)
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

void
rdr_compile(struct rdr_compiles *c, const uint8_t *bytes, size_t size)
{
   struct rdr_context *ctx = c->ctx;
   struct compile *job = create(c, bytes, size);

   if (!job) {
      rdr_end(ctx, "out of memory for a %s", tongs_ops[tongs_op_header_read(bytes).op].name);
      return;
   }
   if (!decode(ctx, job, size)) {
      destroy(job);
      return;
   }
   c->held += job->held;
   *(c->youngest ? &c->youngest->younger : &c->oldest) = job;
   c->youngest = job;
   c->youngest_number++;

   start_thread(c);
   pthread_mutex_lock(&c->lock);
   struct compile **end = &c->waiting;
   while (*end)
      end = &(*end)->next;
   *end = job;
   pthread_cond_signal(&c->wake);
   pthread_mutex_unlock(&c->lock);
   while (c->oldest && (c->held > ctx->limits.compilation_bytes ||
                        c->youngest_number - c->oldest_number > ctx->limits.compilations ||
                        is_done(c, c->oldest)))
      retire_oldest(c);
   empty_graves(c);
}
