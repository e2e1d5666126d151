/* SPDX-License-Identifier: MIT */

/* The state of the device, shared by device.c, resource.c, context.c and submit.c. No other file
 * includes this header. */

#ifndef RDR_VIRTIO_STATE_H
#define RDR_VIRTIO_STATE_H

#include "renderer/virtio/device.h"

#define RDR_VIRTIO_BUCKETS 1024u
/* How long a worker may run after its client is gone, before it is killed. */
#define RDR_VIRTIO_WORKER_END_MS 2000

/* Pages of a resource that a worker may have mapped. The worker has the write end of a pipe and
 * closes it when it has unmapped the pages. */
struct rdr_virtio_lease {
   struct tongs_list link; /* in rdr_virtio_resource.leases */
   uint32_t context;       /* 0: the context is gone */
   uint64_t table_size;    /* bytes of the table that describes the pages */
   int fd;                 /* the read end; owned */
};

struct rdr_virtio_resource {
   struct tongs_list link; /* in rdr_virtio_device.resources */
   uint32_t id;
   struct rdr_guest_range *ranges; /* owned; guest memory */
   uint32_t range_count;
   struct tongs_list leases; /* of struct rdr_virtio_lease.link; owned */

   /* Host memory, which a resource has instead of ranges. */
   int file;       /* owned; -1: the resource has no host memory */
   uint32_t owner; /* the context that made it; 0: the context is gone */
   uint64_t size;
   uint64_t mapped_at; /* offset in the host window */
   bool mapped;

   /* The command by which the guest takes the pages back, which is answered when no lease is left.
    * Owned; NULL: there is none. */
   struct rdr_virtio_request *detaching;
   bool unref;       /* destroy the resource when `detaching` is answered */
   int64_t deadline; /* when the workers that hold a lease are killed; 0: never */
};

struct rdr_virtio_attachment {
   struct tongs_list link; /* in rdr_virtio_context.attachments */
   uint32_t resource;
};

/* A client in the guest: the guest's kernel makes a context when the client opens the device. */
struct rdr_virtio_context {
   struct tongs_list link; /* in rdr_virtio_device.contexts */
   uint32_t id;
   char name[64];                    /* for the log */
   struct tongs_list attachments;    /* of struct rdr_virtio_attachment.link; owned */
   struct rdr_virtio_stream *stream; /* owned; NULL until the client opens it */
   pid_t worker;                     /* 0: there is none */
   struct tongs_list waits;          /* of struct rdr_virtio_request.link; oldest first; owned */
   unsigned wait_count;
   uint32_t attachment_count;
   uint32_t lease_count;
   uint32_t host_count; /* resources of host memory */
   uint64_t table_size; /* of all leases */
   int64_t refused_at;  /* when a refusal was last logged */
};

struct rdr_virtio_worker {
   pid_t pid;        /* 0: a free slot */
   uint32_t context; /* 0: the context is gone */
   int64_t started;
   int64_t deadline; /* when the worker is killed; 0: never */
};

struct rdr_virtio_device {
   struct rdr_virtio_device_options options;
   uint64_t features;
   struct tongs_list resources[RDR_VIRTIO_BUCKETS]; /* of struct rdr_virtio_resource.link; owned */
   uint32_t resource_count;
   uint64_t range_count; /* of all resources together */
   uint32_t lease_count;
   uint32_t host_count;
   uint64_t host_size;
   uint32_t mapped_count;
   struct tongs_list contexts; /* of struct rdr_virtio_context.link; owned */
   uint32_t context_count;
   struct rdr_virtio_worker *workers; /* options.max_workers slots; owned */
   unsigned worker_count;
   unsigned detaching_count;
   unsigned wait_count;
   bool gone; /* the monitor or the guest is gone: the host window needs no unmapping */
   bool paused;
   int64_t paused_at;
   int64_t refusals_since;
   unsigned refusals;
   unsigned refusals_left_out;
};

/* A command that is being carried out. A handler returns the type of the answer; 0 if it has
 * answered already or has taken over the request. */
struct rdr_virtio_call {
   struct rdr_virtio_device *dev;
   struct rdr_virtio_request *request;
   struct virtio_gpu_ctrl_hdr header;
   const uint8_t *data;
   size_t size;
};

