/* SPDX-License-Identifier: MIT */
#include "jobs.h"

#include "context.h"
#include "execute.h"
#include "frame.h"
#include "handlers.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#include <stdlib.h>
#include <string.h>

/* Idle threads that are kept. */
#define IDLE_MAX 4
#define STACK_SIZE ((size_t)256 * 1024)

struct job {
   struct job *next;
   struct tongs_arena arena;
   uint8_t *bytes; /* the op's, owned: its arguments point into them */
   uint32_t op;
   uint32_t tag;
   void *args;
   void *host;
   uint64_t *ids; /* of the objects in use */
   uint32_t id_count;
};

struct rdr_jobs {
   struct rdr_context *ctx;
   pthread_mutex_t lock; /* protects the rest */
   pthread_cond_t wake;
   struct job *waiting; /* for a thread */
   struct job *running;
   uint32_t idle;
   uint32_t count; /* of jobs, waiting and running */
};

struct rdr_jobs *
rdr_jobs_create(struct rdr_context *ctx)
{
   struct rdr_jobs *jobs = calloc(1, sizeof(*jobs));
   if (!jobs)
      return NULL;
   jobs->ctx = ctx;
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

static struct job *
job_create(struct rdr_context *ctx, const uint8_t *op, size_t size)
{
   struct tongs_decoder d;
   struct job *job = calloc(1, sizeof(*job));
   if (!job)
      return NULL;
   tongs_arena_init(&job->arena, RDR_ARENA_LIMIT);
   job->op = tongs_op_header_read(op).op;
   job->bytes = malloc(size);
   job->args = tongs_arena_alloc(&job->arena, tongs_ops[job->op].args_size);
   job->ids = tongs_arena_alloc(&job->arena, size);
   if (!job->bytes || !job->args || !job->ids)
      goto fail;
   memcpy(job->bytes, op, size);

   rdr_decoder_init(ctx, &d, job->bytes, size, &job->arena);
   d.seen = job->ids;
   d.seen_max = (uint32_t)(size / sizeof(uint64_t));
   job->tag = tongs_decode_u32(&d);
   tongs_ops[job->op].decode(&d, job->args);
   tongs_decoder_expect_end(&d);
   if (d.error) {
      rdr_end_malformed(ctx, job->op, &d);
      goto fail;
   }
   job->host = d.target->data;
   job->id_count = d.seen_count;
   if (d.unmade) { /* there is nothing to wait for */
      rdr_reply_result(ctx, job->op, job->tag, job->args, d.unmade->result);
      goto fail;
   }
   return job;

fail:
   job_destroy(job);
   return NULL;
}

static void
unlink_job(struct job **list, struct job *job)
{
   while (*list != job)
      list = &(*list)->next;
   *list = job->next;
}

static void *
thread(void *data)
{
   struct rdr_jobs *jobs = data;

   pthread_mutex_lock(&jobs->lock);
   for (;;) {
      while (!jobs->waiting) {
         if (jobs->idle >= IDLE_MAX) {
            pthread_mutex_unlock(&jobs->lock);
            return NULL;
         }
         jobs->idle++;
         pthread_cond_wait(&jobs->wake, &jobs->lock);
         jobs->idle--;
      }
      struct job *job = jobs->waiting;
      jobs->waiting = job->next;
      job->next = jobs->running;
      jobs->running = job;
      pthread_mutex_unlock(&jobs->lock);

      rdr_handlers[job->op](jobs->ctx, job->host, job->args);

      pthread_mutex_lock(&jobs->lock);
      unlink_job(&jobs->running, job);
      jobs->count--;
      pthread_mutex_unlock(&jobs->lock);
      rdr_reply(jobs->ctx, job->op, job->tag, job->args);
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

/* Tries without waiting. True where the job is done. */
static bool
try_now(struct rdr_context *ctx, struct job *job)
{
   uint64_t timeout;

   switch (job->op) {
   case TONGS_OP_vkWaitForFences: {
      struct tongs_args_vkWaitForFences *args = job->args;
      timeout = args->timeout;
      args->timeout = 0;
      rdr_handlers[job->op](ctx, job->host, args);
      args->timeout = timeout;
      return args->ret != VK_TIMEOUT || !timeout;
   }
   case TONGS_OP_vkWaitSemaphores: {
      struct tongs_args_vkWaitSemaphores *args = job->args;
      timeout = args->timeout;
      args->timeout = 0;
      rdr_handlers[job->op](ctx, job->host, args);
      args->timeout = timeout;
      return args->ret != VK_TIMEOUT || !timeout;
   }
   case TONGS_OP_vkGetQueryPoolResults: {
      struct tongs_args_vkGetQueryPoolResults *args = job->args;
      if (args->flags & VK_QUERY_RESULT_WAIT_BIT)
         return false;
      rdr_handlers[job->op](ctx, job->host, args);
      return true;
   }
   default:
      return false;
   }
}

void
rdr_jobs_run(struct rdr_jobs *jobs, const uint8_t *op, size_t size)
{
   struct rdr_context *ctx = jobs->ctx;
   struct job *job = job_create(ctx, op, size);

   if (!job)
      return;
   if (try_now(ctx, job)) {
      rdr_reply(ctx, job->op, job->tag, job->args);
      job_destroy(job);
      return;
   }

   pthread_mutex_lock(&jobs->lock);
   bool room = jobs->count < RDR_JOBS_MAX;
   if (room) {
      struct job **end = &jobs->waiting;
      while (*end)
         end = &(*end)->next;
      job->next = NULL;
      *end = job;
      jobs->count++;
   }
   bool start = room && !jobs->idle;
   pthread_cond_signal(&jobs->wake);
   pthread_mutex_unlock(&jobs->lock);
   if (!room) {
      rdr_end(ctx, "more than %d calls wait at a time", RDR_JOBS_MAX);
      job_destroy(job);
   } else if (start && !start_thread(jobs)) {
      rdr_end(ctx, "cannot start a thread");
   }
}

static bool
list_uses(const struct job *job, uint64_t id)
{
   for (; job; job = job->next) {
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
   pthread_mutex_lock(&jobs->lock);
   bool used = list_uses(jobs->waiting, id) || list_uses(jobs->running, id);
   pthread_mutex_unlock(&jobs->lock);
   return used;
}

bool
rdr_jobs_any(struct rdr_jobs *jobs)
{
   pthread_mutex_lock(&jobs->lock);
   bool any = jobs->count != 0;
   pthread_mutex_unlock(&jobs->lock);
   return any;
}
