/* SPDX-License-Identifier: MIT */
#include "renderer/virtio/device.h"

#include "renderer/virtio/state.h"
#include "renderer/virtio/stream.h"

#include "protocol/clock.h"
#include "tongs/virtgpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOB_FEATURES \
   (UINT64_C(1) << VIRTIO_GPU_F_RESOURCE_BLOB | UINT64_C(1) << VIRTIO_GPU_F_CONTEXT_INIT)

/* How long the device waits before it pumps a stream again for which the kernel had no room. */
#define CROWDED_MS 10

/* --- Answers --- */

void
rdr_virtio_answer(struct rdr_virtio_device *dev, struct rdr_virtio_request *request, uint32_t type,
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
   dev->options.answer(dev->options.owner, request, data, size);
   free(request);
}

void
rdr_virtio_answer_type(struct rdr_virtio_device *dev, struct rdr_virtio_request *request,
                       uint32_t type)
{
   struct virtio_gpu_ctrl_hdr header;

   rdr_virtio_answer(dev, request, type, &header, sizeof(header));
}

/* --- Look-ups --- */

struct rdr_virtio_resource *
rdr_virtio_find_resource(struct rdr_virtio_device *dev, uint32_t id)
{
   tongs_list_for_each(struct rdr_virtio_resource, r, &dev->resources[id % RDR_VIRTIO_BUCKETS],
                       link) {
      if (r->id == id)
         return r;
   }
   return NULL;
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

   rdr_virtio_answer(call->dev, call->request, VIRTIO_GPU_RESP_OK_DISPLAY_INFO, &info,
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
   rdr_virtio_answer(call->dev, call->request, VIRTIO_GPU_RESP_OK_CAPSET_INFO, &info, sizeof(info));
   return 0;
}

static uint32_t
tier(const struct rdr_virtio_device *dev)
{
   if ((dev->features & BLOB_FEATURES) != BLOB_FEATURES)
      return 'C';
   return dev->options.host_window_size(dev->options.owner) ? 'A' : 'B';
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
            .tier = tier(call->dev),
         },
   };

   if (c->capset_id != TONGS_VIRTGPU_CAPSET)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   rdr_virtio_answer(call->dev, call->request, VIRTIO_GPU_RESP_OK_CAPSET, &reply, sizeof(reply));
   return 0;
}

/* --- All commands --- */

static const struct command {
   uint32_t type;
   size_t size; /* the least size of the command */
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
   /* The host and the guest see the same pages, so there is nothing to transfer. */
   {VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, sizeof(struct virtio_gpu_ctrl_hdr), do_nothing},
   {VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D, sizeof(struct virtio_gpu_ctrl_hdr), do_nothing},
   {VIRTIO_GPU_CMD_SUBMIT_3D, sizeof(struct virtio_gpu_cmd_submit), rdr_virtio_do_submit},
};

void
rdr_virtio_device_execute(struct rdr_virtio_device *dev, struct rdr_virtio_request *request,
                          const void *command, size_t size)
{
   struct rdr_virtio_call call = {.dev = dev, .request = request, .data = command, .size = size};
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
      rdr_virtio_answer_type(dev, request, type);
}

/* --- Events --- */

static void
kill_holders(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r)
{
   tongs_list_for_each(struct rdr_virtio_lease, lease, &r->leases, link) {
      struct rdr_virtio_context *ctx = rdr_virtio_find_context(dev, lease->context);
      if (!ctx)
         continue;
      fprintf(stderr,
              "tongs: %s of a virtual machine took pages back that its worker still uses: "
              "killing the worker\n",
              ctx->name);
      rdr_virtio_close_stream(dev, ctx, 0);
   }
}

/* Calls `visit` for each resource whose pages the guest takes back. `visit` may destroy the
 * resource. */
