/* SPDX-License-Identifier: MIT */
/*
 * Surfaces without a window and their swapchains: VK_EXT_headless_surface, VK_KHR_swapchain.
 * Each check makes a device and what else it needs. "colours" looks at pixels, the others do not.
 */
#include "tests/programs/checks.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 64
#define HEIGHT 48
#define IMAGES_MAX 16
#define FRAMES 20

/* A surface, a swapchain on it, and what a frame takes. */
struct chain {
   VkSurfaceKHR surface;
   VkSwapchainKHR swapchain;
   VkExtent2D extent;
   VkFormat format;
   uint32_t count;
   VkImage images[IMAGES_MAX];
   VkSemaphore acquired[IMAGES_MAX + 1]; /* of the frames in turn */
   VkSemaphore drawn[IMAGES_MAX];        /* by image */
   VkFence fences[IMAGES_MAX];           /* by image: what was drawn to it last */
   VkCommandBuffer commands[IMAGES_MAX];
   uint32_t frame;
};

/* --- Objects --- */

static enum prog_status
make_surface(struct prog *p, struct chain *c)
{
   const PFN_vkCreateHeadlessSurfaceEXT create =
      (PFN_vkCreateHeadlessSurfaceEXT)vkGetInstanceProcAddr(p->instance,
                                                            "vkCreateHeadlessSurfaceEXT");
   const VkHeadlessSurfaceCreateInfoEXT info = {
      .sType = VK_STRUCTURE_TYPE_HEADLESS_SURFACE_CREATE_INFO_EXT,
   };
   VkBool32 supported = VK_FALSE;

   PROG_EXPECT(p, create, "there is no vkCreateHeadlessSurfaceEXT");
   PROG_VK(p, create(p->instance, &info, NULL, &c->surface));
   PROG_VK(p, vkGetPhysicalDeviceSurfaceSupportKHR(p->phys, p->family, c->surface, &supported));
   if (!supported)
      return prog_skipped(p, "the queue cannot present to a headless surface");
   return PROG_RIGHT;
}

static enum prog_status
choose_format(struct prog *p, struct chain *c)
{
   VkSurfaceFormatKHR formats[64];
   uint32_t count = PROG_COUNT(formats);
   const VkResult result =
      vkGetPhysicalDeviceSurfaceFormatsKHR(p->phys, c->surface, &count, formats);

   PROG_EXPECT(p, (result == VK_SUCCESS || result == VK_INCOMPLETE) && count,
               "vkGetPhysicalDeviceSurfaceFormatsKHR gave %s", prog_result_name(result));
   c->format = VK_FORMAT_UNDEFINED;
   for (uint32_t i = 0; i < count; i++) {
      if (formats[i].format == VK_FORMAT_B8G8R8A8_UNORM)
         c->format = formats[i].format;
   }
   if (!c->format)
      return prog_skipped(p, "the surface has no VK_FORMAT_B8G8R8A8_UNORM");
   return PROG_RIGHT;
}

static enum prog_status
get_images(struct prog *p, struct chain *c)
{
   uint32_t one = 1;

   PROG_VK(p, vkGetSwapchainImagesKHR(p->device, c->swapchain, &c->count, NULL));
   PROG_EXPECT(p, c->count > 1 && c->count <= IMAGES_MAX, "there are %u images", c->count);
   PROG_VK_IS(p, vkGetSwapchainImagesKHR(p->device, c->swapchain, &one, c->images), VK_INCOMPLETE);
   PROG_EXPECT(p, one == 1, "asked for 1 image, got %u", one);
   PROG_VK(p, vkGetSwapchainImagesKHR(p->device, c->swapchain, &c->count, c->images));
   return PROG_RIGHT;
}

