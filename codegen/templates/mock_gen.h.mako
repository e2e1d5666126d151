/* ${made_by}. SPDX-License-Identifier: MIT */
#ifndef MOCK_GEN_H
#define MOCK_GEN_H

#include "tests/mock/mock.h"

/* Numbers of object types, as in protocol/ops.txt. */
enum {
% for t in ir.types:
   MOCK_TYPE_${t.name} = ${t.number},
% endfor
   MOCK_TYPE_COUNT = ${ir.type_count}
};

#define MOCK_HEADER_VERSION ${ir.header_version}
#define MOCK_API_VERSION VK_MAKE_API_VERSION(0, ${ir.major}, ${ir.minor}, ${ir.header_version})

/* Every command of the driver: the forwarded ones and those that the client answers. */
enum mock_command_index {
% for p in ir.prototypes:
   MOCK_COMMAND_vk${p.short},
% endfor
   MOCK_COMMAND_COUNT
};

/* The effect of a command, after its arguments were checked. The generated functions are weak: a function of the same name in
 * a hand-written file takes their place. */
% for p in ir.prototypes:
VKAPI_ATTR ${p.ret} VKAPI_CALL
mock_${p.short}(${p.declaration});
% endfor
VKAPI_ATTR VkResult VKAPI_CALL
mock_GetMemoryHostPointerPropertiesEXT(VkDevice device, VkExternalMemoryHandleTypeFlagBits handleType,
                                       const void *pHostPointer,
                                       VkMemoryHostPointerPropertiesEXT *pMemoryHostPointerProperties);

/* The function that the loader and the application call. It logs the call, fails if a test asked for it, checks the arguments and
 * calls the function above. */
% for p in ir.prototypes:
VKAPI_ATTR ${p.ret} VKAPI_CALL
mock_entry_${p.short}(${p.declaration});
% endfor

/* Checks of all handles in a struct and its chain. */
void
mock_check_chain(struct mock_check *e, const void *next);

% for s in ir.structs:
% if s.inputs and not s.union:
void
mock_check_${s.name}(struct mock_check *e,
   const ${s.name} *v);
% endif
% endfor

#endif
