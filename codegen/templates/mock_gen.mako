## SPDX-License-Identifier: MIT
## How the handles of one member are checked. `v` points to the struct or to the command's arguments.
##
<%def name="check(m, owner, by_name)">\
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
                     MOCK_TYPE_${m.handle}, ${"true" if m.optional else "false"});
% elif m.kind == "handles":
   if (v->${m.name}${f" &&{chr(10)}       ({m.cond})" if m.cond else ""})
      mock_check_handles(e, "${owner}${m.name}",
                         v->${m.name}, ${m.count}, MOCK_TYPE_${m.handle});
% elif m.kind == "struct" and by_name[m.type].inputs and not by_name[m.type].union:
   mock_check_${m.type}(e, &v->${m.name});
% elif m.kind == "fixed_struct" and by_name[m.type].inputs and not by_name[m.type].union:
   for (size_t i = 0; i < ${m.size}; i++) {
      mock_check_${m.type}(e, &v->${m.name}[i]);
   }
% elif m.kind == "structs" and by_name[m.type].inputs and not by_name[m.type].union:
   for (uint64_t i = 0; v->${m.name} && ${f"({m.cond}) && " if m.cond else ""}i < ${m.count}; i++) {
      mock_check_${m.type}(e, &v->${m.name}[i]);
   }
% elif m.kind == "pointers" and by_name[m.type].inputs and not by_name[m.type].union:
   for (uint64_t i = 0; v->${m.name} && ${f"({m.cond}) && " if m.cond else ""}i < ${m.count}; i++) {
      mock_check_${m.type}(e, v->${m.name}[i]);
   }
% elif m.kind == "nested_structs":
   for (uint64_t i = 0; v->${m.name} && i < ${m.count}; i++) {
      for (uint64_t k = 0; k < ${m.inner}; k++)
         mock_check_${m.type}(e, &v->${m.name}[i][k]);
   }
% elif m.kind == "union" and m.selector and not by_name[m.type].raw_union:
   check_union_${m.type}(e, &v->${m.name}, ${m.selector});
% endif
</%def>
##
<%!
import textwrap


def wrapped(parts):
    """A list of parameters or arguments, broken into lines."""
    return textwrap.fill(", ".join(parts), 65, subsequent_indent="   ", break_long_words=False,
                         break_on_hyphens=False)


def with_handles(ir, by_name):
    """The names of the structs that hold a handle, in themselves, in a struct of theirs or in their chain."""
    inner = ("struct", "fixed_struct", "structs", "pointers", "nested_structs", "union")
    found = {s.name for s in ir.structs if s.inputs and
             any(m.kind in ("handle", "handles") for m in s.members + tuple(m for _, m in s.cases))}
    while True:
        more = {s.name for s in ir.structs if s.inputs and s.name not in found and
                any(m.kind in inner and m.type in found for m in s.members + tuple(m for _, m in s.cases))}
        more |= {e for n in found for e in by_name[n].extends if e in by_name and by_name[e].inputs} - found
        if not more:
            return found
        found |= more
%>