/* Its objects for frames are made with the first swapchain. */
static enum prog_status
make_swapchain(struct prog *p, struct chain *c, uint32_t width, uint32_t height)
{
   const VkSwapchainKHR old = c->swapchain;
   VkSurfaceCapabilitiesKHR capabilities;

   PROG_VK(p, vkGetPhysicalDeviceSurfaceCapabilitiesKHR(p->phys, c->surface, &capabilities));
   c->extent = (VkExtent2D){width, height};
   const VkSwapchainCreateInfoKHR info = {
      .sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR,
      .surface = c->surface,
      .minImageCount = capabilities.minImageCount < 3 ? 3 : capabilities.minImageCount,
      .imageFormat = c->format,
      .imageColorSpace = VK_COLOR_SPACE_SRGB_NONLINEAR_KHR,
      .imageExtent = c->extent,
      .imageArrayLayers = 1,
      .imageUsage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
      .preTransform = capabilities.currentTransform,
      .compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR,
      .presentMode = VK_PRESENT_MODE_FIFO_KHR,
      .clipped = VK_TRUE,
      .oldSwapchain = old,
   };
   PROG_VK(p, vkCreateSwapchainKHR(p->device, &info, NULL, &c->swapchain));
   if (old)
      vkDestroySwapchainKHR(p->device, old, NULL);
   return get_images(p, c);
}

static enum prog_status
make_chain(struct prog *p, struct chain *c)
{
   const VkSemaphoreCreateInfo semaphore = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
   const VkFenceCreateInfo fence = {
      .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
      .flags = VK_FENCE_CREATE_SIGNALED_BIT,
   };

   *c = (struct chain){0};
   if (!p->device) {
      p->instance_extensions[0] = VK_KHR_SURFACE_EXTENSION_NAME;
      p->instance_extensions[1] = VK_EXT_HEADLESS_SURFACE_EXTENSION_NAME;
      p->extensions[0] = VK_KHR_SWAPCHAIN_EXTENSION_NAME;
      PROG_STEP(prog_init(p));
   }
   PROG_STEP(make_surface(p, c));
   PROG_STEP(choose_format(p, c));
   PROG_STEP(make_swapchain(p, c, WIDTH, HEIGHT));
   for (uint32_t i = 0; i < IMAGES_MAX; i++) {
      PROG_VK(p, vkCreateSemaphore(p->device, &semaphore, NULL, &c->acquired[i]));
      PROG_VK(p, vkCreateSemaphore(p->device, &semaphore, NULL, &c->drawn[i]));
      PROG_VK(p, vkCreateFence(p->device, &fence, NULL, &c->fences[i]));
   }
   PROG_VK(p, vkCreateSemaphore(p->device, &semaphore, NULL, &c->acquired[IMAGES_MAX]));
   const VkCommandBufferAllocateInfo commands = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = p->pool,
      .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
      .commandBufferCount = IMAGES_MAX,
   };
   PROG_VK(p, vkAllocateCommandBuffers(p->device, &commands, c->commands));
   return PROG_RIGHT;
}

static enum prog_status
end_chain(struct prog *p, struct chain *c)
{
   PROG_VK(p, vkDeviceWaitIdle(p->device));
   for (uint32_t i = 0; i < IMAGES_MAX; i++) {
      vkDestroySemaphore(p->device, c->acquired[i], NULL);
      vkDestroySemaphore(p->device, c->drawn[i], NULL);
      vkDestroyFence(p->device, c->fences[i], NULL);
   }
   vkDestroySemaphore(p->device, c->acquired[IMAGES_MAX], NULL);
   vkFreeCommandBuffers(p->device, p->pool, IMAGES_MAX, c->commands);
   vkDestroySwapchainKHR(p->device, c->swapchain, NULL);
   vkDestroySurfaceKHR(p->instance, c->surface, NULL);
   return PROG_RIGHT;
}

static enum prog_status
finish(struct prog *p, struct chain *c)
{
   PROG_STEP(end_chain(p, c));
   prog_finish(p);
   return PROG_RIGHT;
}

/* --- Frames --- */

static VkClearColorValue
colour_of(uint32_t frame)
{
   return (VkClearColorValue){.float32 = {(float)(frame * 7 % 256) / 255,
                                          (float)(frame * 13 % 256) / 255,
                                          (float)(frame * 29 % 256) / 255, 1}};
}

