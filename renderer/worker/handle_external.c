/* SPDX-License-Identifier: MIT */

/* Memory, semaphores and fences as file descriptors. The value of a descriptor in the client's
 * structs and parameters means nothing in this process. If it is negative, there is no descriptor;
 * else it stands for the descriptor that came with the op (docs/wire.md). */

#include "renderer/worker/external.h"

#include "renderer/worker/handlers.h"
#include "renderer/worker/heap.h"
#include "renderer/worker/object.h"
#include "renderer/worker/replies.h"

#include "tongs_gen_args.h"
#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Takes the descriptor that came with the op. `number`: the value in the client's arguments. False,
 * with the connection ended, if a descriptor came and `number` is negative, or the reverse. */
static bool
take(struct rdr_context *ctx, struct rdr_op *op, int number, int *fd)
{
   if ((number >= 0) != (op->fd >= 0)) {
      rdr_end(ctx, "a %s came without its file descriptor, or with one that it denies",
              tongs_ops[op->number].name);
      return false;
   }
   *fd = rdr_op_take_fd(op);
   return true;
}

/* Sends an exported descriptor with the reply, if the host driver succeeded. */
static void
give(struct rdr_op *op, VkResult result, int fd, int *number)
{
   if (result == VK_SUCCESS)
      op->reply_fd = fd;
   if (number)
      *number = fd >= 0 ? 0 : -1;
}

/* A driver must not close a descriptor that it refuses, but some do. Another thread may then have
 * reused the number, so we close it only if it still names the same file. */
void
rdr_external_close_refused(int fd, const struct stat *what)
{
   struct stat now;

   if (fd >= 0 && fstat(fd, &now) == 0 && now.st_dev == what->st_dev && now.st_ino == what->st_ino)
      close(fd);
}

/* --- Memory --- */

/* Whether the descriptor's file is smaller than the memory. Not every driver checks that, and a
 * write to the mapping would fault. Some types of descriptors do not report a size; only the driver
 * can check these. */
static bool
is_short(int fd, uint64_t size)
{
   struct stat st;

   return fstat(fd, &st) == 0 && st.st_size > 0 && (uint64_t)st.st_size < size;
}

/* "If handleType is 0, this structure is ignored", but some drivers look at the descriptor all the
 * same. Takes the struct out of the chain, which is in the arena. */
static void
drop_idle_import(VkMemoryAllocateInfo *info)
{
   /* The pointers are written as what they are, pointers to void: the compiler takes pointers to
    * other types for other objects. */
   const void **next = &info->pNext;

   while (*next) {
      const VkImportMemoryFdInfoKHR *s = *next;
      if (s->sType == VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR && !s->handleType)
         *next = s->pNext;
      else /* every struct of a chain has its pNext in this place */
         next = (const void **)&s->pNext;
   }
}

bool
rdr_external_import_fd(struct rdr_context *ctx, struct rdr_op *op,
                       struct tongs_args_vkAllocateMemory *a, int *fd)
{
   /* The struct and its chain are in the arena. */
   drop_idle_import((VkMemoryAllocateInfo *)a->pAllocateInfo);
   VkImportMemoryFdInfoKHR *import = tongs_find_in_output_chain(
      (void *)a->pAllocateInfo->pNext, VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR);

   a->ret = VK_SUCCESS;
   *fd = -1;
   if (!take(ctx, op, import ? import->fd : -1, fd))
      return false;
   if (!import)
      return true;
   import->fd = *fd;
   if (*fd >= 0 && a->heap) {
      rdr_end(ctx, "a vkAllocateMemory names a heap and brings a file descriptor");
      close(*fd);
      return false;
   }
   if (*fd < 0 || is_short(*fd, a->pAllocateInfo->allocationSize)) {
      a->ret = VK_ERROR_INVALID_EXTERNAL_HANDLE;
      if (*fd >= 0)
         close(*fd);
   }
   return true;
}

void
rdr_external_note(struct rdr_memory *memory, const VkMemoryAllocateInfo *info, int fd)
{
   const VkExportMemoryAllocateInfo *exports =
      tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO);
   const VkImportMemoryFdInfoKHR *import =
      tongs_find_in_chain(info->pNext, VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR);

   memory->exports = exports ? exports->handleTypes : 0;
   if (fd < 0)
      return;
   memory->imported_as = import->handleType;
   if (memory->mappable)
      memory->imported_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

