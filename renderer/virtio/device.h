/* SPDX-License-Identifier: MIT */

/* The virtio-gpu device of one guest (virtio 1.2, 5.7), without Vulkan. Its parts:
 *
 *      guest kernel                                   monitor (QEMU, crosvm)
 *           │ control queue, in guest memory               │ vhost-user socket
 *   ┌───────┼──────────────────────────────────────────────┼──────────────────────────────────┐
 *   │       ▼                                              ▼           the device process     │
 *   │  virtio_queue.c    takes and returns elements   vhost_user.c   queues, guest memory,    │
 *   │       ▼                                              │         the host window's pages  │
 *   │  control_queue.c   copies commands, writes answers   ▼                                  │
 *   │       ▼                                         guest_memory.c  regions of guest memory │
 *   │  device.c          the table of commands; polling; deadlines                            │
 *   │   ├─ resource.c    resources: pages of the guest, or host memory; leases                │
 *   │   ├─ context.c     contexts, one for each client; their workers and quotas              │
 *   │   └─ submit.c      the commands of clients: open, send, wait, ring, wake, close         │
 *   │        ├─ stream.c       the bytes between a client and its worker                      │
 *   │        └─ guest_pages.c  pages of a resource as descriptors for the worker              │
 *   └────────────┼────────────────────────────────────────────────────────────────────────────┘
 *                │ socket pair: the stream's bytes, and descriptors of pages
 *                ▼
 *           worker, one for each context that has opened its stream
 *
 * vhost_serve.c is the loop of the device process and connects the two columns.
 *
 * This header is the device's interface to the loop. Commands come from the guest's kernel, and
 * parts of them from clients in the guest. The caller has copied a command to private memory; the
 * device checks it. One thread. */

#ifndef RDR_VIRTIO_DEVICE_H
#define RDR_VIRTIO_DEVICE_H

#include "protocol/tongs_list.h"
#include "renderer/limits.h"
#include "renderer/virtio/guest_memory.h"

#include <linux/virtio_gpu.h>
#include <poll.h>
#include <sys/types.h>

struct rdr_virtio_device;

/* How many ranges of guest memory an answer may be scattered over. */
#define RDR_VIRTIO_ANSWER_RANGES 4
/* The size of the largest command: a list of all pages of 1 GiB. */
#define RDR_VIRTIO_COMMAND_MAX ((size_t)16 << 20)

/* A command that is not answered yet. */
struct rdr_virtio_request {
   struct tongs_list link; /* in rdr_virtio_context.waits */
   struct virtio_gpu_ctrl_hdr header;
   uint16_t head; /* the element's index in the queue */
   uint16_t range_count;
   uint32_t generation; /* rdr_queue.generation when the command came */
   struct rdr_guest_range ranges[RDR_VIRTIO_ANSWER_RANGES];
   uint32_t seen[2]; /* TONGS_VIRTGPU_WAIT: tongs_virtgpu_command.seen */
};

/* The functions and limits that the device's owner provides. `owner` is passed to all functions. */
struct rdr_virtio_device_options {
   const struct rdr_guest_memory *memory;
   void *owner;

   /* Writes the answer to a command into guest memory. The caller keeps the request. */
   void (*answer)(void *owner, const struct rdr_virtio_request *request, const void *data,
                  size_t size);

   /* Starts a worker on `fd`, one end of a socket pair; the caller keeps `fd`. Returns the worker's
    * pid, or -1 with errno. */
   pid_t (*start_worker)(void *owner, int fd);

   void (*kill_worker)(void *owner, pid_t pid);

   /* If `hold`, stops a worker; when the function returns, no thread of it runs. Else resumes the
    * worker. */
   void (*hold_worker)(void *owner, pid_t pid, bool hold);

   unsigned max_workers;
   struct rdr_guest_limits limits;

   /* How many descriptors all contexts together may use in this process. One context may use at
    * most as many as remain free for the others. */
   unsigned max_descriptors;

   /* The host window. host_window_size() is 0 if the guest has none. map() makes the first `size`
    * bytes of `file` appear at `offset` of the window, and unmap() removes them; both return 0 or
    * -errno. */
   uint64_t (*host_window_size)(void *owner);
   int (*map)(void *owner, int file, uint64_t offset, uint64_t size);
   int (*unmap)(void *owner, uint64_t offset, uint64_t size);
};

/* NULL if memory is out. */
struct rdr_virtio_device *
rdr_virtio_device_create(const struct rdr_virtio_device_options *options);

/* Kills all workers. NULL is fine. */
void
rdr_virtio_device_destroy(struct rdr_virtio_device *dev);

/* Called when the guest is paused. Answers the commands that may be answered early, stops the
 * workers, and then does not access guest memory. The device polls nothing until it is resumed or
 * reset. */
void
rdr_virtio_device_pause(struct rdr_virtio_device *dev);

/* Called after rdr_virtio_device_pause() when the guest resumes. */
void
rdr_virtio_device_resume(struct rdr_virtio_device *dev);

/* Called after rdr_virtio_device_pause() when the guest has rebooted. Kills all workers and removes
 * all contexts and resources. Answers no command, and unmaps nothing, because the monitor has
 * emptied the host window. */
void
rdr_virtio_device_reset(struct rdr_virtio_device *dev);

/* Stores the virtio features that the guest has acknowledged. The contents of the capset depend on
 * them. */
void
rdr_virtio_device_set_features(struct rdr_virtio_device *dev, uint64_t features);

/* Carries out one command of `size` bytes, which are private to this process (R1). Takes over the
 * request and frees it with free(3). */
void
rdr_virtio_device_execute(struct rdr_virtio_device *dev, struct rdr_virtio_request *request,
                          const void *command, size_t size);

/* How many entries rdr_virtio_device_poll_fill() writes. */
unsigned
rdr_virtio_device_poll_count(const struct rdr_virtio_device *dev);

void
rdr_virtio_device_poll_fill(const struct rdr_virtio_device *dev, struct pollfd *polls);

/* Handles the events of the entries that rdr_virtio_device_poll_fill() wrote. */
void
rdr_virtio_device_poll_done(struct rdr_virtio_device *dev, const struct pollfd *polls,
                            unsigned count);

/* Handles the end of a child; `status` is that of waitpid(2). False if the child is not a worker of
 * the device. */
bool
rdr_virtio_device_reap(struct rdr_virtio_device *dev, pid_t pid, int status);

/* Kills workers whose deadline has passed. Returns the number of milliseconds after which the
 * function must be called again; -1: it need not be called. */
int
rdr_virtio_device_tick(struct rdr_virtio_device *dev);

unsigned
rdr_virtio_device_worker_count(const struct rdr_virtio_device *dev);

#endif
