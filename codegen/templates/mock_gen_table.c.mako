/* ${made_by}. SPDX-License-Identifier: MIT */
#include "mock_gen.h"

#include <stddef.h>

/* Commands that have no op: mock_*() checks their arguments itself. */
% for p in ir.prototypes:
% if p.local:
VKAPI_ATTR ${p.ret} VKAPI_CALL
mock_entry_${p.short}(${p.declaration})
{
% if p.ret == "VkResult":
   const VkResult fault = mock_enter(MOCK_COMMAND_vk${p.short});
   if (fault != VK_SUCCESS)
      return fault;
% elif p.short not in ("GetInstanceProcAddr", "GetDeviceProcAddr"):
   mock_enter(MOCK_COMMAND_vk${p.short});
% endif
% if p.ret == "void":
   mock_${p.short}(${p.names});
% else:
   return mock_${p.short}(${p.names});
% endif
}

% endif
% endfor
const struct mock_command mock_commands[MOCK_COMMAND_COUNT] = {
% for p in ir.prototypes:
   [MOCK_COMMAND_vk${p.short}] = {"vk${p.short}", ${p.ret == "VkResult"}},
% endfor
};
const uint32_t mock_command_count = MOCK_COMMAND_COUNT;

const struct mock_entry_point mock_entry_points[] = {
% for x in ir.entry_points:
% if not x.stub:
   {
      .name = "${x.name}",
      .command = MOCK_COMMAND_vk${x.short},
      .function = (PFN_vkVoidFunction)mock_entry_${x.short},
      .level = MOCK_LEVEL_${x.level | upper},
   },
% endif
% endfor
};
const uint32_t mock_entry_point_count = sizeof(mock_entry_points) / sizeof(mock_entry_points[0]);

const struct mock_extension mock_extensions[] = {
% for x in ir.extensions:
% if not x.left_out:
   {"${x.name}", ${x.spec_version}, ${x.kind == "instance"}},
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

% for x in filled_structs:
% if x.pinned:
/* Pointers to the application's arrays stay; nothing is written there. */
static const struct mock_field fields_${x.s.name}[] = {
% for m in x.scalars:
   {offsetof(${x.s.name}, ${m.name}), sizeof(((${x.s.name} *)0)->${m.name})},
% endfor
   {0, 0},
};

% endif
% endfor
const struct mock_out_struct mock_out_structs[] = {
% for x in filled_structs:
   {
      .type = ${x.s.stype},
      .size = sizeof(${x.s.name}),
      .features = ${x.features},
% if x.pinned:
      .fields = fields_${x.s.name},
% endif
   },
% endfor
};
const uint32_t mock_out_struct_count = ${len(filled_structs)};
