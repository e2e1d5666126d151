## SPDX-License-Identifier: MIT
<%! import info %>\
<%
structs = info.struct_tables(ir)
args = info.op_tables(ir)
%>\
/* ${made_by}. SPDX-License-Identifier: MIT */
#include "protocol/info.h"

#include "tongs_gen_args.h"
#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

% for n in ir.names.values():
static const struct tongs_info_name values_${n.type}[] = {
% for name, value in n.values:
   {"${name}", ${value}u},
% endfor
   {0},
};
static const struct tongs_info_names names_${n.type} = {
   "${n.type}", ${"true" if n.flags else "false"}, values_${n.type}, ${len(n.values)},
};
% endfor

<%def name="functions(r)">\
% if r.count and r.m.kind not in ("stype", "chain"):
static uint64_t
count_${r.symbol}(const void *p)
{
   const ${r.owner} *v = p;

   (void)v;
   return ${r.count};
}

% endif
% if r.m.inner:
static uint64_t
inner_${r.symbol}(const void *p, uint64_t i)
{
   const ${r.owner} *v = p;

   return ${r.m.inner};
}

% endif
% if r.m.selector:
static uint32_t
selector_${r.symbol}(const void *p)
{
   const ${r.owner} *v = p;

   return (uint32_t)${r.m.selector};
}

% endif
% if r.m.kind == "bitfields":
static uint32_t
get_${r.symbol}(const void *p)
{
   const ${r.owner} *v = p;

   return ${r.m.bits};
}

static void
set_${r.symbol}(void *p, uint32_t bits)
{
   ${r.owner} *v = p;

% for name, width in r.m.fields:
   v->${name} = bits & ${hex((1 << width) - 1)}u;
% if not loop.last:
   bits >>= ${width};
% endif
% endfor
}

static const struct tongs_info_field fields_${r.symbol}[] = {
% for name, width in r.m.fields:
   {"${name}", ${width}},
% endfor
};
static const struct tongs_info_bitfields bitfields_${r.symbol} = {
   fields_${r.symbol}, ${len(r.m.fields)}, get_${r.symbol}, set_${r.symbol},
};

% endif
</%def>\
<%def name="row(r)">\
   {
      .name = "${r.m.name}",
      .type = "${r.m.type}",
      .kind = TONGS_INFO_${r.m.kind.upper()},
% if r.m.wire:
      .wire = TONGS_WIRE_${r.m.wire.upper()},
% endif
% if r.m.handle:
      .handle = TONGS_TYPE_${r.m.handle},
% endif
% if r.m.dispatchable:
      .dispatchable = true,
% endif
% if r.m.optional:
      .optional = true,
% endif
% if r.m.cond:
      .conditional = true,
% endif
% if r.counts:
      .counts = true,
% endif
      .enumeration = ${f"TONGS_ENUM_{r.m.enum}" if r.m.enum else "-1"},
      .index = ${f"TONGS_STRUCT_{r.struct}" if r.struct else "-1"},
      .selector_row = ${r.selector_row},
      .stride_row = ${r.stride_row},
% if r.m.kind != "bitfields":
      .offset = offsetof(${r.owner}, ${r.m.name}),
% endif
      .elem_size = ${r.elem_size},
% if r.m.size:
      .elems = ${r.m.size},
% endif
% if r.count and r.m.kind not in ("stype", "chain"):
      .count = count_${r.symbol},
% endif
% if r.m.inner:
      .inner = inner_${r.symbol},
% endif
% if r.m.selector:
      .selector = selector_${r.symbol},
% endif
% if r.names:
      .names = &names_${r.names},
% endif
% if r.m.kind == "bitfields":
      .bitfields = &bitfields_${r.symbol},
% endif
   },
</%def>\
% for t in structs + args:
% for r in t.rows:
${functions(r)}\
% endfor
% if t.rows:
static const struct tongs_info_member members_${t.name}[] = {
% for r in t.rows:
${row(r)}\
% endfor
};

