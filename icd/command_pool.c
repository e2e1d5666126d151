/* SPDX-License-Identifier: MIT */
#include "icd/command_pool.h"

#include "icd/command_buffer.h"
#include "icd/connection.h"
#include "icd/device.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateCommandPool(VkDevice device, const VkCommandPoolCreateInfo *pCreateInfo,
                      const VkAllocationCallbacks *pAllocator, VkCommandPool *pCommandPool)
{
   struct icd_device *dev = icd_device_from(device);
   struct icd_command_pool *pool =
      icd_object_create_sized(&dev->base, pAllocator, TONGS_TYPE_VkCommandPool, sizeof(*pool));
   if (!pool)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   pool->alloc = pAllocator ? *pAllocator : dev->base.alloc;
   tongs_list_init(&pool->command_buffers);

   VkCommandPool created = (VkCommandPool)(uintptr_t)pool;
   struct tongs_args_vkCreateCommandPool args = {
      .device = device,
      .pCreateInfo = pCreateInfo,
      .pCommandPool = &created,
   };
   VkResult result = icd_post(dev->base.connection, TONGS_OP_vkCreateCommandPool, &args);
   if (result != VK_SUCCESS) {
      icd_object_destroy(&dev->base, pAllocator, &pool->base);
      return result;
   }
   *pCommandPool = created;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyCommandPool(VkDevice device, VkCommandPool commandPool,
                       const VkAllocationCallbacks *pAllocator)
{
   struct icd_device *dev = icd_device_from(device);
   struct icd_command_pool *pool = icd_command_pool_from(commandPool);
   if (!pool)
      return;

   struct tongs_args_vkDestroyCommandPool args = {.device = device, .commandPool = commandPool};
   icd_post(dev->base.connection, TONGS_OP_vkDestroyCommandPool, &args);
   tongs_list_for_each_safe(struct icd_command_buffer, cb, &pool->command_buffers, pool_link)
      icd_command_buffer_destroy(dev, cb);
   icd_object_destroy(&dev->base, pAllocator, &pool->base);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_ResetCommandPool(VkDevice device, VkCommandPool commandPool, VkCommandPoolResetFlags flags)
{
   struct icd_command_pool *pool = icd_command_pool_from(commandPool);
   struct tongs_args_vkResetCommandPool args = {
      .device = device, .commandPool = commandPool, .flags = flags};

   tongs_list_for_each(struct icd_command_buffer, cb, &pool->command_buffers, pool_link)
      icd_command_buffer_forget(cb, flags & VK_COMMAND_POOL_RESET_RELEASE_RESOURCES_BIT);
   return icd_post(icd_device_from(device)->base.connection, TONGS_OP_vkResetCommandPool, &args);
}
