/* SPDX-License-Identifier: MIT */
#include "renderer/virtio/state.h"

#include "renderer/virtio/virtgpu_link.h"

#include "protocol/channel.h"
#include "protocol/clock.h"
#include "tongs/virtgpu.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a worker has to let go of pages in that the guest takes back, before it is killed. */
#define LEASE_END_MS 30000

/* --- Resources --- */

static void
forget_pages(struct rdr_virtio *gpu, struct rdr_virtio_resource *r)
{
   gpu->range_count -= r->range_count;
   free(r->ranges);
   r->ranges = NULL;
   r->range_count = 0;
}

static bool
unmap(struct rdr_virtio *gpu, struct rdr_virtio_resource *r)
{
   if (!r->mapped || gpu->options.unmap(gpu->options.owner, r->mapped_at, r->size) < 0)
      return false;
   r->mapped = false;
   gpu->mapped_count--;
   return true;
}

static void
forget_host_memory(struct rdr_virtio *gpu, struct rdr_virtio_resource *r)
{
   if (r->file < 0)
      return;
   struct rdr_virtio_context *owner = *rdr_virtio_find_context(gpu, r->owner);
   gpu->host_count--;
   if (owner)
      owner->host_count--;
   close(r->file);
   /* What the monitor does not take out of the window stays there, and takes its room for good. */
   if (!gpu->gone && r->mapped && !unmap(gpu, r))
      return;
   gpu->mapped_count -= r->mapped;
   gpu->host_size -= r->size;
}

static void
drop_lease(struct rdr_virtio *gpu, struct rdr_virtio_lease **link)
{
   struct rdr_virtio_lease *lease = *link;
   struct rdr_virtio_context *ctx = *rdr_virtio_find_context(gpu, lease->context);

   if (ctx) {
      ctx->lease_count--;
      ctx->table_size -= lease->table_size;
   }
   *link = lease->next;
   close(lease->fd);
   free(lease);
   gpu->lease_count--;
}

void
rdr_virtio_drop_ended_leases(struct rdr_virtio *gpu, struct rdr_virtio_resource *r,
                             const uint32_t *context)
{
   struct rdr_virtio_lease **link = &r->leases;

   while (*link) {
      struct pollfd p = {.fd = (*link)->fd};
      if ((!context || (*link)->context == *context) && poll(&p, 1, 0) > 0 &&
          (p.revents & (POLLHUP | POLLERR)))
         drop_lease(gpu, link);
      else
         link = &(*link)->next;
   }
}

void
rdr_virtio_drop_context_leases(struct rdr_virtio *gpu, uint32_t context)
{
   for (unsigned i = 0; i < RDR_VIRTIO_BUCKETS; i++) {
      for (struct rdr_virtio_resource *r = gpu->resources[i]; r; r = r->next) {
         if (!r->detaching)
            rdr_virtio_drop_ended_leases(gpu, r, &context);
      }
   }
}

void
rdr_virtio_disown(struct rdr_virtio *gpu, uint32_t context)
{
   for (unsigned i = 0; i < gpu->options.max_workers; i++)
      gpu->workers[i].context = gpu->workers[i].context == context ? 0 : gpu->workers[i].context;
   for (unsigned i = 0; i < RDR_VIRTIO_BUCKETS; i++) {
      for (struct rdr_virtio_resource *r = gpu->resources[i]; r; r = r->next) {
         r->owner = r->owner == context ? 0 : r->owner;
         for (struct rdr_virtio_lease *lease = r->leases; lease; lease = lease->next)
            lease->context = lease->context == context ? 0 : lease->context;
      }
   }
}

void
rdr_virtio_destroy_resource(struct rdr_virtio *gpu, struct rdr_virtio_resource **link)
{
   struct rdr_virtio_resource *r = *link;

   *link = r->next;
   /* Its number may be another one's next. */
   for (struct rdr_virtio_context *ctx = gpu->contexts; ctx; ctx = ctx->next)
      rdr_virtio_detach(ctx, r->id);
   while (r->leases)
      drop_lease(gpu, &r->leases);
   forget_pages(gpu, r);
   forget_host_memory(gpu, r);
   gpu->detaching_count -= r->detaching != NULL;
   free(r->detaching);
   free(r);
   gpu->resource_count--;
}

void
rdr_virtio_finish_detaching(struct rdr_virtio *gpu, struct rdr_virtio_resource **link)
{
   struct rdr_virtio_resource *r = *link;

   if (!r->detaching || r->leases)
      return;
   rdr_virtio_answer_type(gpu, r->detaching, VIRTIO_GPU_RESP_OK_NODATA);
   r->detaching = NULL;
   gpu->detaching_count--;
   if (r->unref)
      rdr_virtio_destroy_resource(gpu, link);
   else
      forget_pages(gpu, r);
}

/* True when the pages may be had back at once. */
static bool
take_back(struct rdr_virtio_call *call, struct rdr_virtio_resource *r, bool unref)
{
   for (struct rdr_virtio_context *ctx = call->gpu->contexts; ctx; ctx = ctx->next) {
      if (ctx->link && ctx->link->state == TONGS_VIRTGPU_LINK_OPEN && ctx->link->resource == r->id)
         rdr_virtio_close_link(call->gpu, ctx, RDR_VIRTIO_WORKER_END_MS);
   }
   r->unref = unref;
   rdr_virtio_drop_ended_leases(call->gpu, r, NULL);
   if (!r->leases)
      return true;
   r->detaching = call->request;
   r->deadline = tongs_now_ms() + LEASE_END_MS;
   call->gpu->detaching_count++;
   return false;
}

