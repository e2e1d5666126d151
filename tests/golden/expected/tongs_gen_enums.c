/* made by codegen/gen.py from tongs_gen_enums.c.mako: do not edit. SPDX-License-Identifier: MIT */
#include "tongs_gen_types.h"

#include "protocol/format.h"

struct run {
   int32_t first;
   int32_t last;
};

struct range {
   struct run first;
   const struct run *more;
   uint32_t count;
};

static const struct run more_VkFormat[] = {
   {1000156000, 1000156000},
};
static const struct run more_VkObjectType[] = {
   {9, 9},
   {22, 22},
};

static const struct range ranges[TONGS_ENUM_COUNT] = {
   [TONGS_ENUM_VkFormat] = {{0, 1}, more_VkFormat, 1},
   [TONGS_ENUM_VkGeometryTypeKHR] = {{0, 1}, 0, 0},
   [TONGS_ENUM_VkObjectType] = {{0, 0}, more_VkObjectType, 2},
};

int32_t
tongs_enum_in_range(uint32_t which, int32_t value)
{
   const struct range *range = &ranges[which];

   if (value >= range->first.first && value <= range->first.last)
      return value;
   for (uint32_t i = 0; i < range->count; i++) {
      if (value >= range->more[i].first && value <= range->more[i].last)
         return value;
   }
   return range->first.first;
}

uint8_t
tongs_type_of_object(uint32_t object_type)
{
   switch (object_type) {
   case 9: /* VK_OBJECT_TYPE_BUFFER */
      return TONGS_TYPE_VkBuffer;
   default:
      return 0;
   }
}

const struct tongs_format tongs_formats[] = {
   {0}
};
const uint32_t tongs_format_count = 0;
