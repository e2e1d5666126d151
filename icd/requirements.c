/* SPDX-License-Identifier: MIT */
#include "icd/requirements.h"

#include "icd/connection.h"
#include "icd/device.h"
#include "icd/image.h"
#include "icd/physical_device.h"

#include "icd_gen_entry.h"
#include "tongs_gen_args.h"
#include "tongs_gen_structs.h"

#include <stddef.h>
#include <string.h>

/* What is asked of a kind, the first word of the key in the cache. */
enum question {
   QUESTION_PLAIN,     /* without the struct about dedicated memory */
   QUESTION_DEDICATED, /* with it */
   QUESTION_SIZES = 2, /* added to one of these: how the size goes by that of the buffer */
   QUESTION_LAYOUT = 4,
};

struct answer {
   VkMemoryRequirements memory;
   VkBool32 prefers_dedicated;
   VkBool32 requires_dedicated;
};

/* Of the buffers of a kind, whatever their size. */
struct size_rule {
   struct answer any; /* but for memory.size */
   uint64_t
      proven_max; /* up to this size it was seen to be a multiple of the alignment, and no more */
};

struct key {
   size_t size;
   struct {
      uint32_t question;
      VkImageSubresource subresource; /* of QUESTION_LAYOUT */
      uint8_t kind[sizeof(((struct icd_requirements_key *)NULL)->bytes)];
   } data;
};

void
icd_requirements_key_init(struct icd_requirements_key *kind, const struct tongs_encoder *e,
                          size_t offset)
{
   size_t size = tongs_encoder_size(e) - offset;

   kind->size = 0;
   if (e->failed || size > sizeof(kind->bytes))
      return;
   memcpy(kind->bytes, e->base + offset, size);
   kind->size = (uint32_t)size;
}

/* --- The cache --- */

static void
key_init(struct key *key, const struct icd_requirements_key *kind, uint32_t question)
{
   memset(&key->data, 0, offsetof(struct key, data.kind) - offsetof(struct key, data));
   key->data.question = question;
   memcpy(key->data.kind, kind->bytes, kind->size);
   key->size = offsetof(struct key, data.kind) - offsetof(struct key, data) + kind->size;
}

static bool
find(struct icd_device *dev, const struct key *key, void *answer, size_t answer_size)
{
   struct icd_cache *cache = &dev->physical->answers;
   size_t size = 0;
   const void *known = icd_cache_find_locked(cache, &key->data, key->size, &size);
   bool found = known && size == answer_size;

   if (found)
      memcpy(answer, known, size);
   icd_cache_unlock(cache);
   return found;
}

static void
keep(struct icd_device *dev, const struct key *key, const void *answer, size_t size)
{
   icd_cache_add(&dev->physical->answers, &key->data, key->size, answer, size);
}

/* --- Asking the host --- */

/* Of a buffer or an image; `dedicated` stands in the chain only where it is asked for. */
struct ask {
   struct icd_pending_call call;
   VkMemoryDedicatedRequirements dedicated;
   VkMemoryRequirements2 requirements;
   union {
      VkBufferMemoryRequirementsInfo2 buffer;
      VkImageMemoryRequirementsInfo2 image;
   } info;
   union {
      struct tongs_args_vkGetBufferMemoryRequirements buffer;
      struct tongs_args_vkGetBufferMemoryRequirements2 buffer2;
      struct tongs_args_vkGetImageMemoryRequirements image;
      struct tongs_args_vkGetImageMemoryRequirements2 image2;
   } args;
};

