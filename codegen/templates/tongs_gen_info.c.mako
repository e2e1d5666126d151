## SPDX-License-Identifier: MIT
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
   .type = "${n.type}",
   .flags = ${n.flags},
   .names = values_${n.type},
   .count = ${len(n.values)},
};
% endfor

<%def name="functions(r)">\
% if r.count:
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

% for name, width, mask in r.m.masks:
   v->${name} = bits & ${mask | hex}u;
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
      .kind = TONGS_INFO_${r.m.kind | upper},
% if r.m.wire:
      .wire = TONGS_WIRE_${r.m.wire | upper},
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
% if r.m.required:
      .required = true,
% endif
% if r.m.cond:
      .conditional = true,
% endif
% if r.counts:
      .counts = true,
% endif
% if r.m.enum:
      .enumeration = TONGS_ENUM_${r.m.enum},
% else:
      .enumeration = -1,
% endif
% if r.struct:
      .index = TONGS_STRUCT_${r.struct},
% else:
      .index = -1,
% endif
      .selector_row = ${r.selector_row},
      .stride_row = ${r.stride_row},
% if r.m.kind != "bitfields":
      .offset = offsetof(${r.owner}, ${r.m.name}),
% endif
      .elem_size = ${r.elem_size},
% if r.m.size:
      .elems = ${r.m.size},
% endif
% if r.count:
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
% for t in tables:
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
% if c.selections:
   {selections_${c.row.symbol}, ${len(c.selections)}, ${c.row.number}}, /* ${c.row.m.name} */
% else:
   {NULL, 0, ${c.row.number}}, /* ${c.row.m.name} */
% endif
% endfor
};

% endif
% if t.link_counts:
static const struct tongs_info_link_count link_counts_${t.name}[] = {
% for c in t.link_counts:
   {TONGS_STRUCT_${c.child}, ${c.child_row}, ${c.parent_row}}, /* ${c.child_member}, ${c.parent_member} */
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
const struct tongs_info_struct tongs_info_structs[TONGS_STRUCT_COUNT] = {
% for t in struct_tables:
   [TONGS_STRUCT_${t.name}] = {
      .name = "${t.name}",
      .size = sizeof(${t.name}),
      .min_size = ${t.struct.min_size},
      .stype = ${t.struct.stype_value}u,
      .is_union = ${t.struct.union},
      .raw = ${t.struct.raw_union},
      .pod = ${t.struct.pod and not t.struct.union},
      .inputs = ${t.struct.inputs},
      .outputs = ${t.struct.outputs},
      .shape = ${t.struct.shape},
      .returnedonly = ${t.struct.returnedonly},
      .chained = ${t.struct.chained},
      .repeatable = ${t.struct.allowduplicate},
      .only = ${t.only},
% if t.rows:
      .members = members_${t.name},
      .member_count = ${len(t.rows)},
% endif
% if t.cases:
      .cases = cases_${t.name},
      .case_count = ${len(t.cases)},
% endif
% if t.children:
      .children = children_${t.name},
      .child_count = ${len(t.children)},
% endif
% if t.link_counts:
      .link_counts = link_counts_${t.name},
      .link_count_count = ${len(t.link_counts)},
% endif
   },
% endfor
};

const struct tongs_info_args tongs_info_args[TONGS_OP_COUNT] = {
% for o, t in op_tables:
   [TONGS_OP_${o.name}] = {
% if t.rows:
      .members = members_${t.name},
      .member_count = ${len(t.rows)},
% endif
% if o.ret != "void":
      .ret = "${o.ret}",
% if t.ret_names:
      .ret_names = &names_${t.ret_names},
% endif
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
% for number, name in numbers.sorted_ops:
      [${number}] = "${name}",
% endfor
   };

   return op < TONGS_OP_COUNT ? op_names[op] : NULL;
}

const char *
tongs_info_type_name(uint32_t type)
{
   static const char *const type_names[] = {
% for number, name in numbers.sorted_types:
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
