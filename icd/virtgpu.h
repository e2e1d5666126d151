/* SPDX-License-Identifier: MIT */

/* The guest's end of a link through a virtio-gpu device (tongs/virtgpu.h): what a socket is
 * elsewhere, and memory that is shared with the worker. Any thread. */

#ifndef ICD_VIRTGPU_H
#define ICD_VIRTGPU_H

#include "protocol/ring.h"

struct icd_virtgpu;

/* Memory that the worker can have too. */
struct icd_virtgpu_pages {
   void *data;
   uint64_t size;
   uint32_t handle;   /* the kernel's */
   uint32_t resource; /* the device's */
};

/* Whether a render node leads to a device of ours. */
bool
icd_virtgpu_is_there(void);

/* Opens the render node `node`, or for "" the first one that leads to a device of ours, and has a
 * worker started. NULL on failure, with a sentence in `why`. */
struct icd_virtgpu *
icd_virtgpu_open(const char *node, char *why, size_t why_size);

/* Ends the link. NULL is fine. `ours`: not in a child of fork(), which must not say anything. */
void
icd_virtgpu_close(struct icd_virtgpu *v, bool ours);

/* Ends the link and wakes all who wait. */
void
icd_virtgpu_shutdown(struct icd_virtgpu *v);

/* The file that stands for the link in this process. */
int
icd_virtgpu_fd(const struct icd_virtgpu *v);

/* The tier of the device: 'A', 'B', 'C' (docs/virtual-machines.md). */
char
icd_virtgpu_tier(const struct icd_virtgpu *v);

/* Receives what is there, waiting for it up to `timeout_ms` (negative: for ever). How many bytes, 0
 * when none came in time, -EPIPE at the end. One thread at a time. */
ssize_t
icd_virtgpu_recv(struct icd_virtgpu *v, void *data, size_t size, int timeout_ms);

/* Sends what fits now, with the first byte the pages (NULL: none). How many bytes; 0: none now;
 * -errno. One thread at a time. */
ssize_t
icd_virtgpu_send(struct icd_virtgpu *v, const void *data, size_t size,
                 const struct icd_virtgpu_pages *pages);

/* Waits until bytes have come or gone, or the link ends; may return earlier for no reason. */
void
icd_virtgpu_wait(struct icd_virtgpu *v, int timeout_ms);

/* Whether a receive would return, after waiting for that. */
bool
icd_virtgpu_has_bytes(struct icd_virtgpu *v, int timeout_ms);

bool
icd_virtgpu_has_hung_up(const struct icd_virtgpu *v);

/* Pages of the guest. False when there is no memory, or the size is beyond what the kernel takes.
 * The memory is zeroed. */
bool
icd_virtgpu_pages_create(struct icd_virtgpu *v, uint64_t size, struct icd_virtgpu_pages *pages);

/* As above, of the host's memory where that can be had. */
bool
icd_virtgpu_heap_create(struct icd_virtgpu *v, uint64_t size, struct icd_virtgpu_pages *pages);

/* Whether heaps are the host's memory, which is there when it is touched. */
bool
icd_virtgpu_has_window(const struct icd_virtgpu *v);

/* The worker must not use them any more. */
void
icd_virtgpu_pages_destroy(struct icd_virtgpu *v, struct icd_virtgpu_pages *pages);

/* --- Bells --- */

/* From here on bytes from the worker mean nothing but that it rings, as words of `pages` have
 * changed. */
void
icd_virtgpu_use_channel(struct icd_virtgpu *v, const struct icd_virtgpu_pages *pages);

/* As in struct tongs_bell. */
void
icd_virtgpu_sleep(struct icd_virtgpu *v, _Atomic uint32_t *word, uint32_t value,
                  int64_t timeout_ns);

void
icd_virtgpu_ring(struct icd_virtgpu *v, _Atomic uint32_t *word);

/* Wakes all threads of this process that sleep. */
void
icd_virtgpu_wake(struct icd_virtgpu *v);

#endif
