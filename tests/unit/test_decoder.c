/* SPDX-License-Identifier: MIT */

/* The rules of docs/security.md as far as decoding is concerned, each with an op or a struct that
 * breaks it. */

#include "protocol/arena.h"
#include "protocol/args.h"
#include "protocol/decoder.h"
#include "protocol/encoder.h"
#include "protocol/frame.h"
#include "protocol/id.h"
#include "tests/check.h"

#include "tongs_gen_args.h"
#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

#include <stdlib.h>

#define ARENA_LIMIT ((size_t)1 << 20)

static struct tongs_arena arena;
static struct tongs_encoder e;

/* --- Short cuts --- */

static void
start(void)
{
   tongs_encoder_reset(&e);
   e.raw_handles = true;
   tongs_arena_reset(&arena);
}

/* A decoder over what was encoded, as it lies in an allocation without a byte to spare. `*copy` is
 * to be freed. */
static struct tongs_decoder
decoder(uint8_t **copy)
{
   struct tongs_decoder d;
   size_t size = tongs_encoder_size(&e);

   *copy = malloc(size ? size : 1);
   if (size)
      memcpy(*copy, e.base, size);
   tongs_decoder_init(&d, *copy, size, &arena);
   return d;
}

static enum tongs_decode_error
decode_buffer_info(VkBufferCreateInfo *info)
{
   uint8_t *copy;
   struct tongs_decoder d = decoder(&copy);

   *info = (VkBufferCreateInfo){0};
   tongs_decode_VkBufferCreateInfo(&d, info);
   free(copy);
   return d.error;
}

static void
encode_buffer_info(uint32_t count)
{
   start();
   tongs_encode_u32(&e, 0); /* the chain */
   tongs_encode_u32(&e, 0); /* flags */
   tongs_encode_u64(&e, 64);
   tongs_encode_u32(&e, 0); /* usage */
   tongs_encode_u32(&e, VK_SHARING_MODE_CONCURRENT);
   tongs_encode_u32(&e, count);
}

/* --- Bounds --- */

static void
bounds(void)
{
   VkBufferCreateInfo info;
   uint8_t *copy;

   start();
   for (unsigned i = 0; i < 3; i++)
      tongs_encode_u32(&e, i);
   struct tongs_decoder d = decoder(&copy);
   bool read = tongs_decode_u32(&d) == 0 && tongs_decode_u64(&d) == (UINT64_C(2) << 32 | 1);
   fact(read && !d.error, "what is there is read");
   fact(tongs_decode_u32(&d) == 0 && d.error == TONGS_DECODE_SHORT,
        "what is not there is read as zero, and fails");
   free(copy);

   start();
   tongs_encode_u64(&e, 1);
   d = decoder(&copy);
   tongs_decoder_fail(&d, TONGS_DECODE_ID);
   tongs_decode_u64(&d);
   fact(d.error == TONGS_DECODE_ID && tongs_decoder_left(&d) == 0,
        "the first error sticks and nothing is read after it");
   free(copy);

   encode_buffer_info(0xffffffff);
   tongs_encode_u32(&e, 0xffffffff);
   size_t before = arena.total;
   fact(decode_buffer_info(&info) == TONGS_DECODE_SHORT && arena.total == before,
        "a count larger than the bytes left is refused before allocation (R3)");

   encode_buffer_info(2);
   tongs_encode_u32(&e, 3);
   for (unsigned i = 0; i < 3; i++)
      tongs_encode_u32(&e, i);
   fact(decode_buffer_info(&info) == TONGS_DECODE_COUNT,
        "a count that is not the struct's is refused");

   encode_buffer_info(2);
   tongs_encode_u32(&e, 2);
   tongs_encode_u32(&e, 7);
   fact(decode_buffer_info(&info) == TONGS_DECODE_SHORT && !info.pQueueFamilyIndices,
        "an array that ends early is refused, and nothing points to it (R4)");

   start();
   tongs_encode_u64(&e, 0);
   d = decoder(&copy);
   fact(!tongs_decode_alloc(&d, UINT64_MAX / 2, 16) && d.error == TONGS_DECODE_MEMORY,
        "count times size that overflows is refused (R2)");
   free(copy);

   start();
   for (unsigned i = 0; i < 4; i++)
      tongs_encode_u32(&e, 1);
   d = decoder(&copy);
   fact(!tongs_decode_pods(&d, UINT64_C(0x5555555555555556), false, 24, 8) &&
           d.error == TONGS_DECODE_COUNT,
        "so is a count of structs whose count of words wraps around to the one that is there (R2)");
   free(copy);

   start();
   d = decoder(&copy);
   fact(!tongs_decode_alloc(&d, ARENA_LIMIT, 1) && d.error == TONGS_DECODE_MEMORY,
        "more memory than an op may take is refused (R11)");
   free(copy);

   tongs_encoder_reset(&e);
   tongs_encode_u64(&e, 0);
   d = decoder(&copy);
   tongs_decoder_expect_end(&d);
   fact(d.error == TONGS_DECODE_TRAILING, "bytes behind the last member are refused");
   free(copy);
}

