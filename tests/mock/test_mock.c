/* SPDX-License-Identifier: MIT */
/* The mock driver notices each kind of misuse. Each case runs in its own process. */
#include "tests/check.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vulkan/vulkan.h>

struct vk {
   VkInstance instance;
   VkPhysicalDevice physical;
   VkDevice device;
   VkQueue queues[2];
   VkCommandPool pool;
};

static struct vk
start(void)
{
   struct vk vk;
   uint32_t count = 1;
   const VkApplicationInfo app = {
      .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
      .apiVersion = VK_API_VERSION_1_3,
   };
   REQUIRE(!vkCreateInstance(
      &(VkInstanceCreateInfo){VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app},
      NULL, &vk.instance));
   REQUIRE(!vkEnumeratePhysicalDevices(vk.instance, &count, &vk.physical));
   const VkDeviceQueueCreateInfo queues = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
      .queueCount = 2,
      .pQueuePriorities = (const float[]){1, 1},
   };
   const char *const extension = VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME;
   const VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queues,
      .enabledExtensionCount = 1,
      .ppEnabledExtensionNames = &extension,
   };
   REQUIRE(!vkCreateDevice(vk.physical, &info, NULL, &vk.device));
   vkGetDeviceQueue(vk.device, 0, 0, &vk.queues[0]);
   vkGetDeviceQueue(vk.device, 0, 1, &vk.queues[1]);
   REQUIRE(!vkCreateCommandPool(
      vk.device, &(VkCommandPoolCreateInfo){VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO}, NULL,
      &vk.pool));
   return vk;
}

static void
finish(const struct vk *vk)
{
   vkDestroyCommandPool(vk->device, vk->pool, NULL);
   vkDestroyDevice(vk->device, NULL);
   vkDestroyInstance(vk->instance, NULL);
}

static VkBuffer
make_buffer(const struct vk *vk)
{
   VkBuffer buffer;
   REQUIRE(!vkCreateBuffer(vk->device,
                           &(VkBufferCreateInfo){VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = 256},
                           NULL, &buffer));
   return buffer;
}

static VkSemaphore
make_timeline(const struct vk *vk)
{
   const VkSemaphoreTypeCreateInfo type = {
      .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
      .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
   };
   VkSemaphore semaphore;
   REQUIRE(!vkCreateSemaphore(
      vk->device, &(VkSemaphoreCreateInfo){VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &type}, NULL,
      &semaphore));
   return semaphore;
}

static VkFence
make_fence(const struct vk *vk)
{
   VkFence fence;
   REQUIRE(!vkCreateFence(vk->device, &(VkFenceCreateInfo){VK_STRUCTURE_TYPE_FENCE_CREATE_INFO},
                          NULL, &fence));
   return fence;
}

/* Waits until `from` has `wait`, then gives `to` the value `signal`. */
static void
submit(VkQueue queue, VkSemaphore from, uint64_t wait, VkSemaphore to, uint64_t signal,
       VkCommandBuffer commands, VkFence fence)
{
   const VkTimelineSemaphoreSubmitInfo values = {
      .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
      .waitSemaphoreValueCount = 1,
      .pWaitSemaphoreValues = &wait,
      .signalSemaphoreValueCount = 1,
      .pSignalSemaphoreValues = &signal,
   };
   const VkSubmitInfo info = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
      .pNext = &values,
      .waitSemaphoreCount = 1,
      .pWaitSemaphores = &from,
      .pWaitDstStageMask = &(VkPipelineStageFlags){VK_PIPELINE_STAGE_ALL_COMMANDS_BIT},
      .commandBufferCount = commands ? 1 : 0,
      .pCommandBuffers = &commands,
      .signalSemaphoreCount = to ? 1 : 0,
      .pSignalSemaphores = &to,
   };
   REQUIRE(!vkQueueSubmit(queue, 1, &info, fence));
}

static void
signal_from_host(const struct vk *vk, VkSemaphore semaphore, uint64_t value)
{
   REQUIRE(!vkSignalSemaphore(vk->device,
                              &(VkSemaphoreSignalInfo){VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
                                                       .semaphore = semaphore, .value = value}));
}

