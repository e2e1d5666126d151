/* SPDX-License-Identifier: MIT */
/*
 * stub: calls a command that drivers may leave out, although the extension that brings it is there:
 * building an acceleration structure in the host's memory.
 */
#include "tests/programs/common.h"

#include <stdio.h>

static enum prog_status
run(struct prog *p)
{
   p->extensions[0] = VK_KHR_ACCELERATION_STRUCTURE_EXTENSION_NAME;
   p->extensions[1] = VK_KHR_DEFERRED_HOST_OPERATIONS_EXTENSION_NAME;
   PROG_STEP(prog_init(p));
   PFN_vkBuildAccelerationStructuresKHR build =
      (PFN_vkBuildAccelerationStructuresKHR)vkGetDeviceProcAddr(p->device,
                                                                "vkBuildAccelerationStructuresKHR");
   if (!build)
      return prog_skipped(p, "vkBuildAccelerationStructuresKHR has no address");
   printf("calling\n");
   fflush(stdout);
   printf("the call gives %s\n", prog_result_name(build(p->device, VK_NULL_HANDLE, 0, NULL, NULL)));
   return PROG_RIGHT;
}

int
main(void)
{
   struct prog p = {0};
   const enum prog_status status = run(&p);

   if (status == PROG_RIGHT)
      prog_finish(&p);
   return prog_report(&p, "stub", status);
}
