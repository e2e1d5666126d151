/* SPDX-License-Identifier: MIT */
#include "tests/programs/external.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* More than a page, and no whole number of them. */
#define BYTES 20000u
#define ROUNDS 64

static const VkMemoryPropertyFlags coherent =
   VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;

struct kind {
   VkExternalMemoryHandleTypeFlagBits type;
   const char *extension;
};

static const struct kind opaque = {VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT,
                                   VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME};
static const struct kind dma_buf = {VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
                                    VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME};

struct shared {
   struct prog_buffer buffer;
   uint32_t type;
   PFN_vkGetMemoryFdKHR get;
};

static enum prog_status
identify(struct prog *p, struct message *m)
{
   VkPhysicalDeviceIDProperties id = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES};
   VkPhysicalDeviceProperties2 props = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                        .pNext = &id};

   vkGetPhysicalDeviceProperties2(p->phys, &props);
   memcpy(m->device, id.deviceUUID, sizeof(m->device));
   memcpy(m->driver, id.driverUUID, sizeof(m->driver));
   return PROG_RIGHT;
}

/* A device that has the kind; PROG_SKIPPED if there is none with these features. */
static enum prog_status
init(struct prog *p, const struct kind *kind, VkExternalMemoryFeatureFlags features)
{
   p->extensions[0] = kind->extension;
   p->extensions[1] = kind == &opaque ? NULL : opaque.extension; /* which brings the commands */
   PROG_STEP(prog_init(p));
   if (p->api < VK_API_VERSION_1_1)
      return prog_skipped(p, "Vulkan 1.1 is not here");
   VkExternalBufferProperties props = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES};
   vkGetPhysicalDeviceExternalBufferProperties(
      p->phys,
      &(VkPhysicalDeviceExternalBufferInfo){
         .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO,
         .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
         .handleType = kind->type,
      },
      &props);
   const VkExternalMemoryProperties *m = &props.externalMemoryProperties;
   if ((m->externalMemoryFeatures & features) != features)
      return prog_skipped(p, "the device cannot do that with this kind of handle");
   PROG_EXPECT(p, m->compatibleHandleTypes & kind->type, "the handle type is not its own friend");
   return PROG_RIGHT;
}

/* A dma-buf may be imported as any of some types, which the device tells. */
static enum prog_status
ask_about(struct prog *p, const struct message *import)
{
   PFN_vkGetMemoryFdPropertiesKHR get =
      (PFN_vkGetMemoryFdPropertiesKHR)vkGetDeviceProcAddr(p->device, "vkGetMemoryFdPropertiesKHR");
   VkMemoryFdPropertiesKHR props = {.sType = VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR};

   PROG_VK(p, get(p->device, dma_buf.type, import->fd, &props));
   PROG_EXPECT(p, props.memoryTypeBits >> import->type & 1, "memory types %#x lack %u",
               props.memoryTypeBits, import->type);
   PROG_EXPECT(p, fcntl(import->fd, F_GETFD) >= 0, "a question took the descriptor");
   PROG_VK_IS(p, get(p->device, dma_buf.type, 12345, &props), VK_ERROR_INVALID_EXTERNAL_HANDLE);
   return PROG_RIGHT;
}

