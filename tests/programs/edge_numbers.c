/* SPDX-License-Identifier: MIT */
/*
 * edge_numbers: creates objects with numbers that the API forbids and that crash drivers, and
 * prints what the driver says. Then the device must work.
 */
#include "tests/programs/common.h"
#include "tests/programs/shaders.h"
#include "tests/programs/sum.h"

#include <stdio.h>

static void
try_odd_image(struct prog *p, uint32_t width, uint32_t levels, uint32_t layers, uint32_t samples)
{
   const VkImageCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
      .imageType = VK_IMAGE_TYPE_2D,
      .format = VK_FORMAT_R8G8B8A8_UNORM,
      .extent = {width, 16, 1},
      .mipLevels = levels,
      .arrayLayers = layers,
      .samples = samples,
      .usage = VK_IMAGE_USAGE_SAMPLED_BIT,
   };
   VkImage image = VK_NULL_HANDLE;
   const VkResult result = vkCreateImage(p->device, &info, NULL, &image);

   printf("image: %s\n", prog_result_name(result));
   vkDestroyImage(p->device, image, NULL);
}

static void
try_odd_layout(struct prog *p)
{
   const VkPushConstantRange push = {VK_SHADER_STAGE_COMPUTE_BIT, 0, 2};
   const VkPipelineLayoutCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
      .pushConstantRangeCount = 1,
      .pPushConstantRanges = &push,
   };
   VkPipelineLayout layout = VK_NULL_HANDLE;
   const VkResult result = vkCreatePipelineLayout(p->device, &info, NULL, &layout);

   printf("layout: %s\n", prog_result_name(result));
   vkDestroyPipelineLayout(p->device, layout, NULL);
}

static void
try_odd_module(struct prog *p, size_t size)
{
   const VkShaderModuleCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
      .codeSize = size,
      .pCode = prog_shader_sum.words,
   };
   VkShaderModule module = VK_NULL_HANDLE;
   const VkResult result = vkCreateShaderModule(p->device, &info, NULL, &module);

   printf("module: %s\n", prog_result_name(result));
   vkDestroyShaderModule(p->device, module, NULL);
}

static enum prog_status
try_odd_view(struct prog *p)
{
   const VkImageCreateInfo image_info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
      .imageType = VK_IMAGE_TYPE_2D,
      .format = VK_FORMAT_R8G8B8A8_UNORM,
      .extent = {16, 16, 1},
      .mipLevels = 1,
      .arrayLayers = 1,
      .samples = VK_SAMPLE_COUNT_1_BIT,
      .usage = VK_IMAGE_USAGE_SAMPLED_BIT,
   };
   VkImage image;
   VkImageView view = VK_NULL_HANDLE;

   PROG_VK(p, vkCreateImage(p->device, &image_info, NULL, &image));
   const VkImageViewCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
      .image = image,
      .viewType = VK_IMAGE_VIEW_TYPE_2D,
      .format = VK_FORMAT_R8G8B8A8_UNORM,
      .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 40, 1, 0, 1},
   };
   printf("view: %s\n", prog_result_name(vkCreateImageView(p->device, &info, NULL, &view)));
   vkDestroyImageView(p->device, view, NULL);
   vkDestroyImage(p->device, image, NULL);
   return PROG_RIGHT;
}

static enum prog_status
try_odd_swapchain(struct prog *p)
{
   const PFN_vkCreateHeadlessSurfaceEXT create =
      (PFN_vkCreateHeadlessSurfaceEXT)vkGetInstanceProcAddr(p->instance,
                                                            "vkCreateHeadlessSurfaceEXT");
   const VkHeadlessSurfaceCreateInfoEXT surface_info = {
      .sType = VK_STRUCTURE_TYPE_HEADLESS_SURFACE_CREATE_INFO_EXT,
   };
   VkSurfaceKHR surface;
   VkSwapchainKHR swapchain = VK_NULL_HANDLE;

   PROG_VK(p, create(p->instance, &surface_info, NULL, &surface));
   const VkSwapchainCreateInfoKHR info = {
      .sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR,
      .surface = surface,
      .minImageCount = 3,
      .imageFormat = VK_FORMAT_B8G8R8A8_UNORM,
      .imageColorSpace = VK_COLOR_SPACE_SRGB_NONLINEAR_KHR,
      .imageArrayLayers = 1,
      .imageUsage = VK_IMAGE_USAGE_TRANSFER_DST_BIT,
      .preTransform = VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR,
      .compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR,
      .presentMode = VK_PRESENT_MODE_FIFO_KHR,
   };
   printf("swapchain: %s\n",
          prog_result_name(vkCreateSwapchainKHR(p->device, &info, NULL, &swapchain)));
   vkDestroySwapchainKHR(p->device, swapchain, NULL);
   vkDestroySurfaceKHR(p->instance, surface, NULL);
   PROG_VK(p, vkDeviceWaitIdle(p->device));
   return PROG_RIGHT;
}

static enum prog_status
check_swapchain(struct prog *p)
{
   p->instance_extensions[0] = VK_KHR_SURFACE_EXTENSION_NAME;
   p->instance_extensions[1] = VK_EXT_HEADLESS_SURFACE_EXTENSION_NAME;
   p->extensions[0] = VK_KHR_SWAPCHAIN_EXTENSION_NAME;
   PROG_STEP(prog_init(p));
   return try_odd_swapchain(p);
}

static enum prog_status
check_numbers(struct prog *p)
{
   const struct prog_sum_push push = {.count = PROG_SUM_ELEMENTS, .scale = 1};
   uint32_t sum;

   PROG_STEP(prog_init(p));
   try_odd_image(p, 0, 1, 1, 1);
   try_odd_image(p, 16, 0, 1, 1);
   try_odd_image(p, 16, 7, 1, 1);
   try_odd_image(p, 16, 1, 0, 1);
   try_odd_image(p, 16, 1, 1, 3);
   try_odd_layout(p);
   try_odd_module(p, 4);
   try_odd_module(p, prog_shader_sum.size - 2);
   PROG_STEP(try_odd_view(p));
   PROG_STEP(prog_sum_run(p, &push, &sum));
   PROG_EXPECT(p, sum == prog_sum_expected(&push), "the sum is %u", sum);
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   struct prog p = {0};

   const enum prog_status status = (argc == 2 ? check_swapchain : check_numbers)(&p);
   prog_finish(&p);
   return prog_report(&p, argv[0], status);
}
