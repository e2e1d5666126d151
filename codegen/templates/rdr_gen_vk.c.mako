/* ${made_by}. SPDX-License-Identifier: MIT */
#include "rdr_gen_vk.h"

#include "tongs_gen_types.h"

#include <stddef.h>

/* A command and the names that the host driver may know it by. */
struct command {
   uint32_t offset;
   const char *names[4];
};

static const struct command instance_commands[] = {
% for c in ir.vk_commands:
% if c.instance:
   {offsetof(struct rdr_vk_instance, ${c.short}), {${c.quoted}}},
% endif
% endfor
};

static const struct command device_commands[] = {
% for c in ir.vk_commands:
% if not c.instance:
   {offsetof(struct rdr_vk_device, ${c.short}), {${c.quoted}}},
% endif
% endfor
};

void
rdr_vk_instance_load(struct rdr_vk_instance *vk, PFN_vkGetInstanceProcAddr get, VkInstance instance)
{
   for (size_t i = 0; i < sizeof(instance_commands) / sizeof(instance_commands[0]); i++) {
      PFN_vkVoidFunction function = NULL;
      for (uint32_t j = 0; j < 4 && instance_commands[i].names[j] && !function; j++)
         function = get(instance, instance_commands[i].names[j]);
      *(PFN_vkVoidFunction *)((char *)vk + instance_commands[i].offset) = function;
   }
}

void
rdr_vk_device_load(struct rdr_vk_device *vk, PFN_vkGetDeviceProcAddr get, VkDevice device)
{
   for (size_t i = 0; i < sizeof(device_commands) / sizeof(device_commands[0]); i++) {
      PFN_vkVoidFunction function = NULL;
      for (uint32_t j = 0; j < 4 && device_commands[i].names[j] && !function; j++)
         function = get(device, device_commands[i].names[j]);
      *(PFN_vkVoidFunction *)((char *)vk + device_commands[i].offset) = function;
   }
}

bool
rdr_vk_destroy(const struct rdr_vk_device *vk, VkDevice device, uint8_t type, uint64_t handle)
{
   switch (type) {
% for type, short, late in ir.destroyers:
   case TONGS_TYPE_${type}:
      vk->${short}(device, (${type})handle, NULL);
      return true;
% endfor
   default:
      return false;
   }
}

bool
rdr_vk_is_destroyed_last(uint8_t type)
{
   switch (type) {
% for type, short, late in ir.destroyers:
% if late:
   case TONGS_TYPE_${type}:
% endif
% endfor
      return true;
   default:
      return false;
   }
}
