/* SPDX-License-Identifier: MIT */
#include "renderer/virtio/device.h"

#include "renderer/virtio/state.h"
#include "renderer/virtio/virtgpu_link.h"

#include "protocol/clock.h"
#include "tongs/virtgpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOB_FEATURES \
   (UINT64_C(1) << VIRTIO_GPU_F_RESOURCE_BLOB | UINT64_C(1) << VIRTIO_GPU_F_CONTEXT_INIT)

/* When a link is tried again that the kernel has no room for. */
#define CROWDED_MS 10

/* --- Answers --- */

void
rdr_virtio_answer(struct rdr_virtio *gpu, struct rdr_virtio_request *request, uint32_t type,
                  void *data, size_t size)
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

void
rdr_virtio_answer_type(struct rdr_virtio *gpu, struct rdr_virtio_request *request, uint32_t type)
{
   struct virtio_gpu_ctrl_hdr header;

   rdr_virtio_answer(gpu, request, type, &header, sizeof(header));
}

/* --- Look-ups --- */

struct rdr_virtio_resource **
rdr_virtio_find_resource(struct rdr_virtio *gpu, uint32_t id)
{
   struct rdr_virtio_resource **link = &gpu->resources[id % RDR_VIRTIO_BUCKETS];

   while (*link && (*link)->id != id)
      link = &(*link)->next;
   return link;
}

struct rdr_virtio_context **
rdr_virtio_find_context(struct rdr_virtio *gpu, uint32_t id)
{
   struct rdr_virtio_context **link = &gpu->contexts;

   while (*link && (*link)->id != id)
      link = &(*link)->next;
   return link;
}

/* --- What the device is --- */

static uint32_t
do_nothing(struct rdr_virtio_call *call)
{
   (void)call;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t
do_display_info(struct rdr_virtio_call *call)
{
   struct virtio_gpu_resp_display_info info = {0};

   rdr_virtio_answer(call->gpu, call->request, VIRTIO_GPU_RESP_OK_DISPLAY_INFO, &info,
                     sizeof(info));
   return 0;
}

static uint32_t
do_capset_info(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_get_capset_info *c = (const void *)call->data;
   struct virtio_gpu_resp_capset_info info = {0};

   if (c->capset_index == 0) {
      info.capset_id = TONGS_VIRTGPU_CAPSET;
      info.capset_max_version = TONGS_VIRTGPU_VERSION;
      info.capset_max_size = sizeof(struct tongs_virtgpu_caps);
   }
   rdr_virtio_answer(call->gpu, call->request, VIRTIO_GPU_RESP_OK_CAPSET_INFO, &info, sizeof(info));
   return 0;
}

static uint32_t
tier(const struct rdr_virtio *gpu)
{
   if ((gpu->features & BLOB_FEATURES) != BLOB_FEATURES)
      return 'C';
   return gpu->options.window(gpu->options.owner) ? 'A' : 'B';
}

static uint32_t
do_capset(struct rdr_virtio_call *call)
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
            .credit = TONGS_VIRTGPU_CREDIT,
            .tier = tier(call->gpu),
         },
   };

   if (c->capset_id != TONGS_VIRTGPU_CAPSET)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   rdr_virtio_answer(call->gpu, call->request, VIRTIO_GPU_RESP_OK_CAPSET, &reply, sizeof(reply));
   return 0;
}

/* --- All commands --- */

