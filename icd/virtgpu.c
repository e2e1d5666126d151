/* SPDX-License-Identifier: MIT */
#include "icd/virtgpu.h"

#include "protocol/clock.h"
#include "protocol/socket.h"
#include "tongs/virtgpu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <virtgpu_drm.h>

/* Newer than libdrm 2.4.114. */
#ifndef DRM_IOCTL_VIRTGPU_CONTEXT_INIT
#define VIRTGPU_PARAM_CONTEXT_INIT 6
#define VIRTGPU_CONTEXT_PARAM_CAPSET_ID 1

struct drm_virtgpu_context_set_param {
   uint64_t param;
   uint64_t value;
};

struct drm_virtgpu_context_init {
   uint32_t num_params;
   uint32_t pad;
   uint64_t ctx_set_params;
};

#define DRM_IOCTL_VIRTGPU_CONTEXT_INIT \
   DRM_IOWR(DRM_COMMAND_BASE + 0x0b, struct drm_virtgpu_context_init)
#endif
#ifndef DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB
#define VIRTGPU_PARAM_RESOURCE_BLOB 3
#define VIRTGPU_PARAM_HOST_VISIBLE 4
#define VIRTGPU_BLOB_MEM_GUEST 1
#define VIRTGPU_BLOB_MEM_HOST3D 2
#define VIRTGPU_BLOB_FLAG_USE_MAPPABLE 1

struct drm_virtgpu_resource_create_blob {
   uint32_t blob_mem;
   uint32_t blob_flags;
   uint32_t bo_handle;
   uint32_t res_handle;
   uint64_t size;
   uint32_t pad;
   uint32_t cmd_size;
   uint64_t cmd;
   uint64_t blob_id;
};

#define DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB \
   DRM_IOWR(DRM_COMMAND_BASE + 0x0a, struct drm_virtgpu_resource_create_blob)
#endif
#ifndef VIRTGPU_CONTEXT_PARAM_NUM_RINGS
#define VIRTGPU_CONTEXT_PARAM_NUM_RINGS 2
#endif
#ifndef VIRTGPU_EXECBUF_RING_IDX
#define VIRTGPU_EXECBUF_RING_IDX 4
#endif

/* With the members of Linux 5.16, whatever the header: the ioctl's number tells the kernel the
 * size. */
struct execbuffer {
   uint32_t flags;
   uint32_t size;
   uint64_t command;
   uint64_t bo_handles;
   uint32_t num_bo_handles;
   int32_t fence_fd;
   uint32_t ring_idx;
   uint32_t pad;
};

#define EXECBUFFER DRM_IOWR(DRM_COMMAND_BASE + DRM_VIRTGPU_EXECBUFFER, struct execbuffer)

/* What Linux numbers render nodes by. */
#define NODE_FIRST 128
#define NODE_COUNT 64

/* How many bytes one command brings at most. */
#define SEND_SIZE ((size_t)32 * 1024)

struct icd_virtgpu {
   int fd;
   bool has_timeline; /* of its own: fences of other programs do not complete ours */
   bool has_blobs;
   bool has_window; /* of host memory */
   struct tongs_virtgpu_caps caps;
   struct icd_virtgpu_pages pages; /* the link's */
   struct tongs_virtgpu_link *link;
   uint8_t *data;
   uint32_t sent;                    /* bytes, for the one who sends */
   uint32_t consumed;                /* bytes, for the one who receives */
   struct icd_virtgpu_pages channel; /* .data NULL: there is none yet */
};

/* --- The kernel --- */

static int
control(int fd, unsigned long request, void *argument)
{
   int result;

   do {
      result = ioctl(fd, request, argument);
   } while (result < 0 && (errno == EINTR || errno == EAGAIN));
   return result < 0 ? -errno : 0;
}

/* Sends a command, with `size` bytes behind it if they lie there. `fence`: NULL, or receives a
 * descriptor that is readable when the device has completed it. */
