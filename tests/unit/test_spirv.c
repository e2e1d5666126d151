/* SPDX-License-Identifier: MIT */

/* What the client reads in SPIR-V: whole modules with their entry points are found to be so, and
 * whatever is cut or changed is found odd, without a read beyond its end. */

#include "icd/spirv.h"

#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#define OP(op, count) ((uint32_t)(count) << 16 | (op))
#define MAIN 0x6e69616du /* "main", little-endian */
#define MESH 0x6873656du /* "mesh" */

/* clang-format off */

/* A module with a vertex shader "main" and a mesh shader "mesh", which do nothing. */
static const uint32_t whole[] = {
   0x07230203, 0x00010000, 0, 9, 0,
   OP(17, 2), 1,                    /* OpCapability Shader */
   OP(17, 2), 9,                    /* OpCapability Float16 */
   OP(14, 3), 0, 1,                 /* OpMemoryModel */
   OP(15, 5), 0, 4, MAIN, 0,        /* OpEntryPoint Vertex */
   OP(15, 5), 5365, 4, MESH, 0,     /* OpEntryPoint MeshEXT */
   OP(19, 2), 2,                    /* OpTypeVoid */
   OP(54, 5), 2, 4, 0, 3,           /* OpFunction */
   OP(248, 2), 5,                   /* OpLabel */
   OP(253, 1),                      /* OpReturn */
   OP(56, 1),                       /* OpFunctionEnd */
};

/* clang-format on */

/* Reads a copy on the heap, of which the sanitizer knows the end. */
static struct icd_spirv
read_copy(const uint32_t *words, size_t size)
{
   uint32_t *copy = malloc(size ? size : 1);
   struct icd_spirv spirv = {0};

   memcpy(copy, words, size);
   icd_spirv_read(&spirv, copy, size);
   free(copy);
   return spirv;
}

static void
a_whole_module_has_its_entry_points(void)
{
   const struct icd_spirv spirv = read_copy(whole, sizeof(whole));

   CHECK(!spirv.is_odd);
   CHECK(icd_spirv_has_entry(&spirv, VK_SHADER_STAGE_VERTEX_BIT, "main"));
   CHECK(icd_spirv_has_entry(&spirv, VK_SHADER_STAGE_MESH_BIT_NV, "mesh"));
   CHECK(!icd_spirv_has_entry(&spirv, VK_SHADER_STAGE_MESH_BIT_NV, "main"));
   CHECK(!icd_spirv_has_entry(&spirv, VK_SHADER_STAGE_FRAGMENT_BIT, "main"));
   CHECK(!icd_spirv_has_entry(&spirv, VK_SHADER_STAGE_VERTEX_BIT, "not_there"));
   CHECK(!icd_spirv_has_entry(&spirv, VK_SHADER_STAGE_VERTEX_BIT, ""));
   CHECK(!icd_spirv_has_entry(&spirv, VK_SHADER_STAGE_RAYGEN_BIT_KHR, "main"));
}

static void
every_cut_is_odd(void)
{
   for (size_t size = 0; size < sizeof(whole); size++)
      CHECK(read_copy(whole, size / 4 * 4).is_odd);
}

static void
unknown_instructions_are_odd(void)
{
   uint32_t words[sizeof(whole) / 4];

   memcpy(words, whole, sizeof(whole));
   words[sizeof(whole) / 4 - 2] = OP(0x0fff, 1);
   CHECK(read_copy(words, sizeof(words)).is_odd);
   words[sizeof(whole) / 4 - 2] = OP(253, 0);
   CHECK(read_copy(words, sizeof(words)).is_odd);
   words[sizeof(whole) / 4 - 2] = OP(253, 1);
   CHECK(!read_copy(words, sizeof(words)).is_odd);
   words[0] = 0x03022307;
   CHECK(read_copy(words, sizeof(words)).is_odd);
}

static void
a_proven_capability_is_no_longer_doubted(void)
{
   static struct icd_spirv_proven proven;
   const struct icd_spirv spirv = read_copy(whole, sizeof(whole));

   CHECK(!icd_spirv_is_proven(&spirv, &proven));
   icd_spirv_prove(&spirv, &proven);
   CHECK(icd_spirv_is_proven(&spirv, &proven));
}

static void
more_entry_points_than_we_keep_are_odd(void)
{
   uint32_t words[sizeof(whole) / 4 + 5 * ICD_SPIRV_ENTRIES];
   const size_t before = 12;

   memcpy(words, whole, before * 4);
   for (uint32_t i = 0; i < ICD_SPIRV_ENTRIES; i++)
      memcpy(words + before + 5 * i, whole + before, 5 * 4);
   memcpy(words + before + 5 * ICD_SPIRV_ENTRIES, whole + before, sizeof(whole) - before * 4);
   CHECK(read_copy(words, sizeof(words)).is_odd);
}

int
main(void)
{
   check_run(a_whole_module_has_its_entry_points);
   check_run(every_cut_is_odd);
   check_run(unknown_instructions_are_odd);
   check_run(a_proven_capability_is_no_longer_doubted);
   check_run(more_entry_points_than_we_keep_are_odd);
   return check_end();
}
