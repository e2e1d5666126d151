<%namespace name="mock" file="mock_gen.mako"/>\
<% found = mock.module.with_handles(ir, by_name) %>\
/* ${made_by}. SPDX-License-Identifier: MIT */
#include "mock_gen.h"

#include "protocol/ignored.h"

% for s in ir.structs:
% if s.inputs and s.union and not s.raw_union and not s.union_member:
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
${mock.check(m, s.name + ".", by_name)}\
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
% for s in ir.structs:
% if s.inputs and not s.union:
% if s.chained:
static void
check_body_${s.name}(struct mock_check *e,
   const ${s.name} *v)
{
% if s.name in found:
% if s.context:
   uint32_t ignored = e->ignored;
   e->ignored = ${s.context};
% endif
% for m in s.members:
% if m.kind != "chain" and (m.kind in ("handle", "handles", "union") or m.type in found):
${mock.check(m, s.name + ".", by_name)}\
% endif
% endfor
% if s.context:
   e->ignored = ignored;
% endif
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
% for m in s.members:
% if m.kind in ("chain", "handle", "handles", "union") or m.type in found:
${mock.check(m, s.name + ".", by_name)}\
% endif
% endfor
% if s.context:
   e->ignored = ignored;
% endif
   (void)e, (void)v;
}

% endif
% endif
% endfor
void
mock_check_chain(struct mock_check *e, const void *next)
{
   for (const VkBaseInStructure *s = next; s; s = s->pNext) {
      switch ((uint32_t)s->sType) {
% for s in ir.structs:
% if s.inputs and s.chained and s.stype and s.name in found:
      case ${s.stype}:
         check_body_${s.name}(e, (const void *)s);
         break;
% endif
% endfor
      default:
         break;
      }
   }
}