void
rdr_handle_GetMemoryFdKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkGetMemoryFdKHR *a = args;
   struct rdr_device *dev = op->owner;
   int fd = -1;

   if (!dev->vk.GetMemoryFdKHR) {
      rdr_refuse_command(ctx, "vkGetMemoryFdKHR");
      return;
   }
   a->ret = dev->vk.GetMemoryFdKHR(a->device, a->pGetFdInfo, &fd);
   give(op, a->ret, fd, a->pFd);
}

void
rdr_handle_GetMemoryFdPropertiesKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkGetMemoryFdPropertiesKHR *a = args;
   struct rdr_device *dev = op->owner;
   int fd;

   if (!dev->vk.GetMemoryFdPropertiesKHR) {
      rdr_refuse_command(ctx, "vkGetMemoryFdPropertiesKHR");
      return;
   }
   if (!take(ctx, op, a->fd, &fd))
      return;
   a->ret = VK_ERROR_INVALID_EXTERNAL_HANDLE;
   if (fd < 0)
      return;
   a->ret = dev->vk.GetMemoryFdPropertiesKHR(a->device, a->handleType, fd, a->pMemoryFdProperties);
   close(fd);
}

/* --- Mapping the same pages in the client --- */

/* Whether the `size` bytes at `data` are a shared mapping of the file of `fd`, and at which offset.
 * If so, another process that maps the descriptor at that offset gets the same memory, whatever the
 * type of the descriptor. */
static bool
backs(int fd, const void *data, uint64_t size, uint64_t *offset)
{
   uint64_t first, end, at, inode, place = (uintptr_t)data;
   unsigned major_number, minor_number;
   char line[512], mode[5];
   struct stat st;
   bool found = false;
   FILE *maps = fstat(fd, &st) == 0 ? fopen("/proc/self/maps", "re") : NULL;

   if (!maps)
      return false;
   while (!found && fgets(line, sizeof(line), maps)) {
      if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64, &first, &end, mode,
                 &at, &major_number, &minor_number, &inode) != 7)
         continue;
      found = place >= first && place < end && size <= end - place && mode[3] == 's' &&
              inode == st.st_ino && major_number == major(st.st_dev) &&
              minor_number == minor(st.st_dev);
      *offset = at + (place - first);
   }
   fclose(maps);
   return found;
}

/* Exports the memory with that handle type. Returns a descriptor, which the caller owns; -1 on
 * failure. */
static int
descriptor_of(const struct rdr_device *dev, VkDeviceMemory handle, const struct rdr_memory *memory,
              VkExternalMemoryHandleTypeFlagBits type)
{
   VkMemoryGetFdInfoKHR info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
      .memory = handle,
      .handleType = type,
   };
   int fd = -1;

   if (memory->imported_fd >= 0 && memory->imported_as == type)
      return fcntl(memory->imported_fd, F_DUPFD_CLOEXEC, 0);
   if (!(memory->exports & type) || !dev->vk.GetMemoryFdKHR ||
       dev->vk.GetMemoryFdKHR(dev->handle, &info, &fd) != VK_SUCCESS)
      return -1;
   return fd;
}

/* Returns a descriptor through which the client can map the memory coherently; -1: there is
 * none. */
static int
find_mappable(const struct rdr_device *dev, VkDeviceMemory handle, const struct rdr_memory *memory,
              uint32_t *kind, uint64_t *offset)
{
   static const VkExternalMemoryHandleTypeFlagBits types[] = {
      VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT,
      VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
   };
   void *data;

   for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
      int fd = descriptor_of(dev, handle, memory, types[i]);
      if (fd < 0)
         continue;
      bool same = false;
      if (dev->vk.MapMemory(dev->handle, handle, 0, VK_WHOLE_SIZE, 0, &data) == VK_SUCCESS) {
         same = backs(fd, data, memory->size, offset);
         dev->vk.UnmapMemory(dev->handle, handle);
      }
      *kind = same ? TONGS_MEMORY_FD_PAGES : TONGS_MEMORY_FD_DMA_BUF;
      if (same)
         return fd;
      *offset = 0;
      if (types[i] == VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT && !is_short(fd, memory->size))
         return fd;
      close(fd);
   }
   return -1;
}

