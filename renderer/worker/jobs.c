/* SPDX-License-Identifier: MIT */
#include "renderer/worker/jobs.h"

#include "protocol/frame.h"
#include "protocol/tongs_list.h"
#include "renderer/worker/context.h"
#include "renderer/worker/execute.h"
#include "renderer/worker/handlers.h"
#include "renderer/worker/replies.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#include <stdlib.h>
#include <string.h>

/* How many idle threads are kept for later jobs. */
#define IDLE_MAX 4
#define STACK_SIZE ((size_t)256 * 1024)
/* Nanoseconds. A wait calls the host driver in slices of this length, and checks between two slices
 * whether the device is lost. Otherwise a wait for a lost submission would never end. */
#define SLICE_NS UINT64_C(100000000)

struct job {
   struct tongs_list link; /* in rdr_jobs.waiting, then .running; protected by the lock */
   struct tongs_arena arena;
   uint8_t *bytes; /* of the op, owned: its arguments point into them */
   struct rdr_op op;
   void *args;
   uint64_t *ids; /* of the objects in use */
   uint32_t id_count;
   size_t held; /* bytes of memory */
};

struct rdr_jobs {
   struct rdr_context *ctx;
   pthread_mutex_t lock; /* protects the rest */
   pthread_cond_t wake;
   struct tongs_list waiting; /* of struct job.link: no thread has taken them, oldest first */
   struct tongs_list running; /* of struct job.link; each owned by its thread */
   uint32_t idle; /* threads that sleep, or have been woken and have not taken a job yet */
   uint32_t waiting_count;
   _Atomic uint32_t count; /* of both lists; only the decoder's thread adds to it */
   size_t held;            /* bytes that they hold */
};

struct rdr_jobs *
rdr_jobs_create(struct rdr_context *ctx)
{
   struct rdr_jobs *jobs = calloc(1, sizeof(*jobs));
   if (!jobs)
      return NULL;
   jobs->ctx = ctx;
   tongs_list_init(&jobs->waiting);
   tongs_list_init(&jobs->running);
   pthread_mutex_init(&jobs->lock, NULL);
   pthread_cond_init(&jobs->wake, NULL);
   return jobs;
}

/* NULL is fine. */
static void
job_destroy(struct job *job)
{
   if (!job)
      return;
   tongs_arena_finish(&job->arena);
   free(job->bytes);
   free(job);
}

/* Allocates a job with a copy of the op and memory for its arguments. NULL if memory is out. */
static struct job *
job_create(struct rdr_context *ctx, const uint8_t *bytes, size_t size)
{
   struct job *job = calloc(1, sizeof(*job));
   if (!job)
      return NULL;
   tongs_arena_init(&job->arena, ctx->limits.op_bytes);
   job->op = (struct rdr_op){
      .number = tongs_op_header_read(bytes).op,
      .is_call = true,
      .fd = -1,
      .reply_fd = -1,
   };
   job->bytes = malloc(size);
   job->args = tongs_arena_alloc(&job->arena, tongs_ops[job->op.number].args_size);
   job->ids = tongs_arena_alloc(&job->arena, size);
   if (!job->bytes || !job->args || !job->ids) {
      job_destroy(job);
      return NULL;
   }
   memcpy(job->bytes, bytes, size);
   return job;
}

/* False if there is nothing to wait for: the op is malformed, which ends the connection, or the
 * reply has been sent. */
static bool
decode(struct rdr_context *ctx, struct job *job, size_t size)
{
   struct tongs_decoder d;

   rdr_decoder_init(ctx, &d, job->bytes, size, &job->arena);
   d.seen = job->ids;
   d.seen_max = (uint32_t)(size / sizeof(uint64_t));
   job->op.tag = tongs_decode_u32(&d);
   tongs_ops[job->op.number].decode(&d, job->args);
   tongs_decoder_expect_end(&d);
   if (d.error) {
      rdr_end_malformed(ctx, job->op.number, &d);
      return false;
   }
   struct rdr_device *dev = d.target->data;
   job->op.owner = dev;
   job->id_count = d.seen_count;
   job->held = size + job->arena.total;
   if (d.failed || dev->lost) {
      VkResult result = d.failed ? d.failed->result : VK_ERROR_DEVICE_LOST;
      rdr_reply_result(ctx, &job->op, job->args, result);
      return false;
   }
   rdr_check check = rdr_ops[job->op.number].check;
   return !check || check(ctx, job->ids, job->id_count, job->args);
}

/* A pointer to the timeout of a wait. The caller may change it, because the arguments are in the
 * job's arena. NULL for an op without a timeout. */
static uint64_t *
timeout_of(const struct job *job)
{
   const struct rdr_op_info *how = &rdr_ops[job->op.number];

   return how->timeout ? how->timeout(job->args) : NULL;
}

static VkResult *
result_of(const struct job *job)
{
   return (VkResult *)((uint8_t *)job->args + tongs_ops[job->op.number].ret_offset);
}

/* Whether the wait timed out. vkAcquireNextImageKHR may return either, whatever its timeout. */
static bool
has_timed_out(VkResult result)
{
   return result == VK_TIMEOUT || result == VK_NOT_READY;
}

/* Carries out a job that may take long, on its own thread. */
static void
run(struct rdr_context *ctx, struct job *job)
{
   struct rdr_device *dev = job->op.owner;
   uint64_t *timeout = timeout_of(job);
   uint64_t left = timeout ? *timeout : 0;

   do {
      if (timeout)
         *timeout = left < SLICE_NS ? left : SLICE_NS;
      rdr_ops[job->op.number].handle(ctx, &job->op, job->args);
      if (timeout && left != UINT64_MAX) /* UINT64_MAX: no limit */
         left -= *timeout;
   } while (timeout && left && has_timed_out(*result_of(job)) && !dev->lost);
   if (timeout && has_timed_out(*result_of(job)) && dev->lost)
      *result_of(job) = VK_ERROR_DEVICE_LOST;
}