/* Clears the image and leaves it to be presented; copies it to `to` where that is not NULL. */
static enum prog_status
record(struct prog *p, struct chain *c, uint32_t image, const struct prog_buffer *to)
{
   const VkCommandBufferBeginInfo begin = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
      .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
   };
   const VkClearColorValue colour = colour_of(c->frame);
   const VkImageSubresourceRange whole = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
   const VkBufferImageCopy copy = {
      .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
      .imageExtent = {c->extent.width, c->extent.height, 1},
   };
   const VkCommandBuffer commands = c->commands[image];
   VkImageLayout layout = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL;

   PROG_VK(p, vkBeginCommandBuffer(commands, &begin));
   prog_image_barrier(commands, c->images[image], VK_IMAGE_ASPECT_COLOR_BIT,
                      VK_IMAGE_LAYOUT_UNDEFINED, layout);
   vkCmdClearColorImage(commands, c->images[image], layout, &colour, 1, &whole);
   if (to) {
      prog_image_barrier(commands, c->images[image], VK_IMAGE_ASPECT_COLOR_BIT, layout,
                         VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
      layout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
      vkCmdCopyImageToBuffer(commands, c->images[image], layout, to->buffer, 1, &copy);
      prog_memory_barrier(commands);
   }
   prog_image_barrier(commands, c->images[image], VK_IMAGE_ASPECT_COLOR_BIT, layout,
                      VK_IMAGE_LAYOUT_PRESENT_SRC_KHR);
   PROG_VK(p, vkEndCommandBuffer(commands));
   return PROG_RIGHT;
}

/* Draws to an acquired image, after its semaphore, which may be null. */
static enum prog_status
draw(struct prog *p, struct chain *c, uint32_t image, VkSemaphore acquired,
     const struct prog_buffer *to)
{
   const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_TRANSFER_BIT;
   const VkSubmitInfo submit = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .waitSemaphoreCount = acquired ? 1 : 0,
      .pWaitSemaphores = &acquired,
      .pWaitDstStageMask = &stage,
      .commandBufferCount = 1,
      .pCommandBuffers = &c->commands[image],
      .signalSemaphoreCount = 1,
      .pSignalSemaphores = &c->drawn[image],
   };

   PROG_VK(p, vkWaitForFences(p->device, 1, &c->fences[image], VK_TRUE, PROG_TIMEOUT_NS));
   PROG_VK(p, vkResetFences(p->device, 1, &c->fences[image]));
   PROG_STEP(record(p, c, image, to));
   PROG_VK(p, vkQueueSubmit(p->queue, 1, &submit, c->fences[image]));
   return PROG_RIGHT;
}

static VkResult
present(struct prog *p, struct chain *c, uint32_t image)
{
   VkResult result = VK_RESULT_MAX_ENUM;
   const VkPresentInfoKHR info = {
      .sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
      .waitSemaphoreCount = 1,
      .pWaitSemaphores = &c->drawn[image],
      .swapchainCount = 1,
      .pSwapchains = &c->swapchain,
      .pImageIndices = &image,
      .pResults = &result,
   };
   const VkResult whole = vkQueuePresentKHR(p->queue, &info);

   c->frame++;
   return whole == result ? whole : VK_RESULT_MAX_ENUM;
}

static VkSemaphore
next_semaphore(const struct chain *c)
{
   return c->acquired[c->frame % (IMAGES_MAX + 1)];
}

static VkResult
acquire(struct prog *p, struct chain *c, uint32_t *image)
{
   *image = UINT32_MAX;
   return vkAcquireNextImageKHR(p->device, c->swapchain, PROG_TIMEOUT_NS, next_semaphore(c),
                                VK_NULL_HANDLE, image);
}

static enum prog_status
one_frame(struct prog *p, struct chain *c, const struct prog_buffer *to)
{
   const VkSemaphore acquired = next_semaphore(c);
   uint32_t image;

   PROG_VK(p, acquire(p, c, &image));
   PROG_EXPECT(p, image < c->count, "image %u of %u was acquired", image, c->count);
   PROG_STEP(draw(p, c, image, acquired, to));
   if (to)
      PROG_VK(p, vkWaitForFences(p->device, 1, &c->fences[image], VK_TRUE, PROG_TIMEOUT_NS));
   PROG_VK(p, present(p, c, image));
   return PROG_RIGHT;
}

/* --- Checks --- */

static enum prog_status
check_frames(struct prog *p)
{
   struct chain c;

   PROG_STEP(make_chain(p, &c));
   for (uint32_t i = 0; i < FRAMES; i++)
      PROG_STEP(one_frame(p, &c, NULL));
   return finish(p, &c);
}

