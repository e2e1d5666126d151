/* SPDX-License-Identifier: MIT */
#include "renderer/limits.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define LIMIT_COUNT (sizeof(struct rdr_limits) / sizeof(uint64_t))

struct rdr_limits
rdr_limits_default(void)
{
   return (struct rdr_limits){
      .op_bytes = 512 * MIB,
      .objects = UINT64_C(1) << 22,
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

/* The largest values that the worker's code copes with: slots and counts are 32 bits, and tables
 * double. */
static struct rdr_limits
largest(void)
{
   const uint64_t count = UINT64_C(1) << 30;

   return (struct rdr_limits){
      .op_bytes = SIZE_MAX,
      .objects = count,
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

bool
rdr_limits_decode(struct rdr_limits *limits, const uint8_t *message, size_t size)
{
   const struct rdr_limits most = largest();
   uint64_t said, values[LIMIT_COUNT], bounds[LIMIT_COUNT];

   _Static_assert(sizeof(values) == sizeof(*limits), "every member is a uint64_t");
   if (size != RDR_LIMITS_MESSAGE_SIZE)
      return false;
   memcpy(&said, message, sizeof(said));
   if (said != size)
      return false;
   memcpy(values, message + sizeof(said), sizeof(values));
   memcpy(bounds, &most, sizeof(bounds));
   for (size_t i = 0; i < LIMIT_COUNT; i++) {
      if (!values[i] || values[i] > bounds[i])
         return false;
   }
   memcpy(limits, values, sizeof(*limits));
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
