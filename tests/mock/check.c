/* SPDX-License-Identifier: MIT */
/* Checks that a driver may leave out, because it can trust the loader. The mock makes them. */
#include "tests/mock/mock.h"

#include "mock_gen.h"
#include "protocol/ignored.h"

#include <stdlib.h>
#include <string.h>

void
mock_check_init(struct mock_check *e, const char *command)
{
   *e = (struct mock_check){.command = command};
}

void
mock_check_owner(struct mock_check *e, uint64_t handle, uint32_t type, bool optional)
{
   if (!handle && optional)
      return;
   e->owner = mock_object_get(e->command, handle, type);
   if (type == MOCK_TYPE_VkCommandBuffer &&
       ((struct mock_command_buffer *)e->owner)->level == VK_COMMAND_BUFFER_LEVEL_PRIMARY)
      e->ignored |= TONGS_IGNORED_INHERITANCE;
}

void
mock_check_recording(struct mock_check *e, VkCommandBuffer commandBuffer)
{
   e->recording = MOCK_GET(e->command, commandBuffer, command_buffer);
   struct mock_device *device = e->owner->device;
   pthread_mutex_lock(&device->mutex);
   if (e->recording->state != MOCK_STATE_RECORDING)
      mock_abort("%s: the command buffer is not being recorded", e->command);
   pthread_mutex_unlock(&device->mutex);
}

/* The recording thread alone writes the list; submissions read it when it is over. */
void
mock_check_use(struct mock_check *e, uint64_t handle)
{
   struct mock_command_buffer *commands = e->recording;

   if (commands->use_count && commands->uses[commands->use_count - 1] == handle)
      return;
   if (commands->use_count == commands->use_capacity) {
      commands->use_capacity = commands->use_capacity ? 2 * commands->use_capacity : 16;
      commands->uses = realloc(commands->uses, commands->use_capacity * sizeof(uint64_t));
      if (!commands->uses)
         mock_abort("no memory");
   }
   commands->uses[commands->use_count++] = handle;
}

static const struct mock_object *
instance_of(const struct mock_object *object)
{
   while (object->parent)
      object = object->parent;
   return object;
}

void
mock_check_handle(struct mock_check *e, const char *where, uint64_t handle, uint32_t type,
                  bool optional)
{
   if (!handle) {
      if (!optional)
         mock_abort("%s: %s is null", e->command, where);
      return;
   }
   const struct mock_object *object = mock_object_find(handle);
   if (!object)
      mock_abort("%s: %s, %#llx, is no live object", e->command, where, (unsigned long long)handle);
   if (object->type != type) {
      mock_abort("%s: %s, %#llx, is a %s and no %s", e->command, where, (unsigned long long)handle,
                 mock_type_names[object->type], mock_type_names[type]);
   }
   if (e->owner && e->owner->device && object->device && object->device != e->owner->device)
      mock_abort("%s: %s, %#llx, belongs to another device", e->command, where,
                 (unsigned long long)handle);
   if (e->owner && instance_of(object) != instance_of(e->owner))
      mock_abort("%s: %s, %#llx, belongs to another instance", e->command, where,
                 (unsigned long long)handle);
   if (e->recording)
      mock_check_use(e, handle);
}

void
mock_check_handles(struct mock_check *e, const char *where, const void *handles, uint64_t count,
                   uint32_t type)
{
   for (uint64_t i = 0; i < count; i++) {
      uint64_t handle;
      memcpy(&handle, (const uint8_t *)handles + i * sizeof(handle), sizeof(handle));
      mock_check_handle(e, where, handle, type, true);
   }
}

void
mock_check_stype(struct mock_check *e, const void *v, VkStructureType type)
{
   if (!v)
      mock_abort("%s: a struct with sType %d is missing", e->command, type);
   if (((const VkBaseInStructure *)v)->sType != type) {
      mock_abort("%s: a struct's sType is %d, not %d", e->command,
                 ((const VkBaseInStructure *)v)->sType, type);
   }
}

void *
mock_chain_find(const void *next, VkStructureType type)
{
   for (const VkBaseInStructure *s = next; s; s = s->pNext) {
      if (s->sType == type)
         return (void *)s;
   }
   return NULL;
}

static void
fill_one(VkBaseOutStructure *s)
{
   const struct mock_out_struct *info = NULL;

   for (uint32_t i = 0; i < mock_out_struct_count && !info; i++) {
      if (mock_out_structs[i].type == s->sType)
         info = &mock_out_structs[i];
   }
   if (!info)
      return;
   uint8_t *bytes = (uint8_t *)s;
   if (info->fields) {
      for (const struct mock_field *f = info->fields; f->size; f++)
         memset(bytes + f->offset, 0, f->size);
   } else if (info->features) {
      for (size_t at = sizeof(*s); at + sizeof(VkBool32) <= info->size; at += sizeof(VkBool32))
         memcpy(bytes + at, &(VkBool32){VK_TRUE}, sizeof(VkBool32));
   } else {
      memset(bytes + sizeof(*s), 0, info->size - sizeof(*s));
   }
}

void
mock_fill(const char *command, void *v, VkStructureType type)
{
   if (!v)
      mock_abort("%s: a struct with sType %d is missing", command, type);
   if (((VkBaseOutStructure *)v)->sType != type)
      mock_abort("%s: a struct's sType is %d, not %d", command, ((VkBaseOutStructure *)v)->sType,
                 type);
   for (VkBaseOutStructure *s = v; s; s = s->pNext)
      fill_one(s);
}