static void
for_each_detaching(struct rdr_virtio_device *dev,
                   void (*visit)(struct rdr_virtio_device *, struct rdr_virtio_resource *, void *),
                   void *data)
{
   for (unsigned i = 0; i < RDR_VIRTIO_BUCKETS && dev->detaching_count; i++) {
      tongs_list_for_each_safe(struct rdr_virtio_resource, r, &dev->resources[i], link) {
         if (r->detaching)
            visit(dev, r, data);
      }
   }
}

static void
count_leases(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r, void *data)
{
   unsigned *count = data;

   (void)dev;
   tongs_list_for_each(struct rdr_virtio_lease, lease, &r->leases, link)
      ++*count;
}

unsigned
rdr_virtio_device_poll_count(const struct rdr_virtio_device *dev)
{
   unsigned count = dev->context_count;

   if (dev->paused)
      return 0;
   for_each_detaching((struct rdr_virtio_device *)dev, count_leases, &count);
   return count;
}

static void
fill_leases(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r, void *data)
{
   struct pollfd **polls = data;

   (void)dev;
   tongs_list_for_each(struct rdr_virtio_lease, lease, &r->leases, link)
      *(*polls)++ = (struct pollfd){.fd = lease->fd};
}

void
rdr_virtio_device_poll_fill(const struct rdr_virtio_device *dev, struct pollfd *polls)
{
   if (dev->paused)
      return;
   tongs_list_for_each(struct rdr_virtio_context, ctx, &dev->contexts, link) {
      const struct rdr_virtio_stream *stream = ctx->stream;
      short events = stream && stream->fd >= 0 ? rdr_virtio_stream_events(stream) : 0;
      *polls++ = (struct pollfd){.fd = events ? stream->fd : -1, .events = events};
   }
   for_each_detaching((struct rdr_virtio_device *)dev, fill_leases, &polls);
}

static void
check_leases(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r, void *data)
{
   (void)data;
   rdr_virtio_drop_ended_leases(dev, r, NULL);
   rdr_virtio_finish_detaching(dev, r);
}

/* No context has been created or destroyed since rdr_virtio_device_poll_fill(), so the entries are
 * in the order of the contexts. */
void
rdr_virtio_device_poll_done(struct rdr_virtio_device *dev, const struct pollfd *polls,
                            unsigned count)
{
   unsigned i = 0;

   if (dev->paused)
      return;
   tongs_list_for_each(struct rdr_virtio_context, ctx, &dev->contexts, link) {
      if (i == count)
         break;
      if (polls[i++].revents)
         rdr_virtio_pump(dev, ctx);
   }
   for_each_detaching(dev, check_leases, NULL);
}

static void
kill_if_due(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r, void *data)
{
   const int64_t *now = data;

   if (r->deadline && r->deadline <= *now) {
      r->deadline = 0;
      kill_holders(dev, r);
   }
}

static void
find_first_due(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r, void *data)
{
   int64_t *first = data;

   (void)dev;
   if (r->deadline && r->deadline < *first)
      *first = r->deadline;
}

/* Kills the workers whose deadline has passed. Returns the first of the other deadlines. */
static int64_t
kill_late_workers(struct rdr_virtio_device *dev, int64_t now)
{
   int64_t first = INT64_MAX;

   for (unsigned i = 0; i < dev->options.max_workers; i++) {
      struct rdr_virtio_worker *worker = &dev->workers[i];
      if (!worker->pid || !worker->deadline)
         continue;
      if (worker->deadline <= now) {
         dev->options.kill_worker(dev->options.owner, worker->pid);
         worker->deadline = 0;
      } else if (worker->deadline < first) {
         first = worker->deadline;
      }
   }
   return first;
}

int
rdr_virtio_device_tick(struct rdr_virtio_device *dev)
{
   int64_t now = tongs_now_ms();

   if (dev->paused)
      return -1;
   for_each_detaching(dev, kill_if_due, &now);
   int64_t first = kill_late_workers(dev, now);
   for_each_detaching(dev, find_first_due, &first);
   tongs_list_for_each(struct rdr_virtio_context, ctx, &dev->contexts, link) {
      if (ctx->stream && ctx->stream->crowded)
         rdr_virtio_pump(dev, ctx);
      if (ctx->stream && ctx->stream->crowded && first - now > CROWDED_MS)
         first = now + CROWDED_MS;
   }
   return first == INT64_MAX ? -1 : (int)(first - now);
}

