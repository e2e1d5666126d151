/* SPDX-License-Identifier: MIT */
#include "renderer/virtio/state.h"

#include "renderer/virtio/stream.h"

#include "protocol/channel.h"
#include "protocol/clock.h"
#include "tongs/virtgpu.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a worker has to unmap pages that the guest takes back, before it is killed. */
#define LEASE_END_MS 30000

/* --- Resources --- */

static void
forget_pages(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r)
{
   dev->range_count -= r->range_count;
   free(r->ranges);
   r->ranges = NULL;
   r->range_count = 0;
}

static bool
unmap(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r)
{
   if (!r->mapped || dev->options.unmap(dev->options.owner, r->mapped_at, r->size) < 0)
      return false;
   r->mapped = false;
   dev->mapped_count--;
   return true;
}

static void
forget_host_memory(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r)
{
   if (r->file < 0)
      return;
   struct rdr_virtio_context *owner = rdr_virtio_find_context(dev, r->owner);
   dev->host_count--;
   if (owner)
      owner->host_count--;
   close(r->file);
   /* If the monitor fails to unmap the memory, the memory stays in the host window, and its range
    * can never be reused. */
   if (!dev->gone && r->mapped && !unmap(dev, r))
      return;
   dev->mapped_count -= r->mapped;
   dev->host_size -= r->size;
}

static void
drop_lease(struct rdr_virtio_device *dev, struct rdr_virtio_lease *lease)
{
   struct rdr_virtio_context *ctx = rdr_virtio_find_context(dev, lease->context);

   if (ctx) {
      ctx->lease_count--;
      ctx->table_size -= lease->table_size;
   }
   tongs_list_remove(&lease->link);
   close(lease->fd);
   free(lease);
   dev->lease_count--;
}

void
rdr_virtio_drop_ended_leases(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r,
                             const uint32_t *context)
{
   tongs_list_for_each_safe(struct rdr_virtio_lease, lease, &r->leases, link) {
      struct pollfd p = {.fd = lease->fd};
      if ((!context || lease->context == *context) && poll(&p, 1, 0) > 0 &&
          (p.revents & (POLLHUP | POLLERR)))
         drop_lease(dev, lease);
   }
}

void
rdr_virtio_drop_context_leases(struct rdr_virtio_device *dev, uint32_t context)
{
   for (unsigned i = 0; i < RDR_VIRTIO_BUCKETS; i++) {
      tongs_list_for_each(struct rdr_virtio_resource, r, &dev->resources[i], link) {
         if (!r->detaching)
            rdr_virtio_drop_ended_leases(dev, r, &context);
      }
   }
}

static void
disown_resource(struct rdr_virtio_resource *r, uint32_t context)
{
   r->owner = r->owner == context ? 0 : r->owner;
   tongs_list_for_each(struct rdr_virtio_lease, lease, &r->leases, link)
      lease->context = lease->context == context ? 0 : lease->context;
}

void
rdr_virtio_disown(struct rdr_virtio_device *dev, uint32_t context)
{
   for (unsigned i = 0; i < dev->options.max_workers; i++)
      dev->workers[i].context = dev->workers[i].context == context ? 0 : dev->workers[i].context;
   for (unsigned i = 0; i < RDR_VIRTIO_BUCKETS; i++) {
      tongs_list_for_each(struct rdr_virtio_resource, r, &dev->resources[i], link)
         disown_resource(r, context);
   }
}

void
rdr_virtio_destroy_resource(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r)
{
   tongs_list_remove(&r->link);
   /* Detach the resource from all contexts, because the guest may reuse its id for another
    * resource. */
   tongs_list_for_each(struct rdr_virtio_context, ctx, &dev->contexts, link)
      rdr_virtio_detach(ctx, r->id);
   tongs_list_for_each_safe(struct rdr_virtio_lease, lease, &r->leases, link)
      drop_lease(dev, lease);
   forget_pages(dev, r);
   forget_host_memory(dev, r);
   dev->detaching_count -= r->detaching != NULL;
   free(r->detaching);
   free(r);
   dev->resource_count--;
}

void
rdr_virtio_finish_detaching(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r)
{
   if (!r->detaching || !tongs_list_is_empty(&r->leases))
      return;
   rdr_virtio_answer_type(dev, r->detaching, VIRTIO_GPU_RESP_OK_NODATA);
   r->detaching = NULL;
   dev->detaching_count--;
   if (r->unref)
      rdr_virtio_destroy_resource(dev, r);
   else
      forget_pages(dev, r);
}

/* Starts returning a resource's pages to the guest. True if no worker uses them, so that the
 * command can be answered at once. */
static bool
take_back(struct rdr_virtio_call *call, struct rdr_virtio_resource *r, bool unref)
{
   tongs_list_for_each(struct rdr_virtio_context, ctx, &call->dev->contexts, link) {
      if (ctx->stream && ctx->stream->state == TONGS_VIRTGPU_STREAM_OPEN &&
          ctx->stream->resource == r->id)
         rdr_virtio_close_stream(call->dev, ctx, RDR_VIRTIO_WORKER_END_MS);
   }
   r->unref = unref;
   rdr_virtio_drop_ended_leases(call->dev, r, NULL);
   if (tongs_list_is_empty(&r->leases))
      return true;
   r->detaching = call->request;
   r->deadline = tongs_now_ms() + LEASE_END_MS;
   call->dev->detaching_count++;
   return false;
}