/* A buffer over memory to export, or over the memory of a descriptor if there is one. */
static enum prog_status
make_shared(struct prog *p, const struct kind *kind, const struct message *import, struct shared *s)
{
   const VkExternalMemoryBufferCreateInfo external = {
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO, .handleTypes = kind->type};
   const VkExportMemoryAllocateInfo export_info = {
      .sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO, .handleTypes = kind->type};
   const VkImportMemoryFdInfoKHR import_info = {
      .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
      .handleType = kind->type,
      .fd = import ? import->fd : -1,
   };
   VkMemoryRequirements needs;

   s->buffer.size = BYTES;
   PROG_VK(p, vkCreateBuffer(
                 p->device,
                 &(VkBufferCreateInfo){
                    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                    .pNext = &external,
                    .size = BYTES,
                    .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                 },
                 NULL, &s->buffer.buffer));
   vkGetBufferMemoryRequirements(p->device, s->buffer.buffer, &needs);
   if (import && kind == &dma_buf)
      PROG_STEP(ask_about(p, import));
   s->type = import ? import->type : prog_memory_type(p, needs.memoryTypeBits, coherent);
   if (s->type == UINT32_MAX)
      return prog_skipped(p, "no coherent memory for such a buffer");
   PROG_VK(p, vkAllocateMemory(
                 p->device,
                 &(VkMemoryAllocateInfo){
                    .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                    .pNext = import ? (const void *)&import_info : (const void *)&export_info,
                    .allocationSize = import ? import->size : needs.size,
                    .memoryTypeIndex = s->type,
                 },
                 NULL, &s->buffer.memory));
   s->buffer.size = import ? import->size : needs.size;
   PROG_VK(p, vkBindBufferMemory(p->device, s->buffer.buffer, s->buffer.memory, 0));
   PROG_VK(p, vkMapMemory(p->device, s->buffer.memory, 0, VK_WHOLE_SIZE, 0, &s->buffer.map));
   s->get = (PFN_vkGetMemoryFdKHR)vkGetDeviceProcAddr(p->device, "vkGetMemoryFdKHR");
   PROG_EXPECT(p, s->get, "vkGetMemoryFdKHR has no address");
   return PROG_RIGHT;
}

static void
finish_shared(struct prog *p, struct shared *s)
{
   vkDestroyBuffer(p->device, s->buffer.buffer, NULL);
   vkFreeMemory(p->device, s->buffer.memory, NULL);
}

static enum prog_status
get_fd(struct prog *p, const struct kind *kind, const struct shared *s, int *fd)
{
   PROG_VK(p, s->get(p->device,
                     &(VkMemoryGetFdInfoKHR){.sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
                                             .memory = s->buffer.memory,
                                             .handleType = kind->type},
                     fd));
   PROG_EXPECT(p, *fd >= 0, "vkGetMemoryFdKHR gave descriptor %d", *fd);
   return PROG_RIGHT;
}

static uint32_t
pattern(uint32_t seed, uint32_t i)
{
   return (i + 1) * 2654435761u ^ seed;
}

static void
fill(void *data, uint32_t seed)
{
   for (uint32_t i = 0; i < BYTES / 4; i++)
      ((uint32_t *)data)[i] = pattern(seed, i);
}

static enum prog_status
expect(struct prog *p, const void *data, uint32_t seed, const char *where)
{
   for (uint32_t i = 0; i < BYTES / 4; i++) {
      const uint32_t value = ((const volatile uint32_t *)data)[i];
      PROG_EXPECT(p, value == pattern(seed, i), "%s: word %u is %#x, not %#x", where, i, value,
                  pattern(seed, i));
   }
   return PROG_RIGHT;
}