/* --- Life --- */

struct rdr_virtio_device *
rdr_virtio_device_create(const struct rdr_virtio_device_options *options)
{
   struct rdr_virtio_device *dev = calloc(1, sizeof(*dev));

   if (!dev)
      return NULL;
   dev->options = *options;
   tongs_list_init(&dev->contexts);
   for (unsigned i = 0; i < RDR_VIRTIO_BUCKETS; i++)
      tongs_list_init(&dev->resources[i]);
   dev->workers = calloc(options->max_workers, sizeof(*dev->workers));
   if (dev->workers)
      return dev;
   free(dev);
   return NULL;
}

/* While the guest is paused, this process must not access the guest's pages. */
static void
destroy_contexts(struct rdr_virtio_device *dev)
{
   tongs_list_for_each_safe(struct rdr_virtio_context, ctx, &dev->contexts, link) {
      if (dev->paused && ctx->stream)
         rdr_virtio_stream_abandon(ctx->stream);
      rdr_virtio_destroy_context(dev, ctx);
   }
}

static void
forget_everything(struct rdr_virtio_device *dev)
{
   dev->gone = true;
   destroy_contexts(dev);
   for (unsigned i = 0; i < RDR_VIRTIO_BUCKETS; i++) {
      tongs_list_for_each_safe(struct rdr_virtio_resource, r, &dev->resources[i], link)
         rdr_virtio_destroy_resource(dev, r);
   }
   for (unsigned i = 0; i < dev->options.max_workers; i++) {
      if (dev->workers[i].pid)
         dev->options.kill_worker(dev->options.owner, dev->workers[i].pid);
      dev->workers[i].deadline = 0;
   }
}

static void
hold_workers(struct rdr_virtio_device *dev, bool hold)
{
   for (unsigned i = 0; i < dev->options.max_workers; i++) {
      if (dev->workers[i].pid)
         dev->options.hold_worker(dev->options.owner, dev->workers[i].pid, hold);
   }
}

void
rdr_virtio_device_pause(struct rdr_virtio_device *dev)
{
   if (dev->paused)
      return;
   dev->paused = true;
   dev->paused_at = tongs_now_ms();
   hold_workers(dev, true);
   tongs_list_for_each(struct rdr_virtio_context, ctx, &dev->contexts, link)
      rdr_virtio_wake_all(dev, ctx);
}

/* Moves each deadline by the length of the pause, because stopped workers could not meet it. */
void
rdr_virtio_device_resume(struct rdr_virtio_device *dev)
{
   int64_t pause = tongs_now_ms() - dev->paused_at;

   if (!dev->paused)
      return;
   dev->paused = false;
   for (unsigned i = 0; i < dev->options.max_workers; i++)
      dev->workers[i].deadline += dev->workers[i].deadline ? pause : 0;
   for (unsigned i = 0; i < RDR_VIRTIO_BUCKETS; i++) {
      tongs_list_for_each(struct rdr_virtio_resource, r, &dev->resources[i], link)
         r->deadline += r->deadline ? pause : 0;
   }
   hold_workers(dev, false);
}

void
rdr_virtio_device_reset(struct rdr_virtio_device *dev)
{
   forget_everything(dev);
   dev->mapped_count = 0;
   dev->host_size = 0;
   dev->gone = false;
   dev->paused = false;
}

void
rdr_virtio_device_destroy(struct rdr_virtio_device *dev)
{
   if (!dev)
      return;
   forget_everything(dev);
   free(dev->workers);
   free(dev);
}

void
rdr_virtio_device_set_features(struct rdr_virtio_device *dev, uint64_t features)
{
   dev->features = features;
}