void
rdr_own_memory_fd(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct tongs_args_tongsMemoryFd a = {0};
   struct tongs_reply_tongsMemoryFd reply = {0};
   size_t offset;

   tongs_decode_tongsMemoryFd(d, &a);
   const struct tongs_slot *slot = rdr_object_find(ctx, a.memory, TONGS_TYPE_VkDeviceMemory);
   if (d->error || !d->target || !slot || slot->device != d->device || !slot->handle) {
      rdr_end(ctx, "a tongsMemoryFd is malformed");
      return;
   }
   const struct rdr_memory *memory = slot->data;
   if (!memory->mappable) {
      rdr_end(ctx, "a tongsMemoryFd names a memory that cannot be mapped");
      return;
   }
   int fd = find_mappable(d->target->data, (VkDeviceMemory)slot->handle, memory, &reply.kind,
                          &reply.offset);
   struct tongs_encoder *e = rdr_reply_begin(ctx, op, &offset);
   tongs_encode_reply_tongsMemoryFd(e, &reply);
   if (fd >= 0)
      rdr_reply_end_with_fd(ctx, offset, fd);
   else
      rdr_reply_end(ctx, offset);
}

/* --- Semaphores and fences --- */

void
rdr_handle_GetSemaphoreFdKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkGetSemaphoreFdKHR *a = args;
   struct rdr_device *dev = op->owner;
   int fd = -1;

   if (!dev->vk.GetSemaphoreFdKHR) {
      rdr_refuse_command(ctx, "vkGetSemaphoreFdKHR");
      return;
   }
   a->ret = dev->vk.GetSemaphoreFdKHR(a->device, a->pGetFdInfo, &fd);
   give(op, a->ret, fd, a->pFd);
}

void
rdr_handle_ImportSemaphoreFdKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkImportSemaphoreFdKHR *a = args;
   struct rdr_device *dev = op->owner;
   VkImportSemaphoreFdInfoKHR info = *a->pImportSemaphoreFdInfo;
   struct stat st = {0};

   if (!dev->vk.ImportSemaphoreFdKHR) {
      rdr_refuse_command(ctx, "vkImportSemaphoreFdKHR");
      return;
   }
   if (!take(ctx, op, info.fd, &info.fd))
      return;
   a->ret = VK_ERROR_INVALID_EXTERNAL_HANDLE;
   if (info.fd >= 0 ? fstat(info.fd, &st) == 0
                    : info.handleType == VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT)
      a->ret = dev->vk.ImportSemaphoreFdKHR(a->device, &info);
   if (a->ret != VK_SUCCESS) /* else the host driver owns the descriptor */
      rdr_external_close_refused(info.fd, &st);
}

void
rdr_handle_GetFenceFdKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkGetFenceFdKHR *a = args;
   struct rdr_device *dev = op->owner;
   int fd = -1;

   if (!dev->vk.GetFenceFdKHR) {
      rdr_refuse_command(ctx, "vkGetFenceFdKHR");
      return;
   }
   a->ret = dev->vk.GetFenceFdKHR(a->device, a->pGetFdInfo, &fd);
   give(op, a->ret, fd, a->pFd);
}

void
rdr_handle_ImportFenceFdKHR(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   struct tongs_args_vkImportFenceFdKHR *a = args;
   struct rdr_device *dev = op->owner;
   VkImportFenceFdInfoKHR info = *a->pImportFenceFdInfo;
   struct stat st = {0};

   if (!dev->vk.ImportFenceFdKHR) {
      rdr_refuse_command(ctx, "vkImportFenceFdKHR");
      return;
   }
   if (!take(ctx, op, info.fd, &info.fd))
      return;
   a->ret = VK_ERROR_INVALID_EXTERNAL_HANDLE;
   if (info.fd >= 0 ? fstat(info.fd, &st) == 0
                    : info.handleType == VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT)
      a->ret = dev->vk.ImportFenceFdKHR(a->device, &info);
   if (a->ret != VK_SUCCESS) /* else the host driver owns the descriptor */
      rdr_external_close_refused(info.fd, &st);
}
