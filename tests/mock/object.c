/* SPDX-License-Identifier: MIT */
/* The table of live objects. */
#include "tests/mock/mock.h"

#include "mock_gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 16384u

/* Freed objects with a loader's word stay for a while, so that their addresses do not come again
 * at once and a stale handle is found to be one. */
#define QUARANTINE 1024u

static struct {
   pthread_mutex_t mutex; /* protects all of this and the `pins` of objects; taken last */
   struct mock_object *buckets[BUCKETS];
   uint64_t last_number;
   struct mock_object *quarantine[QUARANTINE];
   uint32_t quarantined;
   uint32_t *leaked; /* per type */
} table = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct mock_object **
bucket(uint64_t handle)
{
   return &table.buckets[(handle * UINT64_C(0x9e3779b97f4a7c15)) >> 50];
}

static struct mock_object *
find_locked(uint64_t handle)
{
   struct mock_object *object = *bucket(handle);

   while (object && object->handle != handle)
      object = object->next;
   return object;
}

static bool
is_dispatchable(uint32_t type)
{
   return type == MOCK_TYPE_VkInstance || type == MOCK_TYPE_VkPhysicalDevice ||
          type == MOCK_TYPE_VkDevice || type == MOCK_TYPE_VkQueue ||
          type == MOCK_TYPE_VkCommandBuffer;
}

/* Goes when what it is from goes. */
static bool
is_implicit(const struct mock_object *object)
{
   return object->type == MOCK_TYPE_VkPhysicalDevice || object->type == MOCK_TYPE_VkQueue ||
          object->type == MOCK_TYPE_VkDescriptorSet || object->type == MOCK_TYPE_VkCommandBuffer ||
          (object->parent && object->parent->type == MOCK_TYPE_VkSwapchainKHR);
}

struct mock_object *
mock_object_create(uint64_t parent, uint32_t type, size_t size)
{
   struct mock_object *object = calloc(1, size ? size : sizeof(*object));
   if (!object)
      mock_abort("no memory");
   object->type = type;
   if (is_dispatchable(type)) {
      set_loader_magic_value(object);
      object->handle = (uintptr_t)object;
   }

   pthread_mutex_lock(&table.mutex);
   if (!object->handle)
      object->handle = ++table.last_number << 8 | UINT64_C(0x7000000000000000) | (type & 0xff);
   object->parent = parent ? find_locked(parent) : NULL;
   if (type == MOCK_TYPE_VkDevice)
      object->device = (struct mock_device *)object;
   else if (object->parent)
      object->device = object->parent->device;
   object->next = *bucket(object->handle);
   *bucket(object->handle) = object;
   pthread_mutex_unlock(&table.mutex);
   return object;
}

struct mock_object *
mock_object_find(uint64_t handle)
{
   pthread_mutex_lock(&table.mutex);
   struct mock_object *object = find_locked(handle);
   pthread_mutex_unlock(&table.mutex);
   return object;
}

void *
mock_object_get(const char *command, uint64_t handle, uint32_t type)
{
   struct mock_object *object = mock_object_find(handle);

   if (!object || object->type != type) {
      mock_abort("%s: %#llx is no live %s", command, (unsigned long long)handle,
                 mock_type_names[type]);
   }
   return object;
}

static void
unlink_locked(struct mock_object *object)
{
   struct mock_object **link = bucket(object->handle);

   while (*link != object)
      link = &(*link)->next;
   *link = object->next;
   object->next = NULL;
}

/* Whether an object is from `root`, directly or not, but is not it. */
static bool
is_from(const struct mock_object *object, const struct mock_object *root)
{
   while ((object = object->parent)) {
      if (object == root)
         return true;
   }
   return false;
}

/* Unlinks all that is from `root` and gives it as a list. */
static struct mock_object *
take_locked(const struct mock_object *root)
{
   struct mock_object *list = NULL;

   for (uint32_t i = 0; i < BUCKETS; i++) {
      struct mock_object **link = &table.buckets[i];
      while (*link) {
         struct mock_object *object = *link;
         if (is_from(object, root)) {
            *link = object->next;
            object->next = list;
            list = object;
         } else {
            link = &object->next;
         }
      }
   }
   return list;
}

static void
release(struct mock_object *object)
{
   struct mock_object *old = object;

   if (object->finish)
      object->finish(object);
   if (is_dispatchable(object->type)) {
      pthread_mutex_lock(&table.mutex);
      struct mock_object **place = &table.quarantine[table.quarantined++ % QUARANTINE];
      old = *place;
      *place = object;
      pthread_mutex_unlock(&table.mutex);
   }
   free(old);
}

static void
release_list(struct mock_object *list)
{
   while (list) {
      struct mock_object *next = list->next;
      release(list);
      list = next;
   }
}

static void
refuse_pinned(const char *command, const struct mock_object *object)
{
   if (object->pins) {
      mock_abort("%s: %s %#llx is in use by work that has not completed", command,
                 mock_type_names[object->type], (unsigned long long)object->handle);
   }
}

void
mock_object_destroy_children(const char *command, struct mock_object *parent)
{
   pthread_mutex_lock(&table.mutex);
   struct mock_object *list = take_locked(parent);
   for (const struct mock_object *object = list; object; object = object->next)
      refuse_pinned(command, object);
   pthread_mutex_unlock(&table.mutex);
   release_list(list);
}

void
mock_object_destroy(const char *command, uint64_t handle)
{
   if (!handle)
      return;

   pthread_mutex_lock(&table.mutex);
   struct mock_object *object = find_locked(handle);
   if (!object)
      mock_abort("%s: %#llx is no live object", command, (unsigned long long)handle);
   refuse_pinned(command, object);
   if (object->parent && object->parent->type == MOCK_TYPE_VkSwapchainKHR)
      mock_abort("%s: the image belongs to a swapchain", command);
   unlink_locked(object);
   pthread_mutex_unlock(&table.mutex);

   if (object->type == MOCK_TYPE_VkDescriptorPool || object->type == MOCK_TYPE_VkCommandPool ||
       object->type == MOCK_TYPE_VkSwapchainKHR)
      mock_object_destroy_children(command, object);
   release(object);
}

