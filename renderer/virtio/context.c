/* SPDX-License-Identifier: MIT */

/* Contexts, their workers, and the division of the guest's descriptors among them. */

#include "renderer/virtio/state.h"

#include "protocol/clock.h"
#include "protocol/socket.h"
#include "renderer/virtio/stream.h"
#include "tongs/virtgpu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How many refusals of a guest are logged in each period. Of one context, at most one refusal is
 * logged. */
#define REFUSALS_MAX 20
#define REFUSALS_PERIOD_MS 10000

/* --- Look-ups --- */

/* The slot of the worker with that pid; pid 0: a free slot. NULL if there is none. */
static struct rdr_virtio_worker *
find_worker(struct rdr_virtio_device *dev, pid_t pid)
{
   for (unsigned i = 0; i < dev->options.max_workers; i++) {
      if (dev->workers[i].pid == pid)
         return &dev->workers[i];
   }
   return NULL;
}

struct rdr_virtio_context *
rdr_virtio_find_context(struct rdr_virtio_device *dev, uint32_t id)
{
   tongs_list_for_each(struct rdr_virtio_context, ctx, &dev->contexts, link) {
      if (ctx->id == id)
         return ctx;
   }
   return NULL;
}

/* NULL if the resource is not attached to the context. */
static struct rdr_virtio_attachment *
find_attachment(const struct rdr_virtio_context *ctx, uint32_t resource)
{
   tongs_list_for_each(struct rdr_virtio_attachment, a, &ctx->attachments, link) {
      if (a->resource == resource)
         return a;
   }
   return NULL;
}

bool
rdr_virtio_is_attached(const struct rdr_virtio_context *ctx, uint32_t resource)
{
   return find_attachment(ctx, resource) != NULL;
}

/* --- Quotas --- */

bool
rdr_virtio_may_log_refusal(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx)
{
   int64_t now = tongs_now_ms();

   if (now - dev->refusals_since >= REFUSALS_PERIOD_MS) {
      if (dev->refusals_left_out)
         fprintf(stderr, "tongs: refused clients of a virtual machine %u times more\n",
                 dev->refusals_left_out);
      dev->refusals_since = now;
      dev->refusals = 0;
      dev->refusals_left_out = 0;
   }
   if (dev->refusals == REFUSALS_MAX ||
       (ctx->refused_at && now - ctx->refused_at < REFUSALS_PERIOD_MS)) {
      dev->refusals_left_out++;
      return false;
   }
   dev->refusals++;
   ctx->refused_at = now;
   return true;
}

static unsigned
stream_descriptors(const struct rdr_virtio_context *ctx)
{
   return ctx->stream && ctx->stream->fd >= 0 ? 1 + ctx->stream->queued_fds : 0;
}

bool
rdr_virtio_has_descriptors(const struct rdr_virtio_device *dev,
                           const struct rdr_virtio_context *ctx, unsigned count)
{
   unsigned all = dev->lease_count + dev->host_count;
   unsigned own = ctx->lease_count + ctx->host_count + stream_descriptors(ctx);

   tongs_list_for_each(struct rdr_virtio_context, c, &dev->contexts, link)
      all += stream_descriptors(c);
   return all <= dev->options.max_descriptors && own + count <= dev->options.max_descriptors - all;
}

bool
rdr_virtio_take_descriptors(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx,
                            unsigned count)
{
   if (rdr_virtio_has_descriptors(dev, ctx, count))
      return true;
   if (rdr_virtio_may_log_refusal(dev, ctx))
      fprintf(stderr,
              "tongs: refused %s of a virtual machine more descriptors: it has %u leases and %u "
              "pieces of host memory\n",
              ctx->name, ctx->lease_count, ctx->host_count);
   return false;
}

/* --- Waiting commands --- */

static void
answer_wait(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx,
            struct rdr_virtio_request *request)
{
   tongs_list_remove(&request->link);
   ctx->wait_count--;
   dev->wait_count--;
   rdr_virtio_answer_type(dev, request, VIRTIO_GPU_RESP_OK_NODATA);
}

