/* SPDX-License-Identifier: MIT */
#include "renderer/virtio_gpu.h"

#include "renderer/guest_pages.h"
#include "renderer/virtgpu_link.h"

#include "protocol/channel.h"
#include "protocol/clock.h"
#include "tongs/virtgpu.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUCKETS 1024u
#define BLOB_FEATURES \
   (UINT64_C(1) << VIRTIO_GPU_F_RESOURCE_BLOB | UINT64_C(1) << VIRTIO_GPU_F_CONTEXT_INIT)

/* What a worker has to end in when its guest is gone, and to let go of pages that the guest takes back, before it is
 * killed. */
#define WORKER_END_MS 2000
#define LEASE_END_MS 30000

/* Pages that a worker may have mapped. */
struct lease {
   struct lease *next;
   uint32_t context;
   int fd; /* the read end: it hangs up when the worker has let go */
};

struct resource {
   struct resource *next;
   uint32_t id;
   struct rdr_guest_range *ranges; /* owned */
   uint32_t range_count;
   struct lease *leases;

   /* Host memory, which has no ranges. */
   int file; /* -1: it is none */
   uint64_t size;
   uint64_t mapped_at; /* in the window */
   bool mapped;

   /* The guest takes the pages back: its command is answered when there is no lease any more. */
   struct rdr_gpu_request *detaching;
   bool unref;
   int64_t deadline;
};

struct attachment {
   struct attachment *next;
   uint32_t resource;
};

struct context {
   struct context *next;
   uint32_t id;
   char name[64];
   struct attachment *attachments;
   struct rdr_link *link; /* NULL until it is opened */
   pid_t worker;
   struct rdr_gpu_request *waits; /* oldest first */
   unsigned wait_count;
   uint32_t attachment_count;
};

struct worker {
   pid_t pid;        /* 0: a free slot */
   uint32_t context; /* 0: that is gone */
   int64_t started;
   int64_t deadline; /* to be killed then; 0: it may go on */
};

struct rdr_gpu {
   struct rdr_gpu_options options;
   uint64_t features;
   struct resource *resources[BUCKETS];
   uint32_t resource_count;
   uint64_t range_count;
   uint32_t lease_count;
   uint64_t host_size; /* of all host memory */
   uint32_t mapped_count;
   struct context *contexts;
   uint32_t context_count;
   struct worker *workers;
   unsigned worker_count;
   unsigned detaching_count;
   unsigned wait_count; /* of all contexts */
   bool gone; /* the monitor, or what the guest was: there is nobody to be told anything */
   bool paused;
   int64_t paused_at;
};

/* A command that is being carried out. Handlers return the answer's type, or 0 if they have taken the request. */
struct call {
   struct rdr_gpu *gpu;
   struct rdr_gpu_request *request;
   struct virtio_gpu_ctrl_hdr header;
   const uint8_t *data;
   size_t size;
};

/* --- Answers -------------------------------------------------------------------------------------------------- */

/* Sends an answer that begins with a header, and frees the request. */
static void
answer(struct rdr_gpu *gpu, struct rdr_gpu_request *request, uint32_t type, void *data, size_t size)
{
   struct virtio_gpu_ctrl_hdr *header = data;
   uint32_t flags = request->header.flags & (VIRTIO_GPU_FLAG_FENCE | VIRTIO_GPU_FLAG_INFO_RING_IDX);

   *header = (struct virtio_gpu_ctrl_hdr){.type = type};
   if (flags & VIRTIO_GPU_FLAG_FENCE) {
      header->flags = flags;
      header->fence_id = request->header.fence_id;
      header->ctx_id = request->header.ctx_id;
      header->ring_idx = request->header.ring_idx;
   }
   gpu->options.answer(gpu->options.owner, request, data, size);
   free(request);
}

static void
answer_type(struct rdr_gpu *gpu, struct rdr_gpu_request *request, uint32_t type)
{
   struct virtio_gpu_ctrl_hdr header;

   answer(gpu, request, type, &header, sizeof(header));
}

/* --- Look-ups --------------------------------------------------------------------------------------------------- */

static struct resource **
find_resource(struct rdr_gpu *gpu, uint32_t id)
{
   struct resource **link = &gpu->resources[id % BUCKETS];

   while (*link && (*link)->id != id)
      link = &(*link)->next;
   return link;
}

static struct context **
find_context(struct rdr_gpu *gpu, uint32_t id)
{
   struct context **link = &gpu->contexts;

   while (*link && (*link)->id != id)
      link = &(*link)->next;
   return link;
}

static struct worker *
find_worker(struct rdr_gpu *gpu, pid_t pid)
{
   for (unsigned i = 0; i < gpu->options.max_workers; i++) {
      if (gpu->workers[i].pid == pid)
         return &gpu->workers[i];
   }
   return NULL;
}