/* Checks what the device reads in the buffer; then it writes a value for the peer. */
static enum prog_status
use_on_device(struct prog *p, struct shared *s, uint32_t read, uint32_t written)
{
   struct prog_buffer plain;
   VkCommandBuffer commands;

   PROG_STEP(prog_buffer_init(p, &plain, BYTES,
                              VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdCopyBuffer(commands, s->buffer.buffer, plain.buffer, 1, &(VkBufferCopy){.size = BYTES});
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(expect(p, plain.map, read, "what the device read in the peer's memory"));
   fill(plain.map, written);
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdCopyBuffer(commands, plain.buffer, s->buffer.buffer, 1, &(VkBufferCopy){.size = BYTES});
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   prog_buffer_finish(p, &plain);
   return PROG_RIGHT;
}

/* Hands out memory with seed 1, gets it back with seed 2, without anyone having copied it. */
static enum prog_status
memory_export(struct prog *p, int peer, const struct kind *kind)
{
   struct message m = {.fd = -1};
   struct shared s = {0};
   int fd;

   PROG_STEP(init(p, kind, VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT));
   PROG_STEP(make_shared(p, kind, NULL, &s));
   fill(s.buffer.map, 1);
   PROG_STEP(get_fd(p, kind, &s, &fd));
   m.fd = fd;
   m.size = s.buffer.size;
   m.type = s.type;
   PROG_STEP(identify(p, &m));
   PROG_STEP(peer_send(p, peer, m));
   close(fd);
   PROG_STEP(peer_receive(p, peer, &m));
   PROG_STEP(expect(p, s.buffer.map, 2, "what the peer wrote by its map"));
   PROG_STEP(use_on_device(p, &s, 2, 3));
   PROG_STEP(peer_send(p, peer, m));
   PROG_STEP(peer_receive(p, peer, &m));
   PROG_STEP(expect(p, s.buffer.map, 4, "what the peer's device wrote"));
   /* The payload lives on in the process that imported it. */
   finish_shared(p, &s);
   prog_finish(p);
   return peer_send(p, peer, m);
}

static enum prog_status
memory_import(struct prog *p, int peer, const struct kind *kind)
{
   struct message m, own;
   struct shared s = {0};

   PROG_STEP(init(p, kind, VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT));
   PROG_STEP(peer_receive(p, peer, &m));
   PROG_STEP(identify(p, &own));
   PROG_EXPECT(p, !memcmp(m.device, own.device, VK_UUID_SIZE), "the devices differ");
   PROG_EXPECT(p, !memcmp(m.driver, own.driver, VK_UUID_SIZE), "the drivers differ");
   PROG_EXPECT(p, m.fd >= 0, "no descriptor came");
   PROG_STEP(make_shared(p, kind, &m, &s));
   PROG_STEP(expect(p, s.buffer.map, 1, "what the exporter wrote by its map"));
   fill(s.buffer.map, 2);
   m.fd = -1;
   PROG_STEP(peer_send(p, peer, m));
   PROG_STEP(peer_receive(p, peer, &m));
   PROG_STEP(expect(p, s.buffer.map, 3, "what the exporter's device wrote"));
   PROG_STEP(use_on_device(p, &s, 3, 4));
   PROG_STEP(peer_send(p, peer, m));
   PROG_STEP(peer_receive(p, peer, &m));
   PROG_STEP(expect(p, s.buffer.map, 4, "what is left when the exporter is gone"));
   PROG_STEP(use_on_device(p, &s, 4, 5));
   finish_shared(p, &s);
   prog_finish(p);
   return PROG_RIGHT;
}

enum prog_status
memory_opaque_export(struct prog *p, int peer)
{
   return memory_export(p, peer, &opaque);
}

enum prog_status
memory_opaque_import(struct prog *p, int peer)
{
   return memory_import(p, peer, &opaque);
}

enum prog_status
memory_dma_buf_export(struct prog *p, int peer)
{
   return memory_export(p, peer, &dma_buf);
}

enum prog_status
memory_dma_buf_import(struct prog *p, int peer)
{
   return memory_import(p, peer, &dma_buf);
}

/* --- Images --- */

#define SIDE 64u

static enum prog_status
make_image(struct prog *p, const struct message *import, struct prog_image *image, uint64_t *size,
           uint32_t *type)
{
   const VkExternalMemoryImageCreateInfo external = {
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, .handleTypes = opaque.type};
   const VkPhysicalDeviceExternalImageFormatInfo asked = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO,
      .handleType = opaque.type};
   VkExternalImageFormatProperties answer = {.sType =
                                                VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES};
   VkImageFormatProperties2 props = {.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2,
                                     .pNext = &answer};
   const VkImageUsageFlags usage =
      VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;

   VkResult result = vkGetPhysicalDeviceImageFormatProperties2(
      p->phys,
      &(VkPhysicalDeviceImageFormatInfo2){
         .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
         .pNext = &asked,
         .format = VK_FORMAT_R8G8B8A8_UNORM,
         .type = VK_IMAGE_TYPE_2D,
         .usage = usage,
      },
      &props);
   const VkExternalMemoryFeatureFlags features =
      answer.externalMemoryProperties.externalMemoryFeatures;
   const VkExternalMemoryFeatureFlags wanted = import ? VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT
                                                      : VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT;
   if (result != VK_SUCCESS || !(features & wanted))
      return prog_skipped(p, "the device has no such images (%s)", prog_result_name(result));
   *image = (struct prog_image){0};
   PROG_VK(p, vkCreateImage(p->device,
                            &(VkImageCreateInfo){
                               .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                               .pNext = &external,
                               .imageType = VK_IMAGE_TYPE_2D,
                               .format = VK_FORMAT_R8G8B8A8_UNORM,
                               .extent = {SIDE, SIDE, 1},
                               .mipLevels = 1,
                               .arrayLayers = 1,
                               .samples = VK_SAMPLE_COUNT_1_BIT,
                               .usage = usage,
                            },
                            NULL, &image->image));
   const VkMemoryDedicatedAllocateInfo dedicated = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, .image = image->image};
   const VkExportMemoryAllocateInfo export_info = {
      .sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
      .pNext = &dedicated,
      .handleTypes = opaque.type,
   };
   const VkImportMemoryFdInfoKHR import_info = {
      .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
      .pNext = &dedicated,
      .handleType = opaque.type,
      .fd = import ? import->fd : -1,
   };
   VkMemoryRequirements needs;
   vkGetImageMemoryRequirements(p->device, image->image, &needs);
   *size = needs.size;
   *type = import ? import->type : prog_memory_type(p, needs.memoryTypeBits, 0);
   PROG_EXPECT(p, !import || import->size == needs.size, "the images differ in size");
   PROG_VK(p, vkAllocateMemory(
                 p->device,
                 &(VkMemoryAllocateInfo){
                    .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                    .pNext = import ? (const void *)&import_info : (const void *)&export_info,
                    .allocationSize = needs.size,
                    .memoryTypeIndex = *type,
                 },
                 NULL, &image->memory));
   PROG_VK(p, vkBindImageMemory(p->device, image->image, image->memory, 0));
   return PROG_RIGHT;
}

