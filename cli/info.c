/* SPDX-License-Identifier: MIT */

/* `tongs info`: lists the devices of a server. It calls our driver directly, without the Vulkan
 * loader. */

#include "cli/cli.h"
#include "cli/environment.h"
#include "protocol/environment.h"

#include <dlfcn.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

/* A driver of Vulkan 1.1 or later needs version 5 or later of the loader's interface. */
#define LOADER_INTERFACE_VERSION 5

enum {
   OPTION_SERVER = CLI_OPTION_FIRST_OWN,
   OPTION_HOST_DRIVER,
   OPTION_JSON,
};

static const struct option options[] = {
   CLI_HELP_ROW,
   CLI_VERSION_ROW,
   {"server", required_argument, NULL, OPTION_SERVER},
   {"host-driver", required_argument, NULL, OPTION_HOST_DRIVER},
   {"json", no_argument, NULL, OPTION_JSON},
   {0},
};

typedef VkResult (*negotiate_function)(uint32_t *version);

/* The printed properties of one device. */
struct device {
   VkPhysicalDeviceProperties properties;
   const char *memory;                      /* the strategy of its mapped memory */
   VkPhysicalDeviceDriverProperties driver; /* its strings are "" if unknown */
};

/* The loaded driver. */
struct driver {
   PFN_vkGetInstanceProcAddr get;
   VkInstance instance;
   uint32_t instance_version;
};

static const char *
device_type_name(VkPhysicalDeviceType type)
{
   switch (type) {
   case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return "integrated GPU";
   case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return "discrete GPU";
   case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return "virtual GPU";
   case VK_PHYSICAL_DEVICE_TYPE_CPU:
      return "CPU";
   default:
      return "other";
   }
}

static bool
load(const struct cli_command *self, const struct cli_paths *paths, struct driver *driver)
{
   void *library = dlopen(paths->library, RTLD_NOW | RTLD_LOCAL);
   negotiate_function negotiate;
   uint32_t version = LOADER_INTERFACE_VERSION;
   VkResult result;

   if (!library) {
      cli_error(self->name,
                "cannot load the driver: %s; install Tongs (meson install) or name the "
                "library in TONGS_LIBRARY",
                dlerror());
      return false;
   }
   negotiate =
      (negotiate_function)(uintptr_t)dlsym(library, "vk_icdNegotiateLoaderICDInterfaceVersion");
   driver->get = (PFN_vkGetInstanceProcAddr)(uintptr_t)dlsym(library, "vk_icdGetInstanceProcAddr");
   if (!negotiate || !driver->get) {
      cli_error(self->name, "%s is no Vulkan driver: TONGS_LIBRARY must name libvulkan_tongs.so",
                paths->library);
      return false;
   }
   result = negotiate(&version);
   if (result != VK_SUCCESS) {
      cli_error(self->name, "the driver refuses the loader's interface version %d: VkResult %d",
                LOADER_INTERFACE_VERSION, result);
      return false;
   }
   return true;
}

static bool
make_instance(const struct cli_command *self, struct driver *driver)
{
   PFN_vkEnumerateInstanceVersion enumerate_version =
      (PFN_vkEnumerateInstanceVersion)driver->get(NULL, "vkEnumerateInstanceVersion");
   PFN_vkCreateInstance create = (PFN_vkCreateInstance)driver->get(NULL, "vkCreateInstance");
   VkApplicationInfo application = {
      .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
      .pApplicationName = "tongs info",
      .apiVersion = VK_API_VERSION_1_0,
   };
   const VkInstanceCreateInfo create_info = {
      .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
      .pApplicationInfo = &application,
   };
   const char *server = tongs_getenv("TONGS_SERVER");
   VkResult result;

   if (enumerate_version && enumerate_version(&application.apiVersion) != VK_SUCCESS)
      application.apiVersion = VK_API_VERSION_1_0;
   driver->instance_version = application.apiVersion;
   result = create ? create(&create_info, NULL, &driver->instance) : VK_ERROR_INCOMPATIBLE_DRIVER;
   if (result == VK_SUCCESS)
      return true;

   if (server && strcmp(server, "spawn") != 0)
      cli_error(self->name,
                "no answer from %s (VkResult %d; the driver says why above); is `tongs "
                "serve --listen %s` running?",
                server, result, server);
   else
      cli_error(self->name,
                "the private worker could not be used (VkResult %d; the driver says "
                "why above); does this machine have a Vulkan driver of its own, for "
                "one mesa-vulkan-drivers?",
                result);
   return false;
}

