/* SPDX-License-Identifier: MIT */

/* The guest's end of a virtio stream (tongs/virtgpu.h): a transport through a Tongs virtio-gpu
 * device, and memory that is shared with the worker. */

#include "icd/transport/transport.h"

#include "protocol/clock.h"
#include "protocol/socket.h"
#include "protocol/url.h"
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

/* With the members of Linux 5.16, even if the header is older. Older kernels accept it, because the
 * ioctl's number contains the size. */
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

/* Linux numbers render nodes from 128 on. */
#define NODE_FIRST 128
#define NODE_COUNT 64

/* The largest number of bytes that one command carries. */
#define SEND_SIZE ((size_t)32 * 1024)

struct icd_virtgpu {
   struct icd_transport base;
   int fd;            /* of the render node */
   bool has_timeline; /* own timeline: fences of other programs do not delay ours */
   bool has_blobs;
   bool has_host_window;   /* heaps can be host memory, allocated when first touched */
   char name[32];          /* of the transport, with the device's tier */
   struct tongs_bell bell; /* of the channel */
   struct tongs_virtgpu_caps caps;
   struct icd_shared_memory pages; /* the virtio stream's */
   struct tongs_virtgpu_stream *words;
   uint8_t *data;
   uint32_t sent;                    /* bytes; for the sending thread */
   uint32_t consumed;                /* bytes; for the receiving thread */
   struct icd_shared_memory channel; /* a copy; .data NULL: there is none yet */
};

static struct icd_virtgpu *
virtgpu_from(struct icd_transport *t)
{
   return (struct icd_virtgpu *)t;
}

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

/* Sends a command and the `size` bytes that follow it in memory. `fence`: receives a descriptor
 * that becomes readable when the device has completed the command; may be NULL. */
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

/* Opens a render node if it belongs to a Tongs device. A file descriptor or -errno. */
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
icd_transport_finds_virtgpu(void)
{
   struct tongs_virtgpu_caps caps;
   int fd = open_any_node(&caps);

   if (fd >= 0)
      close(fd);
   return fd >= 0;
}

/* The value of a parameter of the kernel or the device; 0 if the kernel does not know it. */
static int
get_parameter(const struct icd_virtgpu *v, uint64_t parameter)
{
   int value = 0;
   struct drm_virtgpu_getparam get = {.param = parameter, .value = (uintptr_t)&value};

   return control(v->fd, DRM_IOCTL_VIRTGPU_GETPARAM, &get) < 0 ? 0 : value;
}

/* Initialises the context for Tongs, if kernel and device support that. The context then has a
 * timeline of its own. */
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
   v->has_host_window =
      v->has_blobs && v->caps.tier == 'A' && get_parameter(v, VIRTGPU_PARAM_HOST_VISIBLE);
   if (!get_parameter(v, VIRTGPU_PARAM_CONTEXT_INIT))
      return 0;
   int error = control(v->fd, DRM_IOCTL_VIRTGPU_CONTEXT_INIT, &init);
   v->has_timeline = !error;
   return error;
}

/* --- Memory --- */

/* Creates a resource by the older command: a byte buffer in virgl's terms. */
static bool
create_classic(const struct icd_virtgpu *v, struct icd_shared_memory *pages)
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
create_blob(const struct icd_virtgpu *v, uint32_t memory, struct icd_shared_memory *pages)
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

static struct icd_shared_memory
pages_of(uint64_t size)
{
   size = (size + TONGS_VIRTGPU_PAGE - 1) / TONGS_VIRTGPU_PAGE * TONGS_VIRTGPU_PAGE;
   return (struct icd_shared_memory){.size = size, .fd = -1};
}