static void
presence(void)
{
   struct tongs_args_vkCreateBuffer args = {0};
   VkRenderPassCreateInfo pass = {0};
   uint8_t *copy;

   start();
   tongs_encode_u64(&e, tongs_id(TONGS_TYPE_VkDevice, 1, 1));
   tongs_encode_u32(&e, 0); /* pCreateInfo */
   tongs_encode_u32(&e, 1);
   tongs_encode_u64(&e, tongs_id(TONGS_TYPE_VkBuffer, 1, 2));
   struct tongs_decoder d = decoder(&copy);
   tongs_decode_vkCreateBuffer(&d, &args);
   fact(d.error == TONGS_DECODE_ABSENT, "an absent required struct is refused (R6)");
   free(copy);

   start();
   tongs_encode_u32(&e, 0); /* chain */
   tongs_encode_u32(&e, 0); /* flags */
   tongs_encode_u32(&e, 1); /* attachmentCount */
   tongs_encode_u32(&e, 0); /* pAttachments */
   d = decoder(&copy);
   tongs_decode_VkRenderPassCreateInfo(&d, &pass);
   fact(d.error == TONGS_DECODE_ABSENT, "an absent required array is refused (R6)");
   free(copy);

   VkBufferCreateInfo info;
   encode_buffer_info(2);
   tongs_encode_u32(&e, 0);
   fact(decode_buffer_info(&info) == TONGS_DECODE_OK && !info.pQueueFamilyIndices,
        "an array that may be ignored may be absent");

   struct tongs_args_vkFreeDescriptorSets sets = {0};
   start();
   tongs_encode_u64(&e, tongs_id(TONGS_TYPE_VkDevice, 1, 1));
   tongs_encode_u64(&e, tongs_id(TONGS_TYPE_VkDescriptorPool, 1, 2));
   tongs_encode_u32(&e, 1000);
   tongs_encode_u32(&e, 0);
   d = decoder(&copy);
   tongs_decode_vkFreeDescriptorSets(&d, &sets);
   fact(sets.base.id_count == 0,
        "an absent array of objects to free names no ids, whatever its count");
   free(copy);
}

/* --- Strings and numbers --- */

static const char *
try_string(const char *bytes, uint32_t size, uint32_t said, enum tongs_decode_error *error)
{
   static uint8_t *copy;

   free(copy);
   start();
   tongs_encode_u32(&e, said);
   tongs_encode_fixed(&e, bytes, size);
   struct tongs_decoder d = decoder(&copy);
   const char *s = tongs_decode_string(&d, NULL);
   *error = d.error;
   return s;
}

static void
strings(void)
{
   enum tongs_decode_error error;
   const char *s = try_string("abc", 4, 4, &error);

   fact(s && !error && !strcmp(s, "abc"), "a string is read where it lies");
   s = try_string("", 0, 0, &error);
   fact(!s && !error, "an absent string is NULL");
   s = try_string("abcd", 4, 4, &error);
   fact(!s && error == TONGS_DECODE_STRING, "an unterminated string is refused (R10)");
   s = try_string("a\0c", 4, 4, &error);
   fact(!s && error == TONGS_DECODE_STRING, "a string that ends early is refused (R10)");
   s = try_string("abc", 4, 5, &error);
   fact(!s && error == TONGS_DECODE_SHORT, "a string longer than the op is refused (R10)");
   s = try_string("abc", 4, 0xffffffff, &error);
   fact(!s && error == TONGS_DECODE_SHORT,
        "a string whose padded length would wrap is refused (R2)");
   s = try_string("%n%s%n", 7, 7, &error);
   fact(s && !strcmp(s, "%n%s%n"), "a string is no format, only bytes (R15)");

   uint8_t *copy;
   start();
   tongs_encode_u32(&e, 2);
   tongs_encode_string(&e, "a");
   tongs_encode_u32(&e, 0);
   struct tongs_decoder d = decoder(&copy);
   tongs_decode_strings(&d, 2, false);
   fact(d.error == TONGS_DECODE_STRING, "an absent string in an array of strings is refused");
   free(copy);

   bool all = true;
   for (int i = TONGS_DECODE_OK; i <= TONGS_DECODE_TRAILING; i++)
      all &= tongs_decode_error_text((enum tongs_decode_error)i) != NULL;
   fact(all, "each error has a text");
}

