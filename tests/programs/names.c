/* SPDX-License-Identifier: MIT */
/*
 * VK_EXT_debug_utils: objects of every reach take names and tags, queues and command buffers take
 * labels, and a messenger hears what the application submits.
 */
#include "tests/programs/common.h"

#include <string.h>

struct utils {
   PFN_vkSetDebugUtilsObjectNameEXT name;
   PFN_vkSetDebugUtilsObjectTagEXT tag;
   PFN_vkQueueBeginDebugUtilsLabelEXT queue_begin;
   PFN_vkQueueEndDebugUtilsLabelEXT queue_end;
   PFN_vkCmdBeginDebugUtilsLabelEXT begin;
   PFN_vkCmdEndDebugUtilsLabelEXT end;
   PFN_vkCmdInsertDebugUtilsLabelEXT insert;
   PFN_vkCreateDebugUtilsMessengerEXT create;
   PFN_vkDestroyDebugUtilsMessengerEXT destroy;
   PFN_vkSubmitDebugUtilsMessageEXT submit;
};

static VKAPI_ATTR VkBool32 VKAPI_CALL
count(VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT types,
      const VkDebugUtilsMessengerCallbackDataEXT *data, void *user)
{
   (void)severity, (void)types;
   if (data->pMessage && !strcmp(data->pMessage, "heard"))
      ++*(int *)user;
   return VK_FALSE;
}

static enum prog_status
check_messenger(struct prog *p, const struct utils *u)
{
   VkDebugUtilsMessengerEXT messenger;
   int heard = 0;

   PROG_VK(p, u->create(p->instance,
                        &(VkDebugUtilsMessengerCreateInfoEXT){
                           .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
                           .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT,
                           .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT,
                           .pfnUserCallback = count,
                           .pUserData = &heard,
                        },
                        NULL, &messenger));
   u->submit(p->instance, VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT,
             VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT,
             &(VkDebugUtilsMessengerCallbackDataEXT){
                .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CALLBACK_DATA_EXT,
                .pMessage = "heard",
             });
   u->destroy(p->instance, messenger, NULL);
   PROG_EXPECT(p, heard == 1, "the messenger heard a message %d times", heard);
   return PROG_RIGHT;
}

static enum prog_status
check_names(struct prog *p, const struct utils *u)
{
   static const char bytes[5] = "tag!";
   struct prog_buffer buffer;
   struct prog_image image;
   VkCommandBuffer commands;

   PROG_STEP(prog_buffer_init(p, &buffer, 4096, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   PROG_STEP(
      prog_image_init_2d(p, &image, VK_FORMAT_R8G8B8A8_UNORM, 8, 8, VK_IMAGE_USAGE_SAMPLED_BIT));
   PROG_STEP(prog_commands_begin(p, &commands));
   const struct {
      VkObjectType type;
      uint64_t handle;
   } objects[] = {
      {VK_OBJECT_TYPE_DEVICE, (uintptr_t)p->device},
      {VK_OBJECT_TYPE_QUEUE, (uintptr_t)p->queue},
      {VK_OBJECT_TYPE_COMMAND_POOL, (uint64_t)p->pool},
      {VK_OBJECT_TYPE_COMMAND_BUFFER, (uintptr_t)commands},
      {VK_OBJECT_TYPE_BUFFER, (uint64_t)buffer.buffer},
      {VK_OBJECT_TYPE_DEVICE_MEMORY, (uint64_t)buffer.memory},
      {VK_OBJECT_TYPE_IMAGE, (uint64_t)image.image},
   };
   for (uint32_t i = 0; i < PROG_COUNT(objects); i++) {
      PROG_VK(p, u->name(p->device, &(VkDebugUtilsObjectNameInfoEXT){
                                       .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
                                       .objectType = objects[i].type,
                                       .objectHandle = objects[i].handle,
                                       .pObjectName = i % 2 ? "an object" : "another one",
                                    }));
      PROG_VK(p, u->tag(p->device, &(VkDebugUtilsObjectTagInfoEXT){
                                      .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_TAG_INFO_EXT,
                                      .objectType = objects[i].type,
                                      .objectHandle = objects[i].handle,
                                      .tagName = i,
                                      .tagSize = sizeof(bytes),
                                      .pTag = bytes,
                                   }));
   }
   const VkDebugUtilsLabelEXT label = {
      .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_LABEL_EXT,
      .pLabelName = "a part",
      .color = {1, 0, 0, 1},
   };
   u->begin(commands, &label);
   u->insert(commands, &label);
   vkCmdFillBuffer(commands, buffer.buffer, 0, VK_WHOLE_SIZE, 0x01020304);
   u->end(commands);
   prog_memory_barrier(commands);
   u->queue_begin(p->queue, &label);
   PROG_STEP(prog_commands_run(p, commands));
   u->queue_end(p->queue);
   PROG_EXPECT(p, *(const uint32_t *)buffer.map == 0x01020304, "the labelled command did nothing");
   prog_buffer_finish(p, &buffer);
   prog_image_finish(p, &image);
   return PROG_RIGHT;
}

static enum prog_status
run(struct prog *p)
{
   p->instance_extensions[0] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
   PROG_STEP(prog_init(p));
#define GET(function) \
   (PFN_vk##function##EXT) vkGetInstanceProcAddr(p->instance, "vk" #function "EXT")
   const struct utils u = {
      .name = GET(SetDebugUtilsObjectName),
      .tag = GET(SetDebugUtilsObjectTag),
      .queue_begin = GET(QueueBeginDebugUtilsLabel),
      .queue_end = GET(QueueEndDebugUtilsLabel),
      .begin = GET(CmdBeginDebugUtilsLabel),
      .end = GET(CmdEndDebugUtilsLabel),
      .insert = GET(CmdInsertDebugUtilsLabel),
      .create = GET(CreateDebugUtilsMessenger),
      .destroy = GET(DestroyDebugUtilsMessenger),
      .submit = GET(SubmitDebugUtilsMessage),
   };
#undef GET
   PROG_STEP(check_messenger(p, &u));
   return check_names(p, &u);
}

int
main(void)
{
   struct prog p = {0};
   const enum prog_status status = run(&p);

   prog_finish(&p);
   return prog_report(&p, "names", status);
}