static const struct command {
   uint32_t type;
   size_t size; /* at least */
   uint32_t (*run)(struct rdr_virtio_call *call);
} commands[] = {
   {VIRTIO_GPU_CMD_GET_DISPLAY_INFO, sizeof(struct virtio_gpu_ctrl_hdr), do_display_info},
   {VIRTIO_GPU_CMD_RESOURCE_CREATE_2D, sizeof(struct virtio_gpu_resource_create_2d),
    rdr_virtio_do_create_2d},
   {VIRTIO_GPU_CMD_RESOURCE_UNREF, sizeof(struct virtio_gpu_resource_unref), rdr_virtio_do_unref},
   {VIRTIO_GPU_CMD_SET_SCANOUT, sizeof(struct virtio_gpu_ctrl_hdr), do_nothing},
   {VIRTIO_GPU_CMD_RESOURCE_FLUSH, sizeof(struct virtio_gpu_ctrl_hdr), do_nothing},
   {VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D, sizeof(struct virtio_gpu_ctrl_hdr), do_nothing},
   {VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, sizeof(struct virtio_gpu_resource_attach_backing),
    rdr_virtio_do_attach_backing},
   {VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING, sizeof(struct virtio_gpu_resource_detach_backing),
    rdr_virtio_do_detach_backing},
   {VIRTIO_GPU_CMD_GET_CAPSET_INFO, sizeof(struct virtio_gpu_get_capset_info), do_capset_info},
   {VIRTIO_GPU_CMD_GET_CAPSET, sizeof(struct virtio_gpu_get_capset), do_capset},
   {VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB, sizeof(struct virtio_gpu_resource_create_blob),
    rdr_virtio_do_create_blob},
   {VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB, sizeof(struct virtio_gpu_resource_map_blob),
    rdr_virtio_do_map_blob},
   {VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB, sizeof(struct virtio_gpu_resource_unmap_blob),
    rdr_virtio_do_unmap_blob},
   {VIRTIO_GPU_CMD_CTX_CREATE, sizeof(struct virtio_gpu_ctx_create), rdr_virtio_do_context_create},
   {VIRTIO_GPU_CMD_CTX_DESTROY, sizeof(struct virtio_gpu_ctx_destroy),
    rdr_virtio_do_context_destroy},
   {VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, sizeof(struct virtio_gpu_ctx_resource),
    rdr_virtio_do_context_attach},
   {VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, sizeof(struct virtio_gpu_ctx_resource),
    rdr_virtio_do_context_detach},
   {VIRTIO_GPU_CMD_RESOURCE_CREATE_3D, sizeof(struct virtio_gpu_resource_create_3d),
    rdr_virtio_do_create_3d},
   /* Host and guest see the same pages. */
   {VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, sizeof(struct virtio_gpu_ctrl_hdr), do_nothing},
   {VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D, sizeof(struct virtio_gpu_ctrl_hdr), do_nothing},
   {VIRTIO_GPU_CMD_SUBMIT_3D, sizeof(struct virtio_gpu_cmd_submit), rdr_virtio_do_submit},
};

void
rdr_virtio_execute(struct rdr_virtio *gpu, struct rdr_virtio_request *request, const void *command,
                   size_t size)
{
   struct rdr_virtio_call call = {.gpu = gpu, .request = request, .data = command, .size = size};
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
      rdr_virtio_answer_type(gpu, request, type);
}

/* --- Events --- */

static void
kill_holders(struct rdr_virtio *gpu, struct rdr_virtio_resource *r)
{
   for (struct rdr_virtio_lease *lease = r->leases; lease; lease = lease->next) {
      struct rdr_virtio_context *ctx = *rdr_virtio_find_context(gpu, lease->context);
      if (!ctx)
         continue;
      fprintf(stderr,
              "tongs: %s of a virtual machine took pages back that its worker still uses: "
              "killing the worker\n",
              ctx->name);
      rdr_virtio_close_link(gpu, ctx, 0);
   }
}

/* Calls `visit` for each resource that the guest takes back. */
static void
for_each_detaching(struct rdr_virtio *gpu,
                   void (*visit)(struct rdr_virtio *, struct rdr_virtio_resource **, void *),
                   void *data)
{
   for (unsigned i = 0; i < RDR_VIRTIO_BUCKETS && gpu->detaching_count; i++) {
      for (struct rdr_virtio_resource **link = &gpu->resources[i]; *link;) {
         struct rdr_virtio_resource *r = *link;
         if (r->detaching)
            visit(gpu, link, data);
         if (*link == r)
            link = &r->next;
      }
   }
}

static void
count_leases(struct rdr_virtio *gpu, struct rdr_virtio_resource **link, void *data)
{
   unsigned *count = data;

   (void)gpu;
   for (const struct rdr_virtio_lease *lease = (*link)->leases; lease; lease = lease->next)
      ++*count;
}

unsigned
rdr_virtio_poll_count(const struct rdr_virtio *gpu)
{
   unsigned count = gpu->context_count;

   if (gpu->paused)
      return 0;
   for_each_detaching((struct rdr_virtio *)gpu, count_leases, &count);
   return count;
}

static void
fill_leases(struct rdr_virtio *gpu, struct rdr_virtio_resource **link, void *data)
{
   struct pollfd **polls = data;

   (void)gpu;
   for (const struct rdr_virtio_lease *lease = (*link)->leases; lease; lease = lease->next)
      *(*polls)++ = (struct pollfd){.fd = lease->fd};
}

void
rdr_virtio_poll_fill(const struct rdr_virtio *gpu, struct pollfd *polls)
{
   if (gpu->paused)
      return;
   for (const struct rdr_virtio_context *ctx = gpu->contexts; ctx; ctx = ctx->next) {
      short events = ctx->link && ctx->link->fd >= 0 ? rdr_link_events(ctx->link) : 0;
      *polls++ = (struct pollfd){.fd = events ? ctx->link->fd : -1, .events = events};
   }
   for_each_detaching((struct rdr_virtio *)gpu, fill_leases, &polls);
}

static void
look_at_leases(struct rdr_virtio *gpu, struct rdr_virtio_resource **link, void *data)
{
   (void)data;
   rdr_virtio_drop_ended_leases(gpu, *link, NULL);
   rdr_virtio_finish_detaching(gpu, link);
}

