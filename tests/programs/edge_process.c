/* SPDX-License-Identifier: MIT */
/*
 * A process that forks, or that looks at its children. The argument says which:
 *
 *    outlive     makes an instance and forks; the child waits until its input ends, the parent ends
 *    device      makes an instance and forks; the child computes with it, the parent waits
 *    children    makes and destroys 30 instances, and prints how many children were told by SIGCHLD
 *                and how many are left
 *    subreaper   the same in a process that takes in orphans
 *    again       for each line of its input: makes an instance and a device, destroys them, and
 *                prints "made"; a line that is not empty is put into the environment first
 */
#include "tests/programs/common.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define INSTANCES 30

static volatile sig_atomic_t signals;

static void
count_signal(int number)
{
   (void)number;
   signals++;
}

static enum prog_status
make_instance(struct prog *p, VkInstance *instance)
{
   const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};

   PROG_VK(p, vkCreateInstance(&info, NULL, instance));
   return PROG_RIGHT;
}

static enum prog_status
outlive(struct prog *p)
{
   VkInstance instance;

   PROG_STEP(make_instance(p, &instance));
   printf("ready\n");
   fflush(stdout);
   while (getchar() != '\n')
      ;
   pid_t pid = fork();
   PROG_EXPECT(p, pid >= 0, "fork: %s", strerror(errno));
   if (pid)
      _exit(PROG_RIGHT);
   while (getchar() != EOF)
      ;
   return PROG_RIGHT;
}

/* Any child that has ended or still runs, each counted once, but none of them reaped before. */
static int
count_children(void)
{
   int count = 0;

   while (waitpid(-1, NULL, __WALL) > 0)
      count++;
   return count;
}

static enum prog_status
children(struct prog *p)
{
   struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};

   sigaction(SIGCHLD, &action, NULL);
   for (int i = 0; i < INSTANCES; i++) {
      VkInstance instance;
      PROG_STEP(make_instance(p, &instance));
      vkDestroyInstance(instance, NULL);
   }
   printf("children %d signals %d\n", count_children(), (int)signals);
   return PROG_RIGHT;
}

static enum prog_status
subreaper(struct prog *p)
{
   PROG_EXPECT(p, prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "prctl: %s", strerror(errno));
   return children(p);
}

static enum prog_status
make_device(struct prog *p, VkPhysicalDevice physical, VkDevice *device)
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

   PROG_VK(p, vkCreateDevice(physical, &info, NULL, device));
   return PROG_RIGHT;
}

static enum prog_status
first_physical(struct prog *p, VkInstance instance, VkPhysicalDevice *physical)
{
   uint32_t count = 1;

   const VkResult result = vkEnumeratePhysicalDevices(instance, &count, physical);
   PROG_EXPECT(p, result >= 0 && count == 1, "no device");
   return PROG_RIGHT;
}

/* The device is made of an instance of the parent. */
static enum prog_status
use_inherited(struct prog *p, VkInstance instance, VkPhysicalDevice physical)
{
   VkDevice made;
   VkQueue queue;

   PROG_STEP(make_device(p, physical, &made));
   vkGetDeviceQueue(made, 0, 0, &queue);
   PROG_VK(p, vkQueueSubmit(queue, 0, NULL, VK_NULL_HANDLE));
   PROG_VK(p, vkQueueWaitIdle(queue));
   vkDestroyDevice(made, NULL);
   vkDestroyInstance(instance, NULL);
   return PROG_RIGHT;
}

static enum prog_status
device(struct prog *p)
{
   VkInstance instance;
   VkPhysicalDevice physical;
   int status;

   PROG_STEP(make_instance(p, &instance));
   PROG_STEP(first_physical(p, instance, &physical));
   fflush(NULL);
   pid_t pid = fork();
   PROG_EXPECT(p, pid >= 0, "fork: %s", strerror(errno));
   if (pid == 0)
      _exit(prog_report(p, "edge_process", use_inherited(p, instance, physical)));
   waitpid(pid, &status, 0);
   return WIFEXITED(status) ? (enum prog_status)WEXITSTATUS(status) : PROG_WRONG;
}

static enum prog_status
again(struct prog *p)
{
   char line[100];

   while (fgets(line, sizeof(line), stdin)) {
      VkInstance instance;
      VkPhysicalDevice physical;
      VkDevice made;
      line[strcspn(line, "\n")] = 0;
      if (line[0])
         setenv("EDGE_PROCESS", line, 1);
      PROG_STEP(make_instance(p, &instance));
      PROG_STEP(first_physical(p, instance, &physical));
      PROG_STEP(make_device(p, physical, &made));
      vkDestroyDevice(made, NULL);
      vkDestroyInstance(instance, NULL);
      printf("made\n");
      fflush(stdout);
   }
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   static const struct {
      const char *name;
      enum prog_status (*run)(struct prog *p);
   } modes[] = {
      {"outlive", outlive},     {"device", device}, {"children", children},
      {"subreaper", subreaper}, {"again", again},
   };
   struct prog p = {0};

   for (size_t i = 0; argc == 2 && i < PROG_COUNT(modes); i++) {
      if (!strcmp(argv[1], modes[i].name))
         return prog_report(&p, "edge_process", modes[i].run(&p));
   }
   fprintf(stderr, "usage: edge_process outlive|device|children|subreaper|again\n");
   return 2;
}