static void
ask_begin(struct icd_device *dev, struct ask *a, enum question question, VkBuffer buffer,
          VkImage image)
{
   struct icd_connection *c = dev->base.connection;
   VkDevice device = (VkDevice)dev;

   *a = (struct ask){
      .dedicated.sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS,
      .requirements.sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2,
      .requirements.pNext = &a->dedicated,
   };
   if (question == QUESTION_PLAIN && buffer) {
      a->args.buffer = (struct tongs_args_vkGetBufferMemoryRequirements){
         .device = device,
         .buffer = buffer,
         .pMemoryRequirements = &a->requirements.memoryRequirements,
      };
      icd_call_begin(c, &a->call, TONGS_OP_vkGetBufferMemoryRequirements, &a->args.buffer);
   } else if (question == QUESTION_PLAIN) {
      a->args.image = (struct tongs_args_vkGetImageMemoryRequirements){
         .device = device,
         .image = image,
         .pMemoryRequirements = &a->requirements.memoryRequirements,
      };
      icd_call_begin(c, &a->call, TONGS_OP_vkGetImageMemoryRequirements, &a->args.image);
   } else if (buffer) {
      a->info.buffer = (VkBufferMemoryRequirementsInfo2){
         .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_REQUIREMENTS_INFO_2, .buffer = buffer};
      a->args.buffer2 = (struct tongs_args_vkGetBufferMemoryRequirements2){
         .device = device, .pInfo = &a->info.buffer, .pMemoryRequirements = &a->requirements};
      icd_call_begin(c, &a->call, TONGS_OP_vkGetBufferMemoryRequirements2, &a->args.buffer2);
   } else {
      a->info.image = (VkImageMemoryRequirementsInfo2){
         .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2, .image = image};
      a->args.image2 = (struct tongs_args_vkGetImageMemoryRequirements2){
         .device = device, .pInfo = &a->info.image, .pMemoryRequirements = &a->requirements};
      icd_call_begin(c, &a->call, TONGS_OP_vkGetImageMemoryRequirements2, &a->args.image2);
   }
}

/* Whether there is an answer: an object that failed to be created, or a lost connection, gives
 * zeros. */
static bool
ask_finish(struct icd_device *dev, struct ask *a, struct answer *answer)
{
   icd_call_finish(dev->base.connection, &a->call);
   *answer = (struct answer){
      .memory = a->requirements.memoryRequirements,
      .prefers_dedicated = a->dedicated.prefersDedicatedAllocation,
      .requires_dedicated = a->dedicated.requiresDedicatedAllocation,
   };
   return answer->memory.size && answer->memory.memoryTypeBits;
}

/* --- Buffers --- */

/* Sizes that show whether what a buffer needs is its size, rounded up. The first one tells to what.
 */
static const uint64_t probes[] = {
   1, 4097, (1 << 16) + 1, (1 << 20) + 1, (1 << 24) + 1, (1 << 28) + 1,
};
#define PROBES (sizeof(probes) / sizeof(probes[0]))

static uint64_t
round_up(uint64_t size, uint64_t granule)
{
   return (size + granule - 1) & ~(granule - 1);
}

/* A buffer like another one but for its size, in being only for the question; nothing of it is the
 * application's. */
static void
probe_begin(struct icd_device *dev, const struct icd_buffer *like, uint64_t size,
            enum question question, struct tongs_object *object, struct ask *a)
{
   struct icd_connection *c = dev->base.connection;
   VkBuffer buffer = (VkBuffer)(uintptr_t)object;
   struct icd_requirements_key kind = like->kind;
   size_t offset;

   memcpy(kind.bytes + like->size_at, &size, sizeof(size));
   struct tongs_encoder *e = icd_op_begin(c, TONGS_OP_vkCreateBuffer, 0, &offset);
   tongs_encode_fixed(e, kind.bytes, kind.size);
   tongs_encode_handles(e, (const uint64_t *)&buffer, 1);
   icd_post_end(c, TONGS_OP_vkCreateBuffer, offset);
   ask_begin(dev, a, question, buffer, VK_NULL_HANDLE);
   struct tongs_args_vkDestroyBuffer destroy = {.device = (VkDevice)dev, .buffer = buffer};
   icd_post(c, TONGS_OP_vkDestroyBuffer, &destroy);
}

static bool
is_alike(const struct answer *a, const struct answer *b)
{
   return a->memory.alignment == b->memory.alignment &&
          a->memory.memoryTypeBits == b->memory.memoryTypeBits &&
          a->prefers_dedicated == b->prefers_dedicated &&
          a->requires_dedicated == b->requires_dedicated;
}