enum prog_status
image_opaque_export(struct prog *p, int peer)
{
   const VkClearColorValue colour = {.float32 = {1, 0.2f, 0.4f, 0.6f}};
   const VkImageSubresourceRange whole = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
   struct prog_image image;
   struct message m = {.fd = -1};
   VkCommandBuffer commands;
   int fd;

   PROG_STEP(init(p, &opaque, 0));
   PROG_STEP(make_image(p, NULL, &image, &m.size, &m.type));
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_image_barrier(commands, image.image, VK_IMAGE_ASPECT_COLOR_BIT, VK_IMAGE_LAYOUT_UNDEFINED,
                      VK_IMAGE_LAYOUT_GENERAL);
   vkCmdClearColorImage(commands, image.image, VK_IMAGE_LAYOUT_GENERAL, &colour, 1, &whole);
   PROG_STEP(prog_commands_run(p, commands));
   struct shared s = {.buffer.memory = image.memory};
   s.get = (PFN_vkGetMemoryFdKHR)vkGetDeviceProcAddr(p->device, "vkGetMemoryFdKHR");
   PROG_STEP(get_fd(p, &opaque, &s, &fd));
   m.fd = fd;
   PROG_STEP(peer_send(p, peer, m));
   close(fd);
   PROG_STEP(peer_receive(p, peer, &m));
   prog_image_finish(p, &image);
   prog_finish(p);
   return PROG_RIGHT;
}

