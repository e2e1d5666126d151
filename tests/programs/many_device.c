/* SPDX-License-Identifier: MIT */
/* Checks of what instance and physical device say about themselves. */
#include "tests/programs/many.h"

#include <stdlib.h>
#include <string.h>

/*
 * The rules of two-call enumerations: the count alone, all, one too few (VK_INCOMPLETE, and
 * nothing written behind the room), none, and more room than needed (the count shrinks).
 * fill calls the command; items are of the given size.
 */
struct enumeration {
   const char *name;
   size_t size;
   VkResult (*fill)(struct prog *p, uint32_t *count, void *items);
   VkStructureType type; /* 0 if the items have no sType */
};

static void
prepare_items(const struct enumeration *e, char *items, uint32_t count)
{
   memset(items, 0, e->size * count);
   for (uint32_t i = 0; i < count && e->type; i++)
      memcpy(items + i * e->size, &e->type, sizeof(e->type));
}

static enum prog_status
enumerate(struct prog *p, const struct enumeration *e, char *items, uint32_t all)
{
   uint32_t count = all;
   prepare_items(e, items, all + 1);
   PROG_EXPECT(p, e->fill(p, &count, items) == VK_SUCCESS && count == all,
               "%s gives %u of %u items", e->name, count, all);

   count = all + 1;
   PROG_EXPECT(p, e->fill(p, &count, items) == VK_SUCCESS && count == all,
               "%s gives %u of %u items where there is room for more", e->name, count, all);
   if (all == 0)
      return PROG_RIGHT;

   count = all - 1;
   prepare_items(e, items, all + 1);
   char *last = items + (all - 1) * e->size;
   memset(last, 0x3c, e->size);
   const VkResult result = e->fill(p, &count, items);
   PROG_EXPECT(p, result == VK_INCOMPLETE && count == all - 1,
               "%s with room for %u of %u gives %s and %u", e->name, all - 1, all,
               prog_result_name(result), count);
   for (size_t i = 0; i < e->size; i++)
      PROG_EXPECT(p, last[i] == 0x3c, "%s writes behind the room that it was given", e->name);
   return PROG_RIGHT;
}

static VkResult
fill_physical_devices(struct prog *p, uint32_t *count, void *items)
{
   return vkEnumeratePhysicalDevices(p->instance, count, items);
}

static VkResult
fill_device_groups(struct prog *p, uint32_t *count, void *items)
{
   return vkEnumeratePhysicalDeviceGroups(p->instance, count, items);
}

static VkResult
fill_instance_extensions(struct prog *p, uint32_t *count, void *items)
{
   (void)p;
   return vkEnumerateInstanceExtensionProperties(NULL, count, items);
}

static VkResult
fill_device_extensions(struct prog *p, uint32_t *count, void *items)
{
   return vkEnumerateDeviceExtensionProperties(p->phys, NULL, count, items);
}

static VkResult
fill_tools(struct prog *p, uint32_t *count, void *items)
{
   return vkGetPhysicalDeviceToolProperties(p->phys, count, items);
}

/* Has no result: VK_INCOMPLETE is made up, so that the same rules hold. */
static VkResult
fill_queue_families(struct prog *p, uint32_t *count, void *items)
{
   uint32_t all = 0;
   vkGetPhysicalDeviceQueueFamilyProperties(p->phys, &all, NULL);
   vkGetPhysicalDeviceQueueFamilyProperties(p->phys, count, items);
   return items && *count < all ? VK_INCOMPLETE : VK_SUCCESS;
}

static VkResult
fill_queue_families2(struct prog *p, uint32_t *count, void *items)
{
   uint32_t all = 0;
   vkGetPhysicalDeviceQueueFamilyProperties2(p->phys, &all, NULL);
   vkGetPhysicalDeviceQueueFamilyProperties2(p->phys, count, items);
   return items && *count < all ? VK_INCOMPLETE : VK_SUCCESS;
}

