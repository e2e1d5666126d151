/* ${made_by}. SPDX-License-Identifier: MIT */

/* Constants of the protocol and structs in shared memory, from protocol/own_ops.json. */

#ifndef TONGS_GEN_WIRE_H
#define TONGS_GEN_WIRE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
% for g in own.groups:

/* ${g.doc} */
% if g.enum:
enum ${g.enum} {
% for c in g.constants:
% for line in c.comment:
   ${line}
% endfor
   ${c.name} = ${c.value},
% endfor
};
% else:

% for c in g.constants:
% for line in c.comment:
${line}
% endfor
#define ${c.name} ${c.value}
% endfor
% endif
% endfor
% for s in own.layouts:

/* ${s.doc} */
struct tongs_${s.name} {
% for p in s.members:
   /* ${p.doc} */
   ${p.declaration};
% endfor
};

_Static_assert(sizeof(struct tongs_${s.name}) == ${s.size}, "the size of ${s.name}");
% for p in s.members:
_Static_assert(offsetof(struct tongs_${s.name}, ${p.name}) == ${p.at}, "the place of ${s.name}.${p.name}");
% endfor
% endfor

#endif
