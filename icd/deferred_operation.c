/* SPDX-License-Identifier: MIT */

/* Deferred operations (VK_KHR_deferred_host_operations). No operation is ever deferred: the worker
 * carries it out at once, and the entry points return VK_OPERATION_NOT_DEFERRED_KHR. The objects
 * exist in the client only. */

#include "icd/object.h"

#include "icd_gen_entry.h"
#include "tongs_gen_types.h"

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateDeferredOperationKHR(VkDevice device, const VkAllocationCallbacks *pAllocator,
                               VkDeferredOperationKHR *pDeferredOperation)
{
   struct tongs_object *object = icd_object_create(icd_dispatchable_from(device), pAllocator,
                                                   TONGS_TYPE_VkDeferredOperationKHR);
   if (!object)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   *pDeferredOperation = (VkDeferredOperationKHR)(uintptr_t)object;
   return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyDeferredOperationKHR(VkDevice device, VkDeferredOperationKHR operation,
                                const VkAllocationCallbacks *pAllocator)
{
   icd_object_destroy(icd_dispatchable_from(device), pAllocator,
                      (struct tongs_object *)(uintptr_t)operation);
}

VKAPI_ATTR uint32_t VKAPI_CALL
icd_GetDeferredOperationMaxConcurrencyKHR(VkDevice device, VkDeferredOperationKHR operation)
{
   (void)device, (void)operation;
   return 0;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_GetDeferredOperationResultKHR(VkDevice device, VkDeferredOperationKHR operation)
{
   (void)device, (void)operation;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_DeferredOperationJoinKHR(VkDevice device, VkDeferredOperationKHR operation)
{
   (void)device, (void)operation;
   return VK_SUCCESS;
}
