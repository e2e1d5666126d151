/* SPDX-License-Identifier: MIT */

/* The interface between the Tongs driver in a guest and our virtio-gpu device on the host
 * (docs/virtual-machines.md).
 *
 * Each virtio-gpu context carries one *virtio stream*, which does what a unix socket does
 * elsewhere: bytes in both directions, and memory on the way to the worker. The driver sends bytes
 * to the worker in EXECBUFFER commands. The device writes the worker's bytes into the stream's
 * pages, which belong to a resource that the driver has made. A driver that waits sends a WAIT
 * command, whose fence is signalled when a word in the pages may have changed. The fence is only a
 * wake-up: the driver reads the words to learn what has changed.
 *
 * All integers are little-endian. */

#ifndef TONGS_VIRTGPU_H
#define TONGS_VIRTGPU_H

#include <stdint.h>

/* Below 32, because the guest's kernel computes `1 << id` in 32 bits. The numbers below are taken
 * by other capsets. */
#define TONGS_VIRTGPU_CAPSET 21
#define TONGS_VIRTGPU_MAGIC UINT32_C(0x55474e54) /* "TNGU" */

/* The capset. */
struct tongs_virtgpu_caps {
   uint32_t magic;
   uint32_t version;  /* TONGS_VIRTGPU_VERSION */
   uint32_t credit;   /* how many sent bytes the worker may not have received yet */
   uint32_t features; /* TONGS_VIRTGPU_FEATURE_* */
   uint32_t tier;     /* 'A', 'B' or 'C': what the monitor supports (docs/virtual-machines.md) */
   uint32_t reserved[3];
};

#define TONGS_VIRTGPU_VERSION 1
#define TONGS_VIRTGPU_CREDIT (256u * 1024)

/* --- The stream's pages --- */

/* The first page holds the words below, the other pages hold the bytes that the worker has sent.
 * TONGS_VIRTGPU_DATA is a power of two. `produced`, `taken` and `consumed` count all bytes of the
 * stream, modulo 2^32. */
#define TONGS_VIRTGPU_PAGE 4096u
#define TONGS_VIRTGPU_DATA (16u * TONGS_VIRTGPU_PAGE)
#define TONGS_VIRTGPU_STREAM_SIZE (TONGS_VIRTGPU_PAGE + TONGS_VIRTGPU_DATA)

struct tongs_virtgpu_stream {
   /* Written by the device. */
   uint32_t state;    /* TONGS_VIRTGPU_STREAM_* */
   uint32_t produced; /* bytes that the device has written into the pages */
   uint32_t taken;    /* bytes that the worker has received */
   uint32_t full;     /* 1: the pages are full; send an empty SEND once there is room */
   uint32_t pad[12];

   /* Written by the driver. */
   uint32_t consumed; /* bytes that the driver has read from the pages */
};

enum {
   TONGS_VIRTGPU_STREAM_NEW,
   TONGS_VIRTGPU_STREAM_OPEN,
   TONGS_VIRTGPU_STREAM_CLOSED, /* the worker is gone; the bytes that it has sent are in the pages
                                 */
};

/* --- Commands --- */

struct tongs_virtgpu_command {
   uint32_t op; /* TONGS_VIRTGPU_* */

   /* OPEN: the resource of the stream's pages. SEND: the resource whose pages are sent with the
    * first byte; 0: none. RING: the resource that holds the word. */
   uint32_t resource;

   /* WAIT: `produced` and `taken` as the driver has seen them. RING: seen[0] is the offset of the
    * word in the resource. */
   uint32_t seen[2];

   /* SEND: followed by the bytes, up to the end of the command. */
};

enum {
   TONGS_VIRTGPU_OPEN = 1, /* starts a worker */
   TONGS_VIRTGPU_SEND,     /* sends bytes; without bytes: tells of room in the pages */
   TONGS_VIRTGPU_WAIT,     /* signals its fence when `produced` or `taken` differs from `seen` */
   TONGS_VIRTGPU_RING,     /* wakes a worker that sleeps on a word in the pages of a resource */
   TONGS_VIRTGPU_WAKE,     /* signals the fences of all WAITs */
   TONGS_VIRTGPU_CLOSE,    /* ends the stream */
};

/* The largest size of a command. */
#define TONGS_VIRTGPU_COMMAND_MAX (64u * 1024)

/* --- Pages as file descriptors --- */

/* How the device sends the pages of a resource to a worker: first the descriptor of a sealed memfd
 * with the table below; then the lease, which the worker closes when it no longer uses the pages;
 * then the files that hold the pages. */
struct tongs_pages_run {
   uint32_t file; /* index of the file that holds the run */
   uint32_t reserved;
   uint64_t offset; /* in the file; offset and size are whole pages */
   uint64_t size;
};

struct tongs_pages_table {
   uint32_t magic;
   uint32_t file_count;
   uint64_t run_count;
   uint64_t size; /* of all runs together, whole pages */
   /* Followed by the runs. */
};

#define TONGS_PAGES_MAGIC UINT32_C(0x50474e54) /* "TNGP" */
#define TONGS_PAGES_FILES_MAX 8

#endif
