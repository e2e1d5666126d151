/* SPDX-License-Identifier: MIT */
/*
 * procaddr: the rules of vkGetInstanceProcAddr and vkGetDeviceProcAddr (the specification's
 * section "Command Function Pointers"), as far as a loader in between lets them be seen.
 */
#include "tests/programs/procaddr.h"

#include "tests/programs/checks.h"

#include <stdio.h>
#include <string.h>

static const char *const unknown_names[] = {
   "vkThereIsNoSuchCommand",
   "vkCreateInstanceX",
   "vkCreate",
   "CreateBuffer",
   "VKCREATEBUFFER",
   "vk",
   "",
   "vkCmdDraw ",
   "glDrawArrays",
};

static enum prog_status
instance_init(struct prog *p, uint32_t version, const char *extension)
{
   const VkApplicationInfo app = {
      .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
      .apiVersion = version,
   };
   const VkInstanceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
      .pApplicationInfo = &app,
      .enabledExtensionCount = extension ? 1 : 0,
      .ppEnabledExtensionNames = &extension,
   };
   VkResult result = vkCreateInstance(&info, NULL, &p->instance);
   if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
      return prog_skipped(p, "there is no Vulkan driver here");
   PROG_EXPECT(p, result == VK_SUCCESS, "vkCreateInstance gave %s", prog_result_name(result));
   uint32_t count = 1;
   result = vkEnumeratePhysicalDevices(p->instance, &count, &p->phys);
   if (count == 0)
      return prog_skipped(p, "there is no Vulkan device here");
   PROG_EXPECT(p, result == VK_SUCCESS || result == VK_INCOMPLETE,
               "vkEnumeratePhysicalDevices gave %s", prog_result_name(result));
   return PROG_RIGHT;
}

static enum prog_status
device_init(struct prog *p, const char *const *extensions, uint32_t count)
{
   const float priority = 1.0f;
   const VkDeviceQueueCreateInfo queue = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueCount = 1,
      .pQueuePriorities = &priority,
   };
   const VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,
      .enabledExtensionCount = count,
      .ppEnabledExtensionNames = extensions,
   };
   PROG_VK(p, vkCreateDevice(p->phys, &info, NULL, &p->device));
   return PROG_RIGHT;
}

static bool
device_has_extension(const struct prog *p, const char *name)
{
   VkExtensionProperties known[512];
   uint32_t count = PROG_COUNT(known);
   if (vkEnumerateDeviceExtensionProperties(p->phys, NULL, &count, known) != VK_SUCCESS)
      return false;
   for (uint32_t i = 0; i < count; i++) {
      if (strcmp(known[i].extensionName, name) == 0)
         return true;
   }
   return false;
}

static bool
instance_has_extension(const char *name)
{
   VkExtensionProperties known[128];
   uint32_t count = PROG_COUNT(known);
   if (vkEnumerateInstanceExtensionProperties(NULL, &count, known) != VK_SUCCESS)
      return false;
   for (uint32_t i = 0; i < count; i++) {
      if (strcmp(known[i].extensionName, name) == 0)
         return true;
   }
   return false;
}

static enum prog_status
check_global_commands(struct prog *p)
{
   for (uint32_t v = 0; v < 2; v++) {
      for (size_t i = 0; i < procaddr_global[v].count; i++) {
         const char *name = procaddr_global[v].names[i];
         PROG_EXPECT(p, vkGetInstanceProcAddr(NULL, name), "%s is not there without an instance",
                     name);
      }
   }
   PROG_EXPECT(p, vkGetInstanceProcAddr(NULL, "vkGetInstanceProcAddr"),
               "vkGetInstanceProcAddr is not there without an instance");
   return PROG_RIGHT;
}

static enum prog_status
check_without_instance(struct prog *p)
{
   const struct procaddr_names *lists[2] = {procaddr_instance, procaddr_device};
   for (uint32_t l = 0; l < 2; l++) {
      for (uint32_t v = 0; v < 4; v++) {
         for (size_t i = 0; i < lists[l][v].count; i++) {
            const char *name = lists[l][v].names[i];
            const bool may = strcmp(name, "vkGetInstanceProcAddr") == 0;
            PROG_EXPECT(p, may || !vkGetInstanceProcAddr(NULL, name),
                        "%s is there without an instance", name);
         }
      }
   }
   return PROG_RIGHT;
}

static enum prog_status
check_unknown_names(struct prog *p)
{
   PROG_STEP(prog_init(p));
   for (size_t i = 0; i < PROG_COUNT(unknown_names); i++) {
      const char *name = unknown_names[i];
      PROG_EXPECT(p, !vkGetInstanceProcAddr(NULL, name), "\"%s\" is there without instance", name);
      PROG_EXPECT(p, !vkGetInstanceProcAddr(p->instance, name), "the instance has \"%s\"", name);
      PROG_EXPECT(p, !vkGetDeviceProcAddr(p->device, name), "the device has \"%s\"", name);
   }
   prog_finish(p);
   return PROG_RIGHT;
}

