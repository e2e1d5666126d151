/* SPDX-License-Identifier: MIT */

/* A render node of a Tongs virtio-gpu device, and the guest kernel's ioctls for it: commands, and
 * memory that is shared with the worker. */

#ifndef ICD_VIRTGPU_KERNEL_H
#define ICD_VIRTGPU_KERNEL_H

#include "icd/transport/transport.h"
#include "protocol/tongs_list.h"
#include "tongs/virtgpu.h"

struct icd_virtgpu_node {
   int fd;            /* -1 in a child of fork() */
   bool has_timeline; /* own timeline: fences of other programs do not delay ours */
   bool has_blobs;
   bool has_host_window; /* heaps can be host memory, allocated when first touched */
   struct tongs_virtgpu_caps caps;
   struct tongs_list mappings; /* of struct mapping.link; protected by icd_forks_lock(); owned */
};

/* Opens the node, or the first one of a Tongs device if `path` is empty. Returns 0, or -errno:
 * -ENODEV if only other devices are there. */
int
icd_virtgpu_node_open(struct icd_virtgpu_node *node, const char *path);

void
icd_virtgpu_node_close(struct icd_virtgpu_node *node);

/* Gives up what a child of fork() has inherited. A mapping keeps the device file open, and so the
 * worker alive, as the descriptor does: empty pages of the child's own take the place of all
 * mappings. */
void
icd_virtgpu_node_leave(struct icd_virtgpu_node *node);

/* Initialises the context for Tongs, if kernel and device support that. The context then has a
 * timeline of its own. Returns 0 or -errno. */
int
icd_virtgpu_init_context(struct icd_virtgpu_node *node);

/* Sends a command and the `size` bytes that follow it in memory. `fence`: receives a descriptor
 * that becomes readable when the device has completed the command; may be NULL. Returns 0 or
 * -errno. */
int
icd_virtgpu_submit(const struct icd_virtgpu_node *node, const struct tongs_virtgpu_command *command,
                   size_t size, int *fence);

/* Allocates guest pages and maps them. False if memory is out or the kernel does not support the
 * size. */
bool
icd_virtgpu_create_pages(struct icd_virtgpu_node *node, uint64_t size,
                         struct icd_shared_memory *pages);

/* Allocates host memory and maps it. False if the host refuses. */
bool
icd_virtgpu_create_host_memory(struct icd_virtgpu_node *node, uint64_t size,
                               struct icd_shared_memory *memory);

/* *pages may be zeroed. `inherited`: in a child, the handles belong to the parent. */
void
icd_virtgpu_destroy_pages(struct icd_virtgpu_node *node, struct icd_shared_memory *pages,
                          bool inherited);

#endif