enum prog_status
image_opaque_import(struct prog *p, int peer)
{
   struct prog_image image;
   struct prog_buffer buffer;
   struct message m;
   VkCommandBuffer commands;
   uint64_t size;
   uint32_t type;

   PROG_STEP(init(p, &opaque, 0));
   PROG_STEP(peer_receive(p, peer, &m));
   PROG_STEP(make_image(p, &m, &image, &size, &type));
   PROG_STEP(prog_buffer_init(p, &buffer, SIDE * SIDE * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdCopyImageToBuffer(commands, image.image, VK_IMAGE_LAYOUT_GENERAL, buffer.buffer, 1,
                          &(VkBufferImageCopy){
                             .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                             .imageExtent = {SIDE, SIDE, 1},
                          });
   prog_memory_barrier(commands);
   PROG_STEP(prog_commands_run(p, commands));
   const uint8_t wanted[4] = {255, 51, 102, 153};
   for (uint32_t i = 0; i < SIDE * SIDE; i++)
      PROG_EXPECT(p, !memcmp((uint8_t *)buffer.map + (size_t)i * 4, wanted, 4),
                  "texel %u is not the exporter's", i);
   m.fd = -1;
   PROG_STEP(peer_send(p, peer, m));
   prog_buffer_finish(p, &buffer);
   prog_image_finish(p, &image);
   prog_finish(p);
   return PROG_RIGHT;
}

/* --- In one process --- */

enum prog_status
bad_descriptors(struct prog *p)
{
   VkDeviceMemory memory;

   PROG_STEP(init(p, &opaque, VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT));
   const uint32_t type = prog_memory_type(p, UINT32_MAX, 0);
   VkImportMemoryFdInfoKHR import = {
      .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR, .handleType = opaque.type, .fd = 12345};
   const VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .pNext = &import,
      .allocationSize = BYTES,
      .memoryTypeIndex = type,
   };
   PROG_VK_IS(p, vkAllocateMemory(p->device, &info, NULL, &memory),
              VK_ERROR_INVALID_EXTERNAL_HANDLE);
   /* A file that is no memory of any driver, and stays the application's. */
   FILE *file = tmpfile();
   import.fd = fileno(file);
   PROG_EXPECT(p, fwrite("no memory", 1, 9, file) == 9 && fflush(file) == 0, "a temporary file");
   PROG_VK_IS(p, vkAllocateMemory(p->device, &info, NULL, &memory),
              VK_ERROR_INVALID_EXTERNAL_HANDLE);
   PROG_EXPECT(p, fcntl(import.fd, F_GETFD) >= 0, "a refused descriptor was closed");
   fclose(file);
   prog_finish(p);
   return PROG_RIGHT;
}

enum prog_status
leak(struct prog *p)
{
   PROG_STEP(
      init(p, &opaque,
           VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT));
   struct shared kept = {0};
   PROG_STEP(make_shared(p, &opaque, NULL, &kept));
   for (int part = 0; part < 2; part++) {
      int unused;
      for (int i = 0; i < ROUNDS; i++) {
         struct shared out = {0}, in = {0};
         struct message m = {0};
         PROG_STEP(make_shared(p, &opaque, NULL, &out));
         PROG_STEP(get_fd(p, &opaque, &out, &unused));
         close(unused);
         PROG_STEP(get_fd(p, &opaque, &out, &m.fd));
         m.size = out.buffer.size;
         m.type = out.type;
         fill(out.buffer.map, (uint32_t)i);
         PROG_STEP(make_shared(p, &opaque, &m, &in));
         PROG_STEP(expect(p, in.buffer.map, (uint32_t)i, "in the same process"));
         finish_shared(p, &out);
         finish_shared(p, &in);
      }
      PROG_VK(p, vkDeviceWaitIdle(p->device));
      /* A descriptor comes from the other end, so what was freed before is freed there, too. */
      PROG_STEP(get_fd(p, &opaque, &kept, &unused));
      close(unused);
      puts("done");
      fflush(stdout);
      char line[80];
      if (!fgets(line, sizeof(line), stdin))
         break;
   }
   finish_shared(p, &kept);
   prog_finish(p);
   return PROG_RIGHT;
}
