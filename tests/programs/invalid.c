/* SPDX-License-Identifier: MIT */
/*
 * invalid WHAT: breaks a rule of Vulkan and says what came of it.
 *    usage    creates a buffer without a usage, which drivers accept; a messenger counts the
 *             validation messages about it
 *    update   records an update of six bytes, which crashes drivers; the device is lost, or not
 */
#include "tests/programs/common.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

struct heard {
   unsigned count;
   char first[200];
};

static VKAPI_ATTR VkBool32 VKAPI_CALL
hear(VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT types,
     const VkDebugUtilsMessengerCallbackDataEXT *data, void *user_data)
{
   struct heard *heard = user_data;

   (void)severity, (void)types;
   if (!heard->count++)
      snprintf(heard->first, sizeof(heard->first), "%s", data->pMessageIdName);
   return VK_FALSE;
}

static enum prog_status
break_usage(struct prog *p)
{
   struct heard heard = {0};
   const VkDebugUtilsMessengerCreateInfoEXT messenger_info = {
      .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
      .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
      .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
      .pfnUserCallback = hear,
      .pUserData = &heard,
   };
   const VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = 16};
   VkDebugUtilsMessengerEXT messenger;
   VkBuffer buffer;

   p->instance_extensions[0] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
   PROG_STEP(prog_init(p));
   PFN_vkCreateDebugUtilsMessengerEXT create =
      (PFN_vkCreateDebugUtilsMessengerEXT)vkGetInstanceProcAddr(p->instance,
                                                                "vkCreateDebugUtilsMessengerEXT");
   PFN_vkDestroyDebugUtilsMessengerEXT destroy =
      (PFN_vkDestroyDebugUtilsMessengerEXT)vkGetInstanceProcAddr(p->instance,
                                                                 "vkDestroyDebugUtilsMessengerEXT");
   if (create(p->instance, &messenger_info, NULL, &messenger) != VK_SUCCESS)
      return prog_wrong(p, "there is no messenger");
   const VkResult result = vkCreateBuffer(p->device, &info, NULL, &buffer);
   if (result == VK_SUCCESS)
      vkDestroyBuffer(p->device, buffer, NULL);
   destroy(p->instance, messenger, NULL);
   printf("heard %u, first %s\n", heard.count, heard.first);
   return PROG_RIGHT;
}

static enum prog_status
break_update(struct prog *p)
{
   const uint32_t data[2] = {0};
   struct prog_buffer buffer;
   VkCommandBuffer commands;

   PROG_STEP(prog_init(p));
   PROG_STEP(prog_buffer_init(p, &buffer, 4096, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdUpdateBuffer(commands, buffer.buffer, 0, 6, data);
   vkEndCommandBuffer(commands);
   /* The end of the connection comes some time later, and each wait looks for it. */
   const uint64_t deadline = prog_time_ns() + PROG_TIMEOUT_NS;
   VkResult result = VK_SUCCESS;
   while (result == VK_SUCCESS && prog_time_ns() < deadline) {
      sched_yield();
      result = vkDeviceWaitIdle(p->device);
   }
   printf("vkDeviceWaitIdle gives %s\n", prog_result_name(result));
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   const bool usage = argc == 2 && !strcmp(argv[1], "usage");

   if (!usage && (argc != 2 || strcmp(argv[1], "update"))) {
      fprintf(stderr, "usage: %s usage|update\n", argv[0]);
      return PROG_WRONG;
   }
   struct prog p = {0};
   const enum prog_status status = (usage ? break_usage : break_update)(&p);
   if (status == PROG_RIGHT)
      prog_finish(&p);
   return prog_report(&p, "invalid", status);
}