static void
destroy_pages(struct icd_virtgpu *v, struct icd_shared_memory *pages, bool inherited)
{
   struct drm_gem_close close_handle = {.handle = pages->handle};

   if (pages->data)
      munmap(pages->data, pages->size);
   if (pages->handle && !inherited) /* in a child, the handles belong to the parent */
      control(v->fd, DRM_IOCTL_GEM_CLOSE, &close_handle);
   *pages = (struct icd_shared_memory){.fd = -1};
}

/* Maps the pages. Destroys them on failure. */
static bool
map_pages(struct icd_virtgpu *v, struct icd_shared_memory *pages)
{
   struct drm_virtgpu_map map = {.handle = pages->handle};
   void *data = MAP_FAILED;

   if (control(v->fd, DRM_IOCTL_VIRTGPU_MAP, &map) == 0)
      data = mmap(NULL, pages->size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, (off_t)map.offset);
   if (data == MAP_FAILED) {
      destroy_pages(v, pages, false);
      return false;
   }
   pages->data = data;
   return true;
}

/* Allocates guest pages. False if memory is out or the kernel does not support the size. */
static bool
create_pages(struct icd_virtgpu *v, uint64_t size, struct icd_shared_memory *pages)
{
   *pages = pages_of(size);
   return (v->has_blobs ? create_blob(v, VIRTGPU_BLOB_MEM_GUEST, pages)
                        : create_classic(v, pages)) &&
          map_pages(v, pages);
}

static int
virtgpu_create_memory(struct icd_transport *t, enum icd_memory_use use, uint64_t size,
                      struct icd_shared_memory *memory)
{
   struct icd_virtgpu *v = virtgpu_from(t);

   if (use == ICD_MEMORY_FOR_HEAP && v->has_host_window) {
      /* If the host refuses, the mapping fails. */
      *memory = pages_of(size);
      if (create_blob(v, VIRTGPU_BLOB_MEM_HOST3D, memory) && map_pages(v, memory))
         return 0;
   }
   if (create_pages(v, size, memory))
      return 0;
   *memory = (struct icd_shared_memory){.fd = -1};
   return -ENOMEM;
}

static void
virtgpu_destroy_memory(struct icd_transport *t, struct icd_shared_memory *memory, bool inherited)
{
   destroy_pages(virtgpu_from(t), memory, inherited);
}

/* --- Opening and closing --- */

static bool
open_stream(struct icd_virtgpu *v, char *why, size_t why_size)
{
   struct tongs_virtgpu_command open = {.op = TONGS_VIRTGPU_OPEN};
   int fence = -1;

   int error = init_context(v);
   if (error) {
      snprintf(why, why_size, "the kernel gives no context for virtio-gpu: %s", strerror(-error));
      return false;
   }
   if (!create_pages(v, TONGS_VIRTGPU_STREAM_SIZE, &v->pages)) {
      snprintf(why, why_size, "the kernel gives no memory for virtio-gpu: %s", strerror(errno));
      return false;
   }
   v->words = v->pages.data;
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
   if (atomic_load((_Atomic uint32_t *)&v->words->state) != TONGS_VIRTGPU_STREAM_NEW)
      return true;
   snprintf(why, why_size, "the host's device started no worker; its log says why");
   return false;
}

static void
virtgpu_close(struct icd_transport *t, bool inherited)
{
   struct icd_virtgpu *v = virtgpu_from(t);

   destroy_pages(v, &v->pages, inherited);
   close(v->fd);
   free(v);
}

static void
virtgpu_shutdown(struct icd_transport *t)
{
   submit(virtgpu_from(t), &(struct tongs_virtgpu_command){.op = TONGS_VIRTGPU_CLOSE}, 0, NULL);
}

/* --- Waiting --- */

/* Loads a word that the device writes. Acquire: pairs with the device's releasing stores. */
static uint32_t
load(const uint32_t *word)
{
   return atomic_load_explicit((const _Atomic uint32_t *)word, memory_order_acquire);
}

static bool
has_ended(const struct icd_virtgpu *v)
{
   return load(&v->words->state) != TONGS_VIRTGPU_STREAM_OPEN;
}