/* Sends an answer, whose first member is a header that this function fills, and frees the request.
 */
void
rdr_virtio_answer(struct rdr_virtio_device *dev, struct rdr_virtio_request *request, uint32_t type,
                  void *data, size_t size);

/* Sends an answer that is only a header, and frees the request. */
void
rdr_virtio_answer_type(struct rdr_virtio_device *dev, struct rdr_virtio_request *request,
                       uint32_t type);

/* NULL if there is none. */
struct rdr_virtio_resource *
rdr_virtio_find_resource(struct rdr_virtio_device *dev, uint32_t id);

/* NULL if there is none. */
struct rdr_virtio_context *
rdr_virtio_find_context(struct rdr_virtio_device *dev, uint32_t id);

/* --- context.c --- */

/* Whether the resource is attached to the context. */
bool
rdr_virtio_is_attached(const struct rdr_virtio_context *ctx, uint32_t resource);

/* Whether a refusal of the context may be logged. Refusals are rate-limited, because a client can
 * cause any number of them. Counts the refusals that are not logged. */
bool
rdr_virtio_may_log_refusal(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx);

/* Whether a context may use `count` more descriptors: then it would still use no more descriptors
 * than remain free. So if n contexts take as many as they can, 1/(n + 1) of all descriptors remains
 * for the next context. */
bool
rdr_virtio_has_descriptors(const struct rdr_virtio_device *dev,
                           const struct rdr_virtio_context *ctx, unsigned count);

/* As rdr_virtio_has_descriptors(), and logs a refusal. */
bool
rdr_virtio_take_descriptors(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx,
                            unsigned count);

/* Answers the context's oldest wait. There must be one. */
void
rdr_virtio_wake_first(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx);

void
rdr_virtio_wake_all(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx);

/* Starts a worker for the context. *fd receives its non-blocking socket, which the caller owns.
 * False if a quota is used up or the worker cannot be started, which is logged. */
bool
rdr_virtio_start_worker(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx, int *fd);

/* Separates the context from its worker. The worker finds its socket closed; it is killed unless it
 * ends within `patience` ms. */
void
rdr_virtio_release_worker(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx,
                          int64_t patience);

/* Moves the bytes of the context's stream, and answers the waits for which a word has changed. */
void
rdr_virtio_pump(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx);

/* Closes the context's stream. The worker is killed unless it ends within `patience` ms. */
void
rdr_virtio_close_stream(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx,
                        int64_t patience);

/* Detaches a resource from the context, if it is attached. */
void
rdr_virtio_detach(struct rdr_virtio_context *ctx, uint32_t resource);

void
rdr_virtio_destroy_context(struct rdr_virtio_device *dev, struct rdr_virtio_context *ctx);

uint32_t
rdr_virtio_do_context_create(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_context_destroy(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_context_attach(struct rdr_virtio_call *call);

uint32_t
rdr_virtio_do_context_detach(struct rdr_virtio_call *call);

/* --- submit.c --- */

uint32_t
rdr_virtio_do_submit(struct rdr_virtio_call *call);

/* --- resource.c --- */

/* Drops the leases of a resource whose workers have closed their ends: those of one context, or of
 * all contexts if `context` is NULL. The device polls leases only while the guest takes their pages
 * back; at other times it calls this function when a context has too many. */
void
rdr_virtio_drop_ended_leases(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r,
                             const uint32_t *context);

/* Drops the ended leases of one context on all resources. Skips resources that the guest takes
 * back, because their leases are polled. `context` 0: the leases of contexts that are gone. */
void
rdr_virtio_drop_context_leases(struct rdr_virtio_device *dev, uint32_t context);

/* Clears the owner of the leases and resources of a destroyed context, because the guest may reuse
 * its id for another context. */
void
rdr_virtio_disown(struct rdr_virtio_device *dev, uint32_t context);

void
rdr_virtio_destroy_resource(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r);

/* If the guest takes the resource's pages back and no worker uses them any more, answers the
 * guest's command. This may destroy the resource. */
void
rdr_virtio_finish_detaching(struct rdr_virtio_device *dev, struct rdr_virtio_resource *r);

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