/* Memory of the driver's coherent types is shared with the worker. Memory of types that can be
 * mapped but are not coherent is copied when it is flushed. */
static const char *
memory_strategy(const struct driver *driver, VkPhysicalDevice handle)
{
   PFN_vkGetPhysicalDeviceMemoryProperties get =
      (PFN_vkGetPhysicalDeviceMemoryProperties)driver->get(driver->instance,
                                                           "vkGetPhysicalDeviceMemoryProperties");
   VkPhysicalDeviceMemoryProperties memory;
   VkMemoryPropertyFlags all = 0;

   get(handle, &memory);
   for (uint32_t i = 0; i < memory.memoryTypeCount; i++)
      all |= memory.memoryTypes[i].propertyFlags;
   if (all & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)
      return "shared";
   return all & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT ? "explicit" : "not mapped";
}

static void
query(const struct driver *driver, VkPhysicalDevice handle, struct device *device)
{
   PFN_vkGetPhysicalDeviceProperties get = (PFN_vkGetPhysicalDeviceProperties)driver->get(
      driver->instance, "vkGetPhysicalDeviceProperties");
   PFN_vkGetPhysicalDeviceProperties2 get2 = NULL;

   get(handle, &device->properties);
   device->memory = memory_strategy(driver, handle);
   if (driver->instance_version >= VK_API_VERSION_1_1)
      get2 = (PFN_vkGetPhysicalDeviceProperties2)driver->get(driver->instance,
                                                             "vkGetPhysicalDeviceProperties2");
   if (!get2 || device->properties.apiVersion < VK_API_VERSION_1_2)
      return;
   device->driver.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES;
   get2(handle, &(VkPhysicalDeviceProperties2){
                   .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                   .pNext = &device->driver,
                });
}

/* The caller frees *devices. */
static bool
enumerate(const struct cli_command *self, const struct driver *driver, struct device **devices,
          uint32_t *count)
{
   PFN_vkEnumeratePhysicalDevices get =
      (PFN_vkEnumeratePhysicalDevices)driver->get(driver->instance, "vkEnumeratePhysicalDevices");
   VkPhysicalDevice *handles = NULL;
   uint32_t n = 0;
   VkResult result = get(driver->instance, &n, NULL);

   if (result == VK_SUCCESS) {
      handles = calloc(n + 1, sizeof(*handles));
      *devices = calloc(n + 1, sizeof(**devices));
      result =
         handles && *devices ? get(driver->instance, &n, handles) : VK_ERROR_OUT_OF_HOST_MEMORY;
   }
   if (result != VK_SUCCESS) {
      cli_error(self->name, "the devices cannot be listed: VkResult %d", result);
      free(*devices);
      *devices = NULL;
   } else {
      for (uint32_t i = 0; i < n; i++)
         query(driver, handles[i], &(*devices)[i]);
      *count = n;
   }
   free(handles);
   return result == VK_SUCCESS;
}

/* The name of the server. If the user named none, the driver has chosen one, and its driverInfo
 * names it. */
static const char *
server_of(const struct device *device, const char *named)
{
   const char *over = strstr(device->driver.driverInfo, " over ");

   return named && *named ? named : over ? over + strlen(" over ") : "spawn";
}

static void
print_lines(const struct device *devices, uint32_t count, const char *server)
{
   for (uint32_t i = 0; i < count; i++) {
      const VkPhysicalDeviceProperties *p = &devices[i].properties;
      const VkPhysicalDeviceDriverProperties *d = &devices[i].driver;

      printf("%u: %s, %s, Vulkan %u.%u.%u, driver %s (%s), through %s, memory %s\n", i,
             p->deviceName, device_type_name(p->deviceType), VK_API_VERSION_MAJOR(p->apiVersion),
             VK_API_VERSION_MINOR(p->apiVersion), VK_API_VERSION_PATCH(p->apiVersion),
             d->driverName[0] ? d->driverName : "unknown", d->driverInfo,
             server_of(&devices[i], server), devices[i].memory);
   }
}