enum prog_status
check_enumerations(struct prog *p)
{
   const struct enumeration v10[] = {
      {"vkEnumeratePhysicalDevices", sizeof(VkPhysicalDevice), fill_physical_devices, 0},
      {"vkEnumerateInstanceExtensionProperties", sizeof(VkExtensionProperties),
       fill_instance_extensions, 0},
      {"vkEnumerateDeviceExtensionProperties", sizeof(VkExtensionProperties),
       fill_device_extensions, 0},
      {"vkGetPhysicalDeviceQueueFamilyProperties", sizeof(VkQueueFamilyProperties),
       fill_queue_families, 0},
   };
   const struct enumeration v11[] = {
      {"vkEnumeratePhysicalDeviceGroups", sizeof(VkPhysicalDeviceGroupProperties),
       fill_device_groups, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_GROUP_PROPERTIES},
      {"vkGetPhysicalDeviceQueueFamilyProperties2", sizeof(VkQueueFamilyProperties2),
       fill_queue_families2, VK_STRUCTURE_TYPE_QUEUE_FAMILY_PROPERTIES_2},
   };
   const struct enumeration v13[] = {
      {"vkGetPhysicalDeviceToolProperties", sizeof(VkPhysicalDeviceToolProperties), fill_tools,
       VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TOOL_PROPERTIES},
   };
   const struct {
      const struct enumeration *list;
      size_t count;
      uint32_t api;
   } lists[] = {
      {v10, PROG_COUNT(v10), VK_API_VERSION_1_0},
      {v11, PROG_COUNT(v11), VK_API_VERSION_1_1},
      {v13, PROG_COUNT(v13), VK_API_VERSION_1_3},
   };
   for (size_t l = 0; l < PROG_COUNT(lists); l++) {
      for (size_t i = 0; i < lists[l].count && p->api >= lists[l].api; i++) {
         const struct enumeration *e = &lists[l].list[i];
         uint32_t all = 0;
         PROG_EXPECT(p, e->fill(p, &all, NULL) == VK_SUCCESS, "%s does not count", e->name);
         char *items = malloc((all + 1) * e->size);
         PROG_EXPECT(p, items, "no memory");
         const enum prog_status status = enumerate(p, e, items, all);
         free(items);
         PROG_STEP(status);
      }
   }
   return PROG_RIGHT;
}

/* The members of VkPhysicalDeviceLimits, without the padding between: [first, last]. */
#define RANGE(first, last) \
   { \
      offsetof(VkPhysicalDeviceLimits, first), \
         offsetof(VkPhysicalDeviceLimits, last) + sizeof(((VkPhysicalDeviceLimits *)0)->last) \
   }

static const size_t limit_ranges[][2] = {
   RANGE(maxImageDimension1D, maxSamplerAllocationCount),
   RANGE(bufferImageGranularity, sparseAddressSpaceSize),
   RANGE(maxBoundDescriptorSets, viewportSubPixelBits),
   RANGE(minMemoryMapAlignment, minStorageBufferOffsetAlignment),
   RANGE(minTexelOffset, standardSampleLocations),
   RANGE(optimalBufferCopyOffsetAlignment, nonCoherentAtomSize),
};

static bool
properties_equal(const VkPhysicalDeviceProperties *a, const VkPhysicalDeviceProperties *b)
{
   for (size_t i = 0; i < PROG_COUNT(limit_ranges); i++) {
      const size_t from = limit_ranges[i][0], to = limit_ranges[i][1];
      if (memcmp((const char *)&a->limits + from, (const char *)&b->limits + from, to - from))
         return false;
   }
   return a->apiVersion == b->apiVersion && a->driverVersion == b->driverVersion &&
          a->vendorID == b->vendorID && a->deviceID == b->deviceID &&
          a->deviceType == b->deviceType && strcmp(a->deviceName, b->deviceName) == 0 &&
          memcmp(a->pipelineCacheUUID, b->pipelineCacheUUID, VK_UUID_SIZE) == 0 &&
          memcmp(&a->sparseProperties, &b->sparseProperties, sizeof(a->sparseProperties)) == 0;
}

