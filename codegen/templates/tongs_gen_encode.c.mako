<%namespace name="codec" file="codec.mako" inheritable="True"/>\
/* ${made_by}. SPDX-License-Identifier: MIT */
#include "tongs_gen_structs.h"

#include "protocol/ignored.h"

#include "tongs_gen_types.h"

% for s in structs:
% if s.raw_union:
void
tongs_encode_${s.name}(struct tongs_encoder *e, const ${s.name} *v)
{
   tongs_encode_fixed(e, v, sizeof(*v));
}

% elif s.union_member:
void
tongs_encode_${s.name}(struct tongs_encoder *e, const ${s.name} *v)
{
${codec.encode(s.only)}\
}

% elif s.union:
void
tongs_encode_${s.name}(struct tongs_encoder *e, const ${s.name} *v, ${s.selector_type} selector)
{
   tongs_encode_u32(e, selector);
   switch ((uint32_t)selector) {
% for selections, m in s.cases:
% for selection in selections:
   case ${selection}:
% endfor
${codec.encode(m)}\
      break;
% endfor
   default:
      break;
   }
}

% elif s.pod:
void
tongs_encode_${s.name}(struct tongs_encoder *e, const ${s.name} *v)
{
   tongs_encode_fixed(e, v, sizeof(*v));
}

% else:
% if s.chained:
void
tongs_encode_${s.name}_body(struct tongs_encoder *e, const ${s.name} *v)
{
% if s.context:
   uint32_t ignored = e->ignored;
   e->ignored = ${s.context};
% endif
% for part in s.unchained_parts:
${codec.encode_part(part)}\
% endfor
% if s.context:
   e->ignored = ignored;
% endif
% if s.empty:
   (void)e, (void)v;
% endif
}

void
tongs_encode_${s.name}(struct tongs_encoder *e, const ${s.name} *v)
{
   tongs_encode_chain(e, v->pNext, TONGS_STRUCT_${s.name});
   tongs_encode_${s.name}_body(e, v);
}

% else:
void
tongs_encode_${s.name}(struct tongs_encoder *e, const ${s.name} *v)
{
% if s.context:
   uint32_t ignored = e->ignored;
   e->ignored = ${s.context};
% endif
% for part in s.parts:
${codec.encode_part(part, s)}\
% endfor
% if s.context:
   e->ignored = ignored;
% endif
}

% endif
% endif
% if s.arrayed and (not s.union or s.raw_union):
void
tongs_encode_${s.name}_array(struct tongs_encoder *e, const ${s.name} *v, uint64_t count)
{
% if s.pod:
   tongs_encode_array(e, v, v ? count * (sizeof(*v) / ${s.unit}) : 0, ${s.unit});
% else:
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_${s.name}(e, &v[i]);
% endif
}

% endif
% if s.pointered:
void
tongs_encode_${s.name}_pointers(struct tongs_encoder *e, const ${s.name} *const *v, uint64_t count)
{
   if (!v)
      count = 0;
   tongs_encode_u32(e, (uint32_t)count);
   for (uint64_t i = 0; i < count && !e->failed; i++)
      tongs_encode_${s.name}(e, v[i]);
}

% endif
% endfor
