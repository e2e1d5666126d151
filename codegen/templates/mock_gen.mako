## SPDX-License-Identifier: MIT
## How the handles of one member are checked. `v` points to the struct or to the command's arguments.
##
<%def name="check(m, owner)">\
% if m.kind == "chain":
   mock_check_chain(e, v->pNext);
% elif m.kind in ("handle", "dispatch") and m.cond:
   if (${m.cond})
      mock_check_handle(e, "${owner}${m.name}",
                     (uint64_t)(uintptr_t)v->${m.name},
                        MOCK_TYPE_${m.handle}, true);
% elif m.kind in ("handle", "dispatch"):
   mock_check_handle(e, "${owner}${m.name}",
                     (uint64_t)(uintptr_t)v->${m.name},
                     MOCK_TYPE_${m.handle}, ${m.optional});
% elif m.kind == "handles":
   if (${m.present})
      mock_check_handles(e, "${owner}${m.name}",
                         v->${m.name}, ${m.count}, MOCK_TYPE_${m.handle});
% elif m.kind == "struct" and m.forwarded:
   mock_check_${m.type}(e, &v->${m.name});
% elif m.kind == "fixed_struct" and m.forwarded:
   for (size_t i = 0; i < ${m.size}; i++) {
      mock_check_${m.type}(e, &v->${m.name}[i]);
   }
% elif m.kind == "structs" and m.forwarded:
   for (uint64_t i = 0; ${m.present} && i < ${m.count}; i++) {
      mock_check_${m.type}(e, &v->${m.name}[i]);
   }
% elif m.kind == "pointers" and m.forwarded:
   for (uint64_t i = 0; ${m.present} && i < ${m.count}; i++) {
      mock_check_${m.type}(e, v->${m.name}[i]);
   }
% elif m.kind == "nested_structs":
   for (uint64_t i = 0; v->${m.name} && i < ${m.count}; i++) {
      for (uint64_t k = 0; k < ${m.inner}; k++)
         mock_check_${m.type}(e, &v->${m.name}[i][k]);
   }
% elif m.kind == "union" and m.selector and not m.raw_union:
   check_union_${m.type}(e, &v->${m.name}, ${m.selector});
% endif
</%def>
