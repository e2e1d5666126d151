/* SPDX-License-Identifier: MIT */
/* The properties of a physical device. Structs not filled here are zero, features true. */
#include "tests/mock/mock.h"

#include "mock_gen.h"

#include <stdio.h>
#include <string.h>

const VkQueueFamilyProperties mock_queue_families[MOCK_QUEUE_FAMILY_COUNT] = {
   {
      .queueFlags = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT |
                    VK_QUEUE_SPARSE_BINDING_BIT,
      .queueCount = 4,
      .timestampValidBits = 64,
      .minImageTransferGranularity = {1, 1, 1},
   },
   {
      .queueFlags = VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT,
      .queueCount = 2,
      .timestampValidBits = 64,
      .minImageTransferGranularity = {1, 1, 1},
   },
};

#define SAMPLES (VK_SAMPLE_COUNT_1_BIT | VK_SAMPLE_COUNT_4_BIT)

/* At least what the specification demands (chapter "Limits"). */
static const VkPhysicalDeviceLimits limits = {
   .maxImageDimension1D = 16384,
   .maxImageDimension2D = 16384,
   .maxImageDimension3D = 2048,
   .maxImageDimensionCube = 16384,
   .maxImageArrayLayers = 2048,
   .maxTexelBufferElements = 1u << 27,
   .maxUniformBufferRange = 65536,
   .maxStorageBufferRange = 1u << 30,
   .maxPushConstantsSize = 256,
   .maxMemoryAllocationCount = 1u << 20,
   .maxSamplerAllocationCount = 1u << 16,
   .bufferImageGranularity = 64,
   .sparseAddressSpaceSize = UINT64_C(1) << 40,
   .maxBoundDescriptorSets = 32,
   .maxPerStageDescriptorSamplers = 1u << 16,
   .maxPerStageDescriptorUniformBuffers = 1u << 16,
   .maxPerStageDescriptorStorageBuffers = 1u << 16,
   .maxPerStageDescriptorSampledImages = 1u << 16,
   .maxPerStageDescriptorStorageImages = 1u << 16,
   .maxPerStageDescriptorInputAttachments = 1u << 16,
   .maxPerStageResources = 1u << 20,
   .maxDescriptorSetSamplers = 1u << 16,
   .maxDescriptorSetUniformBuffers = 1u << 16,
   .maxDescriptorSetUniformBuffersDynamic = 64,
   .maxDescriptorSetStorageBuffers = 1u << 16,
   .maxDescriptorSetStorageBuffersDynamic = 64,
   .maxDescriptorSetSampledImages = 1u << 16,
   .maxDescriptorSetStorageImages = 1u << 16,
   .maxDescriptorSetInputAttachments = 1u << 16,
   .maxVertexInputAttributes = 32,
   .maxVertexInputBindings = 32,
   .maxVertexInputAttributeOffset = 2047,
   .maxVertexInputBindingStride = 2048,
   .maxVertexOutputComponents = 128,
   .maxTessellationGenerationLevel = 64,
   .maxTessellationPatchSize = 32,
   .maxTessellationControlPerVertexInputComponents = 128,
   .maxTessellationControlPerVertexOutputComponents = 128,
   .maxTessellationControlPerPatchOutputComponents = 128,
   .maxTessellationControlTotalOutputComponents = 4096,
   .maxTessellationEvaluationInputComponents = 128,
   .maxTessellationEvaluationOutputComponents = 128,
   .maxGeometryShaderInvocations = 32,
   .maxGeometryInputComponents = 64,
   .maxGeometryOutputComponents = 128,
   .maxGeometryOutputVertices = 1024,
   .maxGeometryTotalOutputComponents = 1024,
   .maxFragmentInputComponents = 128,
   .maxFragmentOutputAttachments = 8,
   .maxFragmentDualSrcAttachments = 1,
   .maxFragmentCombinedOutputResources = 104,
   .maxComputeSharedMemorySize = 32768,
   .maxComputeWorkGroupCount = {65535, 65535, 65535},
   .maxComputeWorkGroupInvocations = 1024,
   .maxComputeWorkGroupSize = {1024, 1024, 1024},
   .subPixelPrecisionBits = 8,
   .subTexelPrecisionBits = 8,
   .mipmapPrecisionBits = 8,
   .maxDrawIndexedIndexValue = UINT32_MAX,
   .maxDrawIndirectCount = UINT32_MAX,
   .maxSamplerLodBias = 16,
   .maxSamplerAnisotropy = 16,
   .maxViewports = 16,
   .maxViewportDimensions = {16384, 16384},
   .viewportBoundsRange = {-32768, 32768},
   .minMemoryMapAlignment = 4096,
   .minTexelBufferOffsetAlignment = 16,
   .minUniformBufferOffsetAlignment = 16,
   .minStorageBufferOffsetAlignment = 16,
   .minTexelOffset = -32,
   .maxTexelOffset = 31,
   .minTexelGatherOffset = -32,
   .maxTexelGatherOffset = 31,
   .minInterpolationOffset = -2,
   .maxInterpolationOffset = 2,
   .subPixelInterpolationOffsetBits = 8,
   .maxFramebufferWidth = 16384,
   .maxFramebufferHeight = 16384,
   .maxFramebufferLayers = 2048,
   .framebufferColorSampleCounts = SAMPLES,
   .framebufferDepthSampleCounts = SAMPLES,
   .framebufferStencilSampleCounts = SAMPLES,
   .framebufferNoAttachmentsSampleCounts = SAMPLES,
   .maxColorAttachments = 8,
   .sampledImageColorSampleCounts = SAMPLES,
   .sampledImageIntegerSampleCounts = SAMPLES,
   .sampledImageDepthSampleCounts = SAMPLES,
   .sampledImageStencilSampleCounts = SAMPLES,
   .storageImageSampleCounts = SAMPLES,
   .maxSampleMaskWords = 1,
   .timestampComputeAndGraphics = VK_TRUE,
   .timestampPeriod = 1,
   .maxClipDistances = 8,
   .maxCullDistances = 8,
   .maxCombinedClipAndCullDistances = 8,
   .discreteQueuePriorities = 2,
   .pointSizeRange = {1, 255},
   .lineWidthRange = {1, 255},
   .pointSizeGranularity = 0.125f,
   .lineWidthGranularity = 0.125f,
   .standardSampleLocations = VK_TRUE,
   .optimalBufferCopyOffsetAlignment = 16,
   .optimalBufferCopyRowPitchAlignment = 16,
   .nonCoherentAtomSize = 64,
};

