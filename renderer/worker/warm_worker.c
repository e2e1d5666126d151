/* SPDX-License-Identifier: MIT */
#include "renderer/worker/warm_worker.h"

#include "protocol/socket.h"
#include "renderer/worker/host.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEVICES_MAX 16u

/* How long, in milliseconds, the worker waits for a client before it continues to prepare. A client
 * that arrives within that time is served earlier without further preparation. */
#define CALL_MS 50

#define GET(host, instance, name) ((PFN_##name)(host)->GetInstanceProcAddr(instance, #name))

/* Creates a device and destroys it. The first device of a process takes longer, because the
 * driver's pages are not mapped yet. */
static void
use_device(const struct rdr_host *host, VkInstance instance, VkPhysicalDevice physical)
{
   const float priority = 1;
   const VkDeviceQueueCreateInfo queue = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueCount = 1,
      .pQueuePriorities = &priority,
   };
   const VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,
   };
   VkDevice device;

   if (GET(host, instance, vkCreateDevice)(physical, &info, NULL, &device) == VK_SUCCESS)
      GET(host, instance, vkDestroyDevice)(device, NULL);
}

/* Loads the host driver and creates an instance, as a client will do first. The instance is kept,
 * because the loader would unload the driver with the last instance. Returns the first physical
 * device; NULL if there is none. */
static VkPhysicalDevice
use_driver(struct rdr_host *host, VkInstance *instance)
{
   VkPhysicalDevice devices[DEVICES_MAX];
   uint32_t version = VK_API_VERSION_1_0, count = DEVICES_MAX;
   char why[200];

   if (!rdr_host_load(host, why, sizeof(why)))
      return VK_NULL_HANDLE;
   if (host->EnumerateInstanceVersion)
      host->EnumerateInstanceVersion(&version);
   VkApplicationInfo app = {
      .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
      .apiVersion = version,
   };
   VkInstanceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
      .pApplicationInfo = &app,
   };
   if (host->CreateInstance(&info, NULL, instance) != VK_SUCCESS ||
       GET(host, *instance, vkEnumeratePhysicalDevices)(*instance, &count, devices) < 0 || !count)
      return VK_NULL_HANDLE;
   return devices[0];
}

/* Sends one byte to the broker. Errors are ignored: if the broker is gone, the next receive
 * fails. */
static void
tell(int control, enum rdr_warm_word word)
{
   const uint8_t byte = (uint8_t)word;

   send(control, &byte, sizeof(byte), MSG_NOSIGNAL);
}

/* Whether a client comes within CALL_MS. */
static bool
is_called(int control)
{
   struct pollfd p = {.fd = control, .events = POLLIN};

   return poll(&p, 1, CALL_MS) != 0;
}

/* Returns the client's socket; -1 if the broker is gone or sent another message. */
static int
receive_client(int control, struct rdr_limits *limits)
{
   uint8_t message[RDR_LIMITS_MESSAGE_SIZE];
   size_t size = 0;
   int fds[2] = {-1, -1};

   while (size < sizeof(message)) {
      size_t count = 2;
      bool is_first = fds[0] < 0;
      ssize_t n = tongs_socket_recv(control, message + size, sizeof(message) - size,
                                    is_first ? fds : NULL, is_first ? &count : NULL);
      if (n <= 0 || fds[0] < 0)
         return -1;
      size += (size_t)n;
   }
   if (!rdr_limits_decode(limits, message, size))
      return -1;
   if (fds[1] >= 0) {
      dup2(fds[1], STDERR_FILENO);
      close(fds[1]);
   }
   tell(control, RDR_WARM_TAKEN);
   return fds[0];
}

int
rdr_warm_worker_run(int control, const struct rdr_worker_options *options)
{
   struct rdr_worker_options own_options = *options;
   struct rdr_host host = {0};
   VkInstance instance;

   prctl(PR_SET_NAME, "tongs-warming");
   rdr_host_set_environment(options);
   if (!rdr_sandbox_limit_files(options))
      return 1;
   VkPhysicalDevice physical = use_driver(&host, &instance);
   tell(control, RDR_WARM_WAITS);
   if (!is_called(control) && physical)
      use_device(&host, instance, physical);
   tell(control, RDR_WARM_WARM);
   prctl(PR_SET_NAME, "tongs-ready");

   int fd = receive_client(control, &own_options.limits);
   /* The broker is gone. We skip the exit handlers, because those of some drivers have been seen to
    * hang. */
   if (fd < 0)
      _exit(0);
   close(control);
   prctl(PR_SET_NAME, "tongs-worker");
   return rdr_worker_run(fd, &own_options);
}
