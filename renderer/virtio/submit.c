/* SPDX-License-Identifier: MIT */

/* The commands of Tongs' clients (tongs/virtgpu.h), which reach the device in SUBMIT_3D. */

#include "renderer/virtio/state.h"

#include "renderer/virtio/guest_pages.h"
#include "renderer/virtio/stream.h"
#include "tongs/virtgpu.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How many descriptors a lease uses until its pages have been sent. */
#define LEASE_DESCRIPTORS (1 + RDR_VIRTIO_STREAM_FDS_MAX)

/* Returns the resource with that id if the guest's kernel has attached it to the client's context,
 * else NULL. The check separates the clients of a guest, which share one device. */
static struct rdr_virtio_resource *
own_resource(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx, uint32_t id)
{
   struct rdr_virtio_resource *r =
      rdr_virtio_is_attached(ctx, id) ? rdr_virtio_find_resource(dev, id) : NULL;

   return r && (r->ranges || r->file >= 0) && !r->detaching ? r : NULL;
}

static uint32_t
open_stream(struct rdr_virtio_call *call, struct rdr_virtio_context *ctx,
            const struct tongs_virtgpu_command *command)
{
   struct rdr_virtio_resource *r = own_resource(call->dev, ctx, command->resource);
   uint64_t pages[TONGS_VIRTGPU_STREAM_SIZE / TONGS_VIRTGPU_PAGE];
   int fd;

   if (ctx->stream || !r)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   if (!rdr_guest_pages_split(call->dev->options.memory, r->ranges, r->range_count, pages,
                              sizeof(pages) / sizeof(pages[0])))
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   if (!rdr_virtio_start_worker(call->dev, ctx, &fd))
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   ctx->stream = rdr_virtio_stream_create(call->dev->options.memory, r->id, pages, fd);
   if (ctx->stream)
      return VIRTIO_GPU_RESP_OK_NODATA;
   close(fd);
   rdr_virtio_release_worker(call->dev, ctx, RDR_VIRTIO_WORKER_END_MS);
   return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
}

/* --- Leases --- */

/* Whether a context may have one more lease. Drops its ended leases if that is needed. Logs a
 * refusal. */
static bool
may_lease(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx)
{
   const struct rdr_guest_limits *limits = &dev->options.limits;

   for (int i = 0; i < 2; i++) {
      if (ctx->lease_count < limits->leases && ctx->table_size < limits->table_bytes &&
          rdr_virtio_has_descriptors(dev, ctx, LEASE_DESCRIPTORS))
         return true;
      if (i == 0)
         rdr_virtio_drop_context_leases(dev, ctx->id);
   }
   if (rdr_virtio_may_log_refusal(dev, ctx))
      fprintf(stderr,
              "tongs: refused %s of a virtual machine memory for its worker: it has %u leases "
              "with %" PRIu64 " bytes of tables, and %u pieces of host memory\n",
              ctx->name, ctx->lease_count, ctx->table_size, ctx->host_count);
   return false;
}

/* Makes a lease and the descriptors of the resource's pages, including the other end of the lease.
 * Returns the number of descriptors, which the caller owns; 0 on failure. */
static unsigned
lease_pages(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx,
            struct rdr_virtio_resource *r, int fds[RDR_VIRTIO_STREAM_FDS_MAX])
{
   struct stat table;
   int ends[2];

   rdr_virtio_drop_ended_leases(dev, r, NULL);
   if (!may_lease(dev, ctx) || pipe2(ends, O_CLOEXEC) < 0)
      return 0;
   struct rdr_virtio_lease *lease = calloc(1, sizeof(*lease));
   unsigned count = 0;
   if (lease && r->file >= 0)
      count = rdr_host_pages_export(r->file, r->size, ends[1], fds);
   else if (lease)
      count = rdr_guest_pages_export(dev->options.memory, r->ranges, r->range_count, ends[1], fds);
   if (!count) {
      close(ends[0]);
      close(ends[1]);
      free(lease);
      return 0;
   }
   lease->context = ctx->id;
   lease->fd = ends[0];
   if (fstat(fds[0], &table) == 0)
      lease->table_size = (uint64_t)table.st_size;
   tongs_list_append(&r->leases, &lease->link);
   dev->lease_count++;
   ctx->lease_count++;
   ctx->table_size += lease->table_size;
   return count;
}

