/* SPDX-License-Identifier: MIT */
/*
 * loader_only: links the Vulkan loader as any application does, makes no instance, and waits for
 * the end of its input: what an application takes without any driver.
 */
#include <stdio.h>
#include <vulkan/vulkan_core.h>

int
main(void)
{
   uint32_t count = 0;
   vkEnumerateInstanceLayerProperties(&count, NULL);
   printf("ready\n");
   fflush(stdout);
   while (getchar() != EOF)
      ;
   return 0;
}