static int
submit(const struct icd_virtgpu *v, const struct tongs_virtgpu_command *command, size_t size,
       int *fence)
{
   struct execbuffer execbuffer = {
      .flags = (fence ? VIRTGPU_EXECBUF_FENCE_FD_OUT : 0) |
               (v->has_timeline ? VIRTGPU_EXECBUF_RING_IDX : 0),
      .size = (uint32_t)(sizeof(*command) + size),
      .command = (uintptr_t)command,
      .fence_fd = -1,
   };

   int error = control(v->fd, EXECBUFFER, &execbuffer);
   if (!error && fence)
      *fence = execbuffer.fence_fd;
   return error;
}

static bool
get_caps(int fd, struct tongs_virtgpu_caps *caps)
{
   *caps = (struct tongs_virtgpu_caps){0};
   struct drm_virtgpu_get_caps get = {
      .cap_set_id = TONGS_VIRTGPU_CAPSET,
      .cap_set_ver = TONGS_VIRTGPU_VERSION,
      .addr = (uintptr_t)caps,
      .size = sizeof(*caps),
   };

   return control(fd, DRM_IOCTL_VIRTGPU_GET_CAPS, &get) == 0 &&
          caps->magic == TONGS_VIRTGPU_MAGIC && caps->version >= TONGS_VIRTGPU_VERSION;
}

/* Opens a node if a device of ours is behind it; -1 or -errno. */
static int
open_node(const char *path, struct tongs_virtgpu_caps *caps)
{
   int fd = tongs_fd_above_stdio(open(path, O_RDWR | O_CLOEXEC));

   if (fd < 0)
      return -errno;
   if (get_caps(fd, caps))
      return fd;
   close(fd);
   return -ENODEV;
}

static int
open_any_node(struct tongs_virtgpu_caps *caps)
{
   int error = -ENOENT;
   char path[32];

   for (int i = 0; i < NODE_COUNT; i++) {
      snprintf(path, sizeof(path), "/dev/dri/renderD%d", NODE_FIRST + i);
      int fd = open_node(path, caps);
      if (fd >= 0)
         return fd;
      if (fd != -ENOENT)
         error = fd;
   }
   return error;
}

bool
icd_virtgpu_is_there(void)
{
   struct tongs_virtgpu_caps caps;
   int fd = open_any_node(&caps);

   if (fd >= 0)
      close(fd);
   return fd >= 0;
}

/* What the kernel says of itself and the device; 0 where it does not know the question. */
static int
get_parameter(const struct icd_virtgpu *v, uint64_t parameter)
{
   int value = 0;
   struct drm_virtgpu_getparam get = {.param = parameter, .value = (uintptr_t)&value};

   return control(v->fd, DRM_IOCTL_VIRTGPU_GETPARAM, &get) < 0 ? 0 : value;
}

/* Newer kernels and devices want to know what a context is for, and have a timeline of its own for
 * it then. */
static int
init_context(struct icd_virtgpu *v)
{
   struct drm_virtgpu_context_set_param params[] = {
      {.param = VIRTGPU_CONTEXT_PARAM_CAPSET_ID, .value = TONGS_VIRTGPU_CAPSET},
      {.param = VIRTGPU_CONTEXT_PARAM_NUM_RINGS, .value = 1},
   };
   struct drm_virtgpu_context_init init = {
      .num_params = sizeof(params) / sizeof(params[0]),
      .ctx_set_params = (uintptr_t)params,
   };

   v->has_blobs = get_parameter(v, VIRTGPU_PARAM_RESOURCE_BLOB);
   v->has_window =
      v->has_blobs && v->caps.tier == 'A' && get_parameter(v, VIRTGPU_PARAM_HOST_VISIBLE);
   if (!get_parameter(v, VIRTGPU_PARAM_CONTEXT_INIT))
      return 0;
   int error = control(v->fd, DRM_IOCTL_VIRTGPU_CONTEXT_INIT, &init);
   v->has_timeline = !error;
   return error;
}

/* --- Memory --- */

