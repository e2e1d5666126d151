/* SPDX-License-Identifier: MIT */
#include "icd/buffer.h"

#include "icd/device.h"
#include "protocol/encoder.h"

#include "icd_gen_bounds.h"
#include "icd_gen_entry.h"
#include "tongs_gen_structs.h"

#include <string.h>

/* How the requirements of buffers that differ only in size depend on the size. Six probes show
 * whether a buffer's memory size is the buffer size rounded up. */
struct size_rule {
   struct icd_requirements any; /* the same for all these buffers, except memory.size */
   uint64_t proven_max;         /* the largest probe for which the rule holds */
};

/* --- Creation --- */

/* Whether `flags` let probe buffers be created safely. They do not if they concern an address. */
static bool
may_probe(VkBufferCreateFlags flags)
{
   const VkBufferCreateFlags plain =
      VK_BUFFER_CREATE_SPARSE_BINDING_BIT | VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT |
      VK_BUFFER_CREATE_SPARSE_ALIASED_BIT | VK_BUFFER_CREATE_PROTECTED_BIT;

   return !(flags & ~plain);
}

/* False if the create info has more than a `struct icd_buffer_kind` holds. */
static bool
init_kind(struct icd_buffer_kind *kind, const struct icd_dispatchable *dev,
          const VkBufferCreateInfo *create)
{
   const bool shared = create->sharingMode == VK_SHARING_MODE_CONCURRENT;

   if (create->pNext || (shared && create->queueFamilyIndexCount > ICD_BUFFER_FAMILIES_MAX))
      return false;
   *kind = (struct icd_buffer_kind){
      .device = dev->object.id, .flags = create->flags, .usage = create->usage};
   if (shared) {
      kind->family_count = create->queueFamilyIndexCount;
      memcpy(kind->families, create->pQueueFamilyIndices,
             kind->family_count * sizeof(kind->families[0]));
   }
   return true;
}

/* The key of a buffer that has a chain: its create info as it travels. */
static void
init_key(struct icd_requirements_key *key, const struct icd_dispatchable *dev,
         const VkBufferCreateInfo *create)
{
   struct tongs_encoder e;

   tongs_encoder_init_fixed(&e, key->bytes, sizeof(key->bytes));
   e.peer_structs = dev->connection->stream.peer_structs;
   tongs_encode_u64(&e, dev->object.id);
   tongs_encode_VkBufferCreateInfo_array(&e, create, 1);
   key->size = e.failed ? 0 : (uint32_t)tongs_encoder_size(&e);
}

/* Whether the device may write to such a buffer. Usages in the chain count as such. */
static bool
may_be_written(const VkBufferCreateInfo *create)
{
   const VkBufferUsageFlags only_read =
      VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT |
      VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT | VK_BUFFER_USAGE_INDEX_BUFFER_BIT |
      VK_BUFFER_USAGE_VERTEX_BUFFER_BIT | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT;

   return create->pNext || create->usage & ~only_read;
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateBuffer(VkDevice device, const VkBufferCreateInfo *pCreateInfo,
                 const VkAllocationCallbacks *pAllocator, VkBuffer *pBuffer)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct icd_connection *c = dev->connection;
   struct icd_buffer *buffer =
      icd_object_create_sized(dev, pAllocator, TONGS_TYPE_VkBuffer, sizeof(*buffer));
   if (!buffer)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   VkBuffer created = (VkBuffer)(uintptr_t)buffer;
   struct tongs_args_vkCreateBuffer args = {
      .device = device, .pCreateInfo = pCreateInfo, .pBuffer = &created};
   VkResult result = icd_create(c, TONGS_OP_vkCreateBuffer, &args, icd_way_of_CreateBuffer(&args));
   if (result < 0) {
      icd_object_destroy(dev, pAllocator, &buffer->base);
      return result;
   }
   buffer->size = pCreateInfo->size;
   buffer->written = may_be_written(pCreateInfo);
   buffer->has_kind = init_kind(&buffer->kind, dev, pCreateInfo);
   if (!buffer->has_kind)
      init_key(&buffer->key, dev, pCreateInfo);
   *pBuffer = created;
   return result;
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

/* --- Memory requirements --- */

/* The buffer sizes of the probes. The memory size of the first one is the granule. */
static const uint64_t probes[] = {
   1, 4097, (1 << 16) + 1, (1 << 20) + 1, (1 << 24) + 1, (1 << 28) + 1,
};
#define PROBES (sizeof(probes) / sizeof(probes[0]))

static uint64_t
round_up(uint64_t size, uint64_t granule)
{
   return (size + granule - 1) & ~(granule - 1);
}

/* Asks about a buffer of this kind and of `size` bytes. The worker's object exists for the question
 * alone; the application never sees it. */
static void
probe_begin(struct icd_device *dev, const struct icd_buffer_kind *kind, uint64_t size,
            enum icd_requirements_topic topic, struct tongs_object *object,
            struct icd_requirements_ask *a)
{
   struct icd_connection *c = dev->base.connection;
   VkBuffer buffer = (VkBuffer)(uintptr_t)object;
   VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .flags = kind->flags,
      .size = size,
      .usage = kind->usage,
      .sharingMode = kind->family_count ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
      .queueFamilyIndexCount = kind->family_count,
      .pQueueFamilyIndices = kind->families,
   };
   struct tongs_args_vkCreateBuffer create = {
      .device = (VkDevice)dev, .pCreateInfo = &info, .pBuffer = &buffer};

   icd_post(c, TONGS_OP_vkCreateBuffer, &create);
   icd_requirements_ask_begin(dev, a, topic, buffer, VK_NULL_HANDLE);
   struct tongs_args_vkDestroyBuffer destroy = {.device = (VkDevice)dev, .buffer = buffer};
   icd_post(c, TONGS_OP_vkDestroyBuffer, &destroy);
}