static enum prog_status
check_instance_core(struct prog *p)
{
   PROG_STEP(prog_init(p));
   const struct procaddr_names *lists[2] = {procaddr_instance, procaddr_device};
   for (uint32_t l = 0; l < 2; l++) {
      for (uint32_t v = 0; v <= VK_API_VERSION_MINOR(p->api); v++) {
         for (size_t i = 0; i < lists[l][v].count; i++) {
            const char *name = lists[l][v].names[i];
            PROG_EXPECT(p, vkGetInstanceProcAddr(p->instance, name),
                        "vkGetInstanceProcAddr does not know %s of Vulkan 1.%u", name, v);
         }
      }
   }
   prog_finish(p);
   return PROG_RIGHT;
}

static enum prog_status
check_device_core(struct prog *p)
{
   PROG_STEP(prog_init(p));
   for (uint32_t v = 0; v <= VK_API_VERSION_MINOR(p->api); v++) {
      for (size_t i = 0; i < procaddr_device[v].count; i++) {
         const char *name = procaddr_device[v].names[i];
         PROG_EXPECT(p, vkGetDeviceProcAddr(p->device, name),
                     "vkGetDeviceProcAddr does not know %s of Vulkan 1.%u", name, v);
      }
   }
   prog_finish(p);
   return PROG_RIGHT;
}

/* Only commands that are dispatched on the device or its children are there. */
static enum prog_status
check_device_has_no_instance_commands(struct prog *p)
{
   PROG_STEP(prog_init(p));
   const struct procaddr_names *lists[2] = {procaddr_instance, procaddr_global};
   for (uint32_t l = 0; l < 2; l++) {
      for (uint32_t v = 0; v < 4; v++) {
         for (size_t i = 0; i < lists[l][v].count; i++) {
            const char *name = lists[l][v].names[i];
            PROG_EXPECT(p, !vkGetDeviceProcAddr(p->device, name),
                        "vkGetDeviceProcAddr gives %s, which is no device command", name);
         }
      }
   }
   prog_finish(p);
   return PROG_RIGHT;
}

/* Commands of a later version than VkApplicationInfo::apiVersion have no address. */
static enum prog_status
check_device_of_instance_1_0(struct prog *p)
{
   PROG_STEP(instance_init(p, VK_API_VERSION_1_0, NULL));
   PROG_STEP(device_init(p, NULL, 0));
   for (size_t i = 0; i < procaddr_device[0].count; i++) {
      const char *name = procaddr_device[0].names[i];
      PROG_EXPECT(p, vkGetDeviceProcAddr(p->device, name), "%s is not there", name);
   }
   for (uint32_t v = 1; v < 4; v++) {
      for (size_t i = 0; i < procaddr_device[v].count; i++) {
         const char *name = procaddr_device[v].names[i];
         /* The loader answers for this one itself, whatever the version. */
         const bool may = strcmp(name, "vkGetDeviceQueue2") == 0;
         PROG_EXPECT(p, may || !vkGetDeviceProcAddr(p->device, name),
                     "%s of Vulkan 1.%u is there on an instance of Vulkan 1.0", name, v);
      }
   }
   prog_finish(p);
   return PROG_RIGHT;
}

static enum prog_status
check_extensions_not_enabled(struct prog *p)
{
   PROG_STEP(prog_init(p));
   for (size_t i = 0; i < procaddr_extension_count; i++) {
      const struct procaddr_extension *e = &procaddr_extensions[i];
      PROG_EXPECT(p, !vkGetDeviceProcAddr(p->device, e->command),
                  "%s is there, and %s is not enabled", e->command, e->name);
   }
   prog_finish(p);
   return PROG_RIGHT;
}

static enum prog_status
check_extensions_enabled(struct prog *p)
{
   const bool v11 = vkGetInstanceProcAddr(NULL, "vkEnumerateInstanceVersion");
   PROG_STEP(instance_init(p, v11 ? VK_API_VERSION_1_3 : VK_API_VERSION_1_0, NULL));
   uint32_t tried = 0;
   for (size_t i = 0; i < procaddr_extension_count; i++) {
      const struct procaddr_extension *e = &procaddr_extensions[i];
      /* These need an instance extension or others of the device. */
      if (strcmp(e->name, "VK_KHR_swapchain") == 0 || strstr(e->name, "_KHR_ray_") ||
          strstr(e->name, "_KHR_acceleration_") || !device_has_extension(p, e->name))
         continue;
      PROG_STEP(device_init(p, &e->name, 1));
      PROG_EXPECT(p, vkGetDeviceProcAddr(p->device, e->command),
                  "%s is not there, and %s is enabled", e->command, e->name);
      /* Enabling one does not enable the others. */
      const struct procaddr_extension *other =
         &procaddr_extensions[(i + 1) % procaddr_extension_count];
      PROG_EXPECT(p, !vkGetDeviceProcAddr(p->device, other->command),
                  "%s is there, and only %s is enabled", other->command, e->name);
      vkDestroyDevice(p->device, NULL);
      p->device = NULL;
      tried++;
   }
   if (tried == 0)
      return prog_skipped(p, "the device has none of the extensions that are tried here");
   prog_finish(p);
   return PROG_RIGHT;
}

