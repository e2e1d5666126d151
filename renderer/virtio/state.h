/* SPDX-License-Identifier: MIT */

/* What the files of the control queue's commands share: virtio_gpu.c (the device), gpu_resource.c
 * (resources, the window, leases) and gpu_context.c (contexts, their workers and links). Nobody
 * else includes it. */

#ifndef RDR_VIRTIO_STATE_H
#define RDR_VIRTIO_STATE_H

#include "renderer/virtio/device.h"

#define RDR_VIRTIO_BUCKETS 1024u
/* What a worker has to end in when its guest is gone, before it is killed. */
#define RDR_VIRTIO_WORKER_END_MS 2000

/* Pages that a worker may have mapped. */
struct rdr_virtio_lease {
   struct rdr_virtio_lease *next;
   uint32_t context;    /* 0: that is gone */
   uint64_t table_size; /* of the table that goes with it */
   int fd;              /* the read end: it hangs up when the worker has let go */
};

struct rdr_virtio_resource {
   struct rdr_virtio_resource *next;
   uint32_t id;
   struct rdr_guest_range *ranges; /* owned */
   uint32_t range_count;
   struct rdr_virtio_lease *leases;

   /* Host memory, which has no ranges. */
   int file;       /* -1: it is none */
   uint32_t owner; /* the context that made it; 0: that is gone */
   uint64_t size;
   uint64_t mapped_at; /* in the window */
   bool mapped;

   /* The guest takes the pages back: its command is answered when there is no lease any more. */
   struct rdr_virtio_request *detaching;
   bool unref;
   int64_t deadline;
};

struct rdr_virtio_attachment {
   struct rdr_virtio_attachment *next;
   uint32_t resource;
};

struct rdr_virtio_context {
   struct rdr_virtio_context *next;
   uint32_t id;
   char name[64];
   struct rdr_virtio_attachment *attachments;
   struct rdr_link *link; /* NULL until it is opened */
   pid_t worker;
   struct rdr_virtio_request *waits; /* oldest first */
   unsigned wait_count;
   uint32_t attachment_count;
   uint32_t lease_count;
   uint32_t host_count; /* resources of host memory */
   uint64_t table_size; /* of all leases */
   int64_t refused_at;  /* when the log told of it last */
};

struct rdr_virtio_worker {
   pid_t pid;        /* 0: a free slot */
   uint32_t context; /* 0: that is gone */
   int64_t started;
   int64_t deadline; /* to be killed then; 0: it may go on */
};

struct rdr_virtio {
   struct rdr_virtio_options options;
   uint64_t features;
   struct rdr_virtio_resource *resources[RDR_VIRTIO_BUCKETS];
   uint32_t resource_count;
   uint64_t range_count;
   uint32_t lease_count;
   uint32_t host_count;
   uint64_t host_size; /* of all host memory */
   uint32_t mapped_count;
   struct rdr_virtio_context *contexts;
   uint32_t context_count;
   struct rdr_virtio_worker *workers;
   unsigned worker_count;
   unsigned detaching_count;
   unsigned wait_count; /* of all contexts */
   bool gone; /* the monitor, or what the guest was: there is nobody to be told anything */
   bool paused;
   int64_t paused_at;
   int64_t refusals_since;
   unsigned refusals;
   unsigned refusals_left_out;
};

/* A command that is being carried out. Handlers return the answer's type, or 0 if they have taken
 * the request. */
struct rdr_virtio_call {
   struct rdr_virtio *gpu;
   struct rdr_virtio_request *request;
   struct virtio_gpu_ctrl_hdr header;
   const uint8_t *data;
   size_t size;
};

/* Sends an answer that begins with a header, and frees the request. */
void
rdr_virtio_answer(struct rdr_virtio *gpu, struct rdr_virtio_request *request, uint32_t type,
                  void *data, size_t size);

/* An answer that is a header only. */
void
rdr_virtio_answer_type(struct rdr_virtio *gpu, struct rdr_virtio_request *request, uint32_t type);

/* Where it is linked; what that points to is NULL where there is none. */
struct rdr_virtio_resource **
rdr_virtio_find_resource(struct rdr_virtio *gpu, uint32_t id);

struct rdr_virtio_context **
rdr_virtio_find_context(struct rdr_virtio *gpu, uint32_t id);

/* Whether a context may have so many descriptors more; tells the log where not. */
bool
rdr_virtio_take_descriptors(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx, unsigned count);

/* Completes a context's oldest wait, of which there is one. */
void
rdr_virtio_wake_first(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx);

/* Moves a link's bytes, and completes the waits that have something to see. */
void
rdr_virtio_pump(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx);

/* The worker has `patience` milliseconds to end in. */
void
rdr_virtio_close_link(struct rdr_virtio *gpu, struct rdr_virtio_context *ctx, int64_t patience);

/* A resource is the context's no more. */
void
rdr_virtio_detach(struct rdr_virtio_context *ctx, uint32_t resource);

void
rdr_virtio_destroy_context(struct rdr_virtio *gpu, struct rdr_virtio_context **link);

uint32_t
rdr_virtio_do_context_create(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_context_destroy(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_context_attach(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_context_detach(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_submit(struct rdr_virtio_call *call);

/* Leases matter while the guest waits for their pages, or has too many: workers that let go are not
 * waited for otherwise. Of one context, or NULL: of all. */
void
rdr_virtio_drop_ended_leases(struct rdr_virtio *gpu, struct rdr_virtio_resource *r,
                             const uint32_t *context);

/* The same, of all resources but those that the guest takes back, whose leases are polled. Of one
 * context; 0: of those that are gone. */
void
rdr_virtio_drop_context_leases(struct rdr_virtio *gpu, uint32_t context);

/* What a context had is nobody's: the next one of its number has nothing to do with it. */
void
rdr_virtio_disown(struct rdr_virtio *gpu, uint32_t context);

void
rdr_virtio_destroy_resource(struct rdr_virtio *gpu, struct rdr_virtio_resource **link);

/* Ends what the guest has begun by taking pages back, when no worker has them any more. */
void
rdr_virtio_finish_detaching(struct rdr_virtio *gpu, struct rdr_virtio_resource **link);

uint32_t
rdr_virtio_do_create_2d(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_create_3d(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_create_blob(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_map_blob(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_unmap_blob(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_unref(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_attach_backing(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_detach_backing(struct rdr_virtio_call *call);

#endif