void
rdr_virtio_wake_first(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx)
{
   answer_wait(dev, ctx, tongs_list_first(&ctx->waits, struct rdr_virtio_request, link));
}

void
rdr_virtio_wake_all(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx)
{
   while (!tongs_list_is_empty(&ctx->waits))
      rdr_virtio_wake_first(dev, ctx);
}

/* Answers the waits of the context for which a word has changed. */
static void
wake(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx)
{
   tongs_list_for_each_safe(struct rdr_virtio_request, request, &ctx->waits, link) {
      if (!ctx->stream || !rdr_virtio_stream_is_seen(ctx->stream, request->seen))
         answer_wait(dev, ctx, request);
   }
}

void
rdr_virtio_pump(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx)
{
   if (ctx->stream)
      rdr_virtio_stream_pump(ctx->stream);
   wake(dev, ctx);
}

/* --- Workers --- */

bool
rdr_virtio_start_worker(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx, int *fd)
{
   struct rdr_virtio_worker *slot = find_worker(dev, 0);
   int fds[2];

   if (!slot) {
      if (rdr_virtio_may_log_refusal(dev, ctx))
         fprintf(stderr,
                 "tongs: turned %s of a virtual machine away: %u workers run already, the most "
                 "that --max-workers allows\n",
                 ctx->name, dev->worker_count);
      return false;
   }
   if (!rdr_virtio_take_descriptors(dev, ctx, 2) || tongs_socket_pair(fds) < 0)
      return false;
   fcntl(fds[0], F_SETFL, O_NONBLOCK);
   pid_t pid = dev->options.start_worker(dev->options.owner, fds[1]);
   int error = errno;
   close(fds[1]);
   if (pid < 0) {
      if (rdr_virtio_may_log_refusal(dev, ctx))
         fprintf(stderr, "tongs: cannot start a worker for %s of a virtual machine: %s\n",
                 ctx->name, strerror(error));
      close(fds[0]);
      return false;
   }
   *slot = (struct rdr_virtio_worker){.pid = pid, .context = ctx->id, .started = tongs_now_ms()};
   dev->worker_count++;
   ctx->worker = pid;
   *fd = fds[0];
   fprintf(stderr, "tongs: worker %d started for %s of a virtual machine\n", (int)pid, ctx->name);
   return true;
}

void
rdr_virtio_release_worker(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx,
                          int64_t patience)
{
   struct rdr_virtio_worker *worker = ctx->worker ? find_worker(dev, ctx->worker) : NULL;

   ctx->worker = 0;
   if (worker)
      worker->deadline = tongs_now_ms() + patience;
}

void
rdr_virtio_close_stream(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx,
                        int64_t patience)
{
   if (ctx->stream)
      rdr_virtio_stream_close(ctx->stream);
   rdr_virtio_release_worker(dev, ctx, patience);
   wake(dev, ctx);
}

bool
rdr_virtio_device_reap(struct rdr_virtio_device *dev, pid_t pid, int status)
{
   struct rdr_virtio_worker *worker = pid > 0 ? find_worker(dev, pid) : NULL;

   if (!worker)
      return false;
   double seconds = (double)(tongs_now_ms() - worker->started) / 1000.0;
   if (WIFSIGNALED(status))
      fprintf(stderr, "tongs: worker %d ended by signal %d (%s) after %.1f s\n", (int)pid,
              WTERMSIG(status), strsignal(WTERMSIG(status)), seconds);
   else
      fprintf(stderr, "tongs: worker %d ended with exit status %d after %.1f s\n", (int)pid,
              WEXITSTATUS(status), seconds);
   tongs_list_for_each(struct rdr_virtio_context, ctx, &dev->contexts, link) {
      if (ctx->worker == pid)
         ctx->worker = 0;
   }
   if (!dev->paused)
      rdr_virtio_drop_context_leases(dev, worker->context);
   *worker = (struct rdr_virtio_worker){0};
   dev->worker_count--;
   return true;
}

unsigned
rdr_virtio_device_worker_count(const struct rdr_virtio_device *dev)
{
   return dev->worker_count;
}

