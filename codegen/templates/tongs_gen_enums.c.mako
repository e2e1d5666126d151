/* ${made_by}. SPDX-License-Identifier: MIT */
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

% for e in ir.enums:
% if e.sparse:
static const struct run more_${e.name}[] = {
% for first, last in e.sparse:
   {${first}, ${last}},
% endfor
};
% endif
% endfor

static const struct range ranges[TONGS_ENUM_COUNT] = {
% for e in ir.enums:
% if e.sparse:
   [TONGS_ENUM_${e.name}] = {{${e.first}, ${e.last}}, more_${e.name}, ${len(e.sparse)}},
% else:
   [TONGS_ENUM_${e.name}] = {{${e.first}, ${e.last}}, 0, 0},
% endif
% endfor
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
% for name, value, type in ir.object_types:
   case ${value}: /* ${name} */
      return TONGS_TYPE_${type};
% endfor
   default:
      return 0;
   }
}

const struct tongs_format tongs_formats[] = {
% for f, value, planes in ir.formats:
% if planes:
   {${value}, ${f.block_size}, ${f.extent}, {${planes}}}, /* ${f.name} */
% else:
   {${value}, ${f.block_size}, ${f.extent}, {0}}, /* ${f.name} */
% endif
% endfor
   {0}
};
const uint32_t tongs_format_count = ${len(ir.formats)};