static enum prog_status
check_colours(struct prog *p)
{
   struct prog_buffer pixels;
   struct chain c;

   PROG_STEP(make_chain(p, &c));
   PROG_STEP(prog_buffer_init(p, &pixels, WIDTH * HEIGHT * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   for (uint32_t i = 0; i < FRAMES; i++) {
      const uint8_t wanted[4] = {(uint8_t)(i * 29), (uint8_t)(i * 13), (uint8_t)(i * 7), 255};
      PROG_STEP(one_frame(p, &c, &pixels));
      prog_invalidate(p);
      for (uint32_t k = 0; k < WIDTH * HEIGHT; k++) {
         const uint8_t *pixel = (const uint8_t *)pixels.map + 4 * k;
         PROG_EXPECT(p, !memcmp(pixel, wanted, 4), "frame %u, pixel %u is %02x%02x%02x%02x", i, k,
                     pixel[0], pixel[1], pixel[2], pixel[3]);
      }
   }
   prog_buffer_finish(p, &pixels);
   return finish(p, &c);
}

/* The image is not presented, so nothing waits for the semaphore of its drawing. */
static enum prog_status
forget_drawn(struct prog *p, struct chain *c, uint32_t image)
{
   const VkSemaphoreCreateInfo semaphore = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};

   PROG_VK(p, vkDeviceWaitIdle(p->device));
   vkDestroySemaphore(p->device, c->drawn[image], NULL);
   PROG_VK(p, vkCreateSemaphore(p->device, &semaphore, NULL, &c->drawn[image]));
   return PROG_RIGHT;
}

static enum prog_status
check_resize(struct prog *p)
{
   struct chain c;
   uint32_t image;

   PROG_STEP(make_chain(p, &c));
   for (uint32_t i = 0; i < 5; i++) {
      PROG_STEP(one_frame(p, &c, NULL));
      PROG_STEP(one_frame(p, &c, NULL));
      /* One is acquired and never presented. */
      PROG_VK(p, vkAcquireNextImageKHR(p->device, c.swapchain, PROG_TIMEOUT_NS, next_semaphore(&c),
                                       VK_NULL_HANDLE, &image));
      PROG_STEP(draw(p, &c, image, next_semaphore(&c), NULL));
      PROG_STEP(forget_drawn(p, &c, image));
      c.frame++;
      PROG_STEP(make_swapchain(p, &c, WIDTH + 16 * i, HEIGHT + 8 * i));
   }
   PROG_STEP(one_frame(p, &c, NULL));
   return finish(p, &c);
}

static enum prog_status
check_two(struct prog *p)
{
   struct chain c[2];

   for (uint32_t i = 0; i < 2; i++)
      PROG_STEP(make_chain(p, &c[i]));
   for (uint32_t i = 0; i < FRAMES; i++) {
      uint32_t images[2];
      VkResult results[2] = {VK_RESULT_MAX_ENUM, VK_RESULT_MAX_ENUM};
      for (uint32_t k = 0; k < 2; k++) {
         const VkSemaphore acquired = next_semaphore(&c[k]);
         PROG_VK(p, acquire(p, &c[k], &images[k]));
         PROG_STEP(draw(p, &c[k], images[k], acquired, NULL));
      }
      const VkPresentInfoKHR info = {
         .sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
         .waitSemaphoreCount = 2,
         .pWaitSemaphores = (VkSemaphore[]){c[0].drawn[images[0]], c[1].drawn[images[1]]},
         .swapchainCount = 2,
         .pSwapchains = (VkSwapchainKHR[]){c[0].swapchain, c[1].swapchain},
         .pImageIndices = images,
         .pResults = results,
      };
      PROG_VK(p, vkQueuePresentKHR(p->queue, &info));
      PROG_EXPECT(p, !results[0] && !results[1], "presented with %s and %s",
                  prog_result_name(results[0]), prog_result_name(results[1]));
      c[0].frame++;
      c[1].frame++;
   }
   PROG_STEP(end_chain(p, &c[0]));
   return finish(p, &c[1]);
}

/* With a fence, with both, by vkAcquireNextImage2KHR, and in any order. */
static enum prog_status
check_fences(struct prog *p)
{
   const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   struct chain c;
   VkFence fence;

   PROG_STEP(make_chain(p, &c));
   PROG_VK(p, vkCreateFence(p->device, &info, NULL, &fence));
   for (uint32_t i = 0; i < FRAMES; i++) {
      const uint32_t kind = i * 7 % 5;
      const VkSemaphore semaphore = kind % 2 ? next_semaphore(&c) : VK_NULL_HANDLE;
      const bool fenced = kind < 3;
      uint32_t image = UINT32_MAX;
      const VkAcquireNextImageInfoKHR next = {
         .sType = VK_STRUCTURE_TYPE_ACQUIRE_NEXT_IMAGE_INFO_KHR,
         .swapchain = c.swapchain,
         .timeout = PROG_TIMEOUT_NS,
         .semaphore = semaphore,
         .fence = fenced || !semaphore ? fence : VK_NULL_HANDLE,
         .deviceMask = 1,
      };
      if (i % 3 && p->api >= VK_API_VERSION_1_1)
         PROG_VK(p, vkAcquireNextImage2KHR(p->device, &next, &image));
      else
         PROG_VK(p, vkAcquireNextImageKHR(p->device, next.swapchain, next.timeout, next.semaphore,
                                          next.fence, &image));
      PROG_EXPECT(p, image < c.count, "image %u of %u was acquired", image, c.count);
      if (next.fence) {
         PROG_VK(p, vkWaitForFences(p->device, 1, &fence, VK_TRUE, PROG_TIMEOUT_NS));
         PROG_VK(p, vkGetFenceStatus(p->device, fence));
         PROG_VK(p, vkResetFences(p->device, 1, &fence));
         PROG_VK_IS(p, vkGetFenceStatus(p->device, fence), VK_NOT_READY);
      }
      PROG_STEP(draw(p, &c, image, semaphore, NULL));
      PROG_VK(p, present(p, &c, image));
   }
   PROG_VK(p, vkDeviceWaitIdle(p->device));
   vkDestroyFence(p->device, fence, NULL);
   return finish(p, &c);
}

static enum prog_status
check_no_image_left(struct prog *p)
{
   VkResult result = VK_SUCCESS;
   struct chain c;
   uint32_t image, count = 0;

   PROG_STEP(make_chain(p, &c));
   for (; result == VK_SUCCESS && count <= c.count; count++, c.frame++)
      result = vkAcquireNextImageKHR(p->device, c.swapchain, 0, next_semaphore(&c), VK_NULL_HANDLE,
                                     &image);
   PROG_EXPECT(p, count == c.count + 1 && result == VK_NOT_READY,
               "of %u images %u were acquired, then there was %s", c.count, count - 1,
               prog_result_name(result));
   /* Some drivers say VK_NOT_READY here, too. */
   result = vkAcquireNextImageKHR(p->device, c.swapchain, 20 * 1000 * 1000, next_semaphore(&c),
                                  VK_NULL_HANDLE, &image);
   PROG_EXPECT(p, result == VK_TIMEOUT || result == VK_NOT_READY,
               "an image came out of nowhere: %s", prog_result_name(result));
   return finish(p, &c);
}

/* An image of the application's own in the memory of the swapchain's. */
static enum prog_status
check_alias(struct prog *p)
{
   struct chain c;
   VkImage alias;

   PROG_STEP(make_chain(p, &c));
   if (p->api < VK_API_VERSION_1_1)
      return prog_skipped(p, "it takes Vulkan 1.1");
   const VkImageSwapchainCreateInfoKHR of = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_SWAPCHAIN_CREATE_INFO_KHR,
      .swapchain = c.swapchain,
   };
   const VkImageCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
      .pNext = &of,
      .imageType = VK_IMAGE_TYPE_2D,
      .format = c.format,
      .extent = {WIDTH, HEIGHT, 1},
      .mipLevels = 1,
      .arrayLayers = 1,
      .samples = VK_SAMPLE_COUNT_1_BIT,
      .tiling = VK_IMAGE_TILING_OPTIMAL,
      .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
   };
   const VkBindImageMemorySwapchainInfoKHR to = {
      .sType = VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_SWAPCHAIN_INFO_KHR,
      .swapchain = c.swapchain,
      .imageIndex = c.count - 1,
   };
   PROG_VK(p, vkCreateImage(p->device, &info, NULL, &alias));
   const VkBindImageMemoryInfo bind = {
      .sType = VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_INFO,
      .pNext = &to,
      .image = alias,
   };
   PROG_VK(p, vkBindImageMemory2(p->device, 1, &bind));
   const VkImage own = c.images[c.count - 1];
   c.images[c.count - 1] = alias;
   for (uint32_t i = 0; i < 2 * c.count; i++)
      PROG_STEP(one_frame(p, &c, NULL));
   PROG_VK(p, vkDeviceWaitIdle(p->device));
   c.images[c.count - 1] = own;
   vkDestroyImage(p->device, alias, NULL);
   return finish(p, &c);
}

