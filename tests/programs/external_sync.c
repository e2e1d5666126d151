/* SPDX-License-Identifier: MIT */
#include "tests/programs/external.h"

#include <unistd.h>

static const VkExternalSemaphoreHandleTypeFlagBits semaphore_opaque =
   VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT;
static const VkExternalSemaphoreHandleTypeFlagBits semaphore_sync =
   VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT;
static const VkExternalFenceHandleTypeFlagBits fence_opaque =
   VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT;
static const VkExternalFenceHandleTypeFlagBits fence_sync =
   VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT;

/* --- Semaphores --- */

static enum prog_status
init_semaphore(struct prog *p, VkExternalSemaphoreHandleTypeFlagBits type,
               VkExternalSemaphoreFeatureFlags features)
{
   VkExternalSemaphoreProperties props = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES};

   p->extensions[0] = VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME;
   PROG_STEP(prog_init(p));
   vkGetPhysicalDeviceExternalSemaphoreProperties(
      p->phys,
      &(VkPhysicalDeviceExternalSemaphoreInfo){
         .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO, .handleType = type},
      &props);
   if ((props.externalSemaphoreFeatures & features) != features)
      return prog_skipped(p, "the device cannot do that with this kind of handle");
   return PROG_RIGHT;
}

static enum prog_status
semaphore_export(struct prog *p, int peer, VkExternalSemaphoreHandleTypeFlagBits type)
{
   const VkExportSemaphoreCreateInfo exports = {
      .sType = VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO, .handleTypes = type};
   VkSemaphore semaphore;
   struct message m = {.fd = -1};

   PROG_STEP(init_semaphore(p, type, VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT));
   PFN_vkGetSemaphoreFdKHR get =
      (PFN_vkGetSemaphoreFdKHR)vkGetDeviceProcAddr(p->device, "vkGetSemaphoreFdKHR");
   PROG_VK(
      p, vkCreateSemaphore(p->device,
                           &(VkSemaphoreCreateInfo){
                              .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &exports},
                           NULL, &semaphore));
   PROG_VK(p, vkQueueSubmit(p->queue, 1,
                            &(VkSubmitInfo){.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                                            .signalSemaphoreCount = 1,
                                            .pSignalSemaphores = &semaphore},
                            VK_NULL_HANDLE));
   PROG_VK(p, get(p->device,
                  &(VkSemaphoreGetFdInfoKHR){.sType = VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR,
                                             .semaphore = semaphore,
                                             .handleType = type},
                  &m.fd));
   PROG_EXPECT(p, m.fd >= 0 || (m.fd == -1 && type == semaphore_sync), "descriptor %d", m.fd);
   m.already = m.fd < 0;
   PROG_STEP(peer_send(p, peer, m));
   if (m.fd >= 0)
      close(m.fd);
   PROG_STEP(peer_receive(p, peer, &m));
   PROG_VK(p, vkDeviceWaitIdle(p->device));
   vkDestroySemaphore(p->device, semaphore, NULL);
   prog_finish(p);
   return PROG_RIGHT;
}

static enum prog_status
semaphore_import(struct prog *p, int peer, VkExternalSemaphoreHandleTypeFlagBits type)
{
   const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   VkSemaphore semaphore;
   struct message m;

   PROG_STEP(init_semaphore(p, type, VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT));
   PFN_vkImportSemaphoreFdKHR import =
      (PFN_vkImportSemaphoreFdKHR)vkGetDeviceProcAddr(p->device, "vkImportSemaphoreFdKHR");
   PROG_VK(p,
           vkCreateSemaphore(
              p->device, &(VkSemaphoreCreateInfo){.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO},
              NULL, &semaphore));
   PROG_STEP(peer_receive(p, peer, &m));
   PROG_EXPECT(p, m.already || m.fd >= 0, "no descriptor came");
   PROG_VK(p, import(p->device,
                     &(VkImportSemaphoreFdInfoKHR){
                        .sType = VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_FD_INFO_KHR,
                        .semaphore = semaphore,
                        .flags = type == semaphore_sync ? VK_SEMAPHORE_IMPORT_TEMPORARY_BIT : 0,
                        .handleType = type,
                        .fd = m.fd,
                     }));
   PROG_VK(p, vkQueueSubmit(p->queue, 1,
                            &(VkSubmitInfo){.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                                            .waitSemaphoreCount = 1,
                                            .pWaitSemaphores = &semaphore,
                                            .pWaitDstStageMask = &stage},
                            VK_NULL_HANDLE));
   PROG_VK(p, vkQueueWaitIdle(p->queue));
   m.fd = -1;
   PROG_STEP(peer_send(p, peer, m));
   vkDestroySemaphore(p->device, semaphore, NULL);
   prog_finish(p);
   return PROG_RIGHT;
}

enum prog_status
semaphore_opaque_export(struct prog *p, int peer)
{
   return semaphore_export(p, peer, semaphore_opaque);
}

