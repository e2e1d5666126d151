/* SPDX-License-Identifier: MIT */
#include "renderer/limits.h"

#include "tongs_gen_wire.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

const char *const rdr_limit_names[RDR_LIMIT_COUNT] = {
   [offsetof(struct rdr_limits, op_bytes) / sizeof(uint64_t)] = "op-bytes",
   [offsetof(struct rdr_limits, objects) / sizeof(uint64_t)] = "objects",
   [offsetof(struct rdr_limits, objects_of_type) / sizeof(uint64_t)] = "objects-of-type",
   [offsetof(struct rdr_limits, devices) / sizeof(uint64_t)] = "devices",
   [offsetof(struct rdr_limits, pipelines) / sizeof(uint64_t)] = "pipelines",
   [offsetof(struct rdr_limits, memory_bytes) / sizeof(uint64_t)] = "memory-bytes",
   [offsetof(struct rdr_limits, heaps) / sizeof(uint64_t)] = "heaps",
   [offsetof(struct rdr_limits, heap_bytes) / sizeof(uint64_t)] = "heap-bytes",
   [offsetof(struct rdr_limits, waiting_calls) / sizeof(uint64_t)] = "waiting-calls",
   [offsetof(struct rdr_limits, waiting_call_bytes) / sizeof(uint64_t)] = "waiting-call-bytes",
   [offsetof(struct rdr_limits, compilations) / sizeof(uint64_t)] = "compilations",
   [offsetof(struct rdr_limits, compilation_bytes) / sizeof(uint64_t)] = "compilation-bytes",
   [offsetof(struct rdr_limits, submissions) / sizeof(uint64_t)] = "submissions",
   [offsetof(struct rdr_limits, descriptors) / sizeof(uint64_t)] = "descriptors",
};

struct rdr_limits
rdr_limits_default(void)
{
   return (struct rdr_limits){
      .op_bytes = 512 * MIB,
      .objects = TONGS_SLOTS_MAX,
      .objects_of_type = TONGS_SLOTS_MAX / 4,
      .devices = 512,
      .pipelines = 131072,
      .memory_bytes = INT64_MAX,
      .heaps = 4096,
      .heap_bytes = UINT64_C(1) << 40,
      .waiting_calls = 256,
      .waiting_call_bytes = 256 * MIB,
      .compilations = 256,
      .compilation_bytes = 256 * MIB,
      .submissions = 65536,
      .descriptors = 65536,
   };
}

/* The largest values that the worker can handle: slots and counts have 32 bits, and tables grow by
 * doubling. */
static struct rdr_limits
largest(void)
{
   const uint64_t count = UINT64_C(1) << 30;

   return (struct rdr_limits){
      .op_bytes = SIZE_MAX,
      .objects = count,
      .objects_of_type = count,
      .devices = count,
      .pipelines = count,
      .memory_bytes = INT64_MAX,
      .heaps = count,
      .heap_bytes = INT64_MAX,
      .waiting_calls = count,
      .waiting_call_bytes = SIZE_MAX,
      .compilations = count,
      .compilation_bytes = SIZE_MAX,
      .submissions = count,
      .descriptors = count,
   };
}

void
rdr_limits_encode(const struct rdr_limits *limits, uint8_t message[RDR_LIMITS_MESSAGE_SIZE])
{
   const uint64_t size = RDR_LIMITS_MESSAGE_SIZE;

   memcpy(message, &size, sizeof(size));
   memcpy(message + sizeof(size), limits, sizeof(*limits));
}

/* Whether each value is at least 1 and at most that of largest(). */
static bool
are_in_range(const struct rdr_limits *limits)
{
   const struct rdr_limits most = largest();

   for (size_t i = 0; i < RDR_LIMIT_COUNT; i++) {
      if (!rdr_limits_value(limits, i) || rdr_limits_value(limits, i) > rdr_limits_value(&most, i))
         return false;
   }
   return true;
}

bool
rdr_limits_decode(struct rdr_limits *limits, const uint8_t *message, size_t size)
{
   struct rdr_limits received;
   uint64_t said;

   if (size != RDR_LIMITS_MESSAGE_SIZE)
      return false;
   memcpy(&said, message, sizeof(said));
   memcpy(&received, message + sizeof(said), sizeof(received));
   if (said != size || !are_in_range(&received))
      return false;
   *limits = received;
   return true;
}

uint64_t
rdr_limits_value(const struct rdr_limits *limits, size_t index)
{
   uint64_t values[RDR_LIMIT_COUNT];

   _Static_assert(sizeof(values) == sizeof(*limits), "every member is a uint64_t");
   memcpy(values, limits, sizeof(values));
   return values[index];
}

bool
rdr_limits_set(struct rdr_limits *limits, const char *text)
{
   struct rdr_limits changed;
   uint64_t values[RDR_LIMIT_COUNT];
   const char *number = strchr(text, '=');
   size_t index = 0;
   char *end;

   if (!number || !isdigit((unsigned char)number[1]))
      return false;
   while (index < RDR_LIMIT_COUNT &&
          (strlen(rdr_limit_names[index]) != (size_t)(number - text) ||
           strncmp(rdr_limit_names[index], text, (size_t)(number - text)) != 0))
      index++;
   if (index == RDR_LIMIT_COUNT)
      return false;
   memcpy(values, limits, sizeof(values));
   errno = 0;
   values[index] = strtoull(number + 1, &end, 10);
   memcpy(&changed, values, sizeof(changed));
   if (*end || errno || !are_in_range(&changed))
      return false;
   *limits = changed;
   return true;
}

struct rdr_guest_limits
rdr_guest_limits_default(void)
{
   return (struct rdr_guest_limits){
      .resources = 65536,
      .contexts = 1024,
      .ranges = UINT64_C(1) << 23,
      .attachments = 8192,
      .leases = 8192,
      .table_bytes = 256 * MIB,
      .waits = 48,
      .mapped = 192,
   };
}
