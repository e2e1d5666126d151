/* ${made_by}. SPDX-License-Identifier: MIT */
#include "icd/table.h"

#include "icd_gen_entry.h"
#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

#include <stddef.h>

% for x in [x for x in ir.entry_points if x.stub]:
static VKAPI_ATTR void VKAPI_CALL
icd_stub_${x.name}(void)
{
   icd_abort_in_stub("${x.name}");
}

% endfor
static const uint16_t extension_lists[] = {
<% offsets = {}; n = 0 %>\
% for x in ir.entry_points:
% if x.extensions and x.extensions not in offsets:
<% offsets[x.extensions] = n; n += len(x.extensions) %>\
   ${", ".join(str(i) for i in x.extensions)},
% endif
% endfor
};

/* Sorted by name. */
const struct icd_entry_point icd_entry_points[] = {
% for x in ir.entry_points:
   {"${x.name}", (PFN_vkVoidFunction)${f"icd_stub_{x.name}" if x.stub else x.function}, ICD_LEVEL_${x.level.upper()}, ${"true" if x.stub else "false"}, ${x.core}u,
    ${f"&extension_lists[{offsets[x.extensions]}]" if x.extensions else "NULL"}, ${len(x.extensions)}, ${x.op}},
% endfor
};
const uint32_t icd_entry_point_count = ${len(ir.entry_points)};

static const uint16_t op_lists[] = {
   0,
% for x in ir.extensions:
% if x.ops:
   ${", ".join(str(i) for i in x.ops)},
% endif
% endfor
};

static const uint16_t struct_lists[] = {
   0,
% for x in ir.extensions:
% if x.structs:
   ${", ".join(str(i) for i in x.structs)},
% endif
% endfor
};

<% ops_at, structs_at = 1, 1 %>\
const struct icd_extension icd_extensions[] = {
% for x in ir.extensions:
   {"${x.name}", ${x.spec_version}, ${"true" if x.kind == "instance" else "false"}, ${"true" if x.left_out else "false"}, ${"true" if x.needs_fds else "false"}, ${"true" if x.needs_host_pages else "false"}, &op_lists[${ops_at}], ${len(x.ops)}, &struct_lists[${structs_at}], ${len(x.structs)}},
<% ops_at += len(x.ops); structs_at += len(x.structs) %>\
% endfor
};
const uint32_t icd_extension_count = ${len(ir.extensions)};

const struct icd_feature icd_features_off[] = {
% for struct, member in ir.features_off:
   {${by_name[struct].stype}, offsetof(${struct}, ${member})},
% endfor
};
const uint32_t icd_features_off_count = ${len(ir.features_off)};

<%
def facts(parent):
    return [s for s in ir.structs if s.outputs and parent in s.extends and not s.shape_arrays]
%>\
% for name, parent in (("properties", "VkPhysicalDeviceProperties2"), ("features", "VkPhysicalDeviceFeatures2")):
const struct icd_property_struct icd_${name}_structs[] = {
% for s in facts(parent):
   {${s.stype}, TONGS_STRUCT_${s.name}, sizeof(${s.name}), ${s.fact_core}u, {${", ".join(str(i) for i in s.fact_extensions + (65535,) * (4 - len(s.fact_extensions)))}}},
% endfor
};
const uint32_t icd_${name}_struct_count = ${len(facts(parent))};

% endfor
const VkFormat icd_formats[] = {
% for name, value in enum_names["VkFormat"].values:
% if value:
   ${name},
% endif
% endfor
};
const uint32_t icd_format_count = ${sum(1 for _, v in enum_names["VkFormat"].values if v)};