static bool
virtgpu_has_hung_up(struct icd_transport *t)
{
   return has_ended(virtgpu_from(t));
}

/* Sleeps until the device's words differ from `seen`. */
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
   } else { /* for example no memory for a fence: check again a little later */
      t = (struct timespec){.tv_nsec = 1000000};
      nanosleep(&t, NULL);
   }
}

static void
look(const struct icd_virtgpu *v, uint32_t seen[2])
{
   seen[0] = load(&v->words->produced);
   seen[1] = load(&v->words->taken);
}

static int
virtgpu_wait(struct icd_transport *t, unsigned events, int timeout_ms)
{
   struct icd_virtgpu *v = virtgpu_from(t);
   int64_t deadline = tongs_now_ms() + timeout_ms;

   for (;;) {
      bool ended = has_ended(v);
      uint32_t seen[2];
      unsigned ready = 0;
      look(v, seen);
      /* Each counter is one thread's: look only at that of the caller. */
      if (events & ICD_TRANSPORT_READABLE && (ended || seen[0] != v->consumed))
         ready |= ICD_TRANSPORT_READABLE;
      if (events & ICD_TRANSPORT_WRITABLE && (ended || v->sent - seen[1] < v->caps.credit))
         ready |= ICD_TRANSPORT_WRITABLE;
      if (ready)
         return (int)ready;
      int64_t left = timeout_ms < 0 ? -1 : deadline - tongs_now_ms();
      if (timeout_ms >= 0 && left <= 0)
         return 0;
      wait_beyond(v, seen, left < 0 ? -1 : left * 1000000);
   }
}

/* --- Bytes --- */

