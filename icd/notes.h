/* SPDX-License-Identifier: MIT */

/* Functions that the generated entry points call before they encode their op: one function
 * for each command of NOTED in codegen/policy.py, with the command's parameters. */

#ifndef ICD_NOTES_H
#define ICD_NOTES_H

#include "icd/buffer.h"
#include "icd/command_buffer.h"
#include "icd/memory.h"

#include <vulkan/vulkan_core.h>

/* --- Memory that the device may write --- */

static inline void
icd_note_written(VkDeviceMemory memory)
{
   if (memory)
      atomic_store_explicit(&icd_memory_from(memory)->written, true, memory_order_relaxed);
}

static inline void
icd_note_BindBufferMemory(VkDevice device, VkBuffer buffer, VkDeviceMemory memory,
                          VkDeviceSize offset)
{
   (void)device, (void)offset;
   if (icd_buffer_from(buffer)->written)
      icd_note_written(memory);
}

static inline void
icd_note_BindBufferMemory2(VkDevice device, uint32_t count, const VkBindBufferMemoryInfo *binds)
{
   for (uint32_t i = 0; i < count; i++)
      icd_note_BindBufferMemory(device, binds[i].buffer, binds[i].memory, 0);
}

static inline void
icd_note_BindImageMemory(VkDevice device, VkImage image, VkDeviceMemory memory, VkDeviceSize offset)
{
   (void)device, (void)image, (void)offset;
   icd_note_written(memory);
}

static inline void
icd_note_BindImageMemory2(VkDevice device, uint32_t count, const VkBindImageMemoryInfo *binds)
{
   (void)device;
   for (uint32_t i = 0; i < count; i++)
      icd_note_written(binds[i].memory);
}

/* --- event.c --- */

/* A command that names the event is recorded: from now on the device may read or change it. */
void
icd_note_event(VkEvent event);

static inline void
icd_note_CmdSetEvent(VkCommandBuffer cmd, VkEvent event, VkPipelineStageFlags stages)
{
   (void)cmd, (void)stages;
   icd_note_event(event);
}

static inline void
icd_note_CmdResetEvent(VkCommandBuffer cmd, VkEvent event, VkPipelineStageFlags stages)
{
   (void)cmd, (void)stages;
   icd_note_event(event);
}

static inline void
icd_note_CmdWaitEvents(VkCommandBuffer cmd, uint32_t count, const VkEvent *events,
                       VkPipelineStageFlags from, VkPipelineStageFlags to, uint32_t memory_count,
                       const VkMemoryBarrier *memory, uint32_t buffer_count,
                       const VkBufferMemoryBarrier *buffers, uint32_t image_count,
                       const VkImageMemoryBarrier *images)
{
   (void)cmd, (void)from, (void)to, (void)memory_count, (void)memory, (void)buffer_count;
   (void)buffers, (void)image_count, (void)images;
   for (uint32_t i = 0; i < count; i++)
      icd_note_event(events[i]);
}

/* --- Command buffers that others execute --- */

static inline void
icd_note_CmdExecuteCommands(VkCommandBuffer cmd, uint32_t count, const VkCommandBuffer *executed)
{
   for (uint32_t i = 0; i < count; i++) {
      if (icd_use_command_buffer(executed[i]) < 0)
         ((struct icd_command_buffer *)cmd)->failed = true;
   }
}

#ifdef VK_KHR_synchronization2
static inline void
icd_note_CmdSetEvent2(VkCommandBuffer cmd, VkEvent event, const VkDependencyInfoKHR *dependencies)
{
   (void)cmd, (void)dependencies;
   icd_note_event(event);
}

static inline void
icd_note_CmdResetEvent2(VkCommandBuffer cmd, VkEvent event, VkPipelineStageFlags2KHR stages)
{
   (void)cmd, (void)stages;
   icd_note_event(event);
}

static inline void
icd_note_CmdWaitEvents2(VkCommandBuffer cmd, uint32_t count, const VkEvent *events,
                        const VkDependencyInfoKHR *dependencies)
{
   (void)cmd, (void)dependencies;
   for (uint32_t i = 0; i < count; i++)
      icd_note_event(events[i]);
}
#endif

#endif