/* --- Contexts --- */

static void
remove_attachment(struct rdr_virtio_context *ctx, struct rdr_virtio_attachment *a)
{
   tongs_list_remove(&a->link);
   ctx->attachment_count--;
   free(a);
}

void
rdr_virtio_detach(struct rdr_virtio_context *ctx, uint32_t resource)
{
   struct rdr_virtio_attachment *a = find_attachment(ctx, resource);

   if (a)
      remove_attachment(ctx, a);
}

void
rdr_virtio_destroy_context(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx)
{
   rdr_virtio_close_stream(dev, ctx, RDR_VIRTIO_WORKER_END_MS);
   rdr_virtio_wake_all(dev, ctx);
   tongs_list_remove(&ctx->link);
   rdr_virtio_stream_destroy(ctx->stream);
   tongs_list_for_each_safe(struct rdr_virtio_attachment, a, &ctx->attachments, link)
      remove_attachment(ctx, a);
   rdr_virtio_disown(dev, ctx->id);
   free(ctx);
   dev->context_count--;
}

/* Copies the name of the client's process for the log. The name may hold any bytes (R15). */
static void
set_name(struct rdr_virtio_context *ctx, const struct virtio_gpu_ctx_create *c)
{
   for (unsigned i = 0; i < sizeof(ctx->name) - 1 && i < c->nlen && c->debug_name[i]; i++)
      ctx->name[i] = c->debug_name[i] > ' ' && c->debug_name[i] < 127 ? c->debug_name[i] : '_';
   if (!ctx->name[0])
      snprintf(ctx->name, sizeof(ctx->name), "context %u", ctx->id);
}

uint32_t
rdr_virtio_do_context_create(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_ctx_create *c = (const void *)call->data;
   struct rdr_virtio_device *dev = call->dev;
   uint32_t capset = c->context_init & VIRTIO_GPU_CONTEXT_INIT_CAPSET_ID_MASK;

   if (!call->header.ctx_id || rdr_virtio_find_context(dev, call->header.ctx_id))
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   if (capset && capset != TONGS_VIRTGPU_CAPSET)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   struct rdr_virtio_context *ctx =
      dev->context_count < dev->options.limits.contexts ? calloc(1, sizeof(*ctx)) : NULL;
   if (!ctx)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   ctx->id = call->header.ctx_id;
   tongs_list_init(&ctx->attachments);
   tongs_list_init(&ctx->waits);
   set_name(ctx, c);
   tongs_list_append(&dev->contexts, &ctx->link);
   dev->context_count++;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t
rdr_virtio_do_context_destroy(struct rdr_virtio_call *call)
{
   struct rdr_virtio_context *ctx = rdr_virtio_find_context(call->dev, call->header.ctx_id);

   if (!ctx)
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   rdr_virtio_destroy_context(call->dev, ctx);
   return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t
rdr_virtio_do_context_attach(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_ctx_resource *c = (const void *)call->data;
   struct rdr_virtio_context *ctx = rdr_virtio_find_context(call->dev, call->header.ctx_id);

   if (!ctx)
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   if (!rdr_virtio_find_resource(call->dev, c->resource_id))
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   if (find_attachment(ctx, c->resource_id))
      return VIRTIO_GPU_RESP_OK_NODATA;
   bool has_room = ctx->attachment_count < call->dev->options.limits.attachments;
   struct rdr_virtio_attachment *a = has_room ? calloc(1, sizeof(*a)) : NULL;
   if (!a)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   a->resource = c->resource_id;
   tongs_list_append(&ctx->attachments, &a->link);
   ctx->attachment_count++;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t
rdr_virtio_do_context_detach(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_ctx_resource *c = (const void *)call->data;
   struct rdr_virtio_context *ctx = rdr_virtio_find_context(call->dev, call->header.ctx_id);

   if (!ctx)
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   if (!find_attachment(ctx, c->resource_id))
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   rdr_virtio_detach(ctx, c->resource_id);
   return VIRTIO_GPU_RESP_OK_NODATA;
}