/* A resource of the older kind: a buffer of bytes, as virgl names it. */
static bool
create_classic(const struct icd_virtgpu *v, struct icd_virtgpu_pages *pages)
{
   struct drm_virtgpu_resource_create create = {
      .format = 64,
      .bind = 16,
      .width = (uint32_t)pages->size,
      .height = 1,
      .depth = 1,
      .array_size = 1,
      .size = (uint32_t)pages->size,
   };

   if (pages->size > UINT32_MAX || control(v->fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, &create) < 0)
      return false;
   pages->handle = create.bo_handle;
   pages->resource = create.res_handle;
   return true;
}

static bool
create_blob(const struct icd_virtgpu *v, uint32_t memory, struct icd_virtgpu_pages *pages)
{
   struct drm_virtgpu_resource_create_blob create = {
      .blob_mem = memory,
      .blob_flags = VIRTGPU_BLOB_FLAG_USE_MAPPABLE,
      .size = pages->size,
   };

   if (control(v->fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB, &create) < 0)
      return false;
   pages->handle = create.bo_handle;
   pages->resource = create.res_handle;
   return true;
}

static struct icd_virtgpu_pages
pages_of(uint64_t size)
{
   size = (size + TONGS_VIRTGPU_PAGE - 1) / TONGS_VIRTGPU_PAGE * TONGS_VIRTGPU_PAGE;
   return (struct icd_virtgpu_pages){.size = size};
}

/* The pages are destroyed when that fails. */
static bool
map_pages(struct icd_virtgpu *v, struct icd_virtgpu_pages *pages)
{
   struct drm_virtgpu_map map = {.handle = pages->handle};
   void *data = MAP_FAILED;

   if (control(v->fd, DRM_IOCTL_VIRTGPU_MAP, &map) == 0)
      data = mmap(NULL, pages->size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, (off_t)map.offset);
   if (data == MAP_FAILED) {
      icd_virtgpu_pages_destroy(v, pages);
      return false;
   }
   pages->data = data;
   return true;
}

bool
icd_virtgpu_pages_create(struct icd_virtgpu *v, uint64_t size, struct icd_virtgpu_pages *pages)
{
   *pages = pages_of(size);
   return (v->has_blobs ? create_blob(v, VIRTGPU_BLOB_MEM_GUEST, pages)
                        : create_classic(v, pages)) &&
          map_pages(v, pages);
}

bool
icd_virtgpu_heap_create(struct icd_virtgpu *v, uint64_t size, struct icd_virtgpu_pages *pages)
{
   /* That the host refused it shows in the mapping. */
   *pages = pages_of(size);
   if (v->has_window && create_blob(v, VIRTGPU_BLOB_MEM_HOST3D, pages) && map_pages(v, pages))
      return true;
   return icd_virtgpu_pages_create(v, size, pages);
}

bool
icd_virtgpu_has_window(const struct icd_virtgpu *v)
{
   return v->has_window;
}

void
icd_virtgpu_pages_destroy(struct icd_virtgpu *v, struct icd_virtgpu_pages *pages)
{
   struct drm_gem_close close_handle = {.handle = pages->handle};

   if (pages->data)
      munmap(pages->data, pages->size);
   if (pages->handle)
      control(v->fd, DRM_IOCTL_GEM_CLOSE, &close_handle);
   *pages = (struct icd_virtgpu_pages){0};
}

/* --- Life --- */

static bool
open_link(struct icd_virtgpu *v, char *why, size_t why_size)
{
   struct tongs_virtgpu_command open = {.op = TONGS_VIRTGPU_OPEN};
   int fence = -1;

   int error = init_context(v);
   if (error) {
      snprintf(why, why_size, "the kernel gives no context for virtio-gpu: %s", strerror(-error));
      return false;
   }
   if (!icd_virtgpu_pages_create(v, TONGS_VIRTGPU_LINK_SIZE, &v->pages)) {
      snprintf(why, why_size, "the kernel gives no memory for virtio-gpu: %s", strerror(errno));
      return false;
   }
   v->link = v->pages.data;
   v->data = (uint8_t *)v->pages.data + TONGS_VIRTGPU_PAGE;
   open.resource = v->pages.resource;
   error = submit(v, &open, 0, &fence);
   if (error) {
      snprintf(why, why_size, "virtio-gpu takes no command: %s", strerror(-error));
      return false;
   }
   struct pollfd p = {.fd = fence, .events = POLLIN};
   poll(&p, 1, 5000);
   close(fence);
   if (atomic_load((_Atomic uint32_t *)&v->link->state) != TONGS_VIRTGPU_LINK_NEW)
      return true;
   snprintf(why, why_size, "the host's device started no worker; its log says why");
   return false;
}

