<%namespace name="codec" file="own_codec.mako"/>\
/* ${made_by}. SPDX-License-Identifier: MIT */

/* Tongs' own ops, from protocol/own_ops.json: what they carry, and their codecs. A client encodes ids; what the
 * worker has decoded of a `target` or `handle` is the host's handle. Decoded strings and bytes lie in the op, lists in
 * the decoder's arena. A member whose condition does not hold is not written: zero a struct before it is decoded. */

#ifndef TONGS_GEN_OWN_H
#define TONGS_GEN_OWN_H

#include "protocol/own.h"

#include "tongs_gen_wire.h"

#include <stdint.h>

struct tongs_decoder;
struct tongs_encoder;
% for r in own.records:

/* ${r.doc} */
struct tongs_own_${r.name} {
% for m in r.members:
% if m.in_struct:
% for line in m.comment:
   ${line}
% endfor
${codec.declare(m)}\
% endif
% endfor
};
% endfor
% for o in own.ops:

/* --- ${o.name} --- */

% for line in o.comment:
${line}
% endfor
% if o.has_args:
struct tongs_args_${o.name} {
% for m in o.members:
% if m.in_struct:
% for line in m.comment:
   ${line}
% endfor
${codec.declare(m)}\
% endif
% endfor
};

void
tongs_encode_${o.name}(struct tongs_encoder *e, const struct tongs_args_${o.name} *v);

void
tongs_decode_${o.name}(struct tongs_decoder *d, struct tongs_args_${o.name} *v);
% endif
% if o.has_reply:

struct tongs_reply_${o.name} {
% for m in o.reply:
% if m.in_struct:
% for line in m.comment:
   ${line}
% endfor
${codec.declare(m)}\
% endif
% endfor
};

void
tongs_encode_reply_${o.name}(struct tongs_encoder *e, const struct tongs_reply_${o.name} *v);

void
tongs_decode_reply_${o.name}(struct tongs_decoder *d, struct tongs_reply_${o.name} *v);
% endif
% endfor

#endif
