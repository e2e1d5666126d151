/* SPDX-License-Identifier: MIT */

/* The entry points for the Vulkan loader: LoaderDriverInterface.md, interface version 5. */

#include "icd/instance.h"
#include "icd/table.h"

#include "icd_gen_entry.h"
#include "tongs_gen_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_icd.h>

#define EXPORT __attribute__((visibility("default")))
#define INTERFACE_VERSION 5u

_Noreturn void
icd_abort_in_stub(const char *name)
{
   fprintf(stderr, "tongs: %s is not implemented: docs/coverage.md says why\n", name);
   abort();
}

const struct icd_entry_point *
icd_find_entry_point(const char *name)
{
   uint32_t low = 0, high = icd_entry_point_count;

   while (low < high) {
      uint32_t mid = (low + high) / 2;
      int order = strcmp(icd_entry_points[mid].name, name);
      if (!order)
         return &icd_entry_points[mid];
      if (order < 0)
         low = mid + 1;
      else
         high = mid;
   }
   return NULL;
}

uint16_t
icd_find_extension(const char *name)
{
   for (uint32_t i = 0; i < icd_extension_count; i++) {
      if (!strcmp(icd_extensions[i].name, name))
         return (uint16_t)i;
   }
   return ICD_NO_EXTENSION;
}

static bool
bringer_is_carried(const struct icd_bringer *b)
{
   bool carried = !icd_extensions[b->extension].left_out && b->core <= TONGS_API_VERSION;

   for (uint32_t i = 0; i < ICD_BRINGER_NEEDS && b->needs[i] != ICD_NO_EXTENSION; i++)
      carried &= !icd_extensions[b->needs[i]].left_out;
   return carried;
}

/* Whether a core version or an extension that Tongs supports includes the entry point. */
static bool
is_carried(const struct icd_entry_point *entry)
{
   for (uint32_t i = 0; i < entry->bringer_count; i++) {
      if (bringer_is_carried(&entry->bringers[i]))
         return true;
   }
   return entry->core && entry->core <= TONGS_API_VERSION;
}

EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
vk_icdGetInstanceProcAddr(VkInstance instance, const char *pName)
{
   if (!pName)
      return NULL;
   if (!strcmp(pName, "vk_icdNegotiateLoaderICDInterfaceVersion"))
      return (PFN_vkVoidFunction)vk_icdNegotiateLoaderICDInterfaceVersion;
   if (!strcmp(pName, "vk_icdGetPhysicalDeviceProcAddr"))
      return (PFN_vkVoidFunction)vk_icdGetPhysicalDeviceProcAddr;

   const struct icd_entry_point *entry = icd_find_entry_point(pName);
   if (!entry || !is_carried(entry))
      return NULL;
   if (!instance)
      return entry->level == ICD_LEVEL_GLOBAL || !strcmp(pName, "vkGetInstanceProcAddr")
                ? entry->function
                : NULL;
   if ((entry->level == ICD_LEVEL_INSTANCE || entry->level == ICD_LEVEL_PHYSICAL) &&
       !icd_instance_has_entry_point((const struct icd_instance *)instance, entry))
      return NULL;
   return entry->function;
}

EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
vk_icdGetPhysicalDeviceProcAddr(VkInstance instance, const char *pName)
{
   const struct icd_entry_point *entry = pName ? icd_find_entry_point(pName) : NULL;

   if (!entry || entry->level != ICD_LEVEL_PHYSICAL || !is_carried(entry))
      return NULL;
   if (instance && !icd_instance_has_entry_point((const struct icd_instance *)instance, entry))
      return NULL;
   return entry->function;
}

/* Fails if no server can be reached, so that the loader tries the next driver. */
EXPORT VKAPI_ATTR VkResult VKAPI_CALL
vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *pVersion)
{
   if (*pVersion > INTERFACE_VERSION)
      *pVersion = INTERFACE_VERSION;
   return icd_server_is_reachable() ? VK_SUCCESS : VK_ERROR_INCOMPATIBLE_DRIVER;
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
icd_GetInstanceProcAddr(VkInstance instance, const char *pName)
{
   return vk_icdGetInstanceProcAddr(instance, pName);
}