static void
numbers(void)
{
   uint8_t *copy;

   start();
   tongs_encode_u32(&e, 0x7fffffff);
   tongs_encode_u32(&e, VK_FORMAT_R8G8B8A8_UNORM);
   tongs_encode_u32(&e, 0xffffffff);
   struct tongs_decoder d = decoder(&copy);
   bool first = tongs_decode_enum(&d, TONGS_ENUM_VkFormat) == VK_FORMAT_UNDEFINED;
   bool kept = tongs_decode_enum(&d, TONGS_ENUM_VkFormat) == VK_FORMAT_R8G8B8A8_UNORM;
   fact(first && !d.error, "an enumerant out of range becomes a valid one (R5)");
   fact(kept, "one in range is kept");
   fact(tongs_decode_enum(&d, TONGS_ENUM_VkFormat) == VK_FORMAT_UNDEFINED,
        "a negative one becomes a valid one, too (R5)");
   free(copy);

   VkShaderModuleCreateInfo module = {0};
   const uint32_t code[5] = {0};
   start();
   tongs_encode_VkShaderModuleCreateInfo(
      &e, &(VkShaderModuleCreateInfo){.codeSize = 18, .pCode = code});
   d = decoder(&copy);
   tongs_decode_VkShaderModuleCreateInfo(&d, &module);
   fact(d.error == TONGS_DECODE_RANGE, "a size that the API forbids is refused (R5)");
   free(copy);

   const VkImageCopy region = {.dstSubresource = {.mipLevel = 40}};
   start();
   tongs_encode_VkImageCopy_array(&e, &region, 1);
   d = decoder(&copy);
   VkImageCopy *regions = tongs_decode_VkImageCopy_array(&d, 1, false);
   fact(d.error == TONGS_DECODE_RANGE && !regions,
        "so is one within structs that travel as their bytes (R5)");
   free(copy);
}

/* --- Chains --- */

static enum tongs_decode_error
decode_chain(uint32_t parent, const void **chain)
{
   uint8_t *copy;
   struct tongs_decoder d = decoder(&copy);
   const void *first = tongs_decode_chain(&d, parent);

   if (chain)
      *chain = first;
   free(copy);
   return d.error;
}