/* --- Cases that succeed --- */

static void
waits_before_signals(void)
{
   struct vk vk = start();
   VkSemaphore host = make_timeline(&vk), other = make_timeline(&vk);
   VkFence fence = make_fence(&vk);

   submit(vk.queues[0], other, 1, VK_NULL_HANDLE, 0, NULL, fence);
   submit(vk.queues[1], host, 7, other, 1, NULL, VK_NULL_HANDLE);
   REQUIRE(vkWaitForFences(vk.device, 1, &fence, VK_TRUE, 20000000) == VK_TIMEOUT);
   REQUIRE(vkGetFenceStatus(vk.device, fence) == VK_NOT_READY);
   signal_from_host(&vk, host, 7);
   REQUIRE(vkWaitForFences(vk.device, 1, &fence, VK_TRUE, UINT64_MAX) == VK_SUCCESS);
   REQUIRE(!vkDeviceWaitIdle(vk.device));
   vkDestroyFence(vk.device, fence, NULL);
   vkDestroySemaphore(vk.device, host, NULL);
   vkDestroySemaphore(vk.device, other, NULL);
   finish(&vk);
}

static void
imports_host_memory(void)
{
   struct vk vk = start();
   uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
   const VkImportMemoryHostPointerInfoEXT import = {
      .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
      .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
      .pHostPointer = page,
   };
   VkDeviceMemory memory;
   VkCommandBuffer commands;
   VkBuffer buffer = make_buffer(&vk);

   REQUIRE(page != MAP_FAILED);
   REQUIRE(!vkAllocateMemory(
      vk.device, &(VkMemoryAllocateInfo){VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &import, 4096, 0},
      NULL, &memory));
   REQUIRE(!vkBindBufferMemory(vk.device, buffer, memory, 1024));
   REQUIRE(!vkAllocateCommandBuffers(
      vk.device,
      &(VkCommandBufferAllocateInfo){VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                     .commandPool = vk.pool, .commandBufferCount = 1},
      &commands));
   REQUIRE(!vkBeginCommandBuffer(
      commands, &(VkCommandBufferBeginInfo){VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO}));
   vkCmdFillBuffer(commands, buffer, 8, 4, 0xabababab);
   REQUIRE(!vkEndCommandBuffer(commands));
   REQUIRE(!vkQueueSubmit(vk.queues[0], 1,
                          &(VkSubmitInfo){VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1,
                                          .pCommandBuffers = &commands},
                          VK_NULL_HANDLE));
   REQUIRE(!vkQueueWaitIdle(vk.queues[0]));
   REQUIRE(page[1031] == 0 && page[1032] == 0xab && page[1035] == 0xab && page[1036] == 0);
   vkDestroyBuffer(vk.device, buffer, NULL);
   vkFreeMemory(vk.device, memory, NULL);
   finish(&vk);
   munmap(page, 4096);
}

static void
second_buffer_fails(void)
{
   setenv("TONGS_MOCK_FAIL", "vkCreateBuffer:2:VK_ERROR_OUT_OF_DEVICE_MEMORY", 1);
   struct vk vk = start();
   VkBuffer first = make_buffer(&vk), second = first;
   const VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = 1};

   REQUIRE(vkCreateBuffer(vk.device, &info, NULL, &second) == VK_ERROR_OUT_OF_DEVICE_MEMORY);
   REQUIRE(!second);
   vkDestroyBuffer(vk.device, first, NULL);
   finish(&vk);
}

/* Calls are in the log in their order, and so is what was not destroyed. */
static void
logs_calls_and_leaks(void)
{
   char path[] = "/tmp/tongs-mock-XXXXXX", text[8192];
   const int fd = mkstemp(path);
   setenv("TONGS_MOCK_LOG", path, 1);
   struct vk vk = start();
   make_buffer(&vk);
   make_fence(&vk);
   finish(&vk);
   const ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
   unlink(path);
   REQUIRE(length > 0);
   text[length] = 0;
   REQUIRE(!strncmp(text, "vkCreateInstance\n", 17));
   const char *buffer = strstr(text, "\nvkCreateBuffer\n"),
              *fence = strstr(text, "\nvkCreateFence\n");
   REQUIRE(buffer && fence && buffer < fence);
   REQUIRE(strstr(fence, "\nleaked 2 objects: VkBuffer 1 VkFence 1\n"));
}

