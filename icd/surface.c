/* SPDX-License-Identifier: MIT */

/* Surfaces, and the queries about them, which the host driver answers. */

#include "icd/surface.h"

#include "icd/connection.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

#include <vulkan/vk_icd.h>

/* Our surfaces begin with ICD_LOADER_MAGIC; those of the loader begin with a VkIcdWsiPlatform. */
bool
icd_surface_is_ours(VkSurfaceKHR surface)
{
   const struct tongs_object *object = (const struct tongs_object *)(uintptr_t)surface;

   return !object || object->loader_data == ICD_LOADER_MAGIC;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateHeadlessSurfaceEXT(VkInstance instance, const VkHeadlessSurfaceCreateInfoEXT *pCreateInfo,
                             const VkAllocationCallbacks *pAllocator, VkSurfaceKHR *pSurface)
{
   struct icd_dispatchable *inst = icd_dispatchable_from(instance);
   struct tongs_object *surface = icd_object_create(inst, pAllocator, TONGS_TYPE_VkSurfaceKHR);
   if (!surface)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   icd_object_init_dispatchable(surface);

   VkSurfaceKHR created = (VkSurfaceKHR)(uintptr_t)surface;
   struct tongs_args_vkCreateHeadlessSurfaceEXT args = {
      .instance = instance, .pCreateInfo = pCreateInfo, .pSurface = &created};
   VkResult result = icd_call(inst->connection, TONGS_OP_vkCreateHeadlessSurfaceEXT, &args);
   if (result < 0) {
      icd_object_destroy(inst, pAllocator, surface);
      return result;
   }
   *pSurface = (VkSurfaceKHR)(uintptr_t)surface;
   return result;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroySurfaceKHR(VkInstance instance, VkSurfaceKHR surface,
                      const VkAllocationCallbacks *pAllocator)
{
   struct icd_dispatchable *inst = icd_dispatchable_from(instance);
   struct tongs_args_vkDestroySurfaceKHR args = {.instance = instance, .surface = surface};

   if (!surface || !icd_surface_is_ours(surface))
      return;
   icd_post(inst->connection, TONGS_OP_vkDestroySurfaceKHR, &args);
   icd_object_destroy(inst, pAllocator, (struct tongs_object *)(uintptr_t)surface);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetPhysicalDeviceSurfaceSupportKHR(VkPhysicalDevice physicalDevice, uint32_t queueFamilyIndex,
                                       VkSurfaceKHR surface, VkBool32 *pSupported)
{
   struct tongs_args_vkGetPhysicalDeviceSurfaceSupportKHR args = {
      .physicalDevice = physicalDevice,
      .queueFamilyIndex = queueFamilyIndex,
      .surface = surface,
      .pSupported = pSupported,
   };

   if (!icd_surface_is_ours(surface)) {
      *pSupported = VK_FALSE;
      return VK_SUCCESS;
   }
   return icd_call(icd_dispatchable_from(physicalDevice)->connection,
                   TONGS_OP_vkGetPhysicalDeviceSurfaceSupportKHR, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetPhysicalDeviceSurfaceCapabilitiesKHR(VkPhysicalDevice physicalDevice, VkSurfaceKHR surface,
                                            VkSurfaceCapabilitiesKHR *pSurfaceCapabilities)
{
   struct tongs_args_vkGetPhysicalDeviceSurfaceCapabilitiesKHR args = {
      .physicalDevice = physicalDevice,
      .surface = surface,
      .pSurfaceCapabilities = pSurfaceCapabilities,
   };

   if (!icd_surface_is_ours(surface))
      return VK_ERROR_SURFACE_LOST_KHR;
   return icd_call(icd_dispatchable_from(physicalDevice)->connection,
                   TONGS_OP_vkGetPhysicalDeviceSurfaceCapabilitiesKHR, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetPhysicalDeviceSurfaceCapabilities2KHR(VkPhysicalDevice physicalDevice,
                                             const VkPhysicalDeviceSurfaceInfo2KHR *pSurfaceInfo,
                                             VkSurfaceCapabilities2KHR *pSurfaceCapabilities)
{
   struct tongs_args_vkGetPhysicalDeviceSurfaceCapabilities2KHR args = {
      .physicalDevice = physicalDevice,
      .pSurfaceInfo = pSurfaceInfo,
      .pSurfaceCapabilities = pSurfaceCapabilities,
   };

   if (!icd_surface_is_ours(pSurfaceInfo->surface))
      return VK_ERROR_SURFACE_LOST_KHR;
   return icd_call(icd_dispatchable_from(physicalDevice)->connection,
                   TONGS_OP_vkGetPhysicalDeviceSurfaceCapabilities2KHR, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetPhysicalDeviceSurfaceFormatsKHR(VkPhysicalDevice physicalDevice, VkSurfaceKHR surface,
                                       uint32_t *pSurfaceFormatCount,
                                       VkSurfaceFormatKHR *pSurfaceFormats)
{
   struct tongs_args_vkGetPhysicalDeviceSurfaceFormatsKHR args = {
      .physicalDevice = physicalDevice,
      .surface = surface,
      .pSurfaceFormatCount = pSurfaceFormatCount,
      .pSurfaceFormats = pSurfaceFormats,
   };

   if (!icd_surface_is_ours(surface))
      return VK_ERROR_SURFACE_LOST_KHR;
   return icd_call(icd_dispatchable_from(physicalDevice)->connection,
                   TONGS_OP_vkGetPhysicalDeviceSurfaceFormatsKHR, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetPhysicalDeviceSurfaceFormats2KHR(VkPhysicalDevice physicalDevice,
                                        const VkPhysicalDeviceSurfaceInfo2KHR *pSurfaceInfo,
                                        uint32_t *pSurfaceFormatCount,
                                        VkSurfaceFormat2KHR *pSurfaceFormats)
{
   struct tongs_args_vkGetPhysicalDeviceSurfaceFormats2KHR args = {
      .physicalDevice = physicalDevice,
      .pSurfaceInfo = pSurfaceInfo,
      .pSurfaceFormatCount = pSurfaceFormatCount,
      .pSurfaceFormats = pSurfaceFormats,
   };

   if (!icd_surface_is_ours(pSurfaceInfo->surface))
      return VK_ERROR_SURFACE_LOST_KHR;
   return icd_call(icd_dispatchable_from(physicalDevice)->connection,
                   TONGS_OP_vkGetPhysicalDeviceSurfaceFormats2KHR, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetPhysicalDeviceSurfacePresentModesKHR(VkPhysicalDevice physicalDevice, VkSurfaceKHR surface,
                                            uint32_t *pPresentModeCount,
                                            VkPresentModeKHR *pPresentModes)
{
   struct tongs_args_vkGetPhysicalDeviceSurfacePresentModesKHR args = {
      .physicalDevice = physicalDevice,
      .surface = surface,
      .pPresentModeCount = pPresentModeCount,
      .pPresentModes = pPresentModes,
   };

   if (!icd_surface_is_ours(surface))
      return VK_ERROR_SURFACE_LOST_KHR;
   return icd_call(icd_dispatchable_from(physicalDevice)->connection,
                   TONGS_OP_vkGetPhysicalDeviceSurfacePresentModesKHR, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetPhysicalDevicePresentRectanglesKHR(VkPhysicalDevice physicalDevice, VkSurfaceKHR surface,
                                          uint32_t *pRectCount, VkRect2D *pRects)
{
   struct tongs_args_vkGetPhysicalDevicePresentRectanglesKHR args = {
      .physicalDevice = physicalDevice,
      .surface = surface,
      .pRectCount = pRectCount,
      .pRects = pRects,
   };

   if (!icd_surface_is_ours(surface)) {
      *pRectCount = 0;
      return VK_SUCCESS;
   }
   return icd_call(icd_dispatchable_from(physicalDevice)->connection,
                   TONGS_OP_vkGetPhysicalDevicePresentRectanglesKHR, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetDeviceGroupSurfacePresentModesKHR(VkDevice device, VkSurfaceKHR surface,
                                         VkDeviceGroupPresentModeFlagsKHR *pModes)
{
   struct tongs_args_vkGetDeviceGroupSurfacePresentModesKHR args = {
      .device = device,
      .surface = surface,
      .pModes = pModes,
   };

   if (!icd_surface_is_ours(surface))
      return VK_ERROR_SURFACE_LOST_KHR;
   return icd_call(icd_dispatchable_from(device)->connection,
                   TONGS_OP_vkGetDeviceGroupSurfacePresentModesKHR, &args);
}