/* Stores how many bytes were read. If the device waits for room, tells it. */
static void
set_consumed(struct icd_virtgpu *v, uint32_t consumed)
{
   /* The device stores `full`, then loads `consumed`. We do the reverse, so one of the two sees the
    * other. */
   atomic_store_explicit((_Atomic uint32_t *)&v->words->consumed, consumed, memory_order_seq_cst);
   if (atomic_load_explicit((_Atomic uint32_t *)&v->words->full, memory_order_seq_cst))
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

static ssize_t
virtgpu_receive(struct icd_transport *t, void *data, size_t size, int timeout_ms)
{
   struct icd_virtgpu *v = virtgpu_from(t);

   if (!virtgpu_wait(t, ICD_TRANSPORT_READABLE, timeout_ms))
      return 0;
   /* The pages contain all bytes that the worker sent before it ended. */
   uint32_t produced = load(&v->words->produced);
   return produced == v->consumed ? -EPIPE : take_bytes(v, produced, data, size);
}

static int
virtgpu_receive_fd(struct icd_transport *t)
{
   (void)t;
   return -1;
}

static ssize_t
virtgpu_send(struct icd_transport *t, const void *data, size_t size,
             const struct icd_shared_memory *attached)
{
   struct {
      struct tongs_virtgpu_command command;
      uint8_t bytes[SEND_SIZE];
   } message;
   struct icd_virtgpu *v = virtgpu_from(t);
   uint32_t on_way = v->sent - load(&v->words->taken);
   size_t room = on_way < v->caps.credit ? v->caps.credit - on_way : 0;

   if (has_ended(v))
      return -EPIPE;
   if (size > room)
      size = room;
   if (size > SEND_SIZE)
      size = SEND_SIZE;
   if (!size)
      return 0;
   message.command = (struct tongs_virtgpu_command){
      .op = TONGS_VIRTGPU_SEND,
      .resource = attached ? attached->resource : 0,
   };
   memcpy(message.bytes, data, size);
   int error = submit(v, &message.command, size, NULL);
   if (error)
      return error;
   v->sent += (uint32_t)size;
   return (ssize_t)size;
}

/* --- The channel's bell --- */

static void
bell_sleep(void *data, _Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
   struct icd_virtgpu *v = data;
   uint32_t seen[2];

   /* The worker changes the word, then rings. So any ring that `seen` does not include comes after
    * we check the word. */
   look(v, seen);
   set_consumed(v, seen[0]);
   if (atomic_load_explicit(word, memory_order_seq_cst) == value && !has_ended(v))
      wait_beyond(v, seen, timeout_ns);
}

static void
bell_ring(void *data, _Atomic uint32_t *word)
{
   struct icd_virtgpu *v = data;
   struct tongs_virtgpu_command ring = {
      .op = TONGS_VIRTGPU_RING,
      .resource = v->channel.resource,
      .seen = {(uint32_t)((uint8_t *)word - (uint8_t *)v->channel.data)},
   };

   submit(v, &ring, 0, NULL);
}

/* From now on, each byte from the worker only means that it rings the bell. */
static const struct tongs_bell *
virtgpu_start_channel(struct icd_transport *t, const struct icd_shared_memory *memory)
{
   struct icd_virtgpu *v = virtgpu_from(t);

   v->channel = *memory;
   v->bell = (struct tongs_bell){.sleep = bell_sleep, .ring = bell_ring, .data = v};
   return &v->bell;
}

static void
virtgpu_wake(struct icd_transport *t, _Atomic uint32_t *word)
{
   (void)word; /* the device wakes all sleepers */
   submit(virtgpu_from(t), &(struct tongs_virtgpu_command){.op = TONGS_VIRTGPU_WAKE}, 0, NULL);
}

/* --- The transport --- */

static const struct icd_transport_ops virtgpu_ops = {
   .close = virtgpu_close,
   .shutdown = virtgpu_shutdown,
   .send = virtgpu_send,
   .receive = virtgpu_receive,
   .receive_fd = virtgpu_receive_fd,
   .wait = virtgpu_wait,
   .has_hung_up = virtgpu_has_hung_up,
   .create_memory = virtgpu_create_memory,
   .destroy_memory = virtgpu_destroy_memory,
   .start_channel = virtgpu_start_channel,
   .wake = virtgpu_wake,
};

static void
describe(struct icd_virtgpu *v, bool shares_nothing)
{
   snprintf(v->name, sizeof(v->name), "virtgpu (tier %c)",
            v->caps.tier == 'A' || v->caps.tier == 'B' ? (char)v->caps.tier : 'C');
   v->base = (struct icd_transport){
      .ops = &virtgpu_ops,
      .name = v->name,
      .capabilities = ICD_TRANSPORT_SHARES_MEMORY | ICD_TRANSPORT_KEEPS_MEMORY |
                      (shares_nothing ? 0 : ICD_TRANSPORT_SHARES_HEAPS) |
                      (v->has_host_window ? 0 : ICD_TRANSPORT_PAGES_ARE_RESIDENT),
      .delay = ICD_DELAY_MACHINE,
      .flush_size = ICD_FLUSH_SIZE,
   };
}

struct icd_transport *
icd_transport_open_virtgpu(const struct tongs_url *url, bool shares_nothing, char *why,
                           size_t why_size)
{
   struct icd_virtgpu *v = calloc(1, sizeof(*v));

   if (!v) {
      snprintf(why, why_size, "out of memory");
      return NULL;
   }
   v->fd = *url->path ? open_node(url->path, &v->caps) : open_any_node(&v->caps);
   if (v->fd < 0) {
      snprintf(why, why_size, "no virtio-gpu device of Tongs at %s: %s",
               *url->path ? url->path : "/dev/dri/renderD*",
               v->fd == -ENODEV ? "other devices are there" : strerror(-v->fd));
      free(v);
      return NULL;
   }
   if (!open_stream(v, why, why_size)) {
      virtgpu_close(&v->base, false);
      return NULL;
   }
   describe(v, shares_nothing);
   return &v->base;
}
