/* SPDX-License-Identifier: MIT */
#include "renderer/worker/validation.h"

#include "renderer/worker/context.h"

#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYER "VK_LAYER_KHRONOS_validation"
#define LAYERS_MAX 256

/* The largest number of messages in all, and with the same id: a faulty application usually repeats
 * its error in each frame. */
#define MESSAGES_MAX 1000u
#define REPEATS_MAX 10u
/* The number of message ids whose repetitions are counted. Further ids are not bounded by
 * REPEATS_MAX. */
#define KINDS_MAX 512u
/* Bytes. Longer texts are cut. */
#define TEXT_MAX 3000

struct kind {
   int32_t id;
   uint32_t count;
};

struct rdr_validation {
   VkDebugUtilsMessengerEXT messenger;

   /* Protects the members below. The layer calls us on any thread that calls the host driver, and
    * that thread may hold `reply_lock`. No other lock is taken under this one. */
   pthread_mutex_t lock;
   struct tongs_encoder waiting;
   uint32_t sent;
   uint32_t kind_count;
   struct kind kinds[KINDS_MAX];
};

struct rdr_validation *
rdr_validation_create(void)
{
   struct rdr_validation *v = calloc(1, sizeof(*v));

   if (v) {
      pthread_mutex_init(&v->lock, NULL);
      tongs_encoder_init(&v->waiting);
   }
   return v;
}

/* False if the layer is not installed. */
static bool
find_layer(const struct rdr_host *host, VkLayerProperties *found)
{
   static VkLayerProperties
      layers[LAYERS_MAX]; /* too large for a stack; the decoder's thread's own */
   uint32_t count = LAYERS_MAX;

   if (!host->EnumerateInstanceLayerProperties ||
       host->EnumerateInstanceLayerProperties(&count, layers) < 0)
      return false;
   for (uint32_t i = 0; i < count; i++) {
      if (!strcmp(layers[i].layerName, LAYER)) {
         *found = layers[i];
         return true;
      }
   }
   return false;
}

bool
rdr_validation_is_possible(const struct rdr_host *host, char *why, size_t why_size)
{
   VkLayerProperties layer;

   if (find_layer(host, &layer))
      return true;
   snprintf(why, why_size,
            "it cannot validate: %s is not installed there (in Debian: vulkan-validationlayers)",
            LAYER);
   return false;
}

/* --- Messages --- */

static void
send_locked(struct rdr_validation *v, uint32_t severity, uint32_t types, int32_t id,
            const char *name, const char *text)
{
   char cut_name[TEXT_MAX], cut_text[TEXT_MAX];
   size_t offset = tongs_encode_op_begin(&v->waiting, TONGS_OP_tongsMessage, TONGS_OP_FLAG_EVENT);

   snprintf(cut_name, sizeof(cut_name), "%s", name ? name : "");
   snprintf(cut_text, sizeof(cut_text), "%s", text ? text : "");
   tongs_encode_tongsMessage(
      &v->waiting,
      &(struct tongs_args_tongsMessage){
         .severity = severity, .types = types, .number = id, .name = cut_name, .text = cut_text});
   tongs_encode_op_end(&v->waiting, offset);
   v->sent++;
}

static bool
is_repeated_locked(struct rdr_validation *v, int32_t id)
{
   for (uint32_t i = 0; i < v->kind_count; i++) {
      if (v->kinds[i].id == id)
         return ++v->kinds[i].count > REPEATS_MAX;
   }
   if (v->kind_count < KINDS_MAX)
      v->kinds[v->kind_count++] = (struct kind){.id = id, .count = 1};
   return false;
}

/* Whether the message concerns something that the worker does, not the application. The worker
 * binds images to imported host memory without having created them with that external handle type,
 * because the handle type would change their layout on real hardware (docs/design/memory.md). It
 * does the same with buffers if the handle type would reduce their memory types. */
static bool
is_ours(const char *name)
{
   static const char *const rules[] = {"-memory-02727", "-memory-02729", "-memory-02985",
                                       "-memory-02989"};

   for (size_t i = 0; name && i < sizeof(rules) / sizeof(rules[0]); i++) {
      if (strstr(name, rules[i]))
         return true;
   }
   return false;
}

