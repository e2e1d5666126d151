/* SPDX-License-Identifier: MIT */
#include "renderer/virtio/state.h"

#include "renderer/virtio/guest_pages.h"
#include "renderer/virtio/virtgpu_link.h"

#include "protocol/clock.h"
#include "tongs/virtgpu.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Refusals in the log: one of a context and this many of a machine in each period. */
#define REFUSALS_MAX 20
#define REFUSALS_PERIOD_MS 10000

/* --- Look-ups --- */

static struct rdr_virtio_worker *
find_worker(struct rdr_virtio *gpu, pid_t pid)
{
   for (unsigned i = 0; i < gpu->options.max_workers; i++) {
      if (gpu->workers[i].pid == pid)
         return &gpu->workers[i];
   }
   return NULL;
}

static bool
is_attached(const struct rdr_virtio_context *ctx, uint32_t resource)
{
   for (const struct rdr_virtio_attachment *a = ctx->attachments; a; a = a->next) {
      if (a->resource == resource)
         return true;
   }
   return false;
}

/* --- Quotas --- */

/* A program may be refused as often as it likes to ask: whether the log is to tell. */
static bool
tell_refusal(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx)
{
   int64_t now = tongs_now_ms();

   if (now - gpu->refusals_since >= REFUSALS_PERIOD_MS) {
      if (gpu->refusals_left_out)
         fprintf(stderr, "tongs: refused programs of a virtual machine %u times more\n",
                 gpu->refusals_left_out);
      gpu->refusals_since = now;
      gpu->refusals = 0;
      gpu->refusals_left_out = 0;
   }
   if (gpu->refusals == REFUSALS_MAX ||
       (ctx->refused_at && now - ctx->refused_at < REFUSALS_PERIOD_MS)) {
      gpu->refusals_left_out++;
      return false;
   }
   gpu->refusals++;
   ctx->refused_at = now;
   return true;
}

static unsigned
link_descriptors(const struct rdr_virtio_context *ctx)
{
   return ctx->link && ctx->link->fd >= 0 ? 1 + ctx->link->queued_fds : 0;
}

/* Whether a context may have so many descriptors more: all that it has are no more than what is
 * left. So n contexts that take what they can leave one part in n + 1 to the next. */
static bool
has_descriptors(const struct rdr_virtio *gpu, const struct rdr_virtio_context *ctx, unsigned count)
{
   unsigned all = gpu->lease_count + gpu->host_count;
   unsigned own = ctx->lease_count + ctx->host_count + link_descriptors(ctx);

   for (const struct rdr_virtio_context *c = gpu->contexts; c; c = c->next)
      all += link_descriptors(c);
   return all <= gpu->options.max_descriptors && own + count <= gpu->options.max_descriptors - all;
}

bool
rdr_virtio_take_descriptors(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx, unsigned count)
{
   if (has_descriptors(gpu, ctx, count))
      return true;
   if (tell_refusal(gpu, ctx))
      fprintf(
         stderr,
         "tongs: refused %s of a virtual machine more descriptors: it has %u leases and %u pieces of "
         "host memory\n",
         ctx->name, ctx->lease_count, ctx->host_count);
   return false;
}

/* --- Waiting commands --- */

void
rdr_virtio_wake_first(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx)
{
   struct rdr_virtio_request *first = ctx->waits;

   ctx->waits = first->next;
   ctx->wait_count--;
   gpu->wait_count--;
   rdr_virtio_answer_type(gpu, first, VIRTIO_GPU_RESP_OK_NODATA);
}

/* Answers the waits that have something to see. */
static void
wake(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx)
{
   struct rdr_virtio_request **link = &ctx->waits;

   while (*link) {
      struct rdr_virtio_request *request = *link;
      if (ctx->link && rdr_link_is_seen(ctx->link, request->seen)) {
         link = &request->next;
         continue;
      }
      *link = request->next;
      ctx->wait_count--;
      gpu->wait_count--;
      rdr_virtio_answer_type(gpu, request, VIRTIO_GPU_RESP_OK_NODATA);
   }
}