static void
chains(void)
{
   const void *chain;

   start();
   tongs_encode_u32(&e, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO);
   tongs_encode_u32(&e, 5);
   tongs_encode_u32(&e, 0);
   bool good = decode_chain(TONGS_STRUCT_VkBufferCreateInfo, &chain) == TONGS_DECODE_OK;
   const VkExternalMemoryBufferCreateInfo *external = chain;
   fact(good && external &&
           external->sType == VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO &&
           external->handleTypes == 5 && !external->pNext,
        "a struct that its parent permits is read");
   fact(decode_chain(TONGS_STRUCT_VkImageCreateInfo, &chain) == TONGS_DECODE_CHAIN && !chain,
        "a misplaced sType is refused (R9)");

   start();
   for (unsigned i = 0; i < 2; i++) {
      tongs_encode_u32(&e, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO);
      tongs_encode_u32(&e, 0);
   }
   tongs_encode_u32(&e, 0);
   fact(decode_chain(TONGS_STRUCT_VkBufferCreateInfo, &chain) == TONGS_DECODE_CHAIN && !chain,
        "a repeated sType is refused (R9)");

   start();
   tongs_encode_u32(&e, 0x12345678);
   tongs_encode_u32(&e, 0);
   fact(decode_chain(TONGS_STRUCT_VkBufferCreateInfo, NULL) == TONGS_DECODE_CHAIN,
        "an unknown sType is refused (R9)");

   start();
   tongs_encode_u32(&e, VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO);
   tongs_encode_zeros(&e, 64);
   fact(decode_chain(TONGS_STRUCT_VkBufferCreateInfo, NULL) == TONGS_DECODE_CHAIN,
        "a struct that belongs in no chain is refused (R9)");

   start();
   tongs_encode_u32(&e, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO);
   tongs_encode_u32(&e, 0);
   fact(decode_chain(TONGS_STRUCT_VkBufferCreateInfo, NULL) == TONGS_DECODE_SHORT,
        "a chain without an end is refused");

   /* the only structs that may repeat */
   for (unsigned links = 512; links <= 513; links++) {
      start();
      for (unsigned i = 0; i < links; i++) {
         tongs_encode_u32(&e, VK_STRUCTURE_TYPE_PRIVATE_DATA_SLOT_CREATE_INFO);
         tongs_encode_VkDevicePrivateDataCreateInfo_body(&e, &(VkDevicePrivateDataCreateInfo){0});
         memcpy(e.cur - 8, &(uint32_t){VK_STRUCTURE_TYPE_DEVICE_PRIVATE_DATA_CREATE_INFO}, 4);
      }
      tongs_encode_u32(&e, 0);
      enum tongs_decode_error error = decode_chain(TONGS_STRUCT_VkDeviceCreateInfo, NULL);
      if (links == 512)
         fact(error == TONGS_DECODE_OK, "512 links are taken");
      else
         fact(error == TONGS_DECODE_CHAIN, "513 links are refused (R9)");
   }

   uint8_t *copy;
   start();
   tongs_encode_u32(&e, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2);
   struct tongs_decoder d = decoder(&copy);
   fact(!tongs_decode_shape_chain(&d, TONGS_STRUCT_VkPhysicalDeviceProperties2) &&
           d.error == TONGS_DECODE_CHAIN,
        "a misplaced sType in a chain that is to come back is refused (R9)");
   free(copy);

   VkExternalMemoryBufferCreateInfo twice = {
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO};
   VkExternalMemoryBufferCreateInfo once = {
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO, .pNext = &twice};
   VkDeviceCreateInfo misplaced = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .pNext = &once};
   VkBaseInStructure unknown = {.sType = (VkStructureType)0x12345678,
                                .pNext = (const VkBaseInStructure *)&misplaced};
   start();
   tongs_encode_chain(&e, &unknown, TONGS_STRUCT_VkBufferCreateInfo);
   fact(decode_chain(TONGS_STRUCT_VkBufferCreateInfo, &chain) == TONGS_DECODE_OK && chain &&
           tongs_encoder_size(&e) == 12,
        "what an application chains in vain stays in the client");
}

/* --- Ids --- */

static enum tongs_decode_error
try_id(uint64_t id, uint64_t *handle, const struct tongs_slot **failed)
{
   static struct tongs_slot slots[8];
   uint8_t *copy;

   for (uint32_t i = 1; i < 7; i++)
      slots[i] = (struct tongs_slot){
         .id = tongs_id(TONGS_TYPE_VkBuffer, 3, i), .handle = 100 + i, .device = 1};
   slots[1] = (struct tongs_slot){.id = tongs_id(TONGS_TYPE_VkDevice, 3, 1), .handle = 101};
   slots[2].device = 4;
   slots[3].handle = 0;
   start();
   tongs_encode_u64(&e, slots[1].id);
   tongs_encode_u64(&e, id);
   struct tongs_decoder d = decoder(&copy);
   d.slots = slots;
   d.slot_count = 8;
   tongs_decode_target(&d, TONGS_TYPE_VkDevice);
   uint64_t got = tongs_decode_handle(&d, TONGS_TYPE_VkBuffer, NULL);
   free(copy);
   if (handle)
      *handle = got;
   if (failed)
      *failed = d.failed;
   return d.error;
}

