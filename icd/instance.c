/* SPDX-License-Identifier: MIT */
#include "icd/instance.h"

#include "icd/cache.h"
#include "icd/connection.h"
#include "icd/physical_device.h"
#include "icd/table.h"
#include "icd/timeout.h"
#include "protocol/clock.h"
#include "protocol/decoder.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"
#include "tongs_gen_own.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* After a failure that took this long, the client does not try again for a while. */
#define SLOW_FAILURE_MS 1000
#define SLOW_FAILURE_PAUSE_MS 30000

/* The host's version and instance extensions, fetched once per connection. */
struct instance_properties {
   uint32_t version;
   uint32_t count;
   VkExtensionProperties *extensions; /* owned; those that Tongs supports */
};

/* The loader asks for extensions before there is an instance, and passes no context. So the
 * connection that answered is kept here for the first instance. A private worker's connection comes
 * back here when its instance is destroyed: the next instance finds a worker whose host driver is
 * loaded and has made a device, as it does natively. A child of fork() opens its own. */
static struct {
   pthread_mutex_t lock; /* protects the rest */
   struct icd_connection *connection;
   struct instance_properties properties; /* without extensions: not fetched */
   uint64_t world;                        /* in which the connection was made: hash_world() */
   bool logged;
   int64_t retry_ms; /* no attempt before this time: the last one took long and failed */
} pending = {.lock = PTHREAD_MUTEX_INITIALIZER};

_Static_assert(sizeof(struct icd_extension_set) * 8 >= 1024, "room for every extension");

bool
icd_extension_is_carried(const struct icd_connection *c, uint16_t index)
{
   const struct icd_extension *x = &icd_extensions[index];

   if (x->left_out || (x->needs_fds && !icd_connection_can(c, ICD_TRANSPORT_PASSES_FDS)))
      return false;
   for (uint32_t i = 0; i < x->op_count; i++) {
      if (!tongs_peer_knows_op(&c->peer, x->ops[i]))
         return false;
   }
   for (uint32_t i = 0; i < x->struct_count; i++) {
      if (!tongs_peer_knows_struct(&c->peer, x->structs[i]))
         return false;
   }
   return true;
}

/* --- The properties of the host's instance --- */

static bool
fetch_properties(struct icd_connection *c, struct instance_properties *properties)
{
   struct tongs_reply_tongsInstanceFacts reply = {0};
   struct icd_pending_call call;
   struct tongs_arena arena;
   struct tongs_decoder d;
   size_t offset, size = 0;

   /* A server that accepts the connection and then says nothing must not hang a program that only
    * enumerates drivers. */
   icd_connection_begin_setup(c);
   icd_own_call_begin(c, &call, TONGS_OP_tongsInstanceFacts, &offset);
   bool answered = icd_own_call_wait(c, &call, offset, &size) != NULL;
   icd_connection_end_setup(c);
   if (!answered)
      return false;
   tongs_arena_init(&arena, ICD_REPLY_ARENA_LIMIT);
   icd_own_reply_begin(&call, &d, &arena);
   tongs_decode_reply_tongsInstanceFacts(&d, &reply);
   *properties = (struct instance_properties){.version = reply.api_version};
   if (properties->version > (c->core_version | 0xfff))
      properties->version = c->core_version;
   uint32_t count = d.error ? 0 : reply.extensions_count;
   if (count <= icd_extension_count)
      properties->extensions = calloc(count ? count : 1, sizeof(*properties->extensions));
   for (uint32_t i = 0; properties->extensions && i < count; i++) {
      const char *name = reply.extensions[i].name;
      uint16_t index = name ? icd_find_extension(name) : ICD_NO_EXTENSION;
      if (index == ICD_NO_EXTENSION || !icd_extensions[index].instance ||
          !icd_extension_is_carried(c, index))
         continue;
      VkExtensionProperties *x = &properties->extensions[properties->count++];
      snprintf(x->extensionName, sizeof(x->extensionName), "%s", name);
      x->specVersion = reply.extensions[i].version;
   }
   bool ok = properties->extensions && !d.error;
   tongs_arena_finish(&arena);
   free(call.reply);
   return ok;
}

/* What a private worker inherits from this process, and what chooses the server: the environment,
 * the user, the limits. */
