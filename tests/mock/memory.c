/* SPDX-License-Identifier: MIT */
/* Memory, and what is bound to it. */
#include "tests/mock/mock.h"

#include "mock_gen.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGNMENT 64u /* of buffers and images in memory */

static uint64_t
align(uint64_t value, uint64_t alignment)
{
   return (value + alignment - 1) / alignment * alignment;
}

static void
memory_finish(struct mock_object *object)
{
   struct mock_memory *memory = (struct mock_memory *)object;

   if (memory->data && !memory->imported)
      munmap(memory->data, align(memory->size, 4096));
   if (memory->decoy)
      munmap(memory->decoy, align(memory->size, 4096));
   if (memory->fd >= 0)
      close(memory->fd);
}

static uint8_t *
anonymous(uint64_t size)
{
   void *data = mmap(NULL, align(size, 4096), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

   return data == MAP_FAILED ? NULL : data;
}

static uint8_t *
imported_pointer(const VkMemoryAllocateInfo *info)
{
   const VkImportMemoryHostPointerInfoEXT *import =
      mock_chain_find(info->pNext, VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT);

   if (!import)
      return NULL;
   if (!import->pHostPointer || (uintptr_t)import->pHostPointer % MOCK_HOST_POINTER_ALIGNMENT ||
       info->allocationSize % MOCK_HOST_POINTER_ALIGNMENT)
      mock_abort("vkAllocateMemory: an imported pointer or its size is not aligned to %u",
                 MOCK_HOST_POINTER_ALIGNMENT);
   return import->pHostPointer;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_AllocateMemory(VkDevice device, const VkMemoryAllocateInfo *pAllocateInfo,
                    const VkAllocationCallbacks *pAllocator, VkDeviceMemory *pMemory)
{
   const uint64_t size = pAllocateInfo->allocationSize;

   (void)pAllocator;
   *pMemory = VK_NULL_HANDLE;
   if (pAllocateInfo->memoryTypeIndex >= MOCK_MEMORY_COUNT)
      mock_abort("vkAllocateMemory: there is no memory type %u", pAllocateInfo->memoryTypeIndex);
   if (!size)
      mock_abort("vkAllocateMemory: allocationSize is 0");
   if (size > MOCK_HEAP_SIZE)
      return VK_ERROR_OUT_OF_DEVICE_MEMORY;
   uint8_t *data = imported_pointer(pAllocateInfo);
   const bool imported = data;
   if (imported && pAllocateInfo->memoryTypeIndex != MOCK_MEMORY_HOST)
      mock_abort("vkAllocateMemory: a host pointer is imported as memory type %u",
                 pAllocateInfo->memoryTypeIndex);
   int fd = -1;
   if (!imported) {
      VkResult result = mock_external_allocate(pAllocateInfo, align(size, 4096), &data, &fd);
      if (result != VK_SUCCESS)
         return result;
   }
   if (!data && !(data = anonymous(size)))
      return VK_ERROR_OUT_OF_DEVICE_MEMORY;

   struct mock_memory *memory =
      (void *)mock_object_create((uintptr_t)device, MOCK_TYPE_VkDeviceMemory, sizeof(*memory));
   memory->base.finish = memory_finish;
   memory->size = size;
   memory->data = data;
   memory->memory_type = pAllocateInfo->memoryTypeIndex;
   memory->imported = imported;
   memory->fd = fd;
   memory->decoy = fd >= 0 && mock_external_maps_otherwise() ? anonymous(size) : NULL;
   *pMemory = (VkDeviceMemory)(uintptr_t)memory->base.handle;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetMemoryHostPointerPropertiesEXT(VkDevice device,
                                       VkExternalMemoryHandleTypeFlagBits handleType,
                                       const void *pHostPointer,
                                       VkMemoryHostPointerPropertiesEXT *pProperties)
{
   MOCK_GET("vkGetMemoryHostPointerPropertiesEXT", device, device);
   if (handleType != VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT)
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   if ((uintptr_t)pHostPointer % MOCK_HOST_POINTER_ALIGNMENT)
      mock_abort("vkGetMemoryHostPointerPropertiesEXT: the pointer is not aligned to %u",
                 MOCK_HOST_POINTER_ALIGNMENT);
   pProperties->memoryTypeBits = 1u << MOCK_MEMORY_HOST;
   return VK_SUCCESS;
}

static VkResult
map_memory(const char *command, VkDevice device, VkDeviceMemory handle, uint64_t offset,
           uint64_t size, void **data)
{
   struct mock_memory *memory = MOCK_GET(command, handle, memory);

   if (memory->base.device != MOCK_GET(command, device, device))
      mock_abort("%s: the memory belongs to another device", command);
   if (memory->memory_type != MOCK_MEMORY_HOST)
      mock_abort("%s: the memory is not host-visible", command);
   if (memory->mapped)
      mock_abort("%s: the memory is mapped already", command);
   if (offset >= memory->size || (size != VK_WHOLE_SIZE && size > memory->size - offset))
      mock_abort("%s: the range is not inside the memory", command);
   memory->mapped = true;
   *data = (memory->decoy ? memory->decoy : memory->data) + offset;
   return VK_SUCCESS;
}

static void
unmap_memory(const char *command, VkDeviceMemory handle)
{
   struct mock_memory *memory = MOCK_GET(command, handle, memory);

   if (!memory->mapped)
      mock_abort("%s: the memory is not mapped", command);
   memory->mapped = false;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_MapMemory(VkDevice device, VkDeviceMemory memory, VkDeviceSize offset, VkDeviceSize size,
               VkMemoryMapFlags flags, void **ppData)
{
   (void)flags;
   return map_memory("vkMapMemory", device, memory, offset, size, ppData);
}

VKAPI_ATTR void VKAPI_CALL
mock_UnmapMemory(VkDevice device, VkDeviceMemory memory)
{
   MOCK_GET("vkUnmapMemory", device, device);
   unmap_memory("vkUnmapMemory", memory);
}

#ifdef VK_KHR_map_memory2
VKAPI_ATTR VkResult VKAPI_CALL
mock_MapMemory2(VkDevice device, const VkMemoryMapInfoKHR *pMemoryMapInfo, void **ppData)
{
   return map_memory("vkMapMemory2", device, pMemoryMapInfo->memory, pMemoryMapInfo->offset,
                     pMemoryMapInfo->size, ppData);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_UnmapMemory2(VkDevice device, const VkMemoryUnmapInfoKHR *pMemoryUnmapInfo)
{
   MOCK_GET("vkUnmapMemory2", device, device);
   unmap_memory("vkUnmapMemory2", pMemoryUnmapInfo->memory);
   return VK_SUCCESS;
}
#endif

static void
check_ranges(const char *command, uint32_t count, const VkMappedMemoryRange *ranges)
{
   for (uint32_t i = 0; i < count; i++) {
      const VkMappedMemoryRange *r = &ranges[i];
      const struct mock_memory *memory = MOCK_GET(command, r->memory, memory);
      if (!memory->mapped)
         mock_abort("%s: the memory is not mapped", command);
      if (r->offset > memory->size ||
          (r->size != VK_WHOLE_SIZE && r->size > memory->size - r->offset))
         mock_abort("%s: the range is not inside the memory", command);
   }
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_FlushMappedMemoryRanges(VkDevice device, uint32_t memoryRangeCount,
                             const VkMappedMemoryRange *pMemoryRanges)
{
   MOCK_GET("vkFlushMappedMemoryRanges", device, device);
   check_ranges("vkFlushMappedMemoryRanges", memoryRangeCount, pMemoryRanges);
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_InvalidateMappedMemoryRanges(VkDevice device, uint32_t memoryRangeCount,
                                  const VkMappedMemoryRange *pMemoryRanges)
{
   MOCK_GET("vkInvalidateMappedMemoryRanges", device, device);
   check_ranges("vkInvalidateMappedMemoryRanges", memoryRangeCount, pMemoryRanges);
   return VK_SUCCESS;
}

/* --- Buffers --- */

VKAPI_ATTR VkResult VKAPI_CALL
mock_CreateBuffer(VkDevice device, const VkBufferCreateInfo *pCreateInfo,
                  const VkAllocationCallbacks *pAllocator, VkBuffer *pBuffer)
{
   static _Atomic uint64_t next_address = UINT64_C(1) << 32;

   (void)pAllocator;
   *pBuffer = VK_NULL_HANDLE;
   if (!pCreateInfo->size)
      mock_abort("vkCreateBuffer: size is 0");
   if (pCreateInfo->size > MOCK_HEAP_SIZE)
      return VK_ERROR_OUT_OF_DEVICE_MEMORY;
   struct mock_buffer *buffer =
      (void *)mock_object_create((uintptr_t)device, MOCK_TYPE_VkBuffer, sizeof(*buffer));
   buffer->size = pCreateInfo->size;
   buffer->sparse = pCreateInfo->flags & VK_BUFFER_CREATE_SPARSE_BINDING_BIT;
   buffer->address =
      __atomic_fetch_add((uint64_t *)&next_address, align(buffer->size, 65536), __ATOMIC_RELAXED);
   *pBuffer = (VkBuffer)(uintptr_t)buffer->base.handle;
   return VK_SUCCESS;
}

VKAPI_ATTR VkDeviceAddress VKAPI_CALL
mock_GetBufferDeviceAddress(VkDevice device, const VkBufferDeviceAddressInfo *pInfo)
{
   (void)device;
   return MOCK_GET("vkGetBufferDeviceAddress", pInfo->buffer, buffer)->address;
}

static VkMemoryRequirements
requirements_of(uint64_t size)
{
   return (VkMemoryRequirements){
      .size = align(size, ALIGNMENT),
      .alignment = ALIGNMENT,
      .memoryTypeBits = (1u << MOCK_MEMORY_COUNT) - 1,
   };
}

VKAPI_ATTR void VKAPI_CALL
mock_GetBufferMemoryRequirements(VkDevice device, VkBuffer buffer,
                                 VkMemoryRequirements *pMemoryRequirements)
{
   (void)device;
   *pMemoryRequirements =
      requirements_of(MOCK_GET("vkGetBufferMemoryRequirements", buffer, buffer)->size);
}

VKAPI_ATTR void VKAPI_CALL
mock_GetBufferMemoryRequirements2(VkDevice device, const VkBufferMemoryRequirementsInfo2 *pInfo,
                                  VkMemoryRequirements2 *pMemoryRequirements)
{
   mock_fill("vkGetBufferMemoryRequirements2", pMemoryRequirements,
             VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2);
   mock_GetBufferMemoryRequirements(device, pInfo->buffer,
                                    &pMemoryRequirements->memoryRequirements);
}

VKAPI_ATTR void VKAPI_CALL
mock_GetDeviceBufferMemoryRequirements(VkDevice device,
                                       const VkDeviceBufferMemoryRequirements *pInfo,
                                       VkMemoryRequirements2 *pMemoryRequirements)
{
   (void)device;
   mock_fill("vkGetDeviceBufferMemoryRequirements", pMemoryRequirements,
             VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2);
   pMemoryRequirements->memoryRequirements = requirements_of(pInfo->pCreateInfo->size);
}

static void
bind(const char *command, struct mock_object *object, uint64_t size, VkDeviceMemory handle,
     uint64_t offset)
{
   const struct mock_memory *memory = MOCK_GET(command, handle, memory);

   if (object->backing)
      mock_abort("%s: %s %#llx is bound already", command, mock_type_names[object->type],
                 (unsigned long long)object->handle);
   if (offset % ALIGNMENT || offset > memory->size || size > memory->size - offset)
      mock_abort("%s: %llu bytes at offset %llu do not fit memory of %llu", command,
                 (unsigned long long)size, (unsigned long long)offset,
                 (unsigned long long)memory->size);
   object->backing = memory->base.handle;
}

static void
bind_buffer(const char *command, VkBuffer handle, VkDeviceMemory memory, uint64_t offset)
{
   struct mock_buffer *buffer = MOCK_GET(command, handle, buffer);

   bind(command, &buffer->base, buffer->size, memory, offset);
   buffer->offset = offset;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_BindBufferMemory(VkDevice device, VkBuffer buffer, VkDeviceMemory memory,
                      VkDeviceSize memoryOffset)
{
   (void)device;
   bind_buffer("vkBindBufferMemory", buffer, memory, memoryOffset);
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_BindBufferMemory2(VkDevice device, uint32_t bindInfoCount,
                       const VkBindBufferMemoryInfo *pBindInfos)
{
   (void)device;
   for (uint32_t i = 0; i < bindInfoCount; i++) {
      bind_buffer("vkBindBufferMemory2", pBindInfos[i].buffer, pBindInfos[i].memory,
                  pBindInfos[i].memoryOffset);
   }
   return VK_SUCCESS;
}

uint8_t *
mock_buffer_bytes(const char *command, VkBuffer handle, uint64_t offset, uint64_t size)
{
   const struct mock_buffer *buffer = MOCK_GET(command, handle, buffer);

   if (offset > buffer->size || size > buffer->size - offset)
      mock_abort("%s: %llu bytes at offset %llu are not inside a buffer of %llu", command,
                 (unsigned long long)size, (unsigned long long)offset,
                 (unsigned long long)buffer->size);
   if (!buffer->base.backing && buffer->sparse)
      return NULL;
   if (!buffer->base.backing)
      mock_abort("%s: the buffer is not bound to memory", command);
   return MOCK_GET(command, buffer->base.backing, memory)->data + buffer->offset + offset;
}

/* --- Images --- */

/* Generous: 16 bytes for a texel of any format, and nothing is tiled. */
static void
image_layout(const VkImageCreateInfo *info, struct mock_image *image)
{
   const uint64_t mips = info->mipLevels > 1 ? 2 : 1;

   image->row_pitch = (uint64_t)info->extent.width * 16;
   image->depth_pitch = image->row_pitch * info->extent.height;
   image->size = image->depth_pitch * info->extent.depth * mips * info->arrayLayers * info->samples;
   image->sparse = info->flags & VK_IMAGE_CREATE_SPARSE_BINDING_BIT;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_CreateImage(VkDevice device, const VkImageCreateInfo *pCreateInfo,
                 const VkAllocationCallbacks *pAllocator, VkImage *pImage)
{
   (void)pAllocator;
   struct mock_image *image =
      (void *)mock_object_create((uintptr_t)device, MOCK_TYPE_VkImage, sizeof(*image));
   image_layout(pCreateInfo, image);
   *pImage = (VkImage)(uintptr_t)image->base.handle;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
mock_GetImageMemoryRequirements(VkDevice device, VkImage image,
                                VkMemoryRequirements *pMemoryRequirements)
{
   (void)device;
   *pMemoryRequirements =
      requirements_of(MOCK_GET("vkGetImageMemoryRequirements", image, image)->size);
}

VKAPI_ATTR void VKAPI_CALL
mock_GetImageMemoryRequirements2(VkDevice device, const VkImageMemoryRequirementsInfo2 *pInfo,
                                 VkMemoryRequirements2 *pMemoryRequirements)
{
   mock_fill("vkGetImageMemoryRequirements2", pMemoryRequirements,
             VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2);
   mock_GetImageMemoryRequirements(device, pInfo->image, &pMemoryRequirements->memoryRequirements);
}

VKAPI_ATTR void VKAPI_CALL
mock_GetDeviceImageMemoryRequirements(VkDevice device, const VkDeviceImageMemoryRequirements *pInfo,
                                      VkMemoryRequirements2 *pMemoryRequirements)
{
   struct mock_image image = {0};

   (void)device;
   mock_fill("vkGetDeviceImageMemoryRequirements", pMemoryRequirements,
             VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2);
   image_layout(pInfo->pCreateInfo, &image);
   pMemoryRequirements->memoryRequirements = requirements_of(image.size);
}

/* Not for images that are sparse here: they are none. */
VKAPI_ATTR void VKAPI_CALL
mock_GetImageSparseMemoryRequirements(VkDevice device, VkImage image,
                                      uint32_t *pSparseMemoryRequirementCount,
                                      VkSparseImageMemoryRequirements *pSparseMemoryRequirements)
{
   (void)device, (void)image, (void)pSparseMemoryRequirements;
   *pSparseMemoryRequirementCount = 0;
}

VKAPI_ATTR void VKAPI_CALL
mock_GetImageSubresourceLayout(VkDevice device, VkImage image,
                               const VkImageSubresource *pSubresource, VkSubresourceLayout *pLayout)
{
   const struct mock_image *of = MOCK_GET("vkGetImageSubresourceLayout", image, image);

   (void)device, (void)pSubresource;
   *pLayout = (VkSubresourceLayout){
      .size = of->size,
      .rowPitch = of->row_pitch,
      .arrayPitch = of->depth_pitch,
      .depthPitch = of->depth_pitch,
   };
}

static void
bind_image(const char *command, VkImage handle, VkDeviceMemory memory, uint64_t offset,
           const void *next)
{
   struct mock_image *image = MOCK_GET(command, handle, image);
   const VkBindImageMemorySwapchainInfoKHR *to =
      mock_chain_find(next, VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_SWAPCHAIN_INFO_KHR);

   if (to && to->swapchain) {
      if (to->imageIndex >= mock_swapchain_image_count(command, to->swapchain))
         mock_abort("%s: the swapchain has no image %u", command, to->imageIndex);
      return;
   }
   /* The planes of a disjoint image are bound one by one; only the first is kept. */
   if (mock_chain_find(next, VK_STRUCTURE_TYPE_BIND_IMAGE_PLANE_MEMORY_INFO)) {
      image->base.backing = 0;
      bind(command, &image->base, 0, memory, offset);
   } else {
      bind(command, &image->base, image->size, memory, offset);
   }
   image->offset = offset;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_BindImageMemory(VkDevice device, VkImage image, VkDeviceMemory memory,
                     VkDeviceSize memoryOffset)
{
   (void)device;
   bind_image("vkBindImageMemory", image, memory, memoryOffset, NULL);
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_BindImageMemory2(VkDevice device, uint32_t bindInfoCount,
                      const VkBindImageMemoryInfo *pBindInfos)
{
   (void)device;
   for (uint32_t i = 0; i < bindInfoCount; i++) {
      bind_image("vkBindImageMemory2", pBindInfos[i].image, pBindInfos[i].memory,
                 pBindInfos[i].memoryOffset, pBindInfos[i].pNext);
   }
   return VK_SUCCESS;
}