VKAPI_ATTR void VKAPI_CALL
mock_GetPhysicalDeviceProperties(VkPhysicalDevice physicalDevice,
                                 VkPhysicalDeviceProperties *pProperties)
{
   const struct mock_physical_device *physical =
      MOCK_GET("vkGetPhysicalDeviceProperties", physicalDevice, physical_device);

   *pProperties = (VkPhysicalDeviceProperties){
      .apiVersion = MOCK_API_VERSION,
      .driverVersion = 1,
      .vendorID = 0x10005,
      .deviceID = physical->number + 1,
      .deviceType = VK_PHYSICAL_DEVICE_TYPE_CPU,
      .pipelineCacheUUID = "tongs mock cache",
      .limits = limits,
      .sparseProperties = {.residencyNonResidentStrict = VK_TRUE},
   };
   snprintf(pProperties->deviceName, sizeof(pProperties->deviceName), "Mock %u", physical->number);
}

static void
fill_ids(uint8_t *device, uint8_t *driver, uint32_t number)
{
   memcpy(device, "tongs mock dev 0", VK_UUID_SIZE);
   device[VK_UUID_SIZE - 1] = (uint8_t)('0' + number);
   memcpy(driver, "tongs mock drv 1", VK_UUID_SIZE);
}

static void
fill_vulkan11(VkPhysicalDeviceVulkan11Properties *p, uint32_t number)
{
   fill_ids(p->deviceUUID, p->driverUUID, number);
   p->subgroupSize = 4;
   p->subgroupSupportedStages = VK_SHADER_STAGE_COMPUTE_BIT | VK_SHADER_STAGE_FRAGMENT_BIT;
   p->subgroupSupportedOperations = VK_SUBGROUP_FEATURE_BASIC_BIT;
   p->maxMultiviewViewCount = 6;
   p->maxMultiviewInstanceIndex = (1u << 27) - 1;
   p->maxPerSetDescriptors = 1u << 20;
   p->maxMemoryAllocationSize = MOCK_HEAP_SIZE;
}