static void
ids(void)
{
   const struct tongs_slot *failed;
   uint64_t handle;
   uint8_t *copy;

   fact(try_id(tongs_id(TONGS_TYPE_VkBuffer, 3, 5), &handle, &failed) == TONGS_DECODE_OK &&
           handle == 105 && !failed,
        "an id becomes the host's handle");
   fact(try_id(0, &handle, NULL) == TONGS_DECODE_OK && handle == 0, "no id is VK_NULL_HANDLE");
   fact(try_id(tongs_id(TONGS_TYPE_VkBuffer, 2, 5), NULL, NULL) == TONGS_DECODE_ID,
        "a stale id is refused (R7)");
   fact(try_id(tongs_id(TONGS_TYPE_VkImage, 3, 5), NULL, NULL) == TONGS_DECODE_ID,
        "a mistyped id is refused (R7)");
   fact(try_id(tongs_id(TONGS_TYPE_VkDevice, 3, 1), NULL, NULL) == TONGS_DECODE_ID,
        "a live id of another type than the member's is refused (R7)");
   fact(try_id(tongs_id(TONGS_TYPE_VkBuffer, 3, 7), NULL, NULL) == TONGS_DECODE_ID,
        "an id of a free slot is refused (R7)");
   fact(try_id(tongs_id(TONGS_TYPE_VkBuffer, 3, 8), NULL, NULL) == TONGS_DECODE_ID &&
           try_id(tongs_id(TONGS_TYPE_VkBuffer, 3, 0xffffffff), NULL, NULL) == TONGS_DECODE_ID,
        "a slot beyond the table is refused (R7)");
   fact(try_id(tongs_id(TONGS_TYPE_VkBuffer, 3, 2), NULL, NULL) == TONGS_DECODE_ID,
        "an object of another device is refused (R7)");
   fact(try_id(tongs_id(TONGS_TYPE_VkBuffer, 3, 3), &handle, &failed) == TONGS_DECODE_OK &&
           !handle && failed,
        "an object whose creation failed is told apart");

   start();
   tongs_encode_u64(&e, 0);
   struct tongs_decoder d = decoder(&copy);
   tongs_decode_target(&d, TONGS_TYPE_VkDevice);
   fact(d.error == TONGS_DECODE_ID, "an op's first handle must not be null (R7)");
   free(copy);

   start();
   tongs_encode_u64(&e, 0);
   d = decoder(&copy);
   tongs_decode_handle(&d, TONGS_TYPE_VkBuffer, "VkThing.buffer");
   fact(d.error == TONGS_DECODE_ABSENT && !strcmp(d.detail, "VkThing.buffer"),
        "a required handle that is absent is refused and named (R6)");
   free(copy);

   start();
   tongs_encode_u32(&e, 0);
   tongs_encode_u32(&e, 0);
   d = decoder(&copy);
   fact(!tongs_decode_present(&d, NULL) && d.error == TONGS_DECODE_OK,
        "an output that the API does not require may be absent");
   fact(!tongs_decode_present(&d, "vkThing.pOut") && d.error == TONGS_DECODE_ABSENT &&
           !strcmp(d.detail, "vkThing.pOut"),
        "a required output that is absent is refused and named (R6)");
   free(copy);
}

/* --- Unions, replies, damage --- */

static void
replies(void)
{
   VkPipelineExecutablePropertiesKHR properties[2] = {0};
   uint32_t count = 1;
   struct tongs_args_vkGetPipelineExecutablePropertiesKHR args = {
      .pExecutableCount = &count,
      .pProperties = properties,
   };
   uint8_t *copy;

   start();
   tongs_encode_i32(&e, VK_SUCCESS);
   tongs_encode_u64(&e, 2);
   tongs_encode_u32(&e, 0);
   struct tongs_decoder d = decoder(&copy);
   tongs_decode_reply_vkGetPipelineExecutablePropertiesKHR(&d, &args);
   fact(d.error == TONGS_DECODE_COUNT && count == 0,
        "a reply with a count beyond the room there is is refused");
   free(copy);

   count = 1;
   start();
   tongs_encode_i32(&e, VK_SUCCESS);
   tongs_encode_u64(&e, 1);
   tongs_encode_u32(&e, 2);
   tongs_encode_zeros(&e, 4096);
   d = decoder(&copy);
   tongs_decode_reply_vkGetPipelineExecutablePropertiesKHR(&d, &args);
   fact(d.error == TONGS_DECODE_COUNT,
        "a reply with more elements than there is room for is refused");
   free(copy);

   count = 0;
   start();
   tongs_encode_u64(&e, tongs_id(TONGS_TYPE_VkDevice, 1, 1));
   tongs_encode_u32(&e, 0);
   struct tongs_args_vkGetPipelineExecutablePropertiesKHR there = {
      .device = (VkDevice)(uintptr_t)5,
      .pPipelineInfo = &(VkPipelineInfoKHR){.pipeline = (VkPipeline)(uintptr_t)6},
      .pExecutableCount = &count,
      .pProperties = properties,
   };
   start();
   tongs_encode_vkGetPipelineExecutablePropertiesKHR(&e, &there);
   d = decoder(&copy);
   memset(&there, 0, sizeof(there));
   tongs_decode_vkGetPipelineExecutablePropertiesKHR(&d, &there);
   fact(!d.error && there.pProperties,
        "room for nothing is still there: the driver must not take it for a question");
   free(copy);
}

