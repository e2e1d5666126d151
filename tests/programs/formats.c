/* SPDX-License-Identifier: MIT */
/*
 * formats ROUNDS: asks ROUNDS times what images of each format of Vulkan 1.0 can be, and prints a
 * hash of the answers, which must be the same in each round.
 */
#include "tests/programs/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct answer {
   VkResult result;
   VkResult result2;
   VkImageFormatProperties properties;
   VkImageFormatProperties properties2;
   uint32_t sparse_count;
};

static void
ask(VkPhysicalDevice phys, VkFormat format, VkImageTiling tiling, struct answer *answer)
{
   const VkImageUsageFlags usage = VK_IMAGE_USAGE_SAMPLED_BIT;
   const VkPhysicalDeviceImageFormatInfo2 info = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
      .format = format,
      .type = VK_IMAGE_TYPE_2D,
      .tiling = tiling,
      .usage = usage,
   };
   VkImageFormatProperties2 properties = {.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2};

   answer->result = vkGetPhysicalDeviceImageFormatProperties(phys, format, VK_IMAGE_TYPE_2D, tiling,
                                                             usage, 0, &answer->properties);
   answer->result2 = vkGetPhysicalDeviceImageFormatProperties2(phys, &info, &properties);
   answer->properties2 = properties.imageFormatProperties;
   vkGetPhysicalDeviceSparseImageFormatProperties(phys, format, VK_IMAGE_TYPE_2D,
                                                  VK_SAMPLE_COUNT_1_BIT, usage, tiling,
                                                  &answer->sparse_count, NULL);
}

static enum prog_status
run(struct prog *p, unsigned rounds)
{
   static struct answer answers[VK_FORMAT_ASTC_12x12_SRGB_BLOCK][2];
   uint64_t first = 0;

   PROG_STEP(prog_init(p));
   if (p->api < VK_API_VERSION_1_1)
      return prog_skipped(p, "vkGetPhysicalDeviceImageFormatProperties2 needs Vulkan 1.1");
   for (unsigned round = 0; round < rounds; round++) {
      memset(answers, 0, sizeof(answers));
      for (uint32_t i = 0; i < PROG_COUNT(answers); i++) {
         ask(p->phys, (VkFormat)(i + 1), VK_IMAGE_TILING_OPTIMAL, &answers[i][0]);
         ask(p->phys, (VkFormat)(i + 1), VK_IMAGE_TILING_LINEAR, &answers[i][1]);
      }
      const uint64_t hash = prog_hash(answers, sizeof(answers));
      if (round && hash != first)
         return prog_wrong(p, "round %u has other answers than the first one", round + 1);
      first = hash;
   }
   printf("answers = %016llx\n", (unsigned long long)first);
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   if (argc != 2) {
      fprintf(stderr, "usage: %s ROUNDS\n", argv[0]);
      return PROG_WRONG;
   }
   struct prog p = {0};
   const enum prog_status status = run(&p, (unsigned)atoi(argv[1]));
   if (status == PROG_RIGHT)
      prog_finish(&p);
   return prog_report(&p, "formats", status);
}
