/* SPDX-License-Identifier: MIT */

/* The format of vhost-user messages on the socket (QEMU's docs/interop/vhost-user.rst). Only
 * vhost_user.c includes this header. */

#ifndef RDR_VIRTIO_VHOST_PROTOCOL_H
#define RDR_VIRTIO_VHOST_PROTOCOL_H

#include "renderer/virtio/vhost_user.h"

#include <stdint.h>

/* Requests of the monitor. */
enum {
   GET_FEATURES = 1,
   SET_FEATURES = 2,
   SET_OWNER = 3,
   RESET_OWNER = 4,
   SET_MEM_TABLE = 5,
   SET_VRING_NUM = 8,
   SET_VRING_ADDR = 9,
   SET_VRING_BASE = 10,
   GET_VRING_BASE = 11,
   SET_VRING_KICK = 12,
   SET_VRING_CALL = 13,
   SET_VRING_ERR = 14,
   GET_PROTOCOL_FEATURES = 15,
   SET_PROTOCOL_FEATURES = 16,
   GET_QUEUE_NUM = 17,
   SET_VRING_ENABLE = 18,
   SET_BACKEND_REQ_FD = 21,
   GET_CONFIG = 24,
   SET_CONFIG = 25,
   GPU_SET_SOCKET = 33,
   RESET_DEVICE = 34,
   GET_MAX_MEM_SLOTS = 36,
   ADD_MEM_REG = 37,
   REM_MEM_REG = 38,
   SET_STATUS = 39,
   GET_STATUS = 40,
   GET_SHMEM_CONFIG = 44,
   REQUEST_COUNT,
};

/* Our requests to the monitor. */
enum {
   BACKEND_SHMEM_MAP = 9,
   BACKEND_SHMEM_UNMAP = 10,
};

#define FLAG_VERSION 1u
#define FLAG_VERSION_MASK 3u
#define FLAG_REPLY 4u
#define FLAG_NEED_REPLY 8u

#define F_PROTOCOL_FEATURES (UINT64_C(1) << 30)

#define PROTOCOL_MQ (UINT64_C(1) << 0)
#define PROTOCOL_REPLY_ACK (UINT64_C(1) << 3)
#define PROTOCOL_BACKEND_REQ (UINT64_C(1) << 5)
#define PROTOCOL_CONFIG (UINT64_C(1) << 9)
#define PROTOCOL_BACKEND_SEND_FD (UINT64_C(1) << 10)
#define PROTOCOL_RESET_DEVICE (UINT64_C(1) << 13)
#define PROTOCOL_MEM_SLOTS (UINT64_C(1) << 15)
#define PROTOCOL_STATUS (UINT64_C(1) << 16)
#define PROTOCOL_SHMEM (UINT64_C(1) << 22)
/* The features that a host window needs. */
#define PROTOCOL_HOST_WINDOW \
   (PROTOCOL_SHMEM | PROTOCOL_BACKEND_REQ | PROTOCOL_BACKEND_SEND_FD | PROTOCOL_REPLY_ACK)
#define PROTOCOL_FEATURES \
   (PROTOCOL_MQ | PROTOCOL_REPLY_ACK | PROTOCOL_BACKEND_REQ | PROTOCOL_CONFIG | \
    PROTOCOL_BACKEND_SEND_FD | PROTOCOL_RESET_DEVICE | PROTOCOL_MEM_SLOTS | PROTOCOL_STATUS | \
    PROTOCOL_SHMEM)

/* The parts of the number in SET_VRING_KICK, SET_VRING_CALL and SET_VRING_ERR. */
#define VRING_INDEX_MASK 0xffu
#define VRING_NO_FD 0x100u

#define TABLE_REGIONS_MAX 8

struct header {
   uint32_t request;
   uint32_t flags;
   uint32_t size;
};

struct region {
   uint64_t address;
   uint64_t size;
   uint64_t user;
   uint64_t file_offset;
};

struct table {
   uint32_t count;
   uint32_t padding;
   struct region regions[TABLE_REGIONS_MAX];
};

struct single_region {
   uint64_t padding;
   struct region region;
};

struct vring_state {
   uint32_t index;
   uint32_t value;
};

struct vring_address {
   uint32_t index;
   uint32_t flags;
   uint64_t desc;
   uint64_t used;
   uint64_t avail;
   uint64_t log;
};

struct config {
   uint32_t offset;
   uint32_t size;
   uint32_t flags;
   uint8_t bytes[RDR_VHOST_CONFIG_MAX];
};

#define SHMEM_REGIONS 256

struct shmem_config {
   uint32_t count; /* number of areas that are not empty */
   uint32_t padding;
   uint64_t sizes[SHMEM_REGIONS];
};

struct shmem_map {
   uint8_t region;
   uint8_t padding[7];
   uint64_t file_offset;
   uint64_t offset;
   uint64_t size;
   uint64_t flags; /* 1: writable */
};

#endif
