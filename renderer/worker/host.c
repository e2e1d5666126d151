/* SPDX-License-Identifier: MIT */
#include "renderer/worker/host.h"

#include "renderer/worker/manifests.h"

#include "tongs_gen_types.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>

/* Without the variable, Mesa looks up the user's home in /etc/passwd, which the sandbox hides, and
 * keeps no shader cache. */
static void
name_cache_directory(void)
{
   const char *home = getenv("HOME");
   char path[PATH_MAX];

   if (!home || (size_t)snprintf(path, sizeof(path), "%s/.cache", home) >= sizeof(path))
      return;
   setenv("XDG_CACHE_HOME", path, 0);
}

void
rdr_host_set_environment(const struct rdr_worker_options *options)
{
   static bool done;

   /* The environment must be set only once: a warm worker has threads of the driver by the second
    * call, and setenv() is not safe then. */
   if (done)
      return;
   done = true;
   /* Our own driver refuses to load in a process with this variable, wherever the loader finds
    * it. */
   setenv("TONGS_WORKER_PROCESS", "1", 1);

   char *good = rdr_manifests_without_junk(options->host_driver);
   const char *files = good ? good : options->host_driver;
   if (files) {
      setenv("VK_DRIVER_FILES", files, 1);
      setenv("VK_ICD_FILENAMES", files, 1);
   } else {
      unsetenv("VK_DRIVER_FILES");
      unsetenv("VK_ICD_FILENAMES");
   }
   free(good);
   unsetenv("VK_ADD_DRIVER_FILES");
   /* If the application selects Tongs as its only driver, its private worker must still find
    * one. */
   unsetenv("VK_LOADER_DRIVERS_SELECT");
   unsetenv("VK_LOADER_DRIVERS_DISABLE");
   /* Layers run in the client, not here. */
   unsetenv("VK_INSTANCE_LAYERS");
   unsetenv("VK_LOADER_LAYERS_ENABLE");
   unsetenv("VK_LOADER_LAYERS_ALLOW");
   setenv("VK_LOADER_LAYERS_DISABLE", "~implicit~", 1);
   if (options->no_shader_cache) {
      setenv("MESA_SHADER_CACHE_DISABLE", "true", 1);
      setenv("__GL_SHADER_DISK_CACHE", "0", 1); /* NVIDIA's */
   } else {
      name_cache_directory();
   }
   setenv("NODEVICE_SELECT", "1",
          1); /* for Mesa's layer and loaders that do not know the variable above */
}

/* Loads libraries with global symbols. Drivers that compile shaders with LLVM look up functions by
 * name among the global symbols of the process, and jump to address 0 if a name is missing.
 * Applications usually have these libraries loaded already; the worker must load them itself. */
static void
load_for_everyone(void)
{
   static const char *const libraries[] = {"libm.so.6", "libgcc_s.so.1"};

   for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
      dlopen(libraries[i], RTLD_NOW | RTLD_GLOBAL);
}

bool
rdr_host_load(struct rdr_host *host, char *why, size_t why_size)
{
   load_for_everyone();
   host->library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
   if (!host->library) {
      snprintf(why, why_size, "the host has no Vulkan loader: %s", dlerror());
      return false;
   }
   host->GetInstanceProcAddr =
      (PFN_vkGetInstanceProcAddr)dlsym(host->library, "vkGetInstanceProcAddr");
   if (!host->GetInstanceProcAddr) {
      snprintf(why, why_size, "the host's Vulkan loader has no vkGetInstanceProcAddr");
      return false;
   }
   host->CreateInstance = (PFN_vkCreateInstance)host->GetInstanceProcAddr(NULL, "vkCreateInstance");
   host->EnumerateInstanceVersion =
      (PFN_vkEnumerateInstanceVersion)host->GetInstanceProcAddr(NULL, "vkEnumerateInstanceVersion");
   host->EnumerateInstanceLayerProperties =
      (PFN_vkEnumerateInstanceLayerProperties)host->GetInstanceProcAddr(
         NULL, "vkEnumerateInstanceLayerProperties");
   host->EnumerateInstanceExtensionProperties =
      (PFN_vkEnumerateInstanceExtensionProperties)host->GetInstanceProcAddr(
         NULL, "vkEnumerateInstanceExtensionProperties");
   if (!host->CreateInstance || !host->EnumerateInstanceExtensionProperties) {
      snprintf(why, why_size, "the host's Vulkan loader lacks vkCreateInstance");
      return false;
   }
   return true;
}

static void
pin_driver(void *data, const char *manifest)
{
   char library[PATH_MAX];

   (void)data;
   if (rdr_manifest_library(manifest, library, sizeof(library)))
      dlopen(library, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
}

void
rdr_host_pin_drivers(void)
{
   static bool done;

   if (!done)
      rdr_manifests_each(getenv("VK_DRIVER_FILES"), pin_driver, NULL);
   done = true;
}

uint32_t
rdr_host_version(const struct rdr_host *host)
{
   uint32_t version = VK_API_VERSION_1_0;

   if (host->EnumerateInstanceVersion)
      host->EnumerateInstanceVersion(&version);
   return version < TONGS_API_VERSION ? version : TONGS_API_VERSION;
}
