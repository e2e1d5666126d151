/* SPDX-License-Identifier: MIT */
/*
 * hoard: makes more and more of one thing, until it fails or there are COUNT, and says how that
 * ended.
 */
#include "tests/programs/common.h"
#include "tests/programs/sum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: hoard memory|devices|queries COUNT\n"
                            "   memory is counted in MiB\n";

#define MIB ((VkDeviceSize)1 << 20)

static bool
has_budget(const struct prog *p)
{
   VkExtensionProperties list[512];
   uint32_t count = PROG_COUNT(list);

   if (vkEnumerateDeviceExtensionProperties(p->phys, NULL, &count, list) < 0)
      return false;
   for (uint32_t i = 0; i < count; i++) {
      if (!strcmp(list[i].extensionName, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME))
         return true;
   }
   return false;
}

static void
print_budget(const struct prog *p)
{
   VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT,
   };
   VkPhysicalDeviceMemoryProperties2 properties = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
      .pNext = &budget,
   };

   if (!has_budget(p))
      return;
   vkGetPhysicalDeviceMemoryProperties2(p->phys, &properties);
   printf("budget left: %llu MiB\n",
          (unsigned long long)((budget.heapBudget[0] - budget.heapUsage[0]) / MIB));
}

static VkResult
allocate(struct prog *p, VkDeviceMemory *memory)
{
   const VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .allocationSize = MIB,
   };

   return vkAllocateMemory(p->device, &info, NULL, memory);
}

static enum prog_status
hoard_memory(struct prog *p, uint32_t count)
{
   VkDeviceMemory *memories = calloc(count, sizeof(*memories));
   VkResult result = VK_SUCCESS;
   uint32_t made = 0;

   PROG_EXPECT(p, memories, "out of memory");
   print_budget(p);
   while (made < count && (result = allocate(p, &memories[made])) == VK_SUCCESS)
      made++;
   printf("%u MiB: %s\n", made, prog_result_name(result));
   if (result != VK_SUCCESS && made) {
      vkFreeMemory(p->device, memories[--made], NULL);
      PROG_VK(p, allocate(p, &memories[made++]));
      PROG_VK_IS(p, allocate(p, &memories[0]), result);
   }
   return PROG_RIGHT;
}

static enum prog_status
hoard_devices(struct prog *p, uint32_t count)
{
   const float priority = 1;
   const VkDeviceQueueCreateInfo queue = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueFamilyIndex = p->family,
      .queueCount = 1,
      .pQueuePriorities = &priority,
   };
   const VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,
   };
   VkResult result = VK_SUCCESS;
   VkDevice device;
   uint32_t made = 1; /* p->device */

   while (made < count && (result = vkCreateDevice(p->phys, &info, NULL, &device)) == VK_SUCCESS)
      made++;
   printf("%u devices: %s\n", made, prog_result_name(result));
   return PROG_RIGHT;
}

/* Looks at the last one. */
static enum prog_status
hoard_queries(struct prog *p, uint32_t count)
{
   const VkQueryPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
      .queryType = VK_QUERY_TYPE_OCCLUSION,
      .queryCount = 1,
   };
   VkQueryPool pool = VK_NULL_HANDLE;
   VkResult result = VK_SUCCESS;
   uint64_t value;

   if (!p->features12.hostQueryReset)
      return prog_skipped(p, "the host cannot reset queries");
   for (uint32_t i = 0; i < count && result == VK_SUCCESS; i++)
      result = vkCreateQueryPool(p->device, &info, NULL, &pool);
   if (result == VK_SUCCESS) {
      vkResetQueryPool(p->device, pool, 0, 1);
      result = vkGetQueryPoolResults(p->device, pool, 0, 1, sizeof(value), &value, sizeof(value),
                                     VK_QUERY_RESULT_64_BIT);
   }
   printf("queries: %s\n", prog_result_name(result));
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   static struct prog p;
   const uint32_t count = argc == 3 ? (uint32_t)atoi(argv[2]) : 0;

   if (!count) {
      fprintf(stderr, "%s", usage);
      return PROG_WRONG;
   }
   enum prog_status status = prog_init(&p);
   if (status == PROG_RIGHT && !strcmp(argv[1], "memory"))
      status = hoard_memory(&p, count);
   else if (status == PROG_RIGHT && !strcmp(argv[1], "devices"))
      status = hoard_devices(&p, count);
   else if (status == PROG_RIGHT)
      status = hoard_queries(&p, count);
   if (status == PROG_RIGHT && !strcmp(argv[1], "devices")) {
      const struct prog_sum_push push = {.count = PROG_SUM_ELEMENTS, .scale = 2, .offset = 1};
      uint32_t sum;
      status = prog_sum_run(&p, &push, &sum); /* the first device works on */
   }
   return prog_report(&p, "hoard", status);
}
