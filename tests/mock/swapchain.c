/* SPDX-License-Identifier: MIT */
/*
 * Surfaces without a window and their swapchains. An image is free again once it was presented and
 * its semaphores are signaled. The one that has been free the longest comes first, from the last
 * one down, so that numbers cannot be guessed.
 */
#include "tests/mock/mock.h"

#include "mock_gen.h"

#define IMAGES_MAX 8u

enum image_state {
   FREE,
   ACQUIRED,
   PRESENTED, /* and not yet free */
};

struct mock_swapchain {
   struct mock_object base;
   VkSurfaceKHR surface;
   bool retired;
   uint32_t count;
   VkImage images[IMAGES_MAX];
   /* Under the device's mutex: */
   enum image_state states[IMAGES_MAX];
   uint64_t free_since[IMAGES_MAX];
   uint64_t clock;
   uint64_t present_id;
};

/* --- Surfaces --- */

static void
refuse_swapchain_on(struct mock_object *object, void *data)
{
   const struct mock_swapchain *swapchain = (const struct mock_swapchain *)object;
   const VkSurfaceKHR *surface = data;

   if (object->type == MOCK_TYPE_VkSwapchainKHR && swapchain->surface == *surface)
      mock_abort("vkDestroySurfaceKHR: a swapchain is on it");
}

static void
look_at_device(struct mock_object *object, void *data)
{
   if (object->type == MOCK_TYPE_VkDevice)
      mock_object_each_child(object, refuse_swapchain_on, data);
}

static void
look_at_physical(struct mock_object *object, void *data)
{
   mock_object_each_child(object, look_at_device, data);
}