static uint32_t
create_resource(struct rdr_virtio_call *call, uint32_t id)
{
   struct rdr_virtio *gpu = call->gpu;

   if (!id || *rdr_virtio_find_resource(gpu, id))
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   struct rdr_virtio_resource *r =
      gpu->resource_count < RDR_VIRTIO_RESOURCES_MAX ? calloc(1, sizeof(*r)) : NULL;
   if (!r)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   r->id = id;
   r->file = -1;
   r->next = gpu->resources[id % RDR_VIRTIO_BUCKETS];
   gpu->resources[id % RDR_VIRTIO_BUCKETS] = r;
   gpu->resource_count++;
   return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t
attach_pages(struct rdr_virtio_call *call, struct rdr_virtio_resource *r, uint32_t count,
             size_t offset)
{
   struct rdr_virtio *gpu = call->gpu;
   struct virtio_gpu_mem_entry entry;

   if (r->ranges || r->file >= 0 || r->detaching)
      return VIRTIO_GPU_RESP_ERR_UNSPEC;
   if (count > (call->size - offset) / sizeof(entry)) /* R3 */
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   if (count > RDR_VIRTIO_RANGES_MAX - gpu->range_count)
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

/* Memory of ours, for the guest to have in its window. */
static uint32_t
create_host_memory(struct rdr_virtio_call *call, uint32_t id, uint64_t size)
{
   struct rdr_virtio *gpu = call->gpu;
   uint64_t window = gpu->options.window(gpu->options.owner);
   struct rdr_virtio_context *ctx = *rdr_virtio_find_context(gpu, call->header.ctx_id);

   if (!ctx)
      return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
   if (!size || size % TONGS_VIRTGPU_PAGE)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   if (size > window || gpu->host_size > window - size || !rdr_virtio_take_descriptors(gpu, ctx, 1))
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   uint32_t type = create_resource(call, id);
   if (type != VIRTIO_GPU_RESP_OK_NODATA)
      return type;
   struct rdr_virtio_resource **link = rdr_virtio_find_resource(gpu, id);
   int file = tongs_sealed_memory("tongs-window", size);
   if (file < 0) {
      rdr_virtio_destroy_resource(gpu, link);
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   }
   (*link)->file = file;
   (*link)->size = size;
   (*link)->owner = ctx->id;
   ctx->host_count++;
   gpu->host_count++;
   gpu->host_size += size;
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
   struct rdr_virtio_resource **link = rdr_virtio_find_resource(call->gpu, c->resource_id);
   type = attach_pages(call, *link, c->nr_entries, sizeof(*c));
   if (type != VIRTIO_GPU_RESP_OK_NODATA)
      rdr_virtio_destroy_resource(call->gpu, link);
   return type;
}

uint32_t
rdr_virtio_do_map_blob(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_resource_map_blob *c = (const void *)call->data;
   struct rdr_virtio *gpu = call->gpu;
   struct rdr_virtio_resource *r = *rdr_virtio_find_resource(gpu, c->resource_id);
   struct virtio_gpu_resp_map_info info = {.map_info = VIRTIO_GPU_MAP_CACHE_CACHED};
   uint64_t window = gpu->options.window(gpu->options.owner);

   if (!r || r->file < 0 || r->mapped || r->detaching)
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   if (c->offset % TONGS_VIRTGPU_PAGE || r->size > window || c->offset > window - r->size)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   /* Where something is already, the monitor refuses. */
   if (gpu->mapped_count >= RDR_VIRTIO_MAPPED_MAX ||
       gpu->options.map(gpu->options.owner, r->file, c->offset, r->size) < 0)
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   r->mapped = true;
   r->mapped_at = c->offset;
   gpu->mapped_count++;
   rdr_virtio_answer(gpu, call->request, VIRTIO_GPU_RESP_OK_MAP_INFO, &info, sizeof(info));
   return 0;
}

uint32_t
rdr_virtio_do_unmap_blob(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_resource_unmap_blob *c = (const void *)call->data;
   struct rdr_virtio_resource *r = *rdr_virtio_find_resource(call->gpu, c->resource_id);

   return r && unmap(call->gpu, r) ? VIRTIO_GPU_RESP_OK_NODATA
                                   : VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
}

uint32_t
rdr_virtio_do_unref(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_resource_unref *c = (const void *)call->data;
   struct rdr_virtio_resource **link = rdr_virtio_find_resource(call->gpu, c->resource_id);

   if (!*link || (*link)->detaching)
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   if (!take_back(call, *link, true))
      return 0;
   rdr_virtio_destroy_resource(call->gpu, link);
   return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t
rdr_virtio_do_attach_backing(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_resource_attach_backing *c = (const void *)call->data;
   struct rdr_virtio_resource *r = *rdr_virtio_find_resource(call->gpu, c->resource_id);

   if (!r)
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   return attach_pages(call, r, c->nr_entries, sizeof(*c));
}

uint32_t
rdr_virtio_do_detach_backing(struct rdr_virtio_call *call)
{
   const struct virtio_gpu_resource_detach_backing *c = (const void *)call->data;
   struct rdr_virtio_resource *r = *rdr_virtio_find_resource(call->gpu, c->resource_id);

   if (!r || r->detaching)
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
   if (!take_back(call, r, false))
      return 0;
   forget_pages(call->gpu, r);
   return VIRTIO_GPU_RESP_OK_NODATA;
}
