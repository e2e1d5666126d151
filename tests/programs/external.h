/* SPDX-License-Identifier: MIT */
/* The halves of the checks of external.c: each runs in a process of its own. */
#ifndef PROG_EXTERNAL_H
#define PROG_EXTERNAL_H

#include "tests/programs/common.h"

struct message {
   int fd;      /* -1: none */
   int already; /* a sync fd that was -1 */
   uint64_t size;
   uint32_t type; /* of memory */
   uint8_t device[VK_UUID_SIZE];
   uint8_t driver[VK_UUID_SIZE];
};

/* The descriptor stays the caller's. */
enum prog_status
peer_send(struct prog *p, int peer, struct message message);

/* The descriptor is the caller's. */
enum prog_status
peer_receive(struct prog *p, int peer, struct message *message);

typedef enum prog_status
external_half(struct prog *p, int peer);

external_half memory_opaque_export, memory_opaque_import;
external_half memory_dma_buf_export, memory_dma_buf_import;
external_half image_opaque_export, image_opaque_import;
external_half semaphore_opaque_export, semaphore_opaque_import;
external_half semaphore_sync_export, semaphore_sync_import;
external_half fence_opaque_export, fence_opaque_import;
external_half fence_sync_export, fence_sync_import;

enum prog_status
bad_descriptors(struct prog *p);

enum prog_status
leak(struct prog *p);

#endif
