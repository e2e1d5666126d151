/* ${made_by}. SPDX-License-Identifier: MIT */
#include "icd/table.h"

#include "icd_gen_entry.h"
#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

#include <stddef.h>

% for x in ir.entry_points:
% if x.stub:
static VKAPI_ATTR void VKAPI_CALL
icd_stub_${x.name}(void)
{
   icd_abort_in_stub("${x.name}");
}

% endif
% endfor
static const struct icd_bringer bringers[] = {
% for b in ir.bringers:
   {
      .extension = ${b.index}, /* ${b.name} */
      .core = ${b.core},
      .needs = {
% for index, name in b.needs:
         ${index}, /* ${name} */
% endfor
% if len(b.needs) < 3:
         ICD_NO_EXTENSION,
% endif
      },
   },
% endfor
};

/* Sorted by name. */
const struct icd_entry_point icd_entry_points[] = {
% for x in ir.entry_points:
   {
      .name = "${x.name}",
% if x.stub:
      .function = (PFN_vkVoidFunction)icd_stub_${x.name},
      .stub = true,
% else:
      .function = (PFN_vkVoidFunction)icd_${x.short},
% endif
      .level = ICD_LEVEL_${x.level | upper},
      .core = ${x.core},
% if x.bringers:
      .bringers = &bringers[${x.bringers_at}],
      .bringer_count = ${len(x.bringers)},
% endif
% if x.op:
      .op = TONGS_OP_${x.op},
% endif
   },
% endfor
};
const uint32_t icd_entry_point_count = ${len(ir.entry_points)};

static const uint16_t op_lists[] = {
   0,
% for x in ir.extensions:
% for op in x.ops:
   TONGS_OP_${op},
% endfor
% endfor
};

static const uint16_t struct_lists[] = {
   0,
% for x in ir.extensions:
% for name in x.structs:
   TONGS_STRUCT_${name},
% endfor
% endfor
};

const struct icd_extension icd_extensions[] = {
% for x in ir.extensions:
   {
      .name = "${x.name}",
      .spec_version = ${x.spec_version},
% if x.kind == "instance":
      .instance = true,
% endif
% if x.left_out:
      .left_out = true,
% endif
% if x.needs_fds:
      .needs_fds = true,
% endif
% if x.needs_app_pages:
      .needs_app_pages = true,
% endif
      .ops = &op_lists[${x.ops_at}],
      .op_count = ${len(x.ops)},
      .structs = &struct_lists[${x.structs_at}],
      .struct_count = ${len(x.structs)},
   },
% endfor
};
const uint32_t icd_extension_count = ${len(ir.extensions)};

const struct icd_feature icd_features_off[] = {
% for s, member in ir.features_off:
   {${s.stype}, offsetof(${s.name}, ${member})},
% endfor
};
const uint32_t icd_features_off_count = ${len(ir.features_off)};

<%def name="property_structs(name, structs)">\
const struct icd_property_struct icd_${name}_structs[] = {
% for s in structs:
   {
      .type = ${s.stype},
      .index = TONGS_STRUCT_${s.name},
      .size = sizeof(${s.name}),
      .core = ${s.fact_core},
      .extensions = {
% for index, extension in s.fact_extensions:
         ${index}, /* ${extension} */
% endfor
% if len(s.fact_extensions) < 4:
         ICD_NO_EXTENSION,
% endif
      },
   },
% endfor
};
const uint32_t icd_${name}_struct_count = ${len(structs)};

</%def>\
${property_structs("properties", ir.properties)}\
${property_structs("features", ir.features)}\
const VkFormat icd_formats[] = {
% for name in ir.format_names:
   ${name},
% endfor
};
const uint32_t icd_format_count = ${len(ir.format_names)};
