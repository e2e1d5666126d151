/* SPDX-License-Identifier: MIT */

/* The control queue of our virtio-gpu device (virtio 1.2, 5.7): resources, contexts, and a link to
 * a worker for each context that opens one. It touches no Vulkan. What a command says comes from
 * the guest's kernel, and in part from its programs: it has been copied here, and is checked. One
 * thread. */

#ifndef RDR_VIRTIO_DEVICE_H
#define RDR_VIRTIO_DEVICE_H

#include "renderer/virtio/guest_memory.h"

#include <linux/virtio_gpu.h>
#include <poll.h>
#include <sys/types.h>

struct rdr_virtio;

/* How many ranges the answer of a command may be scattered over. */
#define RDR_VIRTIO_ANSWER_RANGES 4
/* The largest command: a list of all pages of 1 GiB. */
#define RDR_VIRTIO_COMMAND_MAX ((size_t)16 << 20)

/* Quotas of one virtual machine (R11). */
#define RDR_VIRTIO_RESOURCES_MAX 65536u
#define RDR_VIRTIO_CONTEXTS_MAX 1024u
/* Ranges of pages of all resources together. */
#define RDR_VIRTIO_RANGES_MAX (UINT64_C(1) << 23)
/* Resources of one context, and leases; a program has 4,096 heaps at most. */
#define RDR_VIRTIO_ATTACHMENTS_MAX 8192u
#define RDR_VIRTIO_LEASES_MAX 8192u
/* Bytes of tables of pages that one context's worker may not have read yet: those of 40 GiB of
 * single pages. */
#define RDR_VIRTIO_TABLES_MAX ((uint64_t)256 << 20)
/* Commands of all programs that wait for something to happen: each holds an entry of the control
 * queue, which may have 64. */
#define RDR_VIRTIO_WAITS_MAX 48u
/* Each is a region of the machine's memory, of which monitors have few. */
#define RDR_VIRTIO_MAPPED_MAX 192u

/* A command whose answer is due. */
struct rdr_virtio_request {
   struct rdr_virtio_request *next; /* in a list of whoever keeps it */
   struct virtio_gpu_ctrl_hdr header;
   uint16_t head;
   uint16_t range_count;
   uint32_t generation; /* of the queue */
   struct rdr_guest_range ranges[RDR_VIRTIO_ANSWER_RANGES];
   uint32_t seen[2]; /* of TONGS_VIRTGPU_WAIT */
};

struct rdr_virtio_options {
   const struct rdr_guest_memory *memory;

   /* Gives the guest the answer to a command. The request is freed by the caller. */
   void (*answer)(void *owner, const struct rdr_virtio_request *request, const void *data,
                  size_t size);
   void *owner;

   /* Starts a worker on the given end of a socket pair; -1 when there is none to be had. */
   pid_t (*start_worker)(void *owner, int fd);

   void (*kill_worker)(void *owner, pid_t pid);

   /* Keeps a worker from running, from the return on, or lets it go on. */
   void (*hold_worker)(void *owner, pid_t pid, bool hold);

   unsigned max_workers;

   /* How many descriptors the machine's programs may use up here. One of them has as many as are
    * left to the others at most. */
   unsigned max_descriptors;

   /* The window of host memory in the machine's address space: its size, 0 when there is none; what
    * makes `size` bytes of `file` appear there; what takes them away. The last two return 0 or
    * -errno. */
   uint64_t (*window)(void *owner);
   int (*map)(void *owner, int file, uint64_t offset, uint64_t size);
   int (*unmap)(void *owner, uint64_t offset, uint64_t size);
};

/* NULL when memory is out. */
struct rdr_virtio *
rdr_virtio_create(const struct rdr_virtio_options *options);

/* Kills all workers. NULL is fine. */
void
rdr_virtio_destroy(struct rdr_virtio *gpu);

/* The machine stands still: completes what may be completed early, holds the workers, and touches
 * nothing of the machine's any more; there is nothing to be polled. */
void
rdr_virtio_pause(struct rdr_virtio *gpu);

/* After rdr_virtio_pause: all goes on. */
void
rdr_virtio_resume(struct rdr_virtio *gpu);

/* After rdr_virtio_pause: the guest has begun anew. Kills all workers and forgets everything,
 * without a word to the guest; the monitor has emptied the window itself. */
void
rdr_virtio_reset(struct rdr_virtio *gpu);

/* What the guest has acknowledged: it decides what the capset says. */
void
rdr_virtio_set_features(struct rdr_virtio *gpu, uint64_t features);

/* Carries out one command of `size` bytes, which are private (R1). Takes the request, which came
 * from malloc. */
void
rdr_virtio_execute(struct rdr_virtio *gpu, struct rdr_virtio_request *request, const void *command,
                   size_t size);

/* How many descriptors are to be polled; rdr_virtio_poll_fill writes so many. */
unsigned
rdr_virtio_poll_count(const struct rdr_virtio *gpu);

void
rdr_virtio_poll_fill(const struct rdr_virtio *gpu, struct pollfd *polls);

/* After the poll of what rdr_virtio_poll_fill wrote. */
void
rdr_virtio_poll_done(struct rdr_virtio *gpu, const struct pollfd *polls, unsigned count);

/* A child has ended. False where it was none of ours. */
bool
rdr_virtio_reap(struct rdr_virtio *gpu, pid_t pid, int status);

/* Kills what was to end and has not. Returns the milliseconds until it wants to be called again,
 * -1: it does not. */
int
rdr_virtio_tick(struct rdr_virtio *gpu);

unsigned
rdr_virtio_worker_count(const struct rdr_virtio *gpu);

#endif