static bool
is_attached(const struct context *ctx, uint32_t resource)
{
   for (const struct attachment *a = ctx->attachments; a; a = a->next) {
      if (a->resource == resource)
         return true;
   }
   return false;
}

/* --- Waiting commands ---------------------------------------------------------------------------------------------- */

static void
wake_first(struct rdr_gpu *gpu, struct context *ctx)
{
   struct rdr_gpu_request *first = ctx->waits;

   ctx->waits = first->next;
   ctx->wait_count--;
   gpu->wait_count--;
   answer_type(gpu, first, VIRTIO_GPU_RESP_OK_NODATA);
}

/* Answers the waits that have something to see. */
static void
wake(struct rdr_gpu *gpu, struct context *ctx)
{
   struct rdr_gpu_request **link = &ctx->waits;

   while (*link) {
      struct rdr_gpu_request *request = *link;
      if (ctx->link && rdr_link_is_seen(ctx->link, request->seen)) {
         link = &request->next;
         continue;
      }
      *link = request->next;
      ctx->wait_count--;
      gpu->wait_count--;
      answer_type(gpu, request, VIRTIO_GPU_RESP_OK_NODATA);
   }
}

static void
pump(struct rdr_gpu *gpu, struct context *ctx)
{
   if (ctx->link)
      rdr_link_pump(ctx->link);
   wake(gpu, ctx);
}

/* --- Workers -------------------------------------------------------------------------------------------------------- */

static bool
start_worker(struct rdr_gpu *gpu, struct context *ctx, int *fd)
{
   struct worker *slot = find_worker(gpu, 0);
   int fds[2];

   if (!slot) {
      fprintf(stderr,
              "tongs: turned %s of a virtual machine away: %u workers run already, the most that "
              "--max-workers allows\n",
              ctx->name, gpu->worker_count);
      return false;
   }
   if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
      return false;
   fcntl(fds[0], F_SETFL, O_NONBLOCK);
   pid_t pid = gpu->options.start_worker(gpu->options.owner, fds[1]);
   close(fds[1]);
   if (pid < 0) {
      fprintf(stderr, "tongs: cannot start a worker for %s of a virtual machine: %s\n", ctx->name,
              strerror(errno));
      close(fds[0]);
      return false;
   }
   *slot = (struct worker){.pid = pid, .context = ctx->id, .started = tongs_now_ms()};
   gpu->worker_count++;
   ctx->worker = pid;
   *fd = fds[0];
   fprintf(stderr, "tongs: worker %d started for %s of a virtual machine\n", (int)pid, ctx->name);
   return true;
}

/* The worker finds its socket closed, and has a while to end. */
static void
release_worker(struct rdr_gpu *gpu, struct context *ctx, int64_t patience)
{
   struct worker *worker = ctx->worker ? find_worker(gpu, ctx->worker) : NULL;

   ctx->worker = 0;
   if (!worker)
      return;
   worker->context = 0;
   worker->deadline = tongs_now_ms() + patience;
}

static void
close_link(struct rdr_gpu *gpu, struct context *ctx, int64_t patience)
{
   if (ctx->link)
      rdr_link_close(ctx->link);
   release_worker(gpu, ctx, patience);
   wake(gpu, ctx);
}

bool
rdr_gpu_reap(struct rdr_gpu *gpu, pid_t pid, int status)
{
   struct worker *worker = pid > 0 ? find_worker(gpu, pid) : NULL;

   if (!worker)
      return false;
   double seconds = (double)(tongs_now_ms() - worker->started) / 1000.0;
   if (WIFSIGNALED(status))
      fprintf(stderr, "tongs: worker %d ended by signal %d (%s) after %.1f s\n", (int)pid,
              WTERMSIG(status), strsignal(WTERMSIG(status)), seconds);
   else
      fprintf(stderr, "tongs: worker %d ended with exit status %d after %.1f s\n", (int)pid,
              WEXITSTATUS(status), seconds);
   for (struct context *ctx = gpu->contexts; ctx; ctx = ctx->next) {
      if (ctx->worker == pid)
         ctx->worker = 0;
   }
   *worker = (struct worker){0};
   gpu->worker_count--;
   return true;
}

unsigned
rdr_gpu_worker_count(const struct rdr_gpu *gpu)
{
   return gpu->worker_count;
}

/* --- Resources -------------------------------------------------------------------------------------------------------- */

static void
forget_pages(struct rdr_gpu *gpu, struct resource *r)
{
   gpu->range_count -= r->range_count;
   free(r->ranges);
   r->ranges = NULL;
   r->range_count = 0;
}

static bool
unmap(struct rdr_gpu *gpu, struct resource *r)
{
   if (!r->mapped)
      return false;
   r->mapped = false;
   gpu->mapped_count--;
   return gpu->options.unmap(gpu->options.owner, r->mapped_at, r->size) == 0;
}