/* A presentation that fails is heard of by the second acquisition after it at the latest, and a new
 * swapchain mends it. Nothing fails here on its own. */
static enum prog_status
check_out_of_date(struct prog *p)
{
   VkResult result = VK_SUCCESS;
   struct chain c;
   uint32_t image, last = 0;

   PROG_STEP(make_chain(p, &c));
   for (uint32_t i = 0; i < FRAMES && result == VK_SUCCESS; i++) {
      const VkSemaphore acquired = next_semaphore(&c);
      result = acquire(p, &c, &image);
      if (result != VK_SUCCESS)
         break;
      last = image;
      PROG_STEP(draw(p, &c, image, acquired, NULL));
      result = present(p, &c, image);
   }
   if (result == VK_SUCCESS)
      return prog_skipped(p, "no presentation failed");
   PROG_EXPECT(p, result == VK_ERROR_OUT_OF_DATE_KHR, "it failed with %s",
               prog_result_name(result));
   PROG_STEP(forget_drawn(p, &c, last));
   PROG_STEP(make_swapchain(p, &c, WIDTH, HEIGHT));
   for (uint32_t i = 0; i < 2; i++)
      PROG_STEP(one_frame(p, &c, NULL));
   return finish(p, &c);
}

/* VK_KHR_present_id and VK_KHR_present_wait. */
static enum prog_status
check_present_wait(struct prog *p)
{
   VkPhysicalDevicePresentWaitFeaturesKHR wait = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PRESENT_WAIT_FEATURES_KHR,
   };
   VkPhysicalDevicePresentIdFeaturesKHR id = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PRESENT_ID_FEATURES_KHR,
      .pNext = &wait,
   };
   struct chain c;

   p->extensions[1] = VK_KHR_PRESENT_ID_EXTENSION_NAME;
   p->extensions[2] = VK_KHR_PRESENT_WAIT_EXTENSION_NAME;
   p->extension_features = &id;
   p->features13.pNext = &id;
   PROG_STEP(make_chain(p, &c));
   const PFN_vkWaitForPresentKHR wait_for =
      (PFN_vkWaitForPresentKHR)vkGetDeviceProcAddr(p->device, "vkWaitForPresentKHR");
   PROG_EXPECT(p, wait_for && id.presentId && wait.presentWait,
               "vkWaitForPresentKHR or a feature is missing");
   for (uint64_t i = 1; i <= FRAMES; i++) {
      const VkSemaphore acquired = next_semaphore(&c);
      uint32_t image;
      PROG_VK(p, acquire(p, &c, &image));
      PROG_STEP(draw(p, &c, image, acquired, NULL));
      const VkPresentIdKHR ids = {
         .sType = VK_STRUCTURE_TYPE_PRESENT_ID_KHR,
         .swapchainCount = 1,
         .pPresentIds = &i,
      };
      const VkPresentInfoKHR info = {
         .sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
         .pNext = &ids,
         .waitSemaphoreCount = 1,
         .pWaitSemaphores = &c.drawn[image],
         .swapchainCount = 1,
         .pSwapchains = &c.swapchain,
         .pImageIndices = &image,
      };
      PROG_VK(p, vkQueuePresentKHR(p->queue, &info));
      c.frame++;
      if (i % 3 == 0)
         PROG_VK(p, wait_for(p->device, c.swapchain, i, PROG_TIMEOUT_NS));
   }
   PROG_VK_IS(p, wait_for(p->device, c.swapchain, FRAMES + 1, 1000), VK_TIMEOUT);
   return finish(p, &c);
}

static const struct prog_check checks[] = {
   {"frames", check_frames},
   {"colours", check_colours},
   {"resize", check_resize},
   {"two", check_two},
   {"fences", check_fences},
   {"no_image_left", check_no_image_left},
   {"present_wait", check_present_wait},
   {"alias", check_alias},
   {"out_of_date", check_out_of_date},
};

int
main(int argc, char **argv)
{
   return prog_checks_main(argc, argv, checks, PROG_COUNT(checks), PROG_CHECKS_BARE);
}
