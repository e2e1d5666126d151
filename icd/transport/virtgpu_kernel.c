/* SPDX-License-Identifier: MIT */
#include "icd/transport/virtgpu_kernel.h"

#include "icd/transport/forks.h"
#include "protocol/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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

/* --- Ioctls --- */

static int
control(int fd, unsigned long request, void *argument)
{
   int result;

   do {
      result = ioctl(fd, request, argument);
   } while (result < 0 && (errno == EINTR || errno == EAGAIN));
   return result < 0 ? -errno : 0;
}

int
icd_virtgpu_submit(const struct icd_virtgpu_node *node, const struct tongs_virtgpu_command *command,
                   size_t size, int *fence)
{
   struct execbuffer execbuffer = {
      .flags = (fence ? VIRTGPU_EXECBUF_FENCE_FD_OUT : 0) |
               (node->has_timeline ? VIRTGPU_EXECBUF_RING_IDX : 0),
      .size = (uint32_t)(sizeof(*command) + size),
      .command = (uintptr_t)command,
      .fence_fd = -1,
   };

   int error = control(node->fd, EXECBUFFER, &execbuffer);
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

int
icd_virtgpu_node_open(struct icd_virtgpu_node *node, const char *path)
{
   *node = (struct icd_virtgpu_node){0};
   tongs_list_init(&node->mappings);
   node->fd = *path ? open_node(path, &node->caps) : open_any_node(&node->caps);
   return node->fd < 0 ? node->fd : 0;
}

void
icd_virtgpu_node_close(struct icd_virtgpu_node *node)
{
   if (node->fd >= 0)
      close(node->fd);
   node->fd = -1;
}

/* The value of a parameter of the kernel or the device; 0 if the kernel does not know it. */
static int
get_parameter(const struct icd_virtgpu_node *node, uint64_t parameter)
{
   int value = 0;
   struct drm_virtgpu_getparam get = {.param = parameter, .value = (uintptr_t)&value};

   return control(node->fd, DRM_IOCTL_VIRTGPU_GETPARAM, &get) < 0 ? 0 : value;
}

int
icd_virtgpu_init_context(struct icd_virtgpu_node *node)
{
   struct drm_virtgpu_context_set_param params[] = {
      {.param = VIRTGPU_CONTEXT_PARAM_CAPSET_ID, .value = TONGS_VIRTGPU_CAPSET},
      {.param = VIRTGPU_CONTEXT_PARAM_NUM_RINGS, .value = 1},
   };
   struct drm_virtgpu_context_init init = {
      .num_params = sizeof(params) / sizeof(params[0]),
      .ctx_set_params = (uintptr_t)params,
   };

   node->has_blobs = get_parameter(node, VIRTGPU_PARAM_RESOURCE_BLOB);
   node->has_host_window =
      node->has_blobs && node->caps.tier == 'A' && get_parameter(node, VIRTGPU_PARAM_HOST_VISIBLE);
   if (!get_parameter(node, VIRTGPU_PARAM_CONTEXT_INIT))
      return 0;
   int error = control(node->fd, DRM_IOCTL_VIRTGPU_CONTEXT_INIT, &init);
   node->has_timeline = !error;
   return error;
}

/* --- Memory --- */

/* Creates a resource by the older command: a byte buffer in virgl's terms. */
static bool
create_classic(const struct icd_virtgpu_node *node, struct icd_shared_memory *pages)
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

   if (pages->size > UINT32_MAX ||
       control(node->fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, &create) < 0)
      return false;
   pages->handle = create.bo_handle;
   pages->resource = create.res_handle;
   return true;
}

static bool
create_blob(const struct icd_virtgpu_node *node, uint32_t memory, struct icd_shared_memory *pages)
{
   struct drm_virtgpu_resource_create_blob create = {
      .blob_mem = memory,
      .blob_flags = VIRTGPU_BLOB_FLAG_USE_MAPPABLE,
      .size = pages->size,
   };

   if (control(node->fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB, &create) < 0)
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

/* --- Mappings --- */

/* What is mapped of the device file. */
struct mapping {
   struct tongs_list link;
   void *data;
   size_t size;
};

/* False if memory is out. */
static bool
add_mapping(struct icd_virtgpu_node *node, void *data, size_t size)
{
   struct mapping *m = malloc(sizeof(*m));

   if (!m)
      return false;
   *m = (struct mapping){.data = data, .size = size};
   icd_forks_lock();
   tongs_list_append(&node->mappings, &m->link);
   icd_forks_unlock();
   return true;
}

static void
unmap(struct icd_virtgpu_node *node, void *data, size_t size)
{
   struct mapping *found = NULL;

   icd_forks_lock();
   tongs_list_for_each(struct mapping, m, &node->mappings, link) {
      if (m->data == data)
         found = m;
   }
   if (found)
      tongs_list_remove(&found->link);
   munmap(data, size);
   icd_forks_unlock();
   free(found);
}

void
icd_virtgpu_node_leave(struct icd_virtgpu_node *node)
{
   icd_virtgpu_node_close(node);
   tongs_list_for_each(struct mapping, m, &node->mappings, link)
      mmap(m->data, m->size, PROT_READ | PROT_WRITE,
           MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

void
icd_virtgpu_destroy_pages(struct icd_virtgpu_node *node, struct icd_shared_memory *pages,
                          bool inherited)
{
   struct drm_gem_close close_handle = {.handle = pages->handle};

   if (pages->data)
      unmap(node, pages->data, pages->size);
   if (pages->handle && !inherited)
      control(node->fd, DRM_IOCTL_GEM_CLOSE, &close_handle);
   *pages = (struct icd_shared_memory){.fd = -1};
}

/* Maps the pages. Destroys them on failure. */
static bool
map_pages(struct icd_virtgpu_node *node, struct icd_shared_memory *pages)
{
   struct drm_virtgpu_map map = {.handle = pages->handle};
   void *data = MAP_FAILED;

   if (control(node->fd, DRM_IOCTL_VIRTGPU_MAP, &map) == 0)
      data =
         mmap(NULL, pages->size, PROT_READ | PROT_WRITE, MAP_SHARED, node->fd, (off_t)map.offset);
   if (data != MAP_FAILED && !add_mapping(node, data, pages->size)) {
      munmap(data, pages->size);
      data = MAP_FAILED;
   }
   if (data == MAP_FAILED) {
      icd_virtgpu_destroy_pages(node, pages, false);
      return false;
   }
   pages->data = data;
   return true;
}

bool
icd_virtgpu_create_pages(struct icd_virtgpu_node *node, uint64_t size,
                         struct icd_shared_memory *pages)
{
   *pages = pages_of(size);
   return (node->has_blobs ? create_blob(node, VIRTGPU_BLOB_MEM_GUEST, pages)
                           : create_classic(node, pages)) &&
          map_pages(node, pages);
}

bool
icd_virtgpu_create_host_memory(struct icd_virtgpu_node *node, uint64_t size,
                               struct icd_shared_memory *memory)
{
   *memory = pages_of(size);
   /* If the host refuses, the mapping fails. */
   return create_blob(node, VIRTGPU_BLOB_MEM_HOST3D, memory) && map_pages(node, memory);
}