static void
forget_host_memory(struct rdr_gpu *gpu, struct resource *r)
{
   if (r->file < 0)
      return;
   if (!gpu->gone)
      unmap(gpu, r);
   else if (r->mapped)
      gpu->mapped_count--;
   gpu->host_size -= r->size;
   close(r->file);
}

static void
drop_lease(struct rdr_gpu *gpu, struct lease **link)
{
   struct lease *lease = *link;

   *link = lease->next;
   close(lease->fd);
   free(lease);
   gpu->lease_count--;
}

/* Leases matter only while the guest waits for their pages, and workers that let go are not waited for otherwise: those
 * are looked at then. */
static void
drop_ended_leases(struct rdr_gpu *gpu, struct resource *r)
{
   struct lease **link = &r->leases;

   while (*link) {
      struct pollfd p = {.fd = (*link)->fd};
      if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)))
         drop_lease(gpu, link);
      else
         link = &(*link)->next;
   }
}

static void
detach(struct context *ctx, uint32_t resource)
{
   for (struct attachment **link = &ctx->attachments; *link; link = &(*link)->next) {
      struct attachment *a = *link;
      if (a->resource != resource)
         continue;
      *link = a->next;
      ctx->attachment_count--;
      free(a);
      return;
   }
}

static void
destroy_resource(struct rdr_gpu *gpu, struct resource **link)
{
   struct resource *r = *link;

   *link = r->next;
   /* Its number may be another one's next. */
   for (struct context *ctx = gpu->contexts; ctx; ctx = ctx->next)
      detach(ctx, r->id);
   while (r->leases)
      drop_lease(gpu, &r->leases);
   forget_pages(gpu, r);
   forget_host_memory(gpu, r);
   gpu->detaching_count -= r->detaching != NULL;
   free(r->detaching);
   free(r);
   gpu->resource_count--;
}

/* Ends what the guest has begun by taking pages back, when no worker has them any more. */
static void
finish_detaching(struct rdr_gpu *gpu, struct resource **link)
{
   struct resource *r = *link;

   if (!r->detaching || r->leases)
      return;
   answer_type(gpu, r->detaching, VIRTIO_GPU_RESP_OK_NODATA);
   r->detaching = NULL;
   gpu->detaching_count--;
   if (r->unref)
      destroy_resource(gpu, link);
   else
      forget_pages(gpu, r);
}

/* True when the pages may be had back at once. */
static bool
take_back(struct call *call, struct resource *r, bool unref)
{
   for (struct context *ctx = call->gpu->contexts; ctx; ctx = ctx->next) {
      if (ctx->link && ctx->link->state == TONGS_VIRTGPU_LINK_OPEN && ctx->link->resource == r->id)
         close_link(call->gpu, ctx, WORKER_END_MS);
   }
   r->unref = unref;
   drop_ended_leases(call->gpu, r);
   if (!r->leases)
      return true;
   r->detaching = call->request;
   r->deadline = tongs_now_ms() + LEASE_END_MS;
   call->gpu->detaching_count++;
   return false;
}