static void
fill_vulkan12(VkPhysicalDeviceVulkan12Properties *p)
{
   p->driverID = VK_DRIVER_ID_MESA_LLVMPIPE;
   snprintf(p->driverName, sizeof(p->driverName), "mock");
   snprintf(p->driverInfo, sizeof(p->driverInfo), "built with Vulkan headers %u",
            MOCK_HEADER_VERSION);
   p->conformanceVersion = (VkConformanceVersion){1, 3, 0, 0};
   p->maxUpdateAfterBindDescriptorsInAllPools = 1u << 20;
   p->supportedDepthResolveModes = VK_RESOLVE_MODE_SAMPLE_ZERO_BIT;
   p->supportedStencilResolveModes = VK_RESOLVE_MODE_SAMPLE_ZERO_BIT;
   p->maxTimelineSemaphoreValueDifference = UINT64_MAX;
   p->framebufferIntegerColorSampleCounts = SAMPLES;
}

static void
fill_vulkan13(VkPhysicalDeviceVulkan13Properties *p)
{
   p->minSubgroupSize = 4;
   p->maxSubgroupSize = 4;
   p->maxComputeWorkgroupSubgroups = 256;
   p->maxInlineUniformBlockSize = 4096;
   p->maxPerStageDescriptorInlineUniformBlocks = 8;
   p->maxDescriptorSetInlineUniformBlocks = 8;
   p->maxInlineUniformTotalSize = 65536;
   p->maxBufferSize = MOCK_HEAP_SIZE;
}

