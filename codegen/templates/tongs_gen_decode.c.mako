<%namespace name="codec" file="codec.mako" inheritable="True"/>\
/* ${made_by}. SPDX-License-Identifier: MIT */
#include "tongs_gen_structs.h"

#include "protocol/bounds.h"

#include "tongs_gen_types.h"

<%def name="checks(s)">\
% for check in s.checks:
   if (!d->error && !(${check}))
      tongs_decoder_fail(d, TONGS_DECODE_RANGE);
% endfor
% if s.limit_checks:
   const VkPhysicalDeviceLimits *limits = tongs_decoder_limits(d);
% endif
% for check in s.limit_checks:
   if (!d->error && limits && !(${check}))
      tongs_decoder_fail(d, TONGS_DECODE_RANGE);
% endfor
% for c in s.count_checks:
   {
% if c.cond:
      const ${c.child} *child = ${c.cond} ? tongs_find_in_chain(v->pNext, ${c.stype}) : NULL;
% else:
      const ${c.child} *child = tongs_find_in_chain(v->pNext, ${c.stype});
% endif
% if c.may_be_zero:
      if (!d->error && child && child->${c.child_member} && child->${c.child_member} != v->${c.parent_member})
% else:
      if (!d->error && child && child->${c.child_member} != v->${c.parent_member})
% endif
         tongs_decoder_fail(d, TONGS_DECODE_COUNT);
   }
% endfor
${codec.bounds(s.bounds)}\
</%def>\
% for s in structs:
% if not s.inputs:
<% pass %>\
% elif s.raw_union or s.pod:
void
tongs_decode_${s.name}(struct tongs_decoder *d, ${s.name} *v)
{
   tongs_decode_fixed(d, v, sizeof(*v));
${checks(s)}\
}

% elif s.union_member:
void
tongs_decode_${s.name}(struct tongs_decoder *d, ${s.name} *v)
{
${codec.decode(s.only)}\
}

% elif s.union:
void
tongs_decode_${s.name}(struct tongs_decoder *d, ${s.name} *v, ${s.selector_type} selector)
{
   if (tongs_decode_u32(d) != (uint32_t)selector)
      tongs_decoder_fail(d, TONGS_DECODE_VALUE);
   switch ((uint32_t)selector) {
% for selections, m in s.cases:
% for selection in selections:
   case ${selection}:
% endfor
${codec.decode(m)}\
      break;
% endfor
   default: /* the selector selects nothing */
      break;
   }
   (void)v;
}

% else:
% if s.chained:
void
tongs_decode_${s.name}_body(struct tongs_decoder *d, ${s.name} *v)
{
${codec.declare_slots(s.slots)}\
   v->sType = ${s.stype};
% for part in s.unchained_parts:
${codec.decode_part(part)}\
% endfor
${checks(s)}\
% if s.empty:
   (void)d;
% endif
}

void
tongs_decode_${s.name}(struct tongs_decoder *d, ${s.name} *v)
{
   v->pNext = tongs_decode_chain(d, TONGS_STRUCT_${s.name});
   tongs_decode_${s.name}_body(d, v);
}

% else:
void
tongs_decode_${s.name}(struct tongs_decoder *d, ${s.name} *v)
{
${codec.declare_slots(s.slots)}\
% for part in s.parts:
% if part.array and part.array.kind == "stype":
   v->sType = ${s.stype};
% elif part.array and part.array.kind == "chain":
   v->pNext = tongs_decode_chain(d, TONGS_STRUCT_${s.name});
% else:
${codec.decode_part(part)}\
% endif
% endfor
${checks(s)}\
}

% endif
% endif
% if s.inputs and s.arrayed and (not s.union or s.raw_union):
${s.name} *
tongs_decode_${s.name}_array(struct tongs_decoder *d, uint64_t expected, bool optional)
{
% if s.pod and s.checks:
   ${s.name} *list = (${s.name} *)tongs_decode_pods(d, expected, optional, sizeof(*list), ${s.unit});

   for (uint64_t i = 0; list && i < expected; i++) {
      const ${s.name} *v = &list[i];
% for check in s.checks:
      if (!d->error && !(${check}))
         tongs_decoder_fail(d, TONGS_DECODE_RANGE);
% endfor
   }
   return d->error ? NULL : list;
% elif s.pod:
   return (${s.name} *)tongs_decode_pods(d, expected, optional, sizeof(${s.name}), ${s.unit});
% else:
   uint32_t count = tongs_decode_count(d, expected, optional, ${s.min_size});
   ${s.name} *v = tongs_decode_alloc(d, count, sizeof(*v));

   for (uint32_t i = 0; v && i < count && !d->error; i++)
      tongs_decode_${s.name}(d, &v[i]);
   return v;
% endif
}

% endif
% if s.pointered and s.inputs:
const ${s.name} *const *
tongs_decode_${s.name}_pointers(struct tongs_decoder *d, uint64_t expected, bool optional)
{
   uint32_t count = tongs_decode_count(d, expected, optional, ${s.min_size});
   ${s.name} *v = tongs_decode_alloc(d, count, sizeof(*v));
   const ${s.name} **list = tongs_decode_alloc(d, count, sizeof(*list));

   for (uint32_t i = 0; v && list && i < count && !d->error; i++) {
      tongs_decode_${s.name}(d, &v[i]);
      list[i] = &v[i];
   }
   return list;
}

% endif
% endfor