/* Creates a resource without memory and adds it to the table. Returns the type of the answer. */
static uint32_t
create_resource(struct rdr_virtio_call *call, uint32_t id)
{
   struct rdr_virtio_device *dev = call->dev;

   if (!id || rdr_virtio_find_resource(dev, id))
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   struct rdr_virtio_resource *r =
      dev->resource_count < dev->options.limits.resources ? calloc(1, sizeof(*r)) : NULL;
   if (!r)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   r->id = id;
   r->file = -1;
   tongs_list_init(&r->leases);
   tongs_list_append(&dev->resources[id % RDR_VIRTIO_BUCKETS], &r->link);
   dev->resource_count++;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

/* Gives a resource `count` ranges of guest memory, which the command lists at `offset`. */
static uint32_t
attach_pages(struct rdr_virtio_call *call, struct rdr_virtio_resource *r, uint32_t count,
             size_t offset)
{
   struct rdr_virtio_device *dev = call->dev;
   struct virtio_gpu_mem_entry entry;

   if (r->ranges || r->file >= 0 || r->detaching)
      return VIRTIO_GPU_RESP_ERR_UNSPEC;
   if (count > (call->size - offset) / sizeof(entry)) /* R3 */
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   if (count > dev->options.limits.ranges - dev->range_count)
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
   dev->range_count += count;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t
rdr_virtio_do_create_2d(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_resource_create_2d *c = (const void *)call->data;

   return create_resource(call, c->resource_id);
}

uint32_t
rdr_virtio_do_create_3d(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_resource_create_3d *c = (const void *)call->data;

   return create_resource(call, c->resource_id);
}

/* Creates a resource of host memory, which the guest can map in its host window. */
static uint32_t
create_host_memory(struct rdr_virtio_call *call, uint32_t id, uint64_t size)
{
   struct rdr_virtio_device *dev = call->dev;
   uint64_t window_size = dev->options.host_window_size(dev->options.owner);
   struct rdr_virtio_context *ctx = rdr_virtio_find_context(dev, call->header.ctx_id);

   if (!ctx)
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   if (!size || size % TONGS_VIRTGPU_PAGE)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   if (size > window_size || dev->host_size > window_size - size ||
       !rdr_virtio_take_descriptors(dev, ctx, 1))
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   uint32_t type = create_resource(call, id);
   if (type != VIRTIO_GPU_RESP_OK_NODATA)
      return type;
   struct rdr_virtio_resource *r = rdr_virtio_find_resource(dev, id);
   r->file = tongs_sealed_memory("tongs-window", size);
   if (r->file < 0) {
      rdr_virtio_destroy_resource(dev, r);
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   }
   r->size = size;
   r->owner = ctx->id;
   ctx->host_count++;
   dev->host_count++;
   dev->host_size += size;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t
rdr_virtio_do_create_blob(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_resource_create_blob *c = (const void *)call->data;

   if (c->blob_mem == VIRTIO_GPU_BLOB_MEM_HOST3D)
      return create_host_memory(call, c->resource_id, c->size);
   if (c->blob_mem != VIRTIO_GPU_BLOB_MEM_GUEST)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   uint32_t type = create_resource(call, c->resource_id);
   if (type != VIRTIO_GPU_RESP_OK_NODATA)
      return type;
   struct rdr_virtio_resource *r = rdr_virtio_find_resource(call->dev, c->resource_id);
   type = attach_pages(call, r, c->nr_entries, sizeof(*c));
   if (type != VIRTIO_GPU_RESP_OK_NODATA)
      rdr_virtio_destroy_resource(call->dev, r);
   return type;
}

uint32_t
rdr_virtio_do_map_blob(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_resource_map_blob *c = (const void *)call->data;
   struct rdr_virtio_device *dev = call->dev;
   struct rdr_virtio_resource *r = rdr_virtio_find_resource(dev, c->resource_id);
   struct virtio_gpu_resp_map_info info = {.map_info = VIRTIO_GPU_MAP_CACHE_CACHED};
   uint64_t window_size = dev->options.host_window_size(dev->options.owner);

   if (!r || r->file < 0 || r->mapped || r->detaching)
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   if (c->offset % TONGS_VIRTGPU_PAGE || r->size > window_size || c->offset > window_size - r->size)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   /* The monitor refuses a range that is partly mapped already. */
   if (dev->mapped_count >= dev->options.limits.mapped ||
       dev->options.map(dev->options.owner, r->file, c->offset, r->size) < 0)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   r->mapped = true;
   r->mapped_at = c->offset;
   dev->mapped_count++;
   rdr_virtio_answer(dev, call->request, VIRTIO_GPU_RESP_OK_MAP_INFO, &info, sizeof(info));
   return 0;
}

uint32_t
rdr_virtio_do_unmap_blob(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_resource_unmap_blob *c = (const void *)call->data;
   struct rdr_virtio_resource *r = rdr_virtio_find_resource(call->dev, c->resource_id);

   return r && unmap(call->dev, r) ? VIRTIO_GPU_RESP_OK_NODATA
                                   : VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
}

uint32_t
rdr_virtio_do_unref(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_resource_unref *c = (const void *)call->data;
   struct rdr_virtio_resource *r = rdr_virtio_find_resource(call->dev, c->resource_id);

   if (!r || r->detaching)
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   if (!take_back(call, r, true))
      return 0;
   rdr_virtio_destroy_resource(call->dev, r);
   return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t
rdr_virtio_do_attach_backing(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_resource_attach_backing *c = (const void *)call->data;
   struct rdr_virtio_resource *r = rdr_virtio_find_resource(call->dev, c->resource_id);

   if (!r)
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   return attach_pages(call, r, c->nr_entries, sizeof(*c));
}

uint32_t
rdr_virtio_do_detach_backing(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_resource_detach_backing *c = (const void *)call->data;
   struct rdr_virtio_resource *r = rdr_virtio_find_resource(call->dev, c->resource_id);

   if (!r || r->detaching)
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   if (!take_back(call, r, false))
      return 0;
   forget_pages(call->dev, r);
   return VIRTIO_GPU_RESP_OK_NODATA;
}