/* Older structs must agree with the newer ones. */
static void
fill_properties(VkBaseOutStructure *s, uint32_t number)
{
   VkPhysicalDeviceVulkan11Properties v11 = {0};
   VkPhysicalDeviceVulkan12Properties v12 = {0};
   VkPhysicalDeviceVulkan13Properties v13 = {0};

   fill_vulkan11(&v11, number);
   fill_vulkan12(&v12);
   fill_vulkan13(&v13);
   switch ((uint32_t)s->sType) {
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES:
      fill_vulkan11((void *)s, number);
      break;
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES:
      fill_vulkan12((void *)s);
      break;
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES:
      fill_vulkan13((void *)s);
      break;
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES:
      fill_ids(((VkPhysicalDeviceIDProperties *)s)->deviceUUID,
               ((VkPhysicalDeviceIDProperties *)s)->driverUUID, number);
      break;
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES:
      ((VkPhysicalDeviceSubgroupProperties *)s)->subgroupSize = v11.subgroupSize;
      ((VkPhysicalDeviceSubgroupProperties *)s)->supportedStages = v11.subgroupSupportedStages;
      ((VkPhysicalDeviceSubgroupProperties *)s)->supportedOperations =
         v11.subgroupSupportedOperations;
      break;
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MULTIVIEW_PROPERTIES:
      ((VkPhysicalDeviceMultiviewProperties *)s)->maxMultiviewViewCount = v11.maxMultiviewViewCount;
      ((VkPhysicalDeviceMultiviewProperties *)s)->maxMultiviewInstanceIndex =
         v11.maxMultiviewInstanceIndex;
      break;
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES:
      ((VkPhysicalDeviceMaintenance3Properties *)s)->maxPerSetDescriptors =
         v11.maxPerSetDescriptors;
      ((VkPhysicalDeviceMaintenance3Properties *)s)->maxMemoryAllocationSize =
         v11.maxMemoryAllocationSize;
      break;
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES: {
      VkPhysicalDeviceDriverProperties *p = (void *)s;
      p->driverID = v12.driverID;
      memcpy(p->driverName, v12.driverName, sizeof(p->driverName));
      memcpy(p->driverInfo, v12.driverInfo, sizeof(p->driverInfo));
      p->conformanceVersion = v12.conformanceVersion;
      break;
   }
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_PROPERTIES:
      ((VkPhysicalDeviceTimelineSemaphoreProperties *)s)->maxTimelineSemaphoreValueDifference =
         v12.maxTimelineSemaphoreValueDifference;
      break;
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_INLINE_UNIFORM_BLOCK_PROPERTIES:
      ((VkPhysicalDeviceInlineUniformBlockProperties *)s)->maxInlineUniformBlockSize =
         v13.maxInlineUniformBlockSize;
      ((VkPhysicalDeviceInlineUniformBlockProperties *)s)
         ->maxPerStageDescriptorInlineUniformBlocks = v13.maxPerStageDescriptorInlineUniformBlocks;
      ((VkPhysicalDeviceInlineUniformBlockProperties *)s)->maxDescriptorSetInlineUniformBlocks =
         v13.maxDescriptorSetInlineUniformBlocks;
      break;
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES:
      ((VkPhysicalDeviceMaintenance4Properties *)s)->maxBufferSize = v13.maxBufferSize;
      break;
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PUSH_DESCRIPTOR_PROPERTIES_KHR:
      ((VkPhysicalDevicePushDescriptorPropertiesKHR *)s)->maxPushDescriptors = 32;
      break;
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT:
      ((VkPhysicalDeviceExternalMemoryHostPropertiesEXT *)s)->minImportedHostPointerAlignment =
         MOCK_HOST_POINTER_ALIGNMENT;
      break;
#ifdef VK_VERSION_1_4
   case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_4_PROPERTIES:
      ((VkPhysicalDeviceVulkan14Properties *)s)->maxPushDescriptors = 32;
      break;
#endif
   default:
      break;
   }
}

VKAPI_ATTR void VKAPI_CALL
mock_GetPhysicalDeviceProperties2(VkPhysicalDevice physicalDevice,
                                  VkPhysicalDeviceProperties2 *pProperties)
{
   const char *command = "vkGetPhysicalDeviceProperties2";
   const struct mock_physical_device *physical = MOCK_GET(command, physicalDevice, physical_device);

   mock_fill(command, pProperties, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2);
   mock_GetPhysicalDeviceProperties(physicalDevice, &pProperties->properties);
   for (VkBaseOutStructure *s = pProperties->pNext; s; s = s->pNext)
      fill_properties(s, physical->number);
}

VKAPI_ATTR void VKAPI_CALL
mock_GetPhysicalDeviceFeatures(VkPhysicalDevice physicalDevice, VkPhysicalDeviceFeatures *pFeatures)
{
   VkPhysicalDeviceFeatures2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};

   (void)physicalDevice;
   mock_fill("vkGetPhysicalDeviceFeatures", &all, all.sType);
   *pFeatures = all.features;
}

VKAPI_ATTR void VKAPI_CALL
mock_GetPhysicalDeviceMemoryProperties(VkPhysicalDevice physicalDevice,
                                       VkPhysicalDeviceMemoryProperties *pMemoryProperties)
{
   (void)physicalDevice;
   *pMemoryProperties = (VkPhysicalDeviceMemoryProperties){
      .memoryTypeCount = MOCK_MEMORY_COUNT,
      .memoryTypes =
         {
            [MOCK_MEMORY_HOST] = {VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                     VK_MEMORY_PROPERTY_HOST_COHERENT_BIT |
                                     VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
                                  0},
            [MOCK_MEMORY_DEVICE] = {VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 1},
         },
      .memoryHeapCount = 2,
      .memoryHeaps =
         {
            {MOCK_HEAP_SIZE, 0},
            {MOCK_HEAP_SIZE, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT},
         },
   };
}