static uint64_t
hash_world(void)
{
   uint64_t hash = (uint64_t)geteuid() << 32 | getegid();
   struct rlimit limit;

   for (char **entry = environ; entry && *entry; entry++)
      hash = icd_cache_hash(*entry, strlen(*entry)) + hash * 31;
   for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
      if (getrlimit((__rlimit_resource_t)i, &limit) == 0)
         hash = hash * 31 + limit.rlim_cur;
   }
   return hash;
}

static void
drop_pending_locked(void)
{
   icd_connection_destroy(pending.connection);
   free(pending.properties.extensions);
   pending.connection = NULL;
   pending.properties = (struct instance_properties){0};
}

static bool
connect_pending_locked(void)
{
   char why[512] = "the server did not tell what it can do";
   int64_t start = tongs_now_ms();

   /* The worker of the pending connection may be gone, or this may be a child of fork() that
    * inherited the connection, or the application may have changed the environment. */
   const uint64_t world = hash_world();
   if (pending.connection && icd_connection_is_good(pending.connection) && pending.world == world &&
       (pending.properties.extensions || fetch_properties(pending.connection, &pending.properties)))
      return true;
   drop_pending_locked();
   /* A worker's host driver must not be another Tongs. A privileged worker sets the variable too,
    * so it counts in every process. */
   if (getenv("TONGS_WORKER_PROCESS"))
      return false;
   if (start < pending.retry_ms)
      return false;
   pending.world = world;
   pending.connection = icd_connection_create(why, sizeof(why));
   if (pending.connection && fetch_properties(pending.connection, &pending.properties))
      return true;
   if (pending.connection && pending.connection->timed_out)
      icd_timeout_explain(why, sizeof(why));
   drop_pending_locked();
   /* Loaders call this about eight times before an application has its instance. */
   int64_t end = tongs_now_ms();
   pending.retry_ms = end - start < SLOW_FAILURE_MS ? 0 : end + SLOW_FAILURE_PAUSE_MS;
   if (!pending.logged)
      fprintf(stderr, "tongs: no Vulkan through Tongs: %s\n", why);
   pending.logged = true;
   return false;
}

bool
icd_server_is_reachable(void)
{
   pthread_mutex_lock(&pending.lock);
   bool ok = connect_pending_locked();
   pthread_mutex_unlock(&pending.lock);
   return ok;
}

/* --- Before there is an instance --- */

