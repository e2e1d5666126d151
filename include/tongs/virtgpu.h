/* SPDX-License-Identifier: MIT */

/* What a guest's driver and our virtio-gpu device say to each other (docs/virtual-machines.md).
 *
 * A virtio-gpu context carries one *link*: what a unix socket is elsewhere, a stream of bytes each
 * way, of which those to the worker may carry memory. Bytes to the worker travel in the commands of
 * EXECBUFFER; bytes to the guest are put into the link's pages, those of a resource that the guest
 * has made. Whoever waits sends a command whose fence is completed when there is something to see:
 * fences are wake-ups, the truth is in the pages.
 *
 * Everything is little-endian, as the rest of the protocol. */

#ifndef TONGS_VIRTGPU_H
#define TONGS_VIRTGPU_H

#include <stdint.h>

/* The guest kernel computes `1 << id` in 32 bits, and the small numbers are taken. */
#define TONGS_VIRTGPU_CAPSET 21
#define TONGS_VIRTGPU_MAGIC UINT32_C(0x55474e54) /* "TNGU" */

/* The capset. */
struct tongs_virtgpu_caps {
   uint32_t magic;
   uint32_t version;  /* TONGS_VIRTGPU_VERSION */
   uint32_t credit;   /* how many bytes to the worker may be on their way */
   uint32_t features; /* TONGS_VIRTGPU_FEATURE_* */
   uint32_t tier;     /* 'A', 'B', 'C': what the monitor offers (docs/virtual-machines.md) */
   uint32_t reserved[3];
};

#define TONGS_VIRTGPU_VERSION 1
#define TONGS_VIRTGPU_CREDIT (256u * 1024)

/* --- The link's pages --- */

/* The bytes to the guest begin at the second page. Their number is a power of two, and the words
 * below count them on and on. */
#define TONGS_VIRTGPU_PAGE 4096u
#define TONGS_VIRTGPU_DATA (16u * TONGS_VIRTGPU_PAGE)
#define TONGS_VIRTGPU_LINK_SIZE (TONGS_VIRTGPU_PAGE + TONGS_VIRTGPU_DATA)

struct tongs_virtgpu_link {
   /* Written by the device. */
   uint32_t state;    /* TONGS_VIRTGPU_LINK_* */
   uint32_t produced; /* bytes put into the pages */
   uint32_t taken;    /* bytes that the worker has taken */
   uint32_t full;     /* the device waits for room: poke it when there is some */
   uint32_t pad[12];

   /* Written by the guest. */
   uint32_t consumed; /* bytes taken out of the pages */
};

enum {
   TONGS_VIRTGPU_LINK_NEW,
   TONGS_VIRTGPU_LINK_OPEN,
   TONGS_VIRTGPU_LINK_CLOSED, /* the worker is gone; what it has sent is in the pages */
};

/* --- Commands --- */

struct tongs_virtgpu_command {
   uint32_t op;       /* TONGS_VIRTGPU_* */
   uint32_t resource; /* OPEN: that of the link's pages. SEND: whose pages go with the first byte;
                         0: none. RING: the word's */
   uint32_t seen[2];  /* WAIT: `produced` and `taken` as the guest has seen them. RING: the word's
                         offset in the pages */
   /* SEND: the bytes, to the end of the command. */
};

enum {
   TONGS_VIRTGPU_OPEN = 1, /* starts a worker */
   TONGS_VIRTGPU_SEND,     /* without bytes: there is room in the pages again */
   TONGS_VIRTGPU_WAIT,     /* its fence is completed when a word of the device's is another one */
   TONGS_VIRTGPU_RING,     /* wakes a worker that sleeps on a word of a resource's pages */
   TONGS_VIRTGPU_WAKE,     /* completes all waits */
   TONGS_VIRTGPU_CLOSE,    /* ends the link */
};

/* A command is not larger. */
#define TONGS_VIRTGPU_COMMAND_MAX (64u * 1024)

/* --- Pages as file descriptors --- */

/* What a resource's pages become on their way to the worker: a sealed memfd that holds this table,
 * the lease, a descriptor to be closed when the pages are not used any more, and the files that
 * hold the pages. */
struct tongs_pages_run {
   uint32_t file; /* index */
   uint32_t reserved;
   uint64_t offset; /* whole pages all three */
   uint64_t size;
};

struct tongs_pages_table {
   uint32_t magic;
   uint32_t file_count;
   uint64_t run_count;
   uint64_t size; /* of all runs together */
   /* Followed by the runs. */
};

#define TONGS_PAGES_MAGIC UINT32_C(0x50474e54) /* "TNGP" */
#define TONGS_PAGES_FILES_MAX 8

#endif