VKAPI_ATTR void VKAPI_CALL
mock_GetPhysicalDeviceMemoryProperties2(VkPhysicalDevice physicalDevice,
                                        VkPhysicalDeviceMemoryProperties2 *pMemoryProperties)
{
   mock_fill("vkGetPhysicalDeviceMemoryProperties2", pMemoryProperties,
             VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2);
   mock_GetPhysicalDeviceMemoryProperties(physicalDevice, &pMemoryProperties->memoryProperties);

   VkPhysicalDeviceMemoryBudgetPropertiesEXT *budget = mock_chain_find(
      pMemoryProperties->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT);
   for (uint32_t i = 0; budget && i < pMemoryProperties->memoryProperties.memoryHeapCount; i++)
      budget->heapBudget[i] = MOCK_HEAP_SIZE;
}

VKAPI_ATTR void VKAPI_CALL
mock_GetPhysicalDeviceQueueFamilyProperties(VkPhysicalDevice physicalDevice,
                                            uint32_t *pQueueFamilyPropertyCount,
                                            VkQueueFamilyProperties *pQueueFamilyProperties)
{
   uint32_t room = pQueueFamilyProperties ? *pQueueFamilyPropertyCount : MOCK_QUEUE_FAMILY_COUNT;

   (void)physicalDevice;
   if (room > MOCK_QUEUE_FAMILY_COUNT)
      room = MOCK_QUEUE_FAMILY_COUNT;
   for (uint32_t i = 0; pQueueFamilyProperties && i < room; i++)
      pQueueFamilyProperties[i] = mock_queue_families[i];
   *pQueueFamilyPropertyCount = room;
}

VKAPI_ATTR void VKAPI_CALL
mock_GetPhysicalDeviceQueueFamilyProperties2(VkPhysicalDevice physicalDevice,
                                             uint32_t *pQueueFamilyPropertyCount,
                                             VkQueueFamilyProperties2 *pQueueFamilyProperties)
{
   uint32_t room = pQueueFamilyProperties ? *pQueueFamilyPropertyCount : MOCK_QUEUE_FAMILY_COUNT;

   (void)physicalDevice;
   if (room > MOCK_QUEUE_FAMILY_COUNT)
      room = MOCK_QUEUE_FAMILY_COUNT;
   for (uint32_t i = 0; pQueueFamilyProperties && i < room; i++) {
      mock_fill("vkGetPhysicalDeviceQueueFamilyProperties2", &pQueueFamilyProperties[i],
                VK_STRUCTURE_TYPE_QUEUE_FAMILY_PROPERTIES_2);
      pQueueFamilyProperties[i].queueFamilyProperties = mock_queue_families[i];
   }
   *pQueueFamilyPropertyCount = room;
}

/* Bits 0 to 16 of VkFormatFeatureFlags are those of Vulkan 1.0 and the transfers. */
static VkFormatProperties
format_properties(VkFormat format)
{
   const VkFormatFeatureFlags image = 0x1ffff & ~(VkFormatFeatureFlags)0x78;
   const VkFormatFeatureFlags buffer = VK_FORMAT_FEATURE_UNIFORM_TEXEL_BUFFER_BIT |
                                       VK_FORMAT_FEATURE_STORAGE_TEXEL_BUFFER_BIT |
                                       VK_FORMAT_FEATURE_VERTEX_BUFFER_BIT;
   const bool depth = format >= VK_FORMAT_D16_UNORM && format <= VK_FORMAT_D32_SFLOAT_S8_UINT;

   if (format == VK_FORMAT_UNDEFINED)
      return (VkFormatProperties){0};
   if (depth) {
      const VkFormatFeatureFlags bits =
         VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT | VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT |
         VK_FORMAT_FEATURE_BLIT_SRC_BIT | VK_FORMAT_FEATURE_BLIT_DST_BIT |
         VK_FORMAT_FEATURE_TRANSFER_SRC_BIT | VK_FORMAT_FEATURE_TRANSFER_DST_BIT;
      return (VkFormatProperties){bits, bits, 0};
   }
   const VkFormatFeatureFlags color =
      image & ~(VkFormatFeatureFlags)VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT;
   return (VkFormatProperties){color, color, buffer};
}