static VKAPI_ATTR VkBool32 VKAPI_CALL
on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT types,
           const VkDebugUtilsMessengerCallbackDataEXT *data, void *user_data)
{
   struct rdr_validation *v = user_data;

   if (is_ours(data->pMessageIdName))
      return VK_FALSE;
   pthread_mutex_lock(&v->lock);
   if (v->sent < MESSAGES_MAX && !is_repeated_locked(v, data->messageIdNumber)) {
      send_locked(v, severity, types, data->messageIdNumber, data->pMessageIdName, data->pMessage);
      if (v->sent == MESSAGES_MAX)
         send_locked(v, VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT,
                     VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT, 0, NULL,
                     "these were many messages: no more are sent");
   }
   pthread_mutex_unlock(&v->lock);
   return VK_FALSE;
}

void
rdr_validation_drain(struct rdr_context *ctx, struct tongs_encoder *e)
{
   struct rdr_validation *v = ctx->validation;

   if (!v)
      return;
   pthread_mutex_lock(&v->lock);
   tongs_encode_fixed(e, v->waiting.base, tongs_encoder_size(&v->waiting));
   tongs_encoder_trim(&v->waiting, 64 * 1024);
   pthread_mutex_unlock(&v->lock);
}

/* --- The instance --- */

static VkDebugUtilsMessengerCreateInfoEXT
messenger_info(struct rdr_validation *v)
{
   return (VkDebugUtilsMessengerCreateInfoEXT){
      .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
      .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                         VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
      .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                     VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
      .pfnUserCallback = on_message,
      .pUserData = v,
   };
}

/* The names, with `name` added unless it is among them. NULL if memory is out. */
static const char *const *
add_name(struct tongs_arena *arena, const char *const *names, uint32_t *count, const char *name)
{
   const char **list = tongs_arena_alloc(arena, (*count + (size_t)1) * sizeof(*list));

   for (uint32_t i = 0; list && i < *count; i++) {
      list[i] = names[i];
      if (!strcmp(names[i], name))
         return names;
   }
   if (list)
      list[(*count)++] = name;
   return list;
}

bool
rdr_validation_extend(struct rdr_context *ctx, VkInstanceCreateInfo *info)
{
   struct rdr_validation *v = ctx->validation;

   if (!v)
      return true;
   VkDebugUtilsMessengerCreateInfoEXT *messenger =
      tongs_arena_alloc(&ctx->arena, sizeof(*messenger));
   info->ppEnabledLayerNames =
      add_name(&ctx->arena, info->ppEnabledLayerNames, &info->enabledLayerCount, LAYER);
   info->ppEnabledExtensionNames =
      add_name(&ctx->arena, info->ppEnabledExtensionNames, &info->enabledExtensionCount,
               VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
   if (!messenger || !info->ppEnabledLayerNames || !info->ppEnabledExtensionNames)
      return false;
   *messenger = messenger_info(v);
   messenger->pNext = info->pNext;
   info->pNext = messenger;
   return true;
}

void
rdr_validation_start(struct rdr_context *ctx)
{
   struct rdr_validation *v = ctx->validation;
   VkLayerProperties layer;
   char text[200];

   if (!v)
      return;
   PFN_vkCreateDebugUtilsMessengerEXT create =
      (PFN_vkCreateDebugUtilsMessengerEXT)ctx->host.GetInstanceProcAddr(
         ctx->instance.handle, "vkCreateDebugUtilsMessengerEXT");
   const VkDebugUtilsMessengerCreateInfoEXT info = messenger_info(v);
   if (!create || create(ctx->instance.handle, &info, NULL, &v->messenger) != VK_SUCCESS ||
       !find_layer(&ctx->host, &layer)) {
      v->messenger = VK_NULL_HANDLE;
      return;
   }
   snprintf(text, sizeof(text), "%s %u.%u.%u watches the calls on the server", LAYER,
            VK_API_VERSION_MAJOR(layer.specVersion), VK_API_VERSION_MINOR(layer.specVersion),
            VK_API_VERSION_PATCH(layer.specVersion));
   pthread_mutex_lock(&v->lock);
   send_locked(v, VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT,
               VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT, 0, NULL, text);
   pthread_mutex_unlock(&v->lock);
}

void
rdr_validation_stop(struct rdr_context *ctx)
{
   struct rdr_validation *v = ctx->validation;

   if (!v || !v->messenger)
      return;
   PFN_vkDestroyDebugUtilsMessengerEXT destroy =
      (PFN_vkDestroyDebugUtilsMessengerEXT)ctx->host.GetInstanceProcAddr(
         ctx->instance.handle, "vkDestroyDebugUtilsMessengerEXT");
   if (destroy)
      destroy(ctx->instance.handle, v->messenger, NULL);
   v->messenger = VK_NULL_HANDLE;
}