enum prog_status
semaphore_opaque_import(struct prog *p, int peer)
{
   return semaphore_import(p, peer, semaphore_opaque);
}

enum prog_status
semaphore_sync_export(struct prog *p, int peer)
{
   return semaphore_export(p, peer, semaphore_sync);
}

enum prog_status
semaphore_sync_import(struct prog *p, int peer)
{
   return semaphore_import(p, peer, semaphore_sync);
}

/* --- Fences --- */

static enum prog_status
init_fence(struct prog *p, VkExternalFenceHandleTypeFlagBits type,
           VkExternalFenceFeatureFlags features)
{
   VkExternalFenceProperties props = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES};

   p->extensions[0] = VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME;
   PROG_STEP(prog_init(p));
   vkGetPhysicalDeviceExternalFenceProperties(
      p->phys,
      &(VkPhysicalDeviceExternalFenceInfo){
         .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO, .handleType = type},
      &props);
   if ((props.externalFenceFeatures & features) != features)
      return prog_skipped(p, "the device cannot do that with this kind of handle");
   return PROG_RIGHT;
}

static enum prog_status
fence_export(struct prog *p, int peer, VkExternalFenceHandleTypeFlagBits type)
{
   const VkExportFenceCreateInfo exports = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                            .handleTypes = type};
   struct message m = {.fd = -1};
   VkFence fence;

   PROG_STEP(init_fence(p, type, VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT));
   PFN_vkGetFenceFdKHR get = (PFN_vkGetFenceFdKHR)vkGetDeviceProcAddr(p->device, "vkGetFenceFdKHR");
   PROG_VK(p, vkCreateFence(p->device,
                            &(VkFenceCreateInfo){.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
                                                 .pNext = &exports},
                            NULL, &fence));
   PROG_VK(p, vkQueueSubmit(p->queue, 0, NULL, fence));
   PROG_VK(p, get(p->device,
                  &(VkFenceGetFdInfoKHR){.sType = VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR,
                                         .fence = fence,
                                         .handleType = type},
                  &m.fd));
   PROG_EXPECT(p, m.fd >= 0 || (m.fd == -1 && type == fence_sync), "descriptor %d", m.fd);
   m.already = m.fd < 0;
   PROG_STEP(peer_send(p, peer, m));
   if (m.fd >= 0)
      close(m.fd);
   PROG_STEP(peer_receive(p, peer, &m));
   PROG_VK(p, vkDeviceWaitIdle(p->device));
   vkDestroyFence(p->device, fence, NULL);
   prog_finish(p);
   return PROG_RIGHT;
}

static enum prog_status
fence_import(struct prog *p, int peer, VkExternalFenceHandleTypeFlagBits type)
{
   struct message m;
   VkFence fence;

   PROG_STEP(init_fence(p, type, VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT));
   PFN_vkImportFenceFdKHR import =
      (PFN_vkImportFenceFdKHR)vkGetDeviceProcAddr(p->device, "vkImportFenceFdKHR");
   PROG_VK(p, vkCreateFence(p->device,
                            &(VkFenceCreateInfo){.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO},
                            NULL, &fence));
   PROG_STEP(peer_receive(p, peer, &m));
   PROG_EXPECT(p, m.already || m.fd >= 0, "no descriptor came");
   PROG_VK(p, import(p->device, &(VkImportFenceFdInfoKHR){
                                   .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_FD_INFO_KHR,
                                   .fence = fence,
                                   .flags = type == fence_sync ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0,
                                   .handleType = type,
                                   .fd = m.fd,
                                }));
   PROG_VK(p, vkWaitForFences(p->device, 1, &fence, VK_TRUE, PROG_TIMEOUT_NS));
   PROG_VK(p, vkGetFenceStatus(p->device, fence));
   /* After a temporary import, and a reset, the fence is its own again. */
   PROG_VK(p, vkResetFences(p->device, 1, &fence));
   PROG_VK_IS(p, vkGetFenceStatus(p->device, fence), VK_NOT_READY);
   PROG_VK(p, vkQueueSubmit(p->queue, 0, NULL, fence));
   PROG_VK(p, vkWaitForFences(p->device, 1, &fence, VK_TRUE, PROG_TIMEOUT_NS));
   m.fd = -1;
   PROG_STEP(peer_send(p, peer, m));
   vkDestroyFence(p->device, fence, NULL);
   prog_finish(p);
   return PROG_RIGHT;
}

enum prog_status
fence_opaque_export(struct prog *p, int peer)
{
   return fence_export(p, peer, fence_opaque);
}

enum prog_status
fence_opaque_import(struct prog *p, int peer)
{
   return fence_import(p, peer, fence_opaque);
}

enum prog_status
fence_sync_export(struct prog *p, int peer)
{
   return fence_export(p, peer, fence_sync);
}

enum prog_status
fence_sync_import(struct prog *p, int peer)
{
   return fence_import(p, peer, fence_sync);
}
