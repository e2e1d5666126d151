/* SPDX-License-Identifier: MIT */

/* The limits of a client on their way from the broker to a worker (rule R11). */

#include "renderer/limits.h"
#include "tests/check.h"

#include <string.h>

/* Any member, as they are all alike. */
static void
set(uint8_t *message, size_t member, uint64_t value)
{
   memcpy(message + sizeof(value) * (1 + member), &value, sizeof(value));
}

int
main(void)
{
   const size_t size = RDR_LIMITS_MESSAGE_SIZE,
                count = sizeof(struct rdr_limits) / sizeof(uint64_t);
   uint8_t message[RDR_LIMITS_MESSAGE_SIZE + 8] = {0}, damaged[RDR_LIMITS_MESSAGE_SIZE];
   struct rdr_limits sent = rdr_limits_default(), got = {0};
   bool refused = true;

   sent.heaps = 7;
   rdr_limits_encode(&sent, message);
   fact(rdr_limits_decode(&got, message, size) && !memcmp(&got, &sent, sizeof(got)),
        "limits that were encoded decode to the same limits");

   const struct rdr_limits before = got;
   for (size_t i = 0; i < size; i++)
      refused &= !rdr_limits_decode(&got, message, i);
   fact(refused, "every truncated message is refused");
   fact(!rdr_limits_decode(&got, message, size + 8), "a longer message is refused");

   for (size_t i = 0; i < count; i++) {
      memcpy(damaged, message, size);
      set(damaged, i, 0);
      refused &= !rdr_limits_decode(&got, damaged, size);
   }
   fact(refused, "a limit of nothing is refused, whichever it is");
   memcpy(damaged, message, size);
   set(damaged, 1, UINT64_C(1) << 32);
   fact(!rdr_limits_decode(&got, damaged, size), "more objects than an id can name are refused");
   memcpy(damaged, message, size);
   damaged[0]++;
   fact(!rdr_limits_decode(&got, damaged, size), "a message that states another size is refused");
   fact(!memcmp(&got, &before, sizeof(got)), "what is refused changes nothing");

   struct rdr_limits limits = rdr_limits_default();
   fact(rdr_limits_set(&limits, "heaps=7") && limits.heaps == 7, "a limit is set by its name");
   const struct rdr_limits kept = limits;
   refused = true;
   const char *const wrong[] = {"heaps",
                                "heaps=",
                                "heaps=0",
                                "heaps=-1",
                                "heaps=7x",
                                "=7",
                                "heap=7",
                                "heap-bytes=",
                                "heapss=7",
                                "heaps= 7",
                                "heaps=99999999999999999999999",
                                "objects=4294967296"};
   for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
      refused &= !rdr_limits_set(&limits, wrong[i]);
   fact(refused && !memcmp(&limits, &kept, sizeof(kept)),
        "a text that names no limit, or a value out of range, is refused and changes nothing");
   bool named = true;
   for (size_t i = 0; i < RDR_LIMIT_COUNT; i++)
      named &= rdr_limit_names[i] != NULL;
   fact(named, "every limit has a name");
   return check_end();
}
