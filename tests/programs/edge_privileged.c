/* SPDX-License-Identifier: MIT */
/*
 * A program that may be set-user-ID. It makes an instance with the driver whose library is its
 * argument, without the Vulkan loader, prints the result, and waits until its input ends.
 *
 * It is skipped if the system did not give it the privilege: a file system may be mounted so.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <vulkan/vulkan_core.h>

int
main(int argc, char **argv)
{
   const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
   VkInstance instance;

   if (argc != 2 || !getauxval(AT_SECURE))
      return 77;
   void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
   if (!library) {
      fprintf(stderr, "%s\n", dlerror());
      return 1;
   }
   PFN_vkGetInstanceProcAddr get =
      (PFN_vkGetInstanceProcAddr)dlsym(library, "vk_icdGetInstanceProcAddr");
   PFN_vkCreateInstance create = get ? (PFN_vkCreateInstance)get(NULL, "vkCreateInstance") : NULL;
   if (!create)
      return 1;
   printf("vkCreateInstance: %d\n", create(&info, NULL, &instance));
   fflush(stdout);
   while (getchar() != EOF)
      ;
   return 0;
}
