/* SPDX-License-Identifier: MIT */
/*
 * The two halves of the program `lost` share this: lost.c waits for the loss in one of several
 * ways, lost_after.c looks at what works afterwards.
 */
#ifndef PROG_LOST_H
#define PROG_LOST_H

#include "tests/programs/common.h"

/* The loss must be told within this time, unless --limit says otherwise. */
#define LOST_LIMIT_NS (1000ull * 1000 * 1000)
#define LOST_PATTERN_WORDS 16384u

struct lost {
   struct prog p;
   const char *mode;
   const char *file; /* may be NULL: the parent writes the time of the kill there */
   uint64_t
      limit_ns;    /* within which the loss must be told, and each call on the lost device return */
   bool self_test; /* nobody kills; the program ends its own waits */
   bool submitted; /* fence belongs to a submission that never ends */
   VkSemaphore timeline; /* stays 0: submissions wait for 1, and would then signal 2 */
   VkFence fence;
   VkCommandBuffer commands;
   VkQueryPool queries;
   VkEvent event;
   struct prog_buffer mapped;   /* filled with lost_pattern() */
   struct prog_buffer unmapped; /* its map is NULL */
   struct prog_compute compute; /* shaders/write.comp over mapped */
};

/* The alarm handler names the step in which the program hangs. */
void
lost_step(const char *name);

/* When the worker was killed, 0 before. */
uint64_t
lost_time(const struct lost *l);

uint32_t
lost_pattern(uint32_t index);

/* Checks what calls give on the lost device, and that what is there can be destroyed. */
enum prog_status
lost_check_calls(struct lost *l);

enum prog_status
lost_check_mapped(struct lost *l);

/* Destroys everything, the instance too. */
enum prog_status
lost_check_destroys(struct lost *l);

#endif