/* --- Cases that end with a message --- */

static void
destroys_twice(void)
{
   struct vk vk = start();
   VkBuffer buffer = make_buffer(&vk);

   vkDestroyBuffer(vk.device, buffer, NULL);
   vkDestroyBuffer(vk.device, buffer, NULL);
}

static void
destroys_as_another_type(void)
{
   struct vk vk = start();

   vkDestroyImage(vk.device, (VkImage)(uintptr_t)make_buffer(&vk), NULL);
}

static void
destroys_what_is_another_devices(void)
{
   struct vk vk = start(), other = start();

   vkDestroyBuffer(other.device, make_buffer(&vk), NULL);
}

static void
destroys_a_fence_in_use(void)
{
   struct vk vk = start();
   VkFence fence = make_fence(&vk);

   submit(vk.queues[0], make_timeline(&vk), 1, VK_NULL_HANDLE, 0, NULL, fence);
   vkDestroyFence(vk.device, fence, NULL);
}

static void
names_a_dead_buffer_in_a_struct(void)
{
   struct vk vk = start();
   VkBuffer buffer = make_buffer(&vk);
   VkBufferView view;

   vkDestroyBuffer(vk.device, buffer, NULL);
   vkCreateBufferView(vk.device,
                      &(VkBufferViewCreateInfo){VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
                                                .buffer = buffer, .format = VK_FORMAT_R8_UNORM,
                                                .range = VK_WHOLE_SIZE},
                      NULL, &view);
}

static void
misspells_a_command(void)
{
   setenv("TONGS_MOCK_CRASH", "vkCmdDrow:1", 1);
   start();
}

static const struct {
   const char *name;
   void (*run)(void);
   const char *message; /* NULL: succeeds */
} cases[] = {
   {"waits before signals", waits_before_signals, NULL},
   {"imports host memory", imports_host_memory, NULL},
   {"fails the second vkCreateBuffer", second_buffer_fails, NULL},
   {"logs calls and leaks", logs_calls_and_leaks, NULL},
   {"notices a double destroy", destroys_twice, "vkDestroyBuffer: buffer, "},
   {"notices a wrong type", destroys_as_another_type, "is a VkBuffer and no VkImage"},
   {"notices another device", destroys_what_is_another_devices, "belongs to another"},
   {"notices a fence in use", destroys_a_fence_in_use, "has not completed"},
   {"notices a dead handle in a struct", names_a_dead_buffer_in_a_struct,
    "VkBufferViewCreateInfo.buffer, "},
   {"refuses an unknown command", misspells_a_command, "there is no command vkCmdDrow"},
};

/* Whether the case ends as it should; its stderr is in `text`. */
static bool
run_case(size_t i, char *text, size_t size)
{
   int ends[2], status;
   size_t used = 0;
   ssize_t got;

   if (pipe(ends))
      return false;
   fflush(NULL);
   const pid_t child = fork();
   if (!child) {
      dup2(ends[1], STDERR_FILENO);
      close(ends[0]);
      close(ends[1]);
      cases[i].run();
      exit(0);
   }
   close(ends[1]);
   while (used < size - 1 && (got = read(ends[0], text + used, size - 1 - used)) > 0)
      used += (size_t)got;
   text[used] = 0;
   close(ends[0]);
   if (child < 0 || waitpid(child, &status, 0) != child)
      return false;
   if (!cases[i].message)
      return WIFEXITED(status) && !WEXITSTATUS(status);
   return !(WIFEXITED(status) && !WEXITSTATUS(status)) && strstr(text, cases[i].message);
}

int
main(void)
{
   const size_t count = sizeof(cases) / sizeof(cases[0]);
   char text[16384];

   for (size_t i = 0; i < count; i++) {
      const bool right = run_case(i, text, sizeof(text));
      if (!right)
         fprintf(stderr, "%s", text);
      check_report(right, "%s", cases[i].name);
   }
   return check_end();
}
