/* SPDX-License-Identifier: MIT */
/* The functions that the Vulkan loader calls (LoaderDriverInterface.md, version 5), and the
 * instance. */
#include "tests/mock/mock.h"

#include "mock_gen.h"

#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define INTERFACE_VERSION 5u

static const struct mock_entry_point *
find_entry_point(const char *name)
{
   for (uint32_t i = 0; i < mock_entry_point_count; i++) {
      if (!strcmp(mock_entry_points[i].name, name))
         return &mock_entry_points[i];
   }
   return NULL;
}

EXPORT VKAPI_ATTR VkResult VKAPI_CALL
vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *pVersion)
{
   if (*pVersion > INTERFACE_VERSION)
      *pVersion = INTERFACE_VERSION;
   return VK_SUCCESS;
}

EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
vk_icdGetPhysicalDeviceProcAddr(VkInstance instance, const char *pName)
{
   const struct mock_entry_point *entry = find_entry_point(pName);

   (void)instance;
   return entry && entry->level == MOCK_LEVEL_PHYSICAL ? entry->function : NULL;
}

EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
vk_icdGetInstanceProcAddr(VkInstance instance, const char *pName)
{
   if (!strcmp(pName, "vk_icdNegotiateLoaderICDInterfaceVersion"))
      return (PFN_vkVoidFunction)vk_icdNegotiateLoaderICDInterfaceVersion;
   if (!strcmp(pName, "vk_icdGetPhysicalDeviceProcAddr"))
      return (PFN_vkVoidFunction)vk_icdGetPhysicalDeviceProcAddr;

   const struct mock_entry_point *entry = find_entry_point(pName);
   (void)instance;
   return entry ? entry->function : NULL;
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
mock_GetInstanceProcAddr(VkInstance instance, const char *pName)
{
   return vk_icdGetInstanceProcAddr(instance, pName);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
mock_GetDeviceProcAddr(VkDevice device, const char *pName)
{
   const struct mock_entry_point *entry = find_entry_point(pName);

   MOCK_GET("vkGetDeviceProcAddr", device, device);
   return entry && (entry->level == MOCK_LEVEL_DEVICE || !strcmp(pName, "vkGetDeviceProcAddr"))
             ? entry->function
             : NULL;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_EnumerateInstanceVersion(uint32_t *pApiVersion)
{
   *pApiVersion = MOCK_API_VERSION;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_EnumerateInstanceLayerProperties(uint32_t *pPropertyCount, VkLayerProperties *pProperties)
{
   (void)pProperties;
   *pPropertyCount = 0;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_EnumerateDeviceLayerProperties(VkPhysicalDevice physicalDevice, uint32_t *pPropertyCount,
                                    VkLayerProperties *pProperties)
{
   (void)physicalDevice, (void)pProperties;
   *pPropertyCount = 0;
   return VK_SUCCESS;
}

static VkResult
enumerate_extensions(bool instance, uint32_t *count, VkExtensionProperties *properties)
{
   uint32_t found = 0, written = 0;

   for (uint32_t i = 0; i < mock_extension_count; i++) {
      const struct mock_extension *extension = &mock_extensions[i];
      if (extension->instance != instance)
         continue;
      found++;
      if (!properties || written == *count)
         continue;
      VkExtensionProperties *p = &properties[written++];
      memset(p, 0, sizeof(*p));
      strncpy(p->extensionName, extension->name, sizeof(p->extensionName) - 1);
      p->specVersion = extension->spec_version;
   }
   *count = properties ? written : found;
   return properties && written < found ? VK_INCOMPLETE : VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_EnumerateInstanceExtensionProperties(const char *pLayerName, uint32_t *pPropertyCount,
                                          VkExtensionProperties *pProperties)
{
   if (pLayerName)
      return VK_ERROR_LAYER_NOT_PRESENT;
   return enumerate_extensions(true, pPropertyCount, pProperties);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_EnumerateDeviceExtensionProperties(VkPhysicalDevice physicalDevice, const char *pLayerName,
                                        uint32_t *pPropertyCount,
                                        VkExtensionProperties *pProperties)
{
   MOCK_GET("vkEnumerateDeviceExtensionProperties", physicalDevice, physical_device);
   if (pLayerName)
      return VK_ERROR_LAYER_NOT_PRESENT;
   return enumerate_extensions(false, pPropertyCount, pProperties);
}

bool
mock_has_extension(const char *name, bool instance)
{
   for (uint32_t i = 0; i < mock_extension_count; i++) {
      if (mock_extensions[i].instance == instance && !strcmp(mock_extensions[i].name, name))
         return true;
   }
   return false;
}

/* TONGS_MOCK_DEVICES: 1 to 8, 1 if it is not set. */
static uint32_t
wanted_devices(void)
{
   const char *text = getenv("TONGS_MOCK_DEVICES");

   if (!text || !*text)
      return 1;
   if (text[0] < '1' || text[0] > '8' || text[1])
      mock_abort("TONGS_MOCK_DEVICES: %s is not 1 to 8", text);
   return (uint32_t)(text[0] - '0');
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_CreateInstance(const VkInstanceCreateInfo *pCreateInfo,
                    const VkAllocationCallbacks *pAllocator, VkInstance *pInstance)
{
   (void)pAllocator;
   if (pCreateInfo->enabledLayerCount)
      return VK_ERROR_LAYER_NOT_PRESENT;
   for (uint32_t i = 0; i < pCreateInfo->enabledExtensionCount; i++) {
      if (!mock_has_extension(pCreateInfo->ppEnabledExtensionNames[i], true))
         return VK_ERROR_EXTENSION_NOT_PRESENT;
   }

   struct mock_instance *instance =
      (void *)mock_object_create(0, MOCK_TYPE_VkInstance, sizeof(*instance));
   instance->physical_count = wanted_devices();
   for (uint32_t i = 0; i < instance->physical_count; i++) {
      instance->physical[i] = mock_object_create(instance->base.handle, MOCK_TYPE_VkPhysicalDevice,
                                                 sizeof(struct mock_physical_device));
      ((struct mock_physical_device *)instance->physical[i])->number = i;
   }
   *pInstance = (VkInstance)instance;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
mock_DestroyInstance(VkInstance instance, const VkAllocationCallbacks *pAllocator)
{
   (void)pAllocator;
   if (!instance)
      return;
   mock_objects_leak((struct mock_object *)instance);
   mock_object_destroy("vkDestroyInstance", (uintptr_t)instance);
   mock_objects_report();
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_EnumeratePhysicalDevices(VkInstance instance, uint32_t *pPhysicalDeviceCount,
                              VkPhysicalDevice *pPhysicalDevices)
{
   const struct mock_instance *owner = MOCK_GET("vkEnumeratePhysicalDevices", instance, instance);

   if (!pPhysicalDevices) {
      *pPhysicalDeviceCount = owner->physical_count;
      return VK_SUCCESS;
   }
   uint32_t count = 0;
   for (; count < owner->physical_count && count < *pPhysicalDeviceCount; count++)
      pPhysicalDevices[count] = (VkPhysicalDevice)owner->physical[count];
   *pPhysicalDeviceCount = count;
   return count < owner->physical_count ? VK_INCOMPLETE : VK_SUCCESS;
}

/* Each device is a group of its own. */
VKAPI_ATTR VkResult VKAPI_CALL
mock_EnumeratePhysicalDeviceGroups(VkInstance instance, uint32_t *pPhysicalDeviceGroupCount,
                                   VkPhysicalDeviceGroupProperties *pPhysicalDeviceGroupProperties)
{
   const struct mock_instance *owner =
      MOCK_GET("vkEnumeratePhysicalDeviceGroups", instance, instance);
   VkPhysicalDeviceGroupProperties *groups = pPhysicalDeviceGroupProperties;

   if (!groups) {
      *pPhysicalDeviceGroupCount = owner->physical_count;
      return VK_SUCCESS;
   }
   uint32_t count = 0;
   for (; count < owner->physical_count && count < *pPhysicalDeviceGroupCount; count++) {
      groups[count].physicalDeviceCount = 1;
      groups[count].physicalDevices[0] = (VkPhysicalDevice)owner->physical[count];
      groups[count].subsetAllocation = VK_FALSE;
   }
   *pPhysicalDeviceGroupCount = count;
   return count < owner->physical_count ? VK_INCOMPLETE : VK_SUCCESS;
}