/* --- Commands --- */

static uint32_t
send_to_worker(struct rdr_virtio_call *call, struct rdr_virtio_context *ctx,
               const struct tongs_virtgpu_command *command, const uint8_t *bytes, size_t size)
{
   int fds[RDR_VIRTIO_STREAM_FDS_MAX];
   unsigned fd_count = 0;

   if (!ctx->stream)
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   if (command->resource && ctx->stream->state == TONGS_VIRTGPU_STREAM_OPEN) {
      struct rdr_virtio_resource *r = own_resource(call->dev, ctx, command->resource);
      fd_count = r ? lease_pages(call->dev, ctx, r, fds) : 0;
      if (!fd_count) {
         rdr_virtio_close_stream(call->dev, ctx, RDR_VIRTIO_WORKER_END_MS);
         return r ? VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY : VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
      }
   }
   bool ok = rdr_virtio_stream_send(ctx->stream, bytes, size, fds, fd_count);
   rdr_virtio_pump(call->dev, ctx);
   return ok ? VIRTIO_GPU_RESP_OK_NODATA : VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
}

static uint32_t
wait_for_stream(struct rdr_virtio_call *call, struct rdr_virtio_context *ctx,
                const struct tongs_virtgpu_command *command)
{
   struct rdr_virtio_device *dev = call->dev;

   memcpy(call->request->seen, command->seen, sizeof(command->seen));
   if (!ctx->stream || !rdr_virtio_stream_is_seen(ctx->stream, command->seen))
      return VIRTIO_GPU_RESP_OK_NODATA;
   /* A wait may be answered although no word has changed; the client then checks and waits again.
    * So if the limit is reached, answer the oldest wait of this client to make room for the new
    * one. */
   bool full = dev->wait_count >= dev->options.limits.waits;
   if (full && tongs_list_is_empty(&ctx->waits))
      return VIRTIO_GPU_RESP_OK_NODATA;
   if (full || ctx->wait_count == RDR_VIRTIO_STREAM_WAITS_MAX)
      rdr_virtio_wake_first(dev, ctx);
   tongs_list_append(&ctx->waits, &call->request->link);
   ctx->wait_count++;
   dev->wait_count++;
   return 0;
}

/* Wakes a worker that sleeps on a futex in the pages of a resource. This process has the same
 * memory mapped, so FUTEX_WAKE reaches every process that sleeps on that word of guest memory. Only
 * workers of this guest do so. */
static uint32_t
ring_worker(struct rdr_virtio_call *call, struct rdr_virtio_context *ctx,
            const struct tongs_virtgpu_command *command)
{
   struct rdr_virtio_resource *r = own_resource(call->dev, ctx, command->resource);
   uint64_t at = command->seen[0];

   for (uint32_t i = 0; r && at % sizeof(uint32_t) == 0 && i < r->range_count; i++) {
      if (at >= r->ranges[i].size) {
         at -= r->ranges[i].size;
         continue;
      }
      uint32_t *word = rdr_guest_memory_at(call->dev->options.memory, r->ranges[i].address + at,
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
   struct rdr_virtio_context *ctx = rdr_virtio_find_context(call->dev, call->header.ctx_id);
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
      return open_stream(call, ctx, &command);
   case TONGS_VIRTGPU_SEND:
      return send_to_worker(call, ctx, &command, call->data + sizeof(*c) + sizeof(command),
                            size - sizeof(command));
   case TONGS_VIRTGPU_WAIT:
      return wait_for_stream(call, ctx, &command);
   case TONGS_VIRTGPU_RING:
      return ring_worker(call, ctx, &command);
   case TONGS_VIRTGPU_WAKE:
      rdr_virtio_wake_all(call->dev, ctx);
      return VIRTIO_GPU_RESP_OK_NODATA;
   case TONGS_VIRTGPU_CLOSE:
      rdr_virtio_close_stream(call->dev, ctx, RDR_VIRTIO_WORKER_END_MS);
      return VIRTIO_GPU_RESP_OK_NODATA;
   default:
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
   }
}