/* The union's selector is in the struct and on the wire; both must agree. */
static void
unions(void)
{
   VkAccelerationStructureGeometryKHR geometry = {.geometryType = VK_GEOMETRY_TYPE_AABBS_KHR};
   uint8_t *copy;

   start();
   tongs_encode_VkAccelerationStructureGeometryKHR(&e, &geometry);
   struct tongs_decoder d = decoder(&copy);
   memset(&geometry, 0, sizeof(geometry));
   tongs_decode_VkAccelerationStructureGeometryKHR(&d, &geometry);
   fact(!d.error && geometry.geometryType == VK_GEOMETRY_TYPE_AABBS_KHR,
        "a union travels with its selector");
   free(copy);

   memcpy(e.base + 8, &(uint32_t){VK_GEOMETRY_TYPE_INSTANCES_KHR}, 4);
   d = decoder(&copy);
   tongs_decode_VkAccelerationStructureGeometryKHR(&d, &geometry);
   fact(d.error == TONGS_DECODE_VALUE, "a selector that differs from the struct's is refused");
   free(copy);

   /* An inline uniform block has no member in VkDescriptorDataEXT. */
   const uint32_t marker = 0x12345678;
   VkDescriptorGetInfoEXT info = {VK_STRUCTURE_TYPE_DESCRIPTOR_GET_INFO_EXT,
                                  NULL,
                                  VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK,
                                  {.pSampler = (const VkSampler *)(uintptr_t)1}};
   start();
   tongs_encode_VkDescriptorGetInfoEXT(&e, &info);
   tongs_encode_u32(&e, marker);
   d = decoder(&copy);
   memset(&info, 0, sizeof(info));
   tongs_decode_VkDescriptorGetInfoEXT(&d, &info);
   fact(!d.error && info.type == VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK && !info.data.pSampler,
        "a selector without a member travels alone, and the union is zero");
   fact(tongs_decode_u32(&d) == marker, "what follows such a union is read from its place");
   free(copy);
}

static void
fixed_encoders(void)
{
   const VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = 7};
   struct tongs_encoder fixed;
   uint8_t bytes[64];

   start();
   tongs_encode_VkBufferCreateInfo_array(&e, &info, 1);
   size_t size = tongs_encoder_size(&e);
   tongs_encoder_init_fixed(&fixed, bytes, size);
   tongs_encode_VkBufferCreateInfo_array(&fixed, &info, 1);
   fact(!fixed.failed && tongs_encoder_size(&fixed) == size && !memcmp(bytes, e.base, size),
        "an encoder over the caller's memory writes the same bytes");
   memset(bytes, 0xee, sizeof(bytes));
   tongs_encoder_init_fixed(&fixed, bytes, size - 4);
   tongs_encode_VkBufferCreateInfo_array(&fixed, &info, 1);
   fact(fixed.failed && bytes[size - 4] == 0xee, "it fails, and writes nothing behind that memory");
}

int
main(void)
{
   tongs_arena_init(&arena, ARENA_LIMIT);
   tongs_encoder_init(&e);
   bounds();
   presence();
   strings();
   numbers();
   chains();
   ids();
   unions();
   replies();
   fixed_encoders();
   tongs_encoder_finish(&e);
   tongs_arena_finish(&arena);
   fact(true, "no wire data meets an assertion: all of this returned (R16)");
   return check_end();
}
