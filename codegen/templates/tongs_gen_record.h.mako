<%namespace name="codec" file="codec.mako" inheritable="True"/>\
/* ${made_by}. SPDX-License-Identifier: MIT */
#ifndef TONGS_GEN_RECORD_H
#define TONGS_GEN_RECORD_H

#include "protocol/bounds.h"
#include "protocol/decoder.h"
#include "protocol/encoder.h"

#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

/* Recorded commands without chains are by far the most frequent ops. Both sides write and read them in place. On the
 * wire they are like all others.
 *
 * `room` is how many bytes the arguments take at most, with padding at their end. `put` writes the arguments to 8-byte
 * aligned memory that has that much room, and returns their end; with `raw`, handles are ids already. `get` reads them
 * into `v`, which the caller has zeroed. */

<%def name="put(part)">\
% if part.array:
<% m = part.array %>\
% if m.kind == "handles" and m.dispatchable:
   p = tongs_put_dispatchables(p, ${m.pointer}, ${m.count}, raw);
% elif m.kind == "handles":
   p = tongs_put_handles(p, (const uint64_t *)${m.pointer}, ${m.count}, raw);
% else:
   p = tongs_put_array(p, ${m.pointer}, ${m.count}, ${part.elem_size}, ${part.units}, ${part.align8});
% endif
% else:
% for m, offset in part.members:
% if m.kind == "handle":
   tongs_put_handle(p + ${offset}, (uintptr_t)(${m.value}), raw);
% else:
   tongs_put_${m.wire}(p + ${offset}, ${m.value});
% endif
% endfor
   p += ${part.size};
% endif
</%def>\
<%def name="get(part)">\
% if part.array:
<% m = part.array %>\
% if m.slot:
   ids_${m.name} = d->cur + 4; /* behind the count */
% endif
% if m.kind == "handles" and m.dispatchable:
   v->${m.name} = tongs_decode_dispatchables(d, ${m.count}, ${m.optional}, TONGS_TYPE_${m.handle}, ${m.lacking});
% elif m.kind == "handles":
   v->${m.name} = (${m.type} *)tongs_get_handles(d, ${m.count}, ${m.optional}, TONGS_TYPE_${m.handle}, ${m.lacking});
% elif m.enum:
   v->${m.name} = ${m.cast}tongs_decode_enums(d, ${m.count}, ${m.optional}, TONGS_ENUM_${m.enum});
% else:
   v->${m.name} = ${m.cast}tongs_get_array(d, ${m.count}, ${m.optional}, ${part.elem_size}, ${part.units}, ${part.align8});
% endif
% else:
   if (!(p = tongs_take(d, ${part.size})))
      return;
% for m, offset in part.members:
   ${codec.decode_fixed(m, offset)}
% endfor
% endif
</%def>\
% for o in ir.ops:
% if o.flat:
static inline uint64_t
tongs_room_${o.name}(const struct tongs_args_${o.name} *v)
{
   uint64_t room = ${o.fixed_size};

   (void)v;
% for part in o.parts:
% if part.array:
   room += tongs_room(v->${part.array.name}, ${part.array.count}, ${part.elem_size});
% endif
% endfor
   return room;
}

static inline uint8_t *
tongs_put_${o.name}(uint8_t *p, const struct tongs_args_${o.name} *v, bool raw)
{
% for part in o.parts:
${put(part)}\
% endfor
   (void)v, (void)raw;
   return p;
}

static inline void
tongs_get_${o.name}(struct tongs_decoder *d, struct tongs_args_${o.name} *v)
{
% if o.has_fixed:
   const uint8_t *p;
% endif
${codec.declare_slots(o.slots)}\

% for part in o.parts:
${get(part)}\
% endfor
% for check in o.checks:
   if (!d->error && !(${check}))
      tongs_decoder_fail(d, TONGS_DECODE_RANGE);
% endfor
% if o.limit_checks:
   const VkPhysicalDeviceLimits *limits = tongs_decoder_limits(d);
% endif
% for check in o.limit_checks:
   if (!d->error && limits && !(${check}))
      tongs_decoder_fail(d, TONGS_DECODE_RANGE);
% endfor
${codec.bounds(o.bounds)}\
   (void)d, (void)v;
}

% endif
% endfor
#endif