static void
print_json_string(const char *text)
{
   putchar('"');
   for (; *text; text++) {
      if (*text == '"' || *text == '\\')
         printf("\\%c", *text);
      else if ((unsigned char)*text < 0x20)
         printf("\\u%04x", (unsigned char)*text);
      else
         putchar(*text);
   }
   putchar('"');
}

static void
print_json_member(const char *name, const char *value, const char *after)
{
   printf("    \"%s\": ", name);
   print_json_string(value);
   puts(after);
}

static void
print_json(const struct device *devices, uint32_t count, const char *server)
{
   printf("[");
   for (uint32_t i = 0; i < count; i++) {
      const VkPhysicalDeviceProperties *p = &devices[i].properties;
      char version[32];

      snprintf(version, sizeof(version), "%u.%u.%u", VK_API_VERSION_MAJOR(p->apiVersion),
               VK_API_VERSION_MINOR(p->apiVersion), VK_API_VERSION_PATCH(p->apiVersion));
      printf("%s\n  {\n    \"index\": %u,\n", i > 0 ? "," : "", i);
      print_json_member("deviceName", p->deviceName, ",");
      print_json_member("deviceType", device_type_name(p->deviceType), ",");
      print_json_member("apiVersion", version, ",");
      print_json_member("driverName", devices[i].driver.driverName, ",");
      print_json_member("driverInfo", devices[i].driver.driverInfo, ",");
      print_json_member("server", server_of(&devices[i], server), ",");
      print_json_member("memory", devices[i].memory, "");
      printf("  }");
   }
   puts("\n]");
}

static int
print_devices(const struct cli_command *self, const struct cli_paths *paths, bool json)
{
   const char *server = tongs_getenv("TONGS_SERVER");
   struct driver driver = {0};
   struct device *devices = NULL;
   PFN_vkDestroyInstance destroy;
   uint32_t count = 0;
   int status = CLI_EXIT_FAILURE;

   if (!load(self, paths, &driver) || !make_instance(self, &driver))
      return CLI_EXIT_FAILURE;
   if (enumerate(self, &driver, &devices, &count)) {
      if (json)
         print_json(devices, count, server);
      else
         print_lines(devices, count, server);
      if (count > 0)
         status = 0;
      else
         cli_error(self->name, "the host has no Vulkan device; install a driver there, for one "
                               "mesa-vulkan-drivers");
   }
   free(devices);
   destroy = (PFN_vkDestroyInstance)driver.get(driver.instance, "vkDestroyInstance");
   destroy(driver.instance, NULL);
   return status;
}

static int
info(const struct cli_command *self, int argc, char **argv)
{
   struct cli_environment environment = {0};
   struct cli_paths paths = {0};
   bool json = false;
   int option, status;

   while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
      switch (option) {
      case OPTION_SERVER:
         environment.server = optarg;
         break;
      case OPTION_HOST_DRIVER:
         environment.host_driver = optarg;
         break;
      case OPTION_JSON:
         json = true;
         break;
      default:
         return cli_common_option(self, option, argv);
      }
   }
   if (optind < argc)
      return cli_usage_error(self->name, "unexpected argument '%s'", argv[optind]);

   status = cli_environment_apply(self->name, &environment, &paths);
   if (status == 0)
      status = print_devices(self, &paths, json);
   return status;
}

const struct cli_command cli_command_info = {
   .name = "info",
   .summary = "list the devices of a server",
   .help =
      "Usage: tongs info [OPTIONS]\n"
      "\n"
      "Prints a line for each device of a server: its number, name, type and Vulkan version, the\n"
      "driver, the server, and the memory strategy. Asks the Tongs driver directly, so it works\n"
      "without a Vulkan loader.\n"
      "\n"
      "Options:\n"
      "  --server URL        ask this server; by default TONGS_SERVER, else a private worker\n"
      "  --host-driver FILE  for a private worker: use the host driver of this manifest\n"
      "  --json              print a JSON array instead of lines\n"
      "  --help              print this\n"
      "  --version           print the version\n",
   .run = info,
};