VKAPI_ATTR void VKAPI_CALL
mock_GetPhysicalDeviceFormatProperties(VkPhysicalDevice physicalDevice, VkFormat format,
                                       VkFormatProperties *pFormatProperties)
{
   (void)physicalDevice;
   *pFormatProperties = format_properties(format);
}

VKAPI_ATTR void VKAPI_CALL
mock_GetPhysicalDeviceFormatProperties2(VkPhysicalDevice physicalDevice, VkFormat format,
                                        VkFormatProperties2 *pFormatProperties)
{
   (void)physicalDevice;
   mock_fill("vkGetPhysicalDeviceFormatProperties2", pFormatProperties,
             VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2);
   pFormatProperties->formatProperties = format_properties(format);

   VkFormatProperties3 *wide =
      mock_chain_find(pFormatProperties->pNext, VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_3);
   if (wide) {
      wide->linearTilingFeatures = pFormatProperties->formatProperties.linearTilingFeatures;
      wide->optimalTilingFeatures = pFormatProperties->formatProperties.optimalTilingFeatures;
      wide->bufferFeatures = pFormatProperties->formatProperties.bufferFeatures;
   }
}

static VkResult
image_format_properties(VkFormat format, VkImageType type, VkImageFormatProperties *properties)
{
   if (format == VK_FORMAT_UNDEFINED)
      return VK_ERROR_FORMAT_NOT_SUPPORTED;
   *properties = (VkImageFormatProperties){
      .maxExtent = {16384, type == VK_IMAGE_TYPE_1D ? 1 : 16384,
                    type == VK_IMAGE_TYPE_3D ? 2048 : 1},
      .maxMipLevels = 15,
      .maxArrayLayers = type == VK_IMAGE_TYPE_3D ? 1 : 2048,
      .sampleCounts = type == VK_IMAGE_TYPE_2D ? SAMPLES : VK_SAMPLE_COUNT_1_BIT,
      .maxResourceSize = MOCK_HEAP_SIZE,
   };
   if (type == VK_IMAGE_TYPE_3D)
      properties->maxExtent.width = properties->maxExtent.height = 2048;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetPhysicalDeviceImageFormatProperties(VkPhysicalDevice physicalDevice, VkFormat format,
                                            VkImageType type, VkImageTiling tiling,
                                            VkImageUsageFlags usage, VkImageCreateFlags flags,
                                            VkImageFormatProperties *pImageFormatProperties)
{
   (void)physicalDevice, (void)tiling, (void)usage, (void)flags;
   return image_format_properties(format, type, pImageFormatProperties);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetPhysicalDeviceImageFormatProperties2(
   VkPhysicalDevice physicalDevice, const VkPhysicalDeviceImageFormatInfo2 *pImageFormatInfo,
   VkImageFormatProperties2 *pImageFormatProperties)
{
   (void)physicalDevice;
   mock_fill("vkGetPhysicalDeviceImageFormatProperties2", pImageFormatProperties,
             VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2);
   return image_format_properties(pImageFormatInfo->format, pImageFormatInfo->type,
                                  &pImageFormatProperties->imageFormatProperties);
}

/* None: multiplanar and sparse images are plain here. */
VKAPI_ATTR void VKAPI_CALL
mock_GetPhysicalDeviceSparseImageFormatProperties2(
   VkPhysicalDevice physicalDevice, const VkPhysicalDeviceSparseImageFormatInfo2 *pFormatInfo,
   uint32_t *pPropertyCount, VkSparseImageFormatProperties2 *pProperties)
{
   (void)physicalDevice, (void)pFormatInfo, (void)pProperties;
   *pPropertyCount = 0;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetPhysicalDeviceToolProperties(VkPhysicalDevice physicalDevice, uint32_t *pToolCount,
                                     VkPhysicalDeviceToolProperties *pToolProperties)
{
   (void)physicalDevice, (void)pToolProperties;
   *pToolCount = 0;
   return VK_SUCCESS;
}
