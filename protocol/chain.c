/* SPDX-License-Identifier: MIT */
#include "protocol/chain.h"

#include <vulkan/vulkan_core.h>

const void *
tongs_find_in_chain(const void *chain, int32_t stype)
{
   const VkBaseInStructure *link = chain;

   while (link && (int32_t)link->sType != stype)
      link = link->pNext;
   return link;
}