void
rdr_virtio_poll_done(struct rdr_virtio *gpu, const struct pollfd *polls, unsigned count)
{
   unsigned i = 0;

   if (gpu->paused)
      return;
   /* Nothing has come or gone since the descriptors were gathered. */
   for (struct rdr_virtio_context *ctx = gpu->contexts; ctx && i < count; ctx = ctx->next, i++) {
      if (polls[i].revents)
         rdr_virtio_pump(gpu, ctx);
   }
   for_each_detaching(gpu, look_at_leases, NULL);
}

static void
kill_if_due(struct rdr_virtio *gpu, struct rdr_virtio_resource **link, void *data)
{
   const int64_t *now = data;

   if ((*link)->deadline && (*link)->deadline <= *now) {
      (*link)->deadline = 0;
      kill_holders(gpu, *link);
   }
}

static void
find_first_due(struct rdr_virtio *gpu, struct rdr_virtio_resource **link, void *data)
{
   int64_t *first = data;

   (void)gpu;
   if ((*link)->deadline && (*link)->deadline < *first)
      *first = (*link)->deadline;
}

int
rdr_virtio_tick(struct rdr_virtio *gpu)
{
   int64_t now = tongs_now_ms(), first = INT64_MAX;

   if (gpu->paused)
      return -1;
   for_each_detaching(gpu, kill_if_due, &now);
   for (unsigned i = 0; i < gpu->options.max_workers; i++) {
      struct rdr_virtio_worker *worker = &gpu->workers[i];
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
   for (struct rdr_virtio_context *ctx = gpu->contexts; ctx; ctx = ctx->next) {
      if (ctx->link && ctx->link->crowded)
         rdr_virtio_pump(gpu, ctx);
      if (ctx->link && ctx->link->crowded && first - now > CROWDED_MS)
         first = now + CROWDED_MS;
   }
   return first == INT64_MAX ? -1 : (int)(first - now);
}

/* --- Life --- */

struct rdr_virtio *
rdr_virtio_create(const struct rdr_virtio_options *options)
{
   struct rdr_virtio *gpu = calloc(1, sizeof(*gpu));

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
forget_everything(struct rdr_virtio *gpu)
{
   gpu->gone = true;
   for (struct rdr_virtio_context *ctx = gpu->contexts; ctx && gpu->paused; ctx = ctx->next) {
      if (ctx->link)
         rdr_link_abandon(ctx->link);
   }
   while (gpu->contexts)
      rdr_virtio_destroy_context(gpu, &gpu->contexts);
   for (unsigned i = 0; i < RDR_VIRTIO_BUCKETS; i++) {
      while (gpu->resources[i])
         rdr_virtio_destroy_resource(gpu, &gpu->resources[i]);
   }
   for (unsigned i = 0; i < gpu->options.max_workers; i++) {
      if (gpu->workers[i].pid)
         gpu->options.kill_worker(gpu->options.owner, gpu->workers[i].pid);
      gpu->workers[i].deadline = 0;
   }
}

static void
hold_workers(struct rdr_virtio *gpu, bool hold)
{
   for (unsigned i = 0; i < gpu->options.max_workers; i++) {
      if (gpu->workers[i].pid)
         gpu->options.hold_worker(gpu->options.owner, gpu->workers[i].pid, hold);
   }
}

void
rdr_virtio_pause(struct rdr_virtio *gpu)
{
   if (gpu->paused)
      return;
   gpu->paused = true;
   gpu->paused_at = tongs_now_ms();
   hold_workers(gpu, true);
   for (struct rdr_virtio_context *ctx = gpu->contexts; ctx; ctx = ctx->next) {
      while (ctx->waits)
         rdr_virtio_wake_first(gpu, ctx);
   }
}

void
rdr_virtio_resume(struct rdr_virtio *gpu)
{
   int64_t pause = tongs_now_ms() - gpu->paused_at;

   if (!gpu->paused)
      return;
   gpu->paused = false;
   /* Nobody could have met a deadline meanwhile. */
   for (unsigned i = 0; i < gpu->options.max_workers; i++)
      gpu->workers[i].deadline += gpu->workers[i].deadline ? pause : 0;
   for (unsigned i = 0; i < RDR_VIRTIO_BUCKETS; i++) {
      for (struct rdr_virtio_resource *r = gpu->resources[i]; r; r = r->next)
         r->deadline += r->deadline ? pause : 0;
   }
   hold_workers(gpu, false);
}

void
rdr_virtio_reset(struct rdr_virtio *gpu)
{
   forget_everything(gpu);
   gpu->mapped_count = 0;
   gpu->host_size = 0;
   gpu->gone = false;
   gpu->paused = false;
}

void
rdr_virtio_destroy(struct rdr_virtio *gpu)
{
   if (!gpu)
      return;
   forget_everything(gpu);
   free(gpu->workers);
   free(gpu);
}

void
rdr_virtio_set_features(struct rdr_virtio *gpu, uint64_t features)
{
   gpu->features = features;
}