static bool
requirements_equal(const VkMemoryRequirements *a, const VkMemoryRequirements *b)
{
   return a->size == b->size && a->alignment == b->alignment &&
          a->memoryTypeBits == b->memoryTypeBits;
}

enum prog_status
check_properties(struct prog *p)
{
   const VkPhysicalDeviceProperties *props = &p->props;
   PROG_EXPECT(p, memchr(props->deviceName, 0, sizeof(props->deviceName)) && props->deviceName[0],
               "the device has no name");
   PROG_EXPECT(p, VK_API_VERSION_MAJOR(props->apiVersion) == 1, "the API version is %#x",
               props->apiVersion);
   /* Some of what the specification guarantees ("Required Limits"). */
   const VkPhysicalDeviceLimits *limits = &props->limits;
   PROG_EXPECT(p,
               limits->maxImageDimension2D >= 4096 && limits->maxPushConstantsSize >= 128 &&
                  limits->maxBoundDescriptorSets >= 4 && limits->maxMemoryAllocationCount >= 4096 &&
                  limits->maxComputeWorkGroupInvocations >= 128 && limits->maxViewports >= 1 &&
                  limits->minMemoryMapAlignment >= 64 && limits->nonCoherentAtomSize >= 1,
               "a limit is below what Vulkan requires");
   if (p->api < VK_API_VERSION_1_2)
      return PROG_RIGHT;

   VkPhysicalDeviceVulkan12Properties v12 = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES,
   };
   VkPhysicalDeviceVulkan11Properties v11 = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES,
      .pNext = &v12,
   };
   VkPhysicalDeviceProperties2 all = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
      .pNext = &v11,
   };
   vkGetPhysicalDeviceProperties2(p->phys, &all);
   PROG_EXPECT(p, properties_equal(&all.properties, props),
               "vkGetPhysicalDeviceProperties and its second version differ");

   VkPhysicalDeviceDriverProperties driver = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES,
   };
   VkPhysicalDeviceIDProperties id = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES,
      .pNext = &driver,
   };
   VkPhysicalDeviceMaintenance3Properties maintenance = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES,
      .pNext = &id,
   };
   VkPhysicalDeviceSubgroupProperties subgroup = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES,
      .pNext = &maintenance,
   };
   all.pNext = &subgroup;
   vkGetPhysicalDeviceProperties2(p->phys, &all);
   PROG_EXPECT(p,
               all.pNext == &subgroup && subgroup.pNext == &maintenance &&
                  maintenance.pNext == &id && id.pNext == &driver && driver.pNext == NULL,
               "the chain of properties was changed");
   PROG_EXPECT(p,
               driver.driverID == v12.driverID && strcmp(driver.driverName, v12.driverName) == 0 &&
                  strcmp(driver.driverInfo, v12.driverInfo) == 0 && driver.driverName[0],
               "driver properties differ by the struct that asks: \"%s\" and \"%s\"",
               driver.driverName, v12.driverName);
   PROG_EXPECT(p,
               memcmp(id.deviceUUID, v11.deviceUUID, VK_UUID_SIZE) == 0 &&
                  memcmp(id.driverUUID, v11.driverUUID, VK_UUID_SIZE) == 0,
               "UUIDs differ by the struct that asks");
   PROG_EXPECT(p,
               subgroup.subgroupSize == v11.subgroupSize && subgroup.subgroupSize >= 1 &&
                  maintenance.maxMemoryAllocationSize == v11.maxMemoryAllocationSize,
               "properties differ by the struct that asks");
   return PROG_RIGHT;
}