/* Finds out how the sizes go, in one round trip for all probes. */
static void
probe(struct icd_device *dev, const struct icd_buffer *buffer, const struct key *rule_key,
      enum question question)
{
   struct icd_connection *c = dev->base.connection;
   struct tongs_object objects[PROBES] = {0};
   struct ask asks[PROBES];
   struct size_rule rule = {0};
   bool holds = true;
   size_t count = 0;

   while (count < PROBES && (objects[count].id = icd_id_new(c, TONGS_TYPE_VkBuffer))) {
      probe_begin(dev, buffer, probes[count], question, &objects[count], &asks[count]);
      count++;
   }
   for (size_t i = 0; i < count; i++) {
      struct answer answer;
      holds &= ask_finish(dev, &asks[i], &answer);
      if (!i)
         rule.any = answer;
      uint64_t granule = rule.any.memory.size;
      holds = holds && !(granule & (granule - 1)) && is_alike(&answer, &rule.any) &&
              answer.memory.size == round_up(probes[i], granule);
      if (holds)
         rule.proven_max = probes[i];
      icd_id_free(c, objects[i].id);
   }
   if (!icd_connection_is_lost(c))
      keep(dev, rule_key, &rule, sizeof(rule));
}

static struct answer
buffer_requirements(struct icd_device *dev, VkBuffer handle, enum question question)
{
   const struct icd_buffer *buffer = icd_buffer_from(handle);
   struct answer answer;
   struct size_rule rule;
   struct key key, rule_key;
   struct ask a;

   if (!buffer->kind.size) {
      ask_begin(dev, &a, question, handle, VK_NULL_HANDLE);
      ask_finish(dev, &a, &answer);
      return answer;
   }
   key_init(&rule_key, &buffer->kind, question + QUESTION_SIZES);
   memset(rule_key.data.kind + buffer->size_at, 0, sizeof(buffer->size));
   bool known = find(dev, &rule_key, &rule, sizeof(rule));
   if (known && buffer->size <= rule.proven_max) {
      answer = rule.any;
      answer.memory.size = round_up(buffer->size, rule.any.memory.size);
      return answer;
   }
   key_init(&key, &buffer->kind, question);
   if (find(dev, &key, &answer, sizeof(answer)))
      return answer;
   ask_begin(dev, &a, question, handle, VK_NULL_HANDLE);
   if (!known && buffer->probes)
      probe(dev, buffer, &rule_key, question);
   if (ask_finish(dev, &a, &answer))
      keep(dev, &key, &answer, sizeof(answer));
   return answer;
}

