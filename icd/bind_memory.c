/* SPDX-License-Identifier: MIT */

/* Binding several buffers or images at once. */

#include "icd/calls.h"
#include "icd/connection.h"
#include "icd/notes.h"
#include "icd/object.h"
#include "icd/stream.h"
#include "protocol/chain.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

#ifdef VK_KHR_maintenance6

/* Where the application asks for the result of one binding; NULL if it does not. */
static VkResult *
status_of(const void *chain)
{
   const VkBindMemoryStatus *status =
      tongs_find_in_chain(chain, VK_STRUCTURE_TYPE_BIND_MEMORY_STATUS);

   return status ? status->pResult : NULL;
}

#else

static VkResult *
status_of(const void *chain)
{
   (void)chain;
   return NULL;
}

#endif

/* The bindings' chains, in an array of structs that are `size` bytes each. */
static const void *
chain_at(const void *infos, uint32_t i, size_t size)
{
   return ((const VkBaseInStructure *)(const void *)((const uint8_t *)infos + i * size))->pNext;
}

/* A post, unless the application asks for a result. */
static VkResult
bind(VkDevice device, uint32_t op, void *args, uint32_t count, const void *infos, size_t size)
{
   struct icd_connection *c = icd_dispatchable_from(device)->connection;
   bool asks = false, told = false;

   for (uint32_t i = 0; i < count && !asks; i++)
      asks = status_of(chain_at(infos, i, size)) != NULL;
   if (!asks)
      return icd_post(c, op, args);

   VkResult result = icd_call(c, op, args);
   if (result >= 0)
      return result;
   for (uint32_t i = 0; i < count && !told; i++) {
      const VkResult *status = status_of(chain_at(infos, i, size));
      told = status && *status < 0;
   }
   /* The host driver was not asked: the device is lost, or an object failed. */
   for (uint32_t i = 0; i < count && !told; i++) {
      VkResult *status = status_of(chain_at(infos, i, size));
      if (status)
         *status = result;
   }
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_BindBufferMemory2(VkDevice device, uint32_t bindInfoCount,
                      const VkBindBufferMemoryInfo *pBindInfos)
{
   struct tongs_args_vkBindBufferMemory2 args = {
      .device = device, .bindInfoCount = bindInfoCount, .pBindInfos = pBindInfos};

   icd_note_BindBufferMemory2(device, bindInfoCount, pBindInfos);
   return bind(device, TONGS_OP_vkBindBufferMemory2, &args, bindInfoCount, pBindInfos,
               sizeof(*pBindInfos));
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_BindImageMemory2(VkDevice device, uint32_t bindInfoCount,
                     const VkBindImageMemoryInfo *pBindInfos)
{
   struct tongs_args_vkBindImageMemory2 args = {
      .device = device, .bindInfoCount = bindInfoCount, .pBindInfos = pBindInfos};

   icd_note_BindImageMemory2(device, bindInfoCount, pBindInfos);
   return bind(device, TONGS_OP_vkBindImageMemory2, &args, bindInfoCount, pBindInfos,
               sizeof(*pBindInfos));
}