struct icd_virtgpu *
icd_virtgpu_open(const char *node, char *why, size_t why_size)
{
   struct icd_virtgpu *v = calloc(1, sizeof(*v));

   if (!v) {
      snprintf(why, why_size, "out of memory");
      return NULL;
   }
   v->fd = *node ? open_node(node, &v->caps) : open_any_node(&v->caps);
   if (v->fd < 0) {
      snprintf(why, why_size, "no virtio-gpu device of Tongs at %s: %s",
               *node ? node : "/dev/dri/renderD*",
               v->fd == -ENODEV ? "other devices are there" : strerror(-v->fd));
      free(v);
      return NULL;
   }
   if (open_link(v, why, why_size))
      return v;
   icd_virtgpu_close(v, true);
   return NULL;
}

void
icd_virtgpu_close(struct icd_virtgpu *v, bool ours)
{
   if (!v)
      return;
   /* A child's copies of the handles are its parent's. */
   if (ours)
      icd_virtgpu_pages_destroy(v, &v->pages);
   else if (v->pages.data)
      munmap(v->pages.data, v->pages.size);
   close(v->fd);
   free(v);
}

int
icd_virtgpu_fd(const struct icd_virtgpu *v)
{
   return v->fd;
}

char
icd_virtgpu_tier(const struct icd_virtgpu *v)
{
   return (char)v->caps.tier;
}

void
icd_virtgpu_shutdown(struct icd_virtgpu *v)
{
   submit(v, &(struct tongs_virtgpu_command){.op = TONGS_VIRTGPU_CLOSE}, 0, NULL);
}

/* --- Waiting --- */

/* A word of the device's; with its releasing stores. */
static uint32_t
load(const uint32_t *word)
{
   return atomic_load_explicit((const _Atomic uint32_t *)word, memory_order_acquire);
}

bool
icd_virtgpu_has_hung_up(const struct icd_virtgpu *v)
{
   return load(&v->link->state) != TONGS_VIRTGPU_LINK_OPEN;
}

/* Sleeps until the device's words are others than `seen`. */
static void
wait_beyond(struct icd_virtgpu *v, const uint32_t seen[2], int64_t timeout_ns)
{
   struct tongs_virtgpu_command wait = {.op = TONGS_VIRTGPU_WAIT, .seen = {seen[0], seen[1]}};
   struct timespec t = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
   int fence = -1;

   if (submit(v, &wait, 0, &fence) == 0) {
      struct pollfd p = {.fd = fence, .events = POLLIN};
      ppoll(&p, 1, timeout_ns < 0 ? NULL : &t, NULL);
      close(fence);
   } else { /* no memory for a fence, say: look again a little later */
      t = (struct timespec){.tv_nsec = 1000000};
      nanosleep(&t, NULL);
   }
}

static void
look(const struct icd_virtgpu *v, uint32_t seen[2])
{
   seen[0] = load(&v->link->produced);
   seen[1] = load(&v->link->taken);
}

void
icd_virtgpu_wait(struct icd_virtgpu *v, int timeout_ms)
{
   uint32_t seen[2];

   look(v, seen);
   if (seen[0] == v->consumed && v->sent - seen[1] >= v->caps.credit && !icd_virtgpu_has_hung_up(v))
      wait_beyond(v, seen, (int64_t)timeout_ms * 1000000);
}

/* --- Bytes --- */

/* Gives the device room for more, and tells it if it waits for that. */
static void
set_consumed(struct icd_virtgpu *v, uint32_t consumed)
{
   /* The device says that it is full, then looks at this word; we the other way round. */
   atomic_store_explicit((_Atomic uint32_t *)&v->link->consumed, consumed, memory_order_seq_cst);
   if (atomic_load_explicit((_Atomic uint32_t *)&v->link->full, memory_order_seq_cst))
      submit(v, &(struct tongs_virtgpu_command){.op = TONGS_VIRTGPU_SEND}, 0, NULL);
}

