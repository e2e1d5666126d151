<%namespace name="mock" file="mock_gen.mako"/>\
<%
special = ("VkBaseOutStructure",)
local = [p for p in ir.prototypes if p.name[4:] not in [o.short for o in ir.ops]]
outputs = [s for s in ir.structs if s.outputs and s.stype and s.name not in special]
arrays = ("scalars", "structs", "blob", "handles", "strings", "string")

def pinned(s):
    return s.shape_arrays or any(m.kind in ("struct", "fixed_struct") and by_name[m.type].stype for m in s.members)
%>\
/* ${made_by}. SPDX-License-Identifier: MIT */
#include "mock_gen.h"

#include <stddef.h>

/* Commands that the worker never forwards: mock_*() looks at their arguments itself. */
% for p in local:
VKAPI_ATTR ${p.ret} VKAPI_CALL
mock_entry_${p.name[4:]}(${mock.module.wrapped(p.params)})
{
% if p.ret == "VkResult":
   const VkResult fault = mock_enter(MOCK_COMMAND_vk${p.name[4:]});
   if (fault != VK_SUCCESS)
      return fault;
% elif not p.name.endswith("ProcAddr"):
   mock_enter(MOCK_COMMAND_vk${p.name[4:]});
% endif
   ${"" if p.ret == "void" else "return "}mock_${p.name[4:]}(${mock.module.wrapped([d.split()[-1].lstrip("*") for d in p.params])});
}

% endfor
const struct mock_command mock_commands[MOCK_COMMAND_COUNT] = {
% for p in ir.prototypes:
   [MOCK_COMMAND_vk${p.name[4:]}] =
      {"vk${p.name[4:]}", ${"true" if p.ret == "VkResult" else "false"}},
% endfor
};
const uint32_t mock_command_count = MOCK_COMMAND_COUNT;

const struct mock_entry_point mock_entry_points[] = {
% for x in ir.entry_points:
% if not x.stub:
   {"${x.name}", MOCK_COMMAND_vk${x.function[4:]},
    (PFN_vkVoidFunction)mock_entry_${x.function[4:]},
    MOCK_LEVEL_${x.level.upper()}},
% endif
% endfor
};
const uint32_t mock_entry_point_count = sizeof(mock_entry_points) / sizeof(mock_entry_points[0]);

const struct mock_extension mock_extensions[] = {
% for x in ir.extensions:
% if not x.left_out:
   {"${x.name}", ${x.spec_version}, ${"true" if x.kind == "instance" else "false"}},
% endif
% endfor
};
const uint32_t mock_extension_count = sizeof(mock_extensions) / sizeof(mock_extensions[0]);

const char *const mock_type_names[MOCK_TYPE_COUNT] = {
% for t in ir.types:
   [MOCK_TYPE_${t.name}] = "${t.name}",
% endfor
};
const uint32_t mock_type_count = MOCK_TYPE_COUNT;

% for s in outputs:
% if pinned(s):
/* Pointers to the application's arrays stay; nothing is written there. */
static const struct mock_field fields_${s.name}[] = {
% for m in s.members:
% if m.kind == "scalar":
   {offsetof(${s.name}, ${m.name}),
    sizeof(((${s.name} *)0)->${m.name})},
% endif
% endfor
   {0, 0},
};

% endif
% endfor
const struct mock_out_struct mock_out_structs[] = {
% for s in outputs:
   {${s.stype},
    sizeof(${s.name}),
    ${"true" if "VkPhysicalDeviceFeatures2" in s.extends or s.name == "VkPhysicalDeviceFeatures2" else "false"}, ${"fields_" + s.name if pinned(s) else "NULL"}},
% endfor
};
const uint32_t mock_out_struct_count = ${len(outputs)};