static void *
thread(void *data)
{
   struct rdr_jobs *jobs = data;

   pthread_mutex_lock(&jobs->lock);
   for (;;) {
      while (tongs_list_is_empty(&jobs->waiting)) {
         if (jobs->idle >= IDLE_MAX) {
            pthread_mutex_unlock(&jobs->lock);
            return NULL;
         }
         jobs->idle++;
         pthread_cond_wait(&jobs->wake, &jobs->lock);
         jobs->idle--;
      }
      struct job *job = tongs_list_first(&jobs->waiting, struct job, link);
      tongs_list_remove(&job->link);
      tongs_list_append(&jobs->running, &job->link);
      jobs->waiting_count--;
      pthread_mutex_unlock(&jobs->lock);

      run(jobs->ctx, job);

      pthread_mutex_lock(&jobs->lock);
      tongs_list_remove(&job->link);
      jobs->count--;
      jobs->held -= job->held;
      pthread_mutex_unlock(&jobs->lock);
      rdr_reply(jobs->ctx, &job->op, job->args);
      rdr_replies_flush(jobs->ctx);
      job_destroy(job);
      pthread_mutex_lock(&jobs->lock);
   }
}

static bool
start_thread(struct rdr_jobs *jobs)
{
   pthread_attr_t attributes;
   pthread_t id;

   pthread_attr_init(&attributes);
   pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
   pthread_attr_setstacksize(&attributes, STACK_SIZE);
   int error = pthread_create(&id, &attributes, thread, jobs);
   pthread_attr_destroy(&attributes);
   return !error;
}

/* Carries out the job without waiting. True if it is done. */
static bool
try_now(struct rdr_context *ctx, struct job *job)
{
   uint64_t *timeout = timeout_of(job);

   if (timeout) {
      uint64_t whole = *timeout;
      *timeout = 0;
      rdr_ops[job->op.number].handle(ctx, &job->op, job->args);
      *timeout = whole;
      return !has_timed_out(*result_of(job)) || !whole;
   }
   bool (*waits)(const void *args) = rdr_ops[job->op.number].waits;
   if (!waits || waits(job->args))
      return false;
   rdr_ops[job->op.number].handle(ctx, &job->op, job->args);
   return true;
}

/* Hands the job to a thread, which owns it from then on. Ends the connection if a limit is reached.
 */
static void
enqueue(struct rdr_jobs *jobs, struct job *job)
{
   struct rdr_context *ctx = jobs->ctx;

   pthread_mutex_lock(&jobs->lock);
   bool room = jobs->count < ctx->limits.waiting_calls &&
               jobs->held + job->held <= ctx->limits.waiting_call_bytes;
   if (room) {
      tongs_list_append(&jobs->waiting, &job->link);
      jobs->waiting_count++;
      jobs->count++;
      jobs->held += job->held;
   }
   /* Each job needs a thread of its own, because an earlier job may wait for an effect of a later
    * one. */
   bool start = room && jobs->waiting_count > jobs->idle;
   pthread_cond_signal(&jobs->wake);
   pthread_mutex_unlock(&jobs->lock);
   if (!room) {
      rdr_end(ctx, "more than %llu calls wait at a time, or they hold too much memory",
              (unsigned long long)ctx->limits.waiting_calls);
      job_destroy(job);
   } else if (start && !start_thread(jobs)) {
      rdr_end(ctx, "cannot start a thread");
   }
}

void
rdr_jobs_run(struct rdr_jobs *jobs, const uint8_t *bytes, size_t size)
{
   struct rdr_context *ctx = jobs->ctx;
   struct job *job = job_create(ctx, bytes, size);

   if (!job) {
      rdr_end(ctx, "out of memory for a %s", tongs_ops[tongs_op_header_read(bytes).op].name);
      return;
   }
   if (decode(ctx, job, size)) {
      if (!try_now(ctx, job)) {
         enqueue(jobs, job);
         return;
      }
      rdr_reply(ctx, &job->op, job->args);
   }
   job_destroy(job);
}

static bool
list_uses(const struct tongs_list *list, uint64_t id)
{
   tongs_list_for_each(const struct job, job, list, link) {
      for (uint32_t i = 0; i < job->id_count; i++) {
         if (job->ids[i] == id)
            return true;
      }
   }
   return false;
}

bool
rdr_jobs_use(struct rdr_jobs *jobs, uint64_t id)
{
   if (!jobs->count)
      return false;
   pthread_mutex_lock(&jobs->lock);
   bool used = list_uses(&jobs->waiting, id) || list_uses(&jobs->running, id);
   pthread_mutex_unlock(&jobs->lock);
   return used;
}

static bool
list_is_on(const struct tongs_list *list, const struct rdr_device *dev)
{
   tongs_list_for_each(const struct job, job, list, link) {
      if (!dev || job->op.owner == dev)
         return true;
   }
   return false;
}

bool
rdr_jobs_any(struct rdr_jobs *jobs, const struct rdr_device *dev)
{
   pthread_mutex_lock(&jobs->lock);
   bool any = list_is_on(&jobs->waiting, dev) || list_is_on(&jobs->running, dev);
   pthread_mutex_unlock(&jobs->lock);
   return any;
}