static ssize_t
take_bytes(struct icd_virtgpu *v, uint32_t produced, uint8_t *data, size_t size)
{
   uint32_t there = produced - v->consumed, at = v->consumed % TONGS_VIRTGPU_DATA;

   if (there > TONGS_VIRTGPU_DATA)
      return -EPROTO;
   if (size > there)
      size = there;
   size_t first = TONGS_VIRTGPU_DATA - at < size ? TONGS_VIRTGPU_DATA - at : size;
   memcpy(data, v->data + at, first);
   memcpy(data + first, v->data, size - first);
   v->consumed += (uint32_t)size;
   set_consumed(v, v->consumed);
   return (ssize_t)size;
}

bool
icd_virtgpu_has_bytes(struct icd_virtgpu *v, int timeout_ms)
{
   int64_t deadline = tongs_now_ms() + timeout_ms;

   for (;;) {
      bool ended = icd_virtgpu_has_hung_up(v);
      uint32_t seen[2];
      look(v, seen);
      if (ended || seen[0] != v->consumed)
         return true;
      int64_t left = timeout_ms < 0 ? -1 : deadline - tongs_now_ms();
      if (timeout_ms >= 0 && left <= 0)
         return false;
      wait_beyond(v, seen, left < 0 ? -1 : left * 1000000);
   }
}

ssize_t
icd_virtgpu_recv(struct icd_virtgpu *v, void *data, size_t size, int timeout_ms)
{
   if (!icd_virtgpu_has_bytes(v, timeout_ms))
      return 0;
   /* What the worker has said before its end is in the pages by then. */
   uint32_t produced = load(&v->link->produced);
   return produced == v->consumed ? -EPIPE : take_bytes(v, produced, data, size);
}

ssize_t
icd_virtgpu_send(struct icd_virtgpu *v, const void *data, size_t size,
                 const struct icd_virtgpu_pages *pages)
{
   struct {
      struct tongs_virtgpu_command command;
      uint8_t bytes[SEND_SIZE];
   } message;
   uint32_t on_way = v->sent - load(&v->link->taken);
   size_t room = on_way < v->caps.credit ? v->caps.credit - on_way : 0;

   if (icd_virtgpu_has_hung_up(v))
      return -EPIPE;
   if (size > room)
      size = room;
   if (size > SEND_SIZE)
      size = SEND_SIZE;
   if (!size)
      return 0;
   message.command = (struct tongs_virtgpu_command){
      .op = TONGS_VIRTGPU_SEND,
      .resource = pages ? pages->resource : 0,
   };
   memcpy(message.bytes, data, size);
   int error = submit(v, &message.command, size, NULL);
   if (error)
      return error;
   v->sent += (uint32_t)size;
   return (ssize_t)size;
}

/* --- Bells --- */

void
icd_virtgpu_use_channel(struct icd_virtgpu *v, const struct icd_virtgpu_pages *pages)
{
   v->channel = *pages;
}

void
icd_virtgpu_sleep(struct icd_virtgpu *v, _Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
   uint32_t seen[2];

   /* The worker changes the word, then rings: a ring that is not among these comes after them. */
   look(v, seen);
   set_consumed(v, seen[0]);
   if (atomic_load_explicit(word, memory_order_seq_cst) == value && !icd_virtgpu_has_hung_up(v))
      wait_beyond(v, seen, timeout_ns);
}

void
icd_virtgpu_ring(struct icd_virtgpu *v, _Atomic uint32_t *word)
{
   struct tongs_virtgpu_command ring = {
      .op = TONGS_VIRTGPU_RING,
      .resource = v->channel.resource,
      .seen = {(uint32_t)((uint8_t *)word - (uint8_t *)v->channel.data)},
   };

   submit(v, &ring, 0, NULL);
}

void
icd_virtgpu_wake(struct icd_virtgpu *v)
{
   submit(v, &(struct tongs_virtgpu_command){.op = TONGS_VIRTGPU_WAKE}, 0, NULL);
}
