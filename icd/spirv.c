/* SPDX-License-Identifier: MIT */
#include "icd/spirv.h"

#include <stdatomic.h>
#include <string.h>

#define MAGIC 0x07230203u
#define HEADER_WORDS 5

enum {
   OP_ENTRY_POINT = 15,
   OP_CAPABILITY = 17,
   OP_FUNCTION = 54,
   OP_FUNCTION_END = 56,
};

/* The numbers of instructions: the core's, then those of extensions, in ranges that have been
 * handed out. The few gaps in them do not matter. */
static bool
is_known(uint32_t op)
{
   return op <= 403 || (op >= 4160 && op < 7000);
}

/* Every Vulkan device has these capabilities, whatever its features. */
static bool
is_common(uint32_t capability)
{
   switch (capability) {
   case 0:  /* Matrix */
   case 1:  /* Shader */
   case 40: /* InputAttachment */
   case 43: /* Sampled1D */
   case 44: /* Image1D */
   case 46: /* SampledBuffer */
   case 47: /* ImageBuffer */
   case 50: /* ImageQuery */
   case 51: /* DerivativeControl */
      return true;
   default:
      return false;
   }
}

static uint32_t
hash_entry(uint32_t model, const char *name, size_t length)
{
   uint32_t hash = 0x811c9dc5u ^ model;

   for (size_t i = 0; i < length; i++)
      hash = (hash ^ (uint8_t)name[i]) * 0x01000193u;
   return hash;
}

/* `words`: an OpEntryPoint of `count` words. False if it is malformed or one too many. */
static bool
keep_entry(struct icd_spirv *spirv, const uint32_t *words, size_t count)
{
   const char *name = (const char *)(words + 3);
   const char *end = count > 3 ? memchr(name, 0, (count - 3) * sizeof(*words)) : NULL;

   if (!end || spirv->entry_count == ICD_SPIRV_ENTRIES)
      return false;
   spirv->entries[spirv->entry_count++] = hash_entry(words[1], name, (size_t)(end - name));
   return true;
}

static bool
keep_capability(struct icd_spirv *spirv, const uint32_t *words, size_t count)
{
   if (count != 2 || words[1] >= 8192)
      return false;
   if (is_common(words[1]))
      return true;
   if (spirv->capability_count == ICD_SPIRV_CAPABILITIES)
      return false;
   spirv->capabilities[spirv->capability_count++] = (uint16_t)words[1];
   return true;
}

void
icd_spirv_read(struct icd_spirv *spirv, const uint32_t *words, size_t size)
{
   const size_t count = size / sizeof(*words);
   uint32_t functions = 0, ends = 0;
   size_t length;
   bool good = count > HEADER_WORDS && words[0] == MAGIC;

   spirv->entry_count = spirv->capability_count = 0;
   for (size_t at = HEADER_WORDS; at < count && good; at += length) {
      const uint32_t op = words[at] & 0xffff;
      length = words[at] >> 16;
      good = length && length <= count - at && is_known(op);
      if (good && op == OP_ENTRY_POINT)
         good = keep_entry(spirv, words + at, length);
      else if (good && op == OP_CAPABILITY)
         good = keep_capability(spirv, words + at, length);
      functions += op == OP_FUNCTION;
      ends += op == OP_FUNCTION_END;
   }
   spirv->is_odd = !good || !functions || functions != ends;
}

/* The execution models of a stage; the same one twice for most. False for other stages. */
static bool
models_of(VkShaderStageFlagBits stage, uint32_t models[2])
{
   static const struct {
      VkShaderStageFlagBits stage;
      uint32_t models[2];
   } known[] = {
      {VK_SHADER_STAGE_VERTEX_BIT, {0, 0}},
      {VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT, {1, 1}},
      {VK_SHADER_STAGE_TESSELLATION_EVALUATION_BIT, {2, 2}},
      {VK_SHADER_STAGE_GEOMETRY_BIT, {3, 3}},
      {VK_SHADER_STAGE_FRAGMENT_BIT, {4, 4}},
      {VK_SHADER_STAGE_COMPUTE_BIT, {5, 5}},
      {VK_SHADER_STAGE_TASK_BIT_NV, {5267, 5364}},
      {VK_SHADER_STAGE_MESH_BIT_NV, {5268, 5365}},
   };

   for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
      if (known[i].stage == stage) {
         memcpy(models, known[i].models, sizeof(known[i].models));
         return true;
      }
   }
   return false;
}

bool
icd_spirv_has_entry(const struct icd_spirv *spirv, VkShaderStageFlagBits stage, const char *name)
{
   uint32_t models[2];

   if (spirv->is_odd || !models_of(stage, models))
      return false;
   const uint32_t first = hash_entry(models[0], name, strlen(name));
   const uint32_t second = hash_entry(models[1], name, strlen(name));
   for (uint32_t i = 0; i < spirv->entry_count; i++) {
      if (spirv->entries[i] == first || spirv->entries[i] == second)
         return true;
   }
   return false;
}

bool
icd_spirv_is_proven(const struct icd_spirv *spirv, const struct icd_spirv_proven *proven)
{
   for (uint32_t i = 0; i < spirv->capability_count; i++) {
      const uint32_t capability = spirv->capabilities[i];
      if (!(atomic_load_explicit(&proven->bits[capability / 32], memory_order_relaxed) >>
               capability % 32 &
            1))
         return false;
   }
   return true;
}

void
icd_spirv_prove(const struct icd_spirv *spirv, struct icd_spirv_proven *proven)
{
   for (uint32_t i = 0; i < spirv->capability_count; i++) {
      const uint32_t capability = spirv->capabilities[i];
      atomic_fetch_or_explicit(&proven->bits[capability / 32], 1u << capability % 32,
                               memory_order_relaxed);
   }
}