/* Others like it must do no harm: none that names an address, or what is not known here. */
static bool
may_probe(const VkBufferCreateInfo *create)
{
   const VkBufferCreateFlags plain =
      VK_BUFFER_CREATE_SPARSE_BINDING_BIT | VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT |
      VK_BUFFER_CREATE_SPARSE_ALIASED_BIT | VK_BUFFER_CREATE_PROTECTED_BIT;

   return !create->pNext && !(create->flags & ~plain);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateBuffer(VkDevice device, const VkBufferCreateInfo *pCreateInfo,
                 const VkAllocationCallbacks *pAllocator, VkBuffer *pBuffer)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct icd_connection *c = dev->connection;
   const bool concurrent = pCreateInfo->sharingMode == VK_SHARING_MODE_CONCURRENT;
   const uint32_t indices = concurrent ? pCreateInfo->queueFamilyIndexCount : 0;
   struct icd_buffer *buffer =
      icd_object_create_sized(dev, pAllocator, TONGS_TYPE_VkBuffer, sizeof(*buffer));
   if (!buffer)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   VkBuffer created = (VkBuffer)(uintptr_t)buffer;
   VkResult result = tongs_ops[TONGS_OP_vkCreateBuffer].lost;
   size_t offset, start;
   if (!icd_connection_is_lost(c)) {
      struct tongs_encoder *e = icd_op_begin(c, TONGS_OP_vkCreateBuffer, 0, &offset);
      start = tongs_encoder_size(e);
      tongs_encode_u64(e, dev->object.id);
      tongs_encode_VkBufferCreateInfo_array(e, pCreateInfo, 1);
      icd_requirements_key_init(&buffer->kind, e, start);
      tongs_encode_handles(e, (const uint64_t *)&created, 1);
      result = icd_post_end(c, TONGS_OP_vkCreateBuffer, offset);
   }
   if (result < 0) {
      icd_object_destroy(dev, pAllocator, &buffer->base);
      return result;
   }
   buffer->size = pCreateInfo->size;
   buffer->probes = may_probe(pCreateInfo);
   /* Behind the size come the usage, the sharing mode and, with two counts, the queue families. */
   if (buffer->kind.size)
      buffer->size_at = buffer->kind.size - 4 * (4 + indices) - sizeof(buffer->size);
   *pBuffer = created;
   return result;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetBufferMemoryRequirements(VkDevice device, VkBuffer buffer,
                                VkMemoryRequirements *pMemoryRequirements)
{
   *pMemoryRequirements =
      buffer_requirements(icd_device_from(device), buffer, QUESTION_PLAIN).memory;
}

/* Writes what the application's chain has room for. False where it holds what is not kept. */
static bool
question_of(const void *chain, enum question *question)
{
   *question = QUESTION_PLAIN;
   for (const VkBaseInStructure *s = chain; s; s = s->pNext) {
      if (s->sType != VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS)
         return false;
      *question = QUESTION_DEDICATED;
   }
   return true;
}

static void
write_answer(const struct answer *answer, VkMemoryRequirements2 *out)
{
   out->memoryRequirements = answer->memory;
   for (VkBaseOutStructure *s = out->pNext; s; s = s->pNext) {
      VkMemoryDedicatedRequirements *dedicated = (void *)s;
      dedicated->prefersDedicatedAllocation = answer->prefers_dedicated;
      dedicated->requiresDedicatedAllocation = answer->requires_dedicated;
   }
}

VKAPI_ATTR void VKAPI_CALL
icd_GetBufferMemoryRequirements2(VkDevice device, const VkBufferMemoryRequirementsInfo2 *pInfo,
                                 VkMemoryRequirements2 *pMemoryRequirements)
{
   struct icd_device *dev = icd_device_from(device);
   enum question question;

   if (pInfo->pNext || !question_of(pMemoryRequirements->pNext, &question)) {
      struct tongs_args_vkGetBufferMemoryRequirements2 args = {
         .device = device, .pInfo = pInfo, .pMemoryRequirements = pMemoryRequirements};
      icd_call(dev->base.connection, TONGS_OP_vkGetBufferMemoryRequirements2, &args);
      return;
   }
   struct answer answer = buffer_requirements(dev, pInfo->buffer, question);
   write_answer(&answer, pMemoryRequirements);
}

VKAPI_ATTR VkDeviceAddress VKAPI_CALL
icd_GetBufferDeviceAddress(VkDevice device, const VkBufferDeviceAddressInfo *pInfo)
{
   struct icd_buffer *buffer = icd_buffer_from(pInfo->buffer);
   struct tongs_args_vkGetBufferDeviceAddress args = {.device = device, .pInfo = pInfo};

   args.ret = atomic_load_explicit(&buffer->address, memory_order_relaxed);
   if (!args.ret) {
      icd_call(icd_dispatchable_from(device)->connection, TONGS_OP_vkGetBufferDeviceAddress, &args);
      atomic_store_explicit(&buffer->address, args.ret, memory_order_relaxed);
   }
   return args.ret;
}

/* --- Images --- */

static struct answer
image_requirements(struct icd_device *dev, VkImage handle, enum question question)
{
   const struct icd_image *image = icd_image_from(handle);
   struct answer answer;
   struct key key;
   struct ask a;

   key_init(&key, &image->kind, question);
   if (image->kind.size && find(dev, &key, &answer, sizeof(answer)))
      return answer;
   ask_begin(dev, &a, question, VK_NULL_HANDLE, handle);
   if (ask_finish(dev, &a, &answer) && image->kind.size)
      keep(dev, &key, &answer, sizeof(answer));
   return answer;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetImageMemoryRequirements(VkDevice device, VkImage image,
                               VkMemoryRequirements *pMemoryRequirements)
{
   *pMemoryRequirements = image_requirements(icd_device_from(device), image, QUESTION_PLAIN).memory;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetImageMemoryRequirements2(VkDevice device, const VkImageMemoryRequirementsInfo2 *pInfo,
                                VkMemoryRequirements2 *pMemoryRequirements)
{
   struct icd_device *dev = icd_device_from(device);
   enum question question;

   if (pInfo->pNext || !question_of(pMemoryRequirements->pNext, &question)) { /* of a plane */
      struct tongs_args_vkGetImageMemoryRequirements2 args = {
         .device = device, .pInfo = pInfo, .pMemoryRequirements = pMemoryRequirements};
      icd_call(dev->base.connection, TONGS_OP_vkGetImageMemoryRequirements2, &args);
      return;
   }
   struct answer answer = image_requirements(dev, pInfo->image, question);
   write_answer(&answer, pMemoryRequirements);
}

VKAPI_ATTR void VKAPI_CALL
icd_GetImageSubresourceLayout(VkDevice device, VkImage image,
                              const VkImageSubresource *pSubresource, VkSubresourceLayout *pLayout)
{
   struct icd_device *dev = icd_device_from(device);
   const struct icd_image *img = icd_image_from(image);
   struct tongs_args_vkGetImageSubresourceLayout args = {
      .device = device, .image = image, .pSubresource = pSubresource, .pLayout = pLayout};
   struct key key;

   key_init(&key, &img->kind, QUESTION_LAYOUT);
   key.data.subresource = *pSubresource;
   if (img->kind.size && find(dev, &key, pLayout, sizeof(*pLayout)))
      return;
   icd_call(dev->base.connection, TONGS_OP_vkGetImageSubresourceLayout, &args);
   if (img->kind.size && pLayout->size)
      keep(dev, &key, pLayout, sizeof(*pLayout));
}

/* "If the image was not created with VK_IMAGE_CREATE_SPARSE_RESIDENCY_BIT then
 * pSparseMemoryRequirementCount will be zero". */
VKAPI_ATTR void VKAPI_CALL
icd_GetImageSparseMemoryRequirements(VkDevice device, VkImage image,
                                     uint32_t *pSparseMemoryRequirementCount,
                                     VkSparseImageMemoryRequirements *pSparseMemoryRequirements)
{
   struct tongs_args_vkGetImageSparseMemoryRequirements args = {
      .device = device,
      .image = image,
      .pSparseMemoryRequirementCount = pSparseMemoryRequirementCount,
      .pSparseMemoryRequirements = pSparseMemoryRequirements,
   };

   if (icd_image_from(image)->sparse)
      icd_call(icd_dispatchable_from(device)->connection,
               TONGS_OP_vkGetImageSparseMemoryRequirements, &args);
   else
      *pSparseMemoryRequirementCount = 0;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetImageSparseMemoryRequirements2(VkDevice device,
                                      const VkImageSparseMemoryRequirementsInfo2 *pInfo,
                                      uint32_t *pSparseMemoryRequirementCount,
                                      VkSparseImageMemoryRequirements2 *pSparseMemoryRequirements)
{
   struct tongs_args_vkGetImageSparseMemoryRequirements2 args = {
      .device = device,
      .pInfo = pInfo,
      .pSparseMemoryRequirementCount = pSparseMemoryRequirementCount,
      .pSparseMemoryRequirements = pSparseMemoryRequirements,
   };

   if (icd_image_from(pInfo->image)->sparse)
      icd_call(icd_dispatchable_from(device)->connection,
               TONGS_OP_vkGetImageSparseMemoryRequirements2, &args);
   else
      *pSparseMemoryRequirementCount = 0;
}