VKAPI_ATTR void VKAPI_CALL
mock_DestroySurfaceKHR(VkInstance instance, VkSurfaceKHR surface,
                       const VkAllocationCallbacks *pAllocator)
{
   (void)pAllocator;
   if (surface)
      mock_object_each_child((struct mock_object *)instance, look_at_physical, &surface);
   mock_object_destroy("vkDestroySurfaceKHR", (uint64_t)(uintptr_t)surface);
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetPhysicalDeviceSurfaceSupportKHR(VkPhysicalDevice physicalDevice, uint32_t queueFamilyIndex,
                                        VkSurfaceKHR surface, VkBool32 *pSupported)
{
   (void)physicalDevice, (void)surface;
   if (queueFamilyIndex >= MOCK_QUEUE_FAMILY_COUNT)
      mock_abort("vkGetPhysicalDeviceSurfaceSupportKHR: there is no queue family %u",
                 queueFamilyIndex);
   *pSupported = VK_TRUE;
   return VK_SUCCESS;
}

static const VkSurfaceCapabilitiesKHR capabilities = {
   .minImageCount = 2,
   .maxImageCount = IMAGES_MAX,
   .currentExtent = {UINT32_MAX, UINT32_MAX},
   .minImageExtent = {1, 1},
   .maxImageExtent = {4096, 4096},
   .maxImageArrayLayers = 1,
   .supportedTransforms = VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR,
   .currentTransform = VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR,
   .supportedCompositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR,
   .supportedUsageFlags = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                          VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
};

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetPhysicalDeviceSurfaceCapabilitiesKHR(VkPhysicalDevice physicalDevice, VkSurfaceKHR surface,
                                             VkSurfaceCapabilitiesKHR *pSurfaceCapabilities)
{
   (void)physicalDevice, (void)surface;
   *pSurfaceCapabilities = capabilities;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetPhysicalDeviceSurfaceCapabilities2KHR(VkPhysicalDevice physicalDevice,
                                              const VkPhysicalDeviceSurfaceInfo2KHR *pSurfaceInfo,
                                              VkSurfaceCapabilities2KHR *pSurfaceCapabilities)
{
   (void)physicalDevice, (void)pSurfaceInfo;
   mock_fill("vkGetPhysicalDeviceSurfaceCapabilities2KHR", pSurfaceCapabilities,
             VK_STRUCTURE_TYPE_SURFACE_CAPABILITIES_2_KHR);
   pSurfaceCapabilities->surfaceCapabilities = capabilities;
   return VK_SUCCESS;
}

/* As many as there is room for of the two. */
static VkResult
give_formats(uint32_t *count, VkSurfaceFormatKHR *formats)
{
   const VkFormat all[] = {VK_FORMAT_B8G8R8A8_UNORM, VK_FORMAT_R8G8B8A8_UNORM};
   uint32_t room = formats && *count < 2 ? *count : 2;

   for (uint32_t i = 0; formats && i < room; i++)
      formats[i] = (VkSurfaceFormatKHR){all[i], VK_COLOR_SPACE_SRGB_NONLINEAR_KHR};
   *count = room;
   return room < 2 ? VK_INCOMPLETE : VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetPhysicalDeviceSurfaceFormatsKHR(VkPhysicalDevice physicalDevice, VkSurfaceKHR surface,
                                        uint32_t *pSurfaceFormatCount,
                                        VkSurfaceFormatKHR *pSurfaceFormats)
{
   (void)physicalDevice, (void)surface;
   return give_formats(pSurfaceFormatCount, pSurfaceFormats);
}

/* --- Swapchains --- */

VKAPI_ATTR VkResult VKAPI_CALL
mock_CreateSwapchainKHR(VkDevice device, const VkSwapchainCreateInfoKHR *pCreateInfo,
                        const VkAllocationCallbacks *pAllocator, VkSwapchainKHR *pSwapchain)
{
   (void)pAllocator;
   if (pCreateInfo->minImageCount < 2 || pCreateInfo->minImageCount > IMAGES_MAX)
      mock_abort("vkCreateSwapchainKHR: %u images", pCreateInfo->minImageCount);
   if (pCreateInfo->oldSwapchain) {
      struct mock_swapchain *old =
         MOCK_GET("vkCreateSwapchainKHR", pCreateInfo->oldSwapchain, swapchain);
      if (old->retired || old->surface != pCreateInfo->surface)
         mock_abort("vkCreateSwapchainKHR: the old one is retired, or of another surface");
      old->retired = true;
   }
   struct mock_swapchain *s =
      (void *)mock_object_create((uintptr_t)device, MOCK_TYPE_VkSwapchainKHR, sizeof(*s));
   s->surface = pCreateInfo->surface;
   s->count = pCreateInfo->minImageCount;
   for (uint32_t i = 0; i < s->count; i++) {
      struct mock_image *image =
         (void *)mock_object_create(s->base.handle, MOCK_TYPE_VkImage, sizeof(*image));
      image->size = UINT64_C(16) * pCreateInfo->imageExtent.width * pCreateInfo->imageExtent.height;
      s->images[i] = (VkImage)(uintptr_t)image->base.handle;
      s->free_since[i] = s->count - i;
   }
   s->clock = s->count;
   *pSwapchain = (VkSwapchainKHR)(uintptr_t)s->base.handle;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_GetSwapchainImagesKHR(VkDevice device, VkSwapchainKHR swapchain,
                           uint32_t *pSwapchainImageCount, VkImage *pSwapchainImages)
{
   const struct mock_swapchain *s = MOCK_GET("vkGetSwapchainImagesKHR", swapchain, swapchain);

   (void)device;
   if (!pSwapchainImages || *pSwapchainImageCount > s->count)
      *pSwapchainImageCount = s->count;
   for (uint32_t i = 0; pSwapchainImages && i < *pSwapchainImageCount; i++)
      pSwapchainImages[i] = s->images[i];
   return *pSwapchainImageCount < s->count ? VK_INCOMPLETE : VK_SUCCESS;
}

uint32_t
mock_swapchain_image_count(const char *command, VkSwapchainKHR swapchain)
{
   return MOCK_GET(command, swapchain, swapchain)->count;
}

/* --- Frames --- */

/* The free image to be acquired next; `count` where none is free. */
static uint32_t
next_free_locked(const struct mock_swapchain *s)
{
   uint32_t next = s->count;

   for (uint32_t i = 0; i < s->count; i++) {
      if (s->states[i] == FREE && (next == s->count || s->free_since[i] < s->free_since[next]))
         next = i;
   }
   return next;
}

static void
signal_locked(VkSemaphore semaphore, VkFence fence)
{
   struct mock_semaphore *s =
      semaphore ? MOCK_GET("vkAcquireNextImageKHR", semaphore, semaphore) : NULL;
   struct mock_fence *f = fence ? MOCK_GET("vkAcquireNextImageKHR", fence, fence) : NULL;

   if (!s && !f)
      mock_abort("vkAcquireNextImageKHR: neither a semaphore nor a fence");
   if (s && (s->timeline || s->value))
      mock_abort("vkAcquireNextImageKHR: the semaphore is signaled already, or a timeline");
   if (f && (f->signaled || f->pending))
      mock_abort("vkAcquireNextImageKHR: the fence is signaled already, or in use");
   if (s)
      s->value = 1;
   if (f)
      f->signaled = true;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_AcquireNextImageKHR(VkDevice device, VkSwapchainKHR swapchain, uint64_t timeout,
                         VkSemaphore semaphore, VkFence fence, uint32_t *pImageIndex)
{
   struct mock_device *d = (struct mock_device *)device;
   struct mock_swapchain *s = MOCK_GET("vkAcquireNextImageKHR", swapchain, swapchain);
   const uint64_t deadline = mock_deadline(timeout);
   bool time_left = true;
   uint32_t next;

   if (s->retired)
      return VK_ERROR_OUT_OF_DATE_KHR;
   pthread_mutex_lock(&d->mutex);
   while ((next = next_free_locked(s)) == s->count && time_left && timeout)
      time_left = mock_device_wait_locked(d, deadline);
   if (next < s->count) {
      s->states[next] = ACQUIRED;
      signal_locked(semaphore, fence);
      pthread_cond_broadcast(&d->changed);
   }
   pthread_mutex_unlock(&d->mutex);
   if (next == s->count)
      return timeout ? VK_TIMEOUT : VK_NOT_READY;
   *pImageIndex = next;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_AcquireNextImage2KHR(VkDevice device, const VkAcquireNextImageInfoKHR *pAcquireInfo,
                          uint32_t *pImageIndex)
{
   return mock_AcquireNextImageKHR(device, pAcquireInfo->swapchain, pAcquireInfo->timeout,
                                   pAcquireInfo->semaphore, pAcquireInfo->fence, pImageIndex);
}

void
mock_swapchain_present_locked(const char *command, VkSwapchainKHR swapchain, uint32_t image)
{
   struct mock_swapchain *s = MOCK_GET(command, swapchain, swapchain);

   if (image >= s->count || s->states[image] != ACQUIRED)
      mock_abort("%s: image %u is not acquired", command, image);
   s->states[image] = PRESENTED;
}

void
mock_swapchain_presented_locked(VkSwapchainKHR swapchain, uint32_t image, uint64_t present_id)
{
   struct mock_object *object = mock_object_find((uint64_t)(uintptr_t)swapchain);
   struct mock_swapchain *s = (struct mock_swapchain *)object;

   if (!s || object->type != MOCK_TYPE_VkSwapchainKHR)
      return; /* it went meanwhile */
   s->states[image] = FREE;
   s->free_since[image] = ++s->clock;
   if (present_id > s->present_id)
      s->present_id = present_id;
}

VKAPI_ATTR VkResult VKAPI_CALL
mock_WaitForPresentKHR(VkDevice device, VkSwapchainKHR swapchain, uint64_t presentId,
                       uint64_t timeout)
{
   struct mock_device *d = (struct mock_device *)device;
   const struct mock_swapchain *s = MOCK_GET("vkWaitForPresentKHR", swapchain, swapchain);
   const uint64_t deadline = mock_deadline(timeout);
   bool done, time_left = true;

   pthread_mutex_lock(&d->mutex);
   while (!(done = s->present_id >= presentId) && time_left && timeout)
      time_left = mock_device_wait_locked(d, deadline);
   pthread_mutex_unlock(&d->mutex);
   return done ? VK_SUCCESS : VK_TIMEOUT;
}

#ifdef VK_EXT_swapchain_maintenance1
VKAPI_ATTR VkResult VKAPI_CALL
mock_ReleaseSwapchainImagesKHR(VkDevice device, const VkReleaseSwapchainImagesInfoEXT *pReleaseInfo)
{
   struct mock_device *d = (struct mock_device *)device;
   struct mock_swapchain *s =
      MOCK_GET("vkReleaseSwapchainImagesEXT", pReleaseInfo->swapchain, swapchain);

   pthread_mutex_lock(&d->mutex);
   for (uint32_t i = 0; i < pReleaseInfo->imageIndexCount; i++) {
      const uint32_t image = pReleaseInfo->pImageIndices[i];
      mock_swapchain_present_locked("vkReleaseSwapchainImagesEXT", pReleaseInfo->swapchain, image);
      s->states[image] = FREE;
      s->free_since[image] = ++s->clock;
   }
   pthread_cond_broadcast(&d->changed);
   pthread_mutex_unlock(&d->mutex);
   return VK_SUCCESS;
}
#endif