static uint32_t
create_resource(struct call *call, uint32_t id)
{
   struct rdr_gpu *gpu = call->gpu;

   if (!id || *find_resource(gpu, id))
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   struct resource *r = gpu->resource_count < RDR_GPU_RESOURCES_MAX ? calloc(1, sizeof(*r)) : NULL;
   if (!r)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   r->id = id;
   r->file = -1;
   r->next = gpu->resources[id % BUCKETS];
   gpu->resources[id % BUCKETS] = r;
   gpu->resource_count++;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t
attach_pages(struct call *call, struct resource *r, uint32_t count, size_t offset)
{
   struct rdr_gpu *gpu = call->gpu;
   struct virtio_gpu_mem_entry entry;

   if (r->ranges || r->file >= 0 || r->detaching)
      return VIRTIO_GPU_RESP_ERR_UNSPEC;
   if (count > (call->size - offset) / sizeof(entry)) /* R3 */
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   if (count > RDR_GPU_RANGES_MAX - gpu->range_count)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   struct rdr_guest_range *ranges = calloc(count ? count : 1, sizeof(*ranges));
   if (!ranges)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   for (uint32_t i = 0; i < count; i++) {
      memcpy(&entry, call->data + offset + i * sizeof(entry), sizeof(entry));
      ranges[i] = (struct rdr_guest_range){.address = entry.addr, .size = entry.length};
   }
   r->ranges = ranges;
   r->range_count = count;
   gpu->range_count += count;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t
do_create_2d(struct call *call)
{
   const struct virtio_gpu_resource_create_2d *c = (const void *)call->data;

   return create_resource(call, c->resource_id);
}

static uint32_t
do_create_3d(struct call *call)
{
   const struct virtio_gpu_resource_create_3d *c = (const void *)call->data;

   return create_resource(call, c->resource_id);
}

/* Memory of ours, for the guest to have in its window. */
static uint32_t
create_host_memory(struct call *call, uint32_t id, uint64_t size)
{
   struct rdr_gpu *gpu = call->gpu;
   uint64_t window = gpu->options.window(gpu->options.owner);

   if (!size || size % TONGS_VIRTGPU_PAGE)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   if (size > window || gpu->host_size > window - size)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   uint32_t type = create_resource(call, id);
   if (type != VIRTIO_GPU_RESP_OK_NODATA)
      return type;
   struct resource **link = find_resource(gpu, id);
   int file = tongs_sealed_memory("tongs-window", size);
   if (file < 0) {
      destroy_resource(gpu, link);
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   }
   (*link)->file = file;
   (*link)->size = size;
   gpu->host_size += size;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t
do_create_blob(struct call *call)
{
   const struct virtio_gpu_resource_create_blob *c = (const void *)call->data;

   if (c->blob_mem == VIRTIO_GPU_BLOB_MEM_HOST3D)
      return create_host_memory(call, c->resource_id, c->size);
   if (c->blob_mem != VIRTIO_GPU_BLOB_MEM_GUEST)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   uint32_t type = create_resource(call, c->resource_id);
   if (type != VIRTIO_GPU_RESP_OK_NODATA)
      return type;
   struct resource **link = find_resource(call->gpu, c->resource_id);
   type = attach_pages(call, *link, c->nr_entries, sizeof(*c));
   if (type != VIRTIO_GPU_RESP_OK_NODATA)
      destroy_resource(call->gpu, link);
   return type;
}

static uint32_t
do_map_blob(struct call *call)
{
   const struct virtio_gpu_resource_map_blob *c = (const void *)call->data;
   struct rdr_gpu *gpu = call->gpu;
   struct resource *r = *find_resource(gpu, c->resource_id);
   struct virtio_gpu_resp_map_info info = {.map_info = VIRTIO_GPU_MAP_CACHE_CACHED};
   uint64_t window = gpu->options.window(gpu->options.owner);

   if (!r || r->file < 0 || r->mapped || r->detaching)
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   if (c->offset % TONGS_VIRTGPU_PAGE || r->size > window || c->offset > window - r->size)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   /* Where something is already, the monitor refuses. */
   if (gpu->mapped_count >= RDR_GPU_MAPPED_MAX ||
       gpu->options.map(gpu->options.owner, r->file, c->offset, r->size) < 0)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   r->mapped = true;
   r->mapped_at = c->offset;
   gpu->mapped_count++;
   answer(gpu, call->request, VIRTIO_GPU_RESP_OK_MAP_INFO, &info, sizeof(info));
   return 0;
}

static uint32_t
do_unmap_blob(struct call *call)
{
   const struct virtio_gpu_resource_unmap_blob *c = (const void *)call->data;
   struct resource *r = *find_resource(call->gpu, c->resource_id);

   return r && unmap(call->gpu, r) ? VIRTIO_GPU_RESP_OK_NODATA
                                   : VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
}

static uint32_t
do_unref(struct call *call)
{
   const struct virtio_gpu_resource_unref *c = (const void *)call->data;
   struct resource **link = find_resource(call->gpu, c->resource_id);

   if (!*link || (*link)->detaching)
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   if (!take_back(call, *link, true))
      return 0;
   destroy_resource(call->gpu, link);
   return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t
do_attach_backing(struct call *call)
{
   const struct virtio_gpu_resource_attach_backing *c = (const void *)call->data;
   struct resource *r = *find_resource(call->gpu, c->resource_id);

   if (!r)
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   return attach_pages(call, r, c->nr_entries, sizeof(*c));
}

static uint32_t
do_detach_backing(struct call *call)
{
   const struct virtio_gpu_resource_detach_backing *c = (const void *)call->data;
   struct resource *r = *find_resource(call->gpu, c->resource_id);

   if (!r || r->detaching)
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   if (!take_back(call, r, false))
      return 0;
   forget_pages(call->gpu, r);
   return VIRTIO_GPU_RESP_OK_NODATA;
}

/* --- Contexts ----------------------------------------------------------------------------------------------------------- */

static void
detach_all(struct context *ctx)
{
   while (ctx->attachments) {
      struct attachment *next = ctx->attachments->next;
      free(ctx->attachments);
      ctx->attachments = next;
   }
   ctx->attachment_count = 0;
}

static void
destroy_context(struct rdr_gpu *gpu, struct context **link)
{
   struct context *ctx = *link;

   close_link(gpu, ctx, WORKER_END_MS);
   while (ctx->waits)
      wake_first(gpu, ctx);
   *link = ctx->next;
   rdr_link_destroy(ctx->link);
   detach_all(ctx);
   free(ctx);
   gpu->context_count--;
}

static uint32_t
do_context_create(struct call *call)
{
   const struct virtio_gpu_ctx_create *c = (const void *)call->data;
   struct rdr_gpu *gpu = call->gpu;
   uint32_t capset = c->context_init & VIRTIO_GPU_CONTEXT_INIT_CAPSET_ID_MASK;

   if (!call->header.ctx_id || *find_context(gpu, call->header.ctx_id))
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   if (capset && capset != TONGS_VIRTGPU_CAPSET)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   struct context *ctx = gpu->context_count < RDR_GPU_CONTEXTS_MAX ? calloc(1, sizeof(*ctx)) : NULL;
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

static uint32_t
do_context_destroy(struct call *call)
{
   struct context **link = find_context(call->gpu, call->header.ctx_id);

   if (!*link)
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   destroy_context(call->gpu, link);
   return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t
do_context_attach(struct call *call)
{
   const struct virtio_gpu_ctx_resource *c = (const void *)call->data;
   struct context *ctx = *find_context(call->gpu, call->header.ctx_id);

   if (!ctx)
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   if (!*find_resource(call->gpu, c->resource_id))
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   if (is_attached(ctx, c->resource_id))
      return VIRTIO_GPU_RESP_OK_NODATA;
   bool has_room = ctx->attachment_count < RDR_GPU_ATTACHMENTS_MAX;
   struct attachment *a = has_room ? malloc(sizeof(*a)) : NULL;
   if (!a)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   *a = (struct attachment){.next = ctx->attachments, .resource = c->resource_id};
   ctx->attachments = a;
   ctx->attachment_count++;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t
do_context_detach(struct call *call)
{
   const struct virtio_gpu_ctx_resource *c = (const void *)call->data;
   struct context *ctx = *find_context(call->gpu, call->header.ctx_id);

   if (!ctx)
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   if (!is_attached(ctx, c->resource_id))
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   detach(ctx, c->resource_id);
   return VIRTIO_GPU_RESP_OK_NODATA;
}

/* --- Our own commands ------------------------------------------------------------------------------------------------------ */

/* The resource that a program names, if its kernel has given it that: programs share one device. */
static struct resource *
own_resource(struct rdr_gpu *gpu, struct context *ctx, uint32_t id)
{
   struct resource *r = is_attached(ctx, id) ? *find_resource(gpu, id) : NULL;

   return r && (r->ranges || r->file >= 0) && !r->detaching ? r : NULL;
}

static uint32_t
open_link(struct call *call, struct context *ctx, const struct tongs_virtgpu_command *command)
{
   struct resource *r = own_resource(call->gpu, ctx, command->resource);
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
   release_worker(call->gpu, ctx, WORKER_END_MS);
   return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
}

/* Makes the pages' descriptors with a lease; returns how many there are, 0 on failure. */
static unsigned
lease_pages(struct rdr_gpu *gpu, struct context *ctx, struct resource *r, int *fds)
{
   int ends[2];

   drop_ended_leases(gpu, r);
   if (gpu->lease_count >= RDR_GPU_LEASES_MAX || pipe2(ends, O_CLOEXEC) < 0)
      return 0;
   struct lease *lease = malloc(sizeof(*lease));
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
   *lease = (struct lease){.next = r->leases, .context = ctx->id, .fd = ends[0]};
   r->leases = lease;
   gpu->lease_count++;
   return count;
}

static uint32_t
send_to_worker(struct call *call, struct context *ctx, const struct tongs_virtgpu_command *command,
               const uint8_t *bytes, size_t size)
{
   int fds[RDR_LINK_FDS_MAX];
   unsigned fd_count = 0;

   if (!ctx->link)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   if (command->resource && ctx->link->state == TONGS_VIRTGPU_LINK_OPEN) {
      struct resource *r = own_resource(call->gpu, ctx, command->resource);
      fd_count = r ? lease_pages(call->gpu, ctx, r, fds) : 0;
      if (!fd_count) {
         close_link(call->gpu, ctx, WORKER_END_MS);
         return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
      }
   }
   bool ok = rdr_link_send(ctx->link, bytes, size, fds, fd_count);
   pump(call->gpu, ctx);
   return ok ? VIRTIO_GPU_RESP_OK_NODATA : VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
}

static uint32_t
wait_for_link(struct call *call, struct context *ctx, const struct tongs_virtgpu_command *command)
{
   memcpy(call->request->seen, command->seen, sizeof(command->seen));
   if (!ctx->link || !rdr_link_is_seen(ctx->link, command->seen))
      return VIRTIO_GPU_RESP_OK_NODATA;
   /* A wait is a wake-up to come, and may be answered too early: who asks anew lets others through. */
   bool full = call->gpu->wait_count >= RDR_GPU_WAITS_MAX;
   if (full && !ctx->waits)
      return VIRTIO_GPU_RESP_OK_NODATA;
   if (full || ctx->wait_count == RDR_LINK_WAITS_MAX)
      wake_first(call->gpu, ctx);
   struct rdr_gpu_request **link = &ctx->waits;
   while (*link)
      link = &(*link)->next;
   call->request->next = NULL;
   *link = call->request;
   ctx->wait_count++;
   call->gpu->wait_count++;
   return 0;
}

/* The worker sleeps on a word of memory that is the same here: what is woken is whoever sleeps at that place of the machine's
 * memory, and nobody does but workers of this machine. */
static uint32_t
ring_worker(struct call *call, struct context *ctx, const struct tongs_virtgpu_command *command)
{
   struct resource *r = own_resource(call->gpu, ctx, command->resource);
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

static uint32_t
do_submit(struct call *call)
{
   const struct virtio_gpu_cmd_submit *c = (const void *)call->data;
   struct context *ctx = *find_context(call->gpu, call->header.ctx_id);
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
         wake_first(call->gpu, ctx);
      return VIRTIO_GPU_RESP_OK_NODATA;
   case TONGS_VIRTGPU_CLOSE:
      close_link(call->gpu, ctx, WORKER_END_MS);
      return VIRTIO_GPU_RESP_OK_NODATA;
   default:
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   }
}

/* --- What the device is ------------------------------------------------------------------------------------------------------ */

static uint32_t
do_nothing(struct call *call)
{
   (void)call;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t
do_display_info(struct call *call)
{
   struct virtio_gpu_resp_display_info info = {0};

   answer(call->gpu, call->request, VIRTIO_GPU_RESP_OK_DISPLAY_INFO, &info, sizeof(info));
   return 0;
}

static uint32_t
do_capset_info(struct call *call)
{
   const struct virtio_gpu_get_capset_info *c = (const void *)call->data;
   struct virtio_gpu_resp_capset_info info = {0};

   if (c->capset_index == 0) {
      info.capset_id = TONGS_VIRTGPU_CAPSET;
      info.capset_max_version = TONGS_VIRTGPU_VERSION;
      info.capset_max_size = sizeof(struct tongs_virtgpu_caps);
   }
   answer(call->gpu, call->request, VIRTIO_GPU_RESP_OK_CAPSET_INFO, &info, sizeof(info));
   return 0;
}

static uint32_t
tier(const struct rdr_gpu *gpu)
{
   if ((gpu->features & BLOB_FEATURES) != BLOB_FEATURES)
      return 'C';
   return gpu->options.window(gpu->options.owner) ? 'A' : 'B';
}

static uint32_t
do_capset(struct call *call)
{
   const struct virtio_gpu_get_capset *c = (const void *)call->data;
   struct {
      struct virtio_gpu_ctrl_hdr header;
      struct tongs_virtgpu_caps caps;
   } reply = {
      .caps =
         {
            .magic = TONGS_VIRTGPU_MAGIC,
            .version = TONGS_VIRTGPU_VERSION,
            .window = TONGS_VIRTGPU_WINDOW,
            .tier = tier(call->gpu),
         },
   };

   if (c->capset_id != TONGS_VIRTGPU_CAPSET)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   answer(call->gpu, call->request, VIRTIO_GPU_RESP_OK_CAPSET, &reply, sizeof(reply));
   return 0;
}

/* --- All commands --------------------------------------------------------------------------------------------------------------- */

static const struct command {
   uint32_t type;
   size_t size; /* at least */
   uint32_t (*run)(struct call *call);
} commands[] = {
   {VIRTIO_GPU_CMD_GET_DISPLAY_INFO, sizeof(struct virtio_gpu_ctrl_hdr), do_display_info},
   {VIRTIO_GPU_CMD_RESOURCE_CREATE_2D, sizeof(struct virtio_gpu_resource_create_2d), do_create_2d},
   {VIRTIO_GPU_CMD_RESOURCE_UNREF, sizeof(struct virtio_gpu_resource_unref), do_unref},
   {VIRTIO_GPU_CMD_SET_SCANOUT, sizeof(struct virtio_gpu_ctrl_hdr), do_nothing},
   {VIRTIO_GPU_CMD_RESOURCE_FLUSH, sizeof(struct virtio_gpu_ctrl_hdr), do_nothing},
   {VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D, sizeof(struct virtio_gpu_ctrl_hdr), do_nothing},
   {VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, sizeof(struct virtio_gpu_resource_attach_backing),
    do_attach_backing},
   {VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING, sizeof(struct virtio_gpu_resource_detach_backing),
    do_detach_backing},
   {VIRTIO_GPU_CMD_GET_CAPSET_INFO, sizeof(struct virtio_gpu_get_capset_info), do_capset_info},
   {VIRTIO_GPU_CMD_GET_CAPSET, sizeof(struct virtio_gpu_get_capset), do_capset},
   {VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB, sizeof(struct virtio_gpu_resource_create_blob),
    do_create_blob},
   {VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB, sizeof(struct virtio_gpu_resource_map_blob), do_map_blob},
   {VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB, sizeof(struct virtio_gpu_resource_unmap_blob),
    do_unmap_blob},
   {VIRTIO_GPU_CMD_CTX_CREATE, sizeof(struct virtio_gpu_ctx_create), do_context_create},
   {VIRTIO_GPU_CMD_CTX_DESTROY, sizeof(struct virtio_gpu_ctx_destroy), do_context_destroy},
   {VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, sizeof(struct virtio_gpu_ctx_resource), do_context_attach},
   {VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, sizeof(struct virtio_gpu_ctx_resource), do_context_detach},
   {VIRTIO_GPU_CMD_RESOURCE_CREATE_3D, sizeof(struct virtio_gpu_resource_create_3d), do_create_3d},
   /* Host and guest see the same pages. */
   {VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, sizeof(struct virtio_gpu_ctrl_hdr), do_nothing},
   {VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D, sizeof(struct virtio_gpu_ctrl_hdr), do_nothing},
   {VIRTIO_GPU_CMD_SUBMIT_3D, sizeof(struct virtio_gpu_cmd_submit), do_submit},
};

void
rdr_gpu_execute(struct rdr_gpu *gpu, struct rdr_gpu_request *request, const void *command,
                size_t size)
{
   struct call call = {.gpu = gpu, .request = request, .data = command, .size = size};
   uint32_t type = VIRTIO_GPU_RESP_ERR_UNSPEC;

   request->header = (struct virtio_gpu_ctrl_hdr){0};
   if (size >= sizeof(call.header)) {
      memcpy(&call.header, command, sizeof(call.header));
      request->header = call.header;
      for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
         if (commands[i].type == call.header.type && size >= commands[i].size)
            type = commands[i].run(&call);
      }
   }
   if (type)
      answer_type(gpu, request, type);
}

/* --- Events ------------------------------------------------------------------------------------------------------------------------ */

static void
kill_holders(struct rdr_gpu *gpu, struct resource *r)
{
   for (struct lease *lease = r->leases; lease; lease = lease->next) {
      struct context *ctx = *find_context(gpu, lease->context);
      if (!ctx)
         continue;
      fprintf(stderr,
              "tongs: %s of a virtual machine took pages back that its worker still uses: "
              "killing the worker\n",
              ctx->name);
      close_link(gpu, ctx, 0);
   }
}

/* Calls `visit` for each resource that the guest takes back. */
static void
for_each_detaching(struct rdr_gpu *gpu, void (*visit)(struct rdr_gpu *, struct resource **, void *),
                   void *data)
{
   for (unsigned i = 0; i < BUCKETS && gpu->detaching_count; i++) {
      for (struct resource **link = &gpu->resources[i]; *link;) {
         struct resource *r = *link;
         if (r->detaching)
            visit(gpu, link, data);
         if (*link == r)
            link = &r->next;
      }
   }
}

static void
count_leases(struct rdr_gpu *gpu, struct resource **link, void *data)
{
   unsigned *count = data;

   (void)gpu;
   for (const struct lease *lease = (*link)->leases; lease; lease = lease->next)
      ++*count;
}

unsigned
rdr_gpu_poll_count(const struct rdr_gpu *gpu)
{
   unsigned count = gpu->context_count;

   if (gpu->paused)
      return 0;
   for_each_detaching((struct rdr_gpu *)gpu, count_leases, &count);
   return count;
}

static void
fill_leases(struct rdr_gpu *gpu, struct resource **link, void *data)
{
   struct pollfd **polls = data;

   (void)gpu;
   for (const struct lease *lease = (*link)->leases; lease; lease = lease->next)
      *(*polls)++ = (struct pollfd){.fd = lease->fd};
}

void
rdr_gpu_poll_fill(const struct rdr_gpu *gpu, struct pollfd *polls)
{
   if (gpu->paused)
      return;
   for (const struct context *ctx = gpu->contexts; ctx; ctx = ctx->next) {
      short events = ctx->link && ctx->link->fd >= 0 ? rdr_link_events(ctx->link) : 0;
      *polls++ = (struct pollfd){.fd = events ? ctx->link->fd : -1, .events = events};
   }
   for_each_detaching((struct rdr_gpu *)gpu, fill_leases, &polls);
}

static void
look_at_leases(struct rdr_gpu *gpu, struct resource **link, void *data)
{
   (void)data;
   drop_ended_leases(gpu, *link);
   finish_detaching(gpu, link);
}

void
rdr_gpu_poll_done(struct rdr_gpu *gpu, const struct pollfd *polls, unsigned count)
{
   unsigned i = 0;

   if (gpu->paused)
      return;
   /* Nothing has come or gone since the descriptors were gathered. */
   for (struct context *ctx = gpu->contexts; ctx && i < count; ctx = ctx->next, i++) {
      if (polls[i].revents)
         pump(gpu, ctx);
   }
   for_each_detaching(gpu, look_at_leases, NULL);
}

static void
kill_if_due(struct rdr_gpu *gpu, struct resource **link, void *data)
{
   const int64_t *now = data;

   if ((*link)->deadline && (*link)->deadline <= *now) {
      (*link)->deadline = 0;
      kill_holders(gpu, *link);
   }
}

static void
find_first_due(struct rdr_gpu *gpu, struct resource **link, void *data)
{
   int64_t *first = data;

   (void)gpu;
   if ((*link)->deadline && (*link)->deadline < *first)
      *first = (*link)->deadline;
}

int
rdr_gpu_tick(struct rdr_gpu *gpu)
{
   int64_t now = tongs_now_ms(), first = INT64_MAX;

   if (gpu->paused)
      return -1;
   for_each_detaching(gpu, kill_if_due, &now);
   for (unsigned i = 0; i < gpu->options.max_workers; i++) {
      struct worker *worker = &gpu->workers[i];
      if (!worker->pid || !worker->deadline)
         continue;
      if (worker->deadline <= now) {
         gpu->options.kill_worker(gpu->options.owner, worker->pid);
         worker->deadline = 0;
      } else if (worker->deadline < first) {
         first = worker->deadline;
      }
   }
   for_each_detaching(gpu, find_first_due, &first);
   return first == INT64_MAX ? -1 : (int)(first - now);
}

/* --- Life ---------------------------------------------------------------------------------------------------------------------------- */

struct rdr_gpu *
rdr_gpu_create(const struct rdr_gpu_options *options)
{
   struct rdr_gpu *gpu = calloc(1, sizeof(*gpu));

   if (!gpu)
      return NULL;
   gpu->options = *options;
   gpu->workers = calloc(options->max_workers, sizeof(*gpu->workers));
   if (gpu->workers)
      return gpu;
   free(gpu);
   return NULL;
}

static void
forget_everything(struct rdr_gpu *gpu)
{
   gpu->gone = true;
   for (struct context *ctx = gpu->contexts; ctx && gpu->paused; ctx = ctx->next) {
      if (ctx->link)
         rdr_link_abandon(ctx->link);
   }
   while (gpu->contexts)
      destroy_context(gpu, &gpu->contexts);
   for (unsigned i = 0; i < BUCKETS; i++) {
      while (gpu->resources[i])
         destroy_resource(gpu, &gpu->resources[i]);
   }
   for (unsigned i = 0; i < gpu->options.max_workers; i++) {
      if (gpu->workers[i].pid)
         gpu->options.kill_worker(gpu->options.owner, gpu->workers[i].pid);
      gpu->workers[i].deadline = 0;
   }
}

static void
hold_workers(struct rdr_gpu *gpu, bool hold)
{
   for (unsigned i = 0; i < gpu->options.max_workers; i++) {
      if (gpu->workers[i].pid)
         gpu->options.hold_worker(gpu->options.owner, gpu->workers[i].pid, hold);
   }
}

void
rdr_gpu_pause(struct rdr_gpu *gpu)
{
   if (gpu->paused)
      return;
   gpu->paused = true;
   gpu->paused_at = tongs_now_ms();
   hold_workers(gpu, true);
   for (struct context *ctx = gpu->contexts; ctx; ctx = ctx->next) {
      while (ctx->waits)
         wake_first(gpu, ctx);
   }
}

void
rdr_gpu_resume(struct rdr_gpu *gpu)
{
   int64_t pause = tongs_now_ms() - gpu->paused_at;

   if (!gpu->paused)
      return;
   gpu->paused = false;
   /* Nobody could have met a deadline meanwhile. */
   for (unsigned i = 0; i < gpu->options.max_workers; i++)
      gpu->workers[i].deadline += gpu->workers[i].deadline ? pause : 0;
   for (unsigned i = 0; i < BUCKETS; i++) {
      for (struct resource *r = gpu->resources[i]; r; r = r->next)
         r->deadline += r->deadline ? pause : 0;
   }
   hold_workers(gpu, false);
}

void
rdr_gpu_reset(struct rdr_gpu *gpu)
{
   forget_everything(gpu);
   gpu->gone = false;
   gpu->paused = false;
}

void
rdr_gpu_destroy(struct rdr_gpu *gpu)
{
   if (!gpu)
      return;
   forget_everything(gpu);
   free(gpu->workers);
   free(gpu);
}

void
rdr_gpu_set_features(struct rdr_gpu *gpu, uint64_t features)
{
   gpu->features = features;
}