VKAPI_ATTR VkResult VKAPI_CALL
icd_EnumerateInstanceVersion(uint32_t *pApiVersion)
{
   pthread_mutex_lock(&pending.lock);
   bool ok = connect_pending_locked();
   uint32_t version = ok ? pending.properties.version : VK_API_VERSION_1_0;
   pthread_mutex_unlock(&pending.lock);

   *pApiVersion = version < TONGS_API_VERSION ? version : TONGS_API_VERSION;
   return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_EnumerateInstanceExtensionProperties(const char *pLayerName, uint32_t *pPropertyCount,
                                         VkExtensionProperties *pProperties)
{
   VkResult result = VK_SUCCESS;

   if (pLayerName)
      return VK_ERROR_LAYER_NOT_PRESENT;
   pthread_mutex_lock(&pending.lock);
   uint32_t count = connect_pending_locked() ? pending.properties.count : 0;
   if (pProperties) {
      if (*pPropertyCount < count) {
         count = *pPropertyCount;
         result = VK_INCOMPLETE;
      }
      if (count)
         memcpy(pProperties, pending.properties.extensions, count * sizeof(*pProperties));
   }
   *pPropertyCount = count;
   pthread_mutex_unlock(&pending.lock);
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_EnumerateInstanceLayerProperties(uint32_t *pPropertyCount, VkLayerProperties *pProperties)
{
   (void)pProperties;
   *pPropertyCount = 0;
   return VK_SUCCESS;
}

/* --- The instance --- */

static VkResult
enable_extensions(struct icd_extension_set *enabled, const VkInstanceCreateInfo *info,
                  const struct instance_properties *properties)
{
   for (uint32_t i = 0; i < info->enabledExtensionCount; i++) {
      const char *name = info->ppEnabledExtensionNames[i];
      bool there = false;
      for (uint32_t j = 0; j < properties->count && !there; j++)
         there = !strcmp(properties->extensions[j].extensionName, name);
      if (!there)
         return VK_ERROR_EXTENSION_NOT_PRESENT;
      icd_extension_set_add(enabled, icd_find_extension(name));
   }
   return VK_SUCCESS;
}

/* Takes over the pending connection. */
static VkResult
take_connection(struct icd_instance *instance, const VkInstanceCreateInfo *info)
{
   VkResult result = VK_ERROR_INITIALIZATION_FAILED;

   pthread_mutex_lock(&pending.lock);
   if (connect_pending_locked()) {
      result = enable_extensions(&instance->enabled, info, &pending.properties);
      if (result == VK_SUCCESS) {
         instance->base.connection = pending.connection;
         instance->world = pending.world;
         pending.connection = NULL;
         drop_pending_locked();
      }
   }
   pthread_mutex_unlock(&pending.lock);
   return result;
}

/* Keeps the connection for the next instance, or closes it. All objects of the instance are gone.
 */
static void
return_connection(struct icd_instance *instance)
{
   struct icd_connection *c = instance->base.connection;

   icd_id_free(c, instance->base.object.id);
   for (uint32_t i = 0; i < TONGS_PHYSICAL_DEVICES_MAX; i++)
      icd_id_free(c, instance->device_ids[i]);
   pthread_mutex_lock(&pending.lock);
   if (!pending.connection && icd_connection_return(c)) {
      pending.connection = c;
      pending.world = instance->world;
      instance->base.connection = NULL;
   }
   pthread_mutex_unlock(&pending.lock);
}

static void
destroy(struct icd_instance *instance, const VkAllocationCallbacks *alloc)
{
   for (uint32_t i = 0; i < instance->device_count; i++)
      icd_physical_device_destroy(instance->devices[i]);
   icd_free(&instance->base, NULL, instance->devices);
   tongs_encoder_finish(&instance->creation);
   icd_connection_destroy(instance->base.connection);
   icd_free(NULL, alloc ? alloc : &instance->base.alloc, instance);
}

/* Says why the connection was lost while the instance was created. */
static void
report_loss(struct icd_connection *c)
{
   char why[512];

   if (!c->timed_out) {
      icd_connection_report_loss(c);
      return;
   }
   icd_timeout_explain(why, sizeof(why));
   fprintf(stderr, "tongs: no Vulkan through Tongs: %s\n", why);
   pthread_mutex_lock(&pending.lock);
   pending.retry_ms = tongs_now_ms() + SLOW_FAILURE_PAUSE_MS;
   pthread_mutex_unlock(&pending.lock);
}

/* Creates the instance in the worker, and fetches its physical devices. */
static VkResult
create_on_host(struct icd_instance *instance, const VkInstanceCreateInfo *info)
{
   struct icd_connection *c = instance->base.connection;
   VkInstance created = (VkInstance)instance;
   struct tongs_args_vkCreateInstance args = {.pCreateInfo = info, .pInstance = &created};

   if (!icd_instance_record(instance, &args))
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   icd_connection_begin_setup(c);
   VkResult result = icd_call(c, TONGS_OP_vkCreateInstance, &args);
   if (result == VK_SUCCESS)
      result = icd_physical_devices_create(instance);
   icd_connection_end_setup(c);
   if (icd_connection_is_lost(c)) {
      report_loss(c);
      return VK_ERROR_INITIALIZATION_FAILED;
   }
   icd_connection_use(c);
   return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateInstance(const VkInstanceCreateInfo *pCreateInfo, const VkAllocationCallbacks *pAllocator,
                   VkInstance *pInstance)
{
   struct icd_instance *instance =
      icd_alloc(NULL, pAllocator, sizeof(*instance), VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE);
   if (!instance)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   const VkApplicationInfo *app = pCreateInfo->pApplicationInfo;
   icd_object_init_dispatchable(&instance->base.object);
   instance->base.alloc = pAllocator ? *pAllocator : icd_default_alloc;
   instance->api_version = app && app->apiVersion ? app->apiVersion : VK_API_VERSION_1_0;

   VkResult result = take_connection(instance, pCreateInfo);
   if (result != VK_SUCCESS)
      goto fail;
   instance->base.object.id = icd_id_new(instance->base.connection, TONGS_TYPE_VkInstance);
   if (!instance->base.object.id) {
      result = VK_ERROR_OUT_OF_HOST_MEMORY;
      goto fail;
   }

   result = create_on_host(instance, pCreateInfo);
   if (result != VK_SUCCESS)
      goto fail;

   *pInstance = (VkInstance)instance;
   return VK_SUCCESS;

fail:
   destroy(instance, pAllocator);
   return result;
}

VKAPI_ATTR void VKAPI_CALL
icd_DestroyInstance(VkInstance handle, const VkAllocationCallbacks *pAllocator)
{
   if (!handle)
      return;
   struct tongs_args_vkDestroyInstance args = {.instance = handle};
   icd_post(icd_instance_from(handle)->base.connection, TONGS_OP_vkDestroyInstance, &args);
   icd_messages_collect(icd_instance_from(handle)->base.connection);
   return_connection(icd_instance_from(handle));
   destroy(icd_instance_from(handle), pAllocator);
}

/* Whether an extension may be enabled on a device, or is enabled if it is the instance's. */
static bool
may_be_there(const struct icd_instance *instance, uint16_t index)
{
   return !icd_extensions[index].left_out &&
          (!icd_extensions[index].instance || icd_extension_set_has(&instance->enabled, index));
}

static bool
may_bring(const struct icd_instance *instance, const struct icd_bringer *b)
{
   bool may = may_be_there(instance, b->extension) && b->core <= (instance->api_version | 0xfff);

   for (uint32_t i = 0; i < ICD_BRINGER_NEEDS && b->needs[i] != ICD_NO_EXTENSION; i++)
      may = may && may_be_there(instance, b->needs[i]);
   return may;
}

bool
icd_instance_has_entry_point(const struct icd_instance *instance,
                             const struct icd_entry_point *entry)
{
   if (entry->op && !tongs_peer_knows_op(&instance->base.connection->peer, entry->op))
      return false;
   if (entry->core && entry->core <= (instance->api_version | 0xfff))
      return true;
   for (uint32_t i = 0; i < entry->bringer_count; i++) {
      if (may_bring(instance, &entry->bringers[i]))
         return true;
   }
   return false;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_EnumeratePhysicalDevices(VkInstance handle, uint32_t *pPhysicalDeviceCount,
                             VkPhysicalDevice *pPhysicalDevices)
{
   struct icd_instance *instance = icd_instance_from(handle);
   uint32_t count = instance->device_count;
   VkResult result = VK_SUCCESS;

   if (pPhysicalDevices) {
      if (*pPhysicalDeviceCount < count) {
         count = *pPhysicalDeviceCount;
         result = VK_INCOMPLETE;
      }
      for (uint32_t i = 0; i < count; i++)
         pPhysicalDevices[i] = (VkPhysicalDevice)instance->devices[i];
   }
   *pPhysicalDeviceCount = count;
   return result;
}

/* Reports each device as a group of its own. */
VKAPI_ATTR VkResult VKAPI_CALL
icd_EnumeratePhysicalDeviceGroups(VkInstance handle, uint32_t *pPhysicalDeviceGroupCount,
                                  VkPhysicalDeviceGroupProperties *pPhysicalDeviceGroupProperties)
{
   struct icd_instance *instance = icd_instance_from(handle);
   uint32_t count = instance->device_count;
   VkResult result = VK_SUCCESS;

   if (pPhysicalDeviceGroupProperties) {
      if (*pPhysicalDeviceGroupCount < count) {
         count = *pPhysicalDeviceGroupCount;
         result = VK_INCOMPLETE;
      }
      for (uint32_t i = 0; i < count; i++) {
         VkPhysicalDeviceGroupProperties *group = &pPhysicalDeviceGroupProperties[i];
         memset(group->physicalDevices, 0, sizeof(group->physicalDevices));
         group->physicalDeviceCount = 1;
         group->physicalDevices[0] = (VkPhysicalDevice)instance->devices[i];
         group->subsetAllocation = VK_FALSE;
      }
   }
   *pPhysicalDeviceGroupCount = count;
   return result;
}
