<%namespace name="codec" file="own_codec.mako"/>\
/* ${made_by}. SPDX-License-Identifier: MIT */
#include "tongs_gen_own.h"

#include "protocol/args.h"
#include "protocol/decoder.h"
#include "protocol/encoder.h"

#include "tongs_gen_types.h"
% for r in own.records:

static void
tongs_encode_own_${r.name}(struct tongs_encoder *e, const struct tongs_own_${r.name} *v)
{
% for m in r.members:
${codec.encode(m)}\
% endfor
}

static void
tongs_decode_own_${r.name}(struct tongs_decoder *d, struct tongs_own_${r.name} *v)
{
% for m in r.members:
${codec.decode(m)}\
% endfor
}
% endfor
% for o in own.ops:
% if o.has_args:

void
tongs_encode_${o.name}(struct tongs_encoder *e, const struct tongs_args_${o.name} *v)
{
% for m in o.members:
${codec.encode(m)}\
% endfor
}

void
tongs_decode_${o.name}(struct tongs_decoder *d, struct tongs_args_${o.name} *v)
{
% for m in o.members:
${codec.decode(m)}\
% endfor
}

static void
encode_${o.name}(struct tongs_encoder *e, const void *v)
{
   tongs_encode_${o.name}(e, v);
}

static void
decode_${o.name}(struct tongs_decoder *d, void *v)
{
   tongs_decode_${o.name}(d, v);
}
% endif
% if o.has_reply:

void
tongs_encode_reply_${o.name}(struct tongs_encoder *e, const struct tongs_reply_${o.name} *v)
{
% for m in o.reply:
${codec.encode(m)}\
% endfor
}

void
tongs_decode_reply_${o.name}(struct tongs_decoder *d, struct tongs_reply_${o.name} *v)
{
% for m in o.reply:
${codec.decode(m)}\
% endfor
}

static void
encode_reply_${o.name}(struct tongs_encoder *e, const void *v)
{
   tongs_encode_reply_${o.name}(e, v);
}

static void
decode_reply_${o.name}(struct tongs_decoder *d, void *v)
{
   tongs_decode_reply_${o.name}(d, v);
}
% endif
% endfor

const struct tongs_own_op tongs_own_ops[TONGS_OWN_OPS] = {
% for o in own.ops:
   [TONGS_OP_${o.name}] = {
      .name = "${o.name}",
      .kind = TONGS_OWN_${o.kind | upper},
% if o.fd:
      .brings_fd = true,
% endif
% if o.reply_fd:
      .reply_may_bring_fd = true,
% endif
% if o.required:
      .required = true,
% endif
% if o.has_args:
      .args_size = sizeof(struct tongs_args_${o.name}),
      .encode = encode_${o.name},
      .decode = decode_${o.name},
% endif
% if o.has_reply:
      .reply_size = sizeof(struct tongs_reply_${o.name}),
      .encode_reply = encode_reply_${o.name},
      .decode_reply = decode_reply_${o.name},
% endif
   },
% endfor
};
