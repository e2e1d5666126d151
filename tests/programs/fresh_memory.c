/* SPDX-License-Identifier: MIT */
/*
 * fresh_memory: writes to memory, frees it, and looks for the bytes in memory of the same size that
 * it allocates afterwards. Prints how many of the new allocations held any.
 */
#include "tests/programs/common.h"

#include <stdio.h>
#include <string.h>

#define TURNS 64
/* Small allocations come from the heap of the C library, in a driver that runs on the CPU. */
#define SIZE (UINT64_C(64) * 1024)

static enum prog_status
run(struct prog *p)
{
   const VkMappedMemoryRange all = {.sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
                                    .size = VK_WHOLE_SIZE};
   unsigned held = 0;

   PROG_STEP(prog_init(p));
   for (unsigned turn = 0; turn < TURNS; turn++) {
      struct prog_buffer buffer;

      PROG_STEP(prog_buffer_init(p, &buffer, SIZE, VK_BUFFER_USAGE_TRANSFER_DST_BIT));
      VkMappedMemoryRange range = all;
      range.memory = buffer.memory;
      PROG_VK(p, vkInvalidateMappedMemoryRanges(p->device, 1, &range));
      held += memchr(buffer.map, 0xab, SIZE) != NULL;
      memset(buffer.map, 0xab, SIZE);
      PROG_VK(p, vkFlushMappedMemoryRanges(p->device, 1, &range));
      prog_buffer_finish(p, &buffer);
   }
   printf("%u of %u allocations held the bytes of an earlier one\n", held, TURNS);
   return PROG_RIGHT;
}

int
main(void)
{
   struct prog p = {0};
   const enum prog_status status = run(&p);

   prog_finish(&p);
   return prog_report(&p, "fresh_memory", status);
}