static void
init_rule_question(struct icd_requirements_question *question, const struct icd_buffer_kind *kind,
                   enum icd_requirements_topic topic)
{
   icd_requirements_question_init(question, topic + ICD_REQUIREMENTS_SIZES, kind, sizeof(*kind));
}

static bool
is_alike(const struct icd_requirements *a, const struct icd_requirements *b)
{
   return a->memory.alignment == b->memory.alignment &&
          a->memory.memoryTypeBits == b->memory.memoryTypeBits &&
          a->prefers_dedicated == b->prefers_dedicated &&
          a->requires_dedicated == b->requires_dedicated;
}

/* Determines how the memory size depends on the buffer size, with one round trip for all probes. */
static void
probe(struct icd_device *dev, const struct icd_buffer_kind *kind, enum icd_requirements_topic topic)
{
   struct icd_connection *c = dev->base.connection;
   struct tongs_object objects[PROBES] = {0};
   struct icd_requirements_ask asks[PROBES];
   struct size_rule rule = {0};
   bool holds = true;
   size_t count = 0;

   while (count < PROBES && (objects[count].id = icd_id_new(c, TONGS_TYPE_VkBuffer))) {
      probe_begin(dev, kind, probes[count], topic, &objects[count], &asks[count]);
      count++;
   }
   for (size_t i = 0; i < count; i++) {
      struct icd_requirements answer;
      holds &= icd_requirements_ask_finish(dev, &asks[i], &answer);
      if (!i)
         rule.any = answer;
      uint64_t granule = rule.any.memory.size;
      holds = holds && !(granule & (granule - 1)) && is_alike(&answer, &rule.any) &&
              answer.memory.size == round_up(probes[i], granule);
      if (holds)
         rule.proven_max = probes[i];
      icd_id_free(c, objects[i].id);
   }
   if (!icd_connection_is_lost(c)) {
      struct icd_requirements_question question;
      init_rule_question(&question, kind, topic);
      icd_requirements_keep(dev, &question, &rule, sizeof(rule));
   }
}

static struct icd_requirements
find_requirements(struct icd_device *dev, VkBuffer handle, enum icd_requirements_topic topic)
{
   const struct icd_buffer *buffer = icd_buffer_from(handle);
   struct icd_requirements_question question;
   struct icd_requirements_ask a;
   struct icd_requirements answer;
   struct size_rule rule;
   bool known = false;

   if (buffer->has_kind) {
      init_rule_question(&question, &buffer->kind, topic);
      known = icd_requirements_find(dev, &question, &rule, sizeof(rule));
      if (known && buffer->size <= rule.proven_max) {
         answer = rule.any;
         answer.memory.size = round_up(buffer->size, rule.any.memory.size);
         return answer;
      }
      question.data.topic = topic;
      question.data.buffer_size = buffer->size;
   } else {
      icd_requirements_question_init(&question, topic, buffer->key.bytes, buffer->key.size);
   }
   if (icd_requirements_find(dev, &question, &answer, sizeof(answer)))
      return answer;
   icd_requirements_ask_begin(dev, &a, topic, handle, VK_NULL_HANDLE);
   if (buffer->has_kind && !known && may_probe(buffer->kind.flags))
      probe(dev, &buffer->kind, topic);
   if (icd_requirements_ask_finish(dev, &a, &answer))
      icd_requirements_keep(dev, &question, &answer, sizeof(answer));
   return answer;
}

static struct icd_requirements
buffer_requirements(struct icd_device *dev, VkBuffer handle, enum icd_requirements_topic topic)
{
   struct icd_requirements_memo *memo = &icd_buffer_from(handle)->memos[topic];
   struct icd_requirements answer;

   if (!icd_requirements_recall(memo, &answer)) {
      answer = find_requirements(dev, handle, topic);
      icd_requirements_memorise(memo, &answer);
   }
   return answer;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetBufferMemoryRequirements(VkDevice device, VkBuffer buffer,
                                VkMemoryRequirements *pMemoryRequirements)
{
   *pMemoryRequirements =
      buffer_requirements(icd_device_from(device), buffer, ICD_REQUIREMENTS_PLAIN).memory;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetBufferMemoryRequirements2(VkDevice device, const VkBufferMemoryRequirementsInfo2 *pInfo,
                                 VkMemoryRequirements2 *pMemoryRequirements)
{
   struct icd_device *dev = icd_device_from(device);
   enum icd_requirements_topic topic;

   if (pInfo->pNext || !icd_requirements_topic_of(pMemoryRequirements->pNext, &topic)) {
      struct tongs_args_vkGetBufferMemoryRequirements2 args = {
         .device = device, .pInfo = pInfo, .pMemoryRequirements = pMemoryRequirements};
      icd_call(dev->base.connection, TONGS_OP_vkGetBufferMemoryRequirements2, &args);
      return;
   }
   struct icd_requirements answer = buffer_requirements(dev, pInfo->buffer, topic);
   icd_requirements_write(&answer, pMemoryRequirements);
}