void
rdr_virtio_pump(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx)
{
   if (ctx->link)
      rdr_link_pump(ctx->link);
   wake(gpu, ctx);
}

/* --- Workers --- */

static bool
start_worker(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx, int *fd)
{
   struct rdr_virtio_worker *slot = find_worker(gpu, 0);
   int fds[2];

   if (!slot) {
      if (tell_refusal(gpu, ctx))
         fprintf(
            stderr,
            "tongs: turned %s of a virtual machine away: %u workers run already, the most that "
            "--max-workers allows\n",
            ctx->name, gpu->worker_count);
      return false;
   }
   if (!rdr_virtio_take_descriptors(gpu, ctx, 2) ||
       socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
      return false;
   fcntl(fds[0], F_SETFL, O_NONBLOCK);
   pid_t pid = gpu->options.start_worker(gpu->options.owner, fds[1]);
   close(fds[1]);
   if (pid < 0) {
      if (tell_refusal(gpu, ctx))
         fprintf(stderr, "tongs: cannot start a worker for %s of a virtual machine: %s\n",
                 ctx->name, strerror(errno));
      close(fds[0]);
      return false;
   }
   *slot = (struct rdr_virtio_worker){.pid = pid, .context = ctx->id, .started = tongs_now_ms()};
   gpu->worker_count++;
   ctx->worker = pid;
   *fd = fds[0];
   fprintf(stderr, "tongs: worker %d started for %s of a virtual machine\n", (int)pid, ctx->name);
   return true;
}

/* The worker finds its socket closed, and has a while to end. */
static void
release_worker(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx, int64_t patience)
{
   struct rdr_virtio_worker *worker = ctx->worker ? find_worker(gpu, ctx->worker) : NULL;

   ctx->worker = 0;
   if (!worker)
      return;
   worker->deadline = tongs_now_ms() + patience;
}

void
rdr_virtio_close_link(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx, int64_t patience)
{
   if (ctx->link)
      rdr_link_close(ctx->link);
   release_worker(gpu, ctx, patience);
   wake(gpu, ctx);
}

bool
rdr_virtio_reap(struct rdr_virtio *gpu, pid_t pid, int status)
{
   struct rdr_virtio_worker *worker = pid > 0 ? find_worker(gpu, pid) : NULL;

   if (!worker)
      return false;
   double seconds = (double)(tongs_now_ms() - worker->started) / 1000.0;
   if (WIFSIGNALED(status))
      fprintf(stderr, "tongs: worker %d ended by signal %d (%s) after %.1f s\n", (int)pid,
              WTERMSIG(status), strsignal(WTERMSIG(status)), seconds);
   else
      fprintf(stderr, "tongs: worker %d ended with exit status %d after %.1f s\n", (int)pid,
              WEXITSTATUS(status), seconds);
   for (struct rdr_virtio_context *ctx = gpu->contexts; ctx; ctx = ctx->next) {
      if (ctx->worker == pid)
         ctx->worker = 0;
   }
   if (!gpu->paused)
      rdr_virtio_drop_context_leases(gpu, worker->context);
   *worker = (struct rdr_virtio_worker){0};
   gpu->worker_count--;
   return true;
}

unsigned
rdr_virtio_worker_count(const struct rdr_virtio *gpu)
{
   return gpu->worker_count;
}

/* --- Contexts --- */

void
rdr_virtio_detach(struct rdr_virtio_context *ctx, uint32_t resource)
{
   for (struct rdr_virtio_attachment **link = &ctx->attachments; *link; link = &(*link)->next) {
      struct rdr_virtio_attachment *a = *link;
      if (a->resource != resource)
         continue;
      *link = a->next;
      ctx->attachment_count--;
      free(a);
      return;
   }
}

static void
detach_all(struct rdr_virtio_context *ctx)
{
   while (ctx->attachments) {
      struct rdr_virtio_attachment *next = ctx->attachments->next;
      free(ctx->attachments);
      ctx->attachments = next;
   }
   ctx->attachment_count = 0;
}

void
rdr_virtio_destroy_context(struct rdr_virtio *gpu, struct rdr_virtio_context **link)
{
   struct rdr_virtio_context *ctx = *link;

   rdr_virtio_close_link(gpu, ctx, RDR_VIRTIO_WORKER_END_MS);
   while (ctx->waits)
      rdr_virtio_wake_first(gpu, ctx);
   *link = ctx->next;
   rdr_link_destroy(ctx->link);
   detach_all(ctx);
   rdr_virtio_disown(gpu, ctx->id);
   free(ctx);
   gpu->context_count--;
}

uint32_t
rdr_virtio_do_context_create(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_ctx_create *c = (const void *)call->data;
   struct rdr_virtio *gpu = call->gpu;
   uint32_t capset = c->context_init & VIRTIO_GPU_CONTEXT_INIT_CAPSET_ID_MASK;

   if (!call->header.ctx_id || *rdr_virtio_find_context(gpu, call->header.ctx_id))
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   if (capset && capset != TONGS_VIRTGPU_CAPSET)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   struct rdr_virtio_context *ctx =
      gpu->context_count < RDR_VIRTIO_CONTEXTS_MAX ? calloc(1, sizeof(*ctx)) : NULL;
   if (!ctx)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   ctx->id = call->header.ctx_id;
   /* The name of the guest's process, which may be anything (R15): for the log. */
   for (unsigned i = 0; i < sizeof(ctx->name) - 1 && i < c->nlen && c->debug_name[i]; i++)
      ctx->name[i] = c->debug_name[i] > ' ' && c->debug_name[i] < 127 ? c->debug_name[i] : '_';
   if (!ctx->name[0])
      snprintf(ctx->name, sizeof(ctx->name), "context %u", ctx->id);
   ctx->next = gpu->contexts;
   gpu->contexts = ctx;
   gpu->context_count++;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t
rdr_virtio_do_context_destroy(struct rdr_virtio_call *call)
{
   struct rdr_virtio_context **link = rdr_virtio_find_context(call->gpu, call->header.ctx_id);

   if (!*link)
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   rdr_virtio_destroy_context(call->gpu, link);
   return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t
rdr_virtio_do_context_attach(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_ctx_resource *c = (const void *)call->data;
   struct rdr_virtio_context *ctx = *rdr_virtio_find_context(call->gpu, call->header.ctx_id);

   if (!ctx)
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   if (!*rdr_virtio_find_resource(call->gpu, c->resource_id))
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   if (is_attached(ctx, c->resource_id))
      return VIRTIO_GPU_RESP_OK_NODATA;
   bool has_room = ctx->attachment_count < RDR_VIRTIO_ATTACHMENTS_MAX;
   struct rdr_virtio_attachment *a = has_room ? malloc(sizeof(*a)) : NULL;
   if (!a)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   *a = (struct rdr_virtio_attachment){.next = ctx->attachments, .resource = c->resource_id};
   ctx->attachments = a;
   ctx->attachment_count++;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t
rdr_virtio_do_context_detach(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_ctx_resource *c = (const void *)call->data;
   struct rdr_virtio_context *ctx = *rdr_virtio_find_context(call->gpu, call->header.ctx_id);

   if (!ctx)
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   if (!is_attached(ctx, c->resource_id))
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   rdr_virtio_detach(ctx, c->resource_id);
   return VIRTIO_GPU_RESP_OK_NODATA;
}

/* --- Our own commands --- */

/* The resource that a program names, if its kernel has given it that: programs share one device. */
static struct rdr_virtio_resource *
own_resource(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx, uint32_t id)
{
   struct rdr_virtio_resource *r = is_attached(ctx, id) ? *rdr_virtio_find_resource(gpu, id) : NULL;

   return r && (r->ranges || r->file >= 0) && !r->detaching ? r : NULL;
}

static uint32_t
open_link(struct rdr_virtio_call *call, struct rdr_virtio_context *ctx,
          const struct tongs_virtgpu_command *command)
{
   struct rdr_virtio_resource *r = own_resource(call->gpu, ctx, command->resource);
   uint64_t pages[TONGS_VIRTGPU_LINK_SIZE / TONGS_VIRTGPU_PAGE];
   int fd;

   if (ctx->link || !r)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   if (!rdr_guest_pages_split(call->gpu->options.memory, r->ranges, r->range_count, pages,
                              sizeof(pages) / sizeof(pages[0])))
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   if (!start_worker(call->gpu, ctx, &fd))
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   ctx->link = rdr_link_create(call->gpu->options.memory, r->id, pages, fd);
   if (ctx->link)
      return VIRTIO_GPU_RESP_OK_NODATA;
   close(fd);
   release_worker(call->gpu, ctx, RDR_VIRTIO_WORKER_END_MS);
   return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
}

/* What a lease takes until its pages are on their way. */
#define LEASE_DESCRIPTORS (1 + RDR_LINK_FDS_MAX)

static bool
may_lease(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx)
{
   for (int i = 0; i < 2; i++) {
      if (ctx->lease_count < RDR_VIRTIO_LEASES_MAX && ctx->table_size < RDR_VIRTIO_TABLES_MAX &&
          has_descriptors(gpu, ctx, LEASE_DESCRIPTORS))
         return true;
      if (i == 0)
         rdr_virtio_drop_context_leases(gpu, ctx->id);
   }
   if (tell_refusal(gpu, ctx))
      fprintf(
         stderr,
         "tongs: refused %s of a virtual machine memory for its worker: it has %u leases with %" PRIu64
         " bytes of tables, and %u pieces of host memory\n",
         ctx->name, ctx->lease_count, ctx->table_size, ctx->host_count);
   return false;
}

/* Makes the pages' descriptors with a lease; returns how many there are, 0 on failure. */
static unsigned
lease_pages(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx, struct rdr_virtio_resource *r,
            int *fds)
{
   struct stat table;
   int ends[2];

   rdr_virtio_drop_ended_leases(gpu, r, NULL);
   if (!may_lease(gpu, ctx) || pipe2(ends, O_CLOEXEC) < 0)
      return 0;
   struct rdr_virtio_lease *lease = malloc(sizeof(*lease));
   unsigned count = 0;
   if (lease && r->file >= 0)
      count = rdr_host_pages_export(r->file, r->size, ends[1], fds);
   else if (lease)
      count = rdr_guest_pages_export(gpu->options.memory, r->ranges, r->range_count, ends[1], fds);
   if (!count) {
      close(ends[0]);
      close(ends[1]);
      free(lease);
      return 0;
   }
   *lease = (struct rdr_virtio_lease){.next = r->leases, .context = ctx->id, .fd = ends[0]};
   if (fstat(fds[0], &table) == 0)
      lease->table_size = (uint64_t)table.st_size;
   r->leases = lease;
   gpu->lease_count++;
   ctx->lease_count++;
   ctx->table_size += lease->table_size;
   return count;
}

static uint32_t
send_to_worker(struct rdr_virtio_call *call, struct rdr_virtio_context *ctx,
               const struct tongs_virtgpu_command *command, const uint8_t *bytes, size_t size)
{
   int fds[RDR_LINK_FDS_MAX];
   unsigned fd_count = 0;

   if (!ctx->link)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   if (command->resource && ctx->link->state == TONGS_VIRTGPU_LINK_OPEN) {
      struct rdr_virtio_resource *r = own_resource(call->gpu, ctx, command->resource);
      fd_count = r ? lease_pages(call->gpu, ctx, r, fds) : 0;
      if (!fd_count) {
         rdr_virtio_close_link(call->gpu, ctx, RDR_VIRTIO_WORKER_END_MS);
         return r ? VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY : VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
      }
   }
   bool ok = rdr_link_send(ctx->link, bytes, size, fds, fd_count);
   rdr_virtio_pump(call->gpu, ctx);
   return ok ? VIRTIO_GPU_RESP_OK_NODATA : VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
}

static uint32_t
wait_for_link(struct rdr_virtio_call *call, struct rdr_virtio_context *ctx,
              const struct tongs_virtgpu_command *command)
{
   memcpy(call->request->seen, command->seen, sizeof(command->seen));
   if (!ctx->link || !rdr_link_is_seen(ctx->link, command->seen))
      return VIRTIO_GPU_RESP_OK_NODATA;
   /* A wait is a wake-up to come, and may be answered too early: who asks anew lets others through.
    */
   bool full = call->gpu->wait_count >= RDR_VIRTIO_WAITS_MAX;
   if (full && !ctx->waits)
      return VIRTIO_GPU_RESP_OK_NODATA;
   if (full || ctx->wait_count == RDR_LINK_WAITS_MAX)
      rdr_virtio_wake_first(call->gpu, ctx);
   struct rdr_virtio_request **link = &ctx->waits;
   while (*link)
      link = &(*link)->next;
   call->request->next = NULL;
   *link = call->request;
   ctx->wait_count++;
   call->gpu->wait_count++;
   return 0;
}

/* The worker sleeps on a word of memory that is the same here: what is woken is whoever sleeps at
 * that place of the machine's memory, and nobody does but workers of this machine. */
static uint32_t
ring_worker(struct rdr_virtio_call *call, struct rdr_virtio_context *ctx,
            const struct tongs_virtgpu_command *command)
{
   struct rdr_virtio_resource *r = own_resource(call->gpu, ctx, command->resource);
   uint64_t at = command->seen[0];

   for (uint32_t i = 0; r && at % sizeof(uint32_t) == 0 && i < r->range_count; i++) {
      if (at >= r->ranges[i].size) {
         at -= r->ranges[i].size;
         continue;
      }
      uint32_t *word = rdr_guest_memory_at(call->gpu->options.memory, r->ranges[i].address + at,
                                           sizeof(uint32_t));
      if (!word)
         break;
      syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
      return VIRTIO_GPU_RESP_OK_NODATA;
   }
   return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
}

uint32_t
rdr_virtio_do_submit(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_cmd_submit *c = (const void *)call->data;
   struct rdr_virtio_context *ctx = *rdr_virtio_find_context(call->gpu, call->header.ctx_id);
   struct tongs_virtgpu_command command;

   if (!ctx)
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   size_t size = call->size - sizeof(*c);
   if (c->size < size)
      size = c->size;
   if (size < sizeof(command) || size > TONGS_VIRTGPU_COMMAND_MAX)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   memcpy(&command, call->data + sizeof(*c), sizeof(command));
   switch (command.op) {
   case TONGS_VIRTGPU_OPEN:
      return open_link(call, ctx, &command);
   case TONGS_VIRTGPU_SEND:
      return send_to_worker(call, ctx, &command, call->data + sizeof(*c) + sizeof(command),
                            size - sizeof(command));
   case TONGS_VIRTGPU_WAIT:
      return wait_for_link(call, ctx, &command);
   case TONGS_VIRTGPU_RING:
      return ring_worker(call, ctx, &command);
   case TONGS_VIRTGPU_WAKE:
      while (ctx->waits)
         rdr_virtio_wake_first(call->gpu, ctx);
      return VIRTIO_GPU_RESP_OK_NODATA;
   case TONGS_VIRTGPU_CLOSE:
      rdr_virtio_close_link(call->gpu, ctx, RDR_VIRTIO_WORKER_END_MS);
      return VIRTIO_GPU_RESP_OK_NODATA;
   default:
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   }
}
