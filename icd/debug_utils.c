/* SPDX-License-Identifier: MIT */

/* Names and tags of objects, which the worker passes on to tools on the host, and messengers, which
 * receive the messages of those tools. */

#include "icd/connection.h"
#include "icd/fence.h"
#include "icd/memory.h"
#include "icd/object.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

/* Whether the worker has the object. The application's handles of instances and physical devices
 * are the loader's, so this driver cannot name those. Objects of some types exist in the client
 * only. */
static bool
can_be_named(uint32_t type, uint64_t handle)
{
   if (type == VK_OBJECT_TYPE_FENCE && handle)
      return icd_fence_is_host(icd_fence_from((VkFence)(uintptr_t)handle));
   return handle && tongs_type_of_object(type);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_SetDebugUtilsObjectNameEXT(VkDevice device, const VkDebugUtilsObjectNameInfoEXT *pNameInfo)
{
   struct tongs_args_vkSetDebugUtilsObjectNameEXT args = {.device = device, .pNameInfo = pNameInfo};

   if (!can_be_named(pNameInfo->objectType, pNameInfo->objectHandle))
      return VK_SUCCESS;
   /* The next memory must not have this name. */
   if (pNameInfo->objectType == VK_OBJECT_TYPE_DEVICE_MEMORY)
      icd_spare_refuse((VkDeviceMemory)(uintptr_t)pNameInfo->objectHandle);
   return icd_post(icd_dispatchable_from(device)->connection, TONGS_OP_vkSetDebugUtilsObjectNameEXT,
                   &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_SetDebugUtilsObjectTagEXT(VkDevice device, const VkDebugUtilsObjectTagInfoEXT *pTagInfo)
{
   struct tongs_args_vkSetDebugUtilsObjectTagEXT args = {.device = device, .pTagInfo = pTagInfo};

   if (!can_be_named(pTagInfo->objectType, pTagInfo->objectHandle))
      return VK_SUCCESS;
   return icd_post(icd_dispatchable_from(device)->connection, TONGS_OP_vkSetDebugUtilsObjectTagEXT,
                   &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_DebugMarkerSetObjectNameEXT(VkDevice device, const VkDebugMarkerObjectNameInfoEXT *pNameInfo)
{
   struct tongs_args_vkDebugMarkerSetObjectNameEXT args = {.device = device,
                                                           .pNameInfo = pNameInfo};

   if (!can_be_named(pNameInfo->objectType, pNameInfo->object))
      return VK_SUCCESS;
   return icd_post(icd_dispatchable_from(device)->connection,
                   TONGS_OP_vkDebugMarkerSetObjectNameEXT, &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_DebugMarkerSetObjectTagEXT(VkDevice device, const VkDebugMarkerObjectTagInfoEXT *pTagInfo)
{
   struct tongs_args_vkDebugMarkerSetObjectTagEXT args = {.device = device, .pTagInfo = pTagInfo};

   if (!can_be_named(pTagInfo->objectType, pTagInfo->object))
      return VK_SUCCESS;
   return icd_post(icd_dispatchable_from(device)->connection, TONGS_OP_vkDebugMarkerSetObjectTagEXT,
                   &args);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateDebugUtilsMessengerEXT(VkInstance instance,
                                 const VkDebugUtilsMessengerCreateInfoEXT *pCreateInfo,
                                 const VkAllocationCallbacks *pAllocator,
                                 VkDebugUtilsMessengerEXT *pMessenger)
{
   struct icd_dispatchable *inst = icd_dispatchable_from(instance);
   struct icd_messenger *messenger = icd_object_create_sized(
      inst, pAllocator, TONGS_TYPE_VkDebugUtilsMessengerEXT, sizeof(*messenger));

   if (!messenger)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   messenger->severities = pCreateInfo->messageSeverity;
   messenger->types = pCreateInfo->messageType;
   messenger->callback = pCreateInfo->pfnUserCallback;
   messenger->user_data = pCreateInfo->pUserData;
   icd_messenger_add(&inst->connection->messages, messenger);
   *pMessenger = (VkDebugUtilsMessengerEXT)(uintptr_t)messenger;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyDebugUtilsMessengerEXT(VkInstance instance, VkDebugUtilsMessengerEXT messenger,
                                  const VkAllocationCallbacks *pAllocator)
{
   struct icd_dispatchable *inst = icd_dispatchable_from(instance);

   if (!messenger)
      return;
   /* The messenger still gets the messages that were sent while it existed. */
   icd_messages_collect(inst->connection);
   icd_messenger_remove(&inst->connection->messages, (struct icd_messenger *)(uintptr_t)messenger);
   icd_object_destroy(inst, pAllocator, (struct tongs_object *)(uintptr_t)messenger);
}

VKAPI_ATTR void VKAPI_CALL
icd_SubmitDebugUtilsMessageEXT(VkInstance instance,
                               VkDebugUtilsMessageSeverityFlagBitsEXT messageSeverity,
                               VkDebugUtilsMessageTypeFlagsEXT messageTypes,
                               const VkDebugUtilsMessengerCallbackDataEXT *pCallbackData)
{
   (void)instance, (void)messageSeverity, (void)messageTypes, (void)pCallbackData;
}