void
mock_object_each_child(const struct mock_object *parent,
                       void (*each)(struct mock_object *object, void *data), void *data)
{
   struct mock_object **list = NULL;
   size_t count = 0, capacity = 0;

   pthread_mutex_lock(&table.mutex);
   for (uint32_t i = 0; i < BUCKETS; i++) {
      for (struct mock_object *object = table.buckets[i]; object; object = object->next) {
         if (object->parent != parent)
            continue;
         if (count == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            list = realloc(list, capacity * sizeof(*list));
            if (!list)
               mock_abort("no memory");
         }
         list[count++] = object;
      }
   }
   pthread_mutex_unlock(&table.mutex);
   for (size_t i = 0; i < count; i++)
      each(list[i], data);
   free(list);
}

static void
count_leaked_locked(const struct mock_object *object)
{
   if (!table.leaked)
      table.leaked = calloc(mock_type_count, sizeof(*table.leaked));
   if (table.leaked && !is_implicit(object))
      table.leaked[object->type]++;
}

/* Ends the threads of the devices that were left. */
static void
stop_devices(const struct mock_object *root)
{
   struct mock_object *devices[16];
   uint32_t count = 0;

   pthread_mutex_lock(&table.mutex);
   for (uint32_t i = 0; i < BUCKETS; i++) {
      for (struct mock_object *object = table.buckets[i]; object; object = object->next) {
         if (object->type == MOCK_TYPE_VkDevice && is_from(object, root) && count < 16)
            devices[count++] = object;
      }
   }
   pthread_mutex_unlock(&table.mutex);
   for (uint32_t i = 0; i < count; i++)
      mock_queues_finish((struct mock_device *)devices[i]);
}

void
mock_objects_leak(struct mock_object *root)
{
   stop_devices(root);
   pthread_mutex_lock(&table.mutex);
   struct mock_object *list = take_locked(root);
   for (const struct mock_object *object = list; object; object = object->next)
      count_leaked_locked(object);
   pthread_mutex_unlock(&table.mutex);
   release_list(list);
}

void
mock_objects_report(void)
{
   char line[4096];
   uint32_t total = 0;

   pthread_mutex_lock(&table.mutex);
   for (uint32_t type = 0; table.leaked && type < mock_type_count; type++)
      total += table.leaked[type];
   size_t used = (size_t)snprintf(line, sizeof(line), "leaked %u objects:", total);
   for (uint32_t type = 0; total && type < mock_type_count && used < sizeof(line) - 128; type++) {
      if (table.leaked[type]) {
         used += (size_t)snprintf(line + used, sizeof(line) - used, " %s %u", mock_type_names[type],
                                  table.leaked[type]);
         table.leaked[type] = 0;
      }
   }
   pthread_mutex_unlock(&table.mutex);
   if (total)
      mock_log(line);
}

/* Types of objects that recorded work does not need any more. */
static bool
may_go_after_recording(uint32_t type)
{
   return type == MOCK_TYPE_VkPipelineLayout || type == MOCK_TYPE_VkDescriptorSetLayout ||
          type == MOCK_TYPE_VkDescriptorUpdateTemplate;
}

static void
pin_locked(const char *command, uint64_t handle)
{
   struct mock_object *object = find_locked(handle);

   if (!object) {
      mock_abort("%s: a command buffer uses %#llx, which is no live object", command,
                 (unsigned long long)handle);
   }
   object->pins++;
   if (object->backing)
      pin_locked(command, object->backing);
}

static void
unpin_locked(uint64_t handle)
{
   struct mock_object *object = find_locked(handle);

   if (!object)
      return; /* its device is being destroyed */
   object->pins--;
   if (object->backing)
      unpin_locked(object->backing);
}

void
mock_objects_pin(const char *command, const uint64_t *handles, size_t count)
{
   pthread_mutex_lock(&table.mutex);
   for (size_t i = 0; i < count; i++) {
      const struct mock_object *object = find_locked(handles[i]);
      if (object ? !may_go_after_recording(object->type)
                 : !may_go_after_recording(handles[i] & 0xff))
         pin_locked(command, handles[i]);
   }
   pthread_mutex_unlock(&table.mutex);
}

void
mock_objects_unpin(const uint64_t *handles, size_t count)
{
   pthread_mutex_lock(&table.mutex);
   for (size_t i = 0; i < count; i++) {
      const struct mock_object *object = find_locked(handles[i]);
      if (object && !may_go_after_recording(object->type))
         unpin_locked(handles[i]);
   }
   pthread_mutex_unlock(&table.mutex);
}

/* When the library goes, be it with the process: what lives still was leaked. */
__attribute__((destructor)) static void
report_at_exit(void)
{
   bool devices = false;

   pthread_mutex_lock(&table.mutex);
   for (uint32_t i = 0; i < BUCKETS; i++) {
      for (const struct mock_object *object = table.buckets[i]; object; object = object->next) {
         count_leaked_locked(object);
         devices |= object->type == MOCK_TYPE_VkDevice;
      }
   }
   pthread_mutex_unlock(&table.mutex);
   mock_objects_report();
   if (devices)
      return; /* their threads still run */
   mock_faults_finish();
   for (uint32_t i = 0; i < QUARANTINE; i++) {
      free(table.quarantine[i]);
      table.quarantine[i] = NULL;
   }
   free(table.leaked);
   table.leaked = NULL;
}