static enum prog_status
check_extensions_in_pairs(struct prog *p)
{
   const bool v11 = vkGetInstanceProcAddr(NULL, "vkEnumerateInstanceVersion");
   PROG_STEP(instance_init(p, v11 ? VK_API_VERSION_1_3 : VK_API_VERSION_1_0, NULL));
   uint32_t tried = 0;
   for (size_t i = 0; i < procaddr_pair_count; i++) {
      const struct procaddr_pair *e = &procaddr_pairs[i];
      if (!device_has_extension(p, e->enabled))
         continue;
      const bool both = device_has_extension(p, e->beside);
      PROG_STEP(device_init(p, &e->enabled, 1));
      const bool there = vkGetDeviceProcAddr(p->device, e->command);
      PROG_EXPECT(p, there == both, "%s is %sthere, %s is enabled, and the device has %s%s",
                  e->command, there ? "" : "not ", e->enabled, both ? "" : "no ", e->beside);
      vkDestroyDevice(p->device, NULL);
      p->device = NULL;
      tried++;
   }
   if (tried == 0)
      return prog_skipped(p, "the device has none of the extensions that are tried here");
   prog_finish(p);
   return PROG_RIGHT;
}

static enum prog_status
check_instance_extensions(struct prog *p)
{
   const char *extension = "VK_KHR_surface";
   const char *command = "vkGetPhysicalDeviceSurfaceSupportKHR";
   if (!instance_has_extension(extension))
      return prog_skipped(p, "the instance has no %s", extension);

   PROG_STEP(instance_init(p, VK_API_VERSION_1_0, NULL));
   PROG_EXPECT(p, !vkGetInstanceProcAddr(p->instance, command),
               "%s is there, and %s is not enabled", command, extension);
   prog_finish(p);
   PROG_STEP(instance_init(p, VK_API_VERSION_1_0, extension));
   PROG_EXPECT(p, vkGetInstanceProcAddr(p->instance, command), "%s is not there, and %s is enabled",
               command, extension);
   prog_finish(p);
   return PROG_RIGHT;
}

static enum prog_status
check_addresses_work(struct prog *p)
{
   PROG_STEP(prog_init(p));
   PFN_vkGetDeviceProcAddr get =
      (PFN_vkGetDeviceProcAddr)vkGetInstanceProcAddr(p->instance, "vkGetDeviceProcAddr");
   PFN_vkGetDeviceQueue get_queue = (PFN_vkGetDeviceQueue)get(p->device, "vkGetDeviceQueue");
   VkQueue queue = NULL;
   get_queue(p->device, p->family, 0, &queue);
   PROG_EXPECT(p, queue == p->queue, "the queue differs by the way in which it is asked for");

   PFN_vkQueueWaitIdle by_device = (PFN_vkQueueWaitIdle)get(p->device, "vkQueueWaitIdle");
   PFN_vkQueueWaitIdle by_instance =
      (PFN_vkQueueWaitIdle)vkGetInstanceProcAddr(p->instance, "vkQueueWaitIdle");
   PROG_VK(p, by_device(queue));
   PROG_VK(p, by_instance(queue));

   PFN_vkGetPhysicalDeviceProperties get_properties =
      (PFN_vkGetPhysicalDeviceProperties)vkGetInstanceProcAddr(p->instance,
                                                               "vkGetPhysicalDeviceProperties");
   VkPhysicalDeviceProperties props;
   get_properties(p->phys, &props);
   PROG_EXPECT(p, strcmp(props.deviceName, p->props.deviceName) == 0,
               "the device is called \"%s\" and \"%s\"", props.deviceName, p->props.deviceName);
   prog_finish(p);
   return PROG_RIGHT;
}

static const struct prog_check checks[] = {
   {"global-commands", check_global_commands},
   {"without-instance", check_without_instance},
   {"unknown-names", check_unknown_names},
   {"instance-core", check_instance_core},
   {"device-core", check_device_core},
   {"device-has-no-instance-commands", check_device_has_no_instance_commands},
   {"device-of-instance-1.0", check_device_of_instance_1_0},
   {"extensions-not-enabled", check_extensions_not_enabled},
   {"extensions-enabled", check_extensions_enabled},
   {"extensions-in-pairs", check_extensions_in_pairs},
   {"instance-extensions", check_instance_extensions},
   {"addresses-work", check_addresses_work},
};

int
main(int argc, char **argv)
{
   return prog_checks_main(argc, argv, checks, PROG_COUNT(checks), PROG_CHECKS_BARE);
}