% endif
% for c in t.cases:
% if c.selections:
static const uint32_t selections_${c.row.symbol}[] = {
% for selection in c.selections:
   (uint32_t)${selection},
% endfor
};
% endif
% endfor
% if t.cases:
static const struct tongs_info_case cases_${t.name}[] = {
% for c in t.cases:
   {${f"selections_{c.row.symbol}" if c.selections else "NULL"}, ${len(c.selections)}, ${t.rows.index(c.row)}},
% endfor
};

% endif
% if t.link_counts:
static const struct tongs_info_link_count link_counts_${t.name}[] = {
% for c in t.link_counts:
   {TONGS_STRUCT_${c.child}, ${c.child_row}, ${c.parent_row}},
% endfor
};

% endif
% if t.children:
static const uint16_t children_${t.name}[] = {
% for child in t.children:
   TONGS_STRUCT_${child},
% endfor
};

% endif
% endfor
<%def name="yes(flag)">${"true" if flag else "false"}</%def>\
const struct tongs_info_struct tongs_info_structs[TONGS_STRUCT_COUNT] = {
% for t in structs:
   [TONGS_STRUCT_${t.name}] = {
      .name = "${t.name}",
      .size = sizeof(${t.name}),
      .min_size = ${t.struct.min_size},
      .stype = ${t.struct.stype_value}u,
      .is_union = ${yes(t.struct.union)},
      .raw = ${yes(t.struct.raw_union)},
      .pod = ${yes(t.struct.pod and not t.struct.union)},
      .inputs = ${yes(t.struct.inputs)},
      .outputs = ${yes(t.struct.outputs)},
      .shape = ${yes(t.struct.shape)},
      .returnedonly = ${yes(t.struct.returnedonly)},
      .chained = ${yes(t.struct.chained)},
      .repeatable = ${yes(t.struct.allowduplicate)},
      .only = ${next((i for i, r in enumerate(t.rows) if r.m.name == t.struct.union_member), -1)},
      .members = ${f"members_{t.name}" if t.rows else "NULL"},
      .member_count = ${len(t.rows)},
      .cases = ${f"cases_{t.name}" if t.cases else "NULL"},
      .case_count = ${len(t.cases)},
      .children = ${f"children_{t.name}" if t.children else "NULL"},
      .child_count = ${len(t.children)},
      .link_counts = ${f"link_counts_{t.name}" if t.link_counts else "NULL"},
      .link_count_count = ${len(t.link_counts)},
   },
% endfor
};

const struct tongs_info_args tongs_info_args[TONGS_OP_COUNT] = {
% for o, t in zip(ir.ops, args):
   [TONGS_OP_${o.name}] = {
      .members = ${f"members_{t.name}" if t.rows else "NULL"},
      .member_count = ${len(t.rows)},
% if o.ret != "void":
      .ret = "${o.ret}",
      .ret_names = ${f"&names_{o.ret}" if o.ret in ir.names else "NULL"},
      .ret_offset = offsetof(${t.owner}, ret),
      .ret_size = sizeof(${o.ret}),
% endif
   },
% endfor
};

const char *
tongs_info_op_name(uint32_t op)
{
   static const char *const op_names[TONGS_OP_COUNT] = {
% for number, name in sorted(numbers.op_names.items()):
      [${number}] = "${name}",
% endfor
   };

   return op < TONGS_OP_COUNT ? op_names[op] : NULL;
}

const char *
tongs_info_type_name(uint32_t type)
{
   static const char *const type_names[] = {
% for number, name in sorted(numbers.type_names.items()):
      [${number}] = "${name}",
% endfor
   };

   return type < sizeof(type_names) / sizeof(type_names[0]) ? type_names[type] : NULL;
}

int
tongs_info_struct_of(uint32_t stype)
{
   switch (stype) {
% for s in ir.structs:
% if s.chained:
   case ${s.stype_value}u:
      return TONGS_STRUCT_${s.name};
% endif
% endfor
   default:
      return -1;
   }
}