enum prog_status
check_features(struct prog *p)
{
   VkPhysicalDeviceFeatures plain;
   vkGetPhysicalDeviceFeatures(p->phys, &plain);
   const VkBool32 *values = (const VkBool32 *)&plain;
   for (size_t i = 0; i < sizeof(plain) / sizeof(VkBool32); i++)
      PROG_EXPECT(p, values[i] <= 1, "feature %zu is %u", i, values[i]);
   PROG_EXPECT(p, plain.robustBufferAccess, "the device has no robustBufferAccess");
   if (p->api < VK_API_VERSION_1_2)
      return PROG_RIGHT;

   VkPhysicalDeviceTimelineSemaphoreFeatures timeline = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
   };
   VkPhysicalDevice16BitStorageFeatures storage = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES,
      .pNext = &timeline,
   };
   VkPhysicalDeviceFeatures2 all = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
      .pNext = &storage,
   };
   vkGetPhysicalDeviceFeatures2(p->phys, &all);
   PROG_EXPECT(p, memcmp(&all.features, &plain, sizeof(plain)) == 0,
               "vkGetPhysicalDeviceFeatures and its second version differ");
   PROG_EXPECT(p,
               timeline.timelineSemaphore == p->features12.timelineSemaphore &&
                  storage.storageBuffer16BitAccess == p->features11.storageBuffer16BitAccess &&
                  storage.storageInputOutput16 == p->features11.storageInputOutput16,
               "features differ by the struct that asks");
   return PROG_RIGHT;
}

enum prog_status
check_formats(struct prog *p)
{
   uint32_t known = 0;
   for (uint32_t f = VK_FORMAT_R4G4_UNORM_PACK8; f <= VK_FORMAT_ASTC_12x12_SRGB_BLOCK; f++) {
      VkFormatProperties plain;
      vkGetPhysicalDeviceFormatProperties(p->phys, (VkFormat)f, &plain);
      known += plain.optimalTilingFeatures != 0;
      if (p->api < VK_API_VERSION_1_3)
         continue;
      VkFormatProperties3 third = {.sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_3};
      VkFormatProperties2 second = {
         .sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2,
         .pNext = &third,
      };
      vkGetPhysicalDeviceFormatProperties2(p->phys, (VkFormat)f, &second);
      PROG_EXPECT(p,
                  memcmp(&plain, &second.formatProperties, sizeof(plain)) == 0 &&
                     (uint32_t)(third.optimalTilingFeatures & plain.optimalTilingFeatures) ==
                        plain.optimalTilingFeatures,
                  "the properties of format %u differ by the command that asks", f);
   }
   PROG_EXPECT(p, known >= 20, "only %u formats have features", known);

   /* Required by Vulkan. */
   VkFormatProperties rgba;
   vkGetPhysicalDeviceFormatProperties(p->phys, VK_FORMAT_R8G8B8A8_UNORM, &rgba);
   const VkFormatFeatureFlags needed =
      VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT | VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT;
   PROG_EXPECT(p, (rgba.optimalTilingFeatures & needed) == needed,
               "RGBA8 has only the features %#x", rgba.optimalTilingFeatures);
   return PROG_RIGHT;
}

enum prog_status
check_image_formats(struct prog *p)
{
   VkImageFormatProperties plain;
   PROG_VK(p, vkGetPhysicalDeviceImageFormatProperties(p->phys, VK_FORMAT_R8G8B8A8_UNORM,
                                                       VK_IMAGE_TYPE_2D, VK_IMAGE_TILING_OPTIMAL,
                                                       VK_IMAGE_USAGE_SAMPLED_BIT, 0, &plain));
   PROG_EXPECT(p,
               plain.maxExtent.width >= 4096 && plain.maxMipLevels >= 1 &&
                  (plain.sampleCounts & VK_SAMPLE_COUNT_1_BIT),
               "RGBA8 images have at most %u pixels in a row", plain.maxExtent.width);

   uint32_t count = 0;
   vkGetPhysicalDeviceSparseImageFormatProperties(
      p->phys, VK_FORMAT_R8G8B8A8_UNORM, VK_IMAGE_TYPE_2D, VK_SAMPLE_COUNT_1_BIT,
      VK_IMAGE_USAGE_SAMPLED_BIT, VK_IMAGE_TILING_OPTIMAL, &count, NULL);
   PROG_EXPECT(p, p->features.sparseResidencyImage2D || count == 0,
               "the device has no sparse images and %u ways to make them", count);
   if (p->api < VK_API_VERSION_1_1)
      return PROG_RIGHT;

   const VkPhysicalDeviceExternalImageFormatInfo external = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO,
   };
   const VkPhysicalDeviceImageFormatInfo2 info = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
      .pNext = &external,
      .format = VK_FORMAT_R8G8B8A8_UNORM,
      .type = VK_IMAGE_TYPE_2D,
      .tiling = VK_IMAGE_TILING_OPTIMAL,
      .usage = VK_IMAGE_USAGE_SAMPLED_BIT,
   };
   VkImageFormatProperties2 second = {.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2};
   PROG_VK(p, vkGetPhysicalDeviceImageFormatProperties2(p->phys, &info, &second));
   PROG_EXPECT(p, memcmp(&plain, &second.imageFormatProperties, sizeof(plain)) == 0,
               "image format properties differ by the command that asks");
   return PROG_RIGHT;
}

