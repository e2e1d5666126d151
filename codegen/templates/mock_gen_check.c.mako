<%namespace name="mock" file="mock_gen.mako"/>\
/* ${made_by}. SPDX-License-Identifier: MIT */
#include "mock_gen.h"

#include "protocol/ignored.h"

% for s in ir.structs:
% if s.inputs and s.selected:
static void
check_union_${s.name}(struct mock_check *e,
   const ${s.name} *v, ${s.selector_type} selector)
{
   switch ((uint32_t)selector) {
% for selections, m in s.cases:
% for selection in selections:
   case ${selection}:
% endfor
   {
${mock.check(m, s.prefix)}\
   }
      break;
% endfor
   default:
      break;
   }
   (void)e, (void)v;
}

% endif
% endfor
% for x in checked_structs:
<% s = x.s %>\
% if s.chained:
static void
check_body_${s.name}(struct mock_check *e,
   const ${s.name} *v)
{
% if x.holds and s.context:
   uint32_t ignored = e->ignored;
   e->ignored = ${s.context};
% endif
% for m in x.checked:
${mock.check(m, s.prefix)}\
% endfor
% if x.holds and s.context:
   e->ignored = ignored;
% endif
   (void)e, (void)v;
}

void
mock_check_${s.name}(struct mock_check *e,
   const ${s.name} *v)
{
   mock_check_stype(e, v, ${s.stype});
   mock_check_chain(e, v->pNext);
   check_body_${s.name}(e, v);
}

% else:
void
mock_check_${s.name}(struct mock_check *e,
   const ${s.name} *v)
{
% if s.stype:
   mock_check_stype(e, v, ${s.stype});
% endif
% if s.context:
   uint32_t ignored = e->ignored;
   e->ignored = ${s.context};
% endif
% for m in x.checked:
${mock.check(m, s.prefix)}\
% endfor
% if s.context:
   e->ignored = ignored;
% endif
   (void)e, (void)v;
}

% endif
% endfor
void
mock_check_chain(struct mock_check *e, const void *next)
{
   for (const VkBaseInStructure *s = next; s; s = s->pNext) {
      switch ((uint32_t)s->sType) {
% for x in checked_structs:
% if x.s.chained and x.holds:
      case ${x.s.stype}:
         check_body_${x.s.name}(e, (const void *)s);
         break;
% endif
% endfor
      default:
         break;
      }
   }
}
