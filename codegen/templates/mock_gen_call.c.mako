<%namespace name="mock" file="mock_gen.mako"/>\
/* ${made_by}. SPDX-License-Identifier: MIT */
#include "mock_gen.h"

#include "protocol/ignored.h"

#include <string.h>

#define WEAK __attribute__((weak))

% for o in ops:
<% new, count, array, destroyed = o.new, o.out_count, o.out_array, o.destroyed %>\
WEAK VKAPI_ATTR ${o.ret} VKAPI_CALL
mock_${o.short}(${o.declaration})
{
   const struct {
% for m in o.params:
      ${m.decl};
% endfor
   } args = {${o.names}}, *v = &args;

   (void)v;
% if new:
   for (uint32_t i = 0; i < ${new.count}; i++)
      v->${new.name}[i] = (${new.type})(uintptr_t)
         mock_object_create((uintptr_t)v->${o.handle}, MOCK_TYPE_${o.create}, 0)->handle;
   return VK_SUCCESS;
% elif destroyed and destroyed.kind == "handle":
   mock_object_destroy("${o.name}", (uint64_t)(uintptr_t)v->${destroyed.name});
% elif o.recorded:
   mock_count_command(v->${o.handle});
% elif count:
% if array.kind == "out_blob":
   const ${count.type} have = 64;
% else:
   const ${count.type} have = 2;
% endif
   ${count.type} room = v->${array.name} ? *v->${count.name} : 0;
   if (room > have)
      room = have;
   *v->${count.name} = v->${array.name} ? room : have;
% for m in o.out_arrays:
   for (${count.type} i = 0; v->${m.name} && i < room; i++)
% if m.kind == "out_blob":
      ((uint8_t *)v->${m.name})[i] = (uint8_t)i;
% elif m.kind == "out_scalars":
      v->${m.name}[i] = (${m.type})i;
% elif m.type_stype:
      mock_fill("${o.name}", &v->${m.name}[i],
                ${m.type_stype});
% else:
      memset(&v->${m.name}[i], 0, sizeof(v->${m.name}[i]));
% endif
% endfor
% if o.ret == "VkResult":
   return v->${array.name} && room < have ? VK_INCOMPLETE : VK_SUCCESS;
% endif
% else:
% for m in o.params:
% if m.kind == "out_struct" and m.type_stype:
   mock_fill("${o.name}", v->${m.name},
             ${m.type_stype});
% elif m.kind == "out_struct" and m.type != "VkBaseOutStructure":
   memset(v->${m.name}, 0, sizeof(*v->${m.name}));
% elif m.kind == "out_scalar":
   *v->${m.name} = 0;
% elif m.kind == "out_scalars" or m.kind == "out_structs":
   memset(v->${m.name}, 0, ${m.count} * sizeof(*v->${m.name}));
% elif m.kind == "out_blob":
   memset(v->${m.name}, 0, ${m.count});
% endif
% endfor
% if o.ret == "VkResult":
   return VK_SUCCESS;
% elif o.ret != "void":
   return 0;
% endif
% endif
}

VKAPI_ATTR ${o.ret} VKAPI_CALL
mock_entry_${o.short}(${o.declaration})
{
   const struct {
% for m in o.params:
      ${m.decl};
% endfor
   } args = {${o.names}}, *v = &args;
   struct mock_check check, *e = &check;

   (void)v;
% if o.ret == "VkResult":
   const VkResult fault = mock_enter(MOCK_COMMAND_${o.name});
   if (fault != VK_SUCCESS) {
% if new:
      for (uint32_t i = 0; i < ${new.count}; i++)
         v->${new.name}[i] = VK_NULL_HANDLE;
% endif
      return fault;
   }
% else:
   mock_enter(MOCK_COMMAND_${o.name});
% endif
   mock_check_init(e, "${o.name}");
% if o.context:
   e->ignored = ${o.context};
% endif
% for m in o.params:
% if m.kind == "dispatch":
   mock_check_owner(e, (uintptr_t)v->${m.name}, MOCK_TYPE_${m.handle}, ${destroyed is m});
% if o.recorded:
   mock_check_recording(e, v->${m.name});
% endif
% else:
${mock.check(m, "")}\
% endif
% endfor
% if o.ret == "void":
   mock_${o.short}(${o.names});
% else:
   return mock_${o.short}(${o.names});
% endif
}

% endfor