enum prog_status
check_external_properties(struct prog *p)
{
   if (p->api < VK_API_VERSION_1_1)
      return prog_skipped(p, "the device has no Vulkan 1.1");
   const VkPhysicalDeviceExternalBufferInfo buffer_info = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO,
      .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
      .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT,
   };
   VkExternalBufferProperties buffer = {
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES,
   };
   vkGetPhysicalDeviceExternalBufferProperties(p->phys, &buffer_info, &buffer);

   const VkPhysicalDeviceExternalFenceInfo fence_info = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
      .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT,
   };
   VkExternalFenceProperties fence = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES};
   vkGetPhysicalDeviceExternalFenceProperties(p->phys, &fence_info, &fence);

   const VkPhysicalDeviceExternalSemaphoreInfo semaphore_info = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO,
      .handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT,
   };
   VkExternalSemaphoreProperties semaphore = {
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES,
   };
   vkGetPhysicalDeviceExternalSemaphoreProperties(p->phys, &semaphore_info, &semaphore);
   PROG_EXPECT(p,
               !(fence.externalFenceFeatures & ~3u) &&
                  !(semaphore.externalSemaphoreFeatures & ~3u) &&
                  !(buffer.externalMemoryProperties.externalMemoryFeatures & ~7u),
               "external features have bits that do not exist");
   return PROG_RIGHT;
}

/* The ways to ask for the same memory requirements agree. */
enum prog_status
check_memory_requirements(struct prog *p)
{
   if (p->api < VK_API_VERSION_1_1)
      return prog_skipped(p, "the device has no Vulkan 1.1");
   const VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .size = 12345,
      .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
   };
   VkBuffer buffer;
   VkMemoryRequirements plain;
   PROG_VK(p, vkCreateBuffer(p->device, &info, NULL, &buffer));
   vkGetBufferMemoryRequirements(p->device, buffer, &plain);
   VkMemoryDedicatedRequirements dedicated = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS,
      .prefersDedicatedAllocation = 7,
      .requiresDedicatedAllocation = 7,
   };
   VkMemoryRequirements2 second = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2,
      .pNext = &dedicated,
   };
   const VkBufferMemoryRequirementsInfo2 which = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_REQUIREMENTS_INFO_2,
      .buffer = buffer,
   };
   vkGetBufferMemoryRequirements2(p->device, &which, &second);
   PROG_EXPECT(p, requirements_equal(&plain, &second.memoryRequirements),
               "a buffer's memory requirements differ by the command that asks");
   PROG_EXPECT(
      p, dedicated.prefersDedicatedAllocation <= 1 && dedicated.requiresDedicatedAllocation <= 1,
      "VkMemoryDedicatedRequirements was not filled");
   if (p->features13.maintenance4) {
      const VkDeviceBufferMemoryRequirements of = {
         .sType = VK_STRUCTURE_TYPE_DEVICE_BUFFER_MEMORY_REQUIREMENTS,
         .pCreateInfo = &info,
      };
      second.pNext = NULL;
      vkGetDeviceBufferMemoryRequirements(p->device, &of, &second);
      PROG_EXPECT(p,
                  second.memoryRequirements.size == plain.size &&
                     second.memoryRequirements.memoryTypeBits == plain.memoryTypeBits,
                  "memory requirements differ between a buffer and its create info");
   }
   vkDestroyBuffer(p->device, buffer, NULL);
   return PROG_RIGHT;
}

enum prog_status
check_layout_support(struct prog *p)
{
   if (p->api < VK_API_VERSION_1_1)
      return prog_skipped(p, "the device has no Vulkan 1.1");
   const VkDescriptorSetLayoutBinding binding = {
      0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL,
   };
   const VkDescriptorSetLayoutCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
      .bindingCount = 1,
      .pBindings = &binding,
   };
   VkDescriptorSetLayoutSupport support = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_SUPPORT,
   };
   vkGetDescriptorSetLayoutSupport(p->device, &info, &support);
   PROG_EXPECT(p, support.supported == VK_TRUE, "one storage buffer is not supported");
   return PROG_RIGHT;
}

/* Three instances at once, each with a device that works, destroyed in another order. */
enum prog_status
check_several_instances(struct prog *p)
{
   struct prog others[3] = {0};
   for (uint32_t i = 0; i < 3; i++) {
      const enum prog_status status = prog_init(&others[i]);
      if (status != PROG_RIGHT)
         return prog_wrong(p, "instance %u: %.400s", i, others[i].why);
   }
   static const uint32_t order[3] = {1, 0, 2};
   for (uint32_t i = 0; i < 3; i++) {
      struct prog *other = &others[order[i]];
      PROG_EXPECT(p, strcmp(other->props.deviceName, p->props.deviceName) == 0,
                  "the device is now called \"%s\"", other->props.deviceName);
      PROG_VK(p, vkDeviceWaitIdle(other->device));
      prog_finish(other);
   }
   PROG_VK(p, vkDeviceWaitIdle(p->device));
   return PROG_RIGHT;
}

/* A request that cannot be met is refused with the right reason. */
enum prog_status
check_refusals(struct prog *p)
{
   VkInstance instance;
   VkDevice device;
   const char *no = "VK_EXT_there_is_no_such_extension";
   const char *no_layer = "VK_LAYER_there_is_no_such_layer";
   VkInstanceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
      .enabledExtensionCount = 1,
      .ppEnabledExtensionNames = &no,
   };
   PROG_VK_IS(p, vkCreateInstance(&info, NULL, &instance), VK_ERROR_EXTENSION_NOT_PRESENT);
   info.enabledExtensionCount = 0;
   info.enabledLayerCount = 1;
   info.ppEnabledLayerNames = &no_layer;
   PROG_VK_IS(p, vkCreateInstance(&info, NULL, &instance), VK_ERROR_LAYER_NOT_PRESENT);

   const float priority = 1.0f;
   const VkDeviceQueueCreateInfo queue = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueFamilyIndex = p->family,
      .queueCount = 1,
      .pQueuePriorities = &priority,
   };
   VkDeviceCreateInfo device_info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,
      .enabledExtensionCount = 1,
      .ppEnabledExtensionNames = &no,
   };
   PROG_VK_IS(p, vkCreateDevice(p->phys, &device_info, NULL, &device),
              VK_ERROR_EXTENSION_NOT_PRESENT);

   VkPhysicalDeviceFeatures features;
   vkGetPhysicalDeviceFeatures(p->phys, &features);
   VkBool32 *values = (VkBool32 *)&features;
   for (size_t i = 0; i < sizeof(features) / sizeof(VkBool32); i++) {
      if (values[i])
         continue;
      memset(&features, 0, sizeof(features));
      values[i] = VK_TRUE;
      device_info.enabledExtensionCount = 0;
      device_info.pEnabledFeatures = &features;
      PROG_VK_IS(p, vkCreateDevice(p->phys, &device_info, NULL, &device),
                 VK_ERROR_FEATURE_NOT_PRESENT);
      break;
   }
   return PROG_RIGHT;
}
